/* rehearsal_internal.h - what the rehearsal model's files share: the prompt as it reads it, and its dice.
 *
 *   rehearsal.c -> prompt_read (rehearsal_prompt.c) -> names_read_prose (rehearsal_names.c), task_read (rehearsal_asked.c)
 *               -> write_instance (rehearsal_schema.c, rehearsal_strings.c) -> write_prose, write_phrase (rehearsal_prose.c),
 *                  write_quote (rehearsal_quote.c) */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"

enum {
  TASK_TAIL = 8 << 10, /* the end of a long task says what is wanted */
  MAX_NAMES = 48,
  MAX_REFS = 600,
  MAX_KINDS = 32,
  MAX_CAST = 8
};

/* A piece of the prompt; not terminated. */
struct span {
  const char *at;
  size_t n;
};

/* Something the prompt gives an id: {"events": [{"id": "e3", "chapter": 2}]} is kind "events", id "e3". */
struct reference {
  struct span id;
  int kind;     /* in prompt.kinds */
  long chapter; /* 0: none */
};

struct names {
  struct span list[MAX_NAMES];
  bool in_task[MAX_NAMES]; /* the last user message speaks of it */
  int n;
};

struct prompt {
  const char *all, *task; /* all messages, one after the other; the last user message within them */
  size_t n_all, n_task;
  struct names people, places;
  struct reference *refs;
  int n_refs;
  struct span kinds[MAX_KINDS];
  int n_kinds;
  struct span title, language, genre;
  struct span brief;     /* the lines under a heading that speaks of it */
  struct span viewpoint; /* whose eyes, as the last line or key says that speaks of it */
  long words;            /* asked for; 0: not said */
  long scenes;           /* asked for; 0: not said */
  long chapter;          /* "chapter 7" in the task; 0: none */
  long first, last;      /* "chapters 5 to 8" in the task; 0: none */
  const char *scene_break;
  long max_tokens; /* 0: not said */
};
/* What the rehearsal model understands of a request. `memory` holds the text that the spans point into and must outlive `p`;
 * release it. Err: ERR_INVALID (no messages). */
enum err prompt_read(const json_t *request, struct prompt *p, struct buf *memory, struct error *e);
void prompt_release(struct prompt *p);

/* Adds a name unless it is there, or is part of one that is ("Mara" of "Mara Venn"). What reads like a description is left out. */
void names_add(struct names *list, struct span s);
/* Adds the people and places that prose names without a label, in any script, up to MAX_CAST people. */
void names_read_prose(struct prompt *p, struct span prose);
/* Sets in_task for those that `task` speaks of. */
void names_mark_task(struct names *list, struct span task);

/* What the task asks for: words, scenes, chapters, scene_break of `p`. */
void task_read(struct prompt *p);
/* "Return exactly N items for KEY" in the task; 0: not said. */
long prompt_count_for(const struct prompt *p, const char *key);
/* The options of "Answer with A or B"; 0 when it asks nothing like it. */
int prompt_choices(const struct prompt *p, struct span *choices, int most);

/* splitmix64: small, and the same everywhere. */
struct dice {
  uint64_t state;
  uint64_t seed; /* what `state` began with: for what must be the same throughout an answer */
};
uint64_t dice_roll(struct dice *d);
size_t dice_below(struct dice *d, size_t n); /* 0 for n = 0 */

/* Prose of about `words` words. */
void write_prose(const struct prompt *p, struct dice *d, long words, struct buf *out);
/* `n` sentences of narration, without dialogue. */
void write_sentences(const struct prompt *p, struct dice *d, int n, struct buf *out);
/* Short things by kind: a title ("The Salt Ledger"), a person, a place, a thing. `index` makes them differ. */
void write_title(struct dice *d, struct buf *out);
void write_person(const struct prompt *p, struct dice *d, size_t index, struct buf *out);
void write_place(const struct prompt *p, struct dice *d, size_t index, struct buf *out);
void write_phrase(struct dice *d, struct buf *out); /* "a brass key" */

/* Exact words of what the task shows or says, of the brief, or of a chapter's scenes; a sentence of its own when there are none. */
enum quote_of { QUOTE_SHOWN, QUOTE_BRIEF, QUOTE_SCENES };
void write_quote(const struct prompt *p, struct dice *d, enum quote_of of, struct buf *out);

/* A valid instance of the schema as JSON text. Err: ERR_INVALID (nothing satisfies it). */
enum err write_instance(const json_t *schema, const struct prompt *p, struct dice *d, struct buf *out,
                        struct error *e);
