/* scripts.h - script sets: all sources on the search path at one moment, each stored once by hash. */
#pragma once
#include "base/hash.h"
#include "store/store.h"

struct script_source {
  const char *name, *text;
  size_t n;
  char sha[SHA_HEX];
}; /* name: "phases/writing", "pipelines/generate_book" */
struct op_script_set {
  struct store_op op;
  const char *hash; /* of the whole set */
  const struct script_source *files;
  size_t n_files;
  int64_t id; /* out: the set's id, new or old */
};
extern const struct store_op_kind op_script_set_kind;
/* The same inside another op's transaction. */
enum err script_set_save(struct db *db, struct op_script_set *set);
/* Each source of a set, by name. ERR_NOT_FOUND. */
enum err script_set_each(struct db *db, int64_t set, void (*fn)(void *, const struct script_source *),
                         void *arg);
