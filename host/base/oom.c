/* oom.c - the kernel's own count of its out-of-memory kills. A process that it killed looks like one that somebody killed with -9; only this count
 * tells them apart. The control group's is the better one: it is ours alone, and a service whose /proc shows processes only has it too. */
#include "base/oom.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_BYTES = 600 };

/* The number after `word` at the start of a line; -1: there is none. */
static long number_after(const char *path, const char *word) {
  FILE *f = fopen(path, "re");
  char line[128];
  size_t size = strlen(word);
  long n = -1;
  while (f && n < 0 && fgets(line, sizeof line, f))
    if (strncmp(line, word, size) == 0 && line[size] == ' ') n = strtol(line + size, NULL, 10);
  if (f) fclose(f);
  return n;
}

static long of_group(void) {
  FILE *f = fopen("/proc/self/cgroup", "re");
  char line[PATH_BYTES], group[PATH_BYTES] = "", path[PATH_BYTES + 60];
  while (f && fgets(line, sizeof line, f))
    if (sscanf(line, "0::%599[^\n]", group) == 1) break;
  if (f) fclose(f);
  if (!group[0]) return -1;
  snprintf(path, sizeof path, "/sys/fs/cgroup%s/memory.events", group);
  return number_after(path, "oom_kill");
}

long oom_kills(void) {
  long n = of_group();
  return n >= 0 ? n : number_after("/proc/vmstat", "oom_kill");
}
