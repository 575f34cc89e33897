/* http_fixture.h - a server with handlers of every kind, and how to ask it. */
#pragma once
#include "wire.h"

#include <pthread.h>
#include <stdatomic.h>
#include "base/clock.h"
#include "base/mem.h"
#include "http/server.h"

/* ---- a server to ask ---- */

static inline void say_hello(struct request *q, struct response *a, void *arg) {
  (void)q;
  response_send(a, 200, "text/plain", arg, strlen(arg));
}

static inline void show_param(struct request *q, struct response *a, void *arg) {
  (void)arg;
  const char *id = request_param(q, "id"), *path = request_param(q, "path"), *query = request_query(q, "q");
  response_json(
      a, 200,
      json_pack("{s:s?, s:s?, s:s?, s:s}", "id", id, "path", path, "q", query, "method", request_method(q)));
}

static inline void echo(struct request *q, struct response *a, void *arg) {
  (void)arg;
  size_t n;
  const char *body = request_body(q, &n);
  response_header(a, "X-Evil", "a\r\nSet-Cookie: b");
  response_header(a, "X-Good", "yes");
  response_send(a, 201, "application/octet-stream", body, n);
}

static atomic_int left_behind; /* refused bodies that a handler would give back a second time */

static inline void echo_json(struct request *q, struct response *a, void *arg) {
  (void)arg;
  json_t *v;
  if (request_json(q, a, &v) == OK)
    response_json(a, 200, v);
  else
    left_behind += v != NULL;
}

static inline void stream_three(struct request *q, struct response *a, void *arg) {
  (void)q, (void)arg;
  if (!response_start(a, 200, "text/event-stream")) return;
  for (int i = 0; i < 3; i++) response_write(a, "data: x\n\n", 9);
}

static inline void stream_and_abort(struct request *q, struct response *a, void *arg) {
  (void)q, (void)arg;
  if (!response_start(a, 200, "text/event-stream")) return;
  response_write(a, "data: x\n\n", 9);
  response_abort(a);
}

/* A download of ten bytes that ends after those of the query. */
static inline void send_ten(struct request *q, struct response *a, void *arg) {
  (void)arg;
  size_t n = (size_t)atoi(request_query(q, "n"));
  if (!response_start_sized(a, 200, "text/plain", 10)) return;
  for (size_t i = 0; i < n; i++) response_write(a, "x", 1);
}

static inline void stream_for_ever(struct request *q, struct response *a, void *arg) {
  (void)q, (void)arg;
  if (!response_start(a, 200, "text/event-stream")) return;
  while (response_write(a, ": still here\n\n", 14) && response_wait(a, 60000)) continue;
}

static inline void say_nothing(struct request *q, struct response *a, void *arg) {
  (void)q, (void)a, (void)arg;
}

static inline void tell_error(struct request *q, struct response *a, void *arg) {
  (void)q, (void)arg;
  struct error e = {0};
  err_set(&e, ERR_NOT_FOUND, "no run 7 \xFF");
  err_hint(&e, "quire runs lists them");
  response_error(a, &e);
}

/* As deep as a handler may get that reads a database or makes a Lua state. */
static inline void use_half_a_megabyte(struct request *q, struct response *a, void *arg) {
  (void)q, (void)arg;
  volatile char room[512 << 10];
  for (size_t i = 0; i < sizeof room; i += 1024) room[i] = 1;
  response_send(a, 200, "text/plain", room[1024] ? "room" : "", 4);
}

static char hello[] = "hello";
static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;
static atomic_int holding;

static inline void say_hello_when_let(struct request *q, struct response *a, void *arg) {
  holding++;
  pthread_mutex_lock(&held);
  pthread_mutex_unlock(&held);
  say_hello(q, a, arg);
}

static const struct route routes[] = {{"GET", "/hello", say_hello, "says hello", ROUTE_OPEN, 0},
                                      {"GET", "/", say_hello, "says hello", ROUTE_OPEN, 0},
                                      {"GET", "/runs/{id}", show_param, "a run", 0, 0},
                                      {"DELETE", "/runs/{id}", show_param, "a run", 0, 0},
                                      {"GET", "/runs/{id}/files/{path...}", show_param, "a file", 0, 0},
                                      {"POST", "/echo", echo, "the same again", 0, 0},
                                      {"POST", "/short", echo, "at most ten bytes", 0, 10},
                                      {"POST", "/json", echo_json, "the same again", 0, 0},
                                      {"GET", "/stream", stream_three, "three events", 0, 0},
                                      {"GET", "/abort", stream_and_abort, "one event", 0, 0},
                                      {"GET", "/ten", send_ten, "ten bytes", 0, 0},
                                      {"GET", "/forever", stream_for_ever, "events", 0, 0},
                                      {"GET", "/nothing", say_nothing, "nothing", 0, 0},
                                      {"GET", "/held", say_hello_when_let, "waits", 0, 0},
                                      {"GET", "/health", say_hello, "health", ROUTE_OPEN | ROUTE_URGENT, 0},
                                      {"GET", "/deep", use_half_a_megabyte, "needs stack", 0, 0},
                                      {"GET", "/error", tell_error, "an error", 0, 0}};

static const char *const allowed[] = {"quire.example", NULL};

static inline struct server *start_with(const char *token, int timeout_ms) {
  struct server *s;
  struct error e = {0};
  struct server_settings settings = {.listen = "127.0.0.1:0",
                                     .routes = routes,
                                     .n_routes = sizeof routes / sizeof *routes,
                                     .arg = hello,
                                     .threads = 8,
                                     .streams_max = 3,
                                     .timeout_ms = timeout_ms,
                                     .allowed_hosts = allowed,
                                     .token = token};
  if (server_start(&settings, &s, &e)) fail_msg("%s", e.message);
  return s;
}

static inline struct server *start(const char *token) {
  return start_with(token, 700);
}

static inline int set_up(void **state) {
  *state = start(NULL);
  return 0;
}

static inline int tear_down(void **state) {
  server_stop(*state);
  return 0;
}

static inline char *ask(void *const *state, const char *request) {
  return wire_ask(server_port(*state), request);
}
