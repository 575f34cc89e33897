/* test_http_guard.c - what may come in: each guard against a raw socket, and clients that stall. */
#include "http_fixture.h"

/* ---- guards ---- */

static void what_must_not_come_in_is_refused(void **state) {
  static const struct {
    const char *what, *request;
    int status; /* 0: refused in whatever way */
  } attacks[] = {
      {"no Host", "GET /hello HTTP/1.1\r\n\r\n", 0},
      {"no Host, old", "GET /hello HTTP/1.0\r\n\r\n", 0},
      {"two Hosts", "GET /hello HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 0},
      {"a rebound name", "GET /hello HTTP/1.1\r\nHost: evil.example\r\n\r\n", 403},
      {"a name that ends like ours", "GET /hello HTTP/1.1\r\nHost: xlocalhost\r\n\r\n", 403},
      {"a name that begins like ours", "GET /hello HTTP/1.1\r\nHost: 127.0.0.1.evil.example\r\n\r\n", 403},
      {"a port that is none", "GET /hello HTTP/1.1\r\nHost: localhost:80@evil\r\n\r\n", 403},
      {"a foreign Origin",
       "POST /echo HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\nContent-Length: 0\r\n\r\n",
       403},
      {"no Origin at all costs",
       "POST /echo HTTP/1.1\r\nHost: localhost\r\nOrigin: null\r\nContent-Length: 0\r\n\r\n", 403},
      {"another port of ours",
       "POST /echo HTTP/1.1\r\nHost: localhost:1\r\nOrigin: http://localhost:2\r\nContent-Length: 0\r\n\r\n",
       403},
      {"a foreign page",
       "POST /echo HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: cross-site\r\nContent-Length: 0\r\n\r\n",
       403},
      {"a foreign picture",
       "GET /hello HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n\r\n",
       403},
      {"a foreign DELETE",
       "DELETE /runs/7 HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\n\r\n", 403},
      {"two lengths",
       "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 0},
      {"a length that is none", "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3x\r\n\r\nabc", 0},
      {"a length with a sign", "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: +3\r\n\r\nabc", 0},
      {"a negative length", "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: -3\r\n\r\nabc", 0},
      {"two ways to end",
       "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       0},
      {"chunks", "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0},
      {"too long for the route",
       "POST /short HTTP/1.1\r\nHost: localhost\r\nContent-Length: 11\r\n\r\n12345678901", 413},
      {"too long for all", "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n",
       413},
      {"a body that ends early", "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc",
       400},
      {"a control character", "GET /runs/%01 HTTP/1.1\r\nHost: localhost\r\n\r\n", 0},
      {"a zero byte", "GET /runs/a%00b HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
      {"a line break", "GET /runs/a%0d%0ab HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
      {"half an escape", "GET /runs/a%2 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
      {"no escape", "GET /runs/a%zz HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
      {"not UTF-8", "GET /runs/%ff%fe HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
      {"a way up", "GET /runs/7/files/../../x HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
      {"a hidden way up", "GET /runs/7/files/%2e%2e/x HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
      {"another server's address", "GET http://evil.example/hello HTTP/1.1\r\nHost: localhost\r\n\r\n", 0},
      {"no HTTP", "hello\r\n\r\n", 0},
      {"a blank before a colon", "GET /hello HTTP/1.1\r\nHost: localhost\r\nX-Kind : a\r\n\r\n", 400},
      {"a length behind a blank", "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length : 3\r\n\r\nabc",
       400},
      {"a header without a name", "GET /hello HTTP/1.1\r\nHost: localhost\r\n: a\r\n\r\n", 400},
      {"a folded line",
       "POST /echo HTTP/1.1\r\nHost: localhost\r\nX-Kind: a\r\n b\r\nOrigin: http://evil.example\r\nContent-Length: 0\r\n\r\n",
       400},
      {"a header that is none", "GET /hello HTTP/1.1\r\nHost: localhost\r\nhello\r\n\r\n", 400},
      {"a huge path", NULL, 0},
  };
  char *huge = mem_alloc(70000);
  memset(huge, 'a', 69999);
  memcpy(huge, "GET /", 5);
  for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++) {
    char *answer = ask(state, attacks[i].request ? attacks[i].request : huge);
    int status = wire_status(answer);
    bool refused = attacks[i].status ? status == attacks[i].status : (status == 0 || status >= 400);
    if (!refused) fail_msg("%s: %s", attacks[i].what, answer);
    free(answer);
  }
  free(huge);
}

/* `n` lines, then `last`, then the end of the head. */
static char *ask_with_lines(void *const *state, int n, const char *last) {
  struct buf request;
  buf_init(&request, 100000);
  buf_puts(&request, "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n");
  for (int i = 0; i < n; i++) buf_printf(&request, "X-Line-%d: %d\r\n", i, i);
  buf_printf(&request, "%s\r\n", last);
  char *answer = ask(state, request.data);
  buf_release(&request);
  return answer;
}

static void no_header_line_is_lost_unseen(void **state) {
  static const struct {
    int n;
    const char *last;
    int status;
  } heads[] = {{60, "", 201},
               {60, "Origin: http://evil.example\r\n", 403},
               {80, "", 0},
               {80, "Origin: http://evil.example\r\n", 0},
               {300, "Transfer-Encoding: chunked\r\n", 0}};
  for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
    char *answer = ask_with_lines(state, heads[i].n, heads[i].last);
    int status = wire_status(answer);
    bool right =
        heads[i].status ? status == heads[i].status : status >= 400 && strstr(answer, "Connection: close");
    if (!right) fail_msg("%d lines, %s: %s", heads[i].n, heads[i].last, answer);
    free(answer);
  }
}

/* What stays unread of a refused request must never be taken for the next one. */
static void a_refused_body_is_no_request(void **state) {
  static const char *const refused[] = {
      "POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 45\r\n\r\n",
      "POST /echo HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 45\r\n\r\n",
      "POST /short HTTP/1.1\r\nHost: localhost\r\nContent-Length: 45\r\n\r\n"};
  for (int i = 0; i < 3; i++) {
    char *request = mem_printf("%sGET /hello HTTP/1.1\r\nHost: localhost\r\nX: y\r\n\r\n", refused[i]);
    char *answer = ask(state, request);
    assert_true(wire_status(answer) >= 400);
    assert_null(strstr(answer + 9, "HTTP/1.1 2"));
    free(answer);
    free(request);
  }
}

static void requests_that_come_together_are_answered_in_order(void **state) {
  char *answer = ask(state, "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nfirst"
                            "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"
                            "POST /json HTTP/1.1\r\nHost: localhost\r\nContent-Length: 7\r\n\r\n{\"a\":1}");
  const char *first = strstr(answer, "first"), *second = strstr(answer, "hello"),
             *third = strstr(answer, "{\"a\"");
  assert_non_null(first);
  assert_true(second > first && third > second);
  assert_null(strstr(answer, "first\r"));
  free(answer);
}

static void our_own_names_and_pages_come_in(void **state) {
  static const char *const names[] = {
      "localhost", "LOCALHOST:8420", "127.0.0.1",     "127.0.0.1:80",      "127.1.2.3",
      "[::1]",     "[::1]:80",       "quire.example", "Quire.Example:443", NULL};
  for (int i = 0; names[i]; i++) {
    char request[300];
    snprintf(request, sizeof request,
             "POST /echo HTTP/1.1\r\nHost: %s\r\nOrigin: http%s://%s\r\nContent-Length: 2\r\n\r\nok",
             names[i], i % 2 ? "s" : "", names[i]);
    char *answer = ask(state, request);
    if (wire_status(answer) != 201) fail_msg("%s: %s", names[i], answer);
    free(answer);
  }
}

static void an_expected_continue_is_sent(void **state) {
  int fd = wire_connect(server_port(*state));
  struct buf in;
  buf_init(&in, 10000);
  wire_puts(fd,
            "POST /echo HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  assert_true(wire_read(fd, &in, "100 Continue\r\n\r\n"));
  wire_puts(fd, "abc");
  assert_true(wire_read(fd, &in, "\r\n\r\nabc"));
  close(fd);
  buf_release(&in);
}

static void a_client_that_stalls_is_let_go(void **state) {
  static const char *const stalls[] = {
      "GET /hello HTTP/1.1\r\nHost: lo",
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc"};
  for (int i = 0; i < 2; i++) {
    ends_within(60);
    int fd = wire_connect(server_port(*state));
    struct buf in;
    buf_init(&in, 10000);
    wire_puts(fd, stalls[i]);
    wire_read(fd, &in, NULL);
    assert_true(wire_status(in.data) != 200 && wire_status(in.data) != 201);
    close(fd);
    buf_release(&in);
  }
}

/* A head has its time in all, however often a byte of it comes. */
static void a_client_that_drips_its_head_is_let_go(void **state) {
  int fd = wire_connect(server_port(*state)), drops = 0;
  for (struct pollfd gone = {.fd = fd, .events = POLLIN}; drops < 100 && poll(&gone, 1, 100) == 0; drops++)
    wire_puts(fd, drops ? "x" : "GET /hello HTTP/1.1\r\nX-Slow: ");
  assert_in_range(drops, 1, 50);
  close(fd);
}

/* More than there are threads, each in its own way: none of them holds one. */
static void silent_and_slow_clients_delay_nobody(void **state) {
  (void)state;
  enum { EACH = 100 };
  static const char *const ways[] = {
      "",
      "GET /hello HTTP/1.1\r\nHost: lo",
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nabc",
  };
  int fds[3][EACH];
  struct server *s = start_with(NULL, 60000);
  for (int way = 0; way < 3; way++)
    for (int i = 0; i < EACH; i++) {
      fds[way][i] = wire_connect(server_port(s));
      wire_puts(fds[way][i], ways[way]);
    }
  for (int i = 0; i < 20; i++) {
    char *answer = wire_ask(server_port(s), "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_int_equal(wire_status(answer), 200);
    free(answer);
  }
  ends_within(60);
  server_stop(s);
  for (int way = 0; way < 3; way++)
    for (int i = 0; i < EACH; i++) close(fds[way][i]);
}

static void health_is_told_while_every_thread_is_busy(void **state) {
  (void)state;
  struct server *s = start_with(NULL, 60000);
  int fds[20];
  pthread_mutex_lock(&held);
  for (int i = 0; i < 20; i++) {
    fds[i] = wire_connect(server_port(s));
    wire_puts(fds[i], "GET /held HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  }
  for (int i = 0; i < 5; i++) {
    char *answer = wire_ask(server_port(s), "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_int_equal(wire_status(answer), 200);
    free(answer);
  }
  pthread_mutex_unlock(&held);
  for (int i = 0; i < 20; i++) { /* and all the others get their turn, or hear that it is too early */
    struct buf in;
    buf_init(&in, 10000);
    wire_read(fds[i], &in, NULL);
    assert_true(wire_status(in.data) == 200 || wire_status(in.data) == 503);
    buf_release(&in);
    close(fds[i]);
  }
  server_stop(s);
}

static void ask_held(int *fd, int port) {
  *fd = wire_connect(port);
  wire_puts(*fd, "GET /held HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
}

/* Eight threads, two of them kept for health: six requests are at work, and the seventh comes a moment too early. */
static void a_request_that_comes_a_moment_too_early_waits_for_its_turn(void **state) {
  (void)state;
  struct server *s = start_with(NULL, 60000);
  int fds[7];
  ends_within(60);
  holding = 0;
  pthread_mutex_lock(&held);
  for (int i = 0; i < 6; i++) ask_held(&fds[i], server_port(s));
  while (holding < 6) continue;
  ask_held(&fds[6], server_port(s));
  assert_int_equal(poll(&(struct pollfd){.fd = fds[6], .events = POLLIN}, 1, 300), 0);
  pthread_mutex_unlock(&held);
  for (int i = 0; i < 7; i++) {
    struct buf in;
    buf_init(&in, 10000);
    wire_read(fds[i], &in, NULL);
    assert_int_equal(wire_status(in.data), 200);
    buf_release(&in);
    close(fds[i]);
  }
  server_stop(s);
}

static void a_token_opens_what_is_not_open(void **state) {
  (void)state;
  struct server *s = start("s3cret-token");
  static const struct {
    const char *path, *header;
    int status;
  } tries[] = {{"/runs/7", "", 401},
               {"/runs/7", "Authorization: Bearer wrong\r\n", 401},
               {"/runs/7", "Authorization: Bearer s3cret-token2\r\n", 401},
               {"/runs/7", "Authorization: Basic s3cret-token\r\n", 401},
               {"/runs/7", "Authorization: Bearer s3cret-token\r\n", 200},
               {"/runs/7", "authorization: bearer s3cret-token\r\n", 200},
               {"/hello", "", 200}};
  for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
    char request[300];
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n", tries[i].path,
             tries[i].header);
    char *answer = wire_ask(server_port(s), request);
    if (wire_status(answer) != tries[i].status) fail_msg("%s %s: %s", tries[i].path, tries[i].header, answer);
    free(answer);
  }
  server_stop(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_must_not_come_in_is_refused),
      cmocka_unit_test(no_header_line_is_lost_unseen),
      cmocka_unit_test(a_refused_body_is_no_request),
      cmocka_unit_test(requests_that_come_together_are_answered_in_order),
      cmocka_unit_test(our_own_names_and_pages_come_in),
      cmocka_unit_test(an_expected_continue_is_sent),
      cmocka_unit_test(a_client_that_stalls_is_let_go),
      cmocka_unit_test(a_client_that_drips_its_head_is_let_go),
      cmocka_unit_test(silent_and_slow_clients_delay_nobody),
      cmocka_unit_test(health_is_told_while_every_thread_is_busy),
      cmocka_unit_test(a_request_that_comes_a_moment_too_early_waits_for_its_turn),
      cmocka_unit_test(a_token_opens_what_is_not_open),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
