/* options.h - one parser for all commands: options may stand anywhere, before or after the command's name.
 *
 *   options_parse -> options_allow -> (options_get | options_has | options_next)* -> options_release
 *
 * --name VALUE, --name=VALUE, -n VALUE; "--" ends the options; "-" alone is an argument. Values and arguments
 * are borrowed from argv. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"

enum option_kind { OPTION_FLAG, OPTION_VALUE, OPTION_MANY }; /* VALUE: the last one counts */

struct option_row {
  const char *name;
  char letter; /* or 0 */
  enum option_kind kind;
  const char *value; /* what the help calls the value: "DIR" */
  const char *help;
};

struct option_given {
  const struct option_row *row;
  const char *value;
};

struct options {
  struct option_given *given;
  size_t n;
  const char **args; /* what is not an option */
  size_t n_args;
};

/* `rows` ends with a row without a name. ERR_INVALID: unknown (with the nearest name), value missing or not wanted. */
enum err options_parse(const struct option_row *rows, int argc, char *const *argv, struct options *out,
                       struct error *e);
void options_release(struct options *o);

/* Is each given option one of `names` (separated by spaces)? The error names `command`. */
enum err options_allow(const struct options *o, const char *names, const char *command, struct error *e);
bool options_listed(const char *names, const char *name);

bool options_has(const struct options *o, const char *name);
const char *options_get(const struct options *o, const char *name); /* NULL when it was not given */
/* Each value of an OPTION_MANY, in order: for (size_t at = 0; (v = options_next(o, "set", &at));) */
const char *options_next(const struct options *o, const char *name, size_t *at);
