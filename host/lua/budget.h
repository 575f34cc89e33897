/* budget.h - how C code that loops for a script stays interruptible, and the sizes it may reach.
 *
 * Lua's count hook sees instructions, not the loops inside a C function. So every loop over n elements
 * or bytes in this folder pays for its steps; each 4096 steps the machine looks at the clock:
 *
 *   for (lua_Integer i = 1; i <= n; i++) { budget_spend(L, 1); ... }
 *
 * The debt is kept per thread, not per call, so a million calls of 10 steps are seen too. Any thread. */
#pragma once
#include <stddef.h>
#include <lua.h>

enum {
  BUDGET_STEPS = 4096,             /* steps between two looks at the clock */
  MAX_LUA_STRING_BYTES = 16 << 20, /* what rep, concat, gsub and format may make */
  MAX_LUA_RANGE = 1000000          /* elements that one library call may walk, shift or sort */
};

/* The machine's: raises "limit: ..." when this slice has used more than its burst of CPU. */
void machine_burn(lua_State *L);

/* Steps this thread has taken since machine_burn last looked. */
extern _Thread_local size_t budget_debt;

/* Pays for `cost` steps (one step: a byte matched, an element moved). May raise. */
static inline void budget_spend(lua_State *L, size_t cost) {
  budget_debt += cost;
  if (budget_debt < BUDGET_STEPS) return;
  budget_debt = 0;
  machine_burn(L);
}
