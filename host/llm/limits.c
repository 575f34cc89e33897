/* limits.c - lanes: a ring of runs that wait, two buckets that fill with time, and a number that follows the provider's patience. */
#include "llm/limits.h"

#include <stdlib.h>
#include "base/clock.h"
#include "base/map.h"
#include "base/mem.h"

/* Holds up to a minute's worth; fills evenly. A ticket larger than a full bucket may pass when it is full, and leaves a debt. */
struct bucket {
  double per_ns, most, level; /* per_ns 0: no limit */
  uint64_t filled_ns;
};

struct run_queue {
  int64_t run;
  struct list node, tickets;
};

struct lane {
  struct loop *loop;
  struct list ring;    /* the queues of runs with waiting tickets; the head has its turn */
  struct map *runs;    /* run id -> its run_queue in the ring */
  int under_way, most; /* most 0: no limit known */
  int configured;
  int successes;
  int64_t most_read;
  int64_t let_through, halved_at; /* a burst of 429s on calls that were sent together halves once */
  uint64_t hold_until;
  struct bucket requests, tokens;
  struct timer timer;
  bool pumping, again;
};

struct limits {
  struct loop *loop;
  struct map *lanes;
};

static void pump(struct lane *lane);

static void pump_timer(struct timer *t) {
  pump(t->arg);
}

struct limits *limits_new(struct loop *loop) {
  struct limits *l = mem_alloc(sizeof *l);
  l->loop = loop;
  l->lanes = map_new();
  return l;
}

static void lane_free(void *arg) {
  struct lane *lane = arg;
  timer_clear(lane->loop, &lane->timer);
  for (struct list *node; (node = list_pop_head(&lane->ring));)
    free(list_owner(node, struct run_queue, node));
  map_free(lane->runs, NULL);
  free(lane);
}

void limits_free(struct limits *l) {
  if (!l) return;
  map_free(l->lanes, lane_free);
  free(l);
}

static struct bucket bucket_of(int per_minute) {
  return (struct bucket){
      .per_ns = per_minute / 60e9, .most = per_minute, .level = per_minute, .filled_ns = clock_mono_ns()};
}

struct lane *limits_lane(struct limits *l, const char *name, int concurrency, int requests_per_minute,
                         int tokens_per_minute) {
  struct lane *lane = map_get(l->lanes, name);
  if (lane) return lane;
  lane = mem_alloc(sizeof *lane);
  lane->loop = l->loop;
  lane->most = lane->configured = concurrency;
  lane->requests = bucket_of(requests_per_minute);
  lane->tokens = bucket_of(tokens_per_minute);
  lane->timer = (struct timer){.fn = pump_timer, .arg = lane};
  lane->runs = map_new();
  list_init(&lane->ring);
  map_put(l->lanes, name, lane);
  return lane;
}

/* ---- buckets ---- */

static void bucket_fill(struct bucket *b, uint64_t now) {
  b->level += (double)(now - b->filled_ns) * b->per_ns;
  if (b->level > b->most) b->level = b->most;
  b->filled_ns = now;
}

/* 0 when `n` may be taken now, else how long it takes until then. */
static uint64_t bucket_wait(struct bucket *b, double n, uint64_t now) {
  if (b->per_ns <= 0) return 0;
  bucket_fill(b, now);
  double need = n < b->most ? n : b->most;
  return b->level >= need - 1e-6 ? 0 : (uint64_t)((need - b->level) / b->per_ns) + 1;
}

/* ---- the ring ---- */

static struct lane_ticket *next_ticket(const struct lane *lane) {
  if (list_empty(&lane->ring)) return NULL;
  const struct run_queue *q = list_owner(lane->ring.next, struct run_queue, node);
  return list_owner(q->tickets.next, struct lane_ticket, node);
}

static void leave_queue(struct lane *lane, struct lane_ticket *t, bool had_its_turn) {
  struct run_queue *q = map_get_n(lane->runs, &t->run, sizeof t->run);
  list_remove(&t->node);
  if (!list_empty(&q->tickets)) {
    if (!had_its_turn) return;
    list_remove(&q->node);
    list_push_tail(&lane->ring, &q->node);
    return;
  }
  list_remove(&q->node);
  map_remove_n(lane->runs, &t->run, sizeof t->run);
  free(q);
}

/* How long until the next ticket may go: 0 now, UINT64_MAX when something must end first. */
static uint64_t wait_for(struct lane *lane, const struct lane_ticket *t, uint64_t now) {
  if (lane->most && lane->under_way >= lane->most) return UINT64_MAX;
  if (now < lane->hold_until) return lane->hold_until - now;
  uint64_t requests = bucket_wait(&lane->requests, 1, now),
           tokens = bucket_wait(&lane->tokens, (double)t->tokens, now);
  return requests > tokens ? requests : tokens;
}

static void pump(struct lane *lane) {
  if (lane->pumping) {
    lane->again = true;
    return;
  }
  lane->pumping = true;
  do {
    lane->again = false;
    struct lane_ticket *t;
    while ((t = next_ticket(lane))) {
      uint64_t now = clock_mono_ns(), wait = wait_for(lane, t, now);
      if (wait && wait != UINT64_MAX) timer_set(lane->loop, &lane->timer, now + wait);
      if (wait) break;
      leave_queue(lane, t, true);
      lane->under_way++;
      lane->requests.level -= 1;
      lane->tokens.level -= (double)t->tokens;
      t->under_way = true;
      t->serial = lane->let_through++;
      t->granted(t);
    }
  } while (lane->again);
  lane->pumping = false;
}

void lane_enter(struct lane *lane, struct lane_ticket *t) {
  t->lane = lane;
  t->under_way = false;
  list_init(&t->node);
  struct run_queue *q = map_get_n(lane->runs, &t->run, sizeof t->run);
  if (!q) {
    q = mem_alloc(sizeof *q);
    q->run = t->run;
    list_init(&q->tickets);
    list_push_tail(&lane->ring, &q->node);
    map_put_n(lane->runs, &t->run, sizeof t->run, q);
  }
  list_push_tail(&q->tickets, &t->node);
  timer_set(lane->loop, &lane->timer, clock_mono_ns());
}

/* ---- what the provider thinks of it ---- */

static void adapt(struct lane *lane, int64_t serial, enum lane_outcome outcome) {
  if (outcome == LANE_RATE_LIMITED) {
    if (serial < lane->halved_at) return;
    lane->halved_at = lane->let_through;
    lane->most = lane->under_way > 1 ? lane->under_way / 2 : 1;
    lane->successes = 0;
  } else if (outcome == LANE_ANSWERED && ++lane->successes >= LANE_SUCCESSES && lane->most) {
    lane->successes = 0;
    if (!lane->configured || lane->most < lane->configured) lane->most++;
  }
}

void lane_leave(struct lane_ticket *t, enum lane_outcome outcome) {
  struct lane *lane = t->lane;
  if (!lane) return;
  t->lane = NULL;
  if (!t->under_way) {
    leave_queue(lane, t, false);
    return;
  }
  adapt(lane, t->serial, outcome);
  lane->under_way--;
  t->under_way = false;
  if (!list_empty(&lane->ring)) timer_set(lane->loop, &lane->timer, clock_mono_ns());
}

void lane_hold(struct lane *lane, uint64_t until_ns) {
  if (until_ns > lane->hold_until) lane->hold_until = until_ns;
}

uint64_t lane_held_until(const struct lane *lane) {
  return lane->hold_until;
}

int64_t lane_most_read(struct lane *lane, int64_t tokens) {
  if (tokens > lane->most_read) lane->most_read = tokens;
  return lane->most_read;
}
