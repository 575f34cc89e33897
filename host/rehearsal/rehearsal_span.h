/* rehearsal_span.h - pieces of a prompt, as the rehearsal model's readers compare and trim them. Any thread. */
#pragma once
#include <string.h>
#include <strings.h>
#include "rehearsal/rehearsal_internal.h"

static inline struct span span_of(const char *s) {
  return (struct span){s, strlen(s)};
}

static inline bool span_is(struct span a, struct span b) {
  return a.n == b.n && memcmp(a.at, b.at, a.n) == 0;
}

/* Does it hold the word, whatever the case of its ASCII letters? */
static inline bool span_has(struct span s, const char *word) {
  size_t n = strlen(word);
  for (size_t i = 0; i + n <= s.n; i++)
    if (strncasecmp(s.at + i, word, n) == 0) return true;
  return false;
}

static inline bool span_has_any(struct span s, const char *const *words) {
  for (; *words; words++)
    if (span_has(s, *words)) return true;
  return false;
}

static inline bool span_begins(struct span s, const char *word) {
  size_t n = strlen(word);
  return s.n >= n && memcmp(s.at, word, n) == 0;
}

static inline bool span_ends(struct span s, const char *word) {
  size_t n = strlen(word);
  return s.n >= n && memcmp(s.at + s.n - n, word, n) == 0;
}

/* The word of a NULL-terminated list that it begins (or ends) with, or NULL; the longest one. */
static inline const char *span_begins_any(struct span s, const char *const *words) {
  const char *best = NULL;
  for (; *words; words++)
    if (span_begins(s, *words) && (!best || strlen(*words) > strlen(best))) best = *words;
  return best;
}

static inline const char *span_ends_any(struct span s, const char *const *words) {
  const char *best = NULL;
  for (; *words; words++)
    if (span_ends(s, *words) && (!best || strlen(*words) > strlen(best))) best = *words;
  return best;
}

static inline bool span_in(struct span s, const char *const *words) {
  for (; *words; words++)
    if (span_is(s, span_of(*words))) return true;
  return false;
}

/* Without blanks, quotes and Markdown's marks around it. */
static inline struct span span_trimmed(struct span s) {
  while (s.n && strchr(" \t\r\n\"'`*_", s.at[0])) s.at++, s.n--;
  while (s.n && strchr(" \t\r\n\"'`*_", s.at[s.n - 1])) s.n--;
  return s;
}
