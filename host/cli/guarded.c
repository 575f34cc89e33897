/* guarded.c - commands under a guardian. guarded_run is called before any thread exists. */
#include "cli/guarded.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/log.h"
#include "guardian.h"

enum { MOST_QUICK_DEATHS = 10 };

struct work {
  struct cli *cli;
  int (*run)(struct cli *c);
};

static int child(void *arg, struct pulse *pulse, int attempt) {
  struct work *w = arg;
  w->cli->pulse = pulse;
  w->cli->attempt = attempt;
  if (attempt > 0 && !getenv("QUIRE_FAILPOINT_KEEP"))
    unsetenv("QUIRE_FAILPOINT"); /* a test's kill is for the first life */
  return w->run(w->cli);
}

/* Made in the guardian, so that each life of the command has the same one. */
static void make_key(struct cli *c) {
  uint8_t random[8];
  char hex[2 * sizeof random + 1];
  if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) return;
  hex_encode(random, sizeof random, hex);
  snprintf(c->auto_key, sizeof c->auto_key, "auto-%s", hex);
}

int guarded_run(struct cli *c, int (*work)(struct cli *c)) {
  const char *off = getenv("QUIRE_UNGUARDED");
  make_key(c);
  if (off && strcmp(off, "1") == 0) return work(c);
  char name[64];
  snprintf(name, sizeof name, "quire %s", c->command->name);
  struct work w = {c, work};
  bool service = strcmp(c->command->name, "serve") == 0;
  struct guardian_settings settings = {
      .name = name, .child = child, .arg = &w, .max_quick_deaths = service ? 0 : MOST_QUICK_DEATHS};
  return guardian_run(&settings);
}

void guarded_add_key(struct cli *c, json_t *request) {
  if (!json_object_get(request, "key") && *c->auto_key)
    json_object_set_new(request, "key", json_string(c->auto_key));
}

int64_t guarded_own_run(const struct cli *c) {
  return c->pulse && c->attempt > 0 ? atomic_load(&c->pulse->own_run) : 0;
}

void guarded_set_own_run(struct cli *c, int64_t run, bool hosting) {
  if (!c->pulse) return;
  atomic_store(&c->pulse->own_run, run);
  if (!hosting) atomic_store(&c->pulse->phase, PULSE_FOLLOWING);
}

static bool passes(enum err code) {
  return code == ERR_IO || code == ERR_NOSPACE || code == ERR_READONLY || code == ERR_LOCKED ||
         code == ERR_FULL;
}

int guarded_fail(struct cli *c, const struct error *e) {
  if (!c->pulse || c->attempt == 0 || !passes(e->code)) return cli_fail(c, e);
  log_errorx("the host cannot start: %s%s%s", e->message, e->hint[0] ? ". " : "", e->hint);
  return GUARDIAN_RESTART;
}
