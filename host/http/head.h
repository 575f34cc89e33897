/* head.h - the head of a request, read strictly: what two programs could read in two ways is refused, because one of them decides who may come
 * in. Any thread. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

enum { HEAD_MOST_BYTES = 16 << 10, HEADERS_MOST = 100 };

struct head_line {
  const char *name, *value; /* the value without the blanks around it */
};

struct head {
  const char *method, *path, *query; /* "/runs/7"; what follows the '?', or NULL */
  bool old;                          /* HTTP/1.0 */
  bool last;                         /* the client wants no further request on this connection */
  struct head_line lines[HEADERS_MOST];
  int n_lines;
};

/* Where the head ends in n bytes that came: the number of bytes with its empty line; 0: not yet. */
size_t head_end(const char *bytes, size_t n);
/* Cuts a whole head in place: *out points into it. 0, or the status to refuse it with, and *why. */
int head_read(char *bytes, size_t n, struct head *out, const char **why);
/* The first of that name, or NULL. */
const char *head_value(const struct head *h, const char *name);
/* How many there are of that name; *value (untouched when none): the first. */
int head_count(const struct head *h, const char *name, const char **value);
