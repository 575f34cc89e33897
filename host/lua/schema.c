/* schema.c - a subset of JSON schema over jansson values.
 *
 * schema_supported (once, when the script hands it over) -> schema_ordered_text (what is sent) -> schema_check
 * (what came back). One row a keyword: its name, what its value must look like, what it asks of a value. */
#include "lua/schema.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/jsonx.h"
#include "base/text.h"
#include "lua/place.h"

enum { DEPTH_MAX = 100, PATH_SHOWN = 300 };

/* ---- what is wrong and where ---- */

static weak_err wrong(struct error *e, const struct place *at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static weak_err wrong(struct error *e, const struct place *at, const char *fmt, ...) {
  char path[PATH_SHOWN], what[280];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(what, sizeof what, fmt, ap);
  va_end(ap);
  place_write(at, "the value", path, sizeof path);
  return err_set(e, ERR_INVALID, "%s: %s", path, what);
}

static struct place below_key(const struct place *up, const char *key) {
  return (struct place){.up = up, .key = key, .n = strlen(key)};
}

/* jansson walks only objects that are not const. */
static json_t *walkable(const json_t *v) {
  return (json_t *)(uintptr_t)v;
}

/* ---- is the schema one we can hold? ---- */

static const char *const type_names[] = {"array",  "boolean", "integer", "null",
                                         "number", "object",  "string",  NULL};

static const char *const keywords[] = {"additionalProperties",
                                       "const",
                                       "description",
                                       "enum",
                                       "items",
                                       "maxItems",
                                       "maxLength",
                                       "maximum",
                                       "minItems",
                                       "minLength",
                                       "minimum",
                                       "properties",
                                       "required",
                                       "title",
                                       "type",
                                       NULL};

static bool is_one_of(const char *word, const char *const *names) {
  for (; *names; names++)
    if (strcmp(word, *names) == 0) return true;
  return false;
}

static bool is_list(const json_t *v) {
  return json_is_array(v) || (json_is_object(v) && json_object_size(v) == 0);
}

static enum err support_schema(const json_t *schema, const struct place *at, int depth, struct error *e);

static enum err support_type(const json_t *v, const struct place *at, struct error *e) {
  size_t n = json_is_array(v) ? json_array_size(v) : 1;
  if (!n) return wrong(e, at, "a list of types needs at least one");
  for (size_t i = 0; i < n; i++) {
    const char *name = json_string_value(json_is_array(v) ? json_array_get(v, i) : v);
    if (!name) return wrong(e, at, "a type is a string, or a list of strings");
    if (is_one_of(name, type_names)) continue;
    const char *near = text_nearest(name, type_names);
    wrong(e, at, "there is no type \"%.60s\"", name);
    if (near) err_hint(e, "did you mean \"%s\"?", near);
    return ERR_INVALID;
  }
  return OK;
}

static enum err support_properties(const json_t *v, const struct place *at, int depth, struct error *e) {
  if (!json_is_object(v)) return wrong(e, at, "expected a table of schemas by name");
  const char *key;
  json_t *schema;
  json_object_foreach(walkable(v), key, schema) {
    struct place here = below_key(at, key);
    enum err err = support_schema(schema, &here, depth, e);
    if (err) return err;
  }
  return OK;
}

static enum err support_required(const json_t *v, const struct place *at, struct error *e) {
  if (!is_list(v)) return wrong(e, at, "expected a list of names");
  for (size_t i = 0; i < json_array_size(v); i++)
    if (!json_is_string(json_array_get(v, i))) return wrong(e, at, "expected a list of names");
  return OK;
}

static enum err support_keyword(const char *word, const json_t *v, const struct place *up, int depth,
                                struct error *e) {
  struct place at = below_key(up, word);
  if (strcmp(word, "type") == 0) return support_type(v, &at, e);
  if (strcmp(word, "properties") == 0) return support_properties(v, &at, depth, e);
  if (strcmp(word, "required") == 0) return support_required(v, &at, e);
  if (strcmp(word, "items") == 0) return support_schema(v, &at, depth, e);
  if (strcmp(word, "additionalProperties") == 0)
    return json_is_boolean(v) ? OK : support_schema(v, &at, depth, e);
  if (strcmp(word, "enum") == 0)
    return json_array_size(v) ? OK : wrong(e, &at, "expected a list of at least one value");
  if (strcmp(word, "description") == 0 || strcmp(word, "title") == 0)
    return json_is_string(v) ? OK : wrong(e, &at, "expected a string");
  if (strcmp(word, "minimum") == 0 || strcmp(word, "maximum") == 0)
    return json_is_number(v) ? OK : wrong(e, &at, "expected a number");
  if (strncmp(word, "min", 3) == 0 || strncmp(word, "max", 3) == 0)
    return json_is_integer(v) && json_integer_value(v) >= 0 ? OK
                                                            : wrong(e, &at, "expected an integer from 0");
  return OK; /* const: any value */
}

static enum err refuse_keyword(const char *word, const struct place *at, struct error *e) {
  const char *near = text_nearest(word, keywords);
  wrong(e, at, "the schema keyword \"%.60s\" is not supported%s%s%s", word, near ? "; did you mean \"" : "",
        near ? near : "", near ? "\"?" : "");
  err_hint(
      e,
      "supported: type, properties, required, additionalProperties, items, minItems, maxItems, enum, const, "
      "minLength, maxLength, minimum, maximum, description, title");
  return ERR_INVALID;
}

static enum err support_schema(const json_t *schema, const struct place *at, int depth, struct error *e) {
  if (depth > DEPTH_MAX) return wrong(e, at, "the schema is nested deeper than %d levels", DEPTH_MAX);
  if (!json_is_object(schema)) return wrong(e, at, "a schema is a table such as {type = \"string\"}");
  const char *word;
  json_t *v;
  json_object_foreach(walkable(schema), word, v) {
    enum err err =
        is_one_of(word, keywords) ? support_keyword(word, v, at, depth + 1, e) : refuse_keyword(word, at, e);
    if (err) return err;
  }
  return OK;
}

enum err schema_supported(const json_t *schema, struct error *e) {
  static const struct place top = {0};
  struct place root = below_key(&top, "schema");
  return support_schema(schema, &root, 0, e);
}

/* ---- does a value keep to it? ---- */

struct checker {
  struct error *e;
  bool lua; /* an empty object is an empty list too */
};

static enum err check(const struct checker *c, const json_t *schema, const json_t *v, const struct place *at,
                      int depth);

static const char *type_of(const json_t *v) {
  switch (json_typeof(v)) {
  case JSON_OBJECT: return "object";
  case JSON_ARRAY: return "array";
  case JSON_STRING: return "string";
  case JSON_INTEGER: return "integer";
  case JSON_REAL: return "number";
  case JSON_NULL: return "null";
  default: return "boolean";
  }
}

static bool has_type(const struct checker *c, const json_t *v, const char *name) {
  if (strcmp(name, type_of(v)) == 0) return true;
  if (strcmp(name, "number") == 0) return json_is_integer(v);
  if (strcmp(name, "array") == 0) return c->lua && is_list(v);
  if (strcmp(name, "integer") != 0 || !json_is_real(v)) return false;
  double x = json_real_value(v);
  return floor(x) >= x; /* 3.0 */
}

static enum err check_type(const struct checker *c, const json_t *type, const json_t *v,
                           const struct place *at) {
  char names[120] = "";
  size_t used = 0, n_types = json_is_array(type) ? json_array_size(type) : 1;
  for (size_t i = 0; i < n_types; i++) {
    const char *name = json_string_value(json_is_array(type) ? json_array_get(type, i) : type);
    if (!name) continue;
    if (has_type(c, v, name)) return OK;
    int n = snprintf(names + used, sizeof names - used, "%s%s", used ? " or " : "", name);
    used = used + (size_t)n < sizeof names ? used + (size_t)n : sizeof names - 1;
  }
  return wrong(c->e, at, "expected %s, got %s", names, json_is_number(v) ? "number" : type_of(v));
}

/* 1 and 1.0 are the same number to a person. */
static bool same(const json_t *a, const json_t *b) {
  if (json_is_integer(a) && json_is_integer(b)) return json_integer_value(a) == json_integer_value(b);
  if (!json_is_number(a) || !json_is_number(b)) return json_equal(a, b);
  double x = json_number_value(a), y = json_number_value(b);
  return x >= y && x <= y;
}

/* The value's JSON, cut for a message. */
static void show(const json_t *v, char *to, size_t max) {
  char *text = jsonx_dumps(v);
  size_t n = text ? strlen(text) : 0, keep = n < max ? n : max - 4;
  while (n >= max && keep && ((unsigned char)text[keep] & 0xc0) == 0x80) keep--;
  snprintf(to, max, "%.*s%s", (int)keep, text ? text : "", n < max ? "" : "...");
  free(text);
}

static enum err check_enum(const struct checker *c, const json_t *list, const json_t *v,
                           const struct place *at) {
  for (size_t i = 0; i < json_array_size(list); i++)
    if (same(json_array_get(list, i), v)) return OK;
  char allowed[160], got[60];
  show(list, allowed, sizeof allowed);
  show(v, got, sizeof got);
  return wrong(c->e, at, "expected one of %s, got %s", allowed, got);
}

static enum err check_const(const struct checker *c, const json_t *fixed, const json_t *v,
                            const struct place *at) {
  if (same(fixed, v)) return OK;
  char wanted[120], got[60];
  show(fixed, wanted, sizeof wanted);
  show(v, got, sizeof got);
  return wrong(c->e, at, "expected %s, got %s", wanted, got);
}

static json_int_t characters(const json_t *v) {
  const char *s = json_string_value(v);
  json_int_t n = 0;
  for (size_t i = 0; i < json_string_length(v); i++) n += ((unsigned char)s[i] & 0xc0) != 0x80;
  return n;
}

static enum err check_size(const struct checker *c, const json_t *schema, const char *least, const char *most,
                           json_int_t n, const char *what, const struct place *at) {
  const json_t *low = json_object_get(schema, least), *high = json_object_get(schema, most);
  if (low && n < json_integer_value(low))
    return wrong(c->e, at, "expected at least %lld %s, got %lld", (long long)json_integer_value(low), what,
                 (long long)n);
  if (high && n > json_integer_value(high))
    return wrong(c->e, at, "expected at most %lld %s, got %lld", (long long)json_integer_value(high), what,
                 (long long)n);
  return OK;
}

static enum err check_number(const struct checker *c, const json_t *schema, const json_t *v,
                             const struct place *at) {
  const json_t *low = json_object_get(schema, "minimum"), *high = json_object_get(schema, "maximum");
  double x = json_number_value(v);
  if (low && x < json_number_value(low))
    return wrong(c->e, at, "expected at least %.15g, got %.15g", json_number_value(low), x);
  if (high && x > json_number_value(high))
    return wrong(c->e, at, "expected at most %.15g, got %.15g", json_number_value(high), x);
  return OK;
}

static enum err check_items(const struct checker *c, const json_t *schema, const json_t *v,
                            const struct place *at, int depth) {
  size_t n = json_array_size(v);
  const json_t *items = json_object_get(schema, "items");
  enum err err = check_size(c, schema, "minItems", "maxItems", (json_int_t)n, "items", at);
  for (size_t i = 0; items && i < n && !err; i++) {
    struct place here = {.up = at, .index = (int64_t)i + 1};
    err = check(c, items, json_array_get(v, i), &here, depth);
  }
  return err;
}

/* A wrong name is often a known one misspelt. */
static enum err unknown_field(const struct checker *c, const json_t *properties, const char *key,
                              const struct place *at) {
  enum { MOST = 100 };
  const char *names[MOST + 1] = {0}, *name;
  size_t n = 0;
  json_t *unused;
  json_object_foreach(walkable(properties), name, unused) if (n < MOST) names[n++] = name;
  const char *near = text_nearest(key, names);
  return wrong(c->e, at, "unknown field%s%s%s", near ? "; did you mean \"" : "", near ? near : "",
               near ? "\"?" : "");
}

static enum err check_field(const struct checker *c, const json_t *schema, const char *key, const json_t *v,
                            const struct place *up, int depth) {
  const json_t *properties = json_object_get(schema, "properties");
  const json_t *known = json_object_get(properties, key);
  const json_t *others = json_object_get(schema, "additionalProperties");
  struct place at = below_key(up, key);
  if (known) return check(c, known, v, &at, depth);
  if (json_is_false(others)) return unknown_field(c, properties, key, &at);
  return json_is_object(others) ? check(c, others, v, &at, depth) : OK;
}

static enum err check_fields(const struct checker *c, const json_t *schema, const json_t *v,
                             const struct place *at, int depth) {
  const json_t *required = json_object_get(schema, "required");
  for (size_t i = 0; i < json_array_size(required); i++) {
    const char *name = json_string_value(json_array_get(required, i));
    if (name && !json_object_get(v, name)) {
      struct place missing = below_key(at, name);
      return wrong(c->e, &missing, "is missing");
    }
  }
  const char *key;
  json_t *field;
  json_object_foreach(walkable(v), key, field) {
    enum err err = check_field(c, schema, key, field, at, depth);
    if (err) return err;
  }
  return OK;
}

static enum err check(const struct checker *c, const json_t *schema, const json_t *v, const struct place *at,
                      int depth) {
  if (depth > DEPTH_MAX) return wrong(c->e, at, "nested deeper than %d levels", DEPTH_MAX);
  const json_t *type = json_object_get(schema, "type"), *list = json_object_get(schema, "enum");
  const json_t *fixed = json_object_get(schema, "const");
  enum err err = type ? check_type(c, type, v, at) : OK;
  if (!err && list) err = check_enum(c, list, v, at);
  if (!err && fixed) err = check_const(c, fixed, v, at);
  if (err) return err;
  bool list_by_type =
      c->lua && is_list(v) && type && json_is_string(type) && strcmp(json_string_value(type), "array") == 0;
  if (json_is_array(v) || list_by_type) return check_items(c, schema, v, at, depth + 1);
  if (json_is_object(v)) return check_fields(c, schema, v, at, depth + 1);
  if (json_is_number(v)) return check_number(c, schema, v, at);
  if (!json_is_string(v)) return OK;
  return check_size(c, schema, "minLength", "maxLength", characters(v), "characters", at);
}

static enum err check_root(const json_t *schema, const json_t *value, bool lua, struct error *e) {
  struct checker c = {.e = e, .lua = lua};
  struct place root = {0};
  return check(&c, schema, value, &root, 0);
}

enum err schema_check(const json_t *schema, const json_t *value, struct error *e) {
  return check_root(schema, value, false, e);
}

enum err schema_check_lua(const json_t *schema, const json_t *value, struct error *e) {
  return check_root(schema, value, true, e);
}

/* ---- the text that is sent ---- */

static enum err put_schema(const json_t *schema, struct buf *out, int depth);

static enum err put_name(const char *name, struct buf *out, bool first) {
  enum err err = first ? OK : buf_putc(out, ',');
  json_t *s = json_string(name);
  if (!err) err = jsonx_canonical(s, out);
  json_decref(s);
  return err ? err : buf_putc(out, ':');
}

/* The next key after `last` by bytes, or NULL: no list to allocate, and schemas are small. */
static const char *next_key(const json_t *object, const char *last) {
  const char *key, *best = NULL;
  json_t *unused;
  json_object_foreach(walkable(object), key, unused) {
    bool later = !last || strcmp(key, last) > 0;
    if (later && (!best || strcmp(key, best) < 0)) best = key;
  }
  return best;
}

static bool is_required(const json_t *required, const char *key, size_t before) {
  for (size_t i = 0; i < before; i++) {
    const char *name = json_string_value(json_array_get(required, i));
    if (name && strcmp(name, key) == 0) return true;
  }
  return false;
}

static enum err put_property(const json_t *properties, const char *key, struct buf *out, bool *first,
                             int depth) {
  enum err err = put_name(key, out, *first);
  *first = false;
  return err ? err : put_schema(json_object_get(properties, key), out, depth);
}

static enum err put_properties(const json_t *properties, const json_t *required, struct buf *out, int depth) {
  bool first = true;
  enum err err = buf_putc(out, '{');
  size_t n = json_array_size(required);
  for (size_t i = 0; i < n && !err; i++) {
    const char *key = json_string_value(json_array_get(required, i));
    if (!key || !json_object_get(properties, key) || is_required(required, key, i)) continue;
    err = put_property(properties, key, out, &first, depth);
  }
  for (const char *key = next_key(properties, NULL); key && !err; key = next_key(properties, key))
    if (!is_required(required, key, n)) err = put_property(properties, key, out, &first, depth);
  return err ? err : buf_putc(out, '}');
}

static enum err put_keyword(const json_t *schema, const char *word, struct buf *out, int depth) {
  const json_t *v = json_object_get(schema, word);
  bool empty = json_is_object(v) && json_object_size(v) == 0;
  if (strcmp(word, "properties") == 0 && json_is_object(v))
    return put_properties(v, json_object_get(schema, "required"), out, depth);
  if (strcmp(word, "required") == 0 && empty) return buf_puts(out, "[]"); /* Lua's {} */
  if (strcmp(word, "items") == 0 || strcmp(word, "additionalProperties") == 0)
    return put_schema(v, out, depth);
  return jsonx_canonical(v, out);
}

static enum err put_schema(const json_t *schema, struct buf *out, int depth) {
  if (depth > DEPTH_MAX) return ERR_LIMIT;
  if (!json_is_object(schema)) return jsonx_canonical(schema, out);
  bool first = true;
  enum err err = buf_putc(out, '{');
  for (const char *word = next_key(schema, NULL); word && !err; word = next_key(schema, word)) {
    err = put_name(word, out, first);
    if (!err) err = put_keyword(schema, word, out, depth + 1);
    first = false;
  }
  return err ? err : buf_putc(out, '}');
}

char *schema_ordered_text(const json_t *schema) {
  struct buf out;
  buf_init(&out, MAX_JSON_BYTES);
  if (put_schema(schema, &out, 0) == OK) return buf_take(&out);
  buf_release(&out);
  return NULL;
}
