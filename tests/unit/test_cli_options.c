/* test_cli_options.c - the option parser, and the tables of commands and options that it works on. */
#include "unit.h"

#include <string.h>
#include "cli/command.h"
#include "cli/options.h"

static const struct option_row rows[] = {{"set", 0, OPTION_MANY, "KEY=VALUE", "a field"},
                                         {"budget", 0, OPTION_VALUE, "USD", "money"},
                                         {"follow", 'f', OPTION_FLAG, NULL, "stay"},
                                         {"name", 'n', OPTION_VALUE, "N", "name"},
                                         {0}};

enum { MOST_ARGS = 12 };

static enum err parse(const char *const *args, struct options *o, struct error *e) {
  char *argv[MOST_ARGS];
  int argc = 0;
  argv[argc++] = (char *)(uintptr_t) "quire";
  while (args[argc - 1] && argc < MOST_ARGS) {
    argv[argc] = (char *)(uintptr_t)args[argc - 1];
    argc++;
  }
  *e = (struct error){0};
  return options_parse(rows, argc, argv, o, e);
}

#define PARSE(...) parse((const char *const[]){__VA_ARGS__, NULL}, &o, &e)

static void options_stand_before_and_after_arguments(void **state) {
  (void)state;
  struct options o;
  struct error e;
  assert_int_equal(PARSE("--budget", "3", "run", "--set", "a=1", "book", "--set=b=2=3", "-f"), OK);
  assert_int_equal(o.n_args, 2);
  assert_string_equal(o.args[0], "run");
  assert_string_equal(o.args[1], "book");
  assert_string_equal(options_get(&o, "budget"), "3");
  assert_true(options_has(&o, "follow"));
  size_t at = 0;
  assert_string_equal(options_next(&o, "set", &at), "a=1");
  assert_string_equal(options_next(&o, "set", &at), "b=2=3");
  assert_null(options_next(&o, "set", &at));
  options_release(&o);
}

static void a_value_may_be_joined_empty_or_a_dash(void **state) {
  (void)state;
  struct options o;
  struct error e;
  assert_int_equal(PARSE("--budget=", "-nfive", "-", "--set", "-"), OK);
  assert_string_equal(options_get(&o, "budget"), "");
  assert_string_equal(options_get(&o, "name"), "five");
  assert_string_equal(options_get(&o, "set"), "-");
  assert_string_equal(o.args[0], "-");
  options_release(&o);
}

static void two_dashes_end_the_options(void **state) {
  (void)state;
  struct options o;
  struct error e;
  assert_int_equal(PARSE("-f", "--", "--set", "-x"), OK);
  assert_int_equal(o.n_args, 2);
  assert_string_equal(o.args[0], "--set");
  options_release(&o);
}

static void the_last_value_counts(void **state) {
  (void)state;
  struct options o;
  struct error e;
  assert_int_equal(PARSE("--budget", "1", "--budget", "2"), OK);
  assert_string_equal(options_get(&o, "budget"), "2");
  assert_null(options_get(&o, "name"));
  options_release(&o);
}

static void what_is_wrong_is_named(void **state) {
  (void)state;
  static const struct {
    const char *args[3], *message, *hint;
  } cases[] = {{{"--bugdet", "3"}, "unknown option --bugdet", "did you mean --budget?"},
               {{"--bugdet=3"}, "unknown option --bugdet", "did you mean --budget?"},
               {{"--zzz"}, "unknown option --zzz", "`quire help COMMAND` lists its options"},
               {{"-x"}, "unknown option -x", "`quire help COMMAND` lists its options"},
               {{"-fx"}, "unknown option -fx", ""},
               {{"--budget"}, "--budget needs a value: --budget USD", ""},
               {{"--budget", "--follow"}, "--budget needs a value: --budget USD", ""},
               {{"--follow=yes"}, "--follow takes no value", ""}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct options o;
    struct error e;
    assert_int_equal(PARSE(cases[i].args[0], cases[i].args[1]), ERR_INVALID);
    assert_string_equal(e.message, cases[i].message);
    if (*cases[i].hint) assert_string_equal(e.hint, cases[i].hint);
    options_release(&o);
  }
}

static void an_option_of_another_command_is_refused(void **state) {
  (void)state;
  struct options o;
  struct error e;
  assert_int_equal(PARSE("-f", "--budget", "3"), OK);
  assert_int_equal(options_allow(&o, "follow budget", "logs", &e), OK);
  assert_int_equal(options_allow(&o, "follow budgets", "logs", &e), ERR_INVALID);
  assert_string_equal(e.message, "`quire logs` has no option --budget");
  options_release(&o);
}

/* ---- the program's own tables */

static bool is_row(const char *name, size_t n) {
  for (const struct option_row *o = cli_option_rows; o->name; o++)
    if (strlen(o->name) == n && memcmp(o->name, name, n) == 0) return true;
  return false;
}

static void every_option_of_a_command_is_a_row(void **state) {
  (void)state;
  for (const struct command *k = cli_commands; k->name; k++) {
    if (strcmp(k->options, "*") == 0) continue;
    for (const char *p = k->options; *p; p += strspn(p, " ")) {
      size_t n = strcspn(p, " ");
      if (!is_row(p, n)) fail_msg("%s: no row for its option %.*s", k->name, (int)n, p);
      p += n;
    }
  }
}

static void every_option_is_somebodys(void **state) {
  (void)state;
  for (const struct option_row *o = cli_option_rows; o->name; o++) {
    bool used = options_listed(CLI_EVERYWHERE, o->name);
    for (const struct command *k = cli_commands; k->name; k++)
      used = used || options_listed(k->options, o->name);
    if (!used) fail_msg("no command takes --%s", o->name);
    assert_true(o->kind == OPTION_FLAG ? o->value == NULL : o->value != NULL);
  }
}

static void every_command_has_help_and_an_example_of_itself(void **state) {
  (void)state;
  for (const struct command *k = cli_commands; k->name; k++) {
    char itself[64];
    snprintf(itself, sizeof itself, "quire %s", k->name);
    assert_non_null(k->run);
    assert_true(strlen(k->help) > 10 && strlen(k->help) < 90);
    assert_non_null(strstr(k->examples, itself));
    assert_true(k->most < 0 || k->least <= k->most);
    for (const struct command *other = k + 1; other->name; other++)
      assert_string_not_equal(k->name, other->name);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(options_stand_before_and_after_arguments),
      cmocka_unit_test(a_value_may_be_joined_empty_or_a_dash),
      cmocka_unit_test(two_dashes_end_the_options),
      cmocka_unit_test(the_last_value_counts),
      cmocka_unit_test(what_is_wrong_is_named),
      cmocka_unit_test(an_option_of_another_command_is_refused),
      cmocka_unit_test(every_option_of_a_command_is_a_row),
      cmocka_unit_test(every_option_is_somebodys),
      cmocka_unit_test(every_command_has_help_and_an_example_of_itself),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
