/* exit.c - which error, or which end of a run, ends with which code. */
#include "cli/exit.h"

#include <string.h>

#include "base/jsonx.h"
#include "view/state.h"
#include "view/words.h"

static const unsigned char codes[ERR_COUNT] = {
    [OK] = EXIT_DONE,
    [ERR_INVALID] = EXIT_USAGE,
    [ERR_NOT_FOUND] = EXIT_NOT_FOUND,
    [ERR_OWNED] = EXIT_OWNED,
    [ERR_SCRIPT] = EXIT_SCRIPT,
    [ERR_CONFIG] = EXIT_SCRIPT,
    [ERR_LIMIT] = EXIT_SCRIPT, /* of a script; a file that is too large is ERR_INVALID */
    [ERR_PROVIDER] = EXIT_PROVIDER,
    [ERR_UNAVAILABLE] = EXIT_PROVIDER,
    [ERR_AUTH] = EXIT_KEY,
    [ERR_BUDGET] = EXIT_BUDGET,
};

enum exit_code exit_of_err(enum err code) {
  if (code == OK) return EXIT_DONE;
  return code < ERR_COUNT && codes[code] ? codes[code] : EXIT_FAILED;
}

enum err exit_err_named(const char *name) {
  for (int c = 1; c < ERR_COUNT; c++)
    if (strcmp(err_name(c), name) == 0) return c;
  return ERR_IO;
}

/* ---- a run */

static bool is(const char *a, const char *b) {
  return a && strcmp(a, b) == 0;
}

static int failed_exit(const struct run_row *r) {
  json_t *error = view_parsed(r->error);
  const char *kind = jsonx_str(error, "kind", ""), *code = jsonx_str(error, "code", "");
  int exit = EXIT_FAILED;
  if (is(kind, "script") || is(kind, "limit") || is(kind, "config"))
    exit = EXIT_SCRIPT;
  else if (is(code, "auth") || is(kind, "key"))
    exit = EXIT_KEY;
  else if (is(kind, "provider") &&
           !is(jsonx_str(error, "reason", ""), "too_large")) /* it answers, but not this */
    exit = EXIT_PROVIDER;
  else if (is(kind, "budget"))
    exit = EXIT_BUDGET;
  json_decref(error);
  return exit;
}

/* A number, or a list of issues. */
static bool has_issues(const struct run_row *r) {
  json_t *result = view_parsed(r->result);
  const json_t *issues = json_object_get(result, "issues");
  bool any = json_is_array(issues)    ? json_array_size(issues) > 0
             : json_is_number(issues) ? json_number_value(issues) > 0
                                      : json_is_true(issues);
  json_decref(result);
  return any;
}

int exit_of_run(const struct run_row *r) {
  static const struct {
    enum run_wait wait;
    int exit;
  } waits[] = {{FOR_GATE, EXIT_PERSON},       {FOR_UNTIL, EXIT_DONE},   {FOR_BUDGET, EXIT_BUDGET},
               {FOR_PROVIDER, EXIT_PROVIDER}, {FOR_KEY, EXIT_KEY},      {FOR_MODEL, EXIT_SCRIPT},
               {FOR_TIMER, EXIT_WAITING},     {FOR_STORE, EXIT_WAITING}};
  if (r->status == RUN_COMPLETED) return has_issues(r) ? EXIT_ISSUES : EXIT_DONE;
  if (r->status == RUN_FAILED) return failed_exit(r);
  for (size_t i = 0; i < sizeof waits / sizeof *waits; i++)
    if (state_waits(r, waits[i].wait)) return waits[i].exit;
  return EXIT_FAILED;
}
