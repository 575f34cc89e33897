/* feed.h - the thread that tells who watches: what is new in the library, and the text that streams in, as frames on the bus.
 *
 *   feed_start -> feed_join / feed_leave ... -> feed_stop
 *
 * It looks at the library every 50 ms while somebody watches, and sleeps otherwise. The frames are those of GET /api/events. */
#pragma once
#include "web/live/bus.h"
#include "web/internal.h"

struct feed;
struct event_row;

/* NULL: no thread could be started. `bus` and `w` are borrowed. */
struct feed *feed_start(struct web *w, struct bus *bus);
/* The bus is closed before. NULL is fine. */
void feed_stop(struct feed *f);
/* A reader, and *newest: the id of the newest event before it joined. Whatever comes after that id comes through the reader, what is up to
 * it is in the library: so replay and reader together miss nothing (and may tell some twice). NULL: the host stops, or *e. */
struct bus_reader *feed_join(struct feed *f, const struct bus_filter *filter, int64_t *newest,
                             struct error *e);
void feed_leave(struct feed *f, struct bus_reader *r);

/* The frames, appended. */
void feed_event_frame(struct buf *out, const struct event_row *event);
void feed_named_frame(struct buf *out, const char *name, json_t *data); /* takes the reference */
