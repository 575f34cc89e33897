/* rehearsal_schema.c - a valid instance of a JSON schema, with values that fit their names.
 *
 * write_instance -> make_value, which calls itself. Any thread. Keywords: type, properties, required,
 * additionalProperties, items, minItems, maxItems, enum, const, minLength, maxLength, minimum, maximum.
 * A schema cannot say that "causes" names events of the same answer, but scripts check that it does. So ids that stand
 * in the prompt or were just made are kept by kind, and a value whose name speaks of that kind is one of them. */
#include "rehearsal/rehearsal_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "base/jsonx.h"
#include "base/mem.h"

enum { DEPTH_MOST = 40, VALUES_MOST = 20000, MADE_MOST = 400, LENGTH_MOST = 100000 };

/* An id made in this answer. */
struct made {
  char kind[32], id[64];
};

/* The ids that a value may refer to. */
struct pool {
  struct span ids[MAX_REFS];
  int n;
};

struct maker {
  const struct prompt *p;
  struct dice *d;
  struct error *e;
  struct made *made;
  int n_made, depth, values;
  struct pool pool; /* of the value at hand */
  char earlier[40]; /* an id by place, when there are no others */
};

/* Where a value stands: its name, the array around it, and its place in that. */
struct place {
  const char *name;    /* the property; for an item of an array of plain values the array's name */
  const char *array;   /* the nearest array's name, or "" */
  size_t index, count; /* in that array; count 0: in none */
  bool item;           /* is itself an item, not a property of one */
  long chapter;        /* the "number" or "chapter" of the object it belongs to; 0: none */
};

static json_t *make_value(struct maker *m, const json_t *schema, const struct place *at);

/* ---- reading the schema ---- */

static bool name_has(const char *name, const char *const *words) {
  for (; *words; words++)
    if (strcasestr(name, *words)) return true;
  return false;
}

static bool name_is(const char *name, const char *const *words) {
  for (; *words; words++)
    if (strcasecmp(name, *words) == 0) return true;
  return false;
}
#define HAS(name, ...) name_has(name, (const char *const[]){__VA_ARGS__, NULL})
#define IS(name, ...)  name_is(name, (const char *const[]){__VA_ARGS__, NULL})

static const char *type_of(const json_t *schema) {
  const json_t *type = json_object_get(schema, "type");
  size_t i;
  json_t *one;
  if (json_is_string(type)) return json_string_value(type);
  json_array_foreach(type, i, one) {
    if (json_is_string(one) && strcmp(json_string_value(one), "null")) return json_string_value(one);
  }
  if (json_array_size(type)) return "null";
  if (json_object_get(schema, "properties")) return "object";
  if (json_object_get(schema, "items")) return "array";
  if (json_object_get(schema, "minimum") || json_object_get(schema, "maximum")) return "number";
  return "string";
}

static enum err wrong(struct maker *m, const struct place *at, const char *what) {
  if (m->e && m->e->code == OK)
    err_set(m->e, ERR_INVALID, "no value satisfies the schema of '%s': %s", at->name, what);
  return ERR_INVALID;
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

static void remember(struct maker *m, const char *kind, const char *id) {
  if (m->n_made == MADE_MOST) return;
  struct made *made = &m->made[m->n_made++];
  snprintf(made->kind, sizeof made->kind, "%s", kind);
  snprintf(made->id, sizeof made->id, "%s", id);
}

static bool cause_like(const char *name) {
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
static void gather(struct maker *m, const struct place *at) {
  struct pool *pool = &m->pool;
  const struct prompt *p = m->p;
  pool->n = 0;
  bool inner = cause_like(at->name);
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

/* A sentence of the task itself: what a judge quotes must stand in what he judged. */
static void quote_task(struct maker *m, struct buf *out) {
  const struct prompt *p = m->p;
  for (int tries = 0; tries < 8; tries++) {
    size_t at = dice_below(m->d, p->n_task);
    const char *dot = memmem(p->task + at, p->n_task - at, ". ", 2);
    if (!dot) continue;
    const char *from = dot + 2, *end = from;
    while (end < p->task + p->n_task && end - from < 160 && *end != '.' && *end != '\n' && *end != '"') end++;
    if (end - from < 20 || end == p->task + p->n_task || *end != '.') continue;
    buf_append(out, from, (size_t)(end - from) + 1);
    return;
  }
  write_sentences(p, m->d, 1, out);
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
  if (HAS(name, "quote", "evidence", "excerpt")) return quote_task(m, out), true;
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
  if (!at->item) gather(m, at); /* make_array gathered for all its items */
  size_t n = (size_t)m->pool.n;
  if (!n) return false;
  const struct span *id = &m->pool.ids[at->item ? at->index % n : dice_below(m->d, n)];
  buf_append(out, id->at, id->n);
  return true;
}

static json_t *make_string(struct maker *m, const json_t *schema, const struct place *at) {
  struct buf text;
  buf_init(&text, MAX_ANSWER_BYTES);
  if (IS(at->name, "id", "key", "code", "slug"))
    put_id(m, at, &text);
  else if (!put_reference(m, at, &text) && !put_name(m, at, &text) && !put_short(m, at, &text))
    put_text(m, at, &text);
  json_t *v = NULL;
  if (fit(m, schema, &text) != OK)
    wrong(m, at, "minLength is larger than maxLength or than what a rehearsal writes");
  else
    v = json_stringn_nocheck(text.data, text.len);
  buf_release(&text);
  return v;
}

/* ---- numbers ---- */

static double even_share(double least, double most, size_t index, size_t count, double from, double to) {
  double share = count > 1 ? (double)index / (double)(count - 1) : 0;
  return least + (most - least) * (from + (to - from) * share);
}

/* Where share number `index` of `count` begins when least..most is shared out evenly, in whole numbers. */
static double share_of_range(double least, double most, size_t index, size_t count) {
  return least + floor((most - least + 1) * (double)index / (double)count);
}

/* Before the schema's bounds are applied to it; NAN: anything will do. */
static double plausible(struct maker *m, const struct place *at, double least, double most) {
  const struct prompt *p = m->p;
  const char *name = at->name;
  bool bounded = isfinite(least) && isfinite(most);
  if (at->count && IS(name, "number", "id", "index", "order", "position", "n", "rank")) {
    bool chapters = HAS(at->array, "chapter", "plan");
    double from = chapters && p->first ? (double)p->first : isfinite(least) && least > 1 ? least : 1;
    return from + (double)at->index;
  }
  if (at->count && bounded && IS(name, "first", "last", "start", "end", "from", "to")) {
    bool begins = IS(name, "first", "start", "from");
    return share_of_range(least, most, at->index + !begins, at->count) - !begins;
  }
  if (HAS(name, "day")) {
    /* Later chapters lie later, and the events of a chapter one after the other. */
    double chapter = at->chapter ? (double)at->chapter : (double)at->index + 1;
    return chapter * 2 + (double)(at->count && at->index > 2 ? 2 : at->index);
  }
  if (HAS(name, "word")) return p->words ? (double)p->words / (at->count ? (double)at->count : 1) : 900;
  if (HAS(name, "chapter", "step", "scene") || IS(name, "at")) {
    if (IS(name, "chapters", "chapter_count")) return bounded ? NAN : 12;
    if (!at->count) return p->chapter ? (double)p->chapter : NAN;
    if (p->first && HAS(name, "chapter") && HAS(at->array, "chapter", "plan"))
      return (double)p->first + (double)at->index;
    if (!bounded) return at->chapter ? (double)at->chapter : (double)at->index + 1;
    /* What begins lies in the first half, what ends in the second; the rest is spread over all. */
    if (HAS(name, "paid", "payoff", "resol", "end", "last", "until", "clos", "kept"))
      return floor(even_share(least, most, at->index, at->count, 0.6, 1.0));
    if (HAS(name, "plant", "start", "first", "open", "made", "introduc", "set_"))
      return floor(even_share(least, most, at->index, at->count, 0.0, 0.4));
    return floor(even_share(least, most + 0.999, at->index, at->count + 1, 0.0, 1.0));
  }
  if (HAS(name, "payoff", "paid", "resolved", "due") && bounded)
    return even_share(least, most, at->index, at->count, 0.6, 1.0);
  if (HAS(name, "planted", "opened", "introduced") && bounded)
    return even_share(least, most, at->index, at->count, 0.0, 0.4);
  if (IS(name, "age")) return 18 + (double)dice_below(m->d, 50);
  if (IS(name, "year")) return 1880 + (double)dice_below(m->d, 120);
  if (HAS(name, "score", "rating", "quality", "confidence") && bounded)
    return least + (most - least) * (0.6 + 0.3 * (double)dice_below(m->d, 11) / 10);
  return NAN;
}

static json_t *make_number(struct maker *m, const json_t *schema, const struct place *at, bool whole) {
  double least = jsonx_num(schema, "minimum", -INFINITY), most = jsonx_num(schema, "maximum", INFINITY);
  if (whole) least = ceil(least), most = floor(most);
  if (least > most) return wrong(m, at, "minimum is larger than maximum"), NULL;
  double v = plausible(m, at, least, most);
  if (isnan(v)) {
    double from = isfinite(least) ? least : isfinite(most) ? fmin(most, 1) : 1;
    double span = fmin(isfinite(most) ? most - from : 9, 1000000);
    v = from +
        (whole ? (double)dice_below(m->d, (size_t)span + 1) : span * (double)dice_below(m->d, 21) / 20);
  }
  if (whole) v = floor(v + 0.5);
  v = fmax(least, fmin(most, v));
  /* Beyond 2^53 a double is no exact integer any more. */
  if (whole && fabs(v) > 9e15) return wrong(m, at, "its integers are too large to rehearse"), NULL;
  return whole ? json_integer((json_int_t)v) : json_real(v);
}

static json_t *make_boolean(struct maker *m, const struct place *at) {
  if (HAS(at->name, "contradict", "spoil", "error", "block", "fail", "missing", "stuck", "flashback"))
    return json_false();
  if (HAS(at->name, "ok", "pass", "done", "complete", "valid", "support", "accept", "kept", "present"))
    return json_true();
  return json_boolean(dice_below(m->d, 2));
}

/* ---- arrays and objects ---- */

static size_t item_count(struct maker *m, const json_t *schema, const struct place *at) {
  const struct prompt *p = m->p;
  json_int_t least = jsonx_int(schema, "minItems", 0), most = jsonx_int(schema, "maxItems", -1);
  if (least < 0) least = 0;
  json_int_t n = prompt_count_for(p, at->name);
  bool bounded = json_object_get(schema, "minItems") || most >= 0;
  if (!n && p->last && HAS(at->name, "chapter", "plan")) n = p->last - p->first + 1;
  if (!n && HAS(at->name, "death", "dead")) return (size_t)least; /* a rehearsal kills nobody */
  if (!n && HAS(at->name, "issue", "problem", "error", "contradiction", "violation", "finding", "warning",
                "objection"))
    n = least + (json_int_t)dice_below(m->d, 2);
  else if (!n && bounded && most >= 0)
    n = least + (json_int_t)dice_below(m->d, (size_t)(most - least < 4 ? most - least + 1 : 4));
  else if (!n)
    n = (least ? least : 2) + (json_int_t)dice_below(m->d, 3);
  if (most >= 0 && n > most) n = most;
  return (size_t)(n < least ? least : n);
}

static json_t *make_array(struct maker *m, const json_t *schema, const struct place *at) {
  json_int_t least = jsonx_int(schema, "minItems", 0), most = jsonx_int(schema, "maxItems", LENGTH_MOST);
  if (least > most) return wrong(m, at, "minItems is larger than maxItems"), NULL;
  const json_t *items = json_object_get(schema, "items");
  size_t n = item_count(m, schema, at);
  bool plain = !items || (strcmp(type_of(items), "object") && strcmp(type_of(items), "array"));
  if (plain) gather(m, at);
  if (plain && m->pool.n && strcmp(type_of(items), "string") == 0 && !json_object_get(items, "enum")) {
    /* As many references as there are things to refer to, where the schema leaves the choice. */
    json_int_t known = m->pool.n;
    if ((json_int_t)n > known || (at->count && known <= 6))
      n = (size_t)(known < least ? least : known > most ? most : known);
  }
  if (plain && !m->pool.n && cause_like(at->name) && !json_object_get(items, "enum")) n = (size_t)least;
  json_t *array = json_array();
  for (size_t i = 0; i < n; i++) {
    struct place inner = {at->name, plain ? at->array : at->name, i, n, true, at->chapter};
    json_t *v = items ? make_value(m, items, &inner) : json_stringn("", 0);
    if (!v) {
      json_decref(array);
      return NULL;
    }
    json_array_append_new(array, v);
  }
  return array;
}

static bool make_property(struct maker *m, json_t *object, const char *name, const json_t *schema,
                          struct place *at) {
  at->name = name;
  json_t *v = schema ? make_value(m, schema, at) : json_string("");
  if (!v) return false;
  json_object_set_new_nocheck(object, name, v);
  if (json_is_integer(v) && IS(name, "number", "chapter")) at->chapter = (long)json_integer_value(v);
  /* From here on later values may refer to it. */
  if (strcmp(name, "id") == 0 && at->count && json_is_string(v)) remember(m, at->array, json_string_value(v));
  return true;
}

static bool make_extra(struct maker *m, json_t *object, const json_t *schema, struct place at) {
  struct buf name;
  buf_init(&name, 4096);
  bool ok = true;
  for (size_t i = 0; i < 2 && ok; i++) {
    buf_clear(&name);
    write_person(m->p, m->d, i, &name);
    ok = make_property(m, object, name.data, schema, &at);
  }
  buf_release(&name);
  return ok;
}

/* The number that an object will have: properties that come before it may depend on it. */
static long number_of(struct maker *m, const json_t *properties, const struct place *at) {
  const char *name = json_object_get(properties, "number") ? "number" : "chapter";
  const json_t *schema = json_object_get(properties, name);
  if (!schema || !at->count || strcmp(type_of(schema), "integer") != 0) return at->chapter;
  struct place inner = *at;
  inner.name = name;
  inner.item = false;
  double least = jsonx_num(schema, "minimum", -INFINITY), most = jsonx_num(schema, "maximum", INFINITY);
  double v = plausible(m, &inner, least, most);
  return isnan(v) ? at->chapter : (long)fmax(least, fmin(most, fmin(fmax(v, -1e9), 1e9)));
}

static json_t *make_object(struct maker *m, const json_t *schema, const struct place *at) {
  json_t *object = json_object(), *properties = json_object_get(schema, "properties");
  struct place inner = *at;
  inner.item = false;
  inner.chapter = number_of(m, properties, at);
  bool ok = true;
  for (void *it = json_object_iter(properties); it && ok; it = json_object_iter_next(properties, it))
    ok = make_property(m, object, json_object_iter_key(it), json_object_iter_value(it), &inner);
  size_t i;
  json_t *required, *more = json_object_get(schema, "additionalProperties");
  json_array_foreach(json_object_get(schema, "required"), i, required) {
    const char *name = json_string_value(required);
    if (!ok || !name || json_object_get(object, name)) continue;
    if (json_is_false(more)) {
      inner.name = name;
      ok = false;
      wrong(m, &inner, "it is required, but neither a property nor an additional one");
    } else {
      ok = make_property(m, object, name, json_is_object(more) ? more : NULL, &inner);
    }
  }
  if (ok && json_is_object(more) && json_object_size(object) == 0) ok = make_extra(m, object, more, inner);
  if (ok) return object;
  json_decref(object);
  return NULL;
}

static json_t *make_typed(struct maker *m, const json_t *schema, const struct place *at) {
  const char *type = type_of(schema);
  if (strcmp(type, "object") == 0) return make_object(m, schema, at);
  if (strcmp(type, "array") == 0) return make_array(m, schema, at);
  if (strcmp(type, "string") == 0) return make_string(m, schema, at);
  if (strcmp(type, "integer") == 0) return make_number(m, schema, at, true);
  if (strcmp(type, "number") == 0) return make_number(m, schema, at, false);
  if (strcmp(type, "boolean") == 0) return make_boolean(m, at);
  if (strcmp(type, "null") == 0) return json_null();
  wrong(m, at, "its type is unknown");
  return NULL;
}

static json_t *make_value(struct maker *m, const json_t *schema, const struct place *at) {
  if (++m->values > VALUES_MOST || m->depth == DEPTH_MOST)
    return wrong(m, at, "it is too large or too deep to rehearse"), NULL;
  const json_t *constant = json_object_get(schema, "const"), *choices = json_object_get(schema, "enum");
  if (constant) return json_deep_copy(constant);
  if (choices) {
    size_t n = json_array_size(choices);
    if (!n) return wrong(m, at, "its enum is empty"), NULL;
    /* The items of an array of choices go round, so that they differ as long as they can. */
    size_t pick = at->item ? (at->index + (size_t)(m->d->seed % n)) % n : dice_below(m->d, n);
    return json_deep_copy(json_array_get(choices, pick));
  }
  m->depth++;
  json_t *v = make_typed(m, schema, at);
  m->depth--;
  return v;
}

enum err write_instance(const json_t *schema, const struct prompt *p, struct dice *d, struct buf *out,
                        struct error *e) {
  struct error own = {0};
  struct maker m = {.p = p, .d = d, .e = &own, .made = mem_alloc(MADE_MOST * sizeof *m.made)};
  json_t *v = make_value(&m, schema, &(struct place){.name = "", .array = ""});
  free(m.made);
  if (!v) return err_set(e, ERR_INVALID, "%s", own.code ? own.message : "no value satisfies the schema");
  char *text = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY); /* keys in the schema's order */
  json_decref(v);
  enum err err = text ? buf_puts(out, text) : err_set(e, ERR_INVALID, "the instance is no JSON text");
  free(text);
  return err;
}
