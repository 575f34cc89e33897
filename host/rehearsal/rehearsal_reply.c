/* rehearsal_reply.c - one request, one reply.
 *
 * rehearsal_reply: read_manners -> apply(BEFORE_TEXT) -> the texts -> apply(ON_JSON, ON_PROSE, ON_TEXT) -> keep_limits -> count ->
 * apply(ON_TELLING) -> tell. */
#include "rehearsal/rehearsal_reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/jsonx.h"
#include "base/mem.h"

enum { BYTES_A_TOKEN = 4 };

/* ---- manners ---- */

/* Those of the request, after the server's. The caller frees *out. */
static enum err read_manners(struct rehearsal_reply *r, struct manner **out, int *n, struct error *e) {
  const json_t *list = json_object_get(r->request, "manners");
  if (list && !json_is_array(list)) return err_set(e, ERR_INVALID, "'manners' is a list of strings");
  size_t own = json_array_size(list);
  if (own > MANNERS_MOST) return err_set(e, ERR_INVALID, "there are more than %d manners", (int)MANNERS_MOST);
  *n = r->asked.n_manners;
  *out = mem_alloc(((size_t)*n + own + 1) * sizeof **out);
  if (*n) memcpy(*out, r->asked.manners, (size_t)*n * sizeof **out);
  for (size_t i = 0; i < own; i++) {
    const char *spec = json_string_value(json_array_get(list, i));
    enum err err =
        spec ? manner_parse(spec, &(*out)[*n], e) : err_set(e, ERR_INVALID, "'manners' is a list of strings");
    if (err) return err;
    ++*n;
  }
  return OK;
}

static void note(struct rehearsal_reply *r, const char *name) {
  size_t at = strlen(r->manners);
  snprintf(r->manners + at, sizeof r->manners - at, "%s%s", at ? "," : "", name);
}

static void apply(struct rehearsal_reply *r, const struct manner *list, int n, enum manner_time when) {
  for (const struct manner_row *row = manner_rows; n && row->name && r->status == 200; row++) {
    double value;
    if (row->when != when || !manner_applies(row, list, n, &r->met, &value)) continue;
    r->manner = row->name;
    row->apply(r, value);
    note(r, row->name);
  }
}

/* ---- the text ---- */

/* The texts of `n` choices. Those after the first have keys of their own, and so other words. */
static enum err write_texts(struct rehearsal_reply *r, int choices, struct error *e) {
  struct rehearsal_options how = {.length_bias = r->asked.length_bias, .usage_bias = r->asked.usage_bias};
  char key[SHA_HEX];
  snprintf(key, sizeof key, "%s", r->asked.key);
  for (int i = 0; i < choices; i++) {
    struct rehearsal_usage usage;
    how.key = key;
    enum err err = rehearsal_answer(r->request, &how, i ? &r->others[i - 1] : &r->text, &usage, e);
    if (err) return err;
    key[0] = key[0] == '0' + (char)i ? 'a' : '0' + (char)i;
    if (i == 0) r->usage = usage;
  }
  return OK;
}

static void cut_at(struct buf *b, size_t n) {
  while (n > 0 && n < b->len && ((unsigned char)b->data[n] & 0xC0) == 0x80) n--;
  if (n >= b->len) return;
  b->len = n;
  b->data[n] = '\0';
}

static void cut_at_word(struct buf *text, const json_t *word) {
  if (!json_string_length(word)) return;
  char *at = strstr(text->data, json_string_value(word));
  if (at) cut_at(text, (size_t)(at - text->data));
}

/* Stop words first: what they cut may fit then. */
static void keep_limits(struct rehearsal_reply *r, struct buf *text) {
  json_t *stop = json_object_get(r->request, "stop"), *word;
  size_t i;
  cut_at_word(text, stop);
  json_array_foreach(stop, i, word) cut_at_word(text, word);
  if (!r->limit) return;
  size_t most = (size_t)r->limit * BYTES_A_TOKEN;
  if (r->thought_inside && r->thought.len > most) cut_at(&r->thought, most);
  size_t room = most - (r->thought_inside ? r->thought.len : 0);
  if (text->len <= room) return;
  cut_at(text, room);
  r->finish = "length";
}

static void count(struct rehearsal_reply *r, int choices) {
  size_t bytes = r->text.len + (r->refusal ? strlen(r->refusal) : 0);
  r->usage.reasoning = rehearsal_tokens(r->thought.len, r->asked.usage_bias);
  r->usage.output = rehearsal_tokens(bytes, r->asked.usage_bias) + r->usage.reasoning;
  for (int i = 1; i < choices; i++)
    r->usage.output += rehearsal_tokens(r->others[i - 1].len, r->asked.usage_bias);
}

/* ---- the telling ---- */

static long long times(long long tokens, double factor) {
  return factor > 0 ? (long long)((double)tokens * factor + 0.5) : tokens;
}

static void tell(struct rehearsal_reply *r, int choices) {
  struct rehearsal_usage told = {.input = times(r->usage.input, r->told_factor),
                                 .output = times(r->usage.output, r->told_factor),
                                 .reasoning = times(r->usage.reasoning, r->told_factor)};
  if (r->told_prompt > 0) told.input = times(told.input, r->told_prompt) + 1;
  struct rehearsal_stream *s = &r->stream;
  rehearsal_stream_init(s, r->request, r->asked.key, r->text.data, r->text.len, &told, r->asked.chunks);
  if (r->asked.speech) s->speech = r->asked.speech;
  for (int i = 1; i < choices; i++)
    s->choices[i] = (struct rehearsal_choice){.text = r->others[i - 1].data, .n = r->others[i - 1].len};
  s->n_choices = choices;
  s->thought = r->thought.data;
  s->n_thought = r->thought.len;
  s->refusal = r->refusal;
  s->finish = r->finish;
  s->told = r->told;
  if (!r->new_ids) return;
  struct rehearsal_case own = {
      .request_key = r->asked.key, .attempt = r->asked.attempt, .seed = r->asked.serial};
  snprintf(s->id, sizeof s->id, "chatcmpl-%016llx", (unsigned long long)when_dice(&own, "id"));
  s->created = 1700000000 + (long long)r->asked.serial;
}

/* ---- all of it ---- */

static enum err make(struct rehearsal_reply *r, struct error *e) {
  struct manner *list = NULL;
  int n = 0;
  json_int_t choices = jsonx_int(r->request, "n", 1);
  if (choices < 1 || choices > CHOICES_MOST)
    return err_set(e, ERR_INVALID, "n is from 1 to %d", (int)CHOICES_MOST);
  enum err err = read_manners(r, &list, &n, e);
  if (!err) apply(r, list, n, BEFORE_TEXT);
  if (!err && r->status == 200) err = write_texts(r, (int)choices, e);
  if (!err && r->status == 200) {
    apply(r, list, n, r->json ? ON_JSON : ON_PROSE);
    apply(r, list, n, ON_TEXT);
    for (int i = 1; i < (int)choices; i++) keep_limits(r, &r->others[i - 1]);
    keep_limits(r, &r->text);
    count(r, (int)choices);
    apply(r, list, n, ON_TELLING);
    tell(r, (int)choices);
  }
  free(list);
  return err;
}

static void begin(struct rehearsal_reply *r, const json_t *request, const struct rehearsal_asked *asked) {
  *r = (struct rehearsal_reply){.status = 200, .request = request, .asked = *asked, .finish = "stop"};
  buf_init(&r->text, MAX_ANSWER_BYTES);
  buf_init(&r->thought, MAX_ANSWER_BYTES);
  for (int i = 0; i < CHOICES_MOST - 1; i++) buf_init(&r->others[i], MAX_ANSWER_BYTES);
}

enum err rehearsal_reply(const json_t *request, const struct rehearsal_asked *asked,
                         struct rehearsal_reply *r, struct error *e) {
  begin(r, request, asked);
  r->json = rehearsal_schema(request);
  r->met = (struct rehearsal_case){.role = rehearsal_metadata(request, "quire_role"),
                                   .quire_key = rehearsal_metadata(request, "quire_key"),
                                   .request_key = asked->key,
                                   .attempt = asked->attempt,
                                   .seed = asked->seed};
  r->limit = jsonx_int(request, "max_completion_tokens", jsonx_int(request, "max_tokens", 0));
  enum err err = make(r, e);
  if (err) rehearsal_reply_release(r);
  return err;
}

enum err rehearsal_reply_said(const json_t *request, const struct rehearsal_asked *asked, const char *text,
                              size_t n, const char *finish, struct rehearsal_reply *r, struct error *e) {
  begin(r, request, asked);
  if (buf_append(&r->text, text, n) != OK) {
    rehearsal_reply_release(r);
    return err_set(e, ERR_LIMIT, "the answer is longer than 4 MB");
  }
  if (finish[0]) r->finish = finish;
  r->usage.input = rehearsal_tokens(rehearsal_prompt_bytes(request), asked->usage_bias);
  count(r, 1);
  tell(r, 1);
  return OK;
}

void rehearsal_reply_refused(int status, const char *message, struct rehearsal_reply *r) {
  begin(r, NULL, &(struct rehearsal_asked){0});
  r->status = status;
  snprintf(r->message, sizeof r->message, "%s", message);
}

json_t *rehearsal_reply_error(const struct rehearsal_reply *r) {
  const struct speech *speech = r->asked.speech ? r->asked.speech : &speech_chat;
  return speech->error(r->status, r->message, "invalid_request_error", r->code);
}

void rehearsal_reply_release(struct rehearsal_reply *r) {
  buf_release(&r->text);
  buf_release(&r->thought);
  for (int i = 0; i < CHOICES_MOST - 1; i++) buf_release(&r->others[i]);
}
