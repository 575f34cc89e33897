/* call.c - see call.h. */
#include "view/call.h"

#include <stdlib.h>
#include <string.h>

#include "base/jsonx.h"
#include "store/runs.h"
#include "view/words.h"

void view_rehearsal(struct db *db, int64_t run, int64_t project, json_t *v) {
  bool rehearsed = false;
  if (calls_rehearsed(db, run, project, &rehearsed) == OK)
    json_object_set_new(v, "rehearsal", json_boolean(rehearsed));
}

json_t *view_call(const struct call_row *k) {
  json_t *v = json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:I, s:I}", "call", (json_int_t)k->id, "scope",
                        view_text(k->scope), "role", view_text(k->role), "provider", view_text(k->provider),
                        "model", view_text(k->model), "state", view_text(k->state), "attempt",
                        (json_int_t)k->attempt, "epoch", (json_int_t)k->epoch);
  json_t *usage =
      json_pack("{s:I, s:I, s:I, s:I, s:I}", "input", (json_int_t)k->usage.input, "cached_read",
                (json_int_t)k->usage.cached_read, "cache_write", (json_int_t)k->usage.cache_write, "output",
                (json_int_t)k->usage.output, "reasoning", (json_int_t)k->usage.reasoning);
  json_object_set_new(v, "usage", usage);
  json_object_set_new(v, "usage_estimated", json_boolean(k->usage_estimated));
  json_object_set_new(v, "cost_usd", k->price_known ? json_real((double)k->cost_nano / 1e9) : json_null());
  json_object_set_new(v, "ttft_ms", json_integer(k->ttft_ms));
  json_object_set_new(v, "total_ms", json_integer(k->total_ms));
  json_object_set_new(v, "stop", view_text(k->stop));
  json_object_set_new(v, "http_status", json_integer(k->http_status));
  json_object_set_new(v, "error", view_text(k->error));
  json_object_set_new(v, "run", json_integer(k->run));
  json_object_set_new(v, "model_returned", view_text(k->model_returned));
  json_object_set_new(v, "request_id", view_text(k->request_id));
  view_set_time(v, "created", k->created_at);
  view_set_time(v, "ended", k->ended_at);
  return v;
}

/* ---- all of a call */

static void add_block(void *arg, const struct call_block *block) {
  json_t *text = json_stringn(block->text, block->n);
  json_t *v = json_pack("{s:o, s:b, s:I}", "text", text ? text : json_string("(not UTF-8)"), "stable",
                        block->stable, "bytes", (json_int_t)block->n);
  view_set_text(v, "name", block->name);
  json_array_append_new(arg, v);
}

static void take_call(void *arg, const struct call_row *k) {
  json_t *v = view_call(k);
  json_object_set_new(v, "params", view_parsed(k->params));
  json_object_set_new(v, "answer", view_text(k->answer));
  json_object_set_new(v, "reasoning", view_text(k->reasoning));
  json_object_set_new(v, "native_stop", view_text(k->native_stop));
  *(json_t **)arg = v;
}

static void add_attempt(void *arg, const struct call_row *k) {
  json_array_append_new(arg, view_call(k));
}

static void add_replay(void *arg, const struct run_row *r) {
  json_array_append_new(
      arg, json_pack("{s:I, s:s}", "run", (json_int_t)r->id, "status", run_status_word(r->status)));
}

/* In single quotes, for a shell. */
static void quote(struct buf *b, const char *s) {
  buf_putc(b, '\'');
  for (; *s; s++)
    if (*s == '\'')
      buf_puts(b, "'\\''");
    else
      buf_putc(b, *s);
  buf_putc(b, '\'');
}

/* The question in the form that most providers understand; what an adapter adds or renames is not in it. */
static json_t *curl_text(const json_t *call) {
  const json_t *blocks = json_object_get(call, "blocks"), *block;
  struct buf prompt, b;
  buf_init(&prompt, MAX_JSON_BYTES);
  buf_init(&b, MAX_JSON_BYTES);
  size_t i;
  json_array_foreach(blocks, i, block) buf_puts(&prompt, jsonx_str(block, "text", ""));
  json_t *body = json_pack("{s:s, s:[{s:s, s:o}]}", "model", jsonx_str(call, "model", ""), "messages", "role",
                           "user", "content", view_text(prompt.data));
  char *text = jsonx_dumps(body);
  buf_puts(&b, "curl \"$BASE_URL/chat/completions\" -H \"Authorization: Bearer $KEY\" "
               "-H 'Content-Type: application/json' -d ");
  quote(&b, text ? text : "{}");
  json_t *out = view_text(b.data);
  free(text);
  json_decref(body);
  buf_release(&prompt);
  buf_release(&b);
  return out;
}

enum err view_call_whole(struct db *db, int64_t call, json_t **out, struct error *e) {
  json_t *v = NULL;
  enum err err = call_get(db, call, take_call, &v, e);
  if (err != OK) return err;
  json_t *blocks = json_array(), *attempts = json_array(), *replays = json_array();
  int64_t seq = 0;
  err = call_seq(db, call, &seq);
  if (seq) json_object_set_new(v, "seq", json_integer(seq));
  if (err == OK) err = call_blocks_each(db, call, add_block, blocks);
  if (err == OK) err = call_attempts(db, call, add_attempt, attempts);
  if (err == OK) err = runs_replaying(db, call, add_replay, replays);
  json_object_set_new(v, "replays", replays);
  json_object_set_new(v, "blocks", blocks);
  json_object_set_new(v, "attempts", attempts);
  json_object_set_new(v, "curl", curl_text(v));
  if (err == OK) {
    *out = v;
    return OK;
  }
  json_decref(v);
  return db_error(db, e);
}
