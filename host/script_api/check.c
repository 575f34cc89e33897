/* check.c - check.list: which scripts look at a book's text. What they do is Lua's (scripts/lib/checks.lua). */
#include "lua/script_set.h"
#include "script_api/pure.h"

static int check_list(lua_State *L) {
  script_set_push_names(L, CHECKS);
  return 1;
}

const struct luaL_Reg api_check_functions[] = {{"list", check_list}, {NULL, NULL}};

void api_open_check(lua_State *L) {
  luaL_newlib(L, api_check_functions);
  lua_setglobal(L, "check");
}
