/* rehearsal_manners_json.c - manners of answers to a schema: nearly right JSON, and refusals of structured output. Each is called by its
 * row of the table. The changes of values come before those of their text: what is no JSON any more is left as it is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/jsonx.h"
#include "rehearsal/rehearsal_reply.h"

/* ---- refusals ---- */

void manner_json_refused(struct rehearsal_reply *r, double unused) {
  static const char *const words[] = {
      "This response_format type is unavailable now", "Guided decoding is not supported on this server",
      "'response_format' of type 'json_schema' is not supported with this model"};
  (void)unused;
  if (!r->json) return;
  /* A server refuses each time, and in the same words. */
  struct rehearsal_case server = {.request_key = "", .seed = r->met.seed};
  r->status = 400;
  snprintf(r->code, sizeof r->code, "invalid_request_error");
  snprintf(r->message, sizeof r->message, "%s", words[when_dice(&server, "refused") % 3]);
}

void manner_json_slip(struct rehearsal_reply *r, double unused) {
  (void)unused;
  if (!r->json) return;
  r->status = 400;
  snprintf(r->code, sizeof r->code, "json_validate_failed");
  snprintf(r->message, sizeof r->message,
           "Failed to generate JSON. Please adjust your prompt. See 'failed_generation' for more details.");
}

/* ---- values ---- */

static json_t *document_of(const struct rehearsal_reply *r) {
  json_t *v = NULL;
  return jsonx_parse(r->text.data, r->text.len, "the answer", &v, NULL) == OK ? v : NULL;
}

/* Takes v. */
static void set_document(struct rehearsal_reply *r, json_t *v, size_t flags) {
  char *text = json_dumps(v, flags | JSON_ENCODE_ANY);
  json_decref(v);
  if (!text) return;
  buf_clear(&r->text);
  buf_puts(&r->text, text);
  free(text);
}

/* Every value of the document through `change`, which takes one and gives one. */
static json_t *changed(json_t *v, json_t *(*change)(json_t *v, double value), double value) {
  if (json_is_object(v)) {
    json_t *out = json_object(), *one;
    const char *name;
    json_object_foreach(v, name, one)
        json_object_set_new(out, name, changed(json_incref(one), change, value));
    json_decref(v);
    return out;
  }
  if (json_is_array(v)) {
    json_t *out = json_array(), *one;
    size_t i;
    json_array_foreach(v, i, one) json_array_append_new(out, changed(json_incref(one), change, value));
    json_decref(v);
    return out;
  }
  return change(v, value);
}

static json_t *number_as_string(json_t *v, double unused) {
  (void)unused;
  if (!json_is_integer(v)) return v;
  char text[32];
  snprintf(text, sizeof text, "%lld", (long long)json_integer_value(v));
  json_decref(v);
  return json_string(text);
}

void manner_json_numbers(struct rehearsal_reply *r, double unused) {
  json_t *v = document_of(r);
  if (v) set_document(r, changed(v, number_as_string, unused), JSON_COMPACT);
}

enum { LONG_TEXT = 40 };

static json_t *longer(json_t *v, double characters) {
  static const char more[] = " and so on";
  if (!json_is_string(v) || json_string_length(v) <= LONG_TEXT) return v;
  struct buf text;
  buf_init(&text, MAX_ANSWER_BYTES);
  buf_append(&text, json_string_value(v), json_string_length(v));
  for (double n = 0; n < characters; n += sizeof more - 1) buf_puts(&text, more);
  json_decref(v);
  v = json_stringn_nocheck(text.data, text.len);
  buf_release(&text);
  return v;
}

void manner_json_long(struct rehearsal_reply *r, double characters) {
  json_t *v = document_of(r);
  if (v) set_document(r, changed(v, longer, characters), JSON_COMPACT);
}

void manner_json_extra(struct rehearsal_reply *r, double unused) {
  json_t *v = document_of(r);
  (void)unused;
  if (json_is_object(v)) json_object_set_new(v, "confidence", json_real(0.9));
  if (v) set_document(r, v, JSON_COMPACT);
}

void manner_json_missing(struct rehearsal_reply *r, double unused) {
  json_t *v = document_of(r);
  const char *last = NULL, *name;
  json_t *one;
  (void)unused;
  json_object_foreach(v, name, one) last = name;
  if (last) json_object_del(v, last);
  if (v) set_document(r, v, JSON_COMPACT);
}

void manner_json_list(struct rehearsal_reply *r, double unused) {
  json_t *v = document_of(r);
  (void)unused;
  if (v) set_document(r, json_pack("[o]", v), JSON_COMPACT);
}

void manner_json_wrapped(struct rehearsal_reply *r, double unused) {
  json_t *v = document_of(r);
  (void)unused;
  if (v) set_document(r, json_pack("{s:o}", "answer", v), JSON_COMPACT);
}

/* ---- their text ---- */

/* Puts `words` into the text at a place. */
static void insert(struct rehearsal_reply *r, size_t at, const char *words) {
  struct buf old = r->text;
  buf_init(&r->text, old.max);
  buf_append(&r->text, old.data, at);
  buf_puts(&r->text, words);
  buf_append(&r->text, old.data + at, old.len - at);
  buf_release(&old);
}

void manner_json_comments(struct rehearsal_reply *r, double unused) {
  (void)unused;
  char *brace = strchr(r->text.data, '{');
  if (brace) insert(r, (size_t)(brace - r->text.data) + 1, " // as you asked\n");
}

void manner_json_comma(struct rehearsal_reply *r, double unused) {
  (void)unused;
  char *brace = strrchr(r->text.data, '}');
  if (brace && brace > r->text.data && brace[-1] != '{') insert(r, (size_t)(brace - r->text.data), ",");
}

void manner_json_string(struct rehearsal_reply *r, double unused) {
  (void)unused;
  json_t *text = json_stringn_nocheck(r->text.data, r->text.len);
  if (text) set_document(r, text, 0);
}

void manner_json_cut(struct rehearsal_reply *r, double share) {
  size_t n = (size_t)((double)r->text.len * share);
  while (n > 0 && ((unsigned char)r->text.data[n] & 0xC0) == 0x80) n--;
  if (n >= r->text.len) return;
  r->text.len = n;
  r->text.data[n] = '\0';
}

void manner_json_fence(struct rehearsal_reply *r, double unused) {
  (void)unused;
  insert(r, 0, "```json\n");
  buf_puts(&r->text, "\n```");
}
