/* code_cache.h - bytecode of script files, shared by all script sets of the process. Any thread.
 *
 * Each new run gathers the scripts afresh, and nearly always they are the ones of the run before: compiling them again would cost more than
 * all else that starting a run does. The key is the file's name (error messages hold it) and the hash of its text. */
#pragma once
#include <stddef.h>

struct code {
  char *data;
  size_t n;
};

/* A reference, or NULL: not compiled yet. */
const struct code *code_find(const char *name, const char *sha);
/* Takes `data`. A reference to it, or to what another thread put there first. */
const struct code *code_add(const char *name, const char *sha, char *data, size_t n);
void code_unref(const struct code *c); /* NULL is fine */
