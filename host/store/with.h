/* with.h - what a resume or retry `--with scripts,models=writer` takes up anew. Read here and nowhere else. Any thread. */
#pragma once
#include <stdbool.h>
#include "base/err.h"

struct with {
  char *text; /* the words, joined by commas, as the run's row keeps them; NULL: none, an exact replay */
  bool scripts, artifacts;
  bool models; /* of some role: with_models_of says of which */
};

/* One more word: scripts, artifacts, models or models=ROLE. ERR_INVALID with the nearest of them. */
enum err with_add(struct with *w, const char *word, struct error *e);
/* Words joined by commas; NULL or "": none. *out is empty when they are refused. */
enum err with_parse(const char *words, struct with *out, struct error *e);
void with_release(struct with *w);

/* Are the models of `role` to be looked at anew? "models" means all roles, "models=ROLE" one; both may stand there, and several. */
bool with_models_of(const struct with *w, const char *role);
