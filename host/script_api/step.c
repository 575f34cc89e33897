/* step.c - step(name, inputs, fn): pure work whose result is kept. Looked up before fn is called, so a recorded step costs nothing. */
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "script_api/api.h"
#include "script_api/args.h"
#include "base/mem.h"
#include "lua/lib.h"
#include "lua/script_set.h"
#include "lua/value.h"

struct made {
  struct buf json;
};

static void start(struct wait *w) {
  struct made *m = w->data;
  size_t n = m->json.len;
  wait_journal(w, buf_take(&m->json), n);
}
static int finish(lua_State *L, struct wait *w) {
  return args_push_result(L, w);
}
static void release(struct wait *w) {
  buf_release(&((struct made *)w->data)->json);
  free(w->data);
}
static void digest(const struct wait *w, uint8_t out[SHA_BYTES]) {
  sha256(w->result, w->n_result, out);
}
static const struct wait_kind step_kind = {.name = "step",
                                           .api_name = "step",
                                           .journaled = true,
                                           .start = start,
                                           .finish = finish,
                                           .release = release,
                                           .digest = digest};

/* The hash of the file that defines fn: an edited file makes its steps again. */
static const char *defining_file(lua_State *L, int fn) {
  lua_Debug ar;
  lua_pushvalue(L, fn);
  lua_getinfo(L, ">S", &ar);
  const char *name = ar.source[0] == '@' ? ar.source + 1 : ar.source;
  if (strncmp(name, "scripts/", 8) == 0) name += 8;
  size_t n = strlen(name);
  lua_pushlstring(L, name, n > 4 ? n - 4 : n);
  const struct script_set *set = script_set_of(L);
  const struct script_file *f = set ? script_set_find(set, lua_tostring(L, -1)) : NULL;
  lua_pop(L, 1);
  return f ? f->sha : "";
}

static int step(lua_State *L) {
  size_t n;
  const char *name = luaL_checklstring(L, 1, &n);
  luaL_checkany(L, 2);
  luaL_checktype(L, 3, LUA_TFUNCTION);
  wait_allowed(L, "step");
  lua_settop(L, 3);
  const char *file = defining_file(L, 3);
  struct run *run = run_of(L);
  struct made *made = mem_alloc(sizeof *made);
  buf_init(&made->json, MAX_JOURNAL_BYTES);
  struct wait *w = wait_new(run, &step_kind, made);
  struct error e = {0};
  buf_printf(&w->content, "{\"file\":\"%s\",\"inputs\":", file);
  if (value_encode(L, 2, &w->content, &e) != OK) return args_raise(L, "step: inputs", &e);
  buf_puts(&w->content, ",\"name\":");
  args_quote(&w->content, name, n);
  buf_putc(&w->content, '}');
  wait_seal(w);
  if (run_journal_has(run, w)) return wait_yield(L, w);
  struct lib_math_key key = {.scope = w->key.scope, .n = w->key.n};
  memcpy(key.hash, w->key.hash, SHA_BYTES);
  lib_math_own(L, &key); /* a replay does not call fn: it must not move the run's own numbers */
  lua_pushvalue(L, 3);
  lua_pushvalue(L, 2);
  lua_call(L, 1, 1); /* not lua_callk: fn may not wait */
  lua_closeslot(L, 4);
  if (value_encode(L, -1, &made->json, &e) != OK) return args_raise(L, "step: what fn returned", &e);
  return wait_yield(L, w);
}

void api_open_step(lua_State *L) {
  lua_pushcfunction(L, step);
  lua_setglobal(L, "step");
}
