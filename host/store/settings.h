/* settings.h - small values that a library keeps under a name ("password", "token:laptop", "draft:new-book"), and who is signed in.
 * Names that the store uses itself ("spool", "generation", "heads_since", "pruning:7") are not for others. */
#pragma once
#include <stdbool.h>
#include "store/store.h"

/* Writes a value, or takes it away (NULL). With `expected`: ERR_CONFLICT when the value is another one ("": when there is one). */
struct op_setting {
  struct store_op op;
  const char *key, *value, *expected;
  bool existed; /* out: there was one before */
};
extern const struct store_op_kind op_setting_kind;

/* ERR_NOT_FOUND without a text; *value is the caller's. */
enum err setting_get(struct db *db, const char *key, char **value);
enum err settings_each(struct db *db, const char *prefix,
                       void (*fn)(void *, const char *key, const char *value), void *arg);

/* Who is signed in. `id` is the hash of what the browser holds, so a copy of the library opens nothing. */
struct op_session {
  struct store_op op;
  enum { SESSION_BEGIN, SESSION_SEEN, SESSION_END, SESSION_END_ALL } what;
  char id[65];
  char name[80];      /* of the browser; SESSION_BEGIN */
  int64_t expires_at; /* SESSION_BEGIN, SESSION_SEEN */
};
extern const struct store_op_kind op_session_kind;
/* ERR_NOT_FOUND when there is none or it has ended by itself. */
enum err session_get(struct db *db, const char *id, int64_t now_ms, int64_t *seen_at);
