/* gather.c - the sources of the search path as one checked set, and the set in the library. Threads: those of commands.h. */
#include <stdlib.h>
#include <string.h>

#include "acts/commands.h"
#include "acts/internal.h"
#include "acts/script_cache.h"
#include "base/mem.h"
#include "lua/script_set.h"
#include "store/scripts.h"

char *gather_base_name(const char *path) {
  const char *slash = strrchr(path, '/'), *start = slash ? slash + 1 : path;
  size_t n = strlen(start);
  return mem_dup_n(start, n > 4 && strcmp(start + n - 4, ".lua") == 0 ? n - 4 : n);
}

enum err commands_gathered(struct script_set *s, enum err err, struct script_set **out, struct error *e) {
  if (err == OK) {
    script_set_add_embedded(s);
    script_set_seal(s);
    err = script_set_check(s, e);
  }
  if (err == OK)
    *out = s;
  else
    script_set_unref(s);
  return err;
}

enum err commands_gather(const char *const *script_dirs, const char *extra_dir, const char *file,
                         struct script_set **out, struct error *e) {
  struct script_set *s = script_set_new();
  enum err err = OK;
  if (file) {
    char *base = gather_base_name(file), *name = mem_printf("pipelines/%s", base);
    err = script_set_add_file(s, name, file, e);
    free(base);
    free(name);
  }
  if (err == OK && extra_dir) err = script_set_add_dir(s, extra_dir, e);
  for (size_t i = 0; err == OK && script_dirs && script_dirs[i]; i++)
    err = script_set_add_dir(s, script_dirs[i], e);
  return commands_gathered(s, err, out, e);
}

enum err gather_now(struct commands *c, const char *extra_dir, const char *file, struct script_set **out,
                    struct error *e) {
  if (extra_dir || file) return commands_gather(c->script_dirs, extra_dir, file, out, e);
  return script_cache_get(c->scripts, out, e);
}

struct op_script_set gather_op(const struct script_set *s, struct script_source **files) {
  size_t n = script_set_count(s);
  struct script_source *list = *files = mem_alloc((n + 1) * sizeof *list);
  for (size_t i = 0; i < n; i++) {
    const struct script_file *f = script_set_at(s, i);
    list[i] = (struct script_source){.name = f->name, .text = f->text, .n = f->n};
    memcpy(list[i].sha, f->sha, SHA_HEX);
  }
  return (struct op_script_set){
      .op.kind = &op_script_set_kind, .hash = script_set_hash(s), .files = list, .n_files = n};
}

enum err gather_save(struct commands *c, const struct script_set *s, int64_t *id, struct error *e) {
  struct script_source *files;
  struct op_script_set op = gather_op(s, &files);
  enum err err = store_do(c->store, &op.op);
  if (err != OK && e) *e = op.op.error;
  *id = op.id;
  free(files);
  return err;
}
