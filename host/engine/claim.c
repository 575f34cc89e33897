/* claim.c - a run comes into this host's hands: its row, its options, and whether hosts died of it.
 *
 *   engine_start_run -> run_claim -> claimed (epoch + 1) -> run_load (load.c) | failed as poison | not ours */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "engine/internal.h"

static void set_out_dir(struct run *run) {
  const char *out = jsonx_str(run->options, "out", NULL);
  free(run->out_dir);
  run->out_dir =
      out ? mem_dup(out) : mem_printf("%s/%s", run->engine->settings.exports_dir, run->row.project);
}

void run_project_named(struct run *run, const char *slug) {
  free(run->project_slug);
  run->project_slug = mem_dup(slug);
  if (run->project != run->row.project_id) return;
  free(run->row.project);
  run->row.project = mem_dup(slug);
  set_out_dir(run);
}

struct run *run_find(struct engine *en, int64_t id) {
  for (struct list *node = en->runs.next; node != &en->runs; node = node->next) {
    struct run *run = list_owner(node, struct run, node);
    if (run->id == id && run->state != RUN_GONE) return run;
  }
  return NULL;
}

static void take_options(struct run *run) {
  /* Checked when they were recorded. */
  (void)jsonx_parse(run->row.options ? run->row.options : "{}",
                    run->row.options ? strlen(run->row.options) : 2, "the run's options", &run->options,
                    NULL);
  if (!run->options) run->options = json_object();
  const json_t *roles = json_object_get(run->options, "roles");
  run_roles_read(&run->chosen, json_object_get(run->options, "models"));
  run_roles_read(&run->begun, roles);
  run->begun_is_told = roles != NULL;
  const struct engine_settings *s = &run->engine->settings;
  double usd = jsonx_num(run->options, "budget_usd", -1);
  run->budget.limit_nano = usd >= 0 ? (int64_t)llround(usd * 1e9) : s->run_limit_nano;
  run->budget.limit_calls = jsonx_int(run->options, "budget_calls", s->run_limit_calls);
  run->budget.at_limit = s->at_limit;
  (void)llm_at_limit_of(jsonx_str(run->options, "at_budget", ""), &run->budget.at_limit);
  run->budget.limit_tokens = jsonx_int(run->options, "budget_tokens", s->run_limit_tokens);
  run->budget.spent_nano = run->row.cost_nano;
  run->budget.spent_tokens = run->row.tokens_in + run->row.tokens_out;
  run->budget.calls = run->row.calls;
  const char *until = jsonx_str(run->options, "until", NULL);
  if (until) {
    run->until = mem_alloc(strlen(until) + 2);
    text_slug(until, strlen(until), run->until, strlen(until) + 2);
  }
  set_out_dir(run);
  (void)with_parse(run->row.resume_with, &run->with, NULL); /* checked when it was recorded */
}

/* The guardian killed the host twice because of this run. */
static bool held_the_loop(const struct run *run) {
  struct pulse *pulse = run->engine->settings.pulse;
  int n = 0;
  for (size_t i = 0; pulse && i < sizeof pulse->hung_runs / sizeof *pulse->hung_runs; i++)
    n += atomic_load(&pulse->hung_runs[i]) == run->id;
  return n >= 2;
}

static int64_t most_deaths(const struct run *run) {
  return run->engine->settings.most_deaths > 0 ? run->engine->settings.most_deaths : 3;
}

void run_cancel(struct run *run) {
  struct error e = {0};
  run->cancelled = true;
  if (run->state == RUN_CLAIMING) { /* its row is not ours yet: `claimed` comes back to it */
    trial_skip(run);
    return;
  }
  err_set(&e, ERR_CANCELLED, "cancelled by a person");
  run_fail(run, ERR_CANCELLED, &e, NULL);
}

static void not_claimed(struct run *run, struct op_run_claim *op) {
  struct engine *en = run->engine;
  trial_over(run);
  if (op->op.err != OK && op->op.err != ERR_CONFLICT)
    log_errorx("run %lld could not be claimed: %s", (long long)run->id, op->op.error.message);
  bool told = run->state == RUN_GONE;
  /* Cancelled before it was here: its row must not stay 'running' in nobody's hands. */
  if (op->op.err == OK) {
    run->epoch = op->row.epoch;
    pending_post(run, NULL, &run_status_op(run, RUN_CANCELLED)->op, false, NULL, NULL);
  }
  run_row_release(&op->row); /* there is one also when the commit reported failure */
  run->state = RUN_GONE;
  if (!told && en->settings.on_run_end) en->settings.on_run_end(en->settings.arg, run->id, RUN_NO_STATUS);
}

/* Why a run that is ours must not be tried again, in *e. */
static bool stuck(const struct run *run, const struct op_run_claim *op, struct error *e) {
  if (held_the_loop(run)) {
    err_set(
        e, ERR_STUCK,
        "stuck: its script held the host twice where nothing can interrupt it; the host had to be killed");
    err_hint(
        e,
        "look for a C function that never returns (the guardian's log names the time), then `quire retry %lld "
        "--with scripts`",
        (long long)run->id);
    return true;
  }
  if (!op->poison) return false;
  err_set(e, ERR_STUCK,
          "stuck: %lld hosts in a row died while they worked on this run, and it got no further",
          (long long)run->row.deaths);
  err_hint(e, "what it does kills the host; `quire retry %lld --with scripts` after a change",
           (long long)run->id);
  return true;
}

static void claimed(struct run *run, struct store_op *base) {
  struct op_run_claim *op = (struct op_run_claim *)base;
  struct engine *en = run->engine;
  if (run->state != RUN_GONE && op->suspect) {
    trial_wait(run);
    return;
  }
  if (run->state == RUN_GONE || op->op.err != OK) {
    not_claimed(run, op);
    return;
  }
  engine_note_claim(en, op->waited_ms);
  llm_note_booked(en->llm, op->presumed_nano);
  run->row = op->row;
  run->epoch = run->row.epoch;
  run->project = run->row.project_id;
  run->project_slug = mem_dup(run->row.project);
  run->now_ms = run->row.started_at;
  take_options(run);
  run->state = RUN_LOADING;
  if (run->cancelled) {
    run_cancel(run);
    return;
  }
  struct error e = {0};
  if (stuck(run, op, &e)) {
    run_fail(run, ERR_STUCK, &e, NULL);
    return;
  }
  run_load(run);
}

/* What the guardian says of the host before this one, seen from this run. */
static int death_of(const struct run *run) {
  const struct pulse *pulse = run->engine->settings.pulse;
  int64_t blame = pulse ? atomic_load(&pulse->blame) : BLAME_NOBODY;
  return blame == run->id ? DEATH_BY_THIS : blame == BLAME_ANY ? DEATH_COUNTED : DEATH_NOT_COUNTED;
}

void run_post_claim(struct run *run, bool alone) {
  struct op_run_claim *op = mem_alloc(sizeof *op);
  op->op.kind = &op_run_claim_kind;
  op->id = run->id;
  op->adopt = true;
  op->alone = alone;
  op->death = death_of(run);
  op->deaths_most = most_deaths(run);
  pending_post(run, NULL, &op->op, false, NULL, claimed);
}

void run_claim(struct engine *en, int64_t id) {
  if (run_find(en, id) || en->draining) return;
  struct run *run = mem_alloc(sizeof *run);
  run->engine = en;
  run->id = id;
  run->journal = map_new();
  run->by_content = map_new();
  run->seen = map_new();
  list_init(&run->tasks);
  list_init(&run->ended);
  list_init(&run->groups);
  list_init(&run->ready);
  list_init(&run->inbox);
  list_init(&run->losers);
  list_init(&run->behind);
  run->line = store_line_new();
  list_init(&run->ready_node);
  list_init(&run->set_node);
  list_init(&run->suspect_node);
  list_push_tail(&en->runs, &run->node);
  en->n_runs++;
  engine_note_held(en, id, true);
  run_post_claim(run, false);
}
