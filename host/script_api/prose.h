/* prose.h - letters, words and sentences of a text, for text.* and markdown.*. Pure, any thread, no allocation.
 *
 * Everything takes bytes that may be broken UTF-8: a bad byte is a gap between words. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <lauxlib.h>

/* Lower case of Latin, Greek, Cyrillic and Armenian letters, accents kept; the final sigma becomes a plain one. */
uint32_t prose_fold(uint32_t cp);

/* A small letter, a capital, of a script that has both; white space (Unicode's too). */
bool prose_is_small(uint32_t cp);
bool prose_is_capital(uint32_t cp);
bool prose_is_space(uint32_t cp);

/* The code point at i, or the one that ends before i, and its bytes; a broken byte is U+FFFD. 0 at the end (at the start). */
size_t prose_look(const char *s, size_t n, size_t i, uint32_t *cp);
size_t prose_look_back(const char *s, size_t i, uint32_t *cp);

/* A mark that ends a sentence when a blank follows; one (of Chinese and Japanese) that needs none. */
bool prose_ends_sentence(uint32_t cp);
bool prose_ends_wide_sentence(uint32_t cp);

/* The text without white space (Unicode's too) at its ends. */
void prose_trim(const char **s, size_t *n);

/* One word, or one character of a script that puts no spaces between words. */
struct token {
  size_t from, to;
  uint64_t hash; /* of its letters in lower case */
  bool begins;   /* a sentence or a paragraph ended between it and the one before */
};
/* `size_t i = 0; while (prose_next_token(s, n, &i, &t)) ...` */
bool prose_next_token(const char *s, size_t n, size_t *i, struct token *t);

/* Where the sentence that begins at `from` ends: behind its full stop and closing quotes, at a blank line, or at n. In sentences.c. */
size_t prose_sentence_end(const char *s, size_t n, size_t from);

/* Adds the text with typographic quotes, dashes and ellipses of a language to the buffer. Code, links' targets and
 * Markdown's rules and table lines stay as they are. May raise (memory, CPU). In smarten.c. */
void prose_smarten(lua_State *L, luaL_Buffer *out, const char *s, size_t n, const char *language);
