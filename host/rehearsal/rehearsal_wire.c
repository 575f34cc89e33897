/* rehearsal_wire.c - chunks and bodies of chat completions.
 *
 * rehearsal_stream_init -> rehearsal_stream_next* | rehearsal_body. */
#include "rehearsal/rehearsal_wire.h"

#include <stdio.h>
#include <string.h>
#include "base/jsonx.h"

enum { CHUNKS_DEFAULT = 20, CHUNK_LEAST_BYTES = 4 };

static void put_json_string(struct buf *out, const char *s, size_t n) {
  json_t *v = json_stringn_nocheck(s, n);
  (void)jsonx_canonical(v, out); /* our own words, and few */
  json_decref(v);
}

void rehearsal_stream_init(struct rehearsal_stream *s, const json_t *request, const char *key,
                           const char *text, size_t n, const struct rehearsal_usage *usage, int chunks) {
  if (chunks <= 0) chunks = CHUNKS_DEFAULT;
  if ((size_t)chunks > n / CHUNK_LEAST_BYTES) chunks = (int)(n / CHUNK_LEAST_BYTES);
  if (chunks == 0) chunks = 1;
  *s = (struct rehearsal_stream){.speech = &speech_chat,
                                 .model = jsonx_str(request, "model", "rehearsal"),
                                 .finish = "stop",
                                 .choices = {{.text = text, .n = n}},
                                 .n_choices = 1,
                                 .usage = *usage,
                                 .pieces = chunks + 1,
                                 .include_usage = json_is_true(json_object_get(
                                     json_object_get(request, "stream_options"), "include_usage"))};
  snprintf(s->id, sizeof s->id, "chatcmpl-%.24s", key);
}

static void put_head(const struct rehearsal_stream *s, const char *object, struct buf *out) {
  buf_printf(out, "{\"id\":\"%s\",\"object\":\"%s\",\"created\":%lld,\"model\":", s->id, object, s->created);
  put_json_string(out, s->model, strlen(s->model));
}

static void put_usage(const struct rehearsal_stream *s, struct buf *out) {
  const struct rehearsal_usage *u = &s->usage;
  switch (s->told) {
  case USAGE_MISSING: break;
  case USAGE_PROMPT_ONLY: buf_printf(out, "\"usage\":{\"prompt_tokens\":%lld}", u->input); break;
  case USAGE_STRINGS:
    buf_printf(
        out,
        "\"usage\":{\"prompt_tokens\":\"%lld\",\"completion_tokens\":\"%lld\",\"total_tokens\":\"%lld\"}",
        u->input, u->output, u->input + u->output);
    break;
  case USAGE_NEGATIVE:
    buf_puts(out, "\"usage\":{\"prompt_tokens\":-1,\"completion_tokens\":-1,\"total_tokens\":-1,"
                  "\"prompt_tokens_details\":{\"cached_tokens\":-1}}");
    break;
  case USAGE_HUGE:
    buf_puts(out, "\"usage\":{\"prompt_tokens\":1e300,\"completion_tokens\":9223372036854775808,"
                  "\"total_tokens\":1e300}");
    break;
  case USAGE_RIGHT:
    buf_printf(out,
               "\"usage\":{\"prompt_tokens\":%lld,\"completion_tokens\":%lld,\"total_tokens\":%lld,"
               "\"prompt_tokens_details\":{\"cached_tokens\":%lld},"
               "\"completion_tokens_details\":{\"reasoning_tokens\":%lld}}",
               u->input, u->output, u->input + u->output, u->cached_read, u->reasoning);
  }
}

/* Where the piece at hand ends in a choice: an even share, moved on to the end of a character. */
static size_t piece_end(const struct rehearsal_stream *s, const struct rehearsal_choice *c) {
  int pieces = s->pieces - 1;
  if (s->piece + 1 >= pieces) return c->n;
  size_t end = (size_t)((double)c->n * (s->piece + 1) / pieces);
  while (end < c->n && ((unsigned char)c->text[end] & 0xC0) == 0x80) end++;
  return end < c->at ? c->at : end;
}

/* One chunk with one field of a delta. */
static void put_delta(const struct rehearsal_stream *s, int index, bool first, const char *field,
                      const char *text, size_t n, struct buf *out) {
  buf_puts(out, "data: ");
  put_head(s, "chat.completion.chunk", out);
  buf_printf(out, ",\"choices\":[{\"index\":%d,\"delta\":{%s\"%s\":", index,
             first ? "\"role\":\"assistant\"," : "", field);
  put_json_string(out, text, n);
  buf_puts(out, "},\"finish_reason\":null}]}\n\n");
}

static void put_thought(struct rehearsal_stream *s, struct buf *out) {
  put_delta(s, 0, true, "reasoning_content", s->thought, s->n_thought, out);
}

static void put_text(struct rehearsal_stream *s, int choice, const char *text, size_t n, struct buf *out) {
  put_delta(s, choice, s->piece == 0 && !(choice == 0 && s->n_thought), "content", text, n, out);
}

static void put_last(struct rehearsal_stream *s, struct buf *out) {
  if (s->refusal) put_delta(s, 0, false, "refusal", s->refusal, strlen(s->refusal), out);
  for (int i = 0; i < s->n_choices; i++) {
    buf_puts(out, "data: ");
    put_head(s, "chat.completion.chunk", out);
    buf_printf(out, ",\"choices\":[{\"index\":%d,\"delta\":{},\"finish_reason\":\"%s\"}]}\n\n", i, s->finish);
  }
  if (s->include_usage && s->told != USAGE_MISSING) {
    buf_puts(out, "data: ");
    put_head(s, "chat.completion.chunk", out);
    buf_puts(out, ",\"choices\":[],");
    put_usage(s, out);
    buf_puts(out, "}\n\n");
  }
  buf_puts(out, "data: [DONE]\n\n");
}

static void put_body(const struct rehearsal_stream *s, struct buf *out) {
  put_head(s, "chat.completion", out);
  buf_puts(out, ",\"choices\":[");
  for (int i = 0; i < s->n_choices; i++) {
    buf_printf(out, "%s{\"index\":%d,\"message\":{\"role\":\"assistant\",", i ? "," : "", i);
    if (i == 0 && s->n_thought) {
      buf_puts(out, "\"reasoning_content\":");
      put_json_string(out, s->thought, s->n_thought);
      buf_putc(out, ',');
    }
    if (i == 0 && s->refusal) {
      buf_puts(out, "\"refusal\":");
      put_json_string(out, s->refusal, strlen(s->refusal));
      buf_putc(out, ',');
    }
    buf_puts(out, "\"content\":");
    put_json_string(out, s->choices[i].text, s->choices[i].n);
    buf_printf(out, "},\"finish_reason\":\"%s\"}", s->finish);
  }
  buf_puts(out, "]");
  if (s->told != USAGE_MISSING) buf_putc(out, ',');
  put_usage(s, out);
  buf_puts(out, "}");
}

static json_t *chat_error(int status, const char *message, const char *type, const char *code) {
  (void)status;
  return json_pack("{s:{s:s, s:s, s:s}}", "error", "message", message, "type", type, "code", code);
}

const struct speech speech_chat = {.name = "chat",
                                   .content_type = "text/event-stream; charset=utf-8",
                                   .path = "/chat/completions",
                                   .put_thought = put_thought,
                                   .put_text = put_text,
                                   .put_last = put_last,
                                   .put_body = put_body,
                                   .error = chat_error};

bool rehearsal_stream_next(struct rehearsal_stream *s, struct buf *out) {
  const struct speech *speech = s->speech;
  if (s->piece >= s->pieces) return false;
  if (s->piece == s->pieces - 1) {
    speech->put_last(s, out);
    s->piece++;
    return true;
  }
  if (s->piece == 0 && speech->put_begin) speech->put_begin(s, out);
  if (s->piece == 0 && s->n_thought) speech->put_thought(s, out);
  for (int i = 0; i < s->n_choices; i++) {
    struct rehearsal_choice *c = &s->choices[i];
    size_t end = piece_end(s, c);
    speech->put_text(s, i, c->text + c->at, end - c->at, out);
    c->at = end;
  }
  s->piece++;
  return true;
}

void rehearsal_body(const struct rehearsal_stream *s, struct buf *out) {
  s->speech->put_body(s, out);
}
