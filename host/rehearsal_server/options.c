/* options.c - options of the rehearsal server, from the command line and from POST /control.
 *
 * rehearse_options_init -> rehearse_set | rehearse_parse | rehearse_set_json. */
#include "rehearsal_server/options.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"

const struct rehearse_option_row rehearse_option_rows[] = {
    {"listen", "ADDR:PORT", "where to listen (127.0.0.1:0: a free port)"},
    {"latency", "MS", "how long an answer takes (0)"},
    {"chunks", "N", "pieces of text a stream is cut into (20)"},
    {"chunk-delay", "MS", "between two pieces; without it they are spread over the latency"},
    {"length-bias", "F", "factor on the length of prose (1)"},
    {"usage-bias", "F", "factor on the tokens reported (1)"},
    {"fault", "SPEC",
     "what goes wrong: 429:every=5, cut:p=0.1, 500:first=2, hang:role=judge, ... (may be repeated)"},
    {"manner", "SPEC",
     "how it answers: think=800, refuse:p=0.1,role=writer, any:p=0.05, ... (may be repeated)"},
    {"seed", "N", "of the dice that p= rolls (1)"},
    {NULL, NULL, NULL}};

void rehearse_options_init(struct rehearse_options *o) {
  *o = (struct rehearse_options){.listen = "127.0.0.1:0",
                                 .chunks = 20,
                                 .chunk_delay_ms = -1,
                                 .length_bias = 1,
                                 .usage_bias = 1,
                                 .seed = 1};
}

static enum err no_option(const char *name, struct error *e) {
  const char *names[16] = {0};
  for (int i = 0; rehearse_option_rows[i].name; i++) names[i] = rehearse_option_rows[i].name;
  const char *near = text_nearest(name, names);
  err_set(e, ERR_INVALID, "rehearse has no option '%s'", name);
  if (near)
    err_hint(e, "did you mean %s?", near);
  else
    err_hint(e,
             "there are: listen, latency, chunks, chunk-delay, length-bias, usage-bias, fault, manner, seed");
  return ERR_INVALID;
}

static enum err number(const char *name, const char *value, double least, double most, bool whole,
                       double *out, struct error *e) {
  char *end;
  *out = strtod(value, &end);
  bool ok = end != value && !*end && isfinite(*out) && *out >= least && *out <= most &&
            (!whole || *out == floor(*out));
  if (ok) return OK;
  return err_set(e, ERR_INVALID, "%s takes a %snumber from %g to %g, not '%s'", name, whole ? "whole " : "",
                 least, most, value);
}

enum err rehearse_set(struct rehearse_options *o, const char *name, const char *value, struct error *e) {
  double v = 0;
  enum err err = OK;
  if (strcmp(name, "listen") == 0) {
    o->listen = value;
  } else if (strcmp(name, "fault") == 0) {
    if (o->n_faults == FAULTS_MOST)
      return err_set(e, ERR_INVALID, "there are more than %d faults", (int)FAULTS_MOST);
    if (!(err = fault_parse(value, &o->faults[o->n_faults], e))) o->n_faults++;
  } else if (strcmp(name, "manner") == 0) {
    if (o->n_manners == MANNERS_MOST)
      return err_set(e, ERR_INVALID, "there are more than %d manners", (int)MANNERS_MOST);
    if (!(err = manner_parse(value, &o->manners[o->n_manners], e))) o->n_manners++;
  } else if (strcmp(name, "latency") == 0) {
    if (!(err = number(name, value, 0, 3600000, true, &v, e))) o->latency_ms = (int)v;
  } else if (strcmp(name, "chunks") == 0) {
    if (!(err = number(name, value, 1, 10000, true, &v, e))) o->chunks = (int)v;
  } else if (strcmp(name, "chunk-delay") == 0) {
    if (!(err = number(name, value, -1, 3600000, true, &v, e))) o->chunk_delay_ms = (int)v;
  } else if (strcmp(name, "length-bias") == 0) {
    if (!(err = number(name, value, 0.01, 100, false, &v, e))) o->length_bias = v;
  } else if (strcmp(name, "usage-bias") == 0) {
    if (!(err = number(name, value, 0.01, 100, false, &v, e))) o->usage_bias = v;
  } else if (strcmp(name, "seed") == 0) {
    if (!(err = number(name, value, 0, 9e15, true, &v, e))) o->seed = (uint64_t)v;
  } else {
    err = no_option(name, e);
  }
  return err;
}

enum err rehearse_parse(struct rehearse_options *o, int argc, char *const *argv, struct error *e) {
  for (int i = 0; i < argc; i++) {
    if (strncmp(argv[i], "--", 2) != 0) {
      err_set(e, ERR_INVALID, "rehearse takes options only, not '%s'", argv[i]);
      err_hint(e, "for example: --listen 127.0.0.1:8421 --latency 500");
      return ERR_INVALID;
    }
    char name[64];
    const char *equals = strchr(argv[i], '=');
    snprintf(name, sizeof name, "%.*s", equals ? (int)(equals - argv[i] - 2) : 63, argv[i] + 2);
    const char *value = equals ? equals + 1 : i + 1 < argc ? argv[++i] : NULL;
    if (!value) return err_set(e, ERR_INVALID, "--%s needs a value", name);
    enum err err = rehearse_set(o, name, value, e);
    if (err) return err;
  }
  return OK;
}

/* ---- JSON ---- */

/* A list of specifications, which replaces the one before it. `name` is the option that takes one of them. */
static enum err set_list(struct rehearse_options *o, const char *name, int *n, const json_t *list,
                         struct error *e) {
  size_t i;
  json_t *one;
  *n = 0;
  if (!json_is_array(list)) return err_set(e, ERR_INVALID, "%ss is a list of strings", name);
  json_array_foreach(list, i, one) {
    if (!json_is_string(one)) return err_set(e, ERR_INVALID, "%ss is a list of strings", name);
    enum err err = rehearse_set(o, name, json_string_value(one), e);
    if (err) return err;
  }
  return OK;
}

enum err rehearse_set_json(struct rehearse_options *o, const json_t *v, struct error *e) {
  if (!json_is_object(v)) return err_set(e, ERR_INVALID, "the settings are not a JSON object");
  struct rehearse_options changed = *o;
  const char *name;
  json_t *value;
  json_object_foreach((json_t *)(uintptr_t)v, name, value) {
    char text[40];
    enum err err;
    if (strcmp(name, "faults") == 0) {
      err = set_list(&changed, "fault", &changed.n_faults, value, e);
    } else if (strcmp(name, "manners") == 0) {
      err = set_list(&changed, "manner", &changed.n_manners, value, e);
    } else if (strcmp(name, "listen") == 0) {
      err = err_set(e, ERR_INVALID, "a running server cannot move to another address");
    } else if (!json_is_number(value)) {
      err = err_set(e, ERR_INVALID, "%s takes a number", name);
    } else {
      snprintf(text, sizeof text, "%.17g", json_number_value(value));
      err = rehearse_set(&changed, name, text, e);
    }
    if (err) return err;
  }
  *o = changed;
  return OK;
}

json_t *rehearse_options_json(const struct rehearse_options *o) {
  json_t *faults = json_array(), *manners = json_array();
  for (int i = 0; i < o->n_faults; i++) json_array_append_new(faults, json_string(o->faults[i].spec));
  for (int i = 0; i < o->n_manners; i++) json_array_append_new(manners, json_string(o->manners[i].spec));
  return json_pack("{s:i, s:i, s:i, s:f, s:f, s:I, s:o, s:o}", "latency", o->latency_ms, "chunks", o->chunks,
                   "chunk-delay", o->chunk_delay_ms, "length-bias", o->length_bias, "usage-bias",
                   o->usage_bias, "seed", (json_int_t)o->seed, "faults", faults, "manners", manners);
}
