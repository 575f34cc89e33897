/* downloads.c - GET /files/{slug}/{name...}?version=N: any document of a project, always as a download, never shown: what a model or a person wrote
 * must not become a page of this site. Threads: the server's. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "document/picture.h"
#include "store/projects.h"
#include "store/store.h"
#include "book/book.h"
#include "web/internal.h"
#include "web/pages/plain_page.h"
#include "web/pages/read_pages.h"
#include "web/pieces.h"

enum { HEADER_MOST_BYTES = 8 << 10 };

struct owner {
  int64_t id;
  char *slug;
};

static void take_owner(void *arg, const struct project_row *row) {
  *(struct owner *)arg = (struct owner){row->id, mem_dup(row->slug)};
}

/* "keeper.epub" for the book.epub of the project keeper, "keeper.png" for its cover, else the last part of the name. */
static char *file_name(const char *slug, const char *name, const char *picture) {
  const char *last = strrchr(name, '/');
  bool book = strncmp(name, BOOK_FILES, strlen(BOOK_FILES)) == 0;
  if (picture && strcmp(name, "cover") == 0) return mem_printf("%s.%s", slug, picture);
  return book ? mem_printf("%s%s", slug, name + 4) : mem_dup(last ? last + 1 : name);
}

/* The name twice: in plain ASCII for who knows no better, and as it is (RFC 6266). */
static void say_attachment(struct response *a, const char *file) {
  struct buf how;
  buf_init(&how, HEADER_MOST_BYTES);
  buf_puts(&how, "attachment; filename=\"");
  for (const char *c = file; *c; c++)
    buf_putc(&how, *c >= ' ' && *c < 0x7f && !strchr("\"\\/;%", *c) ? *c : '_');
  buf_puts(&how, "\"; filename*=UTF-8''");
  for (const char *c = file; *c; c++) {
    unsigned char byte = (unsigned char)*c;
    if (byte < 0x80 && (isalnum(byte) || strchr("-._~", byte)))
      buf_putc(&how, *c);
    else
      buf_printf(&how, "%%%02X", byte);
  }
  response_header(a, "Content-Disposition", how.data);
  buf_release(&how);
}

/* 0: the newest; a version that is no number is one that nobody has. */
static int64_t wanted_version(struct request *q) {
  const char *text = request_query(q, "version");
  return !text                                                 ? 0
         : strspn(text, "0123456789") == strlen(text) && *text ? strtoll(text, NULL, 10)
                                                               : INT64_MAX;
}

void send_document(struct request *q, struct response *a, void *arg) {
  struct web *w = arg;
  const char *slug = request_param(q, "slug"), *name = request_param(q, "name");
  struct store *store = w->commands->store;
  struct owner book = {0};
  struct error e = {0};
  struct artifact_place place;
  struct buf start;
  buf_init(&start, PIECES_FROM_BYTES);
  if (wanted_version(q) == 0) command_refresh_file(w->commands, slug, name);
  struct db *db = store_reader(store);
  enum err err = project_find(db, slug, take_owner, &book, &e);
  if (err == OK) err = artifact_find(db, book.id, name, wanted_version(q), &place, &e);
  if (err == OK) err = pieces_read_start(db, &place, &start, &e);
  store_reader_release(store, db);
  if (err == OK) {
    const char *picture = picture_kind(start.data, start.len);
    char *file = file_name(book.slug, name, picture);
    const char *type = book_media_type(file);
    say_attachment(a, file);
    if (place.size > PIECES_FROM_BYTES) {
      buf_release(&start);
      pieces_send(a, store, &place, type);
    } else {
      response_send(a, 200, type, start.data, start.len);
    }
    free(file);
  } else {
    plain_error(a, w, &e);
  }
  free(book.slug);
  buf_release(&start);
}
