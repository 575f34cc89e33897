/* What the ops on projects, gates, notes, events and script sets promise, against a real file. */
#include "store_fixture.h"
#include <pthread.h>
#include "base/jsonx.h"

struct seen {
  int n;
  char what[400];
};

/* --- projects --- */

static void note_project(void *arg, const struct project_row *row) {
  struct seen *seen = arg;
  size_t at = strlen(seen->what);
  snprintf(seen->what + at, sizeof seen->what - at, "%s:%s:%s ", row->slug, row->title, row->fields);
}

static char *project_call(struct store *s, int64_t run, int64_t epoch, int64_t seq, int what,
                          const char *fields, const char *key, enum err wanted) {
  struct op_project *op = mem_alloc(sizeof *op);
  op->op.kind = &op_project_kind;
  op->entry = entry_of(run, epoch, seq, "project", NULL);
  op->project = project_of(s, run);
  op->what = what;
  op->fields = fields;
  op->key = key;
  assert_int_equal(store_do(s, &op->op), wanted);
  char *result = op->result;
  op->result = NULL;
  op->op.kind->free(&op->op);
  return result;
}

static void projects_have_fields_children_and_parents(void **state) {
  struct store *s = ((struct fixture *)*state)->store;
  int64_t epoch, run = running(s, "saga", &epoch);
  char *r = project_call(s, run, epoch, 1, PROJECT_SET,
                         "{\"title\":\"The Saga\",\"kind\":\"series\",\"books\":3,\"x\":1}", NULL, OK);
  assert_string_equal(
      r,
      "{\"fields\":{\"books\":3,\"x\":1},\"id\":1,\"kind\":\"series\",\"slug\":\"saga\",\"title\":\"The Saga\"}");
  free(r);
  r = project_call(s, run, epoch, 2, PROJECT_SET, "{\"x\":null}", NULL, OK);
  assert_non_null(strstr(r, "{\"books\":3}"));
  free(r);
  r = project_call(s, run, epoch, 3, PROJECT_CHILD, "{\"title\":\"Book One\"}", "Book 1", OK);
  assert_non_null(strstr(r, "\"slug\":\"saga-book-1\",\"title\":\"Book One\""));
  free(r);
  free(project_call(s, run, epoch, 4, PROJECT_CHILD, "{}", "Book 1", OK));
  assert_int_equal(ask(s, "SELECT count(*) FROM projects"), 2);
  r = project_call(s, run, epoch, 5, PROJECT_PARENT, NULL, NULL, OK);
  assert_string_equal(r, "null");
  free(r);
  free(project_call(s, run, epoch, 6, PROJECT_SET, "[1]", NULL, ERR_INVALID));
  free(project_call(s, run, epoch + 1, 6, PROJECT_SET, "{\"x\":5}", NULL, ERR_FENCED));
  int64_t child_epoch, child = running(s, "saga-book-1", &child_epoch);
  r = project_call(s, child, child_epoch, 1, PROJECT_PARENT, NULL, NULL, OK);
  assert_non_null(strstr(r, "\"slug\":\"saga\""));
  free(r);
  struct seen seen = {0};
  struct db *db = store_reader(s);
  struct error e = {0};
  assert_int_equal(projects_each(db, 1, note_project, &seen), OK);
  assert_string_equal(seen.what, "saga-book-1:Book One:{} ");
  assert_int_equal(project_find(db, "saga-bok-1", note_project, &seen, &e), ERR_NOT_FOUND);
  assert_non_null(strstr(e.hint, "saga-book-1"));
  store_reader_release(s, db);
}

/* --- gates, notes, events, scripts --- */

static struct op_gate_ask *ask_of(int64_t run, int64_t epoch, int64_t seq) {
  struct op_gate_ask *op = mem_alloc(sizeof *op);
  *op = (struct op_gate_ask){.op = {.kind = &op_gate_ask_kind},
                             .entry = entry_of(run, epoch, 1, "gate", NULL),
                             .title = "Blueprint",
                             .show = "the plan",
                             .choices = "[\"approve\",\"reject\"]"};
  op->entry.seq = seq;
  return op;
}

static void a_gate_parks_the_run_and_a_decision_moves_it_on(void **state) {
  struct store *s = ((struct fixture *)*state)->store;
  int64_t epoch, run = running(s, "b", &epoch);
  struct op_gate_ask *op = ask_of(run, epoch, 1);
  do_ok(s, &op->op);
  assert_false(op->decided);
  int64_t gate = op->gate;
  struct run_row row = get_run(s, run);
  assert_int_equal(row.wait, FOR_GATE);
  assert_non_null(strstr(row.wait_for, "Blueprint"));
  run_row_release(&row);
  struct op_gate_decide decide = {
      .op = {.kind = &op_gate_decide_kind}, .gate = gate, .choice = "maybe", .by = "Ann"};
  assert_int_equal(store_do(s, &decide.op), ERR_INVALID);
  assert_non_null(strstr(decide.op.error.hint, "'approve', 'reject'"));
  decide.choice = "approve";
  decide.show_sha = "0000";
  assert_int_equal(store_do(s, &decide.op), ERR_CONFLICT);
  decide.show_sha = NULL;
  decide.edits = "{\"n\":12}";
  do_ok(s, &decide.op);
  assert_int_equal(decide.run, run);
  assert_true(run_is(s, run, RUN_QUEUED));
  assert_int_equal(store_do(s, &decide.op), ERR_CONFLICT);
  assert_non_null(strstr(decide.op.error.message, "'approve' by Ann"));
  op->entry.epoch = claim(s, run);
  do_ok(s, &op->op);
  assert_true(op->decided);
  assert_int_equal(op->gate, gate);
  assert_string_equal(op->answer, "{\"by\":\"Ann\",\"choice\":\"approve\",\"edits\":{\"n\":12}}");
  op->op.kind->free(&op->op);
  assert_int_equal(ask(s, "SELECT count(*) FROM journal WHERE kind = 'gate'"), 1);
}

static void an_expired_gate_takes_its_default(void **state) {
  struct store *s = ((struct fixture *)*state)->store;
  int64_t epoch, run = running(s, "b", &epoch);
  struct op_gate_ask *op = ask_of(run, epoch, 1);
  op->on_timeout = "approve";
  op->expires_at = clock_wall_ms() - 1;
  do_ok(s, &op->op);
  assert_false(op->decided);
  struct op_gate_decide late = {
      .op = {.kind = &op_gate_decide_kind}, .gate = op->gate, .choice = "reject", .by = "Ann"};
  assert_int_equal(store_do(s, &late.op), ERR_CONFLICT);
  assert_non_null(strstr(late.op.error.message, "the run continues with 'approve'"));
  op->entry.epoch = claim(s, run); /* due: its wake_at is the gate's end */
  do_ok(s, &op->op);
  assert_true(op->decided);
  assert_string_equal(op->answer, "{\"by\":\"timeout\",\"choice\":\"approve\",\"edits\":null}");
  op->op.kind->free(&op->op);
}

static void a_zombie_asks_nothing(void **state) {
  struct store *s = ((struct fixture *)*state)->store;
  int64_t epoch, run = running(s, "b", &epoch);
  claim(s, run);
  struct op_gate_ask *op = ask_of(run, epoch, 1);
  assert_int_equal(store_do(s, &op->op), ERR_FENCED);
  op->op.kind->free(&op->op);
  assert_int_equal(ask(s, "SELECT count(*) FROM gates"), 0);
  assert_true(run_is(s, run, RUN_RUNNING));
}

struct decider {
  struct store *store;
  int64_t gate;
  enum err err;
};

static void *decide_gate(void *arg) {
  struct decider *d = arg;
  struct op_gate_decide op = {.op = {.kind = &op_gate_decide_kind}, .gate = d->gate, .choice = "approve"};
  d->err = store_do(d->store, &op.op);
  return NULL;
}

static void twenty_threads_decide_a_gate_once(void **state) {
  struct store *s = ((struct fixture *)*state)->store;
  int64_t epoch, run = running(s, "b", &epoch);
  struct op_gate_ask *op = ask_of(run, epoch, 1);
  do_ok(s, &op->op);
  pthread_t threads[20];
  struct decider d[20];
  int good = 0;
  for (int i = 0; i < 20; i++) {
    d[i] = (struct decider){s, op->gate, OK};
    pthread_create(&threads[i], NULL, decide_gate, &d[i]);
  }
  for (int i = 0; i < 20; i++) {
    pthread_join(threads[i], NULL);
    assert_true(d[i].err == OK || d[i].err == ERR_CONFLICT);
    good += d[i].err == OK;
  }
  op->op.kind->free(&op->op);
  assert_int_equal(good, 1);
  assert_int_equal(ask(s, "SELECT count(*) FROM events WHERE kind = 'status' AND data LIKE '%queued%'"),
                   2); /* created, decided */
}

static void notes_are_delivered_once(void **state) {
  struct store *s = ((struct fixture *)*state)->store;
  int64_t epoch, run = running(s, "b", &epoch);
  struct op_note_add add = {.op = {.kind = &op_note_add_kind}, .run = run, .text = "more rain"};
  do_ok(s, &add.op);
  add.text = "less wind";
  do_ok(s, &add.op);
  struct op_notes *op = mem_alloc(sizeof *op);
  *op = (struct op_notes){.op = {.kind = &op_notes_kind}, .entry = entry_of(run, epoch, 1, "notes", NULL)};
  do_ok(s, &op->op);
  assert_string_equal(op->result, "[\"more rain\",\"less wind\"]");
  op->entry.seq = 2;
  do_ok(s, &op->op);
  assert_string_equal(op->result, "[]");
  op->op.kind->free(&op->op);
  add.run = 44;
  assert_int_equal(store_do(s, &add.op), ERR_NOT_FOUND);
}

static void note_event(void *arg, const struct event_row *row) {
  struct seen *seen = arg;
  size_t at = strlen(seen->what);
  snprintf(seen->what + at, sizeof seen->what - at, "%s ", row->kind);
}

static void events_are_ordered_and_fenced(void **state) {
  struct store *s = ((struct fixture *)*state)->store;
  int64_t epoch, run = running(s, "b", &epoch);
  events_post(s, run, epoch, (struct event_place){0}, "phase", "{\"name\":\"writing\"}");
  events_post(s, run, epoch + 1, (struct event_place){0}, "log", "{}"); /* a zombie's */
  events_post(s, run, 0, (struct event_place){0}, "note", "{}");
  struct op_note_add last = {.op = {.kind = &op_note_add_kind}, .run = run, .text = "x"};
  do_ok(s, &last.op);
  struct seen seen = {0};
  struct db *db = store_reader(s);
  assert_int_equal(events_each(db, run, 2, 0, note_event, &seen), OK);
  store_reader_release(s, db);
  assert_string_equal(seen.what, "phase note note ");
  struct store_stats stats;
  store_stats(s, &stats);
  assert_int_equal(stats.fenced, 1);
}

static void note_source(void *arg, const struct script_source *file) {
  struct seen *seen = arg;
  size_t at = strlen(seen->what);
  snprintf(seen->what + at, sizeof seen->what - at, "%s=%.*s ", file->name, (int)file->n, file->text);
}

static void script_sets_are_stored_once(void **state) {
  struct store *s = ((struct fixture *)*state)->store;
  struct script_source files[2] = {{.name = "phases/b", .text = "return 1", .n = 8},
                                   {.name = "a", .text = "return 1", .n = 8}};
  struct op_script_set op = {.op = {.kind = &op_script_set_kind}, .hash = "h1", .files = files, .n_files = 2};
  do_ok(s, &op.op);
  int64_t first = op.id;
  do_ok(s, &op.op);
  assert_int_equal(op.id, first);
  op.hash = "h2";
  op.n_files = 1;
  do_ok(s, &op.op);
  assert_int_not_equal(op.id, first);
  assert_int_equal(ask(s, "SELECT count(*) FROM scripts"), 1);
  struct seen seen = {0};
  struct db *db = store_reader(s);
  assert_int_equal(script_set_each(db, first, note_source, &seen), OK);
  assert_string_equal(seen.what, "a=return 1 phases/b=return 1 ");
  assert_int_equal(script_set_each(db, 99, note_source, &seen), ERR_NOT_FOUND);
  store_reader_release(s, db);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(projects_have_fields_children_and_parents),
      CASE(a_gate_parks_the_run_and_a_decision_moves_it_on),
      CASE(an_expired_gate_takes_its_default),
      CASE(a_zombie_asks_nothing),
      CASE(twenty_threads_decide_a_gate_once),
      CASE(notes_are_delivered_once),
      CASE(events_are_ordered_and_fenced),
      CASE(script_sets_are_stored_once),
  };
  return cmocka_run_group_tests_name("store content", tests, NULL, NULL);
}
