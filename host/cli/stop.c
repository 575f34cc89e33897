/* stop.c - the signal handler. What is durable stays so: the second signal need not tidy up. */
#include "cli/stop.h"

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"

static volatile sig_atomic_t first;
static volatile uint64_t first_ns;
static int wake = -1;
enum { ECHO_NS = 50000000 };

static void on_signal(int number) {
  uint64_t one = 1, now = clock_mono_ns();
  bool echo =
      first == number && now - first_ns < ECHO_NS; /* the terminal's and the guardian's of one key press */
  if (echo) return;
  if (first) {
    (void)!write(STDERR_FILENO, "\n", 1);
    _exit(128 + number);
  }
  first = number;
  first_ns = now;
  if (wake >= 0) (void)!write(wake, &one, sizeof one);
}

void stop_catch(void) {
  static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
  struct sigaction a = {.sa_handler = on_signal, .sa_flags = SA_RESTART}, before;
  if (wake < 0) wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  sigemptyset(&a.sa_mask);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    sigaction(numbers[i], NULL, &before);
    if (before.sa_handler != SIG_IGN)
      sigaction(numbers[i], &a, NULL); /* nohup, and jobs that a script put behind it */
  }
}

int stop_signal(void) {
  return first;
}

int stop_wait(int ms) {
  struct pollfd p = {.fd = wake, .events = POLLIN};
  if (!first) poll(&p, 1, ms);
  return first;
}
