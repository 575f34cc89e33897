/* test_guardian_signals.c - what the guardian passes on: signals, keys of a terminal, and systemd's words; and as process 1. */
#include "guardian_fixture.h"

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
      CASE(signals_are_passed_on),
      CASE(a_group_that_is_ended_is_asked_once),
      CASE(a_stop_during_backoff_starts_no_other_host),
      CASE(a_host_that_dies_while_it_stops_stays_dead),
      CASE(signals_ignored_before_stay_so_but_for_deaths),
      CASE(keys_on_the_terminal_reach_the_host_once),
      CASE(a_terminal_that_goes_is_told_once),
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
