/* loop.h - one thread's event loop: descriptors (epoll), timers (a heap), and posts from other threads (an
 * eventfd).
 *
 *   loop_new -> (loop_watch | timer_set | loop_post)* -> loop_run -> loop_free
 *
 * Everything but loop_post and loop_stop is called from the loop's own thread. A pass is: run posts, run due
 * timers, call `idle` (which returns true while it has more work: then the loop only polls), sleep until the
 * next event. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"

struct loop;

struct loop *loop_new(void);
void loop_free(struct loop *l);
void loop_run(struct loop *l);  /* until loop_stop; what was posted before the stop still runs */
void loop_stop(struct loop *l); /* any thread, and from a signal handler */
/* Runs the posts that wait now. For the shut-down after loop_run: stop the posters, drain, free. */
void loop_drain(struct loop *l);

/* Called once a pass; returns true when it wants to be called again without sleeping. */
void loop_set_idle(struct loop *l, bool (*idle)(void *arg), void *arg);

/* Watches a descriptor for EPOLLIN/EPOLLOUT. `events` 0 removes it. A watch is the caller's memory and must
 * stay until it was removed (remove it before its descriptor is closed). Starts zeroed but for fd, fn and
 * arg; `fn` may remove or change any watch, its own too. Err: ERR_IO (not a descriptor that can be waited
 * for). */
struct watch {
  int fd;
  uint32_t events;
  void (*fn)(struct watch *w, uint32_t events);
  void *arg;
};
enum err loop_watch(struct loop *l, struct watch *w, uint32_t events);

/* A timer is the caller's memory, zeroed but for fn and arg. timer_set on a set timer moves it. `fn` runs
 * once; it may set the timer again. */
struct timer {
  uint64_t due_ns; /* clock_mono_ns */
  void (*fn)(struct timer *t);
  void *arg;
  int heap; /* place in the heap + 1; 0 when not set */
};
void timer_set(struct loop *l, struct timer *t, uint64_t due_ns);
void timer_clear(struct loop *l, struct timer *t);

/* Hands work to the loop's thread. Any thread; never blocks on I/O. Posts run in the order in which they were
 * posted. The node is the caller's memory and may be reused or freed from `fn` on. */
struct post {
  void (*fn)(struct post *p);
  struct post *next;
};
void loop_post(struct loop *l, struct post *p);
bool loop_has_posts(struct loop *l); /* some wait for the next pass */
