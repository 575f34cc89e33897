/* cli_show.c - runs, show, logs, trace: reading, no command needed. */
#include <stdlib.h>
#include <string.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/follow.h"
#include "view/state.h"
#include "cli/stop.h"
#include "cli/terminal.h"
#include "store/calls.h"
#include "store/events.h"
#include "store/gates.h"
#include "view/call.h"
#include "view/event.h"
#include "view/forecast.h"

enum { FOLLOW_MS = 100, LIST_LIMIT = 20 };

/* Who owns the library now, or NULL. */
static const struct library_owner *owner_of(struct cli *c, struct library_owner *room) {
  struct error ignored = {0};
  return library_get_owner(c->library, room, &ignored) == OK ? room : NULL;
}

static enum err read_run(struct cli *c, struct run_row *row, struct error *e) {
  int64_t id;
  enum err err = cli_number(c, 0, "run", &id, e);
  if (err == OK) err = cli_reader(c, e);
  if (err != OK) return err;
  struct db *db = store_reader(c->reader);
  err = run_get(db, id, row, e);
  store_reader_release(c->reader, db);
  return err;
}

/* ---- runs */

struct listing {
  const struct library_owner *owner;
  struct table *table;
  json_t *list;
};

static void list_run(void *arg, const struct run_row *r) {
  struct listing *l = arg;
  char money[40], age[40];
  if (l->list) {
    json_array_append_new(l->list, state_json(r, l->owner, false));
    return;
  }
  table_cell(l->table, "%lld", (long long)r->id);
  table_cell(l->table, "%s", state_word(r, l->owner));
  table_cell(l->table, "%s", r->project);
  table_cell(l->table, "%s", r->pipeline);
  table_cell(l->table, "%s", r->phase ? r->phase : "");
  if (r->progress_total > 0)
    table_cell(l->table, "%lld/%lld", (long long)r->progress_done, (long long)r->progress_total);
  else
    table_cell(l->table, "%s", "");
  table_cell(l->table, "%lld", (long long)r->calls);
  table_cell(l->table, "%s", view_money(r->cost_nano, r->unpriced_calls, money));
  table_cell(l->table, "%s",
             view_age(r->ended_at         ? r->ended_at
                      : r->last_heartbeat ? r->last_heartbeat
                                          : r->created_at,
                      age));
}

static enum err read_filter(struct cli *c, struct run_filter *f, struct error *e) {
  const char *status = options_get(&c->options, "status"), *limit = options_get(&c->options, "limit");
  f->project = options_get(&c->options, "project");
  f->limit = limit ? atoi(limit) : LIST_LIMIT;
  if (limit && (strspn(limit, "0123456789") != strlen(limit) || !*limit))
    return err_set(e, ERR_INVALID, "--limit %s: this is not a number", limit);
  if (run_filter_status(f, status)) return OK;
  const char *near = text_nearest(status, run_filter_words);
  err_set(e, ERR_INVALID, "--status %s: there is no such status", status);
  err_hint(e,
           near ? "did you mean %s?"
                : "there are queued, running, waiting, completed, failed, cancelled, and unfinished",
           near);
  return ERR_INVALID;
}

int cli_runs(struct cli *c) {
  static const char *const headers[] = {">RUN",  "STATUS", "PROJECT", "PIPELINE",          "PHASE",
                                        ">DONE", ">CALLS", ">COST",   "LAST SIGN OF LIFE", NULL};
  struct error e = {0};
  struct run_filter filter = {0};
  struct library_owner room;
  enum err err = read_filter(c, &filter, &e);
  if (err == OK) err = cli_reader(c, &e);
  if (err != OK) return cli_fail(c, &e);
  struct listing l = {.owner = owner_of(c, &room)};
  if (c->out.json)
    l.list = json_array();
  else
    l.table = table_new(headers);
  struct db *db = store_reader(c->reader);
  err = runs_each(db, &filter, list_run, &l);
  if (err != OK) db_error(db, &e);
  store_reader_release(c->reader, db);
  if (l.table)
    table_print(l.table);
  else if (err == OK)
    out_json(l.list);
  return err == OK ? EXIT_DONE : cli_fail(c, &e);
}

/* ---- show */

static void show_gate(void *arg, const struct gate_row *g) {
  (void)arg;
  out_field("question", "%lld: %s   (quire gate show %lld)", (long long)g->id, g->title, (long long)g->id);
}

static void show_fields(const struct run_row *r) {
  char at[40], age[40], money[40];
  out_field("project", "%s", r->project);
  out_field("pipeline", "%s", r->pipeline);
  if (r->key && strncmp(r->key, "auto-", 5) != 0) out_field("key", "%s", r->key);
  if (r->retry_of && r->fork_at)
    out_field("fork of", "run %lld, before place %lld of its journal", (long long)r->retry_of,
              (long long)r->fork_at);
  else if (r->retry_of)
    out_field("retry of", "run %lld", (long long)r->retry_of);
  if (r->phase) out_field("phase", "%s", r->phase);
  if (r->progress_total > 0)
    out_field("progress", "%lld of %lld%s%s", (long long)r->progress_done, (long long)r->progress_total,
              r->progress_label ? ", " : "", r->progress_label ? r->progress_label : "");
  if (r->summary) out_field("summary", "%s", r->summary);
  out_field("calls", "%lld (%lld tokens in, %lld out)", (long long)r->calls, (long long)r->tokens_in,
            (long long)r->tokens_out);
  out_field("cost", "%s", view_money(r->cost_nano, r->unpriced_calls, money));
  json_t *forecast = view_forecast(r);
  if (forecast) out_field("forecast", "%s", jsonx_str(forecast, "says", ""));
  json_decref(forecast);
  out_field("created", "%s", view_time(r->created_at, at));
  if (r->started_at) out_field("started", "%s", view_time(r->started_at, at));
  if (r->last_heartbeat) out_field("heartbeat", "%s", view_age(r->last_heartbeat, age));
  if (r->ended_at) out_field("ended", "%s", view_time(r->ended_at, at));
  if (r->input && strcmp(r->input, "{}") != 0)
    out_field("input", "%.*s%s", 300, r->input, strlen(r->input) > 300 ? "..." : "");
  if (r->result)
    out_field("result", "%.*s%s", 1000, r->result, strlen(r->result) > 1000 ? "... (--json shows all)" : "");
}

int cli_show(struct cli *c) {
  struct error e = {0};
  struct run_row row = {0};
  struct library_owner room;
  if (read_run(c, &row, &e) != OK) return cli_fail(c, &e);
  const struct library_owner *owner = owner_of(c, &room);
  struct db *db = store_reader(c->reader);
  if (c->out.json) {
    json_t *run = state_json(&row, owner, true);
    view_rehearsal(db, row.id, 0, run);
    out_json(run);
  } else {
    char *sentence = state_sentence(&row, owner);
    out_line("%sRun %lld: %s%s\n", terminal_style(stdout, STYLE_BOLD), (long long)row.id, sentence,
             terminal_style(stdout, STYLE_NONE));
    free(sentence);
    show_fields(&row);
    (void)gates_each(db, row.id, true, show_gate, NULL); /* the run says above that it waits for one */
  }
  store_reader_release(c->reader, db);
  run_row_release(&row);
  return EXIT_DONE;
}

/* ---- logs */

struct log_state {
  struct cli *c;
  int64_t last;
};

static void print_event(void *arg, const struct event_row *event) {
  struct log_state *s = arg;
  s->last = event->id;
  if (s->c->out.json) {
    out_json_line(view_event(event));
    return;
  }
  struct buf b;
  buf_init(&b, MAX_JSON_BYTES);
  if (follow_event_text(event, true, &b)) out_line("%s", b.data);
  buf_release(&b);
}

/* Is there nobody who could still write to its history? */
static bool quiet_for_good(struct cli *c, int64_t run) {
  struct run_row row = {0};
  struct library_owner room;
  struct error ignored = {0};
  struct db *db = store_reader(c->reader);
  bool known = run_get(db, run, &row, &ignored) == OK;
  store_reader_release(c->reader, db);
  bool quiet = !known || run_status_ended(row.status) || !owner_of(c, &room);
  run_row_release(&row);
  return quiet;
}

int cli_logs(struct cli *c) {
  struct error e = {0};
  struct run_row row = {0};
  if (read_run(c, &row, &e) != OK) return cli_fail(c, &e);
  struct log_state s = {.c = c};
  int64_t run = row.id;
  run_row_release(&row);
  bool follow = options_has(&c->options, "follow"), last = !follow;
  stop_catch();
  for (;;) {
    struct db *db = store_reader(c->reader);
    enum err err = events_each(db, run, s.last, 0, print_event, &s);
    if (err != OK) db_error(db, &e);
    store_reader_release(c->reader, db);
    if (err != OK) return cli_fail(c, &e);
    if (last || fflush(stdout) != 0) return EXIT_DONE;
    last = quiet_for_good(c, run); /* what was written before it ended is read once more */
    if (!last && stop_wait(FOLLOW_MS)) return EXIT_SIGNAL + stop_signal();
  }
}

/* ---- trace */

struct trace {
  struct table *table;
  json_t *list;
};

static void trace_call(void *arg, const struct call_row *k) {
  struct trace *t = arg;
  char money[40];
  if (t->list) {
    json_array_append_new(t->list, view_call(k));
    return;
  }
  bool ended = k->ended_at != 0;
  table_cell(t->table, "%lld", (long long)k->id);
  table_cell(t->table, "%s", k->scope);
  table_cell(t->table, "%s", k->role);
  table_cell(t->table, "%s/%s", k->provider, k->model);
  table_cell(t->table, "%s", k->state);
  table_cell(t->table, "%lld", (long long)k->attempt);
  table_cell(t->table, ended ? "%lld" : "", (long long)k->usage.input);
  table_cell(t->table, ended ? "%lld" : "", (long long)k->usage.cached_read);
  table_cell(t->table, ended ? "%lld" : "", (long long)k->usage.output);
  table_cell(t->table, "%s", !ended ? "" : k->price_known ? view_money(k->cost_nano, 0, money) : "unknown");
  table_cell(t->table, ended ? "%lld" : "", (long long)k->total_ms);
  table_cell(t->table, "%s", k->error && *k->error ? k->error : k->stop ? k->stop : "");
}

int cli_trace(struct cli *c) {
  static const char *const headers[] = {">CALL",   "TASK", "ROLE",  "MODEL", "STATE", ">TRY", ">IN",
                                        ">CACHED", ">OUT", ">COST", ">MS",   "END",   NULL};
  struct error e = {0};
  struct run_row row = {0};
  if (read_run(c, &row, &e) != OK) return cli_fail(c, &e);
  struct trace t = {0};
  if (c->out.json)
    t.list = json_array();
  else
    t.table = table_new(headers);
  struct db *db = store_reader(c->reader);
  enum err err = calls_each(db, row.id, trace_call, &t);
  if (err != OK) db_error(db, &e);
  store_reader_release(c->reader, db);
  if (t.table)
    table_print(t.table);
  else if (err == OK)
    out_json(t.list);
  char money[40];
  out_say(&c->out, "%lld calls, %s, %lld tokens in, %lld out", (long long)row.calls,
          view_money(row.cost_nano, row.unpriced_calls, money), (long long)row.tokens_in,
          (long long)row.tokens_out);
  run_row_release(&row);
  return err == OK ? EXIT_DONE : cli_fail(c, &e);
}
