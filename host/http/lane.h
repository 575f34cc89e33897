/* lane.h - workers with one queue, started as they are needed. Any thread.
 *
 *   lane_init -> lane_give* -> lane_close -> lane_release */
#pragma once
#include <pthread.h>
#include <stdbool.h>
#include "base/list.h"

struct lane {
  void (*run)(struct list *item, void *arg); /* on a worker; the item is nobody else's meanwhile */
  void *arg;
  pthread_mutex_t lock;
  pthread_cond_t more;
  struct list queue;
  pthread_t *threads;
  int n_threads, threads_most, idle, queued, queued_most;
  bool closing;
};

/* Starts one thread that takes no signals: those belong to the main thread. */
bool lane_thread(pthread_t *thread, void *(*run)(void *), void *arg);

void lane_init(struct lane *l, int threads_most, int queued_most, void (*run)(struct list *, void *),
               void *arg);
/* False: it is full, no thread could be started, or it is closing; the item stays the caller's. */
bool lane_give(struct lane *l, struct list *item);
/* Nothing more is run; returns when no worker is left. What was not begun stays in `queue`. */
void lane_close(struct lane *l);
void lane_release(struct lane *l);
