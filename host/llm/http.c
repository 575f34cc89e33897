/* http.c - curl's multi interface on the loop.
 *
 *   curl tells which sockets and which time it waits for (on_socket, on_timeout) -> the loop calls back (socket_ready, time_over)
 *   -> curl_multi_socket_action -> curl hands over bytes (take_header, take_bytes) -> deliver
 *
 * What curl hands over is kept until curl has returned and delivered then: curl allows hardly any call from inside its callbacks, and
 * handlers start and cancel transfers. Easy handles are reused; connections are curl's to keep. */
#include "llm/http.h"

#include <ctype.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include "base/clock.h"
#include "base/list.h"
#include "base/mem.h"
#include "llm/curl_late.h"

enum {
  IDLE_HANDLES = 64,
  KEPT_CONNECTIONS = 512,
  MAX_HEADER_BYTES = 16 << 10,
  READ_BYTES = 1024,     /* a stream's pieces are small; curl keeps such a buffer for each transfer */
  SEND_BYTES = 16 << 10, /* the least that curl allows */
  MAX_WAITING_BYTES = 8 << 20
};

static const double leave_s = 1;

struct http {
  struct loop *loop;
  CURLM *multi;
  struct timer timer;
  struct list transfers, ready;
  CURL *idle[IDLE_HANDLES];
  int n_idle;
  bool delivering;
};

struct transfer {
  struct http *http;
  struct list node, ready;
  CURL *easy;
  struct curl_slist *headers;
  char *body;
  size_t n_body;
  const struct http_handler *handler;
  void *arg;
  struct timer timer; /* the next deadline that could be over */
  struct http_deadlines deadlines;
  uint64_t started_ns, last_ns; /* last_ns: of the last byte of the answer's body; 0 before the first */
  struct buf head, bytes;
  int sendings; /* how often curl went to send the request */
  bool head_told, in_handler, left, cancelled, ended;
  enum http_end end;
  char why[CURL_ERROR_SIZE];
};

/* One for each socket that curl has told us of. */
struct socket_watch {
  struct watch watch;
  struct http *http;
};

static void deliver_all(struct http *h);

/* ---- between curl and the loop ---- */

static void read_ends(struct http *h);

static void socket_ready(struct watch *w, uint32_t events) {
  struct http *h = ((struct socket_watch *)w->arg)->http;
  int mask = (events & EPOLLIN ? CURL_CSELECT_IN : 0) | (events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
             (events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_IN | CURL_CSELECT_ERR : 0);
  int running;
  curl_multi_socket_action(h->multi, w->fd, mask, &running);
  read_ends(h);
  deliver_all(h);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known) {
  (void)easy;
  struct http *h = arg;
  struct socket_watch *s = known;
  if (what == CURL_POLL_REMOVE) {
    if (!s) return 0;
    (void)loop_watch(h->loop, &s->watch, 0); /* curl closes it */
    curl_multi_assign(h->multi, fd, NULL);
    free(s);
    return 0;
  }
  if (!s) {
    s = mem_alloc(sizeof *s);
    s->watch = (struct watch){.fd = fd, .fn = socket_ready, .arg = s};
    s->http = h;
    curl_multi_assign(h->multi, fd, s);
  }
  uint32_t events = (what & CURL_POLL_IN ? EPOLLIN : 0) | (what & CURL_POLL_OUT ? EPOLLOUT : 0);
  return loop_watch(h->loop, &s->watch, events) == OK ? 0 : -1;
}

static void time_over(struct timer *t) {
  struct http *h = t->arg;
  int running;
  curl_multi_socket_action(h->multi, CURL_SOCKET_TIMEOUT, 0, &running);
  read_ends(h);
  deliver_all(h);
}

static int on_timeout(CURLM *multi, long ms, void *arg) {
  (void)multi;
  struct http *h = arg;
  if (ms < 0)
    timer_clear(h->loop, &h->timer);
  else
    timer_set(h->loop, &h->timer, clock_mono_ns() + (uint64_t)ms * 1000000);
  return 0;
}

struct http *http_new(struct loop *loop) {
  struct http *h = mem_alloc(sizeof *h);
  h->loop = loop;
  h->timer = (struct timer){.fn = time_over, .arg = h};
  list_init(&h->transfers);
  list_init(&h->ready);
  return h;
}

/* With the first request, not before: many hosts never send one. */
static CURLM *multi_of(struct http *h) {
  if (h->multi) return h->multi;
  h->multi = curl_multi_init();
  if (!h->multi) fatal("libcurl does not start");
  curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
  curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
  curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, on_timeout);
  curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
  curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, (long)KEPT_CONNECTIONS);
  return h->multi;
}

static void transfer_free(struct transfer *t);

void http_free(struct http *h) {
  if (!h) return;
  while (!list_empty(&h->transfers)) /* those that were left */
    transfer_free(list_owner(h->transfers.next, struct transfer, node));
  for (int i = 0; i < h->n_idle; i++) curl_easy_cleanup(h->idle[i]);
  if (h->multi) curl_multi_cleanup(h->multi); /* closes connections and, through on_socket, their watches */
  timer_clear(h->loop, &h->timer);
  free(h);
}

/* ---- what curl hands over ---- */

static void make_ready(struct transfer *t) {
  if (list_empty(&t->ready)) list_push_tail(&t->http->ready, &t->ready);
}

static size_t take_header(char *line, size_t size, size_t n, void *arg) {
  struct transfer *t = arg;
  n *= size;
  if (n > 5 && strncmp(line, "HTTP/", 5) == 0) { /* also after "100 Continue" */
    buf_clear(&t->head);
    return n;
  }
  size_t len = n;
  while (len && (line[len - 1] == '\r' || line[len - 1] == '\n')) len--;
  const char *colon = memchr(line, ':', len);
  if (!colon || t->head.len + len + 2 > t->head.max) return n;
  size_t name = (size_t)(colon - line), value = name + 1;
  while (value < len && (line[value] == ' ' || line[value] == '\t')) value++;
  for (size_t i = 0; i < name; i++) buf_putc(&t->head, (char)tolower((unsigned char)line[i]));
  buf_puts(&t->head, ": ");
  buf_append(&t->head, line + value, len - value);
  buf_putc(&t->head, '\n');
  return n;
}

static uint64_t ns(double seconds) {
  return (uint64_t)(seconds * 1e9);
}

/* The deadline that comes next, by what has come so far. */
static uint64_t next_deadline(const struct transfer *t, enum http_end *which) {
  uint64_t total = t->started_ns + ns(t->deadlines.total);
  uint64_t silence =
      t->last_ns ? t->last_ns + ns(t->deadlines.idle) : t->started_ns + ns(t->deadlines.first_byte);
  *which = total < silence ? HTTP_SLOW_TOTAL : t->last_ns ? HTTP_SLOW_IDLE : HTTP_SLOW_FIRST_BYTE;
  return total < silence ? total : silence;
}

static void set_deadline(struct transfer *t) {
  enum http_end which;
  timer_set(t->http->loop, &t->timer, next_deadline(t, &which));
}

static size_t take_bytes(char *bytes, size_t size, size_t n, void *arg) {
  struct transfer *t = arg;
  n *= size;
  bool first = !t->last_ns;
  t->last_ns = clock_mono_ns();
  if (first) set_deadline(t); /* the idle deadline may come before the one that the timer waits for */
  if (buf_append(&t->bytes, bytes, n) != OK) return CURL_WRITEFUNC_ERROR;
  make_ready(t);
  return n;
}

/* Before each sending. curl would send a request again by itself when a kept connection closes, or a stream is refused, before a byte of
 * an answer came. But the provider may have read it, and may charge for both: whoever asked decides whether it is asked again. */
static int before_sending(void *arg, char *remote, char *local, int remote_port, int local_port) {
  (void)remote, (void)local, (void)remote_port, (void)local_port;
  struct transfer *t = arg;
  return ++t->sendings == 1 ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

static enum http_end end_of(CURLcode code) {
  switch (code) {
  case CURLE_OK: return HTTP_COMPLETE;
  case CURLE_COULDNT_RESOLVE_PROXY:
  case CURLE_COULDNT_RESOLVE_HOST:
  case CURLE_COULDNT_CONNECT:
  case CURLE_SSL_CONNECT_ERROR:
  case CURLE_PEER_FAILED_VERIFICATION:
  case CURLE_SSL_CERTPROBLEM:
  case CURLE_SSL_CACERT_BADFILE: return HTTP_NO_CONNECTION;
  case CURLE_OPERATION_TIMEDOUT: return HTTP_SLOW_CONNECT; /* curl has no other deadline from us */
  default: return HTTP_BROKEN;
  }
}

static void end_transfer(struct transfer *t, enum http_end end, const char *why) {
  t->ended = true;
  t->end = end;
  if (why && !t->why[0]) snprintf(t->why, sizeof t->why, "%s", why);
  make_ready(t);
}

static void read_ends(struct http *h) {
  CURLMsg *m;
  int left;
  while ((m = curl_multi_info_read(h->multi, &left))) {
    if (m->msg != CURLMSG_DONE) continue;
    struct transfer *t = NULL;
    curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&t);
    if (t->sendings > 1) {
      t->why[0] = 0;
      end_transfer(t, HTTP_BROKEN, "the connection was closed before an answer came");
    } else {
      end_transfer(t, end_of(m->data.result), curl_easy_strerror(m->data.result));
    }
  }
}

/* ---- handlers ---- */

static void give_back(struct http *h, CURL *easy) {
  curl_multi_remove_handle(h->multi, easy);
  if (h->n_idle == IDLE_HANDLES) {
    curl_easy_cleanup(easy);
    return;
  }
  curl_easy_reset(easy);
  h->idle[h->n_idle++] = easy;
}

static void wipe_headers(struct curl_slist *headers) {
  for (struct curl_slist *s = headers; s; s = s->next) explicit_bzero(s->data, strlen(s->data));
  curl_slist_free_all(headers);
}

static void transfer_free(struct transfer *t) {
  timer_clear(t->http->loop, &t->timer);
  list_remove(&t->node);
  list_remove(&t->ready);
  if (t->easy) give_back(t->http, t->easy);
  wipe_headers(t->headers);
  free(t->body);
  buf_release(&t->head);
  buf_release(&t->bytes);
  free(t);
}

/* The prompt is the largest thing a call holds. Once curl has sent it and an answer has begun, it never looks at it again. */
static void drop_sent_body(struct transfer *t) {
  curl_off_t sent = 0;
  if (!t->body || curl_easy_getinfo(t->easy, CURLINFO_SIZE_UPLOAD_T, &sent) != CURLE_OK ||
      sent < (curl_off_t)t->n_body)
    return;
  free(t->body);
  t->body = NULL;
}

static void tell(struct transfer *t) {
  long status = 0;
  curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
  if (t->left) {
    buf_clear(&t->bytes);
    t->cancelled = t->ended;
    return;
  }
  if (!t->head_told && status && (t->bytes.len || (t->ended && t->end == HTTP_COMPLETE))) {
    t->head_told = true;
    drop_sent_body(t);
    t->handler->on_head(t->arg, t, status);
  }
  if (!t->cancelled && t->bytes.len) {
    struct buf bytes = t->bytes;
    buf_init(&t->bytes, MAX_WAITING_BYTES);
    t->handler->on_bytes(t->arg, bytes.data, bytes.len);
    buf_release(&bytes);
  }
  if (t->left) t->cancelled = t->ended;
  if (!t->cancelled && !t->left && t->ended) {
    t->handler->on_end(t->arg, t->end, t->why);
    t->cancelled = true;
  }
}

static void deliver_all(struct http *h) {
  if (h->delivering) return; /* a handler is on the stack; the loop below goes on when it returns */
  h->delivering = true;
  for (struct list *node; (node = list_pop_head(&h->ready));) {
    struct transfer *t = list_owner(node, struct transfer, ready);
    t->in_handler = true;
    tell(t);
    t->in_handler = false;
    if (t->cancelled) transfer_free(t);
  }
  h->delivering = false;
}

void http_cancel(struct transfer *t) {
  if (!t) return;
  t->cancelled = true;
  if (!t->in_handler) transfer_free(t);
}

void http_leave(struct transfer *t) {
  t->left = true;
  if (t->ended) {
    http_cancel(t);
    return;
  }
  t->started_ns = clock_mono_ns();
  t->deadlines.total = leave_s;
  set_deadline(t);
}

/* ---- deadlines ---- */

/* Bytes do not move the timer, but for the first; it looks again when it fires. */
static void look_at_deadlines(struct timer *timer) {
  struct transfer *t = timer->arg;
  enum http_end which;
  if (clock_mono_ns() < next_deadline(t, &which)) {
    set_deadline(t);
    return;
  }
  double limit = which == HTTP_SLOW_TOTAL  ? t->deadlines.total
                 : which == HTTP_SLOW_IDLE ? t->deadlines.idle
                                           : t->deadlines.first_byte;
  switch (which) { /* one call for each format, so that the compiler can check them */
  case HTTP_SLOW_TOTAL: snprintf(t->why, sizeof t->why, "the answer took longer than %g s", limit); break;
  case HTTP_SLOW_IDLE:
    snprintf(t->why, sizeof t->why, "no byte for %g s in the middle of the answer", limit);
    break;
  default: snprintf(t->why, sizeof t->why, "no byte of an answer within %g s", limit);
  }
  end_transfer(t, which, NULL);
  deliver_all(t->http);
}

/* ---- starting ---- */

/* "identity": nobody is asked to pack a stream, but what comes packed is unpacked. */
static void set_options(struct transfer *t, const struct http_request *r) {
  CURL *c = t->easy;
  curl_easy_setopt(c, CURLOPT_PRIVATE, t);
  curl_easy_setopt(c, CURLOPT_URL, r->url);
  curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(c, CURLOPT_BUFFERSIZE, (long)READ_BYTES);
  curl_easy_setopt(c, CURLOPT_UPLOAD_BUFFERSIZE, (long)SEND_BYTES);
  curl_easy_setopt(c, CURLOPT_TCP_NODELAY, 1L);
  curl_easy_setopt(c, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(c, CURLOPT_USERAGENT, "quire");
  curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)(r->deadlines.connect * 1000));
  bool clear = strncasecmp(r->url, "http:", 5) == 0;
  curl_easy_setopt(c, CURLOPT_HTTP_VERSION,
                   (long)(clear || r->http1 ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2TLS));
  if (!clear && !r->http1) curl_easy_setopt(c, CURLOPT_PIPEWAIT, 1L);
  /* This machine is never reached through a proxy, whatever the environment says of others. */
  if (http_is_loopback(r->url)) curl_easy_setopt(c, CURLOPT_PROXY, "");
  curl_easy_setopt(c, CURLOPT_ACCEPT_ENCODING, "identity");
  curl_easy_setopt(c, CURLOPT_HTTPHEADER, t->headers);
  if (r->body) {
    curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->n_body);
    curl_easy_setopt(c, CURLOPT_POSTFIELDS, r->body);
  }
  if (r->method) curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, r->method);
  curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
  curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_bytes);
  curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
  curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t->why);
  curl_easy_setopt(c, CURLOPT_PREREQFUNCTION, before_sending);
  curl_easy_setopt(c, CURLOPT_PREREQDATA, t);
}

/* "Expect:" turns off curl's wait for "100 Continue" before large bodies. */
static struct curl_slist *copy_headers(const struct http_request *r) {
  struct curl_slist *list = curl_slist_append(NULL, "Expect:");
  for (size_t i = 0; i < r->n_headers && list; i++) {
    if (strpbrk(r->headers[i], "\r\n")) {
      wipe_headers(list);
      return NULL;
    }
    struct curl_slist *longer = curl_slist_append(list, r->headers[i]);
    if (!longer) wipe_headers(list);
    list = longer;
  }
  return list;
}

struct transfer *http_start(struct http *h, const struct http_request *r, const struct http_handler *handler,
                            void *arg, struct error *e) {
  if (curl_late_load(e) != OK) {
    free(r->body);
    return NULL;
  }
  struct transfer *t = mem_alloc(sizeof *t);
  *t = (struct transfer){.http = h,
                         .handler = handler,
                         .arg = arg,
                         .deadlines = r->deadlines,
                         .body = r->body,
                         .n_body = r->n_body};
  list_init(&t->node);
  list_init(&t->ready);
  buf_init(&t->head, MAX_HEADER_BYTES);
  buf_init(&t->bytes, MAX_WAITING_BYTES);
  t->headers = copy_headers(r);
  if (!t->headers) {
    err_set(e, ERR_CONFIG, "a header of the request has a line break");
    transfer_free(t);
    return NULL;
  }
  t->easy = h->n_idle ? h->idle[--h->n_idle] : curl_easy_init();
  if (!t->easy) fatal("libcurl gives no handle: out of memory");
  set_options(t, r);
  list_push_tail(&h->transfers, &t->node);
  t->started_ns = clock_mono_ns();
  t->timer = (struct timer){.fn = look_at_deadlines, .arg = t};
  set_deadline(t);
  if (curl_multi_add_handle(multi_of(h), t->easy) != CURLM_OK) fatal("libcurl takes no transfer");
  return t;
}

/* ---- looking ---- */

const char *http_headers(const struct transfer *t) {
  return t->head.data;
}

/* The value as the answer has it; the caller's until the next header is asked for. */
const char *http_header(const struct transfer *t, const char *name) {
  static _Thread_local char value[512];
  size_t n = strlen(name);
  for (const char *line = t->head.data; *line; line = strchr(line, '\n') + 1) {
    if (strncmp(line, name, n) != 0 || line[n] != ':') continue;
    const char *start = line + n + 2, *end = strchr(start, '\n');
    snprintf(value, sizeof value, "%.*s", (int)(end - start), start);
    return value;
  }
  return NULL;
}
