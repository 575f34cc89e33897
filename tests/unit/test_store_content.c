/* What the ops on artifacts, projects, gates, notes, events and script sets promise, against a real file. */
#include "store_fixture.h"
#include <pthread.h>
#include "base/jsonx.h"

static int64_t project_of(struct store *s, int64_t run) {
  struct run_row row = get_run(s, run);
  int64_t id = row.project_id;
  run_row_release(&row);
  return id;
}

static int64_t running(struct store *s, const char *project, int64_t *epoch) {
  int64_t run = create_run(s, project);
  *epoch = claim(s, run);
  return run;
}

struct seen {
  int n;
  char what[400];
};

/* --- artifacts --- */

static struct op_artifact_put *put_of(int64_t run, int64_t epoch, int64_t seq, int64_t project, int n) {
  struct op_artifact_put *op = mem_alloc(sizeof *op);
  op->op.kind = &op_artifact_put_kind;
  op->entry = entry_of(run, epoch, seq, "put", NULL);
  op->project = project;
  op->puts = mem_alloc((size_t)n * sizeof *op->puts);
  op->n_puts = (size_t)n;
  for (int i = 0; i < n; i++) {
    op->puts[i].name = mem_printf("chapters/%02d.md", i + 1);
    op->puts[i].kind = mem_dup("markdown");
    op->puts[i].content = mem_printf("text %d.%lld", i, (long long)seq);
    op->puts[i].n = strlen(op->puts[i].content);
  }
  return op;
}

static void puts_are_one_transaction_with_their_entry(void **state) {
  struct store *s = ((struct fixture *)*state)->store;
  int64_t epoch, run = running(s, "b", &epoch), project = project_of(s, run);
  struct op_artifact_put *op = put_of(run, epoch, 1, project, 2);
  do_ok(s, &op->op);
  assert_string_equal(op->result,
                      "[{\"bytes\":8,\"name\":\"chapters/01.md\",\"proposal\":false,\"version\":1},"
                      "{\"bytes\":8,\"name\":\"chapters/02.md\",\"proposal\":false,\"version\":1}]");
  op->op.kind->free(&op->op);
  op = put_of(run, epoch + 1, 2, project, 2);
  assert_int_equal(store_do(s, &op->op), ERR_FENCED);
  op->op.kind->free(&op->op);
  op = put_of(run, epoch, 2, project, 2);
  free(op->puts[1].name);
  op->puts[1].name = mem_dup(""); /* refused: then the first is not there either */
  assert_int_equal(store_do(s, &op->op), ERR_INVALID);
  op->op.kind->free(&op->op);
  assert_int_equal(ask(s, "SELECT count(*) FROM artifact_versions"), 2);
  assert_int_equal(ask(s, "SELECT count(*) FROM journal"), 1);
}

static int64_t edit(struct store *s, int64_t project, const char *name, const char *text, int64_t expected,
                    enum err wanted) {
  struct op_artifact_edit op = {.op = {.kind = &op_artifact_edit_kind},
                                .project = project,
                                .name = name,
                                .kind = "markdown",
                                .content = text,
                                .n = strlen(text),
                                .expected = expected};
  assert_int_equal(store_do(s, &op.op), wanted);
  return op.version;
}

static void content_is(struct store *s, int64_t project, const char *name, const char *text) {
  struct buf b;
  buf_init(&b, 1000);
  struct db *db = store_reader(s);
  assert_int_equal(artifact_content(db, project, name, 0, &b, NULL, NULL), OK);
  store_reader_release(s, db);
  assert_string_equal(b.data, text);
  buf_release(&b);
}

static bool put_is_proposal(struct store *s, int64_t run, int64_t epoch, int64_t seq, int64_t project,
                            int64_t seen) {
  struct op_artifact_put *op = put_of(run, epoch, seq, project, 1);
  op->puts[0].seen = seen;
  do_ok(s, &op->op);
  bool proposal = op->puts[0].proposal;
  assert_int_equal(strstr(op->result, "\"proposal\":true") != NULL, proposal);
  op->op.kind->free(&op->op);
  return proposal;
}

static void what_a_person_wrote_is_never_written_over(void **state) {
  struct store *s = ((struct fixture *)*state)->store;
  int64_t epoch, run = running(s, "b", &epoch), project = project_of(s, run);
  assert_false(put_is_proposal(s, run, epoch, 1, project, 0));
  assert_int_equal(edit(s, project, "chapters/01.md", "mine", 1, OK), 2);
  assert_true(put_is_proposal(s, run, epoch, 2, project, 1));
  content_is(s, project, "chapters/01.md", "mine");
  assert_true(put_is_proposal(s, run, epoch, 3, project,
                              3)); /* having seen its own proposal is not having seen the edit */
  content_is(s, project, "chapters/01.md", "mine");
  assert_int_equal(edit(s, project, "chapters/01.md", "mine too", 2, OK), 5);
  assert_false(put_is_proposal(s, run, epoch, 4, project, 5)); /* it has read this one */
  content_is(s, project, "chapters/01.md", "text 0.4");
  assert_int_equal(ask(s, "SELECT count(*) FROM artifact_versions WHERE state = 'proposal'"), 2);
}

static void two_runs_at_one_document_do_not_write_over_each_other(void **state) {
  struct store *s = ((struct fixture *)*state)->store;
  int64_t one, two, first = running(s, "b", &one), second = running(s, "b", &two),
                    project = project_of(s, first);
  assert_int_equal(project_of(s, second), project);
  assert_false(put_is_proposal(s, first, one, 1, project, 0));
  assert_true(put_is_proposal(s, second, two, 1, project, 0)); /* they meet */
  assert_true(put_is_proposal(s, second, two, 2, project, 2)); /* its own proposal is not the other's text */
  content_is(s, project, "chapters/01.md", "text 0.1");
  assert_false(put_is_proposal(s, first, one, 2, project, 1));
  assert_false(put_is_proposal(s, second, two, 3, project, 4)); /* it has read what the other wrote */
  usleep(2000);
  int64_t three, third = running(s, "b", &three); /* it began afterwards: nothing meets */
  assert_false(put_is_proposal(s, third, three, 1, project, 0));
}

static void an_edit_expects_the_version_it_saw(void **state) {
  struct store *s = ((struct fixture *)*state)->store;
  int64_t project = project_of(s, create_run(s, "b"));
  edit(s, project, "a.md", "1", 1, ERR_CONFLICT);
  edit(s, project, "a.md", "1", 0, OK);
  edit(s, project, "a.md", "2", 0, ERR_CONFLICT);
  assert_int_equal(edit(s, project, "a.md", "", 1, OK), 2);
  assert_int_equal(edit(s, project, "a.md", "3", -1, OK), 3);
  content_is(s, project, "a.md", "3");
}

static void reads_of_a_run_are_journaled_with_the_version(void **state) {
  struct store *s = ((struct fixture *)*state)->store;
  int64_t epoch, run = running(s, "b", &epoch), project = project_of(s, run);
  edit(s, project, "a.md", "one", 0, OK);
  struct db *db = store_reader(s);
  int64_t horizon, newer;
  assert_int_equal(artifact_horizon(db, &horizon), OK);
  store_reader_release(s, db);
  edit(s, project, "a.md", "two", 1, OK);
  struct op_artifact_get *op = mem_alloc(sizeof *op);
  *op = (struct op_artifact_get){.op = {.kind = &op_artifact_get_kind},
                                 .entry = entry_of(run, epoch, 1, "get", NULL),
                                 .project = project,
                                 .name = "a.md"};
  do_ok(s, &op->op);
  assert_string_equal(op->content, "two");
  assert_string_equal(op->result, "{\"author\":\"person\",\"id\":2,\"kind\":\"markdown\",\"version\":2}");
  op->horizon = horizon;
  op->entry.seq = 2;
  do_ok(s, &op->op);
  assert_string_equal(op->content, "one");
  op->name = "none.md";
  op->entry.seq = 3;
  do_ok(s, &op->op);
  assert_null(op->content);
  assert_string_equal(op->result, "null");
  op->op.kind->free(&op->op);
  assert_int_equal(ask(s, "SELECT count(*) FROM journal"), 3);
  db = store_reader(s);
  assert_int_equal(artifact_changed(db, 1, horizon, run, &newer), OK);
  assert_int_equal(newer, 0); /* beyond the horizon */
  assert_int_equal(artifact_changed(db, 1, 99, run, &newer), OK);
  assert_int_equal(newer, 2);
  store_reader_release(s, db);
}

static void lists_are_journaled(void **state) {
  struct store *s = ((struct fixture *)*state)->store;
  int64_t epoch, run = running(s, "b", &epoch), project = project_of(s, run);
  edit(s, project, "a/1", "one", 0, OK);
  edit(s, project, "a/2", "two", 0, OK);
  edit(s, project, "b", "three", 0, OK);
  edit(s, project, "a/1", "more", 1, OK);
  struct op_artifact_list *op = mem_alloc(sizeof *op);
  *op = (struct op_artifact_list){.op = {.kind = &op_artifact_list_kind},
                                  .entry = entry_of(run, epoch, 1, "list", NULL),
                                  .project = project,
                                  .prefix = "a/"};
  do_ok(s, &op->op);
  json_t *v = json_loads(op->result, 0, NULL);
  assert_int_equal(json_array_size(v), 2);
  assert_int_equal(jsonx_int(json_array_get(v, 0), "version", 0), 2);
  json_decref(v);
  op->history = true;
  op->prefix = "a/1";
  op->entry.seq = 2;
  do_ok(s, &op->op);
  v = json_loads(op->result, 0, NULL);
  assert_int_equal(json_array_size(v), 2);
  assert_string_equal(jsonx_str(json_array_get(v, 1), "author", ""), "person");
  json_decref(v);
  op->op.kind->free(&op->op);
}

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
  assert_string_equal(row.wait_kind, "gate");
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
  assert_true(run_is(s, run, "queued"));
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
  op->entry.epoch = claim(s, run); /* due: its wake_at is the gate's end */
  do_ok(s, &op->op);
  assert_true(op->decided);
  assert_string_equal(op->answer, "{\"by\":\"timeout\",\"choice\":\"approve\",\"edits\":null}");
  op->op.kind->free(&op->op);
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
  events_post(s, run, epoch, "phase", "{\"name\":\"writing\"}");
  events_post(s, run, epoch + 1, "log", "{}"); /* a zombie's */
  events_post(s, run, 0, "note", "{}");
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
      CASE(puts_are_one_transaction_with_their_entry),
      CASE(what_a_person_wrote_is_never_written_over),
      CASE(two_runs_at_one_document_do_not_write_over_each_other),
      CASE(an_edit_expects_the_version_it_saw),
      CASE(reads_of_a_run_are_journaled_with_the_version),
      CASE(lists_are_journaled),
      CASE(projects_have_fields_children_and_parents),
      CASE(a_gate_parks_the_run_and_a_decision_moves_it_on),
      CASE(an_expired_gate_takes_its_default),
      CASE(twenty_threads_decide_a_gate_once),
      CASE(notes_are_delivered_once),
      CASE(events_are_ordered_and_fenced),
      CASE(script_sets_are_stored_once),
  };
  return cmocka_run_group_tests_name("store content", tests, NULL, NULL);
}
