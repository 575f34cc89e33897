/* log.c - lines of the run's history. */
#include <lauxlib.h>
#include <string.h>

#include "script_api/api.h"
#include "engine/run.h"
#include "base/text.h"

enum { MOST_LINE = 64 << 10 }; /* bytes; the rest of a longer line is cut off */

static int write_line(lua_State *L, const char *level) {
  int n = lua_gettop(L);
  luaL_checkstring(L, 1);
  if (n > 1) {
    lua_getglobal(L, "string");
    lua_getfield(L, -1, "format");
    lua_remove(L, -2);
    lua_insert(L, 1);
    if (lua_pcall(L, n, 1, 0) != LUA_OK) return luaL_error(L, "log.%s: %s", level, lua_tostring(L, -1));
  }
  size_t len;
  const char *text = lua_tolstring(L, -1, &len);
  if (len > MOST_LINE)
    for (len = MOST_LINE; len > 0 && ((unsigned char)text[len] & 0xC0) == 0x80;) len--;
  struct run *run = run_of(L);
  if (!run || !run->current) return 0; /* a module's top level, a scratch state */
  run_check_line(L, lua_pushfstring(L, "log.%s", level), len);
  json_t *s =
      utf8_valid(text, len, NULL) ? json_stringn(text, len) : json_string("(a line that is not valid UTF-8)");
  run_event(run, "log", json_pack("{s:s, s:o}", "level", level, "text", s));
  return 0;
}

static int log_info_fn(lua_State *L) {
  return write_line(L, "info");
}
static int log_warn_fn(lua_State *L) {
  return write_line(L, "warn");
}
static int log_error_fn(lua_State *L) {
  return write_line(L, "error");
}

void api_open_log(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"info", log_info_fn}, {"warn", log_warn_fn}, {"error", log_error_fn}, {NULL, NULL}};
  luaL_newlib(L, functions);
  lua_setglobal(L, "log");
}
