/* json_reader.h - a few values out of a JSON text; all else is checked and skipped, but never built.
 *
 * For texts of which a script wants little and that come by the ten thousand: the events of a stream.
 *
 *   local read = json.reader { "error", "choices.1.delta.content" }
 *   local ok, failure, text = read(data)     -- ok false: failure says what is wrong with the text
 *
 * A path goes through objects by key and through arrays by number. A value that is not there, or is null, is nil. */
#pragma once
#include <lua.h>

/* The C function json.reader. May raise: a bad path. */
int json_reader(lua_State *L);
