/* follow.c - polls a run's row, then its events: in this order, so that the events of its end are there when its end is seen. */
#include "cli/follow.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "cli/stop.h"
#include "cli/terminal.h"
#include "acts/commands.h"
#include "store/events.h"
#include "view/event.h"

enum {
  POLL_FIRST_MS = 10,
  POLL_MS = 100,
  MOST_UNREAD =
      300, /* failed looks in a row, half a minute: a disk or a lock that is back by then ends nothing */
  OWNER_MS = 400,           /* how often it looks whether the owner lives */
  NUDGE_MS = 5000,          /* a run of ours that nobody moves is started again */
  PROVIDER_WAIT_MS = 900000 /* how long it stays with a provider that said when to come back */
};

/* ---- events as text */

static const char *level_style(const char *level) {
  if (strcmp(level, "error") == 0) return terminal_style(stderr, STYLE_RED);
  if (strcmp(level, "warn") == 0) return terminal_style(stderr, STYLE_YELLOW);
  return "";
}

static void log_text(const json_t *data, struct buf *out) {
  const char *level = jsonx_str(data, "level", "info");
  const char *style = level_style(level);
  if (strcmp(level, "warn") == 0)
    buf_printf(out, "%swarning:%s ", style, *style ? terminal_style(stderr, STYLE_NONE) : "");
  if (strcmp(level, "error") == 0)
    buf_printf(out, "%serror:%s ", style, *style ? terminal_style(stderr, STYLE_NONE) : "");
  buf_puts(out, jsonx_str(data, "text", ""));
}

static void status_text(const json_t *data, struct buf *out) {
  const char *wait_for = jsonx_str(data, "wait_for", NULL), *wait_kind = jsonx_str(data, "wait_kind", NULL),
             *hint = jsonx_str(data, "wait_hint", NULL);
  buf_printf(out, "status: %s", jsonx_str(data, "status", "?"));
  if (wait_kind) buf_printf(out, " for %s", wait_kind);
  if (wait_for) {
    buf_puts(out, ": ");
    buf_puts(out, wait_for);
  }
  if (hint) buf_printf(out, "; %s", hint);
  const char *message = jsonx_str(json_object_get(data, "error"), "message", NULL);
  if (message) {
    buf_puts(out, ": ");
    buf_puts(out, message);
  }
}

bool follow_event_text(const struct event_row *event, bool with_time, struct buf *out) {
  json_t *data = view_parsed(event->data);
  char at[40];
  bool show = true;
  if (with_time)
    buf_printf(out, "%s%s%s  ", terminal_style(stdout, STYLE_DIM), view_time(event->at, at),
               terminal_style(stdout, STYLE_NONE));
  FILE *stream = with_time ? stdout : stderr;
  if (strcmp(event->kind, "phase") == 0) {
    buf_printf(out, "%s--- Phase: ", terminal_style(stream, STYLE_BOLD));
    buf_puts(out, jsonx_str(data, "name", "?"));
    buf_printf(out, " ---%s", terminal_style(stream, STYLE_NONE));
  } else if (strcmp(event->kind, "log") == 0) {
    log_text(data, out);
  } else if (!with_time) {
    show = false; /* what a run ended with is said at its end */
  } else if (strcmp(event->kind, "status") == 0) {
    status_text(data, out);
  } else {
    const char *text = jsonx_str(data, "text", jsonx_str(data, "message", NULL));
    buf_printf(out, "%s: ", event->kind);
    buf_puts(out, text ? text : event->data);
  }
  json_decref(data);
  return show;
}

/* ---- one poll */

struct seen {
  struct cli *c;
  struct follow *f;
};

static void show_event(void *arg, const struct event_row *event) {
  struct seen *s = arg;
  s->f->after_event = event->id;
  if (s->f->json_lines) {
    out_json_line(view_event(event));
    return;
  }
  if (s->c->out.quiet || s->c->out.json) return;
  struct buf b;
  buf_init(&b, MAX_JSON_BYTES);
  if (follow_event_text(event, false, &b)) out_line_to(stderr, "%s", b.data);
  buf_release(&b);
}

static enum err poll_run(struct cli *c, struct follow *f, struct store *store, struct error *e) {
  struct seen s = {c, f};
  struct db *db = store_reader(store);
  struct run_row row;
  enum err err = run_get(db, f->run, &row, e);
  if (err == OK) {
    run_row_release(&f->row);
    f->row = row;
    err = events_each(db, f->run, f->after_event, 0, show_event, &s);
  }
  if (err != OK && e && !e->code) db_error(db, e);
  store_reader_release(store, db);
  return err;
}

static void last_event(void *arg, const struct event_row *event) {
  *(int64_t *)arg = event->id;
}

/* A follower that comes later sees what comes from now on. */
static void skip_history(struct follow *f, struct store *store) {
  struct db *db = store_reader(store);
  (void)events_each(db, f->run, f->after_event, 0, last_event, &f->after_event); /* then it is shown too */
  store_reader_release(store, db);
}

/* ---- the progress line */

static void show_progress(const struct cli *c, const struct run_row *r) {
  if (c->out.quiet || c->out.json || !terminal_live() || run_status_ended(r->status)) return;
  struct buf b;
  char money[40], took[40];
  int64_t begin = r->started_at ? r->started_at : r->created_at;
  buf_init(&b, 4096);
  if (r->status != RUN_RUNNING) buf_printf(&b, "%s  ", run_status_word(r->status));
  if (r->phase) buf_printf(&b, "%s  ", r->phase);
  if (r->progress_label) buf_printf(&b, "%s  ", r->progress_label);
  if (r->progress_total > 0)
    buf_printf(&b, "%lld/%lld  ", (long long)r->progress_done, (long long)r->progress_total);
  buf_printf(&b, "%lld calls  %s  %s", (long long)r->calls,
             view_money(r->cost_nano, r->unpriced_calls, money),
             view_duration(clock_wall_ms() - begin, took));
  terminal_line_show(b.data);
  buf_release(&b);
}

/* ---- when is it over */

/* Is it worth staying with a run that waits? Without --max-wait: when it has a time at which it goes on without a person. */
static bool stays(const struct follow *f, int64_t waited_ms) {
  const struct run_row *r = &f->row;
  if (state_waits(r, FOR_UNTIL)) return false;
  if (f->max_wait_ms >= 0) return waited_ms < f->max_wait_ms;
  if (state_waits(r, FOR_TIMER) || state_waits(r, FOR_STORE)) return true;
  return state_waits(r, FOR_PROVIDER) && r->wake_at > 0 && r->wake_at - clock_wall_ms() < PROVIDER_WAIT_MS;
}

static bool over(const struct follow *f, int64_t waited_ms) {
  if (run_status_ended(f->row.status)) return true;
  return f->row.status == RUN_WAITING && !stays(f, waited_ms);
}

/* Our own run, not in memory and not over: it was not claimed (the store could not be written), or slept until a time that has come. */
static void nudge(struct follow *f, int64_t now_ms, int64_t *nudged) {
  if (now_ms - *nudged < NUDGE_MS) return;
  if (f->row.status == RUN_WAITING && (!f->row.wake_at || f->row.wake_at > clock_wall_ms())) return;
  if (*nudged) engine_start_run(host_commands(f->host)->engine, f->run);
  *nudged = now_ms;
}

static int64_t now_ms(void) {
  return (int64_t)(clock_mono_ns() / 1000000);
}

/* Is the run without an owner, also at a second look? (Between the first look and the lock it may have ended.) */
static bool orphaned(struct cli *c, struct follow *f, struct store *store) {
  struct library_owner owner;
  struct error ignored = {0};
  if (library_get_owner(c->library, &owner, &ignored) != ERR_NOT_FOUND) return false;
  return poll_run(c, f, store, &ignored) == OK && !run_status_ended(f->row.status);
}

enum err follow_run(struct cli *c, struct follow *f, enum follow_end *end, struct error *e) {
  enum err err = f->host ? OK : cli_reader(c, e);
  if (err != OK) return err;
  struct store *store = f->host ? host_store(f->host) : c->reader;
  if (!f->whole_history && f->after_event == 0) skip_history(f, store);
  int64_t waited = 0, looked = 0, nudged = 0, before = now_ms();
  int unread = 0;
  for (int pause = POLL_FIRST_MS;; pause = pause * 2 < POLL_MS ? pause * 2 : POLL_MS) {
    err = poll_run(c, f, store, e);
    unread = err == OK ? 0 : unread + 1;
    if (unread > MOST_UNREAD && err != ERR_LOCKED) return err;
    if (unread && !store_err_is_database(err)) return err;
    int64_t now = now_ms();
    if (f->row.status == RUN_WAITING) waited += now - before;
    before = now;
    *end = FOLLOW_OVER;
    if (f->row.status && over(f, waited)) break;
    *end = FOLLOW_SIGNAL;
    if (stop_signal()) break;
    if (!f->host && now - looked >= OWNER_MS) {
      looked = now;
      *end = FOLLOW_ORPHANED;
      if (orphaned(c, f, store)) break;
    }
    if (f->row.status) show_progress(c, &f->row);
    if (ferror(stdout)) return err_set(e, ERR_IO, "the output is closed");
    if (f->host && !host_wait_run(f->host, f->run, pause)) continue;
    stop_wait(pause);
    if (f->host && f->row.status) nudge(f, now, &nudged);
  }
  terminal_line_hide();
  return OK;
}
