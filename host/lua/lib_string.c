/* lib_string.c - the script's `string` table: stock functions where they are bounded and deterministic, our
 * own where not (patterns, rep, format). Also utf8, which needs no change. */
#include "lua/lib.h"

#include <string.h>
#include <lauxlib.h>
#include <lualib.h>

#include "lua/budget.h"
#include "lua/pattern.h"

static int string_rep(lua_State *L) {
  size_t len, sep_len;
  const char *s = luaL_checklstring(L, 1, &len);
  lua_Integer n = luaL_checkinteger(L, 2);
  const char *sep = luaL_optlstring(L, 3, "", &sep_len);
  if (n <= 0 || len + sep_len == 0) {
    lua_pushliteral(L, "");
    return 1;
  }
  /* as a double: exact up to 2^53, and no overflow beyond */
  double bytes = (double)n * (double)len + (double)(n - 1) * (double)sep_len;
  if (bytes > MAX_LUA_STRING_BYTES)
    return luaL_error(L, "limit: string.rep would make %I bytes (most: %d)",
                      bytes < 0x1p63 ? (LUAI_UACINT)bytes : LUA_MAXINTEGER, MAX_LUA_STRING_BYTES);
  luaL_Buffer b;
  char *to = luaL_buffinitsize(L, &b, (size_t)bytes);
  budget_spend(L, (size_t)bytes / 64 + (size_t)n);
  for (lua_Integer i = 0; i < n; i++) {
    memcpy(to, s, len);
    to += len;
    if (i < n - 1 && sep_len > 0) {
      memcpy(to, sep, sep_len);
      to += sep_len;
    }
  }
  luaL_pushresultsize(&b, (size_t)bytes);
  return 1;
}

/* Stock format does the work; before, every %s argument becomes text without addresses, and %p is refused.
 * What is wrong otherwise (missing arguments, unknown letters) stock format finds itself. */
static int string_format(lua_State *L) {
  size_t len, bytes = 0;
  const char *f = luaL_checklstring(L, 1, &len);
  const char *end = f + len;
  int top = lua_gettop(L), arg = 1;
  luaL_checkstack(L, 8, "too many arguments"); /* stock format below counts on a fresh frame's room */
  while (f < end && (f = memchr(f, '%', (size_t)(end - f))) != NULL) {
    if (*++f == '%') {
      f++;
      continue;
    }
    f += strspn(f, "-+ #0123456789.");
    arg++;
    budget_spend(L, 16);
    if (*f == 'p')
      return luaL_error(L, "string.format: '%%p' prints an address, which differs from run to run; use '%%s' "
                           "of a name or a number of your own");
    if (*f != 's' || arg > top) continue;
    size_t n;
    lib_tolstring(L, arg, &n);
    lua_replace(L, arg);
    bytes += n;
    if (bytes > MAX_LUA_STRING_BYTES)
      return luaL_error(L, "limit: string.format would make more than %d bytes", MAX_LUA_STRING_BYTES);
  }
  /* A plain call on this frame, so that its errors name this function and its arguments. */
  return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

void lib_open_string(lua_State *L) {
  static const char *const stock[] = {"byte",    "char", "len",    "lower", "pack", "packsize",
                                      "reverse", "sub",  "unpack", "upper", NULL};
  static const luaL_Reg own[] = {{"find", pattern_find},   {"gmatch", pattern_gmatch}, {"gsub", pattern_gsub},
                                 {"match", pattern_match}, {"rep", string_rep},        {NULL, NULL}};
  luaL_checkstack(L, 8, "no room to open string");
  lua_pushcfunction(L, luaopen_string);
  lua_call(L, 0, 1);
  lua_getfield(L, -1, "format");
  lua_insert(L, -2);
  lib_pick(L, stock, 6);
  lua_insert(L, -2); /* ours, stock format */
  lua_pushcclosure(L, string_format, 1);
  lua_setfield(L, -2, "format");
  luaL_setfuncs(L, own, 0);

  /* s:upper() goes through the metatable that luaopen_string gave to all strings */
  lua_pushliteral(L, "");
  lua_getmetatable(L, -1);
  lua_pushvalue(L, -3);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 2);
  lua_setglobal(L, "string");
}

void lib_open_utf8(lua_State *L) {
  luaL_checkstack(L, 4, "no room to open utf8");
  lua_pushcfunction(L, luaopen_utf8);
  lua_call(L, 0, 1);
  lua_setglobal(L, "utf8");
}
