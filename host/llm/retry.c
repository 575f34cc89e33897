/* retry.c - what is done about an attempt that failed: the same again after a while, the request in another form, the role's next model, a
 * pause of the run, or an error for the script. Each kind of failure has its row in call_after_failure. Loop thread only. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/mem.h"
#include "llm/internal.h"

enum { FIRST_ROOM = 8192, MOST_ROOM = 65536, MOST_RELEARNS = 4 };
enum { DEFAULT_RETRIES = 4, EMPTY_RETRIES = 1, PAUSE_UNREACHABLE_MS = 60000, PAUSE_QUOTA_MS = 3600000 };
static const double default_backoff_first = 0.5, default_backoff_most = 30, default_pause_over = 300;

int call_retries(const struct call_state *s) {
  int n = s->provider->config->retries;
  return n == 0 ? DEFAULT_RETRIES : n < 0 ? 0 : n;
}

static double or_default(double v, double otherwise) {
  return v > 0 ? v : otherwise;
}

/* Between 0 and 1. */
static double chance(void) {
  return arc4random() / 4294967296.0;
}

/* Full jitter; never before the provider said. */
double call_backoff_s(const struct call_state *s) {
  const struct llm_settings *set = s->llm->settings;
  int n = s->tries + s->resumes;
  double most = or_default(set->backoff_most_s, default_backoff_most);
  double span = or_default(set->backoff_first_s, default_backoff_first) * ldexp(1, n < 20 ? n : 20);
  double wait = chance() * (span < most ? span : most);
  double asked = s->failure.retry_after;
  return asked > 0 ? asked * (1 + 0.1 * chance()) : wait;
}

static void write_failed_row(struct call_state *s, struct attempt_result *r) {
  r->state = s->failure.kind == FAIL_TRUNCATED || (s->text.len && s->status && s->status < 300 && !r->end)
                 ? "truncated"
                 : "failed";
  answer_post(s, r, FINISH_ROW);
}

static void try_again(struct call_state *s, struct attempt_result *r, double wait_s) {
  write_failed_row(s, r);
  s->stage = AT_BACKOFF;
  s->next = call_reserve;
  timer_set(s->llm->loop, &s->timer, clock_mono_ns() + (uint64_t)(wait_s * 1e9));
  call_note_wait(s, s->failure.message, wait_s);
}

/* The earliest of the times at which a model of the role may be back, and the reason of the last one that may. */
void call_remember_pause(struct call_state *s, int64_t until_ms) {
  if (!s->unreachable) s->unreachable = mem_alloc(sizeof *s->unreachable);
  if (!s->pause_until_ms || until_ms < s->pause_until_ms) s->pause_until_ms = until_ms;
  enum failure_kind kind = s->failure.kind;
  err_set(s->unreachable, ERR_UNAVAILABLE, "provider '%s' %s (%s): %s", s->provider->config->name,
          kind == FAIL_QUOTA || kind == FAIL_RATE ? "is at a limit of its own"
          : kind == FAIL_PENDING                  ? "has not finished the answer"
                                                  : "cannot be reached",
          failure_name(kind), s->failure.message);
}

void call_key_is_late(struct call_state *s, const struct error *e) {
  s->failure = (struct failure){.kind = FAIL_NETWORK, .retry_after = -1};
  snprintf(s->failure.message, sizeof s->failure.message, "%s", e->message);
  call_remember_pause(s, clock_wall_ms() + PAUSE_UNREACHABLE_MS);
  call_next_model(s, NULL);
}

/* The token's hour is over: the same question goes out again with the next one. */
static void with_new_key(struct call_state *s, struct attempt_result *r) {
  write_failed_row(s, r);
  s->stage = AT_START;
  call_kick(s, call_use_model);
}

void call_key_refused(struct call_state *s) {
  const struct llm_provider *p = s->provider->config;
  struct error e = {0};
  s->provider->key_refused = true;
  err_set(&e, ERR_AUTH, "provider '%s' does not take the key: %s", p->name, s->failure.message);
  err_hint(&e, "set a valid key in %s, then: quire resume %lld",
           p->key_command ? "what its key_command asks"
           : p->key_env   ? p->key_env
           : p->key_file  ? p->key_file
                          : "quire.lua",
           (long long)s->c->run);
  call_remember_key(s, &e);
}

static void end_with_error(struct call_state *s, struct attempt_result *r) {
  struct llm_call *c = s->c;
  c->err = ERR_PROVIDER;
  c->retryable = s->failure.kind == FAIL_EMPTY;
  err_set(call_error(s), ERR_PROVIDER, "%s could not answer (%s): %s", s->full_name,
          failure_name(s->failure.kind), s->failure.message);
  r->state = "failed";
  answer_post(s, r, FINISH_ERROR);
}

/* r NULL: the last model of the role could not be asked at all. */
void call_end_with_pause(struct call_state *s, struct attempt_result *r) {
  struct llm_call *c = s->c;
  if (s->unreachable) {
    call_pause(s, ERR_UNAVAILABLE, LLM_PAUSE_PROVIDER);
    c->pause_until_ms = s->pause_until_ms;
    *call_error(s) = *s->unreachable;
    err_hint(call_error(s), "it is asked again automatically; quire resume %lld asks at once",
             (long long)c->run);
  } else {
    enum err why = s->key_missing->code;
    call_pause(s, why, why == ERR_AUTH ? LLM_PAUSE_KEY : LLM_PAUSE_MODEL);
    *call_error(s) = *s->key_missing;
  }
  if (!r) {
    call_end(s);
    return;
  }
  r->state = s->failure.kind == FAIL_TRUNCATED ? "truncated" : "failed";
  answer_post(s, r, FINISH_PAUSE);
}

/* This model will not answer now. What goes by itself comes before what a person has to do. */
void call_next_model(struct call_state *s, struct attempt_result *r) {
  if (s->model + 1 < s->n_models) {
    if (r) write_failed_row(s, r);
    s->model++;
    s->stage = AT_START;
    call_kick(s, call_use_model);
  } else if (s->unreachable || s->key_missing) {
    call_end_with_pause(s, r);
  } else {
    end_with_error(s, r);
  }
}

static void retry_or_leave(struct call_state *s, struct attempt_result *r, int retries, bool lasting) {
  if (s->tries <= retries) {
    try_again(s, r, call_backoff_s(s));
    return;
  }
  if (s->tiers && s->tier_at + 1 < s->tiers->n) { /* the role's next tier may have room */
    s->tries = 0;
    call_set_tier(s, s->tier_at + 1);
    try_again(s, r, 0);
    return;
  }
  if (!lasting) call_remember_pause(s, clock_wall_ms() + PAUSE_UNREACHABLE_MS);
  call_next_model(s, r);
}

static void after_limit(struct call_state *s, struct attempt_result *r) {
  double wait = s->failure.retry_after;
  if (s->failure.kind == FAIL_QUOTA ||
      wait > or_default(s->llm->settings->pause_over_s, default_pause_over)) {
    call_remember_pause(s, clock_wall_ms() + (wait > 0 ? (int64_t)(wait * 1000) : PAUSE_QUOTA_MS));
    call_next_model(s, r);
    return;
  }
  if (wait > 0) lane_hold(s->lane, clock_mono_ns() + (uint64_t)(wait * 1e9));
  retry_or_leave(s, r, call_retries(s), false);
}

/* Asks again at once with what was learnt from the refusal. Bounded: a server that refuses each form of a request gets no further one. */
static void learn(struct call_state *s, struct attempt_result *r) {
  if (s->relearns++ >= MOST_RELEARNS) {
    call_next_model(s, r);
    return;
  }
  facts_learn(s->llm->facts, s->full_name, s->failure.learn);
  call_take_room(s);
  try_again(s, r, 0);
}

/* The model thought until there was no room left: it gets more, and so does each later call. Another call may have learnt it meanwhile. */
static void learn_room(struct call_state *s, struct attempt_result *r) {
  int64_t had = s->most_output, room = facts_number(s->llm->facts, s->full_name, "room");
  if (call_room_for(s) <= had && room < MOST_ROOM) {
    char more[40];
    snprintf(more, sizeof more, "{\"room\":%lld}", (long long)(room ? room * 2 : FIRST_ROOM));
    facts_learn(s->llm->facts, s->full_name, more);
  }
  if (call_room_for(s) <= had || s->relearns++ >= MOST_RELEARNS) {
    call_next_model(s, r);
    return;
  }
  call_take_room(s);
  try_again(s, r, 0);
}

static void without_schema(struct call_state *s, struct attempt_result *r) {
  if (!s->c->schema || s->no_schema) {
    call_next_model(s, r);
    return;
  }
  facts_learn(s->llm->facts, s->full_name, s->failure.learn);
  s->no_schema = true;
  try_again(s, r, 0);
}

void call_after_failure(struct call_state *s, struct attempt_result *r) {
  switch (s->failure.kind) {
  case FAIL_AUTH:
    if (key_renews(s)) {
      with_new_key(s, r);
      break;
    }
    call_key_refused(s);
    call_next_model(s, r);
    break;
  case FAIL_QUOTA:
  case FAIL_RATE:
  case FAIL_OVERLOADED: after_limit(s, r); break;
  case FAIL_PARAMETER: learn(s, r); break;
  case FAIL_SLIP:
    if (s->slipped) {
      without_schema(s, r);
    } else {
      s->slipped = true;
      try_again(s, r, 0);
    }
    break;
  case FAIL_ROOM: learn_room(s, r); break;
  case FAIL_SCHEMA: without_schema(s, r); break;
  case FAIL_INVALID:
  case FAIL_TOO_LARGE:
  case FAIL_CONTEXT:
  case FAIL_REFUSAL: call_next_model(s, r); break;
  case FAIL_EMPTY:
    retry_or_leave(s, r, call_retries(s) < EMPTY_RETRIES ? call_retries(s) : EMPTY_RETRIES, true);
    break;
  default: retry_or_leave(s, r, call_retries(s), false);
  }
}
