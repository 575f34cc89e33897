/* journal.h - the record of every host call of a run whose answer could differ another time.
 * Key: (scope, kind, hash of the content, n). `seq` is the order of delivery within the run. */
#pragma once
#include <stdint.h>
#include "base/hash.h"
#include "store/store.h"

struct journal_key {
  const char *scope; /* "/", "/chapter-3", "/chapter-3/scene-1" */
  /* "llm", "step", "get", "put", "list", "gate", "project", "budget", "sleep", "notes", "export", ... */
  const char *kind;
  uint8_t hash[SHA_BYTES];
  int64_t n;
};

/* One new entry; embedded by every op that journals. */
struct journal_entry {
  int64_t run, epoch, seq;
  struct journal_key key; /* scope and kind must stay until done */
  const char *result;     /* canonical JSON text, n_result bytes */
  size_t n_result;
  int64_t call_id;    /* the calls row that answered it, or 0 */
  int64_t supersedes; /* the entry that this one replaces (resume --with ...), or 0: that one is marked */
  int64_t at_ms;      /* wall time of delivery: the run's clock */
  bool once;  /* a replay from the spool: nothing happens when the run has an entry with this seq already */
  int64_t id; /* out */
};
/* For use inside another op's apply. ERR_FENCED by (run, epoch, status='running'). */
enum err journal_insert(struct db *db, struct journal_entry *entry);

/* The op that does nothing but append (step, sleep, ...). */
struct op_journal {
  struct store_op op;
  struct journal_entry entry;
  char *memory; /* of the entry, freed with the op; NULL: it is the poster's */
};
extern const struct store_op_kind op_journal_kind;

/* What resume needs: every live entry of a run in seq order, results up to `inline_max` bytes with it (else result NULL).
 * Answered calls of the run that no entry refers to (late answers) come last with seq 0, kind "llm", id 0 and call_id set. */
struct journal_row {
  int64_t id, seq, n, call_id, at_ms;
  const char *scope, *kind;
  const uint8_t *hash; /* SHA_BYTES */
  const char *result;  /* or NULL: fetch it */
  size_t n_result;
  const char *provider_model; /* "provider/model" of call_id's call, or NULL */
  const char *role;           /* of that call, or NULL */
};
enum err journal_each(struct db *db, int64_t run, size_t inline_max,
                      void (*fn)(void *arg, const struct journal_row *), void *arg);
/* The result of one entry (id), appended to `out`. For a late answer pass id 0 and its call_id: the answer in normal form. */
enum err journal_result(struct db *db, int64_t id, int64_t call_id, struct buf *out);

/* The live answers of calls, in the order of their delivery: what a resume or retry could ask again, and what each took. */
struct journal_answer {
  int64_t seq, call;                /* the entry's place, and the call that answered it, or 0 */
  const char *scope, *role, *model; /* "provider/model"; "" without a call */
  int64_t cost_nano;
  bool price_known, failed; /* failed: the entry says why there is no answer */
};
enum err journal_answers_each(struct db *db, int64_t run,
                              void (*fn)(void *arg, const struct journal_answer *), void *arg);
/* The place of the first recorded read that --with artifacts would read anew: its document has a newer version, by somebody else, or
 * one appeared where there was none. 0: none. */
enum err journal_first_stale(struct db *db, int64_t run, int64_t *seq);
