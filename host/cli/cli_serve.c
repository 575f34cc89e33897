/* cli_serve.c - the host of a library for all its runs.
 *
 *   open -> (a look at the events every 250 ms, told as log lines)* -> drain -> close
 *
 * SIGHUP: quire.lua, the environment and all scripts are read and checked. When they are wrong the old ones are kept, the log and
 * systemd's status say so. When they are right the host drains like at a stop and asks the guardian for a new one (exit 75), which takes
 * every run up from its journal: nothing that a run holds changes under it. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/jsonx.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/act.h"
#include "cli/command.h"
#include "cli/guarded.h"
#include "view/state.h"
#include "cli/stop.h"
#include "guardian.h"
#include "store/events.h"

enum { GRACE_MS = 30000, LOOK_MS = 250, EVENTS_MOST = 1000 };

/* ---- the log */

struct told {
  int64_t last; /* event */
  int n;
};

static void tell_begin(const struct event_of *of, struct buf *b) {
  buf_printf(b, "runs: %s, \"%s\"", of->pipeline, of->title ? of->title : "");
  if (of->series) buf_printf(b, ", of the series \"%s\"", of->series);
}

static enum log_level level_of(const struct event_of *of, const json_t *data) {
  const char *level = jsonx_str(data, "level", "info");
  bool failed =
      strcmp(of->event.kind, "status") == 0 && run_status_of(jsonx_str(data, "status", NULL)) == RUN_FAILED;
  if (failed || strcmp(of->event.kind, "error") == 0 || strcmp(level, "error") == 0) return LOG_ERROR_LEVEL;
  return strcmp(level, "warn") == 0 ? LOG_WARN_LEVEL : LOG_INFO_LEVEL;
}

/* "limit: the memory of ... (scripts/phases/writing.lua:12, phase Writing)" */
static void tell_error(const json_t *error, struct buf *b) {
  const char *file = jsonx_str(error, "file", NULL), *phase = jsonx_str(error, "phase", NULL);
  buf_printf(b, "%s error: %s", jsonx_str(error, "kind", "script"), jsonx_str(error, "message", "?"));
  if (file) buf_printf(b, " (%s:%lld)", file, (long long)jsonx_int(error, "line", 0));
  if (phase) buf_printf(b, ", in the phase %s", phase);
}

static void tell(void *arg, const struct event_of *of) {
  struct told *t = arg;
  t->last = of->event.id;
  t->n++;
  json_t *data = view_parsed(of->event.data);
  const char *kind = of->event.kind, *wait = jsonx_str(data, "wait_for", NULL);
  struct buf b;
  buf_init(&b, MAX_JSON_BYTES);
  if (strcmp(kind, "phase") == 0)
    buf_printf(&b, "--- Phase: %s ---", jsonx_str(data, "name", "?"));
  else if (strcmp(kind, "log") == 0)
    buf_puts(&b, jsonx_str(data, "text", ""));
  else if (strcmp(kind, "error") == 0)
    tell_error(data, &b);
  else if (strcmp(kind, "status") == 0 && run_status_of(jsonx_str(data, "status", NULL)) == RUN_RUNNING)
    tell_begin(of, &b);
  else if (strcmp(kind, "status") == 0)
    buf_printf(&b, "is %s%s%s", jsonx_str(data, "status", "?"), wait ? ": " : "", wait ? wait : "");
  if (b.len) log_run(level_of(of, data), of->event.run, of->project, b.data);
  buf_release(&b);
  json_decref(data);
}

static void tell_events(struct host *host, struct told *t) {
  do {
    t->n = 0;
    struct db *db = store_reader(host_store(host));
    (void)events_after(db, t->last, EVENTS_MOST, tell, t); /* the next look reads what is left */
    store_reader_release(host_store(host), db);
  } while (t->n == EVENTS_MOST);
}

/* Before the host begins to write: what comes from now on is told. False: the library is new, or of an older program. */
static bool begin_telling(struct cli *c, struct told *t) {
  struct error ignored = {0};
  if (cli_reader(c, &ignored) != OK) return false;
  struct db *db = store_reader(c->reader);
  bool known = events_newest(db, &t->last) == OK;
  store_reader_release(c->reader, db);
  store_close(c->reader);
  c->reader = NULL;
  return known;
}

static void skip_events(struct host *host, struct told *t) {
  struct db *db = store_reader(host_store(host));
  (void)events_newest(db, &t->last); /* then the history is shown too */
  store_reader_release(host_store(host), db);
}

/* ---- SIGHUP */

/* Can the host be started with what is on disk now? */
static enum err check_new(struct cli *c, struct error *e) {
  struct config config;
  struct script_set *set = NULL;
  const char *scripts = options_get(&c->options, "scripts");
  char *dir = scripts ? realpath(scripts, NULL) : NULL;
  struct config_flags flags = {.library = options_get(&c->options, "library"), .scripts = dir};
  enum err err = config_load(&flags, &config, e);
  if (err == OK) {
    err = commands_gather(config.script_dirs, NULL, NULL, &set, e);
    script_set_unref(set);
    config_release(&config);
  }
  free(dir);
  return err;
}

/* True: drain, and start again with the new settings. */
static bool reload(struct cli *c) {
  struct error e = {0};
  if (!c->pulse) {
    log_warnx(
        "SIGHUP: without a guardian (QUIRE_UNGUARDED) nobody would start this host again; nothing was done");
    return false;
  }
  if (check_new(c, &e) != OK) {
    log_errorx("SIGHUP: the new settings are refused, the old ones are kept: %s%s%s", e.message,
               e.hint[0] ? "; " : "", e.hint);
    atomic_fetch_add(&c->pulse->refused, 1);
    return false;
  }
  log_info(
      "SIGHUP: settings and scripts are in order; restarting with them; runs continue from their journals");
  return true;
}

/* ---- the command */

static void say_ready(struct cli *c, struct host *host) {
  if (c->out.json)
    out_json_line(json_pack("{s:s, s:s, s:i, s:s}", "type", "ready", "address", host_address(host), "pid",
                            (int)getpid(), "library", c->library));
  else
    out_say(&c->out, "Quire moves the runs of %s; its API listens at http://%s. Ctrl-C drains.", c->library,
            host_address(host));
}

static enum err open_host(struct cli *c, struct host **host, struct error *e) {
  const char *listen = options_get(&c->options, "listen");
  enum err err = options_has(&c->options, "take-over") && c->attempt == 0 ? act_take_over(c, e) : OK;
  if (err == OK) err = cli_config(c, e);
  if (err == OK && listen) config_listen(&c->config, listen);
  stop_catch_reload();
  stop_catch();
  return err == OK ? host_open(&c->config, "serve", true, host, e) : err;
}

int cli_serve(struct cli *c) {
  struct error e = {0};
  struct host *host = NULL;
  struct told told = {0};
  bool again = false;
  bool known = begin_telling(c, &told);
  if (open_host(c, &host, &e) != OK) return guarded_fail(c, &e);
  if (!known) skip_events(host, &told);
  say_ready(c, host);
  while (!again && !stop_wait(LOOK_MS)) {
    tell_events(host, &told);
    again = stop_reload() && reload(c);
  }
  if (!again) out_say(&c->out, "Stopping after the calls in flight; once more stops at once.");
  host_drain(host, GRACE_MS);
  tell_events(host, &told);
  host_close(host);
  return again && !stop_signal() ? GUARDIAN_RESTART : EXIT_DONE;
}
