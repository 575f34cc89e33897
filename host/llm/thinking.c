/* thinking.c - a table of marks and a search for their first bytes. */
#include "llm/thinking.h"

#include <string.h>

enum effect { BEGINS, ENDS, IS_NOTHING };

/* at_line: counts at the beginning of a line only. Longer ones of the same beginning come first. */
static const struct mark {
  const char *text;
  enum effect effect;
  bool at_line;
} marks[] = {
    {"<think>", BEGINS, true},
    {"<thinking>", BEGINS, true},
    {"<thought>", BEGINS, true},
    {"<reasoning>", BEGINS, true},
    {"<seed:think>", BEGINS, true},
    {"[THINK]", BEGINS, true},
    {"<|channel|>analysis<|message|>", BEGINS, false},
    {"<|channel|>commentary<|message|>", BEGINS, false},
    {"<|start|>assistant<|channel|>analysis<|message|>", BEGINS, false},
    {"</think>", ENDS, false},
    {"</thinking>", ENDS, false},
    {"</thought>", ENDS, false},
    {"</reasoning>", ENDS, false},
    {"</seed:think>", ENDS, false},
    {"[/THINK]", ENDS, false},
    {"<|start|>assistant<|channel|>final<|message|>", ENDS, false},
    {"<|channel|>final<|message|>", ENDS, false},
    {"<|end|>", IS_NOTHING, false},
    {"<|return|>", IS_NOTHING, false},
    {"<|im_end|>", IS_NOTHING, false},
    {"<|eot_id|>", IS_NOTHING, false},
    {"<|endoftext|>", IS_NOTHING, false},
    {"<|end_of_text|>", IS_NOTHING, false},
    {"<end_of_turn>", IS_NOTHING, false},
};
enum { N_MARKS = sizeof marks / sizeof *marks };

static void put(struct thinking *t, const char *s, size_t n, struct thinking_out *out) {
  while (t->skips_space && n && (*s == '\n' || *s == ' ' || *s == '\r' || *s == '\t')) s++, n--;
  if (!n) return;
  t->skips_space = false;
  t->inside_line = s[n - 1] != '\n';
  buf_append(t->state == SAYS ? out->text : out->reasoning, s, n);
}

/* The mark at s, NULL: none. *may_be: the bytes are the beginning of one that is not whole yet. */
static const struct mark *mark_at(const struct thinking *t, const char *s, size_t n, bool *may_be) {
  *may_be = false;
  for (int i = 0; i < N_MARKS; i++) {
    size_t length = strlen(marks[i].text), common = n < length ? n : length;
    if ((marks[i].at_line && t->inside_line) || memcmp(s, marks[i].text, common) != 0) continue;
    if (common == length) return &marks[i];
    *may_be = true;
  }
  return NULL;
}

static void pass(struct thinking *t, const struct mark *m, struct thinking_out *out) {
  if (m->effect == BEGINS) t->state = THINKS;
  if (m->effect == ENDS) {
    if (t->state == SAYS && !t->spoke) {
      out->all_was_thought = true; /* the caller moves what it has, and what this piece gave before */
      buf_append(out->reasoning, out->text->data, out->text->len);
      buf_clear(out->text);
    }
    t->state = SAYS;
  }
  if (m->effect != IS_NOTHING) {
    t->spoke = true;
    t->inside_line = false;
    t->skips_space = true;
  }
}

static size_t next_mark(const char *s, size_t n) {
  const char *angle = memchr(s, '<', n);
  size_t at = angle ? (size_t)(angle - s) : n;
  const char *bracket = memchr(s, '[', at);
  return bracket ? (size_t)(bracket - s) : at;
}

/* Takes what is certain of s[0..n); returns how much that is. The rest may be the beginning of a mark. */
static size_t take(struct thinking *t, const char *s, size_t n, struct thinking_out *out) {
  size_t done = 0;
  while (done < n) {
    size_t plain = next_mark(s + done, n - done);
    put(t, s + done, plain, out);
    done += plain;
    if (done == n) break;
    bool may_be;
    const struct mark *m = mark_at(t, s + done, n - done, &may_be);
    if (m) {
      pass(t, m, out);
      done += strlen(m->text);
    } else if (may_be) {
      break;
    } else {
      put(t, s + done, 1, out);
      done++;
    }
  }
  return done;
}

bool thinking_passes(struct thinking *t, const char *s, size_t n) {
  if (t->state != SAYS || t->n_held || t->skips_space || next_mark(s, n) < n) return false;
  if (n) t->inside_line = s[n - 1] != '\n';
  return true;
}

void thinking_feed(struct thinking *t, const char *s, size_t n, struct thinking_out *out) {
  out->all_was_thought = false;
  while (n && t->n_held) { /* byte by byte until it is known what was held back */
    t->held[t->n_held++] = *s++;
    n--;
    size_t done = take(t, t->held, t->n_held, out);
    memmove(t->held, t->held + done, t->n_held -= done);
  }
  size_t done = take(t, s, n, out);
  memcpy(t->held + t->n_held, s + done, n - done);
  t->n_held += n - done;
}

void thinking_end(struct thinking *t, struct thinking_out *out) {
  out->all_was_thought = false;
  put(t, t->held, t->n_held, out);
  t->n_held = 0;
}
