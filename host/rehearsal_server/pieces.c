/* pieces.c - an answer on its way out: in pieces, each when it is due, or in one; with its fault; and what the ledger says of it.
 *
 * call_on is the call's timer: pieces leave by the time from the request's arrival. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/mem.h"
#include "rehearsal_server/call.h"
#include "rehearsal_server/kept.h"

enum { SLOW_BYTES = 16 };

/* ---- the ledger ---- */

void call_note_end(struct call *c, enum entry_state state) {
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

void call_note_refusal(struct call *c, int status) {
  struct entry *e = ledger_find(c->server->ledger, c->entry.n);
  if (e) e->status = status;
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
  if (c->kept) kept_add(c->kept, piece.data, piece.len);
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

/* Its answer goes on. */
void call_let_client_go(struct call *c) {
  conn_set_user(c->conn, NULL);
  c->conn = NULL;
  list_push_tail(&c->server->unheard, &c->node);
}

static void cut(struct call *c) {
  struct conn *conn = c->conn;
  if (conn && c->kept) {
    call_let_client_go(c);
    conn_close(conn);
    return;
  }
  call_note_end(c, ENTRY_CUT);
  call_over(c);
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

static void end_unheard(struct call *c) {
  call_note_end(c, kept_is_cancelled(c->kept) ? ENTRY_GONE : ENTRY_ANSWERED);
  call_over(c);
}

/* Sends what is due; sets the timer for the rest. */
static void stream_on(struct call *c) {
  for (;;) {
    if (!c->wire.len) put_due_pieces(c);
    if (!send_wire(c) || (!c->conn && !c->kept)) return;
    note_sent(c, c->reply.stream.piece == c->reply.stream.pieces);
    if (!c->conn && (kept_is_cancelled(c->kept) || c->reply.stream.piece == c->reply.stream.pieces)) {
      end_unheard(c);
      return;
    }
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
      c->fault.kind = c->kept ? FAULT_NONE : FAULT_CUT;
      cut(c);
      if (c->conn || !c->kept) return;
      continue;
    }
    if (c->fault.kind == FAULT_HANG) {
      call_note_end(c, ENTRY_HUNG);
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
    call_note_end(c, ENTRY_HUNG);
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

void call_on(struct timer *t) {
  struct call *c = t->arg;
  if (c->entry.stream)
    stream_on(c);
  else
    body_on(c);
}
