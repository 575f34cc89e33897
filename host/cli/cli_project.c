/* cli_project.c - projects and their documents: project, artifact, diff. */
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/act.h"
#include "cli/command.h"
#include "view/diff.h"
#include "cli/request.h"
#include "cli/result.h"
#include "view/state.h"
#include "cli/terminal.h"
#include "store/artifacts.h"
#include "store/projects.h"
#include "view/project.h"

enum { CONTEXT_LINES = 2 };

struct listing {
  struct cli *c;
  struct table *table;
  json_t *list;
};

static struct listing listing_begin(struct cli *c, const char *const *headers) {
  struct listing l = {.c = c};
  if (c->out.json)
    l.list = json_array();
  else
    l.table = table_new(headers);
  return l;
}

static int listing_end(struct listing *l, enum err err, const struct error *e) {
  if (l->table)
    table_print(l->table);
  else if (err == OK)
    out_json(l->list);
  else
    json_decref(l->list);
  return err == OK ? EXIT_DONE : cli_fail(l->c, e);
}

/* ---- projects */

static void list_project(void *arg, const struct project_row *p) {
  struct listing *l = arg;
  char age[40];
  if (l->list) {
    json_array_append_new(l->list, view_project(p));
    return;
  }
  table_cell(l->table, "%s%s", p->parent ? "  " : "", p->slug);
  table_cell(l->table, "%s", p->title ? p->title : "");
  table_cell(l->table, "%s", p->kind ? p->kind : "");
  table_cell(l->table, "%s", view_age(p->updated_at, age));
}

int cli_project_list(struct cli *c) {
  static const char *const headers[] = {"PROJECT", "TITLE", "KIND", "CHANGED", NULL};
  struct error e = {0};
  if (cli_reader(c, &e) != OK) return cli_fail(c, &e);
  struct listing l = listing_begin(c, headers);
  struct db *db = store_reader(c->reader);
  enum err err = projects_each(db, -1, list_project, &l);
  if (err != OK) db_error(db, &e);
  store_reader_release(c->reader, db);
  return listing_end(&l, err, &e);
}

struct found {
  int64_t id;
  json_t *json;
};

static void take_project(void *arg, const struct project_row *p) {
  struct found *f = arg;
  f->id = p->id;
  f->json = view_project(p);
}

/* The project of argument 0; free f->json. */
static enum err find_project(struct cli *c, struct found *f, struct error *e) {
  enum err err = cli_reader(c, e);
  if (err != OK) return err;
  struct db *db = store_reader(c->reader);
  err = project_find(db, c->args[0], take_project, f, e);
  store_reader_release(c->reader, db);
  return err;
}

/* ---- documents */

static void list_artifact(void *arg, const struct artifact_row *r) {
  struct listing *l = arg;
  char age[40];
  if (l->list) {
    json_array_append_new(l->list, view_artifact(r));
    return;
  }
  table_cell(l->table, "%s", r->name);
  table_cell(l->table, "%lld", (long long)r->number);
  table_cell(l->table, "%s", r->kind);
  if (r->run)
    table_cell(l->table, "run %lld", (long long)r->run);
  else
    table_cell(l->table, "%s", "a person");
  table_cell(l->table, "%s", strcmp(r->state, "proposal") == 0 ? "proposal" : "");
  table_cell(l->table, "%lld", (long long)r->size);
  table_cell(l->table, "%s", view_age(r->created_at, age));
}

static const char *const artifact_headers[] = {"NAME", ">VERSION", "KIND", "BY", "", ">BYTES", "SAVED", NULL};

static struct listing list_documents(struct cli *c, int64_t project, const char *prefix, enum err *err,
                                     struct error *e) {
  struct listing l = listing_begin(c, artifact_headers);
  struct db *db = store_reader(c->reader);
  *err = artifacts_each(db, project, prefix, list_artifact, &l);
  if (*err != OK) db_error(db, e);
  store_reader_release(c->reader, db);
  return l;
}

int cli_project_show(struct cli *c) {
  struct error e = {0};
  struct found f = {0};
  enum err err = find_project(c, &f, &e);
  if (err != OK) return cli_fail(c, &e);
  if (!c->out.json) {
    out_line("%s (%s)", jsonx_str(f.json, "title", ""), jsonx_str(f.json, "kind", ""));
    json_t *fields = json_object_get(f.json, "fields"), *v;
    const char *key;
    json_object_foreach(fields, key, v) {
      char *text =
          json_is_string(v) ? mem_dup(json_string_value(v)) : json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);
      out_line("  %s: %s", key, text ? text : "?");
      free(text);
    }
  }
  struct listing l = list_documents(c, f.id, "", &err, &e);
  if (l.list && err == OK) {
    json_object_set_new(f.json, "artifacts", l.list);
    l.list = json_incref(f.json);
  }
  json_decref(f.json);
  return listing_end(&l, err, &e);
}

int cli_artifact_list(struct cli *c) {
  struct error e = {0};
  struct found f = {0};
  enum err err = find_project(c, &f, &e);
  if (err != OK) return cli_fail(c, &e);
  json_decref(f.json);
  struct listing l = list_documents(c, f.id, c->n_args > 1 ? c->args[1] : "", &err, &e);
  return listing_end(&l, err, &e);
}

struct names {
  const char **at;
  size_t n;
};

static void collect_name(void *arg, const struct artifact_row *r) {
  struct names *names = arg;
  names->at = mem_grow(names->at, (names->n + 2) * sizeof *names->at);
  names->at[names->n++] = mem_dup(r->name);
  names->at[names->n] = NULL;
}

/* Says which name was meant. */
static enum err no_artifact(struct cli *c, struct db *db, int64_t project, const char *name,
                            struct error *e) {
  struct names names = {0};
  (void)artifacts_each(db, project, "", collect_name, &names); /* then no name is suggested */
  const char *near = names.n ? text_nearest(name, names.at) : NULL;
  err_set(e, ERR_NOT_FOUND, "the project %s has no document '%s'", c->args[0], name);
  if (near)
    err_hint(e, "did you mean '%s'?", near);
  else
    err_hint(e, "`quire artifact list %s` shows them", c->args[0]);
  for (size_t i = 0; i < names.n; i++) free((char *)(uintptr_t)names.at[i]);
  free(names.at);
  return ERR_NOT_FOUND;
}

static void count_row(void *arg, const struct artifact_row *r) {
  (void)r;
  (*(int *)arg)++;
}

int cli_artifact_history(struct cli *c) {
  struct error e = {0};
  struct found f = {0};
  enum err err = find_project(c, &f, &e);
  if (err != OK) return cli_fail(c, &e);
  json_decref(f.json);
  int n = 0;
  struct db *db = store_reader(c->reader);
  err = artifact_history(db, f.id, c->args[1], count_row, &n);
  if (err == ERR_NOT_FOUND || (err == OK && n == 0)) err = no_artifact(c, db, f.id, c->args[1], &e);
  if (err != OK) {
    store_reader_release(c->reader, db);
    return cli_fail(c, &e);
  }
  struct listing l = listing_begin(c, artifact_headers);
  err = artifact_history(db, f.id, c->args[1], list_artifact, &l);
  if (err != OK) db_error(db, &e);
  store_reader_release(c->reader, db);
  return listing_end(&l, err, &e);
}

static enum err read_version(struct cli *c, int64_t project, int64_t number, struct buf *out,
                             int64_t *version, struct error *e) {
  struct db *db = store_reader(c->reader);
  enum err err = artifact_content(db, project, c->args[1], number, out, version, e);
  if (err == ERR_NOT_FOUND && number == 0)
    err = no_artifact(c, db, project, c->args[1], e);
  else if (err == ERR_NOT_FOUND && !e->message[0])
    err_set(e, err, "'%s' has no version %lld", c->args[1], (long long)number);
  store_reader_release(c->reader, db);
  return err;
}

static enum err option_number(struct cli *c, const char *option, int64_t otherwise, int64_t *out,
                              struct error *e) {
  const char *given = options_get(&c->options, option);
  char *end = NULL;
  *out = given ? strtoll(given, &end, 10) : otherwise;
  if (given && (!*given || *end || *out < 0))
    return err_set(e, ERR_INVALID, "--%s %s: this is not the number of a version", option, given);
  return OK;
}

/* JSON that a run wrote stands on one line; a person who is to edit it gets it indented. What a person wrote stays as it is. */
static void print_document(const struct buf *b) {
  json_t *v = NULL;
  bool one_line = b->len > 2 && (b->data[0] == '{' || b->data[0] == '[') && !memchr(b->data, '\n', b->len);
  if (one_line && jsonx_parse(b->data, b->len, "the document", &v, NULL) == OK) {
    char *text = json_dumps(v, JSON_INDENT(2));
    out_document(text, strlen(text));
    out_document("\n", 1);
    free(text);
  } else {
    out_document(b->data, b->len);
  }
  json_decref(v);
}

int cli_artifact_show(struct cli *c) {
  struct error e = {0};
  struct found f = {0};
  struct buf b;
  int64_t number, version = 0;
  buf_init(&b, MAX_ARTIFACT_BYTES);
  enum err err = option_number(c, "version", 0, &number, &e);
  if (err == OK) err = find_project(c, &f, &e);
  json_decref(f.json);
  if (err == OK) err = read_version(c, f.id, number, &b, &version, &e);
  if (err == OK && c->out.json) {
    json_t *text = json_stringn(b.data, b.len);
    out_json(json_pack("{s:o, s:I, s:o}", "name", view_text(c->args[1]), "version", (json_int_t)version,
                       "content", text ? text : json_null()));
  } else if (err == OK) {
    print_document(&b);
  }
  buf_release(&b);
  return err == OK ? EXIT_DONE : cli_fail(c, &e);
}

int cli_artifact_edit(struct cli *c) {
  struct error e = {0};
  struct buf b;
  int64_t expected;
  const char *name = c->args[1], *path = options_get(&c->options, "from");
  buf_init(&b, MAX_ARTIFACT_BYTES);
  enum err err = option_number(c, "expected", -1, &expected, &e);
  if (err == OK && !path)
    err = err_set(&e, ERR_INVALID,
                  "`quire artifact edit` needs the new text: --from FILE, or --from - for standard input");
  if (err == OK) err = request_file(path, name, true, &b, &e);
  if (err == OK) err = artifact_name_check(name, &e);
  struct act a = {.kind = ACT_ARTIFACT, .project = c->args[0], .name = name};
  if (err == OK) {
    a.request = json_pack("{s:o, s:o, s:I}", "name", view_text(name), "content", json_stringn(b.data, b.len),
                          "expected", (json_int_t)expected);
    err = act_do(c, &a, &e);
  }
  if (err == OK && c->out.json)
    out_json(json_incref(a.answer));
  else if (err == OK)
    out_line("%s is at version %lld.", name, (long long)jsonx_int(a.answer, "version", 0));
  json_decref(a.request);
  act_close(&a, 0);
  buf_release(&b);
  return err == OK ? EXIT_DONE : cli_fail(c, &e);
}

/* ---- cover */

static json_t *cover_request(const char *project, const struct buf *picture) {
  struct buf text;
  buf_init(&text, MAX_HTTP_BODY_BYTES);
  (void)base64_encode(picture->data, picture->len, &text); /* MAX_COVER_BYTES fit */
  json_t *request = json_pack("{s:s, s:o, s:s}", "kind", "cover", "project", view_text(project), "content",
                              text.data ? text.data : "");
  buf_release(&text);
  return request;
}

int cli_project_cover(struct cli *c) {
  struct error e = {0};
  struct buf picture;
  const char *project = c->args[0], *path = c->args[1];
  buf_init(&picture, MAX_COVER_BYTES);
  struct act a = {.kind = ACT_UPLOAD};
  enum err err = result_project_there(c, project, &e);
  if (err == OK) err = request_file(path, "the cover", false, &picture, &e);
  if (err == OK) {
    a.request = cover_request(project, &picture);
    err = act_do(c, &a, &e);
  }
  if (err == OK && c->out.json)
    out_json(json_incref(a.answer));
  else if (err == OK)
    out_line("It is the cover of %s. `quire export %s` puts it into the files.", project, project);
  json_decref(a.request);
  act_close(&a, 0);
  buf_release(&picture);
  return err == OK ? EXIT_DONE : cli_fail(c, &e);
}

/* ---- diff */

/* FROM and TO: the newest and the one before it by default. */
static enum err versions(struct cli *c, int64_t project, int64_t *from, int64_t *to, struct error *e) {
  struct buf b;
  int64_t head = 0;
  buf_init(&b, MAX_ARTIFACT_BYTES);
  enum err err = read_version(c, project, 0, &b, &head, e);
  buf_release(&b);
  *to = head;
  *from = head - 1;
  if (err == OK && c->n_args > 2) err = cli_number(c, 2, "version", from, e);
  if (err == OK && c->n_args > 3) err = cli_number(c, 3, "version", to, e);
  if (err == OK && *from < 1)
    err = err_set(e, ERR_INVALID, "'%s' has only one version: there is nothing to compare", c->args[1]);
  return err;
}

int cli_diff(struct cli *c) {
  struct error e = {0};
  struct found f = {0};
  struct buf old, new, out;
  int64_t from, to, ignored;
  buf_init(&old, MAX_ARTIFACT_BYTES);
  buf_init(&new, MAX_ARTIFACT_BYTES);
  buf_init(&out, 2 * (size_t)MAX_ARTIFACT_BYTES);
  enum err err = find_project(c, &f, &e);
  json_decref(f.json);
  if (err == OK) err = versions(c, f.id, &from, &to, &e);
  if (err == OK) err = read_version(c, f.id, from, &old, &ignored, &e);
  if (err == OK) err = read_version(c, f.id, to, &new, &ignored, &e);
  if (err == OK && c->out.json) {
    out_json(json_pack("{s:o, s:I, s:I, s:o}", "name", view_text(c->args[1]), "from", (json_int_t)from, "to",
                       (json_int_t)to, "parts", diff_words_json(old.data, new.data, NULL)));
  } else if (err == OK) {
    const char *end = terminal_style(stdout, STYLE_NONE);
    const struct diff_marks marks = {terminal_style(stdout, STYLE_GONE), end,
                                     terminal_style(stdout, STYLE_GREEN), end};
    size_t words =
        diff_words(old.data, new.data, terminal_colour(stdout) ? &marks : NULL, CONTEXT_LINES, &out);
    if (out.len) out_text(stdout, "%s\n", out.data);
    out_say(&c->out, "%s: version %lld to %lld, %zu words changed", c->args[1], (long long)from,
            (long long)to, words);
  }
  buf_release(&old);
  buf_release(&new);
  buf_release(&out);
  return err == OK ? EXIT_DONE : cli_fail(c, &e);
}
