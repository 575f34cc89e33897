/* state.c - a run's row in words. */
#include "view/state.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "view/forecast.h"
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

/* `hint` as the next sentence: " Name one in quire.lua." A command stays as it is typed. */
static char *next_sentence(const char *hint) {
  if (!hint || !*hint) return mem_dup("");
  int first = strncmp(hint, "quire ", 6) == 0 ? *hint : toupper((unsigned char)*hint);
  return mem_printf(" %c%s%s", first, hint + 1, hint[strlen(hint) - 1] == '.' ? "" : ".");
}

static char *waiting_sentence(const struct run_row *r) {
  long long id = (long long)r->id;
  const char *why = r->wait_for && *r->wait_for ? r->wait_for : "something";
  char at[40], *out = NULL, *hint = next_sentence(r->wait_hint);
  view_time(r->wake_at, at);
  switch (r->wait) {
  case FOR_GATE:
    out = mem_printf(
        "Waits for a person to decide: %s (gate %lld). `quire gate show` shows the question, `quire gate approve`"
        " or `quire gate reject` decides it.",
        why, (long long)r->gate);
    break;
  case FOR_PAUSED: out = mem_printf("Paused by a person. `quire resume %lld` continues it.", id); break;
  case FOR_BUDGET:
    out = *hint ? mem_printf("Paused: %s.%s", why, hint)
                : mem_printf("Paused: %s. `quire resume %lld --budget USD` continues with a higher budget.",
                             why, id);
    break;
  case FOR_KEY:
    out = mem_printf("Paused: %s.%s Then `quire resume %lld` continues it.", why,
                     *hint ? hint : " Set the key.", id);
    break;
  case FOR_MODEL:
    out = mem_printf("Paused: %s.%s Then `quire resume %lld` continues it.", why, hint, id);
    break;
  case FOR_PROVIDER:
  case FOR_STORE:
    out = r->wake_at
              ? mem_printf(
                    "Paused until %s: %s. A running host continues it then automatically; `quire resume %lld`"
                    " tries at once.",
                    at, why, id)
              : mem_printf("Paused: %s. `quire resume %lld` tries again.", why, id);
    break;
  case FOR_TIMER:
    out = mem_printf(
        "Sleeps until %s; a running host (`quire serve`) wakes it, and so does `quire resume %lld`.", at, id);
    break;
  case FOR_UNTIL:
    out = mem_printf("%c%s. `quire resume %lld` continues it.", toupper((unsigned char)*why), why + 1, id);
    break;
  default: out = mem_printf("Waits: %s. `quire resume %lld` continues it.", why, id); break;
  }
  free(hint);
  return out;
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

/* A provider makes all that it does wait. */
static bool is_held(const struct run_row *r) {
  return r->status == RUN_RUNNING && r->held_for && r->held_until > clock_wall_ms();
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
  if (!owner) return mem_printf("Interrupted; `quire serve` continues it, or `quire resume %lld`.", id);
  if (r->status == RUN_RUNNING) return is_held(r) ? held_sentence(r) : running_sentence(r, owner);
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
  static const char *const rows[][2] = {{"usd", "budget_usd"}, {"calls", NULL}, {"tokens", "budget_tokens"}};
  json_t *options = view_parsed(r->options), *v = json_object();
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    json_t *own = rows[i][1] ? json_object_get(options, rows[i][1]) : NULL;
    json_object_set_new(v, rows[i][0], own ? json_incref(own) : json_null());
  }
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
    json_object_set_new(v, "waits",
                        json_pack("{s:s, s:o, s:o}", "kind", run_wait_word(r->wait), "for",
                                  view_text(r->wait_for), "hint",
                                  r->wait_hint ? view_text(r->wait_hint) : json_null()));
  if (r->wake_at) view_set_time(v, "wakes", r->wake_at);
  if (is_held(r)) {
    json_t *held = json_pack("{s:o}", "for", view_text(r->held_for));
    view_set_time(held, "until", r->held_until);
    json_object_set_new(v, "held", held);
  }
  if (r->replay_of) json_object_set_new(v, "replay_of", json_integer(r->replay_of));
  if (r->fork_at) json_object_set_new(v, "fork_at", json_integer(r->fork_at));
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
  json_t *forecast = view_forecast(r);
  if (forecast) json_object_set_new(v, "forecast", forecast);
  if (r->input) json_object_set_new(v, "input", view_parsed(r->input));
  if (r->options) json_object_set_new(v, "options", view_parsed(r->options));
  json_object_set_new(v, "result", view_parsed(r->result));
  return v;
}
