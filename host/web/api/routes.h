/* routes.h - the table of the web: every address, who may use it, what it takes and what it answers. The server, the access check and
 * the OpenAPI document read the same rows, and the tests walk that document. */
#pragma once
#include "access/access.h"

struct web_route {
  struct route route;
  enum scope scope;
  /* "name:type ...", a * after the type: must be there. Types: string integer number boolean object array any. */
  const char *query, *body; /* NULL: takes none */
  const char *answer;       /* in words: what a good answer holds */
};

extern const struct web_route web_routes[];
extern const size_t web_routes_n;
