/* lua_libs_fixture.h - a case is a Lua text that returns one string; stock Lua runs beside ours in a second state. */
#pragma once
#include "unit.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <lauxlib.h>
#include <lualib.h>

#include "base/clock.h"
#include "lua/lib.h"
#include "lua/sandbox.h"
#include "lua/machine.h"

static const uint8_t seed_bytes[32] = {7};

static inline void open_ours(lua_State *L, void *arg) {
  (void)arg;
  lib_open_base(L);
  lib_open_string(L);
  lib_open_table(L);
  lib_open_math(L);
  lib_open_utf8(L);
  lib_math_seed(L, seed_bytes);
}

static inline void open_stock(lua_State *L, void *arg) {
  (void)arg;
  luaL_openlibs(L);
}

static inline struct machine *new_machine(void (*open)(lua_State *, void *), double burst_s) {
  struct error e = {0};
  struct machine_limits limits = machine_default_limits;
  limits.memory = 256u << 20;
  limits.burst_ns = (uint64_t)(burst_s * 1e9);
  struct machine *m = machine_new(&limits, &e);
  assert_non_null(m);
  assert_int_equal(machine_protect(m, open, NULL, &e), OK);
  return m;
}

/* Runs `text` with `n` string arguments; the result, or "error: ...", stays on the stack. */
static inline const char *run(struct machine *m, const char *text, int n, const char *const *args,
                              const size_t *lens) {
  lua_State *L = m->L;
  lua_settop(L, 0);
  m->slice_start = clock_thread_cpu_ns();
  if (luaL_loadbufferx(L, text, strlen(text), "=t", "t") != LUA_OK) fail_msg("%s", lua_tostring(L, -1));
  for (int i = 0; i < n; i++) lua_pushlstring(L, args[i], lens[i]);
  if (lua_pcall(L, n, 1, 0) == LUA_OK)
    return lua_isstring(L, -1) ? lua_tostring(L, -1) : luaL_typename(L, -1);
  if (!lua_isstring(L, -1)) return "error: not a string";
  lua_pushfstring(L, "error: %s", lua_tostring(L, -1));
  return lua_tostring(L, -1);
}

static inline const char *run_text(struct machine *m, const char *text) {
  return run(m, text, 0, NULL, NULL);
}

struct lua_case {
  const char *promise, *text, *result; /* a result that starts with "error: " is compared as far as it goes */
};

static inline void check_cases(const struct lua_case *cases, size_t n) {
  int wrong = 0;
  for (size_t i = 0; i < n; i++) {
    struct machine *m = new_machine(open_ours, 5);
    const char *got = run_text(m, cases[i].text), *want = cases[i].result;
    size_t len = strncmp(want, "error: ", 7) == 0 ? strlen(want) : strlen(want) + 1;
    if (strncmp(got, want, len) != 0) {
      print_error("%s\n  want %s\n  got  %s\n", cases[i].promise, want, got);
      wrong++;
    }
    machine_free(m);
  }
  assert_int_equal(wrong, 0);
}

#define CHECK_CASES(cases) check_cases(cases, sizeof(cases) / sizeof *(cases))
