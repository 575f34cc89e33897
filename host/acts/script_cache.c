/* script_cache.c - the set that was gathered last and the watch over its files, under one lock. Who finds it outdated gathers it while the
 * others wait: they all want the new one. */
#include "acts/script_cache.h"

#include <pthread.h>
#include <stdlib.h>
#include "acts/commands.h"
#include "base/mem.h"
#include "lua/script_set.h"
#include "lua/script_watch.h"

struct script_cache {
  const char *const *dirs;
  pthread_mutex_t lock;
  struct script_set *set; /* NULL: none, or it could not be gathered */
  struct script_watch *watch;
};

struct script_cache *script_cache_new(const char *const *script_dirs) {
  struct script_cache *c = mem_alloc(sizeof *c);
  c->dirs = script_dirs;
  pthread_mutex_init(&c->lock, NULL);
  return c;
}

static void forget(struct script_cache *c) {
  script_set_unref(c->set);
  script_watch_free(c->watch);
  c->set = NULL;
  c->watch = NULL;
}

void script_cache_free(struct script_cache *c) {
  if (!c) return;
  forget(c);
  pthread_mutex_destroy(&c->lock);
  free(c);
}

static enum err gather(struct script_cache *c, struct error *e) {
  forget(c);
  struct script_set *s = script_set_new();
  c->watch = script_watch_new(true);
  script_set_watch(s, c->watch);
  enum err err = OK;
  for (size_t i = 0; err == OK && c->dirs && c->dirs[i]; i++) err = script_set_add_dir(s, c->dirs[i], e);
  return commands_gathered(s, err, &c->set, e);
}

enum err script_cache_get(struct script_cache *c, struct script_set **out, struct error *e) {
  pthread_mutex_lock(&c->lock);
  enum err err = c->set && script_watch_same(c->watch) ? OK : gather(c, e);
  if (err == OK) *out = script_set_ref(c->set);
  pthread_mutex_unlock(&c->lock);
  return err;
}
