/* rehearsal_speech.c - the dialects beside chat completions (rehearsal_wire.c): one section each, then the table of addresses. */
#include "rehearsal/rehearsal_speech.h"

#include <stdio.h>
#include <string.h>
#include "base/jsonx.h"
#include "rehearsal/rehearsal_speech_read.h"
#include "rehearsal/rehearsal_wire.h"

void speech_put(const struct speech *speech, json_t *v, struct buf *out) {
  const char *type = json_string_value(json_object_get(v, "type"));
  if (type && !speech->lines) buf_printf(out, "event: %s\n", type);
  if (!speech->lines) buf_puts(out, "data: ");
  (void)jsonx_canonical(v, out); /* our own words, and few */
  buf_puts(out, speech->lines ? "\n" : "\n\n");
  json_decref(v);
}

void speech_put_error(const struct speech *speech, const char *message, const char *type, struct buf *out) {
  json_t *v = speech->flat_errors ? json_pack("{s:s, s:s, s:s, s:n, s:i}", "type", "error", "code", type,
                                              "message", message, "param", "sequence_number", 1)
                                  : speech->error(500, message, type, type);
  speech_put(speech, v, out);
}

static void put_document(json_t *v, struct buf *out) {
  (void)jsonx_canonical(v, out); /* our own words, and few */
  json_decref(v);
}

static json_t *text_of(const char *text, size_t n) {
  return json_stringn_nocheck(text, n);
}

/* Our own word for the end in theirs: the three in the order stop, length, content_filter. */
static const char *word_for(const struct rehearsal_stream *s, const char *stop, const char *length,
                            const char *filter) {
  if (strcmp(s->finish, "length") == 0) return length;
  return s->refusal || strcmp(s->finish, "content_filter") == 0 ? filter : stop;
}

static bool tells(const struct rehearsal_stream *s) {
  return s->told != USAGE_MISSING;
}

/* ---- Messages */

static json_t *messages_usage(const struct rehearsal_stream *s, long long output) {
  const struct rehearsal_usage *u = &s->usage;
  return json_pack("{s:I, s:I, s:I, s:I}", "input_tokens", (json_int_t)(u->input - u->cached_read),
                   "cache_read_input_tokens", (json_int_t)u->cached_read, "cache_creation_input_tokens",
                   (json_int_t)0, "output_tokens", (json_int_t)output);
}

static json_t *messages_message(const struct rehearsal_stream *s, json_t *content, json_t *stop,
                                long long output) {
  json_t *m =
      json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:n}", "id", s->id, "type", "message", "role", "assistant",
                "model", s->model, "content", content, "stop_reason", stop, "stop_sequence");
  if (tells(s)) json_object_set_new(m, "usage", messages_usage(s, output));
  return m;
}

static const char *messages_stop(const struct rehearsal_stream *s) {
  return word_for(s, "end_turn", "max_tokens", "refusal");
}

static void messages_begin(struct rehearsal_stream *s, struct buf *out) {
  speech_put(&speech_messages,
             json_pack("{s:s, s:o}", "type", "message_start", "message",
                       messages_message(s, json_array(), json_null(), 1)),
             out);
  speech_put(&speech_messages, json_pack("{s:s}", "type", "ping"), out);
}

static void messages_block(int index, const char *type, const char *field, struct buf *out) {
  speech_put(&speech_messages,
             json_pack("{s:s, s:i, s:{s:s, s:s}}", "type", "content_block_start", "index", index,
                       "content_block", "type", type, field, ""),
             out);
}

static void messages_delta(int index, const char *type, const char *field, json_t *text, struct buf *out) {
  speech_put(&speech_messages,
             json_pack("{s:s, s:i, s:{s:s, s:o}}", "type", "content_block_delta", "index", index, "delta",
                       "type", type, field, text),
             out);
}

static void messages_close(int index, struct buf *out) {
  speech_put(&speech_messages, json_pack("{s:s, s:i}", "type", "content_block_stop", "index", index), out);
}

static int text_index(const struct rehearsal_stream *s) {
  return s->n_thought ? 1 : 0;
}

static void messages_thought(struct rehearsal_stream *s, struct buf *out) {
  messages_block(0, "thinking", "thinking", out);
  messages_delta(0, "thinking_delta", "thinking", text_of(s->thought, s->n_thought), out);
  messages_delta(0, "signature_delta", "signature", json_string("c2lnbmF0dXJl"), out);
  messages_close(0, out);
}

static void messages_text(struct rehearsal_stream *s, int choice, const char *text, size_t n,
                          struct buf *out) {
  if (choice) return;
  if (s->piece == 0) messages_block(text_index(s), "text", "text", out);
  messages_delta(text_index(s), "text_delta", "text", text_of(text, n), out);
}

static void messages_last(struct rehearsal_stream *s, struct buf *out) {
  messages_close(text_index(s), out);
  json_t *delta = json_pack("{s:s, s:{s:s, s:n}}", "type", "message_delta", "delta", "stop_reason",
                            messages_stop(s), "stop_sequence");
  json_object_set_new(delta, "usage",
                      tells(s) ? messages_usage(s, s->usage.output) : json_pack("{s:i}", "output_tokens", 0));
  speech_put(&speech_messages, delta, out);
  speech_put(&speech_messages, json_pack("{s:s}", "type", "message_stop"), out);
}

static void messages_body(const struct rehearsal_stream *s, struct buf *out) {
  json_t *content = json_array();
  if (s->n_thought)
    json_array_append_new(content, json_pack("{s:s, s:o, s:s}", "type", "thinking", "thinking",
                                             text_of(s->thought, s->n_thought), "signature", "c2lnbmF0dXJl"));
  json_array_append_new(
      content, json_pack("{s:s, s:o}", "type", "text", "text", text_of(s->choices[0].text, s->choices[0].n)));
  put_document(messages_message(s, content, json_string(messages_stop(s)), s->usage.output), out);
}

static json_t *messages_error(int status, const char *message, const char *type, const char *code) {
  (void)type, (void)code;
  const char *word = status == 400   ? "invalid_request_error"
                     : status == 401 ? "authentication_error"
                     : status == 402 ? "billing_error"
                     : status == 403 ? "permission_error"
                     : status == 404 ? "not_found_error"
                     : status == 413 ? "request_too_large"
                     : status == 429 ? "rate_limit_error"
                     : status == 529 ? "overloaded_error"
                                     : "api_error";
  return json_pack("{s:s, s:{s:s, s:s}, s:s}", "type", "error", "error", "type", word, "message", message,
                   "request_id", "req_rehearsal");
}

const struct speech speech_messages = {.name = "messages",
                                       .content_type = "text/event-stream; charset=utf-8",
                                       .path = "/messages",
                                       .read = read_messages,
                                       .put_begin = messages_begin,
                                       .put_thought = messages_thought,
                                       .put_text = messages_text,
                                       .put_last = messages_last,
                                       .put_body = messages_body,
                                       .error = messages_error};

/* ---- Responses */

static json_t *responses_response(const struct rehearsal_stream *s, const char *status, json_t *output) {
  bool cut = strcmp(status, "incomplete") == 0;
  json_t *v =
      json_pack("{s:s, s:s, s:I, s:s, s:s, s:o, s:n}", "id", s->id, "object", "response", "created_at",
                (json_int_t)s->created, "status", status, "model", s->model, "output", output, "error");
  json_object_set_new(
      v, "incomplete_details",
      cut ? json_pack("{s:s}", "reason", word_for(s, "", "max_output_tokens", "content_filter"))
          : json_null());
  const struct rehearsal_usage *u = &s->usage;
  if (tells(s) && strcmp(status, "in_progress") != 0)
    json_object_set_new(v, "usage",
                        json_pack("{s:I, s:{s:I}, s:I, s:{s:I}, s:I}", "input_tokens", (json_int_t)u->input,
                                  "input_tokens_details", "cached_tokens", (json_int_t)u->cached_read,
                                  "output_tokens", (json_int_t)u->output, "output_tokens_details",
                                  "reasoning_tokens", (json_int_t)u->reasoning, "total_tokens",
                                  (json_int_t)(u->input + u->output)));
  return v;
}

static const char *responses_status(const struct rehearsal_stream *s) {
  return word_for(s, "completed", "incomplete", s->refusal ? "completed" : "incomplete");
}

static json_t *responses_part(const struct rehearsal_stream *s) {
  if (s->refusal) return json_pack("{s:s, s:s}", "type", "refusal", "refusal", s->refusal);
  return json_pack("{s:s, s:o, s:[]}", "type", "output_text", "text",
                   text_of(s->choices[0].text, s->choices[0].n), "annotations");
}

static json_t *responses_item(const struct rehearsal_stream *s, bool done) {
  json_t *item = json_pack("{s:s, s:s, s:s, s:s}", "type", "message", "id", "msg_rehearsal", "role",
                           "assistant", "status", done ? "completed" : "in_progress");
  json_t *content = json_array();
  if (done) json_array_append_new(content, responses_part(s));
  json_object_set_new(item, "content", content);
  return item;
}

static void responses_put(struct rehearsal_stream *s, json_t *v, struct buf *out) {
  json_object_set_new(v, "sequence_number", json_integer(s->events++));
  speech_put(&speech_responses, v, out);
}

static void responses_begin(struct rehearsal_stream *s, struct buf *out) {
  static const char *const types[] = {"response.created", "response.in_progress"};
  for (int i = 0; i < 2; i++)
    responses_put(s,
                  json_pack("{s:s, s:o}", "type", types[i], "response",
                            responses_response(s, "in_progress", json_array())),
                  out);
}

static void responses_thought(struct rehearsal_stream *s, struct buf *out) {
  responses_put(s,
                json_pack("{s:s, s:o, s:s, s:i, s:i}", "type", "response.reasoning_summary_text.delta",
                          "delta", text_of(s->thought, s->n_thought), "item_id", "rs_rehearsal",
                          "output_index", 0, "summary_index", 0),
                out);
}

static void responses_text(struct rehearsal_stream *s, int choice, const char *text, size_t n,
                           struct buf *out) {
  if (choice) return;
  if (s->piece == 0) {
    responses_put(s,
                  json_pack("{s:s, s:i, s:o}", "type", "response.output_item.added", "output_index", 0,
                            "item", responses_item(s, false)),
                  out);
    responses_put(s,
                  json_pack("{s:s, s:s, s:i, s:i, s:{s:s, s:s, s:[]}}", "type", "response.content_part.added",
                            "item_id", "msg_rehearsal", "output_index", 0, "content_index", 0, "part", "type",
                            "output_text", "text", "", "annotations"),
                  out);
  }
  responses_put(s,
                json_pack("{s:s, s:o, s:s, s:i, s:i, s:[]}", "type", "response.output_text.delta", "delta",
                          text_of(text, n), "item_id", "msg_rehearsal", "output_index", 0, "content_index", 0,
                          "logprobs"),
                out);
}

static void responses_last(struct rehearsal_stream *s, struct buf *out) {
  if (s->refusal)
    responses_put(s,
                  json_pack("{s:s, s:s, s:s, s:i, s:i}", "type", "response.refusal.delta", "delta",
                            s->refusal, "item_id", "msg_rehearsal", "output_index", 0, "content_index", 0),
                  out);
  responses_put(s,
                json_pack("{s:s, s:i, s:o}", "type", "response.output_item.done", "output_index", 0, "item",
                          responses_item(s, true)),
                out);
  const char *status = responses_status(s);
  char type[40];
  snprintf(type, sizeof type, "response.%s", status);
  responses_put(s,
                json_pack("{s:s, s:o}", "type", type, "response",
                          responses_response(s, status, json_pack("[o]", responses_item(s, true)))),
                out);
}

static void responses_body(const struct rehearsal_stream *s, struct buf *out) {
  put_document(responses_response(s, responses_status(s), json_pack("[o]", responses_item(s, true))), out);
}

static json_t *responses_error(int status, const char *message, const char *type, const char *code) {
  return speech_chat.error(status, message, type, code);
}

const struct speech speech_responses = {.name = "responses",
                                        .content_type = "text/event-stream; charset=utf-8",
                                        .path = "/responses",
                                        .read = read_responses,
                                        .put_begin = responses_begin,
                                        .put_thought = responses_thought,
                                        .put_text = responses_text,
                                        .put_last = responses_last,
                                        .put_body = responses_body,
                                        .error = responses_error,
                                        .flat_errors = true};

/* ---- generateContent */

static json_t *gemini_chunk(const struct rehearsal_stream *s, json_t *part, const char *finish) {
  json_t *candidate =
      json_pack("{s:i, s:{s:s, s:[o]}}", "index", 0, "content", "role", "model", "parts", part);
  if (finish) json_object_set_new(candidate, "finishReason", json_string(finish));
  json_t *v =
      json_pack("{s:[o], s:s, s:s}", "candidates", candidate, "modelVersion", s->model, "responseId", s->id);
  const struct rehearsal_usage *u = &s->usage;
  if (tells(s))
    json_object_set_new(v, "usageMetadata",
                        json_pack("{s:I, s:I, s:I, s:I, s:I}", "promptTokenCount", (json_int_t)u->input,
                                  "cachedContentTokenCount", (json_int_t)u->cached_read,
                                  "candidatesTokenCount", (json_int_t)(u->output - u->reasoning),
                                  "thoughtsTokenCount", (json_int_t)u->reasoning, "totalTokenCount",
                                  (json_int_t)(u->input + u->output)));
  return v;
}

static json_t *gemini_part(const char *text, size_t n) {
  return json_pack("{s:o}", "text", text_of(text, n));
}

static const char *gemini_stop(const struct rehearsal_stream *s) {
  return word_for(s, "STOP", "MAX_TOKENS", "SAFETY");
}

static void gemini_thought(struct rehearsal_stream *s, struct buf *out) {
  json_t *part = gemini_part(s->thought, s->n_thought);
  json_object_set_new(part, "thought", json_true());
  speech_put(&speech_gemini, gemini_chunk(s, part, NULL), out);
}

static void gemini_text(struct rehearsal_stream *s, int choice, const char *text, size_t n, struct buf *out) {
  if (!choice) speech_put(&speech_gemini, gemini_chunk(s, gemini_part(text, n), NULL), out);
}

static void gemini_last(struct rehearsal_stream *s, struct buf *out) {
  speech_put(&speech_gemini, gemini_chunk(s, gemini_part("", 0), gemini_stop(s)), out);
}

static void gemini_body(const struct rehearsal_stream *s, struct buf *out) {
  put_document(gemini_chunk(s, gemini_part(s->choices[0].text, s->choices[0].n), gemini_stop(s)), out);
}

static json_t *gemini_error(int status, const char *message, const char *type, const char *code) {
  (void)type, (void)code;
  const char *word = status == 400   ? "INVALID_ARGUMENT"
                     : status == 401 ? "UNAUTHENTICATED"
                     : status == 403 ? "PERMISSION_DENIED"
                     : status == 404 ? "NOT_FOUND"
                     : status == 429 ? "RESOURCE_EXHAUSTED"
                     : status == 503 ? "UNAVAILABLE"
                     : status == 504 ? "DEADLINE_EXCEEDED"
                                     : "INTERNAL";
  return json_pack("{s:{s:i, s:s, s:s}}", "error", "code", status, "message", message, "status", word);
}

const struct speech speech_gemini = {.name = "gemini",
                                     .content_type = "text/event-stream",
                                     .path = "enerateContent",
                                     .read = read_gemini,
                                     .put_thought = gemini_thought,
                                     .put_text = gemini_text,
                                     .put_last = gemini_last,
                                     .put_body = gemini_body,
                                     .error = gemini_error};

/* ---- Ollama */

static json_t *ollama_line(const struct rehearsal_stream *s, const char *field, const char *text, size_t n) {
  json_t *message = json_pack("{s:s, s:s}", "role", "assistant", "content", "");
  json_object_set_new(message, field, text_of(text, n));
  return json_pack("{s:s, s:s, s:o, s:b}", "model", s->model, "created_at", "2026-01-01T00:00:00Z", "message",
                   message, "done", 0);
}

static json_t *ollama_done(const struct rehearsal_stream *s, json_t *line) {
  json_object_set_new(line, "done", json_true());
  json_object_set_new(line, "done_reason", json_string(word_for(s, "stop", "length", "content_filter")));
  if (!tells(s)) return line;
  json_object_set_new(line, "prompt_eval_count", json_integer(s->usage.input));
  json_object_set_new(line, "eval_count", json_integer(s->usage.output));
  return line;
}

static void ollama_thought(struct rehearsal_stream *s, struct buf *out) {
  speech_put(&speech_ollama, ollama_line(s, "thinking", s->thought, s->n_thought), out);
}

static void ollama_text(struct rehearsal_stream *s, int choice, const char *text, size_t n, struct buf *out) {
  if (!choice) speech_put(&speech_ollama, ollama_line(s, "content", text, n), out);
}

static void ollama_last(struct rehearsal_stream *s, struct buf *out) {
  speech_put(&speech_ollama, ollama_done(s, ollama_line(s, "content", "", 0)), out);
}

static void ollama_body(const struct rehearsal_stream *s, struct buf *out) {
  json_t *line = ollama_line(s, "content", s->choices[0].text, s->choices[0].n);
  if (s->n_thought)
    json_object_set_new(json_object_get(line, "message"), "thinking", text_of(s->thought, s->n_thought));
  put_document(ollama_done(s, line), out);
}

static json_t *ollama_error(int status, const char *message, const char *type, const char *code) {
  (void)status, (void)type, (void)code;
  return json_pack("{s:s}", "error", message);
}

const struct speech speech_ollama = {.name = "ollama",
                                     .content_type = "application/x-ndjson",
                                     .path = "/api/chat",
                                     .read = read_ollama,
                                     .put_thought = ollama_thought,
                                     .put_text = ollama_text,
                                     .put_last = ollama_last,
                                     .put_body = ollama_body,
                                     .error = ollama_error,
                                     .lines = true};

/* ---- which is spoken where */

const struct speech *speech_at(const char *target) {
  static const struct speech *const all[] = {&speech_chat, &speech_messages, &speech_responses,
                                             &speech_gemini, &speech_ollama};
  size_t n = strcspn(target, "?");
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    size_t length = strlen(all[i]->path);
    if (n >= length && memcmp(target + n - length, all[i]->path, length) == 0) return all[i];
  }
  return NULL;
}

json_t *speech_read(const struct speech *speech, json_t *request, const char *target) {
  return speech->read ? speech->read(request, target) : json_incref(request);
}
