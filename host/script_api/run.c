/* run.c - the `run` table: phases, progress, budget, sleep, notes; and `os` with the run's clock. */
#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "script_api/api.h"
#include "script_api/args.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "engine/internal.h"
#include "lua/value.h"

/* ---- phases and where --until stops */

static void park_until(struct wait *w) {
  struct run *run = w->task->run;
  char why[300];
  snprintf(why, sizeof why, "stopped after %s, as asked", run->until);
  run_park(run, FOR_UNTIL, why, NULL, 0);
}
static void start_park(struct wait *w) {
  wait_park(w, park_until);
}
static int finish_park(lua_State *L, struct wait *w) {
  (void)w;
  (void)L;
  return 0;
}
static const struct wait_kind park_kind = {
    .name = "until", .api_name = "run.phase", .start = start_park, .finish = finish_park};

static int stop_here(lua_State *L, struct run *run, const char *function) {
  wait_allowed(L, function);
  return wait_yield(L, wait_new(run, &park_kind, NULL));
}

static int run_phase_fn(lua_State *L) {
  struct run *run = run_of(L);
  size_t n;
  const char *name = luaL_checklstring(L, 1, &n);
  luaL_argcheck(L, n > 0 && n <= 100, 1, "a phase's name has 1 to 100 characters");
  luaL_argcheck(L, utf8_valid(name, n, NULL) && strlen(name) == n, 1, "a phase's name is UTF-8 text");
  if (!run || !run->current) return luaL_error(L, "run.phase cannot be called at a module's top level");
  if (run->phase && run_until_reached(run, run->phase)) return stop_here(L, run, "run.phase");
  run_check_line(L, "run.phase", n);
  free(run->phase);
  run->phase = mem_dup(name);
  machine_phase(run->machine);
  run_event(run, "phase", json_pack("{s:s%}", "name", name, n));
  run_progress(run, name, NULL, -1, -1, NULL);
  return 0;
}

/* The run, or an error: a module's top level also runs where there is none (checks, forms). */
static struct run *run_here(lua_State *L, const char *function) {
  struct run *run = run_of(L);
  if (!run || !run->current) luaL_error(L, "%s cannot be called at a module's top level", function);
  return run;
}

static int run_checkpoint(lua_State *L) {
  struct run *run = run_here(L, "run.checkpoint");
  const char *name = luaL_checkstring(L, 1);
  run_beat(run);
  if (run_until_reached(run, name)) return stop_here(L, run, "run.checkpoint");
  return 0;
}

/* ---- progress */

static const char *shown_text(lua_State *L, int arg) {
  size_t n;
  const char *text = luaL_checklstring(L, arg, &n);
  luaL_argcheck(L, utf8_valid(text, n, NULL), arg, "not valid UTF-8");
  return text;
}

static int run_progress_fn(lua_State *L) {
  lua_Integer done = luaL_checkinteger(L, 1), total = luaL_checkinteger(L, 2);
  luaL_argcheck(L, done >= 0 && total >= 0, 1, "progress counts from 0");
  run_progress(run_here(L, "run.progress"), NULL, NULL, done, total,
               lua_isnoneornil(L, 3) ? NULL : shown_text(L, 3));
  return 0;
}

static int run_heartbeat(lua_State *L) {
  run_beat(run_here(L, "run.heartbeat"));
  return 0;
}

static int run_summary(lua_State *L) {
  run_progress(run_here(L, "run.summary"), NULL, shown_text(L, 1), -1, -1, NULL);
  return 0;
}

/* ---- budget */

static void start_budget(struct wait *w) {
  const struct llm_budget *b = &w->task->run->budget;
  json_t *v = json_pack("{s:f, s:I, s:f, s:I, s:I, s:I}", "cost", (double)b->spent_nano / 1e9, "calls",
                        (json_int_t)b->calls, "cost_limit", (double)b->limit_nano / 1e9, "calls_limit",
                        (json_int_t)b->limit_calls, "tokens", (json_int_t)b->spent_tokens, "tokens_limit",
                        (json_int_t)b->limit_tokens);
  char *text = jsonx_dumps(v);
  json_decref(v);
  wait_journal(w, text, strlen(text));
}
static int finish_result(lua_State *L, struct wait *w) {
  return args_push_result(L, w);
}
static const struct wait_kind budget_kind = {.name = "budget",
                                             .api_name = "run.budget",
                                             .journaled = true,
                                             .start = start_budget,
                                             .finish = finish_result};

static int run_budget(lua_State *L) {
  wait_allowed(L, "run.budget");
  return wait_yield(L, wait_new(run_of(L), &budget_kind, NULL));
}

/* ---- what the work can do without */

struct pass {
  double done;
};

/* Who skips at the limit spends in step with the work: by the time that so much of it is done, so much of the limit may be gone. A twelfth is kept
 * in hand, a little may be spent ahead at the beginning, and there is always room for two calls as large as the largest so far. */
static bool in_step(int64_t spent, int64_t limit, int64_t worst, double done) {
  const double kept = 1.0 / 12, ahead = 0.05;
  double share = done + ahead * (1 - done), most = (double)(limit - 2 * worst) * (1 - kept);
  return (double)spent <= share * most;
}

static bool may_be_made(const struct llm_budget *b, double done) {
  if (b->at_limit != AT_LIMIT_SKIP) return true;
  bool money =
      b->limit_nano < 0 || in_step(b->spent_nano + b->reserved_nano, b->limit_nano, b->worst_nano, done);
  bool tokens = b->limit_tokens <= 0 ||
                in_step(b->spent_tokens + b->reserved_tokens, b->limit_tokens, b->worst_tokens, done);
  bool calls = b->limit_calls <= 0 || in_step(b->calls, b->limit_calls, 1, done);
  return money && tokens && calls;
}

static void start_optional(struct wait *w) {
  bool yes = may_be_made(&w->task->run->budget, ((const struct pass *)w->data)->done);
  wait_journal(w, mem_dup(yes ? "true" : "false"), yes ? 4 : 5);
}
static const struct wait_kind optional_kind = {.name = "optional",
                                               .api_name = "run.optional",
                                               .journaled = true,
                                               .start = start_optional,
                                               .finish = finish_result};

static int run_optional(lua_State *L) {
  size_t n;
  const char *what = luaL_checklstring(L, 1, &n);
  lua_Number done = luaL_checknumber(L, 2);
  luaL_argcheck(L, n > 0 && n <= 300, 1, "the name of a pass has 1 to 300 bytes");
  luaL_argcheck(L, done >= 0 && done <= 1, 2, "the share of the work that is done is from 0 to 1");
  wait_allowed(L, "run.optional");
  struct pass *pass = mem_alloc(sizeof *pass);
  pass->done = done;
  struct wait *w = wait_new(run_of(L), &optional_kind, pass);
  (void)buf_append(&w->content, what, n); /* short enough */
  return wait_yield(L, w);
}

/* ---- sleep: its deadline counts from the run's clock, so a restart does not make it longer */

struct nap {
  double seconds;
};

static void woke(struct timer *t) {
  struct wait *w = t->arg;
  wait_journal(w, mem_dup("null"), 4);
}

static void start_sleep(struct wait *w) {
  struct run *run = w->task->run;
  int64_t until = run->now_ms + (int64_t)(((struct nap *)w->data)->seconds * 1000),
          left = until - clock_wall_ms(), most = (int64_t)(((struct nap *)w->data)->seconds * 1000);
  if (left > most) left = most; /* the clock was set back */
  w->timer = (struct timer){.fn = woke, .arg = w};
  timer_set(run->engine->loop, &w->timer, clock_mono_ns() + (uint64_t)(left > 0 ? left : 0) * 1000000);
}

static int finish_nothing(lua_State *L, struct wait *w) {
  (void)L;
  (void)w;
  return 0;
}
static const struct wait_kind sleep_kind = {.name = "sleep",
                                            .api_name = "run.sleep",
                                            .journaled = true,
                                            .start = start_sleep,
                                            .finish = finish_nothing};

static int run_sleep(lua_State *L) {
  lua_Number s = luaL_checknumber(L, 1);
  luaL_argcheck(L, s >= 0 && s <= 366 * 86400.0, 1, "seconds from 0 to a year");
  wait_allowed(L, "run.sleep");
  struct nap *nap = mem_alloc(sizeof *nap);
  nap->seconds = s;
  struct wait *w = wait_new(run_of(L), &sleep_kind, nap);
  buf_printf(&w->content, "%.17g", s);
  return wait_yield(L, w);
}

/* ---- notes */

static void noted(struct wait *w, struct store_op *base) {
  wait_take(w, base, &((struct op_notes *)base)->result);
}

static void start_notes(struct wait *w) {
  struct op_notes *op = mem_alloc(sizeof *op);
  op->op.kind = &op_notes_kind;
  wait_post(w, &op->op, &op->entry, noted);
}
static const struct wait_kind notes_kind = {.name = "notes",
                                            .api_name = "run.notes",
                                            .journaled = true,
                                            .start = start_notes,
                                            .finish = finish_result};

static int run_notes(lua_State *L) {
  wait_allowed(L, "run.notes");
  return wait_yield(L, wait_new(run_of(L), &notes_kind, NULL));
}

static int read_only(lua_State *L) {
  return luaL_error(L, "run.input is read-only; copy what you want to change");
}

/* A proxy would break #, ipairs and json.encode; so only new fields are refused, which catches the usual mistake. */
static void push_input(lua_State *L) {
  struct run *run = run_of(L);
  if (run)
    value_push_json(L, run->row.input, strlen(run->row.input));
  else
    lua_newtable(L);
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, read_only);
  lua_setfield(L, -2, "__newindex");
  lua_setmetatable(L, -2);
}

void api_open_run(lua_State *L) {
  static const luaL_Reg functions[] = {{"phase", run_phase_fn},       {"checkpoint", run_checkpoint},
                                       {"progress", run_progress_fn}, {"heartbeat", run_heartbeat},
                                       {"summary", run_summary},      {"budget", run_budget},
                                       {"optional", run_optional},    {"sleep", run_sleep},
                                       {"notes", run_notes},          {NULL, NULL}};
  luaL_newlib(L, functions);
  push_input(L);
  lua_setfield(L, -2, "input");
  lua_setglobal(L, "run");
}

/* ---- os: the time of the last recorded answer, the same in each life of the run; UTC */

static time_t now(lua_State *L) {
  struct run *run = run_of(L);
  return run ? (time_t)(run->now_ms / 1000) : 0;
}

static int os_time(lua_State *L) {
  if (!lua_isnoneornil(L, 1))
    return luaL_error(L, "os.time takes no argument here: it is the time of the run's last recorded answer");
  lua_pushinteger(L, (lua_Integer)now(L));
  return 1;
}

static int os_date(lua_State *L) {
  const char *format = luaL_optstring(L, 1, "%Y-%m-%d %H:%M:%S");
  time_t t = lua_isnoneornil(L, 2) ? now(L) : (time_t)luaL_checkinteger(L, 2);
  if (*format == '!') format++;
  for (const char *p = strchr(format, '%'); p; p = strchr(p + 2, '%'))
    if (!p[1] || !strchr("aAbBcdDeFgGhHIjmMnprRStTuUVwWxXyYzZ%", p[1]))
      return luaL_error(L, "os.date: unknown format '%s'", p);
  struct tm tm;
  if (!gmtime_r(&t, &tm)) return luaL_error(L, "os.date: time out of range");
  char out[250];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* the script's own format, checked above */
  size_t n = strftime(out, sizeof out, format, &tm);
#pragma GCC diagnostic pop
  lua_pushlstring(L, out, n);
  return 1;
}

void api_open_os(lua_State *L) {
  static const luaL_Reg functions[] = {{"time", os_time}, {"date", os_date}, {NULL, NULL}};
  luaL_newlib(L, functions);
  lua_setglobal(L, "os");
}
