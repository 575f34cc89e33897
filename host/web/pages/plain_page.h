/* plain_page.h - one HTML page that needs no JavaScript, while it is written. The thread of a request.
 *
 *   struct plain_page p;
 *   plain_begin(&p, web, "Chapter 3", "en");
 *   plain_puts(&p, "<h1>"), plain_text(&p, title), plain_puts(&p, "</h1>");
 *   plain_send(&p, a, 200);                        or plain_release
 *
 * plain_puts and plain_printf take markup of ours; everything else goes through plain_text, plain_address or markdown.h. */
#pragma once
#include "http/server.h"

enum { PLAIN_MOST_BYTES = 48 << 20 };

struct web;

struct plain_page {
  struct buf html;
  const char *root; /* the path under which Quire is reached, "/" */
};

/* `language`: a BCP 47 tag; what is none is left out. */
void plain_begin(struct plain_page *p, const struct web *w, const char *title, const char *language);
void plain_puts(struct plain_page *p, const char *markup);
void plain_printf(struct plain_page *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Escaped, and kept apart from what stands around it whatever direction it is written in. */
void plain_text(struct plain_page *p, const char *text);
/* Part of an address inside an attribute, percent-encoded; slashes stay. */
void plain_address(struct plain_page *p, const char *part);
/* Ends the page and answers. A page that outgrew PLAIN_MOST_BYTES is answered with an error instead. Releases. */
void plain_send(struct plain_page *p, struct response *a, int status);
void plain_release(struct plain_page *p);

/* An error as a page, with the status that fits it. */
void plain_error(struct response *a, const struct web *w, const struct error *e);
