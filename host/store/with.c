/* with.c - see with.h. */
#include "store/with.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

static const char role_word[] = "models=";
enum { ROLE_WORD = sizeof role_word - 1 };

static bool take(struct with *w, const char *word) {
  bool role = strncmp(word, role_word, ROLE_WORD) == 0 && word[ROLE_WORD] && !strchr(word, ',');
  bool scripts = strcmp(word, "scripts") == 0, artifacts = strcmp(word, "artifacts") == 0;
  bool models = role || strcmp(word, "models") == 0;
  w->scripts |= scripts;
  w->artifacts |= artifacts;
  w->models |= models;
  return scripts || artifacts || models;
}

enum err with_add(struct with *w, const char *word, struct error *e) {
  static const char *const known[] = {"scripts", "artifacts", "models", NULL};
  if (take(w, word)) {
    char *longer = w->text ? mem_printf("%s,%s", w->text, word) : mem_dup(word);
    free(w->text);
    w->text = longer;
    return OK;
  }
  const char *near = text_nearest(word, known);
  err_set(e, ERR_INVALID, "--with knows scripts, artifacts, models and models=ROLE, not '%.50s'", word);
  if (near) err_hint(e, "did you mean '%s'?", near);
  return ERR_INVALID;
}

enum err with_parse(const char *words, struct with *out, struct error *e) {
  *out = (struct with){0};
  char *copy = mem_dup(words), *rest = NULL;
  enum err err = OK;
  for (char *word = copy ? strtok_r(copy, ",", &rest) : NULL; word && err == OK;
       word = strtok_r(NULL, ",", &rest))
    err = with_add(out, word, e);
  free(copy);
  if (err != OK) with_release(out);
  return err;
}

void with_release(struct with *w) {
  free(w->text);
  *w = (struct with){0};
}

bool with_models_of(const struct with *w, const char *role) {
  size_t n_role = strlen(role);
  for (const char *word = w->text; word; word = *word ? word + 1 : NULL) {
    size_t n = strcspn(word, ",");
    if (n == ROLE_WORD - 1 && memcmp(word, role_word, n) == 0) return true;
    if (n == ROLE_WORD + n_role && memcmp(word, role_word, ROLE_WORD) == 0 &&
        memcmp(word + ROLE_WORD, role, n_role) == 0)
      return true;
    word += n;
  }
  return false;
}
