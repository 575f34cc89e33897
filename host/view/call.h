/* call.h - attempts at a provider as JSON. Any thread. */
#pragma once
#include <jansson.h>
#include "store/calls.h"

/* What a list says of a call: no texts. */
json_t *view_call(const struct call_row *k);
/* Adds "rehearsal": was it the rehearsal model that answered first, in a run or, with run 0, in a project? What cannot be read is not told,
 * rather than told as a real model's. */
void view_rehearsal(struct db *db, int64_t run, int64_t project, json_t *v);
/* All of it: prompt in blocks, answer, reasoning, parameters, its place in the run's journal, other attempts at the same question, the runs that asked it again, and the
 * request as a curl command, in which the key is $KEY. `db` must not be stepping through a statement of calls. */
enum err view_call_whole(struct db *db, int64_t call, json_t **out, struct error *e);
