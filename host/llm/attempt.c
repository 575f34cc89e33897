/* attempt.c - one request to a model and its stream.
 *
 *   attempt_send -> attempt_head -> attempt_bytes* -> attempt_end -> conclude -> call_attempt_ended
 *
 * The three in the middle are called by http.c or embedded.c. What is sent is the question, or asks for an answer that was begun before (handle.c). Whatever goes wrong ends in `failure` and conclude, once. Callbacks of the
 * caller (on_alive, on_text) may cancel this very call, so s->c is looked at after each. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/failpoint.h"
#include "base/mem.h"
#include "llm/internal.h"
#include "llm/letters.h"

enum { MAX_REFUSAL_BYTES = 64 << 10, MID_STREAM_PIECES = 3 };

static void fail(struct call_state *s, enum failure_kind kind, const char *message) {
  s->failed = true;
  s->failure = (struct failure){.kind = kind, .retry_after = -1};
  snprintf(s->failure.message, sizeof s->failure.message, "%s", message);
}

/* Another attempt would send as much again, and be paid for it. */
static void fail_size(struct call_state *s, const char *what, int most) {
  char message[80];
  snprintf(message, sizeof message, "the provider sent an %s of more than %d MB", what, most >> 20);
  fail(s, FAIL_INVALID, message);
}

static void release_framing(struct call_state *s) {
  if (!s->framing || s->feeding) return;
  framing_release(s->framing);
  free(s->framing);
  s->framing = NULL;
}

void attempt_clear(struct call_state *s) {
  if (s->transfer && s->over) http_leave(s->transfer);
  if (s->transfer && !s->over) http_cancel(s->transfer);
  if (s->embedded) embedded_cancel(s->embedded);
  timer_clear(s->llm->loop, &s->timer);
  s->transfer = NULL;
  s->embedded = NULL;
  call_handle_forget(s);
  if (s->stream.generation) adapter_close(s->adapter, &s->stream);
  release_framing(s);
  free(s->headers);
  s->headers = NULL;
  buf_release(&s->body);
}

static void conclude(struct call_state *s, const struct adapter_end *end) {
  if (!end) llm_scrub_cut(s->llm, s->failure.message);
  attempt_clear(s);
  call_attempt_ended(s, end);
}

/* ---- sending ---- */

static void on_head(void *arg, struct transfer *t, long status) {
  struct call_state *s = arg;
  static const char *const names[] = {"x-request-id", "request-id", "x-generation-id"};
  for (size_t i = 0; i < sizeof names / sizeof names[0] && !s->request_id[0]; i++) {
    const char *id = http_header(t, names[i]);
    if (id) snprintf(s->request_id, sizeof s->request_id, "%s", id);
  }
  llm_scrub_cut(s->llm, s->request_id);
  if (status >= 300) s->headers = mem_dup(http_headers(t));
  attempt_head(s, status);
}

static void on_bytes(void *arg, const char *bytes, size_t n) {
  attempt_bytes(arg, bytes, n);
}

static void on_end(void *arg, enum http_end end, const char *why) {
  struct call_state *s = arg;
  s->transfer = NULL;
  attempt_end(s, end, why);
}

/* The script or the configuration is wrong: no other attempt could do better. */
static void give_up(struct call_state *s, enum err err, const struct error *e) {
  fail(s, FAIL_INVALID, e->message);
  llm_scrub_cut(s->llm, s->failure.message);
  attempt_clear(s);
  struct error why = *e;
  snprintf(why.message, sizeof why.message, "%s", s->failure.message);
  call_fail(s, err, &why);
}

static enum err make_request(struct call_state *s, struct adapter_request *out, struct error *e) {
  const struct llm_call *c = s->c;
  struct adapter_call call = {.base_url = s->provider->config->base_url,
                              .model = s->model_name,
                              .role = c->role,
                              .key = c->ask_key,
                              .reasoning = s->effort,
                              .blocks = c->blocks,
                              .n_blocks = c->n_blocks,
                              .max_tokens = s->most_output,
                              .temperature = c->temperature,
                              .schema = c->schema,
                              .without_schema = s->no_schema,
                              .whole = s->provider->config->whole,
                              .name = s->resumable ? s->handle : NULL,
                              .tier = s->tier == TIER_STANDARD ? NULL : llm_tier_word(s->tier),
                              .facts = facts_of(s->llm->facts, s->full_name),
                              .extra = c->extra,
                              .options = s->provider->config->options};
  enum err err =
      s->resuming ? call_again(s, AGAIN_RESUME, out, e) : adapter_request(s->adapter, &call, out, e);
  s->stream.handle = s->resuming ? s->handle : NULL;
  if (err == OK && (err = adapter_open(s->adapter, &s->stream, e)) != OK) adapter_request_release(out);
  return err;
}

/* The first line of the longest piece of the prompt: its heading, where it has one. */
static void name_longest(const struct llm_call *c, char *name, size_t room, long long *characters) {
  const struct call_block *longest = &c->blocks[0];
  for (size_t i = 1; i < c->n_blocks; i++)
    if (c->blocks[i].n > longest->n) longest = &c->blocks[i];
  const char *from = longest->text, *end = from + longest->n;
  while (from < end && strchr("# \n", *from)) from++;
  const char *line = memchr(from, '\n', (size_t)(end - from));
  size_t n = (size_t)((line ? line : end) - from);
  if (n >= room) n = room - 1;
  while (n > 0 && n < (size_t)(end - from) && ((unsigned char)from[n] & 0xC0) == 0x80) n--;
  snprintf(name, room, "%.*s", (int)n, from);
  *characters = 0;
  for (size_t i = 0; i < longest->n; i++) *characters += ((unsigned char)longest->text[i] & 0xC0) != 0x80;
}

/* Where the model's context is known (facts.h), what is longer by any count is not sent: some servers would cut it. */
static bool too_long(struct call_state *s) {
  int64_t context = facts_number(s->llm->facts, s->full_name, "context");
  if (!context || s->prompt.fewest + s->c->max_words <= context) return false;
  char message[sizeof s->failure.message], name[60];
  long long characters;
  name_longest(s->c, name, sizeof name, &characters);
  snprintf(
      message, sizeof message,
      "the prompt of about %lld tokens and %lld words of answer do not fit into its context of %lld tokens. "
      "Its longest part, \"%s\", has %lld characters: shorten that, or give the role '%s' a model with more context "
      "(quire models)",
      (long long)s->prompt.likely, (long long)s->c->max_words, (long long)context, name, characters,
      s->c->role);
  fail(s, FAIL_CONTEXT, message);
  return true;
}

void attempt_send(struct call_state *s) {
  s->stage = AT_STREAM;
  s->status = 0;
  s->pieces = 0;
  s->n_live = s->n_clean = 0;
  s->failed = s->over = false;
  s->served = TIER_STANDARD;
  s->possibly_billed = s->resuming;
  s->request_id[0] = 0;
  s->sent_ns = clock_mono_ns();
  s->first_ns = 0;
  s->thinking = (struct thinking){0};
  buf_init(&s->text, MAX_ANSWER_BYTES);
  buf_init(&s->reasoning, MAX_ANSWER_BYTES);
  buf_init(&s->body, MAX_REFUSAL_BYTES);
  if (failpoint("after_intent")) {
    fail(s, FAIL_NETWORK, "failpoint after_intent");
    conclude(s, NULL);
    return;
  }
  if (!s->resuming && too_long(s)) {
    conclude(s, NULL);
    return;
  }
  struct adapter_request request;
  struct error e = {0};
  enum err err = make_request(s, &request, &e);
  if (err == OK && !request.url) {
    call_handle_is_gone(s, "its script knows no way to ask for it");
    conclude(s, NULL);
    return;
  }
  if (err == OK) {
    s->framing_kind = request.framing;
    s->served = request.tier;
    s->n_request = request.n_body;
    s->possibly_billed = true; /* until somebody says that it was not */
    if (llm_is_embedded(s->provider->config)) {
      s->embedded = embedded_start(s, request.body, request.n_body);
      request.body = NULL;
    } else {
      static const struct http_handler handler = {on_head, on_bytes, on_end};
      s->key_serial = s->provider->key_serial;
      s->transfer = send_request(s, &request, &handler, s, &e);
      if (!s->transfer) err = ERR_CONFIG;
    }
    adapter_request_release(&request);
  }
  if (err != OK) {
    give_up(s, err, &e);
  } else if (failpoint("after_send")) {
    fail(s, FAIL_NETWORK, "failpoint after_send");
    conclude(s, NULL);
  }
}

/* ---- the stream ---- */

void attempt_head(struct call_state *s, long status) {
  s->status = status;
  if (status < 200 || status >= 300) return;
  s->framing = mem_alloc(sizeof *s->framing);
  framing_init(s->framing, s->framing_kind, MAX_EVENT_BYTES);
}

/* As much as there is room for: what came is paid, also when the rest is too much. A NUL would end the text where it is stored. */
static bool append_text(struct call_state *s, struct buf *to, const char *text, size_t n) {
  size_t room = MAX_ANSWER_BYTES - s->text.len - s->reasoning.len, fits = n < room ? n : room;
  while (fits < n && fits && ((unsigned char)text[fits] & 0xC0) == 0x80) fits--;
  for (const char *end = text + fits; text < end;) {
    const char *nul = memchr(text, 0, (size_t)(end - text));
    buf_append(to, text, (size_t)((nul ? nul : end) - text));
    text = nul ? nul + 1 : end;
  }
  return fits == n;
}

/* The text so far turned out to be thought. */
static void was_thought(struct call_state *s) {
  append_text(s, &s->reasoning, s->text.data, s->text.len);
  buf_clear(&s->text);
  s->n_live = s->n_clean = 0;
}

/* What of a piece of text is text. Most pieces hold no mark and are taken as they are. Returns false when there is no room. */
static bool hear(struct call_state *s, const char *text, size_t n, bool end) {
  if (!end && thinking_passes(&s->thinking, text, n)) return append_text(s, &s->text, text, n);
  struct buf said, thought;
  buf_init(&said, MAX_EVENT_BYTES + THINKING_HELD);
  buf_init(&thought, MAX_EVENT_BYTES + THINKING_HELD);
  struct thinking_out out = {&said, &thought, false};
  if (end)
    thinking_end(&s->thinking, &out);
  else
    thinking_feed(&s->thinking, text, n, &out);
  if (out.all_was_thought) was_thought(s);
  bool whole = append_text(s, &s->reasoning, thought.data, thought.len);
  whole = append_text(s, &s->text, said.data, said.len) && whole;
  buf_release(&said);
  buf_release(&thought);
  return whole;
}

/* The text as far as `n`. The call may be gone afterwards. */
static void show_text(struct call_state *s, size_t n) {
  size_t from = s->n_live;
  s->n_live = n;
  if (n > from && s->c->on_text) s->c->on_text(s->c, s->text.data + from, n - from);
}

static enum err take_piece(struct call_state *s, const struct adapter_piece *piece) {
  size_t before = s->text.len;
  bool whole = hear(s, piece->text, piece->n_text, false);
  if (!append_text(s, &s->reasoning, piece->reasoning, piece->n_reasoning) || !whole) {
    fail_size(s, "answer", MAX_ANSWER_BYTES);
    return ERR_LIMIT;
  }
  if (s->text.len <= before) return OK;
  s->n_clean = letters_mend(&s->text, s->n_clean, false);
  if (!s->first_ns) s->first_ns = clock_mono_ns();
  size_t shown = llm_scrub_live(s->llm, s->text.data, s->text.len, s->n_live);
  show_text(s, shown < s->n_clean ? shown : s->n_clean);
  if (!s->c) return ERR_CANCELLED;
  if (++s->pieces == MID_STREAM_PIECES && failpoint("mid_stream")) {
    fail(s, FAIL_NETWORK, "failpoint mid_stream");
    return ERR_IO;
  }
  return OK;
}

static void stream_over(struct call_state *s) {
  s->over = true;
  attempt_end(s, HTTP_COMPLETE, "");
}

/* The answer is whole, but tokens or more may be told behind it. Servers that leave the connection open are not waited for. */
static void await_end(struct call_state *s, double most_s) {
  s->next = stream_over;
  timer_set(s->llm->loop, &s->timer, clock_mono_ns() + (uint64_t)(most_s * 1e9));
}

/* The address leads to somebody who does not speak of models at all. */
static enum err fail_page(struct call_state *s, const char *page) {
  char said[200];
  snprintf(said, sizeof said, "%s", page);
  llm_scrub_cut(s->llm, said);
  words_without_tags(said);
  fail(s, s->resuming ? FAIL_NETWORK : FAIL_INVALID, ""); /* who was asked before speaks of models */
  s->possibly_billed = s->resuming;
  snprintf(s->failure.message, sizeof s->failure.message,
           "%s is a web page and no API (\"%.100s\"): look at base_url, which often ends with /v1",
           s->provider->config->base_url, said);
  return ERR_PROVIDER;
}

static enum err on_event(void *arg, const char *name, const char *data, size_t n) {
  struct call_state *s = arg;
  if (s->over) return OK;
  if (s->framing->kind == FRAMING_WHOLE && data[strspn(data, " \t\r\n")] == '<') return fail_page(s, data);
  struct adapter_piece piece;
  struct error e = {0};
  enum err err = adapter_event(s->adapter, &s->stream, name, data, n, &piece, &e);
  if (err != OK) {
    fail(s, FAIL_SERVER, e.message);
    return err;
  }
  s->over = s->over || piece.over == 0;
  if (piece.over > 0) await_end(s, piece.over);
  if (s->resumable) call_handle_told(s, piece.handle);
  if (piece.failed) {
    s->failed = true;
    s->possibly_billed =
        piece.failure.kind ==
        FAIL_PENDING; /* the provider says so itself; what text it sent is booked all the same */
    s->failure = piece.failure;
  }
  err = take_piece(s, &piece);
  return err == OK && s->failed ? ERR_PROVIDER : err;
}

/* Err: why the stream cannot go on. Afterwards s->c may be gone. */
static enum err feed(struct call_state *s, const char *bytes, size_t n, bool end) {
  s->feeding = true;
  enum err err = end ? framing_end(s->framing, on_event, s) : framing_feed(s->framing, bytes, n, on_event, s);
  s->feeding = false;
  if (!s->c)
    release_framing(s);
  else if (err != OK && !s->failed)
    fail_size(s, "event of the stream", MAX_EVENT_BYTES);
  return err;
}

void attempt_bytes(struct call_state *s, const char *bytes, size_t n) {
  state_hold(s);
  if (s->c->on_alive) s->c->on_alive(s->c);
  if (s->c && call_holds(s, bytes, n, HTTP_COMPLETE, NULL)) {
  } else if (s->c && s->framing) {
    enum err err = feed(s, bytes, n, false);
    if (s->c && (err != OK || s->failed))
      conclude(s, NULL);
    else if (s->c && s->over)
      attempt_end(s, HTTP_COMPLETE, "");
  } else if (s->c) {
    size_t room = s->body.max - s->body.len;
    buf_append(&s->body, bytes, n < room ? n : room);
  }
  state_drop(s);
}

/* The words for an answer that did not come whole. */
static void fail_incomplete(struct call_state *s, enum http_end end, const char *why) {
  bool began = s->status != 0;
  if (end == HTTP_NO_CONNECTION || end == HTTP_SLOW_CONNECT) s->possibly_billed = s->resuming;
  if (began && s->resuming && end == HTTP_COMPLETE) {
    call_handle_is_gone(s, "it ended without saying that it is done");
    return;
  }
  fail(s, began ? FAIL_TRUNCATED : FAIL_NETWORK, "");
  snprintf(s->failure.message, sizeof s->failure.message, "%s%s",
           !began ? "" : "the answer ended in the middle: ",
           end == HTTP_COMPLETE ? "the stream stopped without saying that it is done" : why);
}

static void fail_refused(struct call_state *s) {
  s->failed = true;
  s->possibly_billed = s->resuming;
  struct failure *f = &s->failure;
  llm_scrub(s->llm, s->body.data, s->body.len); /* before anybody cuts it */
  if (s->headers) llm_scrub(s->llm, s->headers, strlen(s->headers));
  adapter_failure(s->adapter, s->status, s->headers ? s->headers : "", s->body.data, s->body.len, f);
  words_without_tags(f->message);
  if (f->kind != FAIL_TOO_LARGE) return;
  char said[sizeof f->message];
  memcpy(said, f->message, sizeof said);
  snprintf(f->message, sizeof f->message,
           "the request of %zu KB is larger than the provider, or a proxy before it, takes (%.300s)",
           (s->n_request + 1023) / 1024, said);
}

/* What was held back comes out; then the adapter says what the answer is. */
static enum err finish(struct call_state *s, enum http_end end, struct adapter_end *answer, struct error *e) {
  enum err err = end == HTTP_COMPLETE ? feed(s, "", 0, true) : OK;
  if (err != OK) return err;
  hear(s, "", 0, true);
  letters_mend(&s->text, s->n_clean, true);
  return adapter_finish(s->adapter, &s->stream, answer, e);
}

void attempt_end(struct call_state *s, enum http_end end, const char *why) {
  state_hold(s);
  struct adapter_end answer;
  struct error e = {0};
  if (call_holds(s, NULL, 0, end, why)) {
  } else if (s->status >= 300) {
    fail_refused(s);
    conclude(s, NULL);
  } else if (s->framing && finish(s, end, &answer, &e) != OK) {
    if (s->c && !s->failed) fail(s, FAIL_SERVER, e.message);
    if (s->c) conclude(s, NULL);
  } else if (s->c && s->framing && answer.complete) {
    llm_scrub_live(s->llm, s->text.data, s->text.len, s->n_live);
    show_text(s, s->text.len); /* nothing more comes that could make a key of its end */
    if (s->c) conclude(s, &answer);
  } else if (s->c) {
    fail_incomplete(s, end, why);
    conclude(s, NULL);
  }
  state_drop(s);
}
