/* scratch.c - see scratch.h. */
#include "cli/scratch.h"

#include <ftw.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw) {
  (void)st;
  (void)flag;
  (void)ftw;
  return remove(path);
}

enum err scratch_open(struct cli *c, char **dir, struct error *e) {
  const char *temp = getenv("TMPDIR");
  *dir = mem_printf("%s/quire-scratch.XXXXXX", temp && *temp ? temp : "/tmp");
  if (!mkdtemp(*dir)) {
    err_set(e, ERR_IO, "cannot make a scratch directory %s", *dir);
    free(*dir);
    *dir = NULL;
    return ERR_IO;
  }
  free(c->library);
  free(c->config.library);
  free(c->config.exports);
  free(c->config.listen);
  c->library = mem_dup(*dir);
  c->config.library = mem_dup(*dir);
  c->config.exports = mem_printf("%s/exports", *dir);
  c->config.listen = mem_dup("127.0.0.1:0");
  c->config.engine.exports_dir = c->config.exports;
  free(c->config.hooks.url); /* nobody is told of what is only tried */
  free(c->config.hooks.command);
  c->config.hooks.url = c->config.hooks.command = NULL;
  return OK;
}

void scratch_remove(char *dir) {
  if (dir) nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
  free(dir);
}
