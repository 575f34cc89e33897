/* llm.h - model calls: what the engine asks of them. Loop thread only, except where noted.
 *
 *   llm_new -> (llm_call_start -> ... on_text* ... -> done)* -> llm_free
 *
 * One call, from the engine's side, is one question that gets one answer or one final error. Inside it is: resolve the
 * role to a model, reserve the worst-case cost, wait for the provider's limits, make the intent durable (a calls row for
 * this attempt), send, stream through the adapter, finish the row - and on the last attempt the journal entry with it, in one
 * transaction. Retries, back-off, Retry-After and the role's next model happen here; the engine never sees them but in `attempts`.
 *
 * Nothing is sent before its intent is durable, and that is posted behind all that the run went on with. An answer is handed back when it is
 * durable (or spooled), or, when the caller can go on with it so long, when it has been posted (`placed`). */
#pragma once
#include <jansson.h>
#include "base/loop.h"
#include "base/pool.h"
#include "llm/facts.h"
#include "store/calls.h"

struct llm_provider {
  char *name;               /* "openai", "openrouter", "local" */
  char *adapter;            /* scripts/providers/ADAPTER.lua */
  char *base_url;           /* "https://api.openai.com/v1"; "rehearsal:" is the embedded model */
  char *key_env, *key_file; /* where the key is; all NULL: none is needed */
  char *key_command;        /* prints it; goes before both */
  double key_command_s;     /* how long that may take, at most an hour; 0: 30 */
  char *hint;               /* what helps who has no key, or NULL */
  int concurrency, requests_per_minute, tokens_per_minute; /* 0: no limit */
  int retries; /* further attempts at one model; 0: the default, 4; -1: none */
  double connect_s, first_byte_s, idle_s, total_s; /* 0: 10, 300, 120, 3600 */
  double poll_s;                                   /* when to look again at what was submitted; 0: 60 */
  json_t *options; /* object or NULL: handed to the adapter ({"max_tokens_field":"max_tokens"}) */
  bool http1;      /* never try HTTP/2 */
  bool whole;      /* it cannot stream: each answer comes at once */
  bool
      never_stops; /* it writes an answer to its end although nobody listens any more (some gateways): then that is what it takes */
  bool
      resumable; /* it is to keep answers, so that they can be fetched after a crash (its script knows how: adapter.h) */
};
struct
    llm_price { /* per million tokens, in nano-dollars (1 USD = 1e9); from scripts/models.lua or quire.lua */
  char *model;  /* "provider/model" */
  int64_t input, cached_read, cache_write, output;
  int64_t context, max_output; /* tokens, as the lists say; 0: not known. What counts is in facts.h */
  int flex, batch;             /* percent of that, in those tiers; 0: not known, so all of it */
  bool unpriced;               /* only its sizes are known */
};
/* How a call is served, cheaper and later than usual: "flex" when there is room, "batch" within a day. */
enum llm_tier { TIER_STANDARD, TIER_FLEX, TIER_BATCH, TIERS };
const char *llm_tier_word(enum llm_tier tier);
enum llm_tier llm_tier_of(const char *word); /* TIERS: not a tier */
struct llm_role_tiers {                      /* of a role, first choice first; "default" is all others */
  char *role;
  enum llm_tier list[TIERS];
  size_t n;
};
struct llm_role {
  char *name;
  char **models;
  size_t n_models;
}; /* "provider/model", first choice first; name "default" serves all others */

struct llm_settings {
  struct llm_provider *providers;
  size_t n_providers;
  struct llm_role *roles;
  size_t n_roles;
  struct llm_price *prices;
  size_t n_prices;
  struct llm_role_tiers *tiers;
  size_t n_tiers;
  struct facts_known facts;               /* what is known of models beside their prices */
  double backoff_first_s, backoff_most_s; /* full jitter between 0 and min(most, first * 2^attempt) */
  double pause_over_s; /* a Retry-After longer than this pauses the run instead of waiting (default 300) */
  int64_t month_limit_nano; /* the library's budget in the last 30 days; 0: none */
  /* Source text of an adapter, by name ("openai"); NULL when there is none. Owned by the callee, valid while llm lives. */
  const char *(*adapter_source)(void *arg, const char *name, size_t *n);
  void *adapter_arg;
  bool rehearses; /* the embedded model answers under all names, in a library that is thrown away */
  struct stand_in *stand_in; /* answers for the embedded model (stand_in.h); NULL: it answers itself */
};

struct llm;
struct llm *llm_new(struct loop *loop, struct store *store, const struct llm_settings *settings,
                    struct error *e); /* settings are borrowed for life */
/* Cancels what is in flight, silently. Before store_close; ops still in flight come back to the loop (loop_drain) and free themselves. */
void llm_free(struct llm *llm);

enum llm_at_limit { /* what a person wants of a run that comes to its limit */
                    AT_LIMIT_PAUSE,
                    AT_LIMIT_CHEAPER, /* what does not fit goes to the role's next model before the run pauses */
                    AT_LIMIT_SKIP,    /* what the work can do without is left out in time (run.optional) */
                    AT_LIMIT_COUNT
};
extern const char *const llm_at_limit_words[]; /* ends with NULL */
/* False: it is none of them. */
bool llm_at_limit_of(const char *word, enum llm_at_limit *out);

/* Money, tokens and calls of one run, shared by its calls in flight. The engine fills limits and what was spent before; from then on llm keeps
 * all up to date: worst cases in `reserved` while calls are under way, then what they took in `spent` and `calls` (attempts sent).
 * limit_nano < 0, limit_tokens <= 0 and limit_calls <= 0: no limit. A call that only does not fit because of what is reserved waits for that.
 * Tokens (in and out) are what limits a model whose price nobody knows. */
struct llm_budget {
  int64_t limit_nano, spent_nano, reserved_nano;
  int64_t limit_tokens, spent_tokens, reserved_tokens;
  int64_t limit_calls, calls;
  int64_t worst_nano, worst_tokens; /* the largest reservation of one call so far */
  enum llm_at_limit at_limit;       /* the caller's */
  bool closed;                      /* the caller's: nothing new is sent, whatever fits */
};

/* What is paused and why, when a call ends without an answer that a script could see. */
enum llm_pause {
  LLM_NO_PAUSE,
  LLM_PAUSE_BUDGET,
  LLM_PAUSE_PROVIDER,
  LLM_PAUSE_KEY,
  LLM_PAUSE_MODEL /* the settings know none */
};

struct llm_call {
  /* in: the caller's memory, valid until `done` (or until llm_call_cancel returned) */
  int64_t run, epoch;
  struct journal_key key; /* of the journal entry to be */
  int64_t supersedes;
  bool anew;    /* a person wants a new answer, also where one was kept */
  int64_t *seq; /* the run's counter: ++*seq gives the entry its place when the answer is posted */
  const char *role;
  const char *const *models; /* the run's own choice for this role, "provider/model"; NULL: settings */
  size_t n_models;
  size_t first_model; /* start with this one of the list (ask_json's "next model") */
  const struct call_block *blocks;
  size_t n_blocks;
  int64_t max_words;
  double temperature;    /* NAN: not sent */
  const char *reasoning; /* NULL, "low", "medium", "high", or "little": the least that the model takes */
  const json_t *schema, *extra; /* or NULL */
  const char *ask_key;          /* the script's key=, or NULL */
  const char *reads;            /* JSON list or NULL */
  struct llm_budget *budget;
  void (*on_text)(struct llm_call *c, const char *text, size_t n); /* live text; may be NULL */
  void (*on_alive)(struct llm_call *c);                            /* bytes came: progress */
  void (*on_wait)(struct llm_call *c, const char *why,
                  int64_t until_ms); /* a provider makes it wait so long; may be NULL */
  /* The journal entry of its answer (n bytes) has its place and is about to be posted. True: the caller goes on with it before it is durable
   * (`may_early` says whether it can): `done` comes at once, and `landed` when it is durable or lost. NULL: never. */
  bool (*placed)(struct llm_call *c, bool may_early, size_t n);
  void (*landed)(void *landed_arg, size_t n, enum err err, const struct error *e);
  void *landed_arg;                 /* stays until then, also when the call is gone */
  struct store_line *line;          /* of what the caller posts, or NULL */
  void (*done)(struct llm_call *c); /* loop thread, once; may free the call */
  void *owner;

  /* out */
  enum err err;         /* OK, or why there is no answer. ERR_FENCED: the run moved on */
  struct error *error;  /* malloc'ed, the caller's; NULL when there is nothing to say */
  enum llm_pause pause; /* not LLM_NO_PAUSE: nothing was journaled; the run should park and ask again later */
  int64_t pause_until_ms;
  bool retryable;
  /* The journaled result, canonical JSON: the answer {"text","reasoning","stop","native_stop","usage":{..},"cost_nano" (absent: unknown),
   * "model","request_id","ttft_ms","total_ms","attempts"} or {"error":{"kind":"provider","reason","message","retryable","provider_text",
   * "request_id"}} (then err is ERR_PROVIDER). malloc'ed, the caller's. NULL with neither pause nor ERR_FENCED: configuration, script or store
   * failed, nothing is journaled and the run cannot go on. `done` is never called from inside llm_call_start. */
  char *result;
  size_t n_result;
  int64_t at_ms, entry_seq;

  /* llm's own */
  struct call_state *state;
};
void llm_call_start(struct llm *llm, struct llm_call *c);
/* Stops the transfer; `done` is not called any more. The attempt's row becomes `cancelled` with what text had come (nothing waits for that). */
void llm_call_cancel(struct llm *llm, struct llm_call *c);
/* The run goes on later, here or elsewhere: an answer that its service hands back stays open and goes on there, to be fetched when the question is
 * asked again. Any other is cancelled. */
void llm_call_leave(struct llm *llm, struct llm_call *c);

/* Does it wait for something that ends by itself: the provider (first byte, next byte, all of it), its turn at the provider, a pause before
 * another attempt, other calls' money? Then its run is alive although nothing comes. False while it waits for the store. */
bool llm_call_waits(const struct llm_call *c);

/* Is a request of it under way, or about to be, so that stopping it would lose something? Not while it waits for a pause to end, its turn, or money,
 * nor where the answer can be fetched later. */
bool llm_call_in_flight(const struct llm_call *c);
/* From here on nothing new is sent: the host is about to stop. What is in flight ends. */
void llm_drain(struct llm *llm);

/* The answer that streams in: its attempt's row and number, and the text so far (valid until the loop goes on). False: none does now. */
struct llm_live {
  int64_t row, attempt;
  const char *text;
  size_t n;
};
bool llm_call_live(const struct llm_call *c, struct llm_live *out);

/* Does the role stand for other models now than the one that answered ("provider/model")? Each of its models counts, not only the
 * first; a role without any has nothing else to offer. `models`: a run's own choice, or none. For --with models. */
bool llm_role_moved(const struct llm *llm, const char *role, const char *const *models, size_t n_models,
                    const char *answered);
/* Does the name stand for something that can be called: known provider, adapter there, key there if needed? For early, clear errors. Any
 * thread. */
enum err llm_check_model(const struct llm *llm, const char *provider_model, struct error *e);
/* Is it known what a call of it costs? Any thread. */
bool llm_is_priced(const struct llm_settings *s, const char *provider_model);
/* A key was written: the provider's next call reads it anew. */
void llm_new_key(struct llm *llm, const char *provider);
/* What a probe found (probe.h) is learnt. */
void llm_learn(struct llm *llm, const json_t *found);
/* Has the role a model that is not the embedded rehearsal? `models`: a list of one's own, or none: that of the settings. */
bool llm_role_is_real(const struct llm *llm, const char *role, const char *const *models, size_t n_models);
int llm_in_flight(const struct llm *llm);
/* The store booked so much by itself: calls whose host died. It counts for the month. */
void llm_note_booked(struct llm *llm, int64_t cost_nano);
/* The answer of a late call (journal_row with id 0) as the same JSON: made from its calls row. In store/journal.c's journal_result. */
