/* jsonx.c - strict reading and canonical writing over jansson.
 *
 * jsonx_parse -> jsonx_str | jsonx_int | jsonx_num -> jsonx_canonical | jsonx_dumps. Any thread. Two values
 * that are equal give the same bytes, so the canonical form is what gets hashed and compared. */
#include "base/jsonx.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/json_text.h"
#include "base/mem.h"

/* ---- reading ---- */

/* jansson's own depth limit is 2048, which is deep enough to hurt what walks the value later. */
static bool too_deep(const char *text, size_t n) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < n; i++) {
    char c = text[i];
    if (in_string) {
      if (c == '\\') i++;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > JSON_DEPTH_MAX) return true;
    } else if (c == ']' || c == '}') {
      depth--;
    }
  }
  return false;
}

enum err jsonx_parse(const char *text, size_t n, const char *what, json_t **out, struct error *e) {
  *out = NULL;
  if (n > MAX_JSON_BYTES)
    return err_set(e, ERR_LIMIT, "%s is larger than %d bytes", what, (int)MAX_JSON_BYTES);
  if (too_deep(text, n))
    return err_set(e, ERR_LIMIT, "%s is nested deeper than %d levels", what, JSON_DEPTH_MAX);
  if (memchr(text, '\0', n))
    return err_set(e, ERR_INVALID, "%s holds a NUL byte; JSON writes it \\u0000", what);
  json_error_t at;
  *out = json_loadb(text, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &at);
  if (*out) return OK;
  return err_set(e, ERR_INVALID, "%s is not valid JSON: line %d, column %d: %s", what, at.line, at.column,
                 at.text);
}

/* The first text with a NUL in it; *field is the key that it stands under, so far as there is one. */
static bool find_nul(const json_t *v, const char **field) {
  const char *key;
  json_t *item;
  size_t i;
  if (json_is_string(v)) return strlen(json_string_value(v)) != json_string_length(v);
  json_array_foreach((json_t *)(uintptr_t)v, i, item) {
    if (find_nul(item, field)) return true;
  }
  json_object_foreach((json_t *)(uintptr_t)v, key, item) {
    if (!find_nul(item, field)) continue;
    if (!*field) *field = key;
    return true;
  }
  return false;
}

enum err jsonx_no_nul(const json_t *v, struct error *e) {
  const char *field = NULL;
  if (!find_nul(v, &field)) return OK;
  err_set(e, ERR_INVALID, "'%.100s' holds a NUL character (\\u0000)", field ? field : "the text");
  err_hint(e, "no text that is taken here has one: leave it out");
  return ERR_INVALID;
}

/* ---- writing ---- */

static enum err put_value(const json_t *v, struct buf *out, int depth);

static enum err put_array(const json_t *v, struct buf *out, int depth) {
  enum err err = buf_putc(out, '[');
  size_t n = json_array_size(v);
  for (size_t i = 0; i < n && !err; i++) {
    if (i) err = buf_putc(out, ',');
    if (!err) err = put_value(json_array_get(v, i), out, depth);
  }
  return err ? err : buf_putc(out, ']');
}

struct member {
  const char *key;
  const json_t *value;
};

static int by_key(const void *a, const void *b) {
  const struct member *x = a, *y = b;
  return strcmp(x->key, y->key);
}

/* The members in the order of their keys; free() them. */
static struct member *sorted_members(const json_t *v, size_t *count) {
  struct member *members = mem_alloc(json_object_size(v) * sizeof *members);
  size_t n = 0;
  const char *key;
  json_t *value, *object = (json_t *)(uintptr_t)v; /* jansson iterates over non-const objects only */
  json_object_foreach(object, key, value) members[n++] = (struct member){key, value};
  qsort(members, n, sizeof *members, by_key);
  *count = n;
  return members;
}

static enum err put_object(const json_t *v, struct buf *out, int depth) {
  size_t n;
  struct member *members = sorted_members(v, &n);
  enum err err = buf_putc(out, '{');
  for (size_t i = 0; i < n && !err; i++) {
    if (i) err = buf_putc(out, ',');
    if (!err) err = json_put_string(out, members[i].key, strlen(members[i].key));
    if (!err) err = buf_putc(out, ':');
    if (!err) err = put_value(members[i].value, out, depth);
  }
  free(members);
  return err ? err : buf_putc(out, '}');
}

static enum err put_value(const json_t *v, struct buf *out, int depth) {
  if (!v) return ERR_INVALID;
  switch (json_typeof(v)) {
  case JSON_OBJECT: return depth < JSON_DEPTH_MAX ? put_object(v, out, depth + 1) : ERR_LIMIT;
  case JSON_ARRAY: return depth < JSON_DEPTH_MAX ? put_array(v, out, depth + 1) : ERR_LIMIT;
  case JSON_STRING: return json_put_string(out, json_string_value(v), json_string_length(v));
  case JSON_INTEGER: return json_put_integer(out, json_integer_value(v));
  case JSON_REAL: return json_put_real(out, json_real_value(v));
  case JSON_TRUE: return buf_puts(out, "true");
  case JSON_FALSE: return buf_puts(out, "false");
  case JSON_NULL: return buf_puts(out, "null");
  }
  return ERR_INVALID;
}

enum err jsonx_canonical(const json_t *v, struct buf *out) {
  return put_value(v, out, 0);
}

char *jsonx_dumps(const json_t *v) {
  struct buf b;
  buf_init(&b, MAX_JSON_BYTES);
  if (jsonx_canonical(v, &b) == OK) return buf_take(&b);
  buf_release(&b);
  return NULL;
}

/* ---- fields ---- */

json_t *jsonx_words(const char *s, size_t most) {
  size_t n = strnlen(s, most + 1);
  if (n > most) {
    n = most;
    while (n > 0 && ((unsigned char)s[n] & 0xC0) == 0x80) n--;
  }
  json_t *v = json_stringn(s, n);
  return v ? v : json_string("(not valid UTF-8)");
}

/* Behind the string that begins at p. */
static const char *after_string(const char *p, const char *end) {
  for (const char *quote = p; (quote = memchr(quote + 1, '"', (size_t)(end - quote - 1)));) {
    size_t slashes = 0;
    while (quote[-1 - (ptrdiff_t)slashes] == '\\') slashes++;
    if (slashes % 2 == 0) return quote + 1;
  }
  return end;
}

/* Behind the value that begins at p. */
static const char *after_value(const char *p, const char *end) {
  for (int depth = 0; p < end;) {
    if (depth == 0 && (*p == ',' || *p == '}' || *p == ']')) break;
    if (*p == '"') {
      p = after_string(p, end);
      continue;
    }
    depth += (*p == '{' || *p == '[') - (*p == '}' || *p == ']');
    p++;
  }
  return p;
}

bool jsonx_member(const char *object, size_t n, const char *name, const char **value, size_t *n_value) {
  const char *p = object, *end = object + n;
  size_t n_name = strlen(name);
  while (p < end && (*p == '{' || *p == ',') && ++p < end && *p == '"') {
    const char *key = p + 1, *colon = after_string(p, end);
    if (colon >= end || *colon != ':') return false;
    p = after_value(colon + 1, end);
    if ((size_t)(colon - key) != n_name + 1 || memcmp(key, name, n_name) != 0) continue;
    *value = colon + 1;
    *n_value = (size_t)(p - colon - 1);
    return true;
  }
  return false;
}

const char *jsonx_str(const json_t *obj, const char *key, const char *otherwise) {
  const char *s = json_string_value(json_object_get(obj, key));
  return s ? s : otherwise;
}

json_int_t jsonx_int(const json_t *obj, const char *key, json_int_t otherwise) {
  const json_t *v = json_object_get(obj, key);
  return json_is_integer(v) ? json_integer_value(v) : otherwise;
}

double jsonx_num(const json_t *obj, const char *key, double otherwise) {
  const json_t *v = json_object_get(obj, key);
  return json_is_number(v) ? json_number_value(v) : otherwise;
}
