/* audit.h - looks for breaches of what a library promises, on a live or a dead one. Read-only, any thread but the loop's. */
#pragma once
#include <stdbool.h>
#include "store/db.h"

/* Called for each breach: the rule's name, the run that it is about (0: none) and one sentence for a person, with all ids. The texts are
 * valid until it returns. */
typedef void audit_breach(void *arg, const char *rule, int64_t run, const char *explanation);

struct audit_options {
  bool all_blobs; /* every content's hash, not a sample of some hundred */
  bool integrity; /* also the database's own check of its pages, indexes, constraints and references */
};

/* Each rule is one statement, and so sees one moment of a live library. *breaches: how many (may be NULL). An error means that the library
 * could not be read to the end; damage that SQLite finds on the way is a breach ("damage"), not an error.
 *
 *   struct db *db = store_reader(s);
 *   int breaches;
 *   enum err err = audit_run(db, tell, NULL, &breaches);
 *   store_reader_release(s, db); */
enum err audit_run(struct db *db, audit_breach *breach, void *arg, int *breaches);
enum err audit_run_with(struct db *db, const struct audit_options *options, audit_breach *breach, void *arg,
                        int *breaches);
