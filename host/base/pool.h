/* pool.h - a few threads for work that takes CPU or blocks: deflate, hashing, exports, closing big Lua
 * states. pool_submit from any thread; `work` runs on a pool thread, then `done` (may be NULL) is posted to
 * the loop given to pool_new. pool_free finishes what was submitted first. */
#pragma once
#include "base/loop.h"

struct pool;
struct job {
  void (*work)(struct job *j); /* pool thread */
  void (*done)(struct job *j); /* loop thread */
  struct post post;
  struct job *next;
};
struct pool *pool_new(struct loop *l, int threads);
void pool_submit(struct pool *p, struct job *j);
void pool_free(struct pool *p);
