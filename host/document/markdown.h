/* markdown.h - Markdown that nobody vouches for, as HTML that can stand in a page of ours. Any thread.
 *
 * Raw HTML is off: what looks like a tag is text. Links keep http, https, mailto and what stays on the page's own site; other
 * schemes lose their target. Images become their text: a page asks no other host for anything. */
#pragma once
#include "base/buf.h"

enum { MARKDOWN_MOST_BYTES = 16 << 20, MARKDOWN_MOST_NESTING = 50, MARKDOWN_MOST_CELLS = 2000000 };

/* Why a text is refused before it is read, "limit: ..."; NULL: it is not. What it refuses would cost time or memory out of all proportion. */
const char *markdown_limit(const char *s, size_t n);
/* Copies what XML may hold. */
enum err markdown_plain_characters(struct buf *out, const char *s, size_t n);

/* Appends the HTML. ERR_LIMIT: markdown_limit's reasons, or the buffer is full. */
enum err markdown_html(const char *s, size_t n, struct buf *out, struct error *e);
