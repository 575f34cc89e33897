/* keep_fixture.h - runs that ended, audits, files and SQL for the tests that keep a library. */
#pragma once
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

static inline void tell(void *arg, const char *rule, int64_t run, const char *explanation) {
  (void)arg;
  fail_msg("%s (run %lld): %s", rule, (long long)run, explanation);
}

static inline void audit_clean(struct store *s) {
  struct db *db = store_reader(s);
  int breaches = -1;
  assert_int_equal(audit_run_with(db, &(struct audit_options){true, true}, tell, NULL, &breaches), OK);
  assert_int_equal(breaches, 0);
  store_reader_release(s, db);
}

/* One call, asked and answered, with its entry. Returns its id. */
static inline int64_t answered_call(struct store *s, int64_t run, int64_t epoch, int64_t seq,
                                    const char *prompt) {
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

static inline void edit(struct store *s, int64_t project, const char *name, const char *text) {
  struct op_artifact_edit op = {.op = {.kind = &op_artifact_edit_kind},
                                .project = project,
                                .name = name,
                                .kind = "text",
                                .content = text,
                                .n = strlen(text),
                                .expected = -1};
  do_ok(s, &op.op);
}

static inline int64_t ended_run(struct store *s, const char *project, const char *prompt) {
  int64_t run = create_run(s, project), epoch = claim(s, run);
  answered_call(s, run, epoch, 1, prompt);
  events_post(s, run, epoch, (struct event_place){0}, "log", "{\"i\":1}");
  assert_int_equal(set_status(s, run, epoch, RUN_COMPLETED, FOR_NOTHING, NULL, 0, NULL), OK);
  return run;
}

static inline int64_t retry(struct store *s, int64_t of, enum err expected) {
  struct op_run_create op = {
      .op = {.kind = &op_run_create_kind}, .pipeline = "generate_book", .project = "b", .retry_of = of};
  assert_int_equal(store_do(s, &op.op), expected);
  return op.id;
}

static inline char *path_in(const struct fixture *f, const char *name) {
  return mem_printf("%s/%s", f->dir, name);
}

static inline bool there(const char *path) {
  return access(path, F_OK) == 0;
}

/* Names in `dir` that begin with `prefix`; the last one's path in *found when that is not NULL. */
static inline int names(const char *dir, const char *prefix, char **found) {
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

static inline void sql(const char *path, const char *text) {
  sqlite3 *h;
  assert_int_equal(sqlite3_open(path, &h), SQLITE_OK);
  if (sqlite3_exec(h, text, NULL, NULL, NULL) != SQLITE_OK) fail_msg("%s: %s", text, sqlite3_errmsg(h));
  sqlite3_close(h);
}

/* Past the store, also while it is open. */
static inline void change(const struct fixture *f, const char *text) {
  char *path = path_in(f, "quire.db");
  sql(path, text);
  free(path);
}

static inline void rows_of(void *arg, const struct journal_row *row) {
  (void)row;
  ++*(int *)arg;
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
#define BARE(test) cmocka_unit_test_setup_teardown(test, setup_dir, teardown)
