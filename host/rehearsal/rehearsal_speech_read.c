/* rehearsal_speech_read.c - requests in other dialects as ones of chat completions. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/jsonx.h"
#include "rehearsal/rehearsal_speech_read.h"

static void add_part(struct buf *to, const char *text) {
  if (!text || !*text) return;
  if (to->len) buf_puts(to, "\n\n");
  buf_puts(to, text);
}

/* A string, or a list of parts, or an object with such a list. */
static void add_content(struct buf *to, const json_t *content) {
  size_t i;
  json_t *part;
  if (json_is_object(content)) content = json_object_get(content, "parts");
  add_part(to, json_string_value(content));
  json_array_foreach(content, i, part) add_part(to, jsonx_str(part, "text", NULL));
}

static void add_message(json_t *messages, const char *role, const json_t *content) {
  struct buf text;
  buf_init(&text, MAX_REQUEST_BYTES);
  add_content(&text, content);
  if (text.len)
    json_array_append_new(messages, json_pack("{s:s, s:s%}", "role", role, "content", text.data, text.len));
  buf_release(&text);
}

/* "{maxLength: 120, minItems: 3}" at the end of a description: what the service takes no keyword for, a model reads there. */
static void read_description(json_t *schema) {
  static const char *const words[] = {"minLength", "maxLength", "minItems", "maxItems",
                                      "minimum",   "maximum",   NULL};
  const char *said = jsonx_str(schema, "description", ""), *at = strrchr(said, '{');
  for (int i = 0; at && words[i]; i++) {
    const char *word = strstr(at, words[i]);
    size_t n = strlen(words[i]);
    if (!word || word[n] != ':') continue;
    json_object_set_new(schema, words[i], json_integer(atoll(word + n + 1)));
  }
}

static void restore(json_t *schema) {
  const char *name;
  json_t *v;
  if (!json_is_object(schema)) return;
  read_description(schema);
  restore(json_object_get(schema, "items"));
  json_object_foreach(json_object_get(schema, "properties"), name, v) restore(v);
}

static json_t *begin(const json_t *request, const char *model, json_t *messages, bool stream) {
  json_t *chat = json_pack("{s:s, s:o, s:b}", "model", model, "messages", messages, "stream", stream);
  json_t *manners = json_object_get(request, "manners");
  if (manners) json_object_set(chat, "manners", manners);
  if (stream) json_object_set_new(chat, "stream_options", json_pack("{s:b}", "include_usage", 1));
  return chat;
}

static json_t *end(json_t *chat, const json_t *most, const json_t *schema) {
  if (json_is_integer(most)) json_object_set(chat, "max_tokens", (json_t *)(uintptr_t)most);
  if (!json_is_object(schema)) return chat;
  json_t *own = json_deep_copy(schema);
  restore(own);
  json_object_set_new(chat, "response_format",
                      json_pack("{s:s, s:{s:s, s:o}}", "type", "json_schema", "json_schema", "name", "answer",
                                "schema", own));
  return chat;
}

static void add_messages(json_t *to, const json_t *list) {
  size_t i;
  json_t *m;
  if (json_is_string(list)) add_message(to, "user", list);
  json_array_foreach(list, i, m) add_message(to, jsonx_str(m, "role", "user"), json_object_get(m, "content"));
}

/* Where a dialect keeps what: instructions, messages, the most tokens, and the field whose "format" holds the schema. */
struct places {
  const char *system, *messages, *most, *form;
};

static json_t *read_at(const json_t *request, const struct places *p) {
  json_t *messages = json_array();
  add_message(messages, "system", json_object_get(request, p->system));
  add_messages(messages, json_object_get(request, p->messages));
  json_t *chat = begin(request, jsonx_str(request, "model", ""), messages,
                       json_is_true(json_object_get(request, "stream")));
  const json_t *format = json_object_get(json_object_get(request, p->form), "format");
  return end(chat, json_object_get(request, p->most), json_object_get(format, "schema"));
}

json_t *read_messages(const json_t *request, const char *target) {
  (void)target;
  return read_at(request, &(struct places){"system", "messages", "max_tokens", "output_config"});
}

json_t *read_responses(const json_t *request, const char *target) {
  (void)target;
  return read_at(request, &(struct places){"instructions", "input", "max_output_tokens", "text"});
}

/* ".../models/NAME:streamGenerateContent?alt=sse" */
json_t *read_gemini(const json_t *request, const char *target) {
  json_t *messages = json_array(), *m;
  size_t i;
  const char *colon = strchr(target, ':'), *slash = colon;
  while (slash && slash > target && slash[-1] != '/') slash--;
  char model[128] = "";
  if (colon) snprintf(model, sizeof model, "%.*s", (int)(colon - slash), slash);
  add_message(messages, "system", json_object_get(request, "systemInstruction"));
  json_array_foreach(json_object_get(request, "contents"), i, m)
      add_message(messages, strcmp(jsonx_str(m, "role", "user"), "model") == 0 ? "assistant" : "user", m);
  json_t *chat = begin(request, model, messages, colon && strncmp(colon, ":stream", 7) == 0);
  const json_t *config = json_object_get(request, "generationConfig");
  return end(chat, json_object_get(config, "maxOutputTokens"), json_object_get(config, "responseJsonSchema"));
}

json_t *read_ollama(const json_t *request, const char *target) {
  (void)target;
  json_t *messages = json_array();
  add_messages(messages, json_object_get(request, "messages"));
  json_t *chat = begin(request, jsonx_str(request, "model", ""), messages,
                       !json_is_false(json_object_get(request, "stream")));
  return end(chat, json_object_get(json_object_get(request, "options"), "num_predict"),
             json_object_get(request, "format"));
}
