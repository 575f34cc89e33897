/* embedded.h - the files that travel inside the binary: scripts, pipelines, the web UI's assets.
 * The Makefile writes build/FLAVOUR/embedded.c. Sorted by name (bytes). */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct embedded_file {
  const char *name;    /* the path in the source tree: "scripts/phases/writing.lua", "host/ui/app.js" */
  size_t size, packed; /* of the file; of `data`: the same, or less when it is gzipped */
  /* the web UI's files and tests of scripts are gzipped, the others are as they are, with a NUL that `size` does not count */
  const char *data;
};

/* A gzipped file as it is; NULL when zlib cannot (no memory). The caller frees it. */
char *embedded_unpack(const struct embedded_file *f);

extern const struct embedded_file embedded_files[];
extern const size_t embedded_count;
