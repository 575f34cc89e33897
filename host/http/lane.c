/* lane.c - see lane.h. A thread is started only when there are more items than threads that wait for one. */
#include "http/lane.h"

#include <signal.h>
#include <stdlib.h>
#include "base/mem.h"

enum { STACK_BYTES = 2 << 20 /* what a handler may need: SQLite, Markdown, a Lua state */ };

bool lane_thread(pthread_t *thread, void *(*run)(void *), void *arg) {
  pthread_attr_t attr;
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_attr_init(&attr);
  pthread_attr_setstacksize(&attr, STACK_BYTES);
  bool started = pthread_create(thread, &attr, run, arg) == 0;
  pthread_attr_destroy(&attr);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return started;
}

void lane_init(struct lane *l, int threads_most, int queued_most, void (*run)(struct list *, void *),
               void *arg) {
  *l = (struct lane){.run = run, .arg = arg, .threads_most = threads_most, .queued_most = queued_most};
  l->threads = mem_alloc((size_t)threads_most * sizeof *l->threads);
  list_init(&l->queue);
  pthread_mutex_init(&l->lock, NULL);
  pthread_cond_init(&l->more, NULL);
}

static struct list *next_item(struct lane *l) {
  struct list *item = NULL;
  pthread_mutex_lock(&l->lock);
  l->idle++;
  while (list_empty(&l->queue) && !l->closing) pthread_cond_wait(&l->more, &l->lock);
  l->idle--;
  if (!l->closing) {
    item = list_pop_head(&l->queue);
    l->queued--;
  }
  pthread_mutex_unlock(&l->lock);
  return item;
}

static void *work(void *arg) {
  struct lane *l = arg;
  struct list *item;
  while ((item = next_item(l)) != NULL) l->run(item, l->arg);
  return NULL;
}

bool lane_give(struct lane *l, struct list *item) {
  pthread_mutex_lock(&l->lock);
  bool more = l->idle <= l->queued && l->n_threads < l->threads_most && !l->closing;
  if (more && lane_thread(&l->threads[l->n_threads], work, l)) l->n_threads++;
  bool taken = l->n_threads > 0 && l->queued < l->queued_most && !l->closing;
  if (taken) {
    list_push_tail(&l->queue, item);
    l->queued++;
    pthread_cond_signal(&l->more);
  }
  pthread_mutex_unlock(&l->lock);
  return taken;
}

void lane_close(struct lane *l) {
  pthread_mutex_lock(&l->lock);
  l->closing = true;
  pthread_cond_broadcast(&l->more);
  pthread_mutex_unlock(&l->lock);
  for (int i = 0; i < l->n_threads; i++) pthread_join(l->threads[i], NULL);
}

void lane_release(struct lane *l) {
  pthread_cond_destroy(&l->more);
  pthread_mutex_destroy(&l->lock);
  free(l->threads);
}
