/* test_rehearse.c - the rehearsal server over real sockets: the wire, the ledger, its settings, and many at once. */
#include "rehearse_fixture.h"

static void a_stream_and_a_body_carry_the_answer_of_the_embedded_model(void **state) {
  (void)state;
  struct rehearse *r = start(NULL, NULL);
  const char *prompt = "Write about 120 words on \xE7\xBE\x8E\xE6\x9C\x88.";
  char *body = body_of(prompt, "k", "writer", true);
  json_t *request = NULL;
  struct buf text;
  struct rehearsal_usage usage;
  buf_init(&text, MAX_ANSWER_BYTES);
  jsonx_parse(body, strlen(body), "request", &request, NULL);
  assert_int_equal(rehearsal_answer(request, &(struct rehearsal_options){0}, &text, &usage, NULL), OK);

  char *streamed = call(r, true), *whole = call(r, false);
  struct heard h = listen_to(streamed);
  assert_string_equal(h.text.data, text.data);
  assert_true(h.done && h.whole && !h.bad);
  assert_int_equal(h.events, 20 + 3); /* finish_reason, usage, [DONE] */
  assert_string_equal(h.finish, "stop");
  assert_int_equal(h.output, usage.output);
  json_t *v = NULL;
  assert_int_equal(jsonx_parse(wire_body(whole), strlen(wire_body(whole)), "body", &v, NULL), OK);
  json_t *choice = json_array_get(json_object_get(v, "choices"), 0);
  assert_string_equal(jsonx_str(json_object_get(choice, "message"), "content", ""), text.data);
  json_decref(v);

  json_t *ledger = get(r, "GET", "/ledger", ""),
         *entry = json_array_get(json_object_get(ledger, "entries"), 0);
  char key[SHA_HEX];
  rehearsal_key(request, key, NULL);
  assert_int_equal(jsonx_int(ledger, "requests", 0), 2);
  assert_int_equal(jsonx_int(ledger, "keys", 0), 1);
  assert_int_equal(jsonx_int(ledger, "most_per_key", 0), 2);
  assert_int_equal(jsonx_int(ledger, "answered", 0), 2);
  assert_string_equal(jsonx_str(entry, "key", ""), key);
  assert_string_equal(jsonx_str(entry, "call", ""), "17");
  assert_string_equal(jsonx_str(entry, "role", ""), "writer");
  assert_string_equal(jsonx_str(entry, "quire_key", ""), "k");
  assert_string_equal(jsonx_str(entry, "status", ""), "answered");
  assert_int_equal(jsonx_int(entry, "prompt_bytes", 0), strlen(prompt));
  assert_int_equal(jsonx_int(entry, "prefix_bytes", 0), 12);
  assert_int_equal(jsonx_int(entry, "http", 0), 200);
  json_decref(ledger);
  json_decref(request);
  buf_release(&text);
  buf_release(&h.text);
  free(body);
  free(streamed);
  free(whole);
  rehearse_stop(r);
}

static void the_ledger_counts_since_a_number_and_can_be_cleared(void **state) {
  (void)state;
  struct rehearse *r = start(NULL, NULL);
  for (int i = 0; i < 3; i++) free(call(r, true));
  json_t *v = get(r, "GET", "/ledger?since=2", "");
  assert_int_equal(json_array_size(json_object_get(v, "entries")), 1);
  assert_int_equal(jsonx_int(v, "requests", 0), 3);
  assert_int_equal(jsonx_int(json_array_get(json_object_get(v, "entries"), 0), "attempt", 0), 3);
  json_decref(v);
  v = get(r, "DELETE", "/ledger", "");
  assert_int_equal(jsonx_int(v, "requests", 9), 0);
  json_decref(v);
  free(call(r, true));
  v = get(r, "GET", "/ledger?since=3", "");
  assert_int_equal(jsonx_int(json_array_get(json_object_get(v, "entries"), 0), "n", 0), 4);
  assert_int_equal(jsonx_int(json_array_get(json_object_get(v, "entries"), 0), "attempt", 0), 1);
  json_decref(v);
  rehearse_stop(r);
}

static void wrong_requests_are_refused(void **state) {
  (void)state;
  struct rehearse *r = start(NULL, NULL);
  static const struct {
    const char *request;
    int status;
  } wrong[] = {
      {"POST /v1/chat/completions HTTP/1.1\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}", 400},
      {"POST /v1/chat/completions HTTP/1.1\r\nConnection: close\r\nContent-Length: 4\r\n\r\n\"\xFF\"{", 400},
      {"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: x\r\n\r\n", 413},
      {"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", 413},
      {"POST /v1/chat/completions HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 413},
      {"GET /v1/chat/completions HTTP/1.1\r\nConnection: close\r\n\r\n", 405},
      {"GET /nothing HTTP/1.1\r\nConnection: close\r\n\r\n", 404},
      {"GET / HTTP/1.0\r\n\r\n", 400},
      {"hello\r\n\r\n", 400},
      {"GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n", 200},
      {"GET /v1/models HTTP/1.1\r\nConnection: close\r\n\r\n", 200},
  };
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    char *answer = exchange(r, wrong[i].request);
    if (wire_status(answer) != wrong[i].status) fail_msg("%s: %s", wrong[i].request, answer);
    free(answer);
  }
  expect_entry(r, 0, "refused");
  rehearse_stop(r);
}

static void a_connection_is_kept_and_may_be_ahead(void **state) {
  (void)state;
  struct rehearse *r = start(NULL, NULL);
  int fd = wire_connect(port_of(r));
  char *body = body_of("Write 30 words.", "k", "w", false),
       *post = post_of("/v1/chat/completions", "Expect: 100-continue\r\n", body);
  struct buf in;
  buf_init(&in, 1 << 20);
  wire_send(fd, post, strlen(post) - strlen(body));
  assert_true(wire_read(fd, &in, "100 Continue\r\n\r\n"));
  wire_puts(fd, body);
  for (int i = 0; i < 100; i++) wire_puts(fd, "GET /healthz HTTP/1.1\r\n\r\n");
  wire_puts(fd, "GET /v1/models HTTP/1.1\r\nConnection: close\r\n\r\n");
  assert_true(wire_read(fd, &in, NULL));
  int answers = 0;
  for (const char *at = in.data; (at = strstr(at, "HTTP/1.1 200")); at++) answers++;
  assert_int_equal(answers, 102);
  close(fd);
  buf_release(&in);
  free(body);
  free(post);
  rehearse_stop(r);
}

/* ---- settings ---- */

static void settings_change_while_it_runs(void **state) {
  (void)state;
  struct rehearse *r = start(NULL, NULL);
  json_t *v = get(r, "POST", "/control", "{\"latency\":300,\"faults\":[\"500:times=1\"]}");
  assert_int_equal(jsonx_int(v, "latency", 0), 300);
  json_decref(v);
  assert_int_equal(errors_of(r, 1, "k", "w"), 1);
  uint64_t from = clock_mono_ns();
  assert_int_equal(errors_of(r, 1, "k", "w"), 0);
  assert_true(clock_mono_ns() - from >= 300 * 1000000);
  static const char *const wrong[] = {"{\"latncy\":1}",
                                      "{\"latency\":-1}",
                                      "{\"latency\":\"1\"}",
                                      "{\"faults\":[\"429:evry=1\"]}",
                                      "{\"faults\":3}",
                                      "{\"listen\":\"x\"}",
                                      "[]",
                                      "{",
                                      NULL};
  for (int i = 0; wrong[i]; i++) {
    v = get(r, "POST", "/control", wrong[i]);
    assert_int_equal(jsonx_int(v, "http", 0), 400);
    json_decref(v);
  }
  v = get(r, "GET", "/control", "");
  assert_int_equal(jsonx_int(v, "latency", 0), 300);
  assert_int_equal(json_array_size(json_object_get(v, "faults")), 1);
  json_decref(v);
  rehearse_stop(r);
}

static void options_are_read_or_explained(void **state) {
  (void)state;
  static const struct {
    const char *args[3];
    const char *message, *hint; /* NULL: it is right */
  } tries[] = {
      {{"--latency", "500"}, NULL, NULL},
      {{"--latency=500"}, NULL, NULL},
      {{"--fault", "429:every=5,role=writer"}, NULL, NULL},
      {{"--usage-bias", "1.5"}, NULL, NULL},
      {{"--latncy", "1"}, "no option 'latncy'", "latency"},
      {{"--latency"}, "needs a value", ""},
      {{"--latency", "soon"}, "latency takes a whole number", ""},
      {{"--chunks", "0"}, "chunks takes", ""},
      {{"500"}, "options only", "--listen"},
      {{"--fault", "hangs"}, "no fault 'hangs'", "hang"},
      {{"--fault", "200"}, "from 400 to 599", ""},
      {{"--fault", "429:evry=5"}, "no condition 'evry'", "every"},
      {{"--fault", "429:every=0"}, "every= takes", ""},
      {{"--fault", "429:every"}, "no condition 'every'", ""},
      {{"--fault", "429:p=2"}, "p= takes", ""},
      {{"--fault", "429:"}, "no condition ''", "every=N"},
      {{"--fault", ""}, "no fault ''", "hang"},
      {{"--fault", "429:role="}, "role= is empty", ""},
      {{"--listen", "127.0.0.1:0"}, NULL, NULL},
  };
  for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
    struct rehearse_options o;
    struct error e = {0};
    rehearse_options_init(&o);
    int n = tries[i].args[1] ? 2 : 1;
    char *args[2] = {mem_dup(tries[i].args[0]), mem_dup(tries[i].args[1])};
    enum err err = rehearse_parse(&o, n, args, &e);
    if (!tries[i].message) assert_int_equal(err, OK);
    if (tries[i].message &&
        (err != ERR_INVALID || !strstr(e.message, tries[i].message) || !strstr(e.hint, tries[i].hint)))
      fail_msg("%s %s: %s (%s)", args[0], args[1] ? args[1] : "", e.message, e.hint);
    free(args[0]);
    free(args[1]);
  }
}

static void a_server_that_cannot_start_says_why(void **state) {
  (void)state;
  struct rehearse_options o;
  struct rehearse *r = start(NULL, NULL), *second;
  struct error e = {0};
  rehearse_options_init(&o);
  o.listen = rehearse_address(r);
  assert_int_equal(rehearse_start(&o, &second, &e), ERR_IO);
  assert_non_null(strstr(e.message, o.listen));
  o.listen = "nowhere";
  assert_int_equal(rehearse_start(&o, &second, &e), ERR_INVALID);
  assert_null(second);
  rehearse_stop(r);
}

/* ---- many at once ---- */

/* Opens `n` connections at once, each with a call of its own; returns how many streams ended whole. */
static int all_at_once(const struct rehearse *r, int n) {
  struct client {
    int fd;
    bool sent;
    char tail[8];
  } *clients = mem_alloc((size_t)n * sizeof *clients);
  int epoll = epoll_create1(EPOLL_CLOEXEC), whole = 0, left = n;
  for (int i = 0; i < n; i++) {
    clients[i].fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port_of(r))};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connect(clients[i].fd, (struct sockaddr *)&to, sizeof to);
    struct epoll_event ev = {.events = EPOLLOUT | EPOLLIN, .data.u32 = (uint32_t)i};
    epoll_ctl(epoll, EPOLL_CTL_ADD, clients[i].fd, &ev);
  }
  struct epoll_event ready[64];
  for (int got; left && (got = epoll_wait(epoll, ready, 64, 20000)) > 0;)
    for (int i = 0; i < got; i++) {
      struct client *c = &clients[ready[i].data.u32];
      if (!c->sent) {
        char key[16];
        snprintf(key, sizeof key, "k%u", ready[i].data.u32);
        char *body = body_of("Write about 300 words.", key, "w", true),
             *request = post_of("/v1/chat/completions", "", body);
        wire_puts(c->fd, request);
        free(request);
        free(body);
        c->sent = true;
        struct epoll_event ev = {.events = EPOLLIN, .data.u32 = ready[i].data.u32};
        epoll_ctl(epoll, EPOLL_CTL_MOD, c->fd, &ev);
        continue;
      }
      char piece[65536];
      ssize_t n_read = recv(c->fd, piece, sizeof piece, 0);
      if (n_read < 0 && errno == EAGAIN) continue;
      bool ended = n_read > 5 && memcmp(piece + n_read - 5, "0\r\n\r\n", 5) == 0;
      if (n_read > 0 && !ended) continue;
      whole += ended;
      left--;
      close(c->fd);
    }
  close(epoll);
  free(clients);
  return whole;
}

static void many_calls_take_the_time_of_one(void **state) {
  (void)state;
  struct rehearse *r = start(NULL, "500");
  uint64_t from = clock_mono_ns();
  ends_within(60); /* one after the other they take 100 s */
  assert_int_equal(all_at_once(r, 200), 200);
  assert_true(clock_mono_ns() - from >= 500 * UINT64_C(1000000));
  rehearse_stop(r);
}

static void a_thousand_clients_come_at_once(void **state) {
  (void)state;
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  int n = limit.rlim_cur > 4200 ? 2000 : 400;
  struct rehearse *r = start(NULL, "1000");
  assert_int_equal(all_at_once(r, n), n);
  json_t *ledger = get(r, "GET", "/ledger", "");
  assert_int_equal(jsonx_int(ledger, "answered", 0), n);
  assert_int_equal(jsonx_int(ledger, "keys", 0), n);
  json_decref(ledger);
  rehearse_stop(r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_stream_and_a_body_carry_the_answer_of_the_embedded_model),
      cmocka_unit_test(the_ledger_counts_since_a_number_and_can_be_cleared),
      cmocka_unit_test(wrong_requests_are_refused),
      cmocka_unit_test(a_connection_is_kept_and_may_be_ahead),
      cmocka_unit_test(settings_change_while_it_runs),
      cmocka_unit_test(options_are_read_or_explained),
      cmocka_unit_test(a_server_that_cannot_start_says_why),
      cmocka_unit_test(many_calls_take_the_time_of_one),
      cmocka_unit_test(a_thousand_clients_come_at_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
