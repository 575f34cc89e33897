/* report.c - what a failure looks like: the record that is kept of it, and the end that it means for the run. */
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "engine/internal.h"
#include "lua/hold.h"
#include "lua/lib.h"
#include "lua/value.h"

enum {
  MOST_ERROR = 16000, /* bytes of an error's message */
  MOST_REJECTED = 64  /* answers that an error names */
};

static const char *kind_of(enum err code) {
  switch (code) {
  case ERR_LIMIT: return "limit";
  case ERR_STUCK: return "stuck";
  case ERR_BUDGET: return "budget";
  case ERR_CANCELLED: return "cancelled";
  case ERR_PROVIDER:
  case ERR_UNAVAILABLE:
  case ERR_AUTH: return "provider";
  case ERR_SCRIPT:
  case ERR_INVALID:
  case ERR_NOT_FOUND: return "script";
  default: return "store";
  }
}

/* Reads "scripts/phases/writing.lua:12: ..." */
static void add_place(json_t *record, const char *message) {
  const char *at = strstr(message, ".lua:");
  if (!at) return;
  const char *start = at;
  while (start > message && start[-1] != ' ' && start[-1] != '\n') start--;
  json_object_set_new(record, "file", json_stringn(start, (size_t)(at + 4 - start)));
  int line = atoi(at + 5);
  if (line > 0) json_object_set_new(record, "line", json_integer(line));
}

static void release_buf(void *room) {
  buf_release(room);
}

struct report {
  struct task *task;
  json_t *record;
};

static void set_text(json_t *record, const char *field, const char *s) {
  if (s) json_object_set_new(record, field, jsonx_words(s, MOST_ERROR));
}

/* The answers that the error says were no good, by their seq: a retry asks those questions anew (store/run_create.c). The error table is
 * on top of `co`. */
static void copy_rejected(lua_State *L, lua_State *co, json_t *record) {
  int error = lua_gettop(co);
  lua_pushliteral(L, "rejected");
  lua_xmove(L, co, 1);
  if (lua_rawget(co, error) == LUA_TTABLE) {
    json_t *list = json_array();
    for (int i = 1; i <= MOST_REJECTED && lua_rawgeti(co, -1, i) == LUA_TNUMBER; i++) {
      json_array_append_new(list, json_integer(lua_tointeger(co, -1)));
      lua_pop(co, 1);
    }
    json_object_set_new(record, "rejected", list);
  }
  lua_settop(co, error);
}

/* What the error on top of `co` says by itself: text, a number, a message of whatever type that says something. */
static void copy_plain_words(lua_State *L, lua_State *co, json_t *record) {
  static const char *const fields[] = {"kind",          "reason",     "message", "hint",
                                       "provider_text", "request_id", NULL};
  if (lua_type(co, -1) != LUA_TTABLE) {
    if (lua_isnoneornil(co, -1)) return;
    lua_pushvalue(co, -1);
    lua_xmove(co, L, 1);
    set_text(record, "message", lib_tolstring(L, -1, NULL));
    return;
  }
  for (int i = 0; fields[i]; i++) {
    lua_pushstring(L, fields[i]);
    lua_xmove(L, co, 1);
    lua_rawget(co, -2);
    if (lua_isstring(co, -1)) set_text(record, fields[i], lua_tostring(co, -1));
    lua_pop(co, 1);
  }
  copy_rejected(L, co, record);
}

/* A table without a message: its own words (__tostring is the script's, so this comes last), else what it holds. */
static void copy_own_words(lua_State *L, lua_State *co, json_t *record) {
  lua_pushvalue(co, -1);
  lua_xmove(co, L, 1);
  if (luaL_getmetafield(L, -1, "__tostring") != LUA_TNIL) {
    lua_pop(L, 1);
    set_text(record, "message", lib_tolstring(L, -1, NULL));
    return;
  }
  struct buf *held = hold_push(L, sizeof *held, release_buf);
  buf_init(held, MOST_ERROR);
  if (value_encode(L, -2, held, NULL) == OK) {
    lua_pushfstring(L, "the script raised a table without a message: %s", held->data);
    set_text(record, "message", lua_tostring(L, -1));
  }
}

/* The dead task's stack is still there. Protected: it allocates. */
static void build_report(lua_State *L, void *arg) {
  struct report *r = arg;
  lua_State *co = r->task->L;
  run_of(L)->machine->grace = true;
  copy_plain_words(L, co, r->record);
  const char *message = jsonx_str(r->record, "message", "");
  if (strstr(message, ": limit: ") && lua_type(co, -1) == LUA_TSTRING) set_text(r->record, "kind", "limit");
  luaL_traceback(L, co, NULL, 0);
  set_text(r->record, "traceback", lua_tostring(L, -1));
  if (!*message && lua_type(co, -1) == LUA_TTABLE) copy_own_words(L, co, r->record);
}

json_t *run_error_record(struct run *run, struct task *t) {
  struct report r = {t, json_object()};
  if (run->machine && lua_gettop(t->L) > 0 && lua_checkstack(t->L, 4))
    (void)machine_protect(run->machine, build_report, &r,
                          NULL); /* out of memory: with what is there by then */
  if (t->scope && strcmp(t->scope, "/") != 0) set_text(r.record, "task", t->scope);
  return r.record;
}

void run_fail(struct run *run, enum err code, const struct error *e, json_t *record) {
  if (!record) record = json_object();
  const char *message = e && e->message[0]
                            ? e->message
                            : jsonx_str(record, "message", "the script raised an error without a message");
  char *text = mem_dup(message);
  if (e && e->message[0])
    set_text(record, "message", text);
  else if (!json_object_get(record, "message"))
    set_text(record, "message", text);
  if (!json_object_get(record, "kind")) set_text(record, "kind", kind_of(code));
  if (e && e->hint[0]) set_text(record, "hint", e->hint);
  if (run->phase) set_text(record, "phase", run->phase);
  set_text(record, "code", err_name(code));
  add_place(record, text);
  log_errorx("run %lld failed: %s", (long long)run->id, text);
  run_event(run, "error", json_deep_copy(record));
  char *error = jsonx_dumps(record);
  json_decref(record);
  free(text);
  run_end(run, code == ERR_CANCELLED ? RUN_CANCELLED : RUN_FAILED, NULL, error);
}

/* What a script may say of its own end. That it was cancelled is a person's word: the run would look as if somebody had stopped it. */
enum err run_own_end(json_t *record) {
  const char *kind = jsonx_str(record, "kind", "");
  for (int c = 1; c < ERR_COUNT; c++)
    if (c != ERR_CANCELLED && strcmp(kind, err_name(c)) == 0) return c;
  if (strcmp(kind, err_name(ERR_CANCELLED)) == 0) set_text(record, "kind", kind_of(ERR_SCRIPT));
  return ERR_SCRIPT;
}
