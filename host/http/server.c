/* server.c - the door behind server.h: start, stop, and the way of one request to its handler.
 *
 * server_start -> (serve -> guard -> find_route -> admit -> [serve, with the body ->] handler)* -> server_stop
 * door.c keeps the connections, request.c tells what came in, guard.c decides who may come in, response.c writes what goes out. */
#include "http/internal.h"

#include <netinet/in.h>
#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include "base/clock.h"
#include "base/jsonx.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

enum {
  THREADS_DEFAULT = 64,
  TIMEOUT_MS = 10000,
  BODY_TIME_FACTOR = 6,
  STACK_TEXT = 64,
  HANDLER_STACK_BYTES = 2 << 20
};

/* ---- the way of a request ---- */

static bool same_method(const char *route, const char *asked) {
  return strcmp(route, asked) == 0 || (strcmp(route, "GET") == 0 && strcmp(asked, "HEAD") == 0);
}

/* The route, or NULL after the answer was sent: 404, or 405 with what is allowed. */
static const struct route *find_route(struct request *q, struct response *a) {
  struct server *s = q->server;
  char allow[200] = "";
  for (size_t i = 0; i < s->n_routes; i++) {
    const struct route *route = &s->routes[i];
    if (!request_match(q, route->path)) continue;
    if (same_method(route->method, request_method(q))) return route;
    size_t n = strlen(allow);
    snprintf(allow + n, sizeof allow - n, "%s%s", n ? ", " : "", route->method);
  }
  if (allow[0]) {
    response_header(a, "Allow", allow);
    response_fail(a, 405, "method_not_allowed", "this address does not take that method", allow);
  } else {
    response_fail(a, 404, "not_found", "there is nothing at this address", "");
  }
  return NULL;
}

static bool admit(struct request *q, struct response *a, const struct route *route) {
  const struct server *s = q->server;
  if (s->admit) return s->admit(q, a, route, s->arg);
  return (route->flags & ROUTE_OPEN) || guard_token(q, a);
}

/* What serves the request; NULL: it was answered with why nothing does. */
static const struct route *admitted(struct request *q, struct response *a) {
  if (!guard(q, a)) return NULL;
  if (!request_split_path(q)) {
    response_fail_and_close(a, 400, "bad_path", "the path has characters or parts that are not allowed");
    return NULL;
  }
  const struct route *route = find_route(q, a);
  if (!route || !admit(q, a, route)) return NULL;
  size_t most = route->max_body ? route->max_body : q->server->max_body;
  if (q->length <= most) return route;
  char message[STACK_TEXT];
  snprintf(message, sizeof message, "the body has more than %zu bytes", most);
  response_fail_and_close(a, 413, "too_large", message);
  return NULL;
}

static bool take_body(struct request *q, struct response *a) {
  q->body = connection_body(q->conn, &q->n_body);
  if (q->n_body && q->body[q->n_body]) q->body = q->body_copy = mem_dup_n(q->body, q->n_body);
  a->close = q->head->last || q->n_body < q->length;
  if (q->n_body == q->length) return true;
  response_fail_and_close(a, 400, "incomplete", "the body is shorter than its Content-Length");
  return false;
}

struct exchange {
  struct request q;
  struct response a;
  const struct route *route; /* once it was admitted */
};

static struct exchange *exchange_new(struct server *s, struct connection *conn) {
  struct exchange *x = mem_alloc(sizeof *x);
  const char *path = connection_head(conn)->path;
  size_t base = s->base ? strlen(s->base) - 1 : 0; /* it ends with a slash, which is the path's first */
  x->q = (struct request){.server = s, .conn = conn, .head = connection_head(conn)};
  x->q.path = mem_dup(path + (base && strncmp(path, s->base, base + 1) == 0 ? base : 0));
  response_init(&x->a, s, conn);
  connection_set_user(conn, x);
  return x;
}

static void exchange_free(struct exchange *x) {
  response_end(&x->a);
  request_release(&x->q);
  connection_set_user(x->q.conn, NULL);
  free(x);
}

/* False: its body is not there yet. */
static bool answer(struct exchange *x) {
  const char *why;
  int refused = connection_refused(x->q.conn, &why);
  if (refused) {
    response_fail_and_close(&x->a, refused, "bad_request", why);
    return true;
  }
  if (!x->route) {
    x->route = admitted(&x->q, &x->a);
    if (!x->route) return true;
    if (!connection_want(x->q.conn, x->q.length)) return false;
  }
  if (take_body(&x->q, &x->a)) x->route->handler(&x->q, &x->a, x->q.server->arg);
  return true;
}

static void serve(struct connection *conn, void *arg) {
  struct exchange *x = connection_user(conn);
  if (!x) x = exchange_new(arg, conn);
  if (answer(x)) exchange_free(x);
}

/* The door closes before the body came. */
static void drop(struct connection *conn, void *arg) {
  struct exchange *x = connection_user(conn);
  (void)arg;
  response_abort(&x->a);
  exchange_free(x);
}

static bool urgent(const struct head *h, void *arg) {
  const struct server *s = arg;
  size_t base = s->base ? strlen(s->base) - 1 : 0;
  const char *path = h->path + (base && strncmp(h->path, s->base, base + 1) == 0 ? base : 0);
  for (size_t i = 0; i < s->n_routes; i++)
    if ((s->routes[i].flags & ROUTE_URGENT) && strcmp(s->routes[i].path, path) == 0) return true;
  return false;
}

/* ---- start and stop ---- */

/* "127.0.0.1:80", ":80", "80" -> both parts. */
static enum err parse_listen(struct server *s, const char *listen, struct error *e) {
  const char *colon = strrchr(listen, ':'), *port = colon ? colon + 1 : listen;
  char *end;
  unsigned long number = strtoul(port, &end, 10);
  size_t n = colon ? (size_t)(colon - listen) : 0;
  struct in_addr address;
  snprintf(s->host, sizeof s->host, "%.*s", n ? (int)n : 9, n ? listen : "127.0.0.1");
  if (strcmp(s->host, "localhost") == 0) snprintf(s->host, sizeof s->host, "127.0.0.1");
  if (*port >= '0' && *port <= '9' && !*end && number <= 65535 && n < sizeof s->host &&
      inet_pton(AF_INET, s->host, &address) == 1) {
    s->port = (int)number;
    return OK;
  }
  err_set(e, ERR_INVALID, "'%s' is not an address to listen on", listen);
  err_hint(e, "write ADDR:PORT, for example 127.0.0.1:8420 (IPv4; port 0 takes a free one)");
  return ERR_INVALID;
}

static char **copy_list(const char *const *list) {
  size_t n = 0;
  while (list && list[n]) n++;
  char **copy = mem_alloc((n + 1) * sizeof *copy);
  for (size_t i = 0; i < n; i++) copy[i] = mem_dup(list[i]);
  return copy;
}

static void free_list(char **list) {
  for (size_t i = 0; list[i]; i++) free(list[i]);
  free(list);
}

static void server_free(struct server *s) {
  free_list(s->allowed_hosts);
  free_list(s->headers);
  free(s->base);
  free(s->token);
  pthread_cond_destroy(&s->wake);
  pthread_mutex_destroy(&s->lock);
  free(s);
}

enum err server_start(const struct server_settings *settings, struct server **out, struct error *e) {
  *out = NULL;
  struct server *s = mem_alloc(sizeof *s);
  s->routes = settings->routes;
  s->n_routes = settings->n_routes;
  s->arg = settings->arg;
  s->on_stop = settings->on_stop;
  s->threads = settings->threads > 0 ? settings->threads : THREADS_DEFAULT;
  s->streams_max = settings->streams_max > 0 ? settings->streams_max : (s->threads * 3 + 3) / 4;
  s->max_body = settings->max_body ? settings->max_body : MAX_HTTP_BODY_BYTES;
  s->timeout_ms = settings->timeout_ms > 0 ? settings->timeout_ms : TIMEOUT_MS;
  s->allowed_hosts = copy_list(settings->allowed_hosts);
  s->headers = copy_list(settings->headers);
  s->base = mem_dup(settings->base);
  s->admit = settings->admit;
  s->token = mem_dup(settings->token);
  pthread_mutex_init(&s->lock, NULL);
  pthread_condattr_t attr;
  pthread_condattr_init(&attr);
  pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
  pthread_cond_init(&s->wake, &attr);
  pthread_condattr_destroy(&attr);

  enum err err = parse_listen(s, settings->listen ? settings->listen : "127.0.0.1:0", e);
  struct door_settings door = {.host = s->host,
                               .port = s->port,
                               .threads = s->threads,
                               .timeout_ms = s->timeout_ms,
                               .serve = serve,
                               .urgent = urgent,
                               .drop = drop,
                               .arg = s};
  if (!err) err = door_open(&door, &s->door, e);
  if (err) {
    server_free(s);
    return err;
  }
  s->port = door_port(s->door);
  snprintf(s->address, sizeof s->address, "%s:%d", s->host, s->port);
  *out = s;
  return OK;
}

void server_stop(struct server *s) {
  if (!s) return;
  pthread_mutex_lock(&s->lock);
  s->stopping = true;
  pthread_cond_broadcast(&s->wake);
  pthread_mutex_unlock(&s->lock);
  if (s->on_stop) s->on_stop(s->arg);
  door_close(s->door);
  server_free(s);
}

int server_port(const struct server *s) {
  return s->port;
}

const char *server_address(const struct server *s) {
  return s->address;
}
