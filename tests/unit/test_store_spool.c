/* What the spool promises: what could not be committed is kept, brought back once, and judged when it is damaged. */
#include "writer_fixture.h"

/* Spools one op of each kind that can be, and closes the library while it is still locked. */
static void fill_spool(struct fixture *f, int64_t *run) {
  struct store *s = f->store;
  *run = create_run(s, "b");
  int64_t epoch = claim(s, *run);
  struct op_call_intent intent = {.op = {.kind = &op_call_intent_kind},
                                  .run = *run,
                                  .epoch = epoch,
                                  .attempt = 1,
                                  .role = "writer",
                                  .provider = "p",
                                  .model = "m",
                                  .key = {.scope = "/"}};
  do_ok(s, &intent.op);
  struct locker l = lock_from_outside(f);
  assert_int_equal(journal(s, *run, epoch, 1, "{\"a\":\"b\\nc\"}"), OK);
  struct op_call_finish *finish = mem_alloc(sizeof *finish);
  *finish = (struct op_call_finish){.op = {.kind = &op_call_finish_kind},
                                    .id = intent.id,
                                    .run = *run,
                                    .epoch = epoch,
                                    .state = "answered",
                                    .answer = mem_dup("not \xfe UTF-8"),
                                    .usage = {1, 2, 3, 4, 5},
                                    .price_known = true,
                                    .cost_nano = 9,
                                    .result = mem_dup("{\"text\":\"x\"}"),
                                    .entry = entry_of(*run, epoch, 2, "llm", NULL)};
  do_ok(s, &finish->op);
  finish->op.kind->free(&finish->op);
  struct op_run_progress *progress = mem_alloc(sizeof *progress);
  *progress = (struct op_run_progress){.op = {.kind = &op_run_progress_kind},
                                       .run = *run,
                                       .epoch = epoch,
                                       .phase = mem_dup("end"),
                                       .done = 3,
                                       .total = 3};
  do_ok(s, &progress->op);
  progress->op.kind->free(&progress->op);
  events_post(s, *run, epoch, (struct event_place){0}, "log", "{\"line\":1}");
  assert_int_equal(set_status(s, *run, epoch, RUN_COMPLETED, FOR_NOTHING, NULL, 0, NULL), OK);
  store_close(s);
  f->store = NULL;
  assert_true(has_spool(f));
  let_go(&l);
}

static void check_replayed(struct store *s, int64_t run) {
  assert_int_equal(ask(s, "SELECT count(*) FROM journal"), 2);
  assert_int_equal(
      ask(s,
          "SELECT count(*) FROM journal WHERE kind = 'llm' AND call_id = 1 AND result = '{\"text\":\"x\"}'"),
      1);
  assert_int_equal(
      ask(s,
          "SELECT count(*) FROM calls WHERE state = 'answered' AND CAST(answer AS BLOB) = x'6e6f7420fe205554462d38'"),
      1);
  assert_int_equal(
      ask(s,
          "SELECT cost_nano = 9 AND calls = 1 AND tokens_in = 1 AND progress_done = 3 AND phase = 'end' FROM runs"),
      1);
  assert_int_equal(ask(s, "SELECT count(*) FROM events WHERE kind = 'log'"), 1);
  assert_true(run_is(s, run, RUN_COMPLETED));
}

static void the_spool_is_replayed_at_start(void **state) {
  struct fixture *f = *state;
  int64_t run;
  fill_spool(f, &run);
  f->store = open_store(f->dir, STORE_OWNER);
  assert_true(store_healthy(f->store));
  assert_false(has_spool(f));
  check_replayed(f->store, run);
}

static void a_spool_that_comes_back_is_not_applied_twice(void **state) {
  struct fixture *f = *state;
  int64_t run;
  fill_spool(f, &run);
  char *spool = mem_printf("%s/spool", f->dir), *copy = mem_printf("%s/copy", f->dir);
  assert_int_equal(link(spool, copy), 0);
  f->store = open_store(f->dir, STORE_OWNER);
  store_close(f->store);
  assert_int_equal(rename(copy, spool), 0); /* as after a power cut between the commit and the removal */
  f->store = open_store(f->dir, STORE_OWNER);
  check_replayed(f->store, run);
  assert_false(has_spool(f));
  free(spool);
  free(copy);
}

static void a_torn_last_line_was_never_promised(void **state) {
  struct fixture *f = *state;
  int64_t run;
  fill_spool(f, &run);
  char *spool = mem_printf("%s/spool", f->dir);
  int fd = open(spool, O_WRONLY | O_APPEND | O_CLOEXEC);
  assert_int_equal(write(fd, "0123456789abcdef event {\"run\":1,", 32), 32);
  close(fd);
  free(spool);
  f->store = open_store(f->dir, STORE_OWNER);
  check_replayed(f->store, run);
}

static void a_damaged_spool_is_kept_aside_for_a_person(void **state) {
  struct fixture *f = *state;
  int64_t run;
  fill_spool(f, &run);
  char *spool = mem_printf("%s/spool", f->dir);
  struct buf b;
  buf_init(&b, 1 << 20);
  assert_int_equal(buf_read_file(&b, spool, NULL), OK);
  char *third = b.data;
  for (int line = 0; line < 3; line++)
    third = strchr(third, '\n') + 1; /* the head, two ops, and then the damage */
  int fd = open(spool, O_WRONLY | O_CLOEXEC);
  assert_int_equal(pwrite(fd, "XXXX", 4, third - b.data + 20), 4);
  close(fd);
  buf_release(&b);
  free(spool);
  f->store = open_store(f->dir, STORE_OWNER);
  assert_int_equal(ask(f->store, "SELECT count(*) FROM journal"), 2);
  assert_true(run_is(f->store, run, RUN_RUNNING));
  int kept = 0;
  DIR *d = opendir(f->dir);
  for (struct dirent *entry; (entry = readdir(d)) != NULL;)
    kept += strncmp(entry->d_name, "spool.damaged-", 14) == 0;
  closedir(d);
  assert_int_equal(kept, 1);
}

static void a_library_that_is_still_locked_opens_red(void **state) {
  struct fixture *f = *state;
  int64_t run;
  fill_spool(f, &run);
  struct locker l = lock_from_outside(f);
  f->store = open_store(f->dir, STORE_OWNER);
  assert_false(store_healthy(f->store));
  let_go(&l);
  wait_healthy(f->store);
  check_replayed(f->store, run);
}

/* The database takes writes again and the store is closed, all as it should; and the spool is there once more. */
static void close_and_bring_spool_back(struct fixture *f, struct locker *l) {
  char *spool = mem_printf("%s/spool", f->dir), *copy = mem_printf("%s/copy", f->dir);
  assert_int_equal(link(spool, copy), 0);
  let_go(l);
  wait_healthy(f->store);
  store_close(f->store);
  assert_int_equal(rename(copy, spool), 0);
  free(spool);
  free(copy);
}

/* The run's own answers are recognized when they come twice; what it said has no mark of its own but the spool's. */
static void a_spool_that_comes_back_repeats_nothing_of_a_history(void **state) {
  struct fixture *f = *state;
  struct store *s = f->store;
  int64_t run = create_run(s, "b"), epoch = claim(s, run);
  struct locker l = lock_from_outside(f);
  events_post(s, run, epoch, (struct event_place){1, 1}, "log", "{\"text\":\"chapter 1\"}");
  assert_int_equal(journal(s, run, epoch, 1, "1"), OK); /* in order: now both are in the spool */
  close_and_bring_spool_back(f, &l);
  f->store = open_store(f->dir, STORE_OWNER);
  assert_int_equal(ask(f->store, "SELECT count(*) FROM events WHERE kind = 'log'"), 1);
  assert_int_equal(ask(f->store, "SELECT count(*) FROM journal"), 1);
  assert_false(has_spool(f));
}

/* A commit that was told as failed may have reached the disk after all, and the next host finds it there beside the spooled lines. */
static void what_a_failed_commit_wrote_after_all_is_not_applied_twice(void **state) {
  struct fixture *f = *state;
  struct store *s = f->store;
  int64_t run = create_run(s, "b"), epoch = claim(s, run);
  struct locker l = lock_from_outside(f);
  assert_int_equal(journal(s, run, epoch, 1, "1"), OK);
  events_post(s, run, epoch, (struct event_place){1, 1}, "log", "{\"text\":\"chapter 1\"}");
  events_post(s, run, epoch, (struct event_place){1, 2}, "log", "{\"text\":\"chapter 1\"}");
  struct op_events *several = op_events_new(run, epoch);
  op_events_add(several, (struct event_place){1, 3}, "log", "{\"text\":\"its facts\"}");
  do_ok(s, &several->op);
  assert_true(several->op.spooled);
  op_events_kind.free(&several->op);
  assert_int_equal(journal(s, run, epoch, 2, "2"), OK);
  close_and_bring_spool_back(f, &l);
  sqlite3 *h; /* the mark of the replay goes too: here the entries came by the failed commit */
  char *path = mem_printf("%s/quire.db", f->dir);
  assert_int_equal(sqlite3_open(path, &h), SQLITE_OK);
  assert_int_equal(sqlite3_exec(h, "DELETE FROM settings WHERE key = 'spool'", NULL, NULL, NULL), SQLITE_OK);
  sqlite3_close(h);
  f->store = open_store(f->dir, STORE_OWNER);
  assert_int_equal(ask(f->store, "SELECT count(*) FROM journal"), 2);
  assert_int_equal(ask(f->store, "SELECT count(*) FROM events WHERE kind = 'log'"), 3);
  assert_false(has_spool(f));
  free(path);
}

static void what_is_told_as_kept_is_in_the_spool_when_a_neighbour_of_it_is_not(void **state) {
  struct fixture *f = *state;
  struct store *s = f->store;
  enum { N = 4 };
  char text[1001] = {0};
  memset(text, '1', sizeof text - 1);
  int64_t run = create_run(s, "b"), epoch = claim(s, run);
  struct locker l = lock_from_outside(f);
  struct posted p[N];
  atomic_int clock = 0;
  room = 4500; /* for the first three, and for a part of the fourth */
  no_cutting = true;
  for (int i = 0; i < N; i++) {
    p[i] = (struct posted){.clock = &clock};
    p[i].op.op = (struct store_op){.kind = &op_journal_kind, .done = note_place, .owner = &p[i]};
    p[i].op.entry = entry_of(run, epoch, i + 1, "step", text);
    store_post(s, &p[i].op.op);
  }
  for (int i = 0; i < 1000 && clock < N; i++) usleep(5000);
  int kept = 0;
  for (int i = 0; i < N; i++) kept += p[i].op.op.err == OK;
  assert_int_equal(kept, N - 1);
  room = INT64_MAX;
  assert_int_equal(journal(s, run, epoch, 5, "2"), OK); /* it stands where the torn one stood */
  no_cutting = false;
  let_go(&l);
  wait_healthy(s);
  assert_int_equal(ask(s, "SELECT count(*) FROM journal"), N);
  assert_int_equal(ask(s, "SELECT count(*) FROM journal WHERE seq = 4"), 0);
}

static void copy_file(const char *from, const char *to) {
  struct buf b;
  buf_init(&b, 1 << 25);
  assert_int_equal(buf_read_file(&b, from, NULL), OK);
  int fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  assert_int_equal(write(fd, b.data, b.len), b.len);
  close(fd);
  buf_release(&b);
}

static void nothing_is_told_as_kept_once_the_files_of_a_library_were_replaced(void **state) {
  static const char *const names[] = {"quire.db", "quire.db-wal"};
  struct fixture *f = *state;
  struct store *s = f->store;
  int64_t run = create_run(s, "b"), epoch = claim(s, run);
  for (int i = 0; i < 2; i++) {
    char *path = mem_printf("%s/%s", f->dir, names[i]), *aside = mem_printf("%s/aside", f->dir);
    assert_int_equal(rename(path, aside), 0);
    copy_file(aside, path);
    struct op_journal op = {.op = {.kind = &op_journal_kind}, .entry = entry_of(run, epoch, 1, "step", "1")};
    assert_int_equal(store_do(s, &op.op), ERR_IO);
    assert_non_null(strstr(op.op.error.message, names[i]));
    assert_true(*op.op.error.hint);
    assert_false(op.op.spooled || has_spool(f) || store_healthy(s));
    assert_int_equal(rename(aside, path), 0); /* put back: all is well again */
    wait_healthy(s);
    free(path);
    free(aside);
  }
  assert_int_equal(journal(s, run, epoch, 2, "2"), OK);
}

int main(int argc, char **argv) {
  setenv("QUIRE_LOCK_ATTEMPTS", "3", 1);
  setenv("QUIRE_LOCK_STEP_MS", "40", 1);
  if (argc == 3 && strcmp(argv[1], "locker") == 0) return locker_main(argv[2]);
  const struct CMUnitTest tests[] = {
      CASE(the_spool_is_replayed_at_start),
      CASE(a_spool_that_comes_back_is_not_applied_twice),
      CASE(a_spool_that_comes_back_repeats_nothing_of_a_history),
      CASE(what_a_failed_commit_wrote_after_all_is_not_applied_twice),
      CASE(what_is_told_as_kept_is_in_the_spool_when_a_neighbour_of_it_is_not),
      CASE(a_torn_last_line_was_never_promised),
      CASE(a_damaged_spool_is_kept_aside_for_a_person),
      CASE(a_library_that_is_still_locked_opens_red),
      CASE(nothing_is_told_as_kept_once_the_files_of_a_library_were_replaced),
  };
  return cmocka_run_group_tests_name("store spool", tests, NULL, NULL);
}
