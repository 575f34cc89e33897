/* belongings.c - belongings_keep: each file becomes a row; belongings_unpack: each row that may be one becomes a file. */
#include "store/upkeep/belongings.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "store/settings.h"

enum { MOST_DEPTH = 8 };
#define KEPT "kept:"

/* ---- into a backup */

static enum err keep_file(struct db *db, const char *library, const char *name, struct error *e) {
  char *path = mem_printf("%s/%s", library, name), *key = mem_printf(KEPT "%s", name);
  struct buf text;
  buf_init(&text, MAX_SCRIPT_BYTES);
  enum err err = buf_read_file(&text, path, e);
  if (err == OK && !utf8_valid(text.data, text.len, NULL)) {
    log_warnx("%s is not UTF-8 text: it is not in the backup", path);
  } else if (err == OK) {
    struct db_stmt *s = db_prepare(db, "INSERT INTO settings (key, value) VALUES ($key, $value)");
    db_bind_text(s, "$key", key);
    db_bind_text_n(s, "$value", text.data, text.len);
    if ((err = db_run(s)) != OK) db_error(db, e);
  }
  buf_release(&text);
  free(key);
  free(path);
  return err;
}

static bool is_script(const char *name) {
  size_t n = strlen(name);
  return n > 4 && strcmp(name + n - 4, ".lua") == 0;
}

static enum err keep_folder(struct db *db, const char *library, const char *name, int depth,
                            struct error *e) {
  char *path = mem_printf("%s/%s", library, name);
  DIR *dir = depth < MOST_DEPTH ? opendir(path) : NULL;
  enum err err = OK;
  for (struct dirent *entry; dir && err == OK && (entry = readdir(dir));) {
    if (entry->d_name[0] == '.') continue;
    char *inner = mem_printf("%s/%s", name, entry->d_name), *full = mem_printf("%s/%s", library, inner);
    struct stat st;
    if (stat(full, &st) == 0 && S_ISDIR(st.st_mode))
      err = keep_folder(db, library, inner, depth + 1, e);
    else if (is_script(inner) && access(full, F_OK) == 0)
      err = keep_file(db, library, inner, e);
    free(full);
    free(inner);
  }
  if (dir) closedir(dir);
  free(path);
  return err;
}

static enum err keep_all(struct db *db, const char *library, struct error *e) {
  char *settings = mem_printf("%s/quire.lua", library);
  enum err err = access(settings, F_OK) == 0 ? keep_file(db, library, "quire.lua", e) : OK;
  if (err == OK) err = keep_folder(db, library, "scripts", 0, e);
  if (err == OK) err = keep_folder(db, library, "pipelines", 0, e);
  free(settings);
  return err;
}

enum err belongings_keep(struct db *db, const char *library, struct error *e) {
  enum err err = db_begin(db);
  if (err == OK) err = keep_all(db, library, e);
  if (err == OK) err = db_commit(db);
  if (err != OK && e && !e->message[0]) db_error(db, e);
  db_rollback(db);
  return err;
}

/* ---- out of one */

/* A backup comes from anywhere: its names may only lead where scripts lie. */
static bool is_ours(const char *name) {
  if (strcmp(name, "quire.lua") == 0) return true;
  if (strncmp(name, "scripts/", 8) != 0 && strncmp(name, "pipelines/", 10) != 0) return false;
  return is_script(name) && !strstr(name, "/.") && !strstr(name, "//");
}

struct unpacking {
  const char *library;
  struct error *e;
  enum err err;
};

static enum err make_folder_of(const char *path, struct error *e) {
  char *dir = mem_dup(path);
  *strrchr(dir, '/') = 0;
  enum err err = file_mkdirs(dir, 0700, e);
  free(dir);
  return err;
}

static void unpack_row(void *arg, const char *key, const char *value) {
  struct unpacking *u = arg;
  const char *name = key + strlen(KEPT);
  if (u->err != OK || !is_ours(name)) return;
  char *path = mem_printf("%s/%s", u->library, name);
  if (access(path, F_OK) != 0) {
    u->err = make_folder_of(path, u->e);
    if (u->err == OK) u->err = file_write(path, value, strlen(value), u->e);
  }
  free(path);
}

enum err belongings_unpack(struct db *db, const char *library, struct error *e) {
  struct unpacking u = {.library = library, .e = e};
  enum err err = settings_each(db, KEPT, unpack_row, &u);
  if (err == OK) err = u.err;
  return err == OK ? db_run(db_prepare(db, "DELETE FROM settings WHERE substr(key, 1, 5) = 'kept:'")) : err;
}

/* ---- what was not written */

static bool differs(const char *path, const char *value) {
  struct buf text;
  buf_init(&text, MAX_SCRIPT_BYTES);
  bool same = buf_read_file(&text, path, NULL) == OK && text.len == strlen(value) &&
              memcmp(text.data, value, text.len) == 0;
  buf_release(&text);
  return !same;
}

struct comparing {
  const char *library;
  json_t *names;
};

static void compare_row(void *arg, const char *key, const char *value) {
  struct comparing *c = arg;
  const char *name = key + strlen(KEPT);
  char *path = mem_printf("%s/%s", c->library, name);
  if (is_ours(name) && differs(path, value)) json_array_append_new(c->names, json_string(name));
  free(path);
}

json_t *belongings_others(const char *file, const char *library) {
  struct comparing c = {library, json_array()};
  struct db *db;
  if (db_open(file, DB_READ_ONLY, &db, NULL) != OK) return c.names;
  (void)settings_each(db, KEPT, compare_row, &c); /* a damaged file is refused before anybody asks this */
  db_close(db);
  return c.names;
}
