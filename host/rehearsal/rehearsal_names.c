/* rehearsal_names.c - who and where: the list of names, and how names are found in prose that labels nobody.
 *
 * names_add (from rehearsal_prompt.c's labels) -> names_read_prose -> names_mark_task. Any thread.
 * A script with capitals marks its names itself; what is left over is told from the first word of a sentence. A word of another
 * script than the line around it is a name as well ("Then 佐藤美咲 laughed."). In lines without capitals a name is known by its
 * family or given name, or by what stands beside it: the words of rehearsal_name_words.c. */
#include "base/text.h"
#include "rehearsal/rehearsal_letters.h"
#include "rehearsal/rehearsal_name_words.h"
#include "rehearsal/rehearsal_span.h"

enum { NAME_MOST_BYTES = 60, NAME_MOST_WORDS = 5 };

/* ---- the list ---- */

/* A description is no name, though it stands where one could. */
static bool name_like(struct span s) {
  if (s.n < 2 || s.n > NAME_MOST_BYTES || memchr(s.at, '\n', s.n) || memchr(s.at, ',', s.n)) return false;
  int spaces = 0;
  for (size_t i = 0; i < s.n; i++) spaces += s.at[i] == ' ';
  unsigned char c = (unsigned char)s.at[0];
  return spaces < NAME_MOST_WORDS && (c >= 0x80 || letter_is_capital(c) || spaces == 0);
}

/* Is `part` the first or the last word of `whole`? "Mara" and "Mara Venn" are one person. */
static bool part_of(struct span part, struct span whole) {
  if (part.n + 1 >= whole.n) return false;
  bool first = memcmp(whole.at, part.at, part.n) == 0 && whole.at[part.n] == ' ';
  const char *tail = whole.at + whole.n - part.n;
  return first || (memcmp(tail, part.at, part.n) == 0 && tail[-1] == ' ');
}

void names_add(struct names *list, struct span s) {
  s = span_trimmed(s);
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

void names_mark_task(struct names *list, struct span task) {
  for (int i = 0; i < list->n; i++) {
    struct span s = list->list[i];
    list->in_task[i] = memmem(task.at, task.n, s.at, s.n) != NULL;
    const char *space = list->in_task[i] ? NULL : memchr(s.at, ' ', s.n);
    if (space && space - s.at > 2)
      list->in_task[i] = memmem(task.at, task.n, s.at, (size_t)(space - s.at)) != NULL;
  }
}

/* ---- letters and words of a line ---- */

static size_t letter_at(struct span s, size_t i, uint32_t *cp) {
  int n = i < s.n ? utf8_decode(s.at + i, s.n - i, cp) : 0;
  if (n > 0) return (size_t)n;
  *cp = 0;
  return i < s.n;
}

static enum writing writing_at(struct span s, size_t i) {
  uint32_t cp;
  return letter_at(s, i, &cp) ? letter_writing(cp) : NO_LETTER;
}

/* Apostrophes and hyphens belong to the word they stand in. */
static bool joins(uint32_t cp) {
  return cp == '\'' || cp == 0x2019 || cp == '-' || cp == 0x30fb || cp == 0x200c || (cp >= '0' && cp <= '9');
}

/* A word: letters of one kind, cased or not. */
static size_t word_end(struct span s, size_t i) {
  bool cased = writing_at(s, i) == CASED;
  uint32_t cp;
  for (size_t n; (n = letter_at(s, i, &cp)); i += n) {
    enum writing w = letter_writing(cp);
    if (!(w == NO_LETTER ? joins(cp) : (w == CASED) == cased)) break;
  }
  while (s.at[i - 1] == '\'' || s.at[i - 1] == '-') i--;
  return i;
}

static struct span between(struct span s, size_t from, size_t end) {
  return (struct span){s.at + from, end - from};
}

static bool has_capitals(struct span line) {
  size_t cased = 0, others = 0;
  uint32_t cp;
  for (size_t i = 0, n; (n = letter_at(line, i, &cp)); i += n) {
    enum writing w = letter_writing(cp);
    cased += w == CASED;
    others += w != CASED && w != NO_LETTER;
  }
  return cased > 3 * others;
}

/* ---- lines with capitals ---- */

/* A capital that a small letter follows: "Mara", not "FIRST". */
static bool capitalised(struct span s, size_t i) {
  uint32_t cp, next;
  size_t n = letter_at(s, i, &cp);
  if (!letter_is_capital(cp) || letter_writing(cp) != CASED) return false;
  return letter_at(s, i + n, &next) && letter_writing(next) == CASED && !letter_is_capital(next);
}

static bool foreign(struct span s, size_t i) {
  enum writing w = writing_at(s, i);
  return w != CASED && w != NO_LETTER;
}

static bool place_word_before(struct span line, size_t from) {
  return span_ends_any((struct span){line.at, from}, name_words_before_places) != NULL;
}

static bool begins_sentence(struct span line, size_t from) {
  size_t b = from;
  while (b > 0 && line.at[b - 1] == ' ') b--;
  if (b == 0 || b == from) return true;
  unsigned char c = (unsigned char)line.at[b - 1];
  return !(c == ',' || c >= 0x80 || (c >= '0' && c <= '9') || letter_writing(c) == CASED);
}

/* "Before Mara": the first word is an ordinary one if the prompt has it in small letters too. */
static bool seen_small(const struct prompt *p, struct span word) {
  char small[NAME_MOST_BYTES + 1];
  if (!word.n || word.n > NAME_MOST_BYTES || (unsigned char)word.at[0] >= 0x80) return false;
  memcpy(small, word.at, word.n);
  small[0] = (char)(small[0] | 0x20);
  return memmem(p->all, p->n_all, small, word.n) != NULL;
}

/* The capitalised (or foreign) words that follow each other from `from`; stops at `limit` bytes. */
static size_t run_end(struct span line, size_t from, int *words) {
  size_t end = word_end(line, from);
  *words = 1;
  while (end + 1 < line.n && line.at[end] == ' ' && *words < NAME_MOST_WORDS &&
         (foreign(line, from) ? foreign(line, end + 1) : capitalised(line, end + 1))) {
    end = word_end(line, end + 1);
    ++*words;
  }
  return end;
}

static void take_run(struct prompt *p, struct span line, size_t from, size_t end) {
  struct span name = between(line, from, end);
  if (span_ends(name, "'s")) name.n -= 2;
  if (span_ends(name, "\xE2\x80\x99s")) name.n -= 4;
  if (name.n < 3) return;
  bool place = place_word_before(line, from) || span_ends_any(name, name_words_of_places);
  for (int i = 0; i < p->places.n; i++)
    if (part_of(name, p->places.list[i]) || span_is(name, p->places.list[i])) return;
  names_add(place ? &p->places : &p->people, name);
}

/* German writes all nouns with a capital: there only two of them in a row are a name. */
static bool all_nouns_capital(const struct prompt *p) {
  return span_has(p->language, "german") || span_has(p->language, "deutsch") ||
         span_is(p->language, span_of("de"));
}

static void read_cased_line(struct prompt *p, struct span line) {
  for (size_t i = 0; i < line.n;) {
    uint32_t cp;
    size_t length = letter_at(line, i, &cp);
    if (letter_writing(cp) == NO_LETTER) {
      i += length;
      continue;
    }
    size_t from = i, first_end = word_end(line, i);
    i = first_end;
    bool other = foreign(line, from);
    if (!other && !capitalised(line, from)) continue;
    int words;
    size_t end = run_end(line, from, &words);
    i = end;
    struct span first = between(line, from, first_end);
    if (span_in(first, name_words_everyday)) continue; /* "The Salt Ledger": a title, no name */
    if (!other && words == 1 && all_nouns_capital(p)) continue;
    if (!other && begins_sentence(line, from) && (words == 1 || seen_small(p, first))) continue;
    take_run(p, line, from, end);
  }
}

/* ---- lines without capitals ---- */

static size_t skip_letters(struct span s, size_t i, int letters) {
  uint32_t cp;
  while (letters-- > 0) i += letter_at(s, i, &cp);
  return i;
}

static size_t same_writing_end(struct span s, size_t i) {
  enum writing w = writing_at(s, i);
  uint32_t cp;
  for (size_t n; (n = letter_at(s, i, &cp)); i += n)
    if (letter_writing(cp) != w && !(w == KATAKANA && cp == 0x30fb)) break;
  return i;
}

static int letters_in(struct span s) {
  int count = 0;
  uint32_t cp;
  for (size_t i = 0, n; (n = letter_at(s, i, &cp)); i += n) count++;
  return count;
}

static struct span rest_of(struct span s, size_t i) {
  return (struct span){s.at + i, s.n - i};
}

/* How long the name is that a run of Han letters begins with; 0: none. Behind a family name stand one or two letters, the second
 * of them unless it is a verb or a particle. */
static size_t han_name(struct span run) {
  const char *family = span_begins_any(run, name_words_han_families);
  if (!family || strlen(family) == run.n) return 0;
  size_t one = skip_letters(run, strlen(family), 1), two = skip_letters(run, one, 1);
  bool ended = span_begins_any(rest_of(run, one), name_words_han_after) != NULL;
  return ended ? one : two;
}

/* Within a run a name begins behind a trade or a relation, or with a family name of two letters. */
static bool han_name_may_begin(struct span run, size_t i) {
  if (i == 0 || span_ends_any((struct span){run.at, i}, name_words_han_roles)) return true;
  const char *family = span_begins_any(rest_of(run, i), name_words_han_families);
  return family && letters_in(span_of(family)) > 1;
}

static void read_han(struct prompt *p, struct span line, size_t from, size_t end) {
  struct span run = between(line, from, end);
  const char *honorific = span_ends_any(run, name_words_han_honorifics);
  if (honorific) run.n -= strlen(honorific);
  int letters = letters_in(run);
  if (!letters) return;
  if (letters <= 4 && (honorific || span_begins_any(rest_of(line, end), name_words_kana_honorifics))) {
    names_add(&p->people, run);
    return;
  }
  if (letters >= 2 && letters <= 4 && span_ends_any(run, name_words_han_places)) {
    names_add(&p->places, run);
    return;
  }
  for (size_t i = 0; i < run.n;) {
    size_t n = han_name_may_begin(run, i) ? han_name(rest_of(run, i)) : 0;
    if (n) names_add(&p->people, between(run, i, i + n));
    i = n ? i + n : skip_letters(run, i, 1);
  }
}

/* Loan words are written like this too, so a name needs a dot between its parts, or an honorific. */
static void read_katakana(struct prompt *p, struct span line, size_t from, size_t end) {
  struct span run = between(line, from, end);
  if (memmem(run.at, run.n, "\xE3\x83\xBB", 3) ||
      span_begins_any(rest_of(line, end), name_words_kana_honorifics))
    names_add(&p->people, run);
}

/* "김서연은": the particle goes, then a family name and one or two more. */
static void read_hangul(struct prompt *p, struct span line, size_t from, size_t end) {
  struct span word = between(line, from, end);
  bool polite = span_begins_any(rest_of(line, end), name_words_hangul_honorifics) != NULL;
  const char *ending = letters_in(word) > 3 || polite ? span_ends_any(word, name_words_hangul_endings) : NULL;
  if (ending) word.n -= strlen(ending);
  int letters = letters_in(word);
  bool family = span_begins_any(word, name_words_hangul_families) != NULL;
  if ((family && letters == 3 && (ending || polite)) || (polite && letters >= 2 && letters <= 4))
    names_add(&p->people, word);
}

/* Scripts with blanks but no capitals: a known given name, or a word behind "named"; with it the next word, if a name ends there. */
static void read_caseless(struct prompt *p, struct span line, size_t from, size_t *end) {
  struct span word = between(line, from, *end), before = {line.at, from};
  const char *joined = span_begins_any(word, name_words_joined);
  bool known = span_in(word, name_words_given), named = span_ends_any(before, name_words_named) != NULL;
  if (!known && !named && joined) {
    word = rest_of(word, strlen(joined));
    known = span_in(word, name_words_given);
  }
  if (!known && !named) return;
  size_t next = *end + 1;
  if (next < line.n && line.at[*end] == ' ' && writing_at(line, next) == CASELESS) {
    size_t next_end = word_end(line, next);
    struct span after = rest_of(line, next_end);
    if (!after.n || span_begins_any(after, name_words_ends) ||
        span_in(between(line, next, next_end), name_words_given)) {
      word.n = (size_t)(line.at + next_end - word.at);
      *end = next_end;
    }
  }
  names_add(&p->people, word);
}

static void read_caseless_line(struct prompt *p, struct span line) {
  for (size_t i = 0; i < line.n;) {
    uint32_t cp;
    size_t from = i, length = letter_at(line, i, &cp);
    enum writing w = letter_writing(cp);
    if (w == CASELESS || w == CASED || w == HANGUL)
      i = word_end(line, i);
    else
      i = w == NO_LETTER ? i + length : same_writing_end(line, i);
    if (w == HAN) read_han(p, line, from, i);
    if (w == KATAKANA) read_katakana(p, line, from, i);
    if (w == HANGUL) read_hangul(p, line, from, i);
    if (w == CASELESS) read_caseless(p, line, from, &i);
    if (w == CASED && capitalised(line, from)) { /* "Mara Venn" in a Japanese line */
      int words;
      i = run_end(line, from, &words);
      take_run(p, line, from, i);
    }
  }
}

/* ---- prose ---- */

void names_read_prose(struct prompt *p, struct span prose) {
  const char *at = prose.at, *end = prose.at + prose.n;
  while (at < end && p->people.n < MAX_CAST) {
    const char *lf = memchr(at, '\n', (size_t)(end - at));
    struct span line = {at, lf ? (size_t)(lf - at) : (size_t)(end - at)};
    if (has_capitals(line))
      read_cased_line(p, line);
    else
      read_caseless_line(p, line);
    at += line.n + 1;
  }
}
