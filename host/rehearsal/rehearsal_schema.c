/* rehearsal_schema.c - a valid instance of a JSON schema, with values that fit their names.
 *
 * write_instance -> make_value, which calls itself. Any thread. Keywords: type, properties, required,
 * additionalProperties, items, minItems, maxItems, enum, const, minLength, maxLength, minimum, maximum.
 * A schema cannot say that "causes" names events of the same answer, but scripts check that it does. So ids that stand
 * in the prompt or were just made are kept by kind, and a value whose name speaks of that kind is one of them. */
#include "rehearsal/rehearsal_maker.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "base/jsonx.h"
#include "base/mem.h"

enum { DEPTH_MOST = 40, VALUES_MOST = 20000 };

static json_t *make_value(struct maker *m, const json_t *schema, const struct place *at);

/* ---- reading the schema ---- */

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

void maker_wrong(struct maker *m, const struct place *at, const char *what) {
  if (m->e && m->e->code == OK)
    err_set(m->e, ERR_INVALID, "no value satisfies the schema of '%s': %s", at->name, what);
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
  if (least > most) return maker_wrong(m, at, "minimum is larger than maximum"), NULL;
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
  if (whole && fabs(v) > 9e15) return maker_wrong(m, at, "its integers are too large to rehearse"), NULL;
  return whole ? json_integer((json_int_t)v) : json_real(v);
}

static json_t *make_boolean(struct maker *m, const struct place *at) {
  if (HAS(at->name, "contradict", "spoil", "error", "block", "fail", "missing", "stuck", "flashback") ||
      IS(at->name, "secret", "ban"))
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
  /* A rehearsal kills nobody, and its judge clears what is only suspected. */
  if (!n && HAS(at->name, "death", "dead", "confirm")) return (size_t)least;
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
  if (least > most) return maker_wrong(m, at, "minItems is larger than maxItems"), NULL;
  const json_t *items = json_object_get(schema, "items");
  size_t n = item_count(m, schema, at);
  bool plain = !items || (strcmp(type_of(items), "object") && strcmp(type_of(items), "array"));
  if (plain) maker_gather(m, at);
  if (plain && m->pool.n && strcmp(type_of(items), "string") == 0 && !json_object_get(items, "enum")) {
    /* As many references as there are things to refer to, where the schema leaves the choice. */
    json_int_t known = m->pool.n;
    if ((json_int_t)n > known || (at->count && known <= 6))
      n = (size_t)(known < least ? least : known > most ? most : known);
  }
  if (plain && !m->pool.n && name_of_cause(at->name) && !json_object_get(items, "enum")) n = (size_t)least;
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
  if (strcmp(name, "id") == 0 && at->count && json_is_string(v))
    maker_remember(m, at->array, json_string_value(v));
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
      maker_wrong(m, &inner, "it is required, but neither a property nor an additional one");
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
  if (strcmp(type, "string") == 0) return maker_string(m, schema, at);
  if (strcmp(type, "integer") == 0) return make_number(m, schema, at, true);
  if (strcmp(type, "number") == 0) return make_number(m, schema, at, false);
  if (strcmp(type, "boolean") == 0) return make_boolean(m, at);
  if (strcmp(type, "null") == 0) return json_null();
  maker_wrong(m, at, "its type is unknown");
  return NULL;
}

static json_t *make_value(struct maker *m, const json_t *schema, const struct place *at) {
  if (++m->values > VALUES_MOST || m->depth == DEPTH_MOST)
    return maker_wrong(m, at, "it is too large or too deep to rehearse"), NULL;
  const json_t *constant = json_object_get(schema, "const"), *choices = json_object_get(schema, "enum");
  if (constant) return json_deep_copy(constant);
  if (choices) {
    size_t n = json_array_size(choices);
    if (!n) return maker_wrong(m, at, "its enum is empty"), NULL;
    /* The items of an array of choices go round, so that they differ as long as they can. */
    for (size_t i = 0; i < n; i++) /* what was asked for is what a rehearsal finds */
      if (json_is_string(json_array_get(choices, i)) &&
          strcmp(json_string_value(json_array_get(choices, i)), "kept") == 0)
        return json_string("kept");
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
