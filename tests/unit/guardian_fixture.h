/* guardian_fixture.h - the guardian with real processes: a guardian whose host is a function of this file. Both tell the test what
 * happens through one shared page (struct note); every wait ends after PATIENCE_MS. */
#pragma once
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/notify.h"
#include "guardian.h"

enum { PATIENCE_MS = 8000, LIVES = 64 };

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
enum { SLOW = 6 };
#else
enum { SLOW = 1 };
#endif

/* What guardian, hosts and test know of each other. */
static struct note {
  _Atomic int lives;                /* hosts started so far */
  _Atomic int pid[LIVES];           /* of each */
  _Atomic uint64_t began_ns[LIVES]; /* when each ran its first line */
  _Atomic int got[LIVES][32];       /* signals that each caught */
  _Atomic int hung[8];              /* pulse->hung_runs as the last host saw it */
  _Atomic int blame;                /* pulse->blame, the same */
  _Atomic int orphan;
  _Atomic bool frozen; /* the host does not tick */
  _Atomic int run;     /* what it says it resumes */
  _Atomic int group, parent_group;
  _Atomic int guardian; /* below a terminal */
  _Atomic int stops;    /* times that the shell saw it stopped */
} * note;

static inline int sleep_ms(int ms) {
  return poll(NULL, 0, ms);
}

/* Waits for a condition; false after PATIENCE_MS. */
#define WAIT_FOR(condition)                                                                                  \
  do {                                                                                                       \
    uint64_t until_ = clock_mono_ns() + PATIENCE_MS * UINT64_C(1000000);                                     \
    while (!(condition) && clock_mono_ns() < until_) sleep_ms(2);                                            \
    assert_true(condition);                                                                                  \
  } while (0)

static inline int note_new(void **state) {
  (void)state;
  note = mmap(NULL, sizeof *note, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  unsetenv("NOTIFY_SOCKET");
  unsetenv("WATCHDOG_USEC");
  unsetenv("WATCHDOG_PID");
  return note == MAP_FAILED;
}
static inline int note_gone(void **state) {
  (void)state;
  return munmap(note, sizeof *note);
}

/* ---- hosts */

static int my_life;
static inline void count_signal(int number) {
  atomic_fetch_add(&note->got[my_life][number], 1);
}

/* Says who it is and is ready; handlers count what comes. */
static inline void begin(struct pulse *pulse) {
  static const int numbers[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2};
  my_life = atomic_load(&note->lives);
  atomic_store(&note->began_ns[my_life], clock_mono_ns());
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) signal(numbers[i], count_signal);
  for (int i = 0; i < 8; i++) atomic_store(&note->hung[i], (int)atomic_load(&pulse->hung_runs[i]));
  atomic_store(&note->blame, (int)atomic_load(&pulse->blame));
  atomic_store(&note->group, getpgrp());
  atomic_store(&note->parent_group, getpgid(getppid()));
  atomic_store(&note->pid[my_life], getpid());
  atomic_store(&pulse->phase, PULSE_READY);
  atomic_fetch_add(&pulse->ticks, 1);
  atomic_fetch_add(&note->lives, 1);
}

static inline void turn(struct pulse *pulse) {
  if (!atomic_load(&note->frozen)) atomic_fetch_add(&pulse->ticks, 1);
  atomic_store(&pulse->run, atomic_load(&note->run));
  sleep_ms(5);
}

/* A host like ours: turns its loop until it is asked to stop, then ends with `code` of its argument. */
static inline int serve(void *arg, struct pulse *pulse, int attempt) {
  (void)attempt;
  begin(pulse);
  while (!note->got[my_life][SIGTERM] && !note->got[my_life][SIGINT]) turn(pulse);
  atomic_store(&pulse->phase, PULSE_STOPPING);
  return arg ? *(int *)arg : 0;
}

/* Ends when its terminal is gone; says how often it heard of it. */
static inline int serve_terminal(void *arg, struct pulse *pulse, int attempt) {
  (void)arg, (void)attempt;
  begin(pulse);
  while (!note->got[my_life][SIGHUP]) turn(pulse);
  sleep_ms(80);
  return 50 + note->got[my_life][SIGHUP];
}

/* Ends only with the second request. */
static inline int serve_stubborn(void *arg, struct pulse *pulse, int attempt) {
  (void)arg, (void)attempt;
  begin(pulse);
  while (note->got[my_life][SIGTERM] < 2) turn(pulse);
  return 42;
}

static inline int exit_with(void *arg, struct pulse *pulse, int attempt) {
  (void)attempt;
  begin(pulse);
  return *(int *)arg;
}

/* Dies by the signal at once, each time. */
static inline int die(void *arg, struct pulse *pulse, int attempt) {
  (void)attempt;
  begin(pulse);
  kill(getpid(), *(int *)arg);
  sleep_ms(PATIENCE_MS);
  return 1;
}

static inline int die_with_progress(void *arg, struct pulse *pulse, int attempt) {
  if (attempt == 10) return 9;
  atomic_fetch_add(&pulse->progress, 1);
  return die(arg, pulse, attempt);
}

static inline int restart_twice(void *arg, struct pulse *pulse, int attempt) {
  (void)arg;
  begin(pulse);
  return attempt < 2 ? GUARDIAN_RESTART : 7;
}

static inline int open_slowly(void *arg, struct pulse *pulse, int attempt) {
  (void)arg, (void)attempt;
  sleep_ms(600);
  begin(pulse);
  atomic_store(&pulse->phase, PULSE_STOPPING);
  sleep_ms(600);
  return 5;
}

/* Leaves a grandchild behind that outlives it. */
static inline int leave_orphan(void *arg, struct pulse *pulse, int attempt) {
  pid_t middle = fork();
  if (middle == 0) {
    pid_t orphan = fork();
    if (orphan == 0) {
      sleep_ms(50);
      _exit(0);
    }
    atomic_store(&note->orphan, orphan);
    _exit(0);
  }
  waitpid(middle, NULL, 0);
  return serve(arg, pulse, attempt);
}

/* ---- guardians */

static int quiet; /* descriptor of /dev/null */

static inline _Noreturn void be_guardian(const struct guardian_settings *settings) {
  static const int handled[] = {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGTERM, SIGINT, SIGHUP, SIGQUIT};
  for (size_t i = 0; i < sizeof handled / sizeof *handled; i++)
    signal(handled[i], SIG_DFL); /* cmocka's, asan's */
  alarm(60);                     /* when the test is gone */
  if (!getenv("GUARDIAN_LOUD")) dup2(quiet, STDERR_FILENO);
  dup2(quiet, STDOUT_FILENO);
  _exit(guardian_run(settings)); /* not exit: cmocka's report is the test's */
}

static inline pid_t guard(struct guardian_settings settings) {
  if (!settings.name) settings.name = "the host";
  fflush(NULL);
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    be_guardian(&settings);
  }
  return pid;
}

/* The exit code; 128 + n after a signal; -1: it did not end in time. */
static inline int ending(pid_t guardian) {
  int status;
  uint64_t until = clock_mono_ns() + PATIENCE_MS * UINT64_C(1000000);
  while (waitpid(guardian, &status, WNOHANG) == 0) {
    if (clock_mono_ns() > until) {
      kill(guardian, SIGKILL);
      waitpid(guardian, &status, 0);
      return -1;
    }
    sleep_ms(2);
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static inline bool is_gone(pid_t pid) {
  return kill(pid, 0) != 0 && errno == ESRCH;
}
