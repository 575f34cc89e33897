/* repeat.c - what a resume or retry may ask again, before it is asked: an upper bound from the run's record. Only the script knows which
 * requests really change; those that do not are answered from the record. Threads: those of commands.h. */
#include <stdlib.h>
#include <string.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "acts/commands.h"
#include "engine/engine.h"
#include "store/journal.h"
#include "store/runs.h"
#include "store/with.h"

struct bound {
  struct commands *commands;
  const json_t *models; /* the run's own choice: role -> list */
  struct with with;
  int64_t calls, all;
};

/* Would another model answer the role now? */
static bool moved(const struct bound *b, const struct journal_calls *row) {
  json_t *own = json_object_get(b->models, row->role);
  if (!own) own = json_object_get(b->models, "");
  size_t n = json_array_size(own);
  const char **models = mem_alloc((n + 1) * sizeof *models);
  for (size_t i = 0; i < n; i++) models[i] = json_string_value(json_array_get(own, i));
  bool other = llm_role_moved(b->commands->llm, row->role, models, n, row->model);
  free(models);
  return other;
}

/* Scripts or documents may change any request. */
static bool any_content(const struct bound *b) {
  return b->with.scripts || b->with.artifacts;
}

static void add_calls(void *arg, const struct journal_calls *row) {
  struct bound *b = arg;
  b->all += row->calls;
  if (any_content(b) || (with_models_of(&b->with, row->role) && moved(b, row))) b->calls += row->calls;
}

static const char *note_of(const struct bound *b) {
  if (any_content(b))
    return "At most: a call is asked again only if its request changes; all others are answered from the record.";
  if (b->with.models)
    return "The calls that another model answered; what builds on them may change and be asked again too.";
  return "An exact replay: nothing that was answered is asked again.";
}

enum err command_repeat(struct commands *c, int64_t run, const char *with, json_t **out, struct error *e) {
  struct bound b = {.commands = c};
  struct run_row row = {0};
  json_t *options = NULL;
  int64_t entries = 0;
  enum err err = with_parse(with, &b.with, e);
  struct db *db = err == OK ? store_reader(c->store) : NULL;
  if (err == OK) err = run_get(db, run, &row, e);
  if (err == OK && row.options) jsonx_parse(row.options, strlen(row.options), "options", &options, NULL);
  b.models = json_object_get(options, "models");
  if (err == OK &&
      (journal_count(db, run, &entries) != OK || journal_calls_each(db, run, add_calls, &b) != OK))
    err = db_error(db, e);
  store_reader_release(c->store, db);
  if (err == OK)
    *out = json_pack("{s:I, s:I, s:I, s:s}", "entries", (json_int_t)entries, "calls", (json_int_t)b.calls,
                     "recorded_calls", (json_int_t)b.all, "note", note_of(&b));
  with_release(&b.with);
  json_decref(options);
  run_row_release(&row);
  return err;
}
