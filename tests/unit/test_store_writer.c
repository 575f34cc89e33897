/* What the writer promises when the database refuses: locked by another program, full disk, failing commits. */
#include "writer_fixture.h"

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

/* --- groups --- */

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

static void closing_commits_what_was_posted(void **state) {
  struct fixture *f = *state;
  enum { N = 2000 };
  int64_t run = create_run(f->store, "b"), epoch = claim(f->store, run);
  for (int i = 0; i < N; i++) events_post(f->store, run, epoch, (struct event_place){0}, "log", "{}");
  reopen(f);
  assert_int_equal(ask(f->store, "SELECT count(*) FROM events WHERE kind = 'log'"), N);
}

struct late_poster {
  struct store_op op;
  atomic_int *told, *refused;
};

static enum err nothing_to_apply(struct db *db, struct store_op *op) {
  (void)db;
  (void)op;
  return OK;
}
static const struct store_op_kind nothing_kind = {.name = "nothing", .apply = nothing_to_apply};

static atomic_bool held;

static void hold_the_writer(struct store_op *op) {
  (void)op;
  while (held) usleep(1000);
}

static void note_late(struct store_op *base) {
  const struct late_poster *p = base->owner;
  if (base->err == ERR_CLOSED) atomic_fetch_add(p->refused, 1);
  atomic_fetch_add(p->told, 1);
}

static void *close_library(void *store) {
  store_close(store);
  return NULL;
}

/* Whoever posts while it closes hears so, and waits for nothing. */
static void a_library_that_is_being_closed_says_so(void **state) {
  struct fixture *f = *state;
  enum { N = 2000 };
  struct late_poster *p = mem_alloc(N * sizeof *p);
  struct store_op first = {.kind = &nothing_kind, .done = hold_the_writer};
  atomic_int told = 0, refused = 0;
  int n = 0;
  held = true;
  store_post(f->store, &first);
  pthread_t closer;
  pthread_create(&closer, NULL, close_library, f->store);
  while (n < N && !refused) {
    p[n] = (struct late_poster){{.kind = &nothing_kind, .done = note_late, .owner = &p[n]}, &told, &refused};
    store_post(f->store, &p[n++].op);
    usleep(1000);
  }
  held = false;
  pthread_join(closer, NULL);
  assert_int_equal(refused, 1);
  assert_int_equal(told, n);
  free(p);
  f->store = open_store(f->dir, STORE_OWNER);
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

int main(int argc, char **argv) {
  setenv("QUIRE_LOCK_ATTEMPTS", "3", 1);
  setenv("QUIRE_LOCK_STEP_MS", "40", 1);
  if (argc == 3 && strcmp(argv[1], "locker") == 0) return locker_main(argv[2]);
  if (argc == 3 && strcmp(argv[1], "worker") == 0) return worker_main(argv[2]);
  if (argc == 3 && strcmp(argv[1], "full") == 0) return full_main(argv[2]);
  const struct CMUnitTest tests[] = {
      CASE(a_short_lock_is_waited_for),
      CASE(a_long_lock_spools_results_and_refuses_the_rest),
      CASE(one_bad_op_does_not_harm_its_group),
      CASE(closing_commits_what_was_posted),
      CASE(a_library_that_is_being_closed_says_so),
      CASE(reads_run_beside_the_writer),
      CASE_DIR(failed_commits_are_tried_again),
      CASE_DIR(a_chapter_that_never_commits_leaves_nothing),
      CASE_DIR(nothing_acknowledged_is_lost_on_a_full_disk),
  };
  return cmocka_run_group_tests_name("store writer", tests, NULL, NULL);
}
