/* bus.c - readers' queues. One lock for the list of readers and all queues, held for pointer work only; another for the text that gathers,
 * which the publisher holds just to swap the buffer: the loop never waits for a copy that somebody else makes. */
#include "web/live/bus.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/list.h"
#include "base/mem.h"

enum { TEXT_MOST_BYTES = 32 << 20 };

struct frame {
  int refs; /* under bus.lock */
  int64_t id;
  size_t n;
  char bytes[];
};

struct queued {
  struct queued *next;
  struct frame *frame;
};

struct bus_reader {
  struct list node;
  uint64_t id;
  struct bus_filter filter;
  pthread_cond_t wake;
  struct queued *head, **tail;
  size_t bytes, frames;
  bool behind, text;
};

/* Text of one answer that gathers. */
struct piece {
  struct piece *next;
  struct bus_text info; /* its strings are ours, its text is `text` */
  struct buf text;
};

struct bus {
  pthread_mutex_t lock;
  struct list readers;
  size_t n_readers;
  uint64_t last_id;
  bool closed;
  pthread_cond_t publisher;

  pthread_mutex_t text_lock;
  struct piece *pieces, **pieces_tail;
  size_t text_bytes;
};

/* ---- life */

static void cond_init(pthread_cond_t *c) {
  pthread_condattr_t attr;
  pthread_condattr_init(&attr);
  pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
  pthread_cond_init(c, &attr);
  pthread_condattr_destroy(&attr);
}

struct bus *bus_new(void) {
  struct bus *b = mem_alloc(sizeof *b);
  pthread_mutex_init(&b->lock, NULL);
  pthread_mutex_init(&b->text_lock, NULL);
  cond_init(&b->publisher);
  list_init(&b->readers);
  b->pieces_tail = &b->pieces;
  return b;
}

void bus_close(struct bus *b) {
  pthread_mutex_lock(&b->lock);
  b->closed = true;
  pthread_cond_broadcast(&b->publisher);
  for (struct list *node = b->readers.next; node != &b->readers; node = node->next)
    pthread_cond_signal(&list_owner(node, struct bus_reader, node)->wake);
  pthread_mutex_unlock(&b->lock);
}

static void forget(void *arg, const struct bus_text *t) {
  (void)arg;
  (void)t;
}

void bus_free(struct bus *b) {
  if (!b) return;
  bus_text_each(b, forget, NULL);
  pthread_cond_destroy(&b->publisher);
  pthread_mutex_destroy(&b->lock);
  pthread_mutex_destroy(&b->text_lock);
  free(b);
}

static void until_ms(struct timespec *t, int ms) {
  clock_gettime(CLOCK_MONOTONIC, t);
  t->tv_sec += ms / 1000;
  t->tv_nsec += (long)(ms % 1000) * 1000000;
  if (t->tv_nsec >= 1000000000) t->tv_sec++, t->tv_nsec -= 1000000000;
}

/* ---- readers */

struct bus_reader *bus_join(struct bus *b, const struct bus_filter *filter) {
  struct bus_reader *r = mem_alloc(sizeof *r);
  r->filter = *filter;
  r->tail = &r->head;
  cond_init(&r->wake);
  pthread_mutex_lock(&b->lock);
  bool closed = b->closed;
  if (!closed) {
    r->id = ++b->last_id;
    list_push_tail(&b->readers, &r->node);
    if (b->n_readers++ == 0) pthread_cond_signal(&b->publisher);
  }
  pthread_mutex_unlock(&b->lock);
  if (!closed) return r;
  pthread_cond_destroy(&r->wake);
  free(r);
  return NULL;
}

static void frame_unref(struct frame *f) {
  if (--f->refs == 0) free(f);
}

static void clear(struct bus_reader *r) {
  while (r->head) {
    struct queued *q = r->head;
    r->head = q->next;
    frame_unref(q->frame);
    free(q);
  }
  r->tail = &r->head;
  r->bytes = r->frames = 0;
}

void bus_leave(struct bus *b, struct bus_reader *r) {
  pthread_mutex_lock(&b->lock);
  list_remove(&r->node);
  b->n_readers--;
  clear(r);
  pthread_mutex_unlock(&b->lock);
  pthread_cond_destroy(&r->wake);
  free(r);
}

uint64_t bus_reader_id(const struct bus_reader *r) {
  return r->id;
}

/* Takes the queue as it is, so that copying happens outside the lock. */
static struct queued *take_all(struct bus_reader *r) {
  struct queued *all = r->head;
  r->head = NULL;
  r->tail = &r->head;
  r->bytes = r->frames = 0;
  return all;
}

static void append_all(struct queued *all, int64_t after, struct buf *out, int64_t *last) {
  for (struct queued *q = all; q; q = q->next) {
    if (q->frame->id && q->frame->id <= after) continue;
    buf_append(out, q->frame->bytes, q->frame->n);
    if (q->frame->id) *last = q->frame->id;
  }
}

static void release_all(struct bus *b, struct queued *all) {
  pthread_mutex_lock(&b->lock);
  for (struct queued *q = all; q; q = q->next) frame_unref(q->frame);
  pthread_mutex_unlock(&b->lock);
  while (all) {
    struct queued *next = all->next;
    free(all);
    all = next;
  }
}

enum bus_end bus_take(struct bus *b, struct bus_reader *r, int timeout_ms, int64_t after, struct buf *out,
                      int64_t *last) {
  struct timespec until;
  until_ms(&until, timeout_ms);
  pthread_mutex_lock(&b->lock);
  int rc = 0;
  while (!r->head && !r->behind && !b->closed && rc != ETIMEDOUT)
    rc = pthread_cond_timedwait(&r->wake, &b->lock, &until);
  enum bus_end end = b->closed ? BUS_CLOSED : r->behind ? BUS_BEHIND : r->head ? BUS_FRAMES : BUS_QUIET;
  struct queued *all = end == BUS_FRAMES ? take_all(r) : NULL;
  pthread_mutex_unlock(&b->lock);
  append_all(all, after, out, last);
  release_all(b, all);
  return end;
}

/* ---- publishing */

static void want(struct bus_wants *w, int64_t run) {
  for (size_t i = 0; i < w->n_runs; i++)
    if (w->runs[i] == run) return;
  if (w->n_runs < sizeof w->runs / sizeof *w->runs) w->runs[w->n_runs++] = run;
}

void bus_wants(struct bus *b, struct bus_wants *out) {
  *out = (struct bus_wants){0};
  pthread_mutex_lock(&b->lock);
  out->readers = b->n_readers;
  for (struct list *node = b->readers.next; node != &b->readers; node = node->next) {
    const struct bus_filter *f = &list_owner(node, struct bus_reader, node)->filter;
    if (f->n_runs == 0) out->all = true;
    for (size_t i = 0; i < f->n_runs; i++) want(out, f->runs[i]);
  }
  pthread_mutex_unlock(&b->lock);
}

bool bus_rest(struct bus *b, int ms) {
  struct timespec until;
  until_ms(&until, ms);
  pthread_mutex_lock(&b->lock);
  int rc = 0;
  while (!b->closed && rc != ETIMEDOUT)
    rc = b->n_readers ? pthread_cond_timedwait(&b->publisher, &b->lock, &until)
                      : pthread_cond_wait(&b->publisher, &b->lock);
  bool closed = b->closed;
  pthread_mutex_unlock(&b->lock);
  return !closed;
}

static bool wants_frame(const struct bus_reader *r, const struct bus_frame_info *info) {
  if (r->behind || (info->reader && info->reader != r->id) || (info->text && !r->text)) return false;
  if (r->filter.n_runs == 0) return !info->only_named;
  for (size_t i = 0; i < r->filter.n_runs; i++)
    if (r->filter.runs[i] == info->run) return true;
  return false;
}

static void push(struct bus_reader *r, struct frame *f) {
  if (r->bytes + f->n > BUS_QUEUE_BYTES || r->frames >= BUS_QUEUE_FRAMES) {
    r->behind = true;
    clear(r);
  } else {
    struct queued *q = mem_alloc(sizeof *q);
    q->frame = f;
    f->refs++;
    *r->tail = q;
    r->tail = &q->next;
    r->bytes += f->n;
    r->frames++;
  }
  pthread_cond_signal(&r->wake);
}

void bus_publish(struct bus *b, const struct bus_frame_info *info, const void *bytes, size_t n) {
  struct frame *f = mem_alloc(sizeof *f + n);
  *f = (struct frame){.refs = 1, .id = info->id, .n = n};
  memcpy(f->bytes, bytes, n);
  pthread_mutex_lock(&b->lock);
  for (struct list *node = b->readers.next; node != &b->readers; node = node->next) {
    struct bus_reader *r = list_owner(node, struct bus_reader, node);
    if (wants_frame(r, info)) push(r, f);
  }
  frame_unref(f);
  pthread_mutex_unlock(&b->lock);
}

/* ---- live text */

static struct piece *piece_new(const struct bus_text *t) {
  struct piece *p = mem_alloc(sizeof *p);
  p->info = *t;
  p->info.role = mem_dup(t->role);
  p->info.scope = mem_dup(t->scope);
  buf_init(&p->text, MAX_ANSWER_BYTES);
  return p;
}

static void piece_free(struct piece *p) {
  free((char *)(uintptr_t)p->info.role);
  free((char *)(uintptr_t)p->info.scope);
  buf_release(&p->text);
  free(p);
}

/* The piece that `t` goes on with: the newest of its call, when both are for the same readers. */
static struct piece *piece_of(struct bus *b, const struct bus_text *t) {
  struct piece *found = NULL;
  for (struct piece *p = b->pieces; p; p = p->next)
    if (p->info.call == t->call) found = p;
  bool follows = found && found->info.attempt == t->attempt && found->info.reader == t->reader && t->at > 0;
  return follows ? found : NULL;
}

void bus_text(struct bus *b, const struct bus_text *t) {
  pthread_mutex_lock(&b->text_lock);
  struct piece *p = piece_of(b, t);
  if (!p && b->text_bytes < TEXT_MOST_BYTES) {
    p = piece_new(t);
    *b->pieces_tail = p;
    b->pieces_tail = &p->next;
  }
  if (p && buf_append(&p->text, t->text, t->n) == OK) b->text_bytes += t->n;
  pthread_mutex_unlock(&b->text_lock);
}

void bus_text_begins(struct bus *b, uint64_t reader) {
  pthread_mutex_lock(&b->lock);
  for (struct list *node = b->readers.next; node != &b->readers; node = node->next) {
    struct bus_reader *r = list_owner(node, struct bus_reader, node);
    if (r->id == reader) r->text = r->filter.text;
  }
  pthread_mutex_unlock(&b->lock);
}

void bus_text_each(struct bus *b, void (*fn)(void *, const struct bus_text *), void *arg) {
  pthread_mutex_lock(&b->text_lock);
  struct piece *p = b->pieces;
  b->pieces = NULL;
  b->pieces_tail = &b->pieces;
  b->text_bytes = 0;
  pthread_mutex_unlock(&b->text_lock);
  while (p) {
    struct piece *next = p->next;
    p->info.text = p->text.data;
    p->info.n = p->text.len;
    fn(arg, &p->info);
    piece_free(p);
    p = next;
  }
}
