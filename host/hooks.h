/* hooks.h - tells the outside when a run waits for a person, reached its budget, failed or completed: a POST to a URL of the user's,
 * or a command of his. Retried with growing pauses; never holds a run, never changes one.
 *
 *   hooks_new -> hooks_run_left* -> hooks_stop -> hooks_free       hooks_run_left: loop thread. The last two: once the loop has ended.
 *
 * The message is the same for both: {"run","project","pipeline","status","wait_kind","wait_for","wait_hint","summary","cost_usd","calls"}; the
 * command gets it on standard input, and QUIRE_RUN, QUIRE_STATUS, QUIRE_PROJECT in its environment. */
#pragma once
#include "base/loop.h"
#include "base/pool.h"
#include "store/states.h"
#include "store/store.h"

struct hooks_settings {
  char *url, *command; /* NULL: none */
  int attempts;        /* 5 */
  double pause_s;      /* before the second attempt (1); four times longer before each further one */
};

struct hooks;
struct hooks *hooks_new(struct loop *loop, struct store *store, const struct hooks_settings *settings);
/* Ends the command that is under way, with all that it started; none begins any more. NULL is fine. */
void hooks_stop(struct hooks *h);
void hooks_free(struct hooks *h); /* what was not told yet is dropped; NULL is fine */
/* Messages on their way. Any thread. */
int hooks_busy(const struct hooks *h);
/* `status`: what the run is now. Nothing is sent for a run that is queued again, or that another host moves (RUN_NO_STATUS). */
void hooks_run_left(struct hooks *h, int64_t run, enum run_status status);
