/* chapters.c - the chapters of a book, written and planned, from the documents that its pipeline leaves (book.h). Threads: the server's.
 *
 * Each has what one wants to see of a chapter without reading it: title, viewpoint, length, what is still open, who wrote the newest
 * version and whether a run proposes another; and what was taken down after it: who was in it, which promises it opened and kept. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "store/projects.h"
#include "view/words.h"
#include "web/api/api.h"
#include "book/book.h"
#include "web/api/handlers.h"

enum { NAME_MOST = 40 };

/* What all chapters are told with. */
struct telling {
  struct db *db;
  int64_t project;
  struct chapters chapters;
  int64_t *planned; /* numbers that have a plan, ascending */
  size_t n_planned;
  int width;         /* digits in names: 2, or 3 in a book of a hundred chapters */
  json_t *acts;      /* of structure.json */
  json_t *proposals; /* {"chapters/03.md": [4, 5]} */
};

static void add_plan(void *arg, const struct artifact_row *row) {
  struct telling *t = arg;
  int64_t number = book_number(BOOK_PLANS, row->name);
  if (!number) return;
  t->width = (int)strspn(row->name + strlen(BOOK_PLANS), "0123456789");
  t->planned = mem_grow(t->planned, (t->n_planned + 1) * sizeof *t->planned);
  t->planned[t->n_planned++] = number;
}

static void add_proposal(void *arg, const struct artifact_row *row) {
  json_t *list = json_object_get(arg, row->name);
  if (!list) json_object_set_new(arg, row->name, list = json_array());
  json_array_append_new(list, json_integer(row->number));
}

static enum err gather(struct telling *t, struct error *e) {
  enum err err = book_chapters(t->db, t->project, &t->chapters, e);
  if (err != OK) return err;
  t->width = 2;
  t->proposals = json_object();
  json_t *structure = book_document(t->db, t->project, BOOK_STRUCTURE);
  t->acts = json_incref(json_object_get(structure, "acts"));
  json_decref(structure);
  err = artifacts_each(t->db, t->project, BOOK_PLANS, add_plan, t);
  if (err == OK) err = artifact_proposals_each(t->db, t->project, add_proposal, t->proposals);
  return err == OK ? OK : db_error(t->db, e);
}

static void telling_release(struct telling *t) {
  book_chapters_release(&t->chapters);
  free(t->planned);
  json_decref(t->acts);
  json_decref(t->proposals);
}

/* ---- one chapter */

static json_t *document_of(const struct telling *t, const char *folder, int64_t number) {
  char name[NAME_MOST];
  snprintf(name, sizeof name, "%s%0*lld.json", folder, t->width, (long long)number);
  return book_document(t->db, t->project, name);
}

/* A list of texts, whatever else the document holds there. */
static json_t *texts(const json_t *document, const char *key) {
  json_t *out = json_array(), *item;
  size_t i;
  json_array_foreach(json_object_get(document, key), i, item) {
    const char *text = json_is_object(item) ? jsonx_str(item, "problem", NULL) : json_string_value(item);
    if (text) json_array_append_new(out, json_string(text));
  }
  return out;
}

/* The title of the act that the chapter stands in; null where a book has one act only, which divides nothing. */
static json_t *part_of(const struct telling *t, int64_t number) {
  json_t *act;
  size_t i;
  if (json_array_size(t->acts) < 2) return json_null();
  json_array_foreach(t->acts, i, act) {
    if (number < jsonx_int(act, "first", 0) || number > jsonx_int(act, "last", 0)) continue;
    return view_text(jsonx_str(act, "title", NULL));
  }
  return json_null();
}

/* `c`: NULL for one that is only planned. */
static json_t *chapter_json(const struct telling *t, int64_t number, const struct chapter *c) {
  json_t *plan = document_of(t, BOOK_PLANS, number), *issues = document_of(t, BOOK_ISSUES, number);
  json_t *facts = document_of(t, BOOK_FACTS, number);
  json_t *proposals = c ? json_object_get(t->proposals, c->name) : NULL;
  const char *title = c && c->title[0] ? c->title : jsonx_str(plan, "title", "");
  json_t *v = json_pack("{s:I, s:o, s:o, s:o, s:I, s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "number",
                        (json_int_t)number, "name", view_text(c ? c->name : NULL), "title", view_text(title),
                        "viewpoint", view_text(jsonx_str(plan, "viewpoint", NULL)), "words",
                        (json_int_t)(c ? c->words : 0), "part", part_of(t, number), "written", c != NULL,
                        "version", c ? json_integer(c->version) : json_null(), "author",
                        view_text(!c             ? NULL
                                  : c->by_person ? "person"
                                                 : "run"),
                        "issues", texts(issues, "issues"), "proposals",
                        proposals ? json_incref(proposals) : json_array(), "names", texts(facts, "names"),
                        "opened", texts(facts, "opened"), "paid", texts(facts, "paid"));
  json_decref(plan);
  json_decref(issues);
  json_decref(facts);
  return v;
}

/* Both lists are in order: written and planned chapters come in one. */
static json_t *tell(const struct telling *t) {
  json_t *out = json_array();
  size_t i = 0, k = 0;
  while (i < t->chapters.n || k < t->n_planned) {
    int64_t written = i < t->chapters.n ? t->chapters.items[i].number : INT64_MAX;
    int64_t planned = k < t->n_planned ? t->planned[k] : INT64_MAX;
    int64_t number = written < planned ? written : planned;
    json_array_append_new(out, chapter_json(t, number, written == number ? &t->chapters.items[i] : NULL));
    i += written == number;
    k += planned == number;
  }
  return out;
}

void list_chapters(struct request *q, struct response *a, void *arg) {
  struct web *w = arg;
  struct telling t = {0};
  struct error e = {0};
  t.db = store_reader(w->commands->store);
  enum err err = project_find_id(t.db, request_param(q, "slug"), &t.project, &e);
  if (err == OK) err = gather(&t, &e);
  json_t *out = err == OK ? tell(&t) : NULL;
  store_reader_release(w->commands->store, t.db);
  telling_release(&t);
  api_answer(a, err, out, 200, &e);
}
