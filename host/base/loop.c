/* loop.c - epoll, a binary heap of timers, and a FIFO of posts behind an eventfd.
 *
 * loop_run: (take and run all posts, run due timers, idle, sleep)*. A post writes to the eventfd only while
 * the loop sleeps: `asleep` is set and cleared under the same lock as the queue, so no wake-up is lost and a
 * busy loop costs its posters no system call. Posts and timers that make new ones are bounded by what stood
 * there when the pass began, so that neither starves I/O. */
#include "base/loop.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/mem.h"

enum { EVENTS_A_PASS = 256, HEAP_FIRST = 64 };

struct loop {
  int epoll_fd, wake_fd;
  atomic_bool stop;

  pthread_mutex_t lock; /* posts, posts_tail, asleep */
  struct post *posts, **posts_tail;
  bool asleep;

  bool (*idle)(void *arg);
  void *idle_arg;

  struct timer **heap; /* heap[0] is due first */
  int timers, heap_cap;
  uint64_t pass_ns; /* timers due up to here run in this pass; one that is set meanwhile waits for the next */

  struct epoll_event ready[EVENTS_A_PASS]; /* what epoll reported in this pass */
  int ready_count;
};

/* ---- posts ---- */

/* Write to an eventfd: allowed in a signal handler. EAGAIN means that it is set already. */
static void wake(struct loop *l) {
  int saved = errno;
  uint64_t one = 1;
  ssize_t n = write(l->wake_fd, &one, sizeof one);
  (void)n;
  errno = saved;
}

void loop_post(struct loop *l, struct post *p) {
  p->next = NULL;
  pthread_mutex_lock(&l->lock);
  *l->posts_tail = p;
  l->posts_tail = &p->next;
  bool must_wake = l->asleep;
  l->asleep = false;
  pthread_mutex_unlock(&l->lock);
  if (must_wake) wake(l);
}

static struct post *take_posts(struct loop *l) {
  pthread_mutex_lock(&l->lock);
  struct post *first = l->posts;
  l->posts = NULL;
  l->posts_tail = &l->posts;
  pthread_mutex_unlock(&l->lock);
  return first;
}

bool loop_has_posts(struct loop *l) {
  pthread_mutex_lock(&l->lock);
  bool some = l->posts != NULL;
  pthread_mutex_unlock(&l->lock);
  return some;
}

void loop_drain(struct loop *l) {
  for (struct post *p = take_posts(l), *next; p; p = next) {
    next = p->next; /* fn may free or post it again */
    p->fn(p);
  }
}

/* True when there is nothing to do but to sleep; from then on a post wakes us. */
static bool fall_asleep(struct loop *l) {
  pthread_mutex_lock(&l->lock);
  l->asleep = l->posts == NULL;
  bool asleep = l->asleep;
  pthread_mutex_unlock(&l->lock);
  return asleep;
}

/* ---- timers ---- */

static void heap_put(struct loop *l, int i, struct timer *t) {
  l->heap[i] = t;
  t->heap = i + 1;
}

static void sift_up(struct loop *l, int i) {
  struct timer *t = l->heap[i];
  for (int parent; i > 0 && l->heap[parent = (i - 1) / 2]->due_ns > t->due_ns; i = parent)
    heap_put(l, i, l->heap[parent]);
  heap_put(l, i, t);
}

static void sift_down(struct loop *l, int i) {
  struct timer *t = l->heap[i];
  for (int child; (child = 2 * i + 1) < l->timers; i = child) {
    if (child + 1 < l->timers && l->heap[child + 1]->due_ns < l->heap[child]->due_ns) child++;
    if (l->heap[child]->due_ns >= t->due_ns) break;
    heap_put(l, i, l->heap[child]);
  }
  heap_put(l, i, t);
}

void timer_clear(struct loop *l, struct timer *t) {
  if (!t->heap) return;
  int i = t->heap - 1;
  t->heap = 0;
  struct timer *last = l->heap[--l->timers];
  if (last == t) return;
  heap_put(l, i, last);
  sift_up(l, i);
  sift_down(l, last->heap - 1);
}

void timer_set(struct loop *l, struct timer *t, uint64_t due_ns) {
  timer_clear(l, t);
  t->due_ns = due_ns > l->pass_ns ? due_ns : l->pass_ns + 1;
  if (l->timers == l->heap_cap) {
    l->heap_cap = l->heap_cap ? l->heap_cap * 2 : HEAP_FIRST;
    l->heap = mem_grow(l->heap, (size_t)l->heap_cap * sizeof *l->heap);
  }
  heap_put(l, l->timers, t);
  sift_up(l, l->timers++);
}

static void run_timers(struct loop *l) {
  if (!l->timers) return;
  l->pass_ns = clock_mono_ns();
  while (l->timers && l->heap[0]->due_ns <= l->pass_ns) {
    struct timer *t = l->heap[0];
    timer_clear(l, t);
    t->fn(t);
  }
}

/* ---- descriptors ---- */

/* A watch that goes away in the middle of a pass must not be called for what epoll had reported before. */
static void forget_ready(struct loop *l, const struct watch *w) {
  for (int i = 0; i < l->ready_count; i++)
    if (l->ready[i].data.ptr == w) l->ready[i].data.ptr = l;
}

static enum err watch_remove(struct loop *l, struct watch *w) {
  w->events = 0;
  forget_ready(l, w);
  epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, w->fd,
            NULL); /* fails when the descriptor was closed before: it is gone */
  return OK;
}

enum err loop_watch(struct loop *l, struct watch *w, uint32_t events) {
  if (!events) return w->events ? watch_remove(l, w) : OK;
  struct epoll_event ev = {.events = events, .data.ptr = w};
  int op = w->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  int rc = epoll_ctl(l->epoll_fd, op, w->fd, &ev);
  /* The number may stand for another file by now: closed and opened again without telling us. */
  if (rc < 0 && errno == ENOENT) rc = epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, w->fd, &ev);
  if (rc < 0 && errno == EEXIST) rc = epoll_ctl(l->epoll_fd, EPOLL_CTL_MOD, w->fd, &ev);
  if (rc < 0) return ERR_IO;
  w->events = events;
  return OK;
}

static void run_watches(struct loop *l) {
  for (int i = 0; i < l->ready_count; i++) {
    if (l->ready[i].data.ptr == l) continue; /* the eventfd, or a watch that was removed */
    struct watch *w = l->ready[i].data.ptr;
    uint32_t events = l->ready[i].events & (w->events | EPOLLERR | EPOLLHUP);
    if (events) w->fn(w, events);
  }
  l->ready_count = 0;
}

static void clear_wake(struct loop *l) {
  for (int i = 0; i < l->ready_count; i++) {
    if (l->ready[i].data.ptr != l) continue;
    uint64_t count;
    ssize_t n = read(l->wake_fd, &count, sizeof count);
    (void)n;
  }
}

/* ---- the loop ---- */

/* Waits until a descriptor is ready, for at most `ns` (UINT64_MAX: for ever). */
static void wait_events(struct loop *l, uint64_t ns) {
  struct timespec limit = {(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};
  int n = epoll_pwait2(l->epoll_fd, l->ready, EVENTS_A_PASS, ns == UINT64_MAX ? NULL : &limit, NULL);
  if (n < 0 && errno == ENOSYS) { /* a kernel before 5.11: whole milliseconds, rounded up */
    uint64_t ms = ns / 1000000u + (ns % 1000000u != 0);
    n = epoll_wait(l->epoll_fd, l->ready, EVENTS_A_PASS,
                   ns == UINT64_MAX ? -1
                   : ms > 60000     ? 60000
                                    : (int)ms);
  }
  if (n < 0 && errno != EINTR) fatal("epoll: %s", strerror(errno));
  l->ready_count = n > 0 ? n : 0;
}

static uint64_t until_next_timer(const struct loop *l) {
  if (!l->timers) return UINT64_MAX;
  uint64_t due = l->heap[0]->due_ns, now = clock_mono_ns();
  return due > now ? due - now : 0;
}

static void sleep_until_event(struct loop *l, bool busy) {
  uint64_t ns = busy ? 0 : until_next_timer(l);
  if (ns && !fall_asleep(l)) ns = 0;
  wait_events(l, ns);
  if (ns) {
    pthread_mutex_lock(&l->lock);
    l->asleep = false;
    pthread_mutex_unlock(&l->lock);
  }
  clear_wake(l);
}

void loop_run(struct loop *l) {
  while (!atomic_load(&l->stop)) {
    loop_drain(l);
    run_timers(l);
    bool busy = l->idle && l->idle(l->idle_arg);
    if (atomic_load(&l->stop)) break;
    sleep_until_event(l, busy);
    run_watches(l);
  }
  loop_drain(l);
  atomic_store(&l->stop, false);
}

void loop_stop(struct loop *l) {
  atomic_store(&l->stop, true);
  wake(l);
}

void loop_set_idle(struct loop *l, bool (*idle)(void *arg), void *arg) {
  l->idle = idle;
  l->idle_arg = arg;
}

struct loop *loop_new(void) {
  struct loop *l = mem_alloc(sizeof *l);
  l->posts_tail = &l->posts;
  pthread_mutex_init(&l->lock, NULL);
  l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  l->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (l->epoll_fd < 0 || l->wake_fd < 0) fatal("cannot make an event loop: %s", strerror(errno));
  /* The loop's own address marks its eventfd among the watches. */
  struct epoll_event ev = {.events = EPOLLIN, .data.ptr = l};
  if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, l->wake_fd, &ev) < 0) fatal("epoll: %s", strerror(errno));
  return l;
}

void loop_free(struct loop *l) {
  if (!l) return;
  close(l->epoll_fd);
  close(l->wake_fd);
  pthread_mutex_destroy(&l->lock);
  free(l->heap);
  free(l);
}
