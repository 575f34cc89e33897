/* clock.c - the three clocks. Any thread. */
#include "base/clock.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static int64_t wall_shift_ms; /* QUIRE_TEST_CLOCK_MS: a test moves the wall clock, never the monotonic one */

static void read_shift(void) {
  const char *s = getenv("QUIRE_TEST_CLOCK_MS");
  if (s) wall_shift_ms = strtoll(s, NULL, 10);
}

static uint64_t read_ns(clockid_t id) {
  struct timespec t;
  clock_gettime(id, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t clock_mono_ns(void) {
  return read_ns(CLOCK_MONOTONIC);
}

int64_t clock_wall_ms(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, read_shift);
  return (int64_t)(read_ns(CLOCK_REALTIME) / 1000000u) + wall_shift_ms;
}

uint64_t clock_thread_cpu_ns(void) {
  return read_ns(CLOCK_THREAD_CPUTIME_ID);
}

void clock_iso(int64_t wall_ms, char out[25]) {
  int64_t s = wall_ms / 1000 - (wall_ms % 1000 < 0);
  /* Years 1000 to 9999 only: a damaged number must not overrun `out`. */
  if (s < -30610224000) s = -30610224000;
  if (s > 253402300799) s = 253402300799;
  time_t t = (time_t)s;
  struct tm tm;
  gmtime_r(&t, &tm);
  if (!strftime(out, 25, "%Y-%m-%dT%H:%M:%SZ", &tm)) out[0] = '\0';
}
