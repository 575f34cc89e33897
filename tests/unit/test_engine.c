/* test_engine.c - the engine with a real store and the embedded model, under torture: every order, every wait, every journal row.
 */
#include "engine_bench.h"

enum { MOST_ROWS = 200 };

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
    "    note(('probed %s %02d'):format(name, #order))\n"
    "    artifact.put('texts/' .. name .. '.md', answer.text)\n"
    "    note(('put %s %02d'):format(name, #order))\n"
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
  new_bench(&b, source);
  open_library(&b);
  make_run(&b, source);
  move(&b);
  struct run_row row = row_of(&b);
  if (row.status != RUN_COMPLETED) fail_msg("%s: %s", run_status_word(row.status), row.error);
  char *result = mem_dup(row.result);
  *rows = (unsigned)count(&b, "SELECT count(*) FROM journal");
  assert_int_equal(count(&b, "SELECT count(*) FROM calls"), 5);
  run_row_release(&row);
  close_library(&b);
  remove_bench(&b);
  return result;
}

/* ---- the cases */

/* The order between tasks may differ from run to run, for it is the order of the answers. But each life of one run tells the same. */
static void killed_after_each_row(void **state) {
  (void)state;
  unsigned rows;
  char *undisturbed = reference(&rows);
  assert_in_range(rows, 20, MOST_ROWS);
  for (unsigned k = 1; k <= rows; k++) {
    struct bench b;
    new_bench(&b, source);
    lives_until(&b, k);
    open_library(&b);
    int64_t kept = count(&b, "SELECT count(*) FROM calls WHERE state = 'answered'");
    move(&b);
    struct run_row row = row_of(&b);
    if (row.status != RUN_COMPLETED)
      fail_msg("killed after %u: %s: %s", k, run_status_word(row.status), row.error);
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
  new_bench(&b, source);
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
    assert_int_equal(row.status, RUN_COMPLETED);
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
static void harmed_at_each_wait(void (*harm)(struct bench *b), enum run_status expect) {
  unsigned rows;
  free(reference(&rows));
  for (unsigned k = 0; k < rows; k++) {
    struct bench b;
    new_bench(&b, source);
    open_library(&b);
    make_run(&b, source);
    b.harm_at = k;
    b.harm = harm;
    move(&b);
    struct run_row row = row_of(&b);
    if (row.status != expect && row.status != RUN_COMPLETED)
      fail_msg("harmed after %u answers it is %s", k, run_status_word(row.status));
    if (row.status == RUN_CANCELLED) assert_non_null(strstr(row.error, "\"kind\":\"cancelled\""));
    assert_int_equal(engine_runs(b.engine), 0);
    assert_int_equal(llm_in_flight(b.llm), 0);
    run_row_release(&row);
    close_library(&b);
    remove_bench(&b);
  }
}

static void cancelled_at_each_wait(void **state) {
  (void)state;
  harmed_at_each_wait(cancel, RUN_CANCELLED);
}
static void stolen_at_each_wait(void **state) {
  (void)state;
  harmed_at_each_wait(steal, RUN_RUNNING);
}
static void drained_at_each_wait(void **state) {
  (void)state;
  harmed_at_each_wait(drain, RUN_QUEUED);
}

static void failed_at_each_probe(void **state) {
  (void)state;
  for (int k = 1; k <= 5; k++) {
    struct bench b;
    new_bench(&b, source);
    probe_fails_at = k;
    open_library(&b);
    make_run(&b, source);
    move(&b);
    struct run_row row = row_of(&b);
    assert_int_equal(row.status, RUN_FAILED);
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
    new_bench(&b, script);
    probe_fails_at = 1;
    lives_until(&b, k);
    probe_fails_at = 0;
    open_library(&b);
    move(&b);
    struct run_row row = row_of(&b);
    if (row.status != RUN_COMPLETED)
      fail_msg("killed after %u: %s: %s", k, run_status_word(row.status), row.error);
    assert_non_null(strstr(row.result, "afalse"));
    assert_int_equal(count(&b, "SELECT count(*) FROM journal"), ROWS);
    run_row_release(&row);
    close_library(&b);
    remove_bench(&b);
  }
}

/* An answer has its place in the record before the script has it; what another task is answered meanwhile comes after it, now as in a replay. */
static void answers_are_delivered_in_the_order_of_their_places(void **state) {
  (void)state;
  static const char script[] =
      "return { title = 't', run = function()\n"
      "  local order, asked, numbers = {}, 0, {}\n"
      "  for i = 1, 60 do numbers[i] = i end\n"
      "  local function probes()\n"
      "    while asked < #numbers and #order < 4000 do\n"
      "      run.sleep(0.001)\n"
      "      order[#order + 1] = 'sleep'\n"
      "      for i = 1, 6 do probe.wait('p' .. #order); order[#order + 1] = 'probe' end\n"
      "    end\n"
      "  end\n"
      "  local function ask(i)\n"
      "    llm.ask{ role = 'writer', prompt = 'Line ' .. i, max_words = 10 }\n"
      "    asked = asked + 1; order[#order + 1] = 'llm'\n"
      "  end\n"
      "  task.all{ probes, function() task.map(numbers, ask, { limit = 3 }) end }\n"
      "  return order\n"
      "end }";
  struct bench b;
  new_bench(&b, script);
  open_library(&b);
  make_run(&b, script);
  move(&b);
  struct run_row row = row_of(&b);
  assert_int_equal(row.status, RUN_COMPLETED);
  assert_int_equal(count(&b, "SELECT count(*) FROM journal WHERE kind = 'llm'"), 60);
  assert_int_equal(
      count(&b,
            "SELECT count(*) FROM (SELECT row_number() OVER (ORDER BY seq) - 1 AS at, kind FROM journal) j"
            " JOIN json_each((SELECT result FROM run_texts)) r ON r.key = j.at WHERE r.value <> j.kind"),
      0);
  run_row_release(&row);
  close_library(&b);
  remove_bench(&b);
}

/* Who is asked first is answered last. In the next life all answers are there at once, and each task gets its own when its turn was: the questions
 * hold the order so far, so that another order would ask other questions. */
static void a_replay_takes_answers_in_the_order_of_the_first_life(void **state) {
  (void)state;
  static const char script[] = "return { title = 't', run = function()\n"
                               "  local order = ''\n"
                               "  task.map({0.3, 0.15, 0}, function(seconds)\n"
                               "    run.sleep(seconds)\n"
                               "    order = order .. ' ' .. seconds\n"
                               "    probe.wait(order)\n"
                               "  end, { limit = 3 })\n"
                               "  return order\n"
                               "end }";
  enum { ROWS = 6 };
  struct bench b;
  new_bench(&b, script);
  lives_until(&b, 4); /* in its longest nap: the others, and what was asked after each, are recorded */
  open_library(&b);
  move(&b);
  struct run_row row = row_of(&b);
  assert_int_equal(row.status, RUN_COMPLETED);
  assert_int_equal(count(&b, "SELECT count(*) FROM journal"), ROWS);
  run_row_release(&row);
  close_library(&b);
  remove_bench(&b);
}

/* Too little memory for anything, for the libraries, for the script, for the tasks, for an answer: always a limit, never the host's end. */
static void every_memory_cap(void **state) {
  (void)state;
  int completed = 0;
  struct bench b;
  new_bench(&b, source);
  open_library(&b);
  for (size_t kb = 60; kb <= 700; kb += kb < 300 ? 4 : 20) {
    make_run(&b, source); /* checked with what a form has */
    b.engine->settings.machine.memory = kb << 10;
    move(&b);
    struct run_row row = row_of(&b);
    bool well = row.status == RUN_COMPLETED;
    if (!well && (row.status != RUN_FAILED || !strstr(row.error, "\"kind\":\"limit\"")))
      fail_msg("with %zu KB: %s %s", kb, run_status_word(row.status), row.error ? row.error : "");
    completed += well;
    run_row_release(&row);
  }
  close_library(&b);
  remove_bench(&b);
  assert_true(completed > 0);
}

static void ends(const char *script, enum run_status status, const char *words) {
  struct bench b;
  new_bench(&b, script);
  open_library(&b);
  make_run(&b, script);
  move(&b);
  struct run_row row = row_of(&b);
  const char *said = row.error ? row.error : row.result ? row.result : "";
  if (row.status != status || !strstr(said, words)) fail_msg("%s: %s", run_status_word(row.status), said);
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
       RUN_FAILED, "\"kind\":\"stuck\"");
}

static void a_script_cannot_say_that_a_person_cancelled_it(void **state) {
  (void)state;
  ends("return { title = 't', run = function() error{ kind = 'cancelled', message = 'I stop' } end }",
       RUN_FAILED, "\"kind\":\"script\"");
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
       RUN_COMPLETED, "the task that started it ended");
}

static void an_error_keeps_its_words_whatever_it_is_made_of(void **state) {
  (void)state;
  static const char run[] = "return { title = 't', run = function() %s end }";
  static const struct {
    const char *raised, *words;
  } errors[] = {
      {"error(setmetatable({ place = 'Elm Bay' }, { __tostring = function(e) return 'no entry for ' .. e.place end }))",
       "\"message\":\"no entry for Elm Bay\""},
      {"task.all{ function() error(setmetatable({}, { __tostring = function() return 'of a task' end })) end }",
       "\"message\":\"of a task\""},
      {"error(42)", "\"message\":\"42\""},
      {"error({ message = 4.5, hint = 'less' })",
       "\"hint\":\"less\",\"kind\":\"script\",\"message\":\"4.5\""},
      {"error(false)", "\"message\":\"false\""},
      {"error({ code = 7 })", "a table without a message: {\\\"code\\\":7}"},
      {"error(setmetatable({}, { __tostring = function() while true do end end }))",
       "raised an error without a message"},
      {"error()", "raised an error without a message"},
  };
  for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
    char *script = mem_printf(run, errors[i].raised);
    ends(script, RUN_FAILED, errors[i].words);
    free(script);
  }
}

static void a_task_that_was_waited_for_takes_no_more_room(void **state) {
  (void)state;
  ends(
      "return { title = 't', run = function()\n"
      "  local n = 0\n"
      "  for i = 1, 20000 do n = n + #task.wait(task.spawn(function() return ('x'):rep(1000 + i % 2) end, { key = 'k' })) end\n"
      "  for i = 1, 200 do n = n + #task.map({1, 2, 3}, function() return ('x'):rep(100000) end) end\n"
      "  return n\n"
      "end }",
      RUN_COMPLETED, "20010600");
}

static void a_task_can_be_waited_for_again(void **state) {
  (void)state;
  ends(
      "return { title = 't', run = function()\n"
      "  local good, bad = task.spawn(function() probe.wait() return 'yes' end), task.spawn(function() error('no', 0) end)\n"
      "  local both = task.all{ function() return task.wait(good) end, function() return task.wait(good) end }\n"
      "  local _, first = pcall(task.wait, bad)\n"
      "  local _, second = pcall(task.wait, bad)\n"
      "  return both[1] .. both[2] .. task.wait(good) .. first .. second\n"
      "end }",
      RUN_COMPLETED, "\"yesyesyesnono\"");
}

static void a_map_without_a_limit_runs_them_all(void **state) {
  (void)state;
  ends("return { title = 't', run = function()\n"
       "  return task.map({1, 2, 3}, function(x) return x end, { limit = math.huge })[3]\n"
       "end }",
       RUN_COMPLETED, "3");
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
      cmocka_unit_test(answers_are_delivered_in_the_order_of_their_places),
      cmocka_unit_test(a_replay_takes_answers_in_the_order_of_the_first_life),
      cmocka_unit_test(a_script_cannot_say_that_a_person_cancelled_it),
      cmocka_unit_test(every_memory_cap),
      cmocka_unit_test(tasks_that_wait_for_each_other),
      cmocka_unit_test(handle_of_a_cancelled_task),
      cmocka_unit_test(an_error_keeps_its_words_whatever_it_is_made_of),
      cmocka_unit_test(a_task_that_was_waited_for_takes_no_more_room),
      cmocka_unit_test(a_task_can_be_waited_for_again),
      cmocka_unit_test(a_map_without_a_limit_runs_them_all),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
