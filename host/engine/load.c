/* load.c - what a run needs from the database before it can move: its journal, its script set, what it told already.
 *
 *   run_load -> (the set, if no run has brought it yet) -> load_apply (reader thread) -> loaded (loop) -> run_begin
 *
 * A set is read and compiled once, for the first run that wants it; the others wait for that. After a restart a thousand runs of one set
 * come at the same time, and compiling it is most of what each would cost. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/internal.h"
#include "store/events.h"
#include "store/scripts.h"

enum { INLINE_RESULT = 4096 }; /* larger answers are fetched when they are asked for */

struct op_load {
  struct store_op op;
  int64_t run;
  struct journal_row *rows; /* strings owned */
  size_t n, cap;
  struct told *told;
};

static void keep_row(void *arg, const struct journal_row *row) {
  struct op_load *op = arg;
  if (op->n == op->cap) {
    op->cap = op->cap ? op->cap * 2 : 32;
    op->rows = mem_grow(op->rows, op->cap * sizeof *op->rows);
  }
  struct journal_row *r = &op->rows[op->n++];
  *r = *row;
  r->scope = mem_dup(row->scope);
  r->kind = mem_dup(row->kind);
  char *hash = mem_dup_n((const char *)row->hash, SHA_BYTES);
  r->hash = (uint8_t *)hash;
  r->result = row->result ? mem_dup_n(row->result, row->n_result) : NULL;
  r->provider_model = mem_dup(row->provider_model);
  r->role = mem_dup(row->role);
}

static void free_rows(struct op_load *op) {
  for (size_t i = 0; i < op->n; i++) {
    const char *strings[] = {op->rows[i].scope,  op->rows[i].kind,           (const char *)op->rows[i].hash,
                             op->rows[i].result, op->rows[i].provider_model, op->rows[i].role};
    for (size_t k = 0; k < sizeof strings / sizeof *strings; k++) free((void *)(uintptr_t)strings[k]);
  }
  op->n = 0;
}

static void keep_told(void *arg, int64_t seq, const char *kind, const char *data) {
  told_add(&((struct op_load *)arg)->told, seq, kind, data);
}

static void forget_told(struct op_load *op) {
  told_free(op->told);
  op->told = NULL;
}

static enum err load_apply(struct db *db, struct store_op *base) {
  struct op_load *op = (struct op_load *)base;
  free_rows(op);
  forget_told(op);
  enum err err = journal_each(db, op->run, INLINE_RESULT, keep_row, op);
  if (err == OK) err = events_placed_each(db, op->run, keep_told, op);
  return err;
}

static void load_free(struct store_op *base) {
  struct op_load *op = (struct op_load *)base;
  free_rows(op);
  forget_told(op);
  free(op->rows);
  free(op);
}
static const struct store_op_kind load_kind = {.name = "run_load", .apply = load_apply, .free = load_free};

static void loaded(struct run *run, struct store_op *base) {
  struct op_load *op = (struct op_load *)base;
  if (run->state == RUN_GONE) return;
  if (op->op.err != OK) {
    run_store_error(run, NULL, op->op.err, &op->op.error);
    return;
  }
  for (size_t i = 0; i < op->n; i++) {
    run_note_answer(run, op->rows[i].role, op->rows[i].provider_model);
    run_journal_add(run, &op->rows[i]);
  }
  run->replaying = op->n > 0;
  run->told = op->told;
  op->told = NULL;
  run_at_entry(run, 0, true);
  run_begin(run);
}

static void load_journal(struct run *run, struct script_set *set) {
  run->scripts = script_set_ref(set);
  struct op_load *op = mem_alloc(sizeof *op);
  op->op.kind = &load_kind;
  op->run = run->id;
  pending_post(run, NULL, &op->op, true, NULL, loaded);
}

/* ---- the script set */

struct op_set {
  struct store_op op;
  int64_t set;
  struct script_set *scripts;
};

static void keep_source(void *arg, const struct script_source *src) {
  script_set_add_text(arg, src->name, src->name, src->text, src->n);
}

static enum err set_apply(struct db *db, struct store_op *base) {
  struct op_set *op = (struct op_set *)base;
  script_set_unref(op->scripts);
  op->scripts = script_set_new();
  enum err err = script_set_each(db, op->set, keep_source, op->scripts);
  script_set_seal(op->scripts);
  return err;
}

static void set_free(struct store_op *base) {
  script_set_unref(((struct op_set *)base)->scripts);
  free(base);
}
static const struct store_op_kind set_kind = {.name = "set_load", .apply = set_apply, .free = set_free};

static struct script_set *find_set(struct engine *en, int64_t id) {
  return map_get_n(en->sets, &id, sizeof id);
}

/* `run` asked for it and may be gone by now; whoever waits goes on all the same. */
static void set_loaded(struct run *run, struct store_op *base) {
  struct op_set *op = (struct op_set *)base;
  struct engine *en = run->engine;
  if (op->op.err == OK && !find_set(en, op->set)) {
    map_put_n(en->sets, &op->set, sizeof op->set, op->scripts);
    op->scripts = NULL;
  }
  for (struct list *node = en->set_waiters.next, *next; node != &en->set_waiters; node = next) {
    next = node->next;
    struct run *waiter = list_owner(node, struct run, set_node);
    if (waiter->row.script_set != op->set) continue;
    list_remove(node);
    if (op->op.err == OK)
      load_journal(waiter, find_set(en, op->set));
    else
      run_store_error(waiter, NULL, op->op.err, &op->op.error);
  }
}

static bool set_on_its_way(const struct engine *en, int64_t id) {
  const struct list *node = en->set_waiters.prev;
  while (node != &en->set_waiters && list_owner(node, struct run, set_node)->row.script_set != id)
    node = node->prev;
  return node != &en->set_waiters;
}

void run_load(struct run *run) {
  struct engine *en = run->engine;
  struct script_set *set = find_set(en, run->row.script_set);
  if (set) {
    load_journal(run, set);
    return;
  }
  bool asked = set_on_its_way(en, run->row.script_set);
  list_push_tail(&en->set_waiters, &run->set_node);
  if (asked) return;
  struct op_set *op = mem_alloc(sizeof *op);
  op->op.kind = &set_kind;
  op->set = run->row.script_set;
  pending_post(run, NULL, &op->op, true, NULL, set_loaded);
}
