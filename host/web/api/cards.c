/* cards.c - see cards.h. The numbers of a book come from the documents that its pipeline leaves: how many chapters there are from their
 * names, what book.json says once the book is whole. */
#include "web/api/cards.h"

#include <stdlib.h>
#include <string.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "book/book.h"
#include "store/artifacts.h"
#include "store/runs.h"
#include "view/call.h"
#include "view/words.h"
#include "web/api/api.h"

struct numbers {
  int64_t chapters, plans, proposals;
  bool book;     /* there is a book.json */
  int64_t cover; /* its version; 0: none */
};

static bool begins(const char *s, const char *with) {
  return strncmp(s, with, strlen(with)) == 0;
}

static void count_document(void *arg, const struct artifact_row *r) {
  struct numbers *n = arg;
  n->chapters += begins(r->name, BOOK_CHAPTERS);
  n->plans += begins(r->name, BOOK_PLANS);
  n->book = n->book || strcmp(r->name, BOOK_META) == 0;
  bool picture = strcmp(r->kind, "png") == 0 || strcmp(r->kind, "jpeg") == 0;
  if (picture && strcmp(r->name, "cover") == 0) n->cover = r->number;
}

/* Author and words, once the book is whole. */
static void add_book(struct db *db, int64_t project, bool whole, json_t *card) {
  json_t *book = whole ? book_document(db, project, BOOK_META) : NULL;
  const json_t *words = json_object_get(book, "words");
  json_object_set_new(card, "author", view_text(jsonx_str(book, "author", NULL)));
  json_object_set_new(card, "words",
                      json_is_integer(words) ? json_integer(json_integer_value(words)) : json_null());
  json_decref(book);
}

struct last_run {
  struct web *web;
  json_t *run;
};

static void take_run(void *arg, const struct run_row *r) {
  struct last_run *last = arg;
  last->run = api_run(last->web, r, false);
}

static void take_slug(void *arg, const struct project_row *p) {
  *(json_t **)arg = view_text(p->slug);
}

/* What the pipeline says of the book; before that, as many as are planned. */
static json_t *chapters_total(const struct project_row *p, int64_t plans) {
  json_t *fields = NULL;
  (void)jsonx_parse(p->fields, strlen(p->fields), "the project's fields", &fields,
                    NULL); /* NULL has no fields */
  int64_t n = jsonx_int(fields, "chapters", plans);
  json_decref(fields);
  return n > 0 ? json_integer(n) : json_null();
}

json_t *card_of(struct web *w, struct db *db, const struct project_row *p) {
  struct numbers n = {0};
  struct last_run last = {.web = w};
  json_t *parent = NULL;
  struct run_filter newest = {.project = p->slug, .limit = 1};
  /* A card shows what could be read; whoever lists the projects says that the library cannot be. */
  (void)artifacts_each(db, p->id, "", count_document, &n);
  (void)project_proposals(db, p->id, &n.proposals);
  (void)runs_each(db, &newest, take_run, &last);
  if (p->parent) (void)project_by_id(db, p->parent, take_slug, &parent);
  char *cover = n.cover ? mem_printf("files/%s/cover?version=%lld", p->slug, (long long)n.cover) : NULL;
  json_t *v =
      json_pack("{s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:I, s:I}", "project", view_text(p->slug), "title",
                view_text(p->title), "kind", view_text(p->kind), "parent", parent ? parent : json_null(),
                "chapters_done", (json_int_t)n.chapters, "chapters_total", chapters_total(p, n.plans),
                "cover", view_text(cover), "last_run", last.run ? last.run : json_null(), "updated_ms",
                (json_int_t)p->updated_at, "proposals", (json_int_t)n.proposals);
  view_rehearsal(db, 0, p->id, v);
  add_book(db, p->id, n.book, v);
  free(cover);
  return v;
}

/* ---- lists */

/* Rows are kept first: a statement may not be stepped while others ask for what belongs to its row. */
struct rows {
  const char *kind;
  struct project_row *at;
  size_t n, most;
};

static void keep(void *arg, const struct project_row *p) {
  struct rows *rows = arg;
  if (rows->n == rows->most || (rows->kind && strcmp(rows->kind, p->kind) != 0)) return;
  struct project_row *r = &rows->at[rows->n++];
  *r = *p;
  r->slug = mem_dup(p->slug);
  r->title = mem_dup(p->title);
  r->kind = mem_dup(p->kind);
  r->fields = mem_dup(p->fields);
}

static void release(struct rows *rows) {
  for (size_t i = 0; i < rows->n; i++) {
    free((char *)(uintptr_t)rows->at[i].slug);
    free((char *)(uintptr_t)rows->at[i].title);
    free((char *)(uintptr_t)rows->at[i].kind);
    free((char *)(uintptr_t)rows->at[i].fields);
  }
  free(rows->at);
}

enum err cards_list(struct web *w, struct db *db, const char *kind, int64_t parent, int most, json_t **out) {
  struct rows rows = {.kind = kind, .most = (size_t)most};
  rows.at = mem_alloc(rows.most * sizeof *rows.at);
  enum err err = projects_each(db, parent, keep, &rows);
  *out = json_array();
  for (size_t i = 0; i < rows.n && err == OK; i++) json_array_append_new(*out, card_of(w, db, &rows.at[i]));
  release(&rows);
  return err;
}
