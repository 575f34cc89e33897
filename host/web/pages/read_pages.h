/* read_pages.h - the library as plain pages: for reading, printing and downloading without JavaScript.
 *
 *   GET /read               books and series             GET /read/{slug}/{n}          one chapter, with the way on and back
 *   GET /read/{slug}        title page, contents, files  GET /files/{slug}/{name...}   a document as a download
 *
 * Everything that a model or a person wrote is escaped, chapters are Markdown with raw
 * HTML off, and what is wrong is said in a page too. */
#pragma once
#include "web/api/routes.h"

extern const struct web_route read_routes[];
extern const size_t read_routes_n;

/* In downloads.c. */
void send_document(struct request *q, struct response *a, void *arg);
