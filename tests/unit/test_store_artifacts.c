/* What the ops on documents promise: who may move a head, what a run reads, all or nothing. */
#include "store_fixture.h"
#include "base/jsonx.h"

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
  assert_true(put_is_proposal(s, run, epoch, 4, project, 5)); /* it has read this one */
  content_is(s, project, "chapters/01.md", "mine too");
  usleep(2000);
  int64_t later, other = running(s, "b", &later); /* it began afterwards, and has read it */
  assert_true(put_is_proposal(s, other, later, 1, project, 5));
  content_is(s, project, "chapters/01.md", "mine too");
  assert_int_equal(ask(s, "SELECT count(*) FROM artifact_versions WHERE state = 'proposal'"), 4);
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

static int64_t retry_of(struct store *s, const char *project, int64_t run, int64_t *epoch) {
  struct op_run_create op = {
      .op = {.kind = &op_run_create_kind}, .pipeline = "p", .project = project, .retry_of = run};
  do_ok(s, &op.op);
  *epoch = claim(s, op.id);
  return op.id;
}

static void what_a_run_proposed_stays_a_proposal_when_a_retry_writes_it_again(void **state) {
  struct store *s = ((struct fixture *)*state)->store;
  int64_t one, two, three, first = running(s, "b", &one), second = running(s, "b", &two),
                           project = project_of(s, first);
  assert_false(put_is_proposal(s, second, two, 1, project, 0)); /* while the first one lives */
  assert_true(put_is_proposal(s, first, one, 1, project, 0));
  assert_int_equal(set_status(s, first, one, RUN_FAILED, FOR_NOTHING, NULL, 0, NULL), OK);
  usleep(2000);
  int64_t third = retry_of(s, "b", first, &three);
  assert_true(put_is_proposal(s, third, three, 2, project, 2)); /* its record says that it wrote version 2 */
  assert_int_equal(set_status(s, third, three, RUN_FAILED, FOR_NOTHING, NULL, 0, NULL), OK);
  int64_t four, fourth = retry_of(s, "b", third, &four);
  assert_true(put_is_proposal(s, fourth, four, 3, project, 3));
  content_is(s, project, "chapters/01.md", "text 0.1");
  assert_false(put_is_proposal(s, second, two, 2, project, 1)); /* the head's own run goes on */
}

/* Asks `run` a question, and decides it with these edits. Returns the run's new epoch. */
static int64_t approve(struct store *s, int64_t run, int64_t epoch, int64_t seq, const char *show,
                       const char *edits) {
  struct op_gate_ask ask = {.op = {.kind = &op_gate_ask_kind},
                            .entry = entry_of(run, epoch, seq, "gate", NULL),
                            .title = "Good?",
                            .show = show,
                            .choices = "[\"yes\"]"};
  do_ok(s, &ask.op);
  struct op_gate_decide decide = {
      .op = {.kind = &op_gate_decide_kind}, .gate = ask.gate, .choice = "yes", .edits = edits};
  do_ok(s, &decide.op);
  return claim(s, run);
}

static bool put_text_is_proposal(struct store *s, int64_t run, int64_t epoch, int64_t seq, int64_t project,
                                 const char *text) {
  struct op_artifact_put *op = put_of(run, epoch, seq, project, 1);
  free(op->puts[0].content);
  op->puts[0].content = mem_dup(text);
  op->puts[0].n = strlen(text);
  op->puts[0].seen = 100;
  do_ok(s, &op->op);
  bool proposal = op->puts[0].proposal;
  op->op.kind->free(&op->op);
  return proposal;
}

/* What he left at a gate is his, whoever saves it; what he took as it was is not. */
static void what_a_person_wrote_at_a_gate_is_never_written_over(void **state) {
  static const struct {
    const char *shown, *edits, *saved;
    bool his;
  } cases[] = {{"A draft.", "My own words.", "My own words.\n", true},
               {"{\"title\":\"A\"}", "{\"n\": 1, \"title\": \"Mine\"}", "{\"n\":1,\"title\":\"Mine\"}", true},
               {"A draft.", "A draft.\n", "A draft.", false},
               {"A draft.", NULL, "A draft.", false},
               {"A draft.", "Make it darker.", "A darker draft.", false}};
  struct store *s = ((struct fixture *)*state)->store;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    char *name = mem_printf("book-%zu", i);
    int64_t epoch, run = running(s, name, &epoch), project = project_of(s, run);
    epoch = approve(s, run, epoch, 1, cases[i].shown, cases[i].edits);
    assert_false(put_text_is_proposal(s, run, epoch, 2, project, cases[i].saved));
    assert_int_equal(put_text_is_proposal(s, run, epoch, 3, project, "The machine's."), cases[i].his);
    content_is(s, project, "chapters/01.md", cases[i].his ? cases[i].saved : "The machine's.");
    usleep(2000);
    int64_t later, other = running(s, name, &later); /* it began afterwards, and has read it */
    assert_int_equal(put_text_is_proposal(s, other, later, 1, project, "Another's."), cases[i].his);
    assert_int_equal(set_status(s, run, epoch, RUN_FAILED, FOR_NOTHING, NULL, 0, NULL), OK);
    int64_t again, retried = retry_of(s, name, run, &again);
    assert_int_equal(put_text_is_proposal(s, retried, again, 9, project, "Once more."), cases[i].his);
    free(name);
  }
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

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(puts_are_one_transaction_with_their_entry),
      CASE(what_a_person_wrote_is_never_written_over),
      CASE(two_runs_at_one_document_do_not_write_over_each_other),
      CASE(what_a_run_proposed_stays_a_proposal_when_a_retry_writes_it_again),
      CASE(what_a_person_wrote_at_a_gate_is_never_written_over),
      CASE(an_edit_expects_the_version_it_saw),
      CASE(reads_of_a_run_are_journaled_with_the_version),
      CASE(lists_are_journaled),
  };
  return cmocka_run_group_tests_name("store artifacts", tests, NULL, NULL);
}
