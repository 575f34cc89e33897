/* request.c - options to JSON. */
#include "cli/request.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "store/artifacts.h"

/* ---- files */

enum err request_file(const char *path, const char *what, bool utf8, struct buf *out, struct error *e) {
  struct error read = {0};
  enum err err = utf8 ? buf_read_text(out, path, &read) : buf_read_file(out, path, &read);
  if (err != OK) {
    err_set(e, err == ERR_NOT_FOUND || err == ERR_LIMIT ? ERR_INVALID : err, "%s: %s", what, read.message);
    if (read.hint[0]) err_hint(e, "%s", read.hint);
    return e->code;
  }
  size_t bad = 0;
  if (utf8 && !utf8_valid(out->data, out->len, &bad)) {
    err_set(e, ERR_INVALID, "%s: %s is not valid UTF-8 (byte %zu)", what, path, bad + 1);
    bool wide =
        out->len > 1 && (memcmp(out->data, "\xff\xfe", 2) == 0 || memcmp(out->data, "\xfe\xff", 2) == 0);
    err_hint(e, "convert it: iconv -f %s -t UTF-8 %s", wide ? "UTF-16" : "WINDOWS-1252",
             strcmp(path, "-") == 0 ? "FILE" : path);
    return ERR_INVALID;
  }
  return OK;
}

/* Absolute, also when it is not there yet. */
static char *absolute(const char *path) {
  char *real = realpath(path, NULL);
  if (real || path[0] == '/') return real ? real : mem_dup(path);
  char *here = getcwd(NULL, 0);
  char *joined = mem_printf("%s/%s", here ? here : ".", path);
  free(here);
  return joined;
}

static enum err set_path(json_t *request, const char *field, const char *path, struct error *e) {
  char *full = absolute(path);
  json_t *v = json_string(full);
  free(full);
  if (!v) return err_set(e, ERR_INVALID, "--%s: the path is not valid UTF-8", field);
  json_object_set_new(request, field, v);
  return OK;
}

/* ---- KEY=VALUE */

/* Splits at the first '='. */
static enum err split(const char *option, const char *given, char **key, const char **value,
                      struct error *e) {
  const char *equals = strchr(given, '=');
  if (!equals || equals == given)
    return err_set(e, ERR_INVALID, "--%s %s: it is written --%s KEY=VALUE", option, given, option);
  *key = mem_dup_n(given, (size_t)(equals - given));
  *value = equals + 1;
  return OK;
}

static enum err set_field(json_t *input, const char *given, struct error *e) {
  char *key = NULL;
  const char *value;
  enum err err = split("set", given, &key, &value, e);
  if (err != OK) return err;
  struct buf file;
  buf_init(&file, MAX_INPUT_BYTES);
  char what[200];
  snprintf(what, sizeof what, "--set %s", key);
  json_t *v = NULL;
  if (value[0] == '@') err = request_file(value + 1, what, true, &file, e);
  if (err == OK) v = value[0] == '@' ? json_stringn(file.data, file.len) : json_string(value);
  if (err == OK && (!v || !utf8_valid(key, strlen(key), NULL)))
    err = err_set(e, ERR_INVALID, "--set %s: this is not valid UTF-8", key);
  if (err == OK) json_object_set(input, key, v);
  json_decref(v);
  buf_release(&file);
  free(key);
  return err;
}

static enum err read_input(const char *path, json_t **out, struct error *e) {
  struct buf b;
  buf_init(&b, MAX_INPUT_BYTES);
  char what[200];
  snprintf(what, sizeof what, "the brief %s", strcmp(path, "-") == 0 ? "(standard input)" : path);
  enum err err = request_file(path, "--input", true, &b, e);
  if (err == OK) err = jsonx_parse(b.data, b.len, what, out, e);
  if (err == ERR_LIMIT) e->code = err = ERR_INVALID; /* nested too deep: the brief is wrong, not a script */
  if (err == OK && !json_is_object(*out))
    err = err_set(e, ERR_INVALID, "%s must be a JSON object of input fields", what);
  if (err != OK && !e->hint[0])
    err_hint(
        e,
        "like {\"title\": \"The Lighthouse\", \"chapters\": 12}; `quire script check PIPELINE` lists the fields");
  buf_release(&b);
  return err;
}

enum err request_input(struct cli *c, json_t **out, struct error *e) {
  const char *path = options_get(&c->options, "input"), *given;
  enum err err = OK;
  *out = NULL;
  if (path) err = read_input(path, out, e);
  if (!*out) *out = json_object();
  for (size_t at = 0; err == OK && (given = options_next(&c->options, "set", &at));)
    err = set_field(*out, given, e);
  return err;
}

/* ---- --give, --model, --with */

static enum err add_give(json_t *gives, const char *given, struct error *e) {
  char *name = NULL;
  const char *path;
  enum err err = split("give", given, &name, &path, e);
  if (err != OK) return err;
  struct buf b;
  buf_init(&b, MAX_INPUT_BYTES);
  char what[200];
  snprintf(what, sizeof what, "--give %s", name);
  err = request_file(path, what, true, &b, e);
  if (err == OK)
    json_array_append_new(gives, json_pack("{s:o, s:s, s:o}", "name", view_text(name), "kind",
                                           artifact_kind_of(path), "content", json_stringn(b.data, b.len)));
  buf_release(&b);
  free(name);
  return err;
}

/* [ROLE=]PROVIDER/NAME; a role has no '/', a model's name may have '='. */
static enum err add_model(json_t *models, const char *given, struct error *e) {
  const char *slash = strchr(given, '/'), *equals = strchr(given, '=');
  bool has_role = equals && slash && equals < slash;
  const char *model = has_role ? equals + 1 : given;
  if (!slash || slash == model || !slash[1] || equals == given) {
    err_set(e, ERR_INVALID, "--model %s: it is written [ROLE=]PROVIDER/NAME", given);
    err_hint(
        e,
        "like --model openai/gpt-5-mini or --model writer=ollama/llama3.1; `quire config show` lists the providers");
    return ERR_INVALID;
  }
  char *role = has_role ? mem_dup_n(given, (size_t)(equals - given)) : mem_dup("");
  json_t *list = json_object_get(models, role);
  if (!list) {
    list = json_array();
    json_object_set_new(models, role, list);
  }
  json_array_append_new(list, view_text(model));
  free(role);
  return OK;
}

static void add_with(json_t *list, const char *given) {
  for (const char *p = given; *p;) {
    size_t n = strcspn(p, ",");
    if (n) json_array_append_new(list, json_stringn(p, n));
    p += n + (p[n] == ',');
  }
}

/* ---- what run, resume and retry share */

/* "3000000", "3m", "500k" */
static enum err add_tokens(struct cli *c, json_t *request, struct error *e) {
  const char *given = options_get(&c->options, "tokens");
  if (!given) return OK;
  char *end = NULL;
  double v = strtod(given, &end);
  double unit = strcasecmp(end, "k") == 0 ? 1e3 : strcasecmp(end, "m") == 0 ? 1e6 : *end ? 0 : 1;
  if (end == given || unit <= 0 || !isfinite(v) || v * unit < 1 || v * unit > 1e15)
    return err_set(e, ERR_INVALID, "--tokens %s: this is not a number of tokens; write 3000000, 500k or 3m",
                   given);
  json_object_set_new(request, "budget_tokens", json_integer((json_int_t)(v * unit)));
  return OK;
}

enum err request_budget(struct cli *c, json_t *request, struct error *e) {
  const char *usd = options_get(&c->options, "budget");
  enum err err = add_tokens(c, request, e);
  if (!usd || err != OK) return err;
  char *end = NULL;
  double v = strtod(usd[0] == '$' ? usd + 1 : usd, &end);
  if (!*usd || *end || !isfinite(v) || v < 0)
    return err_set(e, ERR_INVALID, "--budget %s: this is not an amount in US dollars", usd);
  json_object_set_new(request, "budget_usd", json_real(v));
  return OK;
}

static enum err add_text(struct cli *c, json_t *request, const char *option, struct error *e) {
  const char *v = options_get(&c->options, option);
  if (!v) return OK;
  json_t *s = json_string(v);
  if (!s) return err_set(e, ERR_INVALID, "--%s: this is not valid UTF-8", option);
  json_object_set_new(request, option, s);
  return OK;
}

static enum err add_paths(struct cli *c, json_t *request, struct error *e) {
  const char *scripts = options_get(&c->options, "scripts"), *out = options_get(&c->options, "out");
  enum err err = cli_scripts_there(c, e);
  if (err == OK && scripts) err = set_path(request, "scripts", scripts, e);
  if (err == OK && out) err = set_path(request, "out", out, e);
  return err;
}

static enum err add_common(struct cli *c, json_t *request, struct error *e) {
  json_t *models = json_object();
  const char *given;
  enum err err = OK;
  for (size_t at = 0; err == OK && (given = options_next(&c->options, "model", &at));)
    err = add_model(models, given, e);
  if (err == OK && json_object_size(models) > 0) json_object_set(request, "models", models);
  json_decref(models);
  if (err == OK) err = request_budget(c, request, e);
  if (err == OK && options_has(&c->options, "at-budget"))
    json_object_set_new(request, "at_budget", view_text(options_get(&c->options, "at-budget")));
  if (err == OK) err = add_text(c, request, "until", e);
  if (err == OK) err = add_paths(c, request, e);
  return err;
}

/* "my.lua", "./dir/my.lua" and "dir/my" are files; "generate_book" is a name. */
static enum err add_pipeline(struct cli *c, json_t *request, struct error *e) {
  const char *name = c->args[0];
  size_t n = strlen(name);
  if (!strchr(name, '/') && (n <= 4 || strcmp(name + n - 4, ".lua") != 0)) {
    json_object_set_new(request, "pipeline", view_text(name));
    return OK;
  }
  if (access(name, R_OK) != 0) return err_errno(e, errno, "the pipeline %s cannot be read", name);
  return set_path(request, "file", name, e);
}

/* ---- --after */

static bool read_span(const char *text, int64_t *ms) {
  static const struct {
    const char *unit;
    double ms;
  } units[] = {{"", 1e3}, {"ms", 1}, {"s", 1e3}, {"m", 6e4}, {"min", 6e4}, {"h", 3.6e6}, {"d", 8.64e7}};
  char *end = NULL;
  double v = strtod(text, &end);
  for (size_t i = 0; end != text && v >= 0 && v < 1e9 && i < sizeof units / sizeof *units; i++) {
    if (strcmp(end, units[i].unit) != 0) continue;
    *ms = (int64_t)(v * units[i].ms);
    return true;
  }
  return false;
}

/* A time of day is the next one; all are local. */
static bool read_time(const char *text, int64_t now_ms, int64_t *ms) {
  static const char *const forms[] = {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d",
                                      "%H:%M"};
  time_t now = (time_t)(now_ms / 1000);
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
    bool of_day = strcmp(forms[i], "%H:%M") == 0;
    struct tm t = {0};
    if (of_day) localtime_r(&now, &t);
    t.tm_sec = 0;
    t.tm_isdst = -1;
    const char *end = strptime(text, forms[i], &t);
    if (!end || *end) continue;
    time_t at = mktime(&t);
    if (of_day && at <= now) {
      t.tm_mday++;
      t.tm_isdst = -1;
      at = mktime(&t);
    }
    *ms = (int64_t)at * 1000;
    return at > 0;
  }
  return false;
}

static enum err add_after(struct cli *c, json_t *request, struct error *e) {
  const char *given = options_get(&c->options, "after");
  int64_t now = clock_wall_ms(), at = 0;
  if (!given) return OK;
  bool ok = given[0] == '+' ? read_span(given + 1, &at) : read_time(given, now, &at);
  if (!ok)
    return err_set(e, ERR_INVALID, "--after %s: this is not a time; write +30m, 22:30 or 2026-12-01T06:00",
                   given);
  if (given[0] == '+') at += now;
  json_object_set_new(request, "after_ms", json_integer(at));
  return OK;
}

enum err request_run(struct cli *c, json_t **out, struct error *e) {
  json_t *request = json_object(), *input = NULL, *gives = json_array();
  const char *given;
  enum err err = add_pipeline(c, request, e);
  if (err == OK) err = request_input(c, &input, e);
  if (err == OK) json_object_set(request, "input", input);
  for (size_t at = 0; err == OK && (given = options_next(&c->options, "give", &at));)
    err = add_give(gives, given, e);
  if (err == OK && json_array_size(gives) > 0) json_object_set(request, "gives", gives);
  if (err == OK) err = add_text(c, request, "project", e);
  if (err == OK) err = add_text(c, request, "key", e);
  if (err == OK) err = add_after(c, request, e);
  if (err == OK) err = add_common(c, request, e);
  json_decref(input);
  json_decref(gives);
  if (err == OK)
    *out = request;
  else
    json_decref(request);
  return err;
}

static enum err add_place(struct cli *c, json_t *request, struct error *e) {
  const char *given = options_get(&c->options, "at");
  char *end = NULL;
  long long at = given ? strtoll(given, &end, 10) : 0;
  if (given && (*end || at <= 0))
    return err_set(e, ERR_INVALID,
                   "--at %s: this is not a place in a journal; `quire call CALL` tells a call's", given);
  if (given) json_object_set_new(request, "at", json_integer(at));
  return OK;
}

enum err request_resume(struct cli *c, json_t **out, struct error *e) {
  json_t *request = json_object(), *with = json_array();
  const char *given;
  for (size_t at = 0; (given = options_next(&c->options, "with", &at));) add_with(with, given);
  if (json_array_size(with) > 0) json_object_set(request, "with", with);
  json_decref(with);
  enum err err = add_common(c, request, e);
  if (err == OK) err = add_place(c, request, e);
  if (err == OK)
    *out = request;
  else
    json_decref(request);
  return err;
}

enum err request_duration(struct cli *c, const char *option, int64_t *ms, struct error *e) {
  const char *given = options_get(&c->options, option);
  *ms = -1;
  if (!given || read_span(given, ms)) return OK;
  return err_set(e, ERR_INVALID, "--%s %s: this is not a time; write 90s, 10m or 2h", option, given);
}
