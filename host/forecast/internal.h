/* internal.h - what the files of this room share. The caller's thread.
 *
 *   forecast.c: rehearse (rehearse.c) as asked, shorter, longer -> records (record.c) -> estimates (estimate.c) -> JSON (report.c) */
#pragma once
#include "config.h"
#include "forecast/forecast.h"
#include "llm/llm.h"
#include "serve.h"
#include "store/runs.h"

enum { LOW, LIKELY, HIGH, CASES };

/* ---- what is known of the models (habits.c) */

struct habit {
  char *model;                   /* "provider/name" */
  const struct llm_price *price; /* NULL: unknown */
  bool rehearsal;                /* the settings themselves say that the embedded model answers for it */
  enum { MAY_THINK, DOES_THINK, NEVER_THINKS } thinks; /* where nobody asks it to; MAY_THINK: nobody knows */
  int64_t own_calls;                                   /* answers in this library's record */
  double thinking[CASES];                              /* times the answer */
  double first_byte_s[CASES], tokens_per_s[CASES],
      cached[CASES]; /* cached: of a prefix that was sent before */
  json_t *roles;     /* for which it was asked */
};
struct habits {
  struct habit *list;
  size_t n;
};
/* Places in `h` stay as they are when others are added. `own` is the settings as they are, not those of a rehearsal. */
size_t habit_of(struct habits *h, const struct config *own, const char *provider, const char *model);
/* What the library has seen of them: their thinking and their speed. `db` NULL: nothing. */
enum err habits_learn(struct habits *h, struct db *db);
void habits_release(struct habits *h);

/* ---- what a rehearsed run did (record.c) */

struct step {
  size_t model;                               /* of habits */
  size_t phase;                               /* of the record; n_phases: before the first */
  int64_t input, prefix, output, most_output; /* tokens; prefix: of the input, sent before word for word */
  bool document, asked_to_think;
  enum llm_tier tier;
  int64_t begin_ms, end_ms; /* who waited for whom */
};
struct record {
  struct step *steps;
  size_t n;
  char **phases;
  size_t n_phases;
};
enum err record_read(struct record *r, struct habits *h, const struct config *own, struct db *db, int64_t run,
                     struct error *e);
void record_release(struct record *r);

/* ---- what that would take (estimate.c) */

struct amount {
  double calls, tokens_in, tokens_out, cost_nano, seconds;
};
struct amounts { /* of one record, in one case */
  struct amount all, *phases, *models;
};
void estimate(const struct record *r, const struct habits *h, int which, struct amounts *out);
void amounts_release(struct amounts *a);

/* ---- one rehearsal (rehearse.c) */

struct rehearsal {
  struct config config;
  bool configured;
  char *dir;
  struct host *host;
  int64_t run;
  struct run_row row; /* once it is over */
};
/* Opens a scratch library and starts the run in it. `words`: how long its prose gets, as a factor. `with_library`: it begins with a copy of the real
 * one. rehearsal_close in any case. */
enum err rehearsal_open(struct rehearsal *r, const struct forecast *f, bool with_library, double words,
                        struct error *e);
/* Is it over? Questions to a person are decided by their first choice. */
enum err rehearsal_look(struct rehearsal *r, bool *over, struct error *e);
void rehearsal_close(struct rehearsal *r);

/* ---- the answer (report.c) */

enum { AS_ASKED, SHORTER, LONGER, REHEARSALS };
json_t *report(const struct record records[REHEARSALS], const struct habits *h);
