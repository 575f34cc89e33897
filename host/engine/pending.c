/* pending.c - store ops whose answer comes back to the loop thread.
 *
 * `done` of an op runs on the store's thread and only posts to the loop. Until it came back the run's memory (rows, tasks, keys: what
 * the op points into) stays, also when the run ended or was dropped meanwhile; nobody is called then. */
#include <stdlib.h>

#include "base/mem.h"
#include "engine/internal.h"

void op_release(struct store_op *op) {
  if (op->kind->free)
    op->kind->free(op);
  else
    free(op);
}

static void on_loop(struct post *post) {
  struct pending *p = list_owner(post, struct pending, post);
  struct run *run = p->run;
  struct wait *w = p->wait;
  run->in_flight--;
  run_share_writer(run, p->op->took_ns);
  if (w) {
    w->pending = NULL;
    if (w->state == WAIT_DETACHED) {
      wait_free(w);
      w = NULL;
    }
  }
  bool alive = run->state != RUN_GONE;
  if (alive && p->op->err == ERR_FENCED) {
    run_drop(run);
  } else if (alive && w && p->on_wait) {
    p->on_wait(w, p->op);
  } else if (p->on_run) {
    p->on_run(run, p->op); /* also when gone: it frees what it brought */
  }
  op_release(p->op);
  free(p);
  run_maybe_free(run);
}

static void on_store(struct store_op *op) {
  struct pending *p = op->owner;
  loop_post(p->run->engine->loop, &p->post);
}

void pending_post(struct run *run, struct wait *w, struct store_op *op, bool read,
                  void (*on_wait)(struct wait *, struct store_op *),
                  void (*on_run)(struct run *, struct store_op *)) {
  struct pending *p = mem_alloc(sizeof *p);
  *p = (struct pending){
      .post = {.fn = on_loop}, .op = op, .run = run, .wait = w, .on_wait = on_wait, .on_run = on_run};
  op->owner = p;
  op->done = on_store;
  run->in_flight++;
  if (w) w->pending = p;
  if (read) {
    store_read_post(run->engine->store, op);
  } else {
    run_posts(run);
    store_post(run->engine->store, op);
  }
}
