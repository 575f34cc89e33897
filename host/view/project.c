/* project.c - see project.h. */
#include "view/project.h"

#include "view/words.h"

json_t *view_project(const struct project_row *p) {
  return json_pack("{s:o, s:o, s:o, s:o, s:I}", "project", view_text(p->slug), "title", view_text(p->title),
                   "kind", view_text(p->kind), "fields", view_parsed(p->fields), "updated_ms",
                   (json_int_t)p->updated_at);
}

json_t *view_artifact(const struct artifact_row *r) {
  json_t *v = json_pack("{s:o, s:I, s:o, s:o, s:o, s:I, s:o, s:I}", "name", view_text(r->name), "version",
                        (json_int_t)r->number, "kind", view_text(r->kind), "author", view_text(r->author),
                        "state", view_text(r->state), "bytes", (json_int_t)r->size, "sha256",
                        view_text(r->sha), "run", (json_int_t)r->run);
  view_set_time(v, "created", r->created_at);
  return v;
}
