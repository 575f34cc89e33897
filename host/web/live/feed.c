/* feed.c - see feed.h. Each round: text, new events, then (four times a second) the rows of runs that are watched or that an event spoke of,
 * and the calls of those that are watched. A row is told when it says something else than last time. */
#include "web/live/feed.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/jsonx.h"
#include "base/map.h"
#include "base/mem.h"
#include "store/calls.h"
#include "store/events.h"
#include "view/call.h"
#include "view/event.h"
#include "web/api/api.h"

enum {
  ROUND_MS = 50,
  ROWS_MS = 250,      /* rows of watched runs */
  ALL_ROWS_MS = 1000, /* rows of all unfinished runs, for readers of everything */
  EVENTS_MOST = 500,  /* in one query */
  UNFINISHED_MOST = 500,
  OPEN_MOST = 64,    /* calls under way of one run whose end is waited for */
  KNOWN_MOST = 5000, /* runs remembered */
  FRAME_MOST = MAX_ANSWER_BYTES + (1 << 20)
};

/* What was told of a run. */
struct known {
  char told[SHA_HEX]; /* hash of its last frame */
  int64_t gate, last_call;
  bool watched; /* its calls are followed */
  int64_t open[OPEN_MOST];
  size_t n_open;
};

struct feed {
  struct web *web;
  struct bus *bus;
  pthread_t thread;
  pthread_mutex_t lock; /* of `high` while nobody watches */
  size_t readers;
  int64_t high;      /* newest event that was published */
  struct map *runs;  /* id -> struct known */
  struct map *dirty; /* ids of runs that an event spoke of */
  uint64_t rows_ns, all_rows_ns;
  struct bus_wants wants;
};

/* ---- frames */

void feed_named_frame(struct buf *out, const char *name, json_t *data) {
  char *text = jsonx_dumps(data);
  json_decref(data);
  if (text) buf_printf(out, "event: %s\ndata: ", name);
  if (text) buf_puts(out, text);
  if (text) buf_puts(out, "\n\n");
  free(text);
}

void feed_event_frame(struct buf *out, const struct event_row *event) {
  buf_printf(out, "id: %lld\n", (long long)event->id);
  feed_named_frame(out, "run-event", view_event(event));
}

static void publish(struct feed *f, const struct bus_frame_info *info, const char *name, json_t *data) {
  struct buf frame;
  buf_init(&frame, FRAME_MOST);
  feed_named_frame(&frame, name, data);
  if (frame.len) bus_publish(f->bus, info, frame.data, frame.len);
  buf_release(&frame);
}

/* ---- text */

static void publish_text(void *arg, const struct bus_text *t) {
  struct feed *f = arg;
  if (!t->call) {
    bus_text_begins(f->bus, t->reader);
    return;
  }
  json_t *text = json_stringn(t->text, t->n);
  if (!text) return; /* a piece that a provider cut inside a character: the next whole text has it */
  json_t *v = json_pack("{s:I, s:I, s:I, s:s, s:s, s:I, s:o}", "run", (json_int_t)t->run, "call",
                        (json_int_t)t->call, "attempt", (json_int_t)t->attempt, "role", t->role, "scope",
                        t->scope, "at", (json_int_t)t->at, "text", text);
  publish(f, &(struct bus_frame_info){.run = t->run, .text = true, .reader = t->reader}, "text", v);
}

/* ---- events */

static struct known *known_of(struct feed *f, int64_t run) {
  struct known *k = map_get_n(f->runs, &run, sizeof run);
  if (k) return k;
  k = mem_alloc(sizeof *k);
  map_put_n(f->runs, &run, sizeof run, k);
  return k;
}

static void publish_event(void *arg, const struct event_of *of) {
  struct feed *f = arg;
  struct buf frame;
  buf_init(&frame, FRAME_MOST);
  feed_event_frame(&frame, &of->event);
  bus_publish(f->bus, &(struct bus_frame_info){.run = of->event.run, .id = of->event.id}, frame.data,
              frame.len);
  buf_release(&frame);
  f->high = of->event.id;
  if (strcmp(of->event.kind, "log") != 0) map_put_n(f->dirty, &of->event.run, sizeof of->event.run, f);
}

static void publish_events(struct feed *f, struct db *db) {
  int64_t before;
  do {
    before = f->high;
    if (events_after(db, f->high, EVENTS_MOST, publish_event, f) != OK) return;
  } while (f->high - before >= EVENTS_MOST);
}

/* ---- runs */

static void publish_gate(struct feed *f, int64_t run, int64_t gate, const char *status) {
  json_t *v =
      json_pack("{s:I, s:I, s:s}", "gate", (json_int_t)gate, "run", (json_int_t)run, "status", status);
  publish(f, &(struct bus_frame_info){.run = run}, "gate", v);
}

static void publish_run(void *arg, const struct run_row *r) {
  struct feed *f = arg;
  struct known *k = known_of(f, r->id);
  json_t *v = api_run(f->web, r, false);
  json_t *said = json_copy(v); /* without what moves by itself */
  char hash[SHA_HEX];
  json_object_del(said, "heartbeat");
  json_object_del(said, "heartbeat_ms");
  char *text = jsonx_dumps(said);
  sha256_hex(text ? text : "", text ? strlen(text) : 0, hash);
  bool same = strcmp(hash, k->told) == 0;
  free(text);
  json_decref(said);
  if (k->gate && k->gate != r->gate) publish_gate(f, r->id, k->gate, "decided");
  if (r->gate && k->gate != r->gate) publish_gate(f, r->id, r->gate, "open");
  k->gate = r->gate;
  memcpy(k->told, hash, sizeof hash);
  if (same)
    json_decref(v);
  else
    publish(f, &(struct bus_frame_info){.run = r->id}, "run", v);
}

static void look_at_run(struct feed *f, struct db *db, int64_t run) {
  struct run_row row;
  if (run_get(db, run, &row, NULL) != OK) return;
  publish_run(f, &row);
  run_row_release(&row);
}

static void look_at_dirty(struct feed *f, struct db *db) {
  size_t i = 0, n;
  const char *key;
  void *value;
  while (map_next(f->dirty, &i, &key, &n, &value)) {
    int64_t run;
    memcpy(&run, key, sizeof run);
    look_at_run(f, db, run);
  }
  map_free(f->dirty, NULL);
  f->dirty = map_new();
}

/* ---- calls of watched runs */

struct calls_round {
  struct feed *feed;
  struct known *known;
  bool silent; /* the first round: what is there already is told by GET /api/runs/{id}/calls */
};

static void publish_call(struct feed *f, const struct call_row *c) {
  publish(f, &(struct bus_frame_info){.run = c->run, .only_named = true}, "call", view_call(c));
}

static void new_call(void *arg, const struct call_row *c) {
  struct calls_round *r = arg;
  r->known->last_call = c->id;
  if (!c->ended_at && r->known->n_open < OPEN_MOST) r->known->open[r->known->n_open++] = c->id;
  if (!r->silent) publish_call(r->feed, c);
}

struct one_call {
  struct feed *feed;
  bool ended;
};

static void open_call(void *arg, const struct call_row *c) {
  struct one_call *o = arg;
  o->ended = c->ended_at != 0;
  if (o->ended) publish_call(o->feed, c);
}

static void look_at_calls(struct feed *f, struct db *db, int64_t run) {
  struct known *k = known_of(f, run);
  size_t left = 0;
  for (size_t i = 0; i < k->n_open; i++) {
    struct one_call one = {.feed = f};
    if (call_get(db, k->open[i], open_call, &one, NULL) == OK && !one.ended) k->open[left++] = k->open[i];
  }
  k->n_open = left;
  /* What cannot be read now is read in the next round. */
  struct calls_round round = {.feed = f, .known = k, .silent = !k->watched};
  (void)calls_page(db, run, k->last_call, 0, new_call, &round);
  k->watched = true;
}

/* ---- a round */

static bool due(uint64_t *last_ns, int ms) {
  uint64_t now = clock_mono_ns();
  if (now - *last_ns < (uint64_t)ms * 1000000) return false;
  *last_ns = now;
  return true;
}

static void look_at_rows(struct feed *f, struct db *db) {
  if (!due(&f->rows_ns, ROWS_MS)) return;
  look_at_dirty(f, db);
  for (size_t i = 0; i < f->wants.n_runs; i++) {
    look_at_run(f, db, f->wants.runs[i]);
    look_at_calls(f, db, f->wants.runs[i]);
  }
  if (f->wants.all && due(&f->all_rows_ns, ALL_ROWS_MS)) {
    struct run_filter unfinished = {.unfinished = true, .limit = UNFINISHED_MOST};
    (void)runs_each(db, &unfinished, publish_run, f);
  }
}

/* What is remembered is small, but of every run that ever moved. */
static void forget(struct feed *f) {
  if (map_count(f->runs) < KNOWN_MOST) return;
  map_free(f->runs, free);
  f->runs = map_new();
}

static void *feed_main(void *arg) {
  struct feed *f = arg;
  pthread_setname_np(pthread_self(), "feed");
  while (bus_rest(f->bus, ROUND_MS)) {
    bus_text_each(f->bus, publish_text, f);
    bus_wants(f->bus, &f->wants);
    if (!f->wants.readers) continue;
    struct db *db = store_reader(f->web->commands->store);
    pthread_mutex_lock(&f->lock);
    publish_events(f, db);
    pthread_mutex_unlock(&f->lock);
    look_at_rows(f, db);
    store_reader_release(f->web->commands->store, db);
    forget(f);
  }
  return NULL;
}

/* ---- joining */

struct bus_reader *feed_join(struct feed *f, const struct bus_filter *filter, int64_t *newest,
                             struct error *e) {
  struct db *db = store_reader(f->web->commands->store);
  struct bus_reader *r = NULL;
  pthread_mutex_lock(&f->lock);
  enum err err = events_newest(db, newest);
  if (err == OK) r = bus_join(f->bus, filter);
  if (r && f->readers++ == 0) f->high = *newest; /* nobody was told what came before */
  pthread_mutex_unlock(&f->lock);
  if (err != OK)
    db ? db_error(db, e) : err_set(e, ERR_UNAVAILABLE, "the database cannot be read now");
  else if (!r)
    err_set(e, ERR_CLOSED, "this host is stopping");
  store_reader_release(f->web->commands->store, db);
  return r;
}

void feed_leave(struct feed *f, struct bus_reader *r) {
  pthread_mutex_lock(&f->lock);
  bus_leave(f->bus, r);
  f->readers--;
  pthread_mutex_unlock(&f->lock);
}

/* ---- life */

struct feed *feed_start(struct web *w, struct bus *bus) {
  struct feed *f = mem_alloc(sizeof *f);
  *f = (struct feed){.web = w, .bus = bus, .runs = map_new(), .dirty = map_new()};
  pthread_mutex_init(&f->lock, NULL);
  if (pthread_create(&f->thread, NULL, feed_main, f) == 0) return f;
  map_free(f->runs, NULL);
  map_free(f->dirty, NULL);
  free(f);
  return NULL;
}

void feed_stop(struct feed *f) {
  if (!f) return;
  pthread_join(f->thread, NULL);
  map_free(f->runs, free);
  map_free(f->dirty, NULL);
  pthread_mutex_destroy(&f->lock);
  free(f);
}
