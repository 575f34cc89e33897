/* internal.h - what the server's files share: server.c (start, stop, routes), request.c (what came in), guard.c (who may come in),
 * response.c (what goes out). */
#pragma once
#include <pthread.h>
#include <stdatomic.h>
#include "http/door.h"
#include "http/server.h"

enum { SEGMENTS_MOST = 32, PARAMS_MOST = 6, ASKED_MOST = 32, PATH_MOST = HEAD_MOST_BYTES };

struct server {
  struct door *door;
  const struct route *routes;
  size_t n_routes, max_body;
  void *arg;
  void (*on_stop)(void *arg);
  bool (*admit)(struct request *q, struct response *a, const struct route *route, void *arg);
  char **headers, *base;
  int threads, streams_max, timeout_ms, port;
  char **allowed_hosts;
  char *token;
  char host[32], address[48];
  atomic_bool stopping;
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
  struct connection *conn;
  const struct head *head;
  char *path, *rest;
  char *segments[SEGMENTS_MOST]; /* decoded */
  int n_segments;
  struct param params[PARAMS_MOST];
  int n_params;
  char *asked[ASKED_MOST]; /* values of the query that a handler asked for */
  int n_asked;
  size_t length;    /* of the body, as the head says */
  const char *body; /* as far as it came */
  size_t n_body;
  char *body_copy; /* where another request follows it, so that no NUL does */
};

struct response {
  struct server *server;
  struct connection *conn;
  struct buf headers, out;
  int status; /* 0: nothing sent yet */
  bool head;  /* the request was HEAD: no body goes out */
  bool old;   /* HTTP/1.0: no chunks, the connection closes */
  bool close; /* the connection closes after this response */
  bool stream, finished, broken;
};

void response_init(struct response *a, struct server *s, struct connection *conn);
/* Finishes what is open. */
void response_end(struct response *a);
void response_fail_and_close(struct response *a, int status, const char *code, const char *message);

/* ---- request.c */

/* Cuts the path into its decoded segments. False: there is something in it that no route may see. */
bool request_split_path(struct request *q);
/* Does the path fit the pattern? Fills the parameters. */
bool request_match(struct request *q, const char *pattern);
void request_release(struct request *q);

/* ---- guard.c */

/* False: the request was answered with why not. */
bool guard(struct request *q, struct response *a);
bool guard_token(struct request *q, struct response *a);
