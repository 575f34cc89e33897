/* words.c - what servers say of their failures, made fit to be shown. Pure. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "llm/internal.h"

enum { MOST_WORDS_OF_A_PAGE = 160 };

static bool is_a_page(const char *s) {
  while (isspace((unsigned char)*s)) s++;
  return strcasestr(s, "<html") || strcasestr(s, "<!doctype") || strcasestr(s, "</");
}

/* Where the tag that begins here ends; those whose content nobody reads end with it. */
static const char *after_tag(const char *s) {
  static const char *const unseen[] = {"script", "style", "title"};
  for (size_t i = 0; i < sizeof unseen / sizeof *unseen; i++) {
    size_t n = strlen(unseen[i]);
    if (strncasecmp(s + 1, unseen[i], n) != 0 || isalnum((unsigned char)s[1 + n])) continue;
    for (const char *end = s + 1; (end = strstr(end, "</")); end += 2)
      if (strncasecmp(end + 2, unseen[i], n) == 0) {
        s = end;
        break;
      }
  }
  const char *end = strchr(s, '>');
  return end ? end + 1 : s + strlen(s);
}

void words_without_tags(char *text) {
  if (!is_a_page(text)) return;
  char *out = text;
  bool blank = false;
  for (const char *s = text; *s && out - text < MOST_WORDS_OF_A_PAGE;) {
    bool tag = *s == '<';
    if (tag || isspace((unsigned char)*s)) {
      s = tag ? after_tag(s) : s + 1;
      blank = out > text;
      continue;
    }
    if (blank) *out++ = ' ';
    blank = false;
    *out++ = *s++;
  }
  while (out > text && ((unsigned char)out[-1] & 0xC0) == 0x80) out--; /* no half letter at the cut */
  if (out > text && (unsigned char)out[-1] >= 0xC0) out--;
  *out = 0;
}
