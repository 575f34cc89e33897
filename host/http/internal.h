/* internal.h - what the server's files share: server.c (start, stop, routes), request.c (what a handler reads), guard.c (who may come in),
 * response.c (what goes out). */
#pragma once
#include <civetweb.h>
#include <pthread.h>
#include <stdatomic.h>
#include "http/crowd.h"
#include "http/hands.h"
#include "http/server.h"

enum { SEGMENTS_MOST = 32, PARAMS_MOST = 6, ASKED_MOST = 32, PATH_MOST = 16 << 10, PIECE_BYTES = 64 << 10 };

struct server {
  struct mg_context *civetweb;
  struct crowd *crowd;
  struct hands *hands;
  const struct route *routes;
  size_t n_routes, max_body;
  void *arg;
  void (*on_stop)(void *arg);
  bool (*admit)(struct request *q, struct response *a, const struct route *route, void *arg);
  char **headers, *base;
  int threads, streams_max, timeout_ms, port;
  char **allowed_hosts;
  char *token;
  char host[32], address[48], complaint[300];
  atomic_bool running, stopping;
  atomic_int streams;
  pthread_mutex_t lock; /* with `wake`: streams that wait learn that the server stops */
  pthread_cond_t wake;
};

struct param {
  const char *name; /* in the route's pattern */
  size_t n_name;
  const char *value;
};

struct request {
  struct server *server;
  struct mg_connection *conn;
  const struct mg_request_info *info;
  char *path, *rest;
  char *segments[SEGMENTS_MOST]; /* decoded */
  int n_segments;
  struct param params[PARAMS_MOST];
  int n_params;
  char *asked[ASKED_MOST]; /* values of the query that a handler asked for */
  int n_asked;
  struct buf body;
  struct member *member;
};

struct response {
  struct server *server;
  struct mg_connection *conn;
  struct buf headers, out;
  int status; /* 0: nothing sent yet */
  bool head;  /* the request was HEAD: no body goes out */
  bool old;   /* HTTP/1.0: no chunks, the connection closes */
  bool close; /* the connection closes after this response */
  bool stream, finished, broken;
  bool sized;  /* a stream without chunks: its length was told, */
  size_t owed; /* of which so much is not written yet */
};

void response_init(struct response *a,
                   const struct mg_request_info *info); /* NULL: the request was not understood */
/* Finishes what is open; returns the status that was sent. */
int response_end(struct response *a);
void response_fail_and_close(struct response *a, int status, const char *code, const char *message);

/* request.c. "%2F" and the like, with `plus` also "+" for a blank. False: not valid, or a control character. */
bool request_decode(const char *s, size_t n, bool plus, struct buf *out);

/* False: the request was answered with why not. */
bool guard(struct request *q, struct response *a);
bool guard_token(struct request *q, struct response *a);
