/* pulse.h - the page that guardian and host share (MAP_SHARED, made before the fork): the loop's tick and the run that it is
 * resuming.
 *
 * The host writes, the guardian reads, but for hung_runs and blame, where it is the other way round. The page outlives
 * a host: the next one finds ticks, progress, refused, port, token and hung_runs as they were; run and phase start anew. */
#pragma once
#include <stdatomic.h>
#include <stdint.h>

#include "base/secret.h"

enum pulse_phase {
  PULSE_STARTING,  /* opening, migrating: may take long */
  PULSE_READY,     /* it serves; set once, after everything is open. systemd is told READY=1 */
  PULSE_FOLLOWING, /* it owns nothing, follows a run in another host: it has no loop to judge */
  PULSE_STOPPING   /* draining, closing: the loop may be gone; set before the drain */
};

/* Whose fault was the death of the host before this one? A run's id: it was being resumed. */
enum {
  BLAME_NOBODY = 0, /* killed from outside; or nobody saw it: the machine or the guardian went down too */
  BLAME_ANY = -1    /* it died by itself, in no run that is known */
};

struct pulse {
  _Atomic uint64_t ticks; /* grows with each pass of the loop, at least once a second */
  _Atomic int64_t run;    /* being resumed now; 0: none */
  _Atomic int64_t
      hung_runs[8]; /* written by the guardian: runs that held the loop when it was killed, newest first */
  _Atomic int64_t blame;
  _Atomic int64_t
      own_run; /* the run that `quire run` follows: a restarted host goes on with it instead of starting another */
  _Atomic uint64_t
      hang_ms; /* set by the host from its configuration: no tick for so long is a hang; 0: the guardian's own setting */
  _Atomic int phase; /* enum pulse_phase */
  _Atomic int
      port; /* where the host before this one was reached: open pages find the next one there. 0: none */
  /* of the host before this one, whole once `port` is set: a command that read owner.json before the crash is still let in */
  char token[SECRET_TOKEN];
  _Atomic unsigned refused; /* reloads whose settings were wrong: the guardian tells systemd */
  _Atomic uint64_t
      progress; /* grows with everything made durable (a commit of journal entries): a host that dies after
                                   some is no crash loop */
};
