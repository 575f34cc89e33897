/* options.h - the settings of `quire rehearse`, by the names of its options. Any thread.
 *
 *   struct rehearse_options o; rehearse_options_init(&o);
 *   err = rehearse_set(&o, "latency", "500", &e);          // one at a time, as a command line gives them
 *   err = rehearse_parse(&o, argc - 1, argv + 1, &e);      // or all: --latency 500 --latency=500
 *
 * The strings are the caller's. `rehearse_option_rows` names the options with their help, NULL-terminated. */
#pragma once
#include <jansson.h>
#include "rehearsal/rehearsal_manners.h"
#include "rehearsal_server/faults.h"

struct rehearse_options {
  const char *listen; /* "127.0.0.1:0" */
  int latency_ms;     /* how long an answer takes in all; with a chunk delay: until its first piece */
  int chunks;         /* pieces of text in a stream */
  int chunk_delay_ms; /* between two pieces; -1: spread over the latency */
  double length_bias, usage_bias;
  uint64_t seed;
  struct fault faults[FAULTS_MOST];
  int n_faults;
  struct manner manners[MANNERS_MOST];
  int n_manners;
};

struct rehearse_option_row {
  const char *name, *value, *help;
};
extern const struct rehearse_option_row rehearse_option_rows[];

void rehearse_options_init(struct rehearse_options *o);
/* Err: ERR_INVALID: no such option (hint: the nearest), or not such a value. */
enum err rehearse_set(struct rehearse_options *o, const char *name, const char *value, struct error *e);
enum err rehearse_parse(struct rehearse_options *o, int argc, char *const *argv, struct error *e);
/* The same by JSON: {"latency": 500, "faults": ["429:every=5"], "manners": []}; faults and manners replace the whole list. Nothing changes when
 * one field is wrong. */
enum err rehearse_set_json(struct rehearse_options *o, const json_t *v, struct error *e);
json_t *rehearse_options_json(const struct rehearse_options *o);
