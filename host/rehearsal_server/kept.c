/* kept.c - see kept.h. An answer is written by its call (call.c) and read by any number of clients, each from where it likes. */
#include "rehearsal_server/kept.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/jsonx.h"
#include "base/list.h"
#include "base/mem.h"

enum { KEPT_MOST = 2000, ID_ROOM = 128 };

struct kept_list {
  struct list all; /* struct kept.node, the newest last */
  size_t n;
};

struct kept {
  struct list node, readers; /* struct reader.node */
  struct kept_list *list;    /* NULL: it is in none any more; its call frees it */
  char id[ID_ROOM];
  int64_t entry;
  struct buf stream;
  char *body; /* once it has ended */
  bool ended, cancelled, expired;
};

struct reader {
  struct list node;
  struct conn *conn;
};

struct kept_list *kept_list_new(void) {
  struct kept_list *l = mem_alloc(sizeof *l);
  list_init(&l->all);
  return l;
}

static void kept_free(struct kept *k) {
  buf_release(&k->stream);
  free(k->body);
  free(k);
}

static void end_readers(struct kept *k) {
  for (struct list *node; (node = list_pop_head(&k->readers));) {
    struct reader *r = list_owner(node, struct reader, node);
    struct conn *c = r->conn;
    free(r);
    conn_write(c, "0\r\n\r\n", 5);
    conn_end(c);
  }
}

/* One whose call is still at it stays until that ends. */
static void drop(struct kept *k) {
  end_readers(k);
  list_remove(&k->node);
  k->list->n--;
  k->list = NULL;
  k->cancelled = true;
  if (k->ended) kept_free(k);
}

void kept_list_free(struct kept_list *l) {
  for (struct list *node; (node = list_pop_head(&l->all));) kept_free(list_owner(node, struct kept, node));
  free(l);
}

static struct kept *find(const struct kept_list *l, const char *id, size_t n) {
  for (struct list *node = l->all.prev; node != &l->all; node = node->prev) {
    struct kept *k = list_owner(node, struct kept, node);
    if (strlen(k->id) == n && memcmp(k->id, id, n) == 0) return k;
  }
  return NULL;
}

struct kept *kept_new(struct kept_list *l, const char *id) {
  struct kept *old = find(l, id, strlen(id)), *k = mem_alloc(sizeof *k);
  if (!old && l->n >= KEPT_MOST) old = list_owner(l->all.next, struct kept, node);
  if (old) drop(old);
  k->list = l;
  snprintf(k->id, sizeof k->id, "%s", id);
  list_init(&k->readers);
  buf_init(&k->stream, MAX_ANSWER_BYTES * 4);
  list_push_tail(&l->all, &k->node);
  l->n++;
  return k;
}

void kept_set_entry(struct kept *k, int64_t entry) {
  k->entry = entry;
}

void kept_forget(struct kept *k) {
  k->ended = true;
  if (k->list)
    drop(k);
  else
    kept_free(k);
}

void kept_expire(struct kept *k) {
  k->expired = true;
}

enum kept_state kept_look(const struct kept_list *l, const char *id, const char **body) {
  const struct kept *k = find(l, id, strlen(id));
  if (!k) return KEPT_MISSING;
  if (!k->ended) return KEPT_UNFINISHED;
  *body = k->body;
  return k->expired ? KEPT_EXPIRED : KEPT_ENDED;
}

void kept_cancel(struct kept_list *l, const char *id) {
  struct kept *k = find(l, id, strlen(id));
  if (k && !k->ended) k->cancelled = true;
}

bool kept_is_cancelled(const struct kept *k) {
  return k->cancelled;
}

/* ---- readers */

static void hand(struct conn *c, const char *bytes, size_t n) {
  struct buf chunk;
  buf_init(&chunk, n + 32);
  buf_printf(&chunk, "%zx\r\n", n);
  buf_append(&chunk, bytes, n);
  buf_puts(&chunk, "\r\n");
  if (n) conn_write(c, chunk.data, chunk.len);
  buf_release(&chunk);
}

void kept_add(struct kept *k, const char *bytes, size_t n) {
  buf_append(&k->stream, bytes, n);
  for (struct list *node = k->readers.next, *next; node != &k->readers; node = next) {
    next = node->next; /* writing may lose it */
    hand(list_owner(node, struct reader, node)->conn, bytes, n);
  }
}

void kept_end(struct kept *k, const char *body, size_t n) {
  k->ended = true;
  k->body = mem_dup_n(body, n);
  end_readers(k);
  if (!k->list) kept_free(k);
}

void kept_gone(struct kept_list *l, struct conn *c) {
  for (struct list *at = l->all.next; at != &l->all; at = at->next) {
    struct kept *k = list_owner(at, struct kept, node);
    for (struct list *node = k->readers.next; node != &k->readers; node = node->next) {
      struct reader *r = list_owner(node, struct reader, node);
      if (r->conn != c) continue;
      list_remove(&r->node);
      free(r);
      return;
    }
  }
}

static void stream_from(struct kept *k, struct conn *c, size_t from) {
  struct reader *r = mem_alloc(sizeof *r);
  r->conn = c;
  list_push_tail(&k->readers, &r->node);
  char head[160];
  int n =
      snprintf(head, sizeof head,
               "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
  conn_write(c, head, (size_t)n);
  if (from < k->stream.len) hand(c, k->stream.data + from, k->stream.len - from);
  if (k->ended) end_readers(k);
}

/* Where the events behind the one with this number begin. */
static size_t behind(const struct kept *k, long long number) {
  static const char mark[] = "\"sequence_number\":";
  size_t at = 0;
  for (const char *end; at < k->stream.len && (end = strstr(k->stream.data + at, "\n\n"));) {
    const char *told = strstr(k->stream.data + at, mark);
    if (told && told < end && atoll(told + sizeof mark - 1) > number) break;
    at = (size_t)(end - k->stream.data) + 2;
  }
  return at;
}

/* ---- requests */

json_t *kept_response(const struct kept *k) {
  return json_pack("{s:s, s:s, s:s, s:[], s:n}", "id", k->id, "object", "response", "status",
                   k->cancelled ? "cancelled" : "in_progress", "output", "error");
}

static void show_response(struct kept *k, struct conn *c) {
  json_t *v = NULL;
  if (!k->ended || jsonx_parse(k->body, strlen(k->body), "a kept answer", &v, NULL) != OK)
    v = kept_response(k);
  send_json(c, 200, "", v);
}

static void refuse(struct conn *c, const char *what) {
  send_json(c, 404, "", error_json(what, "invalid_request_error", "not_found"));
}

/* The value of a parameter in an address, up to its end. */
static const char *parameter(const char *target, const char *name) {
  const char *query = strchr(target, '?'), *at = query ? strstr(query, name) : NULL;
  return at ? at + strlen(name) : NULL;
}

static void note_fetch(struct rehearse *r, const struct kept *k) {
  struct entry *e = ledger_find(r->ledger, k->entry);
  if (e) e->fetches++;
}

static void response_request(struct rehearse *r, struct conn *c, const struct conn_request *q,
                             const char *id) {
  size_t n = strcspn(id, "/?");
  struct kept *k = find(r->kept, id, n);
  const char *after = parameter(q->target, "starting_after=");
  if (!k) {
    refuse(c, "there is no such response");
  } else if (strcmp(q->method, "POST") == 0) {
    if (!k->ended) k->cancelled = true;
    show_response(k, c);
  } else {
    note_fetch(r, k);
    if (parameter(q->target, "stream=true"))
      stream_from(k, c, after ? behind(k, atoll(after)) : 0);
    else
      show_response(k, c);
  }
}

static void stream_request(struct rehearse *r, struct conn *c, const struct conn_request *q) {
  const char *id = parameter(q->target, "conv_id="), *from = parameter(q->target, "from=");
  struct kept *k = id ? find(r->kept, id, strcspn(id, "&")) : NULL;
  if (strcmp(q->method, "DELETE") == 0) {
    if (k) drop(k);
    conn_write(c, "HTTP/1.1 204 No Content\r\n\r\n", 27);
    conn_end(c);
  } else if (!k) {
    refuse(c, "Stream not found or expired");
  } else {
    note_fetch(r, k);
    stream_from(k, c, from ? (size_t)atoll(from) : 0);
  }
}

bool kept_request(struct rehearse *r, struct conn *c, const struct conn_request *q) {
  static const char responses[] = "/v1/responses/", stream[] = "/v1/stream?";
  if (strncmp(q->target, responses, sizeof responses - 1) == 0)
    response_request(r, c, q, q->target + sizeof responses - 1);
  else if (strncmp(q->target, stream, sizeof stream - 1) == 0)
    stream_request(r, c, q);
  else
    return false;
  return true;
}
