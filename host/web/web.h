/* web.h - the web of a host: the JSON API for browsers, programs and other quire processes, and the pages.
 *
 *   web_start -> (requests on the server's threads) -> web_stop
 *
 * What can be asked stands in routes.c. Reading goes to the store's read side; changes are the functions of acts/commands.h. */
#pragma once
#include "acts/commands.h"
#include "store/write/library.h"

struct web;
struct bus;

struct web_settings {
  const char *listen; /* "127.0.0.1:0" */
  const struct library_owner
      *owner;      /* its token opens everything; its address is not known yet (see web_address) */
  struct bus *bus; /* borrowed; web_stop closes it */
  int streams;     /* event streams at once; one more gets 503 */
  /* "https://books.example.org/quire/": how browsers reach us through a proxy; or NULL */
  const char *public_url;
  const char *const *trusted_proxies; /* see access.h */
  const char *ui; /* --ui: the directory of the web UI's files; NULL: those in the binary */
};

/* The commands are borrowed until web_stop, settings are copied. NULL: *e says why. */
struct web *web_start(struct commands *c, const struct web_settings *settings, struct error *e);
const char *web_address(const struct web *w); /* "127.0.0.1:34567" */
/* Returns when the last request is answered. NULL is fine. */
void web_stop(struct web *w);
