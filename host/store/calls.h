/* calls.h - each attempt at a provider is a row, written before it is sent and finished before its answer is parsed. */
#pragma once
#include <stdbool.h>
#include "store/journal.h"

struct call_block {
  const char *text;
  size_t n;
  char sha[SHA_HEX];
  bool stable;
  const char *name; /* what its script calls it, or NULL */
};

/* The intent. Durable before anything is sent. Fenced. Block texts are stored once by hash in blobs.
 *
 * When an answer to this question was kept late and no entry of the run holds it, there is nothing to send: no row is made, `kept` is the
 * row of that answer and `kept_result` its normal form.
 *
 * Some services hand an answer back by a handle, also to another life of the run: then a row that is still under way when its run moves on is
 * not booked as lost but stays open, and the same question at the same model takes it up: no row is made, `id` is that row and `taken_up` its
 * handle. The handle is first the name that the attempt gives itself, before it is sent (`handle`), then what the service calls it
 * (op_call_handle). What is open when its run ends is booked as lost. Is the same question open at another model, then no row is made either,
 * and `elsewhere` is "provider/model": the models before it have said what they say, and would be paid for saying it again. */
struct op_call_intent {
  struct store_op op;
  int64_t run, epoch;
  struct journal_key key;
  int64_t attempt;
  const char *role, *provider, *model, *params; /* params: JSON */
  const struct call_block *blocks;
  size_t n_blocks;
  const char *reads;  /* JSON list of what the blocks were made from, or NULL */
  bool anew;          /* a person wants a new answer: a kept one does not do, nor one that is under way */
  const char *handle; /* NULL: its service hands nothing back */
  bool only_here;     /* what is open at another model does not count */
  int64_t risk_nano,
      risk_tokens;  /* what it is booked with when nobody sees its end; -1: the price is unknown */
  int64_t id, kept; /* out: one of them */
  char *kept_result, *taken_up, *elsewhere; /* out, the op's */
};
extern const struct store_op_kind op_call_intent_kind;

/* What the service calls an attempt that is under way. Posted before anything that came with it is used. Fenced by its row: one that has ended
 * does not change. */
struct op_call_handle {
  struct store_op op;
  int64_t id;
  char *handle; /* the op's */
};
extern const struct store_op_kind op_call_handle_kind;

/* `input` is the whole prompt; cached_read and cache_write are parts of it, as `reasoning` is of `output`. */
struct call_usage {
  int64_t input, cached_read, cache_write, output, reasoning;
};

/* The end of an attempt. The row is finished whatever the run's epoch is (a paid answer is kept, P6); the run's sums move
 * with it; the journal entry (when `entry.key.scope` is set) is written only if the epoch still holds: else op.err is
 * ERR_FENCED although the answer is stored. Spoolable. */
struct op_call_finish {
  struct store_op op;
  int64_t id, run, epoch;
  const char *state;        /* answered | failed | truncated | cancelled */
  char *answer, *reasoning; /* raw text, owned by the op; may be NULL */
  char *stop, *native_stop, *model_returned, *request_id, *error;
  int64_t http_status;
  struct call_usage usage;
  bool usage_estimated, price_known;
  int64_t cost_nano, ttft_ms, total_ms;
  struct journal_entry entry; /* entry.result: owned by the op as `result` below */
  char *result;
};
extern const struct store_op_kind op_call_finish_kind;

struct call_row {
  int64_t id, run, epoch, attempt, n, http_status, cost_nano, ttft_ms, total_ms, created_at, ended_at;
  const char *scope, *role, *provider, *model, *state, *params, *answer, *reasoning, *stop, *native_stop,
      *model_returned, *request_id, *error;
  struct call_usage usage;
  bool price_known, usage_estimated;
};
enum err calls_each(struct db *db, int64_t run, void (*fn)(void *arg, const struct call_row *), void *arg);
/* Without texts (params, answer, reasoning are NULL): at most `limit` (0: all) whose ids are above `after`. */
enum err calls_page(struct db *db, int64_t run, int64_t after, int limit,
                    void (*fn)(void *arg, const struct call_row *), void *arg);
enum err call_get(struct db *db, int64_t id, void (*fn)(void *arg, const struct call_row *), void *arg,
                  struct error *e);
/* All attempts at the question of a call, itself too, without texts. */
enum err call_attempts(struct db *db, int64_t id, void (*fn)(void *arg, const struct call_row *), void *arg);
/* Its place in its run's journal, or that of the question it was an attempt at; 0: none. */
enum err call_seq(struct db *db, int64_t id, int64_t *seq);
/* The call that answered the entry `seq` of a run: of this run, or of one that it continues. ERR_NOT_FOUND. */
enum err call_at(struct db *db, int64_t run, int64_t seq, int64_t *id, struct error *e);
/* The prompt in its blocks; `sha` is empty. */
enum err call_blocks_each(struct db *db, int64_t call, void (*fn)(void *arg, const struct call_block *),
                          void *arg);
/* The stable blocks at the beginning of each prompt of a run, in the order of calls and places: equal texts have equal numbers (`blob`). */
enum err calls_prefixes_each(struct db *db, int64_t run,
                             void (*fn)(void *arg, int64_t call, int64_t blob, int64_t bytes), void *arg);
/* The prompt of a call, its blocks joined, appended to `out`. */
enum err call_prompt(struct db *db, int64_t call, struct buf *out);
/* What the library spent since `since_ms` (all runs). */
enum err calls_spent(struct db *db, int64_t since_ms, int64_t *cost_nano, int64_t *calls);
/* Was it the rehearsal model that answered first, in a run or, with run 0, in a project? Who begins a book goes on with it. */
enum err calls_rehearsed(struct db *db, int64_t run, int64_t project, bool *yes);
/* Did another provider than `except` answer a call of any run of the project? Its slug may name none. */
enum err calls_answered_by_others(struct db *db, const char *project, const char *except, bool *yes);
