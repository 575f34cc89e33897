/* lib_math.c - stock math with a random of our own: xoshiro256**, seeded from the run's inputs.
 *
 * The generator is the upvalue of math.random and, under the address of `generator_key`, in the registry for
 * lib_math_seed and lib_math_own. Numbers and projection are those of Lua 5.4 for the same state. */
#include "lua/lib.h"

#include <stdbool.h>
#include <string.h>
#include <lauxlib.h>
#include <lualib.h>

#include "base/hash.h"

static const char generator_key = 0;

struct state {
  uint64_t s[4];
};

/* `own` is that of a piece of work whose result is kept (lib_math_own): it is seeded when its first number is asked for. */
struct generator {
  uint8_t seed[SHA_BYTES];
  struct state shared, own;
  struct lib_math_key key;
  enum { SHARED, OWN_UNSEEDED, OWN } use;
};

static uint64_t rotate(uint64_t x, int n) {
  return (x << n) | (x >> (64 - n));
}

static uint64_t state_next(struct state *g) {
  uint64_t *s = g->s, result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = rotate(s[3], 45);
  return result;
}

static void state_seed(struct state *g, const uint8_t seed[SHA_BYTES]) {
  for (int i = 0; i < 4; i++) {
    g->s[i] = 0;
    for (int j = 7; j >= 0; j--) g->s[i] = g->s[i] << 8 | seed[i * 8 + j];
  }
  if (!(g->s[0] | g->s[1] | g->s[2] | g->s[3])) g->s[1] = 0xff; /* all zero would stay zero */
  for (int i = 0; i < 16; i++) state_next(g);
}

/* A number in 0..most: masks to the smallest 2^b - 1 that holds it and draws again while too large. */
static uint64_t project(struct state *g, uint64_t drawn, uint64_t most) {
  uint64_t mask = most;
  for (int shift = 1; shift < 64; shift *= 2) mask |= mask >> shift;
  while ((drawn &= mask) > most) drawn = state_next(g);
  return drawn;
}

static void seed_own(struct generator *g) {
  uint8_t seed[SHA_BYTES];
  struct sha256 *h = sha256_begin();
  sha256_add(h, g->seed, SHA_BYTES);
  sha256_add(h, g->key.hash, SHA_BYTES);
  sha256_add(h, &g->key.n, sizeof g->key.n);
  sha256_add(h, g->key.scope, strlen(g->key.scope));
  sha256_end(h, seed);
  state_seed(&g->own, seed);
  g->use = OWN;
}

static struct state *state_of(struct generator *g) {
  if (g->use == OWN_UNSEEDED) seed_own(g);
  return g->use == OWN ? &g->own : &g->shared;
}

static int math_random(lua_State *L) {
  struct state *g = state_of(lua_touserdata(L, lua_upvalueindex(1)));
  uint64_t drawn = state_next(g);
  lua_Integer low = 1, high;
  switch (lua_gettop(L)) {
  case 0: lua_pushnumber(L, (lua_Number)(drawn >> 11) * 0x1p-53); return 1;
  case 1:
    high = luaL_checkinteger(L, 1);
    if (high == 0) { /* all bits */
      lua_pushinteger(L, (lua_Integer)drawn);
      return 1;
    }
    break;
  case 2:
    low = luaL_checkinteger(L, 1);
    high = luaL_checkinteger(L, 2);
    break;
  default: return luaL_error(L, "wrong number of arguments");
  }
  luaL_argcheck(L, low <= high, 2, "interval is empty");
  uint64_t most = (uint64_t)high - (uint64_t)low;
  lua_pushinteger(L, (lua_Integer)(project(g, drawn, most) + (uint64_t)low));
  return 1;
}

static int end_own(lua_State *L) {
  struct generator *g = lua_touserdata(L, 1);
  if (g) g->use = SHARED;
  return 0;
}

/* Made when the first of math and lib_math_own needs it. Registered only when it is complete. */
static struct generator *push_generator(lua_State *L) {
  static const uint8_t unseeded[SHA_BYTES] = {1};
  luaL_checkstack(L, 5, "no room for math.random");
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &generator_key) == LUA_TUSERDATA) return lua_touserdata(L, -1);
  lua_pop(L, 1);
  struct generator *g = lua_newuserdatauv(L, sizeof *g, 0);
  *g = (struct generator){0};
  state_seed(&g->shared, unseeded);
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, end_own);
  lua_setfield(L, -2, "__close");
  lua_setmetatable(L, -2);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &generator_key);
  return g;
}

void lib_open_math(lua_State *L) {
  static const char *const stock[] = {"abs", "acos",       "asin", "atan", "ceil", "cos", "deg",
                                      "exp", "floor",      "fmod", "huge", "log",  "max", "maxinteger",
                                      "min", "mininteger", "modf", "pi",   "rad",  "sin", "sqrt",
                                      "tan", "tointeger",  "type", "ult",  NULL};
  luaL_checkstack(L, 8, "no room to open math");
  lua_pushcfunction(L, luaopen_math);
  lua_call(L, 0, 1);
  lib_pick(L, stock, 1);
  push_generator(L);
  lua_pushcclosure(L, math_random, 1);
  lua_setfield(L, -2, "random");
  lua_setglobal(L, "math");
}

void lib_math_seed(lua_State *L, const uint8_t seed[SHA_BYTES]) {
  struct generator *g = push_generator(L);
  memcpy(g->seed, seed, SHA_BYTES);
  state_seed(&g->shared, seed);
  lua_pop(L, 1);
}

void lib_math_own(lua_State *L, const struct lib_math_key *key) {
  struct generator *g = push_generator(L);
  lua_toclose(L, -1);
  g->key = *key;
  g->use = OWN_UNSEEDED;
}

void lib_math_shared(lua_State *L) {
  if (!lua_checkstack(L, 1)) return;
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &generator_key) == LUA_TUSERDATA)
    ((struct generator *)lua_touserdata(L, -1))->use = SHARED;
  lua_pop(L, 1);
}
