/* cli_run.c - run, resume, retry, pause, cancel, note, watch, export: what starts runs and follows them.
 *
 *   request -> act_do (owner, or handed over) -> follow -> result -> stay while handed-over runs are here -> act_close */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "cli/act.h"
#include "cli/cli_forecast.h"
#include "cli/command.h"
#include "cli/follow.h"
#include "cli/guarded.h"
#include "cli/plan.h"
#include "cli/request.h"
#include "cli/result.h"
#include "cli/stop.h"
#include "cli/terminal.h"
#include "store/events.h"

enum { GRACE_MS = 30000, TAKE_OVERS = 5 };

/* ---- before: a run with this key that is over already */

struct before {
  int64_t run, last_event; /* run 0: there is none yet */
};

static void note_event(void *arg, const struct event_row *event) {
  *(int64_t *)arg = event->id;
}

/* Looks without a host, so that a finished run's result comes at once, also while somebody else owns the library. */
static bool find_by_key(struct cli *c, const char *key, struct before *b, struct run_row *row) {
  struct error ignored = {0};
  if (!key || cli_reader(c, &ignored) != OK) return false;
  struct db *db = store_reader(c->reader);
  bool over = false;
  if (run_find_key(db, key, &b->run) == OK && run_get(db, b->run, row, &ignored) == OK) {
    (void)events_each(db, b->run, 0, 0, note_event, &b->last_event); /* then old events are shown again */
    over = run_status_ended(row->status);
    if (!over) run_row_release(row);
  } else {
    b->run = 0;
  }
  store_reader_release(c->reader, db);
  return over;
}

static int64_t last_event_of(struct cli *c, int64_t run) {
  struct error ignored = {0};
  int64_t id = 0;
  if (cli_reader(c, &ignored) != OK) return 0;
  struct db *db = store_reader(c->reader);
  (void)events_each(db, run, 0, 0, note_event, &id); /* then old events are shown again */
  store_reader_release(c->reader, db);
  return id;
}

/* ---- other runs that nobody moves */

struct others {
  int64_t mine;
  int n;
  struct buf ids;
};

static void count_other(void *arg, int64_t id, int64_t project) {
  struct others *o = arg;
  (void)project;
  if (id == o->mine) return;
  if (o->n++ < 5) buf_printf(&o->ids, "%s%lld", o->ids.len ? ", " : "", (long long)id);
}

static void name_others(struct cli *c, struct store *store, int64_t mine) {
  struct others o = {.mine = mine};
  buf_init(&o.ids, 1000);
  struct db *db = store_reader(store);
  (void)runs_due(db, count_other, &o); /* only a remark comes of it */
  store_reader_release(store, db);
  if (o.n == 1)
    out_say(
        &c->out,
        "Another run is unfinished (%s) and is left alone: `quire serve` or `quire resume %s` takes it up.",
        o.ids.data, o.ids.data);
  if (o.n > 1)
    out_say(
        &c->out,
        "%d other runs are unfinished (%s%s) and are left alone: `quire serve` or `quire resume N` takes them up.",
        o.n, o.ids.data, o.n > 5 ? ", ..." : "");
  buf_release(&o.ids);
}

/* The limit in money counts nothing of these. */
static void say_unpriced(struct cli *c, const json_t *answer) {
  size_t i;
  json_t *model;
  json_array_foreach(json_object_get(answer, "unpriced"), i, model) {
    out_say(
        &c->out,
        "The price of %s is not known: what it costs is not counted, and only limits.run_tokens and limits.run_calls limit it.",
        json_string_value(model));
  }
}

/* ---- following */

/* The owner died while we followed: this process takes the run up, or hands it to whoever was faster. */
static enum err take_up(struct cli *c, struct act *a, const struct follow *f, struct error *e) {
  out_say(&c->out, "The host that held run %lld is gone; taking the run up.", (long long)f->run);
  json_decref(a->answer);
  *a = (struct act){.kind = ACT_ADOPT, .id = f->run};
  enum err err = act_do(c, a, e);
  if (err == OK) guarded_set_own_run(c, f->run, a->host != NULL);
  return err;
}

static enum err follow_through(struct cli *c, struct act *a, struct follow *f, enum follow_end *end,
                               struct error *e) {
  for (int tries = 0;; tries++) {
    f->host = a->host;
    enum err err = follow_run(c, f, end, e);
    if (err != OK || *end != FOLLOW_ORPHANED || tries >= TAKE_OVERS) return err;
    err = take_up(c, a, f, e);
    if (err != OK) return err;
  }
}

/* ---- after */

static int interrupted(struct cli *c, struct act *a, const struct follow *f) {
  long long id = (long long)f->run;
  bool mine = a->host != NULL;
  if (mine) out_say(&c->out, "Stopping after the calls in flight; once more stops at once.");
  int pid = (int)a->owner.pid;
  act_close(a, GRACE_MS);
  if (mine)
    out_say(&c->out, "Run %lld is interrupted; `quire resume %lld` continues it.", id, id);
  else
    out_say(
        &c->out,
        "Run %lld continues in the library's owner (process %d): `quire watch %lld` follows it, `quire cancel %lld` stops it.",
        id, pid, id, id);
  if (c->out.json) {
    struct error e = {0};
    err_set(&e, ERR_CANCELLED, "interrupted by signal %d", stop_signal());
    err_hint(&e, mine ? "quire resume %lld" : "quire watch %lld", id);
    out_error(&c->out, &e);
  }
  return EXIT_SIGNAL + stop_signal();
}

/* Runs that others handed to us end before we go. */
static bool stay_for_others(struct cli *c, struct act *a) {
  bool said = false;
  while (!stop_signal()) {
    int n = host_runs(a->host);
    if (n == 0) return true;
    if (!said)
      out_say(&c->out, "Staying until %d run%s handed to this process ended; Ctrl-C interrupts %s.", n,
              n == 1 ? " that was" : "s that were", n == 1 ? "it" : "them");
    said = true;
    stop_wait(100);
  }
  return false;
}

/* From a run that was handed in to the exit code. */
static int see_through(struct cli *c, struct act *a, struct follow *f) {
  struct error e = {0};
  enum follow_end end;
  enum err err = follow_through(c, a, f, &end, &e);
  int code;
  if (err != OK) {
    code = cli_fail(c, &e);
  } else if (end == FOLLOW_SIGNAL) {
    run_row_release(&f->row);
    return interrupted(c, a, f);
  } else {
    code = result_print(c, &f->row);
    fflush(stdout);
    if (a->host && !stay_for_others(c, a)) code = EXIT_SIGNAL + stop_signal();
  }
  run_row_release(&f->row);
  act_close(a, GRACE_MS);
  return code;
}

static int detached(struct cli *c, struct act *a, int64_t run) {
  if (c->out.json) {
    out_json(json_incref(a->answer));
  } else {
    out_line("%lld", (long long)run);
    out_say(&c->out, "Run %lld continues in process %d: `quire watch %lld` follows it.", (long long)run,
            (int)a->owner.pid, (long long)run);
  }
  act_close(a, 0);
  return EXIT_DONE;
}

static enum err prepare(struct cli *c, int64_t *max_wait, struct error *e) {
  enum err err = request_duration(c, "max-wait", max_wait, e);
  if (err == OK && options_has(&c->options, "take-over")) err = act_take_over(c, e);
  if (err == OK) stop_catch();
  return err;
}

/* Does the act, then follows the run that came out of it. A command that was killed and started again only adopts what it had. */
static int move(struct cli *c, struct act *a, struct follow *f) {
  struct error e = {0};
  if (guarded_own_run(c)) {
    out_say(&c->out, "This process was killed and started again; going on with run %lld.",
            (long long)guarded_own_run(c));
    a->kind = ACT_ADOPT;
    a->id = guarded_own_run(c);
    f->after_event = last_event_of(c, a->id);
  }
  a->only_living = options_has(&c->options, "detach");
  enum err err = act_do(c, a, &e);
  json_decref(a->request);
  a->request = NULL;
  if (err != OK && stop_signal()) return EXIT_SIGNAL + stop_signal();
  if (err != OK) return guarded_fail(c, &e);
  f->run = jsonx_int(a->answer, "run", 0);
  guarded_set_own_run(c, f->run, a->host != NULL);
  if (a->only_living) return detached(c, a, f->run);
  out_say(&c->out, "Run %lld%s%s%s", (long long)f->run,
          a->handed_over ? " (handed to the library's owner)" : "",
          jsonx_str(a->answer, "project", NULL) ? ", project " : "", jsonx_str(a->answer, "project", ""));
  say_unpriced(c, a->answer);
  if (a->host) name_others(c, host_store(a->host), f->run);
  return see_through(c, a, f);
}

/* ---- the commands */

/* The key decides which run it is; who gave another brief under the same key should hear that it was not looked at. */
static void say_other_input(struct cli *c, const json_t *given, const struct run_row *row) {
  json_t *had = view_parsed(row->input), *v;
  const char *name;
  json_object_foreach((json_t *)(uintptr_t)given, name, v) {
    const json_t *before = json_object_get(had, name);
    char *a = json_is_string(v) ? mem_dup(json_string_value(v)) : jsonx_dumps(v);
    char *b = json_is_string(before) ? mem_dup(json_string_value(before))
              : before               ? jsonx_dumps(before)
                                     : NULL;
    if (a && (!b || strcmp(a, b) != 0))
      out_say(&c->out, "Its '%s' is not what was given now; what was given now is not used.", name);
    free(a);
    free(b);
  }
  json_decref(had);
}

int cli_run(struct cli *c) {
  struct error e = {0};
  struct act a = {.kind = ACT_RUN};
  struct follow f = {.whole_history = true};
  struct before before = {0};
  struct run_row row = {0};
  enum err err = prepare(c, &f.max_wait_ms, &e);
  if (err == OK) err = request_run(c, &a.request, &e);
  if (err != OK) return cli_fail(c, &e);
  if (find_by_key(c, options_get(&c->options, "key"), &before, &row)) {
    out_say(&c->out, "Run %lld has this key and is over; a new --key starts a new run.", (long long)row.id);
    say_other_input(c, json_object_get(a.request, "input"), &row);
    json_decref(a.request);
    int code = result_print(c, &row);
    run_row_release(&row);
    return code;
  }
  f.after_event = before.last_event;
  if (options_has(&c->options, "forecast") && !guarded_own_run(c)) err = forecast_before(c, a.request, &e);
  if (err != OK) return cli_fail(c, &e);
  guarded_add_key(c, a.request);
  return move(c, &a, &f);
}

static int resume_or_retry(struct cli *c, enum act_kind kind) {
  struct error e = {0};
  struct act a = {.kind = kind};
  struct follow f = {.whole_history = true};
  enum err err = prepare(c, &f.max_wait_ms, &e);
  if (err == OK) err = cli_number(c, 0, "run", &a.id, &e);
  if (err == OK) err = cli_library_there(c, &e);
  if (err == OK) err = request_resume(c, &a.request, &e);
  if (err != OK) return cli_fail(c, &e);
  if (options_has(&c->options, "plan")) {
    json_object_set_new(a.request, "plan", json_true());
    int code = plan_print(c, &a);
    json_decref(a.request);
    return code;
  }
  if (kind == ACT_RESUME) f.after_event = last_event_of(c, a.id);
  return move(c, &a, &f);
}

int cli_resume(struct cli *c) {
  return resume_or_retry(c, ACT_RESUME);
}
int cli_retry(struct cli *c) {
  return resume_or_retry(c, ACT_RETRY);
}
int cli_fork(struct cli *c) {
  bool today = false;
  const char *word;
  for (size_t at = 0; (word = options_next(&c->options, "with", &at));)
    today = today || strstr(word, "scripts");
  out_say(&c->out, "The fork continues with %s.",
          today ? "today's scripts" : "the scripts that the run is pinned to (--with scripts: today's)");
  return resume_or_retry(c, ACT_FORK);
}

/* A change of one run that is done when its answer is there. `says`: with the run's number. */
static int change(struct cli *c, struct act *a, const char *(*says)(const struct act *a)) {
  struct error e = {0};
  enum err err = cli_number(c, 0, "run", &a->id, &e);
  if (err == OK) err = act_do(c, a, &e);
  if (err != OK) return cli_fail(c, &e);
  if (c->out.json)
    out_json(json_incref(a->answer));
  else
    out_line("Run %lld %s.", (long long)a->id, says(a));
  act_close(a, 0);
  return EXIT_DONE;
}

static const char *says_paused(const struct act *a) {
  bool waits = run_status_of(jsonx_str(a->answer, "status", NULL)) == RUN_WAITING;
  return waits ? "is paused; `quire resume` continues it" : "is paused once its calls in flight have ended";
}
static const char *says_cancelled(const struct act *a) {
  return run_status_of(jsonx_str(a->answer, "status", NULL)) == RUN_CANCELLED ? "is cancelled" : "stops";
}
static const char *says_noted(const struct act *a) {
  (void)a;
  return "reads it when it asks for notes";
}

int cli_pause(struct cli *c) {
  struct act a = {.kind = ACT_PAUSE};
  return change(c, &a, says_paused);
}
int cli_cancel(struct cli *c) {
  struct act a = {.kind = ACT_CANCEL};
  return change(c, &a, says_cancelled);
}
int cli_note(struct cli *c) {
  json_t *request = json_pack("{s:o}", "text", view_text(c->args[1]));
  struct act a = {.kind = ACT_NOTE, .request = request};
  int code = change(c, &a, says_noted);
  json_decref(request);
  return code;
}

int cli_watch(struct cli *c) {
  struct error e = {0};
  enum follow_end end = FOLLOW_OVER;
  struct follow f = {.json_lines = c->out.json};
  c->out.lines = c->out.json;
  enum err err = request_duration(c, "max-wait", &f.max_wait_ms, &e);
  if (err == OK) err = cli_number(c, 0, "run", &f.run, &e);
  if (err != OK) return cli_fail(c, &e);
  stop_catch();
  err = follow_run(c, &f, &end, &e);
  if (err != OK) return cli_fail(c, &e);
  int code = end == FOLLOW_SIGNAL ? EXIT_SIGNAL + stop_signal() : EXIT_FAILED;
  if (end == FOLLOW_OVER) code = result_print(c, &f.row);
  if (end == FOLLOW_ORPHANED) result_say_state(c, &f.row, NULL);
  run_row_release(&f.row);
  return code;
}

/* The exports again, by the pipeline that makes them. */
int cli_export(struct cli *c) {
  struct error e = {0};
  struct act a = {.kind = ACT_RUN};
  struct follow f = {.whole_history = true};
  const char *project = c->args[0];
  const char *pipeline[] = {"regenerate_artifacts"};
  const char *formats = options_get(&c->options, "format");
  enum err err = prepare(c, &f.max_wait_ms, &e);
  if (err == OK) err = result_project_there(c, project, &e);
  c->args = pipeline;
  if (err == OK) err = request_run(c, &a.request, &e);
  if (err != OK) return cli_fail(c, &e);
  json_object_set_new(a.request, "project", view_text(project));
  if (formats) json_object_set_new(a.request, "input", json_pack("{s:o}", "formats", view_text(formats)));
  guarded_add_key(c, a.request);
  return move(c, &a, &f);
}
