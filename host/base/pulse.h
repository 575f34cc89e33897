/* pulse.h - the page that guardian and host share (MAP_SHARED, made before the fork): the loop's tick and the run that it is resuming.
 * One writer (the loop thread), one reader (the guardian). */
#pragma once
#include <stdatomic.h>
#include <stdint.h>

struct pulse {
  _Atomic uint64_t ticks;    /* grows with each pass of the loop, at least once a second */
  _Atomic int64_t run;       /* being resumed now; 0: none */
  _Atomic int64_t hung_runs[8]; /* written by the guardian: runs that held the loop when it was killed, newest first */
};
