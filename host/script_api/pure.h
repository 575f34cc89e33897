/* pure.h - the parts of the script API that compute and touch nothing: json, text, markdown, zip, check.
 *
 * Each opener sets its global and leaves nothing on the stack. They raise on memory only: call them inside a protected
 * call, once a state, before the globals are closed. None of the functions waits; they are the same in runs and exports. */
#pragma once
#include <lauxlib.h>
#include <lua.h>

void api_open_json(lua_State *L);
void api_open_cjson(lua_State *L);
void api_open_text(lua_State *L);
void api_open_markdown(lua_State *L);
void api_open_zip(lua_State *L);
void api_open_check(lua_State *L);

int api_json_encode(lua_State *L); /* json.encode: cjson has the same */

/* What they hold, for the test that compares scripts/api.lua with the host. Ended by {NULL, NULL}. */
extern const struct luaL_Reg api_json_functions[];
extern const struct luaL_Reg api_text_functions[];
extern const struct luaL_Reg api_markdown_functions[];
extern const struct luaL_Reg api_zip_functions[];
extern const struct luaL_Reg api_check_functions[];
