/* gate.c - what a person says to a run that asks: a decision at a gate, a note for the writer. Threads: those of commands.h. */
#include <stdlib.h>

#include "acts/commands.h"
#include "acts/internal.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "store/gates.h"
#include "store/runs.h"

enum err command_note(struct commands *c, int64_t run, const json_t *request, json_t **out, struct error *e) {
  const char *text = jsonx_str(request, "text", NULL);
  if (!text || !*text) return err_set(e, ERR_INVALID, "a note needs a text");
  struct op_note_add op = {.op.kind = &op_note_add_kind, .run = run, .text = text};
  enum err err = store_do(c->store, &op.op);
  if (err != OK && e) *e = op.op.error;
  if (err == OK) *out = json_pack("{s:I}", "run", (json_int_t)run);
  return err;
}

enum err command_gate(struct commands *c, int64_t gate, const json_t *request, json_t **out,
                      struct error *e) {
  static const char *const known[] = {"choice", "edits", "note", "by", "show_sha", NULL};
  enum err err = check_only_fields(request, known, e);
  if (err != OK) return err;
  const char *choice = jsonx_str(request, "choice", NULL);
  if (!choice) return err_set(e, ERR_INVALID, "a decision needs a choice");
  const json_t *edits = json_object_get(request, "edits"), *note = json_object_get(request, "note");
  if (note && edits) return err_set(e, ERR_INVALID, "a decision has edits or a note, not both");
  if (note && !json_is_string(note)) return err_set(e, ERR_INVALID, "'note' must be a text");
  if (note) edits = note;
  char *text = NULL; /* the store takes text as it is, and objects and lists as JSON */
  if (json_is_string(edits))
    text = mem_dup(json_string_value(edits));
  else if (edits && !json_is_null(edits))
    text = jsonx_dumps(edits);
  struct op_gate_decide op = {.op.kind = &op_gate_decide_kind,
                              .gate = gate,
                              .show_sha = jsonx_str(request, "show_sha", NULL),
                              .choice = choice,
                              .edits = text,
                              .by = jsonx_str(request, "by", "a person")};
  err = store_do(c->store, &op.op);
  if (err != OK && e) *e = op.op.error;
  free(text);
  if (err != OK) return err;
  runs_start(c, op.run);
  *out = json_pack("{s:I, s:I}", "gate", (json_int_t)gate, "run", (json_int_t)op.run);
  return OK;
}
