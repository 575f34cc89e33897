/* test_rehearse_faults.c - the rehearsal server: each fault, and the conditions that choose it. */
#include "rehearse_fixture.h"

/* ---- faults ---- */

static void each_fault_does_what_it_says(void **state) {
  (void)state;
  static const struct {
    const char *fault;
    int status;         /* 0: nothing came */
    const char *holds;  /* in the answer */
    const char *ledger; /* the entry's status */
    bool whole, done;   /* of the stream */
    const char *finish;
    int bad, errors;
  } faults[] = {
      {"429", 429, "retry-after: 1\r\nretry-after-ms: 1000\r\n", "fault", false, false, "", 0, 0},
      {"429:wait=0.05", 429, "retry-after: 1\r\nretry-after-ms: 50\r\n", "fault", false, false, "", 0, 0},
      {"500", 500, "server_error", "fault", false, false, "", 0, 0},
      {"503:wait=7", 503, "retry-after: 7\r\n", "fault", false, false, "", 0, 0},
      {"529", 529, "server_error", "fault", false, false, "", 0, 0},
      {"auth", 401, "authentication_error", "fault", false, false, "", 0, 0},
      {"quota", 429, "insufficient_quota", "fault", false, false, "", 0, 0},
      {"cut", 200, "data: ", "cut", false, false, "", 0, 0},
      {"cut:after=0", 0, "", "cut", false, false, "", 0, 0},
      {"cut:after=3", 200, "data: ", "cut", false, false, "", 0, 0},
      {"badjson", 200, "", "fault", true, true, "stop", 1, 0},
      {"slow:wait=0.0005", 200, "", "answered", true, true, "stop", 0, 0},
      {"splitutf8", 200, "", "answered", true, true, "stop", 0, 0},
      {"truncate", 200, "", "fault", true, true, "length", 0, 0},
      {"refuse", 200, "", "fault", true, true, "content_filter", 0, 0},
      {"empty", 200, "", "fault", true, true, "stop", 0, 0},
      {"nostop", 200, "", "fault", true, false, "", 0, 0},
      {"streamerror", 200, "", "fault", true, false, "", 0, 1},
      {"streamerror:after=0", 200, "", "fault", true, false, "", 0, 1},
  };
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
    struct rehearse *r = start_with(faults[i].fault);
    char *answer = call(r, true);
    struct heard h = listen_to(answer);
    bool same = wire_status(answer) == faults[i].status && strstr(answer, faults[i].holds) &&
                h.whole == faults[i].whole && h.done == faults[i].done &&
                strcmp(h.finish, faults[i].finish) == 0 && h.bad == faults[i].bad &&
                h.errors == faults[i].errors;
    if (!same) fail_msg("%s: %s", faults[i].fault, answer);
    if (strcmp(faults[i].fault, "cut:after=3") == 0) assert_int_equal(h.events, 3);
    if (strcmp(faults[i].fault, "empty") == 0) assert_int_equal(h.text.len + (size_t)h.output, 0);
    assert_true(utf8_valid(h.text.data, h.text.len, NULL));
    expect_entry(r, 0, faults[i].ledger);
    buf_release(&h.text);
    free(answer);
    rehearse_stop(r);
  }
}

static void faults_of_answers_in_one_piece(void **state) {
  (void)state;
  struct rehearse *r = start(
      (const char *const[]){"cut:times=1", "badjson:times=1", "truncate:times=1", "splitutf8:times=1", NULL},
      NULL);
  char *answer = call(r, false);
  size_t n = strlen(wire_body(answer)), said = (size_t)atoi(strstr(answer, "Content-Length: ") + 16);
  assert_true(n < said);
  free(answer);
  answer = call(r, false);
  json_t *v = NULL;
  assert_int_equal(jsonx_parse(wire_body(answer), strlen(wire_body(answer)), "body", &v, NULL), ERR_INVALID);
  free(answer);
  answer = call(r, false);
  assert_non_null(strstr(answer, "\"finish_reason\":\"length\""));
  free(answer);
  answer = call(r, false);
  assert_int_equal(jsonx_parse(wire_body(answer), strlen(wire_body(answer)), "body", &v, NULL), OK);
  json_decref(v);
  free(answer);
  rehearse_stop(r);
}

static void split_letters_arrive_in_two_packets(void **state) {
  (void)state;
  struct rehearse *r = start_with("splitutf8");
  char *body = body_of("Write about 60 words. {\"name\":\"\xE7\xBE\x8E\xE6\x9C\x88\"}", "k", "w", true);
  char *request = post_of("/v1/chat/completions", "", body);
  int fd = wire_connect(port_of(r)), broken = 0;
  struct buf in;
  buf_init(&in, 1 << 20);
  wire_puts(fd, request);
  while (!in.len || !strstr(in.data, "\r\n0\r\n\r\n")) {
    char piece[65536];
    ssize_t n = recv(fd, piece, sizeof piece, 0);
    assert_true(n > 0);
    broken += !utf8_valid(piece, (size_t)n, NULL);
    buf_append(&in, piece, (size_t)n);
  }
  assert_true(broken > 0);
  assert_true(utf8_valid(in.data, in.len, NULL));
  close(fd);
  buf_release(&in);
  free(request);
  free(body);
  rehearse_stop(r);
}

static void conditions_choose_the_requests_that_fail(void **state) {
  (void)state;
  struct rehearse *r = start_with("500:every=3");
  assert_int_equal(errors_of(r, 9, "a", "w"), 3);
  rehearse_stop(r);
  r = start_with("500:first=2");
  assert_int_equal(errors_of(r, 5, "a", "w"), 2);
  assert_int_equal(errors_of(r, 5, "b", "w"), 2);
  rehearse_stop(r);
  r = start_with("500:role=judge,times=3");
  assert_int_equal(errors_of(r, 4, "a", "writer"), 0);
  assert_int_equal(errors_of(r, 5, "a", "judge"), 3);
  rehearse_stop(r);
  r = start_with("500:key=ch1*");
  assert_int_equal(errors_of(r, 2, "ch1/s2", "w"), 2);
  assert_int_equal(errors_of(r, 2, "ch2/s1", "w"), 0);
  rehearse_stop(r);
}

static void dice_fall_the_same_way_again(void **state) {
  (void)state;
  char fell[2][41] = {{0}};
  for (int run = 0; run < 2; run++) {
    struct rehearse *r = start_with("500:p=0.3");
    for (int i = 0; i < 40; i++) {
      char key[16];
      snprintf(key, sizeof key, "key%d", i);
      fell[run][i] = errors_of(r, 1, key, "w") ? 'x' : '.';
    }
    rehearse_stop(r);
  }
  int n = 0;
  for (int i = 0; i < 40; i++) n += fell[0][i] == 'x';
  assert_string_equal(fell[0], fell[1]);
  assert_in_range(n, 4, 22);
}

static void a_hung_call_holds_nothing_up(void **state) {
  (void)state;
  struct rehearse *r = start((const char *const[]){"hang:role=judge,after=2", NULL}, NULL);
  char *body = body_of("Write about 60 words.", "k", "judge", true),
       *request = post_of("/v1/chat/completions", "", body);
  int fd = wire_connect(port_of(r));
  wire_puts(fd, request);
  struct buf in;
  buf_init(&in, 1 << 20);
  assert_true(wire_read(fd, &in, "data: "));
  expect_entry(r, 0, "hung");
  assert_int_equal(errors_of(r, 3, "k", "writer"), 0);
  assert_true(recv(fd, in.data, 1, MSG_DONTWAIT) <= 0);
  rehearse_stop(r); /* does not wait for it */
  close(fd);
  buf_release(&in);
  free(request);
  free(body);
}

static void a_client_that_goes_is_noticed(void **state) {
  (void)state;
  struct rehearse *r = start(NULL, "60000");
  char *body = body_of("Write about 60 words.", "k", "w", true),
       *request = post_of("/v1/chat/completions", "", body);
  int fd = wire_connect(port_of(r));
  wire_puts(fd, request);
  expect_entry(r, 0, "open");
  close(fd);
  expect_entry(r, 0, "gone");
  free(request);
  free(body);
  rehearse_stop(r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_fault_does_what_it_says),
      cmocka_unit_test(faults_of_answers_in_one_piece),
      cmocka_unit_test(split_letters_arrive_in_two_packets),
      cmocka_unit_test(conditions_choose_the_requests_that_fail),
      cmocka_unit_test(dice_fall_the_same_way_again),
      cmocka_unit_test(a_hung_call_holds_nothing_up),
      cmocka_unit_test(a_client_that_goes_is_noticed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
