/* artifact_head.h - the one rule for who may move a document's head (P11), and whose words a version is. For the store's own files. */
#pragma once
#include "store/sql.h"

struct artifact_head {
  int64_t artifact, number, newest; /* newest: highest number, proposals too */
  int64_t run, created_at;          /* run: who wrote it; 0: a person */
  bool by_person;
};

/* Zeroes when there is no such artifact. */
enum err artifact_head_find(struct db *db, int64_t project, const char *name, struct artifact_head *out);
/* Who may move a head: a person always; a run never a person's, whatever it has read; another run's that was written while this one lived
 * only when it has read that version; its own and older ones always. */
enum err artifact_head_may_move(struct db *db, const struct artifact_write *w,
                                const struct artifact_head *head, bool *may);
/* Is it the text that a person left at a gate of the run's line? Then he wrote it, although the run saves it. */
enum err artifact_left_at_gate(struct db *db, const struct artifact_write *w, bool *left);
