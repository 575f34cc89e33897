/* internal.h - what the files of acts/ share. The command functions themselves are in commands.h. */
#pragma once
#include "acts/commands.h"
#include "store/runs.h"
#include "store/scripts.h"

struct script_set;

/* gather.c. A path without its folder and ".lua"; the caller frees. */
char *gather_base_name(const char *path);
/* The scripts as they are now; `extra_dir` and `file` as in commands_gather. The caller unrefs *out. */
enum err gather_now(struct commands *c, const char *extra_dir, const char *file, struct script_set **out,
                    struct error *e);
/* The set as the store takes it. The caller frees `files`. */
struct op_script_set gather_op(const struct script_set *s, struct script_source **files);
/* Stores the set; its id. */
enum err gather_save(struct commands *c, const struct script_set *s, int64_t *id, struct error *e);

/* check.c. `known` ends with NULL. */
enum err check_only_fields(const json_t *request, const char *const *known, struct error *e);
enum err check_text(const json_t *request, const char *field, size_t most, struct error *e);
/* models, budgets, until and out of a request that starts or continues a run */
enum err check_options(struct commands *c, const json_t *request, struct error *e);
/* Can the limit in money that the request names hold? Not where a model has no price, unless its tokens are limited instead. `before`: the options
 * of the run that it continues, or NULL. */
enum err check_budget(struct commands *c, const json_t *request, const json_t *before, struct error *e);
/* The models that a run with these options may ask and whose price nobody knows, each once. The caller's. */
json_t *check_unpriced(const struct commands *c, const json_t *request, const json_t *before);

/* forecast.c. The forecast that a run shall keep. */
enum err check_forecast(const json_t *request, struct error *e);

/* runs.c. Without an engine the change is only recorded. */
void runs_start(struct commands *c, int64_t run);
/* command_run for a run that is a replay of a call (0: of none). */
enum err runs_create(struct commands *c, const json_t *request, int64_t replay_of, json_t **out,
                     struct error *e);
enum err runs_get(struct commands *c, int64_t run, struct run_row *row, struct error *e);
/* The options column of a run; `before`: of the run that it continues, or NULL. The caller frees. */
char *runs_options(const struct commands *c, const json_t *request, const json_t *before, bool anew);
/* What each role of the settings means at this time: {"writer": ["provider/model"]}. The caller's. */
json_t *runs_roles_now(const struct llm_settings *models);

/* again.c. What a resume or retry would change, checked and not yet written. */
struct change {
  struct with with;
  char *options;
  struct script_set *scripts; /* today's, when they are asked for */
  bool drops;                 /* a retry: what failed is asked again */
  int64_t at;                 /* a fork: everything from this place on is asked again; else 0 */
};

/* plan.c. What would stay and what would be asked again; nothing is changed. */
enum err plan_make(struct commands *c, const struct run_row *row, const struct change *ch, json_t **out,
                   struct error *e);
