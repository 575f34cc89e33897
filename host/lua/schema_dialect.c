/* schema_dialect.c - see schema_dialect.h: one walk that copies what is kept and collects the rest as words. */
#include "lua/schema_dialect.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/jsonx.h"

static bool is_kept(const struct schema_dialect *d, const char *word, const json_t *value) {
  size_t n = strlen(word);
  for (size_t i = 0; i < json_array_size(d->keep); i++) {
    const char *entry = json_string_value(json_array_get(d->keep, i));
    if (!entry || strncmp(entry, word, n) != 0) continue;
    if (!entry[n]) return true;
    if (strncmp(entry + n, "<=", 2) == 0) return json_number_value(value) <= strtod(entry + n + 2, NULL);
  }
  return !d->keep;
}

static json_t *properties_in_dialect(json_t *properties, const struct schema_dialect *d) {
  json_t *out = json_object(), *v;
  const char *name;
  json_object_foreach(properties, name, v) json_object_set_new(out, name, schema_in_dialect(v, d));
  return out;
}

static void say(struct buf *said, const char *word, const json_t *value) {
  buf_printf(said, "%s%s: ", said->len ? ", " : "{", word);
  (void)jsonx_canonical(value, said); /* what does not fit is not said */
}

static void describe(json_t *out, struct buf *said) {
  if (!said->len) return;
  buf_putc(said, '}');
  const char *before = json_string_value(json_object_get(out, "description"));
  json_t *text = before ? json_sprintf("%s %s", before, said->data) : json_string(said->data);
  json_object_set_new(out, "description", text);
}

json_t *schema_in_dialect(const json_t *schema, const struct schema_dialect *d) {
  if (!json_is_object(schema)) return json_deep_copy(schema);
  json_t *out = json_object(), *v;
  const char *word;
  struct buf said;
  buf_init(&said, MAX_JSON_BYTES);
  json_object_foreach((json_t *)(uintptr_t)schema, word, v) {
    if (strcmp(word, "properties") == 0)
      json_object_set_new(out, word, properties_in_dialect(v, d));
    else if (strcmp(word, "items") == 0)
      json_object_set_new(out, word, schema_in_dialect(v, d));
    else if (is_kept(d, word, v))
      json_object_set(out, word, v);
    else if (strcmp(word, "additionalProperties") != 0)
      say(&said, word, v);
  }
  if (d->say) describe(out, &said);
  if (d->closed && json_object_get(out, "properties"))
    json_object_set_new(out, "additionalProperties", json_false());
  buf_release(&said);
  return out;
}
