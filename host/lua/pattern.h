/* pattern.h - Lua's patterns with a step counter: string.find, match, gmatch and gsub.
 *
 * Exactly Lua 5.4's answers and error messages, except that one call may take PATTERN_STEPS steps plus
 * PATTERN_STEPS_PER_BYTE for each byte of its subject and then raises "pattern too costly: ...". The count
 * depends on nothing but the arguments, so a replayed run ends at the same place. gsub's result is
 * capped at MAX_LUA_STRING_BYTES. Any thread that runs the state; all may raise. */
#pragma once
#include <lua.h>

enum { PATTERN_STEPS = 20000000, PATTERN_STEPS_PER_BYTE = 32 };

int pattern_find(lua_State *L);   /* find(s, pattern [, init [, plain]]) */
int pattern_match(lua_State *L);  /* match(s, pattern [, init]) */
int pattern_gmatch(lua_State *L); /* gmatch(s, pattern [, init]) */
int pattern_gsub(lua_State *L);   /* gsub(s, pattern, string|table|function [, n]) */
