/* belongings.h - what a library needs beside its database: quire.lua, scripts/ and pipelines/. A backup carries them as rows of its settings
 * ("kept:scripts/phases/x.lua"); keys are never among them. Any thread but the loop's. */
#pragma once
#include <jansson.h>
#include "store/db.h"

/* Puts the files of the library in directory `library` into `db`, a backup. A transaction of its own. */
enum err belongings_keep(struct db *db, const char *library, struct error *e);
/* Writes those of the database `db` into `library`, but none over a file that is there, and takes them out of the database. Inside a
 * transaction of the caller. */
enum err belongings_unpack(struct db *db, const char *library, struct error *e);
/* After a restore: the names of those files of the backup `file` that `library` has too, and that are something else there: they were left. */
json_t *belongings_others(const char *file, const char *library);
