/* jsonx.h - what we need over jansson: strict limits on the way in, one canonical form on the way out. Any
 * thread. */
#pragma once
#include <stdbool.h>
#include <jansson.h>
#include "base/buf.h"

/* Parses one JSON document of any type; at most MAX_JSON_BYTES, depth 100, no NUL in keys (in
 * values it is allowed: use json_string_length), duplicate keys refused.
 * The error says line and column and names `what` ("the brief"). The caller owns *out (json_decref). */
enum err jsonx_parse(const char *text, size_t n, const char *what, json_t **out, struct error *e);
/* ERR_INVALID when a text anywhere in `v` holds a NUL character: whoever takes its fields as C strings would see it cut. Names the field. */
enum err jsonx_no_nul(const json_t *v, struct error *e);
/* Canonical form: keys sorted by bytes, no spaces, integers as they are, reals shortest round-trip, UTF-8
 * unescaped. */
enum err jsonx_canonical(const json_t *v, struct buf *out);
char *jsonx_dumps(
    const json_t *v); /* canonical text, free() it; NULL when larger than MAX_JSON_BYTES or deeper than 100 */
/* Words of unknown origin as a string: at most `most` bytes of them, cut between letters; what is not UTF-8 becomes a remark that says so. */
json_t *jsonx_words(const char *s, size_t most);
/* The text of a member's value in the text of an object that jsonx_dumps or jsonx_canonical made, without parsing all of it. */
bool jsonx_member(const char *object, size_t n, const char *name, const char **value, size_t *n_value);
/* String field or `otherwise`; never NULL unless `otherwise` is. */
const char *jsonx_str(const json_t *obj, const char *key, const char *otherwise);
json_int_t jsonx_int(const json_t *obj, const char *key, json_int_t otherwise);
double jsonx_num(const json_t *obj, const char *key, double otherwise);
