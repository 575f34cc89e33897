/* learnt.h - what servers told of their models: the longest answer that one gives, a parameter that it refuses, how much room its thinking
 * needs. Kept for the library (settings "learnt:PROVIDER/MODEL"), so that it is asked for once and not in each run. Loop thread.
 *
 *   learnt_add(l, "openai/gpt-x", "{\"max_output\":8192}");    learnt_of gives {"max_output":8192} from now on
 *
 * The host itself reads "max_output" (tokens of the longest answer) and "room" (tokens that thinking takes beside the answer). All other
 * names are the adapter's own. */
#pragma once
#include <jansson.h>
#include <stdint.h>
#include "store/store.h"

struct learnt;
/* Reads what the library knows. `store` may be NULL: then nothing is kept. */
struct learnt *learnt_new(struct store *store);
void learnt_free(struct learnt *l);
/* An object, or NULL. Good until the next learnt_add. */
const json_t *learnt_of(const struct learnt *l, const char *model);
int64_t learnt_number(const struct learnt *l, const char *model, const char *name);
/* Takes over the fields of a JSON object; what is none, or too much, is left out. */
void learnt_add(struct learnt *l, const char *model, const char *object);
