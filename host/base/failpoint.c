/* failpoint.c - named places where a test makes the host die or fail.
 *
 * The variable is parsed at the first failpoint; counters are atomic, so any thread may pass one. */
#include "base/failpoint.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "base/mem.h"

enum action { ACT_FAIL, ACT_KILL, ACT_STOP, ACT_EXIT, ACT_ABORT, ACT_SLEEP };
enum { POINTS_MAX = 16 };

struct point {
  char name[64];
  enum action action;
  long sleep_ms;
  long only_pass; /* 0: each pass */
  atomic_long passes;
};

static struct point points[POINTS_MAX];
static int points_count;
static atomic_int armed = -1; /* -1 until the variable was read, then 0 or 1 */

static void parse_action(struct point *p, char *action) {
  static const char *const words[] = {"fail", "kill", "stop", "exit", "abort"};
  char *at = strchr(action, '@');
  if (at) {
    *at = '\0';
    p->only_pass = strtol(at + 1, NULL, 10);
  }
  for (int i = 0; i < 5; i++) {
    if (strcmp(action, words[i]) != 0) continue;
    p->action = (enum action)i;
    return;
  }
  if (strncmp(action, "sleep=", 6) != 0) fatal("QUIRE_FAILPOINT: unknown action '%s'", action);
  p->action = ACT_SLEEP;
  p->sleep_ms = strtol(action + 6, NULL, 10);
}

static void parse_point(char *text) {
  char *colon = strchr(text, ':');
  if (!colon) fatal("QUIRE_FAILPOINT: '%s' is not name:action", text);
  if (points_count == POINTS_MAX) fatal("QUIRE_FAILPOINT: more than %d failpoints", POINTS_MAX);
  struct point *p = &points[points_count++];
  *colon = '\0';
  snprintf(p->name, sizeof p->name, "%s", text);
  parse_action(p, colon + 1);
}

static void read_variable(void) {
  const char *value = getenv("QUIRE_FAILPOINT");
  if (value && *value) {
    char *copy = mem_dup(value), *rest = copy, *one;
    while ((one = strsep(&rest, ",")) != NULL)
      if (*one) parse_point(one);
    free(copy);
  }
  atomic_store(&armed, points_count > 0);
}

static bool act(const struct point *p) {
  switch (p->action) {
  case ACT_FAIL: return true;
  case ACT_KILL: kill(getpid(), SIGKILL); break;
  case ACT_STOP: kill(getpid(), SIGSTOP); break;
  case ACT_EXIT: _exit(1);
  case ACT_ABORT: abort();
  case ACT_SLEEP:
    nanosleep(&(struct timespec){p->sleep_ms / 1000, p->sleep_ms % 1000 * 1000000}, NULL);
    break;
  }
  return false;
}

bool failpoints_armed(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  int state = atomic_load_explicit(&armed, memory_order_relaxed);
  if (state < 0) pthread_once(&once, read_variable);
  return state != 0 && points_count > 0;
}

bool failpoint(const char *name) {
  if (!failpoints_armed()) return false;
  bool failed = false;
  for (int i = 0; i < points_count; i++) {
    struct point *p = &points[i];
    if (strcmp(p->name, name) != 0) continue;
    long pass = atomic_fetch_add(&p->passes, 1) + 1;
    if (!p->only_pass || p->only_pass == pass) failed |= act(p);
  }
  return failed;
}
