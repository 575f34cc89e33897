/* test_llm_keys.c - keys of providers: where they come from, and where they must not be seen. */
#include "llm_fixture.h"
#include "llm/key_command.h"

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

/* A script may ask another address, of a service's second host; the key is for the first. */
static void another_address_gets_no_key(void **state) {
  struct room *r = *state;
  json_t *options = json_pack("{s:s}", "url", r->url2);
  r->providers[0].adapter = (char *)"elsewhere";
  r->providers[0].options = options;
  llm_free(r->llm);
  start_llm(r);
  SCRIPT(&r->other, GOOD);
  struct question q = {0};
  ask_one(r, &q);
  assert_int_equal(r->other.n_requests, 1);
  assert_non_null(strstr(r->other.requests[0], "Write of the sea."));
  assert_null(strstr(r->other.requests[0], KEY));
  release(&q);
  json_decref(options);
}

/* ---- keys that a command prints */

static const char *command_in(struct room *r, const char *what) {
  static char command[700];
  snprintf(command, sizeof command,
           "cd '%s' && n=$(($(cat n 2>/dev/null || echo 0) + 1)) && echo $n >n && %s", r->f->dir, what);
  r->providers[0].key_env = NULL;
  r->providers[0].key_command = command;
  r->providers[0].key_command_s = 5;
  llm_free(r->llm);
  start_llm(r);
  return command;
}

static int times_run(struct room *r) {
  struct buf b;
  buf_init(&b, 100);
  char *path = mem_printf("%s/n", r->f->dir);
  int n = buf_read_file(&b, path, NULL) == OK ? atoi(b.data) : 0;
  free(path);
  buf_release(&b);
  return n;
}

static void what_a_key_command_prints(void **state) {
  (void)state;
  static const struct {
    const char *printed, *key;
    int64_t seconds; /* until another one is wanted */
  } rows[] = {
      {"sk-plain-0123\n", "sk-plain-0123", 0},
      {"{\"access_token\":\"t-1\",\"expires_in\":3600,\"token_type\":\"Bearer\"}", "t-1", 3540},
      {"{\"access_token\":\"t-2\",\"expires_in\":\"40\"}", "t-2", 20},
      {"{\"accessToken\":\"t-3\",\"expires_on\":1000900}", "t-3", 840},
      {"{\"token\":\"t-4\",\"expires_at\":\"1970-01-12T14:00:00Z\"}", "t-4", 740},
      {"{\"kind\":\"ExecCredential\",\"status\":{\"token\":\"t-5\",\"expirationTimestamp\":\"1970-01-12T13:51:40.123Z\"}}",
       "t-5", 240},
      {"", NULL, 0},
      {" \n", NULL, 0},
      {"two words", NULL, 0},
      {"one\ntwo", NULL, 0},
      {"{\"error\":\"not logged in\"}", NULL, 0},
      {"{\"access_token\":\"a b\"}", NULL, 0},
      {"{broken", NULL, 0},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct fresh_key k;
    struct error e = {0};
    enum err err = key_command_read(rows[i].printed, strlen(rows[i].printed), 1000000000, &k, &e);
    if (!rows[i].key) {
      assert_int_equal(err, ERR_AUTH);
      assert_null(k.key);
      assert_null(strstr(e.message, "logged in"));
      continue;
    }
    if (err != OK) fail_msg("%s: %s", rows[i].printed, e.message);
    assert_string_equal(k.key, rows[i].key);
    if (rows[i].seconds) assert_int_equal(k.until_ms, 1000000000 + rows[i].seconds * 1000);
    free(k.key);
  }
}

/* Longer than the words that are kept of a failure: what is left of it after the cut would be no key that anybody looks for. */
static void a_long_token_in_a_providers_error_is_written_nowhere(void **state) {
  struct room *r = *state;
  char token[2001] = "token-of-this-hour-", *replies[4];
  for (size_t i = strlen(token); i < sizeof token - 1; i++) token[i] = (char)('a' + i % 23);
  char *command = mem_printf("echo %s", token), begins[24];
  snprintf(begins, sizeof begins, "%.20s", token);
  r->providers[0].key_env = NULL;
  r->providers[0].key_command = command;
  r->providers[0].retries = -1;
  llm_free(r->llm);
  start_llm(r);
  replies[0] = mem_printf(REFUSED("400", "", "{\"error\":{\"message\":\"no: %s\"}}"), token);
  replies[1] = mem_printf(REFUSED("413", "", "no: %s"), token);
  replies[2] = mem_printf(OK_HEAD "data: {\"error\":{\"message\":\"no: %s\"}}\n\n", token);
  replies[3] = mem_printf(REFUSED("400", "x-request-id: %s\r\n", "{}"), token);
  for (int i = 0; i < 4; i++) {
    struct question q = {0};
    SCRIPT(&r->server, replies[i]);
    ask_one(r, &q);
    assert_non_null(q.call.error);
    if (strstr(q.call.error->message, begins)) fail_msg("%d: %s", i, q.call.error->message);
    release(&q);
    free(replies[i]);
  }
  assert_int_equal(rows_of(r).n, 4);
  reopen_all(r);
  assert_false(file_has(r->f->dir, begins));
  free(command);
}

/* The book goes on: the call that met the refusal goes out again with the next token, and no token is written anywhere. */
static void a_token_that_ends_in_mid_book_is_renewed(void **state) {
  struct room *r = *state;
  command_in(r, "echo token-$n-of-this-hour");
  SCRIPT(&r->server, GOOD,
         REFUSED("401", "", "{\"error\":{\"message\":\"token-1-of-this-hour has expired\"}}"), GOOD);
  struct question a = {0}, b = {0};
  ask_one(r, &a);
  ask_one(r, &b);
  assert_int_equal(a.call.err, OK);
  assert_int_equal(b.call.err, OK);
  assert_string_equal(rows_of(r).states, "answered failed answered");
  assert_non_null(strstr(r->server.requests[1], "Bearer token-1-of-this-hour"));
  assert_non_null(strstr(r->server.requests[2], "Bearer token-2-of-this-hour"));
  assert_int_equal(times_run(r), 2);
  release(&a);
  release(&b);
  reopen_all(r);
  assert_false(file_has(r->f->dir, "-of-this-hour"));
}

/* What the command prints is not always another one: then the key before is the key that was in use until now. */
static void a_token_that_was_printed_twice_is_still_looked_for(void **state) {
  struct room *r = *state;
  command_in(r, "echo token-$(($n > 2))-of-this-hour");
  const char *no = REFUSED("401", "", "{}");
  SCRIPT(&r->server, no, no, OK_HEAD DELTA("It was token-0-of-this-hour") STOP("stop") DONE);
  struct question a = {0}, b = {0};
  ask_one(r, &a);
  ask_one(r, &b);
  assert_int_equal(a.call.pause, LLM_PAUSE_KEY);
  assert_int_equal(b.call.err, OK);
  assert_int_equal(times_run(r), 3);
  assert_null(strstr(b.call.result, "token-0-of-this-hour"));
  release(&a);
  release(&b);
}

/* The answer is fetched in polls, each of them a call of its own: a person hears of it all the same. */
static void a_key_that_is_refused_while_an_answer_is_fetched_is_told(void **state) {
  struct room *r = *state;
  r->providers[0].adapter = (char *)"openai_responses";
  r->providers[0].resumable = true;
  command_in(r, "echo token-$n-of-this-hour");
  SCRIPT(&r->server,
         OK_HEAD
         "event: response.created\n"
         "data: {\"type\":\"response.created\",\"response\":{\"id\":\"resp_1\",\"status\":\"queued\"}}\n\n",
         REFUSED("401", "", "{\"error\":{\"message\":\"revoked\"}}"));
  struct question q = {0};
  ask_one(r, &q);
  assert_int_equal(r->server.n_requests, 2);
  assert_non_null(strstr(r->server.requests[1], "GET /v1/responses/resp_1"));
  assert_int_equal(q.call.pause, LLM_PAUSE_KEY);
  assert_non_null(strstr(q.call.error->message, "revoked"));
  release(&q);
}

static void calls_that_one_end_of_a_token_hits_ask_for_one_new_token(void **state) {
  struct room *r = *state;
  command_in(r, "echo token-$n-of-this-hour");
  const char *no = REFUSED("401", "", "{}");
  SCRIPT(&r->server, no, no, no, no, no, no, no, no, GOOD);
  struct question q[8] = {0};
  for (int i = 0; i < 8; i++) put_question(r, &q[i]);
  loop_run(r->loop);
  for (int i = 0; i < 8; i++) {
    assert_int_equal(q[i].call.err, OK);
    release(&q[i]);
  }
  assert_int_equal(times_run(r), 2);
}

static void a_token_is_kept_until_it_is_about_to_end(void **state) {
  struct room *r = *state;
  command_in(
      r,
      "echo \"{\\\"access_token\\\":\\\"token-$n-of-this-hour\\\",\\\"expires_in\\\":$((n == 1 ? 0 : 3600))}\"");
  SCRIPT(&r->server, GOOD);
  for (int i = 0; i < 4; i++) {
    struct question q = {0};
    ask_one(r, &q);
    assert_int_equal(q.call.err, OK);
    release(&q);
  }
  assert_int_equal(times_run(r), 2);
}

static void a_key_command_that_fails_says_how_and_never_what_it_said(void **state) {
  struct room *r = *state;
  static const struct {
    const char *what, *says;
  } rows[] = {{"echo token-secret-1 >&2; echo token-secret-2; exit 3", "it ended with status 3"},
              {"no-such-program-anywhere", "its program was not found"},
              {"true", "it printed nothing"},
              {"echo two words", "not one key"},
              {"head -c 70000 /dev/zero | tr '\\0' k", "it printed more than a key may have"},
              {"sleep 30", "it did not end within 0.3 s"}};
  SCRIPT(&r->server, GOOD);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    command_in(r, rows[i].what);
    r->providers[0].key_command_s = i == 5 ? 0.3 : 5;
    struct question q = {0};
    ask_one(r, &q);
    assert_int_equal(q.call.pause, LLM_PAUSE_KEY);
    if (!strstr(q.call.error->message, rows[i].says)) fail_msg("%s: %s", rows[i].what, q.call.error->message);
    assert_non_null(strstr(q.call.error->message, "provider 'local'"));
    assert_non_null(strstr(q.call.error->hint, "key_command"));
    assert_null(strstr(q.call.error->message, "secret"));
    release(&q);
  }
  assert_int_equal(r->server.n_requests, 0);
}

/* It worked before: a vault that is down for a minute costs a minute, and no person. */
static void a_key_command_that_fails_later_is_tried_again_by_itself(void **state) {
  struct room *r = *state;
  command_in(r, "test $n = 1 && echo token-$n-of-this-hour");
  SCRIPT(&r->server, GOOD, REFUSED("401", "", "{}"), GOOD);
  struct question a = {0}, b = {0};
  ask_one(r, &a);
  ask_one(r, &b);
  assert_int_equal(a.call.err, OK);
  assert_int_equal(b.call.pause, LLM_PAUSE_PROVIDER);
  assert_true(b.call.pause_until_ms > 0);
  assert_non_null(strstr(b.call.error->message, "its key_command failed"));
  release(&a);
  release(&b);
}

static void a_host_ends_while_a_key_command_hangs(void **state) {
  struct room *r = *state;
  command_in(r, "sleep 30");
  struct question q = {0}, other = {0};
  put_question(r, &q);
  put_question(r, &other);
  run_passes(r, 20);
  llm_call_cancel(r->llm, &other.call);
  llm_free(r->llm);
  release(&q);
  release(&other);
  start_llm(r);
  r->waiting = 0;
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, room_setup, room_teardown)
  const struct CMUnitTest tests[] = {
      T(a_redirect_takes_no_key_along),
      T(a_missing_key_pauses_before_anything),
      T(a_key_file_must_be_private),
      T(the_key_is_written_nowhere),
      T(the_key_is_not_in_the_live_text),
      T(connection_headers_are_the_hosts),
      T(a_model_is_checked_beside_calls_under_way),
      T(another_address_gets_no_key),
      cmocka_unit_test(what_a_key_command_prints),
      T(a_long_token_in_a_providers_error_is_written_nowhere),
      T(a_token_that_ends_in_mid_book_is_renewed),
      T(a_token_that_was_printed_twice_is_still_looked_for),
      T(a_key_that_is_refused_while_an_answer_is_fetched_is_told),
      T(calls_that_one_end_of_a_token_hits_ask_for_one_new_token),
      T(a_token_is_kept_until_it_is_about_to_end),
      T(a_key_command_that_fails_says_how_and_never_what_it_said),
      T(a_key_command_that_fails_later_is_tried_again_by_itself),
      T(a_host_ends_while_a_key_command_hangs),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
