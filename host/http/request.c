/* request.c - what a handler may ask of a request: its path in parts, its query, headers and body. The thread of the request. */
#include "http/internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"

/* ---- the path ---- */

/* "%2F" and the like. False: not valid, or a control character. */
static bool decode(const char *s, size_t n, bool plus, struct buf *out) {
  for (size_t i = 0; i < n; i++) {
    unsigned char c = (unsigned char)s[i];
    if (c == '%') {
      if (i + 2 >= n || !isxdigit((unsigned char)s[i + 1]) || !isxdigit((unsigned char)s[i + 2]))
        return false;
      c = (unsigned char)strtoul((char[]){s[i + 1], s[i + 2], '\0'}, NULL, 16);
      i += 2;
    } else if (c == '+' && plus) {
      c = ' ';
    }
    bool text = plus && (c == '\n' || c == '\t' || c == '\r');
    if ((c < 0x20 && !text) || c == 0x7F) return false;
    if (buf_putc(out, (char)c)) return false;
  }
  return utf8_valid(out->data, out->len, NULL);
}

static bool dots(const char *s) {
  return strcmp(s, ".") == 0 || strcmp(s, "..") == 0;
}

bool request_split_path(struct request *q) {
  const char *at = q->path;
  if (*at != '/') return false;
  while (*at == '/') {
    at++;
    const char *end = strchrnul(at, '/');
    if (q->n_segments == SEGMENTS_MOST) return false;
    struct buf segment;
    buf_init(&segment, PATH_MOST);
    bool ok = decode(at, (size_t)(end - at), false, &segment) && !dots(segment.data);
    q->segments[q->n_segments++] = buf_take(&segment);
    if (!ok) return false;
    at = end;
  }
  return true;
}

static char *join_rest(const struct request *q, int from) {
  struct buf rest;
  buf_init(&rest, PATH_MOST);
  for (int i = from; i < q->n_segments; i++) {
    if (i > from) buf_putc(&rest, '/');
    buf_puts(&rest, q->segments[i]);
  }
  return buf_take(&rest);
}

bool request_match(struct request *q, const char *pattern) {
  q->n_params = 0;
  free(q->rest);
  q->rest = NULL;
  int i = 0;
  while (*pattern == '/') {
    const char *part = pattern + 1, *end = strchrnul(part, '/');
    size_t n = (size_t)(end - part);
    if (i >= q->n_segments) return false;
    if (n > 2 && part[0] == '{' && q->n_params < PARAMS_MOST) {
      bool rest = n > 5 && memcmp(end - 4, "...}", 4) == 0;
      struct param *param = &q->params[q->n_params++];
      param->name = part + 1;
      param->n_name = n - (rest ? 5 : 2);
      if (rest) {
        param->value = q->rest = join_rest(q, i);
        return q->rest[0] != '\0';
      }
      param->value = q->segments[i];
      if (!q->segments[i][0]) return false;
    } else if (strlen(q->segments[i]) != n || memcmp(q->segments[i], part, n) != 0) {
      return false;
    }
    i++;
    pattern = end;
  }
  return i == q->n_segments;
}

/* ---- the rest ---- */

const char *request_method(const struct request *q) {
  return q->head->method;
}

const char *request_path(const struct request *q) {
  return q->path;
}

const char *request_param(const struct request *q, const char *name) {
  for (int i = 0; i < q->n_params; i++)
    if (strlen(name) == q->params[i].n_name && memcmp(name, q->params[i].name, q->params[i].n_name) == 0)
      return q->params[i].value;
  return NULL;
}

static const char *take_asked(struct request *q, char *value) {
  if (q->n_asked < ASKED_MOST) return q->asked[q->n_asked++] = value;
  free(value);
  return NULL;
}

const char *request_query_nth(struct request *q, const char *name, size_t nth) {
  const char *at = q->head->query;
  size_t n_name = strlen(name);
  while (at && *at) {
    const char *end = strchrnul(at, '&');
    size_t n = (size_t)(end - at);
    const char *equals = memchr(at, '=', n);
    size_t n_key = equals ? (size_t)(equals - at) : n;
    if (n_key == n_name && memcmp(at, name, n_name) == 0 && nth-- == 0) {
      struct buf value;
      buf_init(&value, PATH_MOST);
      bool ok = decode(at + n_key + (equals != NULL), n - n_key - (equals != NULL), true, &value);
      const char *text = take_asked(q, value.len ? buf_take(&value) : mem_dup(""));
      buf_release(&value);
      return ok ? text : NULL;
    }
    at = *end ? end + 1 : end;
  }
  return NULL;
}

const char *request_query(struct request *q, const char *name) {
  return request_query_nth(q, name, 0);
}

const char *request_header(const struct request *q, const char *name) {
  return head_value(q->head, name);
}

const char *request_cookie(struct request *q, const char *name) {
  const char *at = request_header(q, "Cookie");
  size_t n_name = strlen(name);
  while (at && *at) {
    at += strspn(at, "; ");
    size_t n = strcspn(at, ";");
    if (n > n_name && at[n_name] == '=' && memcmp(at, name, n_name) == 0) {
      return take_asked(q, mem_dup_n(at + n_name + 1, n - n_name - 1));
    }
    at += n;
  }
  return NULL;
}

const char *request_peer(const struct request *q) {
  return connection_peer(q->conn);
}

const char *request_body(const struct request *q, size_t *n) {
  if (n) *n = q->n_body;
  return q->body ? q->body : "";
}

enum err request_json(struct request *q, struct response *a, json_t **out) {
  struct error e = {0};
  enum err err = jsonx_parse(request_body(q, NULL), q->n_body, "the body", out, &e);
  if (err == OK && (err = jsonx_no_nul(*out, &e)) != OK) json_decref(*out);
  if (err) response_fail(a, 400, "invalid", e.message, e.hint);
  return err;
}

void request_release(struct request *q) {
  for (int i = 0; i < q->n_segments; i++) free(q->segments[i]);
  for (int i = 0; i < q->n_asked; i++) free(q->asked[i]);
  free(q->rest);
  free(q->path);
  free(q->body_copy);
}
