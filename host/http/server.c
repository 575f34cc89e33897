/* server.c - civetweb behind server.h: start, stop, and the way of one request to its handler.
 *
 * server_start -> (serve -> guard -> find_route -> read_body -> handler)* -> server_stop
 * `serve` runs in begin_request on civetweb's worker threads and always answers, so civetweb's own ways (files, CGI,
 * listings, authentication) are never reached. guard.c decides who may come in, response.c writes what goes out.
 *
 * Traps of civetweb 1.15: mg_stop waits for workers, and a worker that waits for the next request of a kept connection
 * looks at the stop flag only every 2 s; so server_stop shuts the sockets down first (it does not tell which they are:
 * they are the ones with our port). mg_read gives a short body when a client stalls: the length is checked here. */
#include "http/internal.h"

#include <netinet/in.h>
#include <arpa/inet.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

enum {
  THREADS_DEFAULT = 64,
  TIMEOUT_MS = 10000,
  BODY_TIME_FACTOR = 6,
  TURN_MS = 2000, /* how long a request waits for a thread before it is refused */
  STACK_TEXT = 64,
  HANDLER_STACK_BYTES = 2 << 20
};

/* ---- the way of a request ---- */

static bool dots(const char *s) {
  return strcmp(s, ".") == 0 || strcmp(s, "..") == 0;
}

/* Cuts the path into its decoded segments. False: there is something in it that no route may see. */
static bool split_path(struct request *q) {
  const char *at = q->path;
  if (*at != '/') return false;
  while (*at == '/') {
    at++;
    const char *end = strchrnul(at, '/');
    if (q->n_segments == SEGMENTS_MOST) return false;
    struct buf segment;
    buf_init(&segment, PATH_MOST);
    bool ok = request_decode(at, (size_t)(end - at), false, &segment) && !dots(segment.data);
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

/* Does the path fit the pattern? Fills the parameters. */
static bool match(struct request *q, const char *pattern) {
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

static bool same_method(const char *route, const char *asked) {
  return strcmp(route, asked) == 0 || (strcmp(route, "GET") == 0 && strcmp(asked, "HEAD") == 0);
}

/* The route, or NULL after the answer was sent: 404, or 405 with what is allowed. */
static const struct route *find_route(struct request *q, struct response *a) {
  struct server *s = q->server;
  char allow[200] = "";
  for (size_t i = 0; i < s->n_routes; i++) {
    const struct route *route = &s->routes[i];
    if (!match(q, route->path)) continue;
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

static bool read_body(struct request *q, struct response *a, size_t most) {
  struct server *s = q->server;
  long long wanted = q->info->content_length;
  if (wanted <= 0) return true;
  if ((unsigned long long)wanted > most) {
    char message[STACK_TEXT];
    snprintf(message, sizeof message, "the body has more than %zu bytes", most);
    response_fail_and_close(a, 413, "too_large", message);
    return false;
  }
  const char *expect = request_header(q, "Expect");
  if (expect && strcasecmp(expect, "100-continue") == 0)
    mg_write(q->conn, "HTTP/1.1 100 Continue\r\n\r\n", 25);
  uint64_t until = clock_mono_ns() + (uint64_t)s->timeout_ms * BODY_TIME_FACTOR * 1000000;
  char *piece = mem_alloc(PIECE_BYTES);
  crowd_wait(q->member);
  while (q->body.len < (size_t)wanted && clock_mono_ns() < until) {
    size_t left = (size_t)wanted - q->body.len;
    int n = mg_read(q->conn, piece, left < PIECE_BYTES ? left : PIECE_BYTES);
    if (n <= 0 || buf_append(&q->body, piece, (size_t)n)) break;
  }
  free(piece);
  crowd_work(q->member, q->info->remote_addr, q->info->remote_port);
  if (q->body.len == (size_t)wanted) return true;
  response_fail_and_close(a, 400, "incomplete", "the body is shorter than its Content-Length");
  return false;
}

static bool admit(struct request *q, struct response *a, const struct route *route) {
  const struct server *s = q->server;
  if (s->admit) return s->admit(q, a, route, s->arg);
  return (route->flags & ROUTE_OPEN) || guard_token(q, a);
}

static void handle(struct request *q, struct response *a) {
  if (!guard(q, a)) return;
  if (!split_path(q)) {
    response_fail_and_close(a, 400, "bad_path", "the path has characters or parts that are not allowed");
    return;
  }
  const struct route *route = find_route(q, a);
  if (!route) return;
  if (!(route->flags & ROUTE_URGENT) && !crowd_turn(q->member, TURN_MS)) {
    response_header(a, "Retry-After", "1");
    response_fail_and_close(a, 503, "busy", "all threads of this server are at work");
    return;
  }
  if (!admit(q, a, route)) return;
  if (!read_body(q, a, route->max_body ? route->max_body : q->server->max_body)) return;
  route->handler(q, a, q->server->arg);
}

static void request_release(struct request *q) {
  for (int i = 0; i < q->n_segments; i++) free(q->segments[i]);
  for (int i = 0; i < q->n_asked; i++) free(q->asked[i]);
  free(q->rest);
  free(q->path);
  buf_release(&q->body);
}

struct exchange {
  struct request *q;
  struct response *a;
};

static void handle_here(void *arg) {
  const struct exchange *x = arg;
  handle(x->q, x->a);
}

/* Debian's civetweb gives its threads 100 KB of stack, and no setting changes it: too little for what a handler may call (SQLite,
 * Markdown, a Lua state). So each request is answered on a thread of ours while civetweb's waits for it. */
static void handle_on_own_stack(struct request *q, struct response *a) {
  struct exchange x = {q, a};
  if (!hands_do(q->server->hands, handle_here, &x))
    response_fail_and_close(a, 503, "busy", "no thread is free for the request");
}

static int serve(struct mg_connection *conn) {
  const struct mg_request_info *info = mg_get_request_info(conn);
  struct server *s = info->user_data;
  const char *uri = info->request_uri ? info->request_uri : "";
  struct request q = {.server = s, .conn = conn, .info = info, .member = mg_get_user_connection_data(conn)};
  size_t base = s->base ? strlen(s->base) - 1 : 0; /* it ends with a slash, which is the path's first */
  if (base && strncmp(uri, s->base, base + 1) == 0) uri += base;
  q.path = mem_dup_n(uri, strcspn(uri, "?"));
  buf_init(&q.body, MAX_HTTP_BODY_BYTES);
  struct response a = {.server = s, .conn = conn};
  response_init(&a, info);
  crowd_work(q.member, info->remote_addr, info->remote_port);
  handle_on_own_stack(&q, &a);
  int status = response_end(&a);
  crowd_wait(q.member);
  request_release(&q);
  return status;
}

static int enter(const struct mg_connection *conn, void **data) {
  const struct server *s = mg_get_user_data(mg_get_context(conn));
  *data = crowd_enter(s->crowd);
  return 0;
}

static void leave(const struct mg_connection *conn) {
  struct member *member = mg_get_user_connection_data(conn);
  if (member) crowd_leave(member);
}

/* What civetweb refuses by itself, before it calls us. */
static int refuse(struct mg_connection *conn, int status, const char *message) {
  struct response a = {.server = mg_get_user_data(mg_get_context(conn)), .conn = conn, .close = true};
  response_init(&a, NULL);
  response_fail(&a, status, "bad_request", message && message[0] ? message : "the request is not valid HTTP",
                "");
  response_end(&a);
  return 0;
}

/* ---- start and stop ---- */

static int note_message(const struct mg_connection *conn, const char *message) {
  struct server *s = mg_get_user_data(mg_get_context(conn));
  if (s && !s->running)
    snprintf(s->complaint, sizeof s->complaint, "%s", message);
  else
    log_debug("http: %s", message);
  return 1;
}

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

static enum err start_civetweb(struct server *s, struct error *e) {
  char listen[64], threads[16], timeout[16];
  snprintf(listen, sizeof listen, "%s:%d", s->host, s->port);
  snprintf(threads, sizeof threads, "%d", s->threads);
  snprintf(timeout, sizeof timeout, "%d", s->timeout_ms);
  /* clang-format off */
  const char *options[] = {
      "listening_ports", listen,
      "num_threads", threads,
      "request_timeout_ms", timeout,
      "enable_keep_alive", "yes",
      "keep_alive_timeout_ms", "5000",
      "tcp_nodelay", "1",
      "connection_queue", "1024",
      "listen_backlog", "1024",
      "decode_url", "no",
      "enable_directory_listing", "no",
      "access_control_allow_origin", "",
      "access_control_allow_methods", "",
      "access_control_allow_headers", "",
      "cgi_pattern", "",
      NULL};
  /* clang-format on */
  struct mg_callbacks callbacks = {.begin_request = serve,
                                   .http_error = refuse,
                                   .log_message = note_message,
                                   .init_connection = enter,
                                   .connection_close = leave};
  s->civetweb = mg_start(&callbacks, s, options);
  struct mg_server_port port;
  if (s->civetweb && mg_get_server_ports(s->civetweb, 1, &port) == 1) {
    s->port = port.port;
    crowd_port(s->crowd, s->port);
    return OK;
  }
  err_set(e, ERR_IO, "cannot listen on %s: %s", listen,
          s->complaint[0] ? s->complaint : "the server did not start");
  err_hint(e, "another program may have the port; choose another, or 0 for a free one");
  return ERR_IO;
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
  crowd_free(s->crowd);
  hands_free(s->hands);
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
  s->crowd = crowd_new(s->threads);
  s->hands = hands_new(HANDLER_STACK_BYTES);
  s->token = mem_dup(settings->token);
  pthread_mutex_init(&s->lock, NULL);
  pthread_condattr_t attr;
  pthread_condattr_init(&attr);
  pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
  pthread_cond_init(&s->wake, &attr);
  pthread_condattr_destroy(&attr);

  enum err err = parse_listen(s, settings->listen ? settings->listen : "127.0.0.1:0", e);
  if (!err) err = start_civetweb(s, e);
  if (err) {
    if (s->civetweb) mg_stop(s->civetweb);
    server_free(s);
    return err;
  }
  snprintf(s->address, sizeof s->address, "%s:%d", s->host, s->port);
  s->running = true;
  *out = s;
  return OK;
}

/* All sockets of our port, the listening one too: what waits for their next byte or client returns at once. */
static void shut_sockets(const struct server *s) {
  DIR *dir = opendir("/proc/self/fd");
  struct dirent *entry;
  while (dir && (entry = readdir(dir))) {
    struct sockaddr_in local = {0};
    socklen_t n = sizeof local;
    int fd = atoi(entry->d_name);
    if (entry->d_name[0] == '.' || getsockname(fd, (struct sockaddr *)&local, &n) != 0) continue;
    if (local.sin_family == AF_INET && ntohs(local.sin_port) == s->port) shutdown(fd, SHUT_RD);
  }
  if (dir) closedir(dir);
}

void server_stop(struct server *s) {
  if (!s) return;
  pthread_mutex_lock(&s->lock);
  s->stopping = true;
  pthread_cond_broadcast(&s->wake);
  pthread_mutex_unlock(&s->lock);
  crowd_close(s->crowd);
  if (s->on_stop) s->on_stop(s->arg);
  shut_sockets(s);
  mg_stop(s->civetweb);
  server_free(s);
}

int server_port(const struct server *s) {
  return s->port;
}

const char *server_address(const struct server *s) {
  return s->address;
}
