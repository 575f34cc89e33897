/* history.c - what scripts say without waiting: events of the run's history, progress, the beat; and what this life of the run has
 * written anew. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "engine/internal.h"
#include "engine/until.h"
#include "store/events.h"

enum { MOST_SUMMARY = 4000 }; /* bytes of a summary or a label */

/* Was this event told by an earlier life of the run? In an exact replay the n-th event is the n-th event; a run resumed --with changes
 * tells nothing while it repeats and counts on from there. */
static bool told_before(struct run *run) {
  bool changed = run->with_scripts || run->with_artifacts || run->with_models;
  if (changed && run->replaying && run->events_told > 0) return true; /* a retry has told nothing yet */
  if (changed && !run->events_shifted) {
    run->events = run->events_told + 1;
    run->events_shifted = true;
  }
  return run->events <= run->events_told;
}

void run_event(struct run *run, const char *kind, json_t *data) {
  bool counted =
      run->state >= RUN_LIVE; /* else how many were told is not known; and this life tells no other */
  if (counted) run->events++;
  if (!counted || !told_before(run)) {
    if (counted) json_object_set_new(data, "i", json_integer(run->events));
    char *text = jsonx_dumps(data);
    if (text) events_post(run->engine->store, run->id, run->epoch, kind, text);
    free(text);
  }
  json_decref(data);
}

void run_beat(struct run *run) {
  run->beat_ns = clock_mono_ns();
  run->beat_dirty = true;
}

/* What is shown in one line does not need more; scripts can hand over megabytes. */
static char *first_bytes(const char *s, size_t most) {
  if (!s) return NULL;
  size_t n = strnlen(s, most + 1);
  if (n <= most) return mem_dup(s);
  while (most > 0 && ((unsigned char)s[most] & 0xC0) == 0x80) most--;
  return mem_dup_n(s, most);
}

void run_progress(struct run *run, const char *phase, const char *summary, int64_t done, int64_t total,
                  const char *label) {
  run_beat(run);
  if (run->replaying && !phase) return;
  struct op_run_progress *op = mem_alloc(sizeof *op);
  op->op.kind = &op_run_progress_kind;
  op->run = run->id;
  op->epoch = run->epoch;
  op->phase = mem_dup(phase);
  op->summary = first_bytes(summary, MOST_SUMMARY);
  op->label = first_bytes(label, MOST_SUMMARY);
  op->done = done;
  op->total = total;
  run->beat_dirty = false;
  pending_post(run, NULL, &op->op, false, NULL, NULL);
}

void run_note_write(struct run *run, const char *subject) {
  if (run->unused == 0) return; /* nothing recorded is left to be read */
  char key[300];
  int n = snprintf(key, sizeof key, "%lld/%s", (long long)run->project, subject);
  if (!run->fresh) run->fresh = map_new();
  map_put_n(run->fresh, key, (size_t)n, run);
}

bool run_wrote(const struct run *run, const char *subject) {
  char key[300];
  int n = snprintf(key, sizeof key, "%lld/%s", (long long)run->project, subject);
  return run->fresh && map_get_n(run->fresh, key, (size_t)n);
}

bool run_until_reached(struct run *run, const char *name) {
  if (!run->until || !name) return false;
  bool reached = until_means(run->until, name);
  if (reached) run->until_met = true;
  return reached;
}
