/* bench.c - what a test can do to the host: start runs and wait for them, act as a person, read what came of it. The test's thread.
 *
 * scripts/test_api.lua turns these few functions into what authors see. All take and give plain JSON values, as the HTTP API does. */
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "acts/commands.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "lua/machine.h"
#include "lua/value.h"
#include "rehearsal/rehearsal.h"
#include "script_test/internal.h"
#include "store/artifacts.h"
#include "store/events.h"
#include "store/gates.h"
#include "store/projects.h"
#include "view/event.h"
#include "view/gate.h"
#include "view/state.h"
#include "view/words.h"

enum { POLL_MS = 4, NAP_MS = 10000, END_MS = 20000 };

static struct test_case *case_of(lua_State *L) {
  return machine_of(L)->owner;
}

/* Pushes `v`, whose reference it takes. May raise. */
static void push_json(lua_State *L, json_t *v) {
  struct test_case *c = case_of(L);
  free(c->room);
  c->room = jsonx_dumps(v);
  json_decref(v);
  if (!c->room) luaL_error(L, "the answer is too large for a test");
  value_push_json(L, c->room, strlen(c->room));
}

/* The same for a list out of the library: what could not be read whole ends the case. */
static void push_read(lua_State *L, enum err err, json_t *list) {
  if (err != OK) {
    json_decref(list);
    luaL_error(L, "the library could not be read (%s)", err_name(err));
  }
  push_json(L, list);
}

/* nil and the reason, in one sentence. */
static int refused(lua_State *L, const struct error *e) {
  lua_pushnil(L);
  lua_pushfstring(L, "%s%s%s", e->message, e->hint[0] ? "; " : "", e->hint);
  return 2;
}

/* ---- acts */

static enum err read_value(lua_State *L, int at, json_t **out, struct error *e) {
  struct buf b;
  buf_init(&b, MAX_JSON_BYTES);
  enum err err = value_encode(L, at, &b, e);
  if (err == OK) err = jsonx_parse(b.data, b.len, "the request", out, e);
  buf_release(&b);
  return err;
}

static enum err act(struct commands *c, const char *what, int64_t id, const char *project,
                    const json_t *request, json_t **out, struct error *e) {
  if (strcmp(what, "run") == 0) return command_run(c, request, out, e);
  if (strcmp(what, "resume") == 0) return command_resume(c, id, request, out, e);
  if (strcmp(what, "retry") == 0) return command_retry(c, id, request, out, e);
  if (strcmp(what, "note") == 0) return command_note(c, id, request, out, e);
  if (strcmp(what, "decide") == 0) return command_gate(c, id, request, out, e);
  if (strcmp(what, "edit") == 0) return command_artifact(c, project, request, out, e);
  return err_set(e, ERR_INVALID, "no act '%s'", what);
}

static void remember(struct test_case *c, int64_t run) {
  size_t most = sizeof c->runs / sizeof *c->runs;
  for (size_t i = 0; i < c->n_runs; i++)
    if (c->runs[i] == run) return;
  if (run && c->n_runs < most) c->runs[c->n_runs++] = run;
}

/* act(what, run or gate or project, request) -> answer | nil, why */
static int bench_act(lua_State *L) {
  struct test_case *c = case_of(L);
  const char *what = luaL_checkstring(L, 1);
  bool named = lua_type(L, 2) == LUA_TSTRING;
  const char *project = named ? lua_tostring(L, 2) : NULL;
  int64_t id = named ? 0 : luaL_optinteger(L, 2, 0);
  json_t *request = NULL, *answer = NULL;
  struct error e = {0};
  if (c->n_runs >= sizeof c->runs / sizeof *c->runs)
    return luaL_error(L, "a case may start at most %d runs", (int)c->n_runs);
  enum err err = read_value(L, 3, &request, &e);
  if (err == OK) err = act(host_commands(c->tests->host), what, id, project, request, &answer, &e);
  json_decref(request);
  if (err != OK) return refused(L, &e);
  remember(c, jsonx_int(answer, "run", 0));
  push_json(L, answer);
  return 1;
}

/* save(name, text) -> path: the source of a small pipeline. */
static int bench_save(lua_State *L) {
  struct test_case *c = case_of(L);
  size_t n;
  const char *name = luaL_checkstring(L, 1), *text = luaL_checklstring(L, 2, &n);
  struct error e = {0};
  const char *path = lua_pushfstring(L, "%s/%s.lua", c->tests->dir, name);
  if (file_write(path, text, n, &e) != OK) return refused(L, &e);
  return 1;
}

/* ---- waiting */

static enum err row_of(struct test_case *c, int64_t run, struct run_row *row) {
  struct error e = {0};
  struct store *store = host_store(c->tests->host);
  struct db *db = store_reader(store);
  enum err err = db ? run_get(db, run, row, &e) : ERR_UNAVAILABLE;
  store_reader_release(store, db);
  return err;
}

/* Pushes answerer(request, body, phase, label) and takes what it returns: {text=, stop=} or {fail=, status=}. May raise: the question stays
 * with the case, which gives it back at its end. */
static void ask_test(lua_State *L, struct test_case *c, struct stand_in_question *q) {
  struct run_row row = {0};
  char phase[200], label[600];
  c->open = q;
  (void)row_of(c, q->run, &row); /* then without phase and progress */
  snprintf(phase, sizeof phase, "%s", row.phase ? row.phase : "");
  snprintf(label, sizeof label, "%s", row.progress_label ? row.progress_label : "");
  run_row_release(&row);
  lua_pushvalue(L, 2);
  value_push_json(L, q->asked, strlen(q->asked));
  lua_pushlstring(L, q->body, q->n_body);
  lua_pushstring(L, phase);
  lua_pushstring(L, label);
  lua_call(L, 4, 1);
  luaL_checktype(L, -1, LUA_TTABLE);
  size_t n = 0;
  lua_getfield(L, -1, "stop");
  lua_getfield(L, -2, "status");
  lua_getfield(L, -3, "fail");
  lua_getfield(L, -4, "text");
  const char *fail = lua_tostring(L, -2), *text = lua_tolstring(L, -1, &n);
  snprintf(q->stop, sizeof q->stop, "%s", lua_isstring(L, -4) ? lua_tostring(L, -4) : "");
  q->status = (long)luaL_optinteger(L, -3, 400);
  q->refusal = mem_dup(fail);
  q->text = text && !fail ? mem_dup_n(text, n) : NULL;
  q->n_text = q->text ? n : 0;
  lua_pop(L, 5);
  c->open = NULL;
  stand_in_answer(q);
}

/* It ended, or waits for somebody else than the clock's next seconds. */
static bool is_over(struct test_case *c, const struct run_row *row) {
  if (run_status_ended(row->status)) return true;
  if (row->status != RUN_WAITING) return false;
  int64_t left = row->wake_at - clock_wall_ms();
  if (!row->wake_at || left > NAP_MS) return true;
  if (left <= 0) engine_start_run(host_commands(c->tests->host)->engine, row->id);
  return false;
}

/* Raises when a person said stop, or the case took too long. Without a place: the test's own is added (tests.c). */
static void look_at_limits(lua_State *L, struct test_case *c, int64_t run, const char *state) {
  bool stopped = c->tests->stopped && c->tests->stopped();
  if (!stopped && clock_mono_ns() < c->until_ns) return;
  if (stopped)
    lua_pushliteral(L, "interrupted");
  else
    lua_pushfstring(L, "the case took longer than %d seconds (--seconds): run %I is still %s",
                    (int)c->tests->seconds, (LUAI_UACINT)run, state);
  lua_error(L);
}

/* wait(run, answerer, newest first) -> the run, as JSON, once it ended or waits for somebody */
static int bench_wait(lua_State *L) {
  struct test_case *c = case_of(L);
  int64_t run = luaL_checkinteger(L, 1);
  bool newest = lua_toboolean(L, 3);
  for (;;) {
    lua_settop(L, 2);
    struct stand_in_question *q = desk_next(&c->tests->desk, newest, POLL_MS);
    if (q) {
      ask_test(L, c, q);
      look_at_limits(L, c, run, "asking");
      continue;
    }
    struct run_row row = {0};
    char state[200];
    if (row_of(c, run, &row) != OK) return luaL_error(L, "run %I cannot be read", (LUAI_UACINT)run);
    snprintf(state, sizeof state, "%s%s%.100s", run_status_word(row.status),
             row.phase ? " in the phase " : "", row.phase ? row.phase : "");
    json_t *over = is_over(c, &row) ? state_json(&row, NULL, true) : NULL;
    run_row_release(&row);
    if (over) {
      push_json(L, over);
      return 1;
    }
    look_at_limits(L, c, run, state);
  }
}

/* rehearse(body) -> what the embedded model says | nil, why */
static int bench_rehearse(lua_State *L) {
  size_t n;
  const char *body = luaL_checklstring(L, 1, &n);
  json_t *request = NULL;
  struct rehearsal_usage usage;
  struct error e = {0};
  struct buf text;
  buf_init(&text, MAX_ANSWER_BYTES);
  enum err err = jsonx_parse(body, n, "the request", &request, &e);
  if (err == OK) err = rehearsal_answer(request, &(struct rehearsal_options){0}, &text, &usage, &e);
  json_decref(request);
  struct test_case *c = case_of(L);
  size_t len = text.len;
  free(c->room);
  c->room = buf_take(&text);
  if (err != OK) return refused(L, &e);
  lua_pushlstring(L, c->room ? c->room : "", len);
  return 1;
}

/* ---- what came of it */

static void add_event(void *arg, const struct event_row *event) {
  json_array_append_new(arg, view_event(event));
}

/* events(run, after) -> list */
static int bench_events(lua_State *L) {
  struct store *store = host_store(case_of(L)->tests->host);
  int64_t run = luaL_checkinteger(L, 1), after = luaL_optinteger(L, 2, 0);
  json_t *list = json_array();
  struct db *db = store_reader(store);
  enum err err = events_each(db, run, after, 0, add_event, list);
  store_reader_release(store, db);
  push_read(L, err, list);
  return 1;
}

static void add_gate(void *arg, const struct gate_row *g) {
  json_array_append_new(arg, view_gate(g));
}

/* gates(run) -> those that are open */
static int bench_gates(lua_State *L) {
  struct store *store = host_store(case_of(L)->tests->host);
  int64_t run = luaL_checkinteger(L, 1);
  json_t *list = json_array();
  struct db *db = store_reader(store);
  enum err err = gates_each(db, run, true, add_gate, list);
  store_reader_release(store, db);
  push_read(L, err, list);
  return 1;
}

static void add_version(void *arg, const struct artifact_row *r) {
  json_array_append_new(arg, json_pack("{s:s, s:I, s:s, s:s, s:s}", "name", r->name, "version",
                                       (json_int_t)r->number, "kind", r->kind, "author", r->author, "state",
                                       r->state));
}

typedef enum err each_artifact(struct db *db, int64_t project, const char *name,
                               void (*fn)(void *, const struct artifact_row *), void *arg);

/* {} where there is no such project yet. */
static int push_documents(lua_State *L, each_artifact *each) {
  struct store *store = host_store(case_of(L)->tests->host);
  const char *project = luaL_checkstring(L, 1), *name = luaL_optstring(L, 2, "");
  json_t *list = json_array();
  struct error ignored = {0};
  int64_t id = 0;
  enum err err = OK;
  struct db *db = store_reader(store);
  if (project_find_id(db, project, &id, &ignored) == OK) err = each(db, id, name, add_version, list);
  store_reader_release(store, db);
  push_read(L, err, list);
  return 1;
}

/* documents(project, prefix) -> heads */
static int bench_documents(lua_State *L) {
  return push_documents(L, artifacts_each);
}

/* versions(project, name) -> oldest first */
static int bench_versions(lua_State *L) {
  return push_documents(L, artifact_history);
}

/* content(project, name, version or 0) -> bytes, version | nil */
static int bench_content(lua_State *L) {
  struct test_case *c = case_of(L);
  struct store *store = host_store(c->tests->host);
  const char *project = luaL_checkstring(L, 1), *name = luaL_checkstring(L, 2);
  int64_t wanted = luaL_optinteger(L, 3, 0), id = 0, version = 0;
  struct error ignored = {0};
  struct buf content;
  buf_init(&content, MAX_ARTIFACT_BYTES);
  struct db *db = store_reader(store);
  enum err err = project_find_id(db, project, &id, &ignored);
  if (err == OK) err = artifact_content(db, id, name, wanted, &content, &version, &ignored);
  store_reader_release(store, db);
  size_t n = content.len;
  free(c->room);
  c->room = buf_take(&content);
  if (err != OK) return 0;
  lua_pushlstring(L, c->room ? c->room : "", n);
  lua_pushinteger(L, version);
  return 2;
}

/* skip(why): does not return */
static int bench_skip(lua_State *L) {
  struct test_case *c = case_of(L);
  const char *why = luaL_checkstring(L, 1);
  free(c->skipped);
  c->skipped = mem_dup(why);
  return luaL_error(L, "skipped");
}

void bench_push(lua_State *L, struct test_case *c) {
  static const luaL_Reg functions[] = {{"act", bench_act},
                                       {"save", bench_save},
                                       {"wait", bench_wait},
                                       {"rehearse", bench_rehearse},
                                       {"events", bench_events},
                                       {"gates", bench_gates},
                                       {"content", bench_content},
                                       {"documents", bench_documents},
                                       {"versions", bench_versions},
                                       {"skip", bench_skip},
                                       {NULL, NULL}};
  luaL_newlib(L, functions);
  lua_pushstring(L, c->project);
  lua_setfield(L, -2, "project");
}

/* ---- the end of a case */

void bench_clear(struct test_case *c) {
  struct commands *commands = host_commands(c->tests->host);
  if (c->open) {
    c->open->refusal = mem_dup("the test has ended");
    c->open->status = 400;
    stand_in_answer(c->open);
    c->open = NULL;
  }
  for (size_t i = 0; i < c->n_runs; i++) {
    json_t *answer = NULL;
    struct error ignored = {0};
    struct run_row row = {0};
    if (row_of(c, c->runs[i], &row) == OK && !run_status_ended(row.status))
      (void)command_cancel(commands, c->runs[i], &answer,
                           &ignored); /* it may have ended by itself; the wait below sees */
    run_row_release(&row);
    json_decref(answer);
  }
  uint64_t until = clock_mono_ns() + (uint64_t)END_MS * 1000000;
  do {
    desk_clear(&c->tests->desk);
  } while (host_runs(c->tests->host) > 0 && clock_mono_ns() < until);
  desk_clear(&c->tests->desk);
  free(c->skipped);
  free(c->failure);
  free(c->room);
}
