/* markdown.h - Markdown that nobody vouches for, as HTML that can stand in a page of ours. Any thread.
 *
 * Raw HTML is off: what looks like a tag is text. Links keep http, https, mailto and what stays on the page's own site; other
 * schemes lose their target. Images become their text: a page asks no other host for anything. */
#pragma once
#include "base/buf.h"

enum { MARKDOWN_MOST_BYTES = 16 << 20, MARKDOWN_MOST_NESTING = 50, MARKDOWN_MOST_CELLS = 2000000 };

/* Why a text is refused before it is read, "limit: ..."; NULL: it is not. What it refuses would cost time or memory out of all proportion. */
const char *markdown_limit(const char *s, size_t n);
/* Copies what XML may hold, without the marks that markdown_source makes. */
enum err markdown_plain_characters(struct buf *out, const char *s, size_t n);
/* Appends the text as md4c shall read it; what md4c makes of it has to go through markdown_plain_characters. In markdown_source.c. */
enum err markdown_source(struct buf *out, const char *s, size_t n);

/* Appends the HTML of a page. ERR_LIMIT: markdown_limit's reasons, or the buffer is full. */
enum err markdown_html(const char *s, size_t n, struct buf *out, struct error *e);
/* The same as XHTML for a book, which is read without a net: links lead to a host or to a mailbox, or nowhere. */
enum err markdown_xhtml(const char *s, size_t n, struct buf *out, struct error *e);
