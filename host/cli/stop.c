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

static bool reloads;
static volatile sig_atomic_t reload;

static void on_signal(int number, siginfo_t *info, void *context) {
  (void)context;
  uint64_t one = 1, now = clock_mono_ns();
  if (number == SIGHUP && reloads && info->si_code != SI_KERNEL) {
    reload = 1;
    if (wake >= 0) (void)!write(wake, &one, sizeof one);
    return;
  }
  /* the terminal's and the guardian's of one key press */
  bool echo = first == number && now - first_ns < ECHO_NS;
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
  struct sigaction a = {.sa_sigaction = on_signal, .sa_flags = SA_RESTART | SA_SIGINFO}, before;
  if (wake < 0) wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  sigemptyset(&a.sa_mask);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    sigaction(numbers[i], NULL, &before);
    if (before.sa_handler != SIG_IGN)
      sigaction(numbers[i], &a, NULL); /* nohup, and jobs that a script put behind it */
  }
}

void stop_catch_reload(void) {
  reloads = true;
}

bool stop_reload(void) {
  uint64_t count;
  if (!reload) return false;
  if (!first) (void)!read(wake, &count, sizeof count); /* or the next wait would not wait */
  reload = 0;
  return true;
}

int stop_signal(void) {
  return first;
}

int stop_wait(int ms) {
  struct pollfd p = {.fd = wake, .events = POLLIN};
  if (!first) poll(&p, 1, ms);
  return first;
}
