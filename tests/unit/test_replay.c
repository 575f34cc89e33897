/* test_replay.c - the lives of one run: what a later life repeats, what it asks, counts and tells. */
#include "engine_bench.h"

#include <sys/stat.h>

enum { MOST_TEXT = 4000 };

/* ---- a library whose scripts and settings change between the lives of a run */

static void write_file(const struct bench *b, const char *name, const char *text) {
  char *path = mem_printf("%s/%s", b->dir, name);
  FILE *f = fopen(path, "w");
  assert_non_null(f);
  fputs(text, f);
  fclose(f);
  free(path);
}

static void write_pipeline(const struct bench *b, const char *text) {
  char *dir = mem_printf("%s/pipelines", b->dir);
  mkdir(dir, 0700);
  free(dir);
  write_file(b, "pipelines/lives.lua", text);
}

static void start_pipeline(struct bench *b) {
  json_t *request = json_pack("{s:s, s:b}", "pipeline", "lives", "hold", 1), *out = NULL;
  struct error e = {0};
  b->commands.engine = b->engine;
  if (command_run(&b->commands, request, &out, &e) != OK) fail_msg("run: %s %s", e.message, e.hint);
  b->run = json_integer_value(json_object_get(out, "run"));
  json_decref(request);
  json_decref(out);
}

/* `request` is consumed. */
static void resume_with(struct bench *b, json_t *request) {
  json_t *out = NULL;
  struct error e = {0};
  b->commands.engine = b->engine;
  if (command_resume(&b->commands, b->run, request, &out, &e) != OK) fail_msg("resume: %s", e.message);
  json_decref(request);
  json_decref(out);
}

static void on_drained(void *arg) {
  ((struct bench *)arg)->drained = true;
}
static void drain(struct bench *b) {
  engine_drain(b->engine, 0, on_drained, b);
}

/* A drain is heard a few answers later: these lie between what a life shall do and what it shall not. */
#define REST "  for i = 1, 50 do probe.wait('rest ' .. i) end\n"

/* One life of the run: a host opens the library, moves it until it ends or has `most` new answers (0: no limit), and goes. */
static void live(struct bench *b, unsigned most) {
  open_library(b);
  if (!b->run) start_pipeline(b);
  b->harm_at = most;
  b->harm = most ? drain : NULL;
  move(b);
  close_library(b);
}

static void text_of(struct bench *b, const char *sql, char out[MOST_TEXT]) {
  open_library(b);
  struct db *db = store_reader(b->store);
  struct db_stmt *s = db_prepare(db, sql);
  assert_int_equal(db_step(s), DB_ROW);
  snprintf(out, MOST_TEXT, "%s", db_text(s, 0) ? db_text(s, 0) : "");
  db_reset(s);
  store_reader_release(b->store, db);
  close_library(b);
}

static void is(struct bench *b, const char *sql, const char *expected, const char *when) {
  char text[MOST_TEXT];
  text_of(b, sql, text);
  if (strcmp(text, expected) != 0) fail_msg("%s: \"%s\" instead of \"%s\"", when, text, expected);
}

static const char lines[] = "SELECT group_concat(json_extract(data, '$.text')) FROM (SELECT data FROM events"
                            " WHERE kind = 'log' ORDER BY id)";
static const char phases[] = "SELECT group_concat(json_extract(data, '$.name')) FROM (SELECT data FROM events"
                             " WHERE kind = 'phase' ORDER BY id)";
static const char status[] =
    "SELECT status || COALESCE(' ' || wait_kind, '') FROM runs ORDER BY id DESC LIMIT 1";

/* ---- its history */

/* Whatever was recorded when a host died: steps tell nothing when they are repeated, and nobody's new line is taken for one of theirs. */
static void each_line_of_the_log_is_told_once_wherever_a_host_died(void **state) {
  (void)state;
  static const char script[] =
      "return { title = 't', run = function()\n"
      "  log.info('a')\n"
      "  step('one', 1, function() log.info('b') log.info('same') return 1 end)\n"
      "  log.info('same')\n"
      "  probe.wait('1')\n"
      "  run.phase('two')\n"
      "  pcall(step, 'bad', 1, function() log.info('c') error('no') end)\n"
      "  log.info('d')\n"
      "  step('two', 2, function() log.info('e') return 1 end)\n"
      "  task.map({1, 2}, function(i) log.info('f') probe.wait('2') log.info('g' .. i) end)\n"
      "  probe.wait('3')\n"
      "  log.info('h')\n"
      "end }";
  enum { ROWS = 6 };
  for (unsigned k = 1; k <= ROWS; k++) {
    struct bench b;
    char when[40];
    snprintf(when, sizeof when, "killed after %u answers", k);
    new_bench(&b, script);
    lives_until(&b, k);
    live(&b, 0);
    is(&b, status, "completed", when);
    is(&b,
       "SELECT group_concat(line) FROM (SELECT json_extract(data, '$.text') AS line FROM events"
       " WHERE kind = 'log' ORDER BY line)",
       "a,b,c,d,e,f,f,g1,g2,h,same,same", when);
    is(&b, phases, "two", when);
    remove_bench(&b);
  }
}

static void new_lines_of_changed_scripts_are_told_although_all_answers_are_recorded(void **state) {
  (void)state;
  struct bench b;
  new_bench(&b, NULL);
  write_pipeline(&b, "return { title = 't', run = function()\n"
                     "  log.info('old') probe.wait('1') log.info('between') probe.wait('2')\n" REST "end }");
  live(&b, 2);
  is(&b, lines, "old,between", "before the change");
  write_pipeline(&b,
                 "return { title = 't', run = function()\n"
                 "  log.info('old') log.info('new') probe.wait('1') run.phase('last') log.info('between')\n"
                 "  run.summary('short')\n"
                 "end }");
  open_library(&b);
  resume_with(&b, json_pack("{s:[s]}", "with", "scripts"));
  move(&b);
  close_library(&b);
  is(&b, status, "completed", "with new scripts");
  is(&b, lines, "old,between,new", "with new scripts");
  is(&b, phases, "last", "with new scripts");
  is(&b, "SELECT summary FROM runs", "short", "with new scripts");
  remove_bench(&b);
}

/* ---- what it asks again */

static const char three_calls[] =
    "return { title = 't', run = function()\n"
    "  for i = 1, 3 do llm.ask{ role = 'writer', prompt = 'Line ' .. i, max_words = 20 } end\n" REST "end }";
static const char asked[] = "SELECT count(*) FROM calls";

static void write_roles(const struct bench *b, const char *model) {
  char *text = mem_printf("return { roles = { writer = 'rehearsal/%s' } }", model);
  write_file(b, "quire.lua", text);
  free(text);
}

static void answers_of_a_roles_second_model_are_not_paid_again(void **state) {
  (void)state;
  struct bench b;
  new_bench(&b, NULL);
  write_pipeline(&b, three_calls);
  write_roles(&b, "second");
  live(&b, 3);
  is(&b, asked, "3", "with one model");
  open_library(&b);
  resume_with(&b, json_pack("{s:[s], s:{s:[s,s]}}", "with", "models", "models", "writer", "rehearsal/first",
                            "rehearsal/second"));
  b.harm_at = 1;
  b.harm = drain;
  move(&b);
  close_library(&b);
  is(&b, asked, "3", "with two models");
  live(&b, 0);
  is(&b, status, "completed", "in its third life");
  is(&b, asked, "3", "in its third life");
  remove_bench(&b);
}

static void a_later_life_pays_nothing_again_for_the_models_of_an_earlier_resume(void **state) {
  (void)state;
  struct bench b;
  new_bench(&b, NULL);
  write_pipeline(&b, three_calls);
  write_roles(&b, "one");
  live(&b, 3);
  write_roles(&b, "two");
  open_library(&b);
  resume_with(&b, json_pack("{s:[s]}", "with", "models"));
  b.harm_at = 3;
  b.harm = drain;
  move(&b);
  close_library(&b);
  is(&b, asked, "6", "with other models");
  write_roles(&b, "three");
  live(&b, 0);
  is(&b, status, "completed", "in its third life");
  is(&b, asked, "6", "in its third life");
  remove_bench(&b);
}

/* What the run wrote since its scripts were changed is what it reads, in this life and the next. */
static void a_later_life_reads_what_the_changed_run_has_written(void **state) {
  (void)state;
  static const char script[] =
      "return { title = 't', run = function()\n"
      "  artifact.put('a.md', '%s')\n" REST "  local text = artifact.get('a.md')\n" REST "  return text\n"
      "end }";
  struct bench b;
  new_bench(&b, NULL);
  char *old = mem_printf(script, "old"), *new = mem_printf(script, "new");
  write_pipeline(&b, old);
  live(&b, 52);
  write_pipeline(&b, new);
  open_library(&b);
  resume_with(&b, json_pack("{s:[s]}", "with", "scripts"));
  b.harm_at = 1; /* the put */
  b.harm = drain;
  move(&b);
  close_library(&b);
  live(&b, 0);
  is(&b, status, "completed", "in its third life");
  is(&b, "SELECT result FROM run_texts", "\"new\"", "in its third life");
  free(old);
  free(new);
  remove_bench(&b);
}

/* Two lives asked; the first one's answer came when the second's was recorded already. What was told stays told. */
static void an_answer_that_came_late_takes_no_recorded_ones_place(void **state) {
  (void)state;
  struct bench b;
  char told[MOST_TEXT];
  new_bench(&b, NULL);
  write_pipeline(&b,
                 "return { title = 't', run = function()\n"
                 "  local line = llm.ask { role = 'writer', prompt = 'A line', max_words = 20 }.text\n" REST
                 "  return line\nend }");
  live(&b, 1);
  text_of(&b, "SELECT json_quote(answer) FROM calls", told);
  char *path = mem_printf("%s/quire.db", b.dir);
  struct db *db = NULL;
  assert_int_equal(db_open(path, DB_WRITER, &db, NULL), OK);
  assert_int_equal(db_exec(db, "CREATE TEMP TABLE late AS SELECT * FROM calls;"
                               "UPDATE late SET id = 77, answer = 'Another line.', late_result = NULL;"
                               "INSERT INTO calls SELECT * FROM late"),
                   OK);
  db_close(db);
  free(path);
  live(&b, 0);
  is(&b, status, "completed", "in its second life");
  is(&b, asked, "2", "in its second life");
  is(&b, "SELECT result FROM run_texts", told, "in its second life");
  remove_bench(&b);
}

/* A changed script asks in a task of its own what the old one asked: its answer is taken over, once. A read is not: it belongs to its place. */
static void a_changed_script_takes_an_answer_over_once_and_no_read(void **state) {
  (void)state;
  struct bench b;
  new_bench(&b, NULL);
#define ASK  "llm.ask { role = 'writer', prompt = 'A line', max_words = 20 }"
#define TASK "task.wait(task.spawn(function() return "
  write_pipeline(&b, "return { title = 't', run = function()\n"
                     "  " ASK "\n  artifact.put('a.md', 'old')\n  local text = artifact.get('a.md')\n" REST
                     "  return text\nend }");
  live(&b, 3);
  is(&b, asked, "1", "before the change");
  write_pipeline(&b, "return { title = 't', run = function()\n"
                     "  " TASK ASK " end))\n  " ASK "\n  artifact.put('a.md', 'new')\n"
                     "  return " TASK "artifact.get('a.md') end))\nend }");
  open_library(&b);
  resume_with(&b, json_pack("{s:[s]}", "with", "scripts"));
  move(&b);
  close_library(&b);
  is(&b, status, "completed", "with new scripts");
  is(&b, asked, "2", "with new scripts");
  is(&b, "SELECT result FROM run_texts", "\"new\"", "with new scripts");
  remove_bench(&b);
}

static void a_role_called_scripts_does_not_change_the_scripts_of_a_run(void **state) {
  (void)state;
  struct bench b;
  new_bench(&b, NULL);
  write_pipeline(&b, "return { title = 't', run = function()\n" REST "  return 'old'\nend }");
  live(&b, 1);
  write_pipeline(&b, "return { title = 't', run = function() return 'new' end }");
  open_library(&b);
  resume_with(&b, json_pack("{s:[s]}", "with", "models=scripts"));
  move(&b);
  close_library(&b);
  is(&b, "SELECT result FROM run_texts", "\"old\"", "resumed");
  remove_bench(&b);
}

/* ---- random numbers */

/* A recorded step is not run again: whoever draws numbers after it gets the same ones all the same. */
static void numbers_drawn_in_a_step_do_not_move_those_after_it(void **state) {
  (void)state;
  static const char script[] =
      "return { title = 't', run = function()\n"
      "  local dice = {}\n"
      "  for i = 1, 3 do\n"
      "    dice[i] = step('dice', 1, function() return math.random(1, 1000000) end)\n"
      "    probe.wait('roll ' .. math.random(1, 1000000))\n"
      "  end\n"
      "  pcall(step, 'bad', 1, function() math.random() error('no') end)\n"
      "  pcall(task.wait, task.spawn(function() step('dead', 1, function() math.random() error('no') end) end))\n"
      "  probe.wait('last ' .. math.random(1, 1000000))\n"
      "  if dice[1] == dice[2] then error('each step has its own numbers') end\n"
      "end }";
  static const char without[] = "return { title = 't', run = function()\n"
                                "  for i = 1, 3 do probe.wait('roll ' .. math.random(1, 1000000)) end\n"
                                "  probe.wait('last ' .. math.random(1, 1000000))\n"
                                "end }";
  static const char drawn[] =
      "SELECT group_concat(hex(hash)) FROM (SELECT hash FROM journal WHERE kind = 'probe' ORDER BY seq)";
  enum { ROWS = 7 };
  char expected[MOST_TEXT];
  struct bench b;
  new_bench(&b, NULL);
  write_pipeline(&b, without);
  live(&b, 0);
  text_of(&b, drawn, expected);
  remove_bench(&b);
  for (unsigned k = 1; k <= ROWS; k++) {
    new_bench(&b, NULL);
    write_pipeline(&b, script);
    live(&b, k);
    live(&b, 0);
    is(&b, status, "completed", "repeated");
    is(&b, drawn, expected, "repeated");
    remove_bench(&b);
  }
}

/* ---- what it may still spend */

static void calls_of_an_earlier_life_count_for_the_budget(void **state) {
  (void)state;
  struct bench b;
  new_bench(&b, NULL);
  write_pipeline(&b, "return { title = 't', run = function()\n"
                     "  for i = 1, 5 do\n"
                     "    llm.ask{ role = 'writer', prompt = 'Line ' .. i, max_words = 20 }\n"
                     "    if i == 2 then\n" REST "    end\n"
                     "  end\n"
                     "end }");
  write_file(&b, "quire.lua", "return { limits = { run_calls = 3 } }");
  live(&b, 2);
  is(&b, status, "queued", "after two calls");
  live(&b, 0);
  is(&b, status, "waiting budget", "after a third call");
  is(&b, asked, "3", "after a third call");
  remove_bench(&b);
}

static void money_of_an_earlier_life_counts_for_the_budget(void **state) {
  (void)state;
  enum { LINES = 60 };
  struct bench b;
  char spent[MOST_TEXT];
  new_bench(&b, NULL);
  write_file(&b, "quire.lua",
             "return { roles = { writer = 'rehearsal/one' },"
             " prices = { ['rehearsal/one'] = { input = 100, output = 0 } } }");
  write_pipeline(&b,
                 "return { title = 't', run = function()\n"
                 "  for i = 1, 61 do\n"
                 "    if i == 61 then\n" REST "    end\n"
                 "    llm.ask{ role = 'writer', prompt = 'Line ' .. i .. (' '):rep(400), max_words = 20 }\n"
                 "  end\n"
                 "end }");
  live(&b, LINES);
  is(&b, asked, "60", "before the limit");
  text_of(&b, "SELECT cost_nano / 1e9 FROM runs", spent);
  open_library(&b);
  resume_with(&b, json_pack("{s:f}", "budget_usd", atof(spent)));
  move(&b);
  close_library(&b);
  is(&b, status, "waiting budget", "with all of it spent");
  is(&b, asked, "60", "with all of it spent");
  remove_bench(&b);
}

int main(void) {
  log_setup(LOG_OFF_LEVEL, false);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_line_of_the_log_is_told_once_wherever_a_host_died),
      cmocka_unit_test(new_lines_of_changed_scripts_are_told_although_all_answers_are_recorded),
      cmocka_unit_test(answers_of_a_roles_second_model_are_not_paid_again),
      cmocka_unit_test(a_later_life_pays_nothing_again_for_the_models_of_an_earlier_resume),
      cmocka_unit_test(a_later_life_reads_what_the_changed_run_has_written),
      cmocka_unit_test(an_answer_that_came_late_takes_no_recorded_ones_place),
      cmocka_unit_test(a_changed_script_takes_an_answer_over_once_and_no_read),
      cmocka_unit_test(a_role_called_scripts_does_not_change_the_scripts_of_a_run),
      cmocka_unit_test(numbers_drawn_in_a_step_do_not_move_those_after_it),
      cmocka_unit_test(calls_of_an_earlier_life_count_for_the_budget),
      cmocka_unit_test(money_of_an_earlier_life_counts_for_the_budget),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
