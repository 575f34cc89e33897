/* rehearsal.h - the embedded model: needs no key and no network, and gives the same answer to the same request.
 * Pure functions: no clock, no I/O, nothing kept between calls. Any thread.
 *
 *   struct buf text; buf_init(&text, MAX_ANSWER_BYTES);
 *   struct rehearsal_usage usage;
 *   enum err err = rehearsal_answer(request, &(struct rehearsal_options){0}, &text, &usage, &e);
 *
 * A request is the body of an OpenAI chat-completions call: messages, max_completion_tokens or max_tokens,
 * response_format.json_schema, and metadata, of which it knows quire_role, quire_key and quire_prefix_bytes.
 * With a schema the answer is a valid instance whose values fit their names; a question that says "Answer with
 * A or B" gets one of them; anything else gets prose of about the words asked for, with the names and places
 * of the prompt.
 *
 * rehearsal_reply.h puts manners on top of it, rehearsal_wire.h makes the bytes that an OpenAI server would send. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include "base/buf.h"
#include "base/hash.h"

struct rehearsal_options {
  double length_bias; /* factor on the length of prose; 0 is 1 */
  double usage_bias;  /* factor on the tokens reported; 0 is 1 */
  int chunks;         /* pieces of text a stream is cut into (fewer for a short answer); 0 is 20 */
  const char *key;    /* rehearsal_key of this request where the caller has it already; else NULL */
};

struct rehearsal_usage {
  /* Tokens, estimated as (bytes + 3) / 4. Input includes cached_read, output includes reasoning. */
  long long input, cached_read, output, reasoning;
};

/* What a request is known by: SHA-256 of its canonical form without `stream`, `stream_options`, `user` and `manners`.
 * Err: ERR_INVALID (not an object), ERR_LIMIT. */
enum err rehearsal_key(const json_t *request, char key[SHA_HEX], struct error *e);

/* Appends the text of the answer to `text`. Err: ERR_INVALID (no messages, a schema nothing satisfies). */
enum err rehearsal_answer(const json_t *request, const struct rehearsal_options *opt, struct buf *text,
                          struct rehearsal_usage *usage, struct error *e);

/* What the rehearsal knows of a request beside its text. */
long long rehearsal_tokens(size_t bytes, double bias); /* (bytes + 3) / 4, times bias; 0 is 1 */
const json_t *rehearsal_schema(const json_t *request); /* that it asks for, borrowed; or NULL */
size_t rehearsal_prompt_bytes(const json_t *request);
long long rehearsal_prefix_bytes(const json_t *request); /* metadata.quire_prefix_bytes; -1: not announced */
const char *rehearsal_metadata(const json_t *request, const char *name); /* borrowed; "" when not there */
