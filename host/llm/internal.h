/* internal.h - what llm.c, keys.c, call.c, reserve.c, retry.c, attempt.c, answer.c and embedded.c share. Loop thread only.
 *
 * One call: call.c decides (model, the end), with reserve.c (money, limits) and retry.c (failures); attempt.c does one request and reads
 * its stream, send.c puts it on its way, answer.c writes down what came of it, handle.c asks for an answer once more where it was begun,
 * embedded.c stands in for the network under "rehearsal:". */
#pragma once
#include "base/list.h"
#include "base/map.h"
#include "llm/adapter.h"
#include "llm/http.h"
#include "llm/facts.h"
#include "llm/limits.h"
#include "llm/llm.h"
#include "llm/thinking.h"
#include "llm/tokens.h"

struct provider {
  const struct llm_provider *config;
  char *key;
  bool key_refused; /* look for another one before the next call */
  bool checked;     /* adapter and address are fine */

  /* of a key_command */
  char *key_before;       /* may still be under way */
  int64_t key_made_ms;    /* when the command printed it */
  int64_t key_until_ms;   /* then another one is wanted; 0: when it is refused */
  size_t key_serial;      /* how many there were */
  char key_trouble[300];  /* why there is none, or "" */
  struct key_job *asking; /* it runs now; or NULL */
  struct list waiting;    /* struct call_state.key_wait */
};

struct llm {
  struct loop *loop;
  struct store *store;
  const struct llm_settings *settings;
  struct provider *providers; /* as in settings */
  struct map *adapters;       /* name -> struct adapter */
  struct http *http;
  struct limits *limits;
  struct facts *facts;
  char **secrets; /* the keys that somebody may repeat; for scrubbing */
  size_t n_secrets;
  struct pool *key_thread; /* for key commands; NULL: none was needed yet */
  int key_stop;            /* an eventfd: they are to end now */
  struct list calls, waiting_for_money;
  int in_flight;
  bool draining; /* nothing new is sent */
  struct month_op *month_op;
  struct timer month_timer;
  int64_t month_read, month_since, month_reserved;
};

/* AT_RESUME: the connection is lost, the answer is not. */
enum call_stage {
  AT_START,
  AT_KEY,
  AT_MONEY,
  AT_LANE,
  AT_INTENT,
  AT_STREAM,
  AT_RESUME,
  AT_FINISH,
  AT_BACKOFF
};

/* One llm_call. It outlives the caller's struct while ops or posts that name it are under way (refs). */
struct call_state {
  struct llm *llm;    /* NULL after llm_free */
  struct llm_call *c; /* NULL once it is cancelled or done */
  int refs;
  enum call_stage stage;
  struct list node, money, key_wait;
  struct post kick;
  void (*next)(struct call_state *s); /* what a kick or the timer goes on with */
  struct timer timer;

  /* the model in use */
  const char *const *models;
  size_t n_models, model;
  bool only_here; /* what another model has under way of this question does not count */
  struct provider *provider;
  const char *model_name, *full_name; /* "gpt-x", "openai/gpt-x" */
  struct adapter *adapter;
  const struct llm_price *price;      /* NULL: not known */
  const struct llm_role_tiers *tiers; /* of its role, or NULL */
  size_t tier_at;                     /* in that list */
  enum llm_tier tier, served; /* what is asked for; what the request at hand is (the adapter's word) */
  const char *effort;         /* how much it is to think; NULL: nothing is said */
  struct lane *lane;
  struct lane_ticket ticket;
  int tries, relearns;
  int64_t attempts, most_output, reserved, reserved_tokens;
  struct tokens prompt; /* about what is sent, the form of the answer too */
  bool counted, no_schema, slipped;
  struct error *unreachable, *key_missing; /* why models of the role did not answer that may yet; or NULL */
  int64_t pause_until_ms;
  bool key_asked; /* the command was run for it just now */
  size_t key_serial,
      key_renewed; /* the key that the attempt has; the number of the model (from 1) for which another one was made */

  /* the attempt under way */
  int64_t row;
  bool resumable, resuming; /* its service hands answers back; it is asked for one that was begun before */
  bool kept_there;          /* the service has begun to answer, and so can be asked again */
  int resumes;              /* how often in a row it was asked again without an answer */
  char handle[HANDLE_ROOM]; /* by which; "" none */
  struct handle_op *saving; /* the handle is on its way to the disk: what comes meanwhile is held */
  struct buf held;
  struct held_end {
    bool ended;
    enum http_end end;
    char why[200];
  } held_end;
  uint64_t sent_ns, first_ns;
  size_t n_request; /* bytes of its body */
  struct transfer *transfer;
  struct embedded *embedded;
  struct adapter_stream stream;
  struct framing *framing; /* while an answer streams in */
  enum framing_kind framing_kind;
  long status;
  char request_id[96];
  char *headers; /* of a refusal */
  struct buf text, reasoning, body;
  struct thinking thinking;
  size_t n_live, n_clean; /* of the text: what is shown while it streams; what is whole letters */
  int pieces;
  bool feeding;         /* bytes are on their way through the framing: it must stay */
  bool over;            /* the adapter says that nothing more comes */
  bool failed;          /* `failure` says how */
  bool possibly_billed; /* the request may have reached the provider, and nothing says that it was refused */
  struct failure failure;
};

/* keys.c */
/* Where the settings say; *key NULL: there is none. The caller wipes it. Any thread but the loop's: a command may take its time. */
enum err llm_read_key(const struct llm_provider *c, char **key, struct error *e);
void key_wipe(char *key); /* and frees it */
bool key_wanted(const struct llm_provider *c);
enum err key_missing(const struct llm_provider *c, const char *why,
                     struct error *e); /* ERR_AUTH, with what to do */
void keys_open(struct llm *llm);
void keys_close(struct llm *llm);
/* ERR_AUTH: there is no key that may do; ERR_UNAVAILABLE: the command that printed one before fails now. It is not run here: see key_await. */
enum err key_need(struct llm *llm, struct provider *p, struct error *e);
/* True: a command prints the provider's key now, and the call goes on with call_use_model once it has ended, well or not. */
bool key_await(struct call_state *s, struct provider *p);
/* After a refusal: is another key to be had than the one that the attempt was made with? Once for each model of a call. */
bool key_renews(struct call_state *s);

/* llm.c */
struct provider *llm_provider(const struct llm *llm, const char *full_name, const char **model);
struct adapter *llm_adapter(struct llm *llm, const char *name, struct error *e);
const struct llm_price *llm_price(const struct llm *llm, const char *full_name); /* NULL: not known */
enum err llm_ready(struct llm *llm, const char *full_name,
                   struct error *e); /* as llm_check_model, for the loop: keeps the adapter and the key */
bool llm_is_embedded(const struct llm_provider *p);
const struct llm_role *llm_role(const struct llm *llm, const char *role);
const struct llm_role_tiers *llm_role_tiers(const struct llm *llm, const char *role); /* or NULL */
void llm_scrub(const struct llm *llm, char *text, size_t n); /* keys become stars, in place */
/* The same for a text that still grows, from byte `from` on. Returns how much of it can be shown: what could be the beginning of a key is held
 * back until more has come. All before the last answer was shown already: that is the next `from`. */
size_t llm_scrub_live(const struct llm *llm, char *text, size_t n, size_t from);
/* The same for words that somebody may have cut: what could be the first part of a key goes from their end. */
void llm_scrub_cut(const struct llm *llm, char *text);

/* call.c */
struct error *
call_error(struct call_state *s); /* where the caller will read why: room for it, empty at first */
void state_hold(struct call_state *s);
void state_drop(struct call_state *s);
void call_kick(struct call_state *s, void (*next)(struct call_state *));
void call_fail(struct call_state *s, enum err err,
               const struct error *e); /* ends the call without a result */
void call_unsent(
    struct call_state *s); /* a kept answer came in its place: no money, no turn at the provider */
void call_attempt_ended(struct call_state *s,
                        const struct adapter_end *end); /* end NULL: s->failure says why */
void call_end(struct call_state *s); /* gives the caller its struct back, with what stands there */
void call_finished(struct call_state *s, enum err err, const struct error *e);

void call_set_tier(struct call_state *s, size_t at); /* of the role's tiers */
bool call_is_rehearsed(const struct call_state *s);  /* by a provider of another name than "rehearsal" */
void call_use_model(struct call_state *s);           /* asks the model s->model of the role */
/* The first key, or provider, of the role's models that is missing or refused: shown when no other model answers either. */
void call_remember_key(struct call_state *s, const struct error *e);
/* Tokens for the answer and the thinking before it, as far as the model gives them; `take` puts them into the call and its ticket. */
int64_t call_room_for(const struct call_state *s);
void call_take_room(struct call_state *s);

/* reserve.c */
/* Money first, then the lane; ends the call with a pause where there is none. */
void call_reserve(struct call_state *s);
void call_granted(struct lane_ticket *t); /* the lane's turn came */
/* Gives the reservation back and books what the attempt took; NULL: nothing. */
struct attempt_result;
void call_settle(struct call_state *s, const struct attempt_result *took);
void call_unsettle(struct call_state *s); /* nothing was sent: it was no call at all */
void call_pause(struct call_state *s, enum err err, enum llm_pause pause);
/* So that the run shows why nothing comes. */
void call_note_wait(struct call_state *s, const char *why, double wait_s);

/* handle.c: answers that a service hands back (calls.h says how they are written down) */
void call_name(struct call_state *s); /* a handle that no other attempt has */
void call_handle_told(struct call_state *s,
                      const char *handle); /* an event came, perhaps with what the service calls it */
/* While the handle is being saved: true when it took what came. `bytes` NULL: the end. */
bool call_holds(struct call_state *s, const char *bytes, size_t n, enum http_end end, const char *why);
void call_handle_forget(struct call_state *s); /* the attempt is over: nothing is held any more */
void call_handle_is_gone(struct call_state *s,
                         const char *why); /* the attempt failed: what is asked next is the question */
enum err call_again(const struct call_state *s, enum adapter_again what, struct adapter_request *out,
                    struct error *e);
void call_cancel_there(struct call_state *s); /* the service is told that nobody waits; its answer is not */
/* The attempt failed, but what was begun may be asked for by its handle: then that is what happens next. */
bool call_resumes(struct call_state *s);

/* send.c: takes the request's body; NULL: its script is wrong, *e says how */
struct transfer *send_request(const struct call_state *s, struct adapter_request *r,
                              const struct http_handler *handler, void *arg, struct error *e);

/* retry.c */
double call_backoff_s(const struct call_state *s);
int call_retries(const struct call_state *s);
/* None of the models can answer now: the run waits. `r` NULL: no row is finished with it. */
void call_end_with_pause(struct call_state *s, struct attempt_result *r);
/* The pause that is over at the earliest of such times. */
void call_remember_pause(struct call_state *s, int64_t until_ms);
void call_key_refused(struct call_state *s);
void call_after_failure(struct call_state *s, struct attempt_result *r);
void call_key_is_late(struct call_state *s, const struct error *e); /* it may be there again in a minute */
/* This model will not answer now. `r` NULL: it could not be asked at all. What continues automatically comes before what a person has to do. */
void call_next_model(struct call_state *s, struct attempt_result *r);

/* attempt.c: the intent is durable; s->row is its row */
void attempt_send(struct call_state *s);
void attempt_clear(struct call_state *s); /* stops the transfer, frees what the attempt holds but its texts */
void attempt_head(struct call_state *s, long status);
void attempt_bytes(struct call_state *s, const char *bytes, size_t n);
void attempt_end(struct call_state *s, enum http_end end, const char *why);

/* answer.c */
void intent_post(struct call_state *s);
struct attempt_result {          /* what is written about an attempt */
  const char *state;             /* answered | failed | truncated | cancelled */
  const struct adapter_end *end; /* or NULL */
  struct call_usage usage;
  bool estimated, price_known;
  int64_t cost_nano;
};
void answer_usage(const struct call_state *s, const struct adapter_end *end, struct attempt_result *r);
enum finish_mode {
  FINISH_ROW,
  FINISH_ANSWER,
  FINISH_ERROR,
  FINISH_PAUSE
}; /* the row only; with the journal entry; row, then a pause */
void answer_post(struct call_state *s, const struct attempt_result *r, enum finish_mode mode);

/* words.c: a page of HTML that a proxy sent in place of an answer becomes the words on it, in place */
void words_without_tags(char *text);

/* embedded.c */
struct embedded *embedded_start(struct call_state *s, char *body, size_t n); /* takes body */
void embedded_cancel(struct embedded *m);
