/* adapter_check.h - a provider's script against what the host relies on in every one: how it asks, how an answer streams and ends, what failures
 * mean. Nothing leaves this machine: the rehearsal model answers in the dialect that the script asks in, where it speaks it.
 *
 *   adapter_check("box", source, arg, &(struct adapter_sample){0}, told, arg, &e);      // told: once for each promise, in their order
 *
 * For a dialect that the rehearsal does not speak, a sample that was recorded of the real service takes its place; without one the promises about
 * streams cannot be looked at. Any thread but a loop's: it may take a second. */
#pragma once
#include <jansson.h>
#include "llm/adapter.h"

struct adapter_sample { /* an answer as the service sent it, and what is in it */
  const char *stream;   /* its bytes; NULL: there is none */
  const char *text;
  int64_t input, output; /* tokens; 0: not told */
};

/* A file that returns { stream =, text =, input =, output = } as JSON; the caller's. `name`: "@" and its path. ERR_CONFIG with the line. */
enum err adapter_sample_read(const char *text, size_t n, const char *name, json_t **out, struct error *e);

enum promise_state { PROMISE_KEPT, PROMISE_BROKEN, PROMISE_UNKNOWN };
struct promise {
  const char *about, *what; /* "request", "names the model" */
  enum promise_state state;
  const char *cure; /* what to change in the script */
  const char *seen; /* what was seen instead; "" */
};
typedef void promise_told(void *arg, const struct promise *p);

/* ERR_CONFIG: it is no adapter at all (the error says where). */
enum err adapter_check(const char *name, adapter_source_fn *source, void *source_arg,
                       const struct adapter_sample *sample, promise_told *told, void *arg, struct error *e);
