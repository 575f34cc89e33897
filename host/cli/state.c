/* state.c - a run's row in words. */
#include "cli/state.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/jsonx.h"
#include "base/mem.h"

static bool is(const char *a, const char *b) {
  return a && strcmp(a, b) == 0;
}

bool state_ended(const struct run_row *r) {
  return is(r->status, "completed") || is(r->status, "failed") || is(r->status, "cancelled");
}

bool state_waits(const struct run_row *r, const char *kind) {
  return is(r->status, "waiting") && is(r->wait_kind, kind);
}

const char *state_word(const struct run_row *r, const struct library_owner *owner) {
  if (!owner && (is(r->status, "running") || is(r->status, "queued"))) return "interrupted";
  if (is(r->status, "waiting") && is(r->wait_kind, "until")) return "stopped";
  return r->status;
}

json_t *state_parse(const char *text) {
  json_t *v = NULL;
  if (!text || jsonx_parse(text, strlen(text), "a column", &v, NULL) != OK) return json_null();
  return v;
}

/* ---- the sentence */

static char *waiting_sentence(const struct run_row *r) {
  long long id = (long long)r->id;
  const char *why = r->wait_for && *r->wait_for ? r->wait_for : "something";
  char at[40];
  if (state_waits(r, "gate"))
    return mem_printf(
        "Waits for %s. `quire gate show` shows the question, `quire gate approve` or `quire gate reject` decides it.",
        why);
  if (state_waits(r, "budget"))
    return mem_printf("Paused: %s. `quire resume %lld --budget USD` goes on with a higher budget.", why, id);
  if (state_waits(r, "key")) return mem_printf("Paused: %s. Set the key, then `quire resume %lld`.", why, id);
  if (state_waits(r, "provider") && r->wake_at)
    return mem_printf(
        "Paused until %s: %s. A running host goes on by itself then; `quire resume %lld` tries at once.",
        out_time(r->wake_at, at), why, id);
  if (state_waits(r, "provider") || state_waits(r, "store"))
    return mem_printf("Paused: %s. `quire resume %lld` tries again.", why, id);
  if (state_waits(r, "timer"))
    return mem_printf(
        "Sleeps until %s; a running host (`quire serve`) wakes it, `quire resume %lld` does so too.",
        out_time(r->wake_at, at), id);
  if (state_waits(r, "until")) return mem_printf("%c%s.", toupper((unsigned char)why[0]), why + 1);
  return mem_printf("Waits: %s. `quire resume %lld` goes on.", why, id);
}

static char *running_sentence(const struct run_row *r, const struct library_owner *owner) {
  char progress[200] = "";
  if (r->progress_total > 0)
    snprintf(progress, sizeof progress, " (%lld of %lld%s%s)", (long long)r->progress_done,
             (long long)r->progress_total, r->progress_label ? ": " : "",
             r->progress_label ? r->progress_label : "");
  return mem_printf("Running%s%s%s; `quire %s` (process %d) moves it on.", r->phase ? " in phase " : "",
                    r->phase ? r->phase : "", progress, *owner->command ? owner->command : "serve",
                    (int)owner->pid);
}

static char *failed_sentence(const struct run_row *r) {
  json_t *error = state_parse(r->error);
  const char *message = jsonx_str(error, "message", "no reason is recorded"),
             *phase = jsonx_str(error, "phase", NULL);
  bool script = strcmp(jsonx_str(error, "kind", ""), "script") == 0;
  char *s = mem_printf("Failed%s%s: %s. `quire retry %lld%s` starts a new run that keeps its answers.",
                       phase ? " in phase " : "", phase ? phase : "", message, (long long)r->id,
                       script ? " --with scripts" : "");
  json_decref(error);
  return s;
}

char *state_sentence(const struct run_row *r, const struct library_owner *owner) {
  char took[40];
  long long id = (long long)r->id;
  if (is(r->status, "completed"))
    return mem_printf("Completed in %s.",
                      out_duration(r->ended_at - (r->started_at ? r->started_at : r->created_at), took));
  if (is(r->status, "failed")) return failed_sentence(r);
  if (is(r->status, "cancelled"))
    return mem_printf("Cancelled. `quire retry %lld` starts a new run that keeps its answers.", id);
  if (is(r->status, "waiting")) return waiting_sentence(r);
  if (!owner) return mem_printf("Interrupted; goes on with `quire serve` or `quire resume %lld`.", id);
  if (is(r->status, "running")) return running_sentence(r, owner);
  return mem_printf("In the queue of `quire %s` (process %d).", *owner->command ? owner->command : "serve",
                    (int)owner->pid);
}

/* ---- the exit code */

static int failed_exit(const struct run_row *r) {
  json_t *error = state_parse(r->error);
  const char *kind = jsonx_str(error, "kind", ""), *code = jsonx_str(error, "code", "");
  int exit = EXIT_FAILED;
  if (is(kind, "script") || is(kind, "limit") || is(kind, "config"))
    exit = EXIT_SCRIPT;
  else if (is(code, "auth") || is(kind, "key"))
    exit = EXIT_KEY;
  else if (is(kind, "provider"))
    exit = EXIT_PROVIDER;
  else if (is(kind, "budget"))
    exit = EXIT_BUDGET;
  json_decref(error);
  return exit;
}

/* A number, or a list of issues. */
static bool has_issues(const struct run_row *r) {
  json_t *result = state_parse(r->result);
  const json_t *issues = json_object_get(result, "issues");
  bool any = json_is_array(issues)    ? json_array_size(issues) > 0
             : json_is_number(issues) ? json_number_value(issues) > 0
                                      : json_is_true(issues);
  json_decref(result);
  return any;
}

int state_exit(const struct run_row *r) {
  static const struct {
    const char *kind;
    int exit;
  } waits[] = {{"gate", EXIT_PERSON},       {"until", EXIT_DONE}, {"budget", EXIT_BUDGET},
               {"provider", EXIT_PROVIDER}, {"key", EXIT_KEY},    {"timer", EXIT_PROVIDER},
               {"store", EXIT_FAILED}};
  if (is(r->status, "completed")) return has_issues(r) ? EXIT_ISSUES : EXIT_DONE;
  if (is(r->status, "failed")) return failed_exit(r);
  for (size_t i = 0; i < sizeof waits / sizeof *waits; i++)
    if (state_waits(r, waits[i].kind)) return waits[i].exit;
  return EXIT_FAILED;
}

/* ---- JSON */

static void set_time(json_t *v, const char *name, int64_t at_ms) {
  char iso[25];
  if (at_ms <= 0) return;
  clock_iso(at_ms, iso);
  json_object_set_new(v, name, json_string(iso));
}

static void set_text(json_t *v, const char *name, const char *s) {
  if (s) json_object_set_new(v, name, out_text(s));
}

/* {"code","message","hint"} as every error, and what more is known of it. */
static json_t *error_json(const char *text) {
  json_t *error = state_parse(text);
  if (!json_is_object(error)) {
    json_decref(error);
    error = json_pack("{s:s, s:o}", "code", "failed", "message", out_text(text));
  }
  if (!json_object_get(error, "code"))
    json_object_set_new(error, "code", json_string(jsonx_str(error, "kind", "failed")));
  return error;
}

json_t *state_json(const struct run_row *r, const struct library_owner *owner, bool whole) {
  json_t *v = json_pack("{s:I, s:s, s:s}", "run", (json_int_t)r->id, "status", r->status, "state",
                        state_word(r, owner));
  set_text(v, "project", r->project);
  set_text(v, "pipeline", r->pipeline);
  if (r->key && strncmp(r->key, "auto-", 5) != 0) set_text(v, "key", r->key);
  set_text(v, "phase", r->phase);
  set_text(v, "summary", r->summary);
  if (r->progress_total > 0)
    json_object_set_new(v, "progress",
                        json_pack("{s:I, s:I, s:o}", "done", (json_int_t)r->progress_done, "total",
                                  (json_int_t)r->progress_total, "label", out_text(r->progress_label)));
  if (r->wait_kind)
    json_object_set_new(v, "waits",
                        json_pack("{s:s, s:o}", "kind", r->wait_kind, "for", out_text(r->wait_for)));
  if (r->wake_at) set_time(v, "wakes", r->wake_at);
  if (r->retry_of) json_object_set_new(v, "retry_of", json_integer(r->retry_of));
  json_object_set_new(v, "cost_usd", json_real((double)r->cost_nano / 1e9));
  json_object_set_new(v, "calls", json_integer(r->calls));
  json_object_set_new(v, "unpriced_calls", json_integer(r->unpriced_calls));
  json_object_set_new(v, "tokens_in", json_integer(r->tokens_in));
  json_object_set_new(v, "tokens_out", json_integer(r->tokens_out));
  set_time(v, "created", r->created_at);
  set_time(v, "started", r->started_at);
  set_time(v, "heartbeat", r->last_heartbeat);
  set_time(v, "ended", r->ended_at);
  char *sentence = state_sentence(r, owner);
  json_object_set_new(v, "next", out_text(sentence));
  free(sentence);
  if (r->error) json_object_set_new(v, "error", error_json(r->error));
  if (!whole) return v;
  if (r->input) json_object_set_new(v, "input", state_parse(r->input));
  if (r->options) json_object_set_new(v, "options", state_parse(r->options));
  json_object_set_new(v, "result", state_parse(r->result));
  return v;
}
