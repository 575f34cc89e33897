/* Keeping a library: backup and restore, and schemas that grow. */
#include "keep_fixture.h"

/* A process that backs up `dir` to `file` when a byte comes; its exit status is the error. Forked before any thread. */
static pid_t backup_process(const char *dir, const char *file, int *go) {
  int ends[2];
  assert_int_equal(pipe(ends), 0);
  pid_t pid = fork();
  if (pid == 0) {
    char c;
    close(ends[1]);
    struct error e = {0};
    if (read(ends[0], &c, 1) != 1) _exit(99);
    _exit((int)backup_make(dir, file, &e));
  }
  close(ends[0]);
  *go = ends[1];
  return pid;
}

static void a_backup_is_one_moment_of_a_library_that_is_being_written(void **state) {
  struct fixture *f = *state;
  char *file = path_in(f, "b.backup");
  int go, status = -1;
  pid_t pid = backup_process(f->dir, file, &go);
  struct store *s = f->store = open_store(f->dir, STORE_OWNER);
  int64_t run = create_run(s, "b"), epoch = claim(s, run), seq = 0;
  char prompt[20000];
  memset(prompt, 'x', sizeof prompt - 1);
  prompt[sizeof prompt - 1] = '\0';
  for (; seq < 300; seq++) {
    snprintf(prompt, 24, "%lld", (long long)seq);
    prompt[strlen(prompt)] = ' ';
    answered_call(s, run, epoch, seq + 1, prompt);
  }
  assert_int_equal(write(go, "x", 1), 1);
  while (waitpid(pid, &status, WNOHANG) == 0) answered_call(s, run, epoch, ++seq, "more");
  close(go);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), OK);
  struct stat st;
  assert_int_equal(stat(file, &st), 0);
  assert_int_equal(st.st_mode & 0777, 0600);
  assert_int_equal(names(f->dir, "b.backup", NULL), 1); /* nothing partial stays */
  store_close(s);
  f->store = NULL;
  struct db *db;
  assert_int_equal(db_open(file, DB_READ_ONLY, &db, NULL), OK);
  int breaches = -1;
  assert_int_equal(audit_run_with(db, &(struct audit_options){true, true}, tell, NULL, &breaches), OK);
  assert_int_equal(breaches, 0);
  db_close(db);
  assert_int_equal(names(f->dir, "b.backup", NULL), 1); /* a plain file: looking at it leaves nothing */
  free(file);
}

static void a_backup_never_overwrites_and_fails_without_a_trace(void **state) {
  struct fixture *f = *state;
  create_run(f->store, "b");
  struct error e = {0};
  char *file = path_in(f, "b.backup"), *missing = path_in(f, "no/b.backup"), *spool = path_in(f, "spool");
  FILE *out = fopen(file, "we");
  fputs("mine", out);
  fclose(out);
  assert_int_equal(backup_make(f->dir, file, &e), ERR_EXISTS);
  struct stat st;
  assert_int_equal(stat(file, &st), 0);
  assert_int_equal(st.st_size, 4);
  unlink(file);
  assert_int_equal(backup_make(f->dir, missing, &e), ERR_NOT_FOUND);
  assert_int_equal(backup_make("/tmp/quire-no-such-library", file, &e), ERR_NOT_FOUND);
  fclose(fopen(spool, "we"));
  assert_int_equal(backup_make(f->dir, file, &e), ERR_CONFLICT); /* acknowledged changes would be left out */
  assert_true(*e.hint);
  unlink(spool);
  assert_int_equal(names(f->dir, "b.backup", NULL), 0);
  assert_int_equal(backup_make(f->dir, file, &e), OK);
  free(spool);
  free(missing);
  free(file);
}

/* --- restore --- */

static void a_backup_taken_elsewhere_goes_on_there(void **state) {
  struct fixture *f = *state;
  struct store *s = f->store;
  int64_t run = create_run(s, "b"), epoch = claim(s, run);
  answered_call(s, run, epoch, 1, "Chapter 1.");
  int64_t waits = create_run(s, "b");
  assert_int_equal(set_status(s, waits, claim(s, waits), RUN_WAITING, FOR_BUDGET, "money", 0, NULL), OK);
  int64_t over = ended_run(s, "b", "Old.");
  char *file = path_in(f, "b.backup"), *dir = path_in(f, "there");
  struct error e = {0};
  assert_int_equal(backup_make(f->dir, file, &e), OK);
  if (backup_restore(file, dir, false, &e) != OK) fail_msg("%s %s", e.message, e.hint);
  struct store *reader = open_store(dir, STORE_READER); /* before any owner */
  assert_int_equal(ask(reader, "SELECT count(*) FROM runs"), 3);
  assert_int_equal(ask(reader, "SELECT value FROM settings WHERE key = 'generation'"), 1);
  store_close(reader);
  struct store *t = open_store(dir, STORE_OWNER);
  assert_true(run_is(t, run, RUN_QUEUED));
  assert_true(run_is(t, waits, RUN_WAITING));
  assert_true(run_is(t, over, RUN_COMPLETED));
  assert_int_equal(
      ask(t, "SELECT count(*) FROM events WHERE run_id = 1 AND data LIKE '%restored from a backup%'"), 1);
  int64_t now = claim(t, run);
  assert_true(now > epoch + 100);
  for (int64_t old = epoch; old < epoch + 10; old++) /* the lost timeline went on a little */
    assert_int_equal(journal(t, run, old, 2, "1"), ERR_FENCED);
  assert_int_equal(journal(t, run, now, 2, "1"), OK);
  audit_clean(t);
  store_close(t);
  assert_int_equal(names(dir, "quire.db.restoring", NULL), 0);
  remove_dir(dir);
  free(dir);
  free(file);
}

static void a_restore_replaces_nothing_unless_told_and_then_keeps_it(void **state) {
  struct fixture *f = *state;
  char *file = path_in(f, "b.backup"), *spool = path_in(f, "spool"), *aside = NULL;
  struct error e = {0};
  create_run(f->store, "b");
  assert_int_equal(backup_make(f->dir, file, &e), OK);
  create_run(f->store, "b");
  edit(f->store, 1, "notes.md", "Mine, and newer.");
  assert_int_equal(backup_restore(file, f->dir, true, &e), ERR_OWNED);
  store_close(f->store);
  f->store = NULL;
  e = (struct error){0};
  assert_int_equal(backup_restore(file, f->dir, false, &e), ERR_EXISTS);
  assert_non_null(strstr(e.message, "2 runs (2 unfinished) and 1 documents"));
  assert_non_null(strstr(e.hint, "--replace"));
  FILE *stale = fopen(spool, "we");
  fputs("quire-spool 1 abc\n", stale);
  fclose(stale);
  struct store *reader = open_store(f->dir, STORE_READER); /* it would go on with what is gone */
  assert_int_equal(backup_restore(file, f->dir, true, &e), ERR_LOCKED);
  assert_non_null(strstr(e.hint, "restore again"));
  store_close(reader);
  e = (struct error){0};
  assert_int_equal(backup_restore(file, f->dir, true, &e), OK);
  assert_false(there(spool)); /* the lost timeline's: what it held is aside, too */
  assert_int_equal(names(f->dir, "quire.db.aside-", &aside), 1);
  f->store = open_store(f->dir, STORE_OWNER);
  assert_int_equal(ask(f->store, "SELECT count(*) FROM runs"), 1);
  assert_int_equal(ask(f->store, "SELECT count(*) FROM artifacts"), 0);
  audit_clean(f->store);
  store_close(f->store);
  f->store = NULL;
  /* What was replaced can be restored like a backup. */
  if (backup_restore(aside, f->dir, true, &e) != OK) fail_msg("%s %s", e.message, e.hint);
  f->store = open_store(f->dir, STORE_OWNER);
  assert_int_equal(ask(f->store, "SELECT count(*) FROM runs"), 2);
  assert_int_equal(ask(f->store, "SELECT count(*) FROM artifacts"), 1);
  free(aside);
  free(spool);
  free(file);
}

static void a_damaged_or_foreign_backup_changes_nothing(void **state) {
  struct fixture *f = *state;
  char *file = path_in(f, "b.backup"), *foreign = path_in(f, "foreign"), *empty = path_in(f, "empty"),
       *none = path_in(f, "none");
  struct error e = {0};
  for (int i = 0; i < 200; i++) create_run(f->store, "b");
  assert_int_equal(backup_make(f->dir, file, &e), OK);
  int64_t runs = ask(f->store, "SELECT count(*) FROM runs");
  store_close(f->store);
  f->store = NULL;
  FILE *out = fopen(file, "r+e");
  fseek(out, 8 * 4096, SEEK_SET);
  for (int i = 0; i < 8 * 4096; i++) fputc(0x5a, out);
  fclose(out);
  sql(foreign, "CREATE TABLE songs (title TEXT)");
  fclose(fopen(empty, "we"));
  assert_int_equal(backup_restore(file, f->dir, true, &e), ERR_CORRUPT);
  assert_int_equal(backup_restore(foreign, f->dir, true, &e), ERR_INVALID);
  assert_int_equal(backup_restore(empty, f->dir, true, &e), ERR_INVALID);
  assert_int_equal(backup_restore(none, f->dir, true, &e), ERR_NOT_FOUND);
  sql(foreign, "PRAGMA application_id = 1366649202; PRAGMA user_version = 999");
  assert_int_equal(backup_restore(foreign, f->dir, true, &e), ERR_NEWER);
  assert_int_equal(names(f->dir, "quire.db.", NULL), 0);
  f->store = open_store(f->dir, STORE_OWNER);
  assert_int_equal(ask(f->store, "SELECT count(*) FROM runs"), runs);
  free(none);
  free(empty);
  free(foreign);
  free(file);
}

static void a_damaged_library_is_replaced_by_its_backup(void **state) {
  struct fixture *f = *state;
  char *file = path_in(f, "b.backup"), *path = path_in(f, "quire.db");
  struct error e = {0};
  create_run(f->store, "b");
  assert_int_equal(backup_make(f->dir, file, &e), OK);
  store_close(f->store);
  f->store = NULL;
  FILE *out = fopen(path, "we");
  for (int i = 0; i < 3 * 4096; i++) fputc(0x5a, out);
  fclose(out);
  assert_int_equal(backup_restore(file, f->dir, false, &e), ERR_EXISTS);
  assert_int_equal(backup_restore(file, f->dir, true, &e), OK);
  f->store = open_store(f->dir, STORE_OWNER);
  assert_int_equal(ask(f->store, "SELECT count(*) FROM runs"), 1);
  assert_true(names(f->dir, "quire.db.aside-", NULL) >= 1);
  free(path);
  free(file);
}

/* --- schemas that grow --- */

/* What a quire of schema 1 left behind when it was killed: written as rows, because today's code may ask for more columns. */
static const char left_by_version_1[] =
    "INSERT INTO projects (slug, title, kind, created_at, updated_at) VALUES ('b', 'B', 'project', 1, 1);"
    "INSERT INTO runs (id, status, epoch, project_id, pipeline, created_at, started_at, last_heartbeat, cost_nano, calls,"
    "  tokens_in, tokens_out) VALUES (1, 'running', 3, 1, 'generate_book', 1, 2, 3, 700, 1, 100, 20);"
    "INSERT INTO runs (id, status, epoch, project_id, pipeline, created_at, started_at, wait_kind, wait_for)"
    "  VALUES (2, 'waiting', 1, 1, 'generate_book', 1, 2, 'gate', 'a person to decide');"
    "INSERT INTO runs (id, status, project_id, pipeline, created_at) VALUES (3, 'queued', 1, 'generate_book', 1);"
    "INSERT INTO runs (id, status, epoch, project_id, pipeline, created_at, started_at, ended_at)"
    "  VALUES (4, 'completed', 1, 1, 'generate_book', 1, 2, 3);"
    "INSERT INTO run_texts (run_id, input, options) SELECT id, '{}', '{}' FROM runs;"
    "INSERT INTO blobs (sha, size, data) VALUES ('8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4', 2,"
    "  CAST('hi' AS BLOB));"
    "INSERT INTO calls (run_id, epoch, state, attempt, scope, hash, n, role, provider, model, created_at, ended_at, cost_nano,"
    "  price_known, input_tokens, output_tokens, answer) VALUES (1, 3, 'answered', 1, '/', zeroblob(32), 0, 'writer', 'p', 'm',"
    "  1, 2, 700, 1, 100, 20, 'Paid.');"
    "INSERT INTO call_blocks VALUES (1, 0, 1, 1);"
    "INSERT INTO journal (run_id, seq, n, at, call_id, size, scope, kind, hash, result)"
    "  VALUES (1, 1, 0, 5, 1, 16, '/', 'llm', zeroblob(32), '{\"text\":\"Paid.\"}'),"
    "  (1, 2, 0, 5, NULL, 1, '/', 'step', zeroblob(32), '1');"
    "INSERT INTO gates (run_id, scope, hash, n, title, show, show_sha, choices, created_at) VALUES (2, '/', zeroblob(32), 0, 'Good?',"
    "  'hi', '8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4', '[]', 1);"
    "INSERT INTO artifacts (project_id, name, head, created_at) VALUES (1, 'a.md', 2, 1);"
    "INSERT INTO artifact_versions (artifact_id, number, kind, author, state, size, blob_id, created_at)"
    "  VALUES (1, 1, 'text', 'person', 'version', 2, 1, 1);"
    /* as runs could, then: it had read what it replaced */
    "INSERT INTO artifact_versions (artifact_id, number, kind, author, state, run_id, size, blob_id, created_at)"
    "  VALUES (1, 2, 'text', 'run', 'version', 1, 2, 1, 2);"
    "INSERT INTO events (run_id, at, kind, data) VALUES (1, 1, 'log', '{\"i\":1}');";

static void make_version_1(const struct fixture *f) {
  char *path = path_in(f, "quire.db");
  struct db *db;
  assert_int_equal(db_open(path, DB_WRITER, &db, NULL), OK);
  assert_int_equal(schema_migrate_to(db, 1, NULL), OK);
  assert_int_equal(db_exec(db, left_by_version_1), OK);
  db_close(db);
  free(path);
}

static void check_nothing_lost(struct store *s) {
  int n = 0;
  struct db *db = store_reader(s);
  assert_int_equal(journal_each(db, 1, 1000, rows_of, &n), OK);
  assert_int_equal(n, 2);
  store_reader_release(s, db);
  assert_true(run_is(s, 2, RUN_WAITING));
  assert_true(run_is(s, 3, RUN_QUEUED));
  assert_true(run_is(s, 4, RUN_COMPLETED));
  audit_clean(s);
}

static void live_runs_of_an_older_quire_go_on_after_the_update(void **state) {
  struct fixture *f = *state;
  make_version_1(f);
  f->store = open_store(f->dir, STORE_OWNER);
  struct store *s = f->store;
  assert_int_equal(ask(s, "PRAGMA user_version"), schema_version());
  check_nothing_lost(s);
  assert_int_equal(ask(s, "SELECT count(*) FROM events WHERE seq = -1 AND n = 1 AND data = '{}'"), 1);
  int64_t epoch = claim(s, 1);
  assert_int_equal(epoch, 4);
  assert_int_equal(journal(s, 1, epoch, 3, "1"), OK);
  struct op_gate_decide decide = {.op = {.kind = &op_gate_decide_kind}, .gate = 1, .choice = "yes"};
  do_ok(s, &decide.op);
  assert_true(run_is(s, 2, RUN_QUEUED));
  audit_clean(s);
}

static void an_older_quire_s_backup_is_restored_and_brought_up(void **state) {
  struct fixture *f = *state;
  make_version_1(f);
  char *file = path_in(f, "b.backup"), *dir = path_in(f, "there");
  struct error e = {0};
  if (backup_make(f->dir, file, &e) != OK) fail_msg("%s", e.message);
  if (backup_restore(file, dir, false, &e) != OK) fail_msg("%s", e.message);
  struct store *s = open_store(dir, STORE_OWNER);
  check_nothing_lost(s);
  assert_true(run_is(s, 1, RUN_QUEUED));
  store_close(s);
  remove_dir(dir);
  free(dir);
  free(file);
}

/* A migration that is still to come, on live runs: everything is there after it, and this program then leaves the library alone. */
static void a_migration_to_come_loses_nothing_or_does_nothing(void **state) {
  struct fixture *f = *state;
  make_version_1(f);
  char *path = path_in(f, "quire.db");
  enum { MOST = 16 };
  int next = schema_version() + 1;
  assert_true(next <= MOST);
  const char *list[MOST] = {0};
  struct db *db;
  struct error e = {0};
  assert_int_equal(db_open(path, DB_WRITER, &db, NULL), OK);
  assert_int_equal(schema_migrate(db, &e), OK);
  list[next - 1] =
      "CREATE TABLE owners (run_id INTEGER PRIMARY KEY) STRICT; ALTER TABLE runs ADD COLUMN nonsense wrong";
  assert_int_not_equal(schema_migrate_along(db, list, next, &e), OK); /* fails half way: undone as a whole */
  struct db_stmt *q = db_prepare(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'owners'");
  assert_int_equal(db_step(q), DB_ROW);
  assert_int_equal(db_int(q, 0), 0);
  db_reset(q);
  db_close(db);
  f->store = open_store(f->dir, STORE_OWNER);
  check_nothing_lost(f->store);
  store_close(f->store);
  f->store = NULL;
  assert_int_equal(db_open(path, DB_WRITER, &db, NULL), OK);
  list[next - 1] = "ALTER TABLE runs ADD COLUMN priority INTEGER NOT NULL DEFAULT 5;"
                   "CREATE TABLE owners (run_id INTEGER PRIMARY KEY) STRICT;"
                   "INSERT INTO owners SELECT id FROM runs WHERE ended_at IS NULL";
  assert_int_equal(schema_migrate_along(db, list, next, &e), OK);
  assert_int_equal(schema_migrate_along(db, list, next, &e), OK); /* once is enough */
  q = db_prepare(
      db,
      "SELECT (SELECT count(*) FROM owners), (SELECT sum(priority) FROM runs), (SELECT count(*) FROM journal)");
  assert_int_equal(db_step(q), DB_ROW);
  assert_int_equal(db_int(q, 0), 3);
  assert_int_equal(db_int(q, 1), 20);
  assert_int_equal(db_int(q, 2), 2);
  db_reset(q);
  int breaches = -1;
  assert_int_equal(audit_run_with(db, &(struct audit_options){true, true}, tell, NULL, &breaches), OK);
  assert_int_equal(schema_migrate(db, &e), ERR_NEWER);
  db_close(db);
  free(path);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      BARE(a_backup_is_one_moment_of_a_library_that_is_being_written),
      WITH(a_backup_never_overwrites_and_fails_without_a_trace),
      WITH(a_backup_taken_elsewhere_goes_on_there),
      WITH(a_restore_replaces_nothing_unless_told_and_then_keeps_it),
      WITH(a_damaged_or_foreign_backup_changes_nothing),
      WITH(a_damaged_library_is_replaced_by_its_backup),
      BARE(live_runs_of_an_older_quire_go_on_after_the_update),
      BARE(an_older_quire_s_backup_is_restored_and_brought_up),
      BARE(a_migration_to_come_loses_nothing_or_does_nothing),
  };
  return cmocka_run_group_tests_name("store keep", tests, NULL, NULL);
}
