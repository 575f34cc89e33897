/* api.c - see api.h. */
#include "web/api/api.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "view/state.h"

enum { PAGE_DEFAULT = 50, PAGE_MOST = 200 };

/* ---- requests */

static bool whole_number(const char *text, int64_t *out) {
  char *end = NULL;
  errno = 0;
  *out = strtoll(text, &end, 10);
  return *text && strspn(text, "0123456789") == strlen(text) && !*end && !errno;
}

bool api_number(struct request *q, struct response *a, const char *name, const char *what, int64_t *out) {
  const char *text = request_param(q, name);
  struct error e = {0};
  if (text && whole_number(text, out) && *out > 0) return true;
  err_set(&e, ERR_NOT_FOUND, "'%.100s' is not a %s number", text ? text : "", what);
  response_error(a, &e);
  return false;
}

bool api_query_number(struct request *q, struct response *a, const char *name, int64_t otherwise,
                      int64_t *out) {
  const char *text = request_query(q, name);
  struct error e = {0};
  *out = otherwise;
  if (!text || whole_number(text, out)) return true;
  err_set(&e, ERR_INVALID, "?%s=%.100s: this is not a number", name, text);
  response_error(a, &e);
  return false;
}

/* ---- answers */

void api_answer(struct response *a, enum err err, json_t *out, int status, const struct error *e) {
  if (err == OK)
    response_json(a, status, out);
  else
    response_error(a, e);
}

json_t *api_run(struct web *w, const struct run_row *r, bool whole) {
  json_t *v = state_json(r, &w->owner, whole), *limits = json_object_get(v, "limits");
  double usd;
  int64_t calls, tokens;
  commands_run_limits(w->commands, &usd, &calls, &tokens);
  if (json_is_null(json_object_get(limits, "usd"))) json_object_set_new(limits, "usd", json_real(usd));
  if (json_is_null(json_object_get(limits, "tokens")))
    json_object_set_new(limits, "tokens", json_integer(tokens));
  json_object_set_new(limits, "calls", json_integer(calls));
  return v;
}

/* ---- lists */

bool api_list_begin(struct request *q, struct response *a, struct api_list *l) {
  *l = (struct api_list){0};
  if (!api_query_number(q, a, "limit", PAGE_DEFAULT, &l->limit) ||
      !api_query_number(q, a, "after", 0, &l->after))
    return false;
  if (l->limit < 1) l->limit = 1;
  if (l->limit > PAGE_MOST) l->limit = PAGE_MOST;
  l->items = json_array();
  return true;
}

void api_list_add(struct api_list *l, int64_t id, json_t *item) {
  if ((int64_t)json_array_size(l->items) >= l->limit) {
    l->more = true;
    json_decref(item);
    return;
  }
  l->last = id;
  json_array_append_new(l->items, item);
}

json_t *api_list_take(struct api_list *l) {
  return json_pack("{s:o, s:o}", "items", l->items, "next", l->more ? json_integer(l->last) : json_null());
}

void api_list_end(struct response *a, struct api_list *l, enum err err, const struct error *e) {
  if (err == OK) {
    response_json(a, 200, api_list_take(l));
  } else {
    json_decref(l->items);
    response_error(a, e);
  }
}
