/* What a run may rely on that goes on with an answer before it is durable: when the answer is lost, so is all that builds on it. */
#include "writer_fixture.h"

/* Posts an entry that builds on the line. */
static void post_on(struct store *s, struct posted *p, struct store_line *line, bool early,
                    struct journal_entry entry) {
  static atomic_int clock;
  *p = (struct posted){.clock = &clock};
  p->op.op = (struct store_op){.kind = &op_journal_kind, .done = note_place, .owner = p};
  p->op.op.line = line;
  p->op.op.builds = true;
  p->op.op.early = early;
  p->op.entry = entry;
  store_post_later(s, &p->op.op);
}

static void what_builds_on_a_refused_answer_is_refused_with_it(void **state) {
  struct fixture *f = *state;
  struct store *s = f->store;
  int64_t run = create_run(s, "b"), epoch = claim(s, run);
  struct store_line *line = store_line_new(), *other = store_line_new();
  struct posted lost, next, apart, later;
  post_on(s, &lost, line, true, entry_of(run, epoch + 1, 1, "step", "1"));
  post_on(s, &next, line, true, entry_of(run, epoch, 2, "step", "2"));
  post_on(s, &apart, other, true, entry_of(run, epoch, 3, "step", "3"));
  assert_int_equal(journal(s, run, epoch, 4, "4"), OK);
  post_on(s, &later, line, false, entry_of(run, epoch, 5, "step", "5"));
  assert_int_equal(journal(s, run, epoch, 6, "6"), OK);
  assert_int_equal(lost.op.op.err, ERR_FENCED);
  assert_int_equal(next.op.op.err, ERR_FENCED);
  assert_int_equal(apart.op.op.err, OK);
  assert_int_equal(later.op.op.err, ERR_FENCED);
  assert_int_equal(ask(s, "SELECT group_concat(result, '') FROM (SELECT result FROM journal ORDER BY seq)"),
                   346);
  store_line_unref(line);
  store_line_unref(other);
}

/* Neither the database nor the spool takes it; when they take writes again, what came of it is not taken either. */
static void what_builds_on_a_lost_answer_is_refused_when_the_disk_is_well_again(void **state) {
  struct fixture *f = *state;
  struct store *s = f->store;
  int64_t run = create_run(s, "b"), epoch = claim(s, run);
  struct store_line *line = store_line_new();
  struct posted lost, next;
  struct locker l = lock_from_outside(f);
  room = 0;
  post_on(s, &lost, line, true, entry_of(run, epoch, 1, "step", "1"));
  assert_int_equal(journal(s, run, epoch, 2, "2"), ERR_LOCKED);
  room = INT64_MAX;
  let_go(&l);
  wait_healthy(s);
  assert_int_equal(lost.op.op.err, ERR_LOCKED);
  post_on(s, &next, line, false, entry_of(run, epoch, 3, "step", "3"));
  assert_int_equal(journal(s, run, epoch, 4, "4"), OK);
  assert_int_equal(next.op.op.err, ERR_FENCED);
  assert_int_equal(ask(s, "SELECT sum(seq) FROM journal"), 4);
  store_line_unref(line);
}

int main(int argc, char **argv) {
  setenv("QUIRE_LOCK_ATTEMPTS", "3", 1);
  setenv("QUIRE_LOCK_STEP_MS", "40", 1);
  if (argc == 3 && strcmp(argv[1], "locker") == 0) return locker_main(argv[2]);
  const struct CMUnitTest tests[] = {
      CASE(what_builds_on_a_refused_answer_is_refused_with_it),
      CASE(what_builds_on_a_lost_answer_is_refused_when_the_disk_is_well_again),
  };
  return cmocka_run_group_tests_name("store early", tests, NULL, NULL);
}
