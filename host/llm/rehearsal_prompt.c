/* rehearsal_prompt.c - what the rehearsal model reads out of a prompt: names, places, ids and numbers.
 *
 * prompt_read -> prompt_count_for, prompt_choices -> prompt_release. Any thread.
 * Prompts are prose with JSON in it, so nothing here parses JSON properly: one pass over the bytes keeps a stack of
 * the keys whose brackets are open, which survives text between two documents and costs a tenth of a parser. */
#include "llm/rehearsal_internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "base/jsonx.h"
#include "base/mem.h"

enum { TASK_TAIL = 8 << 10, NAME_MOST_BYTES = 60, DEPTH_MOST = 32, STRING_MOST = 4 << 10 };

static struct span span_of(const char *s) {
  return (struct span){s, strlen(s)};
}

static bool span_is(struct span a, struct span b) {
  return a.n == b.n && memcmp(a.at, b.at, a.n) == 0;
}

static bool span_has(struct span s, const char *word) {
  size_t n = strlen(word);
  for (size_t i = 0; i + n <= s.n; i++)
    if (strncasecmp(s.at + i, word, n) == 0) return true;
  return false;
}

static bool has_any(struct span s, const char *const *words) {
  for (; *words; words++)
    if (span_has(s, *words)) return true;
  return false;
}

static struct span trimmed(struct span s) {
  while (s.n && strchr(" \t\r\n\"'`*_", s.at[0])) s.at++, s.n--;
  while (s.n && strchr(" \t\r\n\"'`*_", s.at[s.n - 1])) s.n--;
  return s;
}

/* ---- names ---- */

static const char *const person_words[] = {"character",  "cast",     "people", "person", "protagonist",
                                           "antagonist", "narrator", "hero",   NULL};
static const char *const place_words[] = {"place", "location", "setting", NULL};
static const char *const thing_words[] = {"theme", "motif", "promise", "thread", "event", "chapter", "object",
                                          "item",  "genre", "phase",   "title",  "book",  "series",  NULL};

/* A description is no name, though it stands where one could. */
static bool name_like(struct span s) {
  if (s.n < 2 || s.n > NAME_MOST_BYTES || memchr(s.at, '\n', s.n) || memchr(s.at, ',', s.n)) return false;
  int spaces = 0;
  for (size_t i = 0; i < s.n; i++) spaces += s.at[i] == ' ';
  unsigned char c = (unsigned char)s.at[0];
  return spaces <= 4 && (c >= 0x80 || isupper(c) || spaces == 0);
}

static bool speaks(struct span s) {
  return s.n && ((unsigned char)s.at[0] >= 0x80 || isupper((unsigned char)s.at[0]));
}

/* Is `part` the first or the last word of `whole`? "Mara" and "Mara Venn" are one person. */
static bool part_of(struct span part, struct span whole) {
  if (part.n + 1 >= whole.n) return false;
  bool first = memcmp(whole.at, part.at, part.n) == 0 && whole.at[part.n] == ' ';
  const char *tail = whole.at + whole.n - part.n;
  return first || (memcmp(tail, part.at, part.n) == 0 && tail[-1] == ' ');
}

static void names_add(struct names *list, struct span s) {
  s = trimmed(s);
  if (!name_like(s)) return;
  for (int i = 0; i < list->n; i++) {
    if (span_is(list->list[i], s) || part_of(s, list->list[i])) return;
    if (part_of(list->list[i], s)) {
      list->list[i] = s;
      return;
    }
  }
  if (list->n < MAX_NAMES) list->list[list->n++] = s;
}

static void mark_names_of_task(struct names *list, const char *task, size_t n) {
  for (int i = 0; i < list->n; i++) {
    struct span s = list->list[i];
    list->in_task[i] = memmem(task, n, s.at, s.n) != NULL;
    const char *space = list->in_task[i] ? NULL : memchr(s.at, ' ', s.n);
    if (space && space - s.at > 2) list->in_task[i] = memmem(task, n, s.at, (size_t)(space - s.at)) != NULL;
  }
}

/* ---- JSON inside the prompt ---- */

struct scan {
  struct prompt *p;
  struct span keys[DEPTH_MOST];      /* the key whose value each open bracket is */
  struct reference open[DEPTH_MOST]; /* the id and chapter that the object in it gave so far */
  int depth, lost;                   /* open brackets on the stack; and beyond it */
  struct span key;                   /* the key whose value comes next */
};

static struct span container(const struct scan *s) {
  return s->depth ? s->keys[s->depth - 1] : (struct span){"", 0};
}

static void keep_first(struct span *place, struct span value) {
  value = trimmed(value);
  if (!place->n && value.n && value.n <= 120) *place = value;
}

static void take_string(struct scan *s, struct span value) {
  struct prompt *p = s->p;
  struct span key = s->key.n ? s->key : container(s), inside = container(s);
  if (span_is(key, span_of("name"))) {
    if (has_any(inside, place_words))
      names_add(&p->places, value);
    else if (has_any(inside, person_words) || !has_any(inside, thing_words))
      names_add(&p->people, value);
  } else if (span_is(key, span_of("id"))) {
    if (s->depth && value.n && value.n <= NAME_MOST_BYTES) s->open[s->depth - 1].id = value;
  } else if (span_is(key, span_of("title"))) {
    if (s->depth <= 1) keep_first(&p->title, value);
  } else if (span_is(key, span_of("language"))) {
    keep_first(&p->language, value);
  } else if (span_is(key, span_of("genre"))) {
    keep_first(&p->genre, value);
  } else if (span_has(key, "viewpoint")) {
    p->viewpoint = value;
  } else if (speaks(value) && has_any(key, person_words)) {
    names_add(&p->people, value);
  } else if (speaks(value) && has_any(key, place_words)) {
    names_add(&p->places, value);
  }
}

static void take_number(struct scan *s, struct span digits) {
  if (!s->depth) return;
  struct reference *open = &s->open[s->depth - 1];
  if (span_is(s->key, span_of("id"))) open->id = digits;
  if (span_is(s->key, span_of("chapter"))) open->chapter = strtol(digits.at, NULL, 10);
}

static void open_bracket(struct scan *s) {
  if (s->depth == DEPTH_MOST) {
    s->lost++;
    return;
  }
  struct span key = s->key.n ? s->key : container(s);
  s->keys[s->depth] = key;
  s->open[s->depth++] = (struct reference){.id = {0}};
  s->key.n = 0;
}

static int find_kind(struct prompt *p, struct span kind) {
  for (int i = 0; i < p->n_kinds; i++)
    if (span_is(p->kinds[i], kind)) return i;
  if (p->n_kinds == MAX_KINDS) return -1;
  p->kinds[p->n_kinds] = kind;
  return p->n_kinds++;
}

static void add_reference(struct prompt *p, struct reference r, struct span kind) {
  if (!r.id.n || !kind.n || p->n_refs == MAX_REFS) return;
  r.kind = find_kind(p, kind);
  if (r.kind >= 0) p->refs[p->n_refs++] = r;
}

static void close_bracket(struct scan *s) {
  s->key.n = 0;
  if (s->lost) {
    s->lost--;
  } else if (s->depth) {
    s->depth--;
    add_reference(s->p, s->open[s->depth], s->keys[s->depth]);
  }
}

/* From the opening quote at text[i]: a key, a value, or a quote in prose. Returns where to go on. */
static size_t take_quoted(struct scan *s, const char *text, size_t n, size_t i) {
  size_t from = i + 1, end = from;
  while (end < n && end - from < STRING_MOST && text[end] != '"' && text[end] != '\n')
    end += 1 + (text[end] == '\\');
  if (end >= n || text[end] != '"') return from;
  struct span value = {text + from, end - from};
  size_t after = end + 1;
  while (after < n && text[after] == ' ') after++;
  bool is_key = after < n && text[after] == ':' && value.n <= NAME_MOST_BYTES;
  if (is_key) {
    s->key = value;
    return after + 1;
  }
  if (s->key.n || s->depth) take_string(s, value);
  s->key.n = 0;
  return end + 1;
}

static void scan_json(struct prompt *p) {
  struct scan s = {.p = p};
  const char *text = p->all;
  size_t n = p->n_all, i = 0;
  while (i < n) {
    switch (text[i]) {
    case '"': i = take_quoted(&s, text, n, i); continue;
    case '{':
    case '[': open_bracket(&s); break;
    case '}':
    case ']': close_bracket(&s); break;
    case ',': s.key.n = 0; break;
    case '\n':
      if (i + 1 < n && text[i + 1] == '\n') s.depth = s.lost = 0, s.key.n = 0;
      break;
    default:
      if (s.key.n && isdigit((unsigned char)text[i])) {
        size_t from = i;
        while (i < n && isdigit((unsigned char)text[i])) i++;
        take_number(&s, (struct span){text + from, i - from});
        s.key.n = 0;
        continue;
      }
    }
    i++;
  }
}

/* ---- lines: "Title: ...", "Characters: A, B and C", "- Name: what he wants" ---- */

static size_t find_name_end(const char *s, size_t n) {
  static const char *const ends[] = {":", " (",           " - ", " \xE2\x80\x94", " \xE2\x80\x93", ",",
                                     ";", "\xEF\xBC\x9A", NULL};
  for (const char *const *end = ends; *end; end++) {
    const char *hit = memmem(s, n, *end, strlen(*end));
    if (hit) n = (size_t)(hit - s);
  }
  return n;
}

static void add_listed(struct names *list, struct span s) {
  while (s.n) {
    const char *comma = memchr(s.at, ',', s.n), *and = memmem(s.at, s.n, " and ", 5);
    size_t end = s.n, skip = 0;
    if (comma) end = (size_t)(comma - s.at), skip = 1;
    if (and&&(size_t)(and-s.at) < end) end = (size_t)(and-s.at), skip = 5;
    struct span one = trimmed((struct span){s.at, find_name_end(s.at, end)});
    if (one.n && one.at[one.n - 1] == '.') one.n--;
    if (speaks(one)) names_add(list, one);
    s.at += end + skip;
    s.n -= end + skip;
  }
}

static struct names *section_of(struct prompt *p, struct span head) {
  if (has_any(head, place_words)) return &p->places;
  if (has_any(head, person_words)) return &p->people;
  return NULL;
}

static void take_line(struct prompt *p, struct span line, struct names **section) {
  bool listed = false, heading = false;
  while (line.n && strchr("-*#> \t0123456789.", line.at[0])) {
    if (line.at[0] == '-' || line.at[0] == '*' || isdigit((unsigned char)line.at[0])) listed = true;
    if (line.at[0] == '#') heading = true;
    line.at++, line.n--;
  }
  if (!line.n || line.at[0] == '{' || line.at[0] == '[' || line.at[0] == '"') return;
  if (listed && !heading && *section) {
    add_listed(*section, (struct span){line.at, find_name_end(line.at, line.n)});
    return;
  }
  const char *colon = memchr(line.at, ':', line.n < 40 ? line.n : 40);
  if (!colon && !heading) {
    *section = NULL;
    return;
  }
  struct span head = {line.at, colon ? (size_t)(colon - line.at) : line.n};
  struct span rest = colon ? (struct span){colon + 1, line.n - head.n - 1} : (struct span){"", 0};
  *section = section_of(p, head);
  if (*section) add_listed(*section, rest);
  if (head.n == 9 && span_has(head, "viewpoint")) p->viewpoint = trimmed(rest);
  if (head.n == 5 && span_has(head, "title")) keep_first(&p->title, rest);
  if (head.n == 8 && span_has(head, "language")) keep_first(&p->language, rest);
  if (head.n == 5 && span_has(head, "genre")) keep_first(&p->genre, rest);
}

static void scan_lines(struct prompt *p) {
  struct names *section = NULL;
  const char *at = p->all, *end = p->all + p->n_all;
  while (at < end) {
    const char *lf = memchr(at, '\n', (size_t)(end - at));
    size_t n = lf ? (size_t)(lf - at) : (size_t)(end - at);
    if (n) take_line(p, (struct span){at, n < 400 ? n : 400}, &section);
    at += n + 1;
  }
}

/* "Place: Grey Quay." inside a line of the task. */
static void scan_task_place(struct prompt *p) {
  static const char label[] = "Place: ";
  size_t tail = p->n_task > TASK_TAIL ? TASK_TAIL : p->n_task;
  const char *text = p->task + p->n_task - tail, *end = text + tail,
             *hit = memmem(text, tail, label, sizeof label - 1);
  if (!hit) return;
  struct span place = {hit + sizeof label - 1, 0};
  while (place.at + place.n < end && !strchr(".\n", place.at[place.n])) place.n++;
  if (speaks(place)) names_add(&p->places, place);
}

/* ---- capitalised words, when the prompt names nobody in a better way ---- */

static bool word_byte(char c) {
  return isalnum((unsigned char)c) || (unsigned char)c >= 0x80 || c == '\'';
}

/* An upper-case letter that a lower-case one follows; Latin, Greek and Cyrillic by their first byte. */
static bool capital_at(const char *s, size_t n) {
  unsigned char c = (unsigned char)s[0], next = n > 1 ? (unsigned char)s[1] : 0;
  if (isupper(c)) return n > 1 && (islower(next) || next >= 0x80);
  return (c == 0xC3 && next >= 0x80 && next <= 0x9E) || (c == 0xCE && next >= 0x91) ||
         (c == 0xD0 && next >= 0x90 && next <= 0xAF);
}

static bool everyday(struct span s) {
  static const char *const words[] = {
      "The",       "This",      "That",      "Chapter", "Chapters", "Scene",    "Scenes",   "Part",
      "Book",      "English",   "French",    "German",  "Spanish",  "Polish",   "Japanese", "Chinese",
      "Monday",    "Tuesday",   "Sunday",    "January", "February", "March",    "April",    "May",
      "June",      "July",      "August",    "October", "November", "December", "Markdown", "Write",
      "Return",    "Answer",    "Do",        "Never",   "Keep",     "Use",      "You",      "Give",
      "If",        "No",        "Not",       "Each",    "Every",    "Thursday", "Friday",   "Saturday",
      "Wednesday", "September", "Christian", "Json",    "Unicode",  "And",      "But",      "He",
      "She",       "It",        "They",      "We",      "His",      "Her",      "Mr",       "Mrs",
      "Roman",     "Russian",   "Italian",   "Latin",   "Title",    "Language", "Genre",    NULL};
  for (const char *const *w = words; *w; w++)
    if (span_is(s, span_of(*w))) return true;
  return false;
}

static size_t word_end(const char *text, size_t n, size_t i) {
  while (i < n && word_byte(text[i])) i++;
  return i;
}

static bool named_like_a_place(struct span s) {
  static const char *const ends[] = {" Quay",  " Point",  " Hollow", " House",   " Bridge", " Market",
                                     " Reach", " Cross",  " Yard",   " Hill",    " Gate",   " Lane",
                                     " Tower", " Street", " Road",   " Harbour", " Bay",    " Island",
                                     " River", " Square", NULL};
  for (const char *const *end = ends; *end; end++) {
    size_t n = strlen(*end);
    if (s.n > n && memcmp(s.at + s.n - n, *end, n) == 0) return true;
  }
  return false;
}

/* A run of capitalised words at text[from..end). What begins a sentence says nothing. */
static void take_capitalised(struct prompt *p, const char *text, size_t from, size_t end) {
  size_t b = from;
  while (b > 0 && text[b - 1] == ' ') b--;
  if (b == 0 || b == from || !(word_byte(text[b - 1]) || text[b - 1] == ',')) return;
  static const char *const before_places[] = {" in", " at", " near", " into", NULL};
  struct span name = {text + from, end - from};
  bool place = named_like_a_place(name);
  for (const char *const *w = before_places; *w && !place; w++)
    place = b >= strlen(*w) && memcmp(text + b - strlen(*w), *w, strlen(*w)) == 0;
  for (int i = 0; i < p->places.n; i++)
    if (part_of(name, p->places.list[i])) return;
  names_add(place ? &p->places : &p->people, name);
}

static size_t run_end(const char *text, size_t n, size_t end) {
  while (end + 1 < n && text[end] == ' ' && capital_at(text + end + 1, n - end - 1))
    end = word_end(text, n, end + 1);
  return end;
}

static void scan_capitals(struct prompt *p, const char *text, size_t n) {
  size_t i = 0;
  while (i < n && p->people.n < MAX_CAST) {
    if (!word_byte(text[i])) {
      i++;
      continue;
    }
    size_t from = i, word = word_end(text, n, i);
    i = word;
    if (!capital_at(text + from, n - from)) continue;
    size_t end = run_end(text, n, word);
    i = end;
    if (everyday((struct span){text + from, word - from})) continue; /* "The Salt Ledger": a title, no name */
    if (end - from > 2 && memcmp(text + end - 2, "'s", 2) == 0) end -= 2;
    if (end - from > 2) take_capitalised(p, text, from, end);
  }
}

/* ---- numbers ---- */

static long number_word(const char *s, size_t n) {
  static const char *const words[] = {"one", "two",   "three", "four", "five",
                                      "six", "seven", "eight", "nine", NULL};
  for (int i = 0; words[i]; i++)
    if (strlen(words[i]) == n && strncasecmp(s, words[i], n) == 0) return i + 1;
  return 0;
}

/* The number that ends at text[end), "1,200" too; *from is where it begins. 0 when there is none. */
static long number_before(const char *text, size_t end, size_t *from) {
  size_t i = end;
  while (i > 0 && (isdigit((unsigned char)text[i - 1]) || (text[i - 1] == ',' && i < end))) i--;
  *from = i;
  if (i == end) {
    while (i > 0 && isalpha((unsigned char)text[i - 1])) i--;
    *from = i;
    return number_word(text + i, end - i);
  }
  long v = 0;
  for (; i < end && v < 10000000; i++)
    if (text[i] != ',') v = v * 10 + (text[i] - '0');
  return v;
}

static bool said_before(const char *text, size_t at, const char *word) {
  size_t n = strlen(word);
  return at >= n && strncasecmp(text + at - n, word, n) == 0;
}

static long count_before(const char *text, size_t n, const char *unit) {
  long loose = 0, firm = 0;
  for (const char *hit = text; (hit = memmem(hit, n - (size_t)(hit - text), unit, strlen(unit))); hit++) {
    size_t from;
    long v = number_before(text, (size_t)(hit - text), &from);
    if (!v) continue;
    bool about = said_before(text, from, "about ") || said_before(text, from, "around ") ||
                 said_before(text, from, "roughly ") || said_before(text, from, "approximately ");
    if (about) firm = v;
    loose = v;
  }
  return firm ? firm : loose;
}

static long count_asked(const struct prompt *p, const char *unit) {
  size_t tail = p->n_task > TASK_TAIL ? TASK_TAIL : p->n_task;
  long v = count_before(p->task + p->n_task - tail, tail, unit);
  return v || tail == p->n_task ? v : count_before(p->task, p->n_task, unit);
}

static long number_after(const char **at, const char *end) {
  while (*at < end && **at == ' ') (*at)++;
  long v = 0;
  while (*at < end && isdigit((unsigned char)**at) && v < 1000000) v = v * 10 + (*(*at)++ - '0');
  return v;
}

/* "chapters 5 to 8", "chapters 5-8", "chapter 7": the last of each in the task. */
static void scan_chapters(struct prompt *p) {
  size_t tail = p->n_task > TASK_TAIL ? TASK_TAIL : p->n_task;
  const char *text = p->task + p->n_task - tail, *end = text + tail;
  for (const char *hit = text; (hit = memmem(hit, (size_t)(end - hit), "hapter", 6));) {
    hit += 6;
    const char *at = hit;
    bool many = at < end && *at == 's';
    if (many) at++;
    long first = number_after(&at, end);
    if (!first) continue;
    if (!many) p->chapter = first;
    static const char *const joints[] = {" to ", "-", "\xE2\x80\x93", " through ", " and ", NULL};
    for (const char *const *j = joints; *j; j++) {
      if ((size_t)(end - at) < strlen(*j) || memcmp(at, *j, strlen(*j)) != 0) continue;
      const char *after = at + strlen(*j);
      long last = number_after(&after, end);
      if (last >= first) p->first = first, p->last = last;
      break;
    }
  }
}

long prompt_count_for(const struct prompt *p, const char *key) {
  static const char phrase[] = "eturn exactly ";
  const char *end = p->task + p->n_task;
  for (const char *hit = p->task; (hit = memmem(hit, (size_t)(end - hit), phrase, sizeof phrase - 1));) {
    hit += sizeof phrase - 1;
    const char *at = hit;
    long v = number_after(&at, end);
    static const char items[] = " items for ";
    if ((size_t)(end - at) < sizeof items || memcmp(at, items, sizeof items - 1) != 0) continue;
    at += sizeof items - 1;
    while (at < end && strchr("\"'`", *at)) at++;
    size_t n = strlen(key);
    bool same = (size_t)(end - at) >= n && memcmp(at, key, n) == 0;
    if (same && (at + n == end || !(word_byte(at[n]) || at[n] == '_'))) return v;
  }
  return 0;
}

/* ---- choices ---- */

static bool choice_like(struct span s, bool quoted) {
  if (!s.n || s.n > 40) return false;
  if (quoted) return true;
  bool upper = true;
  for (size_t i = 0; i < s.n; i++) {
    if (!isalnum((unsigned char)s.at[i]) && s.at[i] != '_' && s.at[i] != '-') return false;
    if (islower((unsigned char)s.at[i])) upper = false;
  }
  return upper || s.n <= 12;
}

static int split_choices(struct span s, struct span *choices, int most) {
  int n = 0;
  bool has_or = memmem(s.at, s.n, " or ", 4) != NULL;
  while (s.n && has_or) {
    const char *comma = memchr(s.at, ',', s.n), * or = memmem(s.at, s.n, " or ", 4);
    size_t end = s.n, skip = 0;
    if (comma) end = (size_t)(comma - s.at), skip = 1;
    if (or &&(size_t)(or -s.at) < end) end = (size_t)(or -s.at), skip = 4;
    struct span raw = {s.at, end}, one = trimmed(raw);
    if (one.n > 3 && memcmp(one.at, "or ", 3) == 0) one = trimmed((struct span){one.at + 3, one.n - 3});
    bool quoted = one.at > raw.at && strchr("\"'`*", one.at[-1]) != NULL;
    if (!choice_like(one, quoted) || n == most) return 0;
    choices[n++] = one;
    s.at += end + skip;
    s.n -= end + skip;
  }
  return n >= 2 ? n : 0;
}

/* "only with exactly one of" says nothing about the options. */
static const char *skip_fillers(const char *at, const char *end) {
  static const char *const fillers[] = {" only",   " with",     " exactly",  " just", " either",
                                        " one of", " one word", " a single", " word", ":"};
  size_t n = sizeof fillers / sizeof *fillers;
  for (size_t i = 0; i < n; i++) {
    size_t length = strlen(fillers[i]);
    if ((size_t)(end - at) <= length || memcmp(at, fillers[i], length) != 0) continue;
    at += length;
    i = (size_t)-1; /* from the first again */
  }
  return at;
}

int prompt_choices(const struct prompt *p, struct span *choices, int most) {
  static const char *const verbs[] = {"nswer", "eply", "espond", NULL};
  size_t tail = p->n_task > TASK_TAIL ? TASK_TAIL : p->n_task;
  const char *text = p->task + p->n_task - tail, *end = text + tail;
  int found = 0;
  for (const char *const *verb = verbs; *verb && !found; verb++)
    for (const char *hit = text; !found && (hit = memmem(hit, (size_t)(end - hit), *verb, strlen(*verb)));) {
      hit += strlen(*verb);
      const char *at = skip_fillers(hit, end);
      if (at == hit && (at == end || *at != ' ')) continue; /* "answers", "replying" */
      size_t n = 0;
      while (at + n < end && n < 400 && !strchr(".\n;(", at[n])) n++;
      found = split_choices((struct span){at, n}, choices, most);
    }
  return found;
}

/* ---- all of it ---- */

static void append_content(struct buf *out, const json_t *content) {
  if (json_is_string(content)) {
    buf_append(out, json_string_value(content), json_string_length(content));
    return;
  }
  size_t i;
  json_t *part;
  json_array_foreach(content, i, part) {
    const json_t *text = json_object_get(part, "text");
    if (json_is_string(text)) buf_append(out, json_string_value(text), json_string_length(text));
  }
}

static enum err join_messages(const json_t *request, struct prompt *p, struct buf *memory, struct error *e) {
  const json_t *messages = json_object_get(request, "messages");
  if (!json_array_size(messages)) return err_set(e, ERR_INVALID, "the request has no messages");
  size_t task = 0, n_task = 0, i;
  bool asked = false;
  json_t *message;
  json_array_foreach(messages, i, message) {
    size_t from = memory->len;
    append_content(memory, json_object_get(message, "content"));
    bool user = strcmp(jsonx_str(message, "role", ""), "user") == 0;
    if (user || !asked) task = from, n_task = memory->len - from;
    asked = asked || user;
    buf_puts(memory, "\n\n");
  }
  p->all = memory->data;
  p->n_all = memory->len;
  p->task = memory->data + task;
  p->n_task = n_task;
  return OK;
}

static void find_scene_break(struct prompt *p) {
  static const char *const marks[] = {"* * *", "***", "---", "###", NULL};
  p->scene_break = "* * *";
  for (const char *const *m = marks; *m; m++)
    if (memmem(p->task, p->n_task, *m, strlen(*m))) {
      p->scene_break = *m;
      return;
    }
}

enum err prompt_read(const json_t *request, struct prompt *p, struct buf *memory, struct error *e) {
  memset(p, 0, sizeof *p);
  enum err err = join_messages(request, p, memory, e);
  if (err) return err;
  p->refs = mem_alloc(MAX_REFS * sizeof *p->refs);
  scan_json(p);
  scan_lines(p);
  scan_task_place(p);
  size_t tail = p->n_task > TASK_TAIL ? TASK_TAIL : p->n_task;
  const char *task_tail = p->task + p->n_task - tail;
  if (p->people.n == 0) scan_capitals(p, task_tail, tail);
  if (p->people.n == 0) scan_capitals(p, p->all, p->n_all);
  mark_names_of_task(&p->people, task_tail, tail);
  mark_names_of_task(&p->places, task_tail, tail);
  scan_chapters(p);
  find_scene_break(p);
  p->words = count_asked(p, " words");
  p->scenes = count_asked(p, " scenes");
  p->max_tokens = (long)jsonx_int(request, "max_completion_tokens", jsonx_int(request, "max_tokens", 0));
  return OK;
}

void prompt_release(struct prompt *p) {
  free(p->refs);
  p->refs = NULL;
}
