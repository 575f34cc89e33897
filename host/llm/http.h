/* http.h - requests whose answers stream in: one curl multi on the loop. Loop thread only. The only user of curl.
 *
 *   http_new -> (http_start -> on_head? -> on_bytes* -> on_end | http_cancel)* -> http_free
 *
 * Events are never delivered from inside curl nor from inside http_start: a handler may start and cancel transfers, its own too.
 * Redirects are an answer like any other (a key must not follow them). Transfers are never paused. A request is sent once: what curl
 * would send again by itself ends as HTTP_BROKEN. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "base/buf.h"
#include "base/loop.h"

struct http;
struct http *http_new(struct loop *loop);
void http_free(struct http *h); /* its transfers must be cancelled before */

/* How a transfer ended. The first only says that the answer is whole, whatever its status. */
enum http_end {
  HTTP_COMPLETE,
  HTTP_NO_CONNECTION, /* name, address, TLS: nothing was sent */
  HTTP_BROKEN,        /* the connection broke, or the answer was cut */
  HTTP_SLOW_CONNECT,
  HTTP_SLOW_FIRST_BYTE,
  HTTP_SLOW_IDLE,
  HTTP_SLOW_TOTAL
};

struct
    http_deadlines { /* seconds. first_byte: until the body begins (servers send a head, then think); idle: from its byte to its next */
  double connect, first_byte, idle, total;
};

struct transfer;
struct http_handler {
  void (*on_head)(void *arg, struct transfer *t, long status); /* status and headers are there */
  void (*on_bytes)(void *arg, const char *bytes, size_t n);
  void (*on_end)(void *arg, enum http_end end,
                 const char *why); /* the transfer is gone after this; `why` until it returns */
};

struct http_request {
  const char *url;
  const char *const *headers; /* "Name: value"; copied */
  size_t n_headers;
  char *body;         /* taken: free()d as soon as it is sent. NULL: a GET */
  const char *method; /* another than GET or POST, or NULL */
  size_t n_body;
  bool http1;
  struct http_deadlines deadlines;
};

/* NULL when a header has a line break or libcurl is not there (`body` is freed then too). */
struct transfer *http_start(struct http *h, const struct http_request *request,
                            const struct http_handler *handler, void *arg, struct error *e);
void http_cancel(struct transfer *t); /* no event comes any more */
/* The same, but the answer may end by itself within a second, so that its connection can be used again. */
void http_leave(struct transfer *t);
/* A header of the answer by its lower-case name, or NULL. Valid until the next event. */
const char *http_header(const struct transfer *t, const char *name);
/* All headers as "name: value\n" lines, names in lower case; "" before the head. */
const char *http_headers(const struct transfer *t);

/* address.c. Does the URL name this machine? */
bool http_is_loopback(const char *url);
/* The same scheme, host and port? false when either is no http(s) URL, or one has a user name in it. */
bool http_same_origin(const char *a, const char *b);
