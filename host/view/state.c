/* state.c - a run's row in words. */
#include "view/state.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "view/words.h"

bool state_waits(const struct run_row *r, enum run_wait wait) {
  return r->status == RUN_WAITING && r->wait == wait;
}

const char *state_word(const struct run_row *r, const struct library_owner *owner) {
  if (!owner && (r->status == RUN_RUNNING || r->status == RUN_QUEUED)) return "interrupted";
  if (state_waits(r, FOR_UNTIL)) return "stopped";
  if (state_waits(r, FOR_PAUSED)) return "paused";
  return run_status_word(r->status);
}

/* ---- the sentence */

static char *waiting_sentence(const struct run_row *r) {
  long long id = (long long)r->id;
  const char *why = r->wait_for && *r->wait_for ? r->wait_for : "something";
  char at[40];
  if (state_waits(r, FOR_GATE))
    return mem_printf(
        "Waits for %s. `quire gate show` shows the question, `quire gate approve` or `quire gate reject` decides it.",
        why);
  if (state_waits(r, FOR_PAUSED)) return mem_printf("Paused by a person. `quire resume %lld` goes on.", id);
  if (state_waits(r, FOR_BUDGET))
    return mem_printf("Paused: %s. `quire resume %lld --budget USD` goes on with a higher budget.", why, id);
  if (state_waits(r, FOR_KEY))
    return mem_printf("Paused: %s. Set the key, then `quire resume %lld`.", why, id);
  if (state_waits(r, FOR_MODEL))
    return mem_printf("Paused: %s. After that, `quire resume %lld` goes on.", why, id);
  if ((state_waits(r, FOR_PROVIDER) || state_waits(r, FOR_STORE)) && r->wake_at)
    return mem_printf(
        "Paused until %s: %s. A running host goes on by itself then; `quire resume %lld` tries at once.",
        view_time(r->wake_at, at), why, id);
  if (state_waits(r, FOR_PROVIDER) || state_waits(r, FOR_STORE))
    return mem_printf("Paused: %s. `quire resume %lld` tries again.", why, id);
  if (state_waits(r, FOR_TIMER))
    return mem_printf(
        "Sleeps until %s; a running host (`quire serve`) wakes it, `quire resume %lld` does so too.",
        view_time(r->wake_at, at), id);
  if (state_waits(r, FOR_UNTIL)) return mem_printf("%c%s.", toupper((unsigned char)why[0]), why + 1);
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

static char *held_sentence(const struct run_row *r) {
  char at[40];
  return mem_printf("Running%s%s, but it waits for %s. It asks again at %s; `quire cancel %lld` ends it.",
                    r->phase ? " in phase " : "", r->phase ? r->phase : "", r->held_for,
                    view_time(r->held_until, at), (long long)r->id);
}

const char *state_retry_with(const json_t *error) {
  if (strcmp(jsonx_str(error, "kind", ""), "script") == 0) return " --with scripts";
  if (strcmp(jsonx_str(error, "reason", ""), "too_large") == 0) return " --with models --model PROVIDER/NAME";
  return "";
}

static char *failed_sentence(const struct run_row *r) {
  json_t *error = view_parsed(r->error);
  const char *message = jsonx_str(error, "message", "no reason is recorded"),
             *phase = jsonx_str(error, "phase", NULL);
  char *s = mem_printf("Failed%s%s: %s. `quire retry %lld%s` starts a new run that keeps its answers.",
                       phase ? " in phase " : "", phase ? phase : "", message, (long long)r->id,
                       state_retry_with(error));
  json_decref(error);
  return s;
}

char *state_sentence(const struct run_row *r, const struct library_owner *owner) {
  char took[40];
  long long id = (long long)r->id;
  if (r->status == RUN_COMPLETED)
    return mem_printf("Completed in %s.",
                      view_duration(r->ended_at - (r->started_at ? r->started_at : r->created_at), took));
  if (r->status == RUN_FAILED) return failed_sentence(r);
  if (r->status == RUN_CANCELLED)
    return mem_printf("Cancelled. `quire retry %lld` starts a new run that keeps its answers.", id);
  if (r->status == RUN_WAITING) return waiting_sentence(r);
  if (!owner) return mem_printf("Interrupted; goes on with `quire serve` or `quire resume %lld`.", id);
  bool held = r->held_for && r->held_until > clock_wall_ms();
  if (r->status == RUN_RUNNING) return held ? held_sentence(r) : running_sentence(r, owner);
  return mem_printf("In the queue of `quire %s` (process %d).", *owner->command ? owner->command : "serve",
                    (int)owner->pid);
}

/* ---- JSON */

/* {"code","message","hint"} as every error, and what more is known of it. */
static json_t *error_json(const char *text) {
  json_t *error = view_parsed(text);
  if (!json_is_object(error)) {
    json_decref(error);
    error = json_pack("{s:s, s:o}", "code", "failed", "message", view_text(text));
  }
  if (!json_object_get(error, "code"))
    json_object_set_new(error, "code", json_string(jsonx_str(error, "kind", "failed")));
  return error;
}

/* What the run itself was given; null: the library's own limit. */
static json_t *limits_json(const struct run_row *r) {
  json_t *options = view_parsed(r->options), *usd = json_object_get(options, "budget_usd");
  json_t *v = json_pack("{s:O?, s:n}", "usd", usd, "calls");
  if (!usd) json_object_set_new(v, "usd", json_null());
  json_decref(options);
  return v;
}

json_t *state_json(const struct run_row *r, const struct library_owner *owner, bool whole) {
  json_t *v = json_pack("{s:I, s:s, s:s}", "run", (json_int_t)r->id, "status", run_status_word(r->status),
                        "state", state_word(r, owner));
  view_set_text(v, "project", r->project);
  view_set_text(v, "title", r->title);
  view_set_text(v, "pipeline", r->pipeline);
  if (r->key && strncmp(r->key, "auto-", 5) != 0) view_set_text(v, "key", r->key);
  view_set_text(v, "phase", r->phase);
  view_set_text(v, "summary", r->summary);
  if (r->progress_total > 0)
    json_object_set_new(v, "progress",
                        json_pack("{s:I, s:I, s:o}", "done", (json_int_t)r->progress_done, "total",
                                  (json_int_t)r->progress_total, "label", view_text(r->progress_label)));
  if (r->wait)
    json_object_set_new(
        v, "waits", json_pack("{s:s, s:o}", "kind", run_wait_word(r->wait), "for", view_text(r->wait_for)));
  if (r->wake_at) view_set_time(v, "wakes", r->wake_at);
  if (r->retry_of) json_object_set_new(v, "retry_of", json_integer(r->retry_of));
  if (r->gate) json_object_set_new(v, "gate", json_integer(r->gate));
  json_object_set_new(v, "limits", limits_json(r));
  json_object_set_new(v, "cost_usd", view_usd(r->cost_nano));
  json_object_set_new(v, "calls", json_integer(r->calls));
  json_object_set_new(v, "unpriced_calls", json_integer(r->unpriced_calls));
  json_object_set_new(v, "tokens_in", json_integer(r->tokens_in));
  json_object_set_new(v, "tokens_out", json_integer(r->tokens_out));
  view_set_time(v, "created", r->created_at);
  view_set_time(v, "started", r->started_at);
  view_set_time(v, "heartbeat", r->last_heartbeat);
  view_set_time(v, "ended", r->ended_at);
  char *sentence = state_sentence(r, owner);
  json_object_set_new(v, "next", view_text(sentence));
  free(sentence);
  if (r->error) json_object_set_new(v, "error", error_json(r->error));
  if (!whole) return v;
  if (r->input) json_object_set_new(v, "input", view_parsed(r->input));
  if (r->options) json_object_set_new(v, "options", view_parsed(r->options));
  json_object_set_new(v, "result", view_parsed(r->result));
  return v;
}
