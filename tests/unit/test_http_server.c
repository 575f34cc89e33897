/* test_http_server.c - routes, bodies, streams, aborts and stopping, over raw sockets. */
#include "http_fixture.h"

static void addresses_find_their_handlers(void **state) {
  static const struct {
    const char *line, *more;
    int status;
    const char *body;
  } asked[] = {
      {"GET /hello", "", 200, "hello"},
      {"GET /", "", 200, "hello"},
      {"HEAD /hello", "", 200, ""},
      {"GET /deep", "", 200, "room"},
      {"GET /runs/7?q=a%20b+c&x", "", 200, "{\"id\":\"7\",\"method\":\"GET\",\"path\":null,\"q\":\"a b c\"}"},
      {"DELETE /runs/7", "", 200, "{\"id\":\"7\",\"method\":\"DELETE\",\"path\":null,\"q\":null}"},
      {"GET /runs/a%2Fb", "", 200, "{\"id\":\"a/b\",\"method\":\"GET\",\"path\":null,\"q\":null}"},
      {"GET /runs/%E7%BE%8E", "", 200,
       "{\"id\":\"\xE7\xBE\x8E\",\"method\":\"GET\",\"path\":null,\"q\":null}"},
      {"GET /runs/7/files/chapters/03.md", "", 200,
       "{\"id\":\"7\",\"method\":\"GET\",\"path\":\"chapters/03.md\",\"q\":null}"},
      {"GET /runs/7/files/", "", 404, NULL},
      {"GET /runs/", "", 404, NULL},
      {"GET /runs", "", 404, NULL},
      {"GET /runs/7/x", "", 404, NULL},
      {"GET /hello/", "", 404, NULL},
      {"POST /hello", "Content-Length: 0\r\n", 405, NULL},
      {"OPTIONS /hello", "", 405, NULL},
      {"GET /nothing", "", 500, NULL},
      {"GET /error", "", 404, NULL},
  };
  for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
    char request[500];
    snprintf(request, sizeof request, "%s HTTP/1.1\r\nHost: localhost\r\n%s\r\n", asked[i].line,
             asked[i].more);
    char *answer = ask(state, request);
    if (wire_status(answer) != asked[i].status) fail_msg("%s: %s", asked[i].line, answer);
    if (asked[i].body) assert_string_equal(wire_body(answer), asked[i].body);
    if (!asked[i].body) assert_non_null(strstr(wire_body(answer), "{\"error\":{\"code\":\""));
    assert_null(strstr(answer, "Access-Control"));
    free(answer);
  }
}

static void a_body_comes_back_whole(void **state) {
  size_t n = 3 << 20;
  struct buf request;
  buf_init(&request, 8 << 20);
  buf_printf(&request, "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n\r\n", n);
  size_t head = request.len;
  for (size_t i = 0; i < n; i++) buf_putc(&request, (char)(i * 7));
  int fd = wire_connect(server_port(*state));
  wire_send(fd, request.data, request.len);
  shutdown(fd, SHUT_WR);
  struct buf in;
  buf_init(&in, 8 << 20);
  wire_read(fd, &in, NULL);
  assert_int_equal(wire_status(in.data), 201);
  assert_memory_equal(wire_body(in.data), request.data + head, n);
  assert_null(strstr(in.data, "Set-Cookie"));
  assert_non_null(strstr(in.data, "X-Good: yes"));
  close(fd);
  buf_release(&in);
  buf_release(&request);
}

static void one_connection_serves_many_requests(void **state) {
  int fd = wire_connect(server_port(*state));
  for (int i = 0; i < 50; i++) {
    struct buf in;
    buf_init(&in, 10000);
    wire_puts(fd, i % 2 ? "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"
                        : "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello");
    assert_true(wire_read(fd, &in, "\r\n\r\nhello"));
    buf_release(&in);
  }
  close(fd);
}

static void json_that_is_wrong_is_explained(void **state) {
  char *answer = ask(state, "POST /json HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\n{\"a");
  assert_int_equal(wire_status(answer), 400);
  assert_non_null(strstr(answer, "line 1"));
  free(answer);
  answer = ask(state, "POST /json HTTP/1.1\r\nHost: localhost\r\nContent-Length: 7\r\n\r\n{\"a\":1}");
  assert_string_equal(wire_body(answer), "{\"a\":1}");
  free(answer);
  answer =
      ask(state, "POST /json HTTP/1.1\r\nHost: localhost\r\nContent-Length: 14\r\n\r\n{\"a\":\"\\u0000\"}");
  assert_int_equal(wire_status(answer), 400);
  assert_non_null(strstr(answer, "'a'"));
  free(answer);
  assert_int_equal(left_behind, 0);
}

/* ---- streams ---- */

static void a_stream_is_whole_or_seen_to_be_cut(void **state) {
  char *answer = ask(state, "GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
  assert_string_equal(wire_body(answer),
                      "9\r\ndata: x\n\n\r\n9\r\ndata: x\n\n\r\n9\r\ndata: x\n\n\r\n0\r\n\r\n");
  free(answer);
  answer = ask(state, "GET /stream HTTP/1.0\r\nHost: localhost\r\n\r\n");
  assert_string_equal(wire_body(answer), "data: x\n\ndata: x\n\ndata: x\n\n");
  free(answer);
  int fd = wire_connect(server_port(*state));
  struct buf in;
  buf_init(&in, 10000);
  ends_within(60);
  wire_puts(fd, "GET /abort HTTP/1.1\r\nHost: localhost\r\n\r\n");
  wire_read(fd, &in, NULL);
  assert_string_equal(wire_body(in.data), "9\r\ndata: x\n\n\r\n");
  close(fd);
  buf_release(&in);
}

static void a_download_is_whole_or_seen_to_be_cut(void **state) {
  static const struct {
    const char *line, *body;
  } cases[] = {{"GET /ten?n=10 HTTP/1.1", "xxxxxxxxxx"},
               {"GET /ten?n=10 HTTP/1.0", "xxxxxxxxxx"},
               {"GET /ten?n=11 HTTP/1.1", "xxxxxxxxxx"},
               {"GET /ten?n=4 HTTP/1.1", "xxxx"},
               {"HEAD /ten?n=10 HTTP/1.1", ""}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char request[200];
    snprintf(request, sizeof request, "%s\r\nHost: localhost\r\n\r\n", cases[i].line);
    char *answer = ask(state, request);
    assert_non_null(strstr(answer, "Content-Length: 10\r\n"));
    assert_null(strstr(answer, "chunked"));
    assert_string_equal(wire_body(answer), cases[i].body);
    free(answer);
  }
  int fd = wire_connect(server_port(*state)); /* after a short one nothing else comes on its connection */
  struct buf in;
  buf_init(&in, 10000);
  wire_puts(fd,
            "GET /ten?n=4 HTTP/1.1\r\nHost: localhost\r\n\r\nGET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
  ends_within(60);
  wire_read(fd, &in, NULL);
  assert_string_equal(wire_body(in.data), "xxxx");
  close(fd);
  buf_release(&in);
}

static void streams_leave_room_for_requests(void **state) {
  int streams[3];
  struct buf in;
  for (int i = 0; i < 3; i++) {
    streams[i] = wire_connect(server_port(*state));
    wire_puts(streams[i], "GET /forever HTTP/1.1\r\nHost: localhost\r\n\r\n");
    buf_init(&in, 10000);
    assert_true(wire_read(streams[i], &in, "still here"));
    buf_release(&in);
  }
  char *answer = ask(state, "GET /forever HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  assert_int_equal(wire_status(answer), 503);
  assert_non_null(strstr(answer, "Retry-After: 5"));
  free(answer);
  answer = ask(state, "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
  assert_int_equal(wire_status(answer), 200);
  free(answer);
  for (int i = 0; i < 3; i++) close(streams[i]);
}

static void stopping_waits_for_no_stream(void **state) {
  (void)state;
  struct server *s = start(NULL);
  int stream = wire_connect(server_port(s)), idle = wire_connect(server_port(s)),
      kept = wire_connect(server_port(s));
  struct buf in, hi;
  buf_init(&in, 10000);
  buf_init(&hi, 10000);
  wire_puts(stream, "GET /forever HTTP/1.1\r\nHost: localhost\r\n\r\n");
  assert_true(wire_read(stream, &in, "still here"));
  wire_puts(kept, "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
  assert_true(wire_read(kept, &hi, "\r\n\r\nhello"));
  ends_within(60);
  server_stop(s);
  assert_true(wire_read(stream, &in, NULL));
  assert_null(strstr(in.data, "\r\n0\r\n\r\n")); /* cut, not ended */
  buf_release(&in);
  buf_release(&hi);
  close(stream);
  close(idle);
  close(kept);
}

/* ---- starting ---- */

static void a_server_that_cannot_start_says_why(void **state) {
  static const char *const bad[] = {"localhost:", "127.0.0.1:70000", "nowhere:80", ":x", "1.2.3:80", "",
                                    NULL};
  struct server *s;
  for (int i = 0; bad[i]; i++) {
    struct error e = {0};
    assert_int_equal(server_start(&(struct server_settings){.listen = bad[i]}, &s, &e), ERR_INVALID);
    assert_non_null(strstr(e.hint, "ADDR:PORT"));
  }
  struct error e = {0};
  assert_int_equal(server_start(&(struct server_settings){.listen = server_address(*state)}, &s, &e), ERR_IO);
  assert_non_null(strstr(e.message, server_address(*state)));
  assert_null(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(addresses_find_their_handlers),
      cmocka_unit_test(a_body_comes_back_whole),
      cmocka_unit_test(one_connection_serves_many_requests),
      cmocka_unit_test(json_that_is_wrong_is_explained),
      cmocka_unit_test(a_stream_is_whole_or_seen_to_be_cut),
      cmocka_unit_test(a_download_is_whole_or_seen_to_be_cut),
      cmocka_unit_test(streams_leave_room_for_requests),
      cmocka_unit_test(stopping_waits_for_no_stream),
      cmocka_unit_test(a_server_that_cannot_start_says_why),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
