/* lib_table.c - the script's `table`: plain tables, bounded ranges, a sort that is stable and always ends.
 *
 * Tables whose metatable has __len, __index or __newindex are refused: a lying __len makes stock table.insert
 * walk for minutes where no hook can see it. So all access here is raw, which is also faster. */
#include "lua/lib.h"

#include <stdbool.h>
#include <string.h>
#include <lauxlib.h>
#include <lualib.h>

#include "lua/budget.h"

static void check_plain(lua_State *L, int arg, const char *function) {
  static const char *const fields[] = {"__index", "__newindex", "__len"};
  luaL_checktype(L, arg, LUA_TTABLE);
  if (!lua_getmetatable(L, arg)) return;
  for (int i = 0; i < 3; i++) {
    lua_pushstring(L, fields[i]);
    if (lua_rawget(L, -2) != LUA_TNIL)
      luaL_error(
          L,
          "table.%s works on plain tables only, this one's metatable has %s; keep the list in a field of "
          "the object and pass that",
          function, fields[i]);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

/* Refuses first..last when it is longer than we walk in one call. */
static void check_range(lua_State *L, lua_Integer first, lua_Integer last, const char *function) {
  if (first > last) return;
  lua_Unsigned more = (lua_Unsigned)last - (lua_Unsigned)first; /* one less than there are */
  if (more >= MAX_LUA_RANGE)
    luaL_error(L, "limit: table.%s over %I elements (most: %d)", function,
               more < LUA_MAXINTEGER ? (LUAI_UACINT)(more + 1) : LUA_MAXINTEGER, MAX_LUA_RANGE);
}

static int table_insert(lua_State *L) {
  check_plain(L, 1, "insert");
  lua_Integer end = (lua_Integer)lua_rawlen(L, 1) + 1, pos = end;
  switch (lua_gettop(L)) {
  case 2: break;
  case 3:
    pos = luaL_checkinteger(L, 2);
    luaL_argcheck(L, (lua_Unsigned)pos - 1u < (lua_Unsigned)end, 2, "position out of bounds");
    check_range(L, pos, end - 1, "insert");
    for (lua_Integer i = end; i > pos; i--) {
      budget_spend(L, 1);
      lua_rawgeti(L, 1, i - 1);
      lua_rawseti(L, 1, i);
    }
    break;
  default: return luaL_error(L, "wrong number of arguments to 'insert'");
  }
  lua_rawseti(L, 1, pos);
  return 0;
}

static int table_remove(lua_State *L) {
  check_plain(L, 1, "remove");
  lua_Integer size = (lua_Integer)lua_rawlen(L, 1), pos = luaL_optinteger(L, 2, size);
  if (pos != size)
    luaL_argcheck(L, (lua_Unsigned)pos - 1u <= (lua_Unsigned)size, 2, "position out of bounds");
  check_range(L, pos, size, "remove");
  lua_rawgeti(L, 1, pos);
  for (; pos < size; pos++) {
    budget_spend(L, 1);
    lua_rawgeti(L, 1, pos + 1);
    lua_rawseti(L, 1, pos);
  }
  lua_pushnil(L);
  lua_rawseti(L, 1, pos);
  return 1;
}

/* Pushes element i as a string. */
static const char *push_text(lua_State *L, lua_Integer i, size_t *len) {
  lua_rawgeti(L, 1, i);
  if (!lua_isstring(L, -1))
    luaL_error(L, "invalid value (at index %I) in table for 'concat'", (LUAI_UACINT)i);
  return lua_tolstring(L, -1, len); /* converts our copy of a number, not the table's */
}

static int table_concat(lua_State *L) {
  size_t sep_len, len, bytes = 0;
  check_plain(L, 1, "concat");
  const char *sep = luaL_optlstring(L, 2, "", &sep_len);
  lua_Integer first = luaL_optinteger(L, 3, 1), last = luaL_optinteger(L, 4, (lua_Integer)lua_rawlen(L, 1));
  if (first > last) {
    lua_pushliteral(L, "");
    return 1;
  }
  check_range(L, first, last, "concat");
  lua_Unsigned n = (lua_Unsigned)last - (lua_Unsigned)first + 1;
  for (lua_Unsigned i = 0; i < n; i++) {
    budget_spend(L, 2);
    push_text(L, (lua_Integer)((lua_Unsigned)first + i), &len);
    bytes += len + (i + 1 < n ? sep_len : 0);
    lua_pop(L, 1);
  }
  if (bytes > MAX_LUA_STRING_BYTES)
    return luaL_error(L, "limit: table.concat would make %I bytes (most: %d)", (LUAI_UACINT)bytes,
                      MAX_LUA_STRING_BYTES);
  budget_spend(L, bytes / 64);
  luaL_Buffer b;
  char *to = luaL_buffinitsize(L, &b, bytes);
  for (lua_Unsigned i = 0; i < n; i++) {
    const char *text = push_text(L, (lua_Integer)((lua_Unsigned)first + i), &len);
    memcpy(to, text, len);
    to += len;
    lua_pop(L, 1);
    if (i + 1 == n) break;
    memcpy(to, sep, sep_len);
    to += sep_len;
  }
  luaL_pushresultsize(&b, bytes);
  return 1;
}

static int table_unpack(lua_State *L) {
  check_plain(L, 1, "unpack");
  lua_Integer first = luaL_optinteger(L, 2, 1),
              last = luaL_opt(L, luaL_checkinteger, 3, (lua_Integer)lua_rawlen(L, 1));
  if (first > last) return 0;
  check_range(L, first, last, "unpack");
  int n = (int)((lua_Unsigned)last - (lua_Unsigned)first + 1);
  if (!lua_checkstack(L, n)) return luaL_error(L, "too many results to unpack");
  budget_spend(L, (size_t)n);
  for (int i = 0; i < n; i++) lua_rawgeti(L, 1, (lua_Integer)((lua_Unsigned)first + (lua_Unsigned)i));
  return n;
}

static int table_move(lua_State *L) {
  lua_Integer from = luaL_checkinteger(L, 2), last = luaL_checkinteger(L, 3), to = luaL_checkinteger(L, 4);
  int target = lua_isnoneornil(L, 5) ? 1 : 5;
  check_plain(L, 1, "move");
  check_plain(L, target, "move");
  if (last >= from) {
    luaL_argcheck(L, from > 0 || last < LUA_MAXINTEGER + from, 3, "too many elements to move");
    check_range(L, from, last, "move");
    lua_Integer n = last - from + 1;
    luaL_argcheck(L, to <= LUA_MAXINTEGER - n + 1, 4, "destination wrap around");
    /* Backwards when the target would overwrite what is still to be read. */
    bool backwards = to > from && to <= last && (target == 1 || lua_rawequal(L, 1, target));
    for (lua_Integer i = 0; i < n; i++) {
      lua_Integer k = backwards ? n - 1 - i : i;
      budget_spend(L, 1);
      lua_rawgeti(L, 1, from + k);
      lua_rawseti(L, target, to + k);
    }
  }
  lua_pushvalue(L, target);
  return 1;
}

/* Sort: a bottom-up merge of positions. The elements wait in a Lua table of their own, so that a comparator
 * that changes the list changes nothing here, and an error leaves the list as it was. */
enum { SORT_LIST = 1, SORT_COMPARATOR = 2, SORT_COPY = 3 };

struct sorting {
  lua_State *L;
  bool by_function;
};

/* Whether element a comes before element b. */
static bool sort_less(const struct sorting *s, uint32_t a, uint32_t b) {
  lua_State *L = s->L;
  budget_spend(L, 8);
  if (s->by_function) lua_pushvalue(L, SORT_COMPARATOR);
  lua_rawgeti(L, SORT_COPY, a);
  lua_rawgeti(L, SORT_COPY, b);
  bool less;
  if (s->by_function) {
    lua_call(L, 2, 1);
    less = lua_toboolean(L, -1);
    lua_pop(L, 1);
  } else {
    less = lua_compare(L, -2, -1, LUA_OPLT);
    lua_pop(L, 2);
  }
  return less;
}

/* Merges from[left, middle) and from[middle, right) into `to`. Equal elements: the left one first. */
static void sort_merge(const struct sorting *s, const uint32_t *from, uint32_t *to, uint32_t left,
                       uint32_t middle, uint32_t right) {
  uint32_t a = left, b = middle;
  if (middle < right && sort_less(s, from[middle], from[middle - 1])) {
    while (a < middle && b < right) *to++ = sort_less(s, from[b], from[a]) ? from[b++] : from[a++];
  } /* else in order already */
  memcpy(to, from + a, (middle - a) * sizeof *to);
  memcpy(to + (middle - a), from + b, (right - b) * sizeof *to);
}

/* A merge ends whatever the comparator says. A comparator that says nonsense is caught where it shows: it
 * calls an element smaller than itself, or the result is not in order. */
static void sort_check(const struct sorting *s, const uint32_t *order, uint32_t n) {
  for (uint32_t i = 0; i + 1 < n; i++)
    if (sort_less(s, order[i + 1], order[i]))
      luaL_error(s->L, "invalid order function for sorting: its answers contradict each other");
}

static int table_sort(lua_State *L) {
  check_plain(L, SORT_LIST, "sort");
  lua_Unsigned size = lua_rawlen(L, SORT_LIST);
  struct sorting s = {.L = L, .by_function = !lua_isnoneornil(L, SORT_COMPARATOR)};
  if (s.by_function && size > 1) luaL_checktype(L, SORT_COMPARATOR, LUA_TFUNCTION);
  if (size < 2) return 0;
  check_range(L, 1, (lua_Integer)size, "sort");
  uint32_t n = (uint32_t)size;
  lua_settop(L, SORT_COMPARATOR);
  lua_createtable(L, (int)n, 0);
  uint32_t *order = lua_newuserdatauv(L, 2 * n * sizeof *order, 0), *other = order + n;
  for (uint32_t i = 0; i < n; i++) {
    budget_spend(L, 1);
    lua_rawgeti(L, SORT_LIST, (lua_Integer)i + 1);
    lua_rawseti(L, SORT_COPY, (lua_Integer)i + 1);
    order[i] = i + 1;
  }
  if (s.by_function && sort_less(&s, 1, 1))
    return luaL_error(L, "invalid order function for sorting: it says that an element comes before itself; "
                         "compare with < or >, not with <= or >=");
  for (uint32_t width = 1; width < n; width *= 2) {
    for (uint32_t left = 0; left < n; left += 2 * width) {
      uint32_t middle = left + width < n ? left + width : n, right = middle + width < n ? middle + width : n;
      sort_merge(&s, order, other + left, left, middle, right);
    }
    uint32_t *sorted = other;
    other = order;
    order = sorted;
  }
  if (s.by_function) sort_check(&s, order, n);
  for (uint32_t i = 0; i < n; i++) {
    budget_spend(L, 1);
    lua_rawgeti(L, SORT_COPY, order[i]);
    lua_rawseti(L, SORT_LIST, (lua_Integer)i + 1);
  }
  return 0;
}

void lib_open_table(lua_State *L) {
  static const char *const stock[] = {"pack", NULL};
  static const luaL_Reg own[] = {
      {"concat", table_concat}, {"insert", table_insert}, {"move", table_move}, {"remove", table_remove},
      {"sort", table_sort},     {"unpack", table_unpack}, {NULL, NULL}};
  luaL_checkstack(L, 6, "no room to open table");
  lua_pushcfunction(L, luaopen_table);
  lua_call(L, 0, 1);
  lib_pick(L, stock, 6);
  luaL_setfuncs(L, own, 0);
  lua_setglobal(L, "table");
}
