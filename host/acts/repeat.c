/* repeat.c - what a resume or retry may ask again, before it is asked: an upper bound from the run's record. Only the script knows which
 * requests really change; those that do not are answered from the record. Threads: those of commands.h. */
#include <stdlib.h>
#include <string.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "acts/commands.h"
#include "engine/with.h"
#include "store/journal.h"
#include "store/runs.h"

struct bound {
  struct commands *commands;
  const json_t *models; /* the run's own choice: role -> list */
  const char *with;
  bool any_content; /* scripts or documents may change any request */
  bool any_model;   /* models are resolved anew: of which roles, with.h says */
  int64_t calls, all;
};

/* What the role stands for now. */
static const char *resolves_to(const struct bound *b, const char *role) {
  json_t *own = json_object_get(b->models, role);
  if (!own) own = json_object_get(b->models, "");
  const char *first = json_string_value(json_array_get(own, 0));
  return first ? first : llm_resolve(b->commands->llm, role, NULL, 0);
}

static void add_calls(void *arg, const struct journal_calls *row) {
  struct bound *b = arg;
  bool moved = false;
  b->all += row->calls;
  if (b->any_model && with_models_of(b->with, row->role)) {
    const char *now = resolves_to(b, row->role);
    moved = !now || strcmp(now, row->model) != 0;
  }
  if (b->any_content || moved) b->calls += row->calls;
}

static const char *note_of(const struct bound *b) {
  if (b->any_content)
    return "At most: a call is asked again only if its request changes; all others are answered from the record.";
  if (b->any_model)
    return "The calls that another model answered; what builds on them may change and be asked again too.";
  return "An exact replay: nothing that was answered is asked again.";
}

/* "scripts,models=writer" */
static enum err read_with(struct bound *b, struct error *e) {
  char *words = mem_dup(b->with), *rest = NULL;
  enum err err = OK;
  for (char *word = strtok_r(words, ",", &rest); word && err == OK; word = strtok_r(NULL, ",", &rest)) {
    bool role = strncmp(word, "models=", 7) == 0 && word[7];
    if (strcmp(word, "scripts") == 0 || strcmp(word, "artifacts") == 0)
      b->any_content = true;
    else if (strcmp(word, "models") == 0 || role)
      b->any_model = true;
    else
      err = err_set(e, ERR_INVALID, "?with= knows scripts, artifacts, models and models=ROLE, not '%.50s'",
                    word);
  }
  free(words);
  return err;
}

enum err command_repeat(struct commands *c, int64_t run, const char *with, json_t **out, struct error *e) {
  struct bound b = {.commands = c, .with = with ? with : ""};
  struct run_row row = {0};
  json_t *options = NULL;
  int64_t entries = 0;
  enum err err = read_with(&b, e);
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
  json_decref(options);
  run_row_release(&row);
  return err;
}
