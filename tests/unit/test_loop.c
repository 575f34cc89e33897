/* test_loop.c - posts, timers, descriptors and the pool, with real threads and a real signal. */
#include "unit.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/list.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/pool.h"

static struct loop *loop; /* of the running case */

static int open_loop(void **state) {
  (void)state;
  loop = loop_new();
  return 0;
}

static int close_loop(void **state) {
  (void)state;
  loop_free(loop);
  return 0;
}

/* ---- posts ---- */

enum { POSTERS = 4, POSTS = 20000 };

struct numbered {
  struct post post;
  int poster, number;
};

static int next_number[POSTERS], arrived;

static void in_order(struct post *p) {
  struct numbered *n = list_owner(p, struct numbered, post);
  assert_int_equal(n->number, next_number[n->poster]++);
  free(n);
  if (++arrived == POSTERS * POSTS) loop_stop(loop);
}

static void *post_many(void *arg) {
  for (int i = 0; i < POSTS; i++) {
    struct numbered *n = mem_alloc(sizeof *n);
    *n = (struct numbered){{in_order, NULL}, (int)(intptr_t)arg, i};
    loop_post(loop, &n->post);
    if (i % 1000 == 0) usleep(100); /* let the loop fall asleep now and then */
  }
  return NULL;
}

static void no_finished_work_of_another_thread_is_lost_or_reordered(void **state) {
  (void)state;
  pthread_t threads[POSTERS];
  for (intptr_t i = 0; i < POSTERS; i++) pthread_create(&threads[i], NULL, post_many, (void *)i);
  loop_run(loop);
  for (int i = 0; i < POSTERS; i++) pthread_join(threads[i], NULL);
  assert_int_equal(arrived, POSTERS * POSTS);
}

static int reposts;

static void post_again(struct post *p) {
  if (++reposts < 1000) loop_post(loop, p);
}

static void stop_by_timer(struct timer *t) {
  (void)t;
  loop_stop(loop);
}

static void work_that_posts_itself_again_does_not_starve_timers(void **state) {
  (void)state;
  struct post p = {.fn = post_again};
  struct timer t = {.fn = stop_by_timer};
  reposts = 0;
  loop_post(loop, &p);
  timer_set(loop, &t, 0);
  loop_run(loop);
  assert_in_range(reposts, 1, 10);
  loop_drain(loop);
}

static void stop_on_signal(int number) {
  (void)number;
  loop_stop(loop);
}

static void ctrl_c_ends_a_sleeping_loop(void **state) {
  (void)state;
  struct sigaction act = {.sa_handler = stop_on_signal};
  sigaction(SIGALRM, &act, NULL);
  ualarm(20000, 0);
  loop_run(loop);
  loop_stop(loop); /* a stop before the run is not forgotten */
  loop_run(loop);
  signal(SIGALRM, SIG_DFL);
}

/* ---- timers ---- */

enum { TIMERS = 300 };

static uint64_t last_due;
static int fired;

static void in_time_order(struct timer *t) {
  assert_true(t->due_ns >= last_due);
  assert_true(clock_mono_ns() >= t->due_ns);
  assert_int_equal(t->heap, 0);
  last_due = t->due_ns;
  fired++;
}

static void retries_fire_in_time_order_and_cancelled_ones_never(void **state) {
  (void)state;
  struct timer timers[TIMERS], end = {.fn = stop_by_timer};
  uint64_t now = clock_mono_ns();
  uint32_t random = 1;
  last_due = 0, fired = 0;
  for (int i = 0; i < TIMERS; i++) {
    random = random * 1664525u + 1013904223u;
    timers[i] = (struct timer){.fn = in_time_order};
    timer_set(loop, &timers[i], now + (random >> 8) % 20000000u);
  }
  for (int i = 0; i < TIMERS; i += 3) timer_clear(loop, &timers[i]);
  for (int i = 1; i < TIMERS; i += 3) timer_set(loop, &timers[i], now + (uint64_t)(TIMERS - i) * 1000);
  timer_clear(loop, &timers[0]); /* cleared twice: nothing happens */
  timer_set(loop, &end, now + 25000000u);
  loop_run(loop);
  assert_int_equal(fired, TIMERS - TIMERS / 3);
}

static void again_at_once(struct timer *t) {
  if (++fired < 100) timer_set(loop, t, 0);
}

static void a_timer_that_is_always_due_does_not_hold_up_the_loop(void **state) {
  (void)state;
  struct timer t = {.fn = again_at_once}, end = {.fn = stop_by_timer};
  fired = 0;
  timer_set(loop, &t, 0);
  timer_set(loop, &end, 1);
  loop_run(loop);
  assert_in_range(fired, 1, 5);
  timer_clear(loop, &t);
}

/* ---- idle ---- */

static int idle_left;

static bool some_work(void *arg) {
  (void)arg;
  if (--idle_left > 0) return true;
  loop_stop(loop);
  return false;
}

static void waiting_work_is_done_without_sleeping(void **state) {
  (void)state;
  idle_left = 1000;
  ends_within(60);
  loop_set_idle(loop, some_work, NULL);
  loop_run(loop);
  assert_int_equal(idle_left, 0);
}

/* ---- descriptors ---- */

static struct watch pair[2];
static int called;

/* Both ends are ready in one pass; whichever comes first removes the other. */
static void remove_the_other(struct watch *w, uint32_t events) {
  (void)events;
  struct watch *other = w == &pair[0] ? &pair[1] : &pair[0];
  assert_int_equal(loop_watch(loop, other, 0), OK);
  assert_int_equal(loop_watch(loop, w, 0), OK);
  called++;
  loop_stop(loop);
}

static void a_closed_connection_is_not_called_for_what_came_before(void **state) {
  (void)state;
  int fds[2][2];
  called = 0;
  for (int i = 0; i < 2; i++) {
    assert_int_equal(pipe(fds[i]), 0);
    assert_int_equal(write(fds[i][1], "x", 1), 1);
    pair[i] = (struct watch){.fd = fds[i][0], .fn = remove_the_other};
    assert_int_equal(loop_watch(loop, &pair[i], EPOLLIN), OK);
  }
  loop_run(loop);
  assert_int_equal(called, 1);
  for (int i = 0; i < 4; i++) close(fds[i / 2][i % 2]);
}

static void count_writable(struct watch *w, uint32_t events) {
  called++;
  assert_int_equal(events & EPOLLOUT, EPOLLOUT);
  loop_watch(loop, w, EPOLLIN); /* nothing will come: silent from here */
}

static void a_watch_changes_what_it_waits_for(void **state) {
  (void)state;
  int fds[2];
  assert_int_equal(pipe(fds), 0);
  struct watch w = {.fd = fds[1], .fn = count_writable};
  struct timer end = {.fn = stop_by_timer};
  called = 0;
  assert_int_equal(loop_watch(loop, &w, EPOLLOUT), OK);
  timer_set(loop, &end, clock_mono_ns() + 5000000);
  loop_run(loop);
  assert_int_equal(called, 1);
  close(fds[1]);
  assert_int_equal(loop_watch(loop, &w, 0), OK); /* closed first: still no error */
  close(fds[0]);
  struct watch bad = {.fd = -1, .fn = count_writable};
  assert_int_equal(loop_watch(loop, &bad, EPOLLIN), ERR_IO);
}

/* ---- pool ---- */

enum { JOBS = 2000 };

static atomic_int worked;
static int told;

static void work(struct job *j) {
  (void)j;
  atomic_fetch_add(&worked, 1);
}

static void tell(struct job *j) {
  free(j);
  if (++told == JOBS) loop_stop(loop);
}

static void free_own_job(struct job *j) {
  free(j);
  atomic_fetch_add(&worked, 1);
}

static void submit(struct pool *p, void (*w)(struct job *), void (*d)(struct job *)) {
  struct job *j = mem_alloc(sizeof *j);
  j->work = w, j->done = d;
  pool_submit(p, j);
}

static void every_export_is_done_and_reported_to_the_loop(void **state) {
  (void)state;
  struct pool *p = pool_new(loop, 3);
  told = 0, worked = 0;
  for (int i = 0; i < JOBS; i++) submit(p, work, tell);
  loop_run(loop);
  assert_int_equal(told, JOBS);
  assert_int_equal(worked, JOBS);
  pool_free(p);
}

static void closing_the_pool_finishes_what_was_submitted(void **state) {
  (void)state;
  struct pool *p = pool_new(loop, 2);
  worked = 0;
  for (int i = 0; i < JOBS; i++) submit(p, free_own_job, NULL);
  pool_free(p);
  assert_int_equal(worked, JOBS);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_loop, close_loop)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(no_finished_work_of_another_thread_is_lost_or_reordered),
      CASE(work_that_posts_itself_again_does_not_starve_timers),
      CASE(ctrl_c_ends_a_sleeping_loop),
      CASE(retries_fire_in_time_order_and_cancelled_ones_never),
      CASE(a_timer_that_is_always_due_does_not_hold_up_the_loop),
      CASE(waiting_work_is_done_without_sleeping),
      CASE(a_closed_connection_is_not_called_for_what_came_before),
      CASE(a_watch_changes_what_it_waits_for),
      CASE(every_export_is_done_and_reported_to_the_loop),
      CASE(closing_the_pool_finishes_what_was_submitted),
  };
  return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
