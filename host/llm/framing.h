/* framing.h - cuts the bytes of an answer into events: SSE, NDJSON, or the whole body. Pure: no I/O, no
 * clock. One thread at a time; bytes may be split anywhere.
 *
 *   struct framing f; framing_init(&f, FRAMING_SSE, MAX_EVENT_BYTES);
 *   err = framing_feed(&f, bytes, n, on_event, arg); ...   // as often as bytes come
 *   err = framing_end(&f, on_event, arg);                  // the answer is over
 *   framing_release(&f);
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "base/buf.h"

enum framing_kind {
  FRAMING_SSE, /* WHATWG event streams, whose last event may lack its blank line. A body that begins as JSON or as a page does is none,
                     whatever it is called: it becomes one event, as of FRAMING_WHOLE */
  FRAMING_NDJSON, /* one value a line; blank lines are skipped; a last line needs no newline */
  FRAMING_WHOLE   /* the body as one event at the end; nothing for an empty body */
};

/* One event. `name` is never NULL: what `event:` said, else "message" (SSE), "line" (NDJSON), "body" (WHOLE).
 * `data` has n bytes and a NUL behind them that n does not count; both live until the call returns. What it
 * returns other than OK stops the feed, which returns the same. It may not call into this framing. */
typedef enum err framing_event(void *arg, const char *name, const char *data, size_t n);

struct framing {
  enum framing_kind kind;
  enum err failed; /* the first error; every later call returns it */
  bool known;      /* SSE: the first byte that is no space was there: it is one */
  bool started;    /* the first line is through: no byte order mark any more */
  bool after_cr;   /* SSE: a CR ended the last line, so an LF that comes next belongs to it */
  bool has_data;   /* SSE: this event has a data line, which may be empty */
  struct buf line; /* the unfinished line; WHOLE: the body */
  struct buf data; /* the unfinished event's data */
  struct buf name; /* the unfinished event's name */
};

/* No line and no event's data may be longer than max_event bytes (WHOLE: the body). */
void framing_init(struct framing *f, enum framing_kind kind, size_t max_event);
void framing_release(struct framing *f);
/* Err: ERR_LIMIT (longer than max_event; the events before it were delivered), or what on_event returned. */
enum err framing_feed(struct framing *f, const void *bytes, size_t n, framing_event *on_event, void *arg);
/* The body came to its end. One that broke off has none: its last event may be half of one. */
enum err framing_end(struct framing *f, framing_event *on_event, void *arg);
