/* check.c - what every request is checked for before anything is written: its fields, texts, models, budget and folder. Threads: those of
 * commands.h. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "acts/commands.h"
#include "acts/internal.h"
#include "base/file.h"
#include "base/jsonx.h"
#include "base/text.h"
#include "llm/llm.h"

enum err check_only_fields(const json_t *request, const char *const *known, struct error *e) {
  if (!json_is_object(request)) return err_set(e, ERR_INVALID, "the request must be a JSON object");
  const char *key;
  json_t *v;
  json_object_foreach((json_t *)(uintptr_t)request, key, v) {
    size_t i = 0;
    while (known[i] && strcmp(known[i], key) != 0) i++;
    if (known[i]) continue;
    const char *near = text_nearest(key, known);
    err_set(e, ERR_INVALID, "unknown field '%s'", key);
    if (near) err_hint(e, "did you mean '%s'?", near);
    return ERR_INVALID;
  }
  return OK;
}

static enum err check_models(struct commands *c, const json_t *models, struct error *e) {
  const char *role;
  json_t *list;
  if (models && !json_is_object(models))
    return err_set(e, ERR_INVALID, "'models' must be an object of lists");
  json_object_foreach((json_t *)(uintptr_t)models, role, list) {
    if (!json_is_array(list) || json_array_size(list) == 0)
      return err_set(e, ERR_INVALID, "the models of role '%s' must be a list", role);
    for (size_t i = 0; i < json_array_size(list); i++) {
      const char *name = json_string_value(json_array_get(list, i));
      if (!name) return err_set(e, ERR_INVALID, "a model is written provider/name");
      enum err err = llm_check_model(c->llm, name, e);
      if (err != OK) return err;
    }
  }
  return OK;
}

enum err check_text(const json_t *request, const char *field, size_t most, struct error *e) {
  const json_t *v = json_object_get(request, field);
  if (!v || json_is_null(v)) return OK;
  if (!json_is_string(v)) return err_set(e, ERR_INVALID, "'%s' must be text", field);
  if (json_string_length(v) == 0 || json_string_length(v) > most)
    return err_set(e, ERR_INVALID, "'%s' must have 1 to %zu bytes", field, most);
  return OK;
}

/* Before a book is paid for, not after. */
static enum err check_out(const json_t *request, struct error *e) {
  enum err err = check_text(request, "out", 4000, e);
  const char *dir = jsonx_str(request, "out", NULL);
  if (err != OK || !dir) return err;
  err = file_mkdirs(dir, 0777, e);
  if (err == OK && access(dir, W_OK) != 0) err = err_errno(e, errno, "cannot write to the folder %s", dir);
  if (err == OK) return OK;
  err_hint(e, "choose another with --out DIR");
  if (e) e->code = ERR_INVALID;
  return ERR_INVALID;
}

enum err check_options(struct commands *c, const json_t *request, struct error *e) {
  enum err err = check_text(request, "until", 200, e);
  if (err == OK) err = check_out(request, e);
  const json_t *usd = json_object_get(request, "budget_usd");
  if (err == OK && usd &&
      (!json_is_number(usd) || json_number_value(usd) < 0 || json_number_value(usd) > 1e6))
    err = err_set(e, ERR_INVALID, "the budget must be from 0 to 1,000,000 USD");
  const json_t *tokens = json_object_get(request, "budget_tokens");
  if (err == OK && tokens && (!json_is_integer(tokens) || json_integer_value(tokens) < 1))
    err = err_set(e, ERR_INVALID, "'budget_tokens' must be a number of tokens, 1 or more");
  enum llm_at_limit ignored;
  const char *at = jsonx_str(request, "at_budget", "pause");
  if (err == OK && !llm_at_limit_of(at, &ignored))
    err = err_set(e, ERR_INVALID, "'at_budget' must be pause, cheaper or skip, not '%.40s'", at);
  if (err == OK) err = check_models(c, json_object_get(request, "models"), e);
  return err;
}

/* ---- can a limit in money hold? */

static void add_unpriced(const struct commands *c, const json_t *list, json_t *to) {
  size_t i, k;
  json_t *model, *known;
  json_array_foreach((json_t *)(uintptr_t)list, i, model) {
    bool told = !c->models || llm_is_priced(c->models, json_string_value(model));
    json_array_foreach(to, k, known) told = told || json_equal(known, model);
    if (!told) json_array_append(to, model);
  }
}

/* A run's own choice goes before what the roles mean now, which is what is asked; the role "" stands for all that are not named. */
json_t *check_unpriced(const struct commands *c, const json_t *request, const json_t *before) {
  const json_t *chosen = json_object_get(request, "models");
  json_t *unpriced = json_array(), *now = runs_roles_now(c->models);
  const char *role;
  json_t *list;
  if (!chosen) chosen = json_object_get(before, "models");
  json_object_foreach((json_t *)(uintptr_t)chosen, role, list) add_unpriced(c, list, unpriced);
  json_object_foreach(now, role, list) {
    if (!json_object_get(chosen, "") && !json_object_get(chosen, role)) add_unpriced(c, list, unpriced);
  }
  json_decref(now);
  return unpriced;
}

static enum err no_price(const char *model, double usd, struct error *e) {
  err_set(e, ERR_INVALID, "the price of %.100s is not known, so a budget of %.2f USD would limit nothing",
          model, usd);
  err_hint(
      e,
      "say what it costs per million tokens, in quire.lua: prices = { [\"%.100s\"] = { input = USD, output = USD } } (0 where "
      "nobody bills it); or limit its tokens: --tokens N",
      model);
  return ERR_INVALID;
}

enum err check_budget(struct commands *c, const json_t *request, const json_t *before, struct error *e) {
  const json_t *usd = json_object_get(request, "budget_usd");
  if (!usd && json_object_get(request, "models")) usd = json_object_get(before, "budget_usd");
  bool limited = json_object_get(request, "budget_tokens") || json_object_get(before, "budget_tokens");
  if (!usd || limited) return OK;
  json_t *unpriced = check_unpriced(c, request, before);
  const char *model = json_string_value(json_array_get(unpriced, 0));
  enum err err = model ? no_price(model, json_number_value(usd), e) : OK;
  json_decref(unpriced);
  return err;
}
