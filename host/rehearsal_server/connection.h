/* connection.h - HTTP/1.1 connections on a loop, for the rehearsal server only. The loop's thread.
 *
 * Not civetweb, because that gives each connection a thread: 2,000 streams of 20 pieces cost it 2.0 s of CPU on the machine
 * that the host under test runs on (this: 0.3 s), it cannot tell that a client went away before the next write, and it
 * gives no hold on when bytes leave, which is what faults are made of.
 *
 *   listener_new -> (on_request -> conn_write* -> conn_end -> on_sent | on_gone)* -> listener_free */
#pragma once
#include <stdbool.h>
#include "base/buf.h"
#include "base/loop.h"

struct listener;
struct conn;

struct conn_request {    /* valid until conn_end */
  char *method, *target; /* "/ledger?since=4" */
  const char *body;
  size_t n_body;
  char *headers; /* the lines after the first, each ended by LF */
};

struct conn_handler {
  void (*on_request)(void *arg, struct conn *c, const struct conn_request *q);
  void (*on_sent)(void *arg, struct conn *c); /* the response that conn_end ended has left */
  void (*on_gone)(void *arg,
                  struct conn *c); /* the client left in the middle; the connection ends with this call */
};

/* Err: ERR_INVALID (not an address), ERR_IO. */
enum err listener_new(struct loop *loop, const char *listen, const struct conn_handler *handler, void *arg,
                      struct listener **out, struct error *e);
void listener_free(struct listener *l); /* closes all connections: on_gone for those with a request */
const char *listener_address(const struct listener *l); /* "127.0.0.1:34567" */

/* The value of a header, copied into out (cut to most - 1 bytes). False: not there. */
bool conn_header(const struct conn_request *q, const char *name, char *out, size_t most);
void conn_write(struct conn *c, const void *bytes, size_t n); /* copied; leaves at once if it can */
void conn_end(struct conn *c);
void conn_close(struct conn *c); /* at once, in the middle of whatever; no call to the handler */
void conn_set_user(struct conn *c, void *user);
void *conn_user(const struct conn *c);
