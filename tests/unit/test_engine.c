/* test_engine.c - the engine with a real store and the embedded model, under torture: every order, every wait, every journal row.
 *
 * The loop runs in the test's own thread; its idle callback looks how far the run is and does the harm. A kill is a real one: the host
 * lives in a child process that sends itself SIGKILL. */
#include "unit.h"

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
#include "engine/internal.h"
#include "store/db.h"

enum { MOST_ROWS = 200, GIVE_UP_NS = 1000000000, MOST_APIS = 40 };

/* ---- a table of the script API for tests: probe.wait() is journaled and can be made to fail */

static int probe_calls, probe_fails_at;

static void probe_start(struct wait *w) {
  if (++probe_calls == probe_fails_at) {
    struct error e = {0};
    err_set(&e, ERR_NOT_FOUND, "the probe failed");
    wait_fail(w, ERR_NOT_FOUND, &e);
    return;
  }
  wait_journal(w, mem_dup("true"), 4);
}
static int probe_finish(lua_State *L, struct wait *w) {
  return args_push_result(L, w);
}
static const struct wait_kind probe_kind = {.name = "probe",
                                            .api_name = "probe.wait",
                                            .journaled = true,
                                            .start = probe_start,
                                            .finish = probe_finish};
static int probe_wait(lua_State *L) {
  wait_allowed(L, "probe.wait");
  struct wait *w = wait_new(run_of(L), &probe_kind, NULL);
  buf_printf(&w->content, "\"%s\"", luaL_optstring(L, 1, ""));
  return wait_yield(L, w);
}
static void open_probe(lua_State *L) {
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

static void on_run_end(void *arg, int64_t run, const char *status) {
  (void)status;
  struct bench *b = arg;
  b->left = b->left || run == b->run;
}

static bool look(void *arg) {
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

static void too_long(struct timer *t) {
  (void)t;
  fail_msg("the run neither goes on nor ends");
}

static void open_library(struct bench *b) {
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
                                  .script_dirs = (const char *const *)b->config.script_dirs};
}

static void close_library(struct bench *b) {
  llm_free(b->llm);
  store_close(b->store);
  pool_free(b->pool);
  loop_drain(b->loop);
  engine_free(b->engine);
  loop_free(b->loop);
  config_release(&b->config);
}

static void make_run(struct bench *b, const char *source) {
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
static void move(struct bench *b) {
  struct timer limit = {.fn = too_long};
  b->left = false;
  atomic_store(&b->pulse.progress, 0);
  timer_set(b->loop, &limit, clock_mono_ns() + 20ull * GIVE_UP_NS);
  engine_start_run(b->engine, b->run);
  loop_run(b->loop);
  timer_clear(b->loop, &limit);
}

static const char source[];

static void new_bench(struct bench *b) {
  *b = (struct bench){.source = source};
  snprintf(b->dir, sizeof b->dir, "/tmp/quire-engine.XXXXXX");
  assert_non_null(mkdtemp(b->dir));
  probe_calls = probe_fails_at = 0;
}

static void remove_bench(const struct bench *b) {
  char *command = mem_printf("rm -rf %s", b->dir);
  assert_int_equal(system(command), 0);
  free(command);
}

static struct run_row row_of(struct bench *b) {
  struct run_row row = {0};
  struct db *db = store_reader(b->store);
  assert_int_equal(run_get(db, b->run, &row, NULL), OK);
  store_reader_release(b->store, db);
  return row;
}

static int64_t count(struct bench *b, const char *sql) {
  struct db *db = store_reader(b->store);
  struct db_stmt *s = db_prepare(db, sql);
  assert_int_equal(db_step(s), DB_ROW);
  int64_t n = db_int(s, 0);
  db_reset(s);
  store_reader_release(b->store, db);
  return n;
}

/* ---- what is tortured: tasks that share a list, so that the order of delivery shows in the result; every kind of wait */

static const char source[] =
    "return { title = 'Torture', run = function()\n"
    "  local order = {}\n"
    "  local function note(s) order[#order + 1] = s end\n"
    "  run.phase('one')\n"
    "  local texts = task.map({'a', 'b', 'c', 'd', 'e'}, function(name, i)\n"
    "    local answer = llm.ask{ role = 'writer', prompt = 'Write of ' .. name .. ', at most a line.', max_words = 20 + 10 * i }\n"
    "    note('asked ' .. name)\n"
    "    probe.wait(name)\n"
    "    note('probed ' .. name .. ' ' .. #order)\n"
    "    artifact.put('texts/' .. name .. '.md', answer.text)\n"
    "    note('put ' .. name .. ' ' .. #order)\n"
    "    return answer.text\n"
    "  end, { limit = 3, key = function(name) return name end })\n"
    "  run.sleep(0.001)\n"
    "  local both = task.all{\n"
    "    function() note('get ' .. #artifact.get('texts/a.md')); return step('length', texts, function(t) return #t end) end,\n"
    "    function() run.budget(); note('budget'); return #artifact.list('texts/') end,\n"
    "  }\n"
    "  artifact.commit(function() artifact.put('order.json', order); artifact.put('n.json', both) end)\n"
    "  run.notes()\n"
    "  log.info('done')\n"
    "  return { order = order, both = both }\n"
    "end }\n";

/* An undisturbed run: its result (the caller's) and its journal's rows. */
static char *reference(unsigned *rows) {
  struct bench b;
  new_bench(&b);
  open_library(&b);
  make_run(&b, source);
  move(&b);
  struct run_row row = row_of(&b);
  if (strcmp(row.status, "completed") != 0) fail_msg("%s: %s", row.status, row.error);
  char *result = mem_dup(row.result);
  *rows = (unsigned)count(&b, "SELECT count(*) FROM journal");
  assert_int_equal(count(&b, "SELECT count(*) FROM calls"), 5);
  run_row_release(&row);
  close_library(&b);
  remove_bench(&b);
  return result;
}

/* ---- the cases */

static void die(struct bench *b) {
  (void)b;
  raise(SIGKILL);
}

static void lives_until(struct bench *b, unsigned k) {
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

/* The order between tasks may differ from run to run, for it is the order of the answers. But each life of one run tells the same. */
static void killed_after_each_row(void **state) {
  (void)state;
  unsigned rows;
  char *undisturbed = reference(&rows);
  assert_in_range(rows, 20, MOST_ROWS);
  for (unsigned k = 1; k <= rows; k++) {
    struct bench b;
    new_bench(&b);
    lives_until(&b, k);
    open_library(&b);
    int64_t kept = count(&b, "SELECT count(*) FROM calls WHERE state = 'answered'");
    move(&b);
    struct run_row row = row_of(&b);
    if (strcmp(row.status, "completed") != 0) fail_msg("killed after %u: %s: %s", k, row.status, row.error);
    assert_int_equal(strlen(row.result), strlen(undisturbed));
    assert_int_equal(count(&b, "SELECT count(*) FROM calls WHERE state = 'answered'"), 5);
    assert_int_equal(count(&b, "SELECT count(DISTINCT hash) FROM calls"), 5);
    assert_true(kept <= 5);
    /* What is recorded is all there is, and each once. */
    assert_int_equal(count(&b, "SELECT count(*) FROM journal WHERE superseded = 0"), rows);
    assert_int_equal(
        count(&b, "SELECT count(*) FROM (SELECT seq FROM journal GROUP BY seq HAVING count(*) > 1)"), 0);
    assert_int_equal(count(&b, "SELECT count(*) FROM artifact_versions"), 7);
    run_row_release(&row);
    close_library(&b);
    remove_bench(&b);
  }
  free(undisturbed);
}

/* Once all is recorded, a second and a third life make nothing new and end with the very same words. */
static void replay_is_exact(void **state) {
  (void)state;
  unsigned rows;
  char *undisturbed = reference(&rows);
  struct bench b;
  new_bench(&b);
  lives_until(&b, rows); /* before its end was written */
  char *first = NULL;
  for (int life = 0; life < 3; life++) {
    open_library(&b);
    if (life > 0) { /* a retry starts with a copy of the journal */
      json_t *out = NULL, *request = json_object();
      struct error e = {0};
      b.commands.engine = b.engine;
      if (command_retry(&b.commands, b.run, request, &out, &e) != OK) fail_msg("retry: %s", e.message);
      b.run = json_integer_value(json_object_get(out, "run"));
      json_decref(out);
      json_decref(request);
    }
    move(&b);
    struct run_row row = row_of(&b);
    assert_string_equal(row.status, "completed");
    if (!first) first = mem_dup(row.result);
    assert_string_equal(row.result, first);
    assert_int_equal(count(&b, "SELECT count(*) FROM calls"), 5);
    run_row_release(&row);
    close_library(&b);
  }
  free(first);
  free(undisturbed);
  remove_bench(&b);
}

static void cancel(struct bench *b) {
  engine_cancel(b->engine, b->run);
}

/* Another host took it: no write of this one may land. */
static enum err apply_steal(struct db *db, struct store_op *op) {
  (void)op;
  return db_run(db_prepare(db, "UPDATE runs SET epoch = epoch + 1"));
}
static void free_steal(struct store_op *op) {
  free(op);
}
static const struct store_op_kind steal_kind = {.name = "steal", .apply = apply_steal, .free = free_steal};
static void steal(struct bench *b) {
  struct store_op *op = mem_alloc(sizeof *op);
  op->kind = &steal_kind;
  op->done = free_steal;
  store_post(b->store, op);
}

static void on_drained(void *arg) {
  ((struct bench *)arg)->drained = true;
}
static void drain(struct bench *b) {
  engine_drain(b->engine, 0, on_drained, b);
}

/* In each case the run leaves the host, nothing leaks, and the row says what became of it. */
static void harmed_at_each_wait(void (*harm)(struct bench *b), const char *expect) {
  unsigned rows;
  free(reference(&rows));
  for (unsigned k = 0; k < rows; k++) {
    struct bench b;
    new_bench(&b);
    open_library(&b);
    make_run(&b, source);
    b.harm_at = k;
    b.harm = harm;
    move(&b);
    struct run_row row = row_of(&b);
    if (strcmp(row.status, expect) != 0 && strcmp(row.status, "completed") != 0)
      fail_msg("harmed after %u answers it is %s", k, row.status);
    if (strcmp(row.status, "cancelled") == 0) assert_non_null(strstr(row.error, "\"kind\":\"cancelled\""));
    assert_int_equal(engine_runs(b.engine), 0);
    assert_int_equal(llm_in_flight(b.llm), 0);
    run_row_release(&row);
    close_library(&b);
    remove_bench(&b);
  }
}

static void cancelled_at_each_wait(void **state) {
  (void)state;
  harmed_at_each_wait(cancel, "cancelled");
}
static void stolen_at_each_wait(void **state) {
  (void)state;
  harmed_at_each_wait(steal, "running");
}
static void drained_at_each_wait(void **state) {
  (void)state;
  harmed_at_each_wait(drain, "queued");
}

static void failed_at_each_probe(void **state) {
  (void)state;
  for (int k = 1; k <= 5; k++) {
    struct bench b;
    new_bench(&b);
    probe_fails_at = k;
    open_library(&b);
    make_run(&b, source);
    move(&b);
    struct run_row row = row_of(&b);
    assert_string_equal(row.status, "failed");
    assert_non_null(strstr(row.error, "the probe failed"));
    assert_non_null(strstr(row.error, "\"kind\":\"not_found\""));
    assert_non_null(strstr(row.error, "\"phase\":\"one\""));
    run_row_release(&row);
    close_library(&b);
    remove_bench(&b);
  }
}

/* A failure that a script catches is an entry like an answer: the next life gets it at the same place, and does not try again. Each later question
 * holds the order so far, so another order would ask other questions. */
static void a_failure_keeps_its_place(void **state) {
  (void)state;
  static const char script[] = "return { title = 't', run = function()\n"
                               "  local order = ''\n"
                               "  task.map({'a', 'b', 'c'}, function(name)\n"
                               "    local good = pcall(probe.wait, name)\n"
                               "    order = order .. name .. tostring(good)\n"
                               "    probe.wait(order)\n"
                               "    order = order .. name\n"
                               "    probe.wait(order)\n"
                               "  end, { limit = 3 })\n"
                               "  return order\n"
                               "end }";
  enum { ROWS = 9 };
  for (unsigned k = 1; k < ROWS; k++) {
    struct bench b;
    new_bench(&b);
    b.source = script;
    probe_fails_at = 1;
    lives_until(&b, k);
    probe_fails_at = 0;
    open_library(&b);
    move(&b);
    struct run_row row = row_of(&b);
    if (strcmp(row.status, "completed") != 0) fail_msg("killed after %u: %s: %s", k, row.status, row.error);
    assert_non_null(strstr(row.result, "afalse"));
    assert_int_equal(count(&b, "SELECT count(*) FROM journal"), ROWS);
    run_row_release(&row);
    close_library(&b);
    remove_bench(&b);
  }
}

/* Too little memory for anything, for the libraries, for the script, for the tasks, for an answer: always a limit, never the host's end. */
static void every_memory_cap(void **state) {
  (void)state;
  int completed = 0;
  for (size_t kb = 60; kb <= 700; kb += kb < 300 ? 4 : 20) {
    struct bench b;
    new_bench(&b);
    open_library(&b);
    make_run(&b, source); /* checked with what a form has */
    b.engine->settings.machine.memory = kb << 10;
    move(&b);
    struct run_row row = row_of(&b);
    bool well = strcmp(row.status, "completed") == 0;
    if (!well && (strcmp(row.status, "failed") != 0 || !strstr(row.error, "\"kind\":\"limit\"")))
      fail_msg("with %zu KB: %s %s", kb, row.status, row.error ? row.error : "");
    completed += well;
    run_row_release(&row);
    close_library(&b);
    remove_bench(&b);
  }
  assert_true(completed > 0);
}

static void ends(const char *script, const char *status, const char *words) {
  struct bench b;
  new_bench(&b);
  open_library(&b);
  make_run(&b, script);
  move(&b);
  struct run_row row = row_of(&b);
  const char *said = row.error ? row.error : row.result ? row.result : "";
  if (strcmp(row.status, status) != 0 || !strstr(said, words)) fail_msg("%s: %s", row.status, said);
  run_row_release(&row);
  close_library(&b);
  remove_bench(&b);
}

static void tasks_that_wait_for_each_other(void **state) {
  (void)state;
  ends("return { title = 't', run = function()\n"
       "  local t\n"
       "  t = task.spawn(function() probe.wait() task.wait(t) end)\n"
       "  task.wait(t)\n"
       "end }",
       "failed", "\"kind\":\"stuck\"");
}

static void a_script_cannot_say_that_a_person_cancelled_it(void **state) {
  (void)state;
  ends("return { title = 't', run = function() error{ kind = 'cancelled', message = 'I stop' } end }",
       "failed", "\"kind\":\"script\"");
}

/* The handle of a grandchild outlives the child that made it. */
static void handle_of_a_cancelled_task(void **state) {
  (void)state;
  ends("return { title = 't', run = function()\n"
       "  local handle\n"
       "  task.spawn(function()\n"
       "    handle = task.spawn(function() run.sleep(60) end)\n"
       "    run.sleep(0.05)\n"
       "  end)\n"
       "  probe.wait()\n"
       "  local ok, why = pcall(task.wait, handle)\n"
       "  return tostring(why)\n"
       "end }",
       "completed", "the task that started it ended");
}

int main(void) {
  log_setup(LOG_OFF_LEVEL, false);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(replay_is_exact),
      cmocka_unit_test(killed_after_each_row),
      cmocka_unit_test(cancelled_at_each_wait),
      cmocka_unit_test(stolen_at_each_wait),
      cmocka_unit_test(drained_at_each_wait),
      cmocka_unit_test(failed_at_each_probe),
      cmocka_unit_test(a_failure_keeps_its_place),
      cmocka_unit_test(a_script_cannot_say_that_a_person_cancelled_it),
      cmocka_unit_test(every_memory_cap),
      cmocka_unit_test(tasks_that_wait_for_each_other),
      cmocka_unit_test(handle_of_a_cancelled_task),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
