/* audit.c - the auditor.
 *
 *   audit_run -> each rule of the tables below -> breach(...) for each row that it finds
 *
 * A rule is a statement that finds nothing in a sound library. Its first column is the run (0: none), its second the sentence
 * that a person reads. Rules about contents add the hash that was promised and the bytes; those are hashed here.
 * The statements say again what the code that writes and the schema's CHECKs hold anyway (SQLite's own check leaves CHECKs out when the
 * connection is read-only): they are the second opinion. So no rule asks for more than what every
 * crash at every moment leaves true; a rule that needs "as long as nobody ..." is no rule. */
#include "store/upkeep/audit.h"

#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "base/hash.h"
#include "store/schema.h"
#include "store/sql.h"

enum { SAMPLE = 256 }; /* contents that are hashed when not all are asked for */

struct rule {
  const char *name, *sql;
};

/* --- runs --- */

static const struct rule run_rules[] = {
    {"status",
     "SELECT id, 'run ' || id || ' has the status \"' || status || '\", which nobody acts on' FROM runs"
     " WHERE status NOT IN " SQL_UNFINISHED " AND status NOT IN " SQL_ENDED},
    {"mover",
     "SELECT id, 'run ' || id || ' is running, but no host ever claimed it (epoch ' || epoch || '): nobody moves it on'"
     " FROM runs WHERE status = 'running' AND (epoch < 1 OR started_at IS NULL)"},
    {"mover",
     "SELECT id, 'run ' || id || ' waits, but does not say what for: nobody can move it on' FROM runs"
     " WHERE status = 'waiting' AND (COALESCE(wait_kind, '') = '' OR COALESCE(wait_for, '') = '')"},
    {"mover",
     "SELECT id, 'run ' || id || ' waits for a person, but none of its gates is open: no decision can move it on' FROM runs r"
     " WHERE status = 'waiting' AND wait_kind = 'gate' AND wake_at IS NULL"
     " AND NOT EXISTS (SELECT 1 FROM gates g WHERE g.run_id = r.id AND g.status = 'open')"},
    {"mover", "SELECT id, 'run ' || id || ' sleeps, but has no time at which it wakes' FROM runs"
              " WHERE status = 'waiting' AND wait_kind = 'timer' AND wake_at IS NULL"},
    /* These wait for a command of a person (`quire resume`), until a time or without one. */
    {"mover",
     "SELECT id, 'run ' || id || ' waits for \"' || wait_kind || '\", which nothing ends: it has no time at which it wakes'"
     " FROM runs WHERE status = 'waiting' AND wake_at IS NULL AND wait_kind <> ''"
     " AND wait_kind NOT IN " SQL_WAITS_FOR_A_PERSON},
    {"ended", "SELECT id, 'run ' || id || ' is ' || status || ', but has no time at which it ended' FROM runs"
              " WHERE status IN " SQL_ENDED " AND ended_at IS NULL"},
    {"ended", "SELECT id, 'run ' || id || ' is ' || status || ', but has a time at which it ended' FROM runs"
              " WHERE status IN " SQL_UNFINISHED " AND ended_at IS NOT NULL"},
    {"ended", "SELECT id, 'run ' || id || ' is ' || status || ', but still says that it waits for '"
              " || COALESCE(wait_for, wait_kind) FROM runs"
              " WHERE status <> 'waiting' AND (wait_kind IS NOT NULL OR wait_for IS NOT NULL)"},
    {"texts",
     "SELECT id, 'run ' || id || ' has no row with its input: no list shows it and no host can load it' FROM runs"
     " WHERE id NOT IN (SELECT run_id FROM run_texts)"},
    {"texts",
     "SELECT id, 'run ' || id || ' works on project ' || project_id || ', which does not exist' FROM runs"
     " WHERE project_id NOT IN (SELECT id FROM projects)"},
    {"epoch",
     "SELECT r.id, 'call ' || c.id || ' was made in epoch ' || c.epoch || ' of run ' || r.id || ', which is only at epoch '"
     " || r.epoch || ': the epoch went back, so dead work could write again'"
     " FROM runs r JOIN calls c ON c.run_id = r.id WHERE c.epoch > r.epoch"},
    {"scripts",
     "SELECT r.id, 'run ' || r.id || ' is pinned to script set ' || r.script_set || ', which is missing or empty'"
     " FROM runs r WHERE r.script_set IS NOT NULL AND NOT EXISTS (SELECT 1 FROM script_sets s"
     " JOIN script_set_files f ON f.set_id = s.id WHERE s.id = r.script_set)"},
    {"scripts",
     "SELECT r.id, 'run ' || r.id || ' is pinned to script set ' || r.script_set || ', whose file ' || f.name || ' is missing'"
     " FROM runs r JOIN script_set_files f ON f.set_id = r.script_set"
     " WHERE f.script_id NOT IN (SELECT id FROM scripts)"},
    {"scripts",
     "SELECT r.id, 'run ' || r.id || ' runs the pipeline ' || r.pipeline || ', which its script set ' || r.script_set"
     " || ' does not hold' FROM runs r WHERE r.status IN " SQL_UNFINISHED
     " AND EXISTS (SELECT 1 FROM script_set_files f WHERE f.set_id = r.script_set) AND NOT EXISTS"
     " (SELECT 1 FROM script_set_files f WHERE f.set_id = r.script_set AND f.name = 'pipelines/' || r.pipeline)"},
};

/* --- journal and calls --- */

#define ENTRY                                                                                                \
  "'journal entry ' || j.id || ' of run ' || j.run_id || ' (' || j.kind || ' in ' || j.scope || ')"

static const struct rule journal_rules[] = {
    {"journal-key",
     "SELECT run_id, 'run ' || run_id || ' has ' || count(*) || ' live journal entries with one key (' || kind || ' in '"
     " || scope || ', occurrence ' || n || '; ids ' || min(id) || ' to ' || max(id) || '): a replay cannot know which'"
     " FROM journal WHERE superseded = 0 GROUP BY run_id, scope, kind, hash, n HAVING count(*) > 1"},
    {"journal-seq",
     "SELECT run_id, 'run ' || run_id || ' has ' || count(*) || ' live journal entries at place ' || seq || ' (ids '"
     " || min(id) || ' to ' || max(id) || '): a replay cannot know their order'"
     " FROM journal WHERE superseded = 0 GROUP BY run_id, seq HAVING count(*) > 1"},
    {"journal-superseded",
     "SELECT j.run_id, " ENTRY
     " is marked as replaced, but no newer one replaces it: a replay would ask and pay again'"
     " FROM journal j WHERE j.superseded <> 0 AND NOT EXISTS (SELECT 1 FROM journal w WHERE w.run_id = j.run_id"
     " AND w.id > j.id AND w.superseded = 0 AND w.scope = j.scope AND w.kind = j.kind AND w.hash = j.hash AND w.n = j.n)"},
    {"journal-hash",
     "SELECT j.run_id, " ENTRY " has a damaged content hash: no replay finds it' FROM journal j"
     " WHERE length(j.hash) <> 32"},
    {"journal-run",
     "SELECT run_id, 'the journal holds ' || count(*) || ' entries of run ' || run_id || ', which does not exist'"
     " FROM journal WHERE run_id NOT IN (SELECT id FROM runs) GROUP BY run_id"},
    {"journal-call",
     "SELECT j.run_id, " ENTRY " says that call ' || j.call_id || ' answered it, but there is no such call'"
     " FROM journal j WHERE j.call_id IS NOT NULL AND j.superseded = 0"
     " AND j.call_id NOT IN (SELECT id FROM calls)"},
    {"journal-call",
     "SELECT j.run_id, " ENTRY " holds a model''s answer, but names no call' FROM journal j"
     " WHERE j.kind = 'llm' AND j.call_id IS NULL AND j.superseded = 0 AND j.result NOT LIKE '{\"error\":%'"},
    {"journal-call",
     "SELECT j.run_id, " ENTRY " says that call ' || c.id || ' answered it, but that call is ' || c.state"
     " FROM journal j JOIN calls c ON c.id = j.call_id"
     " WHERE j.superseded = 0 AND c.state IN ('sent','cancelled')"},
    /* An answer may be adopted from another scope (resume --with scripts), never from another request. */
    {"journal-call",
     "SELECT j.run_id, " ENTRY
     " says that call ' || c.id || ' answered it, but that call made another request'"
     " FROM journal j JOIN calls c ON c.id = j.call_id WHERE j.superseded = 0 AND c.hash <> j.hash"},
    /* A run that was pruned leaves its calls, and breaks the line from its retries to what it continued. */
    {"journal-call",
     "SELECT j.run_id, " ENTRY
     " says that call ' || c.id || ' answered it, but that is a call of run ' || c.run_id"
     " FROM journal j JOIN calls c ON c.id = j.call_id WHERE j.superseded = 0 AND c.run_id <> j.run_id"
     " AND NOT EXISTS (WITH RECURSIVE " RUN_LINE(
         "VALUES (j.run_id)") " SELECT 1 FROM line WHERE id = c.run_id"
                              "  OR id NOT IN (SELECT id FROM runs))"},
    {"journal-cost",
     "SELECT j.run_id, " ENTRY " says that it cost ' || COALESCE(" SQL_FIELD(
         "j.result",
         "cost_nano") ", 'an unknown sum of')"
                      " || ' nano-dollars, but call ' || c.id || ' is booked with ' || CASE c.price_known WHEN 0 THEN 'none' ELSE c.cost_nano END"
                      " FROM journal j JOIN calls c ON c.id = j.call_id WHERE j.kind = 'llm' AND j.superseded = 0 AND c.state = 'answered'"
                      " AND " SQL_FIELD("j.result", "usage") " IS NOT NULL AND COALESCE(" SQL_FIELD(
                          "j.result",
                          "cost_nano") ", -1)"
                                       " <> CASE c.price_known WHEN 0 THEN -1 ELSE c.cost_nano END"},
    {"call-intent",
     "SELECT c.run_id, 'call ' || c.id || ' of run ' || c.run_id || ' is ' || c.state"
     " || ', but what was asked of whom was not written before it was sent' FROM calls c"
     " WHERE c.created_at <= 0 OR c.attempt < 1 OR c.epoch < 1 OR c.scope = '' OR c.provider = '' OR c.model = ''"
     " OR length(c.hash) <> 32"},
    {"call-end",
     "SELECT run_id, 'call ' || id || ' of run ' || run_id || ' is \"' || state || '\", which nobody acts on' FROM calls"
     " WHERE state NOT IN ('sent','answered','failed','truncated','cancelled')"},
    {"call-end",
     "SELECT c.run_id, 'call ' || c.id || ' of run ' || c.run_id || ' is ' || c.state || ', but '"
     " || CASE WHEN c.ended_at IS NULL THEN 'has no time at which it ended' ELSE 'has ended' END FROM calls c"
     " WHERE (c.state = 'sent') <> (c.ended_at IS NULL)"},
    {"call-end",
     "SELECT c.run_id, 'call ' || c.id || ' of run ' || c.run_id || ' has not ended, but has a cost already' FROM calls c"
     " WHERE c.state = 'sent' AND (c.cost_nano <> 0 OR c.answer IS NOT NULL)"},
    {"call-lost",
     "SELECT c.run_id, 'call ' || c.id || ' was under way when run ' || c.run_id || CASE WHEN c.epoch < r.epoch THEN"
     " ' moved on (epoch ' || c.epoch || ', it is now at ' || r.epoch || ')' ELSE ' ended' END"
     " || ', and was never booked: the provider may have charged for it'"
     " FROM calls c JOIN runs r ON r.id = c.run_id WHERE c.state = 'sent' AND ((c.epoch < r.epoch AND c.handle IS NULL)"
     " OR r.status IN " SQL_ENDED ")"},
    /* Another life (epoch) of the run may ask again: calls in flight at a crash, resume --with models. */
    {"paid-twice",
     "SELECT run_id, 'calls ' || min(id) || ' and ' || max(id) || ' of run ' || run_id || ' both answered one request (in '"
     " || scope || ', attempt ' || attempt || ') in one life of the run: it was paid twice' FROM calls"
     " WHERE state = 'answered' GROUP BY run_id, epoch, scope, hash, n, attempt HAVING count(*) > 1"},
    {"sums",
     "SELECT r.id, 'run ' || r.id || ' says that it cost ' || r.cost_nano || ' nano-dollars in ' || r.calls || ' calls ('"
     " || r.tokens_in || ' tokens in, ' || r.tokens_out || ' out, ' || r.unpriced_calls || ' unpriced), but its calls say '"
     " || COALESCE(c.cost, 0) || ' in ' || COALESCE(c.n, 0) || ' (' || COALESCE(c.tin, 0) || ' in, ' || COALESCE(c.tout, 0)"
     " || ' out, ' || COALESCE(c.unpriced, 0) || ' unpriced)'"
     " FROM runs r LEFT JOIN (SELECT run_id, sum(cost_nano) AS cost, count(*) AS n, sum(input_tokens) AS tin,"
     "  sum(output_tokens) AS tout, sum(1 - price_known) AS unpriced FROM calls WHERE state <> 'sent' GROUP BY run_id) c"
     " ON c.run_id = r.id WHERE r.cost_nano <> COALESCE(c.cost, 0) OR r.calls <> COALESCE(c.n, 0)"
     " OR r.tokens_in <> COALESCE(c.tin, 0) OR r.tokens_out <> COALESCE(c.tout, 0)"
     " OR r.unpriced_calls <> COALESCE(c.unpriced, 0)"},
};

/* --- gates, artifacts, events --- */

static const struct rule content_rules[] = {
    {"gate-decision",
     "SELECT run_id, 'gate ' || id || ' of run ' || run_id || ' is ' || status || ', but '"
     " || CASE WHEN decision IS NULL THEN 'has no decision' ELSE 'has the decision \"' || decision || '\"' END"
     " || CASE WHEN decided_at IS NULL THEN ' and no time of one' ELSE '' END FROM gates"
     " WHERE status NOT IN ('open','decided','expired') OR (status = 'open') <> (decision IS NULL)"
     " OR (status = 'open') <> (decided_at IS NULL)"},
    {"gate-once",
     "SELECT g.run_id, 'gate ' || g.id || ' of run ' || g.run_id || ' was decided as \"' || COALESCE(g.decision, 'nothing yet')"
     " || '\", but the run was told \"' || COALESCE(" SQL_FIELD(
         "j.result",
         "choice") ", 'nothing') || '\" (journal entry '"
                   " || j.id || ')' FROM gates g JOIN journal j ON j.run_id = g.run_id AND j.kind = 'gate' AND j.superseded = 0"
                   " AND j.scope = g.scope AND j.hash = g.hash AND j.n = g.n"
                   " WHERE g.decision IS NULL OR " SQL_FIELD(
                       "j.result", "choice") " IS NULL"
                                             " OR " SQL_FIELD("j.result", "choice") " <> g.decision"},
    {"artifact-head",
     "SELECT 0, 'artifact ' || a.id || ' (' || a.name || ' of project ' || a.project_id || ') has no current version'"
     " FROM artifacts a WHERE a.head IS NULL"},
    {"artifact-head",
     "SELECT 0, 'artifact ' || a.id || ' (' || a.name || ' of project ' || a.project_id || ') points to version row '"
     " || a.head || ', which is ' || CASE WHEN v.id IS NULL THEN 'missing' WHEN v.artifact_id <> a.id THEN"
     " 'a version of artifact ' || v.artifact_id ELSE 'only a proposal' END FROM artifacts a"
     " LEFT JOIN artifact_versions v ON v.id = a.head"
     " WHERE a.head IS NOT NULL AND (v.id IS NULL OR v.artifact_id <> a.id OR v.state <> 'version')"},
    {"artifact-head",
     "SELECT COALESCE(n.run_id, 0), 'artifact ' || a.id || ' (' || a.name || ' of project ' || a.project_id"
     " || ') shows version ' || v.number || ', but version ' || n.number || ' is newer: it would be read by runs and not"
     " seen by people' FROM artifacts a JOIN artifact_versions v ON v.id = a.head AND v.artifact_id = a.id"
     " JOIN artifact_versions n ON n.artifact_id = a.id AND n.number > v.number AND n.state = 'version'"},
    /* Before 'heads_since' runs could replace a person's version that they had read. */
    {"artifact-person",
     "SELECT v.run_id, 'version ' || v.number || ' of artifact ' || a.id || ' (' || a.name || ' of project ' || a.project_id"
     " || '), which run ' || v.run_id || ' wrote, took the place of version ' || p.number || ', which a person wrote'"
     " FROM artifact_versions v JOIN artifacts a ON a.id = v.artifact_id JOIN artifact_versions p ON p.artifact_id = v.artifact_id"
     " AND p.number = (SELECT MAX(number) FROM artifact_versions WHERE artifact_id = v.artifact_id AND number < v.number"
     "  AND state = 'version') WHERE v.state = 'version' AND v.author = 'run' AND p.author = 'person' AND v.id >"
     " COALESCE((SELECT CAST(value AS INTEGER) FROM settings WHERE key = 'heads_since'), 0)"},
    /* What others change after its end is another matter: then the file is made anew when somebody asks for it. */
    {"artifact-file",
     "WITH files(run, project, name, newest) AS (SELECT v.run_id, a.project_id, a.name, MAX(v.id) FROM artifact_versions v"
     "  JOIN artifacts a ON a.id = v.artifact_id JOIN runs r ON r.id = v.run_id WHERE r.status = 'completed'"
     "  AND v.state = 'version' AND " BOOK_FILE(
         "a") " GROUP BY v.run_id, a.id)"
              " SELECT f.run, 'run ' || f.run || ' is completed, but it wrote ' || a.name || ' of project ' || f.project || ' after '"
              " || f.name || ': the file is not the book' FROM files f JOIN artifacts a ON a.project_id = f.project AND " BOOK_SOURCE(
                  "a") " JOIN artifact_versions v ON v.artifact_id = a.id AND v.run_id = f.run AND v.state = 'version' AND v.id > f.newest"
                       " GROUP BY f.run, f.name"},
    {"artifact-numbers",
     "SELECT 0, 'artifact ' || v.artifact_id || ' has ' || count(*) || ' versions, numbered ' || min(v.number)"
     " || ' to ' || max(v.number) || ': some are missing' FROM artifact_versions v GROUP BY v.artifact_id"
     " HAVING min(v.number) <> 1 OR max(v.number) <> count(*)"},
    {"artifact-state",
     "SELECT COALESCE(run_id, 0), 'version ' || number || ' of artifact ' || artifact_id || ' is a ' || state || ' by '"
     " || author || ', which nobody knows' FROM artifact_versions"
     " WHERE author NOT IN ('run','person') OR state NOT IN ('version','proposal')"},
    {"blob-missing",
     "SELECT COALESCE(v.run_id, 0), 'version ' || v.number || ' of artifact ' || v.artifact_id || ' has lost its content"
     " (blob ' || v.blob_id || ')' FROM artifact_versions v WHERE v.blob_id NOT IN (SELECT id FROM blobs)"},
    {"blob-missing",
     "SELECT COALESCE(c.run_id, 0), 'call ' || k.call_id || ' has lost block ' || k.place || ' of its prompt (blob '"
     " || k.blob_id || ')' FROM call_blocks k LEFT JOIN calls c ON c.id = k.call_id"
     " WHERE k.blob_id NOT IN (SELECT id FROM blobs)"},
    {"blob-size",
     "SELECT 0, 'blob ' || id || ' should have ' || size || ' bytes and has ' || length(data) FROM blobs"
     " WHERE size <> length(data)"},
    {"blob-size",
     "SELECT COALESCE(v.run_id, 0), 'version ' || v.number || ' of artifact ' || v.artifact_id || ' should have ' || v.size"
     " || ' bytes; its content (blob ' || b.id || ') has ' || b.size FROM artifact_versions v"
     " JOIN blobs b ON b.id = v.blob_id WHERE v.size <> b.size"},
    /* What a run tells has a place: the journal's entry that it stands behind, and a count from there. The store's own words have none. */
    {"events",
     "SELECT run_id, 'event ' || max(id) || ' of run ' || run_id || ' stands where event ' || min(id) || ' stands (number ' || n"
     " || ' after entry ' || seq || ' of the journal): its history was told twice' FROM events WHERE seq IS NOT NULL"
     " GROUP BY run_id, seq, n HAVING count(*) > 1"},
    {"events",
     "SELECT e.run_id, 'event ' || e.id || ' of run ' || e.run_id || ' stands behind entry ' || e.seq || ' of the journal, which"
     " does not exist: an answer that was told of is lost' FROM events e WHERE e.seq > 0 AND e.run_id IN (SELECT id FROM runs)"
     " AND (e.run_id, e.seq) NOT IN (SELECT run_id, seq FROM journal)"
     " AND NOT EXISTS (SELECT 1 FROM settings WHERE key = 'pruning:' || e.run_id)"},
    {"events",
     "SELECT run_id, 'event ' || id || ' of run ' || run_id || ' is not JSON' FROM events WHERE NOT " SQL_IS_JSON(
         "data")},
    {"counts",
     "SELECT 0, 'the count of runs that are ' || status || ' is wrong by ' || sum(n) || ': pages and metrics show it'"
     " FROM (SELECT status, n FROM run_counts UNION ALL SELECT status, -1 FROM runs) c GROUP BY status HAVING sum(n) <> 0"},
    {"counts",
     "SELECT 0, 'the sums of calls of ' || provider || '/' || model || ' that ended as ' || outcome || ' are wrong by ' || sum(n)"
     " || ' calls and ' || sum(cost) || ' nano-dollars: metrics show them' FROM (SELECT provider, model, outcome, n, cost_nano AS cost"
     "  FROM call_counts UNION ALL SELECT provider, model, CASE presumed WHEN 0 THEN state ELSE 'lost' END, -1, -cost_nano"
     "  FROM calls WHERE state <> 'sent') c GROUP BY provider, model, outcome HAVING sum(n) <> 0 OR sum(cost) <> 0"},
};

/* Columns: run, sentence, promised hash, bytes. $step is 1 when all are asked for. */
static const struct rule hash_rules[] = {
    {"gate-shown",
     "SELECT run_id, 'gate ' || id || ' of run ' || run_id || ' does not hold the text whose hash a person decided on',"
     " show_sha, " SQL_BYTES("show") " FROM gates WHERE $step > 0 AND $phase >= 0"},
    {"script-content",
     "SELECT 0, 'script ' || id || ' is not the text that was stored (its hash differs)', sha, text FROM scripts"
     " WHERE $step > 0 AND $phase >= 0"},
    {"blob-content",
     "SELECT 0, 'blob ' || id || ' is not the content that was stored (its hash differs)', sha, data FROM blobs"
     " WHERE id % $step = $phase"},
};

/* --- running them --- */

struct audit {
  struct db *db;
  struct audit_options options;
  audit_breach *breach;
  void *arg;
  int breaches;
};

static void tell(struct audit *a, const char *rule, int64_t run, const char *explanation) {
  a->breaches++;
  if (a->breach) a->breach(a->arg, rule, run, explanation ? explanation : rule);
}

/* Damage is what an auditor is for: it is told, and the other rules go on. */
static enum err finish(struct audit *a, struct db_stmt *s, enum db_step last) {
  enum err err = sql_end(a->db, s, last);
  if (err != ERR_CORRUPT) return err;
  struct error e = {0};
  db_error(a->db, &e);
  tell(a, "damage", 0, e.message);
  return OK;
}

static enum err find_rows(struct audit *a, const struct rule *rule) {
  struct db_stmt *s = db_prepare(a->db, rule->sql);
  enum db_step step;
  while ((step = db_step(s)) == DB_ROW) tell(a, rule->name, db_int(s, 0), db_text(s, 1));
  return finish(a, s, step);
}

static enum err each_rule(struct audit *a, const struct rule *rules, size_t n) {
  enum err err = OK;
  for (size_t i = 0; err == OK && i < n; i++) err = find_rows(a, &rules[i]);
  return err;
}

static enum err hash_rows(struct audit *a, const struct rule *rule, int64_t every, int64_t phase) {
  struct db_stmt *s = db_prepare(a->db, rule->sql);
  db_bind_int(s, "$step", every);
  db_bind_int(s, "$phase", phase);
  enum db_step step;
  while ((step = db_step(s)) == DB_ROW) {
    char sha[SHA_HEX];
    size_t n;
    const void *data = db_blob(s, 3, &n);
    const char *promised = db_text(s, 2);
    sha256_hex(data, n, sha);
    if (!promised || strcmp(sha, promised) != 0) tell(a, rule->name, db_int(s, 0), db_text(s, 1));
  }
  return finish(a, s, step);
}

/* A sample starts at another place each time, so that audits in a row see everything. */
static enum err check_hashes(struct audit *a) {
  struct db_stmt *s = db_prepare(a->db, "SELECT COALESCE(MAX(id), 0) FROM blobs");
  enum db_step step = db_step(s);
  int64_t newest = step == DB_ROW ? db_int(s, 0) : 0;
  enum err err = finish(a, s, step);
  int64_t every = a->options.all_blobs || newest <= SAMPLE ? 1 : newest / SAMPLE;
  int64_t phase = (int64_t)(clock_mono_ns() / 1000 % (uint64_t)every);
  for (size_t i = 0; err == OK && i < sizeof hash_rules / sizeof hash_rules[0]; i++)
    err = hash_rows(a, &hash_rules[i], every, phase);
  return err;
}

static void found(void *audit, const char *rule, int64_t run, const char *sentence) {
  tell(audit, rule, run, sentence);
}

#define EACH(audit, rules) each_rule(audit, rules, sizeof rules / sizeof rules[0])

enum err audit_run_with(struct db *db, const struct audit_options *options, audit_breach *breach, void *arg,
                        int *breaches) {
  struct audit a = {.db = db, .options = *options, .breach = breach, .arg = arg};
  enum err err = schema_examine(db, options->integrity, found, &a);
  if (err == OK) err = EACH(&a, run_rules);
  if (err == OK) err = EACH(&a, journal_rules);
  if (err == OK) err = EACH(&a, content_rules);
  if (err == OK) err = check_hashes(&a);
  if (breaches) *breaches = a.breaches;
  return err;
}

enum err audit_run(struct db *db, audit_breach *breach, void *arg, int *breaches) {
  return audit_run_with(db, &(struct audit_options){0}, breach, arg, breaches);
}
