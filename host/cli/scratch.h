/* scratch.h - a library that is thrown away, for commands that only try something. Scripts, settings and keys stay those of the real one. */
#pragma once
#include "cli/command.h"

/* After cli_config. All that is written from now on goes to *dir (free() it), in $TMPDIR. */
enum err scratch_open(struct cli *c, char **dir, struct error *e);
/* With all that is in it; NULL is fine. After host_close. */
void scratch_remove(char *dir);
