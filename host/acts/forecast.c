/* forecast.c - `quire forecast` for who asks over HTTP, as a process of its own (child.h): it costs seconds of CPU, which are not this host's
 * loop's, and can be ended when nobody wants it any more. Threads: those of commands.h; the caller waits.
 *
 *   command_forecast: take_place (a newer one of the same form ends the older) -> child_ask -> leave_place */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "acts/commands.h"
#include "acts/internal.h"
#include "base/child.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "engine/engine.h"
#include "store/store.h"

enum { FORECAST_S = 60, MOST_FORM = 80, MOST_KEPT_BYTES = 32 << 10 };

/* ---- who makes one now */

enum { AT_ONCE = 2, PLACES = 8 }; /* each can use all of the machine; the others wait for their turn */
struct place {
  char form[MOST_FORM + 1];
  int stop; /* an eventfd: can be read once a newer one has come */
  bool taken, unwanted;
};
static struct place places[PLACES];
static int under_way;
static pthread_mutex_t places_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t places_changed = PTHREAD_COND_INITIALIZER;

/* With the lock. */
static struct place *free_place(const char *form) {
  struct place *mine = NULL;
  for (int i = 0; i < PLACES; i++) {
    struct place *p = &places[i];
    if (p->taken && *form && strcmp(p->form, form) == 0) {
      p->unwanted = true;
      eventfd_write(p->stop, 1);
    }
    if (!p->taken && !mine) mine = p;
  }
  pthread_cond_broadcast(&places_changed);
  return mine;
}

static void leave_place(struct place *p, bool was_under_way) {
  pthread_mutex_lock(&places_lock);
  close(p->stop);
  p->taken = false;
  under_way -= was_under_way;
  pthread_cond_broadcast(&places_changed);
  pthread_mutex_unlock(&places_lock);
}

/* Waits for its turn. ERR_FULL: too many wait; ERR_CANCELLED: a newer one came. */
static enum err take_place(const char *form, struct place **out, struct error *e) {
  int stop = eventfd(0, EFD_CLOEXEC);
  pthread_mutex_lock(&places_lock);
  struct place *mine = stop < 0 ? NULL : free_place(form);
  if (mine) {
    *mine = (struct place){.stop = stop, .taken = true};
    snprintf(mine->form, sizeof mine->form, "%s", form);
  }
  while (mine && under_way >= AT_ONCE && !mine->unwanted)
    pthread_cond_wait(&places_changed, &places_lock); /* those under way have FORECAST_S */
  bool unwanted = mine && mine->unwanted;
  under_way += mine && !unwanted;
  pthread_mutex_unlock(&places_lock);
  *out = mine;
  if (unwanted) {
    leave_place(mine, false);
    return err_set(e, ERR_CANCELLED, "a newer one took its place");
  }
  if (mine) return OK;
  if (stop >= 0) close(stop);
  err_set(e, ERR_FULL, "too many forecasts are being made");
  err_hint(e, "try again in a few seconds");
  return ERR_FULL;
}

/* ---- what is asked */

/* The settings of this host's environment count too (QUIRE_MODEL), and the child does not see that. */
static void name_models(const struct commands *c, json_t *request) {
  json_t *models = json_object_get(request, "models");
  if (!models) json_object_set_new(request, "models", models = json_object());
  bool all = json_object_get(models, "") != NULL;
  for (size_t i = 0; !all && json_is_object(models) && i < c->models->n_roles; i++) {
    const struct llm_role *r = &c->models->roles[i];
    const char *role = strcmp(r->name, "default") == 0 ? "" : r->name;
    if (json_object_get(models, role)) continue;
    json_t *list = json_array();
    for (size_t k = 0; k < r->n_models; k++) json_array_append_new(list, json_string(r->models[k]));
    json_object_set_new(models, role, list);
  }
}

static enum err ask(struct commands *c, const json_t *request, int stop, json_t **out, struct error *e) {
  const char *library = store_dir(c->store), *scripts = c->script_dirs[0];
  bool more = scripts && strcmp(scripts, library) != 0;
  const char *args[] = {"forecast", "-", "--quiet", "--library", library, more ? "--scripts" : NULL,
                        scripts,    NULL};
  json_t *whole = json_deep_copy(request);
  json_object_del(whole, "form");
  name_models(c, whole);
  char *text = jsonx_dumps(whole);
  struct child_question question = {
      .args = args, .input = text ? text : "{}", .stop = &stop, .seconds = FORECAST_S};
  enum err err = child_ask(&question, out, e);
  free(text);
  json_decref(whole);
  return err;
}

enum err command_forecast(struct commands *c, const json_t *request, json_t **out, struct error *e) {
  if (!json_is_object(request)) return err_set(e, ERR_INVALID, "the request must be a JSON object");
  enum err err = check_text(request, "form", MOST_FORM, e);
  struct place *p = NULL;
  if (err == OK) err = take_place(jsonx_str(request, "form", ""), &p, e);
  if (err != OK) return err;
  err = ask(c, request, p->stop, out, e);
  leave_place(p, true);
  return err;
}

/* ---- what a run keeps of it */

enum err check_forecast(const json_t *request, struct error *e) {
  const json_t *v = json_object_get(request, "forecast");
  if (!v || json_is_null(v)) return OK;
  char *text = json_is_object(v) ? jsonx_dumps(v) : NULL;
  bool good = text && strlen(text) <= MOST_KEPT_BYTES;
  free(text);
  return good ? OK : err_set(e, ERR_INVALID, "'forecast' must be an answer of POST /api/forecast");
}
