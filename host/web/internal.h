/* internal.h - what the files of web/ share and nobody else sees. */
#pragma once
#include "http/server.h"
#include "web/metrics.h"
#include "web/web.h"

struct web {
  struct server *server;
  struct commands *commands;
  struct metrics *metrics;
  char *token;
};
