/* server.h - `quire rehearse`: the rehearsal model over HTTP, with latency, biases, faults and a ledger.
 *
 *   struct rehearse_options o; rehearse_options_init(&o); o.latency_ms = 500;
 *   struct rehearse *r;
 *   err = rehearse_start(&o, &r, &e);      // its own thread from here on
 *   ... http://rehearse_address(r)/v1 is the base URL ...
 *   rehearse_stop(r);
 *
 *   POST   /v1/chat/completions   as OpenAI, streamed or not; the header X-Quire-Call is kept in the ledger
 *   POST   /v1/responses, /v1/messages, /v1beta/models/M:generateContent, /api/chat   the same in other dialects
 *   ...    /v1/responses/ID, /v1/stream   answers that are handed out again (kept.h)
 *   ...    /v1/messages/batches, /v1beta/batches, :batchGenerateContent   what is submitted (batches.h)
 *   GET    /v1/models
 *   GET    /ledger?since=N        every request (see ledger.h), those after the N-th; DELETE clears it
 *   GET    /control               the settings as JSON; POST changes those it names: {"latency":50,"faults":["cut:p=0.1"]}
 *   GET    /healthz */
#pragma once
#include "rehearsal_server/options.h"

struct rehearse;
/* The options are copied. Err: ERR_INVALID (listen), ERR_IO (the port is taken, ...). */
enum err rehearse_start(const struct rehearse_options *options, struct rehearse **out, struct error *e);
void rehearse_stop(struct rehearse *r);                 /* closes all connections; r may be NULL */
const char *rehearse_address(const struct rehearse *r); /* "127.0.0.1:34567" */
/* The command: starts, says where on stdout, runs until SIGINT or SIGTERM. Call it before other threads exist. */
enum err rehearse_main(const struct rehearse_options *options, struct error *e);
