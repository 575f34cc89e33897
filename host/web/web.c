/* web.c - see web.h. */
#include "web/web.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "web/internal.h"
#include "web/pages.h"
#include "web/read_pages.h"

static void add_rows(struct web *w, const struct web_route *rows, size_t n) {
  w->rows = mem_grow(w->rows, (w->n_routes + n) * sizeof *w->rows);
  w->routes = mem_grow(w->routes, (w->n_routes + n) * sizeof *w->routes);
  for (size_t i = 0; i < n; i++, w->n_routes++) {
    w->rows[w->n_routes] = &rows[i];
    w->routes[w->n_routes] = rows[i].route;
    if (rows[i].scope == SCOPE_OPEN || rows[i].scope == SCOPE_METRICS)
      w->routes[w->n_routes].flags |= ROUTE_OPEN;
  }
}

static void web_free(struct web *w) {
  metrics_free(w->metrics);
  assets_close(w->assets);
  free(w->rows);
  free(w->routes);
  free(w->base);
  free(w);
}

struct web *web_start(struct commands *c, const struct web_settings *settings, struct error *e) {
  struct web *w = mem_alloc(sizeof *w);
  w->commands = c;
  w->metrics = metrics_new(c);
  w->owner = *settings->owner;
  w->base = mem_dup("/");
  add_rows(w, web_routes, web_routes_n);
  add_rows(w, page_routes, page_routes_n);
  add_rows(w, read_routes, read_routes_n);
  enum err err = assets_open(settings->ui, &w->assets, e);
  struct server_settings server = {.listen = settings->listen,
                                   .routes = w->routes,
                                   .n_routes = w->n_routes,
                                   .arg = w,
                                   .token = w->owner.token};
  if (err == OK) err = server_start(&server, &w->server, e);
  if (err != OK) {
    web_free(w);
    return NULL;
  }
  snprintf(w->owner.address, sizeof w->owner.address, "%s", server_address(w->server));
  return w;
}

const char *web_address(const struct web *w) {
  return w->owner.address;
}

void web_stop(struct web *w) {
  if (!w) return;
  server_stop(w->server);
  web_free(w);
}
