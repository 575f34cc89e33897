/* script_files.c - the files of the search path, asked of the owner: which there are and which one hides which, reading, checking, saving
 * into the library, taking back. Threads: those of commands.h.
 *
 * The search path is a list of places; the first that has a name wins. Only files of the library are written and removed here, by a name
 * that is made of plain words, so no name leads anywhere else. Nothing is saved that would not run: the whole set is compiled with the
 * new text in its place, and every pipeline that could be described before must still be. Runs under way keep the set they began with. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "acts/commands.h"
#include "acts/script_cache.h"
#include "engine/engine.h"

enum { PLACES_MOST = 16, NAME_MOST = 120, LINE_DIGITS_MOST = 9 };

static const char prefix[] = "pipelines/";

/* ---- places */

struct place {
  const char *kind; /* "library", "directory", "built in" */
  struct script_set *set;
};
struct places {
  struct place at[PLACES_MOST];
  size_t n;
};

static bool is_library(const struct commands *c, const char *dir) {
  return strcmp(dir, store_dir(c->store)) == 0;
}

static enum err read_places(const struct commands *c, struct places *p, struct error *e) {
  enum err err = OK;
  p->n = 0;
  for (size_t i = 0; err == OK && c->script_dirs[i] && p->n + 1 < PLACES_MOST; i++) {
    struct place *place = &p->at[p->n++];
    *place = (struct place){is_library(c, c->script_dirs[i]) ? "library" : "directory", script_set_new()};
    err = script_set_add_dir(place->set, c->script_dirs[i], e);
    script_set_seal(place->set);
  }
  struct place *last = &p->at[p->n++];
  *last = (struct place){"built in", script_set_new()};
  script_set_add_embedded(last->set);
  script_set_seal(last->set);
  return err;
}

static void release_places(struct places *p) {
  for (size_t i = 0; i < p->n; i++) script_set_unref(p->at[i].set);
}

static const char *kind_of(const char *name) {
  static const struct {
    const char *folder, *kind;
  } kinds[] = {
      {prefix, "pipeline"}, {"phases/", "phase"}, {"lib/", "lib"}, {EXPORTS, "export"}, {CHECKS, "check"}};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (strncmp(name, kinds[i].folder, strlen(kinds[i].folder)) == 0) return kinds[i].kind;
  return "module";
}

/* The file that wins, and the next one by another text: what it hides. */
struct found {
  const struct script_file *file, *hidden;
  const char *kind, *hidden_kind;
};

static struct found find(const struct places *p, const char *name) {
  struct found f = {0};
  for (size_t i = 0; i < p->n; i++) {
    const struct script_file *file = script_set_find(p->at[i].set, name);
    if (!file) continue;
    if (!f.file) {
      f.file = file;
      f.kind = p->at[i].kind;
    } else if (!f.hidden && strcmp(file->sha, f.file->sha) != 0) {
      f.hidden = file;
      f.hidden_kind = p->at[i].kind;
    }
  }
  return f;
}

/* Equal texts in a row count once: the built-in copy of a checkout's file is the same file. */
static json_t *layers(const struct places *p, const char *name) {
  json_t *list = json_array();
  const char *last = "";
  for (size_t i = 0; i < p->n; i++) {
    const struct script_file *file = script_set_find(p->at[i].set, name);
    if (!file || strcmp(file->sha, last) == 0) continue;
    bool ours = strcmp(p->at[i].kind, "library") == 0;
    json_array_append_new(
        list, json_pack("{s:s, s:s, s:b}", "origin", p->at[i].kind, "path", file->origin, "editable", ours));
    last = file->sha;
  }
  return list;
}

/* ---- reading */

static json_t *row(const struct places *p, const char *name) {
  json_t *list = layers(p, name);
  return json_pack("{s:s, s:s, s:b, s:o}", "name", name, "kind", kind_of(name), "shadowed",
                   json_array_size(list) > 1, "layers", list);
}

enum err command_scripts(struct commands *c, json_t **out, struct error *e) {
  struct places p;
  struct script_set *all = script_set_new();
  enum err err = read_places(c, &p, e);
  for (size_t i = 0; i < p.n; i++)
    for (size_t k = 0; k < script_set_count(p.at[i].set); k++) {
      const struct script_file *f = script_set_at(p.at[i].set, k);
      if (!script_set_find(all, f->name)) script_set_add_text(all, f->name, f->origin, f->text, f->n);
    }
  script_set_seal(all);
  if (err == OK) *out = json_array();
  for (size_t k = 0; err == OK && k < script_set_count(all); k++)
    json_array_append_new(*out, row(&p, script_set_at(all, k)->name));
  script_set_unref(all);
  release_places(&p);
  return err;
}

static enum err no_script(const struct places *p, const char *name, struct error *e) {
  err_set(e, ERR_NOT_FOUND, "there is no script '%.150s'", name);
  const char *near = script_set_nearest(p->at[p->n - 1].set, "", name);
  if (near) err_hint(e, "did you mean '%s'?", near);
  return ERR_NOT_FOUND;
}

static json_t *text_of(const struct script_file *f) {
  json_t *v = f ? json_stringn(f->text, f->n) : NULL;
  return v ? v : json_null();
}

enum err command_script(struct commands *c, const char *name, json_t **out, struct error *e) {
  struct places p;
  enum err err = read_places(c, &p, e);
  struct found f = find(&p, name);
  if (err == OK && !f.file) err = no_script(&p, name, e);
  if (err == OK) {
    *out = row(&p, name);
    json_object_set_new(*out, "source", text_of(f.file));
    json_object_set_new(*out, "origin", json_string(f.kind));
    json_object_set_new(*out, "sha", json_string(f.file->sha));
    json_object_set_new(*out, "original", text_of(f.hidden));
    json_object_set_new(*out, "original_origin", f.hidden ? json_string(f.hidden_kind) : json_null());
  }
  release_places(&p);
  return err;
}

/* ---- checking */

/* "phases/writing", of words made of letters, digits, _ and -. Anything else would be a path. */
static enum err check_name(const char *name, struct error *e) {
  size_t n = strlen(name), part = 0;
  bool good = n > 0 && n <= NAME_MOST;
  for (size_t i = 0; good && i <= n; i++) {
    bool end = i == n || name[i] == '/';
    good = end ? part > 0 : strchr("_-", name[i]) || (name[i] & 0x80) == 0;
    if (good && !end)
      good = strspn(name + i, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") > 0;
    part = end ? 0 : part + 1;
  }
  if (good && !script_set_takes(name)) {
    err_set(e, ERR_INVALID, "'%.150s' is not one of the scripts that runs use", name);
    err_hint(
        e,
        "models, providers, tests and the API's own files are not part of a run: change them on the host's machine; "
        "other scripts lie at most four folders deep");
    return ERR_INVALID;
  }
  if (good) return OK;
  err_set(e, ERR_INVALID, "'%.150s' is not a valid script name", name);
  err_hint(e, "letters, digits, _ and -, with / between folders: phases/writing, pipelines/my_book");
  return ERR_INVALID;
}

/* "phases/writing.lua:12: what is wrong" in three parts. */
static json_t *error_json(const char *name, const struct error *e) {
  const char *at = strstr(e->message, ".lua:"), *digits = at ? at + 5 : NULL;
  size_t n = digits ? strspn(digits, "0123456789") : 0;
  if (!n || n > LINE_DIGITS_MOST)
    return json_pack("{s:s, s:n, s:s, s:s}", "file", name, "line", "message", e->message, "hint", e->hint);
  const char *start = at;
  while (start > e->message && start[-1] != ' ' && start[-1] != '\'' && start[-1] != '"') start--;
  const char *message = digits + n + strspn(digits + n, ": ");
  return json_pack("{s:s%, s:I, s:s, s:s}", "file", start, (size_t)(at + 4 - start), "line",
                   (json_int_t)strtoll(digits, NULL, 10), "message", message, "hint", e->hint);
}

/* The set that the next run would get with `source` as the text of `name`. */
static enum err gather_with(const struct commands *c, const char *name, const char *source, size_t n,
                            struct script_set **out, struct error *e) {
  struct script_set *s = script_set_new();
  script_set_add_text(s, name, "the editor", source, n);
  enum err err = OK;
  for (size_t i = 0; err == OK && c->script_dirs[i]; i++) err = script_set_add_dir(s, c->script_dirs[i], e);
  return commands_gathered(s, err, out, e);
}

static bool describes(const struct commands *c, const struct script_set *s, const char *pipeline,
                      struct error *e) {
  json_t *description = NULL;
  bool ok = pipeline_describe(c->settings, s, pipeline, &description, e) == OK;
  json_decref(description);
  return ok;
}

/* What a change breaks: pipelines that cannot be described with it, but could without. */
static void broken_pipelines(const struct commands *c, const char *name, const struct script_set *with,
                             json_t *errors) {
  struct script_set *without = NULL;
  struct error e = {0};
  if (script_cache_get(c->scripts, &without, &e) != OK) without = NULL;
  for (size_t i = 0; i < script_set_count(with); i++) {
    const char *file = script_set_at(with, i)->name;
    if (strncmp(file, prefix, sizeof prefix - 1) != 0) continue;
    const char *pipeline = file + sizeof prefix - 1;
    bool known = without && script_set_find(without, file);
    e = (struct error){0};
    if (describes(c, with, pipeline, &e)) continue;
    if (strcmp(file, name) == 0 || !known || describes(c, without, pipeline, NULL))
      json_array_append_new(errors, error_json(file, &e));
  }
  script_set_unref(without);
}

/* [{"file","line","message","hint"}]; empty: it would run. */
static json_t *find_errors(const struct commands *c, const char *name, const char *source, size_t n) {
  struct script_set *with = NULL;
  struct error e = {0};
  json_t *errors = json_array();
  if (gather_with(c, name, source, n, &with, &e) != OK)
    json_array_append_new(errors, error_json(name, &e));
  else
    broken_pipelines(c, name, with, errors);
  script_set_unref(with);
  return errors;
}

static enum err take_source(const json_t *request, const char **source, size_t *n, struct error *e) {
  const json_t *text = json_object_get(request, "source");
  if (!json_is_string(text)) return err_set(e, ERR_INVALID, "the script's text is missing (\"source\")");
  *source = json_string_value(text);
  *n = json_string_length(text);
  if (*n > MAX_SCRIPT_BYTES) return err_set(e, ERR_LIMIT, "a script has at most %d bytes", MAX_SCRIPT_BYTES);
  return memchr(*source, '\0', *n) ? err_set(e, ERR_INVALID, "a script holds no NUL bytes") : OK;
}

enum err command_script_check(struct commands *c, const char *name, const json_t *request, json_t **out,
                              struct error *e) {
  const char *source;
  size_t n;
  enum err err = check_name(name, e);
  if (err == OK) err = take_source(request, &source, &n, e);
  if (err != OK) return err;
  json_t *errors = find_errors(c, name, source, n);
  *out = json_pack("{s:b, s:o}", "ok", json_array_size(errors) == 0, "errors", errors);
  return OK;
}

/* ---- writing */

/* From looking at the text in force until the new one is there: of two who changed the same text, the second must hear of the first. */
static pthread_mutex_t saving = PTHREAD_MUTEX_INITIALIZER;

/* Where the library keeps a script of this name. */
static char *library_file(const struct commands *c, const char *name) {
  bool pipeline = strncmp(name, prefix, sizeof prefix - 1) == 0;
  return mem_printf("%s/%s%s.lua", store_dir(c->store), pipeline ? "" : "scripts/", name);
}

/* `expected`: the sha of the text that was edited, or "" for a name that nobody has; another one now is a conflict. */
static enum err check_expected(const struct commands *c, const char *name, const char *expected,
                               struct error *e) {
  struct places p;
  enum err err = read_places(c, &p, e);
  const struct script_file *now = find(&p, name).file;
  if (err == OK && strcmp(now ? now->sha : "", expected) != 0) {
    err = err_set(e, ERR_CONFLICT, "the script '%s' changed meanwhile", name);
    err_hint(e, "load it again, and look at what the other one changed");
  }
  release_places(&p);
  return err;
}

static enum err save_over(struct commands *c, const char *name, const char *expected, const char *source,
                          size_t n, json_t **out, struct error *e) {
  enum err err = check_expected(c, name, expected, e);
  if (err != OK) return err;
  json_t *errors = find_errors(c, name, source, n);
  if (json_array_size(errors) > 0) {
    *out = json_pack("{s:b, s:o}", "ok", 0, "errors", errors);
    return err_set(e, ERR_SCRIPT, "it is not saved: %s",
                   jsonx_str(json_array_get(errors, 0), "message", "it would not run"));
  }
  json_decref(errors);
  char *path = library_file(c, name);
  err = file_write(path, source, n, e);
  free(path);
  return err == OK ? command_script(c, name, out, e) : err;
}

enum err command_script_save(struct commands *c, const char *name, const char *expected,
                             const json_t *request, json_t **out, struct error *e) {
  const char *source;
  size_t n;
  enum err err = check_name(name, e);
  if (err == OK) err = take_source(request, &source, &n, e);
  if (err != OK) return err;
  pthread_mutex_lock(&saving);
  err = save_over(c, name, expected, source, n, out, e);
  pthread_mutex_unlock(&saving);
  return err;
}

enum err command_script_revert(struct commands *c, const char *name, const char *expected, json_t **out,
                               struct error *e) {
  enum err err = check_name(name, e);
  if (err != OK) return err;
  char *path = library_file(c, name);
  pthread_mutex_lock(&saving);
  if (access(path, F_OK) != 0 && errno == ENOENT)
    err = err_set(e, ERR_NOT_FOUND, "the library has no script '%s' of its own", name);
  if (err == OK) err = check_expected(c, name, expected, e);
  if (err == OK && unlink(path) != 0) err = err_errno(e, errno, "%s cannot be removed", path);
  free(path);
  if (err == OK && command_script(c, name, out, NULL) != OK)
    *out = json_pack("{s:s, s:n}", "name", name, "source");
  pthread_mutex_unlock(&saving);
  return err;
}
