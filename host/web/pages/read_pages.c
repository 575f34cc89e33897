/* read_pages.c - see read_pages.h. Each handler takes one reader connection, gathers, gives it back, and then writes the page. */
#include "web/pages/read_pages.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/jsonx.h"
#include "document/markdown.h"
#include "base/mem.h"
#include "base/text.h"
#include "store/projects.h"
#include "store/store.h"
#include "book/book.h"
#include "web/internal.h"
#include "web/pages/plain_page.h"

enum { WORDS_A_MINUTE = 240 };

/* ---- projects ---- */

struct shelf_book {
  int64_t id, parent, chapters;
  char *slug, *title;
  bool series;
};
struct shelf {
  struct shelf_book *books;
  size_t n;
};

static struct shelf_book copy_book(const struct project_row *row) {
  return (struct shelf_book){.id = row->id,
                             .parent = row->parent,
                             .slug = mem_dup(row->slug),
                             .title = mem_dup(row->title),
                             .series = strcmp(row->kind, "series") == 0};
}

static void release_book(struct shelf_book *b) {
  free(b->slug);
  free(b->title);
}

static void add_book(void *arg, const struct project_row *row) {
  struct shelf *s = arg;
  s->books = mem_grow(s->books, (s->n + 1) * sizeof *s->books);
  s->books[s->n++] = copy_book(row);
}

static void take_book(void *arg, const struct project_row *row) {
  *(struct shelf_book *)arg = copy_book(row);
}

static void count_chapter(void *arg, const struct artifact_row *row) {
  if (book_number(BOOK_CHAPTERS, row->name)) ++*(int64_t *)arg;
}

/* The newest project first, but the books of a series in their order. */
static int by_place(const void *a, const void *b) {
  const struct shelf_book *x = a, *y = b;
  int order = (x->id > y->id) - (x->id < y->id);
  return x->parent && y->parent ? order : -order;
}

static void shelf_release(struct shelf *s) {
  for (size_t i = 0; i < s->n; i++) release_book(&s->books[i]);
  free(s->books);
}

/* parent -1: all projects. */
static enum err read_shelf(struct db *db, int64_t parent, struct shelf *s, struct error *e) {
  *s = (struct shelf){0};
  if (projects_each(db, parent, add_book, s) != OK) return db_error(db, e);
  if (s->n) qsort(s->books, s->n, sizeof *s->books, by_place);
  for (size_t i = 0; i < s->n; i++)
    if (artifacts_each(db, s->books[i].id, BOOK_CHAPTERS, count_chapter, &s->books[i].chapters) != OK)
      return db_error(db, e);
  return OK;
}

/* ---- pieces of pages ---- */

static void put_count(struct plain_page *p, int64_t n, const char *one, const char *many) {
  plain_printf(p, "%lld %s", (long long)n, n == 1 ? one : many);
}

/* "8,865 words, 37 minutes" */
static void put_length(struct plain_page *p, size_t words) {
  size_t minutes = (words + WORDS_A_MINUTE / 2) / WORDS_A_MINUTE;
  if (words >= 1000) plain_printf(p, "%zu,%03zu words", words / 1000, words % 1000);
  if (words < 1000) put_count(p, (int64_t)words, "word", "words");
  if (minutes) plain_puts(p, ", "), put_count(p, (int64_t)minutes, "minute", "minutes");
}

static void put_book_link(struct plain_page *p, const struct shelf_book *b) {
  plain_printf(p, "<a href=\"%sread/", p->root);
  plain_address(p, b->slug);
  plain_puts(p, "\">");
  plain_text(p, b->title);
  plain_puts(p, "</a> <span class=\"note\">");
  if (b->chapters)
    put_count(p, b->chapters, "chapter", "chapters");
  else
    plain_puts(p, b->series ? "series" : "no chapter yet");
  plain_puts(p, "</span>");
}

static void put_children(struct plain_page *p, const struct shelf *s, int64_t parent) {
  size_t n = 0;
  for (size_t i = 0; i < s->n; i++) {
    if (s->books[i].parent != parent) continue;
    plain_puts(p, n++ ? "<li>" : "<ol class=\"books\">\n<li>");
    put_book_link(p, &s->books[i]);
    if (parent == 0) put_children(p, s, s->books[i].id);
    plain_puts(p, "</li>\n");
  }
  if (n) plain_puts(p, "</ol>\n");
}

/* ---- GET /read ---- */

static void show_library(struct request *q, struct response *a, void *arg) {
  (void)q;
  struct web *w = arg;
  struct shelf s = {0};
  struct error e = {0};
  struct plain_page p;
  struct db *db = store_reader(w->commands->store);
  enum err err = read_shelf(db, -1, &s, &e);
  store_reader_release(w->commands->store, db);
  if (err == OK) {
    plain_begin(&p, w, "Library", "en");
    plain_puts(&p, "<main class=\"library\">\n<h1>Library</h1>\n");
    put_children(&p, &s, 0);
    if (!s.n) plain_puts(&p, "<p>There is no book yet.</p>\n");
    plain_printf(
        &p, "<nav class=\"foot\" aria-label=\"Quire\"><a href=\"%s\">The writing room</a></nav>\n</main>\n",
        p.root);
    plain_send(&p, a, 200);
  } else {
    plain_error(a, w, &e);
  }
  shelf_release(&s);
}

/* ---- GET /read/{slug} ---- */

struct document {
  char *name;
  int64_t bytes;
};
struct book_page {
  struct shelf_book book;
  struct shelf parts; /* of a series */
  struct chapters chapters;
  json_t *meta; /* book.json, or NULL */
  struct document *files;
  size_t n_files;
};

/* What a reader takes home: the finished files beside the chapters, not the documents they were made from. */
static void add_file(void *arg, const struct artifact_row *row) {
  struct book_page *b = arg;
  if (!book_is_file(row->name)) return;
  b->files = mem_grow(b->files, (b->n_files + 1) * sizeof *b->files);
  b->files[b->n_files++] = (struct document){mem_dup(row->name), row->size};
}

static enum err read_book_page(struct db *db, const char *slug, struct book_page *b, struct error *e) {
  enum err err = project_find(db, slug, take_book, &b->book, e);
  if (err == OK) err = book_chapters(db, b->book.id, &b->chapters, e);
  if (err == OK) err = read_shelf(db, b->book.id, &b->parts, e);
  if (err == OK && artifacts_each(db, b->book.id, BOOK_FILES, add_file, b) != OK) err = db_error(db, e);
  if (err == OK) b->meta = book_document(db, b->book.id, BOOK_META);
  return err;
}

static void release_book_page(struct book_page *b) {
  release_book(&b->book);
  shelf_release(&b->parts);
  book_chapters_release(&b->chapters);
  json_decref(b->meta);
  for (size_t i = 0; i < b->n_files; i++) free(b->files[i].name);
  free(b->files);
}

static void put_title_page(struct plain_page *p, const struct book_page *b) {
  size_t words = 0;
  for (size_t i = 0; i < b->chapters.n; i++) words += b->chapters.items[i].words;
  plain_puts(p, "<header class=\"title-page\">\n<h1>");
  plain_text(p, b->book.title);
  plain_puts(p, "</h1>\n");
  const char *author = jsonx_str(b->meta, "author", ""), *blurb = jsonx_str(b->meta, "blurb", "");
  if (author[0]) plain_puts(p, "<p class=\"author\">"), plain_text(p, author), plain_puts(p, "</p>\n");
  if (words) plain_puts(p, "<p class=\"note\">"), put_length(p, words), plain_puts(p, "</p>\n");
  if (json_is_true(json_object_get(b->meta, "rehearsal")))
    plain_puts(p, "<p class=\"note\">A rehearsal: no model wrote this, and it means nothing.</p>\n");
  plain_puts(p, "</header>\n");
  if (!blurb[0]) return;
  plain_puts(p, "<section class=\"blurb\" aria-label=\"About the book\">\n");
  if (markdown_html(blurb, strlen(blurb), &p->html, NULL) != OK) plain_text(p, blurb);
  plain_puts(p, "</section>\n");
}

static void put_contents(struct plain_page *p, const struct book_page *b) {
  if (!b->chapters.n) return;
  plain_puts(
      p, "<nav class=\"contents\" aria-labelledby=\"contents\">\n<h2 id=\"contents\">Contents</h2>\n<ol>\n");
  for (size_t i = 0; i < b->chapters.n; i++) {
    const struct chapter *c = &b->chapters.items[i];
    plain_printf(p, "<li value=\"%lld\"><a href=\"%sread/", (long long)c->number, p->root);
    plain_address(p, b->book.slug);
    plain_printf(p, "/%lld\">", (long long)c->number);
    if (c->title[0])
      plain_text(p, c->title);
    else
      plain_printf(p, "Chapter %lld", (long long)c->number);
    plain_puts(p, "</a> <span class=\"note\">");
    put_length(p, c->words);
    plain_puts(p, "</span></li>\n");
  }
  plain_puts(p, "</ol>\n</nav>\n");
}

static void put_size(struct plain_page *p, int64_t bytes) {
  if (bytes < 1000000)
    plain_printf(p, "%lld KB", (long long)(bytes + 999) / 1000);
  else
    plain_printf(p, "%.1f MB", (double)bytes / 1e6);
}

static void put_downloads(struct plain_page *p, const struct book_page *b) {
  if (!b->n_files) return;
  plain_puts(p, "<section class=\"downloads\" aria-labelledby=\"downloads\">\n"
                "<h2 id=\"downloads\">Downloads</h2>\n<ul>\n");
  for (size_t i = 0; i < b->n_files; i++) {
    plain_printf(p, "<li><a href=\"%sfiles/", p->root);
    plain_address(p, b->book.slug);
    plain_puts(p, "/");
    plain_address(p, b->files[i].name);
    plain_puts(p, "\">");
    plain_text(p, b->files[i].name);
    plain_puts(p, "</a> <span class=\"note\">");
    put_size(p, b->files[i].bytes);
    plain_puts(p, "</span></li>\n");
  }
  plain_puts(p, "</ul>\n</section>\n");
}

static void put_ways_out(struct plain_page *p, const struct shelf_book *b) {
  plain_printf(p, "<nav class=\"foot\" aria-label=\"Quire\"><a href=\"%sread\">All books</a> <a href=\"%s%s/",
               p->root, p->root, b->series ? "series" : "books");
  plain_address(p, b->slug);
  plain_puts(p, "\">Work on it</a></nav>\n");
}

static void show_book(struct request *q, struct response *a, void *arg) {
  struct web *w = arg;
  struct book_page b = {0};
  struct error e = {0};
  struct plain_page p;
  struct db *db = store_reader(w->commands->store);
  enum err err = read_book_page(db, request_param(q, "slug"), &b, &e);
  store_reader_release(w->commands->store, db);
  if (err == OK) {
    plain_begin(&p, w, b.book.title, jsonx_str(b.meta, "language", NULL));
    plain_puts(&p, "<main class=\"book\">\n");
    put_title_page(&p, &b);
    put_children(&p, &b.parts, b.book.id);
    put_contents(&p, &b);
    put_downloads(&p, &b);
    put_ways_out(&p, &b.book);
    plain_puts(&p, "</main>\n");
    plain_send(&p, a, 200);
  } else {
    plain_error(a, w, &e);
  }
  release_book_page(&b);
}

/* ---- GET /read/{slug}/{n} ---- */

struct neighbours {
  int64_t wanted, before, after; /* 0: none */
  char *name;                    /* of the wanted one's document; NULL: there is none */
};

static void find_neighbours(void *arg, const struct artifact_row *row) {
  struct neighbours *n = arg;
  int64_t number = book_number(BOOK_CHAPTERS, row->name);
  if (!number) return;
  if (number == n->wanted && !n->name) n->name = mem_dup(row->name);
  if (number < n->wanted && number > n->before) n->before = number;
  if (number > n->wanted && (!n->after || number < n->after)) n->after = number;
}

struct chapter_page {
  struct shelf_book book;
  struct neighbours place;
  struct buf text;
  json_t *meta;
};

static int64_t chapter_number(const char *text) {
  char *end;
  errno = 0;
  long long n = strtoll(text, &end, 10);
  return *text >= '0' && *text <= '9' && !*end && !errno ? n : 0;
}

static enum err read_chapter(struct db *db, struct request *q, struct chapter_page *c, struct error *e) {
  const char *number = request_param(q, "number");
  enum err err = project_find(db, request_param(q, "slug"), take_book, &c->book, e);
  if (err != OK) return err;
  c->place.wanted = chapter_number(number);
  if (artifacts_each(db, c->book.id, BOOK_CHAPTERS, find_neighbours, &c->place) != OK) return db_error(db, e);
  if (!c->place.name) return err_set(e, ERR_NOT_FOUND, "this book has no chapter '%s'", number);
  c->meta = book_document(db, c->book.id, BOOK_META);
  return artifact_content(db, c->book.id, c->place.name, 0, &c->text, NULL, e);
}

static void put_step(struct plain_page *p, const struct chapter_page *c, int64_t number, const char *rel,
                     const char *words) {
  if (!number) {
    plain_puts(p, "<span></span>"); /* keeps the other one at its side */
    return;
  }
  plain_printf(p, "<a rel=\"%s\" href=\"%sread/", rel, p->root);
  plain_address(p, c->book.slug);
  plain_printf(p, "/%lld\">%s</a>", (long long)number, words);
}

static void put_steps(struct plain_page *p, const struct chapter_page *c, const char *label) {
  plain_printf(p, "<nav class=\"steps\" aria-label=\"%s\">", label);
  put_step(p, c, c->place.before, "prev", "Previous chapter");
  plain_printf(p, "<a rel=\"up\" href=\"%sread/", p->root);
  plain_address(p, c->book.slug);
  plain_puts(p, "\">");
  plain_text(p, c->book.title);
  plain_puts(p, "</a>");
  put_step(p, c, c->place.after, "next", "Next chapter");
  plain_puts(p, "</nav>\n");
}

static void put_chapter(struct plain_page *p, const struct chapter_page *c) {
  struct error e = {0};
  put_steps(p, c, "Chapters");
  plain_puts(p, "<main class=\"prose\" dir=\"auto\">\n");
  if (markdown_html(c->text.data, c->text.len, &p->html, &e) != OK) {
    plain_puts(p, "<p class=\"note\">");
    plain_text(p, e.message);
    plain_printf(p, ". <a href=\"%sfiles/", p->root);
    plain_address(p, c->book.slug);
    plain_puts(p, "/");
    plain_address(p, c->place.name);
    plain_puts(p, "\">The text as a file</a></p>\n");
  }
  plain_puts(p, "<p class=\"note length\">");
  put_length(p, text_words(c->text.data, c->text.len));
  plain_puts(p, "</p>\n</main>\n");
  put_steps(p, c, "Chapters, again");
}

static void show_chapter(struct request *q, struct response *a, void *arg) {
  struct web *w = arg;
  struct chapter_page c = {0};
  struct error e = {0};
  struct plain_page p;
  buf_init(&c.text, MAX_ARTIFACT_BYTES);
  struct db *db = store_reader(w->commands->store);
  enum err err = read_chapter(db, q, &c, &e);
  store_reader_release(w->commands->store, db);
  if (err == OK) {
    char *title = mem_printf("%lld. %s", (long long)c.place.wanted, c.book.title);
    plain_begin(&p, w, title, jsonx_str(c.meta, "language", NULL));
    put_chapter(&p, &c);
    plain_send(&p, a, 200);
    free(title);
  } else {
    plain_error(a, w, &e);
  }
  release_book(&c.book);
  buf_release(&c.text);
  json_decref(c.meta);
  free(c.place.name);
}

/* ---- the rows ---- */

#define PAGE(path, handler, help)                                                                            \
  { {"GET", path, handler, help, 0, 0}, SCOPE_PAGE, NULL, NULL, NULL }

const struct web_route read_routes[] = {
    PAGE("/read", show_library, "books and series, as a plain page"),
    PAGE("/read/{slug}", show_book, "a book's title page and contents, as a plain page"),
    PAGE("/read/{slug}/{number}", show_chapter, "a chapter, as a plain page"),
    PAGE("/files/{slug}/{name...}", send_document, "a document, as a download"),
};
const size_t read_routes_n = sizeof read_routes / sizeof *read_routes;
