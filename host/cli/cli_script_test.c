/* cli_script_test.c - `quire script test`: the tests that lie beside scripts (script_test.h), and for a pipeline that is named also whether
 * it says the same twice (twice.h). All in a library that is thrown away.
 *
 *   which files? (read_names) -> their cases (run_tests) -> each named pipeline twice (run_pipelines) */
#include <stdlib.h>
#include <string.h>

#include "acts/commands.h"
#include "base/mem.h"
#include "cli/command.h"
#include "cli/stop.h"
#include "cli/twice.h"
#include "scratch.h"
#include "script_test/script_test.h"

enum { CASE_S = 240 };

struct plan {
  struct cli *c;
  struct script_set *set; /* with tests */
  const char **files;     /* names in the set */
  size_t n_files;
  json_t *pipelines; /* requests */
  struct test_report report;
};

/* ---- which */

/* "scripts/phases/writing.lua", "phases/writing_test" and "phases/writing" name the same. free() it. */
static char *plain(const char *arg) {
  char *name = mem_dup(strncmp(arg, "scripts/", 8) == 0 ? arg + 8 : arg);
  static const char *const endings[] = {".lua", "_test"};
  for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
    size_t n = strlen(name), k = strlen(endings[i]);
    if (n > k && strcmp(name + n - k, endings[i]) == 0) name[n - k] = '\0';
  }
  return name;
}

/* Is `test` ("phases/writing_test") what `name` means: the file, one of its folder, or the only word that is needed? */
static bool means(const char *name, const char *test) {
  size_t n = strlen(name), len = strlen(test) - strlen("_test");
  const char *slash = strrchr(test, '/'), *word = slash ? slash + 1 : test;
  if (n < len && strncmp(test, name, n) == 0 && test[n] == '/') return true;
  if (n == len && strncmp(test, name, n) == 0) return true;
  return strlen(word) - strlen("_test") == n && strncmp(word, name, n) == 0;
}

static size_t add_tests(struct plan *p, const char *name) {
  size_t found = 0;
  for (size_t i = 0; i < script_set_count(p->set); i++) {
    const char *test = script_set_at(p->set, i)->name;
    if (!script_is_test(test) || (name && !means(name, test))) continue;
    p->files = mem_grow(p->files, (p->n_files + 1) * sizeof *p->files);
    p->files[p->n_files++] = test;
    found++;
  }
  return found;
}

/* The pipeline as the first argument of a run. */
static enum err add_pipeline(struct plan *p, const char *pipeline, struct error *e) {
  json_t *request = NULL;
  struct cli *c = p->c;
  const char *const *args = c->args;
  size_t n = c->n_args;
  c->args = &pipeline;
  c->n_args = 1;
  enum err err = twice_request(c, &request, e);
  c->args = args;
  c->n_args = n;
  if (err == OK)
    json_array_append_new(p->pipelines, request);
  else
    json_decref(request);
  return err;
}

/* The pipeline that `arg` names, as a run takes it: a name, or a file of its own. NULL: it names none. free() it. */
static char *pipeline_of(const struct plan *p, const char *arg, const char *name) {
  size_t n = strlen(arg), skip = strncmp(name, "pipelines/", 10) == 0 ? 10 : 0;
  bool is_file = n > 4 && strcmp(arg + n - 4, ".lua") == 0;
  if (is_file) return script_set_find(p->set, name) ? NULL : mem_dup(arg);
  char *path = mem_printf("pipelines/%s", name + skip);
  bool there = script_set_find(p->set, path) != NULL;
  free(path);
  return there ? mem_dup(name + skip) : NULL;
}

static enum err add_name(struct plan *p, const char *arg, bool with_tests, struct error *e) {
  char *name = plain(arg), *pipeline = pipeline_of(p, arg, name);
  size_t found = with_tests ? add_tests(p, name) : 0;
  enum err err = OK;
  if (pipeline)
    err = add_pipeline(p, pipeline, e);
  else if (!found && script_set_find(p->set, name)) {
    err = err_set(e, ERR_NOT_FOUND, "'%.200s' has no tests", name);
    err_hint(e, "write scripts/%.100s_test.lua beside it", name);
  } else if (!found)
    err = add_pipeline(p, arg, e); /* which says that there is none, and what is near */
  free(pipeline);
  free(name);
  return err;
}

static enum err read_names(struct plan *p, struct error *e) {
  struct cli *c = p->c;
  bool input = options_has(&c->options, "set") || options_has(&c->options, "input");
  if (input && c->n_args != 1)
    return err_set(e, ERR_INVALID, "--set and --input belong to one pipeline: name it");
  enum err err = OK;
  if (c->n_args == 0) add_tests(p, NULL);
  for (size_t i = 0; i < c->n_args && err == OK; i++) err = add_name(p, c->args[i], !input, e);
  return err;
}

static enum err read_plan(struct plan *p, struct error *e) {
  struct script_set *s = script_set_new_with_tests();
  enum err err = OK;
  for (size_t i = 0; err == OK && p->c->config.script_dirs[i]; i++)
    err = script_set_add_dir(s, p->c->config.script_dirs[i], e);
  err = commands_gathered(s, err, &p->set, e);
  return err == OK ? read_names(p, e) : err;
}

/* ---- running them */

static bool stopped(void) {
  return stop_signal() != 0;
}

/* "phases/writing: a scene that broke off is finished" */
static void told(void *arg, const char *file, const char *name, enum test_outcome outcome,
                 const char *message) {
  struct test_report *r = arg;
  char *whole = mem_printf("%.*s: %s", (int)(strlen(file) - strlen("_test")), file, name);
  if (outcome == TEST_PASSED)
    test_report_passed(r, whole);
  else if (outcome == TEST_SKIPPED)
    test_report_skipped(r, whole, message);
  else
    test_report_failed(r, whole, message);
  free(whole);
}

static enum err run_tests(struct plan *p, const char *dir, struct error *e) {
  const char *seconds = options_get(&p->c->options, "seconds");
  struct script_tests t = {.dir = dir,
                           .seconds = seconds ? strtod(seconds, NULL) : CASE_S,
                           .stopped = stopped,
                           .told = told,
                           .arg = &p->report,
                           .set = p->set};
  if (!p->n_files) return OK;
  if (!(t.seconds > 0))
    return err_set(e, ERR_INVALID, "--seconds takes a number above 0, not '%.50s'", seconds);
  enum err err = script_tests_open(&t, &p->c->config, e);
  for (size_t i = 0; i < p->n_files && err == OK; i++) err = script_tests_run(&t, p->files[i], e);
  script_tests_close(&t, &p->c->config);
  return err;
}

static enum err run_pipelines(struct plan *p, struct error *e) {
  enum err err = OK;
  for (size_t i = 0; i < json_array_size(p->pipelines) && err == OK; i++)
    err = twice_run(p->c, json_array_get(p->pipelines, i), &p->report, e);
  return err;
}

int cli_script_test(struct cli *c) {
  struct error e = {0};
  char *dir = NULL;
  struct plan p = {.c = c, .pipelines = json_array()};
  test_report_begin(&p.report, c);
  stop_catch();
  enum err err = cli_config(c, &e);
  if (err == OK) err = read_plan(&p, &e);
  if (err == OK) err = scratch_open(&c->config, &dir, &e);
  if (err == OK) err = run_tests(&p, dir, &e);
  if (err == OK) err = run_pipelines(&p, &e);
  scratch_remove(dir);
  json_decref(p.pipelines);
  free(p.files);
  script_set_unref(p.set);
  return test_report_end(&p.report, err == OK ? NULL : &e);
}
