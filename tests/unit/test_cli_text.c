/* test_cli_text.c - what the command line says: runs in words, exit codes, diffs, text that is fit for a terminal. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/jsonx.h"
#include "base/mem.h"
#include "view/diff.h"
#include "cli/exit.h"
#include "view/state.h"
#include "cli/terminal.h"

#define TEXT(s) ((char[]){s})

/* ---- runs in words */

static void every_unfinished_run_names_who_moves_it_next(void **state) {
  (void)state;
  const struct library_owner owner = {.pid = 42, .command = "serve"};
  const struct {
    struct run_row row;
    const struct library_owner *owner;
    const char *part;
  } cases[] = {
      {{.id = 7, .status = RUN_RUNNING},
       NULL,
       "Interrupted; `quire serve` continues it, or `quire resume 7`."},
      {{.id = 7, .status = RUN_QUEUED},
       NULL,
       "Interrupted; `quire serve` continues it, or `quire resume 7`."},
      {{.id = 7, .status = RUN_RUNNING, .phase = TEXT("Writing")},
       &owner,
       "Running in phase Writing; `quire serve` (process 42) moves it on."},
      {{.id = 7, .status = RUN_QUEUED}, &owner, "process 42"},
      {{.id = 7, .status = RUN_WAITING, .wait = FOR_GATE, .wait_for = TEXT("a person: Good?")},
       NULL,
       "quire gate approve"},
      {{.id = 7, .status = RUN_WAITING, .wait = FOR_BUDGET, .wait_for = TEXT("10 USD are spent")},
       &owner,
       "quire resume 7 --budget"},
      {{.id = 7, .status = RUN_WAITING, .wait = FOR_KEY, .wait_for = TEXT("no key")},
       &owner,
       "quire resume 7"},
      {{.id = 7, .status = RUN_WAITING, .wait = FOR_PROVIDER, .wait_for = TEXT("down")},
       &owner,
       "quire resume 7"},
      {{.id = 7, .status = RUN_WAITING, .wait = FOR_PROVIDER, .wait_for = TEXT("limit"), .wake_at = 1000},
       NULL,
       "quire resume 7"},
      {{.id = 7, .status = RUN_WAITING, .wait = FOR_TIMER, .wait_for = TEXT("a nap"), .wake_at = 1000},
       NULL,
       "quire resume 7"},
      {{.id = 7,
        .status = RUN_WAITING,
        .wait = FOR_UNTIL,
        .wait_for = TEXT("stopped after structure, as asked")},
       NULL,
       "Stopped after structure, as asked. `quire resume 7` continues it."},
      {{.id = 7,
        .status = RUN_WAITING,
        .wait = FOR_KEY,
        .wait_for = TEXT("no key"),
        .wait_hint = TEXT("set X")},
       NULL,
       "Paused: no key. Set X. Then `quire resume 7` continues it."},
      {{.id = 7, .status = RUN_WAITING, .wait = FOR_NOTHING, .wait_for = TEXT("x")}, NULL, "quire resume 7"},
      {{.id = 7, .status = RUN_FAILED, .error = TEXT("{\"message\":\"no\"}")},
       NULL,
       "Failed: no. `quire retry 7`"},
      {{.id = 7, .status = RUN_CANCELLED}, NULL, "quire retry 7"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char *sentence = state_sentence(&cases[i].row, cases[i].owner);
    if (!strstr(sentence, cases[i].part)) fail_msg("'%s' has no '%s'", sentence, cases[i].part);
    free(sentence);
  }
}

static void exit_codes_are_those_of_the_table(void **state) {
  (void)state;
  const struct {
    enum run_status status;
    enum run_wait wait;
    const char *result, *error;
    int code;
  } cases[] = {{RUN_COMPLETED, FOR_NOTHING, "null", NULL, 0},
               {RUN_COMPLETED, FOR_NOTHING, "{\"issues\":0}", NULL, 0},
               {RUN_COMPLETED, FOR_NOTHING, "{\"issues\":[]}", NULL, 0},
               {RUN_COMPLETED, FOR_NOTHING, "{\"issues\":2}", NULL, 3},
               {RUN_COMPLETED, FOR_NOTHING, "{\"issues\":[\"x\"]}", NULL, 3},
               {RUN_COMPLETED, FOR_NOTHING, "not JSON", NULL, 0},
               {RUN_WAITING, FOR_GATE, NULL, NULL, 5},
               {RUN_WAITING, FOR_UNTIL, NULL, NULL, 0},
               {RUN_WAITING, FOR_BUDGET, NULL, NULL, 6},
               {RUN_WAITING, FOR_PROVIDER, NULL, NULL, 7},
               {RUN_WAITING, FOR_KEY, NULL, NULL, 4},
               {RUN_FAILED, FOR_NOTHING, NULL, "{\"kind\":\"script\"}", 8},
               {RUN_FAILED, FOR_NOTHING, NULL, "{\"kind\":\"limit\"}", 8},
               {RUN_FAILED, FOR_NOTHING, NULL, "{\"kind\":\"provider\"}", 7},
               {RUN_FAILED, FOR_NOTHING, NULL, "{\"kind\":\"provider\",\"code\":\"auth\"}", 4},
               {RUN_FAILED, FOR_NOTHING, NULL, "{\"kind\":\"budget\"}", 6},
               {RUN_FAILED, FOR_NOTHING, NULL, "{\"kind\":\"stuck\"}", 1},
               {RUN_FAILED, FOR_NOTHING, NULL, NULL, 1},
               {RUN_CANCELLED, FOR_NOTHING, NULL, NULL, 1}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct run_row row = {.status = cases[i].status,
                          .wait = cases[i].wait,
                          .result = mem_dup(cases[i].result),
                          .error = mem_dup(cases[i].error)};
    if (exit_of_run(&row) != cases[i].code) fail_msg("case %zu: %d", i, exit_of_run(&row));
    run_row_release(&row);
  }
}

static void every_error_has_an_exit_code_and_a_name_that_comes_back(void **state) {
  (void)state;
  assert_int_equal(exit_of_err(OK), 0);
  assert_int_equal(exit_of_err(ERR_INVALID), 2);
  assert_int_equal(exit_of_err(ERR_AUTH), 4);
  assert_int_equal(exit_of_err(ERR_NOT_FOUND), 10);
  assert_int_equal(exit_of_err(ERR_OWNED), 11);
  for (int c = 1; c < ERR_COUNT; c++) {
    assert_int_not_equal(exit_of_err(c), 0);
    assert_int_equal(exit_err_named(err_name(c)), c);
  }
}

static void every_word_of_a_run_comes_back_and_the_lists_of_statements_hold_the_same(void **state) {
  (void)state;
  char unfinished[100] = "(", ended[100] = "(";
  for (int i = RUN_QUEUED; i < RUN_STATUSES; i++) {
    const char *word = run_status_word((enum run_status)i);
    assert_int_equal(run_status_of(word), i);
    assert_string_equal(run_filter_words[i - RUN_QUEUED], word);
    char *list = run_status_ended((enum run_status)i) ? ended : unfinished;
    snprintf(list + strlen(list), 100 - strlen(list), "%s'%s'", list[1] ? "," : "", word);
  }
  snprintf(unfinished + strlen(unfinished), 2, ")");
  snprintf(ended + strlen(ended), 2, ")");
  assert_string_equal(unfinished, SQL_UNFINISHED);
  assert_string_equal(ended, SQL_ENDED);
  for (int i = FOR_NOTHING + 1; i < RUN_WAITS; i++)
    assert_int_equal(run_wait_of(run_wait_word((enum run_wait)i)), i);
  assert_null(run_wait_word(FOR_NOTHING));
  assert_int_equal(run_status_of("sleeping"), RUN_NO_STATUS);
  assert_int_equal(run_wait_of(NULL), FOR_NOTHING);
}

/* A wait that the page does not know would be told as one that needs a person. Tests stand at the top of the tree. */
static void the_browser_has_a_sentence_for_each_word_of_a_run(void **state) {
  (void)state;
  struct buf source;
  struct error e = {0};
  char line[100];
  buf_init(&source, 1 << 20);
  assert_int_equal(buf_read_text(&source, "host/ui/core/sentences.js", &e), OK);
  for (int i = RUN_QUEUED; i < RUN_STATUSES; i++) {
    snprintf(line, sizeof line, "\n  %s: { word: ", run_status_word((enum run_status)i));
    assert_non_null(strstr(source.data, line));
  }
  for (int i = FOR_NOTHING + 1; i < RUN_WAITS; i++) {
    snprintf(line, sizeof line, "case \"%s\":", run_wait_word((enum run_wait)i));
    assert_non_null(strstr(source.data, line));
  }
  buf_release(&source);
}

/* ---- diffs */

static void check_diff(const char *old, const char *new, const char *expected) {
  struct buf b;
  buf_init(&b, 1 << 20);
  diff_words(old, new, false, -1, &b);
  assert_string_equal(b.data, expected);
  buf_release(&b);
}

static void a_diff_shows_words_that_went_and_came(void **state) {
  (void)state;
  check_diff("same text", "same text", "");
  check_diff("a b c", "a x c", "a {-b-}{+x+} c");
  check_diff("a b c d", "a x y d", "a {-b c-}{+x y+} d");
  check_diff("one two", "one two three", "one two{+ three+}");
  check_diff("one two three", "three", "{-one two -}three");
  check_diff("", "new", "{+new+}");
  check_diff("old", "", "{-old-}");
  check_diff("a\nb\n", "a\nc\n", "a\n{-b-}{+c+}\n");
}

/* What a diff keeps and drops gives back both texts, for texts of any likeness. */
static void a_diff_gives_back_both_texts(void **state) {
  (void)state;
  static const char *const words[] = {"sea", "tower", "log", "\n", " ", "keeper", "ship"};
  unsigned seed = 7;
  for (int round = 0; round < 200; round++) {
    struct buf texts[2], back[2];
    for (int side = 0; side < 2; side++) {
      buf_init(&texts[side], 1 << 16);
      buf_init(&back[side], 1 << 16);
      for (int i = 0; i < round % 40; i++) {
        seed = seed * 1664525 + 1013904223;
        buf_printf(&texts[side], "%s ", words[(seed >> 16) % 7]);
      }
    }
    json_t *parts = diff_words_json(texts[0].data, texts[1].data, NULL), *part;
    size_t i;
    json_array_foreach(parts, i, part) {
      const char *op = jsonx_str(part, "op", ""), *text = jsonx_str(part, "text", "");
      if (strcmp(op, "insert") != 0) buf_puts(&back[0], text);
      if (strcmp(op, "delete") != 0) buf_puts(&back[1], text);
    }
    json_decref(parts);
    for (int side = 0; side < 2; side++) {
      assert_string_equal(back[side].data, texts[side].data);
      buf_release(&texts[side]);
      buf_release(&back[side]);
    }
  }
}

/* ---- the terminal */

static void text_of_others_cannot_move_the_cursor(void **state) {
  (void)state;
  struct buf b;
  buf_init(&b, 1000);
  terminal_clean(&b, "a\033[2Jb\tc\nd\r\x07\xc2\x9b"
                     "31m\xff");
  assert_string_equal(b.data, "a?[2Jb\tc\nd???31m?");
  buf_clear(&b);
  terminal_clip(&b, "a\nb", 10);
  assert_string_equal(b.data, "a?b");
  buf_release(&b);
}

static void a_line_is_cut_by_columns_not_bytes(void **state) {
  (void)state;
  static const struct {
    const char *text;
    size_t columns;
    const char *expected;
  } cases[] = {
      {"short", 10, "short"},           {"exactly ten", 11, "exactly ten"}, {"exactly ten", 10, "exactly t…"},
      {"日本語の本", 10, "日本語の本"}, {"日本語の本", 6, "日本…"},         {"é\xcc\x81é", 2, "é\xcc\x81é"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct buf b;
    buf_init(&b, 1000);
    terminal_clip(&b, cases[i].text, cases[i].columns);
    assert_string_equal(b.data, cases[i].expected);
    buf_release(&b);
  }
}

static void colour_follows_flag_then_environment(void **state) {
  (void)state;
  static const struct {
    int flag;
    const char *no, *force, *term;
    bool colour;
  } cases[] = {{1, "1", NULL, "dumb", true},   {-1, NULL, "1", "xterm", false},
               {0, "1", "1", "xterm", false},  {0, "", "1", "dumb", true},
               {0, NULL, "0", "xterm", false}, {0, NULL, NULL, "xterm", false}};
  FILE *file = tmpfile();
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    unsetenv("NO_COLOR");
    unsetenv("FORCE_COLOR");
    unsetenv("CLICOLOR_FORCE");
    if (cases[i].no) setenv("NO_COLOR", cases[i].no, 1);
    if (cases[i].force) setenv("FORCE_COLOR", cases[i].force, 1);
    setenv("TERM", cases[i].term, 1);
    terminal_setup(cases[i].flag);
    if (terminal_colour(file) != cases[i].colour) fail_msg("case %zu", i);
  }
  fclose(file);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_unfinished_run_names_who_moves_it_next),
      cmocka_unit_test(exit_codes_are_those_of_the_table),
      cmocka_unit_test(every_word_of_a_run_comes_back_and_the_lists_of_statements_hold_the_same),
      cmocka_unit_test(the_browser_has_a_sentence_for_each_word_of_a_run),
      cmocka_unit_test(every_error_has_an_exit_code_and_a_name_that_comes_back),
      cmocka_unit_test(a_diff_shows_words_that_went_and_came),
      cmocka_unit_test(a_diff_gives_back_both_texts),
      cmocka_unit_test(text_of_others_cannot_move_the_cursor),
      cmocka_unit_test(a_line_is_cut_by_columns_not_bytes),
      cmocka_unit_test(colour_follows_flag_then_environment),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
