/* The auditor: silent on a sound library in every state that runs can be in, and it names each breach. */
#include "store_fixture.h"
#include <sqlite3.h>
#include "store/upkeep/audit.h"

/* --- a library with a bit of everything --- */

static int64_t script_set(struct store *s) {
  struct script_source files[] = {{.name = "pipelines/generate_book", .text = "return {}", .n = 9},
                                  {.name = "phases/writing", .text = "return 1", .n = 8}};
  struct op_script_set op = {
      .op = {.kind = &op_script_set_kind}, .hash = "abc", .files = files, .n_files = 2};
  do_ok(s, &op.op);
  return op.id;
}

static int64_t new_run(struct store *s, int64_t set, int64_t retry_of) {
  struct op_run_create op = {.op = {.kind = &op_run_create_kind},
                             .pipeline = "generate_book",
                             .project = "keeper",
                             .script_set = set,
                             .retry_of = retry_of};
  do_ok(s, &op.op);
  return op.id;
}

static int64_t intend(struct store *s, int64_t run, int64_t epoch, int64_t seq) {
  struct call_block block = {.text = "You write.", .n = 10, .stable = true};
  struct op_call_intent op = {.op = {.kind = &op_call_intent_kind},
                              .run = run,
                              .epoch = epoch,
                              .key = entry_of(run, epoch, seq, "llm", NULL).key,
                              .attempt = 1,
                              .role = "writer",
                              .provider = "p",
                              .model = "m",
                              .blocks = &block,
                              .n_blocks = 1,
                              .reads = "[{\"name\":\"chapters/01.md\",\"version\":1}]"};
  do_ok(s, &op.op);
  return op.id;
}

static enum err answer(struct store *s, int64_t call, int64_t run, int64_t epoch, int64_t seq,
                       int64_t supersedes) {
  struct op_call_finish *op = mem_alloc(sizeof *op);
  *op = (struct op_call_finish){.op = {.kind = &op_call_finish_kind},
                                .id = call,
                                .run = run,
                                .epoch = epoch,
                                .state = "answered",
                                .answer = mem_dup("It was dark."),
                                .usage = {100, 40, 0, 20, 0},
                                .price_known = true,
                                .cost_nano = 7000,
                                .result =
                                    mem_dup("{\"cost_nano\":7000,\"text\":\"It was dark.\",\"usage\":{}}")};
  op->entry = entry_of(run, epoch, seq, "llm", NULL);
  op->entry.supersedes = supersedes;
  if (supersedes) memcpy(op->entry.key.hash, &(int64_t){1}, sizeof(int64_t));
  enum err err = store_do(s, &op->op);
  op->op.kind->free(&op->op);
  return err;
}

static bool ask_gate(struct store *s, int64_t run, int64_t epoch, int64_t seq, int64_t *gate) {
  struct op_gate_ask op = {.op = {.kind = &op_gate_ask_kind},
                           .entry = entry_of(run, epoch, seq, "gate", NULL),
                           .title = "Good?",
                           .show = "A chapter.",
                           .choices = "[\"yes\",\"no\"]"};
  do_ok(s, &op.op);
  *gate = op.gate;
  free(op.answer);
  return op.decided;
}

static void put_as(struct store *s, int64_t run, int64_t epoch, int64_t seq, const char *name,
                   const char *text) {
  struct op_artifact_put *op = mem_alloc(sizeof *op);
  op->op.kind = &op_artifact_put_kind;
  op->entry = entry_of(run, epoch, seq, "put", NULL);
  op->project = 1;
  op->puts = mem_alloc(sizeof *op->puts);
  op->n_puts = 1;
  op->puts[0] = (struct artifact_put){
      .name = mem_dup(name), .kind = mem_dup("text"), .content = mem_dup(text), .n = strlen(text)};
  do_ok(s, &op->op);
  op->op.kind->free(&op->op);
}

static void put(struct store *s, int64_t run, int64_t epoch, int64_t seq, const char *text) {
  put_as(s, run, epoch, seq, "chapters/01.md", text);
}

/* Run 1 runs: a call in flight at a crash and made again, one asked again with another model, a gate decided and told, chapters, events. */
static void busy_run(struct store *s, int64_t set) {
  int64_t gate, run = new_run(s, set, 0), epoch = claim(s, run);
  intend(s, run, epoch, 1);
  epoch = claim(s, run); /* it died */
  answer(s, intend(s, run, epoch, 1), run, epoch, 1, 0);
  int64_t first = ask(s, "SELECT max(id) FROM journal");
  epoch = claim(s, run);
  answer(s, intend(s, run, epoch, 1), run, epoch, 2, first);
  put(s, run, epoch, 3, "One.");
  struct op_artifact_edit edit = {.op = {.kind = &op_artifact_edit_kind},
                                  .project = 1,
                                  .name = "chapters/01.md",
                                  .kind = "text",
                                  .content = "Mine.",
                                  .n = 5,
                                  .expected = 1};
  do_ok(s, &edit.op);
  put(s, run, epoch, 4, "Two."); /* a proposal */
  assert_false(ask_gate(s, run, epoch, 5, &gate));
  struct op_gate_decide decide = {
      .op = {.kind = &op_gate_decide_kind}, .gate = gate, .choice = "yes", .by = "Ann"};
  do_ok(s, &decide.op);
  epoch = claim(s, run);
  assert_true(ask_gate(s, run, epoch, 5, &gate));
  events_post(s, run, epoch, (struct event_place){1, 1}, "log", "{\"text\":\"a\"}");
  events_post(s, run, epoch, (struct event_place){1, 2}, "log", "{\"text\":\"b\"}");
  assert_int_equal(journal(s, run, epoch, 6, "1"), OK);
}

static void seed(struct store *s) {
  int64_t gate, set = script_set(s);
  busy_run(s, set); /* 1 */
  int64_t run = new_run(s, set, 0), epoch = claim(s, run);
  ask_gate(s, run, epoch, 1, &gate); /* 2 waits for a person */
  run = new_run(s, set, 0);
  epoch = claim(s, run);
  int64_t call = intend(s, run, epoch, 1);
  answer(s, intend(s, run, epoch, 2), run, epoch, 2, 0);
  assert_int_equal(set_status(s, run, epoch, RUN_FAILED, FOR_NOTHING, NULL, 0, NULL), OK); /* 3 failed ... */
  new_run(s, set, run);                                            /* 4 retries it, queued */
  assert_int_equal(answer(s, call, run, epoch, 1, 0), ERR_FENCED); /* ... paid, and late */
  run = new_run(s, set, 0);
  assert_int_equal(
      set_status(s, run, claim(s, run), RUN_WAITING, FOR_TIMER, "a nap", clock_wall_ms() + 1000000, NULL),
      OK); /* 5 */
  run = new_run(s, set, 0);
  assert_int_equal(set_status(s, run, claim(s, run), RUN_WAITING, FOR_BUDGET, "more money", 0, NULL),
                   OK); /* 6 */
  run = new_run(s, 0, 0);
  intend(s, run, claim(s, run), 1); /* 7 runs without a set, with a call under way */
  run = new_run(s, set, 0);
  epoch = claim(s, run);
  put_as(s, run, epoch, 1, "book.epub", "An old one.");
  put_as(s, run, epoch, 2, "chapters/02.md", "Two.");
  put_as(s, run, epoch, 3, "book.epub", "A file.");
  assert_int_equal(set_status(s, run, epoch, RUN_COMPLETED, FOR_NOTHING, NULL, 0, NULL),
                   OK); /* 8 made a file */
}

/* --- looking --- */

struct told {
  int n;
  char rules[1024], first[1024];
  int64_t run;
};

static void tell(void *arg, const char *rule, int64_t run, const char *explanation) {
  struct told *t = arg;
  size_t used = strlen(t->rules);
  snprintf(t->rules + used, sizeof t->rules - used, "%s ", rule);
  if (t->n++ == 0) {
    snprintf(t->first, sizeof t->first, "%s", explanation);
    t->run = run;
  }
}

static struct told audit_file(const char *path, bool integrity) {
  struct told told = {0};
  struct db *db;
  struct error e = {0};
  if (db_open(path, DB_READ_ONLY, &db, &e) != OK) fail_msg("%s", e.message);
  int breaches = -1;
  assert_int_equal(audit_run_with(db, &(struct audit_options){.all_blobs = true, .integrity = integrity},
                                  tell, &told, &breaches),
                   OK);
  assert_int_equal(breaches, told.n);
  db_close(db);
  return told;
}

/* Past all guards: constraints off, triggers away, and back. */
static void corrupt(const char *path, const char *sql) {
  sqlite3 *h;
  sqlite3_stmt *q;
  char *triggers = mem_dup("");
  assert_int_equal(sqlite3_open(path, &h), SQLITE_OK);
  assert_int_equal(
      sqlite3_exec(h, "PRAGMA foreign_keys=OFF; PRAGMA ignore_check_constraints=ON", NULL, NULL, NULL),
      SQLITE_OK);
  assert_int_equal(
      sqlite3_prepare_v2(h, "SELECT sql FROM sqlite_schema WHERE type = 'trigger'", -1, &q, NULL), SQLITE_OK);
  while (sqlite3_step(q) == SQLITE_ROW) {
    char *more = mem_printf("%s%s;", triggers, (const char *)sqlite3_column_text(q, 0));
    free(triggers);
    triggers = more;
  }
  sqlite3_finalize(q);
  char *all = mem_printf(
      "DROP TRIGGER runs_terminal; DROP TRIGGER run_texts_terminal; DROP TRIGGER runs_epoch;"
      " DROP TRIGGER calls_finished; DROP TRIGGER artifact_versions_constant; DROP TRIGGER blobs_constant;"
      " DROP TRIGGER gates_decided; DROP TRIGGER runs_counted; DROP TRIGGER runs_recounted; DROP TRIGGER runs_uncounted;"
      " DROP TRIGGER calls_counted; DROP TRIGGER calls_uncounted; %s; %s",
      sql, strncmp(sql, "SELECT", 6) == 0 ? "" : triggers);
  if (sqlite3_exec(h, all, NULL, NULL, NULL) != SQLITE_OK) fail_msg("%s: %s", sql, sqlite3_errmsg(h));
  sqlite3_close(h);
  free(all);
  free(triggers);
}

static void copy_file(const char *from, const char *to) {
  struct buf b;
  buf_init(&b, 64 << 20);
  assert_int_equal(buf_read_file(&b, from, NULL), OK);
  FILE *f = fopen(to, "we");
  assert_non_null(f);
  assert_int_equal(fwrite(b.data, 1, b.len, f), b.len);
  fclose(f);
  buf_release(&b);
}

/* --- the promises --- */

static void a_sound_library_has_no_breach_alive_or_dead(void **state) {
  struct fixture *f = *state;
  seed(f->store);
  struct db *db = store_reader(f->store);
  struct told told = {0};
  int breaches;
  assert_int_equal(audit_run_with(db, &(struct audit_options){true, true}, tell, &told, &breaches), OK);
  store_reader_release(f->store, db);
  if (told.n) fail_msg("%s: %s", told.rules, told.first);
  assert_int_equal(breaches, 0);
  store_close(f->store);
  f->store = NULL;
  char *path = mem_printf("%s/quire.db", f->dir);
  told = audit_file(path, true);
  if (told.n) fail_msg("%s: %s", told.rules, told.first);
  free(path);
}

static const struct {
  const char *rule, *sql;
  int64_t run;
  const char *says; /* a part of the sentence */
} cases[] = {
    {"status", "UPDATE runs SET status = 'lost' WHERE id = 4", 4, "run 4 has the status \"lost\""},
    {"mover", "UPDATE runs SET status = 'running' WHERE id = 4", 4, "no host ever claimed it"},
    {"mover", "UPDATE runs SET wait_kind = NULL, wait_for = NULL WHERE id = 5", 5, "does not say what for"},
    {"mover", "UPDATE runs SET wait_for = '' WHERE id = 6", 6, "does not say what for"},
    {"mover", "DELETE FROM gates WHERE run_id = 2", 2, "none of its gates is open"},
    {"mover", "UPDATE runs SET wake_at = NULL WHERE id = 5", 5, "no time at which it wakes"},
    {"mover", "UPDATE runs SET wait_kind = 'moon' WHERE id = 6", 6, "\"moon\", which nothing ends"},
    {"ended", "UPDATE runs SET ended_at = NULL WHERE id = 3", 3, "run 3 is failed, but has no time"},
    {"ended", "UPDATE runs SET ended_at = 5 WHERE id = 1", 1, "run 1 is running, but has a time"},
    {"ended", "UPDATE runs SET wait_kind = 'gate', wait_for = 'Ann' WHERE id = 1", 1,
     "still says that it waits for Ann"},
    {"texts", "DELETE FROM run_texts WHERE run_id = 7", 7, "no row with its input"},
    {"texts", "UPDATE runs SET project_id = 99 WHERE id = 7", 7, "project 99, which does not exist"},
    {"epoch", "UPDATE runs SET epoch = 1 WHERE id = 1", 1, "the epoch went back"},
    {"scripts", "UPDATE runs SET script_set = 77 WHERE id = 4", 4, "script set 77, which is missing"},
    {"scripts", "DELETE FROM scripts WHERE text = CAST('return 1' AS BLOB)", 1,
     "file phases/writing is missing"},
    {"scripts", "DELETE FROM script_set_files WHERE name LIKE 'pipelines/%'", 4, "does not hold"},
    {"script-content", "UPDATE scripts SET text = CAST('evil()' AS BLOB) WHERE id = 1", 0, "script 1"},
    {"journal-key",
     "INSERT INTO journal (run_id, seq, n, at, call_id, size, scope, kind, hash, result)"
     " SELECT run_id, 99, n, at, call_id, size, scope, kind, hash, result FROM journal WHERE run_id = 1 AND kind = 'step'",
     1, "2 live journal entries with one key (step in /"},
    {"journal-seq", "UPDATE journal SET seq = 3 WHERE run_id = 1 AND kind = 'step'", 1, "at place 3"},
    {"journal-superseded", "UPDATE journal SET superseded = 1 WHERE run_id = 1 AND kind = 'step'", 1,
     "no newer one"},
    {"journal-hash", "UPDATE journal SET hash = x'00' WHERE run_id = 1 AND kind = 'step'", 1,
     "damaged content hash"},
    {"journal-run", "UPDATE journal SET run_id = 50 WHERE run_id = 1 AND kind = 'step'", 50,
     "run 50, which does not exist"},
    {"journal-call", "UPDATE journal SET call_id = 500 WHERE run_id = 1 AND superseded = 0 AND kind = 'llm'",
     1, "no such call"},
    {"journal-call", "UPDATE journal SET call_id = NULL WHERE run_id = 1 AND superseded = 0 AND kind = 'llm'",
     1, "names no call"},
    {"journal-call", "UPDATE journal SET call_id = 1 WHERE run_id = 1 AND superseded = 0 AND kind = 'llm'", 1,
     "that call is cancelled"},
    {"journal-call", "UPDATE journal SET call_id = 5 WHERE run_id = 1 AND superseded = 0 AND kind = 'llm'", 1,
     "made another request"},
    {"journal-call", "UPDATE journal SET call_id = 4 WHERE run_id = 1 AND superseded = 0 AND kind = 'llm'", 1,
     "a call of run 3"},
    {"call-intent", "UPDATE calls SET provider = '' WHERE id = 2", 1,
     "call 2 of run 1 is answered, but what was asked"},
    {"call-end", "UPDATE calls SET ended_at = NULL WHERE id = 2", 1, "no time at which it ended"},
    {"call-end", "UPDATE calls SET cost_nano = 5 WHERE state = 'sent'", 7, "has a cost already"},
    {"call-lost", "UPDATE runs SET epoch = 2 WHERE id = 7", 7, "was under way when run 7 moved on"},
    {"call-lost",
     "UPDATE runs SET status = 'cancelled', ended_at = 5, wait_kind = NULL, wait_for = NULL WHERE id = 7", 7,
     "was under way when run 7 ended"},
    {"journal-cost",
     "UPDATE calls SET cost_nano = 1, price_known = 0 WHERE id = 3; UPDATE runs SET cost_nano = 7001,"
     " unpriced_calls = 1 WHERE id = 1",
     1, "says that it cost 7000 nano-dollars, but call 3 is booked with none"},
    {"paid-twice", "UPDATE calls SET epoch = 2 WHERE id = 3", 1, "calls 2 and 3 of run 1 both answered"},
    {"sums", "UPDATE runs SET cost_nano = cost_nano + 1 WHERE id = 1", 1,
     "cost 14001 nano-dollars in 3 calls"},
    {"sums", "UPDATE runs SET calls = 4 WHERE id = 1", 1, "in 4 calls"},
    {"sums", "UPDATE runs SET tokens_in = 0 WHERE id = 1", 1, "0 tokens in"},
    {"sums", "DELETE FROM calls WHERE id = 4", 3, "its calls say 7000 in 1"},
    {"gate-decision", "UPDATE gates SET decision = 'yes' WHERE run_id = 2", 2,
     "is open, but has the decision \"yes\""},
    {"gate-decision", "UPDATE gates SET decided_at = NULL WHERE run_id = 1", 1, "no time of one"},
    {"gate-once", "UPDATE gates SET decision = 'no' WHERE run_id = 1", 1,
     "decided as \"no\", but the run was told \"yes\""},
    {"gate-shown", "UPDATE gates SET show = 'Another chapter.' WHERE run_id = 1", 1,
     "does not hold the text"},
    {"artifact-head", "UPDATE artifacts SET head = NULL WHERE id = 1", 0, "has no current version"},
    {"artifact-head", "UPDATE artifacts SET head = 99 WHERE id = 1", 0, "version row 99, which is missing"},
    {"artifact-head", "UPDATE artifacts SET head = 3 WHERE id = 1", 0, "only a proposal"},
    {"artifact-head", "UPDATE artifacts SET head = 1 WHERE id = 1", 0,
     "shows version 1, but version 2 is newer"},
    {"artifact-person",
     "UPDATE artifact_versions SET state = 'version' WHERE number = 3 AND artifact_id = 1; UPDATE artifacts SET head = 3 WHERE id = 1",
     1,
     "version 3 of artifact 1 (chapters/01.md of project 1), which run 1 wrote, took the place of version 2"},
    {"artifact-file",
     "UPDATE artifact_versions SET id = 900 WHERE run_id = 8 AND artifact_id = (SELECT id FROM artifacts"
     " WHERE name = 'chapters/02.md'); UPDATE artifacts SET head = 900 WHERE name = 'chapters/02.md'",
     8, "run 8 is completed, but it wrote chapters/02.md of project 1 after book.epub"},
    {"artifact-numbers", "DELETE FROM artifact_versions WHERE number = 1 AND artifact_id = 1", 0,
     "some are missing"},
    {"blob-missing", "DELETE FROM blobs WHERE data = CAST('One.' AS BLOB)", 1, "lost its content"},
    {"blob-missing", "DELETE FROM blobs WHERE data = CAST('You write.' AS BLOB)", 1,
     "lost block 0 of its prompt"},
    {"blob-size", "UPDATE blobs SET size = 1 WHERE data = CAST('One.' AS BLOB)", 0,
     "should have 1 bytes and has 4"},
    {"blob-size", "UPDATE artifact_versions SET size = 9 WHERE number = 1 AND artifact_id = 1", 1,
     "should have 9 bytes"},
    {"blob-content", "UPDATE blobs SET data = CAST('Two?' AS BLOB) WHERE data = CAST('Two.' AS BLOB)", 0,
     "not the content that was stored"},
    {"events", "UPDATE events SET n = 2 WHERE n = 1", 1, "told twice"},
    {"events", "UPDATE events SET seq = 90 WHERE n = 2", 1, "an answer that was told of is lost"},
    {"events", "DELETE FROM journal WHERE run_id = 1 AND seq = 4; UPDATE events SET seq = 4 WHERE n = 2", 1,
     "behind entry 4 of the journal, which does not exist"},
    {"events", "UPDATE events SET data = '{' WHERE n = 1", 1, "is not JSON"},
    {"events", "UPDATE sqlite_sequence SET seq = 1 WHERE name = 'events'", 0, "streams would miss it"},
    {"guards", "SELECT 1", 0, "lost its guard"}, /* a SELECT leaves the triggers away */
    {"counts", "UPDATE run_counts SET n = n + 1 WHERE status = 'failed'", 0,
     "runs that are failed is wrong by 1"},
    {"counts", "UPDATE call_counts SET cost_nano = cost_nano - 5 WHERE outcome = 'answered'", 0,
     "ended as answered are wrong by 0 calls and -5 nano-dollars"},
    {"reference", "UPDATE gates SET run_id = 40 WHERE run_id = 1", 0,
     "of the table gates refers to a row of runs"},
    {"call-end", "UPDATE calls SET state = 'lost' WHERE id = 2", 1,
     "call 2 of run 1 is \"lost\", which nobody acts on"},
    {"artifact-state", "UPDATE artifact_versions SET author = 'ghost' WHERE number = 1 AND artifact_id = 1",
     1, "version 1 of artifact 1 is a version by ghost"},
};

static void each_breach_is_found_and_explained(void **state) {
  struct fixture *f = *state;
  seed(f->store);
  store_close(f->store);
  f->store = NULL;
  char *path = mem_printf("%s/quire.db", f->dir), *copy = mem_printf("%s/copy.db", f->dir);
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    copy_file(path, copy);
    corrupt(copy, cases[i].sql);
    bool integrity = strcmp(cases[i].rule, "reference") == 0;
    struct told told = audit_file(copy, integrity);
    char *rule = mem_printf("%s ", cases[i].rule);
    if (strncmp(told.rules, rule, strlen(rule)) != 0 || !strstr(told.first, cases[i].says) ||
        told.run != cases[i].run)
      fail_msg("case %zu (%s): %s gave run %lld, rules '%s', '%s'", i, cases[i].rule, cases[i].sql,
               (long long)told.run, told.rules, told.first);
    free(rule);
    static const char *const ends[] = {"", "-wal", "-shm"};
    for (size_t k = 0; k < 3; k++) {
      char *name = mem_printf("%s%s", copy, ends[k]);
      unlink(name);
      free(name);
    }
  }
  free(copy);
  free(path);
}

static void torn_pages_are_told_as_damage(void **state) {
  struct fixture *f = *state;
  seed(f->store);
  for (int i = 10; i < 400; i++)
    events_post(f->store, 1, 0, (struct event_place){0}, "log",
                "{\"text\":\"a long line of the log, to fill pages\"}");
  store_close(f->store);
  f->store = NULL;
  char *path = mem_printf("%s/quire.db", f->dir);
  FILE *file = fopen(path, "r+e");
  fseek(file, -3 * 4096, SEEK_END);
  char junk[4096];
  memset(junk, 0x5a, sizeof junk);
  assert_int_equal(fwrite(junk, 1, sizeof junk, file), sizeof junk);
  fclose(file);
  struct told told = audit_file(path, true);
  assert_true(told.n > 0);
  assert_non_null(strstr(told.rules, "damage"));
  free(path);
}

static void a_live_library_never_raises_a_false_alarm(void **state) {
  struct fixture *f = *state;
  struct store *s = f->store;
  seed(s);
  int64_t run = create_run(s, "keeper"), epoch = claim(s, run);
  struct db *db = store_reader(s);
  for (int64_t seq = 1; seq <= 60; seq++) {
    struct op_journal *ops = mem_alloc(20 * sizeof *ops); /* in flight while the auditor looks */
    int64_t call = intend(s, run, epoch, seq * 100);
    for (int i = 0; i < 20; i++) {
      ops[i] = (struct op_journal){.op = {.kind = &op_journal_kind},
                                   .entry = entry_of(run, epoch, seq * 100 + 1 + i, "step", "1")};
      store_post(s, &ops[i].op);
    }
    int breaches;
    struct told told = {0};
    assert_int_equal(audit_run(db, tell, &told, &breaches), OK);
    if (told.n) fail_msg("%s: %s", told.rules, told.first);
    assert_int_equal(answer(s, call, run, epoch, seq * 100, 0), OK); /* after those before it */
    free(ops);
  }
  store_reader_release(s, db);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(a_sound_library_has_no_breach_alive_or_dead, setup, teardown),
      cmocka_unit_test_setup_teardown(each_breach_is_found_and_explained, setup, teardown),
      cmocka_unit_test_setup_teardown(torn_pages_are_told_as_damage, setup, teardown),
      cmocka_unit_test_setup_teardown(a_live_library_never_raises_a_false_alarm, setup, teardown),
  };
  return cmocka_run_group_tests_name("store audit", tests, NULL, NULL);
}
