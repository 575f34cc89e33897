/* stand_in.h - who answers in place of the embedded model: a test of scripts, on a thread of its own (script_test/desk.h).
 *
 *   ask (loop thread, returns at once) -> the stand-in fills in an answer -> stand_in_answer (any thread, once)
 *
 * The answer then streams to the call as the embedded model's own would: the same framing, adapter, journal and retries. A call that is
 * cancelled meanwhile leaves its question with the stand-in, which answers it all the same: that frees it. */
#pragma once
#include "base/list.h"
#include "base/loop.h"

struct stand_in_question {
  struct list node; /* the stand-in's own */
  int64_t run;
  char *asked;      /* JSON: {"role","model","blocks":[{"text","stable"}],"max_words","key","schema",...} */
  const char *body; /* the same as rehearsal_answer takes it */
  size_t n_body;
  /* the answer */
  char *text; /* taken over; NULL: what the embedded model itself says, unless `refusal` says no */
  size_t n_text;
  char stop[20]; /* OpenAI's word for how it ended; "": "stop" */
  char *refusal; /* taken over; or NULL */
  long status;   /* of a refusal: the HTTP status that a provider would send */
};

struct stand_in {
  void (*ask)(struct stand_in *s, struct stand_in_question *q);
};
void stand_in_answer(struct stand_in_question *q);
