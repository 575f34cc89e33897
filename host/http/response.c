/* response.c - what goes out: whole responses in one write, streams in chunks. The thread of the request.
 *
 * response_init -> response_header* -> response_send | (response_start -> response_write* -> response_finish |
 * response_abort) -> response_end. A head and a body, or a chunk with its frame, leave in one write: with TCP_NODELAY each
 * write is a packet. */
#include "http/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/clock.h"
#include "base/jsonx.h"
#include "base/mem.h"

enum { HEADERS_MOST = 16 << 10, JOINED_MOST = 256 << 10 };

void response_init(struct response *a, const struct mg_request_info *info) {
  buf_init(&a->headers, HEADERS_MOST);
  buf_init(&a->out, JOINED_MOST);
  if (!info) return;
  a->head = strcmp(info->request_method, "HEAD") == 0;
  a->old = !info->http_version || strcmp(info->http_version, "1.1") != 0;
  a->close = a->old;
}

bool response_started(const struct response *a) {
  return a->status != 0;
}

void response_header(struct response *a, const char *name, const char *value) {
  if (strpbrk(name, "\r\n:") || strpbrk(value, "\r\n")) return;
  buf_printf(&a->headers, "%s: %s\r\n", name, value);
}

void response_close(struct response *a) {
  a->close = true;
}

static bool put(struct response *a, const void *bytes, size_t n) {
  if (a->broken) return false;
  if (n && mg_write(a->conn, bytes, n) != (int)n) {
    a->broken = true;
    mg_disable_connection_keep_alive(a->conn);
  }
  return !a->broken;
}

static const char *reason(int status) {
  return mg_get_response_code_text(NULL, status);
}

/* The server's headers, but for those that the handler set itself. */
static void put_common(struct response *a) {
  for (char **h = a->server->headers; h && *h; h++) {
    char *name = mem_dup_n(*h, strcspn(*h, ":") + 1);
    if (!a->headers.len || !strcasestr(a->headers.data, name)) buf_printf(&a->out, "%s\r\n", *h);
    free(name);
  }
}

static void put_head(struct response *a, int status, const char *type, const char *length) {
  buf_clear(&a->out);
  buf_printf(&a->out, "HTTP/1.1 %d %s\r\n", status, reason(status));
  if (type) buf_printf(&a->out, "Content-Type: %s\r\n", type);
  buf_printf(&a->out, "%sConnection: %s\r\nX-Content-Type-Options: nosniff\r\n", length,
             a->close ? "close" : "keep-alive");
  if (!a->headers.len || !strcasestr(a->headers.data, "cache-control:"))
    buf_puts(&a->out, "Cache-Control: no-store\r\n");
  put_common(a);
  buf_append(&a->out, a->headers.data, a->headers.len);
  buf_puts(&a->out, "\r\n");
  a->status = status;
  if (a->close) mg_disable_connection_keep_alive(a->conn);
}

void response_send(struct response *a, int status, const char *type, const void *body, size_t n) {
  if (a->status) return;
  char length[64];
  snprintf(length, sizeof length, "Content-Length: %zu\r\n", n);
  bool bare = status == 204 || status == 304;
  put_head(a, status, bare ? NULL : type, bare ? "" : length);
  a->finished = true;
  if (a->head || bare) n = 0;
  if (buf_append(&a->out, body, n) == OK) n = 0;
  put(a, a->out.data, a->out.len);
  put(a, body, n);
}

void response_json(struct response *a, int status, json_t *v) {
  char *text = jsonx_dumps(v);
  json_decref(v);
  if (text)
    response_send(a, status, "application/json", text, strlen(text));
  else
    response_fail(a, 500, "too_large", "the answer is too large", "");
  free(text);
}

int response_status_of(enum err code) {
  switch (code) {
  case ERR_INVALID:
  case ERR_SCRIPT:
  case ERR_CONFIG: return 400;
  case ERR_AUTH: return 401;
  case ERR_NOT_FOUND: return 404;
  case ERR_EXISTS:
  case ERR_CONFLICT:
  case ERR_FENCED:
  case ERR_OWNED:
  case ERR_STUCK:
  case ERR_CANCELLED: return 409;
  case ERR_LIMIT: return 413;
  case ERR_BUDGET: return 402;
  case ERR_FULL:
  case ERR_IO:
  case ERR_LOCKED:
  case ERR_CLOSED:
  case ERR_UNAVAILABLE: return 503;
  case ERR_PROVIDER: return 502;
  case ERR_NOSPACE:
  case ERR_READONLY: return 507;
  default: return 500;
  }
}

void response_fail(struct response *a, int status, const char *code, const char *message, const char *hint) {
  json_t *text = json_string(message); /* NULL when it is not UTF-8 */
  json_t *tip = json_string(hint ? hint : "");
  if (!text) text = json_string("(the message is not valid UTF-8)");
  if (!tip) tip = json_string("");
  response_json(a, status,
                json_pack("{s:{s:s, s:o, s:o}}", "error", "code", code, "message", text, "hint", tip));
}

void response_error(struct response *a, const struct error *e) {
  response_fail(a, response_status_of(e->code), err_name(e->code), e->message, e->hint);
}

void response_fail_and_close(struct response *a, int status, const char *code, const char *message) {
  a->close = true; /* what else comes on this connection cannot be trusted to be a request */
  response_fail(a, status, code, message, "");
}

/* ---- streams ---- */

static bool take_stream(struct server *s) {
  if (atomic_fetch_add(&s->streams, 1) < s->streams_max && !s->stopping) return true;
  atomic_fetch_sub(&s->streams, 1);
  return false;
}

/* `length`: the header that says where the body ends. */
static bool start(struct response *a, int status, const char *type, const char *length) {
  if (a->status) return false;
  if (!take_stream(a->server)) {
    response_close(a);
    response_header(a, "Retry-After", "5");
    response_fail(a, 503, "busy", "all streams of this server are in use", "try again in a few seconds");
    return false;
  }
  a->stream = true;
  put_head(a, status, type, length);
  return put(a, a->out.data, a->out.len);
}

bool response_start(struct response *a, int status, const char *type) {
  response_header(a, "X-Accel-Buffering", "no");
  return start(a, status, type, a->old ? "" : "Transfer-Encoding: chunked\r\n");
}

bool response_start_sized(struct response *a, int status, const char *type, size_t n) {
  char length[64];
  snprintf(length, sizeof length, "Content-Length: %zu\r\n", n);
  a->sized = true;
  a->owed = n;
  return start(a, status, type, length);
}

static bool write_chunk(struct response *a, const void *bytes, size_t n) {
  buf_clear(&a->out);
  buf_printf(&a->out, "%zx\r\n", n);
  if (buf_append(&a->out, bytes, n) == OK) {
    buf_puts(&a->out, "\r\n");
    return put(a, a->out.data, a->out.len);
  }
  return put(a, a->out.data, a->out.len) && put(a, bytes, n) && put(a, "\r\n", 2);
}

bool response_write(struct response *a, const void *bytes, size_t n) {
  if (!a->stream || a->finished || a->broken || a->server->stopping) return false;
  if (a->sized && n > a->owed) return false;
  a->owed -= a->sized ? n : 0;
  if (n == 0 || a->head) return true;
  return a->old || a->sized ? put(a, bytes, n) : write_chunk(a, bytes, n);
}

bool response_wait(struct response *a, int ms) {
  struct server *s = a->server;
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_sec += ms / 1000;
  until.tv_nsec += (long)(ms % 1000) * 1000000;
  if (until.tv_nsec >= 1000000000) until.tv_sec++, until.tv_nsec -= 1000000000;
  pthread_mutex_lock(&s->lock);
  while (!s->stopping && pthread_cond_timedwait(&s->wake, &s->lock, &until) == 0) continue;
  bool go_on = !s->stopping;
  pthread_mutex_unlock(&s->lock);
  return go_on;
}

void response_finish(struct response *a) {
  if (!a->stream || a->finished) return;
  a->finished = true;
  if (a->sized && a->owed && !a->head)
    response_abort(a);
  else if (!a->old && !a->sized && !a->head)
    put(a, "0\r\n\r\n", 5);
}

void response_abort(struct response *a) {
  a->finished = true;
  a->close = true;
  mg_disable_connection_keep_alive(a->conn);
}

int response_end(struct response *a) {
  if (a->stream && a->server->stopping) response_abort(a);
  response_finish(a);
  if (a->stream) atomic_fetch_sub(&a->server->streams, 1);
  if (!a->status) {
    if (a->finished)
      a->status = 500; /* aborted before anything was sent: only the connection closes */
    else
      response_fail(a, 500, "no_answer", "the handler of this address sent nothing", "");
  }
  buf_release(&a->headers);
  buf_release(&a->out);
  return a->status;
}
