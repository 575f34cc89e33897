/* diff.c - words and the white space between them are tokens; Myers' O(ND) walk finds the shortest edit, keeping one row of furthest
 * points for each step to walk back on.
 *
 * Common ends are cut off first. When the middle differs by more than MOST_STEPS words, it is shown as one replacement. */
#include "view/diff.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { MOST_STEPS = 2000 };
enum op { EQUAL, DELETE, INSERT };

struct token {
  const char *at;
  size_t n;
};
struct tokens {
  struct token *t;
  int n;
};

/* Words, single line breaks, and runs of blanks. */
static struct tokens split(const char *s) {
  struct tokens out = {.t = mem_alloc((strlen(s) + 1) * sizeof *out.t)};
  while (*s) {
    size_t n = 1;
    if (*s == ' ' || *s == '\t')
      n = strspn(s, " \t");
    else if (*s != '\n')
      n = strcspn(s, " \t\n");
    out.t[out.n++] = (struct token){s, n};
    s += n;
  }
  return out;
}

static bool same(struct token a, struct token b) {
  return a.n == b.n && memcmp(a.at, b.at, a.n) == 0;
}

/* ---- the walk */

struct part {
  enum op op;
  const char *at; /* consecutive tokens are consecutive in their text */
  size_t n;
};
struct script {
  struct part *parts;
  size_t n, cap;
};

static void add(struct script *s, enum op op, struct token t) {
  struct part *last = s->n ? &s->parts[s->n - 1] : NULL;
  if (last && last->op == op && last->at + last->n == t.at) {
    last->n += t.n;
    return;
  }
  if (s->n == s->cap) {
    s->cap = s->cap ? s->cap * 2 : 64;
    s->parts = mem_grow(s->parts, s->cap * sizeof *s->parts);
  }
  s->parts[s->n++] = (struct part){op, t.at, t.n};
}

struct walk {
  const struct token *a, *b;
  int n, m;
  int **rows; /* rows[d][k + d]: furthest x on diagonal k after d steps */
  int steps;
};

static int row_at(const struct walk *w, int d, int k) {
  return k < -d || k > d ? -1 : w->rows[d][k + d];
}

/* Furthest x on diagonal k after d steps, before the run of equal tokens; -1: it cannot be reached. */
static int enter(const struct walk *w, int d, int k) {
  if (d == 0) return 0;
  int down = k < d ? row_at(w, d - 1, k + 1) : -1, right = k > -d ? row_at(w, d - 1, k - 1) : -1;
  if (down < 0 && right < 0) return -1;
  return down > right ? down : right + 1;
}

static bool walk_forward(struct walk *w) {
  int most = w->n + w->m < MOST_STEPS ? w->n + w->m : MOST_STEPS;
  w->rows = mem_alloc((size_t)(most + 1) * sizeof *w->rows);
  for (int d = 0; d <= most; d++) {
    w->rows[d] = mem_alloc((size_t)(2 * d + 1) * sizeof **w->rows);
    w->steps = d + 1;
    for (int k = -d; k <= d; k++) w->rows[d][k + d] = -1;
    for (int k = -d; k <= d; k += 2) {
      int x = enter(w, d, k), y = x - k;
      if (x < 0 || x > w->n || y > w->m || y < 0) continue;
      while (x < w->n && y < w->m && same(w->a[x], w->b[y])) x++, y++;
      w->rows[d][k + d] = x;
      if (x == w->n && y == w->m) return true;
    }
  }
  return false;
}

/* From the end back to the start, marking which token of which side was stepped over. */
static void walk_back(const struct walk *w, char *gone, char *come) {
  int x = w->n, y = w->m;
  for (int d = w->steps - 1; d > 0; d--) {
    int k = x - y, down = k < d ? row_at(w, d - 1, k + 1) : -1, right = k > -d ? row_at(w, d - 1, k - 1) : -1;
    if (down > right) {
      x = down;
      y = down - (k + 1);
      come[y] = 1;
    } else {
      x = right;
      y = right - (k - 1);
      gone[x] = 1;
    }
  }
}

static bool blank(struct token t) {
  return *t.at == ' ' || *t.at == '\t';
}

/* A blank that stayed between two words that did not: it goes with them, so that a sentence is replaced as a whole. */
static void join_words(const struct token *a, int n, int m, char *gone, char *come) {
  bool changed = false;
  for (int x = 0, y = 0; x < n || y < m;) {
    if (x < n && gone[x]) {
      changed = true;
      x++;
    } else if (y < m && come[y]) {
      changed = true;
      y++;
    } else {
      bool next = (x + 1 < n && gone[x + 1]) || (y + 1 < m && come[y + 1]);
      changed = changed && next && blank(a[x]);
      if (changed) gone[x] = come[y] = 1;
      x++;
      y++;
    }
  }
}

static void middle(const struct token *a, int n, const struct token *b, int m, struct script *out) {
  struct walk w = {.a = a, .b = b, .n = n, .m = m};
  char *gone = mem_alloc((size_t)n + 1), *come = mem_alloc((size_t)m + 1);
  if (walk_forward(&w)) {
    walk_back(&w, gone, come);
    join_words(a, n, m, gone, come);
  } else {
    memset(gone, 1, (size_t)n);
    memset(come, 1, (size_t)m);
  }
  for (int x = 0, y = 0; x < n || y < m;) {
    if (x < n && gone[x])
      add(out, DELETE, a[x++]);
    else if (y < m && come[y])
      add(out, INSERT, b[y++]);
    else
      add(out, EQUAL, a[x++]), y++;
  }
  for (int d = 0; d < w.steps; d++) free(w.rows[d]);
  free(w.rows);
  free(gone);
  free(come);
}

static struct script compare(const char *old, const char *new) {
  struct tokens a = split(old), b = split(new);
  struct script out = {0};
  int head = 0, tail = 0;
  while (head < a.n && head < b.n && same(a.t[head], b.t[head])) head++;
  while (tail < a.n - head && tail < b.n - head && same(a.t[a.n - 1 - tail], b.t[b.n - 1 - tail])) tail++;
  for (int i = 0; i < head; i++) add(&out, EQUAL, a.t[i]);
  middle(a.t + head, a.n - head - tail, b.t + head, b.n - head - tail, &out);
  for (int i = a.n - tail; i < a.n; i++) add(&out, EQUAL, a.t[i]);
  free(a.t);
  free(b.t);
  return out;
}

/* ---- showing */

static size_t count_words(const char *s, size_t n) {
  size_t words = 0;
  for (size_t i = 0; i < n; i++)
    if (!isspace((unsigned char)s[i]) && (i == 0 || isspace((unsigned char)s[i - 1]))) words++;
  return words;
}

/* The first `lines` lines; 0 when there are no more than these. */
static size_t lines_end(const char *s, size_t n, int lines) {
  for (size_t i = 0; i < n; i++)
    if (s[i] == '\n' && lines-- == 0) return i + 1;
  return 0;
}

static size_t lines_begin(const char *s, size_t n, int lines) {
  for (size_t i = n; i > 0; i--)
    if (s[i - 1] == '\n' && lines-- == 0) return i;
  return 0;
}

static void show_equal(const struct part *p, int context, bool first, bool last, struct buf *out) {
  size_t head = context < 0 || first ? 0 : lines_end(p->at, p->n, context);
  size_t tail = context < 0 || last ? p->n : lines_begin(p->at, p->n, context);
  if (context < 0 || (first ? tail == 0 : last ? head == 0 : !head || !tail || head >= tail)) {
    buf_append(out, p->at, p->n);
    return;
  }
  if (!first) buf_append(out, p->at, head);
  buf_puts(out, "...\n");
  if (!last) buf_append(out, p->at + tail, p->n - tail);
}

size_t diff_words(const char *old, const char *new, const struct diff_marks *marks, int context,
                  struct buf *out) {
  static const struct diff_marks plain = {"{-", "-}", "{+", "+}"};
  const struct diff_marks *m = marks ? marks : &plain;
  struct script s = compare(old, new);
  size_t words = 0;
  for (size_t i = 0; i < s.n; i++) {
    const struct part *p = &s.parts[i];
    if (p->op == EQUAL) {
      if (s.n > 1) show_equal(p, context, i == 0, i + 1 == s.n, out);
      continue;
    }
    words += count_words(p->at, p->n);
    buf_puts(out, p->op == DELETE ? m->gone : m->added);
    buf_append(out, p->at, p->n);
    buf_puts(out, p->op == DELETE ? m->gone_end : m->added_end);
  }
  free(s.parts);
  return words;
}

json_t *diff_words_json(const char *old, const char *new, const char *const names[3]) {
  static const char *const words[] = {"equal", "delete", "insert"};
  struct script s = compare(old, new);
  json_t *list = json_array();
  for (size_t i = 0; i < s.n; i++) {
    json_t *text = json_stringn(s.parts[i].at, s.parts[i].n);
    json_array_append_new(list, json_pack("{s:s, s:o}", "op", (names ? names : words)[s.parts[i].op], "text",
                                          text ? text : json_string("(not UTF-8)")));
  }
  free(s.parts);
  return list;
}
