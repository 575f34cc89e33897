/* scratch.c - see scratch.h. Threads: the caller's. */
#include "scratch.h"

#include <ftw.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/mem.h"

static const char in_memory[] = "/dev/shm";
static const uint64_t room_least = 1ull << 30;

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw) {
  (void)st;
  (void)flag;
  (void)ftw;
  return remove(path);
}

/* Nothing of it has to outlive the power: a disk would only cost its time. Containers often have a few MB there. */
static bool memory_has_room(void) {
  struct statvfs s;
  return access(in_memory, W_OK | X_OK) == 0 && statvfs(in_memory, &s) == 0 &&
         (uint64_t)s.f_bavail * s.f_frsize >= room_least;
}

enum err scratch_open(struct config *config, char **dir, struct error *e) {
  const char *temp = getenv("TMPDIR");
  if (!temp || !*temp) temp = memory_has_room() ? in_memory : "/tmp";
  *dir = mem_printf("%s/quire-scratch.XXXXXX", temp);
  if (!mkdtemp(*dir)) {
    err_set(e, ERR_IO, "cannot make a scratch directory %s", *dir);
    free(*dir);
    *dir = NULL;
    return ERR_IO;
  }
  free(config->library);
  free(config->exports);
  free(config->listen);
  config->library = mem_dup(*dir);
  config->exports = mem_printf("%s/exports", *dir);
  config->listen = mem_dup("127.0.0.1:0");
  config->engine.exports_dir = config->exports;
  free(config->hooks.url); /* nobody is told of what is only tried */
  free(config->hooks.command);
  config->hooks.url = config->hooks.command = NULL;
  return OK;
}

void scratch_remove(char *dir) {
  if (dir) nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
  free(dir);
}
