/* files.c - a book's files, made anew when somebody asks for one that is older than its chapters. Threads: those of commands.h. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "acts/commands.h"
#include "engine/engine.h"
#include "base/clock.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "book/book.h"
#include "store/artifacts.h"
#include "store/projects.h"
#include "store/runs.h"

#define LONGEST_WAIT_NS 20000000000u
#define LOOK_EVERY_NS   20000000

static const char maker[] = "regenerate_artifacts";

static int64_t outdated(struct commands *c, const char *project, const char *name) {
  int64_t id = 0, newest = 0;
  struct db *db = store_reader(c->store);
  if (db && project_find_id(db, project, &id, NULL) == OK)
    (void)artifact_outdated(db, id, name, maker, &newest); /* 0: the file stays as it is */
  store_reader_release(c->store, db);
  return newest;
}

static bool has_ended(struct commands *c, int64_t run) {
  struct run_row row = {0};
  struct db *db = store_reader(c->store);
  bool ended = db && run_get(db, run, &row, NULL) == OK && row.ended_at != 0;
  store_reader_release(c->store, db);
  run_row_release(&row);
  return ended;
}

void command_refresh_file(struct commands *c, const char *project, const char *name) {
  int64_t newest = book_is_file(name) ? outdated(c, project, name) : 0;
  if (!newest) return;
  char *key = mem_printf("files-%s-%lld", project, (long long)newest);
  json_t *request = json_pack("{s:s, s:s, s:s}", "pipeline", maker, "project", project, "key", key),
         *answer = NULL;
  struct error e = {0};
  if (command_run(c, request, &answer, &e) == OK) {
    int64_t run = json_integer_value(json_object_get(answer, "run"));
    const struct timespec pause = {.tv_nsec = LOOK_EVERY_NS};
    uint64_t until = clock_mono_ns() + LONGEST_WAIT_NS;
    while (!has_ended(c, run) && clock_mono_ns() < until) nanosleep(&pause, NULL);
  }
  json_decref(answer);
  json_decref(request);
  free(key);
}
