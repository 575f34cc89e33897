/* fields.c - see fields.h. */
#include "lua/fields.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <string.h>

static const char *first(const char *a, const char *b) {
  return !a || strcmp(b, a) < 0 ? b : a;
}

static bool is_known(const char *const *known, const char *name) {
  while (*known && strcmp(*known, name) != 0) known++;
  return *known != NULL;
}

struct odd_field fields_odd(lua_State *L, int table, const char *const *known) {
  struct odd_field odd = {0};
  luaL_checkstack(L, 2, "fields");
  table = lua_absindex(L, table);
  lua_pushnil(L);
  while (lua_next(L, table)) {
    lua_pop(L, 1);
    if (lua_type(L, -1) != LUA_TSTRING)
      odd.type = first(odd.type, luaL_typename(L, -1));
    else if (!is_known(known, lua_tostring(L, -1)))
      odd.name = first(odd.name, lua_tostring(L, -1));
  }
  return odd;
}
