/* thinking.h - what a model thinks, taken out of what it says. Pure; one of these a stream.
 *
 * A server without a parser for its model's template passes the marks on as text: <think>...</think>, gpt-oss's channels, a closing tag
 * alone (the template opened it in the prompt), stop tokens at the edges. What stands between them is reasoning, never prose.
 *
 *   thinking_feed("<thi") ("nk>Plan.</think>\n\nThe lamp") (" went out.") thinking_end()
 *     -> reasoning "Plan.", text "The lamp went out."
 *
 * An opening mark counts at the beginning of the answer or of a line, so that a book may speak of one. Text that could be the beginning of a
 * mark is held back (at most THINKING_HELD bytes) until it is one or not. */
#pragma once
#include <stdbool.h>
#include "base/buf.h"

enum { THINKING_HELD = 64 };

struct thinking {
  enum { SAYS, THINKS } state;
  bool inside_line; /* the last byte of the text was no line end */
  bool skips_space; /* nothing but space since a mark: it belongs to the mark */
  bool spoke;       /* an opening mark was seen, or a lone closing one: no other lone one counts */
  size_t n_held;
  char held[THINKING_HELD];
};

/* What comes out of a piece. `all_was_thought`: a closing mark came without an opening one, so the text before it was thought as well:
 * the caller moves it. Texts are appended to. */
struct thinking_out {
  struct buf *text, *reasoning;
  bool all_was_thought;
};
/* True when a piece has no mark in it nor a part of one: all of it is text, and thinking_feed need not be called. */
bool thinking_passes(struct thinking *t, const char *s, size_t n);
void thinking_feed(struct thinking *t, const char *s, size_t n, struct thinking_out *out);
/* What is still held back is what it looks like: text or thought. */
void thinking_end(struct thinking *t, struct thinking_out *out);
