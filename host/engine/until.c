/* until.c - matching what a person wrote after --until. Slugs are compared, so case, blanks and signs do not count. */
#include "engine/until.h"

#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"

enum { MOST_SLUG = 200, MOST_LISTED = 40 };

/* Is `words` in the slug, as whole words? "planning" in "chapter-planning". */
static bool has_words(const char *slug, const char *words) {
  size_t n = strlen(words);
  for (const char *at = strstr(slug, words); at; at = strstr(at + 1, words))
    if ((at == slug || at[-1] == '-') && (at[n] == '\0' || at[n] == '-')) return true;
  return false;
}

/* Are they equal but for hyphens? "postprocessing" and "post-processing". */
static bool same_letters(const char *a, const char *b) {
  for (;; a++, b++) {
    a += strspn(a, "-");
    b += strspn(b, "-");
    if (*a != *b || !*a) return *a == *b;
  }
}

bool until_means(const char *slug, const char *name) {
  char of_name[MOST_SLUG];
  text_slug(name, strlen(name), of_name, sizeof of_name);
  if (strcmp(of_name, slug) == 0) return true;
  return !strchr(name, ':') && (has_words(of_name, slug) || same_letters(of_name, slug));
}

/* "chapter-3" for "chapter:N". */
static bool is_numbered(const char *slug, const char *name) {
  const char *colon = strchr(name, ':');
  size_t n = colon ? (size_t)(colon - name) : 0;
  if (!colon || strcmp(colon, ":N") != 0 || strncmp(slug, name, n) != 0 || slug[n] != '-' || !slug[n + 1])
    return false;
  return strspn(slug + n + 1, "0123456789") == strlen(slug + n + 1);
}

enum err until_check(const json_t *phases, const char *until, struct error *e) {
  const char *names[MOST_LISTED + 1] = {0};
  char slug[MOST_SLUG];
  struct buf list;
  size_t n = json_array_size(phases) < MOST_LISTED ? json_array_size(phases) : MOST_LISTED;
  if (!n || !until) return OK;
  text_slug(until, strlen(until), slug, sizeof slug);
  buf_init(&list, 2000);
  for (size_t i = 0; i < n; i++) {
    names[i] = json_string_value(json_array_get(phases, i));
    if (until_means(slug, names[i]) || is_numbered(slug, names[i])) {
      buf_release(&list);
      return OK;
    }
    buf_printf(&list, "%s%s", i ? ", " : "", names[i]);
  }
  const char *near = text_nearest(until, names);
  err_set(e, ERR_INVALID, "this pipeline has no phase and no checkpoint '%s' to stop after; it has: %s",
          until, list.data);
  if (near) err_hint(e, "did you mean '%s'?", near);
  buf_release(&list);
  return ERR_INVALID;
}
