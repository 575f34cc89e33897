/* scratch.h - a library that is thrown away, for what only tries something. Scripts, settings and keys stay those of the real one. */
#pragma once
#include "config.h"

/* All that is written with this configuration goes from now on to *dir (free() it): in $TMPDIR, else in memory where the system has room
 * there (/dev/shm), else in /tmp. */
enum err scratch_open(struct config *config, char **dir, struct error *e);
/* With all that is in it; NULL is fine. After host_close. */
void scratch_remove(char *dir);
