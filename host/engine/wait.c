/* wait.c - the life of a wait: made, yielded for, answered, let go. See run.h for its four parts. */
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/internal.h"
#include "lua/value.h"

enum { STORE_AGAIN_MS = 10000 };

/* ---- making, yielding, ending */

void wait_allowed(lua_State *L, const char *api_name) {
  struct run *run = run_of(L);
  if (!run || !run->current)
    luaL_error(L, "%s cannot be called at a module's top level; call it from the pipeline's run function",
               api_name);
  if (!lua_isyieldable(L))
    luaL_error(
        L, "%s cannot wait here (inside a sort comparator, a gsub callback, a step, or a module's top level)",
        api_name);
}

/* n of this (kind, hash) in the task's scope: the first is 1. */
static int64_t count_equal(struct task *t, const struct journal_key *key) {
  char packed[64 + SHA_BYTES];
  size_t kind = strlen(key->kind);
  if (kind > 63) kind = 63;
  memcpy(packed, key->kind, kind);
  memcpy(packed + kind, key->hash, SHA_BYTES);
  if (!t->counts) t->counts = map_new();
  intptr_t n = (intptr_t)map_get_n(t->counts, packed, kind + SHA_BYTES) + 1;
  map_put_n(t->counts, packed, kind + SHA_BYTES, (void *)n);
  return n;
}

struct wait *wait_new(struct run *run, const struct wait_kind *kind, void *data) {
  struct task *t = run->current;
  if (t->wait) wait_free(t->wait); /* made, but something raised before it was yielded for */
  struct wait *w = mem_alloc(sizeof *w);
  w->kind = kind;
  w->task = t;
  w->data = data;
  buf_init(&w->content, MAX_REQUEST_BYTES);
  list_init(&w->inbox);
  list_init(&w->behind);
  t->wait = w;
  return w;
}

void wait_seal(struct wait *w) {
  if (!w->kind->journaled || w->key.scope) return;
  w->key.scope = w->task->scope;
  w->key.kind = w->kind->name;
  struct sha256 *h = sha256_begin(); /* the canonical form's version stands in front: "1" */
  sha256_add(h, "quire 1 ", 8);
  sha256_add(h, w->kind->name, strlen(w->kind->name) + 1);
  sha256_add(h, w->content.data, w->content.len);
  sha256_end(h, w->key.hash);
  w->key.n = count_equal(w->task, &w->key);
  buf_release(&w->content);
}

enum err wait_hold(struct wait *w, size_t n, struct error *e) {
  struct machine *m = w->task->run->machine;
  if (!machine_hold(m, n)) {
    err_set(e, ERR_LIMIT,
            "limit: what waits to be written or asked, and the script's own data, need more than %zu MB",
            m->limits.memory >> 20);
    err_hint(e, "do less at a time, or raise limits.memory_mb in the pipeline or in quire.lua");
    return ERR_LIMIT;
  }
  w->held += n;
  return OK;
}

static void let_go(struct wait *w) {
  if (w->held && w->task->run->machine) machine_let_go(w->task->run->machine, w->held);
  w->held = 0;
}

/* {"failed":{"kind","message","hint"}} as an error table, with the place in front of the message. */
static int raise_failure(lua_State *L, const struct wait *w) {
  value_push_json(L, w->result, w->n_result);
  lua_getfield(L, -1, "failed");
  luaL_where(L, 1);
  lua_getfield(L, -2, "message");
  lua_concat(L, 2);
  lua_setfield(L, -2, "message");
  return lua_error(L);
}

/* The continuation: under lua_resume, so raising is fine. The wait belongs to task->finished until the resume is over. */
static int wait_continue(lua_State *L, int status, lua_KContext ctx) {
  (void)status;
  (void)ctx;
  struct task *t = run_of(L)->current;
  struct wait *w = t->wait;
  t->wait = NULL;
  t->finished = w;
  let_go(w);
  return w->failed ? raise_failure(L, w) : w->kind->finish(L, w);
}

void wait_abandon(struct wait *w) {
  w->task->wait = NULL;
  wait_free(w);
}

int wait_yield(lua_State *L, struct wait *w) {
  struct error e = {0};
  run_check_written(L, w->kind->api_name);
  if (wait_hold(w, w->content.len, &e) != OK) {
    wait_abandon(w);
    return luaL_error(L, "%s", e.message);
  }
  wait_seal(w);
  return lua_yieldk(L, 0, 0, wait_continue);
}

void wait_free(struct wait *w) {
  let_go(w);
  if (w->kind->release)
    w->kind->release(w);
  else
    free(w->data);
  buf_release(&w->content);
  free(w->result);
  free(w);
}

/* Nobody wants it any more. Its op, if one is in flight, comes back to nothing. */
void wait_detach(struct wait *w) {
  struct engine *en = w->task->run->engine;
  if (w->state == WAIT_STARTED && w->kind->cancel) w->kind->cancel(w);
  timer_clear(en->loop, &w->timer);
  list_remove(&w->inbox);
  list_remove(&w->behind);
  w->state = WAIT_DETACHED;
  let_go(w);
  w->task = NULL;
  if (!w->pending) wait_free(w);
}

void wait_insert(struct wait *w) {
  struct list *inbox = &w->task->run->inbox, *at = inbox->prev;
  while (at != inbox && list_owner(at, struct wait, inbox)->seq > w->seq) at = at->prev;
  list_insert_before(at->next, &w->inbox);
}

/* ---- answers */

void wait_ready(struct wait *w) {
  w->state = WAIT_READY;
  if (list_empty(&w->inbox)) wait_insert(w);
  sched_add(w->task->run);
}

void wait_deliver(struct wait *w, char *result, size_t n) {
  w->result = result;
  w->n_result = n;
  wait_ready(w);
}

static void park_for_store(struct run *run, const struct error *e) {
  log_warnx("run %lld waits and continues automatically: %s. %s", (long long)run->id, e->message, e->hint);
  run_park(run, FOR_STORE, e->message, e->hint, clock_wall_ms() + STORE_AGAIN_MS);
}

void run_store_error(struct run *run, struct wait *w, enum err err, const struct error *e) {
  if (store_err_is_database(err) || err == ERR_CLOSED)
    park_for_store(run, e);
  else if (w && !w->recorded && !w->failed)
    wait_fail(w, err, e);
  else
    run_fail(run, err, e, NULL);
}

static const char failure_head[] = "{\"failed\":{";

void wait_fail(struct wait *w, enum err code, const struct error *e) {
  json_t *v = json_pack("{s:{s:s, s:o}}", "failed", "kind", err_name(code), "message",
                        jsonx_words(e->message, sizeof e->message));
  if (e->hint[0])
    json_object_set_new(json_object_get(v, "failed"), "hint", jsonx_words(e->hint, sizeof e->hint));
  char *text = jsonx_dumps(v);
  json_decref(v);
  w->failed = true;
  wait_journal(w, text, strlen(text));
}

/* What a script's own step returns may look like anything, but no step fails here. */
bool wait_is_failure(const struct wait *w) {
  return w->n_result > sizeof failure_head && strcmp(w->key.kind, "step") != 0 &&
         memcmp(w->result, failure_head, sizeof failure_head - 1) == 0;
}

void wait_take(struct wait *w, struct store_op *op, char **result) {
  if (op->err != OK) {
    run_store_error(w->task->run, w, op->err, &op->error);
    return;
  }
  char *taken = *result;
  *result = NULL;
  wait_deliver(w, taken, strlen(taken));
}

static void journaled(struct wait *w, struct store_op *op) {
  if (op->err == OK) {
    wait_ready(w); /* w->result was set by wait_journal */
    return;
  }
  free(w->result);
  w->result = NULL;
  run_store_error(w->task->run, w, op->err, &op->error);
}

static void fill_entry(struct wait *w, struct journal_entry *entry) {
  struct run *run = w->task->run;
  w->seq = ++run->seq;
  w->at_ms = clock_wall_ms();
  entry->run = run->id;
  entry->epoch = run->epoch;
  entry->seq = w->seq;
  entry->key = w->key;
  entry->supersedes = w->supersedes;
  entry->call_id = w->call_id;
  entry->at_ms = w->at_ms;
}

void wait_post(struct wait *w, struct store_op *op, struct journal_entry *entry,
               void (*done)(struct wait *w, struct store_op *op)) {
  w->state = WAIT_STARTED;
  fill_entry(w, entry);
  pending_post_entry(w, op, done);
}

/* The op has a copy of all it needs: the run goes on, and the wait is over before the op is. */
static void journal_early(struct wait *w, struct op_journal *op) {
  struct journal_entry *entry = &op->entry;
  size_t n_scope = strlen(entry->key.scope) + 1, n_kind = strlen(entry->key.kind) + 1;
  char *copy = op->memory = mem_alloc(n_scope + n_kind + entry->n_result);
  entry->key.scope = memcpy(copy, entry->key.scope, n_scope);
  entry->key.kind = memcpy(copy + n_scope, entry->key.kind, n_kind);
  entry->result = memcpy(copy + n_scope + n_kind, entry->result, entry->n_result);
  pending_post_early(w->task->run, &op->op, entry->n_result);
  wait_ready(w);
}

void wait_journal(struct wait *w, char *result, size_t n) {
  struct op_journal *op = mem_alloc(sizeof *op);
  op->op.kind = &op_journal_kind;
  w->result = result;
  w->n_result = n;
  op->entry.result = result;
  op->entry.n_result = n;
  w->state = WAIT_STARTED;
  fill_entry(w, &op->entry);
  if (run_may_go_on(w->task->run, n))
    journal_early(w, op);
  else
    pending_post_entry(w, &op->op, journaled);
}
