/* gates.h - questions to a person. Opened once per journal key, decided once (compare-and-set) for the exact text shown. */
#pragma once
#include <stdbool.h>
#include "store/journal.h"

struct gate_row {
  int64_t id, run, created_at, decided_at, expires_at;
  const char *title, *show, *show_sha, *choices, *schema, *status /* open | decided | expired */, *decision,
      *edits, *decided_by, *on_timeout;
};

/* Finds or makes the gate of this key. Out: `decided` with `answer` {"choice":..,"edits":..,"by":..} (then the entry was journaled with it), or
 * not decided (then the run's row went to waiting/gate in the same transaction, epoch kept, and the run is over for this host). */
struct op_gate_ask {
  struct store_op op;
  struct journal_entry entry;
  const char *title, *show, *choices, *schema, *on_timeout; /* choices: JSON list of strings */
  int64_t expires_at;                                       /* 0: never */
  bool decided;                                             /* out */
  int64_t gate;                                             /* out */
  char *answer;                                             /* out, free() */
};
extern const struct store_op_kind op_gate_ask_kind;

/* A person decides. The run goes from waiting/gate to queued in the same transaction. ERR_CONFLICT: decided already (row says what) or
 * show_sha differs; ERR_INVALID: choice not among the choices (the hint lists them). */
struct op_gate_decide {
  struct store_op op;
  int64_t gate;
  const char *show_sha; /* NULL: as it is shown now */
  const char *choice, *edits, *by;
  int64_t run; /* out */
};
extern const struct store_op_kind op_gate_decide_kind;
enum err gates_each(struct db *db, int64_t run_or_0, bool open_only,
                    void (*fn)(void *, const struct gate_row *), void *arg);

/* Calls fn once, or ERR_NOT_FOUND. */
enum err gate_get(struct db *db, int64_t id, void (*fn)(void *, const struct gate_row *), void *arg,
                  struct error *e);

/* Notes that a person sent to the writer. run.notes() journals those newer than the last seen. */
struct op_notes {
  struct store_op op;
  struct journal_entry entry;
  char *result; /* out: ["text", ...] of all notes of the run that no earlier entry delivered */
};
extern const struct store_op_kind op_notes_kind;
struct op_note_add {
  struct store_op op;
  int64_t run;
  const char *text;
};
extern const struct store_op_kind op_note_add_kind;
