/* calls_who.c - whose models answered: what decides whether a book is a rehearsal. */
#include "store/calls.h"
#include "store/sql.h"

enum err calls_answered_by_others(struct db *db, const char *project, const char *except, bool *yes) {
  struct db_stmt *s = db_prepare(
      db, "SELECT 1 FROM projects p JOIN runs r ON r.project_id = p.id JOIN calls c ON c.run_id = r.id"
          " WHERE p.slug = $project AND c.state = 'answered' AND c.provider <> $except LIMIT 1");
  db_bind_text(s, "$project", project);
  db_bind_text(s, "$except", except);
  enum db_step step = db_step(s);
  *yes = step == DB_ROW;
  return sql_end(db, s, step);
}

/* Under another name: llm/call.c notes it with what is learnt of the model. */
#define REHEARSED(c)                                                                                         \
  "(" c "provider = 'rehearsal' OR EXISTS (SELECT 1 FROM settings s WHERE s.key = 'learnt:' || " c           \
  "provider || '/' || " c "model AND s.value LIKE '%\"rehearsal\":true%'))"

enum err calls_rehearsed(struct db *db, int64_t run, int64_t project, bool *yes) {
  struct db_stmt *s = db_prepare(
      db, run ? "SELECT " REHEARSED("calls.") " FROM calls WHERE run_id = $id AND state = 'answered'"
                                              " ORDER BY id LIMIT 1"
              : "SELECT " REHEARSED(
                    "c.") " FROM runs r JOIN calls c ON c.run_id = r.id"
                          " WHERE r.project_id = $id AND c.state = 'answered' ORDER BY r.id, c.id LIMIT 1");
  db_bind_int(s, "$id", run ? run : project);
  enum db_step step = db_step(s);
  *yes = step == DB_ROW && db_int(s, 0);
  return sql_end(db, s, step);
}
