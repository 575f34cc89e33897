/* rehearsal_reply.h - what the rehearsal model does with a request: an answer with manners, or a refusal of the request. Pure, as
 * rehearsal.h; any thread.
 *
 *   struct rehearsal_reply r;
 *   err = rehearsal_reply(request, &(struct rehearsal_asked){.key = key, .attempt = 1}, &r, &e);
 *   r.status is 200: r.stream is ready to leave; else rehearsal_reply_error(&r) is the body of that status
 *   rehearsal_reply_release(&r);
 *
 * `max_tokens`, `stop` and `n` are honoured: a text is cut at the limit (finish_reason "length") and at a stop word, and there are as
 * many choices as `n` says, up to four. */
#pragma once
#include "rehearsal/rehearsal_manners.h"
#include "rehearsal/rehearsal_wire.h"

struct rehearsal_asked {
  const struct speech *speech; /* the dialect of the answer; NULL: chat completions */
  const char *key;             /* rehearsal_key of the request */
  int attempt;                 /* of that key, from 1 */
  uint64_t seed;
  uint64_t serial; /* another one for each request: what ids that differ are made of */
  double length_bias, usage_bias;
  int chunks;
  const struct manner *manners; /* beside those that the request names itself */
  int n_manners;
};

enum { NOT_PROSE_MOST = 6 };

struct rehearsal_reply {
  int status; /* 200, or the refusal of the request */
  char message[240], code[40];
  struct rehearsal_stream stream;
  struct rehearsal_usage usage;          /* what it took, whatever the stream says of it */
  int delay_ms;                          /* later than it would come otherwise */
  char manners[160];                     /* the names of those it has, joined by commas */
  const char *not_prose[NOT_PROSE_MOST]; /* what they say that belongs into no book; the first NULL ends it */
  const char *other_language;            /* a sentence of a text in one that was not asked for, or NULL */

  /* for the manners, while the reply is made */
  const json_t *request;
  struct rehearsal_asked asked;
  struct rehearsal_case met;
  const char *manner; /* the one at hand */
  struct buf text, thought, others[CHOICES_MOST - 1];
  bool json;           /* the answer is a document for a schema */
  bool thought_inside; /* the limit holds for both */
  long long limit;     /* tokens; 0: none */
  const char *finish, *refusal;
  enum usage_told told;
  double told_factor; /* on the tokens that are told; 0: 1 */
  double told_prompt; /* the share of the prompt that is told; 0: 1 */
  bool new_ids;
};

/* Err: ERR_INVALID (what the rehearsal cannot answer: 400 over HTTP). `r` needs no release then. */
enum err rehearsal_reply(const json_t *request, const struct rehearsal_asked *asked,
                         struct rehearsal_reply *r, struct error *e);
/* The same answer in given words, ended as `finish` says (OpenAI's word), without manners or limits. */
enum err rehearsal_reply_said(const json_t *request, const struct rehearsal_asked *asked, const char *text,
                              size_t n, const char *finish, struct rehearsal_reply *r, struct error *e);
void rehearsal_reply_refused(int status, const char *message, struct rehearsal_reply *r);
json_t *rehearsal_reply_error(const struct rehearsal_reply *r); /* {"error":{...}}, the caller's */
void rehearsal_reply_release(struct rehearsal_reply *r);
