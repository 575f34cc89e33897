/* internal.h - what the files of web/ share and nobody else sees. */
#pragma once
#include "http/server.h"
#include "web/assets.h"
#include "web/metrics.h"
#include "web/web.h"

struct web {
  struct server *server;
  struct commands *commands;
  struct metrics *metrics;
  struct assets *assets;
  struct route *routes; /* of all files of web/, one table */
  size_t n_routes;
  char *token;
  char *base; /* the path under which browsers reach this host; begins and ends with "/" */
};
