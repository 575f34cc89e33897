/* desk.h - where the questions of a tested script wait for the test that answers them: a stand-in for the embedded model.
 *
 *   desk_init -> (loop: asks) (test: desk_next -> stand_in_answer)* -> desk_clear -> desk_release
 *
 * Two threads: the host's loop puts questions down, the test's thread takes them up. As many lie here as the host has calls in flight. */
#pragma once
#include <pthread.h>
#include "llm/stand_in.h"

struct desk {
  struct stand_in stand_in; /* for llm_settings */
  pthread_mutex_t lock;
  pthread_cond_t changed;
  struct list questions;
};

void desk_init(struct desk *d);
void desk_release(struct desk *d);
/* The oldest question, or the newest; NULL when none came within `ms`. The caller answers it. */
struct stand_in_question *desk_next(struct desk *d, bool newest, int ms);
/* Gives back all that lie here, refused: nobody waits for them any more. */
void desk_clear(struct desk *d);
