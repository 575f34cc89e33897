/* engine_bench.h - a host in the test's own thread, for tests of the engine: a real store, the embedded model, a library of its own. The loop's idle
 * callback looks how far the run is and does the harm. A kill is a real one: the host lives in a child process that sends itself SIGKILL. */
#pragma once
#include "unit.h"

#include <ftw.h>
#include <lauxlib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "script_api/api.h"
#include "script_api/args.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "config.h"
#include "acts/commands.h"
#include "acts/script_cache.h"
#include "engine/internal.h"
#include "store/db.h"

enum { GIVE_UP_NS = 1000000000, MOST_APIS = 40 };

/* ---- a table of the script API for tests: probe.wait() is journaled and can be made to fail */

static int probe_calls, probe_fails_at;

static inline void probe_start(struct wait *w) {
  if (++probe_calls == probe_fails_at) {
    struct error e = {0};
    err_set(&e, ERR_NOT_FOUND, "the probe failed");
    wait_fail(w, ERR_NOT_FOUND, &e);
    return;
  }
  wait_journal(w, mem_dup("true"), 4);
}
static inline int probe_finish(lua_State *L, struct wait *w) {
  return args_push_result(L, w);
}
static const struct wait_kind probe_kind = {.name = "probe",
                                            .api_name = "probe.wait",
                                            .journaled = true,
                                            .start = probe_start,
                                            .finish = probe_finish};
static inline int probe_wait(lua_State *L) {
  wait_allowed(L, "probe.wait");
  struct wait *w = wait_new(run_of(L), &probe_kind, NULL);
  buf_printf(&w->content, "\"%s\"", luaL_optstring(L, 1, ""));
  return wait_yield(L, w);
}
static inline void open_probe(lua_State *L) {
  static const luaL_Reg functions[] = {{"wait", probe_wait}, {NULL, NULL}};
  luaL_newlib(L, functions);
  lua_setglobal(L, "probe");
}

/* ---- a host in the test's thread */

struct bench {
  char dir[40];
  struct config config;
  struct engine_settings settings;
  struct sandbox_table apis[MOST_APIS];
  struct pulse pulse; /* progress: answers that were new */
  struct store *store;
  struct loop *loop;
  struct pool *pool;
  struct llm *llm;
  struct engine *engine;
  struct commands commands;
  const char *source; /* of its pipeline */
  int64_t run;
  bool left; /* the run left the host's hands */
  uint64_t began_ns;
  unsigned harm_at;              /* after so many new answers */
  void (*harm)(struct bench *b); /* once */
  bool drained;
};

static inline void on_run_end(void *arg, int64_t run, enum run_status status) {
  (void)status;
  struct bench *b = arg;
  b->left = b->left || run == b->run;
}

static inline bool look(void *arg) {
  struct bench *b = arg;
  if (b->harm && atomic_load(&b->pulse.progress) >= b->harm_at) {
    void (*harm)(struct bench *) = b->harm;
    b->harm = NULL;
    harm(b);
  }
  bool busy = sched_pass(b->engine);
  if (b->left && engine_runs(b->engine) == 0) loop_stop(b->loop);
  return busy;
}

static inline void too_long(struct timer *t) {
  (void)t;
  fail_msg("the run neither goes on nor ends");
}

static inline void open_library(struct bench *b) {
  struct error e = {0};
  struct config_flags flags = {.library = b->dir};
  if (config_load(&flags, &b->config, &e) != OK) fail_msg("config: %s", e.message);
  if (store_open(b->dir, STORE_OWNER, &b->store, &e) != OK) fail_msg("store: %s", e.message);
  b->loop = loop_new();
  b->pool = pool_new(b->loop, 1);
  b->llm = llm_new(b->loop, b->store, &b->config.llm, &e);
  if (!b->llm) fail_msg("llm: %s", e.message);
  int n = 0;
  for (; api_tables[n].name; n++) b->apis[n] = api_tables[n];
  b->apis[n++] = (struct sandbox_table){"probe", open_probe};
  b->apis[n] = (struct sandbox_table){NULL, NULL};
  size_t memory = b->settings.machine.memory;
  b->settings = b->config.engine;
  if (memory) b->settings.machine.memory = memory;
  b->settings.apis = b->apis;
  b->settings.on_run_end = on_run_end;
  b->settings.arg = b;
  b->settings.pulse = &b->pulse;
  b->settings.free_least = 0;
  b->engine = engine_new(b->loop, b->store, b->llm, b->pool, &b->settings);
  loop_set_idle(b->loop, look, b);
  b->commands = (struct commands){.store = b->store,
                                  .llm = b->llm,
                                  .settings = &b->settings,
                                  .script_dirs = (const char *const *)b->config.script_dirs,
                                  .scripts = script_cache_new((const char *const *)b->config.script_dirs)};
}

static inline void close_library(struct bench *b) {
  script_cache_free(b->commands.scripts);
  llm_free(b->llm);
  store_close(b->store);
  pool_free(b->pool);
  loop_drain(b->loop);
  engine_free(b->engine);
  loop_free(b->loop);
  config_release(&b->config);
}

static inline void make_run(struct bench *b, const char *source) {
  char *path = mem_printf("%s/torture.lua", b->dir);
  FILE *f = fopen(path, "w");
  fputs(source, f);
  fclose(f);
  json_t *request = json_pack("{s:s, s:b}", "file", path, "hold", 1), *out = NULL;
  struct error e = {0};
  if (command_run(&b->commands, request, &out, &e) != OK) fail_msg("run: %s %s", e.message, e.hint);
  b->run = json_integer_value(json_object_get(out, "run"));
  json_decref(request);
  json_decref(out);
  free(path);
}

/* Moves the run until it left and nothing of it is in memory. */
static inline void move(struct bench *b) {
  struct timer limit = {.fn = too_long};
  b->left = false;
  atomic_store(&b->pulse.progress, 0);
  timer_set(b->loop, &limit, clock_mono_ns() + 20ull * GIVE_UP_NS);
  engine_start_run(b->engine, b->run);
  loop_run(b->loop);
  timer_clear(b->loop, &limit);
}

static inline void new_bench(struct bench *b, const char *source) {
  *b = (struct bench){.source = source};
  snprintf(b->dir, sizeof b->dir, "/tmp/quire-engine.XXXXXX");
  assert_non_null(mkdtemp(b->dir));
  probe_calls = probe_fails_at = 0;
}

static inline int remove_one(const char *path, const struct stat *st, int type, struct FTW *walk) {
  (void)st, (void)type, (void)walk;
  return remove(path);
}

static inline void remove_bench(const struct bench *b) {
  assert_int_equal(nftw(b->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static inline struct run_row row_of(struct bench *b) {
  struct run_row row = {0};
  struct db *db = store_reader(b->store);
  assert_int_equal(run_get(db, b->run, &row, NULL), OK);
  store_reader_release(b->store, db);
  return row;
}

static inline int64_t count(struct bench *b, const char *sql) {
  struct db *db = store_reader(b->store);
  struct db_stmt *s = db_prepare(db, sql);
  assert_int_equal(db_step(s), DB_ROW);
  int64_t n = db_int(s, 0);
  db_reset(s);
  store_reader_release(b->store, db);
  return n;
}

/* ---- lives */

static inline void die(struct bench *b) {
  (void)b;
  raise(SIGKILL);
}

/* Lives in a child process until the run has k new answers, then dies. */
static inline void lives_until(struct bench *b, unsigned k) {
  pid_t child = fork();
  if (child == 0) {
    open_library(b);
    if (!b->run) make_run(b, b->source);
    b->harm_at = k;
    b->harm = die;
    move(b);
    _exit(0);
  }
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) ||
              (WIFEXITED(status) && !WEXITSTATUS(status)));
  b->run = 1;
}
