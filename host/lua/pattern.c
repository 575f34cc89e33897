/* pattern.c - Lua's pattern matcher, made to end.
 *
 * A backtracking matcher: match_here tries one pattern item after the other and calls itself where there is
 * a choice. That is exponential for hostile patterns, so every step is counted (spend) and settled with the
 * budget each 4096 steps. Costs that hide in one step count too: a long set, a long back reference.
 *
 * Longer than 500 lines: one algorithm under one notice, to be read beside lstrlib.c.
 *
 * The algorithm, the limits and the error messages of the part from `struct matcher` to `pattern_gsub` stem
 * from lstrlib.c of Lua 5.4; rearranged here, with the step counter added. Its notice:
 *
 *   Copyright (C) 1994-2022 Lua.org, PUC-Rio.
 *
 *   Permission is hereby granted, free of charge, to any person obtaining a copy of this software and
 *   associated documentation files (the "Software"), to deal in the Software without restriction, including
 *   without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
 *   copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the
 *   following conditions:
 *
 *   The above copyright notice and this permission notice shall be included in all copies or substantial
 *   portions of the Software.
 *
 *   THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT
 *   LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO
 *   EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER
 *   IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR
 *   THE USE OR OTHER DEALINGS IN THE SOFTWARE. */
#include "lua/pattern.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <lauxlib.h>

#include "lua/budget.h"

#define ESC      '%'
#define SPECIALS "^$*+?.([%-"

enum { MAX_CAPTURES = 32, MAX_DEPTH = 200 };
enum { CAPTURE_OPEN = -1, CAPTURE_POSITION = -2 };

struct matcher {
  lua_State *L;
  const char *subject, *subject_end;
  const char *pattern_end;
  int64_t steps_left;
  size_t debt; /* steps not yet taken off steps_left */
  int depth;   /* calls of match_here that may still nest */
  int level;   /* captures begun */
  struct {
    const char *start;
    ptrdiff_t len; /* or CAPTURE_OPEN, CAPTURE_POSITION */
  } capture[MAX_CAPTURES];
};

static const char *match_here(struct matcher *m, const char *s, const char *p);

static void settle(struct matcher *m) {
  m->steps_left -= (int64_t)m->debt;
  if (m->steps_left < 0)
    luaL_error(m->L,
               "pattern too costly: it tries too many ways to match %d bytes; anchor it with '^', or use "
               "fewer of '*', '+' and '-' in it",
               (int)(m->subject_end - m->subject));
  budget_spend(m->L, m->debt);
  m->debt = 0;
}

static inline void spend(struct matcher *m, size_t cost) {
  m->debt += cost;
  if (m->debt >= BUDGET_STEPS) settle(m);
}

static inline unsigned char byte_of(const char *p) {
  return (unsigned char)*p;
}

/* Single items: a character, a class, a set. */

/* The first byte after the item at p (before its '*', '+', '-' or '?'). */
static const char *item_end(struct matcher *m, const char *p) {
  char first = *p++;
  if (first == ESC) {
    if (p == m->pattern_end) luaL_error(m->L, "malformed pattern (ends with '%%')");
    return p + 1;
  }
  if (first != '[') return p;
  if (*p == '^') p++;
  do { /* a ']' in the first place is a member */
    if (p == m->pattern_end) luaL_error(m->L, "malformed pattern (missing ']')");
    if (*p++ == ESC && p < m->pattern_end) p++;
  } while (*p != ']');
  return p + 1;
}

static bool in_class(int c, int class) {
  int hit;
  switch (tolower(class)) {
  case 'a': hit = isalpha(c); break;
  case 'c': hit = iscntrl(c); break;
  case 'd': hit = isdigit(c); break;
  case 'g': hit = isgraph(c); break;
  case 'l': hit = islower(c); break;
  case 'p': hit = ispunct(c); break;
  case 's': hit = isspace(c); break;
  case 'u': hit = isupper(c); break;
  case 'w': hit = isalnum(c); break;
  case 'x': hit = isxdigit(c); break;
  case 'z': hit = c == '\0'; break;
  default: return class == c;
  }
  return islower(class) ? hit != 0 : hit == 0;
}

/* p is at the set's '[', end at its closing ']'. */
static bool in_set(int c, const char *p, const char *end) {
  bool found = true;
  if (p[1] == '^') {
    found = false;
    p++;
  }
  while (++p < end) {
    if (*p == ESC) {
      p++;
      if (in_class(c, byte_of(p))) return found;
    } else if (p[1] == '-' && p + 2 < end) {
      p += 2;
      if (byte_of(p - 2) <= c && c <= byte_of(p)) return found;
    } else if (byte_of(p) == c) {
      return found;
    }
  }
  return !found;
}

static inline bool matches_one(const struct matcher *m, const char *s, const char *p, const char *end) {
  if (s >= m->subject_end) return false;
  int c = byte_of(s);
  switch (*p) {
  case '.': return true;
  case ESC: return in_class(c, byte_of(p + 1));
  case '[': return in_set(c, p, end - 1);
  default: return byte_of(p) == c;
  }
}

/* What one try of the item costs; a set is as dear as it is long. */
static inline size_t item_cost(const char *p, const char *end) {
  return 1 + (size_t)(end - p) / 8;
}

/* Repetitions. */

static const char *match_longest(struct matcher *m, const char *s, const char *p, const char *end) {
  size_t cost = item_cost(p, end);
  ptrdiff_t n = 0;
  while (matches_one(m, s + n, p, end)) {
    n++;
    spend(m, cost);
  }
  for (; n >= 0; n--) {
    const char *res = match_here(m, s + n, end + 1);
    if (res) return res;
  }
  return NULL;
}

static const char *match_shortest(struct matcher *m, const char *s, const char *p, const char *end) {
  size_t cost = item_cost(p, end);
  for (;; s++) {
    const char *res = match_here(m, s, end + 1);
    if (res) return res;
    if (!matches_one(m, s, p, end)) return NULL;
    spend(m, cost);
  }
}

/* Captures, and what looks at them or around. */

static const char *begin_capture(struct matcher *m, const char *s, const char *p, ptrdiff_t what) {
  if (m->level >= MAX_CAPTURES) luaL_error(m->L, "too many captures");
  m->capture[m->level].start = s;
  m->capture[m->level].len = what;
  m->level++;
  const char *res = match_here(m, s, p);
  if (!res) m->level--;
  return res;
}

static const char *end_capture(struct matcher *m, const char *s, const char *p) {
  int i = m->level - 1;
  while (i >= 0 && m->capture[i].len != CAPTURE_OPEN) i--;
  if (i < 0) luaL_error(m->L, "invalid pattern capture");
  m->capture[i].len = s - m->capture[i].start;
  const char *res = match_here(m, s, p);
  if (!res) m->capture[i].len = CAPTURE_OPEN;
  return res;
}

/* %1 to %9: the same text again. */
static const char *match_again(struct matcher *m, const char *s, int digit) {
  int i = digit - '1';
  if (i < 0 || i >= m->level || m->capture[i].len == CAPTURE_OPEN)
    luaL_error(m->L, "invalid capture index %%%d", i + 1);
  /* A position capture has length -2: as a size it fits nowhere, so it never matches again. */
  size_t len = (size_t)m->capture[i].len;
  if ((size_t)(m->subject_end - s) < len) return NULL;
  spend(m, len / 16);
  return memcmp(m->capture[i].start, s, len) == 0 ? s + len : NULL;
}

/* %bxy; p is at the x. */
static const char *match_balanced(struct matcher *m, const char *s, const char *p) {
  if (p >= m->pattern_end - 1) luaL_error(m->L, "malformed pattern (missing arguments to '%%b')");
  if (s >= m->subject_end || *s != *p) return NULL;
  int open = 1;
  while (++s < m->subject_end) {
    spend(m, 1);
    if (*s == p[1]) {
      if (--open == 0) return s + 1;
    } else if (*s == p[0]) {
      open++;
    }
  }
  return NULL;
}

/* %f[set]; p is at the '['. */
static bool at_frontier(struct matcher *m, const char *s, const char *p, const char *end) {
  int before = s == m->subject ? '\0' : byte_of(s - 1);
  spend(m, item_cost(p, end));
  return !in_set(before, p, end - 1) && in_set(byte_of(s), p, end - 1);
}

/* Matches the pattern from p on at s. NULL, or where the match ends. The reads of p[1] are safe: a Lua
 * string ends with a NUL that its length does not count. */
static const char *match_here(struct matcher *m, const char *s, const char *p) {
  if (m->depth-- == 0) luaL_error(m->L, "pattern too complex");
  while (s && p != m->pattern_end) {
    spend(m, 1);
    if (*p == '(') {
      s = p[1] == ')' ? begin_capture(m, s, p + 2, CAPTURE_POSITION)
                      : begin_capture(m, s, p + 1, CAPTURE_OPEN);
      break;
    }
    if (*p == ')') {
      s = end_capture(m, s, p + 1);
      break;
    }
    if (*p == '$' && p + 1 == m->pattern_end) {
      if (s != m->subject_end) s = NULL;
      break;
    }
    if (*p == ESC && p[1] == 'b') {
      s = match_balanced(m, s, p + 2);
      p += 4;
      continue;
    }
    if (*p == ESC && p[1] == 'f') {
      p += 2;
      if (*p != '[') luaL_error(m->L, "missing '[' after '%%f' in pattern");
      const char *set_end = item_end(m, p);
      if (!at_frontier(m, s, p, set_end)) s = NULL;
      p = set_end;
      continue;
    }
    if (*p == ESC && isdigit(byte_of(p + 1))) {
      s = match_again(m, s, byte_of(p + 1));
      p += 2;
      continue;
    }

    const char *end = item_end(m, p);
    if (end - p >= 8) spend(m, item_cost(p, end));
    bool one = matches_one(m, s, p, end);
    if (*end == '*') {
      s = match_longest(m, s, p, end);
      break;
    }
    if (*end == '+') {
      s = one ? match_longest(m, s + 1, p, end) : NULL;
      break;
    }
    if (*end == '-') {
      s = match_shortest(m, s, p, end);
      break;
    }
    if (*end == '?') {
      const char *res = one ? match_here(m, s + 1, end + 1) : NULL;
      if (res) {
        s = res;
        break;
      }
      p = end + 1;
      continue;
    }
    s = one ? s + 1 : NULL;
    p = end;
  }
  m->depth++;
  return s;
}

static void matcher_init(struct matcher *m, lua_State *L, const char *s, size_t len, const char *p,
                         size_t plen) {
  m->L = L;
  m->subject = s;
  m->subject_end = s + len;
  m->pattern_end = p + plen;
  m->steps_left = PATTERN_STEPS + (int64_t)len * PATTERN_STEPS_PER_BYTE;
  m->debt = 0;
}

static const char *match_at(struct matcher *m, const char *s, const char *p) {
  m->level = 0;
  m->depth = MAX_DEPTH;
  return match_here(m, s, p);
}

/* Finds capture i of the match s..e. A position capture is pushed and gives CAPTURE_POSITION. */
static ptrdiff_t get_capture(struct matcher *m, int i, const char *s, const char *e, const char **text) {
  if (i >= m->level) {
    if (i != 0) luaL_error(m->L, "invalid capture index %%%d", i + 1);
    *text = s; /* no captures: the whole match */
    return e - s;
  }
  ptrdiff_t len = m->capture[i].len;
  *text = m->capture[i].start;
  if (len == CAPTURE_OPEN) luaL_error(m->L, "unfinished capture");
  if (len == CAPTURE_POSITION) lua_pushinteger(m->L, (*text - m->subject) + 1);
  return len;
}

static void push_capture(struct matcher *m, int i, const char *s, const char *e) {
  const char *text;
  ptrdiff_t len = get_capture(m, i, s, e, &text);
  if (len != CAPTURE_POSITION) lua_pushlstring(m->L, text, (size_t)len);
}

/* s NULL: only real captures, not the whole match. Returns how many were pushed. */
static int push_captures(struct matcher *m, const char *s, const char *e) {
  int n = m->level == 0 && s ? 1 : m->level;
  luaL_checkstack(m->L, n, "too many captures");
  for (int i = 0; i < n; i++) push_capture(m, i, s, e);
  return n;
}

/* An init argument as an offset from 1: negative counts from the end, too small is 1. */
static size_t start_position(lua_Integer pos, size_t len) {
  if (pos > 0) return (size_t)pos;
  if (pos == 0 || pos < -(lua_Integer)len) return 1;
  return len + (size_t)pos + 1;
}

static bool is_plain(const char *p, size_t len) {
  for (size_t i = 0; i < len; i++)
    if (p[i] != '\0' && strchr(SPECIALS, p[i])) return false;
  return true;
}

/* find (want_range) and match */
static int find_or_match(lua_State *L, bool want_range) {
  size_t len, plen;
  const char *s = luaL_checklstring(L, 1, &len);
  const char *p = luaL_checklstring(L, 2, &plen);
  size_t init = start_position(luaL_optinteger(L, 3, 1), len) - 1;
  if (init > len) {
    luaL_pushfail(L);
    return 1;
  }
  if (want_range && (lua_toboolean(L, 4) || is_plain(p, plen))) {
    /* memmem is linear; a search by memchr and memcmp is quadratic for a^n in a^2n */
    budget_spend(L, (len - init) / 64 + plen / 64);
    const char *hit = memmem(s + init, len - init, p, plen);
    if (hit) {
      lua_pushinteger(L, (hit - s) + 1);
      lua_pushinteger(L, (lua_Integer)((size_t)(hit - s) + plen));
      return 2;
    }
  } else {
    struct matcher m;
    bool anchored = *p == '^' && plen > 0;
    matcher_init(&m, L, s, len, p, plen);
    if (anchored) p++;
    const char *from = s + init;
    do {
      const char *e = match_at(&m, from, p);
      if (e) {
        settle(&m);
        if (!want_range) return push_captures(&m, from, e);
        lua_pushinteger(L, (from - s) + 1);
        lua_pushinteger(L, e - s);
        return push_captures(&m, NULL, NULL) + 2;
      }
    } while (from++ < m.subject_end && !anchored);
    settle(&m);
  }
  luaL_pushfail(L);
  return 1;
}

int pattern_find(lua_State *L) {
  return find_or_match(L, true);
}

int pattern_match(lua_State *L) {
  return find_or_match(L, false);
}

/* Where a gmatch stands; its subject and pattern are the iterator's other upvalues. */
struct gmatch {
  size_t next;     /* offset to try first */
  size_t last_end; /* end of the last match, SIZE_MAX at first: an empty match may not touch it */
};

static int gmatch_next(lua_State *L) {
  size_t len, plen;
  const char *s = lua_tolstring(L, lua_upvalueindex(1), &len);
  const char *p = lua_tolstring(L, lua_upvalueindex(2), &plen);
  struct gmatch *g = lua_touserdata(L, lua_upvalueindex(3));
  struct matcher m;
  matcher_init(&m, L, s, len, p, plen);
  for (size_t at = g->next; at <= len; at++) {
    const char *e = match_at(&m, s + at, p);
    if (e && (size_t)(e - s) != g->last_end) {
      settle(&m);
      g->next = g->last_end = (size_t)(e - s);
      return push_captures(&m, s + at, e);
    }
  }
  settle(&m);
  return 0;
}

int pattern_gmatch(lua_State *L) {
  size_t len;
  luaL_checklstring(L, 1, &len);
  luaL_checkstring(L, 2);
  size_t init = start_position(luaL_optinteger(L, 3, 1), len) - 1;
  lua_settop(L, 2);
  struct gmatch *g = lua_newuserdatauv(L, sizeof *g, 0);
  g->next = init > len ? len + 1 : init;
  g->last_end = SIZE_MAX;
  lua_pushcclosure(L, gmatch_next, 3);
  return 1;
}

static void add_text(lua_State *L, luaL_Buffer *b, const char *text, size_t len) {
  if (len > MAX_LUA_STRING_BYTES || luaL_bufflen(b) > MAX_LUA_STRING_BYTES - len)
    luaL_error(L, "limit: string.gsub would make more than %d bytes", MAX_LUA_STRING_BYTES);
  luaL_addlstring(b, text, len);
}

/* Adds the string on the stack's top, which must be just above the buffer, and pops it. */
static void add_top(lua_State *L, luaL_Buffer *b) {
  size_t len;
  lua_tolstring(L, -1, &len);
  if (len > MAX_LUA_STRING_BYTES || luaL_bufflen(b) > MAX_LUA_STRING_BYTES - len)
    luaL_error(L, "limit: string.gsub would make more than %d bytes", MAX_LUA_STRING_BYTES);
  luaL_addvalue(b);
}

/* The replacement is a string: copies it, %0 to %9 replaced. */
static void add_expanded(struct matcher *m, luaL_Buffer *b, const char *s, const char *e) {
  size_t len;
  const char *r = lua_tolstring(m->L, 3, &len);
  const char *end = r + len, *mark;
  while ((mark = memchr(r, ESC, (size_t)(end - r))) != NULL) {
    add_text(m->L, b, r, (size_t)(mark - r));
    const char *what = mark + 1;
    if (*what == ESC) {
      add_text(m->L, b, what, 1);
    } else if (*what == '0') {
      add_text(m->L, b, s, (size_t)(e - s));
    } else if (isdigit(byte_of(what))) {
      const char *text;
      ptrdiff_t n = get_capture(m, *what - '1', s, e, &text);
      if (n == CAPTURE_POSITION)
        add_top(m->L, b);
      else
        add_text(m->L, b, text, (size_t)n);
    } else {
      luaL_error(m->L, "invalid use of '%c' in replacement string", ESC);
    }
    r = what + 1;
    spend(m, 1);
  }
  add_text(m->L, b, r, (size_t)(end - r));
}

/* Adds what replaces the match s..e. False: the original text was kept. */
static bool add_replacement(struct matcher *m, luaL_Buffer *b, int type, const char *s, const char *e) {
  lua_State *L = m->L;
  if (type == LUA_TFUNCTION) {
    lua_pushvalue(L, 3);
    lua_call(L, push_captures(m, s, e), 1);
  } else if (type == LUA_TTABLE) {
    push_capture(m, 0, s, e);
    lua_gettable(L, 3);
  } else {
    add_expanded(m, b, s, e);
    return true;
  }
  if (!lua_toboolean(L, -1)) {
    lua_pop(L, 1);
    add_text(L, b, s, (size_t)(e - s));
    return false;
  }
  if (!lua_isstring(L, -1)) luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
  add_top(L, b);
  return true;
}

int pattern_gsub(lua_State *L) {
  size_t len, plen;
  const char *s = luaL_checklstring(L, 1, &len);
  const char *p = luaL_checklstring(L, 2, &plen);
  int type = lua_type(L, 3);
  luaL_argexpected(L,
                   type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TFUNCTION || type == LUA_TTABLE,
                   3, "string/function/table");
  lua_Integer most = luaL_optinteger(L, 4, (lua_Integer)len + 1), n = 0;
  bool anchored = *p == '^' && plen > 0, changed = false;
  struct matcher m;
  matcher_init(&m, L, s, len, p, plen);
  if (anchored) p++;

  luaL_Buffer b;
  luaL_buffinit(L, &b);
  const char *copied = s, *last_end = NULL;
  while (n < most) {
    const char *e = match_at(&m, s, p);
    if (e && e != last_end) {
      n++;
      add_text(L, &b, copied, (size_t)(s - copied));
      changed = add_replacement(&m, &b, type, s, e) || changed;
      s = copied = last_end = e;
    } else if (s < m.subject_end) {
      s++;
    } else {
      break;
    }
    if (anchored) break;
  }
  settle(&m);
  if (changed) {
    add_text(L, &b, copied, (size_t)(m.subject_end - copied));
    luaL_pushresult(&b);
  } else {
    lua_pushvalue(L, 1);
  }
  lua_pushinteger(L, n);
  return 2;
}
