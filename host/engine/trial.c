/* trial.c - which run kills the host?
 *
 * When a host crashes in a run, the guardian knows its name, and nobody else's death is counted. But it may crash elsewhere (in a library, by lack of
 * memory), and takes all its runs with it. Only one may be to blame. So a run that has `most_deaths` deaths without getting on is a suspect: it is not
 * claimed together with others. Suspects are claimed one at a time; the next one follows when this one got a new answer, ended, or has lived
 * for TRIAL_NS. A run that dies in as many trials is poison: one death can be chance, or that of a run beside it. A host that was killed from outside
 * counts for nobody (base/pulse.h).
 *
 *   claim refused as suspect -> trial_wait -> (claimed alone) -> trial_over | the host dies */
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/internal.h"

#define TRIAL_NS UINT64_C(30000000000)

static void next_trial(struct engine *en);

/* It did nothing wrong for long enough: the others need not wait for it, and what was before does not count any more. */
static void trusted(struct timer *t) {
  struct engine *en = t->arg;
  struct run *run = en->on_trial;
  if (run && run->state == RUN_LIVE) {
    struct op_run_trust *op = mem_alloc(sizeof *op);
    op->op.kind = &op_run_trust_kind;
    op->run = run->id;
    op->epoch = run->epoch;
    pending_post(run, NULL, &op->op, false, NULL, NULL);
  }
  if (run) trial_over(run);
}

static void next_trial(struct engine *en) {
  struct list *node = en->on_trial || en->draining ? NULL : list_pop_head(&en->suspects);
  if (!node) return;
  struct run *run = list_owner(node, struct run, suspect_node);
  en->on_trial = run;
  log_warnx("run %lld: was active when hosts crashed; running it alone to find the cause",
            (long long)run->id);
  en->trial_timer.fn = trusted;
  en->trial_timer.arg = en;
  timer_set(en->loop, &en->trial_timer, clock_mono_ns() + TRIAL_NS);
  run_post_claim(run, true);
}

void trial_wait(struct run *run) {
  list_push_tail(&run->engine->suspects, &run->suspect_node);
  next_trial(run->engine);
}

void trial_over(struct run *run) {
  struct engine *en = run->engine;
  if (en->on_trial != run) return;
  en->on_trial = NULL;
  timer_clear(en->loop, &en->trial_timer);
  next_trial(en);
}

void trial_skip(struct run *run) {
  if (list_empty(&run->suspect_node)) return; /* its claim is under way */
  list_remove(&run->suspect_node);
  run_post_claim(run, true);
}

/* Who waits for its trial stays as it is: the next host's. */
void trial_drain(struct engine *en) {
  struct list *node;
  while ((node = list_pop_head(&en->suspects))) {
    struct run *run = list_owner(node, struct run, suspect_node);
    run->state = RUN_GONE;
    run_maybe_free(run);
  }
}
