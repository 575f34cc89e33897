/* script.c - scripts, asked of the owner: what can be run. Threads: those of commands.h. */
#include <string.h>

#include "acts/commands.h"
#include "acts/script_cache.h"
#include "engine/engine.h"
#include "base/jsonx.h"
#include "lua/describe.h"

static const char prefix[] = "pipelines/";

/* One that cannot be described is listed with why. */
static json_t *describe(struct commands *c, const struct script_set *s, const char *name) {
  struct error e = {0};
  json_t *v = NULL;
  if (pipeline_describe(c->settings, s, name, &v, &e) != OK) {
    v = json_pack("{s:s, s:s, s:[]}", "title", name, "error", e.message, "input");
    if (!v) v = json_pack("{s:s, s:[]}", "title", name, "input");
  }
  json_object_set_new(v, "name", json_string(name));
  return v;
}

enum err command_pipelines(struct commands *c, const char *name, json_t **out, struct error *e) {
  struct script_set *s = NULL;
  enum err err = script_cache_get(c->scripts, &s, e);
  if (err == OK && name && (err = pipeline_describe(c->settings, s, name, out, e)) == OK)
    json_object_set_new(*out, "name", json_string(name));
  if (err == OK && !name) {
    *out = json_array();
    for (size_t i = 0; i < script_set_count(s); i++) {
      const char *file = script_set_at(s, i)->name;
      if (strncmp(file, prefix, sizeof prefix - 1) != 0) continue;
      json_t *v = describe(c, s, file + sizeof prefix - 1);
      if (!json_is_true(json_object_get(v, "hidden"))) json_array_append(*out, v);
      json_decref(v);
    }
  }
  script_set_unref(s);
  return err;
}

enum err command_check(const struct engine_settings *settings, const struct script_set *set, const char *name,
                       json_t **out, struct error *e) {
  return describe_check(&settings->machine, set, name, settings->apis, out, e);
}

static json_t *describe_file(struct commands *c, const struct script_set *s, const char *file) {
  struct error e = {0};
  json_t *v = NULL;
  if (describe_export(&c->settings->machine, s, file, c->settings->apis, &v, &e) != OK)
    v = json_pack("{s:o}", "error", jsonx_words(e.message, sizeof e.message));
  if (json_is_object(v)) json_object_set_new(v, "format", json_string(file + strlen(EXPORTS)));
  return v;
}

enum err command_exports(struct commands *c, json_t **out, struct error *e) {
  struct script_set *s = NULL;
  enum err err = script_cache_get(c->scripts, &s, e);
  if (err == OK) *out = json_array();
  for (size_t i = 0; err == OK && i < script_set_count(s); i++) {
    const char *file = script_set_at(s, i)->name;
    json_t *v = strncmp(file, EXPORTS, strlen(EXPORTS)) == 0 ? describe_file(c, s, file) : NULL;
    if (json_is_object(v))
      json_array_append_new(*out, v);
    else
      json_decref(v);
  }
  script_set_unref(s);
  return err;
}
