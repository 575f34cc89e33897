/* test_llm_money.c - what model calls may cost and what is booked for them, also when they are cancelled or come late. */
#include "llm_fixture.h"

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

/* What is booked for a prompt, and for the form that its answer is to have (or NULL), when nobody tells the tokens. */
static json_int_t booked_input(struct room *r, const char *prompt, const json_t *schema, bool refused) {
  struct call_block block = {.text = prompt, .n = strlen(prompt)};
  struct question q = {.call = {.blocks = &block, .n_blocks = 1, .schema = schema}};
  const char *told = OK_HEAD DELTA("{}") STOP("stop") DONE;
  const char *refusal =
      REFUSED("400", "", "{\"error\":{\"message\":\"Invalid schema for response_format 'answer'\"}}");
  if (refused)
    SCRIPT(&r->server, refusal, told);
  else
    SCRIPT(&r->server, told);
  ask_one(r, &q);
  json_t *v = result(&q);
  assert_int_equal(jsonx_int(v, "attempts", 0), refused ? 2 : 1);
  json_int_t input = jsonx_int(json_object_get(v, "usage"), "input", 0);
  json_decref(v);
  release(&q);
  return input;
}

/* The form is as long as many a prompt, and is sent and billed with each: beside it, or in it where the server refuses it. */
static void the_form_of_an_answer_is_booked_where_nobody_tells_the_tokens(void **state) {
  struct room *r = *state;
  json_t *properties = json_object();
  for (int i = 0; i < 40; i++) {
    char name[32];
    snprintf(name, sizeof name, "what_happens_%d", i);
    json_object_set_new(properties, name, json_pack("{s:s}", "type", "string"));
  }
  json_t *schema = json_pack("{s:s,s:o}", "type", "object", "properties", properties);
  char *text = jsonx_dumps(schema);
  json_int_t form = (json_int_t)strlen(text) / 4, bare = booked_input(r, "Plan a chapter.", NULL, false);
  assert_true(booked_input(r, "Plan a chapter.", schema, false) >= bare + form);
  assert_true(booked_input(r, "Plan a chapter.", schema, true) >= bare + form);
  free(text);
  json_decref(schema);
}

/* "Four characters a token" books a Hindi or a Chinese book at a third of what it costs. */
static void a_prompt_is_booked_by_its_script_where_nobody_tells_the_tokens(void **state) {
  struct room *r = *state;
  static const char english[] = "The lamp went out at four. Nobody came up."; /* 42 characters; then 41 */
  static const char chinese[] =
      "四点钟灯灭了没有人上楼来重新点亮它守塔人坐在黑暗里双手放在膝上听着海水沿着岩石往";
  assert_in_range(booked_input(r, english, NULL, false), 10, 12);
  assert_in_range(booked_input(r, chinese, NULL, false), 36, 44);
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
    assert_int_equal(ask(r->f->store, LAST_CALL("output_tokens")), MAX_ANSWER_BYTES / 2); /* one each */
    assert_true(ask(r->f->store, LAST_CALL("usage_estimated AND cost_nano > 10000000000")));
    r->budget.spent_nano = 0;
    release(&q);
    free(reply);
  }
  assert_int_equal(entries_of(r), 2); /* the error, so that no replay asks again */
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

/* Its price counts as nothing, so no limit in money would ever end it. */
static void a_model_without_a_price_is_limited_by_its_tokens(void **state) {
  struct room *r = *state;
  struct question q[30] = {0};
  SCRIPT(&r->server, GOOD);
  r->settings.n_prices = 0;
  r->budget.limit_tokens = 561 + 10 * 120; /* the worst case of one call; each takes 120 */
  int paused = 0;
  for (int i = 0; i < 30; i++) put_question(r, &q[i]);
  loop_run(r->loop);
  for (int i = 0; i < 30; i++) {
    paused += q[i].call.pause == LLM_PAUSE_BUDGET;
    if (q[i].call.pause) assert_non_null(strstr(q[i].call.error->message, "budget of tokens"));
    release(&q[i]);
  }
  assert_in_range(30 - paused, 10, 11);
  assert_true(r->budget.spent_tokens <= r->budget.limit_tokens);
  assert_int_equal(r->budget.spent_tokens, (30 - paused) * 120);
  assert_int_equal(r->budget.reserved_tokens, 0);
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

/* Not only what was read when the host started. */
static void the_month_counts_what_this_host_spends(void **state) {
  struct room *r = *state;
  int64_t worst = 61ll * 1000 + 500 * 10000;
  r->settings.month_limit_nano = worst + 2 * 300000 - 1;
  llm_free(r->llm);
  start_llm(r);
  SCRIPT(&r->server, GOOD);
  for (int i = 0; i < 3; i++) {
    struct question q = {0};
    ask_one(r, &q);
    assert_int_equal(q.call.pause, i < 2 ? 0 : LLM_PAUSE_BUDGET);
    release(&q);
  }
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

/* Some gateways let the model write on: what is paid is what it may have written. */
static void a_call_that_is_cancelled_where_nothing_stops_is_booked_with_all_it_may_write(void **state) {
  struct room *r = *state;
  r->providers[0].never_stops = true;
  SCRIPT(&r->server,
         OK_HEAD DELTA("One two three four ") PAUSE DELTA("five six.") PAUSE STOP("stop") USAGE DONE);
  struct question q = {.cancel_at = 2};
  put_question(r, &q);
  loop_run(r->loop);
  release(&q);
  assert_true(r->budget.spent_nano >= 500 * 10000); /* a hundred words, as they are reserved */
  int64_t spent = r->budget.spent_nano;
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

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, room_setup, room_teardown)
  const struct CMUnitTest tests[] = {
      T(a_provider_cannot_spend_what_it_likes),
      T(a_long_answer_is_kept_and_paid_once),
      T(a_refused_answer_is_kept_and_booked),
      T(tokens_that_were_not_told_are_estimated_each_for_itself),
      T(the_form_of_an_answer_is_booked_where_nobody_tells_the_tokens),
      T(a_prompt_is_booked_by_its_script_where_nobody_tells_the_tokens),
      T(a_late_answer_is_no_second_request),
      T(budgets_hold_with_calls_in_parallel),
      T(a_model_without_a_price_is_limited_by_its_tokens),
      T(the_library_has_a_month),
      T(the_month_counts_what_this_host_spends),
      T(cancel_works_at_any_time),
      T(a_call_that_is_cancelled_in_mid_stream_is_booked),
      T(a_call_that_is_cancelled_where_nothing_stops_is_booked_with_all_it_may_write),
      T(closing_with_calls_in_flight),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
