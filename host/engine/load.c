/* load.c - what a run needs from the database before it can move: its journal, its script set, what it told already.
 * One read on a reader thread:  run_load -> load_apply (reader) -> loaded (loop) -> run_begin */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/internal.h"
#include "store/events.h"
#include "store/scripts.h"

enum { INLINE_RESULT = 4096 }; /* larger answers are fetched when they are asked for */

struct op_load {
  struct store_op op;
  int64_t run, set;
  bool need_set;
  struct journal_row *rows; /* strings owned */
  size_t n, cap;
  struct script_set *scripts;
  int64_t events;
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

static void keep_source(void *arg, const struct script_source *src) {
  script_set_add_text(arg, src->name, src->name, src->text, src->n);
}

static void free_rows(struct op_load *op) {
  for (size_t i = 0; i < op->n; i++) {
    const char *strings[] = {op->rows[i].scope,  op->rows[i].kind,           (const char *)op->rows[i].hash,
                             op->rows[i].result, op->rows[i].provider_model, op->rows[i].role};
    for (size_t k = 0; k < sizeof strings / sizeof *strings; k++) free((void *)(uintptr_t)strings[k]);
  }
  op->n = 0;
}

static enum err load_apply(struct db *db, struct store_op *base) {
  struct op_load *op = (struct op_load *)base;
  free_rows(op);
  enum err err = journal_each(db, op->run, INLINE_RESULT, keep_row, op);
  if (err == OK) err = events_last_ordinal(db, op->run, &op->events);
  if (err == OK && op->need_set) {
    script_set_unref(op->scripts);
    op->scripts = script_set_new();
    err = script_set_each(db, op->set, keep_source, op->scripts);
    script_set_seal(op->scripts);
    if (err == OK) err = script_set_compile(op->scripts, &op->op.error);
  }
  return err;
}

static void load_free(struct store_op *base) {
  struct op_load *op = (struct op_load *)base;
  free_rows(op);
  free(op->rows);
  script_set_unref(op->scripts);
  free(op);
}
static const struct store_op_kind load_kind = {.name = "run_load", .apply = load_apply, .free = load_free};

static char *set_key(int64_t id) {
  return mem_printf("%lld", (long long)id);
}

static void loaded(struct run *run, struct store_op *base) {
  struct op_load *op = (struct op_load *)base;
  if (run->state == RUN_GONE) return;
  if (op->op.err != OK) {
    run_fail(run, op->op.err, &op->op.error, NULL);
    return;
  }
  char *key = set_key(op->set);
  struct script_set *set = map_get(run->engine->sets, key);
  if (!set && op->scripts) {
    set = op->scripts;
    op->scripts = NULL;
    map_put(run->engine->sets, key, set);
  }
  free(key);
  run->scripts = script_set_ref(set);
  for (size_t i = 0; i < op->n; i++) run_journal_add(run, &op->rows[i]);
  run->replaying = op->n > 0;
  run->events_told = op->events;
  run_begin(run);
}

void run_load(struct run *run) {
  char *key = set_key(run->row.script_set);
  struct op_load *op = mem_alloc(sizeof *op);
  op->op.kind = &load_kind;
  op->run = run->id;
  op->set = run->row.script_set;
  op->need_set = map_get(run->engine->sets, key) == NULL;
  free(key);
  pending_post(run, NULL, &op->op, true, NULL, loaded);
}
