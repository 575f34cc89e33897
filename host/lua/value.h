/* value.h - Lua values to (value.c) and from (decode.c) JSON text. One state is used by one thread at a time.
 *
 *   tables      a list (keys 1..n) is an array, a table with string keys an object; {} is an object unless marked
 *   json.null   a light userdata NULL, because nil cannot stand in a table
 *   numbers     integers stay integers in both directions; reals always show a point or an exponent
 *   arrays      decoded ones carry a shared metatable, so that [] comes back as []
 *
 * Metatables are not asked: what is encoded is what is in the table. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <lua.h>
#include "base/buf.h"

/* Appends the value at `index` as canonical JSON: keys sorted by bytes, no spaces, UTF-8 unescaped; nil is null.
 * Never raises, allocates nothing in Lua, leaves the stack as it was; may be called outside a protected call.
 * Err: ERR_INVALID with the path ("chapters[3]: a table is either a list (1..n) or has string keys"), ERR_LIMIT
 * (out->max, more than 100 levels). On error `out` is as it was. */
enum err value_encode(lua_State *L, int index, struct buf *out, struct error *e);

/* Pushes one JSON document. Strict like jsonx_parse: 100 levels, no double keys, no NUL in keys, whole UTF-8.
 * May raise: "JSON, line 2, column 7: ..." or memory. Allocates in Lua only, so a script's cap holds. */
void value_push_json(lua_State *L, const char *text, size_t n);

void value_push_array_metatable(lua_State *L); /* the mark; may raise (memory) */
bool value_is_array(lua_State *L, int index);  /* marked as an array? Never raises */
void value_mark_array(lua_State *L,
                      int index); /* marks a table, in place of its metatable. May raise (memory) */
