/* hooks.c - telling a person's own tools.
 *
 *   hooks_run_left -> read the row (reader thread) -> attempt: POST (loop) and then the command (a thread of its own) -> done, or a timer and again */
#include "hooks.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/jsonx.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "llm/http.h"
#include "store/runs.h"

enum { COMMAND_S = 30, MOST_TELLINGS = 1000 };

struct hooks {
  struct loop *loop;
  struct store *store;
  struct pool *thread; /* for commands; NULL: there are none, or no more */
  int stop;            /* an eventfd: commands are to end now */
  struct hooks_settings settings;
  struct http *http;
  struct list tellings;
  atomic_int n;
};

/* One message on its way. */
struct telling {
  struct store_op op;
  struct post post;
  struct job job;
  struct timer timer;
  struct list node;
  struct hooks *hooks;
  struct transfer *transfer;
  int64_t run;
  char *message, *project;
  enum run_status status;
  int attempt, ended; /* ended: how the command did, as child_run says */
  bool url_done, ok;
};

static void attempt(struct telling *t);

static void telling_free(struct telling *t) {
  list_remove(&t->node);
  t->hooks->n--;
  timer_clear(t->hooks->loop, &t->timer);
  if (t->transfer) http_cancel(t->transfer);
  free(t->message);
  free(t->project);
  free(t);
}

/* ---- after an attempt */

static void on_pause_over(struct timer *timer) {
  attempt(timer->arg);
}

static void attempt_failed(struct telling *t, const char *why) {
  struct hooks *h = t->hooks;
  if (++t->attempt >= h->settings.attempts) {
    log_errorx("run %lld is %s, and the notification failed after %d attempts: %s", (long long)t->run,
               run_status_word(t->status), t->attempt, why);
    telling_free(t);
    return;
  }
  double pause = h->settings.pause_s;
  for (int i = 1; i < t->attempt; i++) pause *= 4;
  log_warnx("telling of run %lld failed (%s); again in %.0f s", (long long)t->run, why, pause);
  t->timer = (struct timer){.fn = on_pause_over, .arg = t};
  timer_set(h->loop, &t->timer, clock_mono_ns() + (uint64_t)(pause * 1e9));
}

/* ---- the command, on a thread of the hooks' own: one that hangs holds other messages, and nothing else */

static void run_command(struct job *j) {
  static const char *const kept[] = {"PATH", "HOME", NULL}; /* nothing else: keys stay here */
  struct telling *t = list_owner(j, struct telling, job);
  char *run = mem_printf("QUIRE_RUN=%lld", (long long)t->run),
       *status = mem_printf("QUIRE_STATUS=%s", run_status_word(t->status)),
       *project = mem_printf("QUIRE_PROJECT=%s", t->project);
  const char *more[] = {run, status, project, NULL},
             *argv[] = {"/bin/sh", "-c", t->hooks->settings.command, NULL};
  t->ended = child_run(&(struct child_job){.argv = argv,
                                           .kept = kept,
                                           .more = more,
                                           .input = t->message,
                                           .n_input = strlen(t->message),
                                           .ms = COMMAND_S * 1000,
                                           .stop = t->hooks->stop},
                       NULL);
  free(run);
  free(status);
  free(project);
}

static void command_ended(struct job *j) {
  struct telling *t = list_owner(j, struct telling, job);
  if (t->ended == 0)
    telling_free(t);
  else
    attempt_failed(t,
                   t->ended == CHILD_ENDED ? "the command did not end, and was ended" : "the command failed");
}

/* ---- the POST */

static void go_on(struct telling *t) {
  t->url_done = true;
  if (!t->hooks->thread) {
    telling_free(t);
    return;
  }
  t->job = (struct job){.work = run_command, .done = command_ended};
  pool_submit(t->hooks->thread, &t->job);
}

static void on_head(void *arg, struct transfer *transfer, long status) {
  (void)transfer;
  ((struct telling *)arg)->ok = status >= 200 && status < 300;
}
static void on_bytes(void *arg, const char *bytes, size_t n) {
  (void)arg;
  (void)bytes;
  (void)n;
}
static void on_end(void *arg, enum http_end end, const char *why) {
  struct telling *t = arg;
  t->transfer = NULL;
  if (end == HTTP_COMPLETE && t->ok)
    go_on(t);
  else
    attempt_failed(t, end == HTTP_COMPLETE ? "the URL refused it" : why ? why : "no answer");
}

static void attempt(struct telling *t) {
  static const struct http_handler handler = {on_head, on_bytes, on_end};
  static const char *const headers[] = {"Content-Type: application/json"};
  struct hooks *h = t->hooks;
  if (!h->settings.url || t->url_done) {
    go_on(t);
    return;
  }
  t->ok = false;
  struct http_request request = {.url = h->settings.url,
                                 .headers = headers,
                                 .n_headers = 1,
                                 .body = mem_dup(t->message),
                                 .n_body = strlen(t->message),
                                 .deadlines = {10, 30, 30, 60}};
  struct error e = {0};
  t->transfer = http_start(h->http, &request, &handler, t, &e);
  if (!t->transfer) attempt_failed(t, e.message);
}

/* ---- the message */

static enum err read_row(struct db *db, struct store_op *op) {
  struct telling *t = list_owner(op, struct telling, op);
  struct run_row r = {0};
  enum err err = run_get(db, t->run, &r, &op->error);
  if (err != OK) return err;
  json_t *v =
      json_pack("{s:I, s:s*, s:s*, s:s*, s:s*, s:s*, s:s*, s:s*, s:f, s:I}", "run", (json_int_t)t->run,
                "project", r.project, "pipeline", r.pipeline, "status", run_status_word(r.status),
                "wait_kind", run_wait_word(r.wait), "wait_for", r.wait_for, "wait_hint", r.wait_hint,
                "summary", r.summary, "cost_usd", (double)r.cost_nano / 1e9, "calls", (json_int_t)r.calls);
  free(t->message);
  t->message = jsonx_dumps(v);
  free(t->project);
  t->project = mem_dup(r.project ? r.project : "");
  json_decref(v);
  run_row_release(&r);
  return t->message ? OK : ERR_INVALID;
}
static void keep(struct store_op *op) {
  (void)op;
}
static const struct store_op_kind read_kind = {.name = "hook_row", .apply = read_row, .free = keep};

static void on_row(struct post *p) {
  struct telling *t = list_owner(p, struct telling, post);
  if (t->op.err != OK)
    telling_free(t);
  else
    attempt(t);
}
static void row_read(struct store_op *op) {
  struct telling *t = list_owner(op, struct telling, op);
  loop_post(t->hooks->loop, &t->post);
}

int hooks_busy(const struct hooks *h) {
  return h ? atomic_load(&h->n) : 0;
}

void hooks_run_left(struct hooks *h, int64_t run, enum run_status status) {
  bool none = !h->settings.url && !h->settings.command;
  if (none || status == RUN_NO_STATUS || status == RUN_QUEUED) return;
  if (h->n >= MOST_TELLINGS) {
    log_warnx("too many notifications are waiting; run %lld (%s) is left out", (long long)run,
              run_status_word(status));
    return;
  }
  struct telling *t = mem_alloc(sizeof *t);
  *t = (struct telling){.hooks = h,
                        .run = run,
                        .status = status,
                        .op = {.kind = &read_kind, .done = row_read},
                        .post = {.fn = on_row}};
  h->n++;
  list_push_tail(&h->tellings, &t->node);
  store_read_post(h->store, &t->op);
}

struct hooks *hooks_new(struct loop *loop, struct store *store, const struct hooks_settings *settings) {
  struct hooks *h = mem_alloc(sizeof *h);
  *h = (struct hooks){.loop = loop, .store = store, .stop = -1, .settings = *settings};
  if (settings->command) {
    h->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    h->thread = pool_new(loop, 1);
  }
  if (h->settings.attempts <= 0) h->settings.attempts = 5;
  if (h->settings.pause_s <= 0) h->settings.pause_s = 1;
  h->http = http_new(loop);
  list_init(&h->tellings);
  return h;
}

void hooks_stop(struct hooks *h) {
  if (!h || !h->thread) return;
  if (eventfd_write(h->stop, 1) != 0) log_warn("a notify command may hold the end of this host");
  pool_free(h->thread);
  h->thread = NULL;
}

/* After the loop and the store ended: nothing comes back any more. */
void hooks_free(struct hooks *h) {
  if (!h) return;
  if (h->stop >= 0) close(h->stop);
  while (!list_empty(&h->tellings)) telling_free(list_owner(h->tellings.next, struct telling, node));
  http_free(h->http);
  free(h);
}
