/* llm_fixture.h - model calls in a test: a scripted server on loopback, a library of its own, and questions to ask. */
#pragma once
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

static inline bool read_request(int fd, char *text, size_t room) {
  size_t n = 0, want = 0;
  while (n < room - 1) {
    ssize_t got = read(fd, text + n, room - 1 - n);
    if (got <= 0) return false;
    n += (size_t)got;
    text[n] = 0;
    char *end = strstr(text, "\r\n\r\n"), *length = strcasestr(text, "content-length:");
    if (end) want = (size_t)(end - text) + 4 + (length ? strtoul(length + 15, NULL, 10) : 0);
    if (want && n >= want) return true;
  }
  return false;
}

static inline void wait_for_client(int fd) {
  char c;
  while (read(fd, &c, 1) > 0) {
  }
}

/* false: the connection is over. */
static inline bool send_reply(struct server *s, int fd, const char *reply) {
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

static inline void *serve_connection(void *arg) {
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

static inline void *serve(void *arg) {
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

static inline void server_start(struct server *s) {
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

static inline void forget_requests(struct server *s) {
  while (s->n_requests > 0) free(s->requests[--s->n_requests]);
}

static inline void server_stop(struct server *s) {
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

/* Adapters that no script of ours is: what openai does, but for one function. */
static inline const char *odd_adapter(const char *name) {
#define ODD(changes)                                                                                         \
  "local o = require('openai') local t = {} for k, v in pairs(o) do t[k] = v end\n" changes " return t"
  static const char *const odd[][2] = {
      {"looping", ODD("function t.event() while true do end end")},
      {"elsewhere",
       ODD("function t.request(call) local r = o.request(call) r.url = call.options.url return r end")},
      {"learning",
       ODD("function t.failure() return {kind = 'parameter', message = 'no', learn = {drop_x = true}} end")},
  };
  for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
    if (strcmp(odd[i][0], name) == 0) return odd[i][1];
  return NULL;
}

static inline const char *adapter_source(void *arg, const char *name, size_t *n) {
  (void)arg;
  static struct {
    char name[32];
    char *text;
    size_t n;
  } cache[8];
  for (int i = 0; i < 8; i++) {
    if (cache[i].text && strcmp(cache[i].name, name) == 0) return *n = cache[i].n, cache[i].text;
    if (cache[i].text) continue;
    const char *odd = odd_adapter(name);
    struct buf b;
    buf_init(&b, MAX_SCRIPT_BYTES);
    char *path = mem_printf("scripts/providers/%s.lua", name);
    enum err err = odd ? buf_puts(&b, odd) : buf_read_file(&b, path, NULL);
    free(path);
    if (err != OK) return NULL;
    snprintf(cache[i].name, sizeof cache[i].name, "%s", name);
    *n = cache[i].n = b.len;
    return cache[i].text = buf_take(&b);
  }
  return NULL;
}

static inline void start_llm(struct room *r) {
  struct error e = {0};
  r->llm = llm_new(r->loop, r->f->store, &r->settings, &e);
  if (!r->llm) fail_msg("llm_new: %s", e.message);
}

static inline void reopen_all(struct room *r) {
  loop_drain(r->loop);
  llm_free(r->llm);
  reopen(r->f);
  loop_drain(r->loop);
  start_llm(r);
}

static inline int room_setup(void **state) {
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

static inline int room_teardown(void **state) {
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

static inline void script(struct server *s, const char *const *replies) {
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

static inline void on_text(struct llm_call *c, const char *text, size_t n) {
  struct question *q = c->owner;
  buf_append(&q->live, text, n);
  if (++q->pieces == q->cancel_at) {
    llm_call_cancel(q->room->llm, c);
    if (--q->room->waiting == 0) loop_stop(q->room->loop);
  }
}
static inline void on_alive(struct llm_call *c) {
  ((struct question *)c->owner)->alive++;
}
static inline void on_done(struct llm_call *c) {
  struct question *q = c->owner;
  q->done++;
  if (--q->room->waiting == 0) loop_stop(q->room->loop);
}

static const struct call_block blocks[] = {{.text = "You write books.", .n = 16, .stable = true},
                                           {.text = "Write of the sea.", .n = 17}};

static inline void put_question(struct room *r, struct question *q) {
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

static inline void release(struct question *q) {
  free(q->call.result);
  free(q->call.error);
  buf_release(&q->live);
}

static inline json_t *result(const struct question *q) {
  json_t *v = NULL;
  struct error e = {0};
  if (!q->call.result)
    fail_msg("no result: %s (%s)", q->call.error ? q->call.error->message : "", err_name(q->call.err));
  assert_int_equal(jsonx_parse(q->call.result, q->call.n_result, "result", &v, &e), OK);
  return v;
}

static inline void ask_one(struct room *r, struct question *q) {
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
static inline void add_row(void *arg, const struct call_row *row) {
  struct rows *rows = arg;
  size_t n = strlen(rows->states);
  snprintf(rows->states + n, sizeof rows->states - n, "%s%s", n ? " " : "", row->state);
  rows->cost += row->cost_nano;
  rows->n++;
}
static inline struct rows rows_of(struct room *r) {
  struct rows rows = {0};
  struct db *db = store_reader(r->f->store);
  calls_each(db, r->run, add_row, &rows);
  store_reader_release(r->f->store, db);
  return rows;
}

static inline void count_entry(void *arg, const struct journal_row *row) {
  if (row->id) ++*(int *)arg;
}
static inline int entries_of(struct room *r) {
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

static inline bool one_pass_less(void *arg) {
  struct room *r = arg;
  usleep(300);
  if (r->passes-- <= 0) loop_stop(r->loop);
  return true;
}

/* So many turns of the loop, or until all are answered. */
static inline void run_passes(struct room *r, int n) {
  r->passes = n;
  loop_set_idle(r->loop, one_pass_less, r);
  loop_run(r->loop);
  loop_set_idle(r->loop, NULL, NULL);
}
