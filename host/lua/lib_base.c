/* lib_base.c - the globals of the sandbox that stock Lua calls "base", and what the lib_*.c files share. */
#include "lua/lib.h"

#include <stdbool.h>
#include <lauxlib.h>
#include <lualib.h>

#include "lua/machine.h"
#include "lua/pairs.h"

void lib_pick(lua_State *L, const char *const *names, int more) {
  int n = 0;
  while (names[n]) n++;
  luaL_checkstack(L, 3, "no room to open a library");
  lua_createtable(L, 0, n + more);
  for (int i = 0; i < n; i++) {
    lua_getfield(L, -2, names[i]);
    lua_setfield(L, -2, names[i]);
  }
  lua_remove(L, -2);
}

const char *lib_tolstring(lua_State *L, int index, size_t *len) {
  index = lua_absindex(L, index);
  int type = lua_type(L, index);
  luaL_checkstack(L, 3, "no room for text");
  bool own = luaL_getmetafield(L, index, "__tostring") != LUA_TNIL;
  if (own) lua_pop(L, 1);
  if (own || type == LUA_TNIL || type == LUA_TBOOLEAN || type == LUA_TNUMBER || type == LUA_TSTRING)
    return luaL_tolstring(L, index, len);
  int named = luaL_getmetafield(L, index, "__name");
  if (named != LUA_TSTRING) {
    if (named != LUA_TNIL) lua_pop(L, 1);
    lua_pushstring(L, lua_typename(L, type));
  }
  return lua_tolstring(L, -1, len);
}

static int base_tostring(lua_State *L) {
  luaL_checkany(L, 1);
  lib_tolstring(L, 1, NULL);
  return 1;
}

/* Strings share one metatable, and the host's objects have theirs: both stay out of reach. */
static int base_getmetatable(lua_State *L) {
  luaL_checkany(L, 1);
  if (lua_type(L, 1) != LUA_TTABLE || !lua_getmetatable(L, 1)) {
    lua_pushnil(L);
    return 1;
  }
  luaL_getmetafield(L, 1, "__metatable"); /* pushes nothing when there is none */
  return 1;
}

static void refuse_field(lua_State *L, const char *field, const char *why) {
  lua_pushstring(L, field);
  if (lua_rawget(L, 2) != LUA_TNIL) luaL_error(L, "setmetatable: %s is refused: %s", field, why);
  lua_pop(L, 1);
}

/* ---- metatables in use ----
 *
 * Nothing can refuse a __mode that is set after setmetatable, and the collector believes it. So all metatables that scripts gave away are known, and a
 * script is stopped at the end of the slice in which one of them has it, before anything that it computed is kept. */

static char used_key; /* its address is the place in the registry */

static void remember_metatable(lua_State *L) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &used_key) == LUA_TTABLE) {
    lua_pushvalue(L, 2);
    lua_pushboolean(L, 1);
    lua_rawset(L, -3);
  }
  lua_pop(L, 1);
}

static void open_used(lua_State *L) {
  lua_newtable(L);
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "k"); /* ours forgets what scripts have forgotten */
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &used_key);
}

/* "__mode" is a word that Lua itself keeps: nothing is allocated here, so nothing can be raised. */
bool lib_has_weakened(lua_State *L) {
  bool found = false;
  if (!lua_checkstack(L, 4)) return false;
  int top = lua_gettop(L);
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &used_key) == LUA_TTABLE) {
    lua_pushnil(L);
    while (!found && lua_next(L, top + 1)) {
      lua_pop(L, 1);
      lua_pushliteral(L, "__mode");
      found = lua_rawget(L, -2) == LUA_TSTRING;
      lua_pop(L, 1);
    }
  }
  lua_settop(L, top);
  return found;
}

static int base_setmetatable(lua_State *L) {
  int type = lua_type(L, 2);
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_argexpected(L, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table");
  if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
    return luaL_error(L, "cannot change a protected metatable");
  lua_settop(L, 2);
  if (type == LUA_TTABLE) {
    /* A __gc runs with all hooks off, where no limit holds. One that is added later is ignored by Lua. */
    refuse_field(L, "__gc", "a script's finalizer could not be stopped; use a `local x <close>` variable");
    refuse_field(L, "__mode",
                 "what a weak table holds depends on when memory was collected; remove entries yourself");
    remember_metatable(L);
  }
  lua_setmetatable(L, 1);
  return 1;
}

/* The message handler of xpcall. Lua calls it where the error was raised; for the error that ends a killed script that is inside a hook, where all
 * hooks are off. A handler that never returns could not be stopped there, so a killed script's is not called. */
static int call_handler(lua_State *L) {
  if (machine_of(L)->kill) return 1;
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
  return lua_gettop(L);
}

/* The stack is: function, handler, true, results... or the error on top. */
static int finish_xpcall(lua_State *L, int status, lua_KContext skipped) {
  if (status != LUA_OK && status != LUA_YIELD) {
    lua_pushboolean(L, 0);
    lua_insert(L, -2);
    return 2;
  }
  return lua_gettop(L) - (int)skipped;
}

static int base_xpcall(lua_State *L) {
  luaL_checktype(L, 2, LUA_TFUNCTION);
  int n = lua_gettop(L) - 2;
  lua_pushvalue(L, 2);
  lua_pushcclosure(L, call_handler, 1);
  lua_replace(L, 2);
  lua_pushboolean(L, 1);
  lua_pushvalue(L, 1);
  lua_rotate(L, 3, 2); /* function, handler, true, function, arguments */
  int status = lua_pcallk(L, n, LUA_MULTRET, 2, 2, finish_xpcall);
  return finish_xpcall(L, status, 2);
}

void lib_open_base(lua_State *L) {
  static const char *const stock[] = {"assert", "error",  "ipairs",   "pcall", "rawequal", "rawget",
                                      "rawlen", "select", "tonumber", "type",  "_VERSION", NULL};
  static const luaL_Reg own[] = {{"getmetatable", base_getmetatable},
                                 {"next", lua_first_pair},
                                 {"pairs", lua_ordered_pairs},
                                 {"setmetatable", base_setmetatable},
                                 {"tostring", base_tostring},
                                 {"xpcall", base_xpcall},
                                 {NULL, NULL}};
  luaL_checkstack(L, 6, "no room to open base");
  open_used(L);
  /* luaopen_base writes into the globals, whatever they are: give it a table of its own for a moment. If this
   * raises in between, the state is unusable and the opener's protected call says so. */
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
  lua_createtable(L, 0, 32);
  lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
  lua_pushcfunction(L, luaopen_base);
  lua_call(L, 0, 1);
  lua_insert(L, -2); /* stock base, the real globals */
  lua_pushvalue(L, -1);
  lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
  for (const char *const *name = stock; *name; name++) {
    lua_getfield(L, -2, *name);
    lua_setfield(L, -2, *name);
  }
  luaL_setfuncs(L, own, 0);
  lua_pop(L, 2);
}
