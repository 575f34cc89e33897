/* pairs.c - the ordered pairs of pairs.h.
 *
 *   collect_counts -> nothing but 1..n: no keys are kept at all (most lists)
 *                  -> collect_keys, sort_keys, place_keys: a Lua table of the other keys in order
 *
 * The iterator is a closure over (t, struct walk, keys), so scripts cannot reach or fake its state and
 * nothing has to be looked up by name at each step. */
#include "lua/pairs.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <lauxlib.h>

#include "lua/budget.h"

enum { FEW_KEYS = 64 }; /* sorted in the C stack; more in a userdata */

/* CLASS_COUNT: a key without an order. */
enum class { CLASS_INTEGER, CLASS_FLOAT, CLASS_STRING, CLASS_BOOLEAN, CLASS_COUNT };

/* A key while it is sorted. A string's bytes stay put: the table still holds the string. */
struct key {
  union {
    lua_Integer integer; /* and booleans */
    lua_Number number;
    const char *text;
  } as;
  uint32_t len;
  uint32_t slot; /* where it stands in the table of keys, from 0 */
};

/* Where a loop stands: it goes through 1..run and then through the table of the other keys. */
struct walk {
  lua_Integer at, run, more;
};

/* The keys of a table that do not continue 1..run. */
struct census {
  lua_Integer run; /* 1..run were met in this order */
  size_t count[CLASS_COUNT], total;
};

static enum class class_of(lua_State *L, int index) {
  switch (lua_type(L, index)){
    case LUA_TNUMBER : return lua_isinteger(L, index) ? CLASS_INTEGER : CLASS_FLOAT;
    case LUA_TSTRING : return CLASS_STRING;
    case LUA_TBOOLEAN : return CLASS_BOOLEAN;
    default : return CLASS_COUNT;
  }
}

/* Of several keys without an order, the lowest type is told: which of them a table begins with differs from process to process. */
static void note_type(lua_State *L, int index, int *lowest) {
  int type = lua_type(L, index);
  if (type < *lowest) *lowest = type;
}

static void refuse_type(lua_State *L, int type, const char *function) {
  if (type == LUA_NUMTYPES) return;
  const char *name = lua_typename(L, type);
  luaL_error(L,
             "%s cannot order a key of type %s: it would come in another order each run. Use a name or a "
             "number as the key, or keep the %ss in a list and walk it with ipairs",
             function, name, name);
}

static void key_read(lua_State *L, int index, enum class class, struct key *key) {
  size_t len = 0;
  switch (class) {
  case CLASS_INTEGER: key->as.integer = lua_tointeger(L, index); break;
  case CLASS_FLOAT: key->as.number = lua_tonumber(L, index); break;
  case CLASS_STRING: key->as.text = lua_tolstring(L, index, &len); break; /* a string: nothing is converted */
  default: key->as.integer = lua_toboolean(L, index); break;
  }
  key->len = (uint32_t)len;
}

static int by_integer(const void *a, const void *b) {
  const struct key *x = a, *y = b;
  return (x->as.integer > y->as.integer) - (x->as.integer < y->as.integer);
}

static int by_number(const void *a, const void *b) {
  const struct key *x = a, *y = b;
  return (x->as.number > y->as.number) - (x->as.number < y->as.number);
}

static int by_bytes(const void *a, const void *b) {
  const struct key *x = a, *y = b;
  int order = memcmp(x->as.text, y->as.text, x->len < y->len ? x->len : y->len);
  return order ? order : (x->len > y->len) - (x->len < y->len);
}

static int (*const compare[CLASS_COUNT])(const void *, const void *) = {by_integer, by_number, by_bytes,
                                                                        by_integer};

static struct census collect_counts(lua_State *L, int t, const char *function) {
  struct census c = {0};
  int lowest = LUA_NUMTYPES;
  lua_pushnil(L);
  while (lua_next(L, t)) {
    lua_pop(L, 1);
    budget_spend(L, 1);
    enum class class = class_of(L, -1);
    if (class == CLASS_INTEGER && lua_tointeger(L, -1) == c.run + 1) {
      c.run++;
    } else if (class == CLASS_COUNT) {
      note_type(L, -1, &lowest);
    } else {
      c.count[class]++;
      c.total++;
    }
  }
  refuse_type(L, lowest, function);
  return c;
}

/* Fills `keys`, one class after the other, and the Lua table at `list` in the order of lua_next. */
static void collect_keys(lua_State *L, int t, int list, const struct census *c, struct key *keys) {
  size_t fill[CLASS_COUNT] = {0};
  for (int class = 1; class < CLASS_COUNT; class ++) fill[class] = fill[class - 1] + c->count[class - 1];
  lua_Integer run = 0;
  uint32_t slot = 0;
  lua_pushnil(L);
  while (lua_next(L, t)) {
    lua_pop(L, 1);
    budget_spend(L, 4);
    enum class class = class_of(L, -1);
    if (class == CLASS_INTEGER && lua_tointeger(L, -1) == run + 1) {
      run++;
      continue;
    }
    struct key *key = &keys[fill[class]++];
    key_read(L, -1, class, key);
    key->slot = slot++;
    lua_pushvalue(L, -1);
    lua_rawseti(L, list, slot);
  }
}

/* Sorts each class. qsort calls nothing that raises, so what it may allocate is safe. */
static void sort_keys(const struct census *c, struct key *keys) {
  for (int class = 0; class < CLASS_COUNT; class ++) {
    qsort(keys, c->count[class], sizeof *keys, compare[class]);
    keys += c->count[class];
  }
}

/* Integers that continue 1..run but were met late (the hash part has no order): moves them before the rest.
 */
static void extend_run(struct key *keys, size_t n, lua_Integer run) {
  size_t first = 0, after;
  while (first < n && keys[first].as.integer <= run) first++;
  lua_Integer next = run + 1;
  for (after = first; after < n && keys[after].as.integer == next; after++) next++;
  if (after == first || first == 0) return;
  /* There are keys below 1: rotate [0, first) behind [first, after) by three reversals. */
  size_t ranges[3][2] = {{0, first}, {first, after}, {0, after}};
  for (int i = 0; i < 3; i++) {
    for (size_t a = ranges[i][0], b = ranges[i][1]; a + 1 < b; a++) {
      struct key held = keys[a];
      keys[a] = keys[--b];
      keys[b] = held;
    }
  }
}

/* Brings the Lua table of keys into the order of `keys`, in place: one cycle of the permutation at a time. */
static void place_keys(lua_State *L, int list, struct key *keys, size_t n) {
  for (uint32_t i = 0; i < n; i++) {
    if (keys[i].slot == i) continue;
    uint32_t at = i;
    lua_rawgeti(L, list, (lua_Integer)i + 1);
    while (keys[at].slot != i) {
      uint32_t from = keys[at].slot;
      lua_rawgeti(L, list, (lua_Integer)from + 1);
      lua_rawseti(L, list, (lua_Integer)at + 1);
      keys[at].slot = at;
      at = from;
      budget_spend(L, 1);
    }
    lua_rawseti(L, list, (lua_Integer)at + 1);
    keys[at].slot = at;
  }
}

/* Pushes the table of the keys beyond the run, in order. `t` is an absolute index. */
static void push_keys(lua_State *L, int t, const struct census *c) {
  if (c->total > MAX_LUA_RANGE)
    luaL_error(L, "limit: pairs over %I keys that are not 1..n (most: %d)", (LUAI_UACINT)c->total,
               MAX_LUA_RANGE);
  lua_createtable(L, (int)c->total, 0);
  int list = lua_gettop(L);
  struct key few[FEW_KEYS], *keys = few;
  if (c->total > FEW_KEYS) keys = lua_newuserdatauv(L, c->total * sizeof *keys, 0);
  collect_keys(L, t, list, c, keys);
  sort_keys(c, keys);
  budget_spend(L, c->total * 8);
  extend_run(keys, c->count[CLASS_INTEGER], c->run);
  place_keys(L, list, keys, c->total);
  lua_settop(L, list);
}

static int pairs_step(lua_State *L) {
  struct walk *w = lua_touserdata(L, lua_upvalueindex(2));
  lua_settop(L, 0);
  while (w->at < w->run) {
    lua_pushinteger(L, ++w->at);
    if (lua_rawgeti(L, lua_upvalueindex(1), w->at) != LUA_TNIL) return 2;
    lua_settop(L, 0); /* removed meanwhile */
    budget_spend(L, 1);
  }
  while (w->at < w->run + w->more) {
    lua_rawgeti(L, lua_upvalueindex(3), ++w->at - w->run);
    lua_pushvalue(L, -1);
    if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL) return 2;
    lua_settop(L, 0);
    budget_spend(L, 1);
  }
  return 0;
}

static int pairs_finish(lua_State *L, int status, lua_KContext context) {
  (void)L, (void)status, (void)context;
  return 3;
}

static void check_strong(lua_State *L, int t) {
  if (luaL_getmetafield(L, t, "__mode") != LUA_TNIL)
    luaL_error(L, "pairs cannot walk a weak table: what it holds depends on when memory was collected");
}

int lua_ordered_pairs(lua_State *L) {
  luaL_checkany(L, 1);
  if (luaL_getmetafield(L, 1, "__pairs") != LUA_TNIL) {
    lua_pushvalue(L, 1);
    lua_callk(L, 1, 3, 0, pairs_finish); /* __pairs may wait */
    return 3;
  }
  luaL_checktype(L, 1, LUA_TTABLE);
  check_strong(L, 1);
  lua_settop(L, 1);
  struct census c = collect_counts(L, 1, "pairs");
  lua_pushvalue(L, 1);
  struct walk *w = lua_newuserdatauv(L, sizeof *w, 0);
  *w = (struct walk){.run = c.run, .more = (lua_Integer)c.total};
  if (c.total > 0) push_keys(L, 1, &c);
  lua_pushcclosure(L, pairs_step, c.total > 0 ? 3 : 2);
  lua_pushvalue(L, 1);
  lua_pushnil(L);
  return 3;
}

/* Whether `a` of class `ca` comes before `b`; neither is in the run, as there is no t[1]. */
static bool key_before(const struct key *a, enum class ca, const struct key *b, enum class cb) {
  return ca != cb ? ca < cb : compare[ca](a, b) < 0;
}

int lua_first_pair(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  if (!lua_isnoneornil(L, 2))
    return luaL_error(
        L, "next(t, k) is not there, its order changes from run to run: use `for k, v in pairs(t) do`; "
           "next(t) == nil tells whether t is empty");
  check_strong(L, 1);
  lua_settop(L, 1);
  lua_pushinteger(L, 1);
  if (lua_rawgeti(L, 1, 1) != LUA_TNIL) return 2;
  lua_settop(L, 1);
  struct key best = {0}, key;
  enum class best_class = CLASS_COUNT;
  int lowest = LUA_NUMTYPES;
  lua_pushnil(L); /* 2: the best key so far */
  lua_pushnil(L); /* 3: where lua_next stands */
  while (lua_next(L, 1)) {
    lua_pop(L, 1);
    budget_spend(L, 1);
    enum class class = class_of(L, 3);
    if (class == CLASS_COUNT) {
      note_type(L, 3, &lowest);
      continue;
    }
    key_read(L, 3, class, &key);
    if (best_class != CLASS_COUNT && !key_before(&key, class, &best, best_class)) continue;
    best = key;
    best_class = class;
    lua_pushvalue(L, 3);
    lua_replace(L, 2);
  }
  refuse_type(L, lowest, "next");
  if (best_class == CLASS_COUNT) return 1; /* the nil at 2 */
  lua_pushvalue(L, 2);
  lua_rawget(L, 1);
  return 2;
}
