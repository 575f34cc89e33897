/* adapter_check_internal.h - what adapter_check.c (requests, refusals, the table) and adapter_check_stream.c (answers) share. */
#pragma once
#include <stdbool.h>
#include "llm/adapter_check.h"

enum { MOST_TOKENS = 7770, SEEN_BYTES = 300 };

struct check {
  struct adapter *adapter;
  const struct adapter_sample *sample;
  char seen[SEEN_BYTES]; /* what was seen instead of what is promised */
};

/* Notes what was seen. */
enum promise_state check_broken(struct check *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The usual question: two blocks, the first stable. `blocks` has room for both, and must stay as long as the call. */
struct adapter_call check_call(struct call_block blocks[2]);
/* False: the script raised, and that is noted. */
bool check_request(struct check *c, const struct adapter_call *call, struct adapter_request *r);

static inline enum promise_state kept_if(bool yes) {
  return yes ? PROMISE_KEPT : PROMISE_BROKEN;
}

/* ---- adapter_check_stream.c: a promise each */
enum promise_state check_whole(struct check *c);
enum promise_state check_half(struct check *c);
enum promise_state check_over(struct check *c);
enum promise_state check_tokens(struct check *c);
enum promise_state check_limit(struct check *c);
enum promise_state check_filter(struct check *c);
enum promise_state check_thoughts(struct check *c);
enum promise_state check_news(struct check *c);
enum promise_state check_spoilt(struct check *c);
enum promise_state check_error(struct check *c);
enum promise_state check_body(struct check *c);
