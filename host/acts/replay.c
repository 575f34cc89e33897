/* replay.c - the question of one call asked again, beside its run: as a run of its own (pipelines/ask_again.lua), so that money, journal, limits,
 * cancel and crashes are those of any run, and the run that it comes from is not touched. Threads: those of commands.h. */
#include <stdlib.h>
#include <string.h>

#include "acts/commands.h"
#include "acts/internal.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "store/calls.h"

struct question {
  int64_t call, run;
  char *model; /* "provider/model" that it was asked of */
  json_t *ask; /* as llm.ask takes it */
  json_t *blocks;
};

static void question_release(struct question *q) {
  free(q->model);
  json_decref(q->ask);
  json_decref(q->blocks);
}

/* What the row keeps and llm.ask takes; the rest is the host's own account of the request. */
static void take_call(void *arg, const struct call_row *k) {
  static const char *const asked[] = {"max_words", "temperature", "reasoning", "key",
                                      "schema",    "extra",       NULL};
  struct question *q = arg;
  json_t *params = NULL, *v;
  q->run = k->run;
  q->model = mem_printf("%s/%s", k->provider, k->model);
  q->ask = json_pack("{s:s}", "role", k->role);
  if (k->params) (void)jsonx_parse(k->params, strlen(k->params), "parameters", &params, NULL);
  for (int i = 0; asked[i]; i++)
    if ((v = json_object_get(params, asked[i]))) json_object_set(q->ask, asked[i], v);
  json_decref(params);
}

static void take_block(void *arg, const struct call_block *block) {
  struct question *q = arg;
  json_t *v = json_pack("{s:o, s:b}", "text", json_stringn(block->text, block->n), "stable", block->stable);
  if (v && block->name) json_object_set_new(v, "name", json_string(block->name));
  if (v) json_array_append_new(q->blocks, v);
}

static enum err read_question(struct commands *c, int64_t call, struct question *q, struct error *e) {
  *q = (struct question){.call = call, .blocks = json_array()};
  struct db *db = store_reader(c->store);
  enum err err = call_get(db, call, take_call, q, e);
  if (err == OK && call_blocks_each(db, call, take_block, q) != OK) err = db_error(db, e);
  store_reader_release(c->store, db);
  if (err != OK || json_array_size(q->blocks)) return err;
  err_set(e, ERR_CONFLICT, "the prompt of call %lld is gone: the record of its run was pruned",
          (long long)call);
  return ERR_CONFLICT;
}

/* The words of a person in place of the blocks'; a block that has none of before comes last and is not stable. */
static enum err edit_blocks(struct question *q, const json_t *texts, struct error *e) {
  size_t n = json_array_size(texts);
  if (!texts) return OK;
  if (!n) return err_set(e, ERR_INVALID, "'blocks' must be a list of texts, one a block");
  json_t *edited = json_array();
  for (size_t i = 0; i < n; i++) {
    json_t *text = json_array_get(texts, i), *before = json_array_get(q->blocks, i);
    if (!json_is_string(text)) {
      json_decref(edited);
      return err_set(e, ERR_INVALID, "'blocks' must be a list of texts, one a block");
    }
    json_t *v = before ? json_copy(before) : json_object();
    json_object_set(v, "text", text);
    json_array_append_new(edited, v);
  }
  json_decref(q->blocks);
  q->blocks = edited;
  return OK;
}

/* The request of the run that asks it. */
static json_t *run_request(const struct question *q, const char *project, const json_t *given) {
  const char *model = jsonx_str(given, "model", q->model);
  json_object_set(q->ask, "blocks", q->blocks);
  char *ask = jsonx_dumps(q->ask);
  json_t *request =
      json_pack("{s:s, s:s, s:{s:I, s:s}, s:{s:[s]}}", "pipeline", "ask_again", "project", project, "input",
                "call", (json_int_t)q->call, "ask", ask ? ask : "", "models", "", model);
  static const char *const passed[] = {"budget_usd", "budget_tokens", "key", NULL};
  for (int i = 0; passed[i]; i++)
    if (json_object_get(given, passed[i]))
      json_object_set(request, passed[i], json_object_get(given, passed[i]));
  free(ask);
  return request;
}

enum err command_replay(struct commands *c, int64_t call, const json_t *request, json_t **out,
                        struct error *e) {
  static const char *const known[] = {"model", "blocks", "budget_usd", "budget_tokens", "key", NULL};
  struct question q = {0};
  struct run_row row = {0};
  enum err err = check_only_fields(request, known, e);
  if (err == OK) err = check_text(request, "model", 200, e);
  if (err == OK) err = read_question(c, call, &q, e);
  if (err == OK) err = edit_blocks(&q, json_object_get(request, "blocks"), e);
  if (err == OK) err = runs_get(c, q.run, &row, e);
  if (err == OK) {
    json_t *run = run_request(&q, row.project, request);
    err = runs_create(c, run, call, out, e);
    json_decref(run);
  }
  if (err == OK) json_object_set_new(*out, "call", json_integer(call));
  run_row_release(&row);
  question_release(&q);
  return err;
}
