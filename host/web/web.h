/* web.h - the HTTP API of a host: what other processes ask the owner of a library to do.
 *
 *   web_start -> (requests on the server's threads) -> web_stop
 *
 * POST routes are the functions of engine/commands.h and want the token of owner.json; health and metrics are open. */
#pragma once
#include "engine/commands.h"

struct web;

/* `listen`: "127.0.0.1:0". Fills `address` with where it really listens. The commands are borrowed until web_stop, the strings copied.
 * NULL: *e says why. */
struct web *web_start(struct commands *c, const char *listen, const char *token, char address[64],
                      struct error *e);
/* Returns when the last request is answered. NULL is fine. */
void web_stop(struct web *w);
