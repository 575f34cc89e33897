/* rehearsal.c - the rehearsal model's front: what a request is known by, and which kind of answer it gets.
 *
 * rehearsal_key -> rehearsal_answer. Any thread. The key is the seed of all dice, so the same request has the same answer on
 * every machine. */
#include "rehearsal/rehearsal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/jsonx.h"
#include "base/text.h"
#include "rehearsal/rehearsal_internal.h"

/* ---- the key ---- */

static enum err hash_canonical(const json_t *request, char key[SHA_HEX]) {
  struct buf text;
  buf_init(&text, MAX_REQUEST_BYTES);
  enum err err = jsonx_canonical(request, &text);
  if (!err) sha256_hex(text.data, text.len, key);
  buf_release(&text);
  return err;
}

enum err rehearsal_key(const json_t *request, char key[SHA_HEX], struct error *e) {
  if (!json_is_object(request)) return err_set(e, ERR_INVALID, "the request is not a JSON object");
  /* jansson counts references without const; a shallow copy leaves the request as it is. */
  json_t *bare = json_object();
  const char *name;
  json_t *value;
  void *it = json_object_iter((json_t *)(uintptr_t)request);
  for (; it; it = json_object_iter_next((json_t *)(uintptr_t)request, it)) {
    name = json_object_iter_key(it);
    value = json_object_iter_value(it);
    if (strcmp(name, "stream") && strcmp(name, "stream_options") && strcmp(name, "user") &&
        strcmp(name, "manners"))
      json_object_set(bare, name, value);
  }
  enum err err = hash_canonical(bare, key);
  json_decref(bare);
  return err ? err_set(e, err, "the request is too large or too deep to rehearse") : OK;
}

/* ---- what it knows of a request ---- */

static size_t content_bytes(const json_t *content) {
  if (json_is_string(content)) return json_string_length(content);
  size_t n = 0, i;
  json_t *part;
  json_array_foreach(content, i, part) n += json_string_length(json_object_get(part, "text"));
  return n;
}

size_t rehearsal_prompt_bytes(const json_t *request) {
  size_t n = 0, i;
  json_t *message;
  json_array_foreach(json_object_get(request, "messages"), i, message) n +=
      content_bytes(json_object_get(message, "content"));
  return n;
}

const char *rehearsal_metadata(const json_t *request, const char *name) {
  return jsonx_str(json_object_get(request, "metadata"), name, "");
}

long long rehearsal_prefix_bytes(const json_t *request) {
  const json_t *v = json_object_get(json_object_get(request, "metadata"), "quire_prefix_bytes");
  if (json_is_integer(v)) return json_integer_value(v);
  return json_is_string(v) ? atoll(json_string_value(v)) : -1; /* OpenAI's metadata values are strings */
}

/* ---- answers ---- */

long long rehearsal_tokens(size_t bytes, double bias) {
  double n = (double)((bytes + 3) / 4) * (bias > 0 ? bias : 1);
  return (long long)(n + 0.5);
}

const json_t *rehearsal_schema(const json_t *request) {
  const json_t *format = json_object_get(request, "response_format");
  const json_t *named = json_object_get(format, "json_schema");
  const json_t *schema = json_object_get(named, "schema");
  return schema ? schema : named;
}

/* Servers that take no response_format are told the form in the prompt (scripts/providers/openai.lua): the schema behind these words. Owned; NULL:
 * there is none. */
static json_t *told_schema(const json_t *request) {
  static const char words[] = "follows this JSON schema:";
  const json_t *messages = json_object_get(request, "messages");
  const json_t *last = json_array_get(messages, json_array_size(messages) - 1);
  const char *text = json_string_value(json_object_get(last, "content"));
  const char *at = text ? strstr(text, words) : NULL;
  at = at ? strchr(at, '{') : NULL;
  return at ? json_loadb(at, strlen(at), JSON_DISABLE_EOF_CHECK, NULL) : NULL;
}

static long prose_words(const struct prompt *p, double bias, struct dice *d) {
  double words = p->words ? (double)p->words : p->max_tokens ? (double)p->max_tokens * 0.45 : 300;
  if (!p->words && words > 1200) words = 1200;
  words *= (bias > 0 ? bias : 1) * (0.96 + 0.08 * (double)dice_below(d, 1000) / 1000);
  /* An English word is about six bytes with its space: a token and a half by our estimate. */
  double most = p->max_tokens ? (double)p->max_tokens / 1.75 : words;
  if (words > most) words = most;
  return words < 1 ? 1 : (long)words;
}

static enum err choose_answer(const json_t *request, const struct rehearsal_options *opt,
                              const struct prompt *p, struct dice *d, struct buf *text, struct error *e) {
  const json_t *schema = rehearsal_schema(request);
  if (schema) return write_instance(schema, p, d, text, e);
  json_t *told = told_schema(request);
  if (told) {
    enum err err = write_instance(told, p, d, text, e);
    json_decref(told);
    return err;
  }
  const char *format = jsonx_str(json_object_get(request, "response_format"), "type", "text");
  if (strcmp(format, "json_object") == 0) return buf_puts(text, "{}");
  struct span choices[32];
  int n = prompt_choices(p, choices, 32);
  if (n) {
    const struct span *choice = &choices[dice_below(d, (size_t)n)];
    return buf_append(text, choice->at, choice->n);
  }
  write_prose(p, d, prose_words(p, opt->length_bias, d), text);
  return OK;
}

enum err rehearsal_answer(const json_t *request, const struct rehearsal_options *opt, struct buf *text,
                          struct rehearsal_usage *usage, struct error *e) {
  char own_key[SHA_HEX];
  const char *key = opt->key;
  if (!key) {
    enum err err = rehearsal_key(request, own_key, e);
    if (err) return err;
    key = own_key;
  }
  char seed[17];
  snprintf(seed, sizeof seed, "%.16s", key);
  struct dice dice = {.seed = strtoull(seed, NULL, 16)};
  dice.state = dice.seed;
  struct prompt prompt;
  struct buf memory;
  buf_init(&memory, MAX_REQUEST_BYTES);
  size_t before = text->len;
  enum err err = prompt_read(request, &prompt, &memory, e);
  if (!err) err = choose_answer(request, opt, &prompt, &dice, text, e);
  if (!err)
    *usage =
        (struct rehearsal_usage){.input = rehearsal_tokens(rehearsal_prompt_bytes(request), opt->usage_bias),
                                 .output = rehearsal_tokens(text->len - before, opt->usage_bias)};
  prompt_release(&prompt);
  buf_release(&memory);
  return err;
}
