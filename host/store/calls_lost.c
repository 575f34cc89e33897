/* calls_lost.c - calls that were under way when their host died, or when their run moved on without it: nobody saw how they ended, and the
 * provider may charge for them.
 *
 *   claim | cancel | give back (the epoch grows) | end -> calls_presume: booked by the estimate that their intent left (risk_nano, risk_tokens);
 *        not those whose answer the run's next life can still fetch by a handle, until the run has ended
 *     -> seldom: the end comes after all (a spooled answer, a host that had been stopped) -> call_unpresume -> it is booked as it was */
#include "base/clock.h"
#include "store/calls.h"
#include "store/sql.h"

static const char lost[] =
    "network: its host ended, or its run moved on, while the call was under way; it may be"
    " charged, so it is booked by an estimate";

struct sums {
  int64_t cost, calls, input, output, unpriced;
};

/* sign: 1 adds, -1 takes away. These columns may move after a run has ended. */
static enum err move_sums(struct db *db, int64_t run, const struct sums *d, int sign) {
  struct db_stmt *s = db_prepare(
      db,
      "UPDATE runs SET cost_nano = cost_nano + $cost, calls = calls + $calls, tokens_in = tokens_in + $in,"
      " tokens_out = tokens_out + $out, unpriced_calls = unpriced_calls + $unpriced WHERE id = $run");
  db_bind_int(s, "$cost", sign * d->cost);
  db_bind_int(s, "$calls", sign * d->calls);
  db_bind_int(s, "$in", sign * d->input);
  db_bind_int(s, "$out", sign * d->output);
  db_bind_int(s, "$unpriced", sign * d->unpriced);
  db_bind_int(s, "$run", run);
  return db_run(s);
}

enum err call_book(struct db *db, int64_t run, const struct call_booking *b) {
  struct sums d = {b->cost_nano, 1, b->usage->input, b->usage->output, !b->price_known};
  return move_sums(db, run, &d, 1);
}

static void add_row(struct db_stmt *s, struct sums *d) {
  d->calls++;
  d->cost += db_int(s, 0);
  d->input += db_int(s, 1);
  d->output += db_int(s, 2);
  d->unpriced += db_int(s, 3) == 0;
}

#define SUMS " RETURNING cost_nano, input_tokens, output_tokens, price_known"

enum err calls_presume(struct db *db, int64_t run, int64_t epoch, int64_t *cost_nano) {
  struct sums d = {0};
  struct db_stmt *s = db_prepare(
      db,
      "UPDATE calls SET state = 'cancelled', presumed = 1, ended_at = $now, error = $why, usage_estimated = 1,"
      " cost_nano = COALESCE(risk_nano, 0), price_known = risk_nano IS NOT NULL,"
      " input_tokens = risk_tokens WHERE run_id = $run AND state = 'sent' AND epoch < $epoch AND (handle IS NULL"
      " OR EXISTS (SELECT 1 FROM runs WHERE id = $run AND status IN " SQL_ENDED "))" SUMS);
  db_bind_int(s, "$now", clock_wall_ms());
  db_bind_text(s, "$why", lost);
  db_bind_int(s, "$run", run);
  db_bind_int(s, "$epoch", epoch);
  enum db_step step;
  while ((step = db_step(s)) == DB_ROW) add_row(s, &d);
  enum err err = sql_end(db, s, step);
  if (cost_nano) *cost_nano = d.cost;
  return err == OK && d.calls ? move_sums(db, run, &d, 1) : err;
}

enum err call_unpresume(struct db *db, int64_t run, int64_t id, bool *was) {
  struct sums d = {0};
  struct db_stmt *s = db_prepare(db, "SELECT cost_nano, input_tokens, output_tokens, price_known FROM calls"
                                     " WHERE id = $id AND run_id = $run AND presumed = 1");
  db_bind_int(s, "$id", id);
  db_bind_int(s, "$run", run);
  enum db_step step = db_step(s);
  *was = step == DB_ROW;
  if (*was) add_row(s, &d);
  enum err err = sql_end(db, s, step);
  if (err != OK || !*was) return err;
  s = db_prepare(
      db, "UPDATE calls SET state = 'sent', presumed = 0, ended_at = NULL, error = NULL, cost_nano = 0,"
          " input_tokens = 0, price_known = 0, usage_estimated = 0 WHERE id = $id");
  db_bind_int(s, "$id", id);
  err = db_run(s);
  return err == OK ? move_sums(db, run, &d, -1) : err;
}
