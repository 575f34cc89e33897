/* live.c - see live.h. Watchers are counted by run in engine.watched, on the loop: so no piece can come between "all so far" and "what
 * follows". */
#include "engine/live.h"

#include <stdlib.h>

#include "base/mem.h"
#include "engine/internal.h"

/* ---- showing */

static int64_t count_points(const char *s, size_t n) {
  int64_t points = 0;
  for (size_t i = 0; i < n; i++) points += ((unsigned char)s[i] & 0xC0) != 0x80;
  return points;
}

static bool watched(const struct run *run) {
  return map_count(run->engine->watched) > 0 && map_get_n(run->engine->watched, &run->id, sizeof run->id);
}

static void show(struct run *run, const struct llm_call *call, const struct llm_live *live, int64_t at,
                 size_t from, uint64_t watcher) {
  const struct engine_settings *s = &run->engine->settings;
  if (!s->on_text) return;
  struct live_text t = {.run = run->id,
                        .call = live->row,
                        .attempt = live->attempt,
                        .role = call->role,
                        .scope = call->key.scope,
                        .at = at,
                        .text = live->text + from,
                        .n = live->n - from,
                        .watcher = watcher};
  s->on_text(s->arg, &t);
}

/* Text that came while nobody watched counts as shown: who joins gets all of it. When there is less than before, what was shown turned out to
 * be thought: it is shown from the beginning again. */
static void advance(struct live *l, const struct llm_live *live) {
  if (l->row != live->row || live->n < l->bytes) *l = (struct live){.row = live->row};
  l->points += count_points(live->text + l->bytes, live->n - l->bytes);
  l->bytes = live->n;
}

void live_more(struct run *run, struct live *l, const struct llm_call *call) {
  struct llm_live live;
  if (!watched(run) || !llm_call_live(call, &live)) return;
  bool goes_on = l->row == live.row && live.n >= l->bytes;
  struct live before = goes_on ? *l : (struct live){.row = live.row};
  advance(l, &live);
  show(run, call, &live, before.points, before.bytes, 0);
}

void live_whole(struct run *run, struct live *l, const struct llm_call *call, uint64_t watcher) {
  struct llm_live live;
  if (!llm_call_live(call, &live)) return;
  advance(l, &live);
  show(run, call, &live, 0, 0, watcher);
}

/* ---- watching */

struct watch_post {
  struct post post;
  struct engine *en;
  int64_t run;
  uint64_t watcher;
};

static void begin(struct engine *en, int64_t run, uint64_t watcher) {
  if (en->settings.on_text)
    en->settings.on_text(en->settings.arg, &(struct live_text){.run = run, .watcher = watcher, .text = ""});
}

static void show_run(struct run *run, uint64_t watcher) {
  for (struct list *node = run->tasks.next; node != &run->tasks; node = node->next) {
    struct wait *w = list_owner(node, struct task, all)->wait;
    if (w && w->state == WAIT_STARTED && w->kind->show) w->kind->show(w, watcher);
  }
}

static void watch_on_loop(struct post *p) {
  struct watch_post *w = list_owner(p, struct watch_post, post);
  int64_t *count = map_get_n(w->en->watched, &w->run, sizeof w->run);
  struct run *run = run_find(w->en, w->run);
  if (!count) {
    count = mem_alloc(sizeof *count);
    map_put_n(w->en->watched, &w->run, sizeof w->run, count);
  }
  ++*count;
  begin(w->en, w->run, w->watcher);
  if (run && run->state == RUN_LIVE) show_run(run, w->watcher);
  free(w);
}

static void unwatch_on_loop(struct post *p) {
  struct watch_post *w = list_owner(p, struct watch_post, post);
  int64_t *count = map_get_n(w->en->watched, &w->run, sizeof w->run);
  if (count && --*count == 0) free(map_remove_n(w->en->watched, &w->run, sizeof w->run));
  free(w);
}

static void post(struct engine *en, int64_t run, uint64_t watcher, void (*fn)(struct post *)) {
  struct watch_post *w = mem_alloc(sizeof *w);
  *w = (struct watch_post){.post = {.fn = fn}, .en = en, .run = run, .watcher = watcher};
  loop_post(en->loop, &w->post);
}

void engine_watch(struct engine *en, int64_t run, uint64_t watcher) {
  post(en, run, watcher, watch_on_loop);
}

void engine_unwatch(struct engine *en, int64_t run) {
  post(en, run, 0, unwatch_on_loop);
}
