/* decode.c - JSON text to Lua values, built straight from the text: a tree of C values in between would be a second copy outside of the
 * script's memory cap. decode.h has what json_reader.c shares. */
#include "lua/decode.h"

#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>

#include "base/json_text.h"
#include "base/text.h"
#include "base/utf8.h"
#include "lua/value.h"

enum { MEMBERS_AT_ONCE = 16 };

_Noreturn void decode_fail(struct decoder *d, const char *at, const char *what) {
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

char decode_peek(struct decoder *d) {
  skip_space(d);
  return d->p < d->end ? *d->p : '\0';
}

void decode_word(struct decoder *d, const char *word) {
  size_t n = strlen(word);
  if ((size_t)(d->end - d->p) < n || memcmp(d->p, word, n) != 0)
    decode_fail(d, d->p, "a value is expected here");
  d->p += n;
}

static void scan_digits(struct decoder *d) {
  if (d->p == d->end || *d->p < '0' || *d->p > '9') decode_fail(d, d->p, "a digit is expected here");
  while (d->p < d->end && *d->p >= '0' && *d->p <= '9') d->p++;
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
  if (!isfinite(x)) decode_fail(d, from, "the number is too large");
  lua_pushnumber(d->L, x);
}

static void push_integer(struct decoder *d, const char *from) {
  bool negative = *from == '-';
  lua_Unsigned v = 0, most = (lua_Unsigned)LUA_MAXINTEGER + negative;
  for (const char *p = from + negative; p < d->p; p++) {
    lua_Unsigned digit = (lua_Unsigned)(*p - '0');
    if (v > (most - digit) / 10) {
      if (!d->lenient) decode_fail(d, from, "the integer does not fit into 64 bits");
      push_real(d, from);
      return;
    }
    v = v * 10 + digit;
  }
  lua_pushinteger(d->L, (lua_Integer)(negative ? 0u - v : v));
}

bool decode_scan_number(struct decoder *d) {
  bool real = false;
  if (*d->p == '-') d->p++;
  const char *first = d->p;
  scan_digits(d);
  if (*first == '0' && d->p > first + 1) decode_fail(d, first, "a number may not begin with 0");
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
  return real;
}

static void decode_number(struct decoder *d) {
  const char *from = d->p;
  if (decode_scan_number(d))
    push_real(d, from);
  else
    push_integer(d, from);
}

bool decode_scan_string(struct decoder *d) {
  bool escapes = false;
  while (d->p += json_plain_bytes(d->p, (size_t)(d->end - d->p)), d->p < d->end) {
    unsigned char c = (unsigned char)*d->p;
    uint32_t cp;
    int len = c < 0x80 ? 1 : utf8_decode(d->p, (size_t)(d->end - d->p), &cp);
    if (len < 0 && !d->lenient) decode_fail(d, d->p, "the string is not valid UTF-8");
    if (len < 0) len = 1;
    if (c == '"') return escapes;
    if (c < 0x20) decode_fail(d, d->p, "a string may not hold a raw control character");
    if (c == '\\') {
      escapes =
          true; /* what follows the backslash is judged by unescape; here it only may not end the string */
      d->p++;
      len = d->p < d->end && (unsigned char)*d->p >= 0x20 && (unsigned char)*d->p < 0x80;
    }
    d->p += len;
  }
  decode_fail(d, d->end, "the string has no end");
}

static uint32_t four_digits(struct decoder *d, const char *p, const char *end) {
  uint32_t v = 0;
  for (int i = 0; i < 4; i++, p++) {
    char c = p < end ? *p : ' ', low = (char)(c | 0x20);
    bool letter = low >= 'a' && low <= 'f', digit = c >= '0' && c <= '9';
    if (!letter && !digit) decode_fail(d, p, "\\u is followed by four hexadecimal digits");
    v = v << 4 | (uint32_t)(digit ? c - '0' : low - 'a' + 10);
  }
  return v;
}

/* `*p` is at the 'u'; leaves it behind the escape, or both of a pair. */
static size_t unescape_unicode(struct decoder *d, const char **p, const char *end, char *to) {
  uint32_t cp = four_digits(d, *p + 1, end);
  const char *at = *p;
  *p += 5;
  if (cp < 0xd800 || cp >= 0xe000) return utf8_encode(to, cp);
  bool pair = cp < 0xdc00 && end - *p >= 6 && (*p)[0] == '\\' && (*p)[1] == 'u';
  uint32_t low = pair ? four_digits(d, *p + 2, end) : 0;
  if (low >= 0xdc00 && low < 0xe000) {
    *p += 6;
    return utf8_encode(to, 0x10000 + ((cp - 0xd800) << 10) + (low - 0xdc00));
  }
  if (!d->lenient) decode_fail(d, at, "half of a surrogate pair");
  to[0] = (char)0xED;
  to[1] = (char)(0x80 | (cp >> 6 & 0x3F));
  to[2] = (char)(0x80 | (cp & 0x3F));
  return 3;
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
      decode_fail(d, p, "there is no such escape");
    }
  }
  return (size_t)(to - start);
}

void decode_string(struct decoder *d) {
  const char *from = ++d->p;
  bool escapes = decode_scan_string(d);
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

void decode_go_down(struct decoder *d) {
  if (++d->depth > JSON_DEPTH_MAX) decode_fail(d, d->p, "nested deeper than 100 levels");
  luaL_checkstack(d->L, 6, "JSON is nested too deep");
  d->p++;
}

static void decode_array(struct decoder *d) {
  lua_State *L = d->L;
  decode_go_down(d);
  lua_createtable(L, 0, 0);
  lua_pushvalue(L, d->array_metatable);
  lua_setmetatable(L, -2);
  if (decode_peek(d) != ']') {
    for (lua_Integer i = 1;; i++) {
      decode_value(d);
      lua_rawseti(L, -2, i);
      char c = decode_peek(d);
      if (c == ']') break;
      if (c != ',') decode_fail(d, d->p, "',' or ']' is expected here");
      d->p++;
    }
  }
  d->p++;
  d->depth--;
}

/* Members wait on the stack until there are enough for a table of their number: one that grows member by member is built again at 1, 2,
 * 4, 8. Their keys lie there too, so these pointers stay. */
struct members {
  int table; /* its place; nil until there is one */
  int count;
  struct {
    const char *s;
    size_t n;
  } keys[MEMBERS_AT_ONCE];
};

/* Is the key at the top among those that wait, or in the table already? */
static bool key_is_there(lua_State *L, const struct members *m, const char *key, size_t n) {
  for (int i = 0; i < m->count; i++)
    if (m->keys[i].n == n && memcmp(m->keys[i].s, key, n) == 0) return true;
  if (lua_isnil(L, m->table)) return false;
  lua_pushvalue(L, -1);
  bool found = lua_rawget(L, m->table) != LUA_TNIL;
  lua_pop(L, 1);
  return found;
}

static void decode_key(struct decoder *d, struct members *m) {
  lua_State *L = d->L;
  size_t n;
  if (decode_peek(d) != '"') decode_fail(d, d->p, "a key in quotes is expected here");
  const char *at = d->p;
  decode_string(d);
  const char *key = lua_tolstring(L, -1, &n);
  if (memchr(key, '\0', n)) decode_fail(d, at, "a key may not hold a zero byte");
  if (key_is_there(L, m, key, n)) decode_fail(d, at, "this key is there twice");
  if (decode_peek(d) != ':') decode_fail(d, d->p, "':' is expected here");
  d->p++;
  m->keys[m->count].s = key;
  m->keys[m->count].n = n;
}

/* Moves the members from the stack into the table, the last one first. */
static void put_members(lua_State *L, struct members *m) {
  if (lua_isnil(L, m->table)) {
    lua_createtable(L, 0, m->count);
    lua_replace(L, m->table);
  }
  for (; m->count; m->count--) lua_rawset(L, m->table);
}

static void decode_object(struct decoder *d) {
  lua_State *L = d->L;
  decode_go_down(d);
  luaL_checkstack(L, 2 * MEMBERS_AT_ONCE + 6, "JSON is nested too deep");
  lua_pushnil(L);
  struct members m;
  m.table = lua_gettop(L);
  m.count = 0;
  bool more = decode_peek(d) != '}';
  while (more) {
    decode_key(d, &m);
    decode_value(d);
    if (++m.count == MEMBERS_AT_ONCE) put_members(L, &m);
    char c = decode_peek(d);
    if (c != '}' && c != ',') decode_fail(d, d->p, "',' or '}' is expected here");
    more = c == ',';
    if (more) d->p++;
  }
  if (m.count || lua_isnil(L, m.table)) put_members(L, &m);
  d->p++;
  d->depth--;
}

void decode_value(struct decoder *d) {
  switch (decode_peek(d)) {
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
  case '\0': decode_fail(d, d->p, d->p == d->end ? "the text ends too early" : "a value is expected here");
  default: break;
  }
  if (*d->p != '-' && (*d->p < '0' || *d->p > '9')) decode_fail(d, d->p, "a value is expected here");
  decode_number(d);
}

void decode_begin(struct decoder *d, lua_State *L, const char *text, size_t n) {
  *d = (struct decoder){.L = L, .text = text, .p = text, .end = text + n};
  if (n > MAX_JSON_BYTES) luaL_error(L, "limit: JSON of more than %d bytes", (int)MAX_JSON_BYTES);
  luaL_checkstack(L, 6, "JSON");
  value_push_array_metatable(L);
  d->array_metatable = lua_gettop(L);
}

void decode_end(struct decoder *d) {
  skip_space(d);
  if (d->p != d->end) decode_fail(d, d->p, "something follows the end of the value");
}

void value_push_json(lua_State *L, const char *text, size_t n) {
  struct decoder d;
  decode_begin(&d, L, text, n);
  decode_value(&d);
  decode_end(&d);
  lua_remove(L, d.array_metatable);
}
