/* book.c - see book.h. A list of chapters is one query for the names and one read of each text: a title is its text's first line. */
#include "book/book.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"

enum { DIGITS_MOST = 6, TITLE_MOST = 300 };

int64_t book_number(const char *folder, const char *name) {
  size_t n = strlen(folder);
  if (strncmp(name, folder, n) != 0) return 0;
  const char *digits = name + n;
  size_t n_digits = strspn(digits, "0123456789");
  if (n_digits == 0 || n_digits > DIGITS_MOST || digits[n_digits] != '.') return 0;
  return strchr(digits + n_digits + 1, '/') ? 0 : strtoll(digits, NULL, 10);
}

/* ---- the list ---- */

static void add_chapter(void *arg, const struct artifact_row *row) {
  struct chapters *c = arg;
  int64_t number = book_number(BOOK_CHAPTERS, row->name);
  if (!number) return;
  c->items = mem_grow(c->items, (c->n + 1) * sizeof *c->items);
  c->items[c->n++] = (struct chapter){.number = number,
                                      .version = row->number,
                                      .name = mem_dup(row->name),
                                      .by_person = strcmp(row->author, "person") == 0};
}

static int by_number(const void *a, const void *b) {
  const struct chapter *x = a, *y = b;
  return (x->number > y->number) - (x->number < y->number);
}

/* The heading that the text begins with; *prose is what follows it. */
static char *take_title(const char *text, const char **prose) {
  const char *at = text + strspn(text, " \t\r\n");
  *prose = text;
  if (*at != '#') return mem_dup("");
  at += strspn(at, "#");
  at += strspn(at, " \t");
  size_t n = strcspn(at, "\r\n");
  *prose = at + n;
  while (n && isspace((unsigned char)at[n - 1])) n--;
  if (n > TITLE_MOST)
    for (n = TITLE_MOST; n && ((unsigned char)at[n] & 0xC0) == 0x80;) n--; /* not inside a character */
  return mem_dup_n(at, n);
}

static enum err read_chapter(struct db *db, int64_t project, struct chapter *chapter, struct error *e) {
  struct buf text;
  const char *prose;
  buf_init(&text, BOOK_CHAPTER_MOST_BYTES);
  enum err err = artifact_content(db, project, chapter->name, 0, &text, &chapter->version, e);
  chapter->title = take_title(text.data, &prose);
  chapter->words = text_words(prose, text.len - (size_t)(prose - text.data));
  buf_release(&text);
  return err;
}

enum err book_chapters(struct db *db, int64_t project, struct chapters *out, struct error *e) {
  *out = (struct chapters){0};
  enum err err = artifacts_each(db, project, BOOK_CHAPTERS, add_chapter, out);
  if (err != OK) return db_error(db, e);
  if (out->n) qsort(out->items, out->n, sizeof *out->items, by_number);
  for (size_t i = 0; i < out->n && err == OK; i++) err = read_chapter(db, project, &out->items[i], e);
  return err;
}

void book_chapters_release(struct chapters *c) {
  for (size_t i = 0; i < c->n; i++) {
    free(c->items[i].name);
    free(c->items[i].title);
  }
  free(c->items);
  *c = (struct chapters){0};
}

json_t *book_document(struct db *db, int64_t project, const char *name) {
  struct buf text;
  json_t *v = NULL;
  buf_init(&text, MAX_ARTIFACT_BYTES);
  if (artifact_content(db, project, name, 0, &text, NULL, NULL) == OK)
    (void)jsonx_parse(text.data, text.len, name, &v, NULL); /* v NULL: no document of ours */
  buf_release(&text);
  return v;
}

/* ---- media types ---- */

bool book_is_file(const char *name) {
  return strncmp(name, BOOK_FILES, strlen(BOOK_FILES)) == 0 && strcmp(name, BOOK_META) != 0 &&
         !strchr(name, '/');
}

const char *book_media_type(const char *name) {
  static const struct {
    const char *ending, *type;
  } all[] = {{".epub", "application/epub+zip"},
             {".docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
             {".pdf", "application/pdf"},
             {".md", "text/markdown; charset=utf-8"},
             {".txt", "text/plain; charset=utf-8"},
             {".json", "application/json"},
             {".png", "image/png"},
             {".jpg", "image/jpeg"},
             {".jpeg", "image/jpeg"}};
  const char *dot = strrchr(name, '.');
  for (size_t i = 0; dot && i < sizeof all / sizeof *all; i++)
    if (strcasecmp(dot, all[i].ending) == 0) return all[i].type;
  return "application/octet-stream";
}
