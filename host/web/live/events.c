/* events.c - GET /api/events: what happens, as it happens. One thread a stream.
 *
 *   join the feed -> tell what the library has after the browser's last id -> tell what comes, until one of us goes
 *
 * A client that falls behind begins at the second step again. What came while the library was read is in the reader's queue: an id that was told is not told again. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "store/events.h"
#include "view/event.h"
#include "web/api/api.h"
#include "web/live/feed.h"
#include "web/api/handlers.h"

enum {
  HEARTBEAT_MS = 15000,
  REPLAY_PAGE = 200,
  POLL_MOST_S = 55,
  POLL_EVENTS = 500,
  OUT_MOST = BUS_QUEUE_BYTES + MAX_ANSWER_BYTES
};

struct stream {
  struct web *web;
  struct bus_filter filter;
  struct bus_reader *reader;
  int64_t last; /* id of the last event that was told */
  struct buf out;
};

/* ---- what is asked for */

static bool read_runs(struct request *q, struct response *a, struct bus_filter *f) {
  const char *text;
  struct error e = {0};
  while (e.code == OK && (text = request_query_nth(q, "run", f->n_runs))) {
    char *end = NULL;
    errno = 0;
    int64_t run = strtoll(text, &end, 10);
    if (f->n_runs == BUS_RUNS_MOST)
      err_set(&e, ERR_INVALID, "one stream watches at most %d runs", BUS_RUNS_MOST);
    else if (!*text || *end || errno || run < 1)
      err_set(&e, ERR_INVALID, "?run=%.100s: this is not a run number", text);
    else
      f->runs[f->n_runs++] = run;
  }
  if (e.code != OK) response_error(a, &e);
  return e.code == OK;
}

/* Last-Event-ID, else ?after=; -1: from now on. */
static bool read_after(struct request *q, struct response *a, int64_t *after) {
  const char *last = request_header(q, "Last-Event-ID");
  if (last && *last && strspn(last, "0123456789") == strlen(last) && strlen(last) < 19) {
    *after = strtoll(last, NULL, 10);
    return true;
  }
  return api_query_number(q, a, "after", -1, after);
}

/* ---- the library's part */

static bool wanted(const struct stream *s, int64_t run) {
  for (size_t i = 0; i < s->filter.n_runs; i++)
    if (s->filter.runs[i] == run) return true;
  return s->filter.n_runs == 0;
}

struct page {
  struct stream *stream;
  int n;
};

static void replay_event(void *arg, const struct event_of *of) {
  struct page *p = arg;
  p->n++;
  p->stream->last = of->event.id;
  if (wanted(p->stream, of->event.run)) feed_event_frame(&p->stream->out, &of->event);
}

/* Everything after s->last. The connection is given back before a slow client is written to. */
static bool replay(struct stream *s, struct response *a) {
  struct store *store = s->web->commands->store;
  for (;;) {
    struct page page = {.stream = s};
    struct db *db = store_reader(store);
    enum err err = events_after(db, s->last, REPLAY_PAGE, replay_event, &page);
    store_reader_release(store, db);
    if (err != OK || !response_write(a, s->out.data, s->out.len)) return false;
    buf_clear(&s->out);
    if (page.n < REPLAY_PAGE) return true;
  }
}

/* How the watched runs stand now. */
static void tell_runs(struct stream *s) {
  struct store *store = s->web->commands->store;
  struct db *db = store_reader(store);
  for (size_t i = 0; i < s->filter.n_runs; i++) {
    struct run_row row;
    if (run_get(db, s->filter.runs[i], &row, NULL) != OK) continue;
    feed_named_frame(&s->out, "run", api_run(s->web, &row, false));
    run_row_release(&row);
  }
  store_reader_release(store, db);
}

/* ---- the stream */

static void watch_texts(struct stream *s, bool on) {
  for (size_t i = 0; i < s->filter.n_runs && s->filter.text; i++)
    commands_watch_text(s->web->commands, s->filter.runs[i], bus_reader_id(s->reader), on);
}

/* Until the client goes (false), or has fallen so far behind that it must read from the library again (true). */
static bool follow(struct stream *s, struct response *a) {
  for (;;) {
    buf_clear(&s->out);
    enum bus_end end = bus_take(s->web->bus, s->reader, HEARTBEAT_MS, s->last, &s->out, &s->last);
    if (end == BUS_QUIET) buf_puts(&s->out, ": still here\n\n");
    if (end == BUS_BEHIND || end == BUS_CLOSED) return end == BUS_BEHIND;
    if (s->out.len && !response_write(a, s->out.data, s->out.len)) return false;
  }
}

/* The library's part, then the live one. */
static bool catch_up_and_follow(struct stream *s, struct response *a) {
  if (!replay(s, a)) return false;
  tell_runs(s);
  if (!response_write(a, s->out.data, s->out.len)) return false;
  watch_texts(s, true);
  bool again = follow(s, a);
  watch_texts(s, false);
  return again;
}

static bool join_again(struct stream *s) {
  int64_t newest;
  feed_leave(s->web->feed, s->reader);
  s->reader = feed_join(s->web->feed, &s->filter, &newest, NULL);
  buf_clear(&s->out);
  return s->reader != NULL;
}

/* A client that takes nothing for as long as the server waits for a write is gone; one that is merely slow reads what it missed. */
static void stream(struct stream *s, struct request *q, struct response *a) {
  if (!response_start(a, 200, "text/event-stream")) return;
  if (strcmp(request_method(q), "HEAD") == 0) return;
  buf_puts(&s->out, "retry: 3000\n\n");
  while (catch_up_and_follow(s, a) && join_again(s)) continue;
}

/* ---- for clients that cannot stream: ask again and again */

struct polled {
  struct stream *stream;
  json_t *list;
  int n;
};

static void add_event(void *arg, const struct event_of *of) {
  struct polled *p = arg;
  p->n++;
  p->stream->last = of->event.id;
  if (wanted(p->stream, of->event.run)) json_array_append_new(p->list, view_event(&of->event));
}

/* Pages that hold nothing for this client are passed over. */
static enum err read_new(struct stream *s, json_t *list) {
  struct polled p = {.stream = s, .list = list};
  enum err err;
  struct db *db = store_reader(s->web->commands->store);
  do {
    p.n = 0;
    err = events_after(db, s->last, POLL_EVENTS, add_event, &p);
  } while (err == OK && p.n == POLL_EVENTS && json_array_size(list) == 0);
  store_reader_release(s->web->commands->store, db);
  return err;
}

/* Until there is something to tell, or the time is over. */
static enum err wait_for_news(struct stream *s, uint64_t until, json_t *list) {
  int64_t ignored = 0;
  enum err err = read_new(s, list);
  while (err == OK && json_array_size(list) == 0) {
    uint64_t now = clock_mono_ns();
    if (now >= until) break;
    buf_clear(&s->out);
    if (bus_take(s->web->bus, s->reader, (int)((until - now) / 1000000) + 1, s->last, &s->out, &ignored) >=
        BUS_BEHIND)
      break;
    err = read_new(s, list);
  }
  return err;
}

/* When too many wait already, the answer comes at once: each of them holds a thread, and pages and commands need some too. */
static void poll_once(struct stream *s, struct request *q, struct response *a) {
  struct web *w = s->web;
  int64_t wait_s;
  if (!api_query_number(q, a, "wait", 20, &wait_s)) return;
  if (wait_s > POLL_MOST_S) wait_s = POLL_MOST_S;
  if (atomic_fetch_add(&w->polls, 1) >= w->polls_most) {
    wait_s = 0;
    response_close(a);
  }
  json_t *list = json_array();
  enum err err = wait_for_news(s, clock_mono_ns() + (uint64_t)wait_s * 1000000000, list);
  atomic_fetch_sub(&w->polls, 1);
  if (err == OK) {
    response_json(a, 200, json_pack("{s:o, s:I}", "events", list, "last", (json_int_t)s->last));
  } else {
    json_decref(list);
    response_fail(a, 503, "unavailable", "the database cannot be read now", "ask again");
  }
}

void get_events(struct request *q, struct response *a, void *arg) {
  struct stream s = {.web = arg};
  struct error e = {0};
  int64_t after, newest, poll, text;
  if (!read_runs(q, a, &s.filter) || !read_after(q, a, &after) || !api_query_number(q, a, "poll", 0, &poll) ||
      !api_query_number(q, a, "text", 0, &text))
    return;
  s.filter.text = text && !poll && s.filter.n_runs;
  s.reader = feed_join(s.web->feed, &s.filter, &newest, &e);
  if (!s.reader) {
    response_error(a, &e);
    return;
  }
  s.last = after >= 0 && after <= newest ? after : newest; /* a later id is another library's */
  buf_init(&s.out, OUT_MOST);
  if (poll)
    poll_once(&s, q, a);
  else
    stream(&s, q, a);
  buf_release(&s.out);
  if (s.reader) feed_leave(s.web->feed, s.reader);
}
