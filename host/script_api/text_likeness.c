/* text_likeness.c - how alike two texts are, and which phrases one repeats: hashes of the words in userdata, sorted. As text.c pays. */
#include <stdlib.h>
#include <string.h>

#include "lua/budget.h"
#include "script_api/prose.h"
#include "script_api/pure.h"
#include "script_api/text.h"

enum { MAX_PHRASE_WORDS = 20 };

/* ---- likeness ---- */

static size_t count_tokens(lua_State *L, const char *s, size_t n) {
  struct token t;
  size_t count = 0;
  for (size_t i = 0; prose_next_token(s, n, &i, &t); count++) budget_spend(L, STEPS_A_WORD);
  return count;
}

static int by_hash(const void *a, const void *b) {
  const uint64_t *x = a, *y = b;
  return (*x > *y) - (*x < *y);
}

static uint64_t mix(uint64_t hash, uint64_t more) {
  hash = (hash ^ more) * 0x9e3779b97f4a7c15u;
  return hash ^ hash >> 29;
}

struct set {
  uint64_t *hashes;
  size_t n;
};

/* The sorted set of the text's word trigrams (of all its words where it has fewer), in a userdata on the stack. */
static struct set push_trigrams(lua_State *L, const char *s, size_t n) {
  size_t words = count_tokens(L, s, n);
  struct set set = {.hashes = lua_newuserdatauv(L, (words + 1) * sizeof(uint64_t), 0)};
  uint64_t last[3] = {0};
  struct token t;
  size_t seen = 0;
  for (size_t i = 0; prose_next_token(s, n, &i, &t);) {
    budget_spend(L, STEPS_A_WORD);
    last[0] = last[1];
    last[1] = last[2];
    last[2] = t.hash;
    if (++seen >= 3 || seen == words) set.hashes[set.n++] = mix(mix(mix(1, last[0]), last[1]), last[2]);
  }
  qsort(set.hashes, set.n, sizeof *set.hashes, by_hash);
  size_t kept = 0;
  for (size_t i = 0; i < set.n; i++)
    if (!kept || set.hashes[kept - 1] != set.hashes[i]) set.hashes[kept++] = set.hashes[i];
  set.n = kept;
  machine_burn(L);
  return set;
}

int api_text_similarity(lua_State *L) {
  size_t an, bn, shared = 0;
  const char *as = text_check(L, 1, &an), *bs = text_check(L, 2, &bn);
  struct set a = push_trigrams(L, as, an), b = push_trigrams(L, bs, bn);
  for (size_t i = 0, k = 0; i < a.n && k < b.n;) {
    shared += a.hashes[i] == b.hashes[k];
    bool first = a.hashes[i] <= b.hashes[k], second = b.hashes[k] <= a.hashes[i];
    i += first;
    k += second;
  }
  size_t all = a.n + b.n - shared;
  lua_pushnumber(L, all ? (double)shared / (double)all : 1.0);
  return 1;
}

/* ---- repeated phrases ---- */

struct phrase {
  uint64_t hash;
  uint32_t from, to; /* where it stands in the text */
};

static int by_phrase(const void *a, const void *b) {
  const struct phrase *x = a, *y = b;
  if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
  return (x->from > y->from) - (x->from < y->from);
}

struct repeat {
  uint32_t from, to, count;
};

static int by_count(const void *a, const void *b) {
  const struct repeat *x = a, *y = b;
  if (x->count != y->count) return x->count > y->count ? -1 : 1;
  return (x->from > y->from) - (x->from < y->from);
}

/* All sequences of `length` words within a sentence, sorted so that equal ones are neighbours. On the stack. */
static struct phrase *push_phrases(lua_State *L, const char *s, size_t n, size_t length, size_t *count) {
  size_t words = count_tokens(L, s, n), seen = 0, made = 0;
  struct phrase *all = lua_newuserdatauv(L, (words + 1) * sizeof *all, 0);
  struct token window[MAX_PHRASE_WORDS], t;
  for (size_t i = 0; prose_next_token(s, n, &i, &t);) {
    budget_spend(L, STEPS_A_WORD);
    if (t.begins) seen = 0;
    window[seen++ % length] = t;
    if (seen < length) continue;
    uint64_t hash = 2;
    for (size_t k = 0; k < length; k++) hash = mix(hash, window[(seen + k) % length].hash);
    all[made++] = (struct phrase){hash, (uint32_t)window[seen % length].from, (uint32_t)t.to};
  }
  qsort(all, made, sizeof *all, by_phrase);
  machine_burn(L);
  *count = made;
  return all;
}

/* The phrase as it stands in the text, line breaks and double spaces as one space. */
static void push_phrase_text(lua_State *L, const char *s, const struct repeat *r) {
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  for (size_t i = r->from; i < r->to; i++) {
    bool space = s[i] == ' ' || s[i] == '\n' || s[i] == '\t' || s[i] == '\r';
    if (!space)
      luaL_addchar(&b, s[i]);
    else if (s[i - 1] != ' ' && s[i - 1] != '\n' && s[i - 1] != '\t' && s[i - 1] != '\r')
      luaL_addchar(&b, ' ');
  }
  luaL_pushresult(&b);
}

int api_text_repeated(lua_State *L) {
  size_t n, count, groups = 0;
  const char *s = text_check(L, 1, &n);
  lua_Integer length = luaL_checkinteger(L, 2), least = luaL_checkinteger(L, 3);
  luaL_argcheck(L, length >= 1 && length <= MAX_PHRASE_WORDS, 2, "a phrase has 1 to 20 words");
  luaL_argcheck(L, least >= 1, 3, "at least 1 occurrence");
  struct phrase *all = push_phrases(L, s, n, (size_t)length, &count);
  struct repeat *repeats = lua_newuserdatauv(L, (count / (size_t)least + 1) * sizeof *repeats, 0);
  for (size_t i = 0, k; i < count; i = k) {
    for (k = i + 1; k < count && all[k].hash == all[i].hash;) k++;
    if (k - i >= (size_t)least)
      repeats[groups++] = (struct repeat){all[i].from, all[i].to, (uint32_t)(k - i)};
  }
  qsort(repeats, groups, sizeof *repeats, by_count);
  machine_burn(L);
  lua_createtable(L, (int)groups, 0);
  for (size_t i = 0; i < groups; i++) {
    budget_spend(L, STEPS_A_WORD * (size_t)length);
    lua_createtable(L, 0, 2);
    push_phrase_text(L, s, &repeats[i]);
    lua_setfield(L, -2, "text");
    lua_pushinteger(L, repeats[i].count);
    lua_setfield(L, -2, "count");
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}
