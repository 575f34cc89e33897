/* exit.c - which error ends with which code. */
#include "cli/exit.h"

#include <string.h>

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
