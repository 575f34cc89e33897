/* value.c - Lua values to JSON text; the way back is decode.c.
 *
 * An object's members are written in the table's order, with a note where each begins, and then the pieces are put in the order
 * of their keys: so no key is ever pushed again, and nothing can raise. */
#include "lua/value.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <lauxlib.h>

#include "base/json_text.h"
#include "base/mem.h"
#include "base/text.h"
#include "lua/place.h"

enum { FEW_MEMBERS = 16, FEW_BYTES = 1024, PATH_MAX_SHOWN = 400 };

/* ---- the mark of arrays ---- */

static const char array_key; /* its address is the registry's key */

void value_push_array_metatable(lua_State *L) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &array_key) == LUA_TTABLE) return;
  lua_pop(L, 1);
  lua_createtable(L, 0, 2);
  lua_pushliteral(L, "array");
  lua_setfield(L, -2, "__name");
  lua_pushboolean(L, 0); /* shared by all arrays of the state: a script may not change it */
  lua_setfield(L, -2, "__metatable");
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &array_key);
}

bool value_is_array(lua_State *L, int index) {
  if (lua_type(L, index) != LUA_TTABLE || !lua_checkstack(L, 2) || !lua_getmetatable(L, index)) return false;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &array_key);
  bool same = lua_rawequal(L, -1, -2);
  lua_pop(L, 2);
  return same;
}

void value_mark_array(lua_State *L, int index) {
  index = lua_absindex(L, index);
  luaL_checkstack(L, 4, "marking an array");
  value_push_array_metatable(L);
  lua_setmetatable(L, index);
}

/* ---- writing ---- */

struct encoder {
  lua_State *L;
  struct buf *out;
  struct error *e;
  /* a second time, for the first refusal in the order of keys: what comes first in a table differs from process to process */
  bool in_order;
};

struct member {
  const char *key;
  size_t n;        /* bytes of the key */
  size_t from, to; /* `"key":value,` in the output */
};

struct members {
  struct member *list;
  size_t count, cap;
  bool sorted;
  struct member few[FEW_MEMBERS];
};

static enum err encode_value(struct encoder *c, int index, const struct place *at, int depth);

static weak_err refuse(struct encoder *c, const struct place *at, const char *what) {
  char path[PATH_MAX_SHOWN];
  place_write(at, "the value", path, sizeof path);
  return err_set(c->e, ERR_INVALID, "%s: %s", path, what);
}

static enum err put_string(struct encoder *c, const char *s, size_t n, const struct place *at) {
  enum err err = buf_putc(c->out, '"');
  size_t done = 0;
  for (size_t i = json_plain_bytes(s, n); i < n && !err;) {
    unsigned char b = (unsigned char)s[i];
    if (b >= 0x80) {
      uint32_t cp;
      int len = utf8_decode(s + i, n - i, &cp);
      if (len < 0) return refuse(c, at, "the string is not valid UTF-8");
      i += (size_t)len;
      i += json_plain_bytes(s + i, n - i);
    } else if (b >= 0x20 && b != '"' && b != '\\') {
      i++;
    } else {
      err = buf_append(c->out, s + done, i - done);
      if (!err) err = json_put_escape(c->out, b);
      done = ++i;
      i += json_plain_bytes(s + i, n - i);
    }
  }
  if (!err) err = buf_append(c->out, s + done, n - done);
  return err ? err : buf_putc(c->out, '"');
}

static enum err put_real(struct encoder *c, double x, const struct place *at) {
  if (!isfinite(x)) return refuse(c, at, "infinity and not-a-number cannot be written as JSON");
  return json_put_real(c->out, x);
}

static int by_key(const void *a, const void *b) {
  const struct member *x = a, *y = b;
  int order = memcmp(x->key, y->key, x->n < y->n ? x->n : y->n);
  return order ? order : (x->n > y->n) - (x->n < y->n);
}

static void members_add(struct members *m, struct member one) {
  if (m->count == m->cap) {
    bool on_stack = m->list == m->few;
    m->cap *= 2;
    m->list = mem_grow(on_stack ? NULL : m->list, m->cap * sizeof *m->list);
    if (on_stack) memcpy(m->list, m->few, sizeof m->few);
  }
  if (m->count && by_key(&m->list[m->count - 1], &one) > 0) m->sorted = false;
  m->list[m->count++] = one;
}

static void sort_members(struct members *m) {
  if (m->count > FEW_MEMBERS) {
    qsort(m->list, m->count, sizeof *m->list, by_key);
    return;
  }
  for (size_t i = 1; i < m->count; i++) {
    struct member one = m->list[i];
    size_t k = i;
    for (; k && by_key(&m->list[k - 1], &one) > 0; k--) m->list[k] = m->list[k - 1];
    m->list[k] = one;
  }
}

/* Puts the pieces that begin at `start` in the order of their keys. Same bytes, other order: cannot fail. */
static void reorder(struct buf *out, size_t start, struct members *m) {
  char few[FEW_BYTES];
  size_t n = out->len - start;
  char *copy = n <= sizeof few ? few : mem_grow(NULL, n);
  memcpy(copy, out->data + start, n);
  sort_members(m);
  char *to = out->data + start;
  for (size_t i = 0; i < m->count; i++) {
    const struct member *one = &m->list[i];
    memcpy(to, copy + (one->from - start), one->to - one->from);
    to += one->to - one->from;
  }
  if (copy != few) free(copy);
}

/* The key is at the top but one, the value at the top. */
static enum err encode_member(struct encoder *c, const struct place *at, struct members *m, int depth) {
  if (lua_type(c->L, -2) != LUA_TSTRING)
    return refuse(c, at, "a table is either a list (1..n) or has string keys");
  struct member one = {.from = c->out->len};
  one.key = lua_tolstring(c->L, -2, &one.n);
  struct place here = {.up = at, .key = one.key, .n = one.n};
  if (memchr(one.key, '\0', one.n)) return refuse(c, &here, "a key may not hold a zero byte");
  enum err err = put_string(c, one.key, one.n, &here);
  if (!err) err = buf_putc(c->out, ':');
  if (!err) err = encode_value(c, lua_gettop(c->L), &here, depth);
  if (!err) err = buf_putc(c->out, ',');
  one.to = c->out->len;
  if (!err) members_add(m, one);
  return err;
}

/* For a value that is refused somewhere. The first key and value of the table are on the stack. The list of its keys is Lua's memory, as what follows
 * may raise. */
static enum err encode_in_order(struct encoder *c, int index, const struct place *at, int depth) {
  lua_State *L = c->L;
  size_t n = 0, k = 0;
  do {
    if (lua_type(L, -2) != LUA_TSTRING)
      return refuse(c, at, "a table is either a list (1..n) or has string keys");
    n++;
    lua_pop(L, 1);
  } while (lua_next(L, index));
  struct member *list = lua_newuserdatauv(L, n * sizeof *list, 0);
  lua_pushnil(L);
  for (; lua_next(L, index); lua_pop(L, 1), k++) list[k].key = lua_tolstring(L, -2, &list[k].n);
  qsort(list, n, sizeof *list, by_key);
  enum err err = OK;
  for (size_t i = 0; i < n && !err; i++) {
    struct members unused = {.cap = FEW_MEMBERS};
    unused.list = unused.few;
    lua_pushlstring(L, list[i].key, list[i].n);
    lua_pushvalue(L, -1);
    lua_rawget(L, index);
    err = encode_member(c, at, &unused, depth);
    if (!err) lua_pop(L, 2);
  }
  return err;
}

/* The first key and value of the table are on the stack. */
static enum err encode_object(struct encoder *c, int index, const struct place *at, int depth) {
  struct members m = {.cap = FEW_MEMBERS, .sorted = true};
  m.list = m.few;
  enum err err = buf_putc(c->out, '{');
  size_t start = c->out->len;
  for (bool more = true; more && !err;) {
    err = encode_member(c, at, &m, depth);
    if (err) break;
    lua_pop(c->L, 1);
    more = lua_next(c->L, index) != 0;
  }
  if (!err && !m.sorted) reorder(c->out, start, &m);
  if (!err) c->out->data[c->out->len - 1] = '}'; /* was the last comma */
  if (m.list != m.few) free(m.list);
  return err;
}

/* The first key and value of the table are on the stack. Counting all keys finds gaps: n keys, each in 1..n. */
static enum err encode_list(struct encoder *c, int index, const struct place *at, int depth) {
  lua_State *L = c->L;
  lua_Integer n = (lua_Integer)lua_rawlen(L, index), keys = 0;
  do {
    lua_Integer i = lua_isinteger(L, -2) ? lua_tointeger(L, -2) : 0;
    if (i < 1 || i > n) return refuse(c, at, "a table is either a list (1..n) or has string keys");
    keys++;
    lua_pop(L, 1);
  } while (lua_next(L, index));
  if (keys != n)
    return refuse(c, at, "a table is either a list (1..n) or has string keys; this list has gaps");
  enum err err = buf_putc(c->out, '[');
  for (lua_Integer i = 1; i <= n && !err; i++) {
    struct place here = {.up = at, .index = i};
    lua_rawgeti(L, index, i);
    err = encode_value(c, lua_gettop(L), &here, depth);
    if (!err && i < n) err = buf_putc(c->out, ',');
    lua_pop(L, 1);
  }
  return err ? err : buf_putc(c->out, ']');
}

static enum err encode_table(struct encoder *c, int index, const struct place *at, int depth) {
  lua_State *L = c->L;
  if (depth > JSON_DEPTH_MAX || !lua_checkstack(L, 8)) {
    refuse(c, at, "nested deeper than 100 levels, or a table that contains itself");
    if (c->e) c->e->code = ERR_LIMIT;
    return ERR_LIMIT;
  }
  bool marked = value_is_array(L, index);
  int top = lua_gettop(L);
  lua_pushnil(L);
  if (!lua_next(L, index)) return buf_append(c->out, marked ? "[]" : "{}", 2);
  bool list = marked || lua_type(L, -2) != LUA_TSTRING;
  enum err err = list          ? encode_list(c, index, at, depth)
                 : c->in_order ? encode_in_order(c, index, at, depth)
                               : encode_object(c, index, at, depth);
  if (!err) lua_settop(L, top);
  return err;
}

static enum err encode_value(struct encoder *c, int index, const struct place *at, int depth) {
  lua_State *L = c->L;
  size_t n;
  const char *s;
  switch (lua_type(L, index)) {
  case LUA_TNIL: return buf_append(c->out, "null", 4);
  case LUA_TBOOLEAN: return buf_puts(c->out, lua_toboolean(L, index) ? "true" : "false");
  case LUA_TNUMBER:
    if (lua_isinteger(L, index)) return json_put_integer(c->out, lua_tointeger(L, index));
    return put_real(c, lua_tonumber(L, index), at);
  case LUA_TSTRING: s = lua_tolstring(L, index, &n); return put_string(c, s, n, at);
  case LUA_TTABLE: return encode_table(c, index, at, depth + 1);
  case LUA_TLIGHTUSERDATA:
    if (!lua_touserdata(L, index)) return buf_append(c->out, "null", 4);
    break;
  case LUA_TFUNCTION: return refuse(c, at, "a function cannot be written as JSON");
  default: break;
  }
  return refuse(c, at, "only tables, strings, numbers, booleans and json.null can be written as JSON");
}

enum err value_encode(lua_State *L, int index, struct buf *out, struct error *e) {
  struct error unread = {0};
  struct encoder c = {.L = L, .out = out, .e = e ? e : &unread};
  struct place root = {0};
  size_t before = out->len;
  int top = lua_gettop(L);
  c.e->code = OK;
  index = lua_absindex(L, index);
  enum err err = encode_value(&c, index, &root, 0);
  if (!err) return OK;
  lua_settop(L, top);
  out->len = before;
  if (c.e->code != OK) { /* refused */
    c.in_order = true;
    (void)encode_value(&c, index, &root, 0); /* it fails again; now for the first reason in order */
    lua_settop(L, top);
    out->len = before;
  }
  if (out->cap) out->data[before] = '\0';
  if (c.e->code == OK) err_set(c.e, ERR_LIMIT, "limit: the value is larger than %zu bytes as JSON", out->max);
  return c.e->code;
}
