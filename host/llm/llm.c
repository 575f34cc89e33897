/* llm.c - what calls have in common: settings, adapters, prices, and the library's month. Keys are in keys.c. */
#include "llm/llm.h"

#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "llm/curl_late.h"
#include "llm/internal.h"

enum { MONTH_EVERY_S = 600, MOST_PROVIDERS_SHOWN = 32 };
static const int64_t month_ms = 30ll * 24 * 3600 * 1000;

void llm_learn(struct llm *llm, const json_t *found) {
  facts_learn_found(llm->facts, found);
}

/* ---- providers, models, prices ---- */

bool llm_is_embedded(const struct llm_provider *p) {
  return strncmp(p->base_url, "rehearsal:", 10) == 0;
}

/* n_providers: there is none of that name. */
static size_t provider_index(const struct llm_settings *s, const char *full_name, const char **model) {
  const char *slash = strchr(full_name, '/');
  if (!slash || !slash[1]) return s->n_providers;
  size_t n = (size_t)(slash - full_name), i = 0;
  while (i < s->n_providers &&
         (strlen(s->providers[i].name) != n || memcmp(s->providers[i].name, full_name, n) != 0))
    i++;
  *model = slash + 1;
  return i;
}

struct provider *llm_provider(const struct llm *llm, const char *full_name, const char **model) {
  size_t i = provider_index(llm->settings, full_name, model);
  return i < llm->settings->n_providers ? &llm->providers[i] : NULL;
}

struct adapter *llm_adapter(struct llm *llm, const char *name, struct error *e) {
  struct adapter *a = map_get(llm->adapters, name);
  if (a) return a;
  a = adapter_new(name, llm->settings->adapter_source, llm->settings->adapter_arg, e);
  if (a) map_put(llm->adapters, name, a);
  return a;
}

/* What the host does itself costs nothing, unless a price was given for a forecast. */
static const struct llm_price *price_in(const struct llm_settings *s, const char *full_name) {
  static const struct llm_price free_of_charge;
  for (size_t i = 0; i < s->n_prices; i++)
    if (strcmp(s->prices[i].model, full_name) == 0) return s->prices[i].unpriced ? NULL : &s->prices[i];
  const char *model;
  size_t i = provider_index(s, full_name, &model);
  return i < s->n_providers && llm_is_embedded(&s->providers[i]) ? &free_of_charge : NULL;
}

const struct llm_price *llm_price(const struct llm *llm, const char *full_name) {
  return price_in(llm->settings, full_name);
}

bool llm_is_priced(const struct llm_settings *s, const char *provider_model) {
  return price_in(s, provider_model) != NULL;
}

const struct llm_role *llm_role(const struct llm *llm, const char *role) {
  const struct llm_role *otherwise = NULL;
  for (size_t i = 0; i < llm->settings->n_roles; i++) {
    const struct llm_role *r = &llm->settings->roles[i];
    if (role && strcmp(r->name, role) == 0 && r->n_models) return r;
    if (strcmp(r->name, "default") == 0 && r->n_models) otherwise = r;
  }
  return otherwise;
}

const char *llm_tier_word(enum llm_tier tier) {
  static const char *const words[TIERS] = {"standard", "flex", "batch"};
  return words[tier];
}

enum llm_tier llm_tier_of(const char *word) {
  int i = 0;
  while (i < TIERS && strcmp(llm_tier_word((enum llm_tier)i), word) != 0) i++;
  return (enum llm_tier)i;
}

const struct llm_role_tiers *llm_role_tiers(const struct llm *llm, const char *role) {
  const struct llm_role_tiers *otherwise = NULL;
  for (size_t i = 0; i < llm->settings->n_tiers; i++) {
    const struct llm_role_tiers *t = &llm->settings->tiers[i];
    if (strcmp(t->role, role) == 0) return t;
    if (strcmp(t->role, "default") == 0) otherwise = t;
  }
  return otherwise;
}

bool llm_role_moved(const struct llm *llm, const char *role, const char *const *models, size_t n_models,
                    const char *answered) {
  const struct llm_role *r = models && n_models ? NULL : llm_role(llm, role);
  if (r) {
    models = (const char *const *)r->models;
    n_models = r->n_models;
  }
  for (size_t i = 0; models && i < n_models; i++)
    if (strcmp(models[i], answered) == 0) return false;
  return models && n_models > 0;
}

static enum err unknown_provider(const struct llm *llm, const char *full_name, struct error *e) {
  const char *names[MOST_PROVIDERS_SHOWN + 1] = {0};
  char word[64];
  size_t n = strcspn(full_name, "/");
  snprintf(word, sizeof word, "%.*s", (int)(n < sizeof word ? n : sizeof word - 1), full_name);
  for (size_t i = 0; i < llm->settings->n_providers && i < MOST_PROVIDERS_SHOWN; i++)
    names[i] = llm->settings->providers[i].name;
  if (!full_name[n] || !full_name[n + 1]) {
    err_set(e, ERR_CONFIG, "'%.100s' is not a model name; it must be PROVIDER/MODEL", full_name);
    return ERR_CONFIG;
  }
  err_set(e, ERR_CONFIG, "there is no provider '%s' (asked for by the model '%.100s')", word, full_name);
  const char *near = text_nearest(word, names);
  if (near)
    err_hint(e, "did you mean '%s/%.100s'?", near, full_name + n + 1);
  else
    err_hint(e, "providers are listed in quire.lua; 'quire config show' prints them");
  return ERR_CONFIG;
}

static enum err check_address(const struct llm_provider *c, struct error *e) {
  if (llm_is_embedded(c)) return OK;
  enum err err = curl_late_load(e);
  if (err != OK || http_same_origin(c->base_url, c->base_url)) return err;
  return err_set(e, ERR_CONFIG, "provider '%s': base_url '%.200s' is not an http or https address", c->name,
                 c->base_url);
}

static enum err check_resumes(const struct llm_provider *c, const struct adapter *a, struct error *e) {
  if (!c->resumable || adapter_resumes(a)) return OK;
  err_set(e, ERR_CONFIG,
          "provider '%s' is to be resumable, but scripts/providers/%s.lua knows no way to do that", c->name,
          c->adapter);
  err_hint(e, "take `resumable` out of quire.lua, or another adapter (openai_responses)");
  return ERR_CONFIG;
}

enum err llm_ready(struct llm *llm, const char *full_name, struct error *e) {
  const char *model;
  struct provider *p = llm_provider(llm, full_name, &model);
  if (!p) return unknown_provider(llm, full_name, e);
  if (!p->checked && !llm_adapter(llm, p->config->adapter, e)) return ERR_CONFIG;
  if (!p->checked && check_address(p->config, e) != OK) return ERR_CONFIG;
  if (!p->checked && check_resumes(p->config, llm_adapter(llm, p->config->adapter, NULL), e) != OK)
    return ERR_CONFIG;
  p->checked = true;
  return key_need(llm, p, e);
}

/* Looks for itself, with an adapter and a key of its own: what the loop uses changes under its calls and is the loop's alone. */
enum err llm_check_model(const struct llm *llm, const char *full_name, struct error *e) {
  const char *model;
  const struct provider *p = llm_provider(llm, full_name, &model);
  if (!p) return unknown_provider(llm, full_name, e);
  const struct llm_provider *c = p->config;
  struct adapter *a = adapter_new(c->adapter, llm->settings->adapter_source, llm->settings->adapter_arg, e);
  if (!a) return ERR_CONFIG;
  enum err err = check_resumes(c, a, e);
  adapter_free(a);
  if (err != OK || check_address(c, e) != OK) return ERR_CONFIG;
  struct error why = {0};
  char *key = NULL;
  if (!key_wanted(c) || c->key_command) return OK; /* a command is run when a call needs its key */
  (void)llm_read_key(c, &key, &why);               /* no key: key_missing says why */
  bool there = key != NULL;
  key_wipe(key);
  return there ? OK : key_missing(c, why.message, e);
}

bool llm_role_is_real(const struct llm *llm, const char *role, const char *const *models, size_t n_models) {
  const struct llm_role *r = n_models ? NULL : llm_role(llm, role);
  size_t n = r ? r->n_models : n_models;
  bool real = false;
  for (size_t i = 0; i < n; i++) {
    const char *model;
    const struct provider *p = llm_provider(llm, r ? r->models[i] : models[i], &model);
    real = real || !p || !llm_is_embedded(p->config);
  }
  return real;
}

void llm_drain(struct llm *llm) {
  llm->draining = true;
}

int llm_in_flight(const struct llm *llm) {
  return llm->in_flight;
}

void llm_note_booked(struct llm *llm, int64_t cost_nano) {
  llm->month_since += cost_nano;
}

/* ---- what the library spent in the last 30 days ---- */

struct month_op {
  struct store_op op;
  struct post post;
  struct loop *loop;
  struct llm *llm; /* NULL after llm_free */
  int64_t cost_nano, calls, since_before;
};

static enum err month_apply(struct db *db, struct store_op *base) {
  struct month_op *op = (struct month_op *)base;
  return calls_spent(db, clock_wall_ms() - month_ms, &op->cost_nano, &op->calls);
}

static void month_free(struct store_op *op) {
  free(op);
}

static const struct store_op_kind month_kind = {.name = "month", .apply = month_apply, .free = month_free};

/* What was durable when the read was posted is in its sum; what came later may be counted twice until the next one, never not at all. */
static void month_landed(struct post *post) {
  struct month_op *op = list_owner(post, struct month_op, post);
  struct llm *llm = op->llm;
  if (llm) {
    if (op->op.err == OK) {
      llm->month_read = op->cost_nano;
      llm->month_since -= op->since_before;
    }
    llm->month_op = NULL;
    timer_set(llm->loop, &llm->month_timer, clock_mono_ns() + MONTH_EVERY_S * 1000000000ull);
  }
  free(op);
}

static void month_done(struct store_op *base) {
  struct month_op *op = (struct month_op *)base;
  loop_post(op->loop, &op->post);
}

static void month_refresh(struct timer *t) {
  struct llm *llm = t->arg;
  struct month_op *op = mem_alloc(sizeof *op);
  *op = (struct month_op){.op = {.kind = &month_kind, .done = month_done},
                          .post = {.fn = month_landed},
                          .loop = llm->loop,
                          .llm = llm,
                          .since_before = llm->month_since};
  llm->month_op = op;
  store_read_post(llm->store, &op->op);
}

static enum err month_first(struct llm *llm, struct error *e) {
  struct db *db = store_reader(llm->store);
  int64_t calls;
  enum err err = calls_spent(db, clock_wall_ms() - month_ms, &llm->month_read, &calls);
  if (err != OK) db_error(db, e);
  store_reader_release(llm->store, db);
  llm->month_timer = (struct timer){.fn = month_refresh, .arg = llm};
  timer_set(llm->loop, &llm->month_timer, clock_mono_ns() + MONTH_EVERY_S * 1000000000ull);
  return err;
}

/* ---- birth and death ---- */

struct llm *llm_new(struct loop *loop, struct store *store, const struct llm_settings *settings,
                    struct error *e) {
  struct llm *llm = mem_alloc(sizeof *llm);
  *llm = (struct llm){.loop = loop, .store = store, .settings = settings, .adapters = map_new()};
  list_init(&llm->calls);
  list_init(&llm->waiting_for_money);
  llm->http = http_new(loop);
  llm->limits = limits_new(loop);
  llm->facts = facts_new(&settings->facts, store);
  llm->providers = mem_alloc(settings->n_providers * sizeof *llm->providers);
  keys_open(llm);
  if (settings->month_limit_nano > 0 && month_first(llm, e) != OK) {
    llm_free(llm);
    return NULL;
  }
  return llm;
}

static void free_adapter(void *a) {
  adapter_free(a);
}

void llm_free(struct llm *llm) {
  if (!llm) return;
  for (struct list *node; (node = list_pop_head(&llm->calls));) {
    struct call_state *s = list_owner(node, struct call_state, node);
    state_hold(s);
    if (s->c) llm_call_leave(llm, s->c);
    s->llm = NULL;
    list_remove(&s->node);
    state_drop(s);
  }
  timer_clear(llm->loop, &llm->month_timer);
  if (llm->month_op) llm->month_op->llm = NULL;
  http_free(llm->http);
  limits_free(llm->limits);
  facts_free(llm->facts);
  map_free(llm->adapters, free_adapter);
  keys_close(llm);
  free(llm->providers);
  free(llm);
}
