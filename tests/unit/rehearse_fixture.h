/* rehearse_fixture.h - a rehearsal server, and how to ask it over real sockets. */
#pragma once
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include "base/clock.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "llm/framing.h"
#include "rehearsal/rehearsal.h"
#include "rehearsal_server/server.h"

/* ---- a server, and how to ask it ---- */

static inline struct rehearse *start(const char *const *faults, const char *latency) {
  struct rehearse_options o;
  struct rehearse *r;
  struct error e = {0};
  rehearse_options_init(&o);
  for (; faults && *faults; faults++)
    if (rehearse_set(&o, "fault", *faults, &e)) fail_msg("%s", e.message);
  if (latency) assert_int_equal(rehearse_set(&o, "latency", latency, &e), OK);
  if (rehearse_start(&o, &r, &e)) fail_msg("%s", e.message);
  return r;
}

static inline struct rehearse *start_with(const char *fault) {
  return start((const char *const[]){fault, NULL}, NULL);
}

static inline int port_of(const struct rehearse *r) {
  return atoi(strchr(rehearse_address(r), ':') + 1);
}

static inline char *body_of(const char *prompt, const char *key, const char *role, bool stream) {
  json_t *v = json_pack("{s:s, s:b, s:{s:b}, s:[{s:s, s:s}], s:{s:s, s:s, s:s}}", "model",
                        "rehearsal/novelist", "stream", stream, "stream_options", "include_usage", true,
                        "messages", "role", "user", "content", prompt, "metadata", "quire_key", key,
                        "quire_role", role, "quire_prefix_bytes", "12");
  char *text = json_dumps(v, 0);
  json_decref(v);
  return text;
}

static inline char *post_of(const char *path, const char *headers, const char *body) {
  return mem_printf("POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n%s\r\n%s", path, strlen(body),
                    headers, body);
}

/* All bytes of one answer; the connection is ours alone and the server closes it. */
static inline char *exchange(const struct rehearse *r, const char *request) {
  struct buf in;
  buf_init(&in, 64 << 20);
  int fd = wire_connect(port_of(r));
  wire_puts(fd, request);
  wire_read(fd, &in, NULL);
  close(fd);
  return buf_take(&in);
}

static inline char *call_as(const struct rehearse *r, const char *prompt, const char *key, const char *role,
                            bool stream) {
  char *body = body_of(prompt, key, role, stream);
  char *request = post_of("/v1/chat/completions", "Connection: close\r\nX-Quire-Call: 17\r\n", body);
  char *answer = exchange(r, request);
  free(request);
  free(body);
  return answer;
}

static inline char *call(const struct rehearse *r, bool stream) {
  return call_as(r, "Write about 120 words on \xE7\xBE\x8E\xE6\x9C\x88.", "k", "writer", stream);
}

static inline json_t *get(const struct rehearse *r, const char *method, const char *path, const char *body) {
  char *request = mem_printf("%s %s HTTP/1.1\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s", method,
                             path, strlen(body), body);
  char *answer = exchange(r, request);
  json_t *v = NULL;
  const char *text = wire_body(answer);
  assert_int_equal(jsonx_parse(text, strlen(text), "answer", &v, NULL), OK);
  json_object_set_new(v, "http", json_integer(wire_status(answer)));
  free(request);
  free(answer);
  return v;
}

/* The status of the n-th entry of the ledger, from 0; waits until it is no longer open. */
static inline void expect_entry(const struct rehearse *r, size_t n, const char *status) {
  for (int tries = 0; tries < 200; tries++) {
    json_t *ledger = get(r, "GET", "/ledger", "");
    char now[20];
    snprintf(now, sizeof now, "%s",
             jsonx_str(json_array_get(json_object_get(ledger, "entries"), n), "status", "missing"));
    json_decref(ledger);
    if (strcmp(now, status) == 0) return;
    if (tries == 199) fail_msg("entry %zu is %s, not %s", n, now, status);
    usleep(10000);
  }
}

/* What a client makes of an answer. */
struct heard {
  struct buf text;
  int events, bad, errors;
  bool done, whole; /* [DONE] came; the closing chunk came */
  char finish[24];
  json_int_t output;
};

static inline enum err hear(void *arg, const char *name, const char *data, size_t n) {
  struct heard *h = arg;
  json_t *v = NULL;
  (void)name;
  h->events++;
  if (strcmp(data, "[DONE]") == 0) {
    h->done = true;
    return OK;
  }
  if (jsonx_parse(data, n, "event", &v, NULL)) {
    h->bad++;
    return OK;
  }
  if (json_object_get(v, "error")) h->errors++;
  json_t *choice = json_array_get(json_object_get(v, "choices"), 0);
  buf_puts(&h->text, jsonx_str(json_object_get(choice, "delta"), "content", ""));
  const char *finish = jsonx_str(choice, "finish_reason", NULL);
  if (finish) snprintf(h->finish, sizeof h->finish, "%s", finish);
  h->output = jsonx_int(json_object_get(v, "usage"), "completion_tokens", h->output);
  json_decref(v);
  return OK;
}

/* Takes the chunks apart, and the events in them. */
static inline struct heard listen_to(const char *answer) {
  struct heard h = {.events = 0};
  struct framing f;
  buf_init(&h.text, 4 << 20);
  framing_init(&f, FRAMING_SSE, MAX_EVENT_BYTES);
  const char *at = wire_body(answer), *end = at + strlen(at);
  while (at < end) {
    char *data;
    size_t n = strtoul(at, &data, 16);
    if (strncmp(data, "\r\n", 2) != 0) break;
    data += 2;
    if (n == 0) {
      h.whole = true;
      break;
    }
    if (n > (size_t)(end - data)) n = (size_t)(end - data);
    framing_feed(&f, data, n, hear, &h);
    at = data + n + 2;
  }
  framing_release(&f);
  return h;
}

static inline int errors_of(const struct rehearse *r, int calls, const char *key, const char *role) {
  int n = 0;
  for (int i = 0; i < calls; i++) {
    char *answer = call_as(r, "Write 20 words.", key, role, true);
    n += wire_status(answer) != 200;
    free(answer);
  }
  return n;
}
