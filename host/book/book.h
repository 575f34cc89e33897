/* book.h - what the web knows of books. The host does not know what a chapter is: pipelines do, and leave documents under names that
 * their source says (scripts/lib/numbering.lua, scripts/phases/). Those names stand here and nowhere else in C:
 *
 *   chapters/03.md   one chapter, "# Title" first      plans/03.json   {"number","title","viewpoint","purpose","scenes":[..]}
 *   issues/03.json   {"issues":["..."]}                book.json       {"title","author","language","blurb","words","rehearsal"}
 *   findings/03.json, findings/book.json   {"findings":[{"key","check","quote","problem","reads":[..]}],"versions":{"chapters/03.md":2}}
 *   facts/03.json    {"names":[..],"opened":[promise ids],"paid":[..]}   structure.json  {"acts":[{"title","first","last"}]}
 *   summaries/03.json, blueprint.json, carry/02.json, series.json; book.* but book.json: the files that exports make
 *
 * A folder's numbers have two digits, or three in a book of a hundred chapters. Any thread with a reader of its own. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include "store/artifacts.h"

#define BOOK_CHAPTERS  "chapters/"
#define BOOK_PLANS     "plans/"
#define BOOK_ISSUES    "issues/"
#define BOOK_FACTS     "facts/"
#define BOOK_FINDINGS  "findings/"
#define BOOK_FILES     "book."
#define BOOK_META      "book.json"
#define BOOK_STRUCTURE "structure.json"

enum { BOOK_CHAPTER_MOST_BYTES = MAX_ARTIFACT_BYTES };

/* The number in "chapters/03.md" for the folder "chapters/"; 0: the name is no numbered document of that folder. */
int64_t book_number(const char *folder, const char *name);

struct chapter {
  int64_t number, version; /* of the head */
  char *name;              /* "chapters/03.md" */
  char *title;             /* of its first line, or empty */
  size_t words;            /* of the prose, without the title */
  bool by_person;
};
struct chapters {
  struct chapter *items; /* by number */
  size_t n;
};

/* All chapters that a project has now; none is no error. Release in any case. */
enum err book_chapters(struct db *db, int64_t project, struct chapters *out, struct error *e);
void book_chapters_release(struct chapters *c);

/* A document as JSON; NULL when there is none, or when it is no JSON. The caller owns it. */
json_t *book_document(struct db *db, int64_t project, const char *name);

/* Is it one of the files that a reader takes home ("book.epub")? Which there can be, the scripts of exports/ say. */
bool book_is_file(const char *name);
/* "application/epub+zip" for "book.epub"; bytes of no known kind are octets. Only for downloads: nothing here is shown in a page. */
const char *book_media_type(const char *name);
