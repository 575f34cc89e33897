/* request.c - what a handler asks of a request: its path, parameters, query, headers, cookies and body. Threads: the worker that serves it. */
#include "http/internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"

bool request_decode(const char *s, size_t n, bool plus, struct buf *out) {
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

const char *request_method(const struct request *q) {
  return q->info->request_method;
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
  const char *at = q->info->query_string;
  size_t n_name = strlen(name);
  while (at && *at) {
    const char *end = strchrnul(at, '&');
    size_t n = (size_t)(end - at);
    const char *equals = memchr(at, '=', n);
    size_t n_key = equals ? (size_t)(equals - at) : n;
    if (n_key == n_name && memcmp(at, name, n_name) == 0 && nth-- == 0) {
      struct buf value;
      buf_init(&value, PATH_MOST);
      bool ok = request_decode(at + n_key + (equals != NULL), n - n_key - (equals != NULL), true, &value);
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
  for (int i = 0; i < q->info->num_headers; i++)
    if (strcasecmp(q->info->http_headers[i].name, name) == 0) return q->info->http_headers[i].value;
  return NULL;
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
  return q->info->remote_addr;
}

const char *request_body(const struct request *q, size_t *n) {
  if (n) *n = q->body.len;
  return q->body.data;
}

enum err request_json(struct request *q, struct response *a, json_t **out) {
  struct error e = {0};
  enum err err = jsonx_parse(q->body.data, q->body.len, "the body", out, &e);
  if (err == OK) err = jsonx_no_nul(*out, &e);
  if (err == OK) return OK;
  json_decref(*out);
  *out = NULL;
  response_fail(a, 400, "invalid", e.message, e.hint);
  return err;
}
