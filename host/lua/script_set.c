/* script_set.c - gathering, hashing, compiling and loading the sources of a run. */
#include "lua/script_set.h"

#include <dirent.h>
#include <errno.h>
#include <lauxlib.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/embedded.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/text.h"
#include "lua/machine.h"
#include "lua/script_watch.h"

enum { MOST_FILES = 1000, MOST_DEPTH = 4 };

struct script_set {
  atomic_int refs;
  struct script_file **files;
  size_t n;
  struct map *by_name;
  bool with_tests;
  struct script_watch *watch; /* while it is gathered; or NULL */
  char hash[SHA_HEX];
};

struct script_set *script_set_new(void) {
  struct script_set *s = mem_alloc(sizeof *s);
  atomic_init(&s->refs, 1);
  s->by_name = map_new();
  return s;
}

struct script_set *script_set_new_with_tests(void) {
  struct script_set *s = script_set_new();
  s->with_tests = true;
  return s;
}

void script_set_watch(struct script_set *s, struct script_watch *w) {
  s->watch = w;
}

struct script_set *script_set_ref(struct script_set *s) {
  atomic_fetch_add(&s->refs, 1);
  return s;
}

static void file_free(struct script_file *f) {
  free(f->name);
  free(f->origin);
  free(f->text);
  code_unref(atomic_load(&f->code));
  free(atomic_load(&f->description));
  free(f);
}

void script_set_unref(struct script_set *s) {
  if (!s || atomic_fetch_sub(&s->refs, 1) != 1) return;
  for (size_t i = 0; i < s->n; i++) file_free(s->files[i]);
  free(s->files);
  map_free(s->by_name, NULL);
  free(s);
}

/* NULL: the name is there already. */
static struct script_file *add(struct script_set *s, const char *name, const char *origin, const char *text,
                               size_t n) {
  if (map_get(s->by_name, name)) return NULL;
  struct script_file *f = mem_alloc(sizeof *f);
  f->name = mem_dup(name);
  f->origin = mem_dup(origin);
  f->text = mem_dup_n(text, n);
  f->n = n;
  sha256_hex(text, n, f->sha);
  s->files = mem_grow(s->files, (s->n + 1) * sizeof *s->files);
  s->files[s->n++] = f;
  map_put(s->by_name, f->name, f);
  return f;
}

void script_set_add_text(struct script_set *s, const char *name, const char *origin, const char *text,
                         size_t n) {
  add(s, name, origin, text, n);
}

enum err script_set_add_file(struct script_set *s, const char *name, const char *path, struct error *e) {
  struct buf b;
  buf_init(&b, MAX_SCRIPT_BYTES);
  enum err err = buf_read_text(&b, path, e);
  if (err == OK) script_set_add_text(s, name, path, b.data, b.len);
  buf_release(&b);
  return err;
}

bool script_is_test(const char *name) {
  size_t n = strlen(name);
  return n > 5 && strcmp(name + n - 5, "_test") == 0;
}

/* What runs do not see: what the host reads for itself, and tests. */
static bool host_only(const char *name) {
  if (script_is_test(name) || strcmp(name, "test_api") == 0) return true;
  return strcmp(name, "api") == 0 || strcmp(name, "models") == 0 || strcmp(name, "presets") == 0 ||
         strncmp(name, "providers/", 10) == 0;
}

static bool left_out(const struct script_set *s, const char *name) {
  bool test = script_is_test(name) || strcmp(name, "test_api") == 0;
  return host_only(name) && !(s->with_tests && test);
}

bool script_set_takes(const char *name) {
  bool pipeline = strncmp(name, "pipelines/", 10) == 0;
  int depth = 0;
  for (const char *at = name + (pipeline ? 10 : 0); *at; at++) depth += *at == '/';
  return depth <= MOST_DEPTH && !host_only(name);
}

static enum err add_tree(struct script_set *s, const char *dir, const char *prefix, int depth,
                         struct error *e) {
  bool told = s->watch && script_watch_dir(s->watch, dir);
  DIR *d = opendir(dir);
  if (!d) return errno == ENOENT ? OK : err_errno(e, errno, "cannot read the script folder %s", dir);
  enum err err = OK;
  for (struct dirent *entry; err == OK && (entry = readdir(d));) {
    if (entry->d_name[0] == '.') continue;
    char *path = mem_printf("%s/%s", dir, entry->d_name);
    struct stat st;
    size_t len = strlen(entry->d_name);
    if (stat(path, &st) != 0) {
      err = err_errno(e, errno, "cannot read %s", path);
    } else if (S_ISDIR(st.st_mode) && depth < MOST_DEPTH) {
      char *deeper = mem_printf("%s%s/", prefix, entry->d_name);
      err = add_tree(s, path, deeper, depth + 1, e);
      free(deeper);
    } else if (S_ISREG(st.st_mode) && len > 4 && strcmp(entry->d_name + len - 4, ".lua") == 0) {
      char *name = mem_printf("%s%.*s", prefix, (int)(len - 4), entry->d_name);
      if (s->n >= MOST_FILES)
        err = err_set(e, ERR_LIMIT, "more than %d scripts below %s", MOST_FILES, dir);
      else if (!left_out(s, name)) {
        if (s->watch) script_watch_file(s->watch, path, told);
        err = script_set_add_file(s, name, path, e);
      }
      free(name);
    }
    free(path);
  }
  closedir(d);
  return err;
}

enum err script_set_add_dir(struct script_set *s, const char *dir, struct error *e) {
  char *scripts = mem_printf("%s/scripts", dir), *pipelines = mem_printf("%s/pipelines", dir);
  enum err err = add_tree(s, scripts, "", 0, e);
  if (err == OK) err = add_tree(s, pipelines, "pipelines/", 0, e);
  free(scripts);
  free(pipelines);
  return err;
}

/* Tests are gzipped. Without memory for one the set is without it. */
static struct script_file *add_embedded(struct script_set *s, const char *name,
                                        const struct embedded_file *f) {
  char *text = f->packed != f->size ? embedded_unpack(f) : NULL;
  const char *data = f->packed != f->size ? text : f->data;
  struct script_file *added = data ? add(s, name, "built in", data, f->size) : NULL;
  free(text);
  return added;
}

void script_set_add_embedded(struct script_set *s) {
  for (size_t i = 0; i < embedded_count; i++) {
    const char *path = embedded_files[i].name;
    if (strncmp(path, "scripts/", 8) == 0)
      path += 8;
    else if (strncmp(path, "pipelines/", 10) != 0)
      continue;                                     /* the web UI's */
    char *name = mem_dup_n(path, strlen(path) - 4); /* without ".lua" */
    struct script_file *f = NULL;
    if (!left_out(s, name)) f = add_embedded(s, name, &embedded_files[i]);
    if (f) f->built_in = true;
    free(name);
  }
}

static int by_name(const void *a, const void *b) {
  return strcmp((*(struct script_file *const *)a)->name, (*(struct script_file *const *)b)->name);
}

void script_set_seal(struct script_set *s) {
  s->watch = NULL;
  if (s->n) qsort(s->files, s->n, sizeof *s->files, by_name);
  struct sha256 *h = sha256_begin();
  for (size_t i = 0; i < s->n; i++) {
    sha256_add(h, s->files[i]->name, strlen(s->files[i]->name) + 1);
    sha256_add(h, s->files[i]->sha, SHA_HEX);
  }
  uint8_t digest[SHA_BYTES];
  sha256_end(h, digest);
  hex_encode(digest, SHA_BYTES, s->hash);
}

const char *script_set_hash(const struct script_set *s) {
  return s->hash;
}
size_t script_set_count(const struct script_set *s) {
  return s->n;
}
const struct script_file *script_set_at(const struct script_set *s, size_t i) {
  return s->files[i];
}
const struct script_file *script_set_find(const struct script_set *s, const char *name) {
  return map_get(s->by_name, name);
}

const char *script_set_description(const struct script_set *s, const char *name) {
  struct script_file *f = map_get(s->by_name, name);
  return f ? atomic_load(&f->description) : NULL;
}

/* Two threads may ask at once; the first one's is kept. */
void script_set_describe(const struct script_set *s, const char *name, char *text) {
  struct script_file *f = map_get(s->by_name, name);
  char *none = NULL;
  if (!f || !atomic_compare_exchange_strong(&f->description, &none, text)) free(text);
}

const char *script_set_nearest(const struct script_set *s, const char *prefix, const char *word) {
  const char **names = mem_alloc((s->n + 1) * sizeof *names);
  size_t n = 0, skip = strlen(prefix);
  for (size_t i = 0; i < s->n; i++)
    if (strncmp(s->files[i]->name, prefix, skip) == 0) names[n++] = s->files[i]->name + skip;
  const char *found = text_nearest(word, names);
  free(names);
  return found;
}

/* ---- compiling */

static int collect(lua_State *L, const void *p, size_t n, void *arg) {
  (void)L;
  return buf_append(arg, p, n) == OK ? 0 : 1;
}

/* The path that error messages show. */
static const char *chunk_name(lua_State *L, const char *name) {
  bool pipeline = strncmp(name, "pipelines/", 10) == 0;
  return lua_pushfstring(L, "@%s%s.lua", pipeline ? "" : "scripts/", name);
}

/* Leaves the file's function on the stack. */
static const struct code *compile(lua_State *L, const struct script_file *f) {
  struct buf code;
  const char *chunk = chunk_name(L, f->name);
  if (luaL_loadbufferx(L, f->text, f->n, chunk, "t") != LUA_OK) lua_error(L);
  lua_remove(L, -2);
  buf_init(&code, 8 * MAX_SCRIPT_BYTES);
  bool whole = lua_dump(L, collect, &code, 0) == 0; /* does not raise */
  size_t n = code.len;
  const struct code *made = whole ? code_add(f->name, f->sha, buf_take(&code), n) : NULL;
  buf_release(&code);
  if (!whole) luaL_error(L, "%s: too large", f->name);
  return made;
}

/* Two threads may compile the same file at once; the first one's is kept. */
static const struct code *code_of(lua_State *L, struct script_file *f) {
  const struct code *code = atomic_load(&f->code), *none = NULL;
  if (code) return code;
  code = code_find(f->name, f->sha);
  if (!code) {
    code = compile(L, f);
    lua_pop(L, 1);
  }
  if (atomic_compare_exchange_strong(&f->code, &none, code)) return code;
  code_unref(code);
  return none;
}

static void check_one(lua_State *L, void *arg) {
  code_of(L, arg);
}

enum err script_set_check(struct script_set *s, struct error *e) {
  struct machine *m = machine_new(NULL, e);
  if (!m) return ERR_LIMIT;
  enum err err = OK;
  for (size_t i = 0; i < s->n && err == OK; i++) {
    struct script_file *f = s->files[i];
    if (f->built_in || (err = machine_protect(m, check_one, f, e)) == OK || !e) continue;
    char *cut = strstr(e->message, "\nstack traceback"); /* a syntax error has no stack worth showing */
    if (cut) *cut = '\0';
    err_hint(e, "the file is %s", f->origin);
  }
  machine_free(m);
  return err;
}

/* ---- in a machine */

static char set_key, loaded_key, loading_mark; /* registry keys and a value, by address */

const struct script_set *script_set_of(lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &set_key);
  const struct script_set *s = lua_touserdata(L, -1);
  lua_pop(L, 1);
  return s;
}

void script_set_push_names(lua_State *L, const char *folder) {
  const struct script_set *set = script_set_of(L);
  size_t skip = strlen(folder);
  lua_newtable(L);
  for (size_t i = 0, n = 0; i < script_set_count(set); i++) {
    const char *name = script_set_at(set, i)->name;
    if (strncmp(name, folder, skip) != 0 || script_is_test(name)) continue;
    lua_pushstring(L, name + skip);
    lua_rawseti(L, -2, (lua_Integer)++n);
  }
}

static void push_loaded(lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &loaded_key);
}

void script_set_require(lua_State *L, const char *name) {
  luaL_checkstack(L, 8, "require");
  push_loaded(L);
  int loaded = lua_gettop(L);
  if (lua_getfield(L, loaded, name) != LUA_TNIL) {
    if (lua_islightuserdata(L, -1))
      luaL_error(L, "module '%s' requires itself (through other modules)", name);
    lua_remove(L, loaded);
    return;
  }
  lua_pop(L, 1);
  const struct script_set *s = script_set_of(L);
  struct script_file *f = s ? map_get(s->by_name, name) : NULL;
  if (!f) {
    const char *near = s ? script_set_nearest(s, "", name) : NULL;
    luaL_error(L, near ? "no module '%s'; did you mean '%s'?" : "no module '%s'", name, near);
    return;
  }
  const struct code *code = code_of(L, f);
  lua_pushlightuserdata(L, &loading_mark);
  lua_setfield(L, loaded, name);
  if (luaL_loadbufferx(L, code->data, code->n, chunk_name(L, name), "b") != LUA_OK) lua_error(L);
  int status = lua_pcall(L, 0, 1, 0);
  if (status != LUA_OK) {
    lua_pushnil(L);
    lua_setfield(L, loaded, name);
    lua_error(L);
  }
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    lua_pushboolean(L, 1);
  }
  lua_pushvalue(L, -1);
  lua_setfield(L, loaded, name);
  lua_replace(L, loaded);
  lua_settop(L, loaded);
}

/* require "phases.writing" or "phases/writing". */
static int require_function(lua_State *L) {
  const char *asked = luaL_checkstring(L, 1);
  luaL_gsub(L, asked, ".", "/");
  script_set_require(L, lua_tostring(L, -1));
  return 1;
}

void script_set_open(lua_State *L, const struct script_set *s) {
  union {
    const void *in;
    void *out;
  } borrowed = {.in = s};
  lua_pushlightuserdata(L, borrowed.out);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &set_key);
  lua_newtable(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &loaded_key);
  lua_pushcfunction(L, require_function);
  lua_setglobal(L, "require");
}
