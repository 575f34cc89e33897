/* sandbox.c - strict globals. An unknown name raises and says which known one is nearest; a new global is
 * refused, because a forgotten `local` is how one task's data ends up in another's. */
#include "lua/sandbox.h"

#include <lauxlib.h>
#include <string.h>

#include "base/text.h"
#include "lua/lib.h"

enum { MOST_NAMES = 128 };

static const char seed_key; /* its address is the registry's key */

static void open_math(lua_State *L) {
  lib_open_math(L);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &seed_key);
  lib_math_seed(L, (const uint8_t *)lua_tostring(L, -1));
  lua_pop(L, 1);
}

static const struct sandbox_table libraries[] = {
    {"table", lib_open_table}, {"math", open_math}, {"utf8", lib_open_utf8}, {NULL, NULL}};

/* ---- names that are not there */

static int add_names(const char **names, int n, const struct sandbox_table *later) {
  for (; later && later->name && n < MOST_NAMES; later++) names[n++] = later->name;
  return n;
}

/* The name nearest to `word` of all that _G has or can have. The names stay valid: they are keys of _G, or constants. */
static const char *nearest_global(lua_State *L, const char *word, const struct sandbox_table *later) {
  const char *names[MOST_NAMES + 1];
  int n = add_names(names, 0, libraries);
  n = add_names(names, n, later);
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

static const struct sandbox_table *find_table(const struct sandbox_table *list, const char *name) {
  for (; list && list->name; list++)
    if (strcmp(list->name, name) == 0) return list;
  return NULL;
}

static int call_open(lua_State *L) {
  const struct sandbox_table *t = lua_touserdata(L, 1);
  lua_settop(L, 0);
  t->open(L);
  return 0;
}

/* Makes a table in the middle of a script. Without its metatable _G takes the new name; it has it back whatever happens. */
static void open_now(lua_State *L, const struct sandbox_table *t) {
  lua_pushglobaltable(L);
  lua_getmetatable(L, -1);
  lua_pushnil(L);
  lua_setmetatable(L, -3);
  lua_pushcfunction(L, call_open);
  lua_pushlightuserdata(L, (void *)(uintptr_t)t);
  int status = lua_pcall(L, 1, 0, 0);
  lua_pushvalue(L, 4);
  lua_setmetatable(L, 3);
  if (status != LUA_OK) lua_error(L);
  lua_getfield(L, 3, t->name);
}

static int missing_global(lua_State *L) {
  const struct sandbox_table *later = lua_touserdata(L, lua_upvalueindex(1));
  lua_settop(L, 2);
  const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : luaL_tolstring(L, 2, NULL);
  const struct sandbox_table *t = find_table(libraries, name);
  if (!t) t = find_table(later, name);
  if (t) {
    lua_settop(L, 2);
    open_now(L, t);
    return 1;
  }
  const char *near = nearest_global(L, name, later);
  if (near) return luaL_error(L, "unknown name '%s'; did you mean '%s'?", name, near);
  return luaL_error(
      L, "unknown name '%s' (a local of this file, a module by require, or one of the host's tables)", name);
}

static int new_global(lua_State *L) {
  return luaL_error(L, "'%s' would be a new global; write 'local %s'", luaL_tolstring(L, 2, NULL),
                    luaL_tolstring(L, 2, NULL));
}

/* ---- opening */

void sandbox_open(lua_State *L, const uint8_t seed[SHA_BYTES]) {
  lib_open_base(L);
  lib_open_string(L); /* always: strings have its functions as their methods */
  lua_pushlstring(L, (const char *)seed, SHA_BYTES);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &seed_key);
}

void sandbox_close_globals(lua_State *L, const struct sandbox_table *later) {
  lua_pushglobaltable(L);
  lua_createtable(L, 0, 3);
  lua_pushlightuserdata(L, (void *)(uintptr_t)later);
  lua_pushcclosure(L, missing_global, 1);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, new_global);
  lua_setfield(L, -2, "__newindex");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
  lua_pop(L, 1);
}
