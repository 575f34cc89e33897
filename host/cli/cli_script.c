/* cli_script.c - scripts: which there are, whether they are right, a start for a new one. `script test` is in cli_script_test.c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/terminal.h"
#include "acts/commands.h"
#include "serve.h"

/* ---- list: each place on the search path as a set of its own; the first that has a name wins */

struct place {
  char *origin; /* "the library", a directory, "built in" */
  struct script_set *set;
};

enum { MOST_PLACES = 8 };

static enum err read_places(struct cli *c, struct place places[MOST_PLACES], size_t *n, struct error *e) {
  enum err err = cli_config(c, e);
  *n = 0;
  for (size_t i = 0; err == OK && c->config.script_dirs[i] && *n + 1 < MOST_PLACES; i++) {
    struct script_set *set = script_set_new();
    err = script_set_add_dir(set, c->config.script_dirs[i], e);
    if (err != OK || script_set_count(set) == 0) {
      script_set_unref(set);
      continue;
    }
    script_set_seal(set);
    places[(*n)++] = (struct place){mem_dup(c->config.script_dirs[i]), set};
  }
  if (err != OK) return err;
  struct place *last = &places[(*n)++];
  *last = (struct place){mem_dup("built in"), script_set_new()};
  script_set_add_embedded(last->set);
  script_set_seal(last->set);
  return OK;
}

static void release_places(struct place *places, size_t n) {
  for (size_t i = 0; i < n; i++) {
    free(places[i].origin);
    script_set_unref(places[i].set);
  }
}

/* The first place before `at` that has the name: it hides this one. */
static const struct place *hidden_by(const struct place *places, size_t at, const char *name) {
  for (size_t i = 0; i < at; i++)
    if (script_set_find(places[i].set, name)) return &places[i];
  return NULL;
}

/* The built-in copy of a checkout's file is the same file: not worth a line. */
static bool same_file(const struct place *hider, const struct script_file *f) {
  return strcmp(script_set_find(hider->set, f->name)->sha, f->sha) == 0;
}

/* Does it stand before another file of its name? */
static bool hides(const struct place *places, size_t n, size_t at, const struct script_file *f) {
  for (size_t i = at + 1; i < n; i++) {
    const struct script_file *other = script_set_find(places[i].set, f->name);
    if (other && strcmp(other->sha, f->sha) != 0) return true;
  }
  return false;
}

static void list_place(const struct place *places, size_t n, size_t at, bool all, struct table *table,
                       json_t *list) {
  for (size_t i = 0; i < script_set_count(places[at].set); i++) {
    const struct script_file *f = script_set_at(places[at].set, i);
    const struct place *hider = hidden_by(places, at, f->name);
    bool pipeline = strncmp(f->name, "pipelines/", 10) == 0;
    if (hider && same_file(hider, f)) continue;
    if (list) {
      json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:b, s:s*}", "name", f->name, "kind",
                                            pipeline ? "pipeline" : "module", "origin", f->origin, "used",
                                            hider == NULL, "hidden_by", hider ? hider->origin : NULL));
    } else if (all || pipeline || hider || hides(places, n, at, f)) {
      table_cell(table, "%s", f->name);
      table_cell(table, "%s", hider ? "hidden" : hides(places, n, at, f) ? "replaces" : "");
      table_cell(table, "%s", f->origin);
    }
  }
}

int cli_script_list(struct cli *c) {
  static const char *const headers[] = {"NAME", "", "FROM", NULL};
  struct error e = {0};
  struct place places[MOST_PLACES] = {{0}};
  size_t n;
  if (read_places(c, places, &n, &e) != OK) {
    release_places(places, n);
    return cli_fail(c, &e);
  }
  json_t *list = c->out.json ? json_array() : NULL;
  struct table *table = list ? NULL : table_new(headers);
  for (size_t i = 0; i < n; i++) list_place(places, n, i, options_has(&c->options, "all"), table, list);
  release_places(places, n);
  if (list)
    out_json(list);
  else
    table_print(table);
  if (!list && !options_has(&c->options, "all"))
    out_say(&c->out, "Pipelines, your own files, and what they hide; --all lists every module.");
  return EXIT_DONE;
}

/* ---- check */

static bool is_path(const char *name) {
  size_t n = strlen(name);
  return strchr(name, '/') || (n > 4 && strcmp(name + n - 4, ".lua") == 0);
}

/* All scripts, compiled; with a pipeline given as a file before the others. */
static enum err gather(struct cli *c, const char *file, struct script_set **set, struct error *e) {
  enum err err = cli_config(c, e);
  if (err == OK && file && access(file, R_OK) != 0)
    err = err_errno(e, errno, "the pipeline %s cannot be read", file);
  return err == OK ? commands_gather((const char *const *)c->config.script_dirs, NULL, file, set, e) : err;
}

static enum err describe(struct cli *c, const struct script_set *set, const char *pipeline, json_t **out,
                         struct error *e) {
  struct engine_settings settings = c->config.engine;
  settings.apis = host_apis();
  return pipeline_describe(&settings, set, pipeline, out, e);
}

static char *value_text(const json_t *v) {
  if (!v || json_is_null(v)) return mem_dup("");
  if (json_is_string(v)) return mem_dup(json_string_value(v));
  char *text = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);
  return text ? text : mem_dup("");
}

static void print_fields(const json_t *description) {
  static const char *const headers[] = {"FIELD", "TYPE", "DEFAULT", "WHAT IT IS", NULL};
  struct table *t = table_new(headers);
  size_t i;
  json_t *f;
  json_array_foreach(json_object_get(description, "input"), i, f) {
    bool required = json_is_true(json_object_get(f, "required"));
    char *otherwise = value_text(json_object_get(f, "default")),
         *choices = value_text(json_object_get(f, "choices"));
    table_cell(t, "%s", jsonx_str(f, "name", ""));
    table_cell(t, "%s", jsonx_str(f, "type", "string"));
    table_cell(t, "%s", required ? "(required)" : otherwise);
    table_cell(t, "%s%s%s", jsonx_str(f, "help", jsonx_str(f, "label", "")), *choices ? " " : "", choices);
    free(otherwise);
    free(choices);
  }
  table_print(t);
}

static int check_one(struct cli *c, const struct script_set *set, const char *name) {
  struct error e = {0};
  json_t *description = NULL;
  if (describe(c, set, name, &description, &e) != OK) return cli_fail(c, &e);
  json_object_set_new(description, "pipeline", view_text(name));
  if (c->out.json) {
    out_json(description);
    return EXIT_DONE;
  }
  out_line("%s: %s", name, jsonx_str(description, "title", ""));
  const char *text = jsonx_str(description, "description", NULL);
  if (text) out_line("%s", text);
  out_line("%s", "");
  print_fields(description);
  json_decref(description);
  return EXIT_DONE;
}

/* What a check declares of itself. */
static enum err describe_check_file(struct cli *c, const struct script_set *set, const char *name,
                                    json_t **out, struct error *e) {
  struct engine_settings settings = c->config.engine;
  settings.apis = host_apis();
  return command_check(&settings, set, name, out, e);
}

static void check_file(struct cli *c, const struct script_set *set, const char *name, json_t *list,
                       struct error *first) {
  bool pipeline = strncmp(name, "pipelines/", 10) == 0;
  const char *shown = pipeline ? name + 10 : name;
  struct error e = {0};
  json_t *description = NULL;
  bool ok = (pipeline ? describe(c, set, shown, &description, &e)
                      : describe_check_file(c, set, name, &description, &e)) == OK;
  if (!ok && !first->code) *first = e;
  json_t *row = json_pack("{s:s, s:b}", pipeline ? "pipeline" : "check",
                          pipeline ? shown : name + strlen(CHECKS), "ok", ok);
  if (!ok) json_object_set_new(row, "error", out_error_json(&e));
  if (!c->out.json && (pipeline || !ok))
    out_line("%s%s %s%s%s%s", terminal_style(stdout, ok ? STYLE_GREEN : STYLE_RED), ok ? "ok    " : "not ok",
             shown, terminal_style(stdout, STYLE_NONE), ok ? "" : ": ", ok ? "" : e.message);
  json_array_append_new(list, row);
  json_decref(description);
}

static int check_all(struct cli *c, const struct script_set *set) {
  json_t *pipelines = json_array(), *checks = json_array();
  struct error first = {0};
  for (size_t i = 0; i < script_set_count(set); i++) {
    const char *name = script_set_at(set, i)->name;
    if (strncmp(name, "pipelines/", 10) == 0) check_file(c, set, name, pipelines, &first);
    if (strncmp(name, CHECKS, strlen(CHECKS)) == 0) check_file(c, set, name, checks, &first);
  }
  size_t n_checks = json_array_size(checks);
  json_t *doc = json_pack("{s:I, s:o, s:o}", "files", (json_int_t)script_set_count(set), "pipelines",
                          pipelines, "checks", checks);
  if (first.code) json_object_set_new(doc, "error", out_error_json(&first));
  if (c->out.json)
    out_json(doc);
  else {
    out_say(&c->out, "%zu files compile, %zu of them look at texts (scripts/checks).", script_set_count(set),
            n_checks);
    json_decref(doc);
  }
  return first.code ? (int)exit_of_err(first.code) : EXIT_DONE;
}

static char *base_name(const char *path) {
  const char *slash = strrchr(path, '/'), *start = slash ? slash + 1 : path;
  size_t n = strlen(start);
  return mem_dup_n(start, n > 4 && strcmp(start + n - 4, ".lua") == 0 ? n - 4 : n);
}

int cli_script_check(struct cli *c) {
  struct error e = {0};
  struct script_set *set = NULL;
  const char *given = c->n_args ? c->args[0] : NULL;
  bool path = given && is_path(given);
  if (gather(c, path ? given : NULL, &set, &e) != OK) return cli_fail(c, &e);
  char *name = given ? base_name(given) : NULL;
  int code = name ? check_one(c, set, name) : check_all(c, set);
  free(name);
  script_set_unref(set);
  return code;
}

/* ---- new */

static const char starter[] =
    "-- %s: what this pipeline makes, in one line.\n"
    "-- Try it for free with `quire script test %s`; start it with `quire run %s --set topic=...`.\n"
    "-- What a script may call stands in scripts/api.lua.\n"
    "return {\n"
    "  title = \"%s\",\n"
    "  description = \"One line for lists.\",\n"
    "  input = {\n"
    "    { name = \"topic\", type = \"string\", required = true, help = \"What to write about\" },\n"
    "    { name = \"words\", type = \"integer\", default = 400, min = 50, max = 5000, help = \"How long it should be\" },\n"
    "  },\n"
    "  run = function(input)\n"
    "    run.phase(\"Outline\")\n"
    "    -- ask_json checks the answer against the schema and asks again when it does not fit.\n"
    "    local outline = llm.ask_json { role = \"planner\", prompt = \"Plan a short text about \" .. input.topic .. \" in three points.\",\n"
    "      schema = { type = \"object\", required = { \"points\" }, properties = {\n"
    "        points = { type = \"array\", minItems = 3, maxItems = 3, items = { type = \"string\" } } } } }\n"
    "\n"
    "    run.phase(\"Writing\")\n"
    "    -- Each answer is durable before the script sees it: after a crash nothing is asked or paid twice.\n"
    "    local answer = llm.ask { role = \"writer\", max_words = input.words,\n"
    "      prompt = \"Write about \" .. input.topic .. \". Cover these points:\\n- \" .. table.concat(outline.points, \"\\n- \") }\n"
    "    artifact.put(\"text.md\", answer.text)\n"
    "    log.info(\"Wrote %%d words\", text.words(answer.text))\n"
    "    return { words = text.words(answer.text), file = \"text.md\", issues = 0 }\n"
    "  end,\n"
    "}\n";

static const char check_starter[] =
    "-- %s: what this check finds, in one line.\n"
    "-- Try it with `quire script test checks/%s`. What it is given stands in scripts/api.lua (---@class Evidence).\n"
    "return {\n"
    "  title = \"%s\",\n"
    "  scope = \"chapter\",\n"
    "  thresholds = { most = 3 },   -- a book's checks.json may set another number\n"
    "  run = function(it, limits)\n"
    "    local out = {}\n"
    "    for _, sentence in ipairs(it.reading:sentences()) do\n"
    "      if string.find(sentence, \"somehow\", 1, true) and #out < limits.most then\n"
    "        out[#out + 1] = { quote = it.reading.cut_quote(sentence), problem = \"\\\"Somehow\\\" tells nothing.\" }\n"
    "      end\n"
    "    end\n"
    "    return out\n"
    "  end,\n"
    "}\n";

static enum err write_new(const char *path, const char *data, size_t n, struct error *e) {
  if (access(path, F_OK) == 0) {
    err_set(e, ERR_EXISTS, "%s is there already", path);
    err_hint(e, "edit it, or move it away first");
    return ERR_EXISTS;
  }
  return file_write(path, data, n, e);
}

static enum err copy_module(struct cli *c, const char *prefix, const char *from, const char *path,
                            struct error *e) {
  struct place places[MOST_PLACES] = {{0}};
  size_t n;
  enum err err = read_places(c, places, &n, e);
  char *name = mem_printf("%s%s", prefix, from);
  const struct script_file *f = NULL;
  for (size_t i = 0; err == OK && i < n && !f; i++) f = script_set_find(places[i].set, name);
  if (err == OK && !f) {
    const char *near = script_set_nearest(places[n - 1].set, prefix, from);
    err = err_set(e, ERR_NOT_FOUND, "there is no %s '%s' to copy",
                  strcmp(prefix, "phases/") == 0 ? "phase"
                  : strcmp(prefix, CHECKS) == 0  ? "check"
                                                 : "pipeline",
                  from);
    if (near)
      err_hint(e, "did you mean '%s'?",
               strncmp(near, prefix, strlen(prefix)) == 0 ? near + strlen(prefix) : near);
    else
      err_hint(e, "`quire script list --all` shows them");
  }
  if (err == OK) err = write_new(path, f->text, f->n, e);
  free(name);
  release_places(places, n);
  return err;
}

static bool plain_name(const char *name) {
  return *name && strlen(name) <= 80 &&
         strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == strlen(name);
}

/* Is there a shipped check, or one of another place, of this name? Then its text is what one begins with. */
static bool check_exists(struct cli *c, const char *name) {
  struct place places[MOST_PLACES] = {{0}};
  size_t n;
  struct error e = {0};
  char *path = mem_printf(CHECKS "%s", name);
  bool found = false;
  if (read_places(c, places, &n, &e) == OK)
    for (size_t i = 0; i < n; i++) found = found || script_set_find(places[i].set, path);
  release_places(places, n);
  free(path);
  return found;
}

static enum err write_starter(const char *text, const char *name, const char *path, struct error *e) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  char *whole = mem_printf(text, name, name, name, name);
#pragma GCC diagnostic pop
  enum err err = write_new(path, whole, strlen(whole), e);
  free(whole);
  return err;
}

int cli_script_new(struct cli *c) {
  struct error e = {0};
  const char *name = c->args[0], *from = options_get(&c->options, "from");
  bool phase = options_has(&c->options, "phase"), check = options_has(&c->options, "check");
  enum err err =
      plain_name(name)
          ? cli_config(c, &e)
          : err_set(&e, ERR_INVALID, "'%s' is not a valid script name: letters, digits, _ and -", name);
  if (err == OK && phase && check) err = err_set(&e, ERR_INVALID, "--phase and --check exclude each other");
  if (err != OK) return cli_fail(c, &e);
  const char *folder = phase ? "scripts/phases" : check ? "scripts/checks" : "pipelines";
  char *path = mem_printf("%s/%s/%s.lua", c->library, folder, name);
  if (phase || from || (check && check_exists(c, name)))
    err = copy_module(c, phase ? "phases/" : check ? CHECKS : "pipelines/", from ? from : name, path, &e);
  else
    err = write_starter(check ? check_starter : starter, name, path, &e);
  if (err == OK && c->out.json)
    out_json(json_pack("{s:o}", "path", view_text(path)));
  else if (err == OK)
    out_line("%s", path);
  if (err == OK && phase)
    out_say(
        &c->out,
        "Edit it: it replaces the shipped phase from the next run on. `quire script check` says whether it is right;\n`quire resume RUN --with scripts` lets a run that is under way use it.");
  else if (err == OK && check)
    out_say(
        &c->out,
        "Edit it: books are looked at with it from the next run on, in place of a shipped check of its name.\n`quire script check` says whether it is right.");
  else if (err == OK)
    out_say(&c->out, "Edit it, then `quire script check %s`, `quire script test %s`, `quire run %s`.", name,
            name, name);
  free(path);
  return err == OK ? EXIT_DONE : cli_fail(c, &e);
}
