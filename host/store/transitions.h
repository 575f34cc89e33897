/* transitions.h - which status of a run may follow which, who may do it, and on what condition; and on what condition a question is sent.
 * run_claim.c, run_status.c, run_command.c and calls.c ask here before they change a row; tests/unit/test_states.c explores every history that this allows. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "store/states.h"

enum run_mover {
  BY_HOST_CLAIM, /* a host takes it up */
  BY_HOST,       /* the host that holds it */
  BY_WATCHER,    /* it stopped moving */
  BY_PERSON_RESUME,
  BY_PERSON_PAUSE,
  BY_PERSON_CANCEL
};
enum run_guard {
  IF_EPOCH = 1,      /* only in the epoch that the mover knows */
  IF_DUE = 2,        /* only when its time has come */
  IF_OWNER_DEAD = 4, /* only when the mover knows that whoever held it is dead */
  NEW_EPOCH = 8,     /* epoch + 1: what was begun before is fenced from here on */
  IF_UNANSWERED = 16 /* only when no answer to it came late, after whoever asked had read the record */
};
struct run_transition {
  enum run_status from, to;
  enum run_mover by;
  unsigned guard;
};

static const struct run_transition run_transitions[] = {
    {RUN_QUEUED, RUN_RUNNING, BY_HOST_CLAIM, NEW_EPOCH},
    {RUN_WAITING, RUN_RUNNING, BY_HOST_CLAIM, IF_DUE | NEW_EPOCH},
    {RUN_RUNNING, RUN_RUNNING, BY_HOST_CLAIM, IF_OWNER_DEAD | NEW_EPOCH},
    {RUN_RUNNING, RUN_COMPLETED, BY_HOST, IF_EPOCH},
    {RUN_RUNNING, RUN_FAILED, BY_HOST, IF_EPOCH},
    {RUN_RUNNING, RUN_CANCELLED, BY_HOST, IF_EPOCH},
    {RUN_RUNNING, RUN_WAITING, BY_HOST, IF_EPOCH},
    {RUN_RUNNING, RUN_QUEUED, BY_HOST, IF_EPOCH},
    {RUN_RUNNING, RUN_QUEUED, BY_WATCHER, IF_EPOCH | NEW_EPOCH},
    {RUN_RUNNING, RUN_FAILED, BY_WATCHER, IF_EPOCH | NEW_EPOCH},
    {RUN_QUEUED, RUN_QUEUED, BY_PERSON_RESUME, 0},
    {RUN_WAITING, RUN_QUEUED, BY_PERSON_RESUME, 0},
    {RUN_RUNNING, RUN_QUEUED, BY_PERSON_RESUME, IF_OWNER_DEAD},
    {RUN_QUEUED, RUN_WAITING, BY_PERSON_PAUSE, 0},
    {RUN_RUNNING, RUN_WAITING, BY_PERSON_PAUSE,
     IF_OWNER_DEAD | NEW_EPOCH}, /* a living host parks it itself */
    {RUN_QUEUED, RUN_CANCELLED, BY_PERSON_CANCEL, NEW_EPOCH},
    {RUN_WAITING, RUN_CANCELLED, BY_PERSON_CANCEL, NEW_EPOCH},
    {RUN_RUNNING, RUN_CANCELLED, BY_PERSON_CANCEL, NEW_EPOCH},
};
enum { RUN_TRANSITIONS = sizeof run_transitions / sizeof *run_transitions };

/* Before a question is sent to a provider. One host cannot have the second case: what it asked is stopped before its run moves on. Two hosts can. */
static const unsigned call_intent_guard = IF_EPOCH | IF_UNANSWERED;

/* NULL: nobody may do that. */
static inline const struct run_transition *run_transition(enum run_status from, enum run_status to,
                                                          enum run_mover by) {
  for (size_t i = 0; i < RUN_TRANSITIONS; i++) {
    const struct run_transition *t = &run_transitions[i];
    if (t->by == by && t->from == from && t->to == to) return t;
  }
  return NULL;
}
