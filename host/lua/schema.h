/* schema.h - the part of JSON schema that models and people get along with. Any thread; raises nothing.
 *
 * Keywords: type, properties, required, additionalProperties, items, minItems, maxItems, enum, const, minLength,
 * maxLength, minimum, maximum, description, title. Lists count from 1 in messages, as scripts do. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include "base/err.h"

/* ERR_INVALID: "the schema at chapters[].title: there is no keyword \"pattern\" here", with the nearest one or all of
 * them in the hint. An empty object stands for an empty list too: Lua's {} can be either. */
enum err schema_supported(const json_t *schema, struct error *e);

/* Holds `value` against a schema that schema_supported took.
 * ERR_INVALID: "chapters[3].title: expected string, got number". The first breach only. */
enum err schema_check(const json_t *schema, const json_t *value, struct error *e);

/* The same for a value that a script made: there an empty object is also an empty list. */
enum err schema_check_lua(const json_t *schema, const json_t *value, struct error *e);

/* The schema's text for a provider: `properties` in the order of `required`, then the rest by name; all else canonical.
 * Models write fields in this order, so a script can ask for the thought before the verdict. free() it; NULL when
 * it is larger than MAX_JSON_BYTES. */
char *schema_ordered_text(const json_t *schema);
