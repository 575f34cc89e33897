/* rehearsal_wire.h - an answer on its way out, as the server of its dialect (rehearsal_speech.h) would send it, an OpenAI server unless told otherwise: the embedded model and `quire rehearse` send the
 * very same bytes. The caller waits between two pieces if it wants to. Any thread.
 *
 *   struct rehearsal_stream s;
 *   rehearsal_stream_init(&s, request, key, text.data, text.len, &usage, 20);
 *   for (struct buf out; ...; ) while (rehearsal_stream_next(&s, &out)) send(out);
 *
 * Each piece is one or more whole server-sent events; the last carries finish_reason, the usage chunk (when
 * stream_options.include_usage asks for it) and [DONE]. There are s.pieces of them. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include "base/buf.h"
#include "base/hash.h"
#include "rehearsal/rehearsal.h"
#include "rehearsal/rehearsal_speech.h"

enum { CHOICES_MOST = 4 };

/* How the tokens are told. */
enum usage_told { USAGE_RIGHT, USAGE_MISSING, USAGE_PROMPT_ONLY, USAGE_STRINGS, USAGE_NEGATIVE, USAGE_HUGE };

struct rehearsal_stream {
  const struct speech *speech;
  const char *model, *finish; /* borrowed from the request and the caller; finish: "stop" unless set */
  struct rehearsal_choice {
    const char *text; /* borrowed */
    size_t n, at;
  } choices[CHOICES_MOST]; /* `n` of the request; the first is the answer */
  int n_choices;
  const char *thought; /* reasoning_content, before the text; borrowed */
  size_t n_thought;
  const char *refusal; /* or NULL: the words of delta.refusal */
  struct rehearsal_usage usage;
  enum usage_told told;
  int events;        /* of Responses: those that are out, which it numbers */
  int pieces, piece; /* pieces of text and the last one; how many are out */
  bool include_usage;
  long long created; /* seconds */
  char id[40];
};
void rehearsal_stream_init(struct rehearsal_stream *s, const json_t *request, const char *key,
                           const char *text, size_t n, const struct rehearsal_usage *usage, int chunks);
/* Appends the next piece to `out`; false when there is none left. */
bool rehearsal_stream_next(struct rehearsal_stream *s, struct buf *out);
/* The same answer as one JSON body, for a request that wants no stream. Appends to `out`. */
void rehearsal_body(const struct rehearsal_stream *s, struct buf *out);
