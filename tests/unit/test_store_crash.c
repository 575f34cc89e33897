/* kill -9 at any moment: what was acknowledged is there afterwards, in order, and nothing is half there. */
#include "store_fixture.h"
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>

enum { WRITERS = 8, PAGES = 3 };

/* --- the victim: runs that journal and write chapters, and tell each acknowledged entry on a pipe --- */

struct victim {
  struct store *store;
  int64_t run, epoch;
};

static enum err write_chapter(struct victim *v, int64_t seq) {
  struct op_artifact_put *put = mem_alloc(sizeof *put);
  *put = (struct op_artifact_put){.op = {.kind = &op_artifact_put_kind},
                                  .entry = entry_of(v->run, v->epoch, seq, "put", NULL),
                                  .project = 1,
                                  .n_puts = PAGES};
  put->puts = mem_alloc(PAGES * sizeof *put->puts);
  for (int i = 0; i < PAGES; i++)
    put->puts[i] = (struct artifact_put){.name = mem_printf("%lld/%d", (long long)v->run, i),
                                         .kind = mem_dup("t"),
                                         .content = mem_printf("%lld", (long long)seq),
                                         .n = 1,
                                         .seen = seq};
  enum err err = store_do(v->store, &put->op);
  put->op.kind->free(&put->op);
  return err;
}

static void *write_on(void *arg) {
  struct victim *v = arg;
  for (int64_t seq = 1;; seq++) {
    enum err err = seq % 5 == 0 ? write_chapter(v, seq) : journal(v->store, v->run, v->epoch, seq, "1");
    if (err != OK) _exit(9);
    struct {
      int64_t run, seq;
    } told = {v->run, seq};
    if (write(1, &told, sizeof told) != (ssize_t)sizeof told) _exit(8);
  }
  return NULL;
}

static int victim_main(const char *dir) {
  log_setup(LOG_OFF_LEVEL, false);
  struct store *s = open_store(dir, STORE_OWNER);
  static struct victim victims[WRITERS];
  pthread_t threads[WRITERS];
  for (int i = 0; i < WRITERS; i++) {
    victims[i] = (struct victim){.store = s, .run = create_run(s, "b")};
    victims[i].epoch = claim(s, victims[i].run);
    pthread_create(&threads[i], NULL, write_on, &victims[i]);
  }
  for (int i = 0; i < WRITERS; i++) pthread_join(threads[i], NULL);
  return 0;
}

static pid_t start_victim(const char *dir, const char *failpoints, int *out) {
  int from[2];
  assert_int_equal(pipe2(from, O_CLOEXEC), 0);
  pid_t pid = fork();
  if (pid == 0) {
    dup2(from[1], 1);
    if (failpoints) setenv("QUIRE_FAILPOINT", failpoints, 1);
    execl("/proc/self/exe", "self", "victim", dir, (char *)NULL);
    _exit(127);
  }
  close(from[1]);
  *out = from[0];
  return pid;
}

/* --- the judge --- */

enum { RUNS_MOST = 1000 };

/* Reads what was told until the victim is dead; highest[run] is the last acknowledged seq. Kills it after `most` tellings. */
static void listen_to(pid_t pid, int out, int most, int64_t *highest) {
  struct {
    int64_t run, seq;
  } told;
  for (int n = 0; read(out, &told, sizeof told) == (ssize_t)sizeof told; n++) {
    assert_true(told.run > 0 && told.run < RUNS_MOST);
    if (told.seq > highest[told.run]) highest[told.run] = told.seq;
    if (n == most) kill(pid, SIGKILL);
  }
  int status;
  waitpid(pid, &status, 0);
  assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  close(out);
}

static void check_library(struct fixture *f, const int64_t *highest) {
  struct store *s = open_store(f->dir, STORE_OWNER);
  assert_int_equal(ask(s, "SELECT count(*) FROM pragma_quick_check WHERE quick_check <> 'ok'"), 0);
  /* No gap and nothing twice: the entries of each run are 1..max. */
  assert_int_equal(
      ask(s,
          "SELECT count(*) FROM (SELECT 1 FROM journal GROUP BY run_id HAVING count(*) <> max(seq) OR count(DISTINCT seq) <> count(*))"),
      0);
  /* A chapter is there with all its pages and its entry, or not at all. */
  assert_int_equal(
      ask(s,
          "SELECT (SELECT count(*) FROM artifact_versions) - 3 * (SELECT count(*) FROM journal WHERE kind = 'put')"),
      0);
  for (int64_t run = 1; run < RUNS_MOST; run++) {
    if (!highest[run]) continue;
    struct db *db = store_reader(s);
    struct db_stmt *q = db_prepare(db, "SELECT count(*) FROM journal WHERE run_id = $run AND seq <= $seq");
    db_bind_int(q, "$run", run);
    db_bind_int(q, "$seq", highest[run]);
    assert_int_equal(db_step(q), DB_ROW);
    assert_int_equal(db_int(q, 0), highest[run]);
    db_reset(q);
    store_reader_release(s, db);
  }
  store_close(s);
}

static void killed_at_a_random_moment(void **state) {
  struct fixture *f = *state;
  int64_t highest[RUNS_MOST] = {0};
  for (int round = 0; round < 8; round++) {
    int out;
    pid_t pid = start_victim(f->dir, NULL, &out);
    listen_to(pid, out, 40 + 97 * round, highest);
    check_library(f, highest);
  }
}

static void killed_around_a_commit(void **state) {
  struct fixture *f = *state;
  int64_t highest[RUNS_MOST] = {0};
  static const char *const points[] = {"store_before_commit:kill@20", "store_after_commit:kill@21",
                                       "store_before_commit:kill@35", "store_after_commit:kill@40",
                                       "chapter_tx:kill@3"};
  for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
    int out;
    pid_t pid = start_victim(f->dir, points[i], &out);
    listen_to(pid, out, 1000000, highest);
    check_library(f, highest);
  }
}

int main(int argc, char **argv) {
  if (argc == 3 && strcmp(argv[1], "victim") == 0) return victim_main(argv[2]);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(killed_at_a_random_moment, setup_dir, teardown),
      cmocka_unit_test_setup_teardown(killed_around_a_commit, setup_dir, teardown),
  };
  return cmocka_run_group_tests_name("store crash", tests, NULL, NULL);
}
