/* query.h - a person's own question to the database (`quire sql`): any SELECT, over a read-only connection of its own. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

enum { QUERY_COLUMNS = 12 }; /* more are left out */

struct query_cell {
  enum { QUERY_NULL, QUERY_INT, QUERY_REAL, QUERY_TEXT } kind; /* blobs come as text */
  int64_t integer;
  double real;
  const char *text; /* of any kind; NULL for NULL */
};

/* Calls fn for each row; names and cells are valid until it returns. ERR_INVALID: the SQL is wrong, is more than
 * one statement, or would write. ERR_LIMIT: it took longer than most_ms. */
enum err query_each(const char *dir, const char *sql, int64_t most_ms,
                    void (*fn)(void *arg, const char *const *names, const struct query_cell *cells, size_t n),
                    void *arg, struct error *e);
