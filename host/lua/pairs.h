/* pairs.h - `pairs` and `next` in an order that is the same in every process.
 *
 *   1..n as long as there is no gap, all other integers ascending, floats ascending, strings by their bytes,
 *   false, true
 *
 * Keys of other types have no order but their address; they are refused. The keys are those at the call of
 * pairs: what is removed inside the loop is skipped, what is added is not visited. The loop's body may wait.
 * Both may raise. */
#pragma once
#include <lua.h>

int lua_ordered_pairs(lua_State *L); /* pairs(t); honours __pairs */
int lua_first_pair(lua_State *L);    /* next(t): the first key and value of that order, or nil */
