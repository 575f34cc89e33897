/* config_data.c - see config_data.h. Prices are dollars per million tokens. */
#include "config_data.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/embedded.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "lua/describe.h"

enum { PRICE_MOST_USD = 5000, SIZE_MOST_TOKENS = 100000000 };

enum err config_data(const struct config *c, const char *name, json_t **out, struct error *e) {
  struct buf b;
  buf_init(&b, MAX_SCRIPT_BYTES);
  const char *text = NULL;
  size_t n = 0;
  enum err err = OK;
  char *file = mem_printf("scripts/%s.lua", name), *chunk = mem_printf("@%s", file);
  for (size_t i = 0; c->script_dirs[i] && !text && err == OK; i++) {
    char *path = mem_printf("%s/%s", c->script_dirs[i], file);
    if (access(path, F_OK) == 0 && (err = buf_read_text(&b, path, e)) == OK) text = b.data, n = b.len;
    free(path);
  }
  for (size_t i = 0; i < embedded_count && !text; i++)
    if (strcmp(embedded_files[i].name, file) == 0) text = embedded_files[i].data, n = embedded_files[i].size;
  if (err == OK && text) err = describe_data(text, n, chunk, out, e);
  buf_release(&b);
  free(file);
  free(chunk);
  return err;
}

/* ---- models */

static struct llm_price *price_at(struct config *c, const char *model) {
  for (size_t i = 0; i < c->llm.n_prices; i++)
    if (strcmp(c->llm.prices[i].model, model) == 0) return &c->llm.prices[i];
  c->llm.prices = mem_grow(c->llm.prices, (c->llm.n_prices + 1) * sizeof *c->llm.prices);
  struct llm_price *p = &c->llm.prices[c->llm.n_prices++];
  *p = (struct llm_price){.model = mem_dup(model), .unpriced = true};
  return p;
}

/* A row of quire.lua that names no price leaves the one that is known. */
static void add_model(struct config *c, const char *model, const json_t *t, bool own) {
  struct llm_price *p = price_at(c, model);
  if (json_object_get(t, "input") || json_object_get(t, "output")) {
    p->unpriced = false;
    double input = jsonx_num(t, "input", 0);
    p->input = (int64_t)(input * 1e9);
    p->output = (int64_t)(jsonx_num(t, "output", 0) * 1e9);
    p->cached_read = (int64_t)(jsonx_num(t, "cached_read", input) * 1e9);
    p->cache_write = (int64_t)(jsonx_num(t, "cache_write", input) * 1e9);
  }
  p->flex = (int)jsonx_int(t, "flex", p->flex);
  p->batch = (int)jsonx_int(t, "batch", p->batch);
  p->context = jsonx_int(t, "context", p->context);
  p->max_output = jsonx_int(t, "max_output", p->max_output);
  json_t *shown = json_object_get(c->models, model);
  if (shown)
    json_object_update(shown, (json_t *)(uintptr_t)t);
  else
    json_object_set_new(c->models, model, json_deep_copy(t));
  json_object_set_new(json_object_get(c->models, model), "origin",
                      json_string(own ? "quire.lua" : "scripts/models.lua"));
}

static bool is_size(const char *field) {
  static const char *const sizes[] = {"context", "max_output", "thought", "room", NULL};
  for (size_t i = 0; sizes[i]; i++)
    if (strcmp(sizes[i], field) == 0) return true;
  return false;
}

static enum err check_words(const char *file, const char *model, const json_t *t, struct error *e) {
  static const struct {
    const char *field, *words;
  } rows[] = {{"thinks", " never asked default always "}, {"structured", " schema json_object prompt "}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    const json_t *v = json_object_get(t, rows[i].field);
    char word[40];
    snprintf(word, sizeof word, " %.30s ", json_is_string(v) ? json_string_value(v) : "");
    if (v && !strstr(rows[i].words, word))
      return err_set(e, ERR_CONFIG, "%s: '%s': %s must be one of%s", file, model, rows[i].field,
                     rows[i].words);
  }
  const json_t *refuses = json_object_get(t, "refuses"), *name;
  size_t i;
  bool good = !refuses || json_is_array(refuses);
  json_array_foreach(refuses, i, name) good = good && json_is_string(name);
  return good ? OK : err_set(e, ERR_CONFIG, "%s: '%s': refuses must be a list of parameters", file, model);
}

static enum err check_row(const char *file, const char *model, json_t *t, struct error *e) {
  const char *field;
  json_t *v;
  json_object_foreach(t, field, v) {
    bool size = is_size(field);
    double number = json_number_value(v), most = size ? SIZE_MOST_TOKENS : PRICE_MOST_USD;
    if (!json_is_number(v) || (number >= 0 && number <= most)) continue;
    return err_set(e, ERR_CONFIG, "%s: '%s': %s must be from 0 to %.0f %s", file, model, field, most,
                   size ? "tokens" : "USD per million tokens");
  }
  return check_words(file, model, t, e);
}

static enum err check_model(const char *file, const char *model, json_t *t, struct error *e) {
  if (json_is_object(t) && strchr(model, '/')) return check_row(file, model, t, e);
  return err_set(e, ERR_CONFIG, "%s: '%s' must be [\"provider/model\"] = {input=, output=, ...}", file,
                 model);
}

static enum err check_families(const json_t *families, struct error *e) {
  size_t i;
  json_t *row;
  enum err err = OK;
  json_array_foreach(families, i, row) {
    const char *name = jsonx_str(row, "name", "");
    if (err == OK) err = check_row("scripts/models.lua: families", name, row, e);
  }
  return err;
}

static enum err add_models(struct config *c, const json_t *table, const char *file, bool own,
                           struct error *e) {
  const char *model;
  json_t *t;
  json_object_foreach((json_t *)(uintptr_t)table, model, t) {
    enum err err = check_model(file, model, t, e);
    if (err != OK) return err;
    add_model(c, model, t, own);
  }
  return OK;
}

enum err config_models(struct config *c, const json_t *own, struct error *e) {
  json_t *t = NULL;
  c->models = json_object();
  enum err err = config_data(c, "models", &t, e);
  if (err == OK) err = check_families(json_object_get(t, "families"), e);
  if (err == OK) err = add_models(c, json_object_get(t, "models"), "scripts/models.lua", false, e);
  if (err == OK) err = add_models(c, own, "quire.lua: prices", true, e);
  c->model_list = t;
  c->own_models = json_incref((json_t *)(uintptr_t)own);
  c->llm.facts = (struct facts_known){
      .families = json_object_get(t, "families"), .models = json_object_get(t, "models"), .own = own};
  return err;
}
