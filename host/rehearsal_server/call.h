/* call.h - one call of the rehearsal server, from request to ledger: what call.c and pieces.c share. The server's loop thread. */
#pragma once
#include "rehearsal/rehearsal_reply.h"
#include "rehearsal_server/internal.h"

enum { NS_PER_MS = 1000000 };

struct call {
  struct job job;
  struct rehearse *server;
  struct conn *conn; /* NULL: the client is gone */
  struct list node;  /* in server->unheard, when it goes on without */
  bool submitted;    /* in a batch */
  bool background;   /* of a response */
  struct kept *kept; /* or NULL */
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

/* call.c */
void call_over(struct call *c); /* it is over; its memory lives until the next pass */
/* pieces.c */
void call_note_end(struct call *c, enum entry_state state);
void call_note_refusal(struct call *c, int status);
void call_let_client_go(struct call *c); /* its answer goes on */
void call_on(struct timer *t);           /* sends what is due, and sets the timer for the rest */
