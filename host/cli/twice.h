/* twice.h - a pipeline twice on the embedded model, in a library that is thrown away (after scratch_open).
 *
 * The second run begins with the answers of the first (a retry). If the script is deterministic it asks nothing new, and its result is the
 * same: that is what makes a run survive a crash. A pipeline that works on a book (on_book) gets a short one first. Gates are decided by their first choice. */
#pragma once
#include "cli/test_report.h"

/* What `quire run` would be asked for the pipeline that the command names, with plausible values for required fields that were not given.
 * Before scratch_open. The caller owns *request. */
enum err twice_request(struct cli *c, json_t **request, struct error *e);
enum err twice_run(struct cli *c, json_t *request, struct test_report *report, struct error *e);
