/* Keeping house: backup and restore, prune, projects that go, stale runs, beats, and schemas that grow. */
#include "store_fixture.h"
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include "store/upkeep/audit.h"
#include "store/upkeep/backup.h"
#include "store/upkeep/prune.h"
#include "store/schema.h"
#include "store/upkeep/watch.h"

/* --- what all need --- */

static void tell(void *arg, const char *rule, int64_t run, const char *explanation) {
  (void)arg;
  fail_msg("%s (run %lld): %s", rule, (long long)run, explanation);
}

static void audit_clean(struct store *s) {
  struct db *db = store_reader(s);
  int breaches = -1;
  assert_int_equal(audit_run_with(db, &(struct audit_options){true, true}, tell, NULL, &breaches), OK);
  assert_int_equal(breaches, 0);
  store_reader_release(s, db);
}

/* One call, asked and answered, with its entry. Returns its id. */
static int64_t answered_call(struct store *s, int64_t run, int64_t epoch, int64_t seq, const char *prompt) {
  struct call_block block = {.text = prompt, .n = strlen(prompt)};
  struct op_call_intent op = {.op = {.kind = &op_call_intent_kind},
                              .run = run,
                              .epoch = epoch,
                              .key = entry_of(run, epoch, seq, "llm", NULL).key,
                              .attempt = 1,
                              .role = "writer",
                              .provider = "p",
                              .model = "m",
                              .params = "{}",
                              .blocks = &block,
                              .n_blocks = 1,
                              .reads = "[{\"name\":\"chapters/01.md\",\"version\":1}]"};
  do_ok(s, &op.op);
  struct op_call_finish *end = mem_alloc(sizeof *end);
  *end = (struct op_call_finish){.op = {.kind = &op_call_finish_kind},
                                 .id = op.id,
                                 .run = run,
                                 .epoch = epoch,
                                 .state = "answered",
                                 .answer = mem_dup("Secret words."),
                                 .usage = {10, 0, 0, 5, 0},
                                 .price_known = true,
                                 .cost_nano = 100,
                                 .result = mem_dup("{\"text\":\"Secret words.\"}")};
  end->entry = entry_of(run, epoch, seq, "llm", NULL);
  do_ok(s, &end->op);
  end->op.kind->free(&end->op);
  return op.id;
}

static void edit(struct store *s, int64_t project, const char *name, const char *text) {
  struct op_artifact_edit op = {.op = {.kind = &op_artifact_edit_kind},
                                .project = project,
                                .name = name,
                                .kind = "text",
                                .content = text,
                                .n = strlen(text),
                                .expected = -1};
  do_ok(s, &op.op);
}

static int64_t ended_run(struct store *s, const char *project, const char *prompt) {
  int64_t run = create_run(s, project), epoch = claim(s, run);
  answered_call(s, run, epoch, 1, prompt);
  events_post(s, run, epoch, (struct event_place){0}, "log", "{\"i\":1}");
  assert_int_equal(set_status(s, run, epoch, RUN_COMPLETED, FOR_NOTHING, NULL, 0, NULL), OK);
  return run;
}

static int64_t retry(struct store *s, int64_t of, enum err expected) {
  struct op_run_create op = {
      .op = {.kind = &op_run_create_kind}, .pipeline = "generate_book", .project = "b", .retry_of = of};
  assert_int_equal(store_do(s, &op.op), expected);
  return op.id;
}

static char *path_in(const struct fixture *f, const char *name) {
  return mem_printf("%s/%s", f->dir, name);
}

static bool there(const char *path) {
  return access(path, F_OK) == 0;
}

/* Names in `dir` that begin with `prefix`; the last one's path in *found when that is not NULL. */
static int names(const char *dir, const char *prefix, char **found) {
  int n = 0;
  DIR *d = opendir(dir);
  for (struct dirent *entry; d && (entry = readdir(d)) != NULL;) {
    if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0) continue;
    n++;
    if (!found) continue;
    free(*found);
    *found = mem_printf("%s/%s", dir, entry->d_name);
  }
  if (d) closedir(d);
  return n;
}

static void sql(const char *path, const char *text) {
  sqlite3 *h;
  assert_int_equal(sqlite3_open(path, &h), SQLITE_OK);
  if (sqlite3_exec(h, text, NULL, NULL, NULL) != SQLITE_OK) fail_msg("%s: %s", text, sqlite3_errmsg(h));
  sqlite3_close(h);
}

/* Past the store, also while it is open. */
static void change(const struct fixture *f, const char *text) {
  char *path = path_in(f, "quire.db");
  sql(path, text);
  free(path);
}

/* --- backup --- */

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

/* --- prune --- */

static void prune_takes_old_runs_and_keeps_the_ledger_and_the_book(void **state) {
  struct fixture *f = *state;
  struct store *s = f->store;
  int64_t old = ended_run(s, "b", "Long ago."), newer = ended_run(s, "b", "Shared."),
          other = ended_run(s, "c", "Other.");
  int64_t live = create_run(s, "b");
  edit(s, 1, "chapters/01.md", "Long ago.");
  edit(s, 1, "chapters/01.md", "The book.");
  int64_t before = clock_wall_ms() + 1000;
  int64_t cost, calls, cost_after, calls_after;
  struct db *db = store_reader(s);
  assert_int_equal(calls_spent(db, 0, &cost, &calls), OK);
  store_reader_release(s, db);
  struct prune_counts plan, done;
  struct error e = {0};
  assert_int_equal(prune_library(s, before, 1, true, &plan, &e), OK);
  assert_int_equal(plan.runs, 1); /* the newest of each project stays */
  assert_int_equal(ask(s, "SELECT count(*) FROM runs"), 4);
  assert_int_equal(prune_library(s, before - 1000000, 0, false, &done, &e), OK);
  assert_int_equal(done.runs, 0); /* not old enough */
  assert_int_equal(prune_library(s, before, 1, false, &done, &e), OK);
  assert_memory_equal(&done, &plan, sizeof done);
  assert_int_equal(done.blobs, 0); /* the text of its prompt is a chapter as well */
  assert_int_equal(ask(s, "SELECT id FROM runs ORDER BY id LIMIT 1"), newer);
  assert_int_equal(prune_library(s, before, 0, true, &plan, &e), OK);
  assert_int_equal(prune_library(s, before, 0, false, &done, &e), OK);
  assert_memory_equal(&done, &plan, sizeof done);
  assert_int_equal(done.runs, 2);
  assert_int_equal(done.blobs, 2);
  assert_int_equal(done.bytes, 13);
  assert_true(run_is(s, live, RUN_QUEUED));
  db = store_reader(s);
  assert_int_equal(calls_spent(db, 0, &cost_after, &calls_after), OK);
  store_reader_release(s, db);
  assert_int_equal(cost_after, cost);
  assert_int_equal(calls_after, calls);
  assert_int_equal(ask(s, "SELECT count(*) FROM calls WHERE answer IS NOT NULL OR params IS NOT NULL"), 0);
  assert_int_equal(ask(s, "SELECT (SELECT count(*) FROM journal) + (SELECT count(*) FROM call_blocks)"), 0);
  assert_int_equal(ask(s, "SELECT count(*) FROM events WHERE run_id <> 4"), 0);
  assert_int_equal(ask(s, "SELECT count(*) FROM reads"), 3); /* which chapter depends on what */
  assert_int_equal(ask(s, "SELECT count(*) FROM artifact_versions"), 2);
  assert_int_equal(ask(s, "SELECT count(*) FROM settings WHERE key LIKE 'pruning%'"), 0);
  (void)old, (void)other;
  audit_clean(s);
}

static void prune_keeps_what_an_unfinished_run_still_needs(void **state) {
  struct fixture *f = *state;
  struct store *s = f->store;
  int64_t first = ended_run(s, "b", "A."), second = retry(s, first, OK);
  int64_t epoch = claim(s, second);
  assert_int_equal(set_status(s, second, epoch, RUN_FAILED, FOR_NOTHING, NULL, 0, NULL), OK);
  int64_t third = retry(s, second, OK);
  struct prune_counts done;
  assert_int_equal(prune_library(s, clock_wall_ms() + 1000, 0, false, &done, NULL), OK);
  assert_int_equal(done.runs, 0); /* 3 continues 2, which continues 1 */
  epoch = claim(s, third);
  assert_int_equal(set_status(s, third, epoch, RUN_COMPLETED, FOR_NOTHING, NULL, 0, NULL), OK);
  struct op_prune one = {.op = {.kind = &op_prune_kind}, .before_ms = clock_wall_ms() + 1000, .keep_runs = 2};
  do_ok(s, &one.op);
  assert_int_equal(one.counts.runs, 1);
  audit_clean(s); /* the retries' entries name calls of a run that is gone */
  retry(s, third, OK);
  assert_int_equal(retry(s, first, ERR_NOT_FOUND), 0);
}

static void rows_of(void *arg, const struct journal_row *row) {
  (void)row;
  ++*(int *)arg;
}

static void prune_goes_in_small_batches_and_can_be_broken_off(void **state) {
  struct fixture *f = *state;
  struct store *s = f->store;
  int64_t run = create_run(s, "b"), epoch = claim(s, run);
  answered_call(s, run, epoch, 1, "A.");
  assert_int_equal(set_status(s, run, epoch, RUN_COMPLETED, FOR_NOTHING, NULL, 0, NULL), OK);
  change(f, "WITH RECURSIVE n(i) AS (VALUES (2) UNION ALL SELECT i + 1 FROM n WHERE i < 1300)"
            " INSERT INTO journal (run_id, seq, n, at, size, scope, kind, hash, result)"
            " SELECT 1, i, i, 1, 1, '/', 'step', zeroblob(32), '1' FROM n");
  struct op_prune op = {.op = {.kind = &op_prune_kind}, .before_ms = clock_wall_ms() + 1000};
  do_ok(s, &op.op);
  assert_true(op.more);
  assert_int_equal(op.counts.journal, PRUNE_ROWS);
  assert_int_equal(ask(s, "SELECT count(*) FROM journal"), 800);
  audit_clean(s);                                    /* broken off here: everything that is left is sound */
  assert_int_equal(retry(s, run, ERR_NOT_FOUND), 0); /* its journal is not whole: calls would be paid again */
  reopen(f);
  s = f->store;
  struct prune_counts done;
  assert_int_equal(prune_library(s, 1, 100, false, &done, NULL), OK); /* begun is begun */
  assert_int_equal(done.runs, 1);
  assert_int_equal(done.journal, 800);
  assert_int_equal(done.calls, 1);
  assert_int_equal(done.blobs, 1);
  assert_int_equal(ask(s, "SELECT count(*) FROM runs"), 0);
  assert_int_equal(ask(s, "SELECT count(*) FROM settings WHERE key LIKE 'pruning%'"), 0);
  audit_clean(s);
}

static void a_pruned_call_is_no_late_answer(void **state) {
  struct fixture *f = *state;
  struct store *s = f->store;
  int64_t first = ended_run(s, "b", "A.");
  change(f, "DELETE FROM journal"); /* so that its answer is a late one */
  int64_t second = retry(s, first, OK);
  struct db *db = store_reader(s);
  int n = 0;
  assert_int_equal(journal_each(db, second, 1000, rows_of, &n), OK);
  assert_int_equal(n, 1);
  store_reader_release(s, db);
  assert_int_equal(set_status(s, second, claim(s, second), RUN_FAILED, FOR_NOTHING, NULL, 0, NULL), OK);
  struct op_prune one = {.op = {.kind = &op_prune_kind}, .before_ms = clock_wall_ms() + 1000, .keep_runs = 1};
  do_ok(s, &one.op);
  assert_int_equal(one.counts.runs, 1);
  int64_t third = retry(s, second, OK);
  db = store_reader(s);
  n = 0;
  assert_int_equal(journal_each(db, third, 1000, rows_of, &n), OK);
  assert_int_equal(n, 0); /* its text is gone: an empty answer would spoil the book */
  store_reader_release(s, db);
}

static void a_project_goes_with_everything_but_the_ledger(void **state) {
  struct fixture *f = *state;
  struct store *s = f->store;
  ended_run(s, "series", "A.");
  ended_run(s, "keep", "B.");
  int64_t live = create_run(s, "series");
  edit(s, 1, "chapters/01.md", "One.");
  edit(s, 2, "chapters/01.md", "Kept.");
  struct prune_counts done;
  struct error e = {0};
  assert_int_equal(project_delete(s, "series", &done, &e), ERR_CONFLICT);
  assert_non_null(strstr(e.message, "1 unfinished run"));
  struct op_run_command cancel = {.op = {.kind = &op_run_command_kind}, .id = live, .what = RUN_CANCEL};
  do_ok(s, &cancel.op);
  run_row_release(&cancel.row);
  change(f, "UPDATE projects SET parent = 1 WHERE slug = 'keep'");
  assert_int_equal(project_delete(s, "series", &done, &e), ERR_CONFLICT);
  assert_non_null(strstr(e.message, "1 part"));
  change(f, "UPDATE projects SET parent = NULL");
  assert_int_equal(ask(s, "SELECT count(*) FROM runs"), 3);
  assert_int_equal(project_delete(s, "series", &done, &e), OK);
  assert_int_equal(done.runs, 2);
  assert_int_equal(done.artifacts, 1);
  assert_int_equal(done.blobs, 2);
  assert_int_equal(ask(s, "SELECT count(*) FROM projects"), 1);
  assert_int_equal(ask(s, "SELECT count(*) FROM artifact_versions"), 1);
  assert_int_equal(ask(s, "SELECT count(*) FROM calls"), 2);
  assert_int_equal(ask(s, "SELECT count(*) FROM reads"), 1);
  assert_int_equal(project_delete(s, "series", &done, &e), ERR_NOT_FOUND);
  audit_clean(s);
}

/* --- the watcher's ops --- */

static void age(const struct fixture *f, int64_t run, int64_t ms) {
  char *text = mem_printf("UPDATE runs SET last_heartbeat = %lld WHERE id = %lld",
                          (long long)(clock_wall_ms() - ms), (long long)run);
  change(f, text);
  free(text);
}

static struct op_run_stale sweep_of(int64_t run, int64_t epoch) {
  return (struct op_run_stale){.op = {.kind = &op_run_stale_kind},
                               .id = run,
                               .epoch = epoch,
                               .beat_before = clock_wall_ms() - 900000,
                               .started_before = clock_wall_ms() - 7200000};
}

static void a_stale_run_is_queued_again_and_its_zombie_fenced(void **state) {
  struct fixture *f = *state;
  struct store *s = f->store;
  int64_t run = create_run(s, "b"), epoch = claim(s, run);
  assert_int_equal(journal(s, run, epoch, 1, "1"), OK);
  struct op_run_stale op = sweep_of(run, epoch);
  assert_int_equal(store_do(s, &op.op), ERR_CONFLICT); /* it moves */
  age(f, run, 960000);
  do_ok(s, &op.op);
  assert_int_equal(op.outcome, STALE_REQUEUED);
  assert_int_equal(op.deaths, 1);
  assert_true(run_is(s, run, RUN_QUEUED));
  assert_int_equal(ask(s, "SELECT epoch FROM runs"), epoch + 1);
  assert_int_equal(ask(s, "SELECT count(*) FROM events WHERE data LIKE '%no sign of life for 16 minutes%'"),
                   1);
  assert_int_equal(journal(s, run, epoch, 2, "1"), ERR_FENCED);
  assert_int_equal(store_do(s, &op.op), ERR_CONFLICT); /* a second watcher comes late */
  audit_clean(s);
}

static void a_run_that_moved_in_the_meantime_is_left_alone(void **state) {
  struct fixture *f = *state;
  struct store *s = f->store;
  int64_t run = create_run(s, "b"), epoch = claim(s, run);
  age(f, run, 960000);
  struct op_run_stale op = sweep_of(run, epoch); /* seen as stale ... */
  struct run_beat *beats = mem_alloc(sizeof *beats);
  *beats = (struct run_beat){.run = run, .epoch = epoch};
  struct op_run_beats *beat = mem_alloc(sizeof *beat);
  *beat = (struct op_run_beats){.op = {.kind = &op_run_beats_kind}, .beats = beats, .n = 1};
  do_ok(s, &beat->op);
  beat->op.kind->free(&beat->op);
  op.then = STALE_FAIL;
  assert_int_equal(store_do(s, &op.op), ERR_CONFLICT); /* ... but it beat since */
  struct run_row row = get_run(s, run);
  assert_int_equal(row.status, RUN_RUNNING);
  assert_null(row.error); /* the text of the failure was undone, too */
  assert_int_equal(row.deaths, 0);
  run_row_release(&row);
  age(f, run, 960000);
  op.epoch = epoch - 1;
  assert_int_equal(store_do(s, &op.op), ERR_CONFLICT);
}

static void a_run_without_any_beat_has_two_hours(void **state) {
  struct fixture *f = *state;
  struct store *s = f->store;
  int64_t run = create_run(s, "b"), epoch = claim(s, run);
  struct op_run_stale op = sweep_of(run, epoch);
  char *text = mem_printf("UPDATE runs SET started_at = %lld", (long long)clock_wall_ms() - 7100000);
  change(f, text);
  free(text);
  assert_int_equal(store_do(s, &op.op), ERR_CONFLICT);
  text = mem_printf("UPDATE runs SET started_at = %lld", (long long)clock_wall_ms() - 7300000);
  change(f, text);
  free(text);
  do_ok(s, &op.op);
  assert_true(run_is(s, run, RUN_QUEUED));
}

static void on_stale_fail_says_why(void **state) {
  struct fixture *f = *state;
  struct store *s = f->store;
  int64_t run = create_run(s, "b"), epoch = claim(s, run);
  age(f, run, 960000);
  struct op_run_stale op = sweep_of(run, epoch);
  op.then = STALE_FAIL;
  do_ok(s, &op.op);
  assert_int_equal(op.outcome, STALE_FAILED);
  struct run_row row = get_run(s, run);
  assert_int_equal(row.status, RUN_FAILED);
  assert_true(row.ended_at > 0);
  assert_non_null(strstr(row.error, "\"kind\":\"stuck\""));
  assert_non_null(strstr(row.error, "no sign of life for 16 minutes"));
  run_row_release(&row);
  audit_clean(s);
}

static void three_deaths_without_progress_are_poison(void **state) {
  struct fixture *f = *state;
  struct store *s = f->store;
  int64_t run = create_run(s, "b"), epoch;
  for (int i = 1; i <= 4; i++) {
    epoch = claim(s, run);
    if (i == 2) assert_int_equal(journal(s, run, epoch, 1, "1"), OK); /* progress: the count starts again */
    struct op_run_stale op = sweep_of(run, epoch);
    op.judged = true; /* this host's own, stopped: its beat in memory was judged */
    op.reason = "its loop did not tick for 30 s";
    do_ok(s, &op.op);
    assert_int_equal(op.deaths, i == 1 ? 1 : i - 1);
    assert_int_equal(op.outcome, i == 4 ? STALE_POISON : STALE_REQUEUED);
  }
  struct run_row row = get_run(s, run);
  assert_int_equal(row.status, RUN_FAILED);
  assert_non_null(strstr(row.error, "\"kind\":\"stuck\""));
  assert_non_null(strstr(row.error, "died 3 times in a row at the same place"));
  assert_non_null(strstr(row.error, "did not tick"));
  assert_non_null(strstr(row.error, "quire retry"));
  run_row_release(&row);
  audit_clean(s);
}

static void many_beats_are_one_op_and_the_lost_runs_are_named(void **state) {
  struct fixture *f = *state;
  struct store *s = f->store;
  enum { RUNS = 200 };
  struct op_run_beats *op = mem_alloc(sizeof *op);
  *op = (struct op_run_beats){
      .op = {.kind = &op_run_beats_kind}, .beats = mem_alloc(RUNS * sizeof(struct run_beat)), .n = RUNS};
  for (int i = 0; i < RUNS; i++) {
    int64_t run = create_run(s, "b");
    op->beats[i] = (struct run_beat){.run = run, .epoch = claim(s, run)};
  }
  op->beats[7].epoch--; /* another host has it */
  assert_int_equal(
      set_status(s, op->beats[9].run, op->beats[9].epoch, RUN_COMPLETED, FOR_NOTHING, NULL, 0, NULL), OK);
  struct store_stats before, after;
  store_stats(s, &before);
  do_ok(s, &op->op);
  store_stats(s, &after);
  assert_int_equal(after.commits - before.commits, 1);
  assert_int_equal(op->n_fenced, 2);
  for (int i = 0; i < RUNS; i++) assert_int_equal(op->beats[i].fenced, i == 7 || i == 9);
  assert_int_equal(ask(s, "SELECT count(*) FROM runs WHERE last_heartbeat IS NOT NULL"), RUNS - 2);
  op->op.kind->free(&op->op);
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

#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
#define BARE(test) cmocka_unit_test_setup_teardown(test, setup_dir, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      BARE(a_backup_is_one_moment_of_a_library_that_is_being_written),
      WITH(a_backup_never_overwrites_and_fails_without_a_trace),
      WITH(a_backup_taken_elsewhere_goes_on_there),
      WITH(a_restore_replaces_nothing_unless_told_and_then_keeps_it),
      WITH(a_damaged_or_foreign_backup_changes_nothing),
      WITH(a_damaged_library_is_replaced_by_its_backup),
      WITH(prune_takes_old_runs_and_keeps_the_ledger_and_the_book),
      WITH(prune_keeps_what_an_unfinished_run_still_needs),
      WITH(prune_goes_in_small_batches_and_can_be_broken_off),
      WITH(a_pruned_call_is_no_late_answer),
      WITH(a_project_goes_with_everything_but_the_ledger),
      WITH(a_stale_run_is_queued_again_and_its_zombie_fenced),
      WITH(a_run_that_moved_in_the_meantime_is_left_alone),
      WITH(a_run_without_any_beat_has_two_hours),
      WITH(on_stale_fail_says_why),
      WITH(three_deaths_without_progress_are_poison),
      WITH(many_beats_are_one_op_and_the_lost_runs_are_named),
      BARE(live_runs_of_an_older_quire_go_on_after_the_update),
      BARE(an_older_quire_s_backup_is_restored_and_brought_up),
      BARE(a_migration_to_come_loses_nothing_or_does_nothing),
  };
  return cmocka_run_group_tests_name("store keep", tests, NULL, NULL);
}
