/* json.c - the scripts' `json` table, over lua/value.h, lua/schema.h and lua/extract.h. */
#include <stdlib.h>

#include "script_api/pure.h"
#include "base/jsonx.h"
#include "lua/budget.h"
#include "lua/extract.h"
#include "lua/hold.h"
#include "lua/schema.h"
#include "lua/value.h"

enum { BYTES_A_STEP = 16 };

/* What one call may have of ours while Lua may raise. */
struct work {
  struct buf text;
  char *dumped;
  json_t *value, *schema;
};

static void release_work(void *room) {
  struct work *w = room;
  if (w->text.data) buf_release(&w->text);
  free(w->dumped);
  json_decref(w->value);
  json_decref(w->schema);
}

static struct work *push_work(lua_State *L) {
  struct work *w = hold_push(L, sizeof *w, release_work);
  buf_init(&w->text, MAX_LUA_STRING_BYTES);
  return w;
}

static int raise(lua_State *L, struct work *w, const struct error *e) {
  hold_release(w);
  return luaL_error(L, "%s", e->message);
}

int api_json_encode(lua_State *L) {
  struct error e = {0};
  luaL_checkany(L, 1);
  struct work *w = push_work(L);
  if (value_encode(L, 1, &w->text, &e) != OK) return raise(L, w, &e);
  budget_spend(L, w->text.len / BYTES_A_STEP);
  lua_pushlstring(L, w->text.data, w->text.len);
  hold_release(w);
  return 1;
}

static int json_decode(lua_State *L) {
  size_t n;
  const char *s = luaL_checklstring(L, 1, &n);
  budget_spend(L, n / BYTES_A_STEP);
  value_push_json(L, s, n);
  return 1;
}

static int json_make_array(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  if (lua_getmetatable(L, 1) && !value_is_array(L, 1))
    return luaL_argerror(L, 1, "a table with a metatable cannot be marked as an array");
  lua_settop(L, 1);
  value_mark_array(L, 1);
  return 1;
}

/* The Lua value at `index` as a jansson value; `w->text` is reused. */
static enum err to_jansson(lua_State *L, int index, struct work *w, const char *what, json_t **out,
                           struct error *e) {
  buf_clear(&w->text);
  enum err err = value_encode(L, index, &w->text, e);
  return err ? err : jsonx_parse(w->text.data, w->text.len, what, out, e);
}

static int json_check(lua_State *L) {
  struct error e = {0};
  luaL_checkany(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  struct work *w = push_work(L);
  enum err err = to_jansson(L, 2, w, "the schema", &w->schema, &e);
  if (!err) err = schema_supported(w->schema, &e);
  if (err) return raise(L, w, &e);
  budget_spend(L, w->text.len / BYTES_A_STEP);
  err = to_jansson(L, 1, w, "the value", &w->value, &e);
  if (!err) err = schema_check_lua(w->schema, w->value, &e);
  budget_spend(L, w->text.len / BYTES_A_STEP);
  hold_release(w);
  lua_pushboolean(L, err == OK);
  if (!err) return 1;
  lua_pushstring(L, e.message);
  return 2;
}

static int json_take_out(lua_State *L) {
  struct error e = {0};
  size_t n;
  const char *s = luaL_checklstring(L, 1, &n);
  if (n > MAX_ANSWER_BYTES)
    return luaL_error(L, "limit: json.extract takes texts of at most %d bytes", (int)MAX_ANSWER_BYTES);
  struct work *w = push_work(L);
  w->value = json_extract(s, n, &e);
  w->dumped = w->value ? jsonx_dumps(w->value) : NULL;
  json_decref(w->value);
  w->value = NULL;
  budget_spend(L, n / BYTES_A_STEP);
  if (w->dumped) {
    value_push_json(L, w->dumped, strlen(w->dumped));
    hold_release(w);
    return 1;
  }
  hold_release(w);
  lua_pushnil(L);
  lua_pushstring(L, e.message);
  return 2;
}

const struct luaL_Reg api_json_functions[] = {{"encode", api_json_encode}, {"decode", json_decode},
                                              {"array", json_make_array},  {"check", json_check},
                                              {"extract", json_take_out},  {NULL, NULL}};

void api_open_json(lua_State *L) {
  luaL_checkstack(L, 4, "json");
  lua_createtable(L, 0, 6);
  luaL_setfuncs(L, api_json_functions, 0);
  lua_pushlightuserdata(L, NULL);
  lua_setfield(L, -2, "null");
  lua_setglobal(L, "json");
}
