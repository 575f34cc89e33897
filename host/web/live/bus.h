/* bus.h - from the engine to who watches: frames (ready bytes of an event stream) for readers with a bounded queue each, and live text.
 *
 *   bus_new -> (bus_join -> bus_take* -> bus_leave)* -> bus_close -> bus_free
 *
 * Who runs what: the loop thread calls bus_text, which copies into a buffer and never waits for a reader; one thread of the web (feed.c)
 * takes the text out from time to time and publishes it, and what is new in the library, as frames; each stream's own thread takes
 * its frames. A reader that does not keep up loses its queue and is told so: the others never wait for it. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"

struct bus;
struct bus_reader;

struct bus *bus_new(void);
/* Every bus_take returns, and no more readers can join. */
void bus_close(struct bus *b);
void bus_free(struct bus *b); /* no reader may be left; NULL is fine */

/* ---- readers */

enum { BUS_RUNS_MOST = 20, BUS_QUEUE_BYTES = 1 << 20, BUS_QUEUE_FRAMES = 4000 };

struct bus_filter {
  int64_t runs[BUS_RUNS_MOST]; /* n_runs 0: all */
  size_t n_runs;
  bool text; /* live text too, of these runs, from bus_text_begins on */
};
/* NULL: the bus is closed. */
struct bus_reader *bus_join(struct bus *b, const struct bus_filter *filter);
void bus_leave(struct bus *b, struct bus_reader *r);
uint64_t bus_reader_id(const struct bus_reader *r); /* never 0 */
enum bus_end { BUS_FRAMES, BUS_QUIET, BUS_BEHIND, BUS_CLOSED };
/* Waits up to timeout_ms for frames and appends all that are there to `out`; those with an id up to `after` are left out. *last: the
 * highest id that was appended (unchanged when there was none). BUS_BEHIND: the queue ran over and was
 * emptied; this reader gets nothing more, and joins again once it knows from elsewhere what it missed. */
enum bus_end bus_take(struct bus *b, struct bus_reader *r, int timeout_ms, int64_t after, struct buf *out,
                      int64_t *last);

/* ---- publishing */

/* What the readers of now want; so nothing is made for nobody. */
struct bus_wants {
  size_t readers;
  bool all; /* somebody wants all runs */
  int64_t runs[256];
  size_t n_runs; /* without doubles; with more than fit, some of them come late */
};
void bus_wants(struct bus *b, struct bus_wants *out);
/* Sleeps up to ms; without readers until there is one. False: the bus is closed. */
bool bus_rest(struct bus *b, int ms);

struct bus_frame_info {
  int64_t run;     /* for readers of this run */
  int64_t id;      /* of an event of the library, or 0 */
  bool text;       /* only for readers that want text */
  bool only_named; /* not for readers of all runs */
  uint64_t reader; /* only for this one; 0: for all */
};
/* Copies the bytes once, however many want them. */
void bus_publish(struct bus *b, const struct bus_frame_info *info, const void *bytes, size_t n);

/* ---- live text */

struct bus_text {
  int64_t run, call, attempt;
  const char *role, *scope;
  int64_t at; /* of `text` within the answer, in code points */
  const char *text;
  size_t n;
  uint64_t reader; /* only for this one; 0: for all that watch the run */
};
/* Copies. Pieces that follow one another are joined. Loop thread. */
void bus_text(struct bus *b, const struct bus_text *t);
/* From now on this reader gets text: it is not to hear the end of a sentence before its beginning. */
void bus_text_begins(struct bus *b, uint64_t reader);
/* Hands out what has gathered, in order, and forgets it. The publisher's thread. */
void bus_text_each(struct bus *b, void (*fn)(void *arg, const struct bus_text *t), void *arg);
