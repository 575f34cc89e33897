/* value.c - Lua values to and from JSON text.
 *
 * Encoding writes an object's members in the table's order, remembers where each begins, and then puts the pieces in
 * the order of their keys: so no key is ever pushed again, and nothing can raise. Decoding builds Lua values straight
 * from the text; jansson would hold a second copy outside of the script's memory cap. */
#include "lua/value.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <lauxlib.h>

#include "base/mem.h"
#include "base/text.h"
#include "lua/place.h"
#include "base/utf8.h"

enum { DEPTH_MAX = 100, FEW_MEMBERS = 16, FEW_BYTES = 1024, PATH_MAX_SHOWN = 400, MEMBERS_AT_ONCE = 16 };

/* ---- the mark of arrays ---- */

static const char array_key; /* its address is the registry's key */

static void push_array_metatable(lua_State *L) {
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
  push_array_metatable(L);
  lua_setmetatable(L, index);
}

/* ---- writing ---- */

struct encoder {
  lua_State *L;
  struct buf *out;
  struct error *e;
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

static enum err refuse(struct encoder *c, const struct place *at, const char *what) {
  char path[PATH_MAX_SHOWN];
  place_write(at, "the value", path, sizeof path);
  return err_set(c->e, ERR_INVALID, "%s: %s", path, what);
}

static enum err put_escape(struct buf *out, unsigned char c) {
  static const char plain[] = "\b\f\n\r\t\"\\", letters[] = "bfnrt\"\\";
  const char *hit = c ? strchr(plain, c) : NULL;
  if (!hit) return buf_printf(out, "\\u%04x", c);
  char two[2] = {'\\', letters[hit - plain]};
  return buf_append(out, two, sizeof two);
}

/* How many bytes from here are plain ASCII that a JSON string holds as they are: most of all text, so eight at a time. A byte's high bit is
 * set in `odd` when the byte (or, by a borrow, one below it that is odd itself) is below 0x20, a quote, a backslash, or above 0x7f. */
static size_t plain_bytes(const char *s, size_t n) {
  const uint64_t ones = 0x0101010101010101u, high = 0x80 * ones;
  size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    uint64_t v;
    memcpy(&v, s + i, 8);
    uint64_t quote = v ^ '"' * ones, slash = v ^ '\\' * ones;
    uint64_t odd = (v | (v - 0x20 * ones) | (quote - ones) | (slash - ones)) & high;
    if (odd) break;
  }
  return i;
}

static enum err put_string(struct encoder *c, const char *s, size_t n, const struct place *at) {
  enum err err = buf_putc(c->out, '"');
  size_t done = 0;
  for (size_t i = plain_bytes(s, n); i < n && !err;) {
    unsigned char b = (unsigned char)s[i];
    if (b >= 0x80) {
      uint32_t cp;
      int len = utf8_decode(s + i, n - i, &cp);
      if (len < 0) return refuse(c, at, "the string is not valid UTF-8");
      i += (size_t)len;
      i += plain_bytes(s + i, n - i);
    } else if (b >= 0x20 && b != '"' && b != '\\') {
      i++;
    } else {
      err = buf_append(c->out, s + done, i - done);
      if (!err) err = put_escape(c->out, b);
      done = ++i;
      i += plain_bytes(s + i, n - i);
    }
  }
  if (!err) err = buf_append(c->out, s + done, n - done);
  return err ? err : buf_putc(c->out, '"');
}

static enum err put_integer(struct buf *out, lua_Integer v) {
  char digits[24], *p = digits + sizeof digits;
  lua_Unsigned rest = v < 0 ? 0u - (lua_Unsigned)v : (lua_Unsigned)v;
  do *--p = (char)('0' + rest % 10);
  while (rest /= 10);
  if (v < 0) *--p = '-';
  return buf_append(out, p, (size_t)(digits + sizeof digits - p));
}

/* The fewest digits that read back as the same number. */
static enum err put_real(struct encoder *c, double x, const struct place *at) {
  if (!isfinite(x)) return refuse(c, at, "infinity and not-a-number cannot be written as JSON");
  char text[40];
  for (int digits = 15; digits <= 17; digits++) {
    snprintf(text, sizeof text, "%.*g", digits, x);
    double back = strtod(text, NULL);
    if (back >= x && back <= x) break;
  }
  enum err err = buf_puts(c->out, text);
  return err || strpbrk(text, ".e") ? err : buf_puts(c->out, ".0");
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
  if (depth > DEPTH_MAX || !lua_checkstack(L, 8)) {
    refuse(c, at, "nested deeper than 100 levels, or a table that contains itself");
    if (c->e) c->e->code = ERR_LIMIT;
    return ERR_LIMIT;
  }
  bool marked = value_is_array(L, index);
  int top = lua_gettop(L);
  lua_pushnil(L);
  if (!lua_next(L, index)) return buf_append(c->out, marked ? "[]" : "{}", 2);
  bool list = marked || lua_type(L, -2) != LUA_TSTRING;
  enum err err = list ? encode_list(c, index, at, depth) : encode_object(c, index, at, depth);
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
    if (lua_isinteger(L, index)) return put_integer(c->out, lua_tointeger(L, index));
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
  enum err err = encode_value(&c, lua_absindex(L, index), &root, 0);
  if (!err) return OK;
  lua_settop(L, top);
  out->len = before;
  if (out->cap) out->data[before] = '\0';
  if (c.e->code == OK) err_set(c.e, ERR_LIMIT, "limit: the value is larger than %zu bytes as JSON", out->max);
  return c.e->code;
}

/* ---- reading ---- */

struct decoder {
  lua_State *L;
  const char *text, *p, *end;
  int array_metatable; /* its place on the stack */
  int depth;
};

static void decode_value(struct decoder *d);

static _Noreturn void fail(struct decoder *d, const char *at, const char *what) {
  int line = 1, column = 1;
  for (const char *p = d->text; p < at; p++) {
    column = *p == '\n' ? 1 : column + (((unsigned char)*p & 0xc0) != 0x80);
    line += *p == '\n';
  }
  luaL_error(d->L, "JSON, line %d, column %d: %s", line, column, what);
  abort(); /* luaL_error does not return */
}

static void skip_space(struct decoder *d) {
  while (d->p < d->end && (*d->p == ' ' || *d->p == '\n' || *d->p == '\t' || *d->p == '\r')) d->p++;
}

static char peek(struct decoder *d) {
  skip_space(d);
  return d->p < d->end ? *d->p : '\0';
}

static void decode_word(struct decoder *d, const char *word) {
  size_t n = strlen(word);
  if ((size_t)(d->end - d->p) < n || memcmp(d->p, word, n) != 0) fail(d, d->p, "a value is expected here");
  d->p += n;
}

static void scan_digits(struct decoder *d) {
  if (d->p == d->end || *d->p < '0' || *d->p > '9') fail(d, d->p, "a digit is expected here");
  while (d->p < d->end && *d->p >= '0' && *d->p <= '9') d->p++;
}

static void push_integer(struct decoder *d, const char *from) {
  bool negative = *from == '-';
  lua_Unsigned v = 0, most = (lua_Unsigned)LUA_MAXINTEGER + negative;
  for (const char *p = from + negative; p < d->p; p++) {
    lua_Unsigned digit = (lua_Unsigned)(*p - '0');
    if (v > (most - digit) / 10) fail(d, from, "the integer does not fit into 64 bits");
    v = v * 10 + digit;
  }
  lua_pushinteger(d->L, (lua_Integer)(negative ? 0u - v : v));
}

static void push_real(struct decoder *d, const char *from) {
  char few[64];
  size_t n = (size_t)(d->p - from);
  double x;
  if (n < sizeof few) {
    memcpy(few, from, n);
    few[n] = '\0';
    x = strtod(few, NULL);
  } else {
    x = strtod(lua_pushlstring(d->L, from, n), NULL);
    lua_pop(d->L, 1);
  }
  if (!isfinite(x)) fail(d, from, "the number is too large");
  lua_pushnumber(d->L, x);
}

static void decode_number(struct decoder *d) {
  const char *from = d->p;
  bool real = false;
  if (*d->p == '-') d->p++;
  const char *first = d->p;
  scan_digits(d);
  if (*first == '0' && d->p > first + 1) fail(d, first, "a number may not begin with 0");
  if (d->p < d->end && *d->p == '.') {
    real = true;
    d->p++;
    scan_digits(d);
  }
  if (d->p < d->end && (*d->p | 0x20) == 'e') {
    real = true;
    d->p++;
    if (d->p < d->end && (*d->p == '+' || *d->p == '-')) d->p++;
    scan_digits(d);
  }
  if (real)
    push_real(d, from);
  else
    push_integer(d, from);
}

/* Moves p to the closing quote; tells whether there were escapes. */
static bool scan_string(struct decoder *d) {
  bool escapes = false;
  while (d->p += plain_bytes(d->p, (size_t)(d->end - d->p)), d->p < d->end) {
    unsigned char c = (unsigned char)*d->p;
    uint32_t cp;
    int len = c < 0x80 ? 1 : utf8_decode(d->p, (size_t)(d->end - d->p), &cp);
    if (len < 0) fail(d, d->p, "the string is not valid UTF-8");
    if (c == '"') return escapes;
    if (c < 0x20) fail(d, d->p, "a string may not hold a raw control character");
    if (c == '\\') {
      escapes =
          true; /* what follows the backslash is judged by unescape; here it only may not end the string */
      d->p++;
      len = d->p < d->end && (unsigned char)*d->p >= 0x20 && (unsigned char)*d->p < 0x80;
    }
    d->p += len;
  }
  fail(d, d->end, "the string has no end");
}

static uint32_t four_digits(struct decoder *d, const char *p, const char *end) {
  uint32_t v = 0;
  for (int i = 0; i < 4; i++, p++) {
    char c = p < end ? *p : ' ', low = (char)(c | 0x20);
    bool letter = low >= 'a' && low <= 'f', digit = c >= '0' && c <= '9';
    if (!letter && !digit) fail(d, p, "\\u is followed by four hexadecimal digits");
    v = v << 4 | (uint32_t)(digit ? c - '0' : low - 'a' + 10);
  }
  return v;
}

/* `*p` is at the 'u'; leaves it behind the escape, or both of a pair. */
static size_t unescape_unicode(struct decoder *d, const char **p, const char *end, char *to) {
  uint32_t cp = four_digits(d, *p + 1, end);
  const char *at = *p;
  *p += 5;
  if (cp >= 0xdc00 && cp < 0xe000) fail(d, at, "half of a surrogate pair");
  if (cp >= 0xd800 && cp < 0xdc00) {
    if (end - *p < 6 || (*p)[0] != '\\' || (*p)[1] != 'u') fail(d, at, "half of a surrogate pair");
    uint32_t low = four_digits(d, *p + 2, end);
    if (low < 0xdc00 || low >= 0xe000) fail(d, at, "half of a surrogate pair");
    *p += 6;
    cp = 0x10000 + ((cp - 0xd800) << 10) + (low - 0xdc00);
  }
  return utf8_encode(to, cp);
}

static size_t unescape(struct decoder *d, const char *p, const char *end, char *to) {
  static const char letters[] = "bfnrt\"\\/", plain[] = "\b\f\n\r\t\"\\/";
  char *start = to;
  while (p < end) {
    if (*p != '\\') {
      *to++ = *p++;
      continue;
    }
    p++;
    const char *hit = p < end && *p ? strchr(letters, *p) : NULL;
    if (hit) {
      *to++ = plain[hit - letters];
      p++;
    } else if (p < end && *p == 'u') {
      to += unescape_unicode(d, &p, end, to);
    } else {
      fail(d, p, "there is no such escape");
    }
  }
  return (size_t)(to - start);
}

static void decode_string(struct decoder *d) {
  const char *from = ++d->p;
  bool escapes = scan_string(d);
  size_t n = (size_t)(d->p - from);
  if (!escapes) {
    lua_pushlstring(d->L, from, n);
  } else {
    luaL_Buffer b;
    char *to = luaL_buffinitsize(d->L, &b, n);
    luaL_pushresultsize(&b, unescape(d, from, d->p, to));
  }
  d->p++;
}

static void go_down(struct decoder *d) {
  if (++d->depth > DEPTH_MAX) fail(d, d->p, "nested deeper than 100 levels");
  luaL_checkstack(d->L, 6, "JSON is nested too deep");
  d->p++;
}

static void decode_array(struct decoder *d) {
  lua_State *L = d->L;
  go_down(d);
  lua_createtable(L, 0, 0);
  lua_pushvalue(L, d->array_metatable);
  lua_setmetatable(L, -2);
  if (peek(d) != ']') {
    for (lua_Integer i = 1;; i++) {
      decode_value(d);
      lua_rawseti(L, -2, i);
      char c = peek(d);
      if (c == ']') break;
      if (c != ',') fail(d, d->p, "',' or ']' is expected here");
      d->p++;
    }
  }
  d->p++;
  d->depth--;
}

/* Is the key at the top in the table already, or among the pairs that wait above it? */
static bool key_is_there(lua_State *L, int table, int pairs) {
  for (int i = 0; i < pairs; i++)
    if (lua_rawequal(L, table + 1 + 2 * i, -1)) return true;
  if (lua_isnil(L, table)) return false;
  lua_pushvalue(L, -1);
  bool found = lua_rawget(L, table) != LUA_TNIL;
  lua_pop(L, 1);
  return found;
}

static void decode_key(struct decoder *d, int table, int pairs) {
  lua_State *L = d->L;
  size_t n;
  if (peek(d) != '"') fail(d, d->p, "a key in quotes is expected here");
  const char *at = d->p;
  decode_string(d);
  const char *key = lua_tolstring(L, -1, &n);
  if (memchr(key, '\0', n)) fail(d, at, "a key may not hold a zero byte");
  if (key_is_there(L, table, pairs)) fail(d, at, "this key is there twice");
  if (peek(d) != ':') fail(d, d->p, "':' is expected here");
  d->p++;
}

/* Puts the members that lie on the stack above `table` into it. With none there yet (nil), it is made, of their number. */
static void put_members(lua_State *L, int table, int pairs) {
  if (lua_isnil(L, table)) {
    lua_createtable(L, 0, pairs);
    lua_replace(L, table);
  }
  for (int i = 0; i < pairs; i++) {
    lua_pushvalue(L, table + 1 + 2 * i);
    lua_pushvalue(L, table + 2 + 2 * i);
    lua_rawset(L, table);
  }
  lua_settop(L, table);
}

/* Members are collected on the stack first: a table that grows member by member is built again at 1, 2, 4, 8. */
static void decode_object(struct decoder *d) {
  lua_State *L = d->L;
  go_down(d);
  luaL_checkstack(L, 2 * MEMBERS_AT_ONCE + 6, "JSON is nested too deep");
  lua_pushnil(L);
  int table = lua_gettop(L), pairs = 0;
  bool more = peek(d) != '}';
  while (more) {
    decode_key(d, table, pairs);
    decode_value(d);
    if (++pairs == MEMBERS_AT_ONCE) {
      put_members(L, table, pairs);
      pairs = 0;
    }
    char c = peek(d);
    if (c != '}' && c != ',') fail(d, d->p, "',' or '}' is expected here");
    more = c == ',';
    if (more) d->p++;
  }
  if (pairs || lua_isnil(L, table)) put_members(L, table, pairs);
  d->p++;
  d->depth--;
}

static void decode_value(struct decoder *d) {
  switch (peek(d)) {
  case '{': decode_object(d); return;
  case '[': decode_array(d); return;
  case '"': decode_string(d); return;
  case 't':
    decode_word(d, "true");
    lua_pushboolean(d->L, 1);
    return;
  case 'f':
    decode_word(d, "false");
    lua_pushboolean(d->L, 0);
    return;
  case 'n':
    decode_word(d, "null");
    lua_pushlightuserdata(d->L, NULL);
    return;
  case '\0': fail(d, d->p, d->p == d->end ? "the text ends too early" : "a value is expected here");
  default: break;
  }
  if (*d->p != '-' && (*d->p < '0' || *d->p > '9')) fail(d, d->p, "a value is expected here");
  decode_number(d);
}

void value_push_json(lua_State *L, const char *text, size_t n) {
  struct decoder d = {.L = L, .text = text, .p = text, .end = text + n};
  if (n > MAX_JSON_BYTES) luaL_error(L, "limit: JSON of more than %d bytes", (int)MAX_JSON_BYTES);
  luaL_checkstack(L, 6, "JSON");
  push_array_metatable(L);
  d.array_metatable = lua_gettop(L);
  decode_value(&d);
  skip_space(&d);
  if (d.p != d.end) fail(&d, d.p, "something follows the end of the value");
  lua_remove(L, d.array_metatable);
}
