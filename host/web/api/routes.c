/* routes.c - see routes.h. One row an address. */
#include "web/api/routes.h"

#include "web/api/handlers.h"

#define PAGING "limit:integer after:integer"
enum { SMALL_BODY = 16 << 10, DRAFT_BODY = 1 << 20, UPLOAD_BODY = 15 << 20 };

#define CHANGE                                                                                               \
  "with:array models:object budget_usd:number budget_tokens:integer at_budget:string until:string scripts:string out:string plan:boolean"

/* Who may, what it does, and what else is not the rule (routes.h). */
#define ROUTE(verb, address, handler, who, text, ...)                                                        \
  { .route = {#verb, address, handler, text}, .scope = SCOPE_##who, __VA_ARGS__ }

/* A route a line. */
/* clang-format off */
const struct web_route web_routes[] = {
    /* health */
    ROUTE(GET, "/healthz", healthz, OPEN, "the process answers", .route.flags = ROUTE_URGENT, .answer = "{status}"),
    ROUTE(GET, "/readyz", readyz, OPEN, "it can take work; 503 with the reasons when not", .route.flags = ROUTE_URGENT, .answer = "{status, store, reasons}"),
    ROUTE(GET, "/metrics", send_metrics, METRICS, "counters for Prometheus", .answer = "text"),

    ROUTE(GET, "/api/openapi.json", get_openapi, OPEN, "this table as an OpenAPI document", .answer = "OpenAPI 3.0"),

    /* who is it */
    ROUTE(GET, "/api/session", get_session, OPEN, "is a password needed, and are you signed in", .answer = "{needs_password, signed_in, version, library, read_only}"),
    ROUTE(POST, "/api/session", sign_in, OPEN, "sign in; answers with a cookie", .route.max_body = SMALL_BODY, .body = "password:string*", .answer = "{signed_in}"),
    ROUTE(DELETE, "/api/session", sign_out, OPEN, "sign out", .route.max_body = SMALL_BODY, .answer = "{signed_in}"),
    ROUTE(PUT, "/api/password", put_password, OWNER, "set the password (null: none); ends all sessions",
          .route.max_body = SMALL_BODY, .body = "password:string*", .answer = "{password}"),
    ROUTE(GET, "/api/tokens", list_tokens, READ, "tokens for programs", .answer = "[{name, scopes, created_ms}]"),
    ROUTE(POST, "/api/tokens", new_token, OWNER, "a new token; it is shown only once",
          .route.max_body = SMALL_BODY, .body = "name:string* scopes:array*", .answer = "{name, scopes, token}"),
    ROUTE(DELETE, "/api/tokens/{name}", revoke_token, OWNER, "revoke a token", .route.max_body = SMALL_BODY, .answer = "{revoked}"),

    /* home */
    ROUTE(GET, "/api/overview", get_overview, READ, "what is being written, what waits for a person, the books",
          .answer = "{now: [run], waiting: [run or gate], projects: [card], counts, health}"),

    /* what happens, as it happens */
    ROUTE(GET, "/api/events", get_events, READ, "a stream of events (text/event-stream), or with poll=1 the next ones",
          .query = "run:integer after:integer text:integer poll:integer wait:integer", .answer = "run-event, run, text, call, gate; poll: {events, last}"),

    /* runs */
    ROUTE(GET, "/api/runs", list_runs, READ, "runs, newest first", .query = "status:string project:string pipeline:string q:string " PAGING, .answer = "{items: [run], next}"),
    ROUTE(POST, "/api/runs", start_run, WRITE, "start a run",
          .body = "pipeline:string file:string input:object gives:array project:string models:object budget_usd:number budget_tokens:integer at_budget:string until:string key:string out:string scripts:string hold:boolean after_ms:integer forecast:object", .answer = "{run, project, existed, status, unpriced: [model]}"),
    ROUTE(POST, "/api/forecast", forecast_run, WRITE, "what a run would take: calls, tokens, money and time; nothing is started; a newer one of the same form ends the older",
          .body = "pipeline:string file:string input:object gives:array project:string models:object budget_usd:number until:string scripts:string form:string", .answer = "{pipeline, rehearsal, calls, tokens_in, tokens_out, cost_usd, seconds, phases, models, unpriced, limit_usd, took_ms}"),
    ROUTE(GET, "/api/runs/{id}", get_run, READ, "one run as a whole", .answer = "run"),
    ROUTE(GET, "/api/runs/{id}/events", list_run_events, READ, "its history, oldest first", .query = "level:string q:string " PAGING, .answer = "{items: [event], next}"),
    ROUTE(GET, "/api/runs/{id}/calls", list_run_calls, READ, "its model calls, oldest first", .query = PAGING, .answer = "{items: [call], next}"),
    ROUTE(GET, "/api/runs/{id}/timeline", get_timeline, READ, "time, tokens and money by phase and by part", .answer = "{phases: [sum], chapters: [sum]}"),
    ROUTE(POST, "/api/runs/{id}/resume", resume_run, WRITE, "resume a run; with plan, only list what would be asked again",
          .body = CHANGE, .answer = "{run, status}; plan: {run, act, stays, again, may, groups, items, note}"),
    ROUTE(POST, "/api/runs/{id}/adopt", adopt_run, WRITE, "resume a run whose host died, unchanged", .answer = "{run, project, status}"),
    ROUTE(POST, "/api/runs/{id}/retry", retry_run, WRITE, "a new run with the answers of a finished one", .body = CHANGE, .answer = "{run, retry_of, status}; plan: as resume"),
    ROUTE(POST, "/api/runs/{id}/fork", fork_run, WRITE, "a new run with what stands before a place of the journal",
          .body = CHANGE " at:integer*", .answer = "{run, retry_of, status}; plan: as resume"),
    ROUTE(POST, "/api/runs/{id}/cancel", cancel_run, WRITE, "stop a run for good", .answer = "{run, status}"),
    ROUTE(POST, "/api/runs/{id}/pause", pause_run, WRITE, "let a run rest once its calls under way have ended", .answer = "{run, status}"),
    ROUTE(POST, "/api/runs/{id}/notes", note_run, WRITE, "tell the writer something", .body = "text:string*", .answer = "{run}"),
    ROUTE(GET, "/api/calls/{id}", get_call, READ, "one call: prompt, answer, attempts, as curl",
          .answer = "call with seq, blocks: [{name, text, bytes, stable}], answer, reasoning, params, attempts, replays, curl"),
    ROUTE(POST, "/api/calls/{id}/replay", replay_call, WRITE, "ask the question of a call again, beside its run",
          .body = "model:string blocks:array budget_usd:number budget_tokens:integer key:string", .answer = "{run, project, existed, status, call}"),
    ROUTE(GET, "/api/runs/{id}/replay", get_replay, READ, "a call and the same question asked again, side by side",
          .answer = "{run, status, error, of: call, call, diff: [{op: = | + | -, text}]}"),

    /* forms that are not sent yet, and what a person brings along */
    ROUTE(GET, "/api/drafts/{name}", get_draft, READ, "a saved form; 204 when there is none", .answer = "the form; ETag"),
    ROUTE(PUT, "/api/drafts/{name}", put_draft, WRITE, "save a form; with If-Match only over that one", .route.max_body = DRAFT_BODY, .body = "*:any", .answer = "{saved}; ETag"),
    ROUTE(DELETE, "/api/drafts/{name}", delete_draft, WRITE, "throw a form away", .route.max_body = SMALL_BODY, .answer = "{saved}"),
    ROUTE(POST, "/api/uploads", upload, WRITE, "a brief, an outline or a cover",
          .route.max_body = UPLOAD_BODY, .body = "kind:string* content:string* name:string project:string", .answer = "{kind, text} or {kind, name, version}"),

    /* questions to a person */
    ROUTE(GET, "/api/gates", list_gates, READ, "questions, oldest first", .query = "open:integer run:integer " PAGING, .answer = "{items: [gate], next}"),
    ROUTE(GET, "/api/gates/{id}", get_gate, READ, "one question with the text under review", .answer = "gate with project, project_title, pipeline"),
    ROUTE(POST, "/api/gates/{id}", decide_gate, WRITE, "decide a question for the text that was shown",
          .body = "choice:string* edits:any note:string by:string show_sha:string", .answer = "{gate, run}"),

    /* pipelines */
    ROUTE(GET, "/api/pipelines", list_pipelines, READ, "what can be run, with its input fields", .answer = "[{name, title, description, input: [field]}]"),
    ROUTE(GET, "/api/exports", list_exports, READ, "the files that a book can become", .answer = "[{format, id, title, name}]"),
    ROUTE(GET, "/api/pipelines/{name}", get_pipeline, READ, "one pipeline", .answer = "{name, title, description, input: [field]}"),

    /* projects and their documents */
    ROUTE(GET, "/api/projects", list_projects, READ, "books and series as cards", .query = "kind:string parent:string", .answer = "[card]"),
    ROUTE(GET, "/api/projects/{slug}", get_project, READ, "a project with its documents, runs and parts", .answer = "card with fields, artifacts, runs, children"),
    ROUTE(DELETE, "/api/projects/{slug}", delete_project, WRITE, "a project, its documents and its runs, for good", .answer = "{project, runs, ...}"),
    ROUTE(GET, "/api/projects/{slug}/chapters", list_chapters, READ, "the chapters of a book, written and planned",
          .answer = "[{number, name, title, viewpoint, words, part, written, version, author, issues, proposals, names, opened, paid}]"),
    ROUTE(GET, "/api/projects/{slug}/findings", list_findings, READ, "what checks and judges found in a book",
          .answer = "[{key, check, title, chapter, scene, quote, problem, certain, confirmed, judged, stale, dismissed: reason or null}]"),
    ROUTE(POST, "/api/projects/{slug}/findings", change_finding, WRITE, "a finding is meant as it is, or that is taken back",
          .route.max_body = SMALL_BODY, .body = "key:string* reason:string restore:boolean", .answer = "{key, dismissed}"),
    ROUTE(GET, "/api/projects/{slug}/artifacts/{name...}", get_artifact, READ, "one version of a document",
          .query = "version:integer html:integer", .answer = "{name, kind, version, author, run, content, html}; ETag"),
    ROUTE(PUT, "/api/projects/{slug}/artifacts/{name...}", put_artifact, WRITE, "save a person's edit; If-Match",
          .body = "content:string* kind:string expected:integer", .answer = "{name, version}; ETag; 412 and 428 with the version that is there"),
    ROUTE(POST, "/api/projects/{slug}/restore/{name...}", restore_artifact, WRITE, "an older version becomes the newest; If-Match", .body = "version:integer*", .answer = "as PUT"),
    ROUTE(POST, "/api/projects/{slug}/accept/{name...}", accept_proposal, WRITE, "a run's proposal becomes the newest version; If-Match",
          .body = "version:integer*", .answer = "as PUT"),
    ROUTE(GET, "/api/projects/{slug}/history/{name...}", list_versions, READ, "all versions of a document", .answer = "[version]"),
    ROUTE(GET, "/api/projects/{slug}/diff/{name...}", get_diff, READ, "two versions word by word", .query = "from:integer to:integer", .answer = "[{op: = | + | -, text}]"),

    /* scripts */
    ROUTE(GET, "/api/scripts", list_scripts, READ, "the files of the search path, and which hides which", .answer = "[{name, kind, shadowed, layers: [{origin, path, editable}]}]"),
    ROUTE(POST, "/api/scripts/check", check_script, WRITE, "would the scripts run with this text?",
          .body = "name:string* source:string*", .answer = "{ok, errors: [{file, line, message, hint}]}"),
    ROUTE(POST, "/api/scripts/dry-run", dry_run, WRITE, "a pipeline twice on the rehearsal model, in a scratch library",
          .body = "pipeline:string* input:object", .answer = "{ok, checks: [{name, ok, message}]}"),
    ROUTE(GET, "/api/scripts/{name...}", get_script, READ, "one script: its text, and the text that it hides",
          .answer = "{name, kind, source, sha, origin, original, original_origin, layers, shadowed}; ETag"),
    ROUTE(PUT, "/api/scripts/{name...}", put_script, WRITE, "check it and save it into the library; If-Match",
          .route.max_body = 2 * MAX_SCRIPT_BYTES, .body = "source:string*", .answer = "as GET; 422 with errors when it would not run"),
    ROUTE(DELETE, "/api/scripts/{name...}", delete_script, WRITE, "delete the library's file; If-Match", .answer = "as GET: the script that applies then"),

    /* settings */
    ROUTE(GET, "/api/settings", get_settings, READ, "settings with their origins, providers, health, what went wrong last",
          .answer = "{version, library, settings: [{name, value, origin}], providers: [{name, key, models}], roles, watcher, store, ready, reasons, errors: [run]}"),
    ROUTE(PUT, "/api/keys/{provider}", put_key, OWNER, "a provider's key, kept in the library; it is never shown again",
          .route.max_body = 16384, .body = "key:any*", .answer = "{provider, key, key_from}"),
    ROUTE(POST, "/api/providers/{name}/test", test_provider, WRITE, "one tiny call to a provider; costs what that costs",
          .body = "model:string", .answer = "{ok, model, ms, message}"),
    ROUTE(POST, "/api/providers/{name}/probe", probe_provider_models, WRITE, "asks a provider which models it has; what it says of them is learnt. Free",
          .answer = "{provider, models: [{name, context, max_output, thinks, ...}]}"),
    ROUTE(POST, "/api/backup", make_backup, WRITE, "the whole library as one checked file beside it", .answer = "{path, bytes}"),

    /* keeping house */
    ROUTE(POST, "/api/sweep", sweep, WRITE, "look for stale runs now", .answer = "{found, last_sweep_ms}"),
    ROUTE(POST, "/api/prune", prune, WRITE, "delete records of old runs", .body = "older_ms:integer* keep:integer dry_run:boolean", .answer = "counts"),
};
/* clang-format on */
const size_t web_routes_n = sizeof web_routes / sizeof *web_routes;
