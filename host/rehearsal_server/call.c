/* call.c - one call from request to ledger.
 *
 * call_start -> (pool: read) -> known -> (pool: write) -> done -> begin -> tick* -> call_sent | call_gone
 * Everything runs on the server's loop thread but `read`, which parses the request, and `write`, which makes the reply: 2,000 requests
 * that arrive at once use all processors. Pieces leave on timers that are set from the request's arrival, so delays do not
 * add up. A call belongs to its connection; when the client goes while it is with the pool, what comes back from there frees it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/jsonx.h"
#include "base/list.h"
#include "base/mem.h"
#include "rehearsal/rehearsal_reply.h"
#include "rehearsal_server/internal.h"

enum { SLOW_BYTES = 16, NS_PER_MS = 1000000 };

struct call {
  struct job job;
  struct rehearse *server;
  struct conn *conn; /* NULL: the client is gone */
  struct rehearsal_asked asked;
  struct manner *manners; /* a copy: the settings may change while the pool reads them */
  int latency_ms, chunk_delay_ms;
  uint64_t arrived_ns;

  const struct speech *speech; /* how it is asked, and answered */
  char *target;
  char *body; /* the request */
  size_t n_body;
  json_t *request;
  char key[SHA_HEX];
  struct rehearsal_reply reply; /* once it is written */
  bool written;
  enum err err;
  struct error error;

  bool begun;         /* the pool is through with it */
  struct entry entry; /* until it is in the ledger; then entry.n names it there */
  struct fault fault; /* kind FAULT_NONE: none */
  int fault_piece;    /* where it happens */
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

/* What is billed: the prompt and what has left of the answer, whatever the stream says of them. */
static void note_sent(struct call *c, bool whole) {
  struct entry *e = ledger_find(c->server->ledger, c->entry.n);
  if (!e) return;
  const struct rehearsal_stream *s = &c->reply.stream;
  const struct rehearsal_usage *u = &c->reply.usage;
  e->status = c->head_sent ? 200 : 0;
  e->pieces = s->piece;
  if (!s->piece && !whole) return;
  long long rest = u->output - u->reasoning;
  size_t n = s->choices[0].n;
  e->input_tokens = u->input;
  e->output_tokens = u->reasoning + (whole || !n ? rest : rest * (long long)s->choices[0].at / (long long)n);
}

static void note_refusal(struct call *c, int status) {
  struct entry *e = ledger_find(c->server->ledger, c->entry.n);
  if (e) e->status = status;
}

static void free_ended(struct post *p) {
  struct call *c = list_owner(p, struct call, job.post);
  json_decref(c->request);
  if (c->written) rehearsal_reply_release(&c->reply);
  buf_release(&c->wire);
  free(c->manners);
  free(c->body);
  free(c->target);
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
  note_refusal(c, status);
  send_json(c->conn, status, more, c->speech->error(status, "a rehearsed fault", type, type));
}

/* ---- answers in pieces ---- */

static void put_head(struct call *c, struct buf *out) {
  if (c->head_sent) return;
  c->head_sent = true;
  buf_printf(out,
             "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nCache-Control: no-cache\r\n"
             "Transfer-Encoding: chunked\r\nx-request-id: req_%lld\r\n\r\n",
             c->speech->content_type, (long long)c->entry.n);
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
  bool bad = c->fault.kind == FAULT_BADJSON && c->reply.stream.piece == c->fault_piece;
  bool last = c->reply.stream.piece == c->reply.stream.pieces - 1;
  rehearsal_stream_next(&c->reply.stream, &piece);
  if (bad)
    buf_clear(&piece), buf_printf(&piece, "%s{\"id\":\"bad\",\"choices\":[{\"delta\":{\"cont\n\n",
                                  c->speech->lines ? "" : "data: ");
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
  uint64_t latency = (uint64_t)c->latency_ms * NS_PER_MS, i = (uint64_t)c->reply.stream.piece;
  if (c->chunk_delay_ms >= 0) return c->arrived_ns + latency + i * (uint64_t)c->chunk_delay_ms * NS_PER_MS;
  return c->arrived_ns + latency * (i + 1) / (uint64_t)c->reply.stream.pieces;
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
  struct buf event;
  buf_init(&event, MAX_JSON_BYTES);
  speech_put_error(c->speech, "a rehearsed fault in the stream", "server_error", &event);
  put_head(c, &c->wire);
  put_chunk(&c->wire, event.data, event.len);
  buf_release(&event);
  buf_puts(&c->wire, "0\r\n\r\n");
  if (send_wire(c) && c->conn) conn_end(c->conn);
}

/* Appends what is due to c->wire, up to a fault. Two pieces do not share a packet that a fault is to cut. */
static void put_due_pieces(struct call *c) {
  bool alone = c->fault.kind == FAULT_SLOW || c->fault.kind == FAULT_SPLIT_UTF8;
  bool stops =
      c->fault.kind == FAULT_CUT || c->fault.kind == FAULT_HANG || c->fault.kind == FAULT_STREAM_ERROR;
  uint64_t now = clock_mono_ns();
  while (c->reply.stream.piece < c->reply.stream.pieces && piece_due(c) <= now) {
    if (stops && c->reply.stream.piece >= c->fault_piece) return;
    put_piece(c);
    if (alone) return;
  }
}

/* Sends what is due; sets the timer for the rest. */
static void stream_on(struct call *c) {
  for (;;) {
    if (!c->wire.len) put_due_pieces(c);
    if (!send_wire(c) || !c->conn) return;
    note_sent(c, c->reply.stream.piece == c->reply.stream.pieces);
    if (c->reply.stream.piece == c->reply.stream.pieces) {
      conn_end(c->conn);
      return;
    }
    uint64_t due = piece_due(c);
    if (due > clock_mono_ns()) {
      set_timer(c, due);
      return;
    }
    if (c->reply.stream.piece < c->fault_piece) continue;
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
  rehearsal_body(&c->reply.stream, &body);
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
  int delays = c->chunk_delay_ms > 0 ? c->reply.stream.pieces - 1 : 0;
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
  note_sent(c, true);
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

static void read_request(struct job *j) {
  struct call *c = list_owner(j, struct call, job);
  json_t *asked = NULL;
  c->err = jsonx_parse(c->body, c->n_body, "the request", &asked, &c->error);
  if (!c->err) c->request = speech_read(c->speech, asked, c->target);
  json_decref(asked);
  if (!c->err) c->err = rehearsal_key(c->request, c->key, &c->error);
}

static void write_reply(struct job *j) {
  struct call *c = list_owner(j, struct call, job);
  c->err = rehearsal_reply(c->request, &c->asked, &c->reply, &c->error);
  c->written = !c->err;
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
}

/* Which fault it is to have. */
static void choose_fault(struct call *c) {
  struct rehearse *r = c->server;
  struct rehearsal_case seen = {.role = c->entry.role,
                                .quire_key = c->entry.quire_key,
                                .request_key = c->key,
                                .attempt = c->entry.attempt,
                                .seed = r->options.seed};
  const struct fault *f = fault_choose(r->options.faults, r->options.n_faults, &seen);
  if (!f) return;
  c->fault = *f;
  snprintf(c->entry.fault, sizeof c->entry.fault, "%.*s", (int)strcspn(f->spec, ":"), f->spec);
}

/* What the fault does to the text. It comes in place of manners: they are gone where it changes anything. */
static void shape_answer(struct call *c) {
  struct rehearsal_reply *r = &c->reply;
  size_t n = r->text.len;
  if (c->fault.kind == FAULT_REFUSE || c->fault.kind == FAULT_EMPTY) n = 0;
  if (c->fault.kind == FAULT_TRUNCATE) {
    n /= 2;
    while (n > 0 && ((unsigned char)r->text.data[n] & 0xC0) == 0x80) n--;
  }
  if (n != r->text.len) {
    r->usage.output = r->usage.output * (long long)n / (long long)r->text.len;
    rehearsal_stream_init(&r->stream, c->request, c->key, r->text.data, n, &r->usage, c->asked.chunks);
    r->stream.speech = c->speech;
  }
  if (c->fault.kind == FAULT_REFUSE) r->stream.finish = "content_filter";
  if (c->fault.kind == FAULT_TRUNCATE) r->stream.finish = "length";
  c->fault_piece = c->fault.kind == FAULT_HANG ? 0 : r->stream.pieces / 2;
  if (c->fault.after >= 0 && c->fault.kind) c->fault_piece = c->fault.after;
  /* What comes after the last piece never comes. */
  if (c->fault_piece > r->stream.pieces - 1) c->fault_piece = r->stream.pieces - 1;
}

static void begin(struct call *c) {
  if (c->err) {
    note_refusal(c, 400);
    send_json(c->conn, 400, "",
              c->speech->error(400, c->error.message, "invalid_request_error", "invalid_request"));
  } else if (c->fault.kind == FAULT_STATUS || c->fault.kind == FAULT_QUOTA) {
    send_status_fault(c);
  } else if (c->reply.status != 200) {
    note_refusal(c, c->reply.status);
    send_json(c->conn, c->reply.status, "", rehearsal_reply_error(&c->reply));
  } else {
    shape_answer(c);
    c->latency_ms += c->reply.delay_ms;
    tick(&c->timer);
  }
}

/* Back from the pool for the last time. */
static void done(struct job *j) {
  struct call *c = list_owner(j, struct call, job);
  struct entry *e = ledger_find(c->server->ledger, c->entry.n);
  if (e && c->written) {
    e->answer_bytes = c->reply.text.len;
    snprintf(e->manners, sizeof e->manners, "%s", c->reply.manners);
    memcpy(e->not_prose, c->reply.not_prose, sizeof e->not_prose);
    e->other_language = c->reply.other_language;
  }
  c->begun = true;
  if (c->conn) {
    begin(c);
  } else {
    note_end(c, ENTRY_GONE);
    call_end(c);
  }
}

/* The request is read: it gets its place in the ledger, and with that its attempt. */
static void known(struct job *j) {
  struct call *c = list_owner(j, struct call, job);
  describe(c);
  if (c->key[0]) c->entry.attempt = ledger_attempt(c->server->ledger, c->key);
  if (!c->err) choose_fault(c);
  c->entry.n = ledger_add(c->server->ledger, &c->entry);
  if (c->err) {
    done(j);
    return;
  }
  c->asked.key = c->key;
  c->asked.attempt = c->entry.attempt;
  c->asked.serial = (uint64_t)c->entry.n;
  c->job = (struct job){.work = write_reply, .done = done};
  pool_submit(c->server->pool, &c->job);
}

void call_start(struct rehearse *r, struct conn *conn, const struct conn_request *q) {
  struct call *c = mem_alloc(sizeof *c);
  c->server = r;
  c->conn = conn;
  c->arrived_ns = clock_mono_ns();
  const struct rehearse_options *o = &r->options;
  c->asked = (struct rehearsal_asked){.length_bias = o->length_bias,
                                      .usage_bias = o->usage_bias,
                                      .chunks = o->chunks,
                                      .seed = o->seed,
                                      .n_manners = o->n_manners};
  if (o->n_manners) {
    size_t n = (size_t)o->n_manners * sizeof *c->manners;
    c->asked.manners = c->manners = memcpy(mem_alloc(n), o->manners, n);
  }
  c->latency_ms = o->latency_ms;
  c->chunk_delay_ms = o->chunk_delay_ms;
  c->asked.speech = c->speech = speech_at(q->target);
  c->target = mem_dup(q->target);
  c->body = mem_dup_n(q->body, q->n_body);
  c->n_body = q->n_body;
  c->timer = (struct timer){.fn = tick, .arg = c};
  c->job = (struct job){.work = read_request, .done = known};
  buf_init(&c->wire, MAX_ANSWER_BYTES * 2);
  conn_header(q, "X-Quire-Call", c->entry.call, sizeof c->entry.call);
  conn_set_user(conn, c);
  pool_submit(r->pool, &c->job);
}

void call_sent(void *arg, struct conn *conn) {
  struct call *c = conn_user(conn);
  (void)arg;
  if (!c) return;
  bool harmless =
      c->fault.kind == FAULT_NONE || c->fault.kind == FAULT_SLOW || c->fault.kind == FAULT_SPLIT_UTF8;
  note_end(c, c->err || c->reply.status == 400 ? ENTRY_REFUSED : harmless ? ENTRY_ANSWERED : ENTRY_FAULT);
  call_end(c);
}

void call_gone(void *arg, struct conn *conn) {
  struct call *c = conn_user(conn);
  (void)arg;
  if (!c) return;
  note_end(c, ENTRY_GONE);
  if (c->begun)
    call_end(c);
  else
    c->conn = NULL; /* `done` sees it */
}
