/* cli_misc.c - config, sql, version. */
#include <stdlib.h>
#include <string.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "base/version.h"
#include "cli/command.h"
#include "cli/request.h"
#include "cli/terminal.h"
#include "store/upkeep/query.h"

int cli_version(struct cli *c) {
  if (c->out.json)
    out_json(json_pack("{s:s}", "version", QUIRE_VERSION));
  else
    out_line("quire %s", QUIRE_VERSION);
  return EXIT_DONE;
}

/* ---- config */

int cli_config_show(struct cli *c) {
  static const char *const with_origin[] = {"SETTING", "VALUE", "FROM", NULL}, *const plain[] = {
                                                                                   "SETTING", "VALUE", NULL};
  struct error e = {0};
  if (cli_config(c, &e) != OK) return cli_fail(c, &e);
  bool origin = options_has(&c->options, "origin");
  if (c->out.json) {
    out_json(json_incref(c->config.shown));
    return EXIT_DONE;
  }
  struct table *t = table_new(origin ? with_origin : plain);
  size_t i;
  json_t *row;
  json_array_foreach(c->config.shown, i, row) {
    const json_t *v = json_object_get(row, "value");
    char *text = json_is_string(v)   ? mem_dup(json_string_value(v))
                 : json_is_number(v) ? mem_printf("%.10g", json_number_value(v))
                                     : json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);
    table_cell(t, "%s", jsonx_str(row, "name", ""));
    table_cell(t, "%s", text ? text : "");
    if (origin) table_cell(t, "%s", jsonx_str(row, "origin", ""));
    free(text);
  }
  table_print(t);
  return EXIT_DONE;
}

/* ---- sql */

enum { SQL_MS = 30000 };

struct answer {
  struct table *table;
  const char *headers[QUERY_COLUMNS + 1];
  json_t *list;
};

static json_t *cell_json(const struct query_cell *cell) {
  switch (cell->kind) {
  case QUERY_INT: return json_integer(cell->integer);
  case QUERY_REAL: return json_real(cell->real);
  case QUERY_TEXT: return view_text(cell->text);
  case QUERY_NULL: break;
  }
  return json_null();
}

static void add_row(void *arg, const char *const *names, const struct query_cell *cells, size_t n) {
  struct answer *a = arg;
  if (a->list) {
    json_t *row = json_object();
    for (size_t i = 0; i < n; i++) json_object_set_new(row, names[i], cell_json(&cells[i]));
    json_array_append_new(a->list, row);
    return;
  }
  if (!a->table) {
    for (size_t i = 0; i < n; i++) a->headers[i] = mem_dup(names[i]);
    a->table = table_new(a->headers);
  }
  for (size_t i = 0; i < n && i < QUERY_COLUMNS; i++)
    table_cell(a->table, "%s", cells[i].text ? cells[i].text : "");
}

int cli_sql(struct cli *c) {
  struct error e = {0};
  struct answer a = {.list = c->out.json ? json_array() : NULL};
  int64_t most_ms;
  enum err err = request_duration(c, "max-wait", &most_ms, &e);
  if (most_ms < 0) most_ms = SQL_MS;
  if (err == OK) err = cli_library_there(c, &e);
  if (err == OK) err = query_each(c->library, c->args[0], most_ms, add_row, &a, &e);
  if (a.table) table_print(a.table);
  if (err == OK && a.list)
    out_json(a.list);
  else
    json_decref(a.list);
  for (size_t i = 0; a.headers[i]; i++) free((char *)(uintptr_t)a.headers[i]);
  return err == OK ? EXIT_DONE : cli_fail(c, &e);
}
