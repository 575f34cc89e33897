/* embedded.h - the files that travel inside the binary: scripts, pipelines, the web UI's assets.
 * The Makefile writes build/FLAVOUR/embedded.c. Sorted by name (bytes); `text` ends with a NUL that `size`
 * does not count. */
#pragma once
#include <stddef.h>

struct embedded_file {
  const char *name; /* the path in the source tree: "scripts/phases/writing.lua", "host/web/ui/app.js" */
  const char *text;
  size_t size;
  const char *gzip; /* the same, gzipped, for the web UI's files; else NULL */
  size_t gzip_size;
};

extern const struct embedded_file embedded_files[];
extern const size_t embedded_count;
