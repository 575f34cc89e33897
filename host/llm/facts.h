/* facts.h - what is known of a model, as one JSON object. Four sources, the later over the earlier: its family and its own row in
 * scripts/models.lua, what servers told (learnt.h), what a person set in quire.lua. Loop thread.
 *
 *   facts_of(f, "openai/gpt-5")   {"context":400000,"least":"minimal","thought":8192,"thinks":"always","drop_temperature":true}
 *
 * The host reads "context" (tokens), "max_output" (tokens of the longest answer), "thinks", "thought" (tokens that it thinks when nobody says
 * how much), "least" (the least thinking that can be asked for) and "room" (tokens to give beside all that: learnt from answers that thinking
 * left no room for). The adapters read the rest; the names are in the head of scripts/models.lua. `refuses` of a row becomes drop_NAME, the name under which a refusal is learnt. Prices are not in it. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "llm/learnt.h"

/* What the settings say; borrowed. Each may be NULL. */
struct facts_known {
  const json_t *families; /* [{"name": a glob of "provider/model", ...}]: the first that fits counts */
  const json_t *models;   /* {"provider/model": row} */
  const json_t *own;      /* the same, a person's */
};

struct facts;
/* `known` is borrowed for life. `store` may be NULL: then nothing that is learnt is kept. */
struct facts *facts_new(const struct facts_known *known, struct store *store);
void facts_free(struct facts *f);
/* An object, never NULL; empty when nothing is known. Good until the next facts_learn. */
const json_t *facts_of(struct facts *f, const char *model);
/* A server told it: a JSON object of facts. */
void facts_learn(struct facts *f, const char *model, const char *object);
/* The same for what a probe found (probe.h), as far as there is room for so many. */
void facts_learn_found(struct facts *f, const json_t *found);
int64_t facts_number(struct facts *f, const char *model, const char *name); /* 0: not known */
/* The tokens that it thinks when nothing is said of how much it is to. */
int64_t facts_thought(struct facts *f, const char *model);
/* How much thinking to ask for: `asked` (low, medium, high), for "little" the least that the model is known to take. NULL: nothing is said. */
const char *facts_effort(struct facts *f, const char *model, const char *asked);

/* The same without a store, for who only shows it: `learnt` may be NULL. The caller's. */
json_t *facts_merged(const struct facts_known *known, const char *model, const json_t *learnt);
