/* guardian.c - starts the host, waits, starts it again.
 *
 *   guardian_run: catch_signals -> start_child -> (wait_event -> on_signal | on_children | on_tick)* -> exit code
 *
 * One process without threads. It sleeps in sigtimedwait, so no handler ever runs and nothing is async-signal-safe or
 * not. Hangs are counted in ticks of its own that it slept through, at most one a wake-up: a suspended laptop, a
 * stopped guardian or a clock that jumps is one tick, not an hour. */
#include "guardian.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/notify.h"
#include "base/oom.h"

#define MS UINT64_C(1000000)
#define S  (1000 * MS)

enum { TICK_MOST_MS = 1000, TICK_STARTING_MS = 20, TICK_LEAST_MS = 2, SAME_REQUEST_MS = 50, NO_FORK = 71 };

static const unsigned backoff_ms[] = {0, 50, 200, 1000, 5000, 15000, 30000};
enum { BACKOFF_KILLED = 2 /* at most this one after a kill from outside */ };
static const int caught[] = {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGCONT, SIGTSTP};

struct guardian {
  struct guardian_settings set; /* no zeros */
  struct pulse *pulse;
  pid_t self, child;    /* child 0: none; restart_ns says when there will be */
  bool shares_terminal; /* what the terminal sends reaches the child too */
  bool over;            /* `code` is the answer */
  int code;
  sigset_t signals, mask_before;
  struct sigaction pipe_before;

  int attempt, quick_deaths;
  uint64_t born_ns, restart_ns;
  uint64_t ticks_born, progress_born;
  long oom_born; /* how often the machine had run out of memory when it was born */
  bool hung;     /* we killed it */

  int stop_signal; /* a request to stop came */
  uint64_t stop_ns;

  uint64_t tick_ns, tick_due_ns; /* tick_ns: the length of a tick once it is up */
  uint64_t ticks_seen, quiet_ns; /* slept through since ticks moved */
  bool stopped;                  /* by SIGSTOP */

  bool told_ready, told_stopping; /* systemd knows */
  unsigned refused_told;          /* reloads that were refused */
  uint64_t watchdog_ns, fed_ns, ticks_fed;
};

bool pulse_page_new(struct pulse **out) {
  void *page = mmap(NULL, sizeof **out, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return false;
  *out = page;
  return true;
}

/* ---- what the page says */

static enum pulse_phase phase_of(const struct guardian *g) {
  return (enum pulse_phase)atomic_load(&g->pulse->phase);
}

/* It got through its start: it said so, or its loop turns. */
static bool is_up(const struct guardian *g) {
  return phase_of(g) != PULSE_STARTING || atomic_load(&g->pulse->ticks) != g->ticks_born;
}

static bool is_stopping(const struct guardian *g) {
  return g->stop_signal || phase_of(g) == PULSE_STOPPING;
}

/* ---- systemd */

static void tell_stopping(struct guardian *g) {
  if (!g->told_stopping) g->told_stopping = notify_send("STOPPING=1\nSTATUS=stopping");
}

static void tell_phase(struct guardian *g) {
  if (g->child && phase_of(g) == PULSE_READY && !g->told_ready) {
    char line[100] = "READY=1\nSTATUS=running";
    if (g->attempt) snprintf(line, sizeof line, "READY=1\nSTATUS=running; restarts: %d", g->attempt);
    g->told_ready = notify_send(line);
    g->fed_ns = clock_mono_ns();
  }
  /* Not at PULSE_STOPPING: a host that closes in order to be restarted is no service that stops. */
  if (g->stop_signal) tell_stopping(g);
  unsigned refused = atomic_load(&g->pulse->refused);
  if (refused != g->refused_told &&
      notify_send("STATUS=running; new settings were refused, the old ones stay: see the log"))
    g->refused_told = refused;
}

/* Fed while the host's loop turns, and while we know why it does not: it waits for its restart, starts or stops.
 * Those end by themselves (backoff_most_s, slow_s). */
static void feed_watchdog(struct guardian *g, uint64_t now) {
  uint64_t ticks = atomic_load(&g->pulse->ticks);
  bool moves = ticks != g->ticks_fed || !g->child || !is_up(g) || is_stopping(g);
  if (!g->watchdog_ns || !moves || g->stopped || now + g->tick_ns / 2 < g->fed_ns + g->watchdog_ns / 2)
    return;
  if (!notify_send("WATCHDOG=1")) return;
  g->fed_ns = now;
  g->ticks_fed = ticks;
}

/* ---- the child's life */

static _Noreturn void be_child(struct guardian *g) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != g->self) _exit(128 + SIGKILL); /* it died before we asked to die with it */
  if (!g->shares_terminal) setpgid(0, 0);
  notify_forget();
  sigaction(SIGPIPE, &g->pipe_before, NULL);
  sigprocmask(SIG_SETMASK, &g->mask_before, NULL);
  exit(g->set.child(g->set.arg, g->pulse, g->attempt));
}

static void end_with(struct guardian *g, int code) {
  g->code = code;
  g->over = true;
}

/* The long pauses are for a host that cannot live. One that somebody killed is wanted back. */
static uint64_t backoff_ns(const struct guardian *g, bool killed) {
  size_t last = killed ? BACKOFF_KILLED : sizeof backoff_ms / sizeof *backoff_ms - 1;
  size_t i = g->quick_deaths > 0 ? (size_t)g->quick_deaths - 1 : 0;
  uint64_t wait = backoff_ms[i < last ? i : last] * MS, most = (uint64_t)(g->set.backoff_most_s * S);
  return wait < most ? wait : most;
}

/* Sets the time of the next start, or gives up with `code`. `how`: "was killed by signal 9 (Killed)". */
static void plan_restart(struct guardian *g, const char *how, int code, bool quick, bool killed) {
  g->quick_deaths = quick ? g->quick_deaths + 1 : 0;
  if (g->set.max_quick_deaths && g->quick_deaths > g->set.max_quick_deaths) {
    log_errorx("%s %s; %d restarts in a row came to nothing: giving up", g->set.name, how,
               g->set.max_quick_deaths);
    end_with(g, code == GUARDIAN_RESTART ? EXIT_FAILURE : code);
    return;
  }
  uint64_t wait = backoff_ns(g, killed), now = clock_mono_ns();
  g->restart_ns = now + wait;
  g->attempt++;
  char line[300];
  char when[30] = "at once";
  if (wait) snprintf(when, sizeof when, "in %u ms", (unsigned)(wait / MS));
  log_warnx("%s %s; starting it again %s (restart %d)", g->set.name, how, when, g->attempt);
  snprintf(line, sizeof line, "STATUS=the host %s; restart %d", how, g->attempt);
  notify_send(line);
}

static void start_child(struct guardian *g) {
  atomic_store(&g->pulse->phase, PULSE_STARTING);
  atomic_store(&g->pulse->run, 0);
  g->ticks_seen = g->ticks_born = atomic_load(&g->pulse->ticks);
  g->progress_born = atomic_load(&g->pulse->progress);
  g->oom_born = oom_kills();
  g->quiet_ns = 0;
  g->hung = g->stopped = g->told_ready = false;
  g->born_ns = clock_mono_ns();
  g->tick_due_ns = 0;
  fflush(NULL); /* or the child writes what we have not yet written a second time */
  pid_t pid = fork();
  if (pid == 0) be_child(g);
  if (pid < 0) {
    log_warn("%s cannot be started", g->set.name);
    plan_restart(g, "could not be started", NO_FORK, true, false);
    return;
  }
  g->child = pid;
  if (g->attempt) log_info("%s runs again as process %ld", g->set.name, (long)pid);
}

static void tell_death(const struct guardian *g, int status, char *how, size_t size) {
  double lived = (double)(clock_mono_ns() - g->born_ns) / (double)S;
  if (WIFEXITED(status)) {
    snprintf(how, size, "(process %ld) asked to be restarted after %.1f s", (long)g->child, lived);
    return;
  }
  int number = WTERMSIG(status);
  const char *name = sigdescr_np(number);
  const char *why = number != SIGKILL ? ""
                    : g->hung         ? ", because it hung"
                                      : ", not by us: kill -9, or out of memory";
  snprintf(how, size, "(process %ld) was ended by signal %d (%s%s%s) after %.1f s", (long)g->child, number,
           name ? name : "?", why, WCOREDUMP(status) ? ", core dumped" : "", lived);
}

/* A crash or a hang in a run is that run's. When memory runs out it may be anybody's; a kill or an end that others asked for is nobody's. */
static int64_t blame_for(const struct guardian *g, int status) {
  if (!WIFSIGNALED(status)) return BLAME_NOBODY;
  int64_t run = atomic_load(&g->pulse->run);
  switch (WTERMSIG(status)) {
  case SIGSEGV:
  case SIGABRT:
  case SIGBUS:
  case SIGFPE:
  case SIGILL:
  case SIGSYS:
  case SIGTRAP: return run ? run : BLAME_ANY;
  case SIGKILL:
    if (g->hung) return run ? run : BLAME_ANY;
    return oom_kills() == g->oom_born ? BLAME_NOBODY : BLAME_ANY;
  default: return BLAME_NOBODY;
  }
}

static void on_death(struct guardian *g, int status) {
  int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  bool by_itself = WIFEXITED(status) && code != GUARDIAN_RESTART;
  char how[250];
  if (!by_itself) tell_death(g, status, how, sizeof how);
  bool progress = atomic_load(&g->pulse->progress) != g->progress_born;
  bool steady = !g->hung && clock_mono_ns() - g->born_ns >= (uint64_t)(g->set.steady_s * S);
  int64_t blame = blame_for(g, status);
  atomic_store(&g->pulse->blame, blame);
  g->child = 0;
  if (by_itself || g->stop_signal) {
    if (WIFSIGNALED(status) && WTERMSIG(status) != g->stop_signal)
      log_warnx("%s %s while it stopped", g->set.name, how);
    end_with(g, code == GUARDIAN_RESTART ? 0 : code);
    return;
  }
  plan_restart(g, how, code, !progress && !steady, WIFSIGNALED(status) && blame == BLAME_NOBODY);
}

/* Takes note of every child that changed. As process 1, or below a subreaper's flag, orphans are ours too: they are
 * only taken off the process table. */
static void on_children(struct guardian *g) {
  int status;
  pid_t pid;
  while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED | WCONTINUED)) > 0) {
    if (pid != g->child) continue;
    if (WIFSTOPPED(status) || WIFCONTINUED(status)) {
      g->stopped = WIFSTOPPED(status);
      g->quiet_ns = 0;
      log_info("%s (process %ld) was %s", g->set.name, (long)pid,
               g->stopped ? "stopped; it keeps its library" : "continued");
    } else {
      on_death(g, status);
    }
  }
}

/* ---- hangs */

/* A debugger holds it: waitpid tells the debugger, not us. */
static bool is_traced(pid_t pid) {
  char path[40], stat[512];
  snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  ssize_t n = read(fd, stat, sizeof stat - 1);
  close(fd);
  stat[n > 0 ? n : 0] = '\0';
  const char *state = strrchr(stat, ')'); /* the name before it may hold anything */
  return state && (strncmp(state, ") t", 3) == 0 || strncmp(state, ") T", 3) == 0);
}

static void kill_hung(struct guardian *g) {
  int64_t run = atomic_load(&g->pulse->run);
  size_t last = sizeof g->pulse->hung_runs / sizeof *g->pulse->hung_runs - 1;
  double quiet = (double)g->quiet_ns / (double)S;
  if (run) {
    for (size_t i = last; i > 0; i--)
      atomic_store(&g->pulse->hung_runs[i], atomic_load(&g->pulse->hung_runs[i - 1]));
    atomic_store(&g->pulse->hung_runs[0], run);
    log_errorx("%s (process %ld) hangs: run %lld has held its loop for %.1f s; killing it", g->set.name,
               (long)g->child, (long long)run, quiet);
  } else {
    log_errorx("%s (process %ld) hangs: its loop has not turned for %.1f s, in no run; killing it",
               g->set.name, (long)g->child, quiet);
  }
  g->hung = true;
  g->quiet_ns = 0;
  kill(g->child, SIGKILL); /* not reaped yet, so the number is still its own */
}

static void look_for_hang(struct guardian *g, uint64_t slept_ns) {
  uint64_t ticks = atomic_load(&g->pulse->ticks);
  if (ticks != g->ticks_seen || g->stopped || g->hung || phase_of(g) == PULSE_FOLLOWING) {
    g->ticks_seen = ticks;
    g->quiet_ns = 0;
    return;
  }
  g->quiet_ns += slept_ns;
  uint64_t asked_ms = atomic_load(&g->pulse->hang_ms);
  double hang = asked_ms ? (double)asked_ms / 1e3 : g->set.hang_s;
  double most = is_up(g) && !is_stopping(g) ? hang : g->set.slow_s;
  if (g->quiet_ns < (uint64_t)(most * S)) return;
  if (is_traced(g->child))
    g->quiet_ns = 0;
  else
    kill_hung(g);
}

/* ---- events */

static uint64_t tick_length(const struct guardian *g) {
  /* systemd waits for READY=1: look often. */
  bool waits = g->child && !g->told_ready && !is_stopping(g);
  return waits && g->tick_ns > TICK_STARTING_MS * MS && clock_mono_ns() - g->born_ns < 60 * S
             ? TICK_STARTING_MS * MS
             : g->tick_ns;
}

static void on_tick(struct guardian *g, uint64_t now, uint64_t slept_ns) {
  if (g->child) look_for_hang(g, slept_ns);
  tell_phase(g);
  feed_watchdog(g, now);
}

static void pass_on(struct guardian *g, const siginfo_t *info) {
  int number = info->si_signo;
  bool has_it = g->shares_terminal && info->si_code == SI_KERNEL;
  if (number == SIGTSTP) number = SIGSTOP;
  if (number == SIGHUP && info->si_code == SI_KERNEL)
    number = SIGTERM; /* to the host a SIGHUP means: read your settings again */
  if (g->child && !has_it) kill(g->child, number);
}

static void on_stop_request(struct guardian *g, const siginfo_t *info) {
  uint64_t now = clock_mono_ns();
  bool same = g->stop_signal == info->si_signo && now - g->stop_ns < SAME_REQUEST_MS * MS;
  if (same) return;
  log_info("%s: %s", g->set.name, g->stop_signal ? "asked to stop again" : "asked to stop");
  g->stop_signal = info->si_signo;
  g->stop_ns = now;
  tell_stopping(g);
  pass_on(g, info);
  if (!g->child) end_with(g, 128 + info->si_signo);
}

static void on_signal(struct guardian *g, const siginfo_t *info) {
  switch (info->si_signo) {
  case SIGCHLD: on_children(g); break;
  case SIGTERM:
  case SIGINT:
  case SIGQUIT: on_stop_request(g, info); break;
  case SIGHUP:
    if (info->si_code == SI_KERNEL) { /* the terminal is gone */
      on_stop_request(g, info);
      break;
    }
    /* fall through */
  case SIGUSR1:
  case SIGUSR2:
    /* Before it has its handlers the signal would kill it; what it starts from is new anyway. */
    if (is_up(g)) pass_on(g, info);
    break;
  case SIGTSTP:
    pass_on(g, info);
    kill(g->self, SIGSTOP); /* Ctrl-Z: the shell waits for us */
    break;
  case SIGCONT: pass_on(g, info); break;
  default: break;
  }
}

/* Sleeps until a signal, a tick or a restart is due, and does what it asks for. */
static void wait_event(struct guardian *g) {
  uint64_t now = clock_mono_ns(), length = tick_length(g);
  if (!g->tick_due_ns) g->tick_due_ns = now + length;
  uint64_t due = !g->child && g->restart_ns < g->tick_due_ns ? g->restart_ns : g->tick_due_ns;
  uint64_t wait = due > now ? due - now : 0;
  struct timespec timeout = {(time_t)(wait / S), (long)(wait % S)};
  siginfo_t info;
  if (sigtimedwait(&g->signals, &info, &timeout) > 0) on_signal(g, &info);
  now = clock_mono_ns();
  if (g->over) return;
  if (!g->child && now >= g->restart_ns) start_child(g);
  if (g->tick_due_ns && now >= g->tick_due_ns) {
    g->tick_due_ns = 0;
    on_tick(g, now, length);
  }
}

/* ---- beginning */

static bool in_foreground(void) {
  int fd = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);
  if (fd < 0) return false;
  bool yes = tcgetpgrp(fd) == getpgrp();
  close(fd);
  return yes;
}

static void catch_signals(struct guardian *g) {
  struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
  sigemptyset(&g->signals);
  sigaddset(&g->signals, SIGCHLD);
  for (size_t i = 0; i < sizeof caught / sizeof *caught; i++) {
    sigaction(caught[i], NULL, &before);
    if (before.sa_handler != SIG_IGN) sigaddset(&g->signals, caught[i]); /* nohup */
  }
  sigprocmask(SIG_BLOCK, &g->signals, &g->mask_before);
  signal(SIGCHLD, SIG_DFL);                     /* ignored, it would take the exit codes away */
  sigaction(SIGPIPE, &ignore, &g->pipe_before); /* stderr may be a pipe whose reader is gone */
}

static double or_else(double value, double otherwise) {
  return value > 0 ? value : otherwise;
}

static void set_defaults(struct guardian *g) {
  g->set.hang_s = or_else(g->set.hang_s, 30);
  g->set.slow_s = or_else(g->set.slow_s, 600);
  g->set.backoff_most_s = or_else(g->set.backoff_most_s, 30);
  g->set.steady_s = or_else(g->set.steady_s, 10);
  g->watchdog_ns = notify_watchdog_ns();
  g->tick_ns = TICK_MOST_MS * MS;
  uint64_t tenth = (uint64_t)(g->set.hang_s * S / 10), quarter = g->watchdog_ns / 4;
  if (tenth < g->tick_ns) g->tick_ns = tenth;
  if (quarter && quarter < g->tick_ns) g->tick_ns = quarter;
  if (g->tick_ns < TICK_LEAST_MS * MS) g->tick_ns = TICK_LEAST_MS * MS;
}

int guardian_run(const struct guardian_settings *settings) {
  struct guardian g = {.set = *settings, .self = getpid()};
  if (!pulse_page_new(&g.pulse)) {
    log_warn("no memory to share with %s", settings->name);
    return NO_FORK;
  }
  set_defaults(&g);
  g.shares_terminal = in_foreground();
  catch_signals(&g);
  start_child(&g);
  while (!g.over) wait_event(&g);
  tell_stopping(&g);
  munmap(g.pulse, sizeof *g.pulse);
  sigaction(SIGPIPE, &g.pipe_before, NULL);
  sigprocmask(SIG_SETMASK, &g.mask_before, NULL);
  return g.code;
}
