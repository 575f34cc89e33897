/* kept.h - answers that go on when their client goes away, and are handed out again: Responses in the background, by the id that they are given;
 * streams of llama.cpp's server, by the name that the request gave (X-Conversation-Id). The server's loop thread.
 *
 *   kept_new -> kept_add* -> kept_end
 *   GET    /v1/responses/ID                                the response as it is now
 *   GET    /v1/responses/ID?stream=true&starting_after=N   its events, those behind the N-th, and what comes
 *   POST   /v1/responses/ID/cancel
 *   GET    /v1/stream?conv_id=NAME&from=BYTE               its bytes, and what comes
 *   DELETE /v1/stream?conv_id=NAME */
#pragma once
#include "rehearsal_server/internal.h"

struct kept;
/* One that has this id already goes away. */
struct kept *kept_new(struct kept_list *l, const char *id);
void kept_set_entry(struct kept *k, int64_t entry); /* its line in the ledger */
void kept_forget(struct kept *k);                   /* there will be no answer: nobody finds it any more */
void kept_expire(struct kept *k);                   /* it came too late */
/* What is kept under this id; *body: once it has ended. */
enum kept_state { KEPT_MISSING, KEPT_UNFINISHED, KEPT_EXPIRED, KEPT_ENDED };
enum kept_state kept_look(const struct kept_list *l, const char *id, const char **body);
void kept_cancel(struct kept_list *l, const char *id);
void kept_add(struct kept *k, const char *bytes, size_t n); /* of the stream, without HTTP's framing */
void kept_end(struct kept *k, const char *body, size_t n);  /* the whole answer as one document */
bool kept_is_cancelled(const struct kept *k);               /* nobody wants more of it; or it went away */
json_t *kept_response(const struct kept *k);                /* the response, unfinished */
/* Answers the requests above. False: it is none of them. */
bool kept_request(struct rehearse *r, struct conn *c, const struct conn_request *q);
void kept_gone(struct kept_list *l, struct conn *c); /* a client that was handed one left */

struct kept_list *kept_list_new(void);
void kept_list_free(struct kept_list *l);
