/* lib.h - Lua's standard libraries as a script sees them: deterministic, bounded, without a way out.
 *
 * Each lib_open_* sets its globals and leaves nothing on the stack. They may raise (memory, nothing else), so
 * call them inside a protected call, in any order, once a state. What differs from stock Lua:
 *
 *   base    no load, dofile, loadfile, collectgarbage, rawset, print, warn, _G
 *           pairs is ordered, next takes one argument, tostring prints no address
 *           setmetatable refuses __gc and __mode, getmetatable knows tables only
 *   string  no dump; %p is refused; patterns count their steps (pattern.h); results have at most 16 MB
 *   table   plain tables and ranges of at most a million elements only; sort is stable
 *   math    random is seeded by lib_math_seed, no randomseed
 *   utf8    as it is
 *
 * A __mode set on a metatable after setmetatable still makes its tables weak: pairs and next refuse those, and the script is stopped
 * at the end of its slice (lib_has_weakened).
 * Every function a script can reach here may raise and, but for pcall, xpcall and the body of a pairs loop,
 * none may wait. One state is used by one thread at a time. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <lua.h>
#include "base/hash.h"

void lib_open_base(lua_State *L);
void lib_open_string(lua_State *L);
void lib_open_table(lua_State *L);
void lib_open_math(lua_State *L);
void lib_open_utf8(lua_State *L);

/* Seeds math.random; before it the generator has a fixed seed. May raise. */
void lib_math_seed(lua_State *L, const uint8_t seed[SHA_BYTES]);

/* From here math.random gives numbers of their own, of the seed and this key, and the shared ones stay where they are: so work whose result is
 * kept can be left out later. Pushes a value: closing it (lua_closeslot, or an error that passes) ends that. Not nested. May raise.
 * lib_math_shared ends it too: for a coroutine that died in between, whose values nobody closes. */
struct lib_math_key {
  const char *scope; /* must stay until then */
  uint8_t hash[SHA_BYTES];
  int64_t n;
};
void lib_math_own(lua_State *L, const struct lib_math_key *key);
void lib_math_shared(lua_State *L);

/* Pushes the value at `index` as text, like luaL_tolstring but without addresses: "table", "function", or the
 * metatable's __name. Calls __tostring. The result lives as long as it is on the stack. May raise. */
const char *lib_tolstring(lua_State *L, int index, size_t *len);

/* Has a metatable that the script gave away a __mode now? Walks over those that live. Needs no protected call. */
bool lib_has_weakened(lua_State *L);

/* For lib_*.c: replaces the table on the top of the stack, a stock library, by a new one that has only the
 * functions `names` (ended by NULL) of it, and room for `more`. May raise. */
void lib_pick(lua_State *L, const char *const *names, int more);
