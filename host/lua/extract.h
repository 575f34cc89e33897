/* extract.h - takes the JSON document out of what a model answered. Any thread; raises nothing.
 *
 *   bare                      {"a": 1}
 *   in a code fence           ```json ... ```
 *   amid prose                Sure! Here it is: {"a": 1} I hope it helps.
 *
 * Mends what models get wrong: comments, trailing commas, raw newlines and tabs in strings, typographic or single quotes around
 * strings, True/False/None, broken UTF-8. Never completes a document that was cut off: half a plan that looks whole
 * is worse than none. */
#pragma once
#include <jansson.h>
#include <stddef.h>
#include "base/err.h"

/* The document (json_decref), or NULL with ERR_NOT_FOUND (no JSON in it) or ERR_INVALID ("cut off", "line 3: ...").
 * Of several documents the first that parses. Looks at each byte at most a fixed number of times. */
json_t *json_extract(const char *text, size_t n, struct error *e);
