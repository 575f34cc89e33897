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

enum { MOST_SUMMARY = 4000, HELD_AGAIN_MS = 2000 }; /* MOST_SUMMARY: bytes of a summary or a label */

/* ---- events: each is told once in all lives of the run
 *
 * An event has a place: the entry of the journal that was delivered last. It became durable before the next entry did, and each life delivers the
 * same entries in the same order; so an equal event at the same place is the same event, and any other one is new. A recorded step, whose
 * function is not called again, tells nothing and shifts nobody. */

struct told {
  /* (seq, hash of kind and data) -> how many of it were told there and did not come again yet; seq -> how many in all */
  struct map *at;
  bool placeless; /* some were told by an older quire, which knew no places: they stand at -1 */
};

enum { PLACELESS = -1 };
struct told_key {
  int64_t seq;
  uint8_t hash[SHA_BYTES];
};

static struct told_key key_of(int64_t seq, const char *kind, const char *data) {
  struct told_key key = {.seq = seq};
  struct sha256 *h = sha256_begin();
  sha256_add(h, kind, strlen(kind) + 1);
  sha256_add(h, data, strlen(data));
  sha256_end(h, key.hash);
  return key;
}

static void count(struct map *at, const void *key, size_t n, intptr_t by) {
  map_put_n(at, key, n, (void *)((intptr_t)map_get_n(at, key, n) + by));
}

void told_add(struct told **told, int64_t seq, const char *kind, const char *data) {
  if (!*told) {
    *told = mem_alloc(sizeof **told);
    (*told)->at = map_new();
  }
  struct told_key key = key_of(seq, kind, data);
  count((*told)->at, &key, sizeof key, 1);
  count((*told)->at, &seq, sizeof seq, 1);
  (*told)->placeless |= seq == PLACELESS;
}

void told_free(struct told *told) {
  if (!told) return;
  map_free(told->at, NULL);
  free(told);
}

static bool take(struct told *told, const struct told_key *key) {
  if (!map_get_n(told->at, key, sizeof *key)) return false;
  count(told->at, key, sizeof *key, -1);
  return true;
}

/* Placeless ones were told before anything that has a place: the first of those ends them. */
static bool told_before(struct run *run, const char *kind, const char *data) {
  struct told *told = run->told;
  if (!told) return false;
  struct told_key key = key_of(run->at_seq, kind, data);
  if (take(told, &key)) {
    told->placeless = false;
    return true;
  }
  key.seq = PLACELESS;
  return told->placeless && take(told, &key);
}

void run_at_entry(struct run *run, int64_t seq, bool recorded) {
  run->at_seq = seq;
  run->told_here = run->told ? (intptr_t)map_get_n(run->told->at, &seq, sizeof seq) : 0;
  if (run->told && !recorded) run->told->placeless = false;
}

void run_event(struct run *run, const char *kind, json_t *data) {
  char *text = jsonx_dumps(data);
  json_decref(data);
  bool placed = run->state >= RUN_LIVE; /* else what was told is not known; and this life tells no other */
  if (text && !(placed && told_before(run, kind, text))) {
    struct event_place at = {0};
    if (placed) at = (struct event_place){run->at_seq, ++run->told_here};
    run_tell(run, at, kind, text);
  }
  free(text);
}

/* ---- progress */

void run_beat(struct run *run) {
  run->beat_ns = clock_mono_ns();
  run->beat_dirty = true;
}

/* Many calls of a run are sent away together, each with a time of its own: one line for all. */
void run_held(struct run *run, const char *why, int64_t until_ms) {
  if (run->state != RUN_LIVE || until_ms <= run->held_until + HELD_AGAIN_MS) return;
  run->held_until = until_ms;
  struct op_run_held *op = mem_alloc(sizeof *op);
  op->op.kind = &op_run_held_kind;
  op->run = run->id;
  op->epoch = run->epoch;
  op->why = mem_dup(why);
  op->until_ms = until_ms;
  pending_post(run, NULL, &op->op, false, NULL, NULL);
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
  struct op_run_progress *op = mem_alloc(sizeof *op);
  op->op.kind = &op_run_progress_kind;
  op->run = run->id;
  op->epoch = run->epoch;
  op->phase = mem_dup(phase);
  op->summary = first_bytes(summary, MOST_SUMMARY);
  op->label = first_bytes(label, MOST_SUMMARY);
  op->done = done;
  op->total = total;
  if (run->replaying && !phase && run->held) {
    run_merge_progress(run->held, op);
  } else if (run->replaying && !phase) {
    run->held = op;
  } else {
    run_tell_progress(run, op);
  }
}

void run_replayed(struct run *run) {
  run->replaying = false;
  if (!run->held) return;
  struct op_run_progress *held = run->held;
  run->held = NULL;
  run_tell_progress(run, held);
}

void run_note_write(struct run *run, const struct wait *w, const char *subject) {
  if (run->unused == 0 || run_is_older(run, w->seq)) return; /* no older read is left */
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
