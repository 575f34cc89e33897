/* gate.c - see gate.h. */
#include "view/gate.h"

#include "view/words.h"

json_t *view_gate(const struct gate_row *g) {
  json_t *v =
      json_pack("{s:I, s:I, s:o, s:s, s:o}", "gate", (json_int_t)g->id, "run", (json_int_t)g->run, "title",
                view_text(g->title), "status", g->status, "choices", view_parsed(g->choices));
  json_object_set_new(v, "show", view_text(g->show));
  json_object_set_new(v, "show_sha", view_text(g->show_sha));
  if (g->schema) json_object_set_new(v, "schema", view_parsed(g->schema));
  if (g->decision) json_object_set_new(v, "decision", view_text(g->decision));
  if (g->decided_by) json_object_set_new(v, "by", view_text(g->decided_by));
  if (g->edits) {
    json_t *edits = view_parsed(g->edits);
    json_object_set_new(v, "edits", json_is_null(edits) ? view_text(g->edits) : edits);
  }
  view_set_text(v, "on_timeout", g->on_timeout);
  view_set_time(v, "created", g->created_at);
  view_set_time(v, "expires", g->expires_at);
  view_set_time(v, "decided", g->decided_at);
  return v;
}
