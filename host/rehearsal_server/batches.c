/* batches.c - see batches.h. A batch has ended when each of its calls has; results stand in another order than the questions did, as they may.
 * What nothing came of (a fault) is an errored line; the fault "expire" makes the lines of a batch expire. */
#include "rehearsal_server/batches.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/jsonx.h"
#include "base/list.h"
#include "base/mem.h"
#include "rehearsal_server/kept.h"

enum { ID_ROOM = 64, ITEMS_MOST = 1000 };

struct item {
  char name[ID_ROOM], kept[ID_ROOM]; /* what the client calls it; under which its answer is kept */
};
struct batch {
  struct list node;
  char id[ID_ROOM], name[ID_ROOM];
  struct item *items;
  size_t n;
  bool cancelled;
};
struct batches {
  struct list all;
  int last;
};

struct batches *batches_new(void) {
  struct batches *b = mem_alloc(sizeof *b);
  list_init(&b->all);
  return b;
}

void batches_free(struct batches *b) {
  for (struct list *node; (node = list_pop_head(&b->all));) {
    struct batch *batch = list_owner(node, struct batch, node);
    free(batch->items);
    free(batch);
  }
  free(b);
}

static struct batch *find(const struct batches *b, const char *id) {
  size_t n = strcspn(id, "/?:");
  for (struct list *node = b->all.next; node != &b->all; node = node->next) {
    struct batch *batch = list_owner(node, struct batch, node);
    if (strlen(batch->id) == n && memcmp(batch->id, id, n) == 0) return batch;
  }
  return NULL;
}

static struct batch *submit(struct rehearse *r, const char *prefix, const char *name) {
  struct batch *batch = mem_alloc(sizeof *batch);
  snprintf(batch->id, sizeof batch->id, "%s%d", prefix, ++r->batches->last);
  snprintf(batch->name, sizeof batch->name, "%s", name);
  list_push_tail(&r->batches->all, &batch->node);
  return batch;
}

/* `target`: where the question would have been asked by itself. */
static void add(struct rehearse *r, struct batch *batch, const char *name, const char *target,
                const json_t *question) {
  batch->items = mem_grow(batch->items, (batch->n + 1) * sizeof *batch->items);
  struct item *item = &batch->items[batch->n];
  snprintf(item->name, sizeof item->name, "%s", name);
  snprintf(item->kept, sizeof item->kept, "%.40s-%zu", batch->id, batch->n++);
  char *body = jsonx_dumps(question);
  call_unheard(r, target, body ? body : "{}", item->kept);
  free(body);
}

static bool has_ended(const struct rehearse *r, const struct batch *batch) {
  const char *body;
  for (size_t i = 0; i < batch->n; i++)
    if (kept_look(r->kept, batch->items[i].kept, &body) == KEPT_UNFINISHED && !batch->cancelled) return false;
  return true;
}

/* The answer to a question; NULL: *why says what became of it. */
static json_t *answer(const struct rehearse *r, const struct batch *batch, const struct item *item,
                      const char **why) {
  const char *body = NULL;
  json_t *v = NULL;
  enum kept_state state = kept_look(r->kept, item->kept, &body);
  *why = batch->cancelled ? "canceled" : state == KEPT_EXPIRED ? "expired" : "errored";
  if (state == KEPT_ENDED && !batch->cancelled) (void)jsonx_parse(body, strlen(body), "an answer", &v, NULL);
  return v;
}

static void cancel(struct rehearse *r, struct batch *batch) {
  if (has_ended(r, batch)) return;
  batch->cancelled = true;
  for (size_t i = 0; i < batch->n; i++) kept_cancel(r->kept, batch->items[i].kept);
}

static void not_found(struct conn *c) {
  send_json(c, 404, "", error_json("there is no such batch", "invalid_request_error", "not_found"));
}

/* ---- Anthropic */

static void show_messages(const struct rehearse *r, struct conn *c, const struct batch *batch) {
  send_json(c, 200, "",
            json_pack("{s:s, s:s, s:s}", "id", batch->id, "type", "message_batch", "processing_status",
                      has_ended(r, batch) ? "ended" : "in_progress"));
}

static void show_results(const struct rehearse *r, struct conn *c, const struct batch *batch) {
  struct buf out, head;
  buf_init(&out, MAX_ANSWER_BYTES * 4);
  buf_init(&head, 4096);
  for (size_t i = batch->n; i-- > 0;) {
    const char *why;
    json_t *message = answer(r, batch, &batch->items[i], &why);
    json_t *result = message ? json_pack("{s:s, s:o}", "type", "succeeded", "message", message)
                             : json_pack("{s:s}", "type", why);
    if (!message && strcmp(why, "errored") == 0)
      json_object_set_new(result, "error",
                          json_pack("{s:s, s:{s:s, s:s}}", "type", "error", "error", "type", "api_error",
                                    "message", "a rehearsed fault"));
    json_t *line = json_pack("{s:s, s:o}", "custom_id", batch->items[i].name, "result", result);
    (void)jsonx_canonical(line, &out); /* our own words */
    buf_puts(&out, "\n");
    json_decref(line);
  }
  buf_printf(&head, "HTTP/1.1 200 OK\r\nContent-Type: application/x-jsonl\r\nContent-Length: %zu\r\n\r\n",
             out.len);
  conn_write(c, head.data, head.len);
  conn_write(c, out.data, out.len);
  conn_end(c);
  buf_release(&head);
  buf_release(&out);
}

static void submit_messages(struct rehearse *r, struct conn *c, const json_t *v) {
  struct batch *batch = submit(r, "msgbatch_", "");
  size_t i;
  json_t *request;
  json_array_foreach(json_object_get(v, "requests"), i, request) if (i < ITEMS_MOST)
      add(r, batch, jsonx_str(request, "custom_id", ""), "/v1/messages", json_object_get(request, "params"));
  show_messages(r, c, batch);
}

static void messages_request(struct rehearse *r, struct conn *c, const struct conn_request *q,
                             const char *rest, const json_t *v) {
  struct batch *batch = *rest == '/' ? find(r->batches, rest + 1) : NULL;
  if (!*rest && v) {
    submit_messages(r, c, v);
  } else if (!batch) {
    not_found(c);
  } else if (strstr(rest, "/results")) {
    show_results(r, c, batch);
  } else {
    if (strcmp(q->method, "POST") == 0) cancel(r, batch);
    show_messages(r, c, batch);
  }
}

/* ---- Gemini */

static json_t *operation(const struct rehearse *r, const struct batch *batch) {
  bool ended = has_ended(r, batch);
  char name[ID_ROOM + 10];
  snprintf(name, sizeof name, "batches/%s", batch->id);
  json_t *list = json_array();
  const char *state = ended ? "BATCH_STATE_SUCCEEDED" : "BATCH_STATE_RUNNING";
  for (size_t i = 0; ended && i < batch->n; i++) {
    const char *why;
    json_t *response = answer(r, batch, &batch->items[i], &why);
    if (strcmp(why, "expired") == 0) state = "BATCH_STATE_EXPIRED";
    if (strcmp(why, "canceled") == 0) state = "BATCH_STATE_CANCELLED";
    json_array_append_new(list, response ? json_pack("{s:o}", "response", response)
                                         : json_pack("{s:{s:i, s:s}}", "error", "code", 13, "message", why));
  }
  json_t *v = json_pack("{s:s, s:{s:s, s:s}, s:b}", "name", name, "metadata", "displayName", batch->name,
                        "state", state, "done", ended);
  if (ended)
    json_object_set_new(v, "response", json_pack("{s:{s:o}}", "inlinedResponses", "inlinedResponses", list));
  else
    json_decref(list);
  return v;
}

static void submit_gemini(struct rehearse *r, struct conn *c, const struct conn_request *q, const json_t *v) {
  const json_t *b = json_object_get(v, "batch");
  struct batch *batch = submit(r, "b", jsonx_str(b, "displayName", ""));
  const json_t *list =
      json_object_get(json_object_get(json_object_get(b, "inputConfig"), "requests"), "requests");
  char target[300];
  snprintf(target, sizeof target, "%.200s:generateContent", q->target);
  char *verb = strchr(target, ':');
  if (verb) snprintf(verb, sizeof target - (size_t)(verb - target), ":generateContent");
  size_t i;
  json_t *request;
  json_array_foreach(list, i, request) if (i < ITEMS_MOST)
      add(r, batch, jsonx_str(json_object_get(request, "metadata"), "key", ""), target,
          json_object_get(request, "request"));
  send_json(c, 200, "", operation(r, batch));
}

static void gemini_request(struct rehearse *r, struct conn *c, const struct conn_request *q,
                           const char *rest) {
  struct batch *batch = *rest == '/' ? find(r->batches, rest + 1) : NULL;
  if (!*rest || *rest == '?') {
    json_t *list = json_array();
    for (struct list *node = r->batches->all.next; node != &r->batches->all; node = node->next)
      json_array_append_new(list, operation(r, list_owner(node, struct batch, node)));
    send_json(c, 200, "", json_pack("{s:o}", "operations", list));
  } else if (!batch) {
    not_found(c);
  } else {
    if (strcmp(q->method, "POST") == 0) cancel(r, batch);
    send_json(c, 200, "", operation(r, batch));
  }
}

bool batch_request(struct rehearse *r, struct conn *c, const struct conn_request *q) {
  static const char messages[] = "/v1/messages/batches", gemini[] = "/v1beta/batches";
  bool submits = strstr(q->target, ":batchGenerateContent") != NULL;
  bool of_messages = strncmp(q->target, messages, sizeof messages - 1) == 0;
  if (!submits && !of_messages && strncmp(q->target, gemini, sizeof gemini - 1) != 0) return false;
  json_t *v = NULL;
  if (q->n_body) (void)jsonx_parse(q->body, q->n_body, "the batch", &v, NULL); /* NULL: nothing to submit */
  if (of_messages)
    messages_request(r, c, q, q->target + sizeof messages - 1, v);
  else if (submits)
    submit_gemini(r, c, q, v);
  else
    gemini_request(r, c, q, q->target + sizeof gemini - 1);
  json_decref(v);
  return true;
}
