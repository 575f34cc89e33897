/* schema.c - the tables of a library.
 *
 * Migration k brings user_version from k - 1 to k. A migration that was released is never edited: a new one follows it.
 *
 * What the database itself holds, whatever the code above it does: a run's status says who moves it next (CHECKs), a run that
 * ended stays as it is (but the sums: a paid answer that comes late is still counted), versions of artifacts never change.
 * Big texts lie apart from `runs`, because SQLite rewrites a whole row for each heartbeat. */
#include "store/schema.h"

#include <stdio.h>

enum { APPLICATION_ID = 0x51756972 }; /* "Quir" */

static const char migration_1[] =
    "CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE sessions (id TEXT PRIMARY KEY, name TEXT NOT NULL, created_at INTEGER NOT NULL, seen_at INTEGER NOT NULL,"
    " expires_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE blobs (id INTEGER PRIMARY KEY, sha TEXT NOT NULL UNIQUE, size INTEGER NOT NULL, data BLOB NOT NULL) STRICT;"

    "CREATE TABLE projects (id INTEGER PRIMARY KEY AUTOINCREMENT, slug TEXT NOT NULL UNIQUE, parent INTEGER REFERENCES projects(id),"
    " title TEXT NOT NULL, kind TEXT NOT NULL, fields TEXT NOT NULL DEFAULT '{}',"
    " created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL) STRICT;"
    "CREATE INDEX projects_parent ON projects(parent);"

    "CREATE TABLE scripts (id INTEGER PRIMARY KEY, sha TEXT NOT NULL UNIQUE, text BLOB NOT NULL) STRICT;"
    "CREATE TABLE script_sets (id INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, created_at INTEGER NOT NULL) STRICT;"
    "CREATE TABLE script_set_files (set_id INTEGER NOT NULL REFERENCES script_sets(id) ON DELETE CASCADE, name TEXT NOT NULL,"
    " script_id INTEGER NOT NULL REFERENCES scripts(id), PRIMARY KEY (set_id, name)) STRICT, WITHOUT ROWID;"

    "CREATE TABLE runs (id INTEGER PRIMARY KEY AUTOINCREMENT, status TEXT NOT NULL, epoch INTEGER NOT NULL DEFAULT 0,"
    " last_heartbeat INTEGER, project_id INTEGER NOT NULL REFERENCES projects(id), key TEXT UNIQUE, pipeline TEXT NOT NULL,"
    " script_set INTEGER REFERENCES script_sets(id), retry_of INTEGER,"
    " wait_kind TEXT, wait_for TEXT, wake_at INTEGER, resume_with TEXT, read_horizon INTEGER NOT NULL DEFAULT 0,"
    " phase TEXT, summary TEXT, progress_label TEXT,"
    " progress_done INTEGER NOT NULL DEFAULT 0, progress_total INTEGER NOT NULL DEFAULT 0,"
    " cost_nano INTEGER NOT NULL DEFAULT 0, calls INTEGER NOT NULL DEFAULT 0, tokens_in INTEGER NOT NULL DEFAULT 0,"
    " tokens_out INTEGER NOT NULL DEFAULT 0, unpriced_calls INTEGER NOT NULL DEFAULT 0,"
    " created_at INTEGER NOT NULL, started_at INTEGER, ended_at INTEGER,"
    " deaths INTEGER NOT NULL DEFAULT 0, death_mark INTEGER NOT NULL DEFAULT 0," /* newest journal id at the last death */
    " CHECK (status IN ('queued','running','waiting','completed','failed','cancelled')),"
    " CHECK ((status = 'waiting') = (wait_kind IS NOT NULL)),"
    " CHECK ((status = 'waiting') = (wait_for IS NOT NULL)),"
    " CHECK (wait_kind IS NULL OR wait_kind <> 'timer' OR wake_at IS NOT NULL),"
    " CHECK ((status IN ('completed','failed','cancelled')) = (ended_at IS NOT NULL))) STRICT;"
    "CREATE INDEX runs_unfinished ON runs(status) WHERE status IN ('queued','running','waiting');"
    "CREATE INDEX runs_project ON runs(project_id);"
    "CREATE TABLE run_texts (run_id INTEGER PRIMARY KEY REFERENCES runs(id) ON DELETE CASCADE, input TEXT NOT NULL,"
    " options TEXT NOT NULL, result TEXT, error TEXT) STRICT;"

    "CREATE TRIGGER runs_terminal BEFORE UPDATE OF id, status, epoch, last_heartbeat, project_id, key, pipeline, script_set,"
    " retry_of, wait_kind, wait_for, wake_at, resume_with, read_horizon, phase, summary, progress_label, progress_done,"
    " progress_total, created_at, started_at, ended_at, deaths, death_mark ON runs"
    " WHEN OLD.status IN ('completed','failed','cancelled')"
    " BEGIN SELECT RAISE(ABORT, 'this run has ended: its row does not change any more'); END;"
    "CREATE TRIGGER run_texts_terminal BEFORE UPDATE ON run_texts"
    " WHEN (SELECT status FROM runs WHERE id = OLD.run_id) IN ('completed','failed','cancelled')"
    " BEGIN SELECT RAISE(ABORT, 'this run has ended: its row does not change any more'); END;"
    "CREATE TRIGGER runs_epoch BEFORE UPDATE OF epoch ON runs WHEN NEW.epoch < OLD.epoch"
    " BEGIN SELECT RAISE(ABORT, 'the epoch of a run only grows'); END;"

    /* One index, not unique: an answer that was superseded keeps its key. `size` spares reading a long result to learn that it is long. */
    "CREATE TABLE journal (id INTEGER PRIMARY KEY, run_id INTEGER NOT NULL, seq INTEGER NOT NULL, n INTEGER NOT NULL,"
    " at INTEGER NOT NULL, call_id INTEGER, superseded INTEGER NOT NULL DEFAULT 0, size INTEGER NOT NULL,"
    " scope TEXT NOT NULL, kind TEXT NOT NULL, hash BLOB NOT NULL, result TEXT NOT NULL) STRICT;"
    "CREATE INDEX journal_run ON journal(run_id);"

    "CREATE TABLE calls (id INTEGER PRIMARY KEY AUTOINCREMENT, run_id INTEGER NOT NULL, epoch INTEGER NOT NULL, state TEXT NOT NULL,"
    " attempt INTEGER NOT NULL, scope TEXT NOT NULL, hash BLOB NOT NULL, n INTEGER NOT NULL, role TEXT NOT NULL,"
    " provider TEXT NOT NULL, model TEXT NOT NULL, params TEXT, created_at INTEGER NOT NULL, ended_at INTEGER,"
    " http_status INTEGER, stop TEXT, native_stop TEXT, model_returned TEXT, request_id TEXT, error TEXT,"
    " input_tokens INTEGER NOT NULL DEFAULT 0, cached_read_tokens INTEGER NOT NULL DEFAULT 0,"
    " cache_write_tokens INTEGER NOT NULL DEFAULT 0, output_tokens INTEGER NOT NULL DEFAULT 0,"
    " reasoning_tokens INTEGER NOT NULL DEFAULT 0, usage_estimated INTEGER NOT NULL DEFAULT 0,"
    " cost_nano INTEGER NOT NULL DEFAULT 0, price_known INTEGER NOT NULL DEFAULT 0, ttft_ms INTEGER, total_ms INTEGER,"
    " answer TEXT, reasoning TEXT, late_result TEXT," /* late_result: the answer in normal form, when no journal entry holds it */
    " CHECK (state IN ('sent','answered','failed','truncated','cancelled')),"
    " CHECK ((state = 'sent') = (ended_at IS NULL))) STRICT;"
    "CREATE INDEX calls_run ON calls(run_id);"
    "CREATE INDEX calls_time ON calls(created_at);"
    "CREATE TRIGGER calls_finished BEFORE UPDATE OF state, cost_nano ON calls WHEN OLD.state <> 'sent'"
    " BEGIN SELECT RAISE(ABORT, 'this call has ended: its row does not change any more'); END;"
    "CREATE TABLE call_blocks (call_id INTEGER NOT NULL REFERENCES calls(id) ON DELETE CASCADE, place INTEGER NOT NULL,"
    " blob_id INTEGER NOT NULL REFERENCES blobs(id), stable INTEGER NOT NULL, PRIMARY KEY (call_id, place)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE reads (id INTEGER PRIMARY KEY, call_id INTEGER NOT NULL REFERENCES calls(id) ON DELETE CASCADE,"
    " run_id INTEGER NOT NULL, name TEXT, version INTEGER, item TEXT NOT NULL) STRICT;"
    "CREATE INDEX reads_call ON reads(call_id);"
    "CREATE INDEX reads_name ON reads(name);"

    "CREATE TABLE artifacts (id INTEGER PRIMARY KEY AUTOINCREMENT, project_id INTEGER NOT NULL REFERENCES projects(id),"
    " name TEXT NOT NULL, head INTEGER, created_at INTEGER NOT NULL, UNIQUE (project_id, name)) STRICT;"
    "CREATE TABLE artifact_versions (id INTEGER PRIMARY KEY AUTOINCREMENT, artifact_id INTEGER NOT NULL REFERENCES artifacts(id)"
    " ON DELETE CASCADE, number INTEGER NOT NULL, kind TEXT NOT NULL, author TEXT NOT NULL, state TEXT NOT NULL, run_id INTEGER,"
    " size INTEGER NOT NULL, blob_id INTEGER NOT NULL REFERENCES blobs(id), created_at INTEGER NOT NULL,"
    " CHECK (author IN ('run','person')), CHECK (state IN ('version','proposal')), UNIQUE (artifact_id, number)) STRICT;"
    "CREATE TRIGGER artifact_versions_constant BEFORE UPDATE ON artifact_versions"
    " BEGIN SELECT RAISE(ABORT, 'versions of artifacts never change'); END;"
    "CREATE TRIGGER blobs_constant BEFORE UPDATE ON blobs BEGIN SELECT RAISE(ABORT, 'blobs never change'); END;"

    "CREATE TABLE gates (id INTEGER PRIMARY KEY AUTOINCREMENT, run_id INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE,"
    " scope TEXT NOT NULL, hash BLOB NOT NULL, n INTEGER NOT NULL, title TEXT NOT NULL, show TEXT NOT NULL, show_sha TEXT NOT NULL,"
    " choices TEXT NOT NULL, schema TEXT, on_timeout TEXT, status TEXT NOT NULL DEFAULT 'open', decision TEXT, edits TEXT,"
    " decided_by TEXT, created_at INTEGER NOT NULL, expires_at INTEGER, decided_at INTEGER,"
    " CHECK (status IN ('open','decided','expired')), CHECK ((status = 'open') = (decided_at IS NULL)),"
    " CHECK ((status = 'open') = (decision IS NULL)), UNIQUE (run_id, scope, hash, n)) STRICT;"
    "CREATE INDEX gates_open ON gates(id) WHERE status = 'open';"
    "CREATE TRIGGER gates_decided BEFORE UPDATE ON gates WHEN OLD.status <> 'open'"
    " BEGIN SELECT RAISE(ABORT, 'this gate is decided already'); END;"

    "CREATE TABLE notes (id INTEGER PRIMARY KEY AUTOINCREMENT, run_id INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE,"
    " text TEXT NOT NULL, created_at INTEGER NOT NULL, entry_id INTEGER) STRICT;" /* entry_id: the journal entry that delivered it */
    "CREATE INDEX notes_run ON notes(run_id);"

    "CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, run_id INTEGER NOT NULL, at INTEGER NOT NULL, kind TEXT NOT NULL,"
    " data TEXT NOT NULL) STRICT;"
    "CREATE INDEX events_run ON events(run_id);"

    /* What `quire sql` documents. Times as text, money in dollars. */
    "CREATE VIEW v_runs AS SELECT r.id, p.slug AS project, r.pipeline, r.status, r.wait_for, r.phase, r.progress_done,"
    " r.progress_total, r.cost_nano / 1e9 AS cost_usd, r.calls, r.tokens_in, r.tokens_out, r.epoch, r.retry_of, r.key,"
    " datetime(r.created_at / 1000, 'unixepoch') AS created, datetime(r.started_at / 1000, 'unixepoch') AS started,"
    " datetime(r.last_heartbeat / 1000, 'unixepoch') AS heartbeat, datetime(r.ended_at / 1000, 'unixepoch') AS ended"
    " FROM runs r JOIN projects p ON p.id = r.project_id;"
    "CREATE VIEW v_calls AS SELECT c.id, c.run_id AS run, c.scope, c.role, c.provider || '/' || c.model AS model, c.attempt, c.state,"
    " c.input_tokens, c.cached_read_tokens, c.cache_write_tokens, c.output_tokens, c.reasoning_tokens,"
    " CASE WHEN c.price_known THEN c.cost_nano / 1e9 END AS cost_usd, c.ttft_ms, c.total_ms, c.stop, c.http_status, c.error,"
    " c.answer, datetime(c.created_at / 1000, 'unixepoch') AS created FROM calls c;"
    "CREATE VIEW v_artifacts AS SELECT p.slug AS project, a.name, v.number AS version, v.id AS version_id, v.kind, v.author, v.state,"
    " v.run_id AS run, v.size, a.head IS v.id AS is_head, datetime(v.created_at / 1000, 'unixepoch') AS created, b.data AS content"
    " FROM artifact_versions v JOIN artifacts a ON a.id = v.artifact_id JOIN projects p ON p.id = a.project_id"
    " JOIN blobs b ON b.id = v.blob_id;";

/* A blob goes when nothing refers to it: without these, each one that goes would cost a scan of all prompts (prune.c). */
static const char migration_2[] = "CREATE INDEX call_blocks_blob ON call_blocks(blob_id);"
                                  "CREATE INDEX artifact_versions_blob ON artifact_versions(blob_id);";

/* Before a question is sent (calls.c): nearly always empty. */
static const char migration_3[] = "CREATE INDEX calls_late ON calls(run_id) WHERE late_result IS NOT NULL;";

/* A project that was named before its book had a title takes the title's name once; the name it had before still finds it. */
static const char migration_4[] =
    "ALTER TABLE projects ADD COLUMN provisional INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE projects ADD COLUMN former_slug TEXT;"
    "CREATE INDEX projects_former_slug ON projects(former_slug) WHERE former_slug IS NOT NULL;";

/* A call whose end nobody saw is booked by the estimate of its intent, once its host is dead (calls_lost.c). What earlier versions left
 * unbooked counts from here on, with an unknown price. */
static const char migration_5[] =
    "ALTER TABLE calls ADD COLUMN risk_nano INTEGER;" /* NULL: the price is unknown */
    "ALTER TABLE calls ADD COLUMN presumed INTEGER NOT NULL DEFAULT 0;"
    "DROP TRIGGER calls_finished;"
    "CREATE TRIGGER calls_finished BEFORE UPDATE OF state, cost_nano ON calls WHEN OLD.state <> 'sent' AND NOT OLD.presumed"
    " BEGIN SELECT RAISE(ABORT, 'this call has ended: its row does not change any more'); END;"
    "UPDATE calls SET state = 'cancelled', presumed = 1, ended_at = created_at, usage_estimated = 1 WHERE state = 'sent'"
    " AND EXISTS (SELECT 1 FROM runs r WHERE r.id = calls.run_id AND (r.status <> 'running' OR r.epoch > calls.epoch));"
    "UPDATE runs SET calls = calls + p.n, unpriced_calls = unpriced_calls + p.n"
    " FROM (SELECT run_id, count(*) AS n FROM calls WHERE presumed GROUP BY run_id) p WHERE p.run_id = runs.id;";

/* What a resume --with or a retry takes up anew is what was recorded before it (runs.seq_horizon). A run that is in the middle of such a resume goes
 * on as if it had been given now. Events are told once by their place in the journal: `seq` is the entry that was delivered last, `n` counts
 * from there. Until now each life of a run counted its events from 1 ("i"); those that an unfinished run has told get the place -1: anywhere. */
static const char migration_6[] =
    "ALTER TABLE runs ADD COLUMN seq_horizon INTEGER NOT NULL DEFAULT 0;"
    "UPDATE runs SET seq_horizon = COALESCE((SELECT MAX(seq) FROM journal WHERE run_id = runs.id), 0)"
    " WHERE status IN ('queued','running','waiting') AND (resume_with IS NOT NULL OR retry_of IS NOT NULL);"
    "DROP TRIGGER runs_terminal;"
    "CREATE TRIGGER runs_terminal BEFORE UPDATE OF id, status, epoch, last_heartbeat, project_id, key, pipeline, script_set,"
    " retry_of, wait_kind, wait_for, wake_at, resume_with, read_horizon, seq_horizon, phase, summary, progress_label, progress_done,"
    " progress_total, created_at, started_at, ended_at, deaths, death_mark ON runs"
    " WHEN OLD.status IN ('completed','failed','cancelled')"
    " BEGIN SELECT RAISE(ABORT, 'this run has ended: its row does not change any more'); END;"
    "ALTER TABLE events ADD COLUMN seq INTEGER;"
    "ALTER TABLE events ADD COLUMN n INTEGER;"
    "UPDATE events SET seq = -1, n = json_extract(data, '$.i'), data = json_remove(data, '$.i')"
    " WHERE run_id IN (SELECT id FROM runs WHERE status IN ('queued','running','waiting'))"
    " AND json_valid(data) AND json_extract(data, '$.i') IS NOT NULL;";

/* Why a running run stands still: a provider asked it to wait (run_status.c). */
static const char migration_7[] =
    "ALTER TABLE runs ADD COLUMN held_for TEXT; ALTER TABLE runs ADD COLUMN held_until INTEGER;";

/* From this version on no run has taken the place of a person's (artifact_head.c); before, one that had read it could. For the auditor. */
static const char migration_8[] =
    "INSERT INTO settings (key, value) SELECT 'heads_since', COALESCE(MAX(id), 0) FROM artifact_versions;";

/* What a run waits for is its kind and a phrase (of a gate: its title); what a person can do about it has a column of its own. Until now both were
 * one sentence, "PHRASE; WHAT TO DO". */
static const char migration_9[] =
    "ALTER TABLE runs ADD COLUMN wait_hint TEXT;"
    "UPDATE runs SET wait_for = COALESCE((SELECT g.title FROM gates g WHERE g.run_id = runs.id AND g.status = 'open'), wait_for)"
    " WHERE status = 'waiting' AND wait_kind = 'gate';"
    "UPDATE runs SET wait_hint = CASE WHEN wait_kind <> 'until' THEN substr(wait_for, instr(wait_for, '; ') + 2) END,"
    " wait_for = substr(wait_for, 1, instr(wait_for, '; ') - 1)"
    " WHERE status = 'waiting' AND wait_kind IN ('budget','provider','key','model','store','until') AND instr(wait_for, '; ') > 1;";

/* Sums over all runs and calls there ever were, moved in the transactions that change them, so that nobody reads the whole library to know them
 * (runs.c, tally.c). run_counts: how many are there, how many ever came to this. call_counts: a call counts from its end on; one that was
 * presumed lost, and ends after all, is taken out again. calls_sent: a few rows. calls_cancelled: a call that is asked again after such a one is
 * `repeated`; that of earlier ones is not known. */
#define CALL_OUTCOME(row) "CASE WHEN " row ".presumed THEN 'lost' ELSE " row ".state END"
#define CALL_SUMS(row)                                                                                       \
  "SELECT " row ".attempt > 1 AS retries, " row ".repeated AS repeated, " row ".repeated * " row             \
  ".cost_nano AS repeated_cost_nano, " row ".input_tokens AS input, " row                                    \
  ".cached_read_tokens AS cached_read, " row ".cache_write_tokens AS cache_write, " row                      \
  ".output_tokens AS output, " row ".reasoning_tokens AS reasoning, " row ".cost_nano AS cost_nano, " row    \
  ".price_known = 0 AS unpriced, COALESCE(" row ".total_ms, 0) AS total_ms, " row                            \
  ".total_ms IS NOT NULL AS timed"
#define MOVE(column, sign, by) ", " column " = call_counts." column " " sign " " by column
#define CALL_MOVE(sign, by)                                                                                  \
  "n = n " sign " 1" MOVE("retries", sign, by) MOVE("repeated", sign, by)                                    \
      MOVE("repeated_cost_nano", sign, by) MOVE("input", sign, by) MOVE("cached_read", sign, by)             \
          MOVE("cache_write", sign, by) MOVE("output", sign, by) MOVE("reasoning", sign, by)                 \
              MOVE("cost_nano", sign, by) MOVE("unpriced", sign, by) MOVE("total_ms", sign, by)              \
                  MOVE("timed", sign, by)
#define CALL_IN                                                                                               \
  "INSERT INTO call_counts SELECT NEW.provider, NEW.model, " CALL_OUTCOME("NEW") ", 1, s.* FROM (" CALL_SUMS( \
      "NEW") ") s WHERE 1 ON CONFLICT (provider, model, outcome) DO UPDATE SET " CALL_MOVE("+", "excluded.")
#define CALL_OUT                                                                                             \
  "UPDATE call_counts SET " CALL_MOVE("-", "o.") " FROM (" CALL_SUMS(                                        \
      "OLD") ") o"                                                                                           \
             " WHERE provider = OLD.provider AND model = OLD.model AND outcome = " CALL_OUTCOME("OLD")
#define CALLS_SO_FAR                                                                                                           \
  "SELECT provider, model, " CALL_OUTCOME(                                                                                     \
      "calls") ", count(*), sum(attempt > 1), 0, 0, sum(input_tokens),"                                                        \
               " sum(cached_read_tokens), sum(cache_write_tokens), sum(output_tokens), sum(reasoning_tokens), sum(cost_nano)," \
               " sum(price_known = 0), sum(COALESCE(total_ms, 0)), count(total_ms) FROM calls WHERE state <> 'sent' GROUP BY 1, 2, 3"
static const char migration_10[] =
    "CREATE TABLE run_counts (status TEXT PRIMARY KEY, n INTEGER NOT NULL, entered INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "INSERT INTO run_counts SELECT s.column1, count(r.id), count(r.id) FROM (VALUES ('queued'),('running'),('waiting'),"
    " ('completed'),('failed'),('cancelled')) s LEFT JOIN runs r ON r.status = s.column1 GROUP BY 1;"
    "CREATE TRIGGER runs_counted AFTER INSERT ON runs"
    " BEGIN UPDATE run_counts SET n = n + 1, entered = entered + 1 WHERE status = NEW.status; END;"
    "CREATE TRIGGER runs_recounted AFTER UPDATE OF status ON runs WHEN NEW.status <> OLD.status BEGIN"
    " UPDATE run_counts SET n = n - 1 WHERE status = OLD.status;"
    " UPDATE run_counts SET n = n + 1, entered = entered + 1 WHERE status = NEW.status; END;"
    "CREATE TRIGGER runs_uncounted AFTER DELETE ON runs"
    " BEGIN UPDATE run_counts SET n = n - 1 WHERE status = OLD.status; END;"

    "ALTER TABLE calls ADD COLUMN repeated INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX calls_sent ON calls(run_id) WHERE state = 'sent';"
    "CREATE INDEX calls_cancelled ON calls(run_id) WHERE state = 'cancelled';"
    "CREATE TABLE call_counts (provider TEXT NOT NULL, model TEXT NOT NULL, outcome TEXT NOT NULL, n INTEGER NOT NULL,"
    " retries INTEGER NOT NULL, repeated INTEGER NOT NULL, repeated_cost_nano INTEGER NOT NULL, input INTEGER NOT NULL,"
    " cached_read INTEGER NOT NULL, cache_write INTEGER NOT NULL, output INTEGER NOT NULL, reasoning INTEGER NOT NULL,"
    " cost_nano INTEGER NOT NULL, unpriced INTEGER NOT NULL, total_ms INTEGER NOT NULL, timed INTEGER NOT NULL,"
    " PRIMARY KEY (provider, model, outcome)) STRICT, WITHOUT ROWID;"
    "INSERT INTO call_counts " CALLS_SO_FAR ";"
    "CREATE TRIGGER calls_counted AFTER UPDATE OF state ON calls WHEN NEW.state <> 'sent' BEGIN " CALL_IN
    "; END;"
    "CREATE TRIGGER calls_uncounted AFTER UPDATE OF state ON calls WHEN OLD.state <> 'sent' BEGIN " CALL_OUT
    "; END;";

/* What a script calls a block of a prompt; calls of before have blocks without names. */
static const char migration_11[] = "ALTER TABLE call_blocks ADD COLUMN name TEXT;";

/* The tokens behind risk_nano: by the script of the prompt, and with the form of the answer (llm/tokens.c). Until now they were counted by bytes. */
static const char migration_12[] =
    "ALTER TABLE calls ADD COLUMN risk_tokens INTEGER NOT NULL DEFAULT 0;"
    "UPDATE calls SET risk_tokens = (SELECT COALESCE(SUM(b.size), 0) / 4 FROM call_blocks k JOIN blobs b ON b.id = k.blob_id"
    " WHERE k.call_id = calls.id) WHERE state = 'sent';";

/* A run that asks the question of a call once more, beside the call's run. */
static const char migration_13[] = "ALTER TABLE runs ADD COLUMN replay_of INTEGER;"
                                   "CREATE INDEX runs_replay ON runs(replay_of) WHERE replay_of IS NOT NULL;";

/* A fork begins in the middle of another run's record. Of the versions of documents that were saved between that moment and its own beginning it
 * sees none, until it writes the document itself (artifacts.c). */
static const char migration_14[] =
    "CREATE TABLE forks (run_id INTEGER PRIMARY KEY REFERENCES runs(id) ON DELETE CASCADE, seq INTEGER NOT NULL,"
    " hidden_after INTEGER NOT NULL, hidden_to INTEGER NOT NULL) STRICT;";

/* By what a service hands the answer of an attempt back, also to another life of its run; NULL: it does not. (calls.h) */
static const char migration_15[] = "ALTER TABLE calls ADD COLUMN handle TEXT;";

static const char *const migrations[] = {migration_1,  migration_2,  migration_3,  migration_4,
                                         migration_5,  migration_6,  migration_7,  migration_8,
                                         migration_9,  migration_10, migration_11, migration_12,
                                         migration_13, migration_14, migration_15};
enum { NEWEST = sizeof migrations / sizeof migrations[0] };

int schema_version(void) {
  return NEWEST;
}

static enum err ask(struct db *db, const char *sql, int64_t *out, struct error *e) {
  struct db_stmt *s = db_prepare(db, sql);
  enum db_step step = db_step(s);
  *out = step == DB_ROW ? db_int(s, 0) : 0;
  db_reset(s);
  return step == DB_FAILED ? db_error(db, e) : OK;
}

/* The schema's number, or why a program that knows `newest` must not touch the file. */
static enum err read_version(struct db *db, int newest, int64_t *version, struct error *e) {
  int64_t application, tables;
  enum err err = ask(db, "PRAGMA user_version", version, e);
  if (err == OK) err = ask(db, "PRAGMA application_id", &application, e);
  if (err == OK) err = ask(db, "SELECT count(*) FROM sqlite_schema", &tables, e);
  if (err != OK) return err;
  if (application != APPLICATION_ID && (tables > 0 || application != 0)) {
    err = err_set(e, ERR_INVALID, "quire.db is a database of another program");
    err_hint(e, "choose another directory with --library");
    return err;
  }
  if (*version <= newest) return OK;
  err = err_set(e, ERR_NEWER, "a newer quire wrote this library (its schema is %lld, this program knows %d)",
                (long long)*version, newest);
  err_hint(e, "use that newer quire, or restore a backup from before the update");
  return err;
}

bool schema_is_empty(struct db *db) {
  int64_t version;
  return ask(db, "PRAGMA user_version", &version, NULL) != OK || version == 0;
}

static enum err migrate_one(struct db *db, const char *sql, int number, struct error *e) {
  char tail[96];
  snprintf(tail, sizeof tail, "PRAGMA application_id=%d; PRAGMA user_version=%d;", APPLICATION_ID, number);
  int64_t version = 0;
  enum err err = db_begin(db);
  if (err == OK) err = ask(db, "PRAGMA user_version", &version, NULL);
  if (err == OK && version < number) { /* else another process was first */
    err = db_exec(db, sql);
    if (err == OK) err = db_exec(db, tail);
  }
  if (err == OK) err = db_commit(db);
  if (err == OK) return OK;
  db_error(db, e);
  db_rollback(db);
  return err;
}

enum err schema_migrate_along(struct db *db, const char *const *list, int n, struct error *e) {
  int64_t now;
  enum err err = read_version(db, n > NEWEST ? n : NEWEST, &now, e);
  for (int number = (int)now + 1; err == OK && number <= n; number++)
    err = migrate_one(db, list[number - 1], number, e);
  return err;
}

enum err schema_migrate_to(struct db *db, int version, struct error *e) {
  return schema_migrate_along(db, migrations, version, e);
}

enum err schema_migrate(struct db *db, struct error *e) {
  return schema_migrate_to(db, NEWEST, e);
}

enum err schema_version_check(struct db *db, struct error *e) {
  int64_t version;
  enum err err = read_version(db, NEWEST, &version, e);
  if (err != OK || version == NEWEST) return err;
  err = err_set(e, ERR_CONFLICT,
                "an older quire wrote this library (its schema is %lld, this program needs %d)",
                (long long)version, NEWEST);
  err_hint(e, "start `quire serve` once: it brings the library up to date");
  return err;
}
