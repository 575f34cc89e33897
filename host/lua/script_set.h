/* script_set.h - all Lua sources on the search path at one moment: what a run is pinned to.
 *
 *   script_set_new -> script_set_add_* (first hit of a name wins) -> script_set_seal -> script_set_check ->
 * (load in machines) -> script_set_unref
 *
 * Names are module paths: "phases/writing" (scripts/phases/writing.lua), "pipelines/generate_book". A sealed
 * set never changes and may be read by any thread; each file is compiled once a process, and machines load the
 * host's own bytecode of it. */
#pragma once
#include <lua.h>
#include <stdbool.h>
#include "base/buf.h"
#include "base/hash.h"
#include "lua/code_cache.h"

struct script_file {
  char *name;   /* "phases/writing" */
  char *origin; /* where it was found: a path, or "built in" */
  char *text;
  size_t n;
  char sha[SHA_HEX];
  bool built_in;
  _Atomic(const struct code *) code; /* bytecode, once compiled; a reference */
  _Atomic(char *) description;       /* JSON, once it was asked */
};

struct script_set;
struct script_watch;

#define EXPORTS "exports/" /* the folder of the scripts that make a book's files */
#define CHECKS  "checks/"  /* and of those that look at its text */

struct script_set *script_set_new(void);
/* One that takes up tests (NAME_test.lua) and test_api.lua too. Runs are never pinned to such a set. */
struct script_set *script_set_new_with_tests(void);
bool script_is_test(const char *name);
/* Every folder and file that is read for the set from here on is noted in w, which stays until it is sealed. */
void script_set_watch(struct script_set *s, struct script_watch *w);
struct script_set *script_set_ref(struct script_set *s); /* any thread */
void script_set_unref(struct script_set *s);             /* any thread; NULL is fine */
/* Adds DIR/scripts/... and DIR/pipelines/... (both may be missing). ERR_IO/ERR_LIMIT with the file's path
 * when one cannot be read or is larger than MAX_SCRIPT_BYTES. What the host itself reads is left out:
 * scripts/api.lua, scripts/models.lua, scripts/providers; and tests, unless the set is one with tests. */
enum err script_set_add_dir(struct script_set *s, const char *dir, struct error *e);
/* Would it read a file of this name? Not what is left out, and not what lies too deep. */
bool script_set_takes(const char *name);
enum err script_set_add_file(struct script_set *s, const char *name, const char *path, struct error *e);
void script_set_add_text(struct script_set *s, const char *name, const char *origin, const char *text,
                         size_t n);
void script_set_add_embedded(struct script_set *s);
/* Computes the hash. No file can be added after. */
void script_set_seal(struct script_set *s);
const char *script_set_hash(const struct script_set *s);

size_t script_set_count(const struct script_set *s);
const struct script_file *script_set_at(const struct script_set *s, size_t i); /* sorted by name */
const struct script_file *script_set_find(const struct script_set *s, const char *name);
/* What a file says of itself (describe.c), JSON: kept with the set once it was asked. NULL: not yet. `text` is taken over. */
const char *script_set_description(const struct script_set *s, const char *name);
void script_set_describe(const struct script_set *s, const char *name, char *text);
/* The nearest name with this prefix ("pipelines/"), or NULL. */
const char *script_set_nearest(const struct script_set *s, const char *prefix, const char *word);

/* Compiles every file that a person can have changed, text only. The first error says file and line. Thread: any, once. The others, and all
 * of a set that was checked in an earlier process, are compiled when a script first requires them. */
enum err script_set_check(struct script_set *s, struct error *e);

/* For a machine: opens `require` (modules of this set only, each run once, no waits at a module's top level).
 * The set is borrowed for the machine's life. Raises on memory: call inside machine_protect. */
void script_set_open(lua_State *L, const struct script_set *s);
/* Pushes the value that file `name` returns (loaded once per machine). Raises with file and line. */
void script_set_require(lua_State *L, const char *name);
/* Pushes a list of the names in a folder of this machine's set ("exports/"), sorted, without the folder and without tests. Raises on memory. */
void script_set_push_names(lua_State *L, const char *folder);
/* The set of this machine. */
const struct script_set *script_set_of(lua_State *L);
