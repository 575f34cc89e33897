/* embedded.c - the rehearsal model in place of a network: the same bytes through the same framing and adapter, one piece a loop pass.
 *
 *   embedded_start -> (step: posted, hands over one piece, posts itself again)* -> attempt_end
 *
 * A post cannot be taken back, so after embedded_cancel the next step only frees. */
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "llm/internal.h"
#include "rehearsal/rehearsal_reply.h"

struct embedded {
  struct post post;
  struct loop *loop;
  struct call_state *call; /* NULL: cancelled */
  char *body;
  size_t n_body;
  json_t *request;
  char key[SHA_HEX];
  struct rehearsal_reply reply; /* once `replied` */
  bool replied;
  struct timer delay; /* a manner of it: the next step comes later */
};

static void embedded_free(struct embedded *m) {
  free(m->body);
  json_decref(m->request);
  if (m->replied) rehearsal_reply_release(&m->reply);
  free(m);
}

static enum err begin(struct embedded *m, struct error *e) {
  enum err err = jsonx_parse(m->body, m->n_body, "the request", &m->request, e);
  if (err == OK) err = rehearsal_key(m->request, m->key, e);
  if (err != OK) return err;
  struct rehearsal_asked asked = {
      .key = m->key, .attempt = (int)m->call->attempts, .serial = (uint64_t)m->call->row};
  if ((err = rehearsal_reply(m->request, &asked, &m->reply, e)) != OK) return err;
  m->replied = true;
  free(m->body);
  m->body = NULL;
  return OK;
}

/* Takes v. */
static void refuse(struct embedded *m, json_t *v) {
  char *text = v ? jsonx_dumps(v) : NULL;
  attempt_head(m->call, 400);
  if (m->call && text) attempt_bytes(m->call, text, strlen(text));
  free(text);
  json_decref(v);
}

static void end(struct embedded *m) {
  struct call_state *s = m->call;
  if (s) {
    s->embedded = NULL;
    attempt_end(s, HTTP_COMPLETE, "");
  }
  embedded_free(m);
}

static void delay_over(struct timer *t) {
  struct embedded *m = t->arg;
  loop_post(m->loop, &m->post);
}

/* What the model cannot answer is a bad request, as it would be over HTTP. False: that was all. */
static bool start(struct embedded *m) {
  struct error e = {0};
  if (begin(m, &e) != OK) {
    refuse(m, json_pack("{s:{s:s,s:s}}", "error", "message", e.message, "type", "invalid_request_error"));
    return false;
  }
  if (m->reply.status != 200) {
    refuse(m, rehearsal_reply_error(&m->reply));
    return false;
  }
  attempt_head(m->call, 200);
  return true;
}

static void step(struct post *post) {
  struct embedded *m = list_owner(post, struct embedded, post);
  if (!m->call) {
    embedded_free(m);
    return;
  }
  if (!m->replied) {
    if (!start(m)) {
      end(m);
      return;
    }
    if (m->call && m->reply.delay_ms) {
      timer_set(m->loop, &m->delay, clock_mono_ns() + (uint64_t)m->reply.delay_ms * 1000000);
      return;
    }
  }
  struct buf piece;
  buf_init(&piece, MAX_ANSWER_BYTES);
  bool more = m->call && rehearsal_stream_next(&m->reply.stream, &piece);
  if (more) attempt_bytes(m->call, piece.data, piece.len);
  buf_release(&piece);
  if (!m->call || more)
    loop_post(m->loop, &m->post);
  else
    end(m);
}

struct embedded *embedded_start(struct call_state *s, char *body, size_t n) {
  struct embedded *m = mem_alloc(sizeof *m);
  *m = (struct embedded){.post = {.fn = step}, .loop = s->llm->loop, .call = s, .body = body, .n_body = n};
  m->delay = (struct timer){.fn = delay_over, .arg = m};
  loop_post(m->loop, &m->post);
  return m;
}

void embedded_cancel(struct embedded *m) {
  m->call = NULL;
  if (!m->delay.heap) return;
  timer_clear(m->loop, &m->delay);
  loop_post(m->loop, &m->post);
}
