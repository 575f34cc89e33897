/* stop.c - the signal handler. What is durable stays so: the second signal need not tidy up. */
#include "cli/stop.h"

#include <signal.h>
#include <stddef.h>
#include <unistd.h>

static volatile sig_atomic_t first;

static void on_signal(int number) {
  if (first) {
    (void)!write(STDERR_FILENO, "\n", 1);
    _exit(128 + number);
  }
  first = number;
}

void stop_catch(void) {
  static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
  struct sigaction a = {.sa_handler = on_signal}, before;
  sigemptyset(&a.sa_mask);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    sigaction(numbers[i], NULL, &before);
    if (before.sa_handler != SIG_IGN) sigaction(numbers[i], &a, NULL); /* nohup, and jobs that a script put behind it */
  }
}

int stop_signal(void) { return first; }
