/* call.c - the life of one model call: a function for each state.
 *
 *   start -> use_model -> reserve (money, calls) -> lane (limits) -> intent_post (durable) -> attempt_send -> stream
 *     -> call_attempt_ended: answered -> row + journal entry durable -> done
 *                            may work yet -> row, back-off -> reserve
 *                            will never work there -> row, use_model (the role's next)
 *                            nothing left -> row + journaled error, or row and a pause -> done
 *
 * The caller's struct is only touched while s->c is set. `done` comes from a post or a timer of the loop, never from llm_call_start. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/failpoint.h"
#include "base/mem.h"
#include "llm/cost.h"
#include "llm/internal.h"

enum {
  CHARACTERS_A_TOKEN = 4,      /* about, in prose */
  CUT_CHARACTERS_A_TOKEN = 9,  /* more than any tokenizer makes of prose */
  CUT_LEAST_CHARACTERS = 6000, /* shorter prompts fit everywhere */
};
enum { FIRST_ROOM = 8192, MOST_ROOM = 65536, MOST_RELEARNS = 4 };
enum { DEFAULT_RETRIES = 4, EMPTY_RETRIES = 1, PAUSE_UNREACHABLE_MS = 60000, PAUSE_QUOTA_MS = 3600000 };
static const double default_backoff_first = 0.5, default_backoff_most = 30, default_pause_over = 300;
static const double told_from_s = 2; /* a shorter wait for a provider is over before anybody has read of it */

static void use_model(struct call_state *s);
static void next_model(struct call_state *s, struct attempt_result *r);
static void reserve(struct call_state *s);

/* ---- lifetime ---- */

void state_hold(struct call_state *s) {
  s->refs++;
}

void state_drop(struct call_state *s) {
  if (--s->refs) return;
  list_remove(&s->node);
  buf_release(&s->text);
  buf_release(&s->reasoning);
  buf_release(&s->body);
  free(s->unreachable);
  free(s->key_missing);
  free(s);
}

static void kicked(struct post *post) {
  struct call_state *s = list_owner(post, struct call_state, kick);
  if (s->c) s->next(s);
  state_drop(s);
}

void call_kick(struct call_state *s, void (*next)(struct call_state *)) {
  s->next = next;
  s->kick.fn = kicked;
  state_hold(s);
  loop_post(s->llm->loop, &s->kick);
}

static void timer_over(struct timer *t) {
  struct call_state *s = t->arg;
  s->next(s);
}

/* The caller's struct is no more ours. */
static struct llm_call *let_go(struct call_state *s) {
  struct llm_call *c = s->c;
  s->c = NULL;
  c->state = NULL;
  s->llm->in_flight--;
  return c;
}

struct error *call_error(struct call_state *s) {
  if (!s->c->error) s->c->error = mem_alloc(sizeof *s->c->error);
  return s->c->error;
}

static void end_call(struct call_state *s) {
  struct llm_call *c = let_go(s);
  void (*done)(struct llm_call *) = c->done;
  state_drop(s);
  if (done) done(c);
}

/* ---- money ---- */

static void wake_waiting(struct llm *llm, const struct llm_budget *budget) {
  for (struct list *node = llm->waiting_for_money.next, *next; node != &llm->waiting_for_money; node = next) {
    next = node->next;
    struct call_state *s = list_owner(node, struct call_state, money);
    if (s->c->budget != budget && llm->settings->month_limit_nano <= 0) continue;
    list_remove(&s->money);
    call_kick(s, reserve);
  }
}

/* Gives the reservation back and books what it took. */
static void settle(struct call_state *s, int64_t cost_nano) {
  if (!s->counted) return;
  s->counted = false;
  struct llm_budget *b = s->c->budget;
  if (b) {
    b->reserved_nano -= s->reserved;
    b->spent_nano += cost_nano;
  }
  s->llm->month_reserved -= s->reserved;
  s->llm->month_since += cost_nano;
  s->reserved = 0;
  wake_waiting(s->llm, b);
}

/* Nothing was sent: it was no call at all. */
static void unsettle(struct call_state *s) {
  if (s->counted && s->c->budget) s->c->budget->calls--;
  settle(s, 0);
}

static void pause_call(struct call_state *s, enum err err, enum llm_pause pause) {
  s->c->err = err;
  s->c->pause = pause;
  s->c->retryable = true;
}

static void pause_for_money(struct call_state *s, const char *whose, int64_t spent, int64_t limit,
                            int64_t worst) {
  pause_call(s, ERR_BUDGET, LLM_PAUSE_BUDGET);
  err_set(call_error(s), ERR_BUDGET,
          "%s budget is reached: %.4f of %.2f USD are spent, and the next call (%s) can take up to %.4f USD",
          whose, (double)spent / 1e9, (double)limit / 1e9, s->full_name, (double)worst / 1e9);
  if (s->c->budget && limit == s->c->budget->limit_nano)
    err_hint(call_error(s), "quire resume %lld --budget USD continues with a higher one",
             (long long)s->c->run);
  else
    err_hint(call_error(s), "raise it in quire.lua, then: quire resume %lld", (long long)s->c->run);
  end_call(s);
}

static void pause_for_calls(struct call_state *s) {
  pause_call(s, ERR_BUDGET, LLM_PAUSE_BUDGET);
  err_set(call_error(s), ERR_BUDGET, "the run's budget of calls is reached: %lld of %lld are made",
          (long long)s->c->budget->calls, (long long)s->c->budget->limit_calls);
  err_hint(call_error(s), "quire resume %lld with a higher limit of calls continues", (long long)s->c->run);
  end_call(s);
}

enum fit { FITS, FITS_LATER, NEVER_FITS };
static enum fit fit(int64_t limit, int64_t spent, int64_t reserved, int64_t worst) {
  if (spent + worst > limit) return NEVER_FITS;
  return spent + reserved + worst > limit ? FITS_LATER : FITS;
}

static enum fit fit_run(const struct llm_budget *b, int64_t worst) {
  return !b || b->limit_nano < 0 ? FITS : fit(b->limit_nano, b->spent_nano, b->reserved_nano, worst);
}

static enum fit fit_month(const struct llm *llm, int64_t worst) {
  int64_t limit = llm->settings->month_limit_nano;
  return limit <= 0 ? FITS : fit(limit, llm->month_read + llm->month_since, llm->month_reserved, worst);
}

/* Whoever looks at the run should know why nothing comes. */
static void tell_wait(struct call_state *s, const char *why, double wait_s) {
  char reason[800];
  if (!s->c->on_wait || wait_s < told_from_s) return;
  snprintf(reason, sizeof reason, "provider '%s' (%s)", s->provider->config->name, why);
  s->c->on_wait(s->c, reason, clock_wall_ms() + (int64_t)(wait_s * 1000));
}

static void enter_lane(struct call_state *s) {
  uint64_t now = clock_mono_ns(), held = lane_held_until(s->lane);
  s->stage = AT_LANE;
  lane_enter(s->lane, &s->ticket);
  if (held > now) tell_wait(s, "it asked all calls to wait", (double)(held - now) / 1e9);
}

/* Its run or the host comes to rest: then it stays where it is until it is cancelled. */
static bool at_rest(const struct call_state *s) {
  return s->llm->draining || (s->c->budget && s->c->budget->closed);
}

/* Calls under way may turn out cheaper than their worst case: then this one waits for them instead of pausing the run. */
static void reserve(struct call_state *s) {
  struct llm *llm = s->llm;
  struct llm_budget *b = s->c->budget;
  int64_t worst = cost_worst(s->price, s->estimated_input, s->most_output);
  enum fit run = fit_run(b, worst), month = fit_month(llm, worst);
  s->stage = AT_MONEY;
  if (at_rest(s)) return;
  if (b && b->limit_calls > 0 && b->calls >= b->limit_calls) {
    pause_for_calls(s);
  } else if (run == NEVER_FITS) {
    pause_for_money(s, "the run's", b->spent_nano, b->limit_nano, worst);
  } else if (month == NEVER_FITS) {
    pause_for_money(s, "the library's 30-day", llm->month_read + llm->month_since,
                    llm->settings->month_limit_nano, worst);
  } else if (run == FITS_LATER || month == FITS_LATER) {
    list_push_tail(&llm->waiting_for_money, &s->money);
  } else {
    s->counted = true;
    s->reserved = worst;
    llm->month_reserved += worst;
    if (b) b->reserved_nano += worst;
    if (b) b->calls++;
    enter_lane(s);
  }
}

static void granted(struct lane_ticket *t) {
  if (!at_rest(t->arg)) intent_post(t->arg);
}

/* ---- models ---- */

int64_t call_prompt_tokens(const struct llm_call *c) {
  int64_t n = 0;
  for (size_t i = 0; i < c->n_blocks; i++)
    for (size_t k = 0; k < c->blocks[i].n; k++) n += ((unsigned char)c->blocks[i].text[k] & 0xC0) != 0x80;
  return n / CHARACTERS_A_TOKEN;
}

/* The first key, or provider, of the role's models that is missing or refused: told when no other model answers either. */
static void remember_key(struct call_state *s, const struct error *e) {
  if (s->key_missing) return;
  s->key_missing = mem_alloc(sizeof *s->key_missing);
  *s->key_missing = *e;
}

static size_t prompt_bytes(const struct llm_call *c) {
  size_t n = 0;
  for (size_t i = 0; i < c->n_blocks; i++) n += c->blocks[i].n;
  return n;
}

/* Tokens of the model's longest answer; 0: not known. A person's setting goes before what the server told, and that before the list. */
static int64_t longest_answer(const struct call_state *s) {
  int64_t told = learnt_number(s->llm->learnt, s->full_name, "max_output");
  int64_t known = s->facts ? s->facts->max_output : 0;
  return known && (s->facts->max_output_is_own || !told) ? known : told;
}

/* Tokens for the answer and the thinking before it, as far as the model gives them. */
static int64_t room_for(const struct call_state *s) {
  const struct learnt *l = s->llm->learnt;
  int64_t most = longest_answer(s);
  int64_t room =
      cost_output_tokens(s->c->max_words, s->c->reasoning) + learnt_number(l, s->full_name, "room");
  return most > 0 && room > most ? most : room;
}

static void take_room(struct call_state *s) {
  s->most_output = room_for(s);
  s->ticket.tokens = s->estimated_input + s->most_output;
}

static void use_model(struct call_state *s) {
  struct llm_call *c = s->c;
  const char *full = s->models[s->model];
  struct error e = {0};
  enum err err = llm_ready(s->llm, full, &e);
  const char *name;
  if (err == ERR_AUTH || (err == ERR_CONFIG && !llm_provider(s->llm, full, &name))) {
    remember_key(s, &e);
    next_model(s, NULL);
    return;
  }
  if (err != OK) {
    call_fail(s, err, &e);
    return;
  }
  s->full_name = full;
  s->provider = llm_provider(s->llm, full, &s->model_name);
  const struct llm_provider *p = s->provider->config;
  s->adapter = llm_adapter(s->llm, p->adapter, NULL);
  s->facts = llm_facts(s->llm, full);
  s->price = s->facts && !s->facts->unpriced ? s->facts : NULL;
  s->lane = limits_lane(s->llm->limits, full, p->concurrency, p->requests_per_minute, p->tokens_per_minute);
  s->tries = s->relearns = 0;
  s->no_schema = s->slipped = false;
  s->estimated_input = cost_estimate_tokens(prompt_bytes(c));
  s->ticket = (struct lane_ticket){.run = c->run, .granted = granted, .arg = s};
  take_room(s);
  reserve(s);
}

static void start(struct call_state *s) {
  struct llm_call *c = s->c;
  const struct llm_role *role = c->models && c->n_models ? NULL : llm_role(s->llm, c->role);
  s->models = role ? (const char *const *)role->models : c->models;
  s->n_models = role ? role->n_models : c->models ? c->n_models : 0;
  if (!s->n_models) {
    struct error e = {0};
    err_set(&e, ERR_CONFIG, "no model is configured for the role '%s'", c->role);
    err_hint(&e, "--model %s=PROVIDER/NAME, or roles in quire.lua", c->role);
    call_fail(s, ERR_CONFIG, &e);
    return;
  }
  s->model = c->first_model < s->n_models ? c->first_model : s->n_models - 1;
  use_model(s);
}

void llm_call_start(struct llm *llm, struct llm_call *c) {
  struct call_state *s = mem_alloc(sizeof *s);
  s->llm = llm;
  s->c = c;
  s->refs = 1;
  s->timer = (struct timer){.fn = timer_over, .arg = s};
  s->ticket.run = c->run;
  list_init(&s->money);
  buf_init(&s->text, MAX_ANSWER_BYTES);
  buf_init(&s->reasoning, MAX_ANSWER_BYTES);
  buf_init(&s->body, MAX_ANSWER_BYTES);
  list_push_tail(&llm->calls, &s->node);
  llm->in_flight++;
  c->state = s;
  c->err = OK;
  c->error = NULL;
  c->pause = LLM_NO_PAUSE;
  c->pause_until_ms = 0;
  c->retryable = false;
  c->result = NULL;
  c->n_result = 0;
  call_kick(s, start);
}

/* ---- the end ---- */

/* Configuration, script or store failed. What an attempt had begun is written down; nobody waits for that. */
void call_fail(struct call_state *s, enum err err, const struct error *e) {
  struct llm_call *c = s->c;
  if (s->stage == AT_STREAM) {
    settle(s, 0);
    answer_post(s, &(struct attempt_result){.state = "failed", .price_known = true}, FINISH_ROW);
  }
  unsettle(s);
  lane_leave(&s->ticket, LANE_FAILED);
  c->err = err;
  *call_error(s) = *e;
  c->error->code = err;
  end_call(s);
}

void call_finished(struct call_state *s, enum err err, const struct error *e) {
  struct llm_call *c = s->c;
  bool journaled = c->pause == LLM_NO_PAUSE;
  if (err != OK) {
    c->err = err;
    *call_error(s) = *e;
    c->pause = LLM_NO_PAUSE;
  }
  if (err != OK || !journaled) {
    free(c->result);
    c->result = NULL;
    c->n_result = 0;
  }
  end_call(s);
}

void call_unsent(struct call_state *s) {
  unsettle(s);
  lane_leave(&s->ticket, LANE_ANSWERED);
}

/* ---- after a failed attempt ---- */

static int retries_of(const struct call_state *s) {
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
static double backoff_seconds(const struct call_state *s) {
  const struct llm_settings *set = s->llm->settings;
  double most = or_default(set->backoff_most_s, default_backoff_most);
  double span =
      or_default(set->backoff_first_s, default_backoff_first) * ldexp(1, s->tries < 20 ? s->tries : 20);
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
  s->next = reserve;
  timer_set(s->llm->loop, &s->timer, clock_mono_ns() + (uint64_t)(wait_s * 1e9));
  tell_wait(s, s->failure.message, wait_s);
}

/* The earliest of the times at which a model of the role may be back, and the reason of the last one that may. */
static void remember_pause(struct call_state *s, int64_t until_ms) {
  if (!s->unreachable) s->unreachable = mem_alloc(sizeof *s->unreachable);
  if (!s->pause_until_ms || until_ms < s->pause_until_ms) s->pause_until_ms = until_ms;
  bool limit = s->failure.kind == FAIL_QUOTA || s->failure.kind == FAIL_RATE;
  err_set(s->unreachable, ERR_UNAVAILABLE, "provider '%s' %s (%s): %s", s->provider->config->name,
          limit ? "is at a limit of its own" : "cannot be reached", failure_name(s->failure.kind),
          s->failure.message);
}

static void key_refused(struct call_state *s) {
  const struct llm_provider *p = s->provider->config;
  struct error e = {0};
  s->provider->key_refused = true;
  err_set(&e, ERR_AUTH, "provider '%s' does not take the key: %s", p->name, s->failure.message);
  err_hint(&e, "set a valid key in %s, then: quire resume %lld",
           p->key_env    ? p->key_env
           : p->key_file ? p->key_file
                         : "quire.lua",
           (long long)s->c->run);
  remember_key(s, &e);
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
static void end_with_pause(struct call_state *s, struct attempt_result *r) {
  struct llm_call *c = s->c;
  if (s->unreachable) {
    pause_call(s, ERR_UNAVAILABLE, LLM_PAUSE_PROVIDER);
    c->pause_until_ms = s->pause_until_ms;
    *call_error(s) = *s->unreachable;
    err_hint(call_error(s), "it is asked again automatically; quire resume %lld asks at once",
             (long long)c->run);
  } else {
    enum err why = s->key_missing->code;
    pause_call(s, why, why == ERR_AUTH ? LLM_PAUSE_KEY : LLM_PAUSE_MODEL);
    *call_error(s) = *s->key_missing;
  }
  if (!r) {
    end_call(s);
    return;
  }
  r->state = s->failure.kind == FAIL_TRUNCATED ? "truncated" : "failed";
  answer_post(s, r, FINISH_PAUSE);
}

/* This model will not answer now. What goes by itself comes before what a person has to do. */
static void next_model(struct call_state *s, struct attempt_result *r) {
  if (s->model + 1 < s->n_models) {
    if (r) write_failed_row(s, r);
    s->model++;
    s->stage = AT_START;
    call_kick(s, use_model);
  } else if (s->unreachable || s->key_missing) {
    end_with_pause(s, r);
  } else {
    end_with_error(s, r);
  }
}

static void retry_or_leave(struct call_state *s, struct attempt_result *r, int retries, bool lasting) {
  if (s->tries <= retries) {
    try_again(s, r, backoff_seconds(s));
    return;
  }
  if (!lasting) remember_pause(s, clock_wall_ms() + PAUSE_UNREACHABLE_MS);
  next_model(s, r);
}

static void after_limit(struct call_state *s, struct attempt_result *r) {
  double wait = s->failure.retry_after;
  if (s->failure.kind == FAIL_QUOTA ||
      wait > or_default(s->llm->settings->pause_over_s, default_pause_over)) {
    remember_pause(s, clock_wall_ms() + (wait > 0 ? (int64_t)(wait * 1000) : PAUSE_QUOTA_MS));
    next_model(s, r);
    return;
  }
  if (wait > 0) lane_hold(s->lane, clock_mono_ns() + (uint64_t)(wait * 1e9));
  retry_or_leave(s, r, retries_of(s), false);
}

/* Asks again at once with what was learnt from the refusal. Bounded: a server that refuses each form of a request gets no further one. */
static void learn(struct call_state *s, struct attempt_result *r) {
  if (s->relearns++ >= MOST_RELEARNS) {
    next_model(s, r);
    return;
  }
  learnt_add(s->llm->learnt, s->full_name, s->failure.learn);
  take_room(s);
  try_again(s, r, 0);
}

/* The model thought until there was no room left: it gets more, and so does each later call. Another call may have learnt it meanwhile. */
static void learn_room(struct call_state *s, struct attempt_result *r) {
  int64_t had = s->most_output, room = learnt_number(s->llm->learnt, s->full_name, "room");
  if (room_for(s) <= had && room < MOST_ROOM) {
    char more[40];
    snprintf(more, sizeof more, "{\"room\":%lld}", (long long)(room ? room * 2 : FIRST_ROOM));
    learnt_add(s->llm->learnt, s->full_name, more);
  }
  if (room_for(s) <= had || s->relearns++ >= MOST_RELEARNS) {
    next_model(s, r);
    return;
  }
  take_room(s);
  try_again(s, r, 0);
}

static void without_schema(struct call_state *s, struct attempt_result *r) {
  if (!s->c->schema || s->no_schema) {
    next_model(s, r);
    return;
  }
  learnt_add(s->llm->learnt, s->full_name, s->failure.learn);
  s->no_schema = true;
  try_again(s, r, 0);
}

static void after_failure(struct call_state *s, struct attempt_result *r) {
  switch (s->failure.kind) {
  case FAIL_AUTH:
    key_refused(s);
    next_model(s, r);
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
  case FAIL_REFUSAL: next_model(s, r); break;
  case FAIL_EMPTY:
    retry_or_leave(s, r, retries_of(s) < EMPTY_RETRIES ? retries_of(s) : EMPTY_RETRIES, true);
    break;
  default: retry_or_leave(s, r, retries_of(s), false);
  }
}

/* Servers of one's own with a small window (Ollama's is 2k to 4k unless it is told otherwise) cut a longer prompt and answer what
 * is left. The tokens that they say they read betray it: no tokenizer puts that many characters into one. Paid services refuse
 * instead, and are not judged by an estimate. Some tell only what was not in their cache: who has read more before has a larger window. */
static bool prompt_was_cut(struct call_state *s, const struct adapter_end *end) {
  int64_t read = end->has_usage ? end->usage.input : 0;
  int64_t characters = call_prompt_tokens(s->c) * CHARACTERS_A_TOKEN;
  bool own = strncmp(s->provider->config->base_url, "http://", 7) == 0;
  if (read < lane_most_read(s->lane, read)) return false;
  return own && read > 0 && characters > CUT_LEAST_CHARACTERS && characters > read * CUT_CHARACTERS_A_TOKEN;
}

static void fail_cut(struct call_state *s, const struct adapter_end *end) {
  s->failure.kind = FAIL_CONTEXT;
  snprintf(
      s->failure.message, sizeof s->failure.message,
      "the server read only %lld tokens of a prompt of about %lld and cut the rest without a word: its context window is too small. "
      "Give it a larger one (Ollama: adapter = \"ollama\", or OLLAMA_CONTEXT_LENGTH=32768 ollama serve)",
      (long long)end->usage.input, (long long)call_prompt_tokens(s->c));
}

/* An answer that is none: true when s->failure says so. */
static bool is_no_answer(struct call_state *s, const struct adapter_end *end) {
  bool refused = strcmp(end->stop, "refusal") == 0 || strcmp(end->stop, "filter") == 0;
  bool empty = s->text.len == 0;
  s->failure = (struct failure){.retry_after = -1};
  if (refused && (empty || s->model + 1 < s->n_models)) {
    s->failure.kind = FAIL_REFUSAL;
    snprintf(s->failure.message, sizeof s->failure.message, "the model refused (%s)", end->native_stop);
  } else if (prompt_was_cut(s, end)) {
    fail_cut(s, end);
  } else if (empty && strcmp(end->stop, "context") == 0) {
    s->failure.kind = FAIL_CONTEXT;
    snprintf(s->failure.message, sizeof s->failure.message, "the prompt is longer than the model's context");
  } else if (empty && strcmp(end->stop, "length") == 0) {
    s->failure.kind = FAIL_ROOM;
    snprintf(s->failure.message, sizeof s->failure.message,
             "all %lld tokens went into thinking before a word was written", (long long)s->most_output);
  } else if (empty) {
    s->failure.kind = FAIL_EMPTY;
    snprintf(s->failure.message, sizeof s->failure.message, "the answer has no text (%s)", end->native_stop);
  } else {
    return false;
  }
  return s->failed = true;
}

/* What is sent next is another request: no try of this one. */
static bool same_in_other_form(enum failure_kind kind) {
  return kind == FAIL_SCHEMA || kind == FAIL_SLIP || kind == FAIL_PARAMETER || kind == FAIL_ROOM;
}

void call_attempt_ended(struct call_state *s, const struct adapter_end *end) {
  struct attempt_result r = {0};
  struct adapter_end safe;
  if (end) {
    safe = *end; /* a provider's words may repeat the key */
    llm_scrub(s->llm, safe.native_stop, strlen(safe.native_stop));
    llm_scrub(s->llm, safe.model, strlen(safe.model));
    llm_scrub(s->llm, safe.request_id, strlen(safe.request_id));
    end = &safe;
  }
  bool answered = end && !is_no_answer(s, end);
  answer_usage(s, end, &r);
  settle(s, r.cost_nano);
  bool limited = !answered && (s->failure.kind == FAIL_RATE || s->failure.kind == FAIL_OVERLOADED);
  lane_leave(&s->ticket, answered ? LANE_ANSWERED : limited ? LANE_RATE_LIMITED : LANE_FAILED);
  s->tries += !(s->failed && same_in_other_form(s->failure.kind));
  if (!answered) {
    after_failure(s, &r);
    return;
  }
  if (failpoint("answer_received")) { /* as if it had never come */
    s->failed = true;
    s->failure =
        (struct failure){.kind = FAIL_NETWORK, .retry_after = -1, .message = "failpoint answer_received"};
    after_failure(s, &r);
    return;
  }
  r.state = "answered";
  answer_post(s, &r, FINISH_ANSWER);
}

/* ---- cancel ---- */

static void cancel_attempt(struct call_state *s) {
  struct attempt_result r = {0};
  answer_usage(s, NULL, &r);
  settle(s, r.cost_nano);
  attempt_clear(s);
  r.state = "cancelled";
  answer_post(s, &r, FINISH_ROW);
}

bool llm_call_live(const struct llm_call *c, struct llm_live *out) {
  const struct call_state *s = c->state;
  if (!s || s->stage != AT_STREAM || !s->n_live) return false;
  *out = (struct llm_live){.row = s->row, .attempt = s->attempts, .text = s->text.data, .n = s->n_live};
  return true;
}

bool llm_call_waits(const struct llm_call *c) {
  const struct call_state *s = c->state;
  return s &&
         (s->stage == AT_MONEY || s->stage == AT_LANE || s->stage == AT_STREAM || s->stage == AT_BACKOFF);
}

bool llm_call_in_flight(const struct llm_call *c) {
  const struct call_state *s = c->state;
  return s && (s->stage == AT_INTENT || s->stage == AT_STREAM || s->stage == AT_FINISH);
}

void llm_call_cancel(struct llm *llm, struct llm_call *c) {
  struct call_state *s = c->state;
  if (!s) return;
  switch (s->stage) {
  case AT_STREAM: cancel_attempt(s); break;
  case AT_INTENT: settle(s, 0); break; /* intent_landed writes the row's end */
  default: unsettle(s);
  }
  list_remove(&s->money);
  lane_leave(&s->ticket, LANE_FAILED);
  timer_clear(llm->loop, &s->timer);
  let_go(s);
  state_drop(s);
}
