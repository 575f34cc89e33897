/* buf.h - a growing byte buffer with a maximum given at birth.
 *
 * Always NUL-terminated at data[len] once anything was appended; `data` is never NULL after buf_init
 * (it points to a shared empty string until the first append). One thread at a time.
 *
 *   struct buf b; buf_init(&b, MAX_ANSWER);
 *   if (buf_append(&b, chunk, n) != OK) ...   // ERR_LIMIT: nothing was appended
 *   buf_release(&b);
 */
#pragma once
#include <stddef.h>
#include "base/err.h"

struct buf {
  char *data;
  size_t len, cap, max;
};

void buf_init(struct buf *b, size_t max);
void buf_release(struct buf *b); /* frees the contents; the struct may be buf_init'ed again */
void buf_clear(struct buf *b);   /* len = 0, memory kept */
char *buf_take(struct buf *b);   /* moves the NUL-terminated contents out (free() them); b is empty after */
/* OK, or ERR_LIMIT and nothing is appended. It may be left where the text is the host's own and the maximum far away; what comes from
 * outside is checked. */
weak_err buf_append(struct buf *b, const void *p, size_t n);
weak_err buf_puts(struct buf *b, const char *s);
weak_err buf_putc(struct buf *b, char c);
weak_err buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_drop_front(struct buf *b, size_t n); /* removes the first n bytes */
/* Reads a whole file. ERR_NOT_FOUND, ERR_IO, ERR_LIMIT (larger than b->max). "-" reads standard input. */
enum err buf_read_file(struct buf *b, const char *path, struct error *e);
/* The same for text: the byte order mark that editors on Windows put before UTF-8 is left out. */
enum err buf_read_text(struct buf *b, const char *path, struct error *e);
void buf_drop_mark(struct buf *b); /* that mark, where there is one */

/* All maxima, in one place. One rule: what a smaller one lets in, the larger one that keeps it must hold in its longest spelling. So what was
 * paid for is never too large to be kept, and what is too large is refused where it comes in, in words. */
#define MAX_AS_JSON(n)                                                                                       \
  (6 * (n) + (64 << 10)) /* a control character takes six bytes; and the fields around the text */
enum {
  MAX_SCRIPT_BYTES = 1 << 20, /* one Lua source file */
  MAX_INPUT_BYTES = 8 << 20,  /* a brief, an outline */
  MAX_ANSWER_BYTES = 4 << 20, /* text and reasoning of one model answer, together */
  MAX_GATE_BYTES = 4 << 20,   /* what a gate shows; what a person answers */
  MAX_EVENT_BYTES =
      MAX_AS_JSON(MAX_ANSWER_BYTES), /* one event of a provider's stream: some send all in one */
  MAX_JOURNAL_BYTES = MAX_AS_JSON(MAX_ANSWER_BYTES), /* the result of one journal entry */
  MAX_REQUEST_BYTES = 16 << 20,                      /* one request to a provider */
  MAX_ARTIFACT_BYTES = 64 << 20,                     /* one version of an artifact */
  MAX_COVER_BYTES = 10 << 20,                        /* a picture that a person gives a book */
  MAX_JSON_BYTES = 64 << 20,     /* one JSON document; a line of the spool: an answer and its entry */
  MAX_HTTP_BODY_BYTES = 32 << 20 /* a request body the web server takes */
};
_Static_assert(MAX_AS_JSON(MAX_GATE_BYTES) <= MAX_JOURNAL_BYTES, "a person's answer fits into its entry");
_Static_assert(MAX_AS_JSON(MAX_GATE_BYTES) <= MAX_HTTP_BODY_BYTES, "and into a request");
_Static_assert(MAX_AS_JSON(MAX_ANSWER_BYTES) + MAX_JOURNAL_BYTES <= MAX_JSON_BYTES,
               "an answer fits into the spool");
