/* stop.h - Ctrl-C and SIGTERM: the first is a request that the main thread sees, the second ends the process at once. */
#pragma once

void stop_catch(void);
/* 0, or the signal that came. */
int stop_signal(void);
/* Sleeps for so long, or until the signal comes, whichever thread it hits. Returns stop_signal(). */
int stop_wait(int ms);
