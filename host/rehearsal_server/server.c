/* server.c - one call from request to ledger.
 *
 * rehearse_start -> on_request -> (pool: work) -> done -> begin -> tick* -> on_sent | on_gone -> rehearse_stop
 * Everything runs on the server's loop thread but `work`, which parses the request and writes the answer: 2,000 requests
 * that arrive at once use all processors. Pieces leave on timers that are set from the request's arrival, so delays do not
 * add up. A call belongs to its connection; when the client goes while it is with the pool, `done` frees it. */
#include "rehearsal_server/server.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/jsonx.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/pool.h"
#include "rehearsal/rehearsal.h"
#include "rehearsal_server/connection.h"
#include "rehearsal_server/ledger.h"

enum { SLOW_BYTES = 16, NS_PER_MS = 1000000 };

struct rehearse {
  struct loop *loop;
  struct pool *pool;
  struct listener *listener;
  struct ledger *ledger;
  struct rehearse_options options;
  char *listen;
  pthread_t thread;
};

struct call {
  struct job job;
  struct rehearse *server;
  struct conn *conn; /* NULL: the client is gone */
  struct rehearsal_options how;
  int latency_ms, chunk_delay_ms;
  uint64_t arrived_ns;

  char *body; /* the request */
  size_t n_body;
  json_t *request;
  char key[SHA_HEX];
  struct buf text;
  struct rehearsal_usage usage;
  enum err err;
  struct error error;

  bool begun;         /* the pool is through with it */
  struct entry entry; /* until it is in the ledger; then entry.n names it there */
  struct fault fault; /* kind FAULT_NONE: none */
  int fault_piece;    /* where it happens */
  struct rehearsal_stream stream;
  struct timer timer;
  bool head_sent;
  struct buf wire; /* framed bytes that leave in fragments */
  size_t wire_at;
};

/* ---- the ledger ---- */

static void note_end(struct call *c, enum entry_state state) {
  struct entry *e = ledger_find(c->server->ledger, c->entry.n);
  if (!e || e->state != ENTRY_OPEN) return;
  e->state = state;
  e->ended_ms = clock_wall_ms();
}

static void note_piece(struct call *c, int status) {
  struct entry *e = ledger_find(c->server->ledger, c->entry.n);
  if (!e) return;
  e->status = status;
  e->pieces = c->stream.piece;
}

static void free_ended(struct post *p) {
  struct call *c = list_owner(p, struct call, job.post);
  json_decref(c->request);
  buf_release(&c->text);
  buf_release(&c->wire);
  free(c->body);
  free(c);
}

/* The call is over. Its memory lives until the next pass: any write may be what ends it, and its writer looks at it
 * again. */
static void call_end(struct call *c) {
  timer_clear(c->server->loop, &c->timer);
  if (c->conn) conn_set_user(c->conn, NULL);
  c->conn = NULL;
  c->job.post.fn = free_ended;
  loop_post(c->server->loop, &c->job.post);
}

/* ---- plain answers ---- */

static const char *reason(int status) {
  switch (status) {
  case 200: return "OK";
  case 400: return "Bad Request";
  case 401: return "Unauthorized";
  case 404: return "Not Found";
  case 405: return "Method Not Allowed";
  case 429: return "Too Many Requests";
  case 500: return "Internal Server Error";
  case 503: return "Service Unavailable";
  default: return "Refused";
  }
}

static void send_text(struct conn *c, int status, const char *type, const char *more, const char *body,
                      size_t n) {
  struct buf out;
  buf_init(&out, MAX_JSON_BYTES);
  buf_printf(&out, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%s\r\n", status,
             reason(status), type, n, more);
  buf_append(&out, body, n);
  conn_write(c, out.data, out.len);
  buf_release(&out);
  conn_end(c);
}

static void send_json(struct conn *c, int status, const char *more, json_t *v) {
  char *text = jsonx_dumps(v);
  json_decref(v);
  send_text(c, status, "application/json", more, text ? text : "{}", text ? strlen(text) : 2);
  free(text);
}

static json_t *error_json(const char *message, const char *type, const char *code) {
  return json_pack("{s:{s:s, s:s, s:s}}", "error", "message", message, "type", type, "code", code);
}

static void send_status_fault(struct call *c) {
  const struct fault *f = &c->fault;
  bool quota = f->kind == FAULT_QUOTA;
  int status = quota ? 429 : f->status;
  char more[160] = "";
  if (!quota && (status == 429 || f->wait >= 0)) {
    double wait = f->wait >= 0 ? f->wait : 1;
    snprintf(more, sizeof more, "retry-after: %lld\r\nretry-after-ms: %lld\r\n", (long long)(wait + 0.999),
             (long long)(wait * 1000 + 0.5));
  }
  const char *type = quota           ? "insufficient_quota"
                     : status == 429 ? "rate_limit_error"
                     : status == 401 ? "authentication_error"
                     : status < 500  ? "invalid_request_error"
                                     : "server_error";
  note_piece(c, status);
  send_json(c->conn, status, more, error_json("a rehearsed fault", type, type));
}

/* ---- answers in pieces ---- */

static void put_head(struct call *c, struct buf *out) {
  if (c->head_sent) return;
  c->head_sent = true;
  buf_printf(
      out,
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nCache-Control: no-cache\r\n"
      "Transfer-Encoding: chunked\r\nx-request-id: req_%lld\r\n\r\n",
      (long long)c->entry.n);
}

/* One HTTP chunk. */
static void put_chunk(struct buf *out, const char *bytes, size_t n) {
  buf_printf(out, "%zx\r\n", n);
  buf_append(out, bytes, n);
  buf_puts(out, "\r\n");
}

/* Appends the next piece, framed, to c->wire. */
static void put_piece(struct call *c) {
  struct buf piece;
  buf_init(&piece, MAX_ANSWER_BYTES * 2);
  bool bad = c->fault.kind == FAULT_BADJSON && c->stream.piece == c->fault_piece;
  bool last = c->stream.piece == c->stream.pieces - 1;
  rehearsal_stream_next(&c->stream, &piece);
  if (bad)
    buf_clear(&piece), buf_puts(&piece, "data: {\"id\":\"chatcmpl-bad\",\"choices\":[{\"delta\":{\"cont\n\n");
  if (last && c->fault.kind == FAULT_NO_STOP) buf_clear(&piece);
  put_head(c, &c->wire);
  if (piece.len) put_chunk(&c->wire, piece.data, piece.len);
  if (last) buf_puts(&c->wire, "0\r\n\r\n");
  buf_release(&piece);
}

/* How much of c->wire leaves now: all; or a few bytes; or up to the inside of a letter. */
static size_t fragment(const struct call *c) {
  size_t left = c->wire.len - c->wire_at;
  if (c->fault.kind == FAULT_SLOW) return left < SLOW_BYTES ? left : SLOW_BYTES;
  if (c->fault.kind != FAULT_SPLIT_UTF8 || c->wire_at > 0) return left;
  for (size_t i = 1; i < left; i++)
    if (((unsigned char)c->wire.data[i] & 0xC0) == 0x80) return i;
  return left / 2 ? left / 2 : left;
}

static uint64_t piece_due(const struct call *c) {
  uint64_t latency = (uint64_t)c->latency_ms * NS_PER_MS, i = (uint64_t)c->stream.piece;
  if (c->chunk_delay_ms >= 0) return c->arrived_ns + latency + i * (uint64_t)c->chunk_delay_ms * NS_PER_MS;
  return c->arrived_ns + latency * (i + 1) / (uint64_t)c->stream.pieces;
}

static void set_timer(struct call *c, uint64_t due) {
  timer_set(c->server->loop, &c->timer, due);
}

/* Sends what waits in c->wire. False: some of it must wait, and the timer is set. */
static bool send_wire(struct call *c) {
  while (c->conn && c->wire_at < c->wire.len) {
    size_t n = fragment(c), at = c->wire_at;
    c->wire_at += n;
    conn_write(c->conn, c->wire.data + at, n); /* may lose the client, and with it c->conn */
    if (!c->conn || c->wire_at == c->wire.len) break;
    double wait = c->fault.kind == FAULT_SLOW && c->fault.wait >= 0 ? c->fault.wait : 0.005;
    set_timer(c, clock_mono_ns() + (uint64_t)(wait * 1e9));
    return false;
  }
  buf_clear(&c->wire);
  c->wire_at = 0;
  return true;
}

static void cut(struct call *c) {
  struct conn *conn = c->conn;
  note_end(c, ENTRY_CUT);
  call_end(c);
  conn_close(conn);
}

static void end_with_error_event(struct call *c) {
  static const char event[] =
      "data: {\"error\":{\"message\":\"a rehearsed fault in the stream\",\"type\":\"server_error\",\"code\":\"server_error\"}}\n\n";
  put_head(c, &c->wire);
  put_chunk(&c->wire, event, sizeof event - 1);
  buf_puts(&c->wire, "0\r\n\r\n");
  if (send_wire(c) && c->conn) conn_end(c->conn);
}

/* Appends what is due to c->wire, up to a fault. Two pieces do not share a packet that a fault is to cut. */
static void put_due_pieces(struct call *c) {
  bool alone = c->fault.kind == FAULT_SLOW || c->fault.kind == FAULT_SPLIT_UTF8;
  bool stops =
      c->fault.kind == FAULT_CUT || c->fault.kind == FAULT_HANG || c->fault.kind == FAULT_STREAM_ERROR;
  uint64_t now = clock_mono_ns();
  while (c->stream.piece < c->stream.pieces && piece_due(c) <= now) {
    if (stops && c->stream.piece >= c->fault_piece) return;
    put_piece(c);
    if (alone) return;
  }
}

/* Sends what is due; sets the timer for the rest. */
static void stream_on(struct call *c) {
  for (;;) {
    if (!c->wire.len) put_due_pieces(c);
    if (!send_wire(c) || !c->conn) return;
    note_piece(c, c->head_sent ? 200 : 0);
    if (c->stream.piece == c->stream.pieces) {
      conn_end(c->conn);
      return;
    }
    uint64_t due = piece_due(c);
    if (due > clock_mono_ns()) {
      set_timer(c, due);
      return;
    }
    if (c->stream.piece < c->fault_piece) continue;
    if (c->fault.kind == FAULT_CUT) {
      cut(c);
      return;
    }
    if (c->fault.kind == FAULT_HANG) {
      note_end(c, ENTRY_HUNG);
      return;
    }
    if (c->fault.kind == FAULT_STREAM_ERROR) {
      end_with_error_event(c);
      return;
    }
  }
}

/* ---- answers in one ---- */

static void put_body(struct call *c) {
  struct buf body;
  buf_init(&body, MAX_ANSWER_BYTES * 2);
  rehearsal_body(&c->stream, &body);
  if (c->fault.kind == FAULT_BADJSON) body.len /= 2;
  buf_printf(
      &c->wire,
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\nx-request-id: req_%lld\r\n\r\n",
      body.len, (long long)c->entry.n);
  buf_append(&c->wire, body.data, c->fault.kind == FAULT_CUT ? body.len / 2 : body.len);
  c->head_sent = true;
  buf_release(&body);
}

static void body_on(struct call *c) {
  int delays = c->chunk_delay_ms > 0 ? c->stream.pieces - 1 : 0;
  uint64_t wait_ms = (uint64_t)c->latency_ms + (uint64_t)delays * (uint64_t)c->chunk_delay_ms;
  uint64_t due = c->arrived_ns + wait_ms * NS_PER_MS;
  if (due > clock_mono_ns()) {
    set_timer(c, due);
    return;
  }
  if (c->fault.kind == FAULT_HANG) {
    note_end(c, ENTRY_HUNG);
    return;
  }
  if (!c->head_sent) put_body(c);
  note_piece(c, 200);
  if (!send_wire(c) || !c->conn) return;
  if (c->fault.kind == FAULT_CUT)
    cut(c);
  else
    conn_end(c->conn);
}

static void tick(struct timer *t) {
  struct call *c = t->arg;
  if (c->entry.stream)
    stream_on(c);
  else
    body_on(c);
}

/* ---- a call ---- */

static void work(struct job *j) {
  struct call *c = list_owner(j, struct call, job);
  c->err = jsonx_parse(c->body, c->n_body, "the request", &c->request, &c->error);
  if (!c->err) c->err = rehearsal_key(c->request, c->key, &c->error);
  c->how.key = c->key;
  if (!c->err) c->err = rehearsal_answer(c->request, &c->how, &c->text, &c->usage, &c->error);
}

static void describe(struct call *c) {
  struct entry *e = &c->entry;
  memcpy(e->key, c->key, sizeof e->key);
  e->prefix_bytes = -1;
  e->at_ms = clock_wall_ms() - (int64_t)((clock_mono_ns() - c->arrived_ns) / NS_PER_MS);
  if (!json_is_object(c->request)) return;
  snprintf(e->role, sizeof e->role, "%s", rehearsal_metadata(c->request, "quire_role"));
  snprintf(e->quire_key, sizeof e->quire_key, "%s", rehearsal_metadata(c->request, "quire_key"));
  snprintf(e->model, sizeof e->model, "%s", jsonx_str(c->request, "model", ""));
  e->stream = json_is_true(json_object_get(c->request, "stream"));
  e->prompt_bytes = (long long)rehearsal_prompt_bytes(c->request);
  e->prefix_bytes = rehearsal_prefix_bytes(c->request);
  e->answer_bytes = c->text.len;
}

/* Which fault it is to have, and what that does to the text. */
static void choose_fault(struct call *c) {
  struct rehearse *r = c->server;
  struct fault_case seen = {.role = c->entry.role,
                            .quire_key = c->entry.quire_key,
                            .request_key = c->key,
                            .attempt = c->entry.attempt,
                            .seed = r->options.seed};
  const struct fault *f = fault_choose(r->options.faults, r->options.n_faults, &seen);
  if (!f) return;
  c->fault = *f;
  snprintf(c->entry.fault, sizeof c->entry.fault, "%.*s", (int)strcspn(f->spec, ":"), f->spec);
}

static void shape_answer(struct call *c) {
  size_t n = c->text.len;
  if (c->fault.kind == FAULT_REFUSE || c->fault.kind == FAULT_EMPTY) n = 0;
  if (c->fault.kind == FAULT_TRUNCATE) {
    n /= 2;
    while (n > 0 && ((unsigned char)c->text.data[n] & 0xC0) == 0x80) n--;
  }
  if (n != c->text.len)
    c->usage.output = c->usage.output * (long long)n / (long long)(c->text.len ? c->text.len : 1);
  rehearsal_stream_init(&c->stream, c->request, c->key, c->text.data, n, &c->usage, c->how.chunks);
  if (c->fault.kind == FAULT_REFUSE) c->stream.finish = "content_filter";
  if (c->fault.kind == FAULT_TRUNCATE) c->stream.finish = "length";
  c->fault_piece = c->fault.kind == FAULT_HANG ? 0 : c->stream.pieces / 2;
  if (c->fault.after >= 0 && c->fault.kind) c->fault_piece = c->fault.after;
  /* What comes after the last piece never comes. */
  if (c->fault_piece > c->stream.pieces - 1) c->fault_piece = c->stream.pieces - 1;
}

static void begin(struct call *c) {
  if (c->err) {
    note_piece(c, 400);
    send_json(c->conn, 400, "", error_json(c->error.message, "invalid_request_error", "invalid_request"));
  } else if (c->fault.kind == FAULT_STATUS || c->fault.kind == FAULT_QUOTA) {
    send_status_fault(c);
  } else {
    shape_answer(c);
    tick(&c->timer);
  }
}

static void done(struct job *j) {
  struct call *c = list_owner(j, struct call, job);
  describe(c);
  if (c->key[0]) c->entry.attempt = ledger_attempt(c->server->ledger, c->key);
  if (!c->err) choose_fault(c);
  c->entry.n = ledger_add(c->server->ledger, &c->entry);
  c->begun = true;
  if (c->conn) {
    begin(c);
  } else {
    note_end(c, ENTRY_GONE);
    call_end(c);
  }
}

static void start_call(struct rehearse *r, struct conn *conn, const struct conn_request *q) {
  struct call *c = mem_alloc(sizeof *c);
  c->server = r;
  c->conn = conn;
  c->arrived_ns = clock_mono_ns();
  c->how = (struct rehearsal_options){.length_bias = r->options.length_bias,
                                      .usage_bias = r->options.usage_bias,
                                      .chunks = r->options.chunks};
  c->latency_ms = r->options.latency_ms;
  c->chunk_delay_ms = r->options.chunk_delay_ms;
  c->body = mem_dup_n(q->body, q->n_body);
  c->n_body = q->n_body;
  c->timer = (struct timer){.fn = tick, .arg = c};
  c->job = (struct job){.work = work, .done = done};
  buf_init(&c->text, MAX_ANSWER_BYTES);
  buf_init(&c->wire, MAX_ANSWER_BYTES * 2);
  conn_header(q, "X-Quire-Call", c->entry.call, sizeof c->entry.call);
  conn_set_user(conn, c);
  pool_submit(r->pool, &c->job);
}

static void on_sent(void *arg, struct conn *conn) {
  struct call *c = conn_user(conn);
  (void)arg;
  if (!c) return;
  bool harmless =
      c->fault.kind == FAULT_NONE || c->fault.kind == FAULT_SLOW || c->fault.kind == FAULT_SPLIT_UTF8;
  note_end(c, c->err ? ENTRY_REFUSED : harmless ? ENTRY_ANSWERED : ENTRY_FAULT);
  call_end(c);
}

static void on_gone(void *arg, struct conn *conn) {
  struct call *c = conn_user(conn);
  (void)arg;
  if (!c) return;
  note_end(c, ENTRY_GONE);
  if (c->begun)
    call_end(c);
  else
    c->conn = NULL; /* `done` sees it */
}

/* ---- routes ---- */

static void show_models(struct rehearse *r, struct conn *c, const struct conn_request *q) {
  (void)r, (void)q;
  send_json(c, 200, "",
            json_pack("{s:s, s:[{s:s, s:s, s:i, s:s}]}", "object", "list", "data", "id", "rehearsal",
                      "object", "model", "created", 0, "owned_by", "quire"));
}

static void show_ledger(struct rehearse *r, struct conn *c, const struct conn_request *q) {
  const char *since = strstr(q->target, "since=");
  send_json(c, 200, "", ledger_json(r->ledger, since ? atoll(since + 6) : 0));
}

static void clear_ledger(struct rehearse *r, struct conn *c, const struct conn_request *q) {
  (void)q;
  ledger_clear(r->ledger);
  send_json(c, 200, "", ledger_json(r->ledger, 0));
}

static void show_control(struct rehearse *r, struct conn *c, const struct conn_request *q) {
  (void)q;
  send_json(c, 200, "", rehearse_options_json(&r->options));
}

static void set_control(struct rehearse *r, struct conn *c, const struct conn_request *q) {
  struct error e = {0};
  json_t *v = NULL;
  enum err err = jsonx_parse(q->body, q->n_body, "the settings", &v, &e);
  if (!err) err = rehearse_set_json(&r->options, v, &e);
  json_decref(v);
  if (!err)
    show_control(r, c, q);
  else
    send_json(c, 400, "",
              json_pack("{s:{s:s, s:s, s:s}}", "error", "code", err_name(err), "message", e.message, "hint",
                        e.hint));
}

static void say_ok(struct rehearse *r, struct conn *c, const struct conn_request *q) {
  (void)r, (void)q;
  send_text(c, 200, "text/plain", "", "ok\n", 3);
}

static const struct {
  const char *method, *path;
  void (*handler)(struct rehearse *r, struct conn *c, const struct conn_request *q);
} routes[] = {{"POST", "/v1/chat/completions", start_call},
              {"POST", "/chat/completions", start_call},
              {"GET", "/v1/models", show_models},
              {"GET", "/ledger", show_ledger},
              {"DELETE", "/ledger", clear_ledger},
              {"GET", "/control", show_control},
              {"POST", "/control", set_control},
              {"GET", "/healthz", say_ok}};

static void on_request(void *arg, struct conn *c, const struct conn_request *q) {
  size_t n = strcspn(q->target, "?");
  bool known = false;
  for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
    if (strlen(routes[i].path) != n || memcmp(routes[i].path, q->target, n) != 0) continue;
    known = true;
    if (strcmp(routes[i].method, q->method) != 0) continue;
    routes[i].handler(arg, c, q);
    return;
  }
  send_json(c, known ? 405 : 404, "",
            error_json(known ? "this address does not take that method" : "there is nothing at this address",
                       "invalid_request_error", "not_found"));
}

/* ---- start and stop ---- */

static void *run(void *arg) {
  loop_run(((struct rehearse *)arg)->loop);
  return NULL;
}

static void rehearse_free(struct rehearse *r) {
  pool_free(r->pool);
  loop_drain(r->loop);
  listener_free(r->listener);
  loop_free(r->loop);
  ledger_free(r->ledger);
  free(r->listen);
  free(r);
}

enum err rehearse_start(const struct rehearse_options *options, struct rehearse **out, struct error *e) {
  static const struct conn_handler handler = {on_request, on_sent, on_gone};
  *out = NULL;
  struct rehearse *r = mem_alloc(sizeof *r);
  r->options = *options;
  r->options.listen = r->listen = mem_dup(options->listen);
  r->loop = loop_new();
  r->ledger = ledger_new();
  enum err err = listener_new(r->loop, r->listen, &handler, r, &r->listener, e);
  if (err) {
    rehearse_free(r);
    return err;
  }
  r->pool = pool_new(r->loop, (int)sysconf(_SC_NPROCESSORS_ONLN));
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int sys = pthread_create(&r->thread, NULL, run, r);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (sys) {
    rehearse_free(r);
    return err_errno(e, sys, "cannot start the rehearsal server's thread");
  }
  *out = r;
  return OK;
}

void rehearse_stop(struct rehearse *r) {
  if (!r) return;
  loop_stop(r->loop);
  pthread_join(r->thread, NULL);
  rehearse_free(r);
}

const char *rehearse_address(const struct rehearse *r) {
  return listener_address(r->listener);
}

/* A connection is a descriptor; the usual soft limit is 1024. */
static void allow_many_files(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

enum err rehearse_main(const struct rehearse_options *options, struct error *e) {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ends, NULL);
  allow_many_files();
  struct rehearse *r;
  enum err err = rehearse_start(options, &r, e);
  if (err) return err;
  printf("rehearsal model on http://%s/v1 (ledger: http://%s/ledger)\n", rehearse_address(r),
         rehearse_address(r));
  fflush(stdout);
  int signal_number;
  sigwait(&ends, &signal_number);
  rehearse_stop(r);
  return OK;
}
