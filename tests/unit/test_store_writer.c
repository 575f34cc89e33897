/* What the writer promises when the database refuses: locked by another program, full disk, failing commits. */
#include "store_fixture.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/syscall.h>

/* --- a disk that takes so much more of a spool, and may refuse to cut it: these stand for libc's in this program --- */

static atomic_llong room = INT64_MAX;
static atomic_bool no_cutting;

static long disk_write(int fd, const void *data, size_t n, off_t at) {
  char path[64], name[256] = {0};
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  if (readlink(path, name, sizeof name - 1) > 0 && strstr(name, "/spool")) {
    if (room < (long long)n) n = (size_t)room;
    room -= (long long)n;
    errno = ENOSPC;
    if (n == 0) return -1;
  }
  return at < 0 ? syscall(SYS_write, fd, data, n) : syscall(SYS_pwrite64, fd, data, n, at);
}

ssize_t write(int fd, const void *data, size_t n) {
  return disk_write(fd, data, n, -1);
}

ssize_t pwrite(int fd, const void *data, size_t n, off_t at) {
  return disk_write(fd, data, n, at);
}

int ftruncate(int fd, off_t length) {
  errno = EIO;
  return no_cutting ? -1 : (int)syscall(SYS_ftruncate, fd, length);
}

/* --- another program that holds the write lock: this test's own binary, started again --- */

struct locker {
  pid_t pid;
  int hold; /* closed: lets go */
};

static int locker_main(const char *path) {
  sqlite3 *h;
  if (sqlite3_open(path, &h) != SQLITE_OK) return 1;
  sqlite3_busy_timeout(h, 2000);
  if (sqlite3_exec(h, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK) return 1;
  if (write(1, "L", 1) != 1) return 1;
  char c;
  while (read(0, &c, 1) > 0) continue;
  sqlite3_exec(h, "ROLLBACK", NULL, NULL, NULL);
  _exit(0); /* without sqlite3_close: as a killed program would */
}

static pid_t start_self(const char *mode, const char *arg, const char *failpoints, int *in, int *out) {
  int to[2], from[2];
  assert_int_equal(pipe2(to, O_CLOEXEC) | pipe2(from, O_CLOEXEC), 0);
  pid_t pid = fork();
  if (pid == 0) {
    dup2(to[0], 0);
    dup2(from[1], 1);
    if (failpoints) setenv("QUIRE_FAILPOINT", failpoints, 1);
    execl("/proc/self/exe", "self", mode, arg, (char *)NULL);
    _exit(127);
  }
  close(to[0]);
  close(from[1]);
  *in = to[1];
  *out = from[0];
  return pid;
}

static struct locker lock_from_outside(const struct fixture *f) {
  char *path = mem_printf("%s/quire.db", f->dir);
  struct locker l;
  int out;
  l.pid = start_self("locker", path, NULL, &l.hold, &out);
  char c = 0;
  assert_int_equal(read(out, &c, 1), 1);
  close(out);
  free(path);
  return l;
}

static void let_go(struct locker *l) {
  close(l->hold);
  waitpid(l->pid, NULL, 0);
}

static int exit_of(pid_t pid) {
  int status;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void wait_healthy(struct store *s) {
  for (int i = 0; i < 500 && !store_healthy(s); i++) usleep(10000);
  assert_true(store_healthy(s));
}

static void wait_unhealthy(struct store *s) {
  for (int i = 0; i < 500 && store_healthy(s); i++) usleep(10000);
  assert_false(store_healthy(s));
}

static bool has_spool(const struct fixture *f) {
  char *path = mem_printf("%s/spool", f->dir);
  bool has = access(path, F_OK) == 0;
  free(path);
  return has;
}

/* --- locked --- */

static void a_short_lock_is_waited_for(void **state) {
  struct fixture *f = *state;
  int64_t run = create_run(f->store, "b"), epoch = claim(f->store, run);
  struct locker l = lock_from_outside(f);
  pid_t helper = fork(); /* its copy of the pipe keeps the lock for 60 ms more */
  if (helper == 0) {
    usleep(60000);
    _exit(0);
  }
  close(l.hold);
  assert_int_equal(journal(f->store, run, epoch, 1, "1"), OK);
  waitpid(l.pid, NULL, 0);
  waitpid(helper, NULL, 0);
  struct store_stats stats;
  store_stats(f->store, &stats);
  assert_true(stats.busy_waits > 0);
  assert_int_equal(stats.spooled, 0);
}

static void a_long_lock_spools_results_and_refuses_the_rest(void **state) {
  struct fixture *f = *state;
  struct store *s = f->store;
  int64_t run = create_run(s, "b"), epoch = claim(s, run), other = create_run(s, "b");
  struct locker l = lock_from_outside(f);
  struct op_journal op = {.op = {.kind = &op_journal_kind},
                          .entry = entry_of(run, epoch, 1, "step", "\"kept\"")};
  do_ok(s, &op.op);
  assert_true(op.op.spooled);
  wait_unhealthy(s);
  assert_true(has_spool(f));
  struct op_run_command cancel = {.op = {.kind = &op_run_command_kind}, .id = other, .what = RUN_CANCEL};
  assert_int_equal(store_do(s, &cancel.op), ERR_LOCKED); /* withdrawn before its error is told */
  assert_non_null(strstr(cancel.op.error.message, "lock"));
  assert_true(*cancel.op.error.hint);
  bool spooled;
  assert_int_equal(set_status(s, run, epoch, RUN_COMPLETED, FOR_NOTHING, NULL, 0, &spooled), OK);
  assert_true(spooled);
  assert_int_equal(ask(s, "SELECT count(*) FROM journal"), 0);
  let_go(&l);
  wait_healthy(s); /* by itself */
  assert_false(has_spool(f));
  assert_int_equal(ask(s, "SELECT count(*) FROM journal WHERE result = '\"kept\"'"), 1);
  assert_true(run_is(s, run, RUN_COMPLETED));
  assert_true(run_is(s, other, RUN_QUEUED));
  struct store_stats stats;
  store_stats(s, &stats);
  assert_int_equal(stats.spooled, 2);
  assert_true(stats.retries > 0);
  create_run(s, "b");
}

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

/* --- groups --- */

struct posted {
  struct op_journal op;
  atomic_int *clock;
  int place;
};

static void note_place(struct store_op *base) {
  struct posted *p = base->owner;
  p->place = ++*p->clock;
}

static void one_bad_op_does_not_harm_its_group(void **state) {
  struct fixture *f = *state;
  struct store *s = f->store;
  enum { N = 50 };
  int64_t run = create_run(s, "b"), epoch = claim(s, run);
  struct locker l = lock_from_outside(f); /* so that all are posted before the first is committed */
  struct posted p[N];
  atomic_int clock = 0;
  for (int i = 0; i < N; i++) {
    p[i] = (struct posted){.clock = &clock};
    p[i].op.op = (struct store_op){.kind = &op_journal_kind, .done = note_place, .owner = &p[i]};
    p[i].op.entry = entry_of(run, i % 10 == 3 ? epoch + 1 : epoch, i + 1, "step", "1");
    store_post(s, &p[i].op.op);
  }
  let_go(&l);
  journal(s, run, epoch, 1000, "1");
  for (int i = 0; i < N; i++) {
    assert_int_equal(p[i].op.op.err, i % 10 == 3 ? ERR_FENCED : OK);
    assert_int_equal(p[i].place, i + 1); /* told in the order in which they were posted */
  }
  assert_int_equal(ask(s, "SELECT count(*) FROM journal"), N - 5 + 1);
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

static void closing_commits_what_was_posted(void **state) {
  struct fixture *f = *state;
  enum { N = 2000 };
  int64_t run = create_run(f->store, "b"), epoch = claim(f->store, run);
  for (int i = 0; i < N; i++) events_post(f->store, run, epoch, (struct event_place){0}, "log", "{}");
  reopen(f);
  assert_int_equal(ask(f->store, "SELECT count(*) FROM events WHERE kind = 'log'"), N);
}

static void reads_run_beside_the_writer(void **state) {
  struct fixture *f = *state;
  struct locker l = lock_from_outside(f);
  atomic_int clock = 0;
  struct posted p = {.clock = &clock,
                     .op = {.op = {.kind = &op_journal_kind, .done = note_place, .owner = &p}}};
  p.op.entry = entry_of(1, 1, 1, "step", "1");
  store_read_post(f->store, &p.op.op); /* its check reads, and finds no such run */
  for (int i = 0; i < 500 && !clock; i++) usleep(1000);
  assert_int_equal(clock, 1);
  assert_int_equal(p.op.op.err, ERR_FENCED);
  let_go(&l);
}

/* --- failing commits, a full disk: in processes of their own --- */

/* Claims a run, journals, writes a chapter; prints what each returned. */
static int worker_main(const char *dir) {
  log_setup(LOG_OFF_LEVEL, false);
  struct store *s = open_store(dir, STORE_OWNER);
  int64_t run = create_run(s, "b"), epoch = claim(s, run);
  enum err err = journal(s, run, epoch, 1, "1");
  struct op_artifact_put *put = mem_alloc(sizeof *put);
  *put = (struct op_artifact_put){.op = {.kind = &op_artifact_put_kind},
                                  .entry = entry_of(run, epoch, 2, "put", NULL),
                                  .project = 1,
                                  .n_puts = 2};
  put->puts = mem_alloc(2 * sizeof *put->puts);
  for (int i = 0; i < 2; i++)
    put->puts[i] = (struct artifact_put){
        .name = mem_printf("a%d", i), .kind = mem_dup("t"), .content = mem_dup("x"), .n = 1};
  enum err chapter = store_do(s, &put->op);
  put->op.kind->free(&put->op);
  store_close(s);
  return err == OK && chapter == OK ? 0 : 1;
}

static void failed_commits_are_tried_again(void **state) {
  struct fixture *f = *state;
  static const char *const points[] = {"store_commit:fail@3", "store_before_commit:fail@4",
                                       "chapter_tx:fail@1", "chapter_tx:fail@1,store_commit:fail@4"};
  for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
    int in, out;
    pid_t pid = start_self("worker", f->dir, points[i], &in, &out);
    close(in);
    assert_int_equal(exit_of(pid), 0);
    close(out);
  }
  f->store = open_store(f->dir, STORE_OWNER);
  assert_int_equal(ask(f->store, "SELECT count(*) FROM journal"), 8);
  assert_int_equal(ask(f->store, "SELECT count(*) FROM artifact_versions"), 8);
}

static void a_chapter_that_never_commits_leaves_nothing(void **state) {
  struct fixture *f = *state;
  int in, out;
  pid_t pid = start_self("worker", f->dir, "chapter_tx:fail", &in, &out);
  close(in);
  assert_int_equal(exit_of(pid), 1);
  close(out);
  f->store = open_store(f->dir, STORE_OWNER);
  assert_int_equal(ask(f->store, "SELECT count(*) FROM journal"), 1);
  assert_int_equal(ask(f->store, "SELECT count(*) FROM artifact_versions"), 0);
}

/* Files may not grow beyond a limit (EFBIG stands for a full disk); ops that were acknowledged must be there afterwards. Prints how many. */
static int full_main(const char *dir) {
  log_setup(LOG_OFF_LEVEL, false);
  signal(SIGXFSZ, SIG_IGN);
  struct store *s = open_store(dir, STORE_OWNER);
  int64_t run = create_run(s, "b"), epoch = claim(s, run);
  setrlimit(RLIMIT_FSIZE, &(struct rlimit){600000, RLIM_INFINITY});
  char text[20001];
  memset(text, '1', sizeof text - 1);
  text[sizeof text - 1] = '\0';
  int good = 0, spooled = 0, refused = 0;
  for (int i = 0; i < 90; i++) {
    struct op_journal op = {.op = {.kind = &op_journal_kind},
                            .entry = entry_of(run, epoch, i + 1, "step", text)};
    if (store_do(s, &op.op) != OK) {
      refused++;
      if (!*op.op.error.message || !*op.op.error.hint) return 2;
    } else if (op.op.spooled) {
      spooled++;
    } else {
      good++;
    }
  }
  bool red = !store_healthy(s);
  setrlimit(RLIMIT_FSIZE, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY}); /* room again */
  store_close(s);
  dprintf(1, "%d\n", good + spooled);
  return good > 0 && spooled > 0 && refused > 0 && red ? 0 : 3;
}

static void nothing_acknowledged_is_lost_on_a_full_disk(void **state) {
  struct fixture *f = *state;
  int in, out;
  pid_t pid = start_self("full", f->dir, NULL, &in, &out);
  close(in);
  char text[32] = {0};
  assert_true(read(out, text, sizeof text - 1) >= 0);
  assert_int_equal(exit_of(pid), 0);
  close(out);
  f->store = open_store(f->dir, STORE_OWNER);
  assert_true(store_healthy(f->store));
  assert_int_equal(ask(f->store, "SELECT count(*) FROM journal"), atoi(text));
}

#define CASE(name)     cmocka_unit_test_setup_teardown(name, setup, teardown)
#define CASE_DIR(name) cmocka_unit_test_setup_teardown(name, setup_dir, teardown)

int main(int argc, char **argv) {
  setenv("QUIRE_LOCK_ATTEMPTS", "3", 1);
  setenv("QUIRE_LOCK_STEP_MS", "40", 1);
  if (argc == 3 && strcmp(argv[1], "locker") == 0) return locker_main(argv[2]);
  if (argc == 3 && strcmp(argv[1], "worker") == 0) return worker_main(argv[2]);
  if (argc == 3 && strcmp(argv[1], "full") == 0) return full_main(argv[2]);
  const struct CMUnitTest tests[] = {
      CASE(a_short_lock_is_waited_for),
      CASE(a_long_lock_spools_results_and_refuses_the_rest),
      CASE(the_spool_is_replayed_at_start),
      CASE(a_spool_that_comes_back_is_not_applied_twice),
      CASE(a_spool_that_comes_back_repeats_nothing_of_a_history),
      CASE(what_a_failed_commit_wrote_after_all_is_not_applied_twice),
      CASE(what_is_told_as_kept_is_in_the_spool_when_a_neighbour_of_it_is_not),
      CASE(a_torn_last_line_was_never_promised),
      CASE(a_damaged_spool_is_kept_aside_for_a_person),
      CASE(a_library_that_is_still_locked_opens_red),
      CASE(one_bad_op_does_not_harm_its_group),
      CASE(nothing_is_told_as_kept_once_the_files_of_a_library_were_replaced),
      CASE(closing_commits_what_was_posted),
      CASE(reads_run_beside_the_writer),
      CASE_DIR(failed_commits_are_tried_again),
      CASE_DIR(a_chapter_that_never_commits_leaves_nothing),
      CASE_DIR(nothing_acknowledged_is_lost_on_a_full_disk),
  };
  return cmocka_run_group_tests_name("store writer", tests, NULL, NULL);
}
