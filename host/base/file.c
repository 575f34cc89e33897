/* file.c - whole files, written atomically. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/mem.h"

enum err file_mkdirs(const char *dir, unsigned mode, struct error *e) {
  char *path = mem_dup(dir);
  enum err err = OK;
  for (char *p = path + 1; err == OK; p++) {
    if (*p != '/' && *p != '\0') continue;
    char end = *p;
    *p = '\0';
    if (mkdir(path, mode) != 0 && errno != EEXIST)
      err = err_errno(e, errno, "cannot make the folder %s", path);
    *p = end;
    if (end == '\0') break;
  }
  struct stat st;
  if (err == OK && stat(dir, &st) == 0 && !S_ISDIR(st.st_mode))
    err = err_set(e, ERR_IO, "%s is a file, not a folder", dir);
  free(path);
  return err;
}

static enum err write_all(int fd, const char *data, size_t n) {
  while (n > 0) {
    ssize_t k = write(fd, data, n);
    if (k < 0 && errno == EINTR) continue;
    if (k < 0) return ERR_IO;
    data += k;
    n -= (size_t)k;
  }
  return fsync(fd) == 0 ? OK : ERR_IO;
}

static enum err write_temp(const char *temp, const char *path, unsigned mode, const void *data, size_t n,
                           struct error *e) {
  int fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  if (fd < 0) return err_errno(e, errno, "cannot write %s", path);
  enum err err = write_all(fd, data, n);
  int saved = errno;
  close(fd);
  if (err == OK && rename(temp, path) == 0) return OK;
  if (err == OK) saved = errno;
  unlink(temp);
  return err_errno(e, saved, "cannot write %s", path);
}

static enum err write_whole(const char *path, unsigned mode, unsigned dir_mode, const void *data, size_t n,
                            struct error *e) {
  char *dir = mem_dup(path), *slash = strrchr(dir, '/');
  enum err err = OK;
  if (slash && slash > dir) {
    *slash = '\0';
    err = file_mkdirs(dir, dir_mode, e);
  } else {
    dir[0] = slash ? '/' : '.';
    dir[1] = '\0';
  }
  char *temp = mem_printf("%s.%d.part", path, (int)gettid());
  if (err == OK) err = write_temp(temp, path, mode, data, n, e);
  if (err == OK) {
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
      fsync(fd);
      close(fd);
    }
  } else {
    err_hint(e, "check that the folder %s exists, is writable and has space", dir);
  }
  free(temp);
  free(dir);
  return err;
}

enum err file_write(const char *path, const void *data, size_t n, struct error *e) {
  return write_whole(path, 0644, 0755, data, n, e);
}

enum err file_write_secret(const char *path, const void *data, size_t n, struct error *e) {
  return write_whole(path, 0600, 0700, data, n, e);
}

int64_t file_room(const char *dir) {
  struct statvfs fs;
  if (statvfs(dir, &fs) != 0) return -1;
  return (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
}
