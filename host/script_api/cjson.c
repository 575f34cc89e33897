/* cjson.c - lua-cjson for scripts that expect it: `require "cjson"` (scripts/cjson.lua) hands out this table.
 *
 * decode is the library's own: every number a float, `[]` and `{}` the same empty table, null as cjson.null. encode is the host's
 * (json.encode), because the library writes keys in another order in each life of a run, and what a script sends or stores
 * must be the same each time.
 *
 * The library holds memory of its own while Lua may refuse some: of a text that large it would be lost to the host. Hence MOST_BYTES;
 * json.decode takes longer ones. */
#include "script_api/pure.h"
#include "lua/budget.h"

#include <lua-cjson.h> /* wants lua.h before it */

enum { MOST_BYTES = 1 << 20, BYTES_A_STEP = 16 };

static int cjson_decode(lua_State *L) {
  size_t n;
  luaL_checklstring(L, 1, &n);
  if (n > MOST_BYTES)
    return luaL_error(L, "limit: cjson.decode takes texts of at most %d bytes; json.decode takes longer ones",
                      (int)MOST_BYTES);
  budget_spend(L, n / BYTES_A_STEP);
  lua_settop(L, 1);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, 1, 1);
  return 1;
}

void api_open_cjson(lua_State *L) {
  luaL_checkstack(L, 6, "cjson");
  lua_createtable(L, 0, 3);
  luaopen_cjson(L);
  lua_getfield(L, -1, "decode");
  lua_pushcclosure(L, cjson_decode, 1);
  lua_setfield(L, -3, "decode");
  lua_pop(L, 1);
  lua_pushcfunction(L, api_json_encode);
  lua_setfield(L, -2, "encode");
  lua_pushlightuserdata(L, NULL);
  lua_setfield(L, -2, "null");
  lua_setglobal(L, "cjson");
}
