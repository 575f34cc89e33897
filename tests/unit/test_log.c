/* test_log.c - the log, failpoints, and what a broken invariant does: each in a child process that may die.
 */
#include "unit.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/embedded.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/mem.h"

static char said[70000]; /* what the last child wrote to stderr */

/* Runs `fn` in a child with stderr caught; returns its wait status. */
static int in_child(void (*fn)(void)) {
  int fds[2], status = 0;
  assert_int_equal(pipe(fds), 0);
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    signal(SIGABRT, SIG_DFL);
    dup2(fds[1], STDERR_FILENO);
    close(fds[0]);
    close(fds[1]);
    fn();
    _exit(0);
  }
  close(fds[1]);
  size_t len = 0;
  ssize_t n;
  while ((n = read(fds[0], said + len, sizeof said - 1 - len)) > 0) len += (size_t)n;
  said[len] = '\0';
  close(fds[0]);
  waitpid(pid, &status, 0);
  return status;
}

static void leak(void) {
  log_redact("sk-secret-key-1");
  log_redact("sk-secret-key-1");
  log_redact("short");
  log_info("sent sk-secret-key-1 and sk-secret-key-1, short");
}

static void a_key_never_reaches_the_log(void **state) {
  (void)state;
  in_child(leak);
  assert_null(strstr(said, "secret"));
  assert_non_null(strstr(said, "info  sent *** and ***, short\n"));
}

static void renew_each_hour(void) {
  char token[40] = "";
  log_redact("sk-secret-static-key");
  for (int hour = 0; hour < 100; hour++) {
    if (*token) log_forget(token);
    snprintf(token, sizeof token, "secret-of-hour-%d", hour);
    log_redact(token);
  }
  log_redact("sk-secret-later-key");
  log_forget("sk-secret-nobody-knows");
  log_forget(token);
  log_info("sent sk-secret-static-key, then sk-secret-later-key");
}

static void tokens_of_an_hour_do_not_bring_another_key_into_the_log(void **state) {
  (void)state;
  in_child(renew_each_hour);
  assert_non_null(strstr(said, "info  sent ***, then ***\n"));
}

static void hostile(void) {
  errno = ENOENT;
  log_setup(LOG_INFO_LEVEL, true);
  log_debug("not shown");
  log_warn("say \"hi\" \x1b[2J\n\xff");
}

static void model_text_cannot_break_json_lines_or_the_terminal(void **state) {
  (void)state;
  in_child(hostile);
  assert_non_null(strstr(
      said, "\"level\":\"warn\",\"message\":\"say \\\"hi\\\" \\u001b[2J\\u000a\xEF\xBF\xBD: No such file"));
  assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
}

static void long_line(void) {
  char *text = mem_printf("%09000d", 1);
  log_setup(LOG_INFO_LEVEL, true);
  log_info("%s", text);
  memset(text, 1, 9000);
  log_info("%s", text);
  free(text);
}

static void an_endless_message_is_cut_to_one_line(void **state) {
  (void)state;
  assert_int_equal(in_child(long_line), 0);
  assert_in_range(strlen(said), 20000, 30000);
}

static void broken(void) {
  fatal("the heap has %d legs", 3);
}

static void a_broken_invariant_dies_by_signal_and_says_why(void **state) {
  (void)state;
  int status = in_child(broken);
  assert_true(WIFSIGNALED(status));
  assert_int_equal(WTERMSIG(status), SIGABRT);
  assert_non_null(strstr(said, "error fatal: the heap has 3 legs\n"));
}

static void pass_points(void) {
  setenv("QUIRE_FAILPOINT", "commit:fail,once:fail@2,after_intent:kill@3,nap:sleep=1", 1);
  fprintf(stderr, "%d%d", failpoint("commit"), failpoint("commit"));
  fprintf(stderr, "%d%d%d", failpoint("once"), failpoint("once"), failpoint("once"));
  fprintf(stderr, "%d%d", failpoint("nap"), failpoint("commi"));
  for (int i = 0; i < 9; i++) {
    fprintf(stderr, "i");
    failpoint("after_intent");
  }
}

static void a_failpoint_fires_at_the_pass_it_names(void **state) {
  (void)state;
  int status = in_child(pass_points);
  assert_int_equal(WTERMSIG(status), SIGKILL);
  assert_memory_equal(said, "11", 2);
  /* printf's arguments are evaluated in any order: one of three passed, whichever. */
  assert_int_equal((said[2] == '1') + (said[3] == '1') + (said[4] == '1'), 1);
  assert_string_equal(said + 5, "00iii");
}

static void without_the_variable(void) {
  unsetenv("QUIRE_FAILPOINT");
  for (int i = 0; i < 1000; i++)
    if (failpoint("commit")) _exit(1);
}

static void without_the_variable_nothing_fails(void **state) {
  (void)state;
  assert_int_equal(in_child(without_the_variable), 0);
}

static void mistyped(void) {
  setenv("QUIRE_FAILPOINT", "commit:explode", 1);
  failpoint("commit");
}

static void a_mistyped_failpoint_is_not_a_passing_test(void **state) {
  (void)state;
  assert_true(WIFSIGNALED(in_child(mistyped)));
  assert_non_null(strstr(said, "explode"));
}

static void the_embedded_files_are_the_files_of_the_source_tree(void **state) {
  (void)state;
  for (size_t i = 0; i < embedded_count; i++) {
    const struct embedded_file *f = &embedded_files[i];
    if (i) assert_true(strcmp(embedded_files[i - 1].name, f->name) < 0);
    FILE *file = fopen(f->name, "rb");
    assert_non_null(file);
    char *text = mem_alloc(f->size + 2);
    assert_int_equal(fread(text, 1, f->size + 2, file), f->size);
    if (strncmp(f->name, "host/ui/", 8) == 0 || strstr(f->name, "_test.lua") || strstr(f->name, "test_api")) {
      char *unpacked = embedded_unpack(f);
      assert_non_null(unpacked);
      assert_memory_equal(text, unpacked, f->size);
      free(unpacked);
    } else {
      assert_memory_equal(text, f->data, f->size);
      assert_int_equal(f->packed, f->size);
      assert_int_equal(f->data[f->size], 0);
    }
    fclose(file);
    free(text);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_key_never_reaches_the_log),
      cmocka_unit_test(tokens_of_an_hour_do_not_bring_another_key_into_the_log),
      cmocka_unit_test(model_text_cannot_break_json_lines_or_the_terminal),
      cmocka_unit_test(an_endless_message_is_cut_to_one_line),
      cmocka_unit_test(a_broken_invariant_dies_by_signal_and_says_why),
      cmocka_unit_test(a_failpoint_fires_at_the_pass_it_names),
      cmocka_unit_test(without_the_variable_nothing_fails),
      cmocka_unit_test(a_mistyped_failpoint_is_not_a_passing_test),
      cmocka_unit_test(the_embedded_files_are_the_files_of_the_source_tree),
  };
  return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
