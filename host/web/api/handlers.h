/* handlers.h - the handlers that routes.c names, by the file that holds them. Threads: the server's; the last argument is the struct web. */
#pragma once
#include "http/server.h"

#define HANDLER(name) void name(struct request *q, struct response *a, void *arg)

/* health.c */
HANDLER(healthz);
HANDLER(readyz);
HANDLER(send_metrics);
HANDLER(sweep);
HANDLER(prune);
/* openapi.c */
HANDLER(get_openapi);
/* session.c */
HANDLER(get_session);
HANDLER(sign_in);
HANDLER(sign_out);
HANDLER(put_password);
HANDLER(list_tokens);
HANDLER(new_token);
HANDLER(revoke_token);
/* overview.c */
HANDLER(get_overview);
/* events.c */
HANDLER(get_events);
/* runs.c */
HANDLER(list_runs);
HANDLER(get_run);
HANDLER(list_run_events);
HANDLER(list_run_calls);
HANDLER(get_timeline);
HANDLER(get_call);
HANDLER(get_replay);
HANDLER(fork_run);
HANDLER(replay_call);
/* acts.c */
HANDLER(start_run);
HANDLER(forecast_run);
HANDLER(resume_run);
HANDLER(adopt_run);
HANDLER(retry_run);
HANDLER(pause_run);
HANDLER(cancel_run);
HANDLER(note_run);
HANDLER(decide_gate);
HANDLER(delete_project);
HANDLER(upload);
/* drafts.c */
HANDLER(get_draft);
HANDLER(put_draft);
HANDLER(delete_draft);
/* gates.c */
HANDLER(list_gates);
HANDLER(get_gate);
/* pipelines.c */
HANDLER(list_pipelines);
HANDLER(list_exports);
HANDLER(get_pipeline);
/* projects.c */
HANDLER(list_projects);
HANDLER(get_project);
/* artifacts.c */
HANDLER(get_artifact);
HANDLER(list_versions);
HANDLER(get_diff);
/* edits.c */
HANDLER(put_artifact);
HANDLER(restore_artifact);
HANDLER(accept_proposal);
/* chapters.c */
HANDLER(list_chapters);
HANDLER(list_findings);
HANDLER(change_finding);
/* scripts.c */
HANDLER(list_scripts);
HANDLER(get_script);
HANDLER(put_script);
HANDLER(delete_script);
HANDLER(check_script);
HANDLER(dry_run);
/* settings.c */
HANDLER(get_settings);
HANDLER(put_key);
HANDLER(test_provider);
HANDLER(probe_provider_models);
HANDLER(make_backup);

#undef HANDLER
