/* call.c - the life of one model call: a function for each state.
 *
 *   start -> call_use_model -> call_reserve (money, calls; reserve.c) -> lane (limits) -> intent_post (durable) -> attempt_send -> stream
 *     -> call_attempt_ended: answered -> row + journal entry durable -> done
 *                            may work yet -> row, back-off -> call_reserve
 *                            will never work there -> row, call_use_model (the role's next)
 *                            nothing left -> row + journaled error, or row and a pause -> done
 *
 * The caller's struct is only touched while s->c is set. `done` comes from a post or a timer of the loop, never from llm_call_start. */
#include <stdlib.h>
#include <string.h>
#include "base/failpoint.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "llm/cost.h"
#include "llm/internal.h"

enum {
  SCHEMA_WORDS = 24,       /* tokens of what is said around a schema */
  MESSAGE_MOST = 50,       /* tokens that a service may add to a request */
  CUT_LEAST_TOKENS = 1500, /* shorter prompts fit everywhere */
};

/* ---- lifetime ---- */

void state_hold(struct call_state *s) {
  s->refs++;
}

void state_drop(struct call_state *s) {
  if (--s->refs) return;
  list_remove(&s->node);
  list_remove(&s->key_wait);
  buf_release(&s->text);
  buf_release(&s->reasoning);
  buf_release(&s->body);
  buf_release(&s->held);
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

void call_end(struct call_state *s) {
  struct llm_call *c = let_go(s);
  void (*done)(struct llm_call *) = c->done;
  state_drop(s);
  if (done) done(c);
}

/* ---- models ---- */

/* The blocks, and the form that the answer is to have: services that take a schema beside the prompt put it into the prompt themselves, and bill
 * it; for those that take none it is in the prompt (common.lua). */
static struct tokens prompt_tokens(const struct llm_call *c) {
  struct tokens t = {0};
  for (size_t i = 0; i < c->n_blocks; i++) tokens_add(&t, c->blocks[i].text, c->blocks[i].n);
  char *schema = c->schema ? jsonx_dumps(c->schema) : NULL;
  if (schema) {
    tokens_add(&t, schema, strlen(schema));
    t.likely += SCHEMA_WORDS;
  }
  t.most += MESSAGE_MOST;
  free(schema);
  return t;
}

/* The first key, or provider, of the role's models that is missing or refused: told when no other model answers either. */
void call_remember_key(struct call_state *s, const struct error *e) {
  if (s->key_missing) return;
  s->key_missing = mem_alloc(sizeof *s->key_missing);
  *s->key_missing = *e;
}

/* Tokens for the answer and the thinking before it, as far as the model gives them. What it needed beside is learnt. */
int64_t call_room_for(const struct call_state *s) {
  struct facts *f = s->llm->facts;
  int64_t most = facts_number(f, s->full_name, "max_output");
  int64_t room = cost_output_tokens(s->c->max_words, s->effort) + facts_number(f, s->full_name, "room");
  if (!s->effort) room += facts_thought(f, s->full_name);
  return most > 0 && room > most ? most : room;
}

void call_take_room(struct call_state *s) {
  s->most_output = call_room_for(s);
  s->ticket.tokens = s->prompt.most + s->most_output;
}

/* What is submitted is fetched later: by a handle, whatever the provider's settings say of other answers. */
void call_set_tier(struct call_state *s, size_t at) {
  s->tier_at = at;
  s->tier = s->tiers ? s->tiers->list[at] : TIER_STANDARD;
  bool fetched = s->tier == TIER_BATCH && adapter_batches(s->adapter);
  s->resumable = !llm_is_embedded(s->provider->config) && (s->provider->config->resumable || fetched);
}

/* Whatever its provider is called: a book by the rehearsal model is labelled as one, also when the settings have changed (store/calls_who.c). */
static void note_rehearsal(struct call_state *s) {
  const struct llm_provider *p = s->provider->config;
  bool is = strcmp(p->adapter, "rehearsal") == 0;
  if (s->llm->settings->rehearses || strcmp(p->name, "rehearsal") == 0 || is == call_is_rehearsed(s)) return;
  facts_learn(s->llm->facts, s->full_name, is ? "{\"rehearsal\":true}" : "{\"rehearsal\":false}");
}

bool call_is_rehearsed(const struct call_state *s) {
  return json_is_true(json_object_get(facts_of(s->llm->facts, s->full_name), "rehearsal"));
}

void call_use_model(struct call_state *s) {
  struct llm_call *c = s->c;
  const char *full = s->models[s->model], *name;
  struct error e = {0};
  struct provider *p = llm_provider(s->llm, full, &name);
  if (p && key_await(s, p)) return;
  enum err err = llm_ready(s->llm, full, &e);
  if (err == ERR_AUTH || (err == ERR_CONFIG && !p)) {
    call_remember_key(s, &e);
    call_next_model(s, NULL);
    return;
  }
  if (err == ERR_UNAVAILABLE) {
    s->provider = p;
    call_key_is_late(s, &e);
    return;
  }
  if (err != OK) {
    call_fail(s, err, &e);
    return;
  }
  s->full_name = full;
  s->provider = p;
  s->model_name = name;
  s->adapter = llm_adapter(s->llm, p->config->adapter, NULL);
  note_rehearsal(s);
  s->effort = facts_effort(s->llm->facts, full, c->reasoning);
  s->price = llm_price(s->llm, full);
  s->tiers = llm_role_tiers(s->llm, c->role);
  call_set_tier(s, 0);
  s->lane = limits_lane(s->llm->limits, full, p->config->concurrency, p->config->requests_per_minute,
                        p->config->tokens_per_minute);
  s->tries = s->relearns = 0;
  s->no_schema = s->slipped = false;
  s->ticket = (struct lane_ticket){.run = c->run, .granted = call_granted, .arg = s};
  call_take_room(s);
  call_reserve(s);
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
  s->prompt = prompt_tokens(c);
  call_use_model(s);
}

void llm_call_start(struct llm *llm, struct llm_call *c) {
  struct call_state *s = mem_alloc(sizeof *s);
  s->llm = llm;
  s->c = c;
  s->refs = 1;
  s->timer = (struct timer){.fn = timer_over, .arg = s};
  s->ticket.run = c->run;
  list_init(&s->money);
  list_init(&s->key_wait);
  buf_init(&s->text, MAX_ANSWER_BYTES);
  buf_init(&s->reasoning, MAX_ANSWER_BYTES);
  buf_init(&s->body, MAX_ANSWER_BYTES);
  buf_init(&s->held, MAX_ANSWER_BYTES);
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
    struct attempt_result r = {.price_known = true};
    if (s->resuming) answer_usage(s, NULL, &r); /* the service has written it, whatever broke here */
    r.state = "failed";
    call_settle(s, s->resuming ? &r : NULL);
    answer_post(s, &r, FINISH_ROW);
  }
  call_unsettle(s);
  lane_leave(&s->ticket, LANE_FAILED);
  c->err = err;
  *call_error(s) = *e;
  c->error->code = err;
  call_end(s);
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
  call_end(s);
}

void call_unsent(struct call_state *s) {
  call_unsettle(s);
  lane_leave(&s->ticket, LANE_ANSWERED);
}

/* ---- after an attempt ---- */

/* Servers of one's own with a small window (Ollama's is 2k to 4k unless it is told otherwise) cut a longer prompt and answer what
 * is left. The tokens that they say they read betray it: no tokenizer makes so few. Paid services refuse
 * instead, and are not judged by an estimate. Some tell only what was not in their cache: who has read more before has a larger window. */
static bool prompt_was_cut(struct call_state *s, const struct adapter_end *end) {
  int64_t read = end->has_usage ? end->usage.input : 0;
  bool own = strncmp(s->provider->config->base_url, "http://", 7) == 0;
  if (read < lane_most_read(s->lane, read)) return false;
  return own && read > 0 && s->prompt.likely > CUT_LEAST_TOKENS && read < s->prompt.fewest * 3 / 5;
}

static void fail_cut(struct call_state *s, const struct adapter_end *end) {
  s->failure.kind = FAIL_CONTEXT;
  snprintf(
      s->failure.message, sizeof s->failure.message,
      "the server read only %lld tokens of a prompt of about %lld and cut the rest without a word: its context window is too small. "
      "Give it a larger one (Ollama: adapter = \"ollama\", or OLLAMA_CONTEXT_LENGTH=32768 ollama serve)",
      (long long)end->usage.input, (long long)s->prompt.likely);
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
  if (!end && call_resumes(s)) return;
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
  call_settle(s, &r);
  bool limited = !answered && (s->failure.kind == FAIL_RATE || s->failure.kind == FAIL_OVERLOADED);
  lane_leave(&s->ticket, answered ? LANE_ANSWERED : limited ? LANE_RATE_LIMITED : LANE_FAILED);
  s->tries += !(s->failed && same_in_other_form(s->failure.kind));
  if (!answered) {
    call_after_failure(s, &r);
    return;
  }
  if (failpoint("answer_received")) { /* as if it had never come */
    s->failed = true;
    s->failure =
        (struct failure){.kind = FAIL_NETWORK, .retry_after = -1, .message = "failpoint answer_received"};
    call_after_failure(s, &r);
    return;
  }
  r.state = "answered";
  answer_post(s, &r, FINISH_ANSWER);
}

/* ---- cancel ---- */

static void cancel_attempt(struct call_state *s) {
  struct attempt_result r = {0};
  answer_usage(s, NULL, &r);
  call_settle(s, &r);
  attempt_clear(s);
  if (s->handle[0]) call_cancel_there(s);
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
  return s && (s->stage == AT_KEY || s->stage == AT_MONEY || s->stage == AT_LANE || s->stage == AT_STREAM ||
               s->stage == AT_RESUME || s->stage == AT_BACKOFF);
}

bool llm_call_in_flight(const struct llm_call *c) {
  const struct call_state *s = c->state;
  if (!s || (s->stage == AT_STREAM && s->kept_there)) return false;
  return s->stage == AT_INTENT || s->stage == AT_STREAM || s->stage == AT_FINISH;
}

static void part(struct llm *llm, struct call_state *s) {
  list_remove(&s->money);
  list_remove(&s->key_wait);
  lane_leave(&s->ticket, LANE_FAILED);
  timer_clear(llm->loop, &s->timer);
  let_go(s);
  state_drop(s);
}

void llm_call_cancel(struct llm *llm, struct llm_call *c) {
  struct call_state *s = c->state;
  if (!s) return;
  switch (s->stage) {
  case AT_STREAM:
  case AT_RESUME: cancel_attempt(s); break;
  case AT_INTENT: call_settle(s, NULL); break; /* intent_landed writes the row's end */
  default: call_unsettle(s);
  }
  part(llm, s);
}

void llm_call_leave(struct llm *llm, struct llm_call *c) {
  struct call_state *s = c->state;
  if (!s || !s->handle[0] || (s->stage != AT_STREAM && s->stage != AT_RESUME)) {
    llm_call_cancel(llm, c);
    return;
  }
  call_unsettle(s); /* it counts when it has ended */
  attempt_clear(s);
  part(llm, s);
}
