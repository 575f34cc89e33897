/* timeline.h - where a run's time, tokens and money went. Any thread. */
#pragma once
#include <jansson.h>
#include "store/runs.h"

/* {"phases": [..], "chapters": [..]}, each {"name","started_ms","ended_ms" (null: not yet),"calls","retries","cost_usd","tokens_in",
 * "tokens_cached","tokens_out"}: by the phase in which a call began, and by the first task of its scope ("/chapter-3/scene-1":
 * "chapter-3"), which is how scripts name what they work on. A call outside both is in neither. */
enum err view_timeline(struct db *db, const struct run_row *run, json_t **out, struct error *e);
