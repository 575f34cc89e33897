/* limits.h - how much may be under way at one model of a provider. Loop thread only.
 *
 *   limits_lane -> (lane_enter -> granted -> lane_leave)*
 *
 * A lane lets tickets through in turns: one of each run that waits, then the next run's, each run's own in their order. It
 * counts what is under way, requests and tokens a minute, and adapts: a 429 halves what may be under way, and each
 * LANE_SUCCESSES answers in a row allow one more. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/list.h"
#include "base/loop.h"

enum { LANE_SUCCESSES = 10 };

struct limits;
struct lane;
struct limits *limits_new(struct loop *loop);
void limits_free(struct limits *l); /* no ticket may be in a lane */
/* The lane of this name; made with these numbers (0: no limit) when it is asked for first. */
struct lane *limits_lane(struct limits *l, const char *name, int concurrency, int requests_per_minute,
                         int tokens_per_minute);

struct lane_ticket { /* the caller's memory; zeroed but for the first four */
  int64_t run, tokens;
  void (*granted)(struct lane_ticket *t); /* never from inside lane_enter */
  void *arg;
  struct lane *lane; /* set while it waits or is under way */
  bool under_way;
  int64_t serial; /* how many the lane had let through before */
  struct list node;
};
enum lane_outcome { LANE_ANSWERED, LANE_FAILED, LANE_RATE_LIMITED };
void lane_enter(struct lane *lane, struct lane_ticket *t);
/* From waiting or under way; nothing happens when it is in no lane. */
void lane_leave(struct lane_ticket *t, enum lane_outcome outcome);
/* Nothing more is let through until then (Retry-After). */
void lane_hold(struct lane *lane, uint64_t until_ns);
uint64_t lane_held_until(const struct lane *lane);
/* A prompt of `tokens` was read there: the most that ever was. It says how large the model's window is at least. */
int64_t lane_most_read(struct lane *lane, int64_t tokens);
