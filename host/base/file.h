/* file.h - whole files, written so that a crash leaves the old one or the new one. Any thread. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

/* Makes the folder and its parents (mode). OK when it is there already. */
enum err file_mkdirs(const char *dir, unsigned mode, struct error *e);
/* Writes `path` (its folder is made when missing): temporary file, fsync, rename, fsync of the folder. The error names the path and what to do. */
enum err file_write(const char *path, const void *data, size_t n, struct error *e);
/* The same for what nobody else may read: the file 0600, folders that are made 0700. */
enum err file_write_secret(const char *path, const void *data, size_t n, struct error *e);
/* Bytes free for us on the disk of `dir`; -1: that cannot be told. */
int64_t file_room(const char *dir);
