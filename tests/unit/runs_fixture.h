/* runs_fixture.h - what the tests of runs and of calls share. */
#pragma once
#include "store_fixture.h"
#include "store/upkeep/watch.h"
#include <pthread.h>

/* Taken from a dead host: the deaths that its row has afterwards; -1: it is a suspect, -2: poison. */
static inline int64_t adopt(struct store *s, int64_t run, int death, bool alone) {
  struct op_run_claim op = {.op = {.kind = &op_run_claim_kind},
                            .id = run,
                            .adopt = true,
                            .death = death,
                            .deaths_most = 3,
                            .alone = alone};
  enum err err = store_do(s, &op.op);
  int64_t deaths = op.row.deaths;
  run_row_release(&op.row);
  assert_int_equal(err, op.suspect ? ERR_CONFLICT : OK);
  return op.suspect ? -1 : op.poison ? -2 : deaths;
}

struct seen {
  int n;
  char what[400];
};

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
