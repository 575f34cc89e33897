/* plain_page.c - see plain_page.h. */
#include "web/pages/plain_page.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#include "base/html.h"
#include "web/pages/assets.h"
#include "web/internal.h"
#include "web/pages/pages.h"

enum { LANGUAGE_MOST = 35 };

static bool language_tag(const char *s) {
  size_t n = 0;
  while (isalnum((unsigned char)s[n]) || s[n] == '-') n++;
  return n > 0 && n <= LANGUAGE_MOST && s[n] == '\0' && isalpha((unsigned char)s[0]);
}

void plain_begin(struct plain_page *p, const struct web *w, const char *title, const char *language) {
  buf_init(&p->html, PLAIN_MOST_BYTES);
  p->root = w->base;
  plain_printf(p, "<!doctype html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n<title>",
               language && language_tag(language) ? language : "en");
  html_puts(&p->html, title);
  plain_puts(p, "</title>\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                "<meta name=\"color-scheme\" content=\"light dark\">\n");
  plain_printf(p, "<link rel=\"icon\" href=\"%sassets/%s/icon.svg\" type=\"image/svg+xml\">\n", p->root,
               assets_version(w->assets));
  static const char *const sheets[] = {"tokens", "prose", "reader"};
  for (size_t i = 0; i < sizeof sheets / sizeof *sheets; i++)
    plain_printf(p, "<link rel=\"stylesheet\" href=\"%sassets/%s/theme/%s.css\">\n", p->root,
                 assets_version(w->assets), sheets[i]);
  plain_puts(p, "</head>\n<body class=\"plain\">\n");
}

void plain_puts(struct plain_page *p, const char *markup) {
  buf_puts(&p->html, markup);
}

void plain_printf(struct plain_page *p, const char *fmt, ...) {
  char piece[1024];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(piece, sizeof piece, fmt, ap);
  va_end(ap);
  buf_puts(&p->html, piece);
}

void plain_text(struct plain_page *p, const char *text) {
  plain_puts(p, "<bdi>");
  html_puts(&p->html, text);
  plain_puts(p, "</bdi>");
}

void plain_address(struct plain_page *p, const char *part) {
  for (const char *s = part; *s; s++) {
    unsigned char c = (unsigned char)*s;
    bool plain = (c < 0x80 && isalnum(c)) || strchr("-._~/", c);
    if (plain)
      buf_putc(&p->html, *s);
    else
      plain_printf(p, "%%%02X", c);
  }
}

void plain_send(struct plain_page *p, struct response *a, int status) {
  if (buf_puts(&p->html, "</body>\n</html>\n") == OK)
    response_send(a, status, "text/html; charset=utf-8", p->html.data, p->html.len);
  else
    response_fail(a, 413, "limit", "the page would become too large", "download the document instead");
  plain_release(p);
}

void plain_release(struct plain_page *p) {
  buf_release(&p->html);
}

void plain_error(struct response *a, const struct web *w, const struct error *e) {
  struct plain_page p;
  plain_begin(&p, w, "Not here", NULL);
  plain_puts(&p, "<main class=\"sorry\">\n<h1>");
  plain_puts(&p, e->code == ERR_NOT_FOUND ? "That page is not here" : "That did not work");
  plain_puts(&p, "</h1>\n<p>");
  plain_text(&p, e->message);
  if (e->hint[0] && !strchr(e->hint, '`')) { /* those are commands for a terminal */
    plain_puts(&p, "</p>\n<p>");
    plain_text(&p, e->hint);
  }
  plain_printf(&p, "</p>\n<p><a href=\"%sread\">All books</a></p>\n</main>\n", p.root);
  plain_send(&p, a, response_status_of(e->code));
}
