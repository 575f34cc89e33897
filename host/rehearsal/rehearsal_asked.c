/* rehearsal_asked.c - what a task asks for, in so many words: how many words and scenes, which chapters, which of its answers.
 *
 * task_read -> prompt_count_for, prompt_choices. Any thread. Looks at the last TASK_TAIL bytes of the last user message: what
 * stands before is reference. */
#include <ctype.h>
#include <stdlib.h>

#include "rehearsal/rehearsal_span.h"

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
    if (same &&
        (at + n == end || !(isalnum((unsigned char)at[n]) || (unsigned char)at[n] >= 0x80 || at[n] == '_')))
      return v;
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
    struct span raw = {s.at, end}, one = span_trimmed(raw);
    if (one.n > 3 && memcmp(one.at, "or ", 3) == 0) one = span_trimmed((struct span){one.at + 3, one.n - 3});
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

static void find_scene_break(struct prompt *p) {
  static const char *const marks[] = {"* * *", "***", "---", "###", NULL};
  p->scene_break = "* * *";
  for (const char *const *m = marks; *m; m++)
    if (memmem(p->task, p->n_task, *m, strlen(*m))) {
      p->scene_break = *m;
      return;
    }
}

void task_read(struct prompt *p) {
  scan_chapters(p);
  find_scene_break(p);
  p->words = count_asked(p, " words");
  if (!p->words)
    p->words = count_asked(p, " characters") / 2; /* Chinese and Japanese are asked for in characters */
  p->scenes = count_asked(p, " scenes");
}
