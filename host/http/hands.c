/* hands.c - a stack of idle threads under one lock; each sleeps at its own semaphore.
 *
 * hands_do takes a hand off the stack (or makes one), gives it the work and waits for `done`; the hand puts itself back before it
 * says so. Ended hands are joined by the next call that makes one, and at the end. */
#include "http/hands.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include "base/list.h"
#include "base/mem.h"

struct hand {
  struct hands *all;
  struct list node; /* in `idle` or `ended`; in none while it works */
  pthread_t thread;
  sem_t work;
  void (*fn)(void *arg); /* NULL: end */
  void *arg;
  sem_t *done;
};

struct hands {
  pthread_mutex_t lock;
  struct list idle, ended;
  size_t stack_bytes;
};

struct hands *hands_new(size_t stack_bytes) {
  struct hands *h = mem_alloc(sizeof *h);
  h->stack_bytes = stack_bytes;
  pthread_mutex_init(&h->lock, NULL);
  list_init(&h->idle);
  list_init(&h->ended);
  return h;
}

/* False: nobody gave it work for a while, and from here on nobody will. */
static bool wait_for_work(struct hand *hand) {
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_sec += HANDS_IDLE_S;
  int failed;
  while ((failed = sem_clockwait(&hand->work, CLOCK_MONOTONIC, &until)) != 0 && errno == EINTR) continue;
  if (failed == 0) return true;
  struct hands *h = hand->all;
  pthread_mutex_lock(&h->lock);
  bool taken = list_empty(&hand->node); /* off the stack: its work is on the way */
  if (!taken) {
    list_remove(&hand->node);
    list_push_tail(&h->ended, &hand->node);
  }
  pthread_mutex_unlock(&h->lock);
  if (!taken) return false;
  while (sem_wait(&hand->work) != 0) continue;
  return true;
}

static void *work(void *arg) {
  struct hand *hand = arg;
  struct hands *h = hand->all;
  while (wait_for_work(hand) && hand->fn) {
    sem_t *done = hand->done;
    hand->fn(hand->arg);
    pthread_mutex_lock(&h->lock);
    list_push_head(&h->idle, &hand->node);
    pthread_mutex_unlock(&h->lock);
    sem_post(done);
  }
  return NULL;
}

static void join(struct hand *hand) {
  pthread_join(hand->thread, NULL);
  sem_destroy(&hand->work);
  free(hand);
}

static void join_ended(struct hands *h) {
  struct list *node;
  do {
    pthread_mutex_lock(&h->lock);
    node = list_pop_head(&h->ended);
    pthread_mutex_unlock(&h->lock);
    if (node) join(list_owner(node, struct hand, node));
  } while (node);
}

static struct hand *new_hand(struct hands *h) {
  join_ended(h);
  struct hand *hand = mem_alloc(sizeof *hand);
  hand->all = h;
  list_init(&hand->node);
  sem_init(&hand->work, 0, 0);
  pthread_attr_t attr;
  pthread_attr_init(&attr);
  pthread_attr_setstacksize(&attr, h->stack_bytes);
  bool made = pthread_create(&hand->thread, &attr, work, hand) == 0;
  pthread_attr_destroy(&attr);
  if (made) return hand;
  sem_destroy(&hand->work);
  free(hand);
  return NULL;
}

static void give(struct hand *hand, void (*fn)(void *arg), void *arg, sem_t *done) {
  hand->fn = fn;
  hand->arg = arg;
  hand->done = done;
  sem_post(&hand->work);
}

bool hands_do(struct hands *h, void (*fn)(void *arg), void *arg) {
  pthread_mutex_lock(&h->lock);
  struct list *node = list_pop_head(&h->idle);
  pthread_mutex_unlock(&h->lock);
  struct hand *hand = node ? list_owner(node, struct hand, node) : new_hand(h);
  if (!hand) return false;
  sem_t done;
  sem_init(&done, 0, 0);
  give(hand, fn, arg, &done);
  while (sem_wait(&done) != 0) continue; /* a signal woke it */
  sem_destroy(&done);
  return true;
}

void hands_free(struct hands *h) {
  if (!h) return;
  struct list *node;
  for (;;) {
    pthread_mutex_lock(&h->lock);
    node = list_pop_head(&h->idle);
    pthread_mutex_unlock(&h->lock);
    if (!node) break;
    struct hand *hand = list_owner(node, struct hand, node);
    give(hand, NULL, NULL, NULL);
    join(hand);
  }
  join_ended(h);
  pthread_mutex_destroy(&h->lock);
  free(h);
}
