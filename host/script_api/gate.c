/* gate.c - gate.ask: a question to a person. The run is parked until it is decided; then it starts from its journal, asks again, and
 * finds the decision. */
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "script_api/api.h"
#include "script_api/args.h"
#include "base/clock.h"
#include "base/failpoint.h"
#include "base/mem.h"
#include "engine/internal.h"
#include "lua/value.h"

enum { MOST_TIMEOUT_S = 3660 * 86400 };

static const char *const fields[] = {"title", "show", "choices", "schema", "timeout", "on_timeout", NULL};

struct question {
  char *title, *show, *choices, *schema, *on_timeout;
  double timeout;
};

static void release(struct wait *w) {
  struct question *q = w->data;
  free(q->title);
  free(q->show);
  free(q->choices);
  free(q->schema);
  free(q->on_timeout);
  free(q);
}

static void asked(struct wait *w, struct store_op *base) {
  struct op_gate_ask *op = (struct op_gate_ask *)base;
  if (base->err != OK || op->decided) {
    wait_take(w, base, &op->answer);
  } else {
    failpoint("gate_open");
    run_parked_by_store(w->task->run, RUN_WAITING);
  }
}

static void ask_store(struct wait *w) {
  struct question *q = w->data;
  struct op_gate_ask *op = mem_alloc(sizeof *op);
  op->op.kind = &op_gate_ask_kind;
  op->title = q->title;
  op->show = q->show;
  op->choices = q->choices;
  op->schema = q->schema;
  op->on_timeout = q->on_timeout;
  op->expires_at = q->timeout > 0 ? clock_wall_ms() + (int64_t)(q->timeout * 1000) : 0;
  wait_post(w, &op->op, &op->entry, asked);
}

static void start(struct wait *w) {
  wait_park(w, ask_store);
}
/* With its place in the record, so that a script can say which decisions its failure rests on: a retry asks those anew. */
static int finish(lua_State *L, struct wait *w) {
  args_push_result(L, w);
  lua_pushinteger(L, w->seq);
  lua_setfield(L, -2, "seq");
  return 1;
}

static const struct wait_kind gate_kind = {.name = "gate",
                                           .api_name = "gate.ask",
                                           .journaled = true,
                                           .start = start,
                                           .finish = finish,
                                           .release = release};

static char *encode_field(lua_State *L, const char *field, struct error *e) {
  struct buf out;
  buf_init(&out, MAX_GATE_BYTES);
  lua_pushstring(L, field);
  lua_rawget(L, 1);
  char *text = NULL;
  if (lua_type(L, -1) == LUA_TSTRING && lua_rawlen(L, -1) > MAX_GATE_BYTES)
    err_set(e, ERR_LIMIT, "limit: '%s' has more than %d bytes", field, MAX_GATE_BYTES);
  else if (lua_type(L, -1) == LUA_TSTRING)
    text = mem_dup(lua_tostring(L, -1));
  else if (!lua_isnil(L, -1) && value_encode(L, -1, &out, e) == OK)
    text = buf_take(&out);
  lua_pop(L, 1);
  buf_release(&out);
  return text;
}

static void check(lua_State *L) {
  wait_allowed(L, "gate.ask");
  args_fields(L, 1, "gate.ask", fields);
  args_string(L, 1, "gate.ask", "title", true, NULL);
  double timeout = args_number(L, 1, "gate.ask", "timeout", 0);
  if (!(timeout >= 0 && timeout <= MOST_TIMEOUT_S))
    luaL_error(L, "gate.ask: 'timeout' must be from 0 to %d seconds (10 years)", MOST_TIMEOUT_S);
  const char *on_timeout = args_string(L, 1, "gate.ask", "on_timeout", false, NULL);
  if (lua_getfield(L, 1, "choices") != LUA_TTABLE || lua_rawlen(L, -1) == 0)
    luaL_error(L, "gate.ask: 'choices' must be a list of strings");
  bool found = !on_timeout;
  for (lua_Integer i = 1; lua_rawgeti(L, -1, i) != LUA_TNIL; i++, lua_pop(L, 1)) {
    if (lua_type(L, -1) != LUA_TSTRING) luaL_error(L, "gate.ask: 'choices' must be a list of strings");
    found = found || strcmp(lua_tostring(L, -1), on_timeout) == 0;
  }
  if (!found) luaL_error(L, "gate.ask: on_timeout '%s' is not among the choices", on_timeout);
  lua_settop(L, 1);
}

static char *first_choice(lua_State *L) {
  lua_getfield(L, 1, "choices");
  lua_rawgeti(L, -1, 1);
  char *choice = mem_dup(lua_tostring(L, -1));
  lua_pop(L, 2);
  return choice;
}

static int gate_ask(lua_State *L) {
  check(L);
  struct question *q = mem_alloc(sizeof *q);
  struct wait *w = wait_new(run_of(L), &gate_kind, q);
  struct error e = {0};
  q->title = mem_dup(args_string(L, 1, "gate.ask", "title", true, NULL));
  q->on_timeout = mem_dup(args_string(L, 1, "gate.ask", "on_timeout", false, NULL));
  q->timeout = args_number(L, 1, "gate.ask", "timeout", 0);
  q->show = encode_field(L, "show", &e);
  q->choices = encode_field(L, "choices", &e);
  q->schema = encode_field(L, "schema", &e);
  if (q->timeout > 0 && !q->on_timeout) q->on_timeout = first_choice(L);
  size_t kept = (q->show ? strlen(q->show) : 0) + (q->schema ? strlen(q->schema) : 0);
  if (!e.code && wait_hold(w, kept, &e) == OK && value_encode(L, 1, &w->content, &e) == OK)
    return wait_yield(L, w);
  wait_abandon(w);
  return args_raise(L, "gate.ask", &e);
}

void api_open_gate(lua_State *L) {
  static const luaL_Reg functions[] = {{"ask", gate_ask}, {NULL, NULL}};
  luaL_newlib(L, functions);
  lua_setglobal(L, "gate");
}
