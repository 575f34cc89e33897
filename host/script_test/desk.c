/* desk.c - see desk.h. */
#include "script_test/desk.h"

#include <time.h>

#include "base/mem.h"

static void ask(struct stand_in *s, struct stand_in_question *q) {
  struct desk *d = list_owner(s, struct desk, stand_in);
  pthread_mutex_lock(&d->lock);
  list_push_tail(&d->questions, &q->node);
  pthread_cond_signal(&d->changed);
  pthread_mutex_unlock(&d->lock);
}

void desk_init(struct desk *d) {
  d->stand_in.ask = ask;
  pthread_mutex_init(&d->lock, NULL);
  pthread_cond_init(&d->changed, NULL);
  list_init(&d->questions);
}

void desk_release(struct desk *d) {
  pthread_cond_destroy(&d->changed);
  pthread_mutex_destroy(&d->lock);
}

struct stand_in_question *desk_next(struct desk *d, bool newest, int ms) {
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_nsec += (long)ms * 1000000;
  until.tv_sec += until.tv_nsec / 1000000000;
  until.tv_nsec %= 1000000000;
  pthread_mutex_lock(&d->lock);
  int waited = 0;
  while (list_empty(&d->questions) && waited == 0)
    waited = pthread_cond_timedwait(&d->changed, &d->lock, &until);
  struct list *node = list_empty(&d->questions) ? NULL : newest ? d->questions.prev : d->questions.next;
  if (node) list_remove(node);
  pthread_mutex_unlock(&d->lock);
  return node ? list_owner(node, struct stand_in_question, node) : NULL;
}

void desk_clear(struct desk *d) {
  struct stand_in_question *q;
  while ((q = desk_next(d, false, 0))) {
    q->refusal = mem_dup("the test has ended");
    q->status = 400;
    stand_in_answer(q);
  }
}
