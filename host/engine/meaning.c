/* meaning.c - which models a run's roles stand for (P12): what its person chose for it (--model), else what the settings say now - unless that
 * would mix rehearsal and real answers in one book. Loop thread.
 *
 * The settings' roles of the time when the run was begun stand in its options ("roles"); of a run that an older version began, the answers in
 * its journal tell. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/internal.h"

static struct run_role *add(struct run_roles *list, const char *role, size_t room) {
  list->roles = mem_grow(list->roles, (list->n + 1) * sizeof *list->roles);
  struct run_role *r = &list->roles[list->n++];
  *r = (struct run_role){.role = mem_dup(role), .models = mem_alloc((room + 1) * sizeof(char *))};
  return r;
}

void run_roles_read(struct run_roles *list, const json_t *object) {
  const char *role;
  json_t *models;
  json_object_foreach((json_t *)(uintptr_t)object, role, models) {
    struct run_role *r = add(list, role, json_array_size(models));
    for (size_t i = 0; i < json_array_size(models); i++)
      if (json_is_string(json_array_get(models, i)))
        r->models[r->n++] = json_string_value(json_array_get(models, i));
  }
}

void run_roles_release(struct run_roles *list) {
  for (size_t i = 0; i < list->n; i++) {
    free(list->roles[i].role);
    free(list->roles[i].models);
  }
  free(list->roles);
  *list = (struct run_roles){0};
}

/* `others`: the name that stands for every role that is not listed. */
static const struct run_role *find(const struct run_roles *list, const char *role, const char *others) {
  const struct run_role *found = NULL;
  for (size_t i = 0; i < list->n; i++) {
    const struct run_role *r = &list->roles[i];
    if (!r->n) continue;
    if (strcmp(r->role, role) == 0) return r;
    if (strcmp(r->role, others) == 0) found = r;
  }
  return found;
}

void run_models(const struct run *run, const char *role, const char *const **models, size_t *n) {
  const struct run_role *own = find(&run->chosen, role, "");
  *models = own ? own->models : NULL;
  *n = own ? own->n : 0;
}

void run_note_answer(struct run *run, const char *role, const char *model) {
  if (run->begun_is_told || !role || !model || !llm_role_is_real(run->engine->llm, role, &model, 1)) return;
  const char *names[] = {role, "default"};
  for (int i = 0; i < 2; i++)
    if (!find(&run->begun, names[i], names[i])) {
      struct run_role *r = add(&run->begun, names[i], 1);
      run->noted = mem_grow(run->noted, (run->n_noted + 1) * sizeof *run->noted);
      r->models[r->n++] = run->noted[run->n_noted++] = mem_dup(model);
    }
}

bool run_meaning(const struct run *run, const char *role, const char *const **models, size_t *n,
                 struct error *e) {
  const struct llm *llm = run->engine->llm;
  run_models(run, role, models, n);
  const struct run_role *begun = *n ? NULL : find(&run->begun, role, "default");
  if (!begun) return true;
  bool was = llm_role_is_real(llm, role, begun->models, begun->n), is = llm_role_is_real(llm, role, NULL, 0);
  if (is && !was) { /* it goes on with what it was begun with: no money is spent unasked */
    *models = begun->models;
    *n = begun->n;
  }
  if (is || !was) return true;
  err_set(
      e, ERR_CONFIG,
      "nobody answers for the role '%s': this run was begun with %s, and the settings name no model for it now "
      "(is quire.lua missing?); a rehearsal is not mixed in unasked",
      role, begun->models[0]);
  err_hint(e, "restore quire.lua, or name a model: quire resume %lld --model PROVIDER/NAME",
           (long long)run->id);
  return false;
}
