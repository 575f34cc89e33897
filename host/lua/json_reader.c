/* json_reader.c - see json_reader.h. The paths are a tree of steps; the text is walked along it once. */
#include "lua/json_reader.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "lua/decode.h"

enum { MOST_PATHS = 32, MOST_STEPS = 128, NONE = -1 };

/* One step of a path. `key` points into the path, which the reader's upvalue keeps. */
struct step {
  const char *key;
  size_t n;
  lua_Integer index;     /* the key as a number, for arrays; 0: it is none */
  int first_child, next; /* steps, or NONE */
  int slot;              /* the result that is wanted here, or NONE */
};

struct reader {
  int paths, steps;
  struct step step[MOST_STEPS]; /* [0]: the document itself */
};

/* ---- reading ---- */

struct walk {
  struct decoder d;
  const struct reader *reader;
  int results; /* place of the first one on the stack */
};

static void walk_value(struct walk *w, const struct step *at);

static const struct step *find_child(const struct walk *w, const struct step *at, const char *key, size_t n,
                                     lua_Integer index) {
  for (int i = at->first_child; i != NONE; i = w->reader->step[i].next) {
    const struct step *s = &w->reader->step[i];
    if (key ? s->n == n && memcmp(s->key, key, n) == 0 : s->index == index) return s;
  }
  return NULL;
}

/* Is there another member or element? Leaves p at it, or behind the closing bracket. */
static bool another(struct decoder *d, char closing) {
  char c = decode_peek(d);
  if (c != closing && c != ',') decode_fail(d, d->p, "',' or a closing bracket is expected here");
  d->p++;
  return c == ',';
}

static const struct step *walk_key(struct walk *w, const struct step *at) {
  struct decoder *d = &w->d;
  if (decode_peek(d) != '"') decode_fail(d, d->p, "a key in quotes is expected here");
  const char *quote = d->p++;
  const struct step *child;
  if (!decode_scan_string(d)) {
    child = find_child(w, at, quote + 1, (size_t)(d->p - quote - 1), 0);
    d->p++;
  } else {
    size_t n;
    d->p = quote;
    decode_string(d);
    const char *key = lua_tolstring(d->L, -1, &n);
    child = find_child(w, at, key, n, 0);
    lua_pop(d->L, 1);
  }
  if (decode_peek(d) != ':') decode_fail(d, d->p, "':' is expected here");
  d->p++;
  return child;
}

/* `at` NULL, or without a child of that name: skipped. */
static void walk_object(struct walk *w, const struct step *at) {
  static const struct step nothing = {.first_child = NONE, .next = NONE, .slot = NONE};
  struct decoder *d = &w->d;
  decode_go_down(d);
  if (decode_peek(d) == '}')
    d->p++;
  else
    do walk_value(w, walk_key(w, at ? at : &nothing));
    while (another(d, '}'));
  d->depth--;
}

static void walk_array(struct walk *w, const struct step *at) {
  struct decoder *d = &w->d;
  lua_Integer i = 0;
  decode_go_down(d);
  if (decode_peek(d) == ']')
    d->p++;
  else
    do walk_value(w, at ? find_child(w, at, NULL, 0, ++i) : NULL);
    while (another(d, ']'));
  d->depth--;
}

static void skip_plain(struct decoder *d, char c) {
  switch (c) {
  case '"':
    d->p++;
    decode_scan_string(d);
    d->p++;
    return;
  case 't': decode_word(d, "true"); return;
  case 'f': decode_word(d, "false"); return;
  case 'n': decode_word(d, "null"); return;
  default: break;
  }
  if (c != '-' && (c < '0' || c > '9')) decode_fail(d, d->p, "a value is expected here");
  decode_scan_number(d);
}

static void walk_value(struct walk *w, const struct step *at) {
  struct decoder *d = &w->d;
  char c = decode_peek(d);
  if (at && at->slot != NONE) {
    decode_value(d);
    if (lua_islightuserdata(d->L, -1)) /* null */
      lua_pop(d->L, 1);
    else
      lua_replace(d->L, w->results + at->slot);
  } else if (c == '{') {
    walk_object(w, at);
  } else if (c == '[') {
    walk_array(w, at);
  } else {
    skip_plain(d, c);
  }
}

static int read_or_raise(lua_State *L) {
  size_t n;
  const char *text = luaL_checklstring(L, 1, &n);
  struct walk w = {.reader = lua_touserdata(L, lua_upvalueindex(1))};
  luaL_checkstack(L, MOST_PATHS + 8, "JSON");
  decode_begin(&w.d, L, text, n);
  w.d.lenient = true;
  lua_pushboolean(L, 1);
  w.results = lua_gettop(L) + 1;
  lua_settop(L, lua_gettop(L) + w.reader->paths);
  if (decode_peek(&w.d) != '{') decode_fail(&w.d, w.d.p, "an object is expected here");
  walk_value(&w, &w.reader->step[0]);
  decode_end(&w.d);
  return 1 + w.reader->paths;
}

static int read_text(lua_State *L) {
  lua_settop(L, 1);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  if (lua_pcall(L, 1, LUA_MULTRET, 0) == LUA_OK) return lua_gettop(L);
  lua_pushboolean(L, 0);
  lua_insert(L, -2);
  return 2;
}

/* ---- making one ---- */

static int child_of(lua_State *L, struct reader *r, int parent, const char *key, size_t n) {
  int *link = &r->step[parent].first_child;
  for (; *link != NONE; link = &r->step[*link].next) {
    const struct step *s = &r->step[*link];
    if (s->n == n && memcmp(s->key, key, n) == 0) return *link;
  }
  if (r->steps == MOST_STEPS) luaL_error(L, "json.reader: more than %d steps", MOST_STEPS);
  char *end;
  long long number = strtoll(key, &end, 10);
  *link = r->steps;
  r->step[r->steps] = (struct step){.key = key,
                                    .n = n,
                                    .index = end == key + n && number > 0 ? number : 0,
                                    .first_child = NONE,
                                    .next = NONE,
                                    .slot = NONE};
  return r->steps++;
}

/* Of two paths neither may lead through the other: there would be no one value to give. */
static void add_path(lua_State *L, struct reader *r, const char *path, int slot) {
  int at = 0;
  for (const char *key = path, *end;; key = end + 1) {
    end = strchrnul(key, '.');
    at = child_of(L, r, at, key, (size_t)(end - key));
    if (r->step[at].slot != NONE || (!*end && r->step[at].first_child != NONE))
      luaL_error(L, "json.reader: '%s' and another path lead to the same value", path);
    if (!*end) break;
  }
  r->step[at].slot = slot;
}

int json_reader(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  lua_Integer paths = (lua_Integer)lua_rawlen(L, 1);
  luaL_argcheck(L, paths >= 1 && paths <= MOST_PATHS, 1, "a list of 1 to 32 paths is expected");
  struct reader *r = lua_newuserdatauv(L, sizeof *r, 0);
  r->paths = (int)paths;
  r->steps = 1;
  r->step[0] = (struct step){.first_child = NONE, .next = NONE, .slot = NONE};
  lua_createtable(L, (int)paths, 0); /* the paths, out of the script's reach */
  for (int i = 1; i <= r->paths; i++) {
    if (lua_rawgeti(L, 1, i) != LUA_TSTRING) luaL_error(L, "json.reader: path %d is not a string", i);
    add_path(L, r, lua_tostring(L, -1), i - 1);
    lua_rawseti(L, 3, i);
  }
  lua_pushcclosure(L, read_or_raise, 2);
  lua_pushcclosure(L, read_text, 1);
  return 1;
}
