/* server.h - our HTTP interface: a table of routes over civetweb, which nobody else sees. Handlers run on the server's
 * threads, several at once; one thread serves one connection at a time, so a handler may wait.
 *
 *   static void show_run(struct request *q, struct response *a, void *arg) {
 *     response_json(a, 200, api_run(arg, request_param(q, "id")));
 *   }
 *   static const struct route routes[] = {
 *     {"GET", "/runs/{id}", show_run, "one run", 0, 0},
 *     {"GET", "/files/{path...}", get_artifact, "an artifact", 0, 0},
 *   };
 *   struct server *s;
 *   err = server_start(&(struct server_settings){.listen = "127.0.0.1:0", .routes = routes, .n_routes = 2}, &s, &e);
 *   ... server_port(s) ...
 *   server_stop(s);
 *
 * What is refused before any handler sees it, always as JSON {"error":{"code","message","hint"}}: a Host that is neither
 * this machine's loopback nor allowed; an Origin of another site on anything but GET and HEAD; two or malformed
 * Content-Length, any Transfer-Encoding; control characters, "." and ".." in the path; a body larger than the route
 * takes, or shorter than it says; a missing or wrong token. There are no files, no CGI, no CORS. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include "base/buf.h"

struct server;
struct request;
struct response;

enum route_flags {
  ROUTE_OPEN = 1,  /* needs no token */
  ROUTE_URGENT = 2 /* health: a share of the threads is kept for it, however busy all others are */
};

struct route {
  const char *method;
  const char *path; /* "/runs/{id}": one segment; "{path...}" as the last: all that is left, slashes too */
  void (*handler)(struct request *q, struct response *a, void *arg);
  const char *help; /* one line */
  unsigned flags;
  size_t max_body; /* 0: the server's */
};

struct server_settings {
  const char *listen;         /* "127.0.0.1:8420", "8420"; port 0 takes a free one; IPv4 only */
  const struct route *routes; /* lives as long as the server; GET serves HEAD too */
  size_t n_routes;
  void *arg;                        /* for the handlers */
  int threads;                      /* requests and streams at once; 0 is 64 */
  int streams_max;                  /* 0 is three quarters of the threads; one more gets 503 */
  size_t max_body;                  /* 0 is MAX_HTTP_BODY_BYTES */
  int timeout_ms;                   /* for a client that stalls; 0 is 10 s */
  const char *const *allowed_hosts; /* NULL-terminated names beside loopback; "*" is any; or NULL */
  const char *token; /* "Authorization: Bearer ..." wanted on all routes that are not open; or NULL */
  /* Instead of the token: may this request use this route (one of `routes`)? False: it was answered. Its body is not read yet. */
  bool (*admit)(struct request *q, struct response *a, const struct route *route, void *arg);
  /* "Name: value" of every answer, NULL-terminated; a handler's own of that name wins; or NULL */
  const char *const *headers;
  /* "/quire/": also answered under this path, as a proxy that leaves it in place sends; or NULL */
  const char *base;
  void (*on_stop)(void *arg); /* called first by server_stop: wake handlers that wait; or NULL */
};

/* Settings' strings are copied, routes and arg are not. Err: ERR_INVALID (listen), ERR_IO (the port is taken, ...). */
enum err server_start(const struct server_settings *settings, struct server **out, struct error *e);
/* Streams end at their next write or wait; returns when the last handler did. */
void server_stop(struct server *s);
int server_port(const struct server *s);
const char *server_address(const struct server *s); /* "127.0.0.1:34567" */

/* ---- requests; all strings live as long as the request ---- */

const char *request_method(const struct request *q);
const char *request_path(const struct request *q); /* as sent, without the query */
const char *request_param(const struct request *q,
                          const char *name); /* a {part} of the path, decoded; NULL: none */
const char *request_query(struct request *q, const char *name); /* decoded; NULL: not there */
const char *request_query_nth(struct request *q, const char *name,
                              size_t n); /* of several of that name; 0: the first */
const char *request_header(const struct request *q, const char *name); /* the first; NULL: not there */
const char *request_peer(const struct request *q);                     /* the client's address */
const char *request_cookie(struct request *q, const char *name);       /* NULL: not there */
/* The whole body, read before the handler ran. Never NULL. */
const char *request_body(const struct request *q, size_t *n);
/* The body as JSON, the caller's to decref; on an error *out is NULL, and it was answered with 400 already. */
enum err request_json(struct request *q, struct response *a, json_t **out);

/* ---- responses: headers, then one of send, json, error, or start (write)* finish ---- */

/* For what is sent next. Line breaks in a value are refused (the header is left out). */
void response_header(struct response *a, const char *name, const char *value);
/* The connection closes after what is sent next: an idle one that is kept holds a thread for seconds. */
void response_close(struct response *a);
void response_send(struct response *a, int status, const char *type, const void *body, size_t n);
void response_json(struct response *a, int status, json_t *v);  /* takes the reference */
void response_error(struct response *a, const struct error *e); /* the status follows from the code */
int response_status_of(enum err code);                          /* which one */
void response_fail(struct response *a, int status, const char *code, const char *message, const char *hint);

/* A stream. False: no stream is free (503 was sent), or the client is gone. */
bool response_start(struct response *a, int status, const char *type);
/* The same for a body of n bytes, all of which the handler then writes: what is large is never in memory as a whole. When it writes fewer,
 * the connection is cut, so that the client knows. */
bool response_start_sized(struct response *a, int status, const char *type, size_t n);
/* False: the client is gone, or the server stops; end the handler. */
bool response_write(struct response *a, const void *bytes, size_t n);
/* Waits; false when the server stops. */
bool response_wait(struct response *a, int ms);
/* Ends the stream. A handler that returns without it ends it too. */
void response_finish(struct response *a);
/* Ends the connection without ending the stream, so that the client knows it was cut: the closing chunk is never sent.
 * The connection closes when the handler returns. */
void response_abort(struct response *a);
bool response_started(const struct response *a); /* something was sent: nothing else can be answered */
