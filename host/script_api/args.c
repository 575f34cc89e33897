/* args.c - checking arguments, for all API tables that wait. */
#include "script_api/args.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "lua/fields.h"
#include "lua/value.h"

void args_fields(lua_State *L, int arg, const char *function, const char *const *fields) {
  if (!lua_istable(L, arg))
    luaL_error(L, "%s expects a table of named fields, got %s", function, luaL_typename(L, arg));
  struct odd_field odd = fields_odd(L, arg, fields);
  if (odd.type) luaL_error(L, "%s: fields have names; found a %s key", function, odd.type);
  if (!odd.name) return;
  const char *near = text_nearest(odd.name, fields);
  if (near) luaL_error(L, "%s: unknown field '%s'; did you mean '%s'?", function, odd.name, near);
  luaL_error(L, "%s: unknown field '%s'", function, odd.name);
}

const char *args_string(lua_State *L, int arg, const char *function, const char *field, bool required,
                        size_t *n) {
  int type = lua_getfield(L, arg, field);
  if (type == LUA_TNIL && !required) {
    lua_pop(L, 1);
    return NULL;
  }
  if (type != LUA_TSTRING)
    luaL_error(L, "%s: field '%s' must be a string, got %s", function, field, luaL_typename(L, -1));
  const char *s = lua_tolstring(L, -1, n);
  lua_pop(L, 1); /* the table still holds it */
  return s;
}

double args_number(lua_State *L, int arg, const char *function, const char *field, double otherwise) {
  int type = lua_getfield(L, arg, field);
  if (type != LUA_TNIL && type != LUA_TNUMBER)
    luaL_error(L, "%s: field '%s' must be a number, got %s", function, field, luaL_typename(L, -1));
  double v = type == LUA_TNIL ? otherwise : lua_tonumber(L, -1);
  lua_pop(L, 1);
  return v;
}

enum err args_encode_field(lua_State *L, int arg, const char *field, struct buf *out, struct error *e) {
  enum err err = OK;
  lua_pushstring(L, field);
  lua_rawget(L, arg);
  if (!lua_isnil(L, -1)) {
    buf_printf(out, ",\"%s\":", field);
    struct error inner = {0};
    err = value_encode(L, lua_gettop(L), out, &inner);
    if (err != OK) err_set(e, err, "%s: %s", field, inner.message);
  }
  lua_pop(L, 1);
  return err;
}

int args_raise(lua_State *L, const char *function, const struct error *e) {
  struct error copy = *e;
  return luaL_error(L, "%s: %s", function, copy.message);
}

int args_push_result(lua_State *L, const struct wait *w) {
  value_push_json(L, w->result, w->n_result);
  return 1;
}

void args_quote(struct buf *out, const char *s, size_t n) {
  json_t *v = json_stringn(s, n);
  char *text = v ? json_dumps(v, JSON_ENCODE_ANY) : NULL;
  buf_puts(out, text ? text : "\"\"");
  free(text);
  json_decref(v);
}
