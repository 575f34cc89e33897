/* cli_finding.c - finding list, dismiss, restore: what checks and judges found in a book, and what is meant as it is. */
#include <string.h>

#include "acts/commands.h"
#include "base/jsonx.h"
#include "cli/act.h"
#include "cli/command.h"
#include "cli/terminal.h"
#include "store/projects.h"
#include "view/words.h"

static enum err read_findings(struct cli *c, json_t **list, struct error *e) {
  int64_t project;
  enum err err = cli_reader(c, e);
  if (err != OK) return err;
  struct db *db = store_reader(c->reader);
  err = project_find_id(db, c->args[0], &project, e);
  if (err == OK) err = findings_of(db, project, list, e);
  store_reader_release(c->reader, db);
  return err;
}

/* Is it to be shown: of the chapter that was named, and dismissed ones only with --all. */
static bool is_wanted(const struct cli *c, const json_t *finding, int64_t chapter) {
  if (chapter > 0 && jsonx_int(finding, "chapter", 0) != chapter) return false;
  return options_has(&c->options, "all") || json_is_null(json_object_get(finding, "dismissed"));
}

static const char *state_of(const json_t *finding) {
  if (!json_is_null(json_object_get(finding, "dismissed"))) return "dismissed";
  if (json_is_true(json_object_get(finding, "stale"))) return "stale";
  if (json_is_true(json_object_get(finding, "certain"))) return "certain";
  return json_is_true(json_object_get(finding, "confirmed")) ? "confirmed" : "";
}

static void print_row(struct table *t, const json_t *finding) {
  const char *quote = jsonx_str(finding, "quote", "");
  char number[24] = "book";
  if (jsonx_int(finding, "chapter", 0) > 0)
    snprintf(number, sizeof number, "%lld", (long long)jsonx_int(finding, "chapter", 0));
  table_cell(t, "%s", number);
  table_cell(t, "%s", state_of(finding));
  table_cell(t, "%s", jsonx_str(finding, "key", ""));
  table_cell(t, "%s%s%s%s", *quote ? "\"" : "", quote, *quote ? "\": " : "",
             jsonx_str(finding, "problem", ""));
}

int cli_finding_list(struct cli *c) {
  static const char *const headers[] = {"CHAPTER", "", "KEY", "WHAT", NULL};
  struct error e = {0};
  json_t *all = NULL, *finding;
  int64_t chapter = 0;
  size_t i;
  enum err err = c->n_args > 1 ? cli_number(c, 1, "chapter", &chapter, &e) : OK;
  if (err == OK) err = read_findings(c, &all, &e);
  if (err != OK) return cli_fail(c, &e);
  json_t *shown = json_array();
  struct table *table = c->out.json ? NULL : table_new(headers);
  json_array_foreach(all, i, finding) {
    if (!is_wanted(c, finding, chapter)) continue;
    json_array_append(shown, finding);
    if (table) print_row(table, finding);
  }
  size_t n = json_array_size(shown);
  json_decref(all);
  if (!table) {
    out_json(shown);
    return EXIT_DONE;
  }
  json_decref(shown);
  table_print(table);
  if (n == 0)
    out_say(&c->out, "No findings. `quire run check_book --project %s` looks at the book as it stands.",
            c->args[0]);
  return EXIT_DONE;
}

static int change(struct cli *c, json_t *request, const char *said) {
  struct error e = {0};
  struct act a = {.kind = ACT_FINDING, .project = c->args[0], .request = request};
  enum err err = act_do(c, &a, &e);
  if (err == OK && c->out.json)
    out_json(json_incref(a.answer));
  else if (err == OK)
    out_line("%s %s", c->args[1], said);
  json_decref(request);
  act_close(&a, 0);
  return err == OK ? EXIT_DONE : cli_fail(c, &e);
}

int cli_finding_dismiss(struct cli *c) {
  const char *reason = options_get(&c->options, "reason");
  return change(
      c, json_pack("{s:o, s:o}", "key", view_text(c->args[1]), "reason", view_text(reason ? reason : "")),
      "is dismissed: meant as it is.");
}

int cli_finding_restore(struct cli *c) {
  return change(c, json_pack("{s:o, s:b}", "key", view_text(c->args[1]), "restore", 1),
                "is a finding again from the next check on.");
}
