/* call.c - one call from request to ledger.
 *
 * call_start -> (pool: read) -> known -> (pool: write) -> done -> begin -> call_on* (pieces.c) -> call_sent | call_gone
 * Everything runs on the server's loop thread but `read`, which parses the request, and `write`, which makes the reply: 2,000 requests
 * that arrive at once use all processors. Pieces leave on timers that are set from the request's arrival, so delays do not
 * add up. A call belongs to its connection; when the client goes while it is with the pool, what comes back from there frees it. One whose answer
 * is kept (kept.h) goes on without a client. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "rehearsal_server/call.h"
#include "rehearsal_server/kept.h"

/* What is kept of the answer is all there is. */
static void end_kept(struct call *c) {
  struct buf body;
  buf_init(&body, MAX_ANSWER_BYTES * 2);
  if (c->kept && kept_is_cancelled(c->kept)) {
    json_t *v = kept_response(c->kept);
    (void)jsonx_canonical(v, &body); /* our own words, and few */
    json_decref(v);
  } else if (c->kept && c->written) {
    rehearsal_body(&c->reply.stream, &body);
  }
  if (c->kept) kept_end(c->kept, body.data, body.len);
  c->kept = NULL;
  buf_release(&body);
}

static void free_ended(struct post *p) {
  struct call *c = list_owner(p, struct call, job.post);
  json_decref(c->request);
  if (c->written) rehearsal_reply_release(&c->reply);
  buf_release(&c->wire);
  free(c->manners);
  free(c->body);
  free(c->target);
  free(c);
}

/* The call is over. Its memory lives until the next pass: any write may be what ends it, and its writer looks at it
 * again. */
void call_over(struct call *c) {
  timer_clear(c->server->loop, &c->timer);
  list_remove(&c->node);
  end_kept(c);
  if (c->conn) conn_set_user(c->conn, NULL);
  c->conn = NULL;
  c->job.post.fn = free_ended;
  loop_post(c->server->loop, &c->job.post);
}

static void send_status_fault(struct call *c) {
  const struct fault *f = &c->fault;
  bool quota = f->kind == FAULT_QUOTA;
  int status = quota ? 429 : f->status;
  char more[160] = "";
  if (!quota && (status == 429 || f->wait >= 0)) {
    double wait = f->wait >= 0 ? f->wait : 1;
    snprintf(more, sizeof more, "retry-after: %lld\r\nretry-after-ms: %lld\r\n", (long long)(wait + 0.999),
             (long long)(wait * 1000 + 0.5));
  }
  const char *type = quota           ? "insufficient_quota"
                     : status == 429 ? "rate_limit_error"
                     : status == 401 ? "authentication_error"
                     : status < 500  ? "invalid_request_error"
                                     : "server_error";
  call_note_refusal(c, status);
  send_json(c->conn, status, more, c->speech->error(status, "a rehearsed fault", type, type));
}

/* ---- a call ---- */

static void read_request(struct job *j) {
  struct call *c = list_owner(j, struct call, job);
  json_t *asked = NULL;
  c->err = jsonx_parse(c->body, c->n_body, "the request", &asked, &c->error);
  if (!c->err) c->request = speech_read(c->speech, asked, c->target);
  c->background = json_is_true(json_object_get(asked, "background"));
  json_decref(asked);
  if (!c->err) c->err = rehearsal_key(c->request, c->key, &c->error);
}

static void write_reply(struct job *j) {
  struct call *c = list_owner(j, struct call, job);
  c->err = rehearsal_reply(c->request, &c->asked, &c->reply, &c->error);
  c->written = !c->err;
}

static void describe(struct call *c) {
  struct entry *e = &c->entry;
  memcpy(e->key, c->key, sizeof e->key);
  e->prefix_bytes = -1;
  e->at_ms = clock_wall_ms() - (int64_t)((clock_mono_ns() - c->arrived_ns) / NS_PER_MS);
  if (!json_is_object(c->request)) return;
  snprintf(e->role, sizeof e->role, "%s", rehearsal_metadata(c->request, "quire_role"));
  snprintf(e->quire_key, sizeof e->quire_key, "%s", rehearsal_metadata(c->request, "quire_key"));
  snprintf(e->model, sizeof e->model, "%s", jsonx_str(c->request, "model", ""));
  e->stream = json_is_true(json_object_get(c->request, "stream"));
  e->prompt_bytes = (long long)rehearsal_prompt_bytes(c->request);
  e->prefix_bytes = rehearsal_prefix_bytes(c->request);
}

/* Which fault it is to have. */
static void choose_fault(struct call *c) {
  struct rehearse *r = c->server;
  struct rehearsal_case seen = {.role = c->entry.role,
                                .quire_key = c->entry.quire_key,
                                .request_key = c->key,
                                .attempt = c->entry.attempt,
                                .seed = r->options.seed};
  const struct fault *f = fault_choose(r->options.faults, r->options.n_faults, &seen);
  if (!f) return;
  c->fault = *f;
  snprintf(c->entry.fault, sizeof c->entry.fault, "%.*s", (int)strcspn(f->spec, ":"), f->spec);
}

/* What the fault does to the text. It comes in place of manners: they are gone where it changes anything. */
static void shape_answer(struct call *c) {
  struct rehearsal_reply *r = &c->reply;
  size_t n = r->text.len;
  if (c->fault.kind == FAULT_REFUSE || c->fault.kind == FAULT_EMPTY) n = 0;
  if (c->fault.kind == FAULT_TRUNCATE) {
    n /= 2;
    while (n > 0 && ((unsigned char)r->text.data[n] & 0xC0) == 0x80) n--;
  }
  if (n != r->text.len) {
    r->usage.output = r->usage.output * (long long)n / (long long)r->text.len;
    rehearsal_stream_init(&r->stream, c->request, c->key, r->text.data, n, &r->usage, c->asked.chunks);
    r->stream.speech = c->speech;
  }
  if (c->fault.kind == FAULT_REFUSE) r->stream.finish = "content_filter";
  if (c->fault.kind == FAULT_TRUNCATE) r->stream.finish = "length";
  c->fault_piece = c->fault.kind == FAULT_HANG ? 0 : r->stream.pieces / 2;
  if (c->fault.after >= 0 && c->fault.kind) c->fault_piece = c->fault.after;
  /* What comes after the last piece never comes. */
  if (c->fault_piece > r->stream.pieces - 1) c->fault_piece = r->stream.pieces - 1;
}

/* A response in the background, a stream with a name: they go on whatever their client does. */
static void keep(struct call *c) {
  struct rehearsal_stream *s = &c->reply.stream;
  if (c->background) {
    snprintf(s->id, sizeof s->id, "resp_%.16s_%lld", c->key, (long long)c->entry.n);
    c->kept = kept_new(c->server->kept, s->id);
  } else if (c->kept && !c->entry.stream && !c->submitted) {
    kept_forget(c->kept);
    c->kept = NULL;
  }
  if (!c->kept) return;
  kept_set_entry(c->kept, c->entry.n);
  if (c->fault.kind == FAULT_EXPIRE) kept_expire(c->kept);
  if (!c->conn) list_push_tail(&c->server->unheard, &c->node);
  if (c->entry.stream) return;
  struct conn *conn = c->conn;
  if (conn) call_let_client_go(c);
  c->entry.stream = true;
  if (conn) send_json(conn, 200, "", kept_response(c->kept));
}

static void refuse(struct call *c) {
  if (c->kept) kept_forget(c->kept);
  c->kept = NULL;
  if (!c->conn) {
    call_note_end(c, c->submitted ? ENTRY_FAULT : ENTRY_GONE);
    call_over(c);
  } else if (c->err) {
    call_note_refusal(c, 400);
    send_json(c->conn, 400, "",
              c->speech->error(400, c->error.message, "invalid_request_error", "invalid_request"));
  } else if (c->fault.kind == FAULT_STATUS || c->fault.kind == FAULT_QUOTA) {
    send_status_fault(c);
  } else {
    call_note_refusal(c, c->reply.status);
    send_json(c->conn, c->reply.status, "", rehearsal_reply_error(&c->reply));
  }
}

static void begin(struct call *c) {
  bool fault = c->fault.kind == FAULT_STATUS || c->fault.kind == FAULT_QUOTA;
  if (c->err || fault || c->reply.status != 200) {
    refuse(c);
    return;
  }
  shape_answer(c);
  keep(c);
  if (!c->conn && !c->kept) {
    call_note_end(c, ENTRY_GONE);
    call_over(c);
    return;
  }
  c->latency_ms += c->reply.delay_ms;
  call_on(&c->timer);
}

/* Back from the pool for the last time. */
static void done(struct job *j) {
  struct call *c = list_owner(j, struct call, job);
  struct entry *e = ledger_find(c->server->ledger, c->entry.n);
  if (e && c->written) {
    e->answer_bytes = c->reply.text.len;
    snprintf(e->manners, sizeof e->manners, "%s", c->reply.manners);
    memcpy(e->not_prose, c->reply.not_prose, sizeof e->not_prose);
    e->other_language = c->reply.other_language;
  }
  c->begun = true;
  begin(c);
}

/* The request is read: it gets its place in the ledger, and with that its attempt. */
static void known(struct job *j) {
  struct call *c = list_owner(j, struct call, job);
  describe(c);
  if (c->key[0]) c->entry.attempt = ledger_attempt(c->server->ledger, c->key);
  if (!c->err) choose_fault(c);
  c->entry.n = ledger_add(c->server->ledger, &c->entry);
  if (c->err) {
    done(j);
    return;
  }
  c->asked.key = c->key;
  c->asked.attempt = c->entry.attempt;
  c->asked.serial = (uint64_t)c->entry.n;
  c->job = (struct job){.work = write_reply, .done = done};
  pool_submit(c->server->pool, &c->job);
}

static struct call *call_new(struct rehearse *r, const char *target, const char *body, size_t n) {
  struct call *c = mem_alloc(sizeof *c);
  c->server = r;
  c->arrived_ns = clock_mono_ns();
  const struct rehearse_options *o = &r->options;
  c->asked = (struct rehearsal_asked){.length_bias = o->length_bias,
                                      .usage_bias = o->usage_bias,
                                      .chunks = o->chunks,
                                      .seed = o->seed,
                                      .n_manners = o->n_manners};
  if (o->n_manners) {
    size_t size = (size_t)o->n_manners * sizeof *c->manners;
    c->asked.manners = c->manners = memcpy(mem_alloc(size), o->manners, size);
  }
  c->latency_ms = o->latency_ms;
  c->chunk_delay_ms = o->chunk_delay_ms;
  c->asked.speech = c->speech = speech_at(target);
  c->target = mem_dup(target);
  c->body = mem_dup_n(body, n);
  c->n_body = n;
  c->timer = (struct timer){.fn = call_on, .arg = c};
  c->job = (struct job){.work = read_request, .done = known};
  buf_init(&c->wire, MAX_ANSWER_BYTES * 2);
  list_init(&c->node);
  return c;
}

void call_start(struct rehearse *r, struct conn *conn, const struct conn_request *q) {
  struct call *c = call_new(r, q->target, q->body, q->n_body);
  char name[ENTRY_TEXT];
  c->conn = conn;
  if (conn_header(q, "X-Conversation-Id", name, sizeof name)) c->kept = kept_new(r->kept, name);
  conn_header(q, "X-Quire-Call", c->entry.call, sizeof c->entry.call);
  conn_set_user(conn, c);
  pool_submit(r->pool, &c->job);
}

void call_unheard(struct rehearse *r, const char *target, const char *body, const char *name) {
  struct call *c = call_new(r, target, body, strlen(body));
  c->submitted = true;
  c->kept = kept_new(r->kept, name);
  pool_submit(r->pool, &c->job);
}

void call_sent(void *arg, struct conn *conn) {
  struct call *c = conn_user(conn);
  (void)arg;
  if (!c) return;
  bool harmless =
      c->fault.kind == FAULT_NONE || c->fault.kind == FAULT_SLOW || c->fault.kind == FAULT_SPLIT_UTF8;
  call_note_end(c, c->err || c->reply.status == 400 ? ENTRY_REFUSED
                   : harmless                       ? ENTRY_ANSWERED
                                                    : ENTRY_FAULT);
  call_over(c);
}

void call_gone(void *arg, struct conn *conn) {
  struct call *c = conn_user(conn);
  struct rehearse *r = arg;
  if (!c) {
    kept_gone(r->kept, conn);
    return;
  }
  if (c->begun && c->kept) {
    call_let_client_go(c);
    return;
  }
  if (!c->begun) {
    c->conn = NULL; /* `begin` sees it */
    return;
  }
  call_note_end(c, ENTRY_GONE);
  call_over(c);
}

void calls_free(struct rehearse *r) {
  for (struct list *node; (node = list_pop_head(&r->unheard));)
    call_over(list_owner(node, struct call, node));
  loop_drain(r->loop);
}
