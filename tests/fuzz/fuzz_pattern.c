/* fuzz_pattern.c - any pattern on any subject: no crash, no read outside, and it ends.
 *
 * Input: one byte that picks the function, the pattern up to a 0xff byte, the subject. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <lauxlib.h>

#include "base/clock.h"
#include "lua/machine.h"
#include "lua/pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int drain_gmatch(lua_State *L) {
  lua_settop(L, 2);
  pattern_gmatch(L);
  for (int i = 0; i < 1000; i++) {
    lua_pushvalue(L, 3);
    lua_call(L, 0, 1);
    if (lua_isnil(L, -1)) break;
    lua_pop(L, 1);
  }
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const lua_CFunction functions[] = {pattern_find, pattern_match, drain_gmatch, pattern_gsub};
  static struct machine *m;
  if (size == 0) return 0;
  if (!m) m = machine_new(NULL, NULL);
  if (!m) abort();
  lua_CFunction function = functions[data[0] % 4];
  const char *pattern = (const char *)data + 1, *end = (const char *)data + size;
  const char *mark = memchr(pattern, 0xff, size - 1);
  const char *subject = mark ? mark + 1 : end;

  m->slice_start = clock_thread_cpu_ns();
  lua_settop(m->L, 0);
  lua_pushcfunction(m->L, function);
  lua_pushlstring(m->L, subject, (size_t)(end - subject));
  lua_pushlstring(m->L, pattern, (size_t)((mark ? mark : end) - pattern));
  int n = 2;
  if (function == pattern_gsub) {
    lua_pushlstring(m->L, pattern, (size_t)((mark ? mark : end) - pattern)); /* a replacement with many '%' */
    n = 3;
  }
  lua_pcall(m->L, n, 0, 0);
  lua_gc(m->L, LUA_GCSTEP, 0);
  if (m->kill) { /* the machine ran out of something: a new one */
    machine_free(m);
    m = NULL;
  }
  return 0;
}
