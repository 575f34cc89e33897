/* cli_gate.c - questions to a person: list, show, approve, reject.
 *
 * A decision is for the exact text that was shown: its hash goes along, so a question that changed meanwhile is not decided unseen. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/act.h"
#include "cli/command.h"
#include "cli/request.h"
#include "view/state.h"
#include "cli/terminal.h"
#include "store/gates.h"
#include "view/gate.h"

/* ---- list */

struct listing {
  struct table *table;
  json_t *list;
  int n;
};

static char *joined(const char *choices) {
  json_t *list = view_parsed(choices), *item;
  struct buf b;
  size_t i;
  buf_init(&b, 4096);
  json_array_foreach(list, i, item)
      buf_printf(&b, "%s%s", i ? ", " : "", json_is_string(item) ? json_string_value(item) : "?");
  json_decref(list);
  char *text = b.len ? buf_take(&b) : mem_dup("");
  buf_release(&b);
  return text;
}

static void list_gate(void *arg, const struct gate_row *g) {
  struct listing *l = arg;
  l->n++;
  if (l->list) {
    json_array_append_new(l->list, view_gate(g));
    return;
  }
  char age[40], *choices = joined(g->choices);
  table_cell(l->table, "%lld", (long long)g->id);
  table_cell(l->table, "%lld", (long long)g->run);
  table_cell(l->table, "%s", g->status);
  table_cell(l->table, "%s", g->title);
  table_cell(l->table, "%s", choices);
  table_cell(l->table, "%s", g->decision ? g->decision : "");
  table_cell(l->table, "%s", view_age(g->created_at, age));
  free(choices);
}

int cli_gate_list(struct cli *c) {
  static const char *const headers[] = {">GATE",   ">RUN",     "STATUS", "QUESTION",
                                        "CHOICES", "DECISION", "ASKED",  NULL};
  struct error e = {0};
  int64_t run = 0;
  enum err err = c->n_args ? cli_number(c, 0, "run", &run, &e) : OK;
  if (err == OK) err = cli_reader(c, &e);
  if (err != OK) return cli_fail(c, &e);
  struct listing l = {0};
  if (c->out.json)
    l.list = json_array();
  else
    l.table = table_new(headers);
  struct db *db = store_reader(c->reader);
  err = gates_each(db, run, !options_has(&c->options, "all"), list_gate, &l);
  if (err != OK) db_error(db, &e);
  store_reader_release(c->reader, db);
  if (l.table)
    table_print(l.table);
  else if (err == OK)
    out_json(l.list);
  if (err == OK && l.n == 0) out_say(&c->out, "No question waits for a person.");
  return err == OK ? EXIT_DONE : cli_fail(c, &e);
}

/* ---- one gate */

struct gate {
  int64_t id, run;
  json_t *json; /* as view_gate */
  bool open;
};

static void take_gate(void *arg, const struct gate_row *g) {
  struct gate *out = arg;
  out->run = g->run;
  out->open = strcmp(g->status, "open") == 0;
  out->json = view_gate(g);
}

static enum err read_gate(struct cli *c, struct gate *g, struct error *e) {
  enum err err = cli_number(c, 0, "gate", &g->id, e);
  if (err == OK) err = cli_reader(c, e);
  if (err != OK) return err;
  struct db *db = store_reader(c->reader);
  err = gate_get(db, g->id, take_gate, g, e);
  store_reader_release(c->reader, db);
  return err;
}

int cli_gate_show(struct cli *c) {
  struct error e = {0};
  struct gate g = {0};
  if (read_gate(c, &g, &e) != OK) return cli_fail(c, &e);
  if (c->out.json) {
    out_json(g.json);
    return EXIT_DONE;
  }
  const char *show = jsonx_str(g.json, "show", "");
  out_say(&c->out, "Gate %lld of run %lld: %s", (long long)g.id, (long long)g.run,
          jsonx_str(g.json, "title", ""));
  json_t *structured = view_parsed(show);
  if (json_is_null(structured))
    out_document(show, strlen(show)), out_document("\n", 1);
  else
    out_json(json_incref(structured));
  json_decref(structured);
  json_t *choices = json_object_get(g.json, "choices");
  for (size_t i = 0; i < json_array_size(choices); i++)
    out_say(&c->out, "  quire gate approve %lld --choice '%s'", (long long)g.id,
            json_string_value(json_array_get(choices, i)));
  json_decref(g.json);
  return EXIT_DONE;
}

/* ---- deciding */

/* The choice of this name, else the first or last one. */
static const char *choose(const json_t *choices, const char *name, bool first) {
  size_t n = json_array_size(choices);
  for (size_t i = 0; i < n; i++) {
    const char *choice = json_string_value(json_array_get(choices, i));
    if (choice && strcasecmp(choice, name) == 0) return choice;
  }
  return n ? json_string_value(json_array_get(choices, first ? 0 : n - 1)) : name;
}

/* JSON where JSON was shown, else text. */
static enum err add_edits(struct cli *c, const struct gate *g, json_t *request, struct error *e) {
  const char *path = options_get(&c->options, "edits");
  if (!path) return OK;
  struct buf b;
  buf_init(&b, MAX_INPUT_BYTES);
  enum err err = request_file(path, "--edits", true, &b, e);
  json_t *shown = view_parsed(jsonx_str(g->json, "show", NULL)), *edits = NULL;
  bool structured = json_is_object(shown) || json_is_array(shown) || json_object_get(g->json, "schema");
  if (err == OK && structured) err = jsonx_parse(b.data, b.len, path, &edits, e);
  if (err == OK && !structured) edits = json_stringn(b.data, b.len);
  if (err == OK) json_object_set_new(request, "edits", edits);
  json_decref(shown);
  buf_release(&b);
  return err;
}

static enum err refuse_decided(const struct gate *g, struct error *e) {
  err_set(e, ERR_CONFLICT, "gate %lld is %s already%s%s", (long long)g->id,
          jsonx_str(g->json, "status", "decided"), json_object_get(g->json, "decision") ? ": " : "",
          jsonx_str(g->json, "decision", ""));
  return ERR_CONFLICT;
}

static int decide(struct cli *c, const char *word, bool first) {
  struct error e = {0};
  struct gate g = {0};
  enum err err = read_gate(c, &g, &e);
  if (err == OK && !g.open) err = refuse_decided(&g, &e);
  if (err != OK) {
    json_decref(g.json);
    return cli_fail(c, &e);
  }
  const char *given = options_get(&c->options, "choice"), *note = options_get(&c->options, "note");
  const char *user = getenv("USER");
  const char *choice =
      given ? given : choose(json_object_get(g.json, "choices"), note ? "again" : word, first);
  json_t *request =
      json_pack("{s:o, s:o, s:s}", "choice", view_text(choice), "by",
                view_text(user && *user ? user : "a person"), "show_sha", jsonx_str(g.json, "show_sha", ""));
  err = add_edits(c, &g, request, &e);
  if (note) json_object_set_new(request, "note", view_text(note));
  struct act a = {.kind = ACT_GATE, .id = g.id, .request = request};
  if (err == OK) err = act_do(c, &a, &e);
  int code = EXIT_DONE;
  if (err != OK) {
    code = cli_fail(c, &e);
  } else if (c->out.json) {
    json_object_set_new(a.answer, "choice", view_text(choice));
    json_object_set_new(a.answer, "goes_on", json_boolean(a.handed_over));
    out_json(json_incref(a.answer));
  } else {
    out_line("Gate %lld is decided: %s.", (long long)g.id, choice);
    if (a.handed_over)
      out_say(&c->out, "Run %lld continues: `quire watch %lld` follows it.", (long long)g.run,
              (long long)g.run);
    else
      out_say(&c->out, "`quire resume %lld` (or `quire serve`) continues run %lld.", (long long)g.run,
              (long long)g.run);
  }
  act_close(&a, 0);
  json_decref(request);
  json_decref(g.json);
  return code;
}

int cli_gate_approve(struct cli *c) {
  return decide(c, "approve", true);
}
int cli_gate_reject(struct cli *c) {
  return decide(c, "reject", false);
}
