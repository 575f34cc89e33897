/* api.h - what the handlers of the API share: reading a request's parts, answering, lists in pages. A handler that got `false` returns:
 * the request was answered with what is wrong. Threads: the server's. */
#pragma once
#include "store/runs.h"
#include "web/internal.h"

/* ---- requests */

/* The number {name} of the path; `what`: "run", for the error. */
bool api_number(struct request *q, struct response *a, const char *name, const char *what, int64_t *out);
/* A number of the query; `otherwise` when it is not there. */
bool api_query_number(struct request *q, struct response *a, const char *name, int64_t otherwise,
                      int64_t *out);

/* ---- answers */

/* `out` with `status`, or the error. */
void api_answer(struct response *a, enum err err, json_t *out, int status, const struct error *e);

/* A run as everybody tells it, with the library's limits where the run has none of its own. */
json_t *api_run(struct web *w, const struct run_row *r, bool whole);

/* ---- lists: ?limit= and ?after= in, {"items","next"} out.
 *
 *   if (!api_list_begin(q, a, &l)) return;
 *   ... ask the store for l.limit + 1 rows after l.after; each: api_list_add(&l, id, json) ...
 *   api_list_end(a, &l, err, &e); */
struct api_list {
  json_t *items;
  int64_t limit, after, last;
  bool more; /* there was one more than asked for */
};
bool api_list_begin(struct request *q, struct response *a, struct api_list *l);
/* Takes the reference. */
void api_list_add(struct api_list *l, int64_t id, json_t *item);
void api_list_end(struct response *a, struct api_list *l, enum err err, const struct error *e);
/* The list as an object, for answers that hold more. */
json_t *api_list_take(struct api_list *l);
