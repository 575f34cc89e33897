/* with.c - see with.h. */
#include "engine/with.h"

#include <string.h>

bool with_models_of(const char *with, const char *role) {
  size_t n_role = strlen(role);
  for (const char *word = with; word; word = *word ? word + 1 : NULL) {
    size_t n = strcspn(word, ",");
    if (n == 6 && memcmp(word, "models", 6) == 0) return true;
    if (n == 7 + n_role && memcmp(word, "models=", 7) == 0 && memcmp(word + 7, role, n_role) == 0)
      return true;
    word += n;
  }
  return false;
}
