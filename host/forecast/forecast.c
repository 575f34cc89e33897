/* forecast.c - see forecast.h: three rehearsals at once, each with a loop thread of its own, and what comes of them.
 *
 *   begin -> watch -> read_records -> report */
#include "forecast/forecast.h"

#include <poll.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "forecast/internal.h"
#include "store/projects.h"

enum { LOOK_MS = 15 };
/* The shortest and the longest that answers come as a rule, as a factor on what was asked for. */
static const double words[REHEARSALS] = {[AS_ASKED] = 1, [SHORTER] = 0.6, [LONGER] = 1.4};

struct making {
  const struct forecast *f;
  struct config own;   /* the settings as they are */
  struct store *store; /* of the library; NULL: there is none yet */
  struct rehearsal rehearsals[REHEARSALS];
  struct record records[REHEARSALS];
  struct habits habits;
};

/* ---- what is there */

static enum err open_library(struct making *m, struct error *e) {
  enum err err = store_open(m->own.library, STORE_READER, &m->store, e);
  if (err != ERR_NOT_FOUND) return err;
  *e = (struct error){0};
  return OK;
}

static bool project_exists(const struct making *m, const char *project) {
  struct error ignored = {0};
  int64_t id;
  struct db *db = m->store && project ? store_reader(m->store) : NULL;
  if (!db) return false;
  bool yes = project_find_id(db, project, &id, &ignored) == OK;
  store_reader_release(m->store, db);
  return yes;
}

/* ---- the rehearsals */

/* A run on a book that exists reads it, so its rehearsals get it. */
static enum err begin(struct making *m, struct error *e) {
  bool with_library = project_exists(m, jsonx_str(m->f->request, "project", NULL));
  enum err err = OK;
  for (int i = 0; i < REHEARSALS && err == OK; i++)
    err = rehearsal_open(&m->rehearsals[i], m->f, with_library, words[i], e);
  return err;
}

static enum err watch(struct making *m, struct error *e) {
  uint64_t until = clock_mono_ns() + (uint64_t)m->f->seconds * 1000000000;
  enum err err = OK;
  for (int i = 0; i < REHEARSALS && err == OK;) {
    bool over = false;
    err = rehearsal_look(&m->rehearsals[i], &over, e);
    i += over;
    if (over || err != OK) continue;
    if (m->f->stopped && m->f->stopped()) return err_set(e, ERR_CANCELLED, "interrupted");
    if (clock_mono_ns() > until) {
      err_set(e, ERR_LIMIT, "the rehearsal of it took longer than %d s", m->f->seconds);
      err_hint(e, "ask for fewer chapters: money grows with their number");
      return ERR_LIMIT;
    }
    poll(NULL, 0, LOOK_MS);
  }
  return err;
}

static enum err read_records(struct making *m, struct error *e) {
  enum err err = OK;
  for (int i = 0; i < REHEARSALS && err == OK; i++) {
    struct store *store = host_store(m->rehearsals[i].host);
    struct db *db = store_reader(store);
    err = record_read(&m->records[i], &m->habits, &m->own, db, m->rehearsals[i].run, e);
    store_reader_release(store, db);
  }
  struct db *db = m->store ? store_reader(m->store) : NULL;
  if (err == OK) err = habits_learn(&m->habits, db);
  if (db) store_reader_release(m->store, db);
  return err;
}

/* ---- all of it */

static void release(struct making *m) {
  for (int i = 0; i < REHEARSALS; i++) {
    rehearsal_close(&m->rehearsals[i]);
    record_release(&m->records[i]);
  }
  habits_release(&m->habits);
  store_close(m->store);
  config_release(&m->own);
}

static void add_frame(const struct making *m, uint64_t begin_ns, json_t *out) {
  const json_t *usd = json_object_get(m->f->request, "budget_usd");
  double limit = usd ? json_number_value(usd) : (double)m->own.engine.run_limit_nano / 1e9;
  json_object_set_new(out, "pipeline", json_string(m->rehearsals[AS_ASKED].row.pipeline));
  json_object_set_new(out, "limit_usd", json_real(limit));
  json_object_set_new(out, "took_ms", json_integer((json_int_t)((clock_mono_ns() - begin_ns) / 1000000)));
}

enum err forecast_make(const struct forecast *f, json_t **out, struct error *e) {
  struct config_flags flags = {.library = f->library, .scripts = f->scripts};
  uint64_t begin_ns = clock_mono_ns();
  struct making *m = mem_alloc(sizeof *m);
  m->f = f;
  enum err err = config_load(&flags, &m->own, e);
  if (err != OK) {
    free(m);
    return err;
  }
  err = open_library(m, e);
  if (err == OK) err = begin(m, e);
  if (err == OK) err = watch(m, e);
  if (err == OK) err = read_records(m, e);
  if (err == OK) {
    *out = report(m->records, &m->habits);
    add_frame(m, begin_ns, *out);
  }
  release(m);
  free(m);
  return err;
}
