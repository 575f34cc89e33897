/* web.h - the HTTP side of a host: the API, which is what other processes ask the owner of a library to do, and the web UI's pages.
 *
 *   web_start -> (requests on the server's threads) -> web_stop
 *
 * POST routes are the functions of engine/commands.h and want the token of owner.json; health and metrics are open. */
#pragma once
#include "engine/commands.h"

struct web;

struct web_settings {
  const char *listen; /* "127.0.0.1:0" */
  const char *token;
  const char *ui; /* --ui: the directory of the web UI's files; NULL: those in the binary */
};

/* Fills `address` with where it really listens. The commands are borrowed until web_stop, the strings copied. NULL: *e says why. */
struct web *web_start(struct commands *c, const struct web_settings *settings, char address[64],
                      struct error *e);
/* Returns when the last request is answered. NULL is fine. */
void web_stop(struct web *w);
