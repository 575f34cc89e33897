/* guardian.h - the parent process that starts a host again when it dies and kills it when its loop hangs.
 *
 *   int code = guardian_run(&(struct guardian_settings){.name = "quire serve", .child = serve, .arg = &options});
 *   return code;
 *
 * Called once, before any thread exists and before anything is open that only the host may hold (the lock, the
 * database). The guardian itself opens no database, holds no lock and runs no Lua. */
#pragma once
#include <stdbool.h>
#include "base/pulse.h"

/* What the child returns (or exits with) to be started again on purpose. */
enum { GUARDIAN_RESTART = 75 };

struct guardian_settings {
  const char *name; /* for the log: "quire serve" */
  /* The host. Runs in the child process, which exits with what it returns. `attempt` is 0 at first, then the number
   * of restarts. It says how far it is in pulse->phase. Stdio and atexit work as in main. */
  int (*child)(void *arg, struct pulse *pulse, int attempt);
  void *arg;
  /* Seconds; 0 is the value in brackets. */
  double hang_s;         /* [30] no tick for so long, by the guardian's own timer: killed */
  double slow_s;         /* [600] the same while it starts (no tick yet) or stops */
  double backoff_most_s; /* [30] the longest wait before a restart; the first are 0, 50 ms, 200 ms, 1 s */
  double steady_s;       /* [10] a life of this length, or one with progress, is no crash loop */
  int max_quick_deaths;  /* give up after so many restarts in a row that came to nothing; 0: never */
};

/* Runs the host until it exits by itself, and returns its exit code. A host that a signal ended is started again, and
 * so is one that exits with GUARDIAN_RESTART; not so after a request to stop, or when it is given up: then 128 + the
 * signal is returned.
 *
 * Passed on to the child: SIGTERM, SIGINT and SIGQUIT, which are requests to stop (two within 50 ms are one, since
 * timeout(1) sends two); SIGHUP, SIGUSR1 and SIGUSR2, but not while it still starts; SIGCONT. Not passed on: what was
 * ignored when this was called (nohup), and what the terminal has sent to the child as well. The child has a process
 * group of its own unless we are in the terminal's foreground, so that no signal reaches it twice. A terminal that goes
 * (SIGHUP from the kernel) is a request to stop. On Ctrl-Z both stop.
 *
 * When the guardian dies, the kernel kills the child. */
int guardian_run(const struct guardian_settings *settings);

/* A page that this process and its children share. False: no memory. Never freed. */
bool pulse_page_new(struct pulse **out);
