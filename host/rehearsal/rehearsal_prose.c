/* rehearsal_prose.c - the rehearsal model's prose: sentence patterns dealt from shuffled decks.
 *
 * write_prose, write_sentences, write_title, write_person, write_place, write_phrase. Any thread.
 * Each list of patterns is a deck: dealt to its end before a card comes again, in an order that the dice choose. What
 * stands in a pattern: %P the viewpoint, %Q somebody else, %L a place, %N a thing, %M another thing, %A an adjective,
 * %T a time. It shows that names, lengths and shape go through the pipeline; it is not meant to be read for pleasure. */
#include "rehearsal/rehearsal_internal.h"

#include <ctype.h>
#include <string.h>
#include "base/text.h"
#include "rehearsal/rehearsal_prose_words.h"

/* ---- dice and decks ---- */

uint64_t dice_roll(struct dice *d) {
  uint64_t z = (d->state += 0x9E3779B97F4A7C15u);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

size_t dice_below(struct dice *d, size_t n) {
  return n ? (size_t)(dice_roll(d) % n) : 0;
}

struct deck {
  const char *const *cards;
  size_t n, at, step;
};

static size_t common_divisor(size_t a, size_t b) {
  while (b) {
    size_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

/* A start and a stride that has no divisor in common with the size walk over every card once. */
static struct deck shuffled(const char *const *cards, size_t n, struct dice *d) {
  struct deck deck = {cards, n, dice_below(d, n), 1 + dice_below(d, n - 1)};
  while (common_divisor(deck.step, n) != 1) deck.step++;
  return deck;
}

static const char *deal(struct deck *deck) {
  const char *card = deck->cards[deck->at];
  deck->at = (deck->at + deck->step) % deck->n;
  return card;
}

#define SHUFFLED(cards, d) shuffled(cards, sizeof(cards) / sizeof *(cards), d)

/* ---- short things ---- */

static const char *any(const char *const *list, size_t n, struct dice *d) {
  return list[dice_below(d, n)];
}
#define ANY(list, d) any(list, sizeof(list) / sizeof *(list), d)

static void put_capitalised(struct buf *out, const char *s) {
  bool start = true;
  for (; *s; s++) {
    buf_putc(out, start ? (char)toupper((unsigned char)*s) : *s);
    start = *s == ' ';
  }
}

void write_title(struct dice *d, struct buf *out) {
  const char *adjective = ANY(adjectives, d), *noun = ANY(nouns, d), *other = ANY(nouns, d);
  switch (dice_below(d, 4)) {
  case 0:
    buf_puts(out, "The ");
    put_capitalised(out, adjective);
    buf_putc(out, ' ');
    put_capitalised(out, noun);
    break;
  case 1:
    put_capitalised(out, noun);
    buf_puts(out, " and ");
    put_capitalised(out, other);
    break;
  case 2:
    buf_puts(out, "The ");
    put_capitalised(out, noun);
    buf_puts(out, " at ");
    buf_printf(out, "%s %s", ANY(place_firsts, d), ANY(place_lasts, d));
    break;
  default:
    buf_puts(out, "A ");
    put_capitalised(out, noun[0] == 'e' ? other : noun);
    buf_puts(out, " for ");
    buf_puts(out, ANY(firsts, d));
  }
}

void write_person(const struct prompt *p, struct dice *d, size_t index, struct buf *out) {
  if (index < (size_t)p->people.n) {
    buf_append(out, p->people.list[index].at, p->people.list[index].n);
    return;
  }
  /* Walks both lists at once; their sizes have no common divisor, so 552 names come before one comes again. */
  size_t n = sizeof firsts / sizeof *firsts, m = sizeof lasts / sizeof *lasts;
  size_t offset = (size_t)(d->seed % 97);
  buf_printf(out, "%s %s", firsts[(index + offset) % n], lasts[(index + offset * 5) % m]);
}

void write_place(const struct prompt *p, struct dice *d, size_t index, struct buf *out) {
  if (index < (size_t)p->places.n) {
    buf_append(out, p->places.list[index].at, p->places.list[index].n);
    return;
  }
  size_t n = sizeof place_firsts / sizeof *place_firsts, m = sizeof place_lasts / sizeof *place_lasts;
  size_t offset = (size_t)(d->seed % 89);
  buf_printf(out, "%s %s", place_firsts[(index + offset) % n], place_lasts[(index + offset * 3) % m]);
}

void write_phrase(struct dice *d, struct buf *out) {
  const char *adjective = ANY(adjectives, d);
  buf_printf(out, "a%s %s %s", strchr("aeiou", adjective[0]) ? "n" : "", adjective, ANY(nouns, d));
}

/* ---- sentences ---- */

struct writer {
  struct buf *out;
  struct deck nouns, adjectives, times, openings, actions, senses, thoughts, lines, tags, closings;
  char cast[MAX_CAST][72], places[MAX_CAST][72];
  bool introduced[MAX_CAST];
  int n_cast, n_places, other, place;
  size_t words;
};

static void copy_name(char out[72], const struct buf *name) {
  size_t n = name->len < 71 ? name->len : 71;
  memcpy(out, name->data, n);
  out[n] = '\0';
}

/* Whom the task speaks of, then whom the prompt speaks of, then people of our own: at least two. */
static int choose_cast(const struct prompt *p, const struct names *list, struct dice *d, char cast[][72],
                       int least, void (*write)(const struct prompt *, struct dice *, size_t, struct buf *)) {
  struct buf name;
  buf_init(&name, 4096);
  int n = 0;
  bool any_in_task = false;
  for (int i = 0; i < list->n; i++) any_in_task = any_in_task || list->in_task[i];
  for (int i = 0; i < list->n && n < MAX_CAST; i++) {
    if (any_in_task && !list->in_task[i]) continue;
    if (!any_in_task && n >= 3) break;
    buf_clear(&name);
    write(p, d, (size_t)i, &name);
    copy_name(cast[n++], &name);
  }
  for (size_t extra = (size_t)list->n; n < least; extra++) {
    buf_clear(&name);
    write(p, d, extra, &name);
    copy_name(cast[n++], &name);
  }
  buf_release(&name);
  return n;
}

static void put_viewpoint_first(struct writer *w, struct span viewpoint) {
  for (int i = 1; i < w->n_cast && viewpoint.n; i++) {
    size_t n = strlen(w->cast[i]);
    char first[72];
    if (n > viewpoint.n || memcmp(w->cast[i], viewpoint.at, n) != 0) continue;
    memcpy(first, w->cast[i], sizeof first);
    memmove(w->cast[1], w->cast[0], (size_t)i * sizeof first);
    memcpy(w->cast[0], first, sizeof first);
    return;
  }
}

static void writer_init(struct writer *w, const struct prompt *p, struct dice *d, struct buf *out) {
  memset(w, 0, sizeof *w);
  w->out = out;
  w->nouns = SHUFFLED(nouns, d);
  w->adjectives = SHUFFLED(adjectives, d);
  w->times = SHUFFLED(times, d);
  w->openings = SHUFFLED(openings, d);
  w->actions = SHUFFLED(actions, d);
  w->senses = SHUFFLED(senses, d);
  w->thoughts = SHUFFLED(thoughts, d);
  w->lines = SHUFFLED(lines, d);
  w->tags = SHUFFLED(tags, d);
  w->closings = SHUFFLED(closings, d);
  w->n_cast = choose_cast(p, &p->people, d, w->cast, 2, write_person);
  put_viewpoint_first(w, p->viewpoint);
  w->n_places = choose_cast(p, &p->places, d, w->places, 1, write_place);
  w->other = 1;
}

/* The whole name the first time, then the first of its words ("Mara Venn", "Mara"); other scripts stay whole. */
static void put_person(struct writer *w, int i) {
  const char *name = w->cast[i], *space = strchr(name, ' ');
  bool title = space && space > name && space[-1] == '.';
  if (!w->introduced[i] || !space || title || space - name < 3 || strncmp(name, "The ", 4) == 0)
    buf_puts(w->out, name);
  else
    buf_append(w->out, name, (size_t)(space - name));
  w->introduced[i] = true;
}

static void put_slot(struct writer *w, char slot, bool start, const char **noun) {
  switch (slot) {
  case 'P': put_person(w, 0); break;
  case 'Q': put_person(w, w->other); break;
  case 'L': buf_puts(w->out, w->places[w->place]); break;
  case 'N': buf_puts(w->out, *noun ? *noun : (*noun = deal(&w->nouns))); break;
  case 'M': buf_puts(w->out, deal(&w->nouns)); break;
  case 'A': buf_puts(w->out, deal(&w->adjectives)); break;
  case 'T': {
    const char *t = deal(&w->times);
    buf_putc(w->out, start ? t[0] : (char)tolower((unsigned char)t[0]));
    buf_puts(w->out, t + 1);
  } break;
  default: buf_putc(w->out, slot);
  }
}

/* "a %A" before a vowel becomes "an". */
static void mend_article(struct buf *out, size_t before) {
  bool article = before >= 2 && out->data[before - 1] == ' ' &&
                 (out->data[before - 2] == 'a' || out->data[before - 2] == 'A') &&
                 (before == 2 || !isalpha((unsigned char)out->data[before - 3]));
  if (!article || out->len == before || !strchr("aeiou", out->data[before])) return;
  char rest[64];
  size_t n = out->len - before;
  if (n >= sizeof rest) return;
  memcpy(rest, out->data + before, n);
  if (buf_putc(out, 'x')) return;
  out->data[before - 1] = 'n';
  out->data[before] = ' ';
  memcpy(out->data + before + 1, rest, n);
}

static void put_pattern(struct writer *w, const char *pattern) {
  const char *noun = NULL;
  size_t from = w->out->len;
  for (const char *c = pattern; *c; c++) {
    if (*c != '%') {
      buf_putc(w->out, *c);
      continue;
    }
    size_t before = w->out->len;
    c++;
    put_slot(w, *c, c == pattern + 1, &noun);
    if (*c == 'A' || *c == 'N' || *c == 'M') mend_article(w->out, before);
  }
  w->words += text_words(w->out->data + from, w->out->len - from);
}

static void put_sentence(struct writer *w, struct deck *deck, bool first) {
  if (!first) buf_putc(w->out, ' ');
  put_pattern(w, deal(deck));
}

static void put_dialogue(struct writer *w) {
  const char *line = deal(&w->lines), *tag = deal(&w->tags);
  bool asks = strncmp(line, "Who", 3) == 0 || strncmp(line, "What", 4) == 0 || strncmp(line, "Do ", 3) == 0 ||
              strncmp(line, "Are ", 4) == 0;
  buf_putc(w->out, '"');
  put_pattern(w, line);
  buf_puts(w->out, asks ? "?\" " : ",\" ");
  put_pattern(w, tag);
}

static void next_partner(struct writer *w) {
  if (w->n_cast > 2) w->other = 1 + w->other % (w->n_cast - 1);
}

static void put_paragraph(struct writer *w, struct dice *d) {
  size_t shape = dice_below(d, 5);
  if (shape < 2) {
    put_dialogue(w);
    if (shape == 0) put_sentence(w, &w->actions, false);
    return;
  }
  int n = 2 + (int)dice_below(d, 4);
  for (int i = 0; i < n; i++) {
    size_t kind = dice_below(d, 8);
    put_sentence(w, kind < 4 ? &w->actions : kind < 6 ? &w->senses : &w->thoughts, i == 0);
  }
  next_partner(w);
}

/* ---- texts ---- */

void write_sentences(const struct prompt *p, struct dice *d, int n, struct buf *out) {
  struct writer w;
  writer_init(&w, p, d, out);
  for (int i = 0; i < n; i++) {
    next_partner(&w);
    put_sentence(&w, i % 3 == 2 ? &w.thoughts : &w.actions, i == 0);
  }
}

void write_prose(const struct prompt *p, struct dice *d, long words, struct buf *out) {
  struct writer w;
  writer_init(&w, p, d, out);
  long scenes = p->scenes >= 2 && p->scenes <= 12 && words >= p->scenes * 40 ? p->scenes : 1;
  for (long scene = 0; scene < scenes; scene++) {
    size_t target = (size_t)(words * (scene + 1) / scenes);
    if (scene) buf_printf(out, "\n\n%s\n\n", p->scene_break);
    w.place = (int)(scene % w.n_places);
    put_sentence(&w, &w.openings, true);
    while (w.words + 30 < target) {
      buf_puts(out, "\n\n");
      put_paragraph(&w, d);
    }
    if (w.words + 8 < target) put_sentence(&w, &w.closings, false);
  }
}
