/* replay.h - a call and the same question asked again, side by side. Any thread. */
#pragma once
#include <jansson.h>
#include "store/runs.h"

/* {"run","status","error","of": call, "call": call or null, "diff": [{"op","text"}]}: `r` is the run that asked it again; "diff" is there once it is
 * answered. ERR_NOT_FOUND when the run is no replay. */
enum err view_replay(struct db *db, const struct run_row *r, json_t **out, struct error *e);
