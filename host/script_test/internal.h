/* internal.h - what tests.c and bench.c share: one case. The test's thread. */
#pragma once
#include <lua.h>
#include "script_test/script_test.h"

struct test_case {
  struct script_tests *tests;
  const char *file, *name;
  char project[40];
  int64_t runs[100]; /* those that it started */
  size_t n_runs;
  uint64_t until_ns;
  struct stand_in_question *open; /* taken from the desk and not answered yet */
  char *skipped;                  /* why */
  char *failure;
  char *room; /* text on its way into Lua: freed with the case when that raises */
};

/* Pushes the table of functions that test_api.lua is made of. The machine's owner is the case. May raise (memory). */
void bench_push(lua_State *L, struct test_case *c);
/* Ends what the case left behind: its runs, their questions. */
void bench_clear(struct test_case *c);
