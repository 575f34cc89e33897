/* batches.h - questions that are submitted and answered later: Anthropic's message batches, Gemini's batchGenerateContent. Each is a call of its own,
 * with its line in the ledger, that nobody listens to (kept.h). The server's loop thread.
 *
 *   POST /v1/messages/batches   {"requests": [{"custom_id", "params"}]}       GET ../ID, ../ID/results   POST ../ID/cancel
 *   POST /v1beta/models/M:batchGenerateContent                                GET /v1beta/batches, ../ID   POST ../ID:cancel */
#pragma once
#include "rehearsal_server/internal.h"

struct batches;
struct batches *batches_new(void);
void batches_free(struct batches *b);
/* Answers such a request. False: it is none. */
bool batch_request(struct rehearse *r, struct conn *c, const struct conn_request *q);
