/* clock.h - the three clocks. Any thread. */
#pragma once
#include <stdint.h>

uint64_t clock_mono_ns(void); /* CLOCK_MONOTONIC: deadlines, beats, latencies */
int64_t clock_wall_ms(void);  /* Unix time in milliseconds UTC: what is stored and shown. QUIRE_TEST_CLOCK_MS
                                 shifts it by that many ms */
uint64_t clock_thread_cpu_ns(void); /* CPU time of the calling thread: slices and limits */
/* "2026-11-23T20:15:01Z"; `out` holds at least 25 bytes. */
void clock_iso(int64_t wall_ms, char out[25]);
