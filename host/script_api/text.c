/* text.c - the scripts' `text` table. Letters, words and sentences are in prose.c, typography in smarten.c.
 *
 * Everything that grows is Lua's memory (luaL_Buffer, userdata), so a script's cap holds and an error leaks nothing;
 * every loop pays with budget_spend, so a slice's clock is looked at. Broken UTF-8 is copied or left out, never refused. */
#include <stdlib.h>
#include <string.h>

#include "script_api/prose.h"
#include "script_api/pure.h"
#include "script_api/text.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/text.h"
#include "lua/budget.h"
#include "base/utf8.h"

enum { SLUG_BYTES = 81, NAMES_A_PORTION = 100, MAX_SLOT_NAME = 64 };

const char *text_check(lua_State *L, int arg, size_t *n) {
  const char *s = luaL_checklstring(L, arg, n);
  if (*n > MAX_LUA_STRING_BYTES)
    luaL_error(L, "limit: argument #%d is larger than %d bytes", arg, (int)MAX_LUA_STRING_BYTES);
  return s;
}

static void text_check_room(lua_State *L, size_t have, size_t more) {
  if (have + more > MAX_LUA_STRING_BYTES)
    luaL_error(L, "limit: the text would become larger than %d bytes", (int)MAX_LUA_STRING_BYTES);
}

/* ---- counting and cutting ---- */

static int text_count_words(lua_State *L) {
  size_t n;
  const char *s = text_check(L, 1, &n);
  budget_spend(L, n / BYTES_A_STEP);
  lua_pushinteger(L, (lua_Integer)text_words(s, n));
  return 1;
}

static int text_length(lua_State *L) {
  size_t n, count = 0;
  const char *s = text_check(L, 1, &n);
  budget_spend(L, n / BYTES_A_STEP);
  for (size_t i = 0; i < n; i++) count += ((unsigned char)s[i] & 0xc0) != 0x80;
  lua_pushinteger(L, (lua_Integer)(utf8_valid(s, n, NULL) ? count : n));
  return 1;
}

static int text_trim(lua_State *L) {
  size_t n;
  const char *s = text_check(L, 1, &n);
  prose_trim(&s, &n);
  lua_pushlstring(L, s, n);
  return 1;
}

/* Appends s[0..n), trimmed, to the list at the top, unless it is empty. */
static void append_trimmed(lua_State *L, const char *s, size_t n, lua_Integer *count) {
  budget_spend(L, n / BYTES_A_STEP + STEPS_A_WORD);
  prose_trim(&s, &n);
  if (!n) return;
  lua_pushlstring(L, s, n);
  lua_rawseti(L, -2, ++*count);
}

static int text_sentences(lua_State *L) {
  size_t n;
  lua_Integer count = 0;
  const char *s = text_check(L, 1, &n);
  lua_newtable(L);
  for (size_t from = 0; from < n;) {
    size_t to = prose_sentence_end(s, n, from);
    if (to == from) to++; /* an empty line */
    append_trimmed(L, s + from, to - from, &count);
    from = to;
  }
  return 1;
}

static bool is_empty_line(const char *s, size_t n) {
  prose_trim(&s, &n);
  return n == 0;
}

static int text_paragraphs(lua_State *L) {
  size_t n, from = 0;
  lua_Integer count = 0;
  const char *s = text_check(L, 1, &n);
  lua_newtable(L);
  for (size_t i = 0; i < n;) {
    const char *newline = memchr(s + i, '\n', n - i);
    size_t to = newline ? (size_t)(newline - s) + 1 : n;
    budget_spend(L, (to - i) / BYTES_A_STEP + 1);
    /* U+3000: how a paragraph begins in CJK */
    bool indented = to - i > 3 && memcmp(s + i, "\xe3\x80\x80", 3) == 0;
    if (is_empty_line(s + i, to - i)) {
      append_trimmed(L, s + from, i - from, &count);
      from = to;
    } else if (indented) {
      append_trimmed(L, s + from, i - from, &count);
      from = i;
    }
    i = to;
  }
  append_trimmed(L, s + from, n - from, &count);
  return 1;
}

static int text_lines(lua_State *L) {
  size_t n;
  lua_Integer count = 0;
  const char *s = text_check(L, 1, &n);
  lua_newtable(L);
  for (size_t i = 0; i < n;) {
    const char *newline = memchr(s + i, '\n', n - i);
    size_t to = newline ? (size_t)(newline - s) : n, end = to > i && s[to - 1] == '\r' ? to - 1 : to;
    budget_spend(L, (to - i) / BYTES_A_STEP + STEPS_A_WORD);
    lua_pushlstring(L, s + i, end - i);
    lua_rawseti(L, -2, ++count);
    i = to + 1;
  }
  return 1;
}

/* The longest beginning of s with at most `most` words, cut between characters. Halving is quick enough, because
 * counting is: the words of a beginning never grow fewer when it grows. */
static size_t beginning(lua_State *L, const char *s, size_t n, size_t most) {
  size_t low = 0, high = n;
  while (low < high) {
    size_t mid = low + (high - low + 1) / 2;
    budget_spend(L, mid / BYTES_A_STEP + 1);
    if (text_words(s, mid) <= most)
      low = mid;
    else
      high = mid - 1;
  }
  while (low < n && low && ((unsigned char)s[low] & 0xc0) == 0x80) low--;
  return low;
}

/* The longest end of s with at most `most` words: where it begins. */
static size_t ending(lua_State *L, const char *s, size_t n, size_t most) {
  size_t low = 0, high = n;
  while (low < high) {
    size_t mid = low + (high - low) / 2;
    budget_spend(L, (n - mid) / BYTES_A_STEP + 1);
    if (text_words(s + mid, n - mid) <= most)
      high = mid;
    else
      low = mid + 1;
  }
  while (low < n && ((unsigned char)s[low] & 0xc0) == 0x80) low++;
  return low;
}

static size_t check_words(lua_State *L, int arg) {
  lua_Integer most = luaL_checkinteger(L, arg);
  luaL_argcheck(L, most >= 0, arg, "a number of words is not negative");
  return (size_t)most;
}

/* Where the last sentence that ends in s[least..n) ends, or 0. */
static size_t last_sentence_end(lua_State *L, const char *s, size_t n, size_t cut, size_t least) {
  size_t best = 0;
  for (size_t from = 0; from < cut;) {
    size_t to = prose_sentence_end(s, n, from);
    budget_spend(L, (to - from) / BYTES_A_STEP + 1);
    if (to == from) to++;
    if (to > cut) break;
    if (to >= least) best = to;
    from = to;
  }
  return best;
}

static int text_first_words(lua_State *L) {
  size_t n;
  const char *s = text_check(L, 1, &n);
  size_t most = check_words(L, 2);
  prose_trim(&s, &n);
  size_t cut = beginning(L, s, n, most);
  size_t end = cut < n ? last_sentence_end(L, s, n, cut, cut - cut / 3) : n;
  if (end || !most) {
    lua_pushlstring(L, s, most ? end : 0);
    return 1;
  }
  size_t last = 0;
  struct token t;
  for (size_t i = 0; prose_next_token(s, cut, &i, &t); last = t.to) budget_spend(L, STEPS_A_WORD);
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  luaL_addlstring(&b, s, last);
  luaL_addstring(&b, last ? " …" : "");
  luaL_pushresult(&b);
  return 1;
}

/* Where the first sentence begins that begins in s[least..n), or n. */
static size_t first_sentence_start(lua_State *L, const char *s, size_t n, size_t least) {
  size_t from = 0;
  while (from < least) {
    size_t to = prose_sentence_end(s, n, from);
    budget_spend(L, (to - from) / BYTES_A_STEP + 1);
    from = to > from ? to : from + 1;
  }
  return text_words(s + from, n - from) ? from : n;
}

static int text_last_words(lua_State *L) {
  size_t n, i = 0;
  const char *s = text_check(L, 1, &n);
  size_t most = check_words(L, 2);
  struct token first = {0};
  prose_trim(&s, &n);
  size_t start = most ? ending(L, s, n, most) : n;
  size_t sentence = first_sentence_start(L, s, n, start);
  if (sentence == n && prose_next_token(s + start, n - start, &i, &first))
    sentence = start + (start ? first.from : 0);
  s += sentence;
  n -= sentence;
  prose_trim(&s, &n);
  lua_pushlstring(L, s, n);
  return 1;
}

/* ---- letters ---- */

static int text_fold(lua_State *L) {
  size_t n;
  const char *s = text_check(L, 1, &n);
  luaL_Buffer b;
  luaL_buffinitsize(L, &b, n);
  for (size_t i = 0; i < n;) {
    uint32_t cp;
    int len = utf8_decode(s + i, n - i, &cp);
    char *to = luaL_prepbuffsize(&b, UTF8_MOST);
    if (len < 0) *to = s[i];
    luaL_addsize(&b, len < 0 ? 1 : utf8_encode(to, prose_fold(cp)));
    i += len < 0 ? 1 : (size_t)len;
    budget_spend(L, 1);
  }
  luaL_pushresult(&b);
  return 1;
}

static int text_make_slug(lua_State *L) {
  size_t n;
  const char *s = text_check(L, 1, &n);
  char slug[SLUG_BYTES];
  text_slug(s, n, slug, sizeof slug);
  budget_spend(L, n / BYTES_A_STEP);
  lua_pushstring(L, slug);
  return 1;
}

static const char *xml_escape(char c) {
  switch (c) {
  case '&': return "&amp;";
  case '<': return "&lt;";
  case '>': return "&gt;";
  case '"': return "&quot;";
  case '\'': return "&apos;";
  default: return NULL;
  }
}

static int text_xml(lua_State *L) {
  size_t n, made = 0;
  const char *s = text_check(L, 1, &n);
  luaL_Buffer b;
  luaL_buffinitsize(L, &b, n);
  for (size_t i = 0; i < n;) {
    size_t len = utf8_xml_character(s + i, n - i);
    const char *escape = xml_escape(s[i]);
    size_t more = escape ? strlen(escape) : len;
    text_check_room(L, made, more);
    luaL_addlstring(&b, escape ? escape : s + i, more);
    made += more;
    i += len ? len : 1;
    budget_spend(L, 1);
  }
  luaL_pushresult(&b);
  return 1;
}

static int text_smarten(lua_State *L) {
  size_t n;
  const char *s = text_check(L, 1, &n), *language = luaL_checkstring(L, 2);
  text_check_room(L, 0, n);
  luaL_Buffer b;
  luaL_buffinitsize(L, &b, n);
  prose_smarten(L, &b, s, n, language);
  text_check_room(L, 0, luaL_bufflen(&b));
  luaL_pushresult(&b);
  return 1;
}

static int text_sha256(lua_State *L) {
  size_t n;
  const char *s = luaL_checklstring(L, 1, &n);
  char hex[SHA_HEX];
  budget_spend(L, n / BYTES_A_STEP);
  sha256_hex(s, n, hex);
  lua_pushstring(L, hex);
  return 1;
}

/* ---- names and slots ---- */

/* In portions, so that the clock is looked at; the best so far goes in front of each, so the first of equals wins. */
static int text_find_nearest(lua_State *L) {
  const char *word = luaL_checkstring(L, 1), *near = NULL;
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_Integer count = (lua_Integer)lua_rawlen(L, 2);
  for (lua_Integer i = 1; i <= count;) {
    const char *names[NAMES_A_PORTION + 1] = {near};
    size_t n = near != NULL;
    for (; n < NAMES_A_PORTION && i <= count; i++) {
      if (lua_rawgeti(L, 2, i) != LUA_TSTRING)
        return luaL_error(L, "text.nearest: name %I must be a string, not %s", i, luaL_typename(L, -1));
      names[n++] = lua_tostring(L, -1); /* the table keeps it */
      lua_pop(L, 1);
    }
    names[n] = NULL;
    near = text_nearest(word, names);
    machine_burn(L);
  }
  lua_pushstring(L, near);
  return 1;
}

static bool in_name(char c) {
  return c == '_' || c == '-' || c == '.' || (c >= '0' && c <= '9') ||
         ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* The slot that begins at p ("{{ name }}"), or false where the braces mean nothing. */
static bool read_slot(const char *p, const char *end, const char **name, size_t *n, const char **behind) {
  p += 2;
  while (p < end && *p == ' ') p++;
  *name = p;
  while (p < end && in_name(*p)) p++;
  *n = (size_t)(p - *name);
  while (p < end && *p == ' ') p++;
  *behind = p + 2;
  return *n && *n < MAX_SLOT_NAME && end - p >= 2 && p[0] == '}' && p[1] == '}';
}

static int unknown_slot(lua_State *L, const char *name, size_t n) {
  char word[MAX_SLOT_NAME];
  size_t count = 0;
  memcpy(word, name, n);
  word[n] = '\0';
  for (lua_pushnil(L); lua_next(L, 2); lua_pop(L, 1)) count++;
  const char **names = lua_newuserdatauv(L, (count + 1) * sizeof *names, 0);
  size_t known = 0;
  for (lua_pushnil(L); lua_next(L, 2); lua_pop(L, 1)) {
    if (lua_type(L, -2) == LUA_TSTRING) names[known++] = lua_tostring(L, -2);
  }
  names[known] = NULL;
  const char *near = text_nearest(word, names);
  return luaL_error(L, "text.fill: there is no field '%s'%s%s%s", word, near ? "; did you mean '" : "",
                    near ? near : "", near ? "'?" : "");
}

/* Adds fields.name, which stands on the stack above the buffer until then. */
static void add_field(lua_State *L, luaL_Buffer *b, const char *name, size_t n) {
  lua_pushlstring(L, name, n);
  int type = lua_gettable(L, 2);
  if (type == LUA_TNIL) unknown_slot(L, name, n);
  if (type != LUA_TSTRING && type != LUA_TNUMBER) {
    lua_pushlstring(L, name, n);
    luaL_error(L, "text.fill: the field '%s' is a %s; a string or a number can be filled in",
               lua_tostring(L, -1), luaL_typename(L, -2));
  }
  size_t more;
  lua_tolstring(L, -1, &more);
  text_check_room(L, luaL_bufflen(b), more);
  luaL_addvalue(b);
}

static int text_fill(lua_State *L) {
  size_t n, name_n;
  const char *s = text_check(L, 1, &n), *end = s + n, *name, *behind;
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  while (s < end) {
    const char *slot = memmem(s, (size_t)(end - s), "{{", 2);
    const char *plain_end = slot ? slot : end;
    text_check_room(L, luaL_bufflen(&b), (size_t)(plain_end - s));
    luaL_addlstring(&b, s, (size_t)(plain_end - s));
    budget_spend(L, (size_t)(plain_end - s) / BYTES_A_STEP + STEPS_A_WORD);
    if (!slot) break;
    s = slot;
    if (read_slot(s, end, &name, &name_n, &behind)) {
      add_field(L, &b, name, name_n);
      s = behind;
    } else {
      luaL_addchar(&b, *s++);
    }
  }
  luaL_pushresult(&b);
  return 1;
}

const struct luaL_Reg api_text_functions[] = {{"words", text_count_words},
                                              {"sentences", text_sentences},
                                              {"paragraphs", text_paragraphs},
                                              {"lines", text_lines},
                                              {"trim", text_trim},
                                              {"fold", text_fold},
                                              {"slug", text_make_slug},
                                              {"first_words", text_first_words},
                                              {"last_words", text_last_words},
                                              {"length", text_length},
                                              {"similarity", api_text_similarity},
                                              {"repeated", api_text_repeated},
                                              {"nearest", text_find_nearest},
                                              {"xml", text_xml},
                                              {"smarten", text_smarten},
                                              {"sha256", text_sha256},
                                              {"fill", text_fill},
                                              {NULL, NULL}};

void api_open_text(lua_State *L) {
  luaL_checkstack(L, 4, "text");
  lua_createtable(L, 0, sizeof api_text_functions / sizeof api_text_functions[0]);
  luaL_setfuncs(L, api_text_functions, 0);
  lua_setglobal(L, "text");
}
