/* schema.h - tables, triggers and views, as numbered migrations that only go forward. Each driver writes them in its own dialect
 * (sqlite/schema.c). */
#pragma once
#include "store/db.h"

/* Brings a database to this program's schema, one transaction a migration. Writer only, before anything else is asked.
 * ERR_NEWER: a newer quire wrote it. ERR_INVALID: it is some other program's database. */
enum err schema_migrate(struct db *db, struct error *e);
/* For readers: OK when it is exactly this program's schema; ERR_NEWER, or ERR_CONFLICT when an owner must migrate it first. */
enum err schema_version_check(struct db *db, struct error *e);
/* Does the database hold no schema at all? (Also when it cannot be asked.) */
bool schema_is_empty(struct db *db);
/* What only the database itself can see of its state: lost guards, ids that would come again, and with `pages` damaged pages and references
 * that lead nowhere. found() is called for each, with a rule, a run (0: none) and a sentence, which are valid until it returns. */
typedef void schema_finding(void *arg, const char *rule, int64_t run, const char *sentence);
enum err schema_examine(struct db *db, bool pages, schema_finding *found, void *arg);
/* The newest schema this program knows. */
int schema_version(void);
/* For tests: migrates only up to `version`. */
enum err schema_migrate_to(struct db *db, int version, struct error *e);
/* For tests of migrations to come: list[k - 1] brings version k - 1 to k. Entries at or below the database's version may be NULL. */
enum err schema_migrate_along(struct db *db, const char *const *list, int n, struct error *e);
