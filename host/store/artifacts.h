/* artifacts.h - named, versioned documents of a project. Versions never change; contents are blobs by SHA-256. */
#pragma once
#include <stdbool.h>
#include "store/journal.h"

enum { ARTIFACT_NAME_MOST = 200 };

/* A document's name is a relative path that every door can show, address and unpack: parts between single slashes, none of them "." or
 * with "..", no control characters, no backslash. ERR_INVALID says which rule. `name`: NULL is an error too. */
enum err artifact_name_check(const char *name, struct error *e);

struct artifact_put { /* one document to write; strings are the op's (freed with it) */
  char *name, *kind, *content;
  size_t n;
  int64_t seen;    /* the highest version number of it that the run has read or written */
  int64_t version; /* out */
  bool proposal;   /* out: the head is one that this run may not move (artifacts.c has the rule) */
};
/* A run's puts, in one transaction with their journal entry and a heartbeat; entry.result is written by apply:
 * [{"name":..,"version":..,"proposal":false,"bytes":..}, ...]. `result` holds a copy of it (free()). */
struct op_artifact_put {
  struct store_op op;
  struct journal_entry entry;
  int64_t project;
  struct artifact_put *puts;
  size_t n_puts;
  char *result; /* out */
};
extern const struct store_op_kind op_artifact_put_kind;

/* A run's read: the head (or, `horizon` > 0: the newest version with id <= horizon that neither this run nor one that it continues wrote), journaled as
 * {"version":number,"id":version_id,"kind":..,"author":..} or null when there is none. */
struct op_artifact_get {
  struct store_op op;
  struct journal_entry entry;
  int64_t project, horizon;
  const char *name;
  char *result;  /* out: the journaled JSON, free() */
  char *content; /* out: NULL when there is none; free() */
  size_t n;
};
extern const struct store_op_kind op_artifact_get_kind;

/* A run's list: names with the prefix and their head versions, journaled as [{"name":..,"version":..,"kind":..,"author":..}, ...].
 * `history`: prefix is one name, and each of its versions is listed. */
struct op_artifact_list {
  struct store_op op;
  struct journal_entry entry;
  int64_t project;
  const char *prefix;
  bool history;
  char *result; /* out */
};
extern const struct store_op_kind op_artifact_list_kind;

/* What a document is by its name's ending, where nobody says it: "json", "markdown" or "text". */
const char *artifact_kind_of(const char *name);

/* A person's edit. `expected` >= 0: ERR_CONFLICT when the head's number is another (0: must not exist). */
struct op_artifact_edit {
  struct store_op op;
  int64_t project;
  const char *name, *kind, *content;
  size_t n;
  int64_t expected;
  int64_t version; /* out */
};
extern const struct store_op_kind op_artifact_edit_kind;

struct artifact_row {
  int64_t id, version_id, number, run, created_at, size;
  const char *name, *kind, *author, *state, *sha; /* author: run | person; state: version | proposal */
};
enum err artifacts_each(struct db *db, int64_t project, const char *prefix,
                        void (*fn)(void *, const struct artifact_row *), void *arg);
enum err artifact_history(struct db *db, int64_t project, const char *name,
                          void (*fn)(void *, const struct artifact_row *), void *arg);
/* One of them; number 0: the head. `fn` is not called when there is none. */
enum err artifact_version(struct db *db, int64_t project, const char *name, int64_t number,
                          void (*fn)(void *, const struct artifact_row *), void *arg);
/* All proposals of a project that are newer than their document's head: those that still wait for a person. */
enum err artifact_proposals_each(struct db *db, int64_t project,
                                 void (*fn)(void *, const struct artifact_row *), void *arg);
/* number 0: the head. The row's strings are valid until the callback returns, so the content comes with it. */
enum err artifact_content(struct db *db, int64_t project, const char *name, int64_t number, struct buf *out,
                          int64_t *version, struct error *e);
/* Where that content lies, to read it piece by piece: versions never change, so the pieces fit together. */
struct artifact_place {
  int64_t blob, size, number;
};
enum err artifact_find(struct db *db, int64_t project, const char *name, int64_t number,
                       struct artifact_place *out, struct error *e);
/* From `at` on, part by part, until `take` has enough (false) or it ends. ERR_NOT_FOUND: it was deleted meanwhile. */
enum err artifact_parts(struct db *db, const struct artifact_place *place, int64_t at,
                        bool (*take)(void *arg, const char *bytes, size_t n), void *arg, struct error *e);
/* What the file `name` of a book is made from has changed since: the version of the newest source, else 0. Also 0 while a run of another
 * pipeline than `maker` works on the project: the book is not done, and that run makes its files. */
enum err artifact_outdated(struct db *db, int64_t project, const char *name, const char *maker,
                           int64_t *newest);
enum err artifact_version_content(struct db *db, int64_t version_id, struct buf *out);
/* For resume --with artifacts: is there a version of the artifact that `version_id` belongs to, newer than it, at most `horizon`, not
 * written by `run` or a run that it continues? *newer is 0 when not. artifact_appeared: the same where the read had found nothing. */
enum err artifact_changed(struct db *db, int64_t version_id, int64_t horizon, int64_t run, int64_t *newer);
enum err artifact_appeared(struct db *db, int64_t project, const char *name, int64_t horizon, int64_t run,
                           int64_t *newer);
enum err artifact_horizon(struct db *db, int64_t *highest_version_id);
