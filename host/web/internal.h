/* internal.h - what the files of web/ share and nobody else sees. */
#pragma once
#include <stdatomic.h>

#include "access/access.h"
#include "http/server.h"
#include "store/write/library.h"
#include "web/pages/assets.h"
#include "web/metrics.h"
#include "web/api/routes.h"
#include "web/web.h"

struct web {
  struct server *server;
  struct commands *commands;
  struct metrics *metrics;
  struct assets *assets;
  struct access *access;
  struct bus *bus;
  struct feed *feed;
  atomic_int polls; /* requests that wait for events, each with a thread of the server */
  int polls_most;
  struct library_owner owner;    /* this host: what the command line reads in owner.json */
  const struct web_route **rows; /* of all tables */
  struct route *routes;          /* the `route` of each row, in its order: the server's table */
  size_t n_routes;
  char *public_host; /* of public_url, or NULL */
  char *base;        /* the path under which browsers reach this host; begins and ends with "/" */
};
