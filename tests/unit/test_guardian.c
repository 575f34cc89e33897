/* test_guardian.c - the guardian with real processes: what kills a host, and what the guardian makes of it.
 *
 * Each case forks a guardian whose host is a function of this file. Both tell the test what happens through one
 * shared page (struct note); every wait ends after PATIENCE_MS. */
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

static int sleep_ms(int ms) {
  return poll(NULL, 0, ms);
}

/* Waits for a condition; false after PATIENCE_MS. */
#define WAIT_FOR(condition)                                                                                  \
  do {                                                                                                       \
    uint64_t until_ = clock_mono_ns() + PATIENCE_MS * UINT64_C(1000000);                                     \
    while (!(condition) && clock_mono_ns() < until_) sleep_ms(2);                                            \
    assert_true(condition);                                                                                  \
  } while (0)

static int note_new(void **state) {
  (void)state;
  note = mmap(NULL, sizeof *note, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  unsetenv("NOTIFY_SOCKET");
  unsetenv("WATCHDOG_USEC");
  unsetenv("WATCHDOG_PID");
  return note == MAP_FAILED;
}
static int note_gone(void **state) {
  (void)state;
  return munmap(note, sizeof *note);
}

/* ---- hosts */

static int my_life;
static void count_signal(int number) {
  atomic_fetch_add(&note->got[my_life][number], 1);
}

/* Says who it is and is ready; handlers count what comes. */
static void begin(struct pulse *pulse) {
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

static void turn(struct pulse *pulse) {
  if (!atomic_load(&note->frozen)) atomic_fetch_add(&pulse->ticks, 1);
  atomic_store(&pulse->run, atomic_load(&note->run));
  sleep_ms(5);
}

/* A host like ours: turns its loop until it is asked to stop, then ends with `code` of its argument. */
static int serve(void *arg, struct pulse *pulse, int attempt) {
  (void)attempt;
  begin(pulse);
  while (!note->got[my_life][SIGTERM] && !note->got[my_life][SIGINT]) turn(pulse);
  atomic_store(&pulse->phase, PULSE_STOPPING);
  return arg ? *(int *)arg : 0;
}

/* Ends when its terminal is gone; says how often it heard of it. */
static int serve_terminal(void *arg, struct pulse *pulse, int attempt) {
  (void)arg, (void)attempt;
  begin(pulse);
  while (!note->got[my_life][SIGHUP]) turn(pulse);
  sleep_ms(80);
  return 50 + note->got[my_life][SIGHUP];
}

/* Ends only with the second request. */
static int serve_stubborn(void *arg, struct pulse *pulse, int attempt) {
  (void)arg, (void)attempt;
  begin(pulse);
  while (note->got[my_life][SIGTERM] < 2) turn(pulse);
  return 42;
}

static int exit_with(void *arg, struct pulse *pulse, int attempt) {
  (void)attempt;
  begin(pulse);
  return *(int *)arg;
}

/* Dies by the signal at once, each time. */
static int die(void *arg, struct pulse *pulse, int attempt) {
  (void)attempt;
  begin(pulse);
  kill(getpid(), *(int *)arg);
  sleep_ms(PATIENCE_MS);
  return 1;
}

static int die_with_progress(void *arg, struct pulse *pulse, int attempt) {
  if (attempt == 10) return 9;
  atomic_fetch_add(&pulse->progress, 1);
  return die(arg, pulse, attempt);
}

static int restart_twice(void *arg, struct pulse *pulse, int attempt) {
  (void)arg;
  begin(pulse);
  return attempt < 2 ? GUARDIAN_RESTART : 7;
}

static int open_slowly(void *arg, struct pulse *pulse, int attempt) {
  (void)arg, (void)attempt;
  sleep_ms(600);
  begin(pulse);
  atomic_store(&pulse->phase, PULSE_STOPPING);
  sleep_ms(600);
  return 5;
}

/* Leaves a grandchild behind that outlives it. */
static int leave_orphan(void *arg, struct pulse *pulse, int attempt) {
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

static _Noreturn void be_guardian(const struct guardian_settings *settings) {
  static const int handled[] = {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGTERM, SIGINT, SIGHUP, SIGQUIT};
  for (size_t i = 0; i < sizeof handled / sizeof *handled; i++)
    signal(handled[i], SIG_DFL); /* cmocka's, asan's */
  alarm(60);                     /* when the test is gone */
  if (!getenv("GUARDIAN_LOUD")) dup2(quiet, STDERR_FILENO);
  dup2(quiet, STDOUT_FILENO);
  _exit(guardian_run(settings)); /* not exit: cmocka's report is the test's */
}

static pid_t guard(struct guardian_settings settings) {
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
static int ending(pid_t guardian) {
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

static bool is_gone(pid_t pid) {
  return kill(pid, 0) != 0 && errno == ESRCH;
}

/* ---- deaths */

static void a_killed_host_is_back_within_50_ms(void **state) {
  (void)state;
  static const int numbers[] = {SIGKILL, SIGSEGV, SIGABRT, SIGBUS};
  uint64_t best = UINT64_MAX; /* on a machine that others use, one of four is seldom held up */
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    memset(note, 0, sizeof *note);
    pid_t guardian = guard((struct guardian_settings){.child = serve});
    WAIT_FOR(note->lives == 1);
    sleep_ms(60);
    uint64_t killed = clock_mono_ns();
    kill(note->pid[0], numbers[i]);
    WAIT_FOR(note->lives == 2);
    uint64_t took = note->began_ns[1] - killed;
    print_message("signal %d: the next host ran after %.2f ms\n", numbers[i], (double)took / 1e6);
    if (took < best) best = took;
    assert_int_not_equal(note->pid[0], note->pid[1]);
    kill(guardian, SIGTERM);
    assert_int_equal(ending(guardian), 0);
    assert_int_equal(note->lives, 2);
  }
  assert_true(best < SLOW * UINT64_C(50000000));
}

/* The next host learns whose fault the death of this one was. */
static void a_crash_is_blamed_on_its_run_and_a_kill_on_nobody(void **state) {
  (void)state;
  static const struct {
    int number, run, blame;
  } deaths[] = {{SIGSEGV, 7, 7},
                {SIGABRT, 0, BLAME_ANY},
                {SIGKILL, 7, BLAME_NOBODY},
                {SIGBUS, 9, 9},
                {SIGKILL, 0, BLAME_NOBODY}};
  enum { DEATHS = sizeof deaths / sizeof *deaths };
  pid_t guardian = guard((struct guardian_settings){.child = serve});
  for (int i = 0; i < DEATHS; i++) {
    WAIT_FOR(note->lives == i + 1);
    note->run = deaths[i].run;
    sleep_ms(30); /* until the page says so */
    kill(note->pid[i], deaths[i].number);
    WAIT_FOR(note->lives == i + 2);
    assert_int_equal(note->blame, deaths[i].blame);
  }
  kill(guardian, SIGTERM);
  assert_int_equal(ending(guardian), 0);
}

static void exit_codes_pass_through(void **state) {
  (void)state;
  for (int code = 0; code < 256; code += code == 11 ? 117 : code == 128 ? 127 : 1) {
    memset(note, 0, sizeof *note);
    assert_int_equal(ending(guard((struct guardian_settings){.child = exit_with, .arg = &code})), code);
    assert_int_equal(note->lives, 1);
  }
}

static void a_host_can_ask_to_be_restarted(void **state) {
  (void)state;
  assert_int_equal(ending(guard((struct guardian_settings){.child = restart_twice})), 7);
  assert_int_equal(note->lives, 3);
}

/* However often somebody kills it: the pauses of a crash loop would be a minute and a half by now. */
static void a_host_that_is_killed_again_and_again_is_wanted_back(void **state) {
  (void)state;
  enum { KILLS = 9 };
  pid_t guardian = guard((struct guardian_settings){.child = serve});
  uint64_t began = clock_mono_ns();
  for (int i = 0; i < KILLS; i++) {
    WAIT_FOR(note->lives == i + 1);
    kill(note->pid[i], SIGKILL);
  }
  WAIT_FOR(note->lives == KILLS + 1);
  assert_true(clock_mono_ns() - began < UINT64_C(30000000000));
  kill(guardian, SIGTERM);
  assert_int_equal(ending(guardian), 0);
}

static void quick_deaths_wait_longer_and_longer_until_it_gives_up(void **state) {
  (void)state;
  int number = SIGSEGV;
  struct guardian_settings s = {.child = die, .arg = &number, .max_quick_deaths = 4, .backoff_most_s = 0.3};
  assert_int_equal(ending(guard(s)), 128 + SIGSEGV);
  assert_int_equal(note->lives, 5); /* the first and four restarts */
  static const unsigned least_ms[] = {0, 50, 200, 300};
  for (int i = 0; i < 4; i++) {
    uint64_t gap_ms = (note->began_ns[i + 1] - note->began_ns[i]) / 1000000;
    assert_in_range(gap_ms, least_ms[i], least_ms[i] + 1000);
  }
}

static void progress_and_long_lives_start_the_backoff_anew(void **state) {
  (void)state;
  int number = SIGKILL;
  struct guardian_settings s = {.child = die_with_progress, .arg = &number, .max_quick_deaths = 1};
  assert_int_equal(ending(guard(s)), 9);
  assert_int_equal(note->lives, 10);

  memset(note, 0, sizeof *note);
  s = (struct guardian_settings){.child = serve, .max_quick_deaths = 1, .steady_s = 0.03};
  pid_t guardian = guard(s);
  for (int i = 0; i < 5; i++) {
    WAIT_FOR(note->lives == i + 1);
    sleep_ms(40);
    kill(note->pid[i], SIGKILL);
  }
  WAIT_FOR(note->lives == 6);
  kill(guardian, SIGTERM);
  assert_int_equal(ending(guardian), 0);
}

static void the_host_dies_with_its_guardian(void **state) {
  (void)state;
  pid_t guardian = guard((struct guardian_settings){.child = serve});
  WAIT_FOR(note->lives == 1);
  pid_t host = note->pid[0];
  prctl(PR_SET_CHILD_SUBREAPER, 1); /* so that it is a zombie here, and not for whoever is process 1 */
  kill(guardian, SIGKILL);
  assert_int_equal(ending(guardian), 128 + SIGKILL);
  int status = 0;
  WAIT_FOR(waitpid(host, &status, WNOHANG) == host || WIFSIGNALED(status));
  prctl(PR_SET_CHILD_SUBREAPER, 0);
  assert_int_equal(WTERMSIG(status), SIGKILL);
  assert_true(is_gone(host));
}

/* ---- signals */

static void signals_are_passed_on(void **state) {
  (void)state;
  pid_t guardian = guard((struct guardian_settings){.child = serve_stubborn});
  WAIT_FOR(note->lives == 1);
  static const int numbers[] = {SIGHUP, SIGUSR1, SIGUSR2, SIGHUP};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    int before = note->got[0][numbers[i]];
    kill(guardian, numbers[i]);
    WAIT_FOR(note->got[0][numbers[i]] == before + 1);
  }
  kill(guardian, SIGTERM);
  WAIT_FOR(note->got[0][SIGTERM] == 1);
  kill(guardian, SIGTERM); /* timeout(1) sends two: one request */
  sleep_ms(80);
  assert_int_equal(note->got[0][SIGTERM], 1);
  kill(guardian, SIGTERM);
  assert_int_equal(ending(guardian), 42);
}

static void a_group_that_is_ended_is_asked_once(void **state) {
  (void)state;
  pid_t guardian = guard((struct guardian_settings){.child = serve_stubborn});
  setpgid(guardian, guardian);
  WAIT_FOR(note->lives == 1);
  assert_int_not_equal(note->group, note->parent_group);
  kill(-guardian, SIGTERM);
  WAIT_FOR(note->got[0][SIGTERM] == 1);
  sleep_ms(60);
  assert_int_equal(note->got[0][SIGTERM], 1);
  kill(-guardian, SIGTERM);
  assert_int_equal(ending(guardian), 42);
}

static void a_stop_during_backoff_starts_no_other_host(void **state) {
  (void)state;
  int number = SIGKILL;
  pid_t guardian = guard((struct guardian_settings){.child = die, .arg = &number});
  WAIT_FOR(note->lives == 4); /* the next wait is 1 s */
  kill(guardian, SIGHUP);     /* nobody is there to get it */
  sleep_ms(20);
  kill(guardian, SIGTERM);
  assert_int_equal(ending(guardian), 128 + SIGTERM);
  assert_int_equal(note->lives, 4);
}

static void a_host_that_dies_while_it_stops_stays_dead(void **state) {
  (void)state;
  pid_t guardian = guard((struct guardian_settings){.child = serve_stubborn});
  WAIT_FOR(note->lives == 1);
  kill(guardian, SIGTERM);
  WAIT_FOR(note->got[0][SIGTERM] == 1);
  kill(note->pid[0], SIGKILL);
  assert_int_equal(ending(guardian), 128 + SIGKILL);
  assert_int_equal(note->lives, 1);
}

static void signals_ignored_before_stay_so_but_for_deaths(void **state) {
  (void)state;
  struct guardian_settings s = {.name = "the host", .child = serve_stubborn};
  pid_t guardian = fork();
  if (guardian == 0) {
    dup2(quiet, STDERR_FILENO);
    signal(SIGTERM, SIG_DFL);
    signal(SIGHUP, SIG_IGN);
    signal(SIGCHLD, SIG_IGN);
    _exit(guardian_run(&s));
  }
  WAIT_FOR(note->lives == 1);
  kill(guardian, SIGHUP);
  kill(guardian, SIGUSR1);
  WAIT_FOR(note->got[0][SIGUSR1] == 1);
  assert_int_equal(note->got[0][SIGHUP], 0);
  kill(guardian, SIGTERM);
  WAIT_FOR(note->got[0][SIGTERM] == 1);
  sleep_ms(80);
  kill(guardian, SIGTERM);
  assert_int_equal(ending(guardian), 42);
}

/* A shell on a terminal of its own that runs a guardian in the foreground, and says `fg` when that is stopped. */
static pid_t guard_on_terminal(struct guardian_settings settings, int *terminal) {
  settings.name = "the host";
  fflush(NULL);
  pid_t shell = forkpty(terminal, NULL, NULL, NULL);
  assert_true(shell >= 0);
  if (shell > 0) return shell;
  pid_t guardian = fork();
  if (guardian == 0) {
    signal(SIGTTOU, SIG_IGN);
    setpgid(0, 0);
    tcsetpgrp(STDIN_FILENO, getpid());
    signal(SIGTTOU, SIG_DFL);
    be_guardian(&settings);
  }
  note->guardian = guardian;
  int status;
  while (waitpid(guardian, &status, WUNTRACED) == guardian && WIFSTOPPED(status)) {
    sleep_ms(400);
    note->stops++;
    kill(-guardian, SIGCONT);
  }
  _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 79);
}

static void press(int terminal, char key) {
  assert_int_equal(write(terminal, &key, 1), 1);
}

static void keys_on_the_terminal_reach_the_host_once(void **state) {
  (void)state;
  int terminal;
  pid_t shell =
      guard_on_terminal((struct guardian_settings){.child = serve_stubborn, .hang_s = 0.3}, &terminal);
  WAIT_FOR(note->lives == 1);
  assert_int_equal(note->group, note->parent_group);
  for (int i = 1; i <= 3; i++) {
    press(terminal, 3); /* Ctrl-C */
    WAIT_FOR(note->got[0][SIGINT] == i);
    sleep_ms(80);
    assert_int_equal(note->got[0][SIGINT], i);
  }
  for (int i = 1; i <= 2; i++) {
    press(terminal, 26); /* Ctrl-Z */
    WAIT_FOR(note->stops == i);
    sleep_ms(50);
  }
  assert_int_equal(note->lives, 1);
  kill(note->guardian, SIGINT); /* not from the terminal: passed on */
  WAIT_FOR(note->got[0][SIGINT] == 4);
  kill(note->guardian, SIGTERM);
  WAIT_FOR(note->got[0][SIGTERM] == 1);
  sleep_ms(80);
  kill(note->guardian, SIGTERM);
  assert_int_equal(ending(shell), 42);
  close(terminal);
}

static void a_terminal_that_goes_is_told_once(void **state) {
  (void)state;
  int terminal;
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  pid_t shell = guard_on_terminal((struct guardian_settings){.child = serve_terminal}, &terminal);
  WAIT_FOR(note->lives == 1);
  close(terminal); /* ends the shell; the kernel tells the foreground */
  assert_int_equal(ending(shell), 128 + SIGHUP);
  assert_int_equal(ending(note->guardian), 51);
  prctl(PR_SET_CHILD_SUBREAPER, 0);
}

/* ---- hangs */

static void a_host_that_hangs_is_killed_and_its_run_named(void **state) {
  (void)state;
  pid_t guardian = guard((struct guardian_settings){.child = serve, .hang_s = 0.3});
  WAIT_FOR(note->lives == 1);
  sleep_ms(500);
  assert_int_equal(note->lives, 1); /* it ticks */
  for (int i = 0; i < 2; i++) {
    note->run = 17 + i;
    sleep_ms(50);
    uint64_t froze = clock_mono_ns();
    note->frozen = true;
    WAIT_FOR(is_gone(note->pid[i]));
    note->frozen = false;
    WAIT_FOR(note->lives == i + 2);
    assert_true(clock_mono_ns() - froze >= 250 * UINT64_C(1000000)); /* not before its time */
  }
  assert_int_equal(note->hung[0], 18); /* newest first, kept across hosts */
  assert_int_equal(note->hung[1], 17);
  assert_int_equal(note->hung[2], 0);
  kill(guardian, SIGTERM);
  assert_int_equal(ending(guardian), 0);
}

static void a_hang_in_no_run_blames_none(void **state) {
  (void)state;
  pid_t guardian = guard((struct guardian_settings){.child = serve, .hang_s = 0.2, .max_quick_deaths = 1});
  WAIT_FOR(note->lives == 1);
  note->frozen = true;
  assert_int_equal(ending(guardian), 128 + SIGKILL); /* hung twice, and long lives do not make up for it */
  assert_int_equal(note->lives, 2);
  assert_int_equal(note->hung[0], 0);
}

static void a_stopped_host_still_owns(void **state) {
  (void)state;
  pid_t guardian = guard((struct guardian_settings){.child = serve, .hang_s = 0.3});
  WAIT_FOR(note->lives == 1);
  for (int i = 0; i < 2; i++) {
    kill(note->pid[0], SIGSTOP);
    sleep_ms(900);
    kill(note->pid[0], SIGCONT);
    sleep_ms(100);
  }
  kill(guardian, SIGSTOP); /* its own ticks count, not the clock */
  kill(note->pid[0], SIGSTOP);
  sleep_ms(700);
  kill(guardian, SIGCONT);
  kill(note->pid[0], SIGCONT);
  sleep_ms(100);
  assert_int_equal(note->lives, 1);
  assert_false(is_gone(note->pid[0]));
  kill(guardian, SIGTERM);
  assert_int_equal(ending(guardian), 0);
}

static void starting_and_stopping_may_take_long(void **state) {
  (void)state;
  assert_int_equal(ending(guard((struct guardian_settings){.child = open_slowly, .hang_s = 0.2})), 5);
  assert_int_equal(note->lives, 1);
  struct guardian_settings s = {.child = open_slowly, .hang_s = 0.2, .slow_s = 0.3, .max_quick_deaths = 1};
  assert_int_equal(ending(guard(s)), 128 + SIGKILL);
  assert_int_equal(note->lives, 1); /* it never got through its start again */
}

/* ---- systemd */

static char said[4000]; /* all datagrams, '|' between them */

static int listen_as_systemd(const char *name) {
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  size_t n = strlen(name);
  memcpy(at.sun_path, name, n);
  if (*name == '@') at.sun_path[0] = '\0';
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  assert_int_equal(bind(fd, (struct sockaddr *)&at, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)),
                   0);
  setenv("NOTIFY_SOCKET", name, 1);
  said[0] = '\0';
  return fd;
}

/* Adds what came to `said`; true when `word` is in it. */
static bool heard(int fd, const char *word) {
  char message[500];
  ssize_t n;
  while ((n = recv(fd, message, sizeof message - 2, 0)) > 0) {
    message[n] = '|';
    message[n + 1] = '\0';
    size_t have = strlen(said);
    snprintf(said + have, sizeof said - have, "%s", message);
  }
  return strstr(said, word) != NULL;
}

static int count_word(const char *text, const char *word) {
  int n = 0;
  for (; (text = strstr(text, word)) != NULL; text += strlen(word)) n++;
  return n;
}

static void systemd_hears_of_ready_watchdog_and_stopping(void **state) {
  (void)state;
  char path[100], abstract[100];
  snprintf(path, sizeof path, "/tmp/quire-notify-%ld", (long)getpid());
  snprintf(abstract, sizeof abstract, "@quire-notify-%ld", (long)getpid());
  const char *names[] = {path, abstract};
  for (int i = 0; i < 2; i++) {
    memset(note, 0, sizeof *note);
    int fd = listen_as_systemd(names[i]);
    setenv("WATCHDOG_USEC", "200000", 1);
    pid_t guardian = guard((struct guardian_settings){.child = serve, .hang_s = 3});
    WAIT_FOR(heard(fd, "WATCHDOG=1"));
    kill(note->pid[0], SIGKILL);
    WAIT_FOR(heard(fd, "was ended by signal 9"));
    WAIT_FOR(heard(fd, "restarts: 1"));
    kill(guardian, SIGTERM);
    assert_int_equal(ending(guardian), 0);
    heard(fd, "");
    assert_ptr_equal(strstr(said, "READY=1\nSTATUS=running|"), said);
    assert_true(strstr(said, "WATCHDOG=1") < strstr(said, "STOPPING=1"));
    assert_int_equal(count_word(said, "STOPPING=1"), 1);
    close(fd);
  }
  unlink(path);
}

/* systemd sees its main process die and starts another: that one serves again, and says so. */
static void after_a_killed_guardian_the_next_one_is_ready_again(void **state) {
  (void)state;
  char name[100];
  snprintf(name, sizeof name, "@quire-again-%ld", (long)getpid());
  int fd = listen_as_systemd(name);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  for (int i = 0; i < 3; i++) {
    said[0] = '\0';
    pid_t guardian = guard((struct guardian_settings){.child = serve});
    WAIT_FOR(heard(fd, "READY=1"));
    pid_t host = note->pid[i];
    kill(guardian, SIGKILL);
    assert_int_equal(ending(guardian), 128 + SIGKILL);
    int status = 0;
    WAIT_FOR(waitpid(host, &status, WNOHANG) == host || WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGKILL); /* it did not stay behind */
  }
  prctl(PR_SET_CHILD_SUBREAPER, 0);
  close(fd);
}

static void the_watchdog_starves_when_the_loop_stands(void **state) {
  (void)state;
  char name[100];
  snprintf(name, sizeof name, "@quire-starve-%ld", (long)getpid());
  int fd = listen_as_systemd(name);
  setenv("WATCHDOG_USEC", "100000", 1);
  pid_t guardian = guard((struct guardian_settings){.child = serve, .hang_s = 60});
  WAIT_FOR(heard(fd, "WATCHDOG=1"));
  note->frozen = true;
  sleep_ms(200);
  heard(fd, "");
  said[0] = '\0';
  sleep_ms(300);
  assert_false(heard(fd, "WATCHDOG=1"));
  note->frozen = false;
  WAIT_FOR(heard(fd, "WATCHDOG=1"));
  kill(guardian, SIGTERM);
  assert_int_equal(ending(guardian), 0);
  close(fd);
}

static void a_start_is_not_ready_and_backoff_feeds_the_watchdog(void **state) {
  (void)state;
  char name[100];
  snprintf(name, sizeof name, "@quire-backoff-%ld", (long)getpid());
  int fd = listen_as_systemd(name), number = SIGKILL;
  setenv("WATCHDOG_USEC", "100000", 1);
  pid_t guardian = guard((struct guardian_settings){.child = open_slowly});
  sleep_ms(300);
  assert_false(heard(fd, "READY=1"));
  assert_int_equal(ending(guardian), 5);

  memset(note, 0, sizeof *note);
  guardian = guard((struct guardian_settings){.child = die, .arg = &number});
  WAIT_FOR(note->lives == 4); /* now it waits for a second */
  sleep_ms(50);
  heard(fd, "");
  said[0] = '\0';
  WAIT_FOR(heard(fd, "WATCHDOG=1"));
  assert_int_equal(note->lives, 4);
  kill(guardian, SIGTERM);
  assert_int_equal(ending(guardian), 128 + SIGTERM);
  close(fd);
}

static void notify_reads_what_systemd_sets(void **state) {
  (void)state;
  assert_true(notify_send("READY=1")); /* nobody asked */
  static const char *const wrong[] = {"relative", "/", "@", "vsock:2:1234", "/nobody/listens/here"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    setenv("NOTIFY_SOCKET", wrong[i], 1);
    assert_false(notify_send("READY=1"));
  }
  char longest[200];
  memset(longest, 'a', sizeof longest - 1);
  longest[0] = '/', longest[sizeof longest - 1] = '\0';
  setenv("NOTIFY_SOCKET", longest, 1);
  assert_false(notify_send("READY=1"));

  char self[30];
  snprintf(self, sizeof self, "%ld", (long)getpid());
  const struct {
    const char *usec, *pid;
    uint64_t ns;
  } cases[] = {{"60000000", self, 60000000000},
               {"60000000", NULL, 60000000000},
               {"60000000", "", 60000000000},
               {"60000000", "1", 0},
               {"1x", self, 0},
               {"", self, 0},
               {"-5", self, 0},
               {"99999999999999999999", self, 0}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    setenv("WATCHDOG_USEC", cases[i].usec, 1);
    unsetenv("WATCHDOG_PID");
    if (cases[i].pid) setenv("WATCHDOG_PID", cases[i].pid, 1);
    assert_int_equal(notify_watchdog_ns(), cases[i].ns);
  }
  notify_forget();
  assert_int_equal(notify_watchdog_ns(), 0);
  assert_true(notify_send("READY=1"));
}

/* ---- process 1 */

static void orphans_are_reaped(void **state) {
  (void)state;
  struct guardian_settings s = {.name = "the host", .child = leave_orphan};
  pid_t guardian = fork();
  if (guardian == 0) {
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    be_guardian(&s);
  }
  WAIT_FOR(note->lives == 1 && note->orphan);
  WAIT_FOR(is_gone(note->orphan)); /* a zombie would still answer */
  kill(guardian, SIGTERM);
  assert_int_equal(ending(guardian), 0);
}

static void as_process_1_it_obeys_signals(void **state) {
  (void)state;
  struct guardian_settings s = {.name = "the host", .child = leave_orphan};
  int fds[2];
  assert_int_equal(pipe(fds), 0);
  pid_t outer = fork();
  if (outer == 0) {
    if (unshare(CLONE_NEWPID) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWPID) != 0) _exit(77);
    pid_t first = fork();
    if (first == 0) {
      if (getpid() != 1) _exit(78);
      be_guardian(&s);
    }
    (void)!write(fds[1], &first, sizeof first);
    int status;
    waitpid(first, &status, 0);
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 79);
  }
  close(fds[1]);
  pid_t first = 0;
  ssize_t n = read(fds[0], &first, sizeof first);
  close(fds[0]);
  if (n != sizeof first) {
    assert_int_equal(ending(outer), 77);
    print_message("no namespaces here\n");
    skip();
  }
  WAIT_FOR(note->lives == 1);
  kill(first, SIGTERM);
  assert_int_equal(ending(outer), 0);
}

int main(void) {
  log_setup(LOG_DEBUG_LEVEL, false);
  quiet = open("/dev/null", O_RDWR | O_CLOEXEC);
#define CASE(name) cmocka_unit_test_setup_teardown(name, note_new, note_gone)
  const struct CMUnitTest tests[] = {
      CASE(a_killed_host_is_back_within_50_ms),
      CASE(exit_codes_pass_through),
      CASE(a_host_can_ask_to_be_restarted),
      CASE(a_crash_is_blamed_on_its_run_and_a_kill_on_nobody),
      CASE(a_host_that_is_killed_again_and_again_is_wanted_back),
      CASE(quick_deaths_wait_longer_and_longer_until_it_gives_up),
      CASE(progress_and_long_lives_start_the_backoff_anew),
      CASE(the_host_dies_with_its_guardian),
      CASE(signals_are_passed_on),
      CASE(a_group_that_is_ended_is_asked_once),
      CASE(a_stop_during_backoff_starts_no_other_host),
      CASE(a_host_that_dies_while_it_stops_stays_dead),
      CASE(signals_ignored_before_stay_so_but_for_deaths),
      CASE(keys_on_the_terminal_reach_the_host_once),
      CASE(a_terminal_that_goes_is_told_once),
      CASE(a_host_that_hangs_is_killed_and_its_run_named),
      CASE(a_hang_in_no_run_blames_none),
      CASE(a_stopped_host_still_owns),
      CASE(starting_and_stopping_may_take_long),
      CASE(systemd_hears_of_ready_watchdog_and_stopping),
      CASE(after_a_killed_guardian_the_next_one_is_ready_again),
      CASE(the_watchdog_starves_when_the_loop_stands),
      CASE(a_start_is_not_ready_and_backoff_feeds_the_watchdog),
      CASE(notify_reads_what_systemd_sets),
      CASE(orphans_are_reaped),
      CASE(as_process_1_it_obeys_signals),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
