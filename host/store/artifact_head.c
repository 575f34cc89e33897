/* artifact_head.c - who may move a document's head. artifact_write (artifacts.c) asks, in this order:
 *
 *   artifact_head_find -> artifact_head_may_move -> (a run's, and it may) artifact_left_at_gate */
#include "store/artifact_head.h"

#include <string.h>
#include "base/jsonx.h"

enum err artifact_head_find(struct db *db, int64_t project, const char *name, struct artifact_head *out) {
  struct db_stmt *s = db_prepare(db, "SELECT a.id, v.number, v.author = 'person', v.run_id, v.created_at,"
                                     " (SELECT MAX(number) FROM artifact_versions WHERE artifact_id = a.id)"
                                     " FROM artifacts a LEFT JOIN artifact_versions v ON v.id = a.head"
                                     " WHERE a.project_id = $project AND a.name = $name");
  db_bind_int(s, "$project", project);
  db_bind_text(s, "$name", name);
  *out = (struct artifact_head){0};
  enum db_step step = db_step(s);
  if (step == DB_ROW)
    *out = (struct artifact_head){.artifact = db_int(s, 0),
                                  .number = db_int(s, 1),
                                  .by_person = db_int(s, 2) != 0,
                                  .run = db_int(s, 3),
                                  .created_at = db_int(s, 4),
                                  .newest = db_int(s, 5)};
  return sql_end(db, s, step);
}

/* Another run's head: was it written since `run` (or the first run that it continues) began, and is it one that `run` has not read, or over
 * which its line has proposed already? A proposal has the higher number, so `seen` alone would let the next write through. A fork begins with
 * itself: what was written before it, it passes over knowingly. */
static enum err is_unseen(struct db *db, int64_t run, int64_t seen, const struct artifact_head *head,
                          bool *unseen) {
  struct db_stmt *s = db_prepare(
      db,
      "WITH RECURSIVE " RUN_LINE(
          "VALUES ($run)") " SELECT 1 WHERE $other NOT IN (SELECT id FROM line)"
                           " AND EXISTS (SELECT 1 FROM runs WHERE id IN (SELECT id FROM line) AND started_at <= $at"
                           "  AND id >= COALESCE((SELECT MAX(run_id) FROM forks WHERE run_id IN (SELECT id FROM line)), 0))"
                           " AND ($number > $seen OR EXISTS (SELECT 1 FROM artifact_versions WHERE artifact_id = $artifact"
                           "  AND number > $number AND state = 'proposal' AND run_id IN (SELECT id FROM line)))");
  db_bind_int(s, "$run", run);
  db_bind_int(s, "$other", head->run);
  db_bind_int(s, "$at", head->created_at);
  db_bind_int(s, "$number", head->number);
  db_bind_int(s, "$seen", seen);
  db_bind_int(s, "$artifact", head->artifact);
  enum db_step step = db_step(s);
  *unseen = step == DB_ROW;
  return sql_end(db, s, step);
}

enum err artifact_head_may_move(struct db *db, const struct artifact_write *w,
                                const struct artifact_head *head, bool *may) {
  *may = !w->run || !head->by_person;
  if (!w->run || head->by_person || !head->run || head->run == w->run) return OK;
  bool unseen = false;
  enum err err = is_unseen(db, w->run, w->seen, head, &unseen);
  *may = !unseen;
  return err;
}

/* --- what was left at a gate --- */

struct words {
  const char *text;
  size_t n;
  json_t *value; /* when it is a JSON object or list */
};

static struct words words_of(const char *text, size_t n) {
  static const char blank[] = " \t\r\n";
  while (n > 0 && strchr(blank, *text)) text++, n--;
  while (n > 0 && strchr(blank, text[n - 1])) n--;
  struct words w = {text, n, NULL};
  if (n > 0 && (*text == '{' || *text == '[')) (void)jsonx_parse(text, n, "words", &w.value, NULL);
  return w;
}

static bool same(const struct words *a, const struct words *b) {
  if (a->value && b->value) return json_equal(a->value, b->value);
  return a->n == b->n && memcmp(a->text, b->text, a->n) == 0;
}

enum err artifact_left_at_gate(struct db *db, const struct artifact_write *w, bool *left) {
  struct db_stmt *s = db_prepare(
      db, "WITH RECURSIVE " RUN_LINE(
              "VALUES ($run)") " SELECT edits, show FROM gates WHERE run_id IN (SELECT id FROM line)"
                               " AND status = 'decided' AND edits IS NOT NULL");
  db_bind_int(s, "$run", w->run);
  struct words saved = {0};
  enum db_step step;
  *left = false;
  while ((step = db_step(s)) == DB_ROW && !*left) {
    if (!saved.text) saved = words_of(w->content, w->n);
    const char *edits = db_text(s, 0), *show = db_text(s, 1);
    struct words his = words_of(edits, strlen(edits)), shown = words_of(show, strlen(show));
    *left = his.n > 0 && same(&his, &saved) && !same(&his, &shown);
    json_decref(his.value);
    json_decref(shown.value);
  }
  json_decref(saved.value);
  return sql_end(db, s, step);
}
