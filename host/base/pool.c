/* pool.c - worker threads with one FIFO.
 *
 * pool_new -> pool_submit* -> pool_free. A worker takes the oldest job, runs `work` without the lock, and
 * posts `done` to the loop. Workers block all signals: those belong to the main thread. */
#include "base/pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include "base/list.h"
#include "base/mem.h"

struct pool {
  struct loop *loop;
  pthread_mutex_t lock;
  pthread_cond_t more;
  struct job *head, **tail;
  bool closing;
  int count;
  pthread_t threads[];
};

static void run_done(struct post *p) {
  struct job *j = list_owner(p, struct job, post);
  j->done(j);
}

static struct job *next_job(struct pool *p) {
  pthread_mutex_lock(&p->lock);
  while (!p->head && !p->closing) pthread_cond_wait(&p->more, &p->lock);
  struct job *j = p->head;
  if (j && !(p->head = j->next)) p->tail = &p->head;
  pthread_mutex_unlock(&p->lock);
  return j;
}

static void *worker(void *arg) {
  struct pool *p = arg;
  struct job *j;
  while ((j = next_job(p)) != NULL) {
    bool tell = j->done != NULL; /* without `done`, the job may be freed by `work` */
    j->work(j);
    if (!tell) continue;
    j->post.fn = run_done;
    loop_post(p->loop, &j->post);
  }
  return NULL;
}

struct pool *pool_new(struct loop *l, int threads) {
  struct pool *p = mem_alloc(sizeof *p + (size_t)threads * sizeof p->threads[0]);
  p->loop = l;
  p->tail = &p->head;
  pthread_mutex_init(&p->lock, NULL);
  pthread_cond_init(&p->more, NULL);
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  for (; p->count < threads; p->count++) {
    int sys = pthread_create(&p->threads[p->count], NULL, worker, p);
    if (sys) fatal("cannot start a worker thread: %s", strerror(sys));
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return p;
}

void pool_submit(struct pool *p, struct job *j) {
  j->next = NULL;
  pthread_mutex_lock(&p->lock);
  *p->tail = j;
  p->tail = &j->next;
  pthread_cond_signal(&p->more);
  pthread_mutex_unlock(&p->lock);
}

void pool_free(struct pool *p) {
  if (!p) return;
  pthread_mutex_lock(&p->lock);
  p->closing = true;
  pthread_cond_broadcast(&p->more);
  pthread_mutex_unlock(&p->lock);
  for (int i = 0; i < p->count; i++) pthread_join(p->threads[i], NULL);
  pthread_cond_destroy(&p->more);
  pthread_mutex_destroy(&p->lock);
  free(p);
}
