/* forecast.h - what a run will take, before it is started: calls, tokens, money and time, as a range.
 *
 *   forecast_make(&(struct forecast){.library = dir, .request = request, .seconds = 120}, &answer, &e)
 *
 * The pipeline is rehearsed in libraries that are thrown away (rehearse.c): as it is asked for, and with answers that are much shorter
 * and much longer, because those make it take other ways (revisions, second questions). The roles keep the models of the settings, the
 * embedded model answers for all of them, so nothing leaves this machine and nothing is paid. What the calls of these rehearsals would have taken of
 * the real models is then reckoned (estimate.c) from what is known of them: prices, sizes, thinking, and the library's own record. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include "base/err.h"

struct forecast {
  const char *library, *scripts; /* whose settings and scripts count; scripts: --scripts, or NULL */
  const json_t *request;         /* as command_run takes it (acts/commands.h) */
  int seconds;                   /* then it gives up: ERR_LIMIT */
  bool (*stopped)(void);         /* did somebody say stop? ERR_CANCELLED. NULL: nobody can */
};

/* The caller's thread waits; seconds of CPU for a long book. A library that is not there yet has the settings of a new one. *out, the caller's:
 *
 *   {"pipeline", "rehearsal": are all its models the embedded one?, RANGES,
 *    "phases": [{"name", RANGES}], "models": [{"model", "roles", "rehearsal", "priced", "thinks": yes | no | unknown, "own_calls": how many answers
 *    of it in this library were looked at, RANGES}], "unpriced": [model], "limit_usd": what the run may spend, "took_ms"}
 *
 * RANGES: "calls", "tokens_in", "tokens_out", "cost_usd", "seconds", each {"low","likely","high"}. "cost_usd" holds what has a price; it is null
 * where nothing has one. Errors: those of command_run; ERR_SCRIPT when the rehearsed run fails. */
enum err forecast_make(const struct forecast *f, json_t **out, struct error *e);
