/* pending.c - store ops whose answer comes back to the loop thread.
 *
 * `done` of an op runs on the store's thread and only posts to the loop. Until it came back the run's memory (rows, tasks, keys: what
 * the op points into) stays, also when the run ended or was dropped meanwhile; nobody is called then.
 *
 * A run goes on with an answer while its commit is on the way (early): what depends on it and leaves the host is either posted behind it, on the
 * run's line, or waits behind it (wait_behind). When it is lost after all (neither committed nor spooled), the writer refuses the rest of
 * the line, and the run is parked and begins again from its record. */
#include <stdlib.h>

#include "base/mem.h"
#include "engine/internal.h"

enum { MOST_EARLY = 32, MOST_EARLY_BYTES = 1 << 20 };

void op_release(struct store_op *op) {
  if (op->kind->free)
    op->kind->free(op);
  else
    free(op);
}

bool run_may_go_on(const struct run *run, size_t n) {
  return run->state == RUN_LIVE && run->line && !run->late && run->early < MOST_EARLY &&
         run->early_bytes + n <= MOST_EARLY_BYTES;
}

void run_goes_on(struct run *run, size_t n) {
  run->early++;
  run->early_bytes += n;
}

static void forget_line(struct run *run) {
  store_line_unref(run->line);
  run->line = NULL;
  run_pressure_release(run);
}

void run_went_on(struct run *run, size_t n, enum err err, const struct error *e) {
  run->early--;
  run->early_bytes -= n;
  if (err != OK && run->line) {
    forget_line(run);
    if (run->state == RUN_LIVE && err == ERR_FENCED)
      run_drop(run);
    else if (run->state == RUN_LIVE)
      run_store_error(run, NULL, err, e);
  }
  struct list *node;
  while (!run->early && run->state == RUN_LIVE && (node = list_pop_head(&run->behind))) {
    struct wait *w = list_owner(node, struct wait, behind);
    w->behind_fn(w);
  }
}

void wait_behind(struct wait *w, void (*fn)(struct wait *w)) {
  struct run *run = w->task->run;
  if (!run->early) {
    fn(w);
    return;
  }
  w->behind_fn = fn;
  list_push_tail(&run->behind, &w->behind);
}

void engine_posted(struct engine *en) {
  if (!en->unwoken) en->unwoken = 1;
}

static void entry_landed(struct run *run, const struct pending *p) {
  if (p->place == PLACE_EARLY) run_went_on(run, p->n_early, p->op->err, &p->op->error);
  if (p->place == PLACE_LATE) run->late--;
}

static void on_loop(struct post *post) {
  struct pending *p = list_owner(post, struct pending, post);
  struct run *run = p->run;
  struct wait *w = p->wait;
  run->in_flight--;
  run_share_writer(run, p->op->took_ns);
  entry_landed(run, p);
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

void run_builds(const struct run *run, struct store_op *op) {
  op->line = run->line;
  op->builds = run->line != NULL;
}

static void post(struct pending *p, bool read) {
  struct run *run = p->run;
  p->post.fn = on_loop;
  p->op->owner = p;
  p->op->done = on_store;
  run->in_flight++;
  if (p->wait) p->wait->pending = p;
  if (read) {
    store_read_post(run->engine->store, p->op);
  } else {
    run_posts(run);
    store_post_later(run->engine->store, p->op);
    engine_posted(run->engine);
  }
}

void pending_post(struct run *run, struct wait *w, struct store_op *op, bool read,
                  void (*on_wait)(struct wait *, struct store_op *),
                  void (*on_run)(struct run *, struct store_op *)) {
  struct pending *p = mem_alloc(sizeof *p);
  *p = (struct pending){.op = op, .run = run, .wait = w, .on_wait = on_wait, .on_run = on_run};
  post(p, read);
}

void pending_post_entry(struct wait *w, struct store_op *op,
                        void (*on_wait)(struct wait *, struct store_op *)) {
  struct run *run = w->task->run;
  struct pending *p = mem_alloc(sizeof *p);
  *p = (struct pending){.op = op, .run = run, .wait = w, .on_wait = on_wait, .place = PLACE_LATE};
  run_builds(run, op);
  run->late++;
  post(p, false);
}

void pending_post_early(struct run *run, struct store_op *op, size_t n) {
  struct pending *p = mem_alloc(sizeof *p);
  *p = (struct pending){.op = op, .run = run, .place = PLACE_EARLY, .n_early = n};
  run_builds(run, op);
  op->early = true;
  run_goes_on(run, n);
  post(p, false);
}
