/* args.h - checking the arguments of API functions. All raise with the function's name; none leaves anything of ours allocated. */
#pragma once
#include <lua.h>
#include "base/buf.h"
#include "engine/run.h"

/* Argument `arg` must be a table whose keys are all in `fields` (NULL-terminated): else an error with the nearest name. */
void args_fields(lua_State *L, int arg, const char *function, const char *const *fields);
/* String field of the table at `arg`; NULL when absent and not required. Valid while the table is on the stack and unchanged. */
const char *args_string(lua_State *L, int arg, const char *function, const char *field, bool required,
                        size_t *n);
double args_number(lua_State *L, int arg, const char *function, const char *field, double otherwise);
/* Appends `,"name":<value of the field>` (canonical JSON) when the field is not nil. Returns err instead of raising: `out` is the caller's. */
enum err args_encode_field(lua_State *L, int arg, const char *field, struct buf *out, struct error *e);
/* Raises e->message at the caller's line. */
int args_raise(lua_State *L, const char *function, const struct error *e);
/* Pushes the canonical JSON of a wait's result as a Lua value. */
int args_push_result(lua_State *L, const struct wait *w);
/* A JSON string literal of s, appended. */
void args_quote(struct buf *out, const char *s, size_t n);
