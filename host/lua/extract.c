/* extract.c - a tolerant JSON reader, and where in an answer to start it.
 *
 * json_extract: the whole answer if it begins like JSON -> the contents of code fences -> each '{' or '[' in turn.
 * A place that looked like JSON but is broken is left behind as a whole: else a piece from its inside would be
 * taken for the document. All attempts together may read WORK_PER_BYTE bytes for each byte of the answer. */
#include "lua/extract.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/jsonx.h"
#include "base/text.h"
#include "base/utf8.h"

enum { DEPTH_MAX = 100, WORK_PER_BYTE = 16, NUMBER_MAX = 400 };

enum stop { STOP_NONE, STOP_BROKEN, STOP_CUT };

struct reader {
  const char *p, *end;
  int depth;
  enum stop stop;
  const char *problem;  /* why it stopped */
  bool looks_like_json; /* a key with its colon, or an element with its comma, was read */
  struct buf string;    /* the string being read */
};

static json_t *read_value(struct reader *r);

static json_t *broken(struct reader *r, const char *problem) {
  if (!r->stop) {
    r->stop = r->p >= r->end ? STOP_CUT : STOP_BROKEN;
    r->problem = problem;
  }
  return NULL;
}

static bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static const char *after_space(const char *p, const char *end) {
  for (;;) {
    if (p < end && is_space(*p))
      p++;
    else if (end - p >= 2 && memcmp(p, "\xc2\xa0", 2) == 0) /* no-break space */
      p += 2;
    else
      return p;
  }
}

/* Comments between values: "// the cast" and a block. Inside a string nobody comes by here. */
static const char *after_comments(const char *p, const char *end) {
  for (;;) {
    p = after_space(p, end);
    if (end - p < 2 || *p != '/') return p;
    const char *close = NULL;
    if (p[1] == '/') {
      close = memchr(p, '\n', (size_t)(end - p));
      p = close ? close : end;
    } else if (p[1] == '*') {
      close = memmem(p + 2, (size_t)(end - p - 2), "*/", 2);
      p = close ? close + 2 : end;
    } else {
      return p;
    }
  }
}

static char peek(struct reader *r) {
  r->p = after_comments(r->p, r->end);
  return r->p < r->end ? *r->p : '\0';
}

/* ---- strings ---- */

/* Bytes of a typographic double quote (U+201C to U+201F) at p, or 0. */
static size_t smart_quote(const char *p, const char *end) {
  bool one = end - p >= 3 && p[0] == '\xe2' && p[1] == '\x80' && p[2] >= '\x9c' && p[2] <= '\x9f';
  return one ? 3 : 0;
}

/* A string opened by a quote that is not ASCII's may hold such quotes: one closes it only where JSON would go on. */
static bool ends_here(const char *behind, const char *end) {
  const char *next = after_space(behind, end);
  return next == end || *next == ',' || *next == ':' || *next == ']' || *next == '}';
}

static size_t closing_quote(const char *p, const char *end, char opened_by) {
  size_t smart = smart_quote(p, end);
  if (opened_by == '"') return *p == '"';
  if (opened_by == '\'') return *p == '\'' && ends_here(p + 1, end);
  if (smart) return ends_here(p + smart, end) ? smart : 0;
  return *p == '"' && ends_here(p + 1, end);
}

static void put_code_point(struct buf *out, uint32_t cp) {
  char s[UTF8_MOST];
  buf_append(out, s, utf8_encode(s, cp >= 0xd800 && cp < 0xe000 ? 0xfffd : cp));
}

/* Four hexadecimal digits at p, or -1. */
static int32_t four_digits(const char *p, const char *end) {
  int32_t v = 0;
  for (int i = 0; i < 4; i++) {
    char c = p + i < end ? p[i] : ' ', low = (char)(c | 0x20);
    bool letter = low >= 'a' && low <= 'f', digit = c >= '0' && c <= '9';
    if (!letter && !digit) return -1;
    v = v << 4 | (digit ? c - '0' : low - 'a' + 10);
  }
  return v;
}

/* p is at the 'u' of \u; returns what follows the escape. A half pair becomes U+FFFD. */
static const char *read_unicode(struct reader *r, const char *p) {
  int32_t high = four_digits(p + 1, r->end), low = -1;
  if (high < 0) {
    buf_puts(&r->string, "\\u");
    return p + 1;
  }
  p += 5;
  bool pair = high >= 0xd800 && high < 0xdc00 && r->end - p >= 6 && p[0] == '\\' && p[1] == 'u';
  if (pair) low = four_digits(p + 2, r->end);
  if (low < 0xdc00 || low >= 0xe000) {
    put_code_point(&r->string, (uint32_t)high);
    return p;
  }
  put_code_point(&r->string, 0x10000u + (((uint32_t)high - 0xd800) << 10) + ((uint32_t)low - 0xdc00));
  return p + 6;
}

/* p is behind the backslash. An escape that JSON does not know stands for itself: "\d" is a model's slip. */
static const char *read_escape(struct reader *r, const char *p) {
  static const char letters[] = "bfnrt\"\\/'\n", plain[] = "\b\f\n\r\t\"\\/'\n";
  if (*p == 'u') return read_unicode(r, p);
  const char *hit = *p ? strchr(letters, *p) : NULL;
  if (!hit) {
    buf_putc(&r->string, '\\');
    return p;
  }
  buf_putc(&r->string, plain[hit - letters]);
  return p + 1;
}

/* One character that is neither quote nor backslash. */
static const char *read_plain(struct reader *r, const char *p) {
  const char *from = p;
  while (p < r->end && (unsigned char)*p < 0x80 && *p != '"' && *p != '\'' && *p != '\\') p++;
  if (p > from) {
    buf_append(&r->string, from, (size_t)(p - from));
    return p;
  }
  uint32_t cp;
  int len = utf8_decode(p, (size_t)(r->end - p), &cp);
  if (len < 0)
    buf_puts(&r->string, "\xef\xbf\xbd");
  else
    buf_append(&r->string, p, (size_t)len);
  return p + (len < 0 ? 1 : len);
}

/* Into r->string. */
static bool read_string(struct reader *r) {
  char opened_by = *r->p;
  size_t smart = smart_quote(r->p, r->end);
  const char *p = r->p + (smart ? smart : 1);
  buf_clear(&r->string);
  while (p < r->end) {
    size_t closing = closing_quote(p, r->end, opened_by);
    if (closing) {
      r->p = p + closing;
      return true;
    }
    if (*p == '\\' && p + 1 < r->end)
      p = read_escape(r, p + 1);
    else
      p = read_plain(r, p);
  }
  r->p = r->end;
  broken(r, "a string has no end");
  return false;
}

static bool at_string(struct reader *r) {
  char c = peek(r);
  return c == '"' || c == '\'' || smart_quote(r->p, r->end);
}

/* ---- values ---- */

static json_t *read_word(struct reader *r) {
  static const struct {
    const char *word;
    json_type type;
  } words[] = {{"true", JSON_TRUE}, {"false", JSON_FALSE}, {"null", JSON_NULL},
               {"True", JSON_TRUE}, {"False", JSON_FALSE}, {"None", JSON_NULL}};
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
    size_t n = strlen(words[i].word), there = (size_t)(r->end - r->p);
    if (memcmp(words[i].word, r->p, n < there ? n : there) != 0) continue;
    r->p += n < there ? n : there;
    if (there < n) return broken(r, "a word has no end");
    return words[i].type == JSON_NULL ? json_null() : json_boolean(words[i].type == JSON_TRUE);
  }
  return broken(r, "a value is expected here");
}

static size_t digits(struct reader *r) {
  const char *from = r->p;
  while (r->p < r->end && *r->p >= '0' && *r->p <= '9') r->p++;
  return (size_t)(r->p - from);
}

/* Moves over a number; false when it is none. `*real`: it has a point or an exponent. */
static bool scan_number(struct reader *r, bool *real) {
  if (*r->p == '-') r->p++;
  const char *first = r->p;
  size_t n = digits(r);
  if (!n || (n > 1 && *first == '0')) return false;
  if (r->p < r->end && *r->p == '.') {
    *real = true;
    r->p++;
    if (!digits(r)) return false;
  }
  if (r->p == r->end || (*r->p | 0x20) != 'e') return true;
  *real = true;
  r->p++;
  if (r->p < r->end && (*r->p == '+' || *r->p == '-')) r->p++;
  return digits(r) > 0;
}

/* Integers beyond 64 bits become reals. */
static json_t *read_number(struct reader *r) {
  char text[NUMBER_MAX];
  const char *from = r->p;
  bool real = false;
  if (!scan_number(r, &real)) return broken(r, "a number is not complete");
  size_t n = (size_t)(r->p - from);
  if (r->p == r->end) return broken(r, "a number may not be complete");
  if (n >= sizeof text) return broken(r, "a number has too many digits");
  memcpy(text, from, n);
  text[n] = '\0';
  errno = 0;
  long long whole = real ? 0 : strtoll(text, NULL, 10);
  if (!real && errno == 0) return json_integer(whole);
  double x = strtod(text, NULL);
  return isfinite(x) ? json_real(x) : broken(r, "a number is too large");
}

static bool go_down(struct reader *r) {
  if (++r->depth > DEPTH_MAX) {
    broken(r, "nested deeper than 100 levels");
    return false;
  }
  r->p++;
  return true;
}

/* Behind a member or an element. True: another may follow. */
static bool read_comma(struct reader *r, char closing) {
  char c = peek(r);
  if (c == closing) return true;
  if (c != ',') {
    broken(r, closing == '}' ? "',' or '}' is expected here" : "',' or ']' is expected here");
    return false;
  }
  r->p++;
  r->looks_like_json = true;
  return true;
}

static bool read_member(struct reader *r, json_t *object) {
  if (!at_string(r)) {
    broken(r, "a key in quotes is expected here");
    return false;
  }
  if (!read_string(r)) return false;
  if (peek(r) != ':') {
    broken(r, "':' is expected here");
    return false;
  }
  r->p++;
  r->looks_like_json = true;
  if (memchr(r->string.data, '\0', r->string.len)) {
    broken(r, "a key holds a zero byte");
    return false;
  }
  char *key = buf_take(&r->string);
  json_t *v = read_value(r);
  bool done = v && json_object_set_new_nocheck(object, key, v) == 0;
  free(key);
  return done && read_comma(r, '}');
}

static json_t *read_object(struct reader *r) {
  if (!go_down(r)) return NULL;
  json_t *object = json_object();
  while (peek(r) != '}') {
    if (read_member(r, object)) continue;
    json_decref(object);
    return NULL;
  }
  r->p++;
  r->depth--;
  return object;
}

static json_t *read_array(struct reader *r) {
  if (!go_down(r)) return NULL;
  json_t *array = json_array();
  while (peek(r) != ']') {
    json_t *v = read_value(r);
    if (v && json_array_append_new(array, v) == 0 && read_comma(r, ']')) continue;
    json_decref(array);
    return NULL;
  }
  r->p++;
  r->depth--;
  return array;
}

static json_t *read_value(struct reader *r) {
  char c = peek(r);
  if (c == '{') return read_object(r);
  if (c == '[') return read_array(r);
  if (r->p == r->end) return broken(r, "the text ends too early");
  if (at_string(r)) return read_string(r) ? json_stringn_nocheck(r->string.data, r->string.len) : NULL;
  if (c == '-' || (c >= '0' && c <= '9')) return read_number(r);
  return read_word(r);
}

/* ---- where to read ---- */

struct search {
  const char *text, *end;
  size_t work;    /* bytes that may still be read */
  enum stop stop; /* of the first place that looked like JSON */
  const char *problem, *at;
  struct reader last; /* the last attempt */
};

static void spend(struct search *s, const char *from, const char *to) {
  size_t n = (size_t)(to - from) + 1;
  s->work = n < s->work ? s->work - n : 0;
}

/* Can what follows the bracket be JSON? Spares most brackets of prose an attempt. */
static bool may_begin(const char *from, const char *end) {
  const char *next = after_space(from + 1, end);
  if (next == end || smart_quote(next, end)) return true;
  return *next && strchr(*from == '{' ? "\"'}" : "\"'[]{-0123456789tfnTFN", *next) != NULL;
}

/* Reads the object or list that begins at `from`. */
static json_t *attempt(struct search *s, const char *from, const char *end) {
  struct reader r = {.p = from, .end = end};
  buf_init(&r.string, (size_t)(end - from) * 3 + 16);
  json_t *v = read_value(&r);
  buf_release(&r.string);
  spend(s, from, r.p);
  s->last = r;
  bool begun = r.looks_like_json || (r.stop == STOP_CUT && after_space(from + 1, end) < end);
  if (v || s->problem || !begun) return v;
  s->stop = r.stop;
  s->problem = r.problem;
  s->at = r.p;
  return NULL;
}

/* Behind the bracket that closes the one at `from`, or NULL. Brackets in strings do not count. */
static const char *balanced(struct search *s, const char *from, const char *end) {
  int depth = 0;
  bool in_string = false;
  const char *p = from;
  for (; p < end; p++) {
    if (in_string && *p == '\\')
      p++;
    else if (*p == '"')
      in_string = !in_string;
    else if (!in_string && (*p == '{' || *p == '['))
      depth++;
    else if (!in_string && (*p == '}' || *p == ']') && --depth == 0)
      break;
  }
  if (p > end) p = end;
  spend(s, from, p);
  return p < end ? p + 1 : NULL;
}

static bool opens(const char *p, const char *end) {
  return p < end && (*p == '{' || *p == '[');
}

/* A document of any type that fills the region, or an object or list that begins it. */
static json_t *read_region(struct search *s, const char *from, const char *end) {
  from = after_space(from, end);
  if (opens(from, end)) return attempt(s, from, end);
  json_t *v = NULL;
  if (from < end && strchr("\"-0123456789tfn", *from))
    (void)jsonx_parse(from, (size_t)(end - from), "the answer", &v, NULL); /* v NULL says it */
  return v;
}

/* The first fence at a line's beginning from p on; NULL: none. `*content` is behind its line. */
static const char *find_fence(const char *p, const char *end, const char **content) {
  while (p < end) {
    const char *line_end = memchr(p, '\n', (size_t)(end - p)), *first = p;
    while (first < end && *first == ' ') first++;
    bool fence = end - first >= 3 && (memcmp(first, "```", 3) == 0 || memcmp(first, "~~~", 3) == 0);
    if (fence) {
      *content = line_end ? line_end + 1 : end;
      return p;
    }
    if (!line_end) return NULL;
    p = line_end + 1;
  }
  return NULL;
}

/* The first fence that holds JSON. One that was cut off ends the search: `*cut`. */
static json_t *read_fences(struct search *s, bool *cut) {
  const char *p = s->text, *content, *behind;
  while ((p = find_fence(p, s->end, &content)) != NULL) {
    const char *close = find_fence(content, s->end, &behind);
    json_t *v = read_region(s, content, close ? close : s->end);
    if (v) return v;
    *cut = !close && opens(after_space(content, s->end), s->end) && s->last.stop == STOP_CUT;
    if (!close) return NULL;
    p = behind;
  }
  return NULL;
}

/* The last of the brackets that follow one another from `p` on, if there are several: those between say nothing new, and
 * a long row of them would be read again from each. */
static const char *last_of_row(const char *p, const char *end) {
  const char *last = p, *next;
  while (next = after_space(last + 1, end), next < end && *next == *p) last = next;
  return last;
}

/* Each place where an object or list could begin. */
static json_t *scan(struct search *s) {
  const char *p = s->text;
  while (p < s->end && s->work) {
    if (!opens(p, s->end) || !may_begin(p, s->end)) {
      p++;
      continue;
    }
    json_t *v = attempt(s, p, s->end);
    if (v || (s->last.stop == STOP_CUT && s->last.looks_like_json)) return v;
    const char *behind = s->last.looks_like_json ? balanced(s, p, s->end) : NULL;
    const char *last = last_of_row(p, s->end);
    p = behind ? behind : last > p ? last : p + 1;
  }
  return NULL;
}

static int line_of(const struct search *s, const char *at) {
  int line = 1;
  for (const char *p = s->text; p < at; p++) line += *p == '\n';
  return line;
}

static void explain(const struct search *s, struct error *e) {
  if (s->stop == STOP_CUT)
    err_set(e, ERR_INVALID, "the JSON is cut off: %s at its end (line %d)", s->problem, line_of(s, s->at));
  else if (s->problem)
    err_set(e, ERR_INVALID, "the JSON is broken in line %d of the answer: %s", line_of(s, s->at), s->problem);
  else
    err_set(e, ERR_NOT_FOUND, "there is no JSON object or list in the answer");
}

json_t *json_extract(const char *text, size_t n, struct error *e) {
  if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
    text += 3;
    n -= 3;
  }
  if (n > MAX_JSON_BYTES) {
    err_set(e, ERR_LIMIT, "limit: the answer is larger than %d bytes", (int)MAX_JSON_BYTES);
    return NULL;
  }
  struct search s = {.text = text, .end = text + n, .work = n * WORK_PER_BYTE + 4096};
  bool cut = false;
  json_t *v = read_region(&s, s.text, s.end);
  if (!v) v = read_fences(&s, &cut);
  if (!v && !cut) v = scan(&s);
  if (!v) explain(&s, e);
  return v;
}
