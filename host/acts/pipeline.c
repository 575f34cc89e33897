/* pipeline.c - what a pipeline declares: its title and its input fields; and the check of a brief against them. */
#include <stdlib.h>
#include <string.h>

#include "base/jsonx.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/text.h"
#include "engine/engine.h"
#include "lua/describe.h"

enum { LOAD_MS = 100 };

enum err pipeline_describe(const struct engine_settings *settings, const struct script_set *set,
                           const char *pipeline, json_t **out, struct error *e) {
  char name[200];
  snprintf(name, sizeof name, "pipelines/%s", pipeline);
  if (!script_set_find(set, name)) {
    const char *near = script_set_nearest(set, "pipelines/", pipeline);
    err_set(e, ERR_NOT_FOUND, "there is no pipeline '%s'", pipeline);
    if (near)
      err_hint(e, "did you mean '%s'? `quire script list` shows all", near);
    else
      err_hint(e, "`quire script list` shows all");
    return ERR_NOT_FOUND;
  }
  struct machine_limits limits = settings->machine;
  limits.burst_ns = (uint64_t)LOAD_MS * 1000000;
  enum err err = describe_module(&limits, set, name, settings->apis, out, e);
  if (err == ERR_LIMIT && e)
    e->code = ERR_SCRIPT; /* the limit is there for scripts that loop while they load */
  return err == ERR_LIMIT ? ERR_SCRIPT : err;
}

/* ---- the brief */

static const json_t *find_field(const json_t *fields, const char *name) {
  size_t i;
  json_t *f;
  json_array_foreach((json_t *)(uintptr_t)fields, i, f) {
    if (strcmp(jsonx_str(f, "name", ""), name) == 0) return f;
  }
  return NULL;
}

static enum err unknown_field(const json_t *fields, const char *name, struct error *e) {
  size_t n = json_array_size(fields);
  const char **names = mem_alloc((n + 1) * sizeof *names);
  for (size_t i = 0; i < n; i++) names[i] = jsonx_str(json_array_get(fields, i), "name", "");
  const char *near = text_nearest(name, names);
  err_set(e, ERR_INVALID, "the pipeline has no input field '%s'", name);
  if (near)
    err_hint(e, "did you mean '%s'?", near);
  else
    err_hint(e, "`quire script check` lists the fields");
  free(names);
  return ERR_INVALID;
}

static enum err wrong(struct error *e, const char *name, const char *what) {
  return err_set(e, ERR_INVALID, "input field '%s' must be %s", name, what);
}

/* Text from --set arrives as a string; it becomes what the field is declared as. */
static json_t *convert(const char *type, const char *s) {
  char *end = NULL;
  if (strcmp(type, "integer") == 0) {
    long long v = strtoll(s, &end, 10);
    return *s && !*end ? json_integer(v) : NULL;
  }
  if (strcmp(type, "number") == 0) {
    double v = strtod(s, &end);
    return *s && !*end ? json_real(v) : NULL;
  }
  if (strcmp(type, "boolean") == 0) {
    static const char *const yes[] = {"true", "yes", "on", "1", NULL}, *const no[] = {"false", "no", "off",
                                                                                      "0", NULL};
    for (int i = 0; yes[i]; i++) {
      if (strcmp(s, yes[i]) == 0) return json_true();
      if (strcmp(s, no[i]) == 0) return json_false();
    }
    return NULL;
  }
  if (strcmp(type, "list") == 0) {
    json_t *list = json_array();
    for (const char *p = s; *p;) {
      size_t n = strcspn(p, ",");
      size_t from = strspn(p, " ");
      if (n > from) json_array_append_new(list, json_stringn(p + from, n - from));
      p += n + (p[n] == ',');
    }
    return list;
  }
  return json_string(s);
}

static enum err check_range(const json_t *field, const char *name, double v, const char *unit,
                            struct error *e) {
  const json_t *min = json_object_get(field, "min"), *max = json_object_get(field, "max");
  if (min && v < json_number_value(min))
    return err_set(e, ERR_INVALID, "input field '%s': %g%s is too small; the least is %g", name, v, unit,
                   json_number_value(min));
  if (max && v > json_number_value(max))
    return err_set(e, ERR_INVALID, "input field '%s': %g%s is too large; the most is %g", name, v, unit,
                   json_number_value(max));
  return OK;
}

static enum err check_choice(const json_t *field, const char *name, const char *value, struct error *e) {
  const json_t *choices = json_object_get(field, "choices");
  size_t n = json_array_size(choices);
  if (!n) return OK;
  struct buf list;
  buf_init(&list, 200);
  for (size_t i = 0; i < n; i++) {
    const char *c = json_string_value(json_array_get(choices, i));
    if (c && strcmp(c, value) == 0) {
      buf_release(&list);
      return OK;
    }
    buf_printf(&list, "%s%s", i ? ", " : "", c ? c : "?");
  }
  err_set(e, ERR_INVALID, "input field '%s': '%s' is not one of %s", name, value, list.data);
  buf_release(&list);
  return ERR_INVALID;
}

/* Checks one value; *v may be replaced by its converted form. */
static enum err check_value(const json_t *field, const char *name, json_t **v, struct error *e) {
  const char *type = jsonx_str(field, "type", "string");
  if (json_is_string(*v)) {
    json_t *c = convert(type, json_string_value(*v));
    if (!c)
      return wrong(e, name,
                   strcmp(type, "integer") == 0  ? "a whole number"
                   : strcmp(type, "number") == 0 ? "a number"
                                                 : "true or false");
    json_decref(*v);
    *v = c;
  }
  if (strcmp(type, "integer") == 0)
    return json_is_integer(*v) ? check_range(field, name, (double)json_integer_value(*v), "", e)
                               : wrong(e, name, "a whole number");
  if (strcmp(type, "number") == 0)
    return json_is_number(*v) ? check_range(field, name, json_number_value(*v), "", e)
                              : wrong(e, name, "a number");
  if (strcmp(type, "boolean") == 0) return json_is_boolean(*v) ? OK : wrong(e, name, "true or false");
  if (strcmp(type, "list") == 0)
    return json_is_array(*v) ? check_range(field, name, (double)json_array_size(*v), " entries", e)
                             : wrong(e, name, "a list");
  if (!json_is_string(*v)) return wrong(e, name, "text");
  if (json_string_length(*v) != strlen(json_string_value(*v)))
    return wrong(e, name, "text without NUL bytes");
  return check_choice(field, name, json_string_value(*v), e);
}

static enum err fill_in(const json_t *fields, json_t *input, struct error *e) {
  size_t i;
  json_t *f;
  json_array_foreach((json_t *)(uintptr_t)fields, i, f) {
    const char *name = jsonx_str(f, "name", "");
    const json_t *v = json_object_get(input, name);
    bool empty = !v || json_is_null(v) || (json_is_string(v) && json_string_length(v) == 0);
    if (!empty) continue;
    json_object_del(input, name);
    json_t *otherwise = json_object_get(f, "default");
    if (otherwise)
      json_object_set(input, name, otherwise);
    else if (json_is_true(json_object_get(f, "required"))) {
      err_set(e, ERR_INVALID, "the input field '%s' is missing: %s", name,
              jsonx_str(f, "help", "it is required"));
      err_hint(e, "give it by --set %s=VALUE, --set %s=@FILE, or in the file of --input", name, name);
      return ERR_INVALID;
    }
  }
  return OK;
}

enum err pipeline_check_input(const json_t *description, const json_t *input, json_t **out, struct error *e) {
  const json_t *fields = json_object_get(description, "input");
  if (!json_is_object(input)) return err_set(e, ERR_INVALID, "the input must be a JSON object of fields");
  json_t *checked = json_object();
  const char *name;
  json_t *v;
  enum err err = OK;
  json_object_foreach((json_t *)(uintptr_t)input, name, v) {
    const json_t *f = find_field(fields, name);
    if (!f) err = unknown_field(fields, name, e);
    if (err != OK) break;
    json_t *own = json_deep_copy(v);
    if (!json_is_null(own)) err = check_value(f, name, &own, e);
    json_object_set_new(checked, name, own);
    if (err != OK) break;
  }
  if (err == OK) err = fill_in(fields, checked, e);
  if (err == OK)
    *out = checked;
  else
    json_decref(checked);
  return err;
}
