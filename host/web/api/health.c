/* health.c - is the host well, and keeping house. */
#include "base/jsonx.h"
#include "web/api/api.h"
#include "web/api/handlers.h"

void healthz(struct request *q, struct response *a, void *arg) {
  (void)q;
  (void)arg;
  response_json(a, 200, json_pack("{s:s}", "status", "ok"));
}

void readyz(struct request *q, struct response *a, void *arg) {
  (void)q;
  struct web *w = arg;
  struct error why = {0};
  json_t *reasons = NULL;
  bool ready = commands_ready(w->commands, &reasons, &why);
  response_json(a, ready ? 200 : 503,
                json_pack("{s:s, s:b, s:o}", "status", ready ? "ready" : why.message, "store",
                          store_healthy(w->commands->store), "reasons", reasons));
}

void send_metrics(struct request *q, struct response *a, void *arg) {
  (void)q;
  struct web *w = arg;
  struct buf b;
  buf_init(&b, METRICS_MOST_BYTES);
  metrics_text(w->metrics, &b);
  response_send(a, 200, "text/plain; version=0.0.4; charset=utf-8", b.data, b.len);
  buf_release(&b);
}

/* ---- keeping house */

void sweep(struct request *q, struct response *a, void *arg) {
  (void)q;
  struct web *w = arg;
  json_t *out = NULL;
  struct error e = {0};
  enum err err = command_sweep(w->commands, &out, &e);
  api_answer(a, err, out, 200, &e);
}

void prune(struct request *q, struct response *a, void *arg) {
  struct web *w = arg;
  json_t *request = NULL, *out = NULL;
  struct error e = {0};
  if (request_json(q, a, &request) != OK) return;
  enum err err = command_prune(w->commands, request, &out, &e);
  api_answer(a, err, out, 200, &e);
  json_decref(request);
}
