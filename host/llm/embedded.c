/* embedded.c - the rehearsal model in place of a network: the same bytes through the same framing and adapter, one piece a loop pass.
 *
 *   embedded_start -> (step: posted, hands over one piece, posts itself again)* -> attempt_end
 *
 * A post cannot be taken back, so after embedded_cancel the next step only frees. */
#include <stdlib.h>
#include <string.h>
#include "base/jsonx.h"
#include "base/mem.h"
#include "llm/internal.h"
#include "rehearsal/rehearsal.h"

struct embedded {
  struct post post;
  struct loop *loop;
  struct call_state *call; /* NULL: cancelled */
  char *body;
  size_t n_body;
  json_t *request;
  struct buf text;
  struct rehearsal_stream stream;
};

static void embedded_free(struct embedded *m) {
  free(m->body);
  json_decref(m->request);
  buf_release(&m->text);
  free(m);
}

static enum err begin(struct embedded *m, struct error *e) {
  char key[SHA_HEX];
  struct rehearsal_usage usage = {0};
  enum err err = jsonx_parse(m->body, m->n_body, "the request", &m->request, e);
  if (err == OK) err = rehearsal_key(m->request, key, e);
  if (err == OK)
    err = rehearsal_answer(m->request, &(struct rehearsal_options){.key = key}, &m->text, &usage, e);
  if (err != OK) return err;
  free(m->body);
  m->body = NULL;
  rehearsal_stream_init(&m->stream, m->request, key, m->text.data, m->text.len, &usage, 0);
  return OK;
}

/* What the model cannot answer is a bad request, as it would be over HTTP. */
static void refuse(struct embedded *m, const struct error *e) {
  json_t *v = json_pack("{s:{s:s,s:s}}", "error", "message", e->message, "type", "invalid_request_error");
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

static void step(struct post *post) {
  struct embedded *m = list_owner(post, struct embedded, post);
  if (!m->call) {
    embedded_free(m);
    return;
  }
  if (!m->request) {
    struct error e = {0};
    if (begin(m, &e) != OK) {
      refuse(m, &e);
      end(m);
      return;
    }
    attempt_head(m->call, 200);
  }
  struct buf piece;
  buf_init(&piece, MAX_ANSWER_BYTES);
  bool more = m->call && rehearsal_stream_next(&m->stream, &piece);
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
  buf_init(&m->text, MAX_ANSWER_BYTES);
  loop_post(m->loop, &m->post);
  return m;
}

void embedded_cancel(struct embedded *m) {
  m->call = NULL;
}
