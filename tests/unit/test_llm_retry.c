/* test_llm_retry.c - model calls that fail: what is tried again, what is not, who takes over, how long a run waits. */
#include "llm_fixture.h"

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
                                        OK_HEAD DELTA("I cannot write that.") STOP("content_filter") DONE,
                                        REFUSED("500", "", "")};
  for (int i = 0; i < 4; i++) {
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

/* What is learnt from a refusal may not help: no model is asked without end, at somebody's cost. */
static void a_server_that_refuses_each_form_of_a_request_is_left(void **state) {
  struct room *r = *state;
  const char *no = REFUSED("400", "", "{}");
  SCRIPT(&r->server, no, no, no, no, no, no, no, no, GOOD);
  r->providers[0].adapter = (char *)"learning";
  llm_free(r->llm);
  start_llm(r);
  struct question q = {0};
  ask_one(r, &q);
  assert_in_range(r->server.n_requests, 2, 5);
  release(&q);
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
  assert_int_equal(r->budget.reserved_nano, 62ll * 1000 + 500 * 10000);
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

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, room_setup, room_teardown)
  const struct CMUnitTest tests[] = {
      T(what_can_change_is_tried_again),
      T(what_cannot_change_is_not),
      T(a_provider_cannot_park_a_run_for_years),
      T(each_deadline_counts_by_itself),
      T(an_unreachable_role_pauses),
      T(the_roles_next_model_takes_over),
      T(the_next_model_answers_when_a_key_is_refused),
      T(a_server_that_refuses_each_form_of_a_request_is_left),
      T(what_retry_after_says_is_heeded),
      T(a_host_that_stops_sends_nothing_new),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
