/* twice.c - see twice.h. */
#include "cli/twice.h"

#include <stdlib.h>
#include <string.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "cli/follow.h"
#include "cli/request.h"
#include "forecast/rehearse.h"
#include "view/state.h"

enum { MOST_GATES = 50 };
#define BOOK_TITLE "A book to try"
#define BOOK_SLUG  "a-book-to-try" /* what its title makes its project's name */

struct trial {
  struct cli *c;
  struct host *host;
  struct test_report *report;
};

static bool check(struct trial *t, bool ok, const char *name, const char *message) {
  if (ok)
    test_report_passed(t->report, name);
  else
    test_report_failed(t->report, name, message);
  return ok;
}

/* ---- values for required fields that were not given */

static json_t *plausible(const json_t *field) {
  const char *type = jsonx_str(field, "type", "string");
  json_t *choice = json_array_get(json_object_get(field, "choices"), 0);
  if (choice) return json_incref(choice);
  if (strcmp(type, "integer") == 0) return json_integer(jsonx_int(field, "min", 3));
  if (strcmp(type, "number") == 0) return json_real(jsonx_num(field, "min", 1.5));
  if (strcmp(type, "boolean") == 0) return json_false();
  if (strcmp(type, "list") == 0) return json_pack("[s, s]", "first", "second");
  if (strcmp(type, "text") == 0)
    return json_string(
        "A keeper of a lighthouse on the northern coast, Marta Lindqvist, finds the log book of her predecessor.\n\n"
        "It tells of a ship that never arrived, and of the harbour master who knew why.");
  return json_string("The keeper of the northern light");
}

static enum err fill_input(struct cli *c, json_t *request, struct error *e) {
  struct script_set *set = NULL;
  json_t *description = NULL, *f, *input = json_object_get(request, "input");
  const char *file = jsonx_str(request, "file", NULL), *slash = file ? strrchr(file, '/') : NULL;
  char *name = file ? mem_dup_n(slash + 1, strlen(slash + 1) - (strlen(slash + 1) > 4 ? 4 : 0))
                    : mem_dup(jsonx_str(request, "pipeline", ""));
  struct engine_settings settings = c->config.engine;
  settings.apis = host_apis();
  enum err err = commands_gather((const char *const *)c->config.script_dirs, NULL, file, &set, e);
  if (err == OK) err = pipeline_describe(&settings, set, name, &description, e);
  size_t i;
  json_array_foreach(json_object_get(description, "input"), i, f) {
    const char *field = jsonx_str(f, "name", "");
    if (json_is_true(json_object_get(f, "required")) && !json_object_get(input, field))
      json_object_set_new(input, field, plausible(f));
  }
  if (json_is_true(json_object_get(description, "on_book")) && !json_object_get(request, "project"))
    json_object_set_new(request, "project", json_string(BOOK_SLUG));
  json_decref(description);
  script_set_unref(set);
  free(name);
  return err;
}

/* ---- one run to its end */

static enum err finish(struct trial *t, int64_t run, struct run_row *row, struct error *e) {
  struct follow f = {.run = run, .host = t->host, .max_wait_ms = -1, .whole_history = true};
  enum follow_end end = FOLLOW_OVER;
  enum err err = follow_run(t->c, &f, &end, e);
  for (int i = 0; err == OK && state_waits(&f.row, FOR_GATE) && i < MOST_GATES &&
                  rehearse_decide(t->host, run, "script test");
       i++)
    err = follow_run(t->c, &f, &end, e);
  if (err == OK && end == FOLLOW_SIGNAL) err = err_set(e, ERR_CANCELLED, "interrupted");
  *row = f.row;
  return err;
}

static char *why(const struct run_row *row) {
  json_t *error = view_parsed(row->error);
  const char *message = jsonx_str(error, "message", NULL);
  char *text = message ? mem_dup(message) : state_sentence(row, NULL);
  json_decref(error);
  return text;
}

static enum err run_twice(struct trial *t, const json_t *request, struct error *e) {
  struct run_row first = {0}, second = {0};
  json_t *answer = NULL, *empty = json_object();
  char said[200];
  enum err err = command_run(host_commands(t->host), request, &answer, e);
  if (err == OK) err = finish(t, jsonx_int(answer, "run", 0), &first, e);
  json_decref(answer);
  answer = NULL;
  if (err == OK) {
    char *message = why(&first);
    snprintf(said, sizeof said, "it runs to its end (%lld call%s)", (long long)first.calls,
             first.calls == 1 ? "" : "s");
    bool ended = check(t, first.status == RUN_COMPLETED, said, message);
    free(message);
    if (ended) err = command_retry(host_commands(t->host), first.id, empty, &answer, e);
  }
  if (err == OK && answer) err = finish(t, jsonx_int(answer, "run", 0), &second, e);
  if (err == OK && answer) {
    snprintf(said, sizeof said, "it asked for %lld new answers: something in it is not the same each time",
             (long long)second.calls);
    check(t, second.calls == 0, "said again, it asks nothing new", said);
    const char *a = first.result ? first.result : "", *b = second.result ? second.result : "";
    check(t, strcmp(a, b) == 0, "its result is the same again", b);
  }
  json_decref(answer);
  json_decref(empty);
  run_row_release(&first);
  run_row_release(&second);
  return err;
}

/* For a pipeline that works on one. */
static enum err write_book(struct trial *t, const json_t *request, struct error *e) {
  json_t *answer = NULL,
         *ask = json_pack("{s:s, s:{s:s, s:s, s:i, s:i}, s:O}", "pipeline", "generate_book", "input", "title",
                          BOOK_TITLE, "brief", "A keeper finds a log.", "chapters", 2, "words_per_chapter",
                          300, "models", json_object_get(request, "models"));
  struct run_row row = {0};
  enum err err = command_run(host_commands(t->host), ask, &answer, e);
  if (err == OK) err = finish(t, jsonx_int(answer, "run", 0), &row, e);
  if (err == OK && row.status != RUN_COMPLETED) {
    char *message = why(&row);
    err = err_set(e, ERR_SCRIPT, "the book that it works on could not be written: %s", message);
    free(message);
  }
  json_decref(ask);
  json_decref(answer);
  run_row_release(&row);
  return err;
}

/* ---- both */

enum err twice_request(struct cli *c, json_t **request, struct error *e) {
  enum err err = request_run(c, request, e);
  if (err == OK) err = fill_input(c, *request, e);
  return err;
}

enum err twice_run(struct cli *c, json_t *request, struct test_report *report, struct error *e) {
  struct trial t = {.c = c, .report = report};
  json_object_del(request, "scripts"); /* they are on the path already */
  json_object_set_new(request, "models", json_pack("{s:[s]}", "", "rehearsal/novelist"));
  enum err err = host_open(&c->config, "run", false, &t.host, e);
  if (err == OK && strcmp(jsonx_str(request, "project", ""), BOOK_SLUG) == 0)
    err = write_book(&t, request, e);
  if (err == OK) err = run_twice(&t, request, e);
  host_close(t.host);
  return err;
}
