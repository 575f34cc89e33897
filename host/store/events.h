/* events.h - a run's history: phase banners, log lines, progress, status changes. Ordered by id, durable, streamed. */
#pragma once
#include "store/store.h"

/* Where a run told it: after the journal's entry `seq` had been delivered, as the n-th event from there (from 1; 0: it has no place, like the
 * store's own words). An event that was told at its place is not told again by a later life of the run. */
struct event_place {
  int64_t seq, n;
};

/* Appends one event. Nobody waits for it; dropped and counted when the run moved on. `data` is JSON, owned by the op, as is kind's text.
 * epoch 0: not fenced (a person's or the watcher's word on a run that nobody holds). Usually posted with events_post. */
struct op_event {
  struct store_op op;
  int64_t run, epoch;
  struct event_place at;
  char kind[24]; /* phase | log | progress | status | call | note | error */
  char *data;
  /* from the spool: where its place is taken it is there already, by a commit that was told as failed */
  bool once;
  int64_t id; /* out; 0: it was there */
};
extern const struct store_op_kind op_event_kind;
void events_post(struct store *s, int64_t run, int64_t epoch, struct event_place at, const char *kind,
                 const char *data_json);

/* Several of one run, in order, as one op: op_events_new -> op_events_add* -> post. All of them or none. */
struct op_events {
  struct store_op op;
  int64_t run, epoch;
  struct op_event **list;
  size_t n, bytes; /* bytes: of their texts */
};
extern const struct store_op_kind op_events_kind;
struct op_events *op_events_new(int64_t run, int64_t epoch);
void op_events_add(struct op_events *op, struct event_place at, const char *kind, const char *data_json);

struct event_row {
  int64_t id, run, at;
  const char *kind, *data;
};
enum err events_each(struct db *db, int64_t run, int64_t after_id, int limit,
                     void (*fn)(void *, const struct event_row *), void *arg);
struct events_filter {
  int64_t run, after;
  int limit;         /* 0: all */
  const char *level; /* of log lines: debug | info | warn | error; NULL: every event */
  const char *text;  /* in what it says, in any case */
};
enum err events_find(struct db *db, const struct events_filter *f,
                     void (*fn)(void *, const struct event_row *), void *arg);
/* Events of all runs, in order, with what a line about them says: at most `limit` after `after_id`. */
struct event_of {
  struct event_row event;
  const char *project, *title, *series, *pipeline; /* series: the title of the project's parent; NULL: none */
};
enum err events_after(struct db *db, int64_t after_id, int limit, void (*fn)(void *, const struct event_of *),
                      void *arg);
/* The newest event's id; 0: none. */
enum err events_newest(struct db *db, int64_t *id);
/* The events that have a place. `seq` is -1 for those of an older quire, which knew no places. */
enum err events_placed_each(struct db *db, int64_t run,
                            void (*fn)(void *, int64_t seq, const char *kind, const char *data), void *arg);
