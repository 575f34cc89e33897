/* rehearsal_quote.c - exact words of what was read: of the brief for what the brief fixes, of the text between <<< and >>> where the task
 * shows one, of the scenes for what has become fact in them, else of the task itself. A judge who quotes what is not there is not believed.
 * Any thread. */
#include <string.h>

#include "rehearsal/rehearsal_internal.h"

enum { TRIES = 8, SHORTEST = 20, LONGEST = 160 };

/* A whole sentence of the task that follows on another one. */
static bool quote_sentence(struct span text, struct dice *d, struct buf *out) {
  for (int tries = 0; tries < TRIES; tries++) {
    size_t at = dice_below(d, text.n);
    const char *dot = memmem(text.at + at, text.n - at, ". ", 2);
    if (!dot) continue;
    const char *from = dot + 2, *end = from, *stop = text.at + text.n;
    while (end < stop && end - from < LONGEST && *end != '.' && *end != '\n' && *end != '"') end++;
    if (end - from < SHORTEST || end == stop || *end != '.') continue;
    buf_append(out, from, (size_t)(end - from) + 1);
    return true;
  }
  return false;
}

/* Where a sentence ends here, in this script or that; 0: it does not. */
static size_t ending(const char *at, size_t left) {
  static const char *const wide[] = {"\xE3\x80\x82", "\xD8\x9F", "\xE0\xA5\xA4", NULL};
  if (strchr(".!?\n\"", *at)) return 1;
  for (const char *const *w = wide; *w; w++)
    if (left >= strlen(*w) && memcmp(at, *w, strlen(*w)) == 0) return strlen(*w);
  return 0;
}

/* A sentence of any script, or as much of it as a quote has; `text` may be a single one. */
static bool quote_any(struct span text, struct dice *d, struct buf *out) {
  for (int tries = 0; tries < TRIES; tries++) {
    const char *stop = text.at + text.n, *from = text.at + dice_below(d, text.n + 1);
    while (from > text.at && !ending(from - 1, (size_t)(stop - from) + 1)) from--;
    while (from < stop && strchr(" \n\"", *from)) from++;
    const char *end = from;
    while (end < stop && end - from < LONGEST && !ending(end, (size_t)(stop - end))) end++;
    while (end > from && end < stop && ((unsigned char)*end & 0xC0) == 0x80) end--;
    if (end - from < SHORTEST && (size_t)(end - from) < text.n / 2) continue;
    buf_append(out, from, (size_t)(end - from));
    return true;
  }
  return false;
}

static struct span shown(const struct prompt *p) {
  struct span task = {p->task, p->n_task}, none = {"", 0};
  const char *from = memmem(task.at, task.n, "<<<\n", 4);
  if (!from) return none;
  from += 4;
  const char *to = memmem(from, (size_t)(task.at + task.n - from), "\n>>>", 4);
  return to ? (struct span){from, (size_t)(to - from)} : none;
}

/* What was written of the chapter: from its first scene to the task. */
static struct span scenes(const struct prompt *p) {
  static const char head[] = "# Scene 1, as written\n\n";
  const char *from = memmem(p->all, p->n_all, head, sizeof head - 1);
  if (!from || from >= p->task) return (struct span){"", 0};
  from += sizeof head - 1;
  return (struct span){from, (size_t)(p->task - from)};
}

void write_quote(const struct prompt *p, struct dice *d, enum quote_of of, struct buf *out) {
  struct span text = of == QUOTE_BRIEF ? p->brief : of == QUOTE_SCENES ? scenes(p) : shown(p);
  if (text.n ? quote_any(text, d, out) : quote_sentence((struct span){p->task, p->n_task}, d, out)) return;
  write_sentences(p, d, 1, out);
}
