/* reserve.c - money, tokens and calls of one model call before it is sent: reserves the worst case, waits for calls under way that may turn out
 * cheaper, pauses the run when there is no more; then the lane of the model's limits. Loop thread only. */
#include <string.h>
#include "base/clock.h"
#include "llm/cost.h"
#include "llm/internal.h"

const char *const llm_at_limit_words[] = {"pause", "cheaper", "skip", NULL};
_Static_assert(sizeof llm_at_limit_words / sizeof *llm_at_limit_words == AT_LIMIT_COUNT + 1, "a word each");

bool llm_at_limit_of(const char *word, enum llm_at_limit *out) {
  for (int i = 0; i < AT_LIMIT_COUNT; i++) {
    if (strcmp(word, llm_at_limit_words[i]) != 0) continue;
    *out = (enum llm_at_limit)i;
    return true;
  }
  return false;
}

static const double told_from_s = 2; /* a shorter wait for a provider is over before anybody has read of it */

static void wake_waiting(struct llm *llm, const struct llm_budget *budget) {
  for (struct list *node = llm->waiting_for_money.next, *next; node != &llm->waiting_for_money; node = next) {
    next = node->next;
    struct call_state *s = list_owner(node, struct call_state, money);
    if (s->c->budget != budget && llm->settings->month_limit_nano <= 0) continue;
    list_remove(&s->money);
    call_kick(s, call_reserve);
  }
}

void call_settle(struct call_state *s, const struct attempt_result *took) {
  if (!s->counted) return;
  s->counted = false;
  struct llm_budget *b = s->c->budget;
  int64_t cost_nano = took ? took->cost_nano : 0;
  if (b) {
    b->reserved_nano -= s->reserved;
    b->spent_nano += cost_nano;
    b->reserved_tokens -= s->reserved_tokens;
    b->spent_tokens += took ? took->usage.input + took->usage.output : 0;
  }
  s->llm->month_reserved -= s->reserved;
  s->llm->month_since += cost_nano;
  s->reserved = s->reserved_tokens = 0;
  wake_waiting(s->llm, b);
}

/* Nothing was sent: it was no call at all. */
void call_unsettle(struct call_state *s) {
  if (s->counted && s->c->budget) s->c->budget->calls--;
  call_settle(s, NULL);
}

void call_pause(struct call_state *s, enum err err, enum llm_pause pause) {
  s->c->err = err;
  s->c->pause = pause;
  s->c->retryable = true;
}

static void pause_for_money(struct call_state *s, const char *whose, int64_t spent, int64_t limit,
                            int64_t worst) {
  call_pause(s, ERR_BUDGET, LLM_PAUSE_BUDGET);
  err_set(call_error(s), ERR_BUDGET,
          "%s budget is reached: %.4f of %.2f USD are spent, and the next call (%s) can take up to %.4f USD",
          whose, (double)spent / 1e9, (double)limit / 1e9, s->full_name, (double)worst / 1e9);
  if (s->c->budget && limit == s->c->budget->limit_nano)
    err_hint(call_error(s), "quire resume %lld --budget USD continues with a higher one",
             (long long)s->c->run);
  else
    err_hint(call_error(s), "raise it in quire.lua, then: quire resume %lld", (long long)s->c->run);
  call_end(s);
}

static void pause_for_tokens(struct call_state *s, int64_t worst) {
  const struct llm_budget *b = s->c->budget;
  call_pause(s, ERR_BUDGET, LLM_PAUSE_BUDGET);
  err_set(
      call_error(s), ERR_BUDGET,
      "the run's budget of tokens is reached: %lld of %lld are used, and the next call (%s) can take up to %lld",
      (long long)b->spent_tokens, (long long)b->limit_tokens, s->full_name, (long long)worst);
  err_hint(call_error(s),
           "quire resume %lld --tokens N continues with more (limits.run_tokens in quire.lua: for all runs)",
           (long long)s->c->run);
  call_end(s);
}

static void pause_for_calls(struct call_state *s) {
  call_pause(s, ERR_BUDGET, LLM_PAUSE_BUDGET);
  err_set(call_error(s), ERR_BUDGET, "the run's budget of calls is reached: %lld of %lld are made",
          (long long)s->c->budget->calls, (long long)s->c->budget->limit_calls);
  err_hint(call_error(s), "quire resume %lld with a higher limit of calls continues", (long long)s->c->run);
  call_end(s);
}

enum fit { FITS, FITS_LATER, NEVER_FITS };
static enum fit fit(int64_t limit, int64_t spent, int64_t reserved, int64_t worst) {
  if (spent + worst > limit) return NEVER_FITS;
  return spent + reserved + worst > limit ? FITS_LATER : FITS;
}

static enum fit fit_run(const struct llm_budget *b, int64_t worst) {
  return !b || b->limit_nano < 0 ? FITS : fit(b->limit_nano, b->spent_nano, b->reserved_nano, worst);
}

static enum fit fit_tokens(const struct llm_budget *b, int64_t worst) {
  return !b || b->limit_tokens <= 0 ? FITS : fit(b->limit_tokens, b->spent_tokens, b->reserved_tokens, worst);
}

static enum fit fit_month(const struct llm *llm, int64_t worst) {
  int64_t limit = llm->settings->month_limit_nano;
  return limit <= 0 ? FITS : fit(limit, llm->month_read + llm->month_since, llm->month_reserved, worst);
}

/* Whoever looks at the run should know why nothing comes. */
void call_note_wait(struct call_state *s, const char *why, double wait_s) {
  char reason[800];
  if (!s->c->on_wait || wait_s < told_from_s) return;
  snprintf(reason, sizeof reason, "provider '%s' (%s)", s->provider->config->name, why);
  s->c->on_wait(s->c, reason, clock_wall_ms() + (int64_t)(wait_s * 1000));
}

static void enter_lane(struct call_state *s) {
  uint64_t now = clock_mono_ns(), held = lane_held_until(s->lane);
  s->stage = AT_LANE;
  lane_enter(s->lane, &s->ticket);
  if (held > now) call_note_wait(s, "it asked all calls to wait", (double)(held - now) / 1e9);
}

/* Its run or the host comes to rest: then it stays where it is until it is cancelled. */
static bool at_rest(const struct call_state *s) {
  return s->llm->draining || (s->c->budget && s->c->budget->closed);
}

static void reserve(struct call_state *s, int64_t worst, int64_t tokens) {
  struct llm_budget *b = s->c->budget;
  s->counted = true;
  s->reserved = worst;
  s->reserved_tokens = tokens;
  s->llm->month_reserved += worst;
  if (!b) return;
  if (worst > b->worst_nano) b->worst_nano = worst;
  if (tokens > b->worst_tokens) b->worst_tokens = tokens;
  b->reserved_nano += worst;
  b->reserved_tokens += tokens;
  b->calls++;
}

/* Calls under way may turn out cheaper than their worst case: then this one waits for them instead of pausing the run. */
void call_reserve(struct call_state *s) {
  struct llm *llm = s->llm;
  const struct llm_budget *b = s->c->budget;
  int64_t worst = cost_worst(s->price, s->prompt.most, s->most_output),
          tokens = s->prompt.most + s->most_output;
  enum fit run = fit_run(b, worst), month = fit_month(llm, worst), room = fit_tokens(b, tokens);
  s->stage = AT_MONEY;
  if (at_rest(s)) return;
  if (b && b->limit_calls > 0 && b->calls >= b->limit_calls) {
    pause_for_calls(s);
  } else if (run == NEVER_FITS && b->at_limit == AT_LIMIT_CHEAPER && s->model + 1 < s->n_models) {
    call_next_model(s, NULL);
  } else if (run == NEVER_FITS) {
    pause_for_money(s, "the run's", b->spent_nano, b->limit_nano, worst);
  } else if (month == NEVER_FITS) {
    pause_for_money(s, "the library's 30-day", llm->month_read + llm->month_since,
                    llm->settings->month_limit_nano, worst);
  } else if (room == NEVER_FITS) {
    pause_for_tokens(s, tokens);
  } else if (run == FITS_LATER || month == FITS_LATER || room == FITS_LATER) {
    list_push_tail(&llm->waiting_for_money, &s->money);
  } else {
    reserve(s, worst, tokens);
    enter_lane(s);
  }
}

void call_granted(struct lane_ticket *t) {
  if (!at_rest(t->arg)) intent_post(t->arg);
}
