/* adapter_check_stream.c - the promises about answers. The rehearsal model answers in the dialect that the script asks in, and the script is made to
 * hear that: whole, cut after each event, with an event spoilt, an event of next year, an error.
 *
 *   check_*: get_answer (rehearse, or the sample) -> hear, as often as it takes -> what came of it */
#include <string.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "llm/adapter_check_internal.h"
#include "rehearsal/rehearsal_reply.h"

enum { FEW_TOKENS = 12, MOST_EVENTS = 4000 };

/* ---- answers: a stream's bytes, and what the script hears */

struct answer { /* what the service sends */
  enum framing_kind framing;
  const struct speech *speech; /* NULL: of a sample */
  struct buf wire, text;
  int64_t input, output;
};

static void answer_release(struct answer *a) {
  buf_release(&a->wire);
  buf_release(&a->text);
}

struct hearing {
  struct adapter *adapter;
  struct adapter_stream stream;
  struct buf text, reasoning;
  long heard, most, spoilt, first_text; /* events; spoilt: that one comes cut in half; -1: none */
  bool failed, over;
  struct adapter_end end;
};

static enum err hear_event(void *arg, const char *name, const char *data, size_t n) {
  struct hearing *h = arg;
  struct adapter_piece piece;
  struct error e = {0};
  if (h->failed || h->heard++ >= h->most) return OK;
  char *half = h->heard - 1 == h->spoilt ? mem_dup_n(data, n / 2) : NULL;
  enum err err =
      adapter_event(h->adapter, &h->stream, name, half ? half : data, half ? n / 2 : n, &piece, &e);
  free(half);
  if (err != OK || piece.failed) h->failed = true;
  if (err != OK) return OK;
  if (piece.n_text && h->first_text < 0) h->first_text = h->heard - 1;
  if (piece.over >= 0) h->over = true;
  enum err kept = buf_append(&h->text, piece.text, piece.n_text);
  return kept == OK ? buf_append(&h->reasoning, piece.reasoning, piece.n_reasoning) : kept;
}

/* All of it, or the first `most` events. */
static void hear(struct check *c, const struct answer *a, long most, long spoilt, struct hearing *h) {
  struct error e = {0};
  struct framing f;
  *h = (struct hearing){.adapter = c->adapter, .most = most, .spoilt = spoilt, .first_text = -1};
  buf_init(&h->text, MAX_ANSWER_BYTES);
  buf_init(&h->reasoning, MAX_ANSWER_BYTES);
  framing_init(&f, a->framing, MAX_EVENT_BYTES);
  if (adapter_open(c->adapter, &h->stream, &e) != OK) {
    h->failed = true;
  } else {
    (void)framing_feed(&f, a->wire.data, a->wire.len, hear_event, h); /* what it heard says how it went */
    (void)framing_end(&f, hear_event, h);
    if (adapter_finish(c->adapter, &h->stream, &h->end, &e) != OK) h->failed = true;
    adapter_close(c->adapter, &h->stream);
  }
  framing_release(&f);
}

static void hearing_release(struct hearing *h) {
  buf_release(&h->text);
  buf_release(&h->reasoning);
}

static bool is_answer(const struct hearing *h) {
  return !h->failed && h->end.complete;
}

static bool same_text(const struct hearing *h, const struct answer *a) {
  return h->text.len == a->text.len && memcmp(h->text.data, a->text.data, a->text.len) == 0;
}

/* ---- what the rehearsal says in the dialect of the request */

struct wanted {
  const char *manner; /* or NULL */
  int max_tokens;     /* 0: the usual */
  bool whole, filtered;
};

static const char *target_of(const char *url) {
  const char *host = strstr(url, "://");
  const char *path = host ? strchr(host + 3, '/') : NULL;
  return path ? path : "/";
}

static enum err say(const json_t *chat, const struct rehearsal_asked *asked, const struct wanted *w,
                    struct answer *a, struct error *e) {
  struct rehearsal_reply r;
  enum err err = w->filtered ? rehearsal_reply_said(chat, asked, "", 0, "content_filter", &r, e)
                             : rehearsal_reply(chat, asked, &r, e);
  if (err != OK) return err;
  if (w->whole)
    rehearsal_body(&r.stream, &a->wire);
  else
    while (rehearsal_stream_next(&r.stream, &a->wire)) continue;
  err = buf_append(&a->text, r.stream.choices[0].text, r.stream.choices[0].n);
  a->input = r.usage.input;
  a->output = r.usage.output;
  rehearsal_reply_release(&r);
  return err;
}

static enum err rehearse(const struct adapter_request *r, const struct wanted *w, struct answer *a,
                         struct error *e) {
  json_t *body = NULL;
  char key[SHA_HEX];
  a->speech = speech_at(target_of(r->url));
  if (!a->speech || !r->body)
    return err_set(e, ERR_NOT_FOUND, "the rehearsal answers nothing at %.200s", target_of(r->url));
  enum err err = jsonx_parse(r->body, r->n_body, "the request", &body, e);
  if (err != OK) return err;
  json_t *chat = speech_read(a->speech, body, target_of(r->url));
  if (w->manner) json_object_set_new(chat, "manners", json_pack("[s]", w->manner));
  err = rehearsal_key(chat, key, e);
  if (err == OK)
    err = say(chat, &(struct rehearsal_asked){.speech = a->speech, .key = key, .attempt = 1}, w, a, e);
  json_decref(chat);
  json_decref(body);
  return err;
}

static enum promise_state from_sample(struct check *c, const struct wanted *w, struct answer *a) {
  bool usual = !w->manner && !w->max_tokens && !w->whole && !w->filtered;
  if (!usual || !c->sample->stream) {
    (void)check_broken(
        c, "%s",
        usual ? "the rehearsal does not speak this dialect; record an answer of the service: --sample FILE"
              : "only the rehearsal could say it, and it does not speak this dialect");
    return PROMISE_UNKNOWN;
  }
  (void)buf_puts(&a->wire, c->sample->stream);
  (void)buf_puts(&a->text, c->sample->text ? c->sample->text : "");
  a->input = c->sample->input;
  a->output = c->sample->output;
  return PROMISE_KEPT;
}

/* The bytes of an answer to the usual question. PROMISE_UNKNOWN: there are none. */
static enum promise_state get_answer(struct check *c, struct wanted w, struct answer *a) {
  struct call_block blocks[2];
  struct adapter_call call = check_call(blocks);
  struct adapter_request r;
  struct error e = {0};
  *a = (struct answer){0};
  buf_init(&a->wire, MAX_ANSWER_BYTES);
  buf_init(&a->text, MAX_ANSWER_BYTES);
  if (w.max_tokens) call.max_tokens = w.max_tokens;
  call.whole = w.whole;
  if (!check_request(c, &call, &r)) return PROMISE_BROKEN;
  a->framing = r.framing;
  enum promise_state state = PROMISE_KEPT;
  enum err err = rehearse(&r, &w, a, &e);
  if (err == ERR_NOT_FOUND)
    state = from_sample(c, &w, a);
  else if (err != OK)
    state = check_broken(c, "the rehearsal cannot read the request: %.200s", e.message);
  adapter_request_release(&r);
  return state;
}

/* ---- promises about answers */

static enum promise_state hears_all(struct check *c, const struct answer *a, const char *stop) {
  struct hearing h;
  hear(c, a, MOST_EVENTS, -1, &h);
  enum promise_state state = PROMISE_KEPT;
  if (h.failed)
    state = check_broken(c, "it takes a whole answer for a failure");
  else if (!h.end.complete)
    state = check_broken(c, "finish says nil after the last event");
  else if (strcmp(h.end.stop, stop) != 0)
    state = check_broken(c, "finish says stop = \"%s\" instead of \"%s\"", h.end.stop, stop);
  else if (!same_text(&h, a))
    state =
        check_broken(c, "%zu bytes of text came out of %zu: %.100s", h.text.len, a->text.len, h.text.data);
  hearing_release(&h);
  return state;
}

static enum promise_state with_answer(struct check *c, struct wanted w,
                                      enum promise_state (*look)(struct check *c, const struct answer *a)) {
  struct answer a;
  enum promise_state state = get_answer(c, w, &a);
  if (state == PROMISE_KEPT) state = look(c, &a);
  answer_release(&a);
  return state;
}

static enum promise_state comes_out(struct check *c, const struct answer *a) {
  return hears_all(c, a, "end");
}
enum promise_state check_whole(struct check *c) {
  return with_answer(c, (struct wanted){0}, comes_out);
}
enum promise_state check_body(struct check *c) {
  return with_answer(c, (struct wanted){.whole = true}, comes_out);
}

static enum promise_state is_cut(struct check *c, const struct answer *a) {
  return hears_all(c, a, "length");
}
enum promise_state check_limit(struct check *c) {
  return with_answer(c, (struct wanted){.max_tokens = FEW_TOKENS}, is_cut);
}

static enum promise_state is_withheld(struct check *c, const struct answer *a) {
  struct hearing h;
  hear(c, a, MOST_EVENTS, -1, &h);
  bool good = is_answer(&h) && (strcmp(h.end.stop, "filter") == 0 || strcmp(h.end.stop, "refusal") == 0);
  if (!good) (void)check_broken(c, "finish says stop = \"%s\"%s", h.end.stop, h.end.complete ? "" : " (nil)");
  hearing_release(&h);
  return kept_if(good);
}
enum promise_state check_filter(struct check *c) {
  return with_answer(c, (struct wanted){.filtered = true}, is_withheld);
}

static enum promise_state counts_tokens(struct check *c, const struct answer *a) {
  struct hearing h;
  hear(c, a, MOST_EVENTS, -1, &h);
  bool told = a->input || a->output;
  bool good = !told || (h.end.has_usage && h.end.usage.input == a->input && h.end.usage.output == a->output);
  if (!good)
    (void)check_broken(c, "usage says %lld in and %lld out instead of %lld and %lld",
                       (long long)h.end.usage.input, (long long)h.end.usage.output, (long long)a->input,
                       (long long)a->output);
  hearing_release(&h);
  return kept_if(good);
}
enum promise_state check_tokens(struct check *c) {
  return with_answer(c, (struct wanted){0}, counts_tokens);
}

static enum promise_state holds_thoughts(struct check *c, const struct answer *a) {
  struct hearing h;
  hear(c, a, MOST_EVENTS, -1, &h);
  bool good = h.reasoning.len > 0 && same_text(&h, a);
  if (!good)
    (void)check_broken(c, "reasoning has %zu bytes, and the text is \"%.80s\"", h.reasoning.len, h.text.data);
  hearing_release(&h);
  return kept_if(good);
}
enum promise_state check_thoughts(struct check *c) {
  return with_answer(c, (struct wanted){.manner = "think=40"}, holds_thoughts);
}

/* Whatever is heard of it: what calls itself an answer is all of it. */
static enum promise_state cut_everywhere(struct check *c, const struct answer *a) {
  enum promise_state state = PROMISE_KEPT;
  long events = MOST_EVENTS;
  for (long most = 0; state == PROMISE_KEPT && most < events; most++) {
    struct hearing h;
    hear(c, a, most, -1, &h);
    if (h.heard < most) events = h.heard;
    if (is_answer(&h) && !same_text(&h, a))
      state = check_broken(c, "after %ld events finish says that it is complete, with %zu of %zu bytes", most,
                           h.text.len, a->text.len);
    hearing_release(&h);
  }
  return state;
}
enum promise_state check_half(struct check *c) {
  return with_answer(c, (struct wanted){0}, cut_everywhere);
}

static enum promise_state ends_at_once(struct check *c, const struct answer *a) {
  struct hearing h;
  hear(c, a, MOST_EVENTS, -1, &h);
  bool over = h.over;
  hearing_release(&h);
  return over ? PROMISE_KEPT : check_broken(c, "no event returned `over`");
}
enum promise_state check_over(struct check *c) {
  return with_answer(c, (struct wanted){0}, ends_at_once);
}

static enum promise_state spoils_one(struct check *c, const struct answer *a) {
  struct hearing h, again;
  hear(c, a, MOST_EVENTS, -1, &h);
  hear(c, a, MOST_EVENTS, h.first_text, &again);
  bool good = h.first_text < 0 || !is_answer(&again) || same_text(&again, a);
  if (!good)
    (void)check_broken(c, "event %ld came cut in half, and the rest passed for the answer", h.first_text + 1);
  hearing_release(&h);
  hearing_release(&again);
  return kept_if(good);
}
enum promise_state check_spoilt(struct check *c) {
  return with_answer(c, (struct wanted){0}, spoils_one);
}

static enum promise_state with_news(struct check *c, const struct answer *a) {
  struct answer more = {.framing = a->framing, .speech = a->speech};
  const char *news = a->framing == FRAMING_NDJSON
                         ? "{\"type\":\"of_next_year\",\"news\":1}\n"
                         : "event: of_next_year\ndata: {\"type\":\"of_next_year\",\"news\":1}\n\n: alive\n\n";
  buf_init(&more.wire, MAX_ANSWER_BYTES);
  buf_init(&more.text, MAX_ANSWER_BYTES);
  (void)buf_puts(&more.wire, news);
  (void)buf_append(&more.wire, a->wire.data, a->wire.len);
  (void)buf_append(&more.text, a->text.data, a->text.len);
  enum promise_state state = hears_all(c, &more, "end");
  answer_release(&more);
  return state;
}
enum promise_state check_news(struct check *c) {
  return with_answer(c, (struct wanted){0}, with_news);
}

static enum promise_state with_error(struct check *c, const struct answer *a) {
  if (!a->speech) return check_broken(c, "a sample has no error of its own"), PROMISE_UNKNOWN;
  struct answer wrong = {.framing = a->framing, .speech = a->speech};
  buf_init(&wrong.wire, MAX_ANSWER_BYTES);
  buf_init(&wrong.text, MAX_ANSWER_BYTES);
  speech_put_error(a->speech, "The server is overloaded", "overloaded_error", &wrong.wire);
  struct hearing h;
  hear(c, &wrong, MOST_EVENTS, -1, &h);
  bool good = h.failed;
  hearing_release(&h);
  answer_release(&wrong);
  return good ? PROMISE_KEPT : check_broken(c, "the event was taken for a piece of the answer, or skipped");
}
enum promise_state check_error(struct check *c) {
  return with_answer(c, (struct wanted){0}, with_error);
}
