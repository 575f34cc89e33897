/* rehearsal_prompt.c - what the rehearsal model reads out of a prompt: its JSON, its labelled lines, and through its
 * neighbours the names in its prose (rehearsal_names.c) and what the task asks for (rehearsal_asked.c).
 *
 * prompt_read -> prompt_release. Any thread.
 * Prompts are prose with JSON in it, so nothing here parses JSON properly: one pass over the bytes keeps a stack of
 * the keys whose brackets are open, which survives text between two documents and costs a tenth of a parser. */
#include <ctype.h>
#include <stdlib.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "rehearsal/rehearsal_name_words.h"
#include "rehearsal/rehearsal_span.h"

enum { DEPTH_MOST = 32, STRING_MOST = 4 << 10, HEAD_MOST = 40, KEY_MOST = 60 };

static const char *const thing_words[] = {"theme", "motif", "promise", "thread", "event", "chapter", "object",
                                          "item",  "genre", "phase",   "title",  "book",  "series",  NULL};

static bool speaks(struct span s) {
  return s.n && ((unsigned char)s.at[0] >= 0x80 || isupper((unsigned char)s.at[0]));
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
  value = span_trimmed(value);
  if (!place->n && value.n && value.n <= 120) *place = value;
}

static void take_string(struct scan *s, struct span value) {
  struct prompt *p = s->p;
  struct span key = s->key.n ? s->key : container(s), inside = container(s);
  if (span_is(key, span_of("name"))) {
    if (span_has_any(inside, name_words_places_heads))
      names_add(&p->places, value);
    else if (span_has_any(inside, name_words_people_heads) || !span_has_any(inside, thing_words))
      names_add(&p->people, value);
  } else if (span_is(key, span_of("id"))) {
    if (s->depth && value.n && value.n <= KEY_MOST) s->open[s->depth - 1].id = value;
  } else if (span_is(key, span_of("title"))) {
    if (s->depth <= 1) keep_first(&p->title, value);
  } else if (span_is(key, span_of("language"))) {
    keep_first(&p->language, value);
  } else if (span_is(key, span_of("genre"))) {
    keep_first(&p->genre, value);
  } else if (span_has(key, "viewpoint")) {
    p->viewpoint = value;
  } else if (speaks(value) && span_has_any(key, name_words_people_heads)) {
    names_add(&p->people, value);
  } else if (speaks(value) && span_has_any(key, name_words_places_heads)) {
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
  bool is_key = after < n && text[after] == ':' && value.n <= KEY_MOST;
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
  static const char *const ends[] = {":", " (", " - ",          " \xE2\x80\x94", " \xE2\x80\x93",
                                     ",", ";",  "\xEF\xBC\x9A", "\xEF\xBC\x88",  NULL};
  for (const char *const *end = ends; *end; end++) {
    const char *hit = memmem(s, n, *end, strlen(*end));
    if (hit) n = (size_t)(hit - s);
  }
  return n;
}

/* Where the next of a list begins: `end` of this one, and how many bytes stand between them. */
static size_t next_listed(struct span s, size_t *end) {
  static const char *const separators[] = {",",          " and ", "\xE3\x80\x81", "\xEF\xBC\x8C", "\xD8\x8C",
                                           " \xD0\xB8 ", NULL};
  size_t skip = 0;
  *end = s.n;
  for (const char *const *w = separators; *w; w++) {
    const char *hit = memmem(s.at, s.n, *w, strlen(*w));
    if (!hit || (size_t)(hit - s.at) >= *end) continue;
    *end = (size_t)(hit - s.at);
    skip = strlen(*w);
  }
  return skip;
}

static void add_listed(struct names *list, struct span s) {
  while (s.n) {
    size_t end, skip = next_listed(s, &end);
    struct span one = span_trimmed((struct span){s.at, find_name_end(s.at, end)});
    if (one.n && one.at[one.n - 1] == '.') one.n--;
    if (span_ends(one, "\xE3\x80\x82")) one.n -= 3;
    if (speaks(one)) names_add(list, one);
    s.at += end + skip;
    s.n -= end + skip;
  }
}

static struct names *section_of(struct prompt *p, struct span head) {
  if (span_has_any(head, name_words_places_heads)) return &p->places;
  if (span_has_any(head, name_words_people_heads)) return &p->people;
  return NULL;
}

/* The colon that ends a label, also a full-width one. */
static const char *find_colon(const char *s, size_t n, size_t *bytes) {
  static const char wide[] = "\xEF\xBC\x9A";
  const char *colon = memchr(s, ':', n), *wider = memmem(s, n, wide, sizeof wide - 1);
  bool is_wide = wider && (!colon || wider < colon);
  *bytes = is_wide ? sizeof wide - 1 : 1;
  return is_wide ? wider : colon;
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
  size_t colon_bytes, head_most = line.n < HEAD_MOST ? line.n : HEAD_MOST;
  const char *colon = find_colon(line.at, head_most, &colon_bytes);
  if (!colon && !heading) {
    *section = NULL;
    return;
  }
  struct span head = {line.at, colon ? (size_t)(colon - line.at) : line.n};
  struct span rest =
      colon ? (struct span){colon + colon_bytes, line.n - head.n - colon_bytes} : (struct span){"", 0};
  *section = section_of(p, head);
  if (*section) add_listed(*section, rest);
  if (head.n == 9 && span_has(head, "viewpoint")) p->viewpoint = span_trimmed(rest);
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

/* The lines under a heading that speaks of the brief, up to the next heading or the task. */
static struct span brief_of(const struct prompt *p) {
  static const char head[] = "brief\n";
  const char *hit = memmem(p->all, p->n_all, head, sizeof head - 1), *end = p->all + p->n_all;
  const char *line = hit;
  while (line && line > p->all && line[-1] != '\n') line--;
  if (!hit || *line != '#') return (struct span){"", 0};
  if (p->task > hit) end = p->task;
  const char *from = hit + sizeof head - 1, *next = memmem(from, (size_t)(end - from), "\n#", 2);
  return (struct span){from, (size_t)((next ? next : end) - from)};
}

/* Names that no label and no JSON gives: of the brief, else of the task, else of all there is. */
static void find_unlabelled_names(struct prompt *p) {
  size_t tail = p->n_task > TASK_TAIL ? TASK_TAIL : p->n_task;
  struct span task = {p->task + p->n_task - tail, tail}, all = {p->all, p->n_all};
  if (p->people.n == 0) names_read_prose(p, p->brief);
  if (p->people.n == 0) names_read_prose(p, task);
  if (p->people.n == 0) names_read_prose(p, all);
  names_mark_task(&p->people, task);
  names_mark_task(&p->places, task);
}

enum err prompt_read(const json_t *request, struct prompt *p, struct buf *memory, struct error *e) {
  memset(p, 0, sizeof *p);
  enum err err = join_messages(request, p, memory, e);
  if (err) return err;
  p->refs = mem_alloc(MAX_REFS * sizeof *p->refs);
  scan_json(p);
  scan_lines(p);
  scan_task_place(p);
  p->brief = brief_of(p);
  find_unlabelled_names(p);
  task_read(p);
  p->max_tokens = (long)jsonx_int(request, "max_completion_tokens", jsonx_int(request, "max_tokens", 0));
  return OK;
}

void prompt_release(struct prompt *p) {
  free(p->refs);
  p->refs = NULL;
}
