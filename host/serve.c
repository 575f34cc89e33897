/* serve.c - one host of one library: the rooms, put together, and taken apart in the opposite order.
 *
 * Threads: the caller's, the loop's (engine, llm), the store's, the pool's, the web server's. */
#include "serve.h"
#include "engine/live.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "acts/script_cache.h"
#include "script_api/api.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/secret.h"
#include "web/live/bus.h"
#include "store/write/library.h"
#include "store/runs.h"
#include "web/metrics.h"
#include "web/web.h"

enum {
  POOL_THREADS = 2,
  HOOKS_MS = 10000,
  WAKE_LEAST_MS = 200,
  WAKE_MOST_MS = 10000, /* also when somebody set the clock forward */
  LOOK_SOON_MS = 20,
  LOOK_AGAIN_MS = 1000,
  STREAMS = 320, /* browsers that watch at once; a thread each */
  STREAMS_OF_A_RUN =
      12 /* the same for `quire run`: making threads is a good part of how long it takes to start */
};

struct host {
  struct store *store;
  struct loop *loop;
  struct pool *pool;
  struct llm *llm;
  struct engine *engine;
  struct watcher *watcher;
  struct hooks *hooks;
  struct bus *bus;
  struct web *web;
  struct metrics_file *metrics_file;
  struct engine_settings settings;
  struct commands commands;
  char address[64];
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t changed; /* a run left this host, or the drain is over */
  int64_t ended[64];      /* the last runs that left, newest at ended_n % 64 */
  unsigned long ended_n;
  bool thread_runs, drained, adopt;
  struct timer wake; /* when to look for work again: the next run that waits for a time, or a place */
  struct post first;
  bool looking, again; /* loop: a look is under way; and something came meanwhile */
  bool more;           /* loop: runs are held back */
  struct map *served;  /* loop: project -> its last turn */
  int64_t turns;
};

static void look_within(struct host *h, int64_t ms);

static void on_run_end(void *arg, int64_t run, enum run_status status) {
  struct host *h = arg;
  hooks_run_left(h->hooks, run, status);
  bool waits = status == RUN_WAITING;                 /* perhaps for a time that comes before the next look */
  if (h->more || waits) look_within(h, LOOK_SOON_MS); /* more: a place is free */
  pthread_mutex_lock(&h->lock);
  h->ended[h->ended_n++ % 64] = run;
  pthread_cond_broadcast(&h->changed);
  pthread_mutex_unlock(&h->lock);
}

static void *loop_main(void *arg) {
  struct host *h = arg;
  pthread_setname_np(pthread_self(), "loop"); /* what top -H and a core dump show */
  loop_run(h->loop);
  return NULL;
}

static void on_text(void *arg, const struct live_text *t) {
  struct host *h = arg;
  bus_text(h->bus, &(struct bus_text){.run = t->run,
                                      .call = t->call,
                                      .attempt = t->attempt,
                                      .role = t->role,
                                      .scope = t->scope,
                                      .at = t->at,
                                      .text = t->text,
                                      .n = t->n,
                                      .reader = t->watcher});
}

/* ---- taking up what waits for this host */

struct op_due {
  struct store_op op;
  struct post post;
  struct host *host;
  struct turn *turns;
  size_t n;
  int64_t next_wake;
};

static void add_due(void *arg, int64_t id, int64_t project) {
  struct op_due *op = arg;
  op->turns = mem_grow(op->turns, (op->n + 1) * sizeof *op->turns);
  op->turns[op->n++] = (struct turn){.run = id, .project = project};
}

static enum err due_apply(struct db *db, struct store_op *base) {
  struct op_due *op = (struct op_due *)base;
  op->n = 0;
  enum err err = runs_due(db, add_due, op);
  return err == OK ? runs_next_wake(db, &op->next_wake) : err;
}
static void due_free(struct store_op *base) {
  free(((struct op_due *)base)->turns);
  free(base);
}
static const struct store_op_kind due_kind = {.name = "runs_due", .apply = due_apply, .free = due_free};

static void look_within(struct host *h, int64_t ms) {
  uint64_t due = clock_mono_ns() + (uint64_t)ms * 1000000;
  if (h->adopt && (!h->wake.heap || h->wake.due_ns > due)) timer_set(h->loop, &h->wake, due);
}

/* Loop thread, before a run that somebody asked for is claimed. While limits hold runs back all come by their turn. */
static bool may_start(void *arg, int64_t run) {
  struct host *h = arg;
  (void)run;
  const struct turn_limits *limits = &h->settings.turns;
  if (!h->adopt) return true; /* `quire run` moves what its caller asked for */
  look_within(h, LOOK_SOON_MS);
  if (limits->runs || limits->project_runs) return false;
  return commands_ready(&h->commands, NULL, NULL);
}

/* Those of the due runs that are not in hand yet, with their project's last turn; the others go out of the list. */
static size_t drop_held(struct host *h, struct turn *due, size_t n) {
  size_t left = 0;
  for (size_t i = 0; i < n; i++) {
    if (engine_holds(h->engine, due[i].run)) continue;
    const int64_t *last = map_get_n(h->served, &due[i].project, sizeof due[i].project);
    due[left] = due[i];
    due[left++].last = last ? *last : 0;
  }
  return left;
}

static void take_turn(struct host *h, const struct turn *t) {
  int64_t *last = map_get_n(h->served, &t->project, sizeof t->project);
  if (!last) {
    last = mem_alloc(sizeof *last);
    map_put_n(h->served, &t->project, sizeof t->project, last);
  }
  *last = ++h->turns;
  engine_claim(h->engine, t->run, t->project);
}

static void claim_due(struct host *h, struct op_due *op) {
  size_t n = drop_held(h, op->turns, op->n), n_held = engine_held(h->engine, NULL, 0), picked = 0;
  struct turn *held = mem_alloc((n_held + 1) * sizeof *held);
  n_held = engine_held(h->engine, held, n_held);
  if (commands_ready(&h->commands, NULL, NULL))
    picked = turns_pick(op->turns, n, held, n_held, h->settings.turns);
  for (size_t i = 0; i < picked; i++) take_turn(h, &op->turns[i]);
  free(held);
  h->more = picked < n;
}

static void due_on_loop(struct post *p) {
  struct op_due *op = list_owner(p, struct op_due, post);
  struct host *h = op->host;
  claim_due(h, op);
  int64_t left = op->next_wake ? op->next_wake - clock_wall_ms() : WAKE_MOST_MS;
  if (left < WAKE_LEAST_MS) left = WAKE_LEAST_MS;
  if (left > WAKE_MOST_MS) left = WAKE_MOST_MS;
  if (h->more && left > LOOK_AGAIN_MS) left = LOOK_AGAIN_MS;
  if (h->again) left = LOOK_SOON_MS;
  h->looking = h->again = false;
  timer_set(h->loop, &h->wake, clock_mono_ns() + (uint64_t)left * 1000000);
  due_free(&op->op);
}

static void due_done(struct store_op *base) {
  struct op_due *op = (struct op_due *)base;
  loop_post(op->host->loop, &op->post);
}

/* Looks for runs that are queued, interrupted, or whose time has come. serve only: `run` moves its own. Loop thread. */
static void look_for_work(struct host *h) {
  h->again = h->looking;
  if (h->looking) return;
  h->looking = true;
  struct op_due *op = mem_alloc(sizeof *op);
  op->op = (struct store_op){.kind = &due_kind, .done = due_done};
  op->post.fn = due_on_loop;
  op->host = h;
  store_read_post(h->store, &op->op);
}

static void first_look(struct post *p) {
  look_for_work(list_owner(p, struct host, first));
}

static void on_wake(struct timer *t) {
  look_for_work(t->arg);
}

/* ---- opening */

/* Each browser that watches and each answer that streams is a descriptor: the system's careful default is too few. */
static void raise_descriptor_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) log_warn("cannot raise the limit of open files");
}

/* Where "any free port" is asked for: the port of the host before this one, so that pages that are open find this one there. The caller's
 * to free; NULL: there was none, or a port is given. */
static char *port_before(const struct config *config) {
  const struct pulse *pulse = config->engine.pulse;
  int port = pulse ? atomic_load(&pulse->port) : 0;
  const char *colon = strrchr(config->listen, ':');
  if (!port || !colon || strcmp(colon, ":0") != 0) return NULL;
  return mem_printf("%.*s:%d", (int)(colon - config->listen), config->listen, port);
}

static struct web *listen_again(struct host *h, const struct config *config, struct web_settings *settings,
                                struct error *e) {
  char *before = port_before(config);
  settings->listen = before;
  struct web *w = before ? web_start(&h->commands, settings, e) : NULL;
  free(before);
  settings->listen = config->listen;
  return w ? w : web_start(&h->commands, settings, e);
}

/* A host that follows a killed one answers at its port before owner.json tells of it: so it takes over the token too. */
static void owner_token(struct pulse *pulse, char token[SECRET_TOKEN]) {
  if (pulse && atomic_load(&pulse->port)) {
    memcpy(token, pulse->token, SECRET_TOKEN);
    return;
  }
  secret_token(token);
  if (pulse) memcpy(pulse->token, token, SECRET_TOKEN);
}

static enum err open_web(struct host *h, const struct config *config, const char *command, struct error *e) {
  struct library_owner owner = {.pid = getpid(), .guardian = config->engine.pulse ? getppid() : 0};
  owner_token(config->engine.pulse, owner.token);
  snprintf(owner.command, sizeof owner.command, "%s", command);
  struct web_settings settings = {.bus = h->bus,
                                  .streams = h->adopt ? STREAMS : STREAMS_OF_A_RUN,
                                  .owner = &owner,
                                  .public_url = config->public_url,
                                  .trusted_proxies = (const char *const *)config->trusted_proxies,
                                  .ui = config->ui};
  h->web = listen_again(h, config, &settings, e);
  if (!h->web) return e->code;
  if (config->engine.pulse)
    atomic_store(&config->engine.pulse->port, atoi(strrchr(web_address(h->web), ':') + 1));
  snprintf(owner.address, sizeof owner.address, "%s", web_address(h->web));
  memcpy(h->address, owner.address, sizeof owner.address);
  return library_set_owner(config->library, &owner, e);
}

static enum err open_rooms(struct host *h, const struct config *config, struct error *e) {
  enum err err = store_open(config->library, STORE_OWNER, &h->store, e);
  if (err != OK) return err;
  h->loop = loop_new();
  h->pool = pool_new(h->loop, POOL_THREADS);
  h->llm = llm_new(h->loop, h->store, &config->llm, e);
  if (!h->llm) return e->code;
  h->settings = config->engine;
  h->settings.apis = api_tables;
  h->settings.on_run_end = on_run_end;
  h->settings.may_start = may_start;
  h->settings.on_text = on_text;
  h->bus = bus_new();
  h->settings.arg = h;
  h->engine = engine_new(h->loop, h->store, h->llm, h->pool, &h->settings);
  h->hooks = hooks_new(h->loop, h->store, &config->hooks);
  struct watcher_settings watching = config->watcher;
  watching.held_only = !h->adopt;
  h->watcher = watcher_new(h->engine, &watching);
  h->commands = (struct commands){.store = h->store,
                                  .engine = h->engine,
                                  .llm = h->llm,
                                  .settings = &h->settings,
                                  .script_dirs = (const char *const *)config->script_dirs,
                                  .scripts = script_cache_new((const char *const *)config->script_dirs),
                                  .watcher = h->watcher,
                                  .shown = config->shown,
                                  .models = &config->llm};
  return OK;
}

enum err host_open(const struct config *config, const char *command, bool adopt, struct host **out,
                   struct error *e) {
  struct host *h = mem_alloc(sizeof *h);
  pthread_mutex_init(&h->lock, NULL);
  pthread_condattr_t monotonic; /* who waits for a run does not wait for the wall clock */
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init(&h->changed, &monotonic);
  pthread_condattr_destroy(&monotonic);
  h->adopt = adopt;
  raise_descriptor_limit();
  h->served = map_new();
  h->wake = (struct timer){.fn = on_wake, .arg = h};
  h->first.fn = first_look;
  enum err err = open_rooms(h, config, e);
  if (err == OK && pthread_create(&h->thread, NULL, loop_main, h) != 0)
    err = err_set(e, ERR_IO, "no thread for the loop");
  if (err == OK) {
    h->thread_runs = true;
    err = open_web(h, config, command, e);
  }
  if (err == OK && config->metrics_file)
    err = metrics_file_start(&h->commands, config->metrics_file, &h->metrics_file, e);
  if (err == OK && adopt) loop_post(h->loop, &h->first);
  if (err == OK && h->settings.pulse) atomic_store(&h->settings.pulse->phase, PULSE_READY);
  if (err == OK)
    *out = h;
  else
    host_close(h);
  return err;
}

struct commands *host_commands(struct host *h) {
  return &h->commands;
}
struct store *host_store(struct host *h) {
  return h->store;
}
const char *host_address(struct host *h) {
  return h->address;
}
const struct sandbox_table *host_apis(void) {
  return api_tables;
}

/* ---- waiting */

static bool has_ended(const struct host *h, int64_t run) {
  unsigned long n = h->ended_n < 64 ? h->ended_n : 64;
  for (unsigned long i = 0; i < n; i++)
    if (h->ended[i] == run) return true;
  return false;
}

bool host_wait_run(struct host *h, int64_t run, int timeout_ms) {
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_sec += timeout_ms / 1000;
  until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
  if (until.tv_nsec >= 1000000000) until.tv_sec++, until.tv_nsec -= 1000000000;
  pthread_mutex_lock(&h->lock);
  bool ended;
  int waited = 0;
  while (!(ended = has_ended(h, run)) && waited == 0)
    waited = pthread_cond_timedwait(&h->changed, &h->lock, &until);
  pthread_mutex_unlock(&h->lock);
  return ended;
}

struct count_post {
  struct post post;
  struct host *host;
  int n;
  bool done;
};
static void count_on_loop(struct post *p) {
  struct count_post *c = list_owner(p, struct count_post, post);
  pthread_mutex_lock(&c->host->lock);
  c->n = engine_runs(c->host->engine);
  c->done = true;
  pthread_cond_broadcast(&c->host->changed);
  pthread_mutex_unlock(&c->host->lock);
}

int host_runs(struct host *h) {
  struct count_post c = {.post.fn = count_on_loop, .host = h};
  loop_post(h->loop, &c.post);
  pthread_mutex_lock(&h->lock);
  while (!c.done) pthread_cond_wait(&h->changed, &h->lock);
  pthread_mutex_unlock(&h->lock);
  return c.n;
}

static void on_drained(void *arg) {
  struct host *h = arg;
  pthread_mutex_lock(&h->lock);
  h->drained = true;
  pthread_cond_broadcast(&h->changed);
  pthread_mutex_unlock(&h->lock);
}

void host_sweep(struct host *h) {
  watcher_sweep(h->watcher);
}

/* A message about the last run is worth a moment. */
static void wait_for_hooks(struct host *h) {
  for (int ms = 0; ms < HOOKS_MS && hooks_busy(h->hooks); ms += 10) poll(NULL, 0, 10);
}

void host_drain(struct host *h, int grace_ms) {
  atomic_store(&h->commands.draining, true);
  if (h->settings.pulse) atomic_store(&h->settings.pulse->phase, PULSE_STOPPING);
  engine_drain(h->engine, grace_ms, on_drained, h);
  pthread_mutex_lock(&h->lock);
  while (!h->drained) pthread_cond_wait(&h->changed, &h->lock);
  pthread_mutex_unlock(&h->lock);
  wait_for_hooks(h);
}

void host_close(struct host *h) {
  if (!h) return;
  metrics_file_stop(h->metrics_file);
  web_stop(h->web);
  if (h->thread_runs) {
    if (!h->drained) host_drain(h, 0);
    loop_stop(h->loop);
    pthread_join(h->thread, NULL);
  }
  llm_free(h->llm);
  hooks_stop(h->hooks);
  if (h->pool) pool_free(h->pool); /* its jobs read the store */
  if (*h->address) library_clear_owner(store_dir(h->store));
  if (h->store) store_close(h->store);
  if (h->loop) loop_drain(h->loop); /* what the store and the pool handed back last */
  hooks_free(h->hooks);
  watcher_free(h->watcher);
  script_cache_free(h->commands.scripts);
  engine_free(h->engine);
  if (h->loop) loop_free(h->loop);
  bus_free(h->bus);
  map_free(h->served, free);
  pthread_cond_destroy(&h->changed);
  pthread_mutex_destroy(&h->lock);
  free(h);
}
