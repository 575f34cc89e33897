/* html.h - text into HTML. Any thread. */
#pragma once
#include "base/buf.h"

/* Appends text as content or as a quoted attribute: & < > " ' become references; what XML may not hold (control characters, broken
 * UTF-8) is left out. ERR_LIMIT: the buffer is full. */
enum err html_escape(struct buf *out, const char *s, size_t n);
weak_err html_puts(struct buf *out, const char *s); /* the same for a string, NULL is the empty one */
