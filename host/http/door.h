/* door.h - the connections of a server: one thread waits for all of them, and a worker gets one only once there is something whole to do.
 *
 *   door_open -> (serve -> [connection_want -> serve])* -> door_close
 *
 * What the door's thread does without a worker: accept; wait for a head (in all `timeout_ms` from its first byte, or from the connection's
 * begin), for a body that `serve` wants, for the next request of a kept connection; send what a slow client has not taken yet. So a client
 * that is silent or slow costs memory and its descriptor, never a thread. Of those that wait, each address may have some and all together
 * some more; one more closes the oldest, never the newest. Urgent requests have workers of their own. */
#pragma once
#include <stdbool.h>
#include "base/buf.h"
#include "http/head.h"

struct door;
struct connection;

struct door_settings {
  const char *host; /* "127.0.0.1" */
  int port;         /* 0: a free one */
  int threads;      /* workers, started as they are needed */
  int timeout_ms;   /* for a head in all, for each next piece of a body or answer */
  /* On a worker. A connection is called again only after connection_want, then with its body, or with less of it when it did not come. */
  void (*serve)(struct connection *c, void *arg);
  bool (*urgent)(const struct head *h, void *arg); /* on the door's thread; NULL: none is */
  /* Ends a request that was called with `serve` and will not be again: the door closes. NULL: nothing to free. */
  void (*drop)(struct connection *c, void *arg);
  void *arg;
};

/* Err: ERR_IO (the port is taken, ...). */
enum err door_open(const struct door_settings *settings, struct door **out, struct error *e);
/* Nothing more is served: who writes is refused, those who wait are closed. Returns when the last worker did. */
void door_close(struct door *d);
int door_port(const struct door *d);

/* ---- for `serve`; all strings live until the request has ended */

const struct head *connection_head(const struct connection *c);
int connection_refused(const struct connection *c,
                       const char **why);                /* the head is none: its status; else 0 */
const char *connection_peer(const struct connection *c); /* the client's address */
void *connection_user(const struct connection *c);       /* of this request; NULL at first */
void connection_set_user(struct connection *c, void *user);

/* True: n bytes of body are there. False: `serve` returns, and is called again once they are. Says 100 Continue to who waits for it. */
bool connection_want(struct connection *c, size_t n);
/* What came of the body that was wanted. */
const char *connection_body(const struct connection *c, size_t *n);

/* Waits until all is sent. False: the client is gone or too slow, or the door closes; the connection will close. */
bool connection_write(struct connection *c, const void *bytes, size_t n);
/* The last of an answer: what the client does not take at once is sent after `serve` has returned, if it is not too much. */
bool connection_write_last(struct connection *c, const void *bytes, size_t n);
/* The connection closes when `serve` returns. Otherwise it waits for the next request. */
void connection_end_after(struct connection *c);
