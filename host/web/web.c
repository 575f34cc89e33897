/* web.c - see web.h. */
#include "web/web.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "web/live/bus.h"
#include "web/live/feed.h"
#include "web/internal.h"
#include "web/pages/pages.h"
#include "web/pages/read_pages.h"
#include "web/pages/vendor.h"

/* For requests while all streams are in use, beside those that the server keeps for health. */
static int threads_beside(int streams) {
  return streams / 4 + 4;
}

/* Those who ask again and again wait on threads of the same reserve: most of it stays for everybody else. */
static int polls_beside(int streams) {
  return threads_beside(streams) / 4 + 1;
}

/* For everything that goes out: the words of a model can never become code in a browser, even if a page had a hole. */
static const char *const headers[] = {
    "Content-Security-Policy: default-src 'self'; img-src 'self' data: blob:; connect-src 'self'; object-src 'none'; "
    "frame-ancestors 'none'; base-uri 'self'; form-action 'self'",
    "Referrer-Policy: no-referrer", "Cross-Origin-Opener-Policy: same-origin",
    "Cross-Origin-Resource-Policy: same-origin", NULL};

static void add_rows(struct web *w, const struct web_route *rows, size_t n) {
  w->rows = mem_grow(w->rows, (w->n_routes + n) * sizeof *w->rows);
  w->routes = mem_grow(w->routes, (w->n_routes + n) * sizeof *w->routes);
  for (size_t i = 0; i < n; i++, w->n_routes++) {
    w->rows[w->n_routes] = &rows[i];
    w->routes[w->n_routes] = rows[i].route;
  }
}

static bool admit(struct request *q, struct response *a, const struct route *route, void *arg) {
  const struct web *w = arg;
  return access_admit(w->access, q, a, w->rows[route - w->routes]->scope);
}

/* Streams wait on the bus. */
static void on_stop(void *arg) {
  struct web *w = arg;
  bus_close(w->bus);
}

static void web_free(struct web *w) {
  feed_stop(w->feed);
  metrics_free(w->metrics);
  assets_close(w->assets);
  access_free(w->access);
  free(w->rows);
  free(w->routes);
  free(w->base);
  free(w->public_host);
  free(w);
}

/* "https://books.example.org:8443/quire/" -> host "books.example.org", base "/quire/". */
static enum err read_public_url(struct web *w, const char *url, struct error *e) {
  w->base = mem_dup("/");
  if (!url) return OK;
  const char *host = strstr(url, "://"), *scheme_end = host;
  size_t n = scheme_end ? (size_t)(scheme_end - url) : 0;
  bool http = (n == 4 && strncmp(url, "http", 4) == 0) || (n == 5 && strncmp(url, "https", 5) == 0);
  host = http ? host + 3 : "";
  size_t length = strcspn(host, ":/");
  const char *path = host + strcspn(host, "/");
  if (!http || length == 0 || strpbrk(url, "?#@ \"'<>;") || strlen(url) > 200) {
    err_set(e, ERR_CONFIG, "public_url '%.200s' is not an address", url);
    err_hint(e, "write it like https://books.example.org/quire/");
    return ERR_CONFIG;
  }
  w->public_host = mem_dup_n(host, length);
  if (*path) {
    free(w->base);
    w->base = mem_printf("%s%s", path, path[strlen(path) - 1] == '/' ? "" : "/");
  }
  return OK;
}

static enum err start_server(struct web *w, const struct web_settings *settings, struct error *e) {
  const char *const hosts[] = {w->public_host, NULL};
  struct server_settings server = {.listen = settings->listen,
                                   .routes = w->routes,
                                   .n_routes = w->n_routes,
                                   .arg = w,
                                   .allowed_hosts = hosts,
                                   .threads = settings->streams + threads_beside(settings->streams),
                                   .streams_max = settings->streams,
                                   .on_stop = on_stop,
                                   .admit = admit,
                                   .headers = headers,
                                   .base = w->base};
  enum err err = server_start(&server, &w->server, e);
  if (err != OK) return err;
  /* Other commands of this machine reach a server that listens everywhere by its loopback address. */
  const char *address = server_address(w->server);
  if (strncmp(address, "0.0.0.0:", 8) == 0)
    snprintf(w->owner.address, sizeof w->owner.address, "127.0.0.1:%s", address + 8);
  else
    snprintf(w->owner.address, sizeof w->owner.address, "%s", address);
  return OK;
}

struct web *web_start(struct commands *c, const struct web_settings *settings, struct error *e) {
  struct web *w = mem_alloc(sizeof *w);
  w->commands = c;
  w->metrics = metrics_new(c);
  w->owner = *settings->owner;
  w->polls_most = polls_beside(settings->streams);
  add_rows(w, web_routes, web_routes_n);
  add_rows(w, page_routes, page_routes_n);
  add_rows(w, read_routes, read_routes_n);
  add_rows(w, vendor_routes, vendor_routes_n);
  enum err err = read_public_url(w, settings->public_url, e);
  struct access_settings access = {.owner_token = w->owner.token,
                                   .listen = settings->listen,
                                   .public_url = settings->public_url,
                                   .base = w->base,
                                   .trusted_proxies = settings->trusted_proxies};
  if (err == OK) err = access_new(c->store, &access, &w->access, e);
  if (err == OK) err = assets_open(settings->ui, &w->assets, e);
  w->bus = settings->bus;
  if (err == OK && !(w->feed = feed_start(w, w->bus)))
    err = err_set(e, ERR_IO, "no thread for the event streams");
  if (err == OK) err = start_server(w, settings, e);
  if (err == OK) return w;
  bus_close(w->bus);
  web_free(w);
  return NULL;
}

const char *web_address(const struct web *w) {
  return w->owner.address;
}

void web_stop(struct web *w) {
  if (!w) return;
  server_stop(w->server);
  web_free(w);
}
