/* fuzz_value.c - a script reads what the host reads (jansson), and what it writes reads back as the same bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <lauxlib.h>
#include "base/jsonx.h"
#include "lua/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct input {
  const char *text;
  size_t n;
};

static int push(lua_State *L) {
  const struct input *in = lua_touserdata(L, 1);
  value_push_json(L, in->text, in->n);
  return 1;
}

static bool read_text(lua_State *L, const char *text, size_t n) {
  struct input in = {text, n};
  lua_settop(L, 0);
  lua_pushcfunction(L, push);
  lua_pushlightuserdata(L, &in);
  return lua_pcall(L, 1, 1, 0) == LUA_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  static lua_State *L;
  if (!L) L = luaL_newstate();
  struct buf once, twice;
  json_t *v;
  if (memchr(data, 0, n)) return 0; /* jansson overlooks a zero byte behind a number */
  bool host = jsonx_parse((const char *)data, n, "it", &v, NULL) == OK;
  if (host) json_decref(v);
  if (read_text(L, (const char *)data, n) != host) abort();
  if (!host) return 0;
  buf_init(&once, 1 << 24);
  buf_init(&twice, 1 << 24);
  if (value_encode(L, -1, &once, NULL) != OK || lua_gettop(L) != 1) abort();
  if (!read_text(L, once.data, once.len)) abort();
  if (value_encode(L, -1, &twice, NULL) != OK || strcmp(once.data, twice.data) != 0) abort();
  buf_release(&once);
  buf_release(&twice);
  return 0;
}
