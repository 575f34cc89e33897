/* small_state.h - a Lua state with the pure tables only, whose k-th allocation can be refused. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <lauxlib.h>
#include <lualib.h>

#include "script_api/pure.h"
#include "base/clock.h"
#include "lua/machine.h"

struct small {
  lua_State *L;
  struct machine machine; /* what machine_burn looks at */
  long fail_at;           /* refuse this allocation and all after it; 0: none. Counts from small_arm */
  long count;
};

static void *small_alloc(void *ud, void *p, size_t osize, size_t nsize) {
  struct small *s = ud;
  if (!nsize) {
    free(p);
    return NULL;
  }
  bool grows = !p || nsize > osize;
  if (grows && s->fail_at && ++s->count >= s->fail_at) return NULL;
  return realloc(p, nsize);
}

static int small_open_all(lua_State *L) {
  luaL_openlibs(L);
  api_open_json(L);
  api_open_cjson(L);
  api_open_text(L);
  api_open_markdown(L);
  api_open_zip(L);
  return 0;
}

static inline void small_open(struct small *s) {
  *s = (struct small){0};
  s->machine.limits.burst_ns = UINT64_MAX;
  s->L = lua_newstate(small_alloc, s);
  *(struct machine **)lua_getextraspace(s->L) = &s->machine;
  lua_pushcfunction(s->L, small_open_all);
  if (lua_pcall(s->L, 0, 0, 0) != LUA_OK) abort();
}

static inline void small_close(struct small *s) {
  s->fail_at = 0;
  lua_close(s->L);
}

/* Runs a chunk; its result or its error as text, on the stack. */
static inline const char *small_run(struct small *s, const char *chunk) {
  lua_settop(s->L, 0);
  if (luaL_loadstring(s->L, chunk) == LUA_OK) lua_pcall(s->L, 0, 1, 0);
  return luaL_tolstring(s->L, -1, NULL);
}
