/* rehearsal_strings.c - the strings of an instance: ids, what refers to them, names, short things, prose; by what the value is called. */
#include "rehearsal/rehearsal_maker.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "base/jsonx.h"

bool name_has(const char *name, const char *const *words) {
  for (; *words; words++)
    if (strcasestr(name, *words)) return true;
  return false;
}

bool name_is(const char *name, const char *const *words) {
  for (; *words; words++)
    if (strcasecmp(name, *words) == 0) return true;
  return false;
}

/* ---- ids and what refers to them ---- */

/* "events" and "event" are the same kind; so are "event_ids", "event_id". */
static size_t stem(const char *s, size_t n) {
  if (n > 4 && strncasecmp(s + n - 4, "_ids", 4) == 0) n -= 4;
  if (n > 3 && strncasecmp(s + n - 3, "_id", 3) == 0) n -= 3;
  if (n > 3 && strncasecmp(s + n - 3, "ies", 3) == 0) return n - 3;
  if (n > 1 && (s[n - 1] == 's' || s[n - 1] == 'S')) n--;
  if (n > 1 && (s[n - 1] == 'y' || s[n - 1] == 'Y')) n--;
  return n;
}

static bool same_kind(const char *a, size_t n_a, const char *b, size_t n_b) {
  n_a = stem(a, n_a);
  n_b = stem(b, n_b);
  return n_a && n_a == n_b && strncasecmp(a, b, n_a) == 0;
}

/* Whether a value names something of `kind`: by its own name ("event", "event_id"), or inside the events
 * themselves ("causes", "follows"). */
static bool refers_to(const struct place *at, bool inner, const char *kind, size_t n_kind) {
  if (same_kind(at->name, strlen(at->name), kind, n_kind)) return true;
  return inner && same_kind(at->array, strlen(at->array), kind, n_kind);
}

void maker_remember(struct maker *m, const char *kind, const char *id) {
  if (m->n_made == MADE_MOST) return;
  struct made *made = &m->made[m->n_made++];
  snprintf(made->kind, sizeof made->kind, "%s", kind);
  snprintf(made->id, sizeof made->id, "%s", id);
}

bool name_of_cause(const char *name) {
  return HAS(name, "cause", "depends", "follows", "requires", "because", "parent", "earlier");
}

/* Things without ids go by their place: "3.1" is the first of chapter 3. What comes before the one at hand? */
static void gather_by_place(struct maker *m, const struct place *at) {
  if (!at->chapter || !at->count) return;
  if (at->index)
    snprintf(m->earlier, sizeof m->earlier, "%ld.%zu", at->chapter, at->index);
  else if (at->chapter > 1)
    snprintf(m->earlier, sizeof m->earlier, "%ld.1", at->chapter - 1);
  else
    return;
  m->pool.ids[m->pool.n++] = (struct span){m->earlier, strlen(m->earlier)};
}

/* What a value of this name may refer to: ids made before it in this answer, else those of the prompt; of these
 * the ones of the chapter at hand, where they say one. */
void maker_gather(struct maker *m, const struct place *at) {
  struct pool *pool = &m->pool;
  const struct prompt *p = m->p;
  pool->n = 0;
  bool inner = name_of_cause(at->name);
  for (int i = 0; i < m->n_made && pool->n < MAX_REFS; i++)
    if (refers_to(at, inner, m->made[i].kind, strlen(m->made[i].kind)))
      pool->ids[pool->n++] = (struct span){m->made[i].id, strlen(m->made[i].id)};
  bool fits[MAX_KINDS], any = false;
  for (int k = 0; k < p->n_kinds; k++) {
    fits[k] = refers_to(at, inner, p->kinds[k].at, p->kinds[k].n);
    any = any || fits[k];
  }
  if (inner && !pool->n && !any) gather_by_place(m, at);
  if (pool->n || !any) return;
  for (int i = 0; at->chapter && i < p->n_refs; i++)
    if (fits[p->refs[i].kind] && p->refs[i].chapter == at->chapter) pool->ids[pool->n++] = p->refs[i].id;
  if (pool->n) return;
  for (int i = 0; i < p->n_refs; i++)
    if (fits[p->refs[i].kind]) pool->ids[pool->n++] = p->refs[i].id;
  /* Without chapters, each item of the array around gets its own share, so that all are used. */
  if (at->item || at->count < 2 || pool->n < (int)at->count) return;
  size_t n = (size_t)pool->n, from = at->index * n / at->count, to = (at->index + 1) * n / at->count;
  memmove(pool->ids, pool->ids + from, (to - from) * sizeof *pool->ids);
  pool->n = (int)(to - from);
}

/* ---- strings ---- */

static size_t code_points(const char *s, size_t n) {
  size_t count = 0;
  for (size_t i = 0; i < n; i++) count += ((unsigned char)s[i] & 0xC0) != 0x80;
  return count;
}

/* Fits the text into the schema's lengths, which count characters: cut at a word, or filled up. */
static enum err fit(struct maker *m, const json_t *schema, struct buf *text) {
  json_int_t least = jsonx_int(schema, "minLength", 0), most = jsonx_int(schema, "maxLength", LENGTH_MOST);
  if (least > most || least > LENGTH_MOST) return ERR_INVALID;
  for (int i = 0; (json_int_t)code_points(text->data, text->len) < least; i++) {
    if (text->len) buf_putc(text, ' ');
    if (least > 60)
      write_sentences(m->p, m->d, 2, text);
    else
      write_phrase(m->d, text);
  }
  if ((json_int_t)code_points(text->data, text->len) <= most) return OK;
  size_t cut = 0, points = 0;
  while (cut < text->len && (points += ((unsigned char)text->data[cut] & 0xC0) != 0x80) <= (size_t)most)
    cut++;
  size_t word = cut;
  while (word > 0 && text->data[word] != ' ') word--;
  if (word && (json_int_t)code_points(text->data, word) >= (least ? least : 1)) cut = word;
  text->len = cut;
  text->data[cut] = '\0';
  return OK;
}

static void put_or(struct buf *out, struct span s, const char *otherwise) {
  if (s.n)
    buf_append(out, s.at, s.n);
  else
    buf_puts(out, otherwise);
}

static void put_id(struct maker *m, const struct place *at, struct buf *out) {
  const char *kind = at->array[0] ? at->array : "item";
  long from = m->p->first && HAS(kind, "chapter", "plan") ? m->p->first : 1;
  size_t n = stem(kind, strlen(kind));
  /* "stories" has the stem "stor"; the whole name is the better label. */
  if (strlen(kind) > 3 && strcasecmp(kind + strlen(kind) - 3, "ies") == 0) n = strlen(kind);
  buf_printf(out, "%.*s-%ld", (int)(n > 24 ? 24 : n), kind, from + (long)at->index);
}

static bool put_name(struct maker *m, const struct place *at, struct buf *out) {
  const char *name = at->name, *array = at->array;
  bool of_place = HAS(array, "place", "location", "setting");
  if (IS(name, "name", "full_name")) {
    if (of_place)
      write_place(m->p, m->d, at->index, out);
    else if (HAS(array, "character", "people", "cast", "person", "figure") || !at->count)
      write_person(m->p, m->d, at->index, out);
    else
      write_title(m->d, out);
    return true;
  }
  size_t of = at->item ? at->index : dice_below(m->d, m->p->people.n > 0 ? (size_t)m->p->people.n : 4);
  if (HAS(name, "character", "cast", "people", "person", "names", "viewpoint", "pov", "protagonist",
          "antagonist", "speaker", "narrator", "who", "author", "owner")) {
    write_person(m->p, m->d, of, out);
    return true;
  }
  size_t places = m->p->places.n > 0 ? (size_t)m->p->places.n : 3;
  if (HAS(name, "place", "location", "setting", "where")) {
    write_place(m->p, m->d, at->item ? at->index : dice_below(m->d, places), out);
    return true;
  }
  return false;
}

/* Whose words a quote in this place is of. */
static enum quote_of quoted_of(const struct place *at) {
  if (HAS(at->array, "must")) return QUOTE_BRIEF;
  return IS(at->array, "operations", "met") ? QUOTE_SCENES : QUOTE_SHOWN;
}

static bool put_short(struct maker *m, const struct place *at, struct buf *out) {
  const char *name = at->name;
  if (HAS(name, "title", "heading", "headline")) {
    if (!at->count && m->p->title.n && IS(name, "title", "book_title"))
      put_or(out, m->p->title, "");
    else
      write_title(m->d, out);
    return true;
  }
  if (IS(name, "language")) return put_or(out, m->p->language, "English"), true;
  if (IS(name, "genre")) return put_or(out, m->p->genre, "literary mystery"), true;
  if (IS(name, "time", "date", "when") && !at->count)
    return buf_printf(out, "the autumn of %zu", 1880 + dice_below(m->d, 120)), true;
  if (IS(name, "day", "date", "when", "time"))
    return buf_printf(out, "Day %zu, %s", at->index + 1, dice_below(m->d, 2) ? "evening" : "morning"), true;
  if (HAS(name, "quote", "evidence", "excerpt")) return write_quote(m->p, m->d, quoted_of(at), out), true;
  if (IS(name, "tense")) return buf_puts(out, "past tense"), true;
  if (IS(name, "theme", "themes") ||
      HAS(name, "keyword", "tag", "motif", "object", "item", "symbol", "tone", "mood"))
    return write_phrase(m->d, out), true;
  return false;
}

static void put_text(struct maker *m, const struct place *at, struct buf *out) {
  const char *name = at->name;
  if (HAS(name, "prose", "draft", "manuscript") ||
      (IS(name, "text", "content", "chapter_text", "body") && !at->item)) {
    write_prose(m->p, m->d, m->p->words ? m->p->words : 200, out);
    return;
  }
  bool longer =
      HAS(name, "summary", "synopsis", "description", "premise", "outline", "background", "blurb", "arc");
  write_sentences(m->p, m->d, longer ? 2 + (int)dice_below(m->d, 2) : 1, out);
}

static bool put_reference(struct maker *m, const struct place *at, struct buf *out) {
  if (!at->item) maker_gather(m, at); /* make_array gathered for all its items */
  size_t n = (size_t)m->pool.n;
  if (!n) return false;
  const struct span *id = &m->pool.ids[at->item ? at->index % n : dice_below(m->d, n)];
  buf_append(out, id->at, id->n);
  return true;
}

/* "The chapter in 120 to 150 words": 150; 0: its length is not described. */
static long words_described(const json_t *schema) {
  const char *description = jsonx_str(schema, "description", ""), *unit = strstr(description, " words");
  if (!unit) return 0;
  const char *from = unit;
  while (from > description && isdigit((unsigned char)from[-1])) from--;
  return strtol(from, NULL, 10);
}

static void put_words(struct maker *m, long words, struct buf *out) {
  for (long n = 0; n < words; n++) {
    size_t from = out->len;
    if (from) buf_putc(out, ' ');
    write_sentences(m->p, m->d, 1, out);
    for (size_t i = from; i < out->len; i++) n += out->data[i] == ' ' || (unsigned char)out->data[i] >= 0xE3;
  }
}

json_t *maker_string(struct maker *m, const json_t *schema, const struct place *at) {
  struct buf text;
  long words = words_described(schema);
  buf_init(&text, MAX_ANSWER_BYTES);
  if (IS(at->name, "id", "key", "code", "slug"))
    put_id(m, at, &text);
  else if (!put_reference(m, at, &text) && !put_name(m, at, &text) && !put_short(m, at, &text))
    words > 0 ? put_words(m, words, &text) : put_text(m, at, &text);
  json_t *v = NULL;
  if (fit(m, schema, &text) != OK)
    maker_wrong(m, at, "minLength is larger than maxLength or than what a rehearsal writes");
  else
    v = json_stringn_nocheck(text.data, text.len);
  buf_release(&text);
  return v;
}
