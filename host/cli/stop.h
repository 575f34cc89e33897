/* stop.h - Ctrl-C and SIGTERM: the first is a request that the main thread sees, the second ends the process at once. */
#pragma once
#include <stdbool.h>

void stop_catch(void);
/* 0, or the signal that came. */
int stop_signal(void);
/* Before stop_catch: a SIGHUP that somebody sent asks for a reload instead; that of a terminal that goes still stops. */
void stop_catch_reload(void);
/* Was a reload asked for since it was asked last? */
bool stop_reload(void);
/* Sleeps for so long, or until the signal comes, whichever thread it hits. Returns stop_signal(). */
int stop_wait(int ms);
