/* schema_dialect.h - a schema for a service that takes a part of JSON schema only. Any thread; raises nothing.
 *
 *   {"type":"string","maxLength":120} with keep {"type","description"} and `say`
 *     -> {"type":"string","description":"{maxLength: 120}"}
 *
 * What is not kept may be said in the description, which the model reads; the answer is held against the whole schema all the same. */
#pragma once
#include <jansson.h>
#include <stdbool.h>

struct schema_dialect {
  const json_t *keep; /* a list of keywords; NULL: all. "minItems<=1": only up to that number */
  bool say, closed;   /* closed: "additionalProperties": false in each object */
};
json_t *schema_in_dialect(const json_t *schema, const struct schema_dialect *d); /* a new one */
