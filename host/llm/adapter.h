/* adapter.h - one provider's dialect, a Lua file in scripts/providers/. Loop thread only.
 *
 *   adapter_new -> (adapter_request, adapter_open -> adapter_event* -> adapter_finish -> adapter_close | adapter_failure)* -> adapter_free
 *
 * All calls of an adapter share one capped machine. When a script had to be killed the machine is made anew, and streams that were
 * open in the old one fail (ERR_UNAVAILABLE: trying again can help).
 *
 * The file returns a table of functions:
 *   request(call) -> {url=, headers={name=value}, body=table, framing="sse"|"ndjson"|"whole",
 *       dialect={keep={keyword,...}, say=bool, closed=bool} or nil: which part of JSON schema the service takes (lua/schema_dialect.h)}
 *       tier="flex"|"batch" or nil: in which it is served, if that is another than the usual one: it is booked at that price
 *       call: base_url, model, role, key, blocks={{text=, stable=}}, prefix_bytes, max_tokens, temperature, reasoning, tier ("flex" or "batch" when it is wanted), schema, schema_text,
 *       without_schema, stream, facts, extra, options.
 *       `schema` is a token: where it stands in the body the host puts the schema's text, its properties in the script's order. `schema_text` is
 *       that text itself, for a prompt; without_schema: the server refused the other way for this call. stream: false where the service
 *       cannot. `facts`: what is known of the model (llm/facts.h), with what
 *       `learn` said before.
 *       "{{key}}" in a header is the provider's key; such headers are dropped when there is none, or for another origin.
 *   open(handle) -> s                    a stream's state; handle: of the answer that `resume` asked for, or nil
 *   event(s, name, data) -> text, reasoning, failure, over, handle    each may be nil; over: the answer is complete, and nothing more is
 *       expected but within so many seconds (0: nothing); handle: see below
 *   finish(s) -> nil when the answer is not complete, or {stop=, native_stop=, usage={input, cached_read, cache_write, output, reasoning},
 *       cost=USD, model=, request_id=}
 *   failure(status, headers, body) -> {kind=, message=, retry_after=seconds, learn={name=value}}; kinds: enum failure_kind. `learn` is kept for the
 *       model (llm/learnt.h) and is in each later call's `facts`
 * and, if the service hands an answer back that it was asked for before (after a crash, a lost connection),
 *   resume(call, handle) -> a request as `request` returns it, without a body for a GET: it brings the whole answer, from its beginning, as
 *       events to a new `open`; or nil: there is no such answer there
 *   cancel(call, handle) -> a request that ends the work on it, or nil; `method` says which other than GET or POST
 *       call: base_url, model, options, stream. Of a provider with `resumable = true` in quire.lua, and for a batch, `request` finds call.name,
 *       unlike any other call's: the handle as long as `event` tells no better one. Kept from before anything is sent. An answer that is not there
 *       yet is the failure "pending", with the seconds after which to ask again: for more than a few the run waits without a place in memory
 *   batches = true    `request` submits a batch where the tier is "batch"
 * and, if the service can be asked which models it has,
 *   probe(provider, answers) -> requests | nil, models      provider: base_url, options; answers: {{status=, body=}, ...}, those of all
 *       requests so far, in their order. Either what else to ask ({{url=, headers=, body=table or nil: GET, optional=bool, with_key=bool: only where there is a key}, ...}) or the
 *       models: {{name=, context=, ...}, ...}, each with facts as `learn` has them
 * There are string, table, math, utf8, ordered pairs, require("openai") for another adapter, and json.decode(text) -> value | nil, why;
 * json.reader{paths} for events that come by the ten thousand (lua/json_reader.h); json.null; json.array(t). */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include "llm/framing.h"
#include "llm/llm.h"
#include "store/calls.h"

typedef const char *adapter_source_fn(void *arg, const char *name, size_t *n);

enum { HANDLE_ROOM = 256 };

struct adapter;
struct adapter *adapter_new(const char *name, adapter_source_fn *source, void *arg, struct error *e);
void adapter_free(struct adapter *a);

struct adapter_call {
  const char *base_url, *model, *role, *key, *reasoning; /* key: the script's; may be NULL, as reasoning */
  const struct call_block *blocks;
  size_t n_blocks;
  int64_t max_tokens;
  double temperature;                             /* NAN: none */
  const json_t *schema, *extra, *options, *facts; /* or NULL */
  bool without_schema, whole;
  const char *name; /* by which the service is to hand the answer back, or NULL */
  const char *tier; /* in which it is to be served, or NULL */
};
struct adapter_request {
  char *url, *body, *method; /* body NULL: a GET, unless the method says another */
  char **headers;            /* "Name: value", with "{{key}}" in it */
  size_t n_body, n_headers;
  enum framing_kind framing;
  enum llm_tier tier;
};
enum err adapter_request(struct adapter *a, const struct adapter_call *call, struct adapter_request *out,
                         struct error *e);
void adapter_request_release(struct adapter_request *r);

/* Does it know how to ask for an answer again? */
bool adapter_resumes(const struct adapter *a);
bool adapter_batches(const struct adapter *a); /* and to submit a batch? */
/* To the answer with this handle: asks for it, or ends the work on it. out->url NULL: the script says that it cannot. */
enum adapter_again { AGAIN_RESUME, AGAIN_CANCEL };
enum err adapter_again(struct adapter *a, enum adapter_again what, const struct adapter_call *call,
                       const char *handle, struct adapter_request *out, struct error *e);

/* What went wrong at a provider, and so what can be done. */
enum failure_kind {
  FAIL_SERVER,     /* "server": 5xx, 408, 409: try again */
  FAIL_OVERLOADED, /* "overloaded": try again */
  FAIL_RATE,       /* "rate": try again later, and send less */
  FAIL_QUOTA,      /* "quota": a spend cap or a day's quota: pause */
  FAIL_AUTH,       /* "auth": the key is refused: pause */
  FAIL_INVALID,    /* "invalid": this request will never do: next model */
  FAIL_TOO_LARGE, /* "too_large": the request has too many bytes for the server or a proxy before it: next model */
  FAIL_CONTEXT, /* "context": the prompt is too long: next model */
  FAIL_SCHEMA,  /* "schema": structured output is not known there: once without */
  FAIL_SLIP, /* "slip": the model's answer broke its own server's form: once more, then without the schema */
  FAIL_PARAMETER, /* "parameter": one of the request's values is refused; `learn` says what to send instead: at once again */
  FAIL_PENDING, /* "pending": the answer is not there yet: ask for it by its handle in retry_after seconds */
  FAIL_REFUSAL, /* "refusal": the model will not: next model */
  FAIL_NETWORK, /* no connection, or it broke: try again (never from an adapter) */
  FAIL_TRUNCATED, /* the answer ended in the middle: try again (never from an adapter) */
  FAIL_ROOM,      /* all of the room went into thinking: again with more (never from an adapter) */
  FAIL_EMPTY,     /* an answer without text: try again (never from an adapter) */
  FAIL_COUNT
};
const char *failure_name(enum failure_kind kind);
struct failure {
  enum failure_kind kind;
  double retry_after; /* seconds; < 0: not said */
  char message[600];  /* the provider's own words */
  char learn[200];    /* what to remember of the model: a JSON object, or "" */
};
/* Never fails: without a usable word of the adapter, the status says whether another attempt can help. `headers`: "name: value\n" lines. */
void adapter_failure(struct adapter *a, long status, const char *headers, const char *body, size_t n,
                     struct failure *out);

/* One turn of a probe: `in` is {"provider":{},"answers":[]}, to `out` goes {"requests":[]} or {"models":[]}. */
enum err adapter_probe(struct adapter *a, const char *in, size_t n, struct buf *out, struct error *e);

struct adapter_stream {
  const char *handle; /* in: for the script's `open`, or NULL */
  int ref;
  unsigned generation;
};
enum err adapter_open(struct adapter *a, struct adapter_stream *s, struct error *e);
void adapter_close(struct adapter *a, struct adapter_stream *s);

struct adapter_piece { /* valid until the next call on the adapter */
  const char *text, *reasoning;
  size_t n_text, n_reasoning;
  bool failed;
  double over;              /* seconds; < 0: the stream goes on */
  char handle[HANDLE_ROOM]; /* "" none */
  struct failure failure;
};
enum err adapter_event(struct adapter *a, struct adapter_stream *s, const char *name, const char *data,
                       size_t n, struct adapter_piece *out, struct error *e);

struct adapter_end {
  bool complete, has_usage;
  char stop[16], native_stop[64], model[128], request_id[128];
  struct call_usage usage;
  double cost_usd; /* what the provider says it took; < 0: not said */
};
enum err adapter_finish(struct adapter *a, struct adapter_stream *s, struct adapter_end *out,
                        struct error *e);
