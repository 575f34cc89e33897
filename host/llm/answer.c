/* answer.c - what is written down of a call: the intent before, the row and the journal entry after. Both ops own all they need: the
 * call may be cancelled while they wait for the writer. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "llm/cost.h"
#include "llm/internal.h"
#include "llm/letters.h"

/* ---- tokens and money ---- */

/* What an attempt took whose tokens nobody told: nothing when the provider refused it or was never reached. The one rule of what counts
 * as paid; the store books what this host did not live to see by the intent's risk. */
static void estimate(const struct call_state *s, struct call_usage *u) {
  struct tokens answered = {0};
  tokens_add(&answered, s->text.data, s->text.len);
  tokens_add(&answered, s->reasoning.data, s->reasoning.len);
  if (!answered.likely && !s->possibly_billed) return;
  u->input = s->prompt.likely;
  u->output = answered.likely;
  if (s->possibly_billed && s->provider->config->never_stops) u->output = s->most_output;
}

/* As a call that is cancelled before its first byte. Where the service writes on without us, nobody may be there to stop it. */
static int64_t risk_nano(const struct call_state *s) {
  bool writes_on = s->provider->config->never_stops || s->resumable;
  struct call_usage u = {.input = s->prompt.likely, .output = writes_on ? s->most_output : 0};
  return s->price ? cost_actual(s->price, &u) : -1;
}

/* What the provider told. What it did not tell, or told in numbers that cannot be (they come as 0), is estimated, each for itself. */
void answer_usage(const struct call_state *s, const struct adapter_end *end, struct attempt_result *r) {
  struct call_usage guess = {0};
  r->end = end;
  estimate(s, &guess);
  if (end && end->has_usage) r->usage = end->usage;
  r->estimated = (!r->usage.input && guess.input) || (!r->usage.output && guess.output);
  if (!r->usage.input) r->usage.input = guess.input;
  if (!r->usage.output) r->usage.output = guess.output;
  bool nothing = !r->usage.input && !r->usage.output;
  r->price_known = s->price || nothing || (end && end->cost_usd >= 0);
  r->cost_nano = end && end->cost_usd >= 0
                     ? (int64_t)llround(end->cost_usd * 1e9)
                     : cost_in_tier(s->price, s->served, cost_actual(s->price, &r->usage));
}

/* ---- the intent ---- */

struct intent_op {
  struct op_call_intent op;
  struct post post;
  struct loop *loop;
  struct call_state *call;
  char *memory, *params;
};

static void kept_post(struct call_state *s, struct op_call_intent *intent);

/* To the role's model that has the question under way; from here on as if those before it had been asked. */
static void go_to(struct call_state *s, const char *model) {
  size_t i = s->model + 1;
  while (i < s->n_models && strcmp(s->models[i], model) != 0) i++;
  s->attempts--;
  if (i < s->n_models) {
    call_unsent(s);
    s->model = i;
    s->stage = AT_START;
    call_kick(s, call_use_model);
  } else { /* it is none of the role's any more */
    s->only_here = true;
    intent_post(s);
  }
}

static void intent_landed(struct post *post) {
  struct intent_op *op = list_owner(post, struct intent_op, post);
  struct call_state *s = op->call;
  s->row = op->op.id;
  enum err err = op->op.op.err;
  struct error e = op->op.op.error;
  bool kept = err == OK && op->op.kept, taken_up = err == OK && op->op.taken_up;
  if (s->c && kept) kept_post(s, &op->op);
  char *elsewhere = err == OK && op->op.elsewhere ? mem_dup(op->op.elsewhere) : NULL;
  if (taken_up) snprintf(s->handle, sizeof s->handle, "%s", op->op.taken_up);
  s->resuming = taken_up;
  free(op->memory);
  free(op->params);
  op->op.op.kind->free(&op->op.op);
  if (s->c && kept) {
    call_unsent(s);
  } else if (s->c && elsewhere) {
    go_to(s, elsewhere);
  } else if (s->c && err == OK) {
    attempt_send(s);
  } else if (s->c) {
    call_fail(s, err, &e);
  } else if (err == OK && !kept && !taken_up && !elsewhere &&
             s->llm) { /* cancelled meanwhile: nothing was sent */
    answer_post(s, &(struct attempt_result){.state = "cancelled", .price_known = true}, FINISH_ROW);
  }
  free(elsewhere);
  state_drop(s);
}

static void intent_done(struct store_op *base) {
  struct intent_op *op = (struct intent_op *)base;
  loop_post(op->loop, &op->post);
}

/* Parameters as the row keeps them: what a replay of this one call needs beside its blocks. */
static char *params_of(const struct call_state *s) {
  const struct llm_call *c = s->c;
  json_t *v = json_object();
  json_object_set_new(v, "max_tokens", json_integer(s->most_output));
  json_object_set_new(v, "max_words", json_integer(c->max_words));
  if (!isnan(c->temperature)) json_object_set_new(v, "temperature", json_real(c->temperature));
  if (c->reasoning) json_object_set_new(v, "reasoning", json_string(c->reasoning));
  if (c->ask_key) json_object_set_new(v, "key", json_string(c->ask_key));
  if (c->schema) json_object_set(v, "schema", (json_t *)(uintptr_t)c->schema);
  if (c->extra) json_object_set(v, "extra", (json_t *)(uintptr_t)c->extra);
  if (s->no_schema) json_object_set_new(v, "without_schema", json_true());
  if (s->tier != TIER_STANDARD) json_object_set_new(v, "tier", json_string(llm_tier_word(s->tier)));
  char *text = jsonx_dumps(v);
  json_decref(v);
  return text ? text : mem_dup("{}");
}

static size_t room(const char *s) {
  return s ? strlen(s) + 1 : 0;
}

static const char *put(char **at, const char *s) {
  if (!s) return NULL;
  char *start = *at;
  memcpy(start, s, strlen(s) + 1);
  *at += strlen(s) + 1;
  return start;
}

/* One block of memory for the list of blocks, their texts and all names. */
static void copy_into(struct intent_op *op, const struct call_state *s) {
  const struct llm_call *c = s->c;
  const struct llm_provider *p = s->provider->config;
  size_t size = c->n_blocks * sizeof(struct call_block) + room(c->key.scope) + room(c->key.kind) +
                room(c->role) + room(p->name) + room(s->model_name) + room(c->reads);
  for (size_t i = 0; i < c->n_blocks; i++) size += c->blocks[i].n + room(c->blocks[i].name);
  op->memory = mem_alloc(size);
  struct call_block *blocks = (struct call_block *)(void *)op->memory;
  char *at = op->memory + c->n_blocks * sizeof *blocks;
  for (size_t i = 0; i < c->n_blocks; i++) {
    blocks[i] = c->blocks[i];
    if (blocks[i].n) memcpy(at, c->blocks[i].text, blocks[i].n);
    blocks[i].text = at;
    at += blocks[i].n;
    blocks[i].name = put(&at, c->blocks[i].name);
  }
  op->op.blocks = blocks;
  op->op.n_blocks = c->n_blocks;
  op->op.key = c->key;
  op->op.key.scope = put(&at, c->key.scope);
  op->op.key.kind = put(&at, c->key.kind);
  op->op.role = put(&at, c->role);
  op->op.provider = put(&at, p->name);
  op->op.model = put(&at, s->model_name);
  op->op.reads = put(&at, c->reads);
}

void intent_post(struct call_state *s) {
  struct intent_op *op = mem_alloc(sizeof *op);
  op->op.op.kind = &op_call_intent_kind;
  op->op.op.done = intent_done;
  op->op.op.line = s->c->line;
  op->op.op.builds = s->c->line != NULL;
  op->op.run = s->c->run;
  op->op.epoch = s->c->epoch;
  op->op.attempt = ++s->attempts;
  op->op.anew = s->c->anew;
  op->op.only_here = s->only_here;
  op->op.risk_nano = risk_nano(s);
  op->op.risk_tokens = s->prompt.likely;
  op->post.fn = intent_landed;
  op->loop = s->llm->loop;
  op->call = s;
  op->op.params = op->params = params_of(s);
  copy_into(op, s);
  s->kept_there = false;
  s->resumes = 0;
  if (s->resumable)
    call_name(s);
  else
    s->handle[0] = 0;
  if (s->resumable) op->op.handle = s->handle;
  s->stage = AT_INTENT;
  state_hold(s);
  store_post(s->llm->store, &op->op.op);
}

/* ---- the one normal form ---- */

/* A JSON string of what a provider sent, whatever that was. */
static json_t *text_value(const char *s, size_t n) {
  json_t *v = json_stringn(s, n);
  if (v) return v;
  struct buf b;
  buf_init(&b, 3 * n + 1);
  buf_append(&b, s, n);
  letters_mend(&b, 0, true);
  v = json_stringn(b.data, b.len);
  buf_release(&b);
  return v ? v : json_string("");
}
static json_t *string_value(const char *s) {
  return text_value(s, strlen(s));
}

static int64_t ms_between(uint64_t from, uint64_t to) {
  return from && to > from ? (int64_t)((to - from) / 1000000) : 0;
}

static const char *request_id(const struct call_state *s, const struct adapter_end *end) {
  return s->request_id[0] || !end ? s->request_id : end->request_id;
}

static char *dump(json_t *v) {
  char *text = jsonx_dumps(v);
  json_decref(v);
  return text;
}

static char *answer_json(const struct call_state *s, const struct attempt_result *r, int64_t ttft,
                         int64_t total) {
  json_t *v = json_object();
  json_object_set_new(v, "text", text_value(s->text.data, s->text.len));
  json_object_set_new(v, "reasoning", text_value(s->reasoning.data, s->reasoning.len));
  json_object_set_new(v, "stop", string_value(r->end->stop));
  json_object_set_new(v, "native_stop", string_value(r->end->native_stop));
  json_object_set_new(v, "usage",
                      json_pack("{s:I,s:I,s:I,s:I,s:I}", "input", (json_int_t)r->usage.input, "cached_read",
                                (json_int_t)r->usage.cached_read, "cache_write",
                                (json_int_t)r->usage.cache_write, "output", (json_int_t)r->usage.output,
                                "reasoning", (json_int_t)r->usage.reasoning));
  if (r->price_known) json_object_set_new(v, "cost_nano", json_integer(r->cost_nano));
  json_object_set_new(v, "model", string_value(s->full_name));
  if (call_is_rehearsed(s)) json_object_set_new(v, "rehearsal", json_true());
  json_object_set_new(v, "request_id", string_value(request_id(s, r->end)));
  json_object_set_new(v, "ttft_ms", json_integer(ttft));
  json_object_set_new(v, "total_ms", json_integer(total));
  json_object_set_new(v, "attempts", json_integer(s->attempts));
  return dump(v);
}

static char *error_json(const struct call_state *s) {
  json_t *error = json_object(), *v = json_object();
  json_object_set_new(error, "kind", json_string("provider"));
  json_object_set_new(error, "reason", json_string(failure_name(s->failure.kind)));
  json_object_set_new(error, "message", string_value(s->c->error->message));
  json_object_set_new(error, "retryable", json_boolean(s->c->retryable));
  json_object_set_new(error, "provider_text", string_value(s->failure.message));
  if (s->failure.kind == FAIL_TOO_LARGE)
    json_object_set_new(
        error, "hint",
        json_string("the same request would be refused again: choose a model that takes more, or"
                    " raise the limit of the proxy"));
  json_object_set_new(error, "request_id", string_value(s->request_id));
  json_object_set_new(v, "error", error);
  return dump(v);
}

/* ---- the end of an attempt ---- */

struct finish_op {
  struct op_call_finish op;
  struct post post;
  struct loop *loop;
  struct call_state *call; /* NULL: nobody waits for it */
  struct llm *llm;
  char *names;
  size_t n_early; /* bytes of its result */
  void (*landed)(void *arg, size_t n, enum err err, const struct error *e);
  void *landed_arg;
};

static void finish_landed(struct post *post) {
  struct finish_op *op = list_owner(post, struct finish_op, post);
  struct call_state *s = op->call;
  if (op->landed) op->landed(op->landed_arg, op->n_early, op->op.op.err, &op->op.op.error);
  if (s && s->c) {
    struct llm_call *c = s->c;
    c->result = op->op.result;
    c->n_result = c->result ? strlen(c->result) : 0;
    op->op.result = NULL;
    c->at_ms = op->op.entry.at_ms;
    c->entry_seq = op->op.entry.seq;
    call_finished(s, op->op.op.err, &op->op.op.error);
  }
  free(op->names);
  op->op.op.kind->free(&op->op.op);
  if (s) state_drop(s);
}

static void finish_done(struct store_op *base) {
  struct finish_op *op = (struct finish_op *)base;
  loop_post(op->loop, &op->post);
}

static void add_entry(struct finish_op *op, const struct call_state *s) {
  struct llm_call *c = s->c;
  op->names = mem_alloc(room(c->key.scope) + room(c->key.kind));
  char *at = op->names;
  op->op.entry = (struct journal_entry){.run = c->run,
                                        .epoch = c->epoch,
                                        .seq = ++*c->seq,
                                        .key = c->key,
                                        .call_id = s->row,
                                        .supersedes = c->supersedes,
                                        .at_ms = clock_wall_ms()};
  op->op.entry.key.scope = put(&at, c->key.scope);
  op->op.entry.key.kind = put(&at, c->key.kind);
}

static struct finish_op *finish_new(const struct call_state *s, int64_t row, const char *state) {
  struct finish_op *op = mem_alloc(sizeof *op);
  op->op.op.kind = &op_call_finish_kind;
  op->op.op.done = finish_done;
  op->post.fn = finish_landed;
  op->loop = s->llm->loop;
  op->op.id = row;
  op->op.run = s->ticket.run;
  op->op.state = state;
  if (s->c) op->op.epoch = s->c->epoch;
  return op;
}

/* `done` of the call waits for it. */
static void finish_await(struct call_state *s, struct finish_op *op) {
  s->stage = AT_FINISH;
  op->call = s;
  state_hold(s);
}

static void done_early(struct call_state *s) {
  call_finished(s, OK, NULL);
}

/* The caller goes on with a copy of what is on its way to the disk. */
static void hand_back(struct call_state *s, struct finish_op *op, size_t n) {
  struct llm_call *c = s->c;
  op->op.op.line = c->line;
  op->op.op.early = true;
  op->n_early = n;
  op->landed = c->landed;
  op->landed_arg = c->landed_arg;
  c->result = mem_dup_n(op->op.result, n);
  c->n_result = n;
  c->at_ms = op->op.entry.at_ms;
  c->entry_seq = op->op.entry.seq;
  s->stage = AT_FINISH;
  call_kick(s, done_early);
}

/* The question was answered before, by a call whose run had moved on: only the entry is written. */
static void kept_post(struct call_state *s, struct op_call_intent *intent) {
  struct finish_op *op = finish_new(s, s->row = intent->kept, "answered");
  op->op.result = intent->kept_result;
  intent->kept_result = NULL;
  add_entry(op, s);
  op->op.entry.once = true; /* its row has ended */
  if (s->c->placed) s->c->placed(s->c, false, 0);
  finish_await(s, op);
  store_post(s->llm->store, &op->op.op);
}

static char *take_text(struct buf *b) {
  return b->len ? buf_take(b) : NULL;
}
static char *dup_unless_empty(const char *s) {
  return *s ? mem_dup(s) : NULL;
}

void answer_post(struct call_state *s, const struct attempt_result *r, enum finish_mode mode) {
  struct finish_op *op = finish_new(s, s->row, r->state);
  uint64_t now = clock_mono_ns();
  letters_mend(&s->text, 0, true);
  letters_mend(&s->reasoning, 0, true);
  llm_scrub(s->llm, s->text.data, s->text.len);
  llm_scrub(s->llm, s->reasoning.data, s->reasoning.len);
  op->op.http_status = s->status;
  op->op.usage = r->usage;
  op->op.usage_estimated = r->estimated;
  op->op.price_known = r->price_known;
  op->op.cost_nano = r->cost_nano;
  op->op.ttft_ms = ms_between(s->sent_ns, s->first_ns);
  op->op.total_ms = ms_between(s->sent_ns, now);
  op->op.request_id = dup_unless_empty(request_id(s, r->end));
  if (r->end) {
    op->op.stop = mem_dup(r->end->stop);
    op->op.native_stop = dup_unless_empty(r->end->native_stop);
    op->op.model_returned = dup_unless_empty(r->end->model);
  }
  if (s->failed) op->op.error = mem_printf("%s: %s", failure_name(s->failure.kind), s->failure.message);
  if (mode == FINISH_ANSWER) op->op.result = answer_json(s, r, op->op.ttft_ms, op->op.total_ms);
  if (mode == FINISH_ERROR) op->op.result = error_json(s);
  bool entry = mode == FINISH_ANSWER || mode == FINISH_ERROR;
  if (entry) add_entry(op, s);
  op->op.answer = take_text(&s->text);
  op->op.reasoning = take_text(&s->reasoning);
  size_t n = entry && op->op.result ? strlen(op->op.result) : 0;
  if (entry && s->c->placed && s->c->placed(s->c, mode == FINISH_ANSWER && n, n)) {
    hand_back(s, op, n);
    store_post_later(s->llm->store, &op->op.op);
    return;
  }
  if (mode != FINISH_ROW) finish_await(s, op);
  store_post(s->llm->store, &op->op.op);
}
