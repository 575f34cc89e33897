/* test_llm.c - model calls against a scripted server on loopback and a real library. */
#include "store_fixture.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/resource.h>
#include <jansson.h>
#include "base/jsonx.h"
#include "base/loop.h"
#include "llm/llm.h"

/* ---- the server: one reply of the script for each request, the last one again and again ---- */

#define PAUSE "\x01" /* a moment between two writes */
#define CUT   "\x02" /* the connection is reset */
#define HANG  "\x03" /* nothing more, until the client goes */
#define KEEP  "\x04" /* the connection stays open for the next request */
#define KEY   "sk-secret-0123456789abcdef"

enum { MOST_REPLIES = 16, MOST_REQUESTS = 64 };

struct server {
  int fd, port;
  pthread_t thread;
  atomic_bool stop;
  atomic_int open_connections;
  pthread_mutex_t lock;
  const char *replies[MOST_REPLIES];
  int n_replies, taken;
  char *requests[MOST_REQUESTS];
  int n_requests;
  bool drip;
};

struct connection {
  struct server *server;
  int fd;
};

static bool read_request(int fd, char *text, size_t room) {
  size_t n = 0, want = 0;
  while (n < room - 1) {
    ssize_t got = read(fd, text + n, room - 1 - n);
    if (got <= 0) return false;
    n += (size_t)got;
    text[n] = 0;
    char *end = strstr(text, "\r\n\r\n"), *length = strcasestr(text, "content-length:");
    if (end && length) want = (size_t)(end - text) + 4 + strtoul(length + 15, NULL, 10);
    if (want && n >= want) return true;
  }
  return false;
}

static void wait_for_client(int fd) {
  char c;
  while (read(fd, &c, 1) > 0) {
  }
}

/* false: the connection is over. */
static bool send_reply(struct server *s, int fd, const char *reply) {
  while (*reply) {
    if (*reply == *KEEP) {
      return true;
    } else if (*reply == *PAUSE) {
      usleep(3000);
      reply++;
    } else if (*reply == *CUT) {
      struct linger hard = {1, 0};
      setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
      return false;
    } else if (*reply == *HANG) {
      wait_for_client(fd);
      return false;
    } else {
      size_t n = s->drip ? 1 : strcspn(reply, PAUSE CUT HANG KEEP);
      if (send(fd, reply, n, MSG_NOSIGNAL) < 0) return false;
      reply += n;
    }
  }
  return false;
}

static void *serve_connection(void *arg) {
  struct connection *c = arg;
  struct server *s = c->server;
  char *text = mem_alloc(1 << 20);
  int one = 1;
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  for (bool more = true; more && read_request(c->fd, text, 1 << 20);) {
    pthread_mutex_lock(&s->lock);
    char *reply = mem_dup(s->replies[s->taken < s->n_replies ? s->taken : s->n_replies - 1]);
    s->taken++;
    if (s->n_requests < MOST_REQUESTS) s->requests[s->n_requests++] = mem_dup(text);
    pthread_mutex_unlock(&s->lock);
    more = send_reply(s, c->fd, reply);
    free(reply);
  }
  close(c->fd);
  atomic_fetch_sub(&s->open_connections, 1);
  free(text);
  free(c);
  return NULL;
}

static void *serve(void *arg) {
  struct server *s = arg;
  while (!s->stop) {
    struct pollfd p = {.fd = s->fd, .events = POLLIN};
    if (poll(&p, 1, 20) <= 0) continue;
    struct connection *c = mem_alloc(sizeof *c);
    *c = (struct connection){s, accept4(s->fd, NULL, NULL, SOCK_CLOEXEC)};
    pthread_t thread;
    atomic_fetch_add(&s->open_connections, 1);
    pthread_create(&thread, NULL, serve_connection, c);
    pthread_detach(thread);
  }
  return NULL;
}

static void server_start(struct server *s) {
  s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t n = sizeof a;
  assert_int_equal(bind(s->fd, (struct sockaddr *)&a, n), 0);
  assert_int_equal(listen(s->fd, 512), 0);
  getsockname(s->fd, (struct sockaddr *)&a, &n);
  s->port = ntohs(a.sin_port);
  pthread_mutex_init(&s->lock, NULL);
  pthread_create(&s->thread, NULL, serve, s);
}

static void forget_requests(struct server *s) {
  while (s->n_requests > 0) free(s->requests[--s->n_requests]);
}

static void server_stop(struct server *s) {
  s->stop = true;
  pthread_join(s->thread, NULL);
  for (int i = 0; s->open_connections && i < 1000; i++) usleep(2000);
  close(s->fd);
  forget_requests(s);
}

/* ---- the room ---- */

struct room {
  struct fixture *f;
  struct server server, other;
  struct loop *loop;
  struct llm *llm;
  char url[64], url2[64];
  struct llm_provider providers[4];
  struct llm_price prices[1];
  char *local_models[2], *rehearsal_models[1];
  struct llm_role roles[2];
  struct llm_settings settings;
  struct llm_budget budget;
  int64_t run, epoch, seq;
  int waiting, passes;
};

static const char *adapter_source(void *arg, const char *name, size_t *n) {
  (void)arg;
  static struct {
    char name[32];
    char *text;
    size_t n;
  } cache[8];
  for (int i = 0; i < 8; i++) {
    if (cache[i].text && strcmp(cache[i].name, name) == 0) return *n = cache[i].n, cache[i].text;
    if (cache[i].text) continue;
    static const char bad[] =
        "local o = require('openai') local t = {} for k, v in pairs(o) do t[k] = v end\n"
        "function t.event() while true do end end return t";
    struct buf b;
    buf_init(&b, MAX_SCRIPT_BYTES);
    char *path = mem_printf("scripts/providers/%s.lua", name);
    enum err err = strcmp(name, "looping") == 0 ? buf_puts(&b, bad) : buf_read_file(&b, path, NULL);
    free(path);
    if (err != OK) return NULL;
    snprintf(cache[i].name, sizeof cache[i].name, "%s", name);
    *n = cache[i].n = b.len;
    return cache[i].text = buf_take(&b);
  }
  return NULL;
}

static void start_llm(struct room *r) {
  struct error e = {0};
  r->llm = llm_new(r->loop, r->f->store, &r->settings, &e);
  if (!r->llm) fail_msg("llm_new: %s", e.message);
}

static void reopen_all(struct room *r) {
  loop_drain(r->loop);
  llm_free(r->llm);
  reopen(r->f);
  loop_drain(r->loop);
  start_llm(r);
}

static int room_setup(void **state) {
  if (setup(state) != 0) return -1;
  struct room *r = mem_alloc(sizeof *r);
  r->f = *state;
  *state = r;
  setenv("TEST_LLM_KEY", KEY, 1);
  server_start(&r->server);
  server_start(&r->other);
  snprintf(r->url, sizeof r->url, "http://127.0.0.1:%d/v1", r->server.port);
  snprintf(r->url2, sizeof r->url2, "http://127.0.0.1:%d/v1", r->other.port);
  r->providers[0] = (struct llm_provider){.name = (char *)"local",
                                          .adapter = (char *)"openai",
                                          .base_url = r->url,
                                          .key_env = (char *)"TEST_LLM_KEY",
                                          .retries = 2,
                                          .connect_s = 2,
                                          .first_byte_s = 1,
                                          .idle_s = 0.4,
                                          .total_s = 20};
  r->providers[1] = (struct llm_provider){
      .name = (char *)"second", .adapter = (char *)"openai", .base_url = r->url2, .retries = -1};
  r->providers[2] = (struct llm_provider){
      .name = (char *)"rehearsal", .adapter = (char *)"rehearsal", .base_url = (char *)"rehearsal:"};
  r->providers[3] = (struct llm_provider){
      .name = (char *)"looping", .adapter = (char *)"looping", .base_url = r->url, .retries = -1};
  r->prices[0] = (struct llm_price){.model = (char *)"local/m", .input = 1000000000, .output = 10000000000};
  r->local_models[0] = (char *)"local/m";
  r->local_models[1] = (char *)"second/n";
  r->rehearsal_models[0] = (char *)"rehearsal/rehearsal";
  r->roles[0] = (struct llm_role){(char *)"default", r->local_models, 1};
  r->roles[1] = (struct llm_role){(char *)"practice", r->rehearsal_models, 1};
  r->settings = (struct llm_settings){.providers = r->providers,
                                      .n_providers = 4,
                                      .roles = r->roles,
                                      .n_roles = 2,
                                      .prices = r->prices,
                                      .n_prices = 1,
                                      .backoff_first_s = 0.005,
                                      .backoff_most_s = 0.02,
                                      .adapter_source = adapter_source};
  r->budget = (struct llm_budget){.limit_nano = 10000000000, .limit_calls = 1000};
  r->loop = loop_new();
  r->run = create_run(r->f->store, NULL);
  r->epoch = claim(r->f->store, r->run);
  start_llm(r);
  return 0;
}

static int room_teardown(void **state) {
  struct room *r = *state;
  llm_free(r->llm);
  store_close(r->f->store);
  loop_drain(r->loop);
  loop_free(r->loop);
  server_stop(&r->server);
  server_stop(&r->other);
  remove_dir(r->f->dir);
  free(r->f);
  free(r);
  return 0;
}

static void script(struct server *s, const char *const *replies) {
  pthread_mutex_lock(&s->lock);
  s->n_replies = s->taken = 0;
  while (replies[s->n_replies]) {
    s->replies[s->n_replies] = replies[s->n_replies];
    s->n_replies++;
  }
  pthread_mutex_unlock(&s->lock);
}
#define SCRIPT(server, ...) script(server, (const char *const[]){__VA_ARGS__, NULL})

struct question {
  struct llm_call call;
  struct room *room;
  struct buf live;
  int done, cancel_at; /* cancel_at: at which piece of text; 0: never */
  int pieces, alive;
  int64_t wait_ms;
  char wait_why[200];
};

static void on_text(struct llm_call *c, const char *text, size_t n) {
  struct question *q = c->owner;
  buf_append(&q->live, text, n);
  if (++q->pieces == q->cancel_at) {
    llm_call_cancel(q->room->llm, c);
    if (--q->room->waiting == 0) loop_stop(q->room->loop);
  }
}
static void on_alive(struct llm_call *c) {
  ((struct question *)c->owner)->alive++;
}
static void on_done(struct llm_call *c) {
  struct question *q = c->owner;
  q->done++;
  if (--q->room->waiting == 0) loop_stop(q->room->loop);
}

static const struct call_block blocks[] = {{"You write books.", 16, "", true},
                                           {"Write of the sea.", 17, "", false}};

static void put_question(struct room *r, struct question *q) {
  q->room = r;
  buf_init(&q->live, MAX_ANSWER_BYTES);
  struct llm_call *c = &q->call;
  c->run = r->run;
  c->epoch = r->epoch;
  c->seq = &r->seq;
  c->key.scope = "/";
  c->key.kind = "llm";
  c->key.n = r->waiting++;
  if (!c->role) c->role = "writer";
  if (!c->blocks) c->blocks = blocks;
  if (!c->n_blocks) c->n_blocks = 2;
  if (!c->max_words) c->max_words = 100;
  c->temperature = NAN;
  c->budget = &r->budget;
  c->on_text = on_text;
  c->on_alive = on_alive;
  c->done = on_done;
  c->owner = q;
  llm_call_start(r->llm, c);
}

static void release(struct question *q) {
  free(q->call.result);
  free(q->call.error);
  buf_release(&q->live);
}

static json_t *result(const struct question *q) {
  json_t *v = NULL;
  struct error e = {0};
  if (!q->call.result)
    fail_msg("no result: %s (%s)", q->call.error ? q->call.error->message : "", err_name(q->call.err));
  assert_int_equal(jsonx_parse(q->call.result, q->call.n_result, "result", &v, &e), OK);
  return v;
}

static void ask_one(struct room *r, struct question *q) {
  put_question(r, q);
  loop_run(r->loop);
  assert_int_equal(q->done, 1);
  pthread_mutex_lock(&r->server.lock); /* its threads have copied their replies: the caller may free them */
  pthread_mutex_unlock(&r->server.lock);
}

/* "answered failed" : the states of all rows in order. */
struct rows {
  char states[400];
  int64_t cost, n;
};
static void add_row(void *arg, const struct call_row *row) {
  struct rows *rows = arg;
  size_t n = strlen(rows->states);
  snprintf(rows->states + n, sizeof rows->states - n, "%s%s", n ? " " : "", row->state);
  rows->cost += row->cost_nano;
  rows->n++;
}
static struct rows rows_of(struct room *r) {
  struct rows rows = {0};
  struct db *db = store_reader(r->f->store);
  calls_each(db, r->run, add_row, &rows);
  store_reader_release(r->f->store, db);
  return rows;
}

static void count_entry(void *arg, const struct journal_row *row) {
  if (row->id) ++*(int *)arg;
}
static int entries_of(struct room *r) {
  int n = 0;
  struct db *db = store_reader(r->f->store);
  journal_each(db, r->run, 0, count_entry, &n);
  store_reader_release(r->f->store, db);
  return n;
}

#define OK_HEAD                                                                                              \
  "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nx-request-id: req-7\r\nConnection: close\r\n\r\n"
#define DELTA(t)                                                                                             \
  "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" t                                             \
  "\"},\"finish_reason\":null}],\"model\":\"m-2\"}\n\n"
#define STOP(w) "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"" w "\"}]}\n\n"
#define USAGE                                                                                                \
  "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":100,\"completion_tokens\":20,\"prompt_tokens_details\":{\"cached_tokens\":40}}}\n\n"
#define DONE "data: [DONE]\n\n"
#define GOOD OK_HEAD DELTA("The sea ") DELTA("was calm.") STOP("stop") USAGE DONE
#define REFUSED(status, more, body)                                                                          \
  "HTTP/1.1 " status " X\r\nContent-Type: application/json\r\nConnection: close\r\n" more "\r\n" body

/* ---- tests ---- */

static void an_answer_has_one_form(void **state) {
  struct room *r = *state;
  SCRIPT(&r->server,
         OK_HEAD ": ping\n\ndata: {\"choices\":[{\"delta\":{\"reasoning_content\":\"Hm.\"}}]}\r\n\r\n" DELTA(
             "S\\u00fc\xc3\xa4") PAUSE DELTA("\\ud83d\\ude00!") STOP("stop") USAGE DONE);
  for (int drip = 0; drip < 2; drip++) {
    r->server.drip = drip;
    struct question q = {0};
    ask_one(r, &q);
    json_t *v = result(&q);
    assert_string_equal(jsonx_str(v, "text", ""), "S\xc3\xbc\xc3\xa4\xf0\x9f\x98\x80!");
    assert_string_equal(q.live.data, "S\xc3\xbc\xc3\xa4\xf0\x9f\x98\x80!");
    assert_string_equal(jsonx_str(v, "reasoning", ""), "Hm.");
    assert_string_equal(jsonx_str(v, "stop", ""), "end");
    assert_string_equal(jsonx_str(v, "native_stop", ""), "stop");
    assert_string_equal(jsonx_str(v, "model", ""), "local/m");
    assert_string_equal(jsonx_str(v, "request_id", ""), "req-7");
    assert_int_equal(jsonx_int(json_object_get(v, "usage"), "input", 0), 100);
    assert_int_equal(jsonx_int(json_object_get(v, "usage"), "cached_read", 0), 40);
    assert_int_equal(jsonx_int(v, "cost_nano", 0), 100 * 1000 + 20 * 10000);
    assert_int_equal(jsonx_int(v, "attempts", 0), 1);
    assert_int_equal(q.call.entry_seq, drip + 1);
    assert_true(q.alive > 0);
    json_decref(v);
    release(&q);
  }
  assert_int_equal(r->budget.spent_nano, 2 * 300000);
  assert_int_equal(r->budget.reserved_nano, 0);
  assert_int_equal(r->budget.calls, 2);
  assert_string_equal(rows_of(r).states, "answered answered");
  assert_int_equal(rows_of(r).cost, 600000);
  assert_int_equal(entries_of(r), 2);
  assert_non_null(strstr(r->server.requests[0], "Bearer " KEY));
  assert_non_null(
      strstr(r->server.requests[0],
             "[{\"content\":\"You write books.\",\"role\":\"system\"},{\"content\":\"Write of the sea.\""));
  /* The same question is the same request, byte by byte. */
  assert_string_equal(r->server.requests[0], r->server.requests[1]);
}

/* Each first reply is a failure that can pass; the second is good. */
static void what_can_change_is_tried_again(void **state) {
  struct room *r = *state;
  static const struct {
    const char *reply, *rows;
  } cases[] = {
      {CUT, "failed"},
      {HANG, "failed"},
      {REFUSED("408", "", "{}"), "failed"},
      {REFUSED("409", "", "{}"), "failed"},
      {REFUSED("429", "Retry-After: 0\r\n", "{}"), "failed"},
      {REFUSED("429", "retry-after-ms: 20\r\n", "{}"), "failed"},
      {REFUSED("500", "", "oh"), "failed"},
      {REFUSED("502", "", "<html>"), "failed"},
      {REFUSED("503", "", ""), "failed"},
      {REFUSED("504", "", ""), "failed"},
      {REFUSED("529", "", "{\"error\":{\"type\":\"overloaded_error\",\"message\":\"busy\"}}"), "failed"},
      {REFUSED("425", "", ""), "failed"},
      {REFUSED("498", "", "{\"error\":{\"code\":\"capacity_exceeded\",\"message\":\"full\"}}"), "failed"},
      {REFUSED("499", "", ""), "failed"},
      {REFUSED("520", "", "<html>520</html>"), "failed"},
      {REFUSED("524", "", "error code: 524"), "failed"},
      {REFUSED("599", "", ""), "failed"},
      {REFUSED("403", "", "<!doctype html><title>Just a moment...</title>"), "failed"},
      {REFUSED("400", "", "{\"error\":{\"message\":\"CUDA out of memory\"}}"), "failed"},
      {OK_HEAD "event: error\ndata: {\"type\":\"error\",\"code\":\"server_error\",\"message\":\"oh\"}\n\n",
       "failed"},
      {OK_HEAD "{\"object\":\"error\",\"message\":\"oh\",\"code\":502}", "failed"},
      {OK_HEAD DELTA("Half") "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"error\"}]}\n\n" DONE,
       "truncated"},
      {OK_HEAD DELTA("Half") "data: {\"x_groq\":{\"error\":\"stopped early\"}}\n\n" DONE, "truncated"},
      {OK_HEAD DELTA(
           "Half") "data: {\"error\":{\"code\":500,\"message\":\"Context size has been exceeded.\"}}\n\n",
       "truncated"},
      {OK_HEAD "data: {\"error\":{\"message\":\"busy\",\"type\":\"overloaded_error\"}}\n\n", "failed"},
      {OK_HEAD DELTA("Half a sent"), "truncated"},
      {OK_HEAD DELTA("Half a sent") CUT, "truncated"},
      {OK_HEAD DELTA("Half a sent") HANG, "truncated"},
      {OK_HEAD DELTA("Half") "data: {\"error\":{\"message\":\"oh\",\"code\":502}}\n\n", "truncated"},
      {OK_HEAD DELTA("Half") "data: {nonsense\n\n", "truncated"},
      {OK_HEAD STOP("stop") DONE, "failed"},
      {OK_HEAD, "truncated"},
      {"nonsense\r\n\r\n", "failed"},
  };
  char expected[2000] = "";
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct question q = {0};
    SCRIPT(&r->server, cases[i].reply, GOOD);
    ask_one(r, &q);
    json_t *v = result(&q);
    if (jsonx_int(v, "attempts", 0) != 2) fail_msg("case %zu: %s", i, q.call.result);
    assert_string_equal(jsonx_str(v, "text", ""), "The sea was calm.");
    json_decref(v);
    release(&q);
    size_t n = strlen(expected);
    snprintf(expected + n, sizeof expected - n, "%s%s answered", n ? " " : "", cases[i].rows);
  }
  struct rows rows = rows_of(r);
  expected[sizeof rows.states - 1] = 0;
  assert_string_equal(rows.states, expected);
  assert_int_equal(r->budget.reserved_nano, 0);
  assert_int_equal(r->budget.spent_nano, rows.cost);
  assert_int_equal(r->budget.calls, rows.n);
}

static void what_cannot_change_is_not(void **state) {
  struct room *r = *state;
  static const struct {
    const char *reply;
    enum llm_pause pause;
    const char *reason; /* of the journaled error */
  } cases[] = {
      {REFUSED("400", "", "{\"error\":{\"message\":\"no such field\"}}"), LLM_NO_PAUSE, "invalid"},
      {REFUSED("400", "", "{\"error\":{\"message\":\"maximum context length is 5\"}}"), LLM_NO_PAUSE,
       "context"},
      {REFUSED("404", "", "{\"error\":{\"message\":\"no such model\"}}"), LLM_NO_PAUSE, "invalid"},
      {REFUSED("413", "", ""), LLM_NO_PAUSE, "too_large"},
      {REFUSED("422", "", "{\"detail\":\"bad\"}"), LLM_NO_PAUSE, "invalid"},
      {REFUSED("403", "", "{\"error\":{\"message\":\"your input was flagged\"}}"), LLM_NO_PAUSE, "refusal"},
      {OK_HEAD "<html><title>Open WebUI</title></html>", LLM_NO_PAUSE, "invalid"},
      {OK_HEAD "{\"error\":\"Unexpected endpoint or method\"}", LLM_NO_PAUSE, "invalid"},
      {REFUSED("302", "Location: http://example.com/\r\n", ""), LLM_NO_PAUSE, "invalid"},
      {OK_HEAD STOP("content_filter") DONE, LLM_NO_PAUSE, "refusal"},
      {OK_HEAD "data: {\"choices\":[{\"delta\":{\"refusal\":\"No.\"},\"finish_reason\":\"stop\"}]}\n\n" DONE,
       LLM_NO_PAUSE, "refusal"},
      {REFUSED("401", "", "{\"error\":{\"message\":\"wrong key " KEY "\"}}"), LLM_PAUSE_KEY, NULL},
      {REFUSED("403", "", "{}"), LLM_PAUSE_KEY, NULL},
      {REFUSED("402", "", "{\"error\":{\"message\":\"pay\"}}"), LLM_PAUSE_PROVIDER, NULL},
      {REFUSED("429", "", "{\"error\":{\"code\":\"insufficient_quota\",\"message\":\"no money\"}}"),
       LLM_PAUSE_PROVIDER, NULL},
      {REFUSED("429", "Retry-After: 7200\r\n", "{}"), LLM_PAUSE_PROVIDER, NULL},
      {REFUSED("429", "Date: Mon, 23 Nov 2026 23:59:00 GMT\r\nRetry-After: Tue, 24 Nov 2026 01:59:00 GMT\r\n",
               "{}"),
       LLM_PAUSE_PROVIDER, NULL},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct question q = {0};
    SCRIPT(&r->server, cases[i].reply, GOOD);
    ask_one(r, &q);
    if (r->server.taken != 1) fail_msg("case %zu: %d requests", i, r->server.taken);
    if (q.call.pause != cases[i].pause)
      fail_msg("case %zu: pause %d: %s", i, (int)q.call.pause, q.call.error ? q.call.error->message : "");
    if (q.call.error) assert_null(strstr(q.call.error->message, KEY));
    if (cases[i].reason) {
      json_t *v = result(&q);
      assert_string_equal(jsonx_str(json_object_get(v, "error"), "reason", ""), cases[i].reason);
      assert_int_equal(q.call.err, ERR_PROVIDER);
      json_decref(v);
    } else {
      assert_null(q.call.result);
    }
    if (i >= 15) assert_in_range(q.call.pause_until_ms - clock_wall_ms(), 7100000, 7201000);
    release(&q);
  }
  assert_int_equal(entries_of(r), 11);
}

/* What providers and proxies make of a stream: the answer that was paid for comes through, and at once. */
static void an_odd_stream_is_an_answer_all_the_same(void **state) {
  struct room *r = *state;
#define SAID       "The sea was calm."
#define BODY       "{\"choices\":[{\"message\":{\"content\":\"" SAID "\"},\"finish_reason\":\"stop\"}]}"
#define RAW(bytes) "data: {\"choices\":[{\"delta\":{\"content\":\"" bytes "\"}}]}\n\n"
#define HEAD(type) "HTTP/1.1 200 OK\r\nContent-Type: " type "\r\nConnection: close\r\n\r\n"
  static const struct {
    const char *reply, *text;
  } cases[] = {
      {OK_HEAD DELTA(SAID) STOP("stop") DONE HANG, SAID},
      {HEAD("application/json") DELTA(SAID) STOP("stop") DONE, SAID},
      {HEAD("text/plain") BODY, SAID},
      {HEAD("text/event-stream") "\n\n" BODY, SAID},
      {OK_HEAD DELTA(SAID) "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}", SAID},
      {OK_HEAD "data: null\n\ndata: [HEARTBEAT]\n\ndata: ping\n\n" DELTA(SAID) STOP("stop") DONE, SAID},
      {OK_HEAD "data: {\"choices\":[{\"delta\":{\"content\":\"The sea \"}}]}\n"
               "data: {\"choices\":[{\"delta\":{\"content\":\"was calm.\"}}]}\n\n" STOP("stop") DONE,
       SAID},
      {OK_HEAD RAW("\xF0\x9F") RAW("\x94\xA5 burns") STOP("stop") DONE, "\xF0\x9F\x94\xA5 burns"},
      {OK_HEAD RAW("\\ud83d") RAW("\\udd25 burns") STOP("stop") DONE, "\xF0\x9F\x94\xA5 burns"},
      {OK_HEAD RAW("a\xFF b \\udd25") STOP("stop") DONE, "a\xEF\xBF\xBD b \xEF\xBF\xBD"},
      {OK_HEAD
       "data: {\"choices\":[{\"delta\":{\"content\":[{\"type\":\"thinking\",\"thinking\":[{\"type\":\"text\",\"text\":\"Hm\"}]},"
       "{\"type\":\"text\",\"text\":\"Yes.\"}]}}]}\n\n" STOP("stop") DONE,
       "Yes."},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct question q = {0};
    SCRIPT(&r->server, cases[i].reply, GOOD);
    ask_one(r, &q);
    json_t *v = result(&q);
    if (jsonx_int(v, "attempts", 0) != 1 || strcmp(jsonx_str(v, "text", ""), cases[i].text) != 0)
      fail_msg("case %zu: %s", i, q.call.result);
    assert_string_equal(q.live.data, cases[i].text);
    json_decref(v);
    release(&q);
  }
}

static void a_provider_cannot_park_a_run_for_years(void **state) {
  struct room *r = *state;
  static const char *const replies[] = {REFUSED("429", "Retry-After: 99999999999999999999\r\n", "{}"),
                                        REFUSED("429", "Retry-After: 1e999\r\n", "{}"),
                                        REFUSED("429", "Retry-After: 315360000\r\n", "{}")};
  for (size_t i = 0; i < sizeof replies / sizeof replies[0]; i++) {
    struct question q = {0};
    SCRIPT(&r->server, replies[i], GOOD);
    ask_one(r, &q);
    assert_int_equal(q.call.pause, LLM_PAUSE_PROVIDER);
    assert_in_range(q.call.pause_until_ms - clock_wall_ms(), 86300000, 86400000);
    release(&q);
  }
}

/* The words of providers that hide behind one dialect: what a failure is, and when to ask again. */
static void providers_words_are_understood(void **state) {
  struct room *r = *state;
  static const struct {
    const char *reply;
    enum llm_pause pause;
    const char *reason, *words; /* of the error */
  } cases[] = {
      /* a spend cap that looks like a rate limit */
      {REFUSED("429", "",
               "{\"error\":{\"type\":\"rate_limit_error\",\"message\":\"limit\",\"details\":{\"error_code\":"
               "\"enforced_spend_limit_reached\"}}}"),
       LLM_PAUSE_PROVIDER, NULL, "limit of its own"},
      /* a daily quota: the delay is told in the body only, and too long to wait for */
      {REFUSED(
           "429", "",
           "[{\"error\":{\"code\":429,\"message\":\"quota\",\"details\":[{\"retryDelay\":\"36000s\"}]}}]"),
       LLM_PAUSE_PROVIDER, NULL, "quota"},
      {REFUSED("429", "", "{\"error\":{\"message\":\"Rate limit. Please try again in 2h10m5s.\"}}"),
       LLM_PAUSE_PROVIDER, NULL, "2h10m5s"},
      /* llama.cpp says its sizes, before and within the stream */
      {REFUSED("400", "",
               "{\"error\":{\"code\":400,\"type\":\"exceed_context_size_error\",\"message\":\"too long\","
               "\"n_prompt_tokens\":9000,\"n_ctx\":4096}}"),
       LLM_NO_PAUSE, "context", "(9000 tokens, room for 4096)"},
      {OK_HEAD
       "data: {\"error\":{\"type\":\"exceed_context_size_error\",\"message\":\"too long\",\"n_prompt_tokens\":9000,"
       "\"n_ctx\":4096}}\n\n",
       LLM_NO_PAUSE, "context", "room for 4096"},
      /* OpenRouter hands on the words of the provider behind it */
      {REFUSED("402", "", "{\"error\":{\"code\":402,\"message\":\"Insufficient credits\"}}"),
       LLM_PAUSE_PROVIDER, NULL, "Insufficient credits"},
      {REFUSED(
           "400", "",
           "{\"error\":{\"message\":\"Provider returned error\",\"metadata\":{\"raw\":\"too many images\"}}}"),
       LLM_NO_PAUSE, "invalid", "too many images"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct question q = {0};
    SCRIPT(&r->server, cases[i].reply, GOOD);
    ask_one(r, &q);
    if (q.call.pause != cases[i].pause)
      fail_msg("case %zu: pause %d: %s", i, (int)q.call.pause, q.call.error ? q.call.error->message : "");
    if (r->server.taken != 1) fail_msg("case %zu: %d requests", i, r->server.taken);
    if (!strstr(q.call.error->message, cases[i].words)) fail_msg("case %zu: %s", i, q.call.error->message);
    if (cases[i].reason) {
      json_t *v = result(&q);
      assert_string_equal(jsonx_str(json_object_get(v, "error"), "reason", ""), cases[i].reason);
      json_decref(v);
    }
    release(&q);
  }
}

/* A server that says that it read far less than it was sent has cut the prompt: that answer is none. */
static void a_prompt_that_was_cut_is_no_answer(void **state) {
  struct room *r = *state;
  char *text = mem_alloc(40001);
  memset(text, 'a', 40000);
  for (size_t i = 5; i < 40000; i += 6) text[i] = ' ';
  struct call_block block = {.text = text, .n = 40000};
  sha256_hex(block.text, block.n, block.sha);
  static const struct {
    const char *tokens;
    bool cut;
  } cases[] = {{"2048", true}, {"9000", false}, {"0", false}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    static char replies[sizeof cases / sizeof cases[0]]
                       [400]; /* a server's thread may still hold the one before */
    char *reply = replies[i];
    snprintf(reply, sizeof replies[i],
             OK_HEAD DELTA("The sea.")
                 STOP("stop") "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":%s}}\n\n" DONE,
             cases[i].tokens);
    struct question q = {.call = {.blocks = &block, .n_blocks = 1}};
    SCRIPT(&r->server, reply);
    ask_one(r, &q);
    json_t *v = result(&q), *error = json_object_get(v, "error");
    assert_string_equal(jsonx_str(error, "reason", ""), cases[i].cut ? "context" : "");
    if (cases[i].cut)
      assert_non_null(strstr(q.call.error->message, "read only 2048 tokens of a prompt of about 10000"));
    json_decref(v);
    release(&q);
  }
  free(text);
}

/* What a server told of its longest answer holds, unless a person says otherwise. */
static void a_persons_limit_goes_before_a_learnt_one(void **state) {
  struct room *r = *state;
  static const char refusal[] = REFUSED(
      "400", "",
      "{\"error\":{\"message\":\"max_tokens is too large: it must be at most 120\",\"param\":\"max_tokens\"}}");
  struct question q = {0}, other = {0};
  SCRIPT(&r->server, refusal, GOOD);
  ask_one(r, &q);
  assert_non_null(strstr(r->server.requests[1], "\"max_tokens\":120"));
  r->prices[0].max_output = 150;
  r->prices[0].max_output_is_own = true;
  forget_requests(&r->server);
  ask_one(r, &other);
  assert_non_null(strstr(r->server.requests[0], "\"max_tokens\":150"));
  r->prices[0].max_output = 0;
  release(&q);
  release(&other);
}

static void what_cannot_fit_is_not_sent(void **state) {
  struct room *r = *state;
  r->prices[0].context = 60;
  struct question q = {.call = {.max_words = 2000}};
  SCRIPT(&r->server, GOOD);
  ask_one(r, &q);
  assert_int_equal(r->server.taken, 0);
  assert_non_null(strstr(q.call.error->message, "do not fit into its context of 60 tokens"));
  assert_int_equal(r->budget.reserved_nano, 0);
  release(&q);
  r->prices[0].context = 0;
}

/* The body of GOOD on a connection that stays open, and with it the next call's. */
static char *good_and_keep(void) {
  static const char body[] = DELTA("The sea ") DELTA("was calm.") STOP("stop") USAGE DONE;
  return mem_printf(
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: %zu\r\n\r\n%s" KEEP,
      sizeof body - 1, body);
}

/* The server reads a request on a kept connection, perhaps works on it, and closes without a byte: asking again is our decision. */
static void no_request_leaves_without_an_intent(void **state) {
  struct room *r = *state;
  struct question first = {0}, second = {0};
  char *good = good_and_keep();
  SCRIPT(&r->server, good, "", GOOD);
  ask_one(r, &first);
  ask_one(r, &second);
  assert_int_equal(second.call.err, OK);
  assert_int_equal(r->server.n_requests, 3);
  assert_string_equal(rows_of(r).states, "answered failed answered");
  assert_int_equal(r->budget.calls, 3);
  json_t *v = result(&second);
  assert_int_equal(jsonx_int(v, "attempts", 0), 2);
  json_decref(v);
  release(&first);
  release(&second);
  free(good);
}

/* Each of the three deadlines by itself, the others far away. */
static void each_deadline_counts_by_itself(void **state) {
  struct room *r = *state;
  static const struct {
    const char *reply, *words;
    double first, idle, total;
  } cases[] = {
      {HANG, "no byte of an answer within 0.11 s", 0.11, 7, 9},
      {OK_HEAD HANG, "no byte of an answer within 0.12 s", 0.12, 7, 9}, /* a head is no answer yet */
      {OK_HEAD DELTA("It was") HANG, "no byte for 0.13 s in the middle", 7, 0.13, 9},
      {OK_HEAD DELTA("It") PAUSE PAUSE DELTA(" was") PAUSE PAUSE DELTA("so") HANG,
       "the answer took longer than 0.14 s", 7, 9, 0.14},
  };
  r->providers[0].retries = -1;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct question q = {0};
    r->providers[0].first_byte_s = cases[i].first;
    r->providers[0].idle_s = cases[i].idle;
    r->providers[0].total_s = cases[i].total;
    SCRIPT(&r->server, cases[i].reply);
    uint64_t start = clock_mono_ns();
    ask_one(r, &q);
    if (clock_mono_ns() - start > 5000000000ull) fail_msg("case %zu was noticed too late", i);
    if (!strstr(q.call.error->message, cases[i].words)) fail_msg("case %zu: %s", i, q.call.error->message);
    release(&q);
  }
}

static void an_unreachable_role_pauses(void **state) {
  struct room *r = *state;
  struct question q = {0};
  SCRIPT(&r->server, REFUSED("503", "", ""));
  ask_one(r, &q);
  assert_int_equal(q.call.pause, LLM_PAUSE_PROVIDER);
  assert_in_range(q.call.pause_until_ms - clock_wall_ms(), 50000, 61000);
  assert_string_equal(rows_of(r).states, "failed failed failed");
  assert_int_equal(entries_of(r), 0);
  release(&q);
}

static void the_roles_next_model_takes_over(void **state) {
  struct room *r = *state;
  r->roles[0].n_models = 2;
  SCRIPT(&r->other, GOOD);
  static const char *const replies[] = {REFUSED("400", "", "{}"), OK_HEAD STOP("content_filter") DONE,
                                        REFUSED("500", "", "")};
  for (int i = 0; i < 3; i++) {
    struct question q = {0};
    SCRIPT(&r->server, replies[i]);
    ask_one(r, &q);
    json_t *v = result(&q);
    assert_string_equal(jsonx_str(v, "model", ""), "second/n");
    assert_null(json_object_get(v, "cost_nano")); /* unknown, not 0 */
    json_decref(v);
    release(&q);
  }
  /* No key is configured for the other one: it gets none. */
  assert_null(strstr(r->other.requests[0], "uthorization"));
}

/* A key that is missing or refused stops the run only when no other model of the role answers. */
static void the_next_model_answers_when_a_key_is_refused(void **state) {
  struct room *r = *state;
  static const char *const replies[] = {REFUSED("401", "", "{}"), REFUSED("403", "", "{}"), NULL};
  r->roles[0].n_models = 2;
  SCRIPT(&r->other, GOOD);
  for (int i = 0; i < 3; i++) {
    struct question q = {0};
    if (replies[i]) SCRIPT(&r->server, replies[i]);
    if (!replies[i]) { /* there is none at all: then nothing is sent to its provider */
      unsetenv("TEST_LLM_KEY");
      forget_requests(&r->server);
    }
    ask_one(r, &q);
    json_t *v = result(&q);
    assert_string_equal(jsonx_str(v, "model", ""), "second/n");
    assert_null(q.call.error);
    json_decref(v);
    release(&q);
  }
  assert_int_equal(r->server.n_requests, 0);
  /* None is left: the key is what a person can do something about. But who comes back by itself is waited for. */
  struct question refused = {0}, busy = {0};
  SCRIPT(&r->other, REFUSED("400", "", "{}"));
  ask_one(r, &refused);
  assert_int_equal(refused.call.pause, LLM_PAUSE_KEY);
  assert_non_null(strstr(refused.call.error->message, "provider 'local'"));
  SCRIPT(&r->other, REFUSED("503", "", "{}"));
  ask_one(r, &busy);
  assert_int_equal(busy.call.pause, LLM_PAUSE_PROVIDER);
  assert_non_null(strstr(busy.call.error->message, "provider 'second'"));
  assert_true(busy.call.pause_until_ms > clock_wall_ms());
  release(&refused);
  release(&busy);
  setenv("TEST_LLM_KEY", KEY, 1);
}

static bool one_pass_less(void *arg) {
  struct room *r = arg;
  usleep(300);
  if (r->passes-- <= 0) loop_stop(r->loop);
  return true;
}

/* So many turns of the loop, or until all are answered. */
static void run_passes(struct room *r, int n) {
  r->passes = n;
  loop_set_idle(r->loop, one_pass_less, r);
  loop_run(r->loop);
  loop_set_idle(r->loop, NULL, NULL);
}

static bool until_a_failed_row(void *arg) {
  struct room *r = arg;
  usleep(300);
  if (strstr(rows_of(r).states, "failed")) loop_stop(r->loop);
  return true;
}

static void on_wait(struct llm_call *c, const char *why, int64_t until_ms) {
  struct question *q = c->owner;
  q->wait_ms = until_ms - clock_wall_ms();
  snprintf(q->wait_why, sizeof q->wait_why, "%s", why);
}

/* The back-off and the lane each heed it by themselves: the call that was sent away keeps no money and no turn, and no other call of the
 * model is sent either. It can be stopped without a loss, and says what it waits for. */
static void what_retry_after_says_is_heeded(void **state) {
  struct room *r = *state;
  struct question q = {.call = {.on_wait = on_wait}}, other = {.call = {.on_wait = on_wait}};
  SCRIPT(&r->server, REFUSED("429", "Retry-After: 47\r\n", "{\"error\":{\"message\":\"slow down\"}}"), GOOD);
  put_question(r, &q);
  loop_set_idle(r->loop, until_a_failed_row, r);
  loop_run(r->loop);
  assert_false(llm_call_in_flight(&q.call));
  assert_true(llm_call_waits(&q.call));
  put_question(r, &other);
  run_passes(r, 300); /* back-offs here take at most 20 ms */
  assert_int_equal(r->server.n_requests, 1);
  assert_int_equal(r->budget.calls, 2); /* one that failed, and the other's, whose turn has not come */
  assert_int_equal(r->budget.reserved_nano, 61ll * 1000 + 500 * 10000);
  assert_false(llm_call_in_flight(&other.call));
  assert_in_range(q.wait_ms, 46000, 52000);
  assert_string_equal(q.wait_why, "provider 'local' (HTTP 429: slow down)");
  assert_in_range(other.wait_ms, 40000, 47000);
  llm_call_cancel(r->llm, &q.call);
  llm_call_cancel(r->llm, &other.call);
  assert_int_equal(r->budget.reserved_nano, 0);
  assert_int_equal(r->budget.calls, 1);
  r->waiting = 0;
  release(&q);
  release(&other);
}

static bool until_in_flight(void *arg) {
  const struct question *q = arg;
  if (llm_call_in_flight(&q->call)) loop_stop(q->room->loop);
  return true;
}

static void a_host_that_stops_sends_nothing_new(void **state) {
  struct room *r = *state;
  struct question q = {0};
  SCRIPT(&r->server, REFUSED("500", "", ""), GOOD);
  put_question(r, &q);
  loop_set_idle(r->loop, until_in_flight, &q);
  loop_run(r->loop);
  llm_drain(r->llm); /* its request is about to leave: that one comes to its end */
  loop_set_idle(r->loop, until_a_failed_row, r);
  loop_run(r->loop);
  run_passes(r, 300);
  assert_int_equal(r->server.n_requests, 1);
  assert_false(llm_call_in_flight(&q.call));
  llm_call_cancel(r->llm, &q.call);
  r->waiting = 0;
  release(&q);
}

static void a_request_that_is_too_large_says_so(void **state) {
  struct room *r = *state;
  struct question q = {0};
  SCRIPT(
      &r->server,
      REFUSED(
          "413", "",
          "<!DOCTYPE html><html>\n<head><title>413 Request Entity Too Large</title><style>p {}</style></head>"
          "<body><center><h1>413 Request Entity Too Large</h1></center><hr>nginx</body></html>"));
  ask_one(r, &q);
  json_t *v = result(&q), *error = json_object_get(v, "error");
  assert_string_equal(jsonx_str(error, "reason", ""), "too_large");
  assert_non_null(strstr(q.call.error->message,
                         "the request of 1 KB is larger than the provider, or a proxy before it, takes"
                         " (HTTP 413: 413 Request Entity Too Large nginx)"));
  assert_non_null(strstr(jsonx_str(error, "hint", ""), "a model that takes more"));
  assert_int_equal(r->server.taken, 1);
  json_decref(v);
  release(&q);
}

static void a_redirect_takes_no_key_along(void **state) {
  struct room *r = *state;
  struct question q = {0};
  static char reply[200]; /* the server may look at it until it stops */
  snprintf(reply, sizeof reply,
           "HTTP/1.1 307 X\r\nConnection: close\r\nLocation: %s/chat/completions\r\n\r\n", r->url2);
  SCRIPT(&r->server, reply);
  SCRIPT(&r->other, GOOD);
  ask_one(r, &q);
  assert_int_equal(q.call.err, ERR_PROVIDER);
  assert_int_equal(r->other.n_requests, 0);
  release(&q);
}

static void a_schema_is_asked_for_once(void **state) {
  struct room *r = *state;
  json_t *schema = json_pack("{s:s,s:[s,s],s:{s:{s:s},s:{s:s}}}", "type", "object", "required", "why",
                             "answer", "properties", "answer", "type", "string", "why", "type", "string");
  struct question q = {.call = {.schema = schema}};
  SCRIPT(&r->server, REFUSED("400", "", "{\"error\":{\"message\":\"response_format is not supported\"}}"),
         GOOD);
  ask_one(r, &q);
  json_t *v = result(&q);
  assert_int_equal(jsonx_int(v, "attempts", 0), 2);
  const char *props = strstr(r->server.requests[0], "\"properties\":{\"why\"");
  assert_non_null(props); /* in the script's order */
  assert_null(strstr(r->server.requests[0], "{{schema"));
  assert_null(strstr(r->server.requests[1], "response_format"));
  json_decref(v);
  json_decref(schema);
  release(&q);
}

static void a_long_answer_stops_at_its_length(void **state) {
  struct room *r = *state;
  struct question q = {0};
  SCRIPT(&r->server, OK_HEAD DELTA("The sea") STOP("length") DONE);
  ask_one(r, &q);
  json_t *v = result(&q);
  assert_string_equal(jsonx_str(v, "stop", ""), "length");
  json_decref(v);
  release(&q);
}

static void an_answer_without_stream_is_read_too(void **state) {
  struct room *r = *state;
  struct question q = {0};
  SCRIPT(
      &r->server,
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{\"choices\":[{\"message\":{\"content\":\"Hi.\"},"
      "\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1,\"cost\":0.25}}");
  ask_one(r, &q);
  json_t *v = result(&q);
  assert_string_equal(jsonx_str(v, "text", ""), "Hi.");
  assert_int_equal(jsonx_int(v, "cost_nano", 0), 250000000);
  json_decref(v);
  release(&q);
}

/* A paid answer is never free because its tokens were told in a way of the server's own, half, or not at all. */
static void tokens_that_were_not_told_are_estimated_each_for_itself(void **state) {
  struct room *r = *state;
  static const struct {
    const char *usage;
    int input, output; /* 0: as if nothing was told */
  } told[] = {{"", 0, 0},
              {"\"prompt_tokens\":\"100\",\"completion_tokens\":\"20\"", 100, 20},
              {"\"prompt_tokens\":100", 100, 0},
              {"\"completion_tokens\":20", 0, 20},
              {"\"prompt_tokens\":-1,\"completion_tokens\":-1", 0, 0},
              {"\"prompt_tokens\":1e300,\"completion_tokens\":9223372036854775808", 0, 0},
              {"\"prompt_tokens\":\"many\",\"completion_tokens\":null", 0, 0}};
  json_int_t input = 0, output = 0;
  for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
    struct question q = {0};
    char *reply = mem_printf(OK_HEAD DELTA("The sea ") DELTA("was calm.")
                                 STOP("stop") "data: {\"choices\":[],\"usage\":{%s}}\n\n" DONE,
                             told[i].usage);
    SCRIPT(&r->server, reply);
    ask_one(r, &q);
    json_t *v = result(&q), *usage = json_object_get(v, "usage");
    if (i == 0) input = jsonx_int(usage, "input", 0), output = jsonx_int(usage, "output", 0);
    assert_true(input > 0 && output > 0);
    json_int_t in = told[i].input ? told[i].input : input, out = told[i].output ? told[i].output : output;
    assert_int_equal(jsonx_int(usage, "input", 0), in);
    assert_int_equal(jsonx_int(usage, "output", 0), out);
    assert_int_equal(jsonx_int(v, "cost_nano", 0), in * 1000 + out * 10000);
    json_decref(v);
    release(&q);
    free(reply);
  }
}

/* A script may ask for several choices. Their chunks come in turns; the answer is the first of them, not a mixture. */
static void other_choices_are_not_mixed_into_the_answer(void **state) {
  struct room *r = *state;
  struct question q = {0};
  SCRIPT(
      &r->server,
      OK_HEAD DELTA("The sea ") "data: {\"choices\":[{\"index\":1,\"delta\":{\"content\":\"A lamp \"}}]}\n\n" DELTA(
          "was calm.") "data: {\"choices\":[{\"index\":1,\"delta\":{},\"finish_reason\":\"length\"}]}\n\n" STOP("stop")
          USAGE DONE);
  ask_one(r, &q);
  json_t *v = result(&q);
  assert_string_equal(jsonx_str(v, "text", ""), "The sea was calm.");
  assert_string_equal(jsonx_str(v, "stop", ""), "end");
  json_decref(v);
  release(&q);
}

/* Money that cannot be true is money that nobody named: the answer is priced by its tokens. */
static void a_provider_cannot_spend_what_it_likes(void **state) {
  struct room *r = *state;
  static const char *const costs[] = {"-3", "1e300", "1e18", "10001", "\"free\""};
  for (size_t i = 0; i < sizeof costs / sizeof *costs; i++) {
    struct question q = {0};
    char *reply = mem_printf(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{\"choices\":[{\"message\":{\"content\":\"Hi.\"},"
        "\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":100,\"completion_tokens\":1e300,\"cost\":%s}}",
        costs[i]);
    SCRIPT(&r->server, reply);
    ask_one(r, &q);
    json_t *v = result(&q);
    assert_int_equal(jsonx_int(v, "cost_nano", -1), 100 * 1000 + 1 * 10000); /* "Hi." is one token */
    json_decref(v);
    release(&q);
    free(reply);
  }
  assert_int_equal(r->budget.spent_nano, 5 * (100 * 1000 + 1 * 10000));
}

/* `n` bytes of an answer's text that take `unit` each on the wire, in events of about `piece` bytes; 0: all in one body. */
static char *long_reply(const char *unit, size_t units, size_t a_piece) {
  struct buf b;
  buf_init(&b, 64 << 20);
  buf_puts(&b, a_piece ? OK_HEAD
                       : "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
                         "{\"choices\":[{\"message\":{\"content\":\"");
  for (size_t i = 0; i < units; i++) {
    if (a_piece && i % a_piece == 0) buf_puts(&b, "data: {\"choices\":[{\"delta\":{\"content\":\"");
    buf_puts(&b, unit);
    if (a_piece && (i % a_piece == a_piece - 1 || i == units - 1)) buf_puts(&b, "\"}}]}\n\n");
  }
  buf_puts(
      &b,
      a_piece
          ? STOP("stop") USAGE DONE
          : "\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":100,\"completion_tokens\":20}}");
  return buf_take(&b);
}

#define LAST_CALL(what) "SELECT " what " FROM calls ORDER BY id DESC LIMIT 1"

/* Whatever fits into an answer fits into the journal, however it is spelled and however it came. */
static void a_long_answer_is_kept_and_paid_once(void **state) {
  struct room *r = *state;
  r->providers[0].first_byte_s = r->providers[0].idle_s = 30; /* its server takes a while to copy so much */
  static const struct {
    const char *unit;
    size_t units, bytes, a_piece;
  } cases[] = {
      {"\\n", 2200000, 2200000, 20000}, /* a line break takes two bytes in JSON */
      {"sea ", 300000, 1200000, 0},     /* in one piece */
      {"\\u0001", 1 << 20, 1 << 20, 0}, /* six bytes for each */
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct question q = {0};
    char *reply = long_reply(cases[i].unit, cases[i].units, cases[i].a_piece);
    SCRIPT(&r->server, reply);
    ask_one(r, &q);
    if (q.call.err != OK) fail_msg("case %zu: %s", i, q.call.error ? q.call.error->message : "");
    assert_int_equal(ask(r->f->store, LAST_CALL("length(CAST(answer AS BLOB))")), cases[i].bytes);
    assert_int_equal(r->server.taken, 1);
    release(&q);
    free(reply);
  }
  assert_int_equal(entries_of(r), 3);
  assert_null(strstr(rows_of(r).states, "sent"));
  assert_true(rows_of(r).cost >= 3 * 100 * 1000);
  assert_int_equal(rows_of(r).cost, ask(r->f->store, "SELECT cost_nano FROM runs"));
}

/* Too long for a script, but paid: it is booked by what came, kept in the call's row, and not asked again. */
static void a_refused_answer_is_kept_and_booked(void **state) {
  struct room *r = *state;
  r->providers[0].first_byte_s = r->providers[0].idle_s = 30; /* its server takes a while to copy so much */
  static const size_t pieces[] = {1000, 0};
  for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
    struct question q = {0};
    char *reply = long_reply("\xc3\xa4", MAX_ANSWER_BYTES / 2 + 7, pieces[i]);
    SCRIPT(&r->server, reply);
    ask_one(r, &q);
    assert_int_equal(q.call.err, ERR_PROVIDER);
    assert_non_null(strstr(q.call.error->message, "more than 4 MB"));
    assert_int_equal(r->server.taken, 1);
    assert_int_equal(ask(r->f->store, LAST_CALL("length(CAST(answer AS BLOB))")), MAX_ANSWER_BYTES);
    assert_int_equal(ask(r->f->store, LAST_CALL("output_tokens")), MAX_ANSWER_BYTES / 4);
    assert_true(ask(r->f->store, LAST_CALL("usage_estimated AND cost_nano > 10000000000")));
    r->budget.spent_nano = 0;
    release(&q);
    free(reply);
  }
  assert_int_equal(entries_of(r), 2); /* the error, so that no replay asks again */
}

static void a_missing_key_pauses_before_anything(void **state) {
  struct room *r = *state;
  unsetenv("TEST_LLM_KEY");
  llm_free(r->llm);
  start_llm(r);
  struct question q = {0}, again = {0};
  ask_one(r, &q);
  assert_int_equal(q.call.pause, LLM_PAUSE_KEY);
  assert_non_null(strstr(q.call.error->hint, "TEST_LLM_KEY"));
  assert_int_equal(rows_of(r).n, 0);
  setenv("TEST_LLM_KEY", KEY, 1);
  SCRIPT(&r->server, GOOD);
  ask_one(r, &again);
  assert_int_equal(again.call.err, OK);
  release(&q);
  release(&again);
}

static void a_key_file_must_be_private(void **state) {
  struct room *r = *state;
  char *path = mem_printf("%s/key", r->f->dir);
  int fd = open(path, O_CREAT | O_WRONLY, 0644);
  assert_int_equal(write(fd, KEY "\n", sizeof KEY), sizeof KEY);
  close(fd);
  r->providers[0].key_env = NULL;
  r->providers[0].key_file = path;
  llm_free(r->llm);
  start_llm(r);
  struct error e = {0};
  assert_int_equal(llm_check_model(r->llm, "local/m", &e), ERR_AUTH);
  assert_int_equal(chmod(path, 0600), 0);
  assert_int_equal(llm_check_model(r->llm, "local/m", &e), OK);
  assert_int_equal(llm_check_model(r->llm, "locale/m", &e), ERR_CONFIG);
  assert_non_null(strstr(e.hint, "local/m"));
  unlink(path);
  free(path);
}

struct checking {
  const struct llm *llm;
  atomic_bool stop;
  int checks;
};

static void *check_again_and_again(void *arg) {
  struct checking *c = arg;
  static const char *const names[] = {"local/m", "second/n", "looping/x", "nobody/x"};
  for (; !c->stop || c->checks < 8; c->checks++) {
    struct error e = {0};
    enum err err = llm_check_model(c->llm, names[c->checks % 4], &e);
    if (err != (c->checks % 4 == 3 ? ERR_CONFIG : OK)) return (void *)(uintptr_t)names[c->checks % 4];
  }
  return NULL;
}

/* Somebody begins runs with models of their own while calls make adapters, refuse keys and read new ones. The thread sanitizer watches. */
static void a_model_is_checked_beside_calls_under_way(void **state) {
  struct room *r = *state;
  struct checking c = {.llm = r->llm};
  struct question q[12] = {0};
  pthread_t thread;
  void *failed;
  SCRIPT(&r->server, REFUSED("401", "", "{}"), GOOD);
  pthread_create(&thread, NULL, check_again_and_again, &c);
  for (int i = 0; i < 12; i++) put_question(r, &q[i]);
  loop_run(r->loop);
  c.stop = true;
  pthread_join(thread, &failed);
  assert_null(failed);
  for (int i = 0; i < 12; i++) release(&q[i]);
}

static void a_fenced_run_sends_nothing(void **state) {
  struct room *r = *state;
  struct question q = {0};
  r->epoch--;
  ask_one(r, &q);
  assert_int_equal(q.call.err, ERR_FENCED);
  assert_int_equal(r->server.n_requests, 0);
  assert_int_equal(r->budget.calls, 0);
  assert_int_equal(r->budget.reserved_nano, 0);
  release(&q);
}

/* Asked by an earlier life of the run; the answer came when this one had read its journal. */
static void a_late_answer_is_no_second_request(void **state) {
  struct room *r = *state;
  struct op_call_intent intent = {
      .op = {.kind = &op_call_intent_kind}, .run = r->run, .epoch = r->epoch, .provider = "p", .model = "m"};
  intent.key.scope = "/";
  intent.key.kind = "llm";
  do_ok(r->f->store, &intent.op);
  struct op_call_finish *late = mem_alloc(sizeof *late);
  *late = (struct op_call_finish){.op = {.kind = &op_call_finish_kind},
                                  .id = intent.id,
                                  .run = r->run,
                                  .epoch = r->epoch,
                                  .state = "answered",
                                  .cost_nano = 7,
                                  .result = mem_dup("{\"text\":\"late\"}"),
                                  .entry = {.run = r->run, .epoch = r->epoch, .seq = 1, .key = intent.key}};
  r->epoch = claim(r->f->store, r->run);
  assert_int_equal(store_do(r->f->store, &late->op), ERR_FENCED);
  late->op.kind->free(&late->op);
  struct question q = {0};
  ask_one(r, &q);
  assert_int_equal(q.call.err, OK);
  assert_string_equal(q.call.result, "{\"text\":\"late\"}");
  assert_int_equal(q.call.entry_seq, r->seq);
  assert_int_equal(r->server.n_requests, 0);
  assert_int_equal(r->budget.calls, 0);
  assert_int_equal(r->budget.reserved_nano, 0);
  assert_int_equal(ask(r->f->store, "SELECT count(*) FROM journal"), 1);
  release(&q);
}

static void budgets_hold_with_calls_in_parallel(void **state) {
  struct room *r = *state;
  struct question q[30] = {0};
  SCRIPT(&r->server, GOOD);
  int64_t worst = (61ll * 1000 + 500 * 10000);
  r->budget.limit_nano = worst + 10 * 300000; /* 10 or 11 fit, but never two worst cases at once */
  for (int i = 0; i < 30; i++) put_question(r, &q[i]);
  loop_run(r->loop);
  int answered = 0;
  for (int i = 0; i < 30; i++) {
    if (q[i].call.err == OK)
      answered++;
    else
      assert_int_equal(q[i].call.pause, LLM_PAUSE_BUDGET);
    release(&q[i]);
  }
  assert_in_range(answered, 10, 11);
  assert_true(r->budget.spent_nano <= r->budget.limit_nano);
  assert_int_equal(r->budget.spent_nano, rows_of(r).cost);
  assert_int_equal(r->server.n_requests, answered);

  struct question calls[5] = {0};
  r->budget = (struct llm_budget){.limit_nano = -1, .limit_calls = 3};
  for (int i = 0; i < 5; i++) put_question(r, &calls[i]);
  loop_run(r->loop);
  for (int i = 0; i < 5; i++) release(&calls[i]);
  assert_int_equal(r->budget.calls, 3);
}

static void the_library_has_a_month(void **state) {
  struct room *r = *state;
  struct question a = {0}, b = {0};
  SCRIPT(&r->server, GOOD);
  ask_one(r, &a); /* 300,000 */
  r->settings.month_limit_nano = 5000000;
  llm_free(r->llm);
  start_llm(r);
  ask_one(r, &b);
  assert_int_equal(b.call.pause, LLM_PAUSE_BUDGET);
  assert_non_null(strstr(b.call.error->message, "30-day"));
  release(&a);
  release(&b);
}

/* At each stage of its life. */
static void cancel_works_at_any_time(void **state) {
  struct room *r = *state;
  SCRIPT(&r->server,
         OK_HEAD DELTA("One ") PAUSE DELTA("two ") PAUSE DELTA("three.") PAUSE STOP("stop") PAUSE USAGE DONE);
  for (int at = 0; at < 60; at++) {
    struct question q = {0}, other = {0};
    put_question(r, &q);
    run_passes(r, at);
    if (!q.done) {
      llm_call_cancel(r->llm, &q.call);
      assert_null(q.call.state);
    }
    release(&q);
    memset(&q, 0xee, sizeof q); /* its memory is the caller's again */
    r->waiting = 0;
    if (at % 10 == 9) {
      ask_one(r, &other);
      assert_int_equal(other.call.err, OK);
      release(&other);
    }
  }
  struct question in_callback = {.cancel_at = 2};
  put_question(r, &in_callback);
  loop_run(r->loop);
  assert_int_equal(in_callback.done, 0);
  release(&in_callback);
  assert_int_equal(r->budget.reserved_nano, 0);
  assert_int_equal(llm_in_flight(r->llm), 0);
  reopen_all(r); /* writes what is left */
  assert_null(strstr(rows_of(r).states, "sent"));
}

/* Its provider bills what it has written by then. */
static void a_call_that_is_cancelled_in_mid_stream_is_booked(void **state) {
  struct room *r = *state;
  SCRIPT(&r->server,
         OK_HEAD DELTA("One two three four ") PAUSE DELTA("five six.") PAUSE STOP("stop") USAGE DONE);
  struct question q = {.cancel_at = 2};
  put_question(r, &q);
  loop_run(r->loop);
  release(&q);
  int64_t spent = r->budget.spent_nano;
  assert_in_range(spent, 5 * 10000, 100 * 1000 + 50 * 10000); /* five tokens at least */
  reopen_all(r);
  assert_int_equal(ask(r->f->store, LAST_CALL("cost_nano")), spent);
  assert_true(ask(r->f->store, LAST_CALL("usage_estimated")));
}

static void closing_with_calls_in_flight(void **state) {
  struct room *r = *state;
  SCRIPT(&r->server, OK_HEAD DELTA("One ") HANG);
  struct question q[8] = {0};
  for (int i = 0; i < 8; i++) put_question(r, &q[i]);
  run_passes(r, 60);
  llm_free(r->llm); /* the callers' memory is theirs until then */
  start_llm(r);
  r->waiting = 0;
  for (int i = 0; i < 8; i++) buf_release(&q[i].live);
}

static void limits_hold(void **state) {
  struct room *r = *state;
  r->providers[0].concurrency = 2;
  struct question q[8] = {0};
  SCRIPT(&r->server, OK_HEAD PAUSE PAUSE PAUSE DELTA("x") STOP("stop") DONE);
  uint64_t start = clock_mono_ns();
  for (int i = 0; i < 8; i++) put_question(r, &q[i]);
  loop_run(r->loop);
  assert_true(clock_mono_ns() - start >= 4 * 9 * 1000000ull); /* four pairs */
  for (int i = 0; i < 8; i++) {
    assert_int_equal(q[i].call.err, OK);
    release(&q[i]);
  }
}

static void a_looping_adapter_is_stopped(void **state) {
  struct room *r = *state;
  static const char *const models[] = {"looping/x"};
  struct question q = {.call = {.models = models, .n_models = 1}}, after = {0};
  SCRIPT(&r->server, GOOD);
  ask_one(r, &q);
  assert_int_equal(q.call.pause, LLM_PAUSE_PROVIDER);
  ask_one(r, &after);
  assert_int_equal(after.call.err, OK);
  release(&q);
  release(&after);
}

static void rehearsal_needs_no_network(void **state) {
  struct room *r = *state;
  char *first = NULL;
  for (int i = 0; i < 2; i++) {
    struct question q = {.call = {.role = "practice", .ask_key = "k"}};
    ask_one(r, &q);
    json_t *v = result(&q);
    assert_string_equal(jsonx_str(v, "stop", ""), "end");
    assert_int_equal(jsonx_int(v, "cost_nano", -1), 0);
    assert_true(strlen(jsonx_str(v, "text", "")) > 20);
    assert_string_equal(q.live.data, jsonx_str(v, "text", ""));
    if (first)
      assert_string_equal(first, jsonx_str(v, "text", ""));
    else
      first = mem_dup(jsonx_str(v, "text", ""));
    json_decref(v);
    release(&q);
  }
  struct question gone = {.call = {.role = "practice"}, .cancel_at = 3};
  put_question(r, &gone);
  loop_run(r->loop);
  assert_int_equal(gone.done, 0);
  release(&gone);
  free(first);
}

static bool file_has(const char *dir, const char *word) {
  DIR *d = opendir(dir);
  bool has = false;
  for (struct dirent *entry; d && (entry = readdir(d)) != NULL;) {
    struct buf b;
    buf_init(&b, 1 << 28);
    char *path = mem_printf("%s/%s", dir, entry->d_name);
    if (entry->d_type == DT_REG && buf_read_file(&b, path, NULL) == OK &&
        memmem(b.data, b.len, word, strlen(word)))
      has = true;
    free(path);
    buf_release(&b);
  }
  if (d) closedir(d);
  return has;
}

static void the_key_is_written_nowhere(void **state) {
  struct room *r = *state;
  static const char *const replies[] = {
      REFUSED("401", "x-request-id: " KEY "\r\n",
              "{\"error\":{\"message\":\"no: " KEY "\",\"code\":\"" KEY "\"}}"),
      REFUSED("400", "", KEY),
      "HTTP/1.1 200 OK\r\nConnection: close\r\nx-request-id: " KEY "\r\n\r\n" DELTA("It is " KEY) STOP(KEY)
          DONE,
      OK_HEAD DELTA(KEY) "data: {\"error\":{\"message\":\"" KEY "\"}}\n\n",
  };
  for (size_t i = 0; i < sizeof replies / sizeof replies[0]; i++) {
    struct question q = {0};
    SCRIPT(&r->server, replies[i]);
    ask_one(r, &q);
    if (q.call.error) assert_null(strstr(q.call.error->message, KEY));
    if (q.call.result) assert_null(strstr(q.call.result, KEY));
    release(&q);
  }
  assert_true(rows_of(r).n >= 4);
  reopen_all(r);
  assert_false(file_has(r->f->dir, KEY));
  assert_true(file_has(r->f->dir, "Write of the sea"));
}

/* Also when it comes in two or in fifty pieces: who watches the text live sees stars. */
static void the_key_is_not_in_the_live_text(void **state) {
  struct room *r = *state;
  for (int drip = 0; drip < 2; drip++) {
    struct question q = {0};
    SCRIPT(&r->server, OK_HEAD DELTA("A sk-sec") DELTA("sk-secret-01234")
                           DELTA("56789abcdef, sk-secret-0123456789abcdef") DELTA("sk-s") STOP("stop") DONE);
    r->server.drip = drip;
    ask_one(r, &q);
    assert_string_equal(q.live.data, "A sk-sec**************************, **************************sk-s");
    json_t *v = result(&q);
    assert_string_equal(jsonx_str(v, "text", ""), q.live.data);
    json_decref(v);
    release(&q);
  }
}

/* With a Host of its own a script could have the key carried to another site behind the same address. */
static void connection_headers_are_the_hosts(void **state) {
  struct room *r = *state;
  static const char *const names[] = {"Host", "transfer-encoding", "Content-Length", "Connection ", "Host;x"};
  SCRIPT(&r->server, GOOD);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    struct question q = {0};
    json_t *options = json_pack("{s:{s:s}}", "headers", names[i], "elsewhere");
    r->providers[0].options = options;
    ask_one(r, &q);
    assert_int_equal(q.call.err, ERR_CONFIG);
    assert_non_null(strstr(q.call.error->message, "which is the host's own"));
    json_decref(options);
    release(&q);
  }
  r->providers[0].options = NULL;
  assert_int_equal(r->server.n_requests, 0);
  assert_int_equal(r->budget.reserved_nano, 0);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, room_setup, room_teardown)
  const struct CMUnitTest tests[] = {
      T(an_answer_has_one_form),
      T(what_can_change_is_tried_again),
      T(what_cannot_change_is_not),
      T(an_odd_stream_is_an_answer_all_the_same),
      T(a_provider_cannot_park_a_run_for_years),
      T(providers_words_are_understood),
      T(a_prompt_that_was_cut_is_no_answer),
      T(a_persons_limit_goes_before_a_learnt_one),
      T(what_cannot_fit_is_not_sent),
      T(no_request_leaves_without_an_intent),
      T(each_deadline_counts_by_itself),
      T(an_unreachable_role_pauses),
      T(the_roles_next_model_takes_over),
      T(the_next_model_answers_when_a_key_is_refused),
      T(what_retry_after_says_is_heeded),
      T(a_host_that_stops_sends_nothing_new),
      T(a_request_that_is_too_large_says_so),
      T(a_redirect_takes_no_key_along),
      T(a_schema_is_asked_for_once),
      T(a_long_answer_stops_at_its_length),
      T(an_answer_without_stream_is_read_too),
      T(a_provider_cannot_spend_what_it_likes),
      T(a_long_answer_is_kept_and_paid_once),
      T(a_refused_answer_is_kept_and_booked),
      T(other_choices_are_not_mixed_into_the_answer),
      T(tokens_that_were_not_told_are_estimated_each_for_itself),
      T(a_missing_key_pauses_before_anything),
      T(a_key_file_must_be_private),
      T(a_model_is_checked_beside_calls_under_way),
      T(a_fenced_run_sends_nothing),
      T(a_late_answer_is_no_second_request),
      T(budgets_hold_with_calls_in_parallel),
      T(the_library_has_a_month),
      T(cancel_works_at_any_time),
      T(a_call_that_is_cancelled_in_mid_stream_is_booked),
      T(closing_with_calls_in_flight),
      T(limits_hold),
      T(a_looping_adapter_is_stopped),
      T(rehearsal_needs_no_network),
      T(the_key_is_written_nowhere),
      T(the_key_is_not_in_the_live_text),
      T(connection_headers_are_the_hosts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
