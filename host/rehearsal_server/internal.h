/* internal.h - what server.c (routes, start and stop) and call.c (one call from request to ledger) share. The server's loop thread. */
#pragma once
#include <pthread.h>
#include "base/list.h"
#include "base/pool.h"
#include "rehearsal_server/connection.h"
#include "rehearsal_server/ledger.h"
#include "rehearsal_server/options.h"

struct kept_list;
struct batches;

struct rehearse {
  struct loop *loop;
  struct pool *pool;
  struct listener *listener;
  struct ledger *ledger;
  struct kept_list *kept;  /* kept.h */
  struct batches *batches; /* batches.h */
  struct list unheard;     /* calls that go on without a client */
  struct rehearse_options options;
  char *listen;
  pthread_t thread;
};

/* server.c: whole answers */
void send_json(struct conn *c, int status, const char *more_headers, json_t *v); /* takes v */
json_t *error_json(const char *message, const char *type, const char *code);

/* call.c: what connection.h calls for a request for an answer, and afterwards */
void call_start(struct rehearse *r, struct conn *conn, const struct conn_request *q);
void call_sent(void *arg, struct conn *conn);
void call_gone(void *arg, struct conn *conn);
/* The same question at `target`, that nobody listens to: its answer is kept under `name` (kept.h). */
void call_unheard(struct rehearse *r, const char *target, const char *body, const char *name);
void calls_free(struct rehearse *r); /* those that go on without a client; the others end with it */
