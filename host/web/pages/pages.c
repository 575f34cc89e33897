/* pages.c - the pages of the web UI. Every screen is the same page, the shell (ui/index.html): the script in it reads the address and
 * shows the screen. Threads: the server's.
 *
 * Two words of the shell are filled in: {{base}}, the path under which Quire is reached, for relative addresses; and {{assets}}, where this
 * version's files lie, so that a page never mixes the files of two versions. */
#include "web/pages/pages.h"

#include <stdlib.h>
#include <string.h>

#include "web/pages/assets.h"
#include "web/internal.h"

enum { SHELL_MOST_BYTES = 64 << 10 };

/* Replaces {{base}} and {{assets}}; anything else in braces stays. */
static void fill_in(const struct web *w, const char *text, struct buf *out) {
  const char *at;
  while ((at = strstr(text, "{{"))) {
    buf_append(out, text, (size_t)(at - text));
    if (strncmp(at, "{{base}}", 8) == 0) {
      buf_puts(out, w->base);
      text = at + 8;
    } else if (strncmp(at, "{{assets}}", 10) == 0) {
      buf_printf(out, "assets/%s", assets_version(w->assets));
      text = at + 10;
    } else {
      buf_puts(out, "{{");
      text = at + 2;
    }
  }
  buf_puts(out, text);
}

static void send_shell(struct request *q, struct response *a, void *arg) {
  (void)q;
  struct web *w = arg;
  char *text = assets_text(w->assets, "index.html");
  struct buf page;
  buf_init(&page, SHELL_MOST_BYTES);
  if (text) fill_in(w, text, &page);
  response_send(a, text ? 200 : 500, "text/html; charset=utf-8", page.data, page.len);
  buf_release(&page);
  free(text);
}

static void send_asset(struct request *q, struct response *a, void *arg) {
  struct web *w = arg;
  assets_send(w->assets, q, a);
}

/* Browsers ask for it by themselves. */
static void send_icon(struct request *q, struct response *a, void *arg) {
  (void)q;
  struct web *w = arg;
  char *text = assets_text(w->assets, "icon.svg");
  response_header(a, "Cache-Control", "max-age=86400");
  response_send(a, text ? 200 : 404, "image/svg+xml", text, text ? strlen(text) : 0);
  free(text);
}

#define OPEN(path, handler, help)                                                                            \
  { {"GET", path, handler, help, 0, 0}, SCOPE_OPEN, NULL, NULL, NULL }
#define SHELL(path) OPEN(path, send_shell, "a page of the web UI")

/* The shell tells nothing: who may not see a book sees the sign-in screen in it. */
const struct web_route page_routes[] = {
    SHELL("/"),
    SHELL("/new"),
    SHELL("/runs"),
    SHELL("/runs/{id}"),
    SHELL("/gates/{id}"),
    SHELL("/books/{slug}"),
    SHELL("/books/{slug}/{rest...}"),
    SHELL("/series/{slug}"),
    SHELL("/scripts"),
    SHELL("/scripts/{name...}"),
    SHELL("/settings"),
    SHELL("/login"),
    OPEN("/assets/{version}/{name...}", send_asset, "a file of the web UI"),
    OPEN("/favicon.ico", send_icon, "the icon"),
};
const size_t page_routes_n = sizeof page_routes / sizeof *page_routes;
