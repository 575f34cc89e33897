/* sandbox.c - strict globals. An unknown name raises and says which known one is nearest; a new global is
 * refused, because a forgotten `local` is how one task's data ends up in another's. */
#include "lua/sandbox.h"

#include <lauxlib.h>
#include <string.h>

#include "base/text.h"
#include "lua/lib.h"

enum { MOST_NAMES = 128 };

/* The name of _G nearest to `word`. The names stay valid: they are keys of _G. */
static const char *nearest_global(lua_State *L, const char *word) {
  const char *names[MOST_NAMES + 1];
  int n = 0;
  lua_pushglobaltable(L);
  lua_pushnil(L);
  while (lua_next(L, -2)) {
    lua_pop(L, 1);
    if (n < MOST_NAMES && lua_type(L, -1) == LUA_TSTRING) names[n++] = lua_tostring(L, -1);
  }
  lua_pop(L, 1);
  names[n] = NULL;
  return text_nearest(word, names);
}

static int unknown_global(lua_State *L) {
  const char *name = luaL_tolstring(L, 2, NULL);
  const char *near = nearest_global(L, name);
  if (near) return luaL_error(L, "unknown name '%s'; did you mean '%s'?", name, near);
  return luaL_error(
      L, "unknown name '%s' (a local of this file, a module by require, or one of the host's tables)", name);
}

static int new_global(lua_State *L) {
  return luaL_error(L, "'%s' would be a new global; write 'local %s'", luaL_tolstring(L, 2, NULL),
                    luaL_tolstring(L, 2, NULL));
}

void sandbox_open(lua_State *L, const uint8_t seed[SHA_BYTES]) {
  lib_open_base(L);
  lib_open_string(L);
  lib_open_table(L);
  lib_open_math(L);
  lib_open_utf8(L);
  lib_math_seed(L, seed);
}

void sandbox_close_globals(lua_State *L) {
  lua_pushglobaltable(L);
  lua_createtable(L, 0, 3);
  lua_pushcfunction(L, unknown_global);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, new_global);
  lua_setfield(L, -2, "__newindex");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
  lua_pop(L, 1);
}
