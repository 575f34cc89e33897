/* estimate.c - what a record would have taken of the real models, in the best, the likely and the worst case. Pure.
 *
 * What the rehearsals themselves vary (how long prose gets, and which ways the pipeline then takes) is not varied here again; the rest is:
 *
 *   tokens      a service counts others than four bytes each
 *   documents   JSON gets longer than the rehearsal writes it: it has more to say
 *   again       failed, cut off or useless answers that are asked for once more
 *   thinking, caching, speed: a model's habits */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "forecast/internal.h"
#include "llm/cost.h"

static const double tokens_told[CASES] = {0.92, 1, 1.1};
static const double documents[CASES] = {0.8, 1.3, 2};
static const double again[CASES] = {0, 0.03, 0.08};
/* A model that thinks only where it is asked to, and is. */
static const double asked_thinking[CASES] = {0.2, 1, 3};

static double answer_tokens(const struct step *s, int which) {
  double n = (double)s->output * tokens_told[which] * (s->document ? documents[which] : 1);
  double most = (double)s->most_output;
  return most > 0 && n > most && most > (double)s->output ? most : n;
}

static double thinking_of(const struct step *s, const struct habit *m, int which) {
  if (m->rehearsal && !m->price) return 0;
  return m->thinks == NEVER_THINKS && s->asked_to_think ? asked_thinking[which] : m->thinking[which];
}

/* At worst a service keeps each prompt at a price of its own, and nobody comes back for it. */
static int64_t cost_of(const struct llm_price *p, enum llm_tier tier, int which, double input, double prefix,
                       double output) {
  struct call_usage u = {.input = (int64_t)input, .output = (int64_t)output};
  if (p && p->cached_read) u.cached_read = (int64_t)prefix;
  if (p && which == HIGH && p->cache_write > p->input) u.cache_write = u.input - u.cached_read;
  return cost_in_tier(p, tier, cost_actual(p, &u));
}

/* The step alone, without those that come after it fails. `seconds`: how long it takes. */
static struct amount once(const struct step *s, const struct habit *m, int which) {
  double answer = answer_tokens(s, which), input = (double)s->input * tokens_told[which];
  double output = answer * (1 + thinking_of(s, m, which));
  double prefix = (double)s->prefix * tokens_told[which] * m->cached[which];
  return (struct amount){.calls = 1,
                         .tokens_in = input,
                         .tokens_out = output,
                         .cost_nano = (double)cost_of(m->price, s->tier, which, input, prefix, output),
                         .seconds = m->first_byte_s[which] + output / m->tokens_per_s[which]};
}

static void add(struct amount *to, const struct amount *a, double times) {
  to->calls += a->calls * times;
  to->tokens_in += a->tokens_in * times;
  to->tokens_out += a->tokens_out * times;
  to->cost_nano += a->cost_nano * times;
}

/* ---- time */

struct order {
  const struct record *record;
  size_t *by_end, next; /* of its steps; those before `next` ended before what comes now began */
  double *ends;         /* in seconds of the real run */
  double latest;        /* of those before `next` */
};

static int by_end(const void *a, const void *b, void *arg) {
  const struct step *steps = arg;
  size_t i = *(const size_t *)a, k = *(const size_t *)b;
  int64_t x = steps[i].end_ms, y = steps[k].end_ms;
  return x != y ? (x < y ? -1 : 1) : i < k ? -1 : i > k;
}

static void order_begin(struct order *o, const struct record *r) {
  *o = (struct order){.record = r,
                      .by_end = mem_alloc((r->n + 1) * sizeof *o->by_end),
                      .ends = mem_alloc((r->n + 1) * sizeof *o->ends)};
  for (size_t i = 0; i < r->n; i++) o->by_end[i] = i;
  qsort_r(o->by_end, r->n, sizeof *o->by_end, by_end, r->steps);
}

/* A call began once those had ended that were over when it began in the rehearsal; what overlapped there overlaps here. */
static double order_end(struct order *o, size_t i, double seconds) {
  const struct step *steps = o->record->steps;
  for (; o->next < o->record->n; o->next++) {
    size_t k = o->by_end[o->next];
    if (k >= i || steps[k].end_ms > steps[i].begin_ms) break;
    if (o->ends[k] > o->latest) o->latest = o->ends[k];
  }
  return o->ends[i] = o->latest + seconds;
}

static void order_release(struct order *o) {
  free(o->by_end);
  free(o->ends);
}

/* ---- all of it */

static void add_step(struct amounts *out, const struct record *r, const struct habits *h, size_t i, int which,
                     struct order *o) {
  const struct step *s = &r->steps[i];
  struct amount a = once(s, &h->list[s->model], which);
  double times = 1 + again[which], before = out->all.seconds;
  double end = order_end(o, i, a.seconds * times);
  add(&out->all, &a, times);
  add(&out->models[s->model], &a, times);
  out->models[s->model].seconds += a.seconds * times;
  if (end > before) out->all.seconds = end;
  if (s->phase >= r->n_phases) return;
  add(&out->phases[s->phase], &a, times);
  out->phases[s->phase].seconds += out->all.seconds - before;
}

void estimate(const struct record *r, const struct habits *h, int which, struct amounts *out) {
  struct order o;
  *out = (struct amounts){.phases = mem_alloc((r->n_phases + 1) * sizeof *out->phases),
                          .models = mem_alloc((h->n + 1) * sizeof *out->models)};
  order_begin(&o, r);
  for (size_t i = 0; i < r->n; i++) add_step(out, r, h, i, which, &o);
  order_release(&o);
}

void amounts_release(struct amounts *a) {
  free(a->phases);
  free(a->models);
}
