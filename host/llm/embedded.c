/* embedded.c - the rehearsal model in place of a network: the same bytes through the same framing and adapter, one piece a loop pass.
 *
 *   embedded_start -> (step: posted, hands over one piece, posts itself again)* -> attempt_end
 *
 * With a stand-in (stand_in.h) the first step hands the question over, and the next one comes with its answer.
 * A post cannot be taken back, so after embedded_cancel the next step only frees. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "llm/internal.h"
#include "llm/stand_in.h"
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
  struct stand_in_question question;
  bool asked; /* the question went to the stand-in; it is back when the next step comes */
};

static void embedded_free(struct embedded *m) {
  free(m->question.asked);
  free(m->question.text);
  free(m->question.refusal);
  free(m->body);
  json_decref(m->request);
  if (m->replied) rehearsal_reply_release(&m->reply);
  free(m);
}

/* ---- the stand-in */

/* What the script asked, with what the wire does not tell. */
static char *asked_text(const struct llm_call *c, const char *model) {
  json_t *blocks = json_array();
  for (size_t i = 0; i < c->n_blocks; i++)
    json_array_append_new(blocks, json_pack("{s:s%, s:b}", "text", c->blocks[i].text, c->blocks[i].n,
                                            "stable", c->blocks[i].stable));
  json_t *v = json_pack("{s:s, s:s, s:o, s:I}", "role", c->role, "model", model, "blocks", blocks,
                        "max_words", (json_int_t)c->max_words);
  if (c->ask_key) json_object_set_new(v, "key", json_string(c->ask_key));
  if (c->reasoning) json_object_set_new(v, "reasoning", json_string(c->reasoning));
  if (!isnan(c->temperature)) json_object_set_new(v, "temperature", json_real(c->temperature));
  if (c->schema) json_object_set_new(v, "schema", json_deep_copy(c->schema));
  if (c->extra) json_object_set_new(v, "extra", json_deep_copy(c->extra));
  char *text = jsonx_dumps(v);
  json_decref(v);
  return text ? text : mem_dup("{}");
}

static void ask_stand_in(struct embedded *m, struct stand_in *s) {
  m->asked = true;
  m->question.run = m->call->c->run;
  m->question.asked = asked_text(m->call->c, m->call->full_name);
  m->question.body = m->body;
  m->question.n_body = m->n_body;
  s->ask(s, &m->question);
}

void stand_in_answer(struct stand_in_question *q) {
  struct embedded *m = list_owner(q, struct embedded, question);
  loop_post(m->loop, &m->post);
}

/* ---- a reply */

static enum err reply(struct embedded *m, struct error *e) {
  struct rehearsal_asked asked = {
      .key = m->key, .attempt = (int)m->call->attempts, .serial = (uint64_t)m->call->row};
  const struct stand_in_question *q = &m->question;
  if (q->refusal)
    rehearsal_reply_refused((int)q->status, q->refusal, &m->reply);
  else if (q->text)
    return rehearsal_reply_said(m->request, &asked, q->text, q->n_text, q->stop, &m->reply, e);
  else
    return rehearsal_reply(m->request, &asked, &m->reply, e);
  return OK;
}

static enum err begin(struct embedded *m, struct error *e) {
  enum err err = jsonx_parse(m->body, m->n_body, "the request", &m->request, e);
  if (err == OK) err = rehearsal_key(m->request, m->key, e);
  if (err != OK) return err;
  if ((err = reply(m, e)) != OK) return err;
  m->replied = true;
  free(m->body);
  m->body = NULL;
  return OK;
}

/* Takes v. */
static void refuse(struct embedded *m, long status, json_t *v) {
  char *text = v ? jsonx_dumps(v) : NULL;
  attempt_head(m->call, status);
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
    refuse(m, 400,
           json_pack("{s:{s:s,s:s}}", "error", "message", e.message, "type", "invalid_request_error"));
    return false;
  }
  if (m->reply.status != 200) {
    refuse(m, m->reply.status, rehearsal_reply_error(&m->reply));
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
  struct stand_in *stand_in = m->call->llm->settings->stand_in;
  if (stand_in && !m->asked) {
    ask_stand_in(m, stand_in);
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
