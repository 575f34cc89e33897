/* backup.h - a library as one file, and back. Both may take seconds: not on the loop thread. */
#pragma once
#include <stdbool.h>
#include "base/err.h"

/* Writes the library in directory `library` as it is at one moment into the new file `file` (0600): a plain SQLite database, checked page
 * by page and row count by row count before it gets its name. Any process may do it, also while an owner writes; the owner is
 * never stopped. Errors: ERR_EXISTS (it never overwrites), ERR_NOT_FOUND, ERR_CORRUPT, ERR_NOSPACE, ERR_CONFLICT (changes lie in the
 * spool, where a backup cannot see them). After an error there is no `file`. It carries the library's settings and scripts too, but no
 * key (belongings.h). */
enum err backup_make(const char *library, const char *file, struct error *e);

/* Makes the library in `library` (created when missing) from a backup, and nobody may own it. What was running there is queued;
 * every unfinished run gets an epoch that its lost timeline cannot have reached, and `settings` counts a `generation`, so that nothing
 * of the lost timeline writes. An older backup is brought to this program's schema. A database that holds anything is only replaced
 * with `replace`, and never deleted: it lies beside as quire.db.aside-TIME, one file with all that its WAL and its spool held. At each moment of
 * it there is a whole library, the old one or the new one.
 * Settings and scripts of the backup are written where there are none of their names.
 * Errors: ERR_OWNED, ERR_LOCKED (a program has the old one open), ERR_EXISTS, ERR_NOT_FOUND, ERR_INVALID or ERR_CORRUPT (no sound backup), ERR_NEWER, ERR_NOSPACE. */
enum err backup_restore(const char *file, const char *library, bool replace, struct error *e);
