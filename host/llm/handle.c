/* handle.c - answers that outlive a connection, and a host: a service that hands an answer back by a handle is asked for it, and not the question
 * anew.
 *
 *   intent (call_name) -> attempt_send -> call_handle_told (durable) -> the connection breaks -> call_resumes -> attempt_send asks by the handle
 *     -> ... -> the answer, as any other | it is not there any more: call_handle_is_gone, and the question is asked again
 *   the host dies, the run is parked -> the row stays open -> the next life's intent takes it up (answer.c) -> attempt_send asks by the handle
 *
 * An answer is always fetched from its beginning: what had come of it was nowhere durable, and costs nothing to hear twice. Loop thread only. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/failpoint.h"
#include "base/mem.h"
#include "llm/internal.h"

enum { POLL_S = 60, UNREACHABLE_MS = 60000 };
static const double wait_here_s = 5; /* for longer the run is parked: then it takes no memory */

void call_name(struct call_state *s) {
  uint32_t r[4];
  arc4random_buf(r, sizeof r);
  snprintf(s->handle, sizeof s->handle, "quire-%08x%08x%08x%08x", r[0], r[1], r[2], r[3]);
}

/* ---- what the service calls it */

struct handle_op {
  struct op_call_handle op;
  struct post post;
  struct loop *loop;
  struct call_state *call;
};

/* What came meanwhile is heard now. */
static void go_on(struct call_state *s) {
  struct held_end end = s->held_end;
  struct buf held = s->held;
  buf_init(&s->held, MAX_ANSWER_BYTES);
  call_handle_forget(s);
  uint64_t attempt = s->sent_ns;
  if (held.len) attempt_bytes(s, held.data, held.len);
  if (end.ended && s->c && s->stage == AT_STREAM && s->sent_ns == attempt) attempt_end(s, end.end, end.why);
  buf_release(&held);
}

static void handle_landed(struct post *post) {
  struct handle_op *op = list_owner(post, struct handle_op, post);
  struct call_state *s = op->call;
  if (op->op.op.err == OK) (void)failpoint("handle_saved");
  if (s->c && s->saving == op)
    go_on(s); /* also when it could not be saved: then a crash asks the question again, as elsewhere */
  op->op.op.kind->free(&op->op.op);
  state_drop(s);
}

bool call_holds(struct call_state *s, const char *bytes, size_t n, enum http_end end, const char *why) {
  if (!s->saving) return false;
  bool broken = bytes && buf_append(&s->held, bytes, n) != OK;
  if (s->held_end.ended || (bytes && !broken)) return true;
  s->held_end = (struct held_end){.ended = true, .end = broken ? HTTP_BROKEN : end};
  snprintf(s->held_end.why, sizeof s->held_end.why, "%s", broken ? "more came than can be held" : why);
  return true;
}

void call_handle_forget(struct call_state *s) {
  s->saving = NULL;
  s->held_end.ended = false;
  buf_release(&s->held);
}

static void handle_done(struct store_op *base) {
  struct handle_op *op = (struct handle_op *)base;
  loop_post(op->loop, &op->post);
}

/* A name that can stand in an address, and that holds no key. */
static bool is_name(const struct call_state *s, const char *handle) {
  char copy[HANDLE_ROOM];
  snprintf(copy, sizeof copy, "%s", handle);
  llm_scrub(s->llm, copy, strlen(copy));
  for (const char *c = handle; *c; c++)
    if (*c <= ' ' || *c > '~') return false;
  return *handle && strcmp(copy, handle) == 0;
}

void call_handle_told(struct call_state *s, const char *handle) {
  s->kept_there = true;
  if (strcmp(handle, s->handle) == 0 || !is_name(s, handle)) return;
  snprintf(s->handle, sizeof s->handle, "%s", handle);
  struct handle_op *op = mem_alloc(sizeof *op);
  *op = (struct handle_op){.op = {.op = {.kind = &op_call_handle_kind, .done = handle_done},
                                  .id = s->row,
                                  .handle = mem_dup(handle)},
                           .post = {.fn = handle_landed},
                           .loop = s->llm->loop,
                           .call = s};
  state_hold(s);
  s->saving = op;
  store_post(s->llm->store, &op->op.op);
}

/* ---- asking by it */

enum err call_again(const struct call_state *s, enum adapter_again what, struct adapter_request *out,
                    struct error *e) {
  struct adapter_call call = {.base_url = s->provider->config->base_url,
                              .model = s->model_name,
                              .temperature = NAN,
                              .whole = s->provider->config->whole,
                              .tier = s->tier == TIER_STANDARD ? NULL : llm_tier_word(s->tier),
                              .facts = facts_of(s->llm->facts, s->full_name),
                              .options = s->provider->config->options};
  return adapter_again(s->adapter, what, &call, s->handle, out, e);
}

static void no_head(void *arg, struct transfer *t, long status) {
  (void)arg, (void)t, (void)status;
}
static void no_bytes(void *arg, const char *bytes, size_t n) {
  (void)arg, (void)bytes, (void)n;
}
static void no_end(void *arg, enum http_end end, const char *why) {
  (void)arg, (void)end, (void)why;
}

/* Whether it worked changes nothing here: the call is booked by what may have been made of it. */
void call_cancel_there(struct call_state *s) {
  static const struct http_handler nobody = {no_head, no_bytes, no_end};
  struct adapter_request request;
  struct error ignored = {0};
  if (call_again(s, AGAIN_CANCEL, &request, &ignored) != OK || !request.url) return;
  send_request(s, &request, &nobody, NULL, &ignored);
  adapter_request_release(&request);
}

void call_handle_is_gone(struct call_state *s, const char *why) {
  s->failed = true;
  s->failure = (struct failure){.kind = FAIL_NETWORK, .retry_after = -1};
  snprintf(s->failure.message, sizeof s->failure.message,
           "the answer that was begun before cannot be fetched: %.400s", why);
  s->handle[0] = 0;
  s->resuming = s->kept_there = false;
}

/* ---- after a failure */

static void resume(struct call_state *s) {
  s->resuming = true;
  attempt_send(s);
}

static void resume_in(struct call_state *s, double wait_s) {
  buf_release(&s->text);
  buf_release(&s->reasoning);
  s->stage = AT_RESUME;
  s->next = resume;
  timer_set(s->llm->loop, &s->timer, clock_mono_ns() + (uint64_t)(wait_s * 1e9));
  call_note_wait(s, s->failure.message, wait_s);
}

/* The run waits; the row stays open. Each poll is a call of its own, so that key_renews alone would have another key printed for ever: one that
 * was printed for this very poll is refused for good. */
static void resume_later(struct call_state *s, int64_t until_ms) {
  call_unsettle(s);
  lane_leave(&s->ticket, LANE_FAILED);
  const struct provider *p = s->provider;
  bool fresh = s->key_serial == p->key_serial && clock_wall_ms() - p->key_made_ms < UNREACHABLE_MS;
  if (s->failure.kind == FAIL_AUTH && (fresh || !key_renews(s)))
    call_key_refused(s);
  else
    call_remember_pause(s, until_ms);
  call_end_with_pause(s, NULL);
}

/* What the service says of an answer that it does not have, or of this one for good, is not among them. */
static bool can_pass(const struct call_state *s) {
  switch (s->failure.kind) {
  case FAIL_NETWORK:
  case FAIL_TRUNCATED:
  case FAIL_PENDING: return true;
  case FAIL_SERVER:
    return !s->resuming || s->status == 0 || s->status >= 300; /* it would say the same again */
  case FAIL_OVERLOADED:
  case FAIL_RATE:
  case FAIL_QUOTA:
  case FAIL_AUTH: return s->resuming;
  case FAIL_INVALID:
    return s->resuming && s->status >= 300 && s->status < 400; /* something between us and the service */
  default: return false;
  }
}

bool call_resumes(struct call_state *s) {
  if (!s->handle[0] || !s->possibly_billed) return false;
  if (!can_pass(s)) {
    char why[sizeof s->failure.message];
    snprintf(why, sizeof why, "%s", s->failure.message);
    if (s->resuming) call_handle_is_gone(s, why);
    return false;
  }
  bool pending = s->failure.kind == FAIL_PENDING;
  s->resumes = pending ? 0 : s->resumes + 1;
  double poll = s->provider->config->poll_s > 0 ? s->provider->config->poll_s : POLL_S;
  double wait = s->failure.retry_after > 0 ? s->failure.retry_after : pending ? poll : call_backoff_s(s);
  if (s->failure.kind == FAIL_AUTH || s->resumes > call_retries(s) + 1)
    resume_later(s, clock_wall_ms() + UNREACHABLE_MS);
  else if (wait > wait_here_s)
    resume_later(s, clock_wall_ms() + (int64_t)(wait * 1000));
  else
    resume_in(s, wait);
  return true;
}
