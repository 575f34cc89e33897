/* commands.h - what a person can ask the owner of a library to change. One function a command, JSON in and JSON out, so that the command
 * line (when it is the owner itself) and the HTTP API (for everybody else) are the same thing. Any thread but the loop's.
 *
 * Reading needs no command: every process may read the database. */
#pragma once
#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"

struct engine;
struct db;
struct engine_settings;
struct llm;
struct llm_settings;
struct script_cache;
struct script_set;
struct store;
struct watcher;

struct commands {
  struct store *store;
  /* NULL (with llm): the command line records a cancel, decision or edit in a library that nobody runs; nothing starts */
  struct engine *engine;
  struct llm *llm;
  const struct engine_settings *settings;
  /* search order, NULL-terminated: each holds scripts/ and pipelines/; the built-in ones come last */
  const char *const *script_dirs;
  struct script_cache *scripts; /* what lies on the search path now; NULL as the engine */
  struct watcher *watcher;      /* NULL as the engine */
  const json_t *shown; /* settings with their origins: [{"name","value","origin"}]; NULL as the engine */
  const struct llm_settings *models;
  atomic_bool draining; /* set by the host: no new runs */
};

/* All sources on the search path as one checked set; `extra_dir` (--scripts) comes first, `file` (a pipeline given as FILE.lua) before it.
 * The caller unrefs *out. Errors name file and line. */
enum err commands_gather(const char *const *script_dirs, const char *extra_dir, const char *file,
                         struct script_set **out, struct error *e);
/* What `name` ("checks/adverbs") of the set declares: {"title","kind","scope"}, or what is wrong with it. */
enum err command_check(const struct engine_settings *settings, const struct script_set *set, const char *name,
                       json_t **out, struct error *e);
/* The last of it, for a set that somebody else began: what is embedded goes beneath, then all is checked. `err`: how it went so far; takes
 * over the set. */
enum err commands_gathered(struct script_set *s, enum err err, struct script_set **out, struct error *e);

/* POST /api/runs. {"pipeline": NAME, or "file": PATH; "input": {..}, "gives": [{"name","kind","content"}], "project": SLUG, "models": {"": ["p/m"], "writer": [..]},
 * "budget_usd": N, "budget_tokens": N, "at_budget": pause | cheaper | skip, "until": NAME, "key": K, "out": DIR, "scripts": DIR, "forecast": an answer of POST /api/forecast, kept with the run, "hold": true (do not start), "after_ms": Unix time before which it does not begin} ->
 * {"run": ID, "project": SLUG, "existed": BOOL, "status": ...}. Everything is checked before anything is written:
 * pipeline, scripts, input fields, models, names. With a key that exists, the run is found and, when it is unfinished, moved on. */
enum err command_run(struct commands *c, const json_t *request, json_t **out, struct error *e);
/* Makes a book's files anew when `name` is one of them and older than what it is made from (an edit, a rewrite, a cover), and waits for
 * that, 20 s at most. No model is asked. Where it cannot be done the file stays as it was. */
void command_refresh_file(struct commands *c, const char *project, const char *name);
/* POST /api/runs/{id}/resume. {"with": ["scripts","artifacts","models=writer"], "models", "budget_usd", "until", "scripts", "plan"} -> {"run","status"}.
 * For waiting, interrupted and queued runs; a terminal run: ERR_CONFLICT, the hint names `quire retry`. With "plan": true nothing happens; the answer
 * lists what is recorded and what would become of it: {"run","act","note", "stays","again","may": {"calls","cost_usd","unpriced_calls"},
 * "groups": [{"fate","role","model","calls","cost_usd"}], "items": [{"fate","why","seq","call","scope","role","model","cost_usd"}],
 * "changed_scripts"}. The money is what those calls cost last time. */
enum err command_resume(struct commands *c, int64_t run, const json_t *request, json_t **out,
                        struct error *e);
/* POST /api/runs/{id}/adopt -> {"run","status"}. Goes on with a run whose host died, exactly as it was being run: its scripts, its --with, its
 * --until. A waiting or finished run stays as it is. For a client whose owner is gone, and for a restarted host. */
enum err command_adopt(struct commands *c, int64_t run, json_t **out, struct error *e);
/* POST /api/runs/{id}/retry: a new run with a copy of the journal. Same request as resume. -> {"run": NEW, "retry_of": ID} */
enum err command_retry(struct commands *c, int64_t run, const json_t *request, json_t **out, struct error *e);
/* POST /api/runs/{id}/fork: a new run that keeps what stands before the place "at" of the journal, with the documents as they were then; else as a
 * retry, with its own scripts unless "with" names today's. Of a run that waits or has ended. -> {"run": NEW, "retry_of": ID} */
enum err command_fork(struct commands *c, int64_t run, const json_t *request, json_t **out, struct error *e);
/* POST /api/runs/{id}/cancel -> {"run","status"} */
enum err command_cancel(struct commands *c, int64_t run, json_t **out, struct error *e);
/* POST /api/runs/{id}/pause -> {"run","status"}: begins nothing new, waits once the calls under way have ended ("pausing" until then); `resume` goes
 * on. Only what runs or is queued can be paused: ERR_CONFLICT says what the run is instead. */
enum err command_pause(struct commands *c, int64_t run, json_t **out, struct error *e);
/* POST /api/calls/{id}/replay {"model","blocks": [TEXT..],"budget_usd","key"} -> {"run","project","existed","status","call"}: its question once more
 * as a run of its own, of the model that it was asked of or another, with a person's words in place of its blocks. (replay.c) */
enum err command_replay(struct commands *c, int64_t call, const json_t *request, json_t **out,
                        struct error *e);
/* POST /api/runs/{id}/notes {"text"} */
enum err command_note(struct commands *c, int64_t run, const json_t *request, json_t **out, struct error *e);
/* POST /api/gates/{id} {"choice","edits","by","show_sha"} -> {"gate","run"}; the run goes on. */
enum err command_gate(struct commands *c, int64_t gate, const json_t *request, json_t **out, struct error *e);
/* PUT /api/projects/{slug}/artifacts/{name} {"name","kind","content","expected": VERSION} -> {"name","version"}: a person's edit.
 * expected: the version it was made on; 0: there is none yet; -1 or not there: whatever is there. */
enum err command_artifact(struct commands *c, const char *project, const json_t *request, json_t **out,
                          struct error *e);
/* POST /api/projects/{slug}/restore/{name}, accept/{name} {"version"} -> {"name","version"}: that version's content as a new one by a person.
 * `proposal`: it must be a run's proposal. `expected` as above. */
enum err command_artifact_restore(struct commands *c, const char *project, const char *name, int64_t version,
                                  int64_t expected, bool proposal, json_t **out, struct error *e);

/* What was found in a book, by chapter, with what is dismissed: [{"key","check","title","chapter","scene","quote","problem","certain","confirmed",
 * "judged","stale","dismissed": reason or null}]. Stale: a document that it read has another text now. (finding.c) */
enum err findings_of(struct db *db, int64_t project, json_t **out, struct error *e);
/* POST /api/projects/{slug}/findings {"key","reason"}: dismissed as meant so; {"key","restore": true}: taken back -> {"key","dismissed"} */
enum err command_finding(struct commands *c, const char *project, const json_t *request, json_t **out,
                         struct error *e);

/* POST /api/uploads {"kind": "brief"|"outline"|"cover", "content": base64, "project": of a cover}. A text comes back as {"kind","text"}; a
 * cover becomes the project's document `cover` -> {"kind","name","version"} (upload.c) */
enum err command_upload(struct commands *c, const json_t *request, json_t **out, struct error *e);

/* ---- keeping house (upkeep.c) */

/* May new runs begin? False when the host drains, the database takes no writes, the disk has less than limits.free_mb, or the watcher is
 * late: then /readyz is red and nothing new is claimed; runs that are here go on. *e (may be NULL): the first reason, ERR_FULL, or
 * ERR_CLOSED of a host that stops. *reasons (may be NULL): all of them, a list of sentences, the caller's. */
bool commands_ready(struct commands *c, json_t **reasons, struct error *e);
/* OK when new runs may begin, else the first reason. */
enum err commands_refuse(struct commands *c, struct error *e);
/* For the metrics: what the engine and the watcher count. */
struct commands_numbers {
  int64_t claims, claim_wait_ms; /* claims whose wait is known, and their waits together */
  int64_t loop_lag_us, loop_lag_most_us;
  int64_t last_sweep_ms, stale;
  bool late; /* the watcher */
};
struct commands_numbers commands_numbers(const struct commands *c);
/* What a run may spend and call when it names no limits of its own. */
void commands_run_limits(const struct commands *c, double *usd, int64_t *calls, int64_t *tokens);
/* While it is watched, a run's text goes to the host's streams as it comes; `watcher` names the stream. As often off as on. */
void commands_watch_text(struct commands *c, int64_t run, uint64_t watcher, bool on);
/* POST /api/sweep -> {"found": N, "last_sweep_ms"}: looks for stale runs now; waits until each is given back. */
enum err command_sweep(struct commands *c, json_t **out, struct error *e);
/* POST /api/prune {"older_ms", "keep", "dry_run"} -> counts; see store/upkeep/prune.h. May take minutes. */
enum err command_prune(struct commands *c, const json_t *request, json_t **out, struct error *e);
/* DELETE /api/projects/{slug} -> counts. ERR_CONFLICT while it has unfinished runs or parts. */
enum err command_project_delete(struct commands *c, const char *project, json_t **out, struct error *e);

/* ---- scripts (script.c) */

/* GET /api/pipelines, /api/pipelines/{name}: what pipeline_describe says, with "name"; `name` NULL: a list of all, those that cannot be
 * described with an "error". */
enum err command_pipelines(struct commands *c, const char *name, json_t **out, struct error *e);

/* GET /api/exports -> [{"format","id","title","name"}], or with "error": the files that a book can become. */
enum err command_exports(struct commands *c, json_t **out, struct error *e);

/* ---- who may use the library over HTTP (access.c) */

/* PUT /api/password {"password": text, or null: none any more} -> {"password": BOOL}. Ends all sessions. */
enum err command_password(struct commands *c, const json_t *request, json_t **out, struct error *e);
/* POST /api/tokens {"name","scopes": ["read"|"write"|"metrics"]} -> {"name","scopes","token"}: told this once. */
enum err command_token_new(struct commands *c, const json_t *request, json_t **out, struct error *e);
/* GET /api/tokens -> [{"name","scopes","created_ms"}] */
enum err command_tokens(struct commands *c, json_t **out, struct error *e);
/* DELETE /api/tokens/{name} */
enum err command_token_revoke(struct commands *c, const char *name, json_t **out, struct error *e);

/* ---- the files of the search path (script_files.c); names without ".lua": "phases/writing", "pipelines/my_book" */

/* GET /api/scripts -> [{"name","kind","shadowed","layers":[{"origin": library | directory | built in,"path","editable"}, first wins]}] */
enum err command_scripts(struct commands *c, json_t **out, struct error *e);
/* GET /api/scripts/{name} -> the same with "source","sha","origin", and the text that it hides: "original","original_origin" (or null). */
enum err command_script(struct commands *c, const char *name, json_t **out, struct error *e);
/* POST /api/scripts/check {"name","source"} -> {"ok","errors":[{"file","line","message","hint"}]}: would the set run with this text? */
enum err command_script_check(struct commands *c, const char *name, const json_t *request, json_t **out,
                              struct error *e);
/* PUT /api/scripts/{name} {"source"}: checked, then saved into the library. ERR_SCRIPT with *out as of check; ERR_CONFLICT when the text in
 * force is not the one with the sha `expected` ("": there must be none). */
enum err command_script_save(struct commands *c, const char *name, const char *expected,
                             const json_t *request, json_t **out, struct error *e);
/* DELETE /api/scripts/{name}: removes the library's file; *out is what is in force then. ERR_CONFLICT as with save. */
enum err command_script_revert(struct commands *c, const char *name, const char *expected, json_t **out,
                               struct error *e);
/* POST /api/forecast: a request as that of /api/runs, and "form": a newer one of the same form ends the older, ERR_CANCELLED -> what the run would
 * take (forecast/forecast.h). Two at a time, a few more wait; ERR_FULL. In forecast.c. */
enum err command_forecast(struct commands *c, const json_t *request, json_t **out, struct error *e);
/* POST /api/scripts/dry-run {"pipeline","input"} -> what `quire script test` says: {"ok","checks":[{"name","ok","message"}]}. The pipeline runs
 * twice on the rehearsal model in a scratch library, in a process of its own that is ended after two minutes. In dry_run.c. */
enum err command_dry_run(struct commands *c, const json_t *request, json_t **out, struct error *e);

/* ---- settings (settings.c) */

/* GET /api/settings -> {"version","library","settings":[{"name","value","origin"}],"providers":[{"name","adapter","base_url","key": set | missing |
 * none,"key_from": environment | file | command,"key_env","models"}],"roles":[{"name","models"}],"known":{"p/m":{"input","output","context","thinks",..}},"watcher":{"last_sweep_ms","late","found"},
 * "store":{"bytes","wal_bytes","free_bytes","healthy","schema"},"ready","reasons"}. Keys are never told, only whether there is one. */
enum err command_settings(struct commands *c, json_t **out, struct error *e);
/* PUT /api/keys/{provider} {"key": text, or null: forget it} -> {"provider","key","key_from"}. Kept in the library's keys/ folder (0600), used by
 * the next call. A key in the environment comes first. */
enum err command_key(struct commands *c, const char *provider, const json_t *request, json_t **out,
                     struct error *e);
/* POST /api/providers/{name}/test {"model"} -> {"ok","model","ms","message"}: one tiny call; `quire provider test`. */
enum err command_provider_test(struct commands *c, const char *provider, const json_t *request, json_t **out,
                               struct error *e);
/* POST /api/providers/{name}/probe -> {"provider","models":[{"name","context",..}]}: which models are there; free. What it says is learnt. */
enum err command_provider_probe(struct commands *c, const char *provider, json_t **out, struct error *e);
/* POST /api/backup -> {"path","bytes"}: the whole library as one checked file in its backups/ folder. */
enum err command_backup(struct commands *c, json_t **out, struct error *e);
