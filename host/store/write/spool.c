/* spool.c - the fsynced file for what the database would not take. See spool.h for the format and the order of calls. */
#include "store/write/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/hash.h"
#include "base/jsonx.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "store/calls.h"
#include "store/events.h"
#include "store/runs.h"

enum { CHECKSUM = 16 }; /* hex digits */

struct spool {
  char *dir, *path;
  int fd; /* -1: there is no file */
  char nonce[40];
  int64_t lines, synced_lines;
  off_t size,
      synced_size; /* size: where the next line goes. Every write names its place: what a failed one left is written over */
  bool uncut; /* whole lines that were told as failed stand behind `size` */
  struct buf line;
};

static const struct store_op_kind *const kinds[] = {&op_journal_kind,    &op_call_finish_kind,
                                                    &op_run_status_kind, &op_run_progress_kind,
                                                    &op_event_kind,      &op_events_kind};

static void checksum(const char *text, size_t n, char out[CHECKSUM + 1]) {
  char hex[SHA_HEX];
  sha256_hex(text, n, hex);
  memcpy(out, hex, CHECKSUM);
  out[CHECKSUM] = '\0';
}

static enum err sync_directory(const char *dir, struct error *e) {
  int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return err_errno(e, errno, "cannot open %s", dir);
  enum err err = fsync(fd) == 0 ? OK : err_errno(e, errno, "cannot make %s durable", dir);
  close(fd);
  return err;
}

/* --- reading --- */

/* The next whole line that its checksum vouches for, without it: "KIND JSON". NULL at the end or at a torn line. */
static char *next_line(FILE *f, char **line, size_t *room, size_t *n) {
  ssize_t got = getline(line, room, f);
  if (got <= CHECKSUM + 2 || (*line)[got - 1] != '\n' || (*line)[CHECKSUM] != ' ') return NULL;
  (*line)[got - 1] = '\0';
  char sum[CHECKSUM + 1];
  *n = (size_t)got - CHECKSUM - 2;
  checksum(*line + CHECKSUM + 1, *n, sum);
  return memcmp(sum, *line, CHECKSUM) == 0 ? *line + CHECKSUM + 1 : NULL;
}

static FILE *reread(struct spool *s, char **line, size_t *room) {
  int fd = openat(AT_FDCWD, s->path, O_RDONLY | O_CLOEXEC);
  FILE *f = fd < 0 ? NULL : fdopen(fd, "r");
  if (fd >= 0 && !f) close(fd);
  if (f && getline(line, room, f) < 0) { /* the head line */
    fclose(f);
    f = NULL;
  }
  return f;
}

/* A damaged file for a person to look at; ours is cut after what can be read. */
static void keep_aside(const struct spool *s) {
  char *aside = mem_printf("%s.damaged-%lld", s->path, (long long)clock_wall_ms());
  log_errorx("store: %s is damaged; a copy of it is %s", s->path, aside);
  int to = open(aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  char part[65536];
  off_t at = 0;
  ssize_t n = 0;
  while (to >= 0 && (n = pread(s->fd, part, sizeof part, at)) > 0 && write(to, part, (size_t)n) == n) at += n;
  if (to < 0 || n != 0) log_warn("store: cannot write %s", aside);
  if (to >= 0) close(to);
  free(aside);
}

/* What a dead host left: counts the good lines and cuts off a torn tail. A damaged line in the middle is an acknowledged op lost by
 * the disk: the file is kept aside for a person, and what stands before the damage is replayed. */
static enum err adopt(struct spool *s, struct error *e) {
  char *line = NULL;
  size_t room = 0, n;
  if (lseek(s->fd, 0, SEEK_END) == 0)
    return OK; /* made, and then the power went: nothing in it was acknowledged */
  FILE *f = reread(s, &line, &room);
  if (!f) {
    free(line);
    return err_errno(e, errno, "cannot read %s", s->path);
  }
  bool known = sscanf(line, "quire-spool 1 %36s", s->nonce) == 1 && line[strlen(line) - 1] == '\n';
  s->size = ftello(f);
  if (!known) s->size = 0;
  while (known && next_line(f, &line, &room, &n)) {
    s->lines++;
    s->size = ftello(f);
  }
  bool more = false; /* a further whole line after the bad one? */
  while (known && getline(&line, &room, f) > 0) more = true;
  fclose(f);
  free(line);
  if (more || (!known && lseek(s->fd, 0, SEEK_END) > 64)) keep_aside(s);
  s->synced_lines = s->lines;
  s->synced_size = s->size;
  return OK;
}

enum err spool_open(const char *dir, struct spool **out, struct error *e) {
  struct spool *s = mem_alloc(sizeof *s);
  s->dir = mem_dup(dir);
  s->path = mem_printf("%s/spool", dir);
  buf_init(&s->line, MAX_JSON_BYTES);
  s->fd = open(s->path, O_RDWR | O_CLOEXEC);
  enum err err = OK;
  if (s->fd < 0 && errno != ENOENT) err = err_errno(e, errno, "cannot open %s", s->path);
  if (s->fd >= 0) err = adopt(s, e);
  if (err == OK && s->fd >= 0 && s->lines == 0) { /* nothing acknowledged is in it */
    close(s->fd);
    s->fd = -1;
    s->size = s->synced_size = 0;
    if (unlink(s->path) != 0) log_warn("store: cannot remove the empty %s", s->path);
  } else if (err == OK && s->fd >= 0 && ftruncate(s->fd, s->size) != 0) {
    err = err_errno(e, errno, "cannot cut the torn end off %s", s->path);
  }
  if (err != OK) {
    spool_close(s);
    return err;
  }
  *out = s;
  return OK;
}

void spool_close(struct spool *s) {
  if (!s) return;
  if (s->fd >= 0) close(s->fd);
  buf_release(&s->line);
  free(s->path);
  free(s->dir);
  free(s);
}

bool spool_pending(const struct spool *s) {
  return s->lines > 0;
}

/* --- writing --- */

/* All of it after what stands there, or as if nothing had been written. */
static enum err write_all(struct spool *s, const char *p, size_t n) {
  off_t at = s->size;
  while (n > 0) {
    ssize_t done = pwrite(s->fd, p, n, at);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return err_errno(NULL, done < 0 ? errno : EIO, "spool");
    p += done;
    n -= (size_t)done;
    at += done;
  }
  s->size = at;
  return OK;
}

static void forget_file(struct spool *s) {
  close(s->fd);
  s->fd = -1;
  s->size = s->synced_size = 0;
  s->lines = s->synced_lines = 0;
  s->uncut = false;
}

static void discard(struct spool *s) {
  if (unlink(s->path) != 0 && ftruncate(s->fd, 0) != 0)
    log_warn("store: cannot remove the spool %s", s->path);
  forget_file(s);
}

static enum err create(struct spool *s) {
  s->fd = open(s->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (s->fd < 0) return err_errno(NULL, errno, "spool");
  snprintf(s->nonce, sizeof s->nonce, "%016llx%08x",
           (unsigned long long)clock_wall_ms() << 20 ^ clock_mono_ns(), (unsigned)getpid());
  char head[80];
  int n = snprintf(head, sizeof head, "quire-spool 1 %s\n", s->nonce);
  enum err err = write_all(s, head, (size_t)n);
  if (err != OK) discard(s);
  return err;
}

enum err spool_append(struct spool *s, const struct store_op *op) {
  if (!op->kind->encode) return ERR_INVALID;
  buf_clear(&s->line);
  enum err err = buf_printf(&s->line, "%*s%s ", CHECKSUM + 1, "", op->kind->name);
  if (err == OK) err = op->kind->encode(op, &s->line);
  if (err == OK && memchr(s->line.data, '\n', s->line.len)) err = ERR_INVALID;
  if (err != OK) return err;
  char sum[CHECKSUM + 1];
  checksum(s->line.data + CHECKSUM + 1, s->line.len - CHECKSUM - 1, sum);
  memcpy(s->line.data, sum, CHECKSUM);
  if ((err = buf_putc(&s->line, '\n')) != OK) return err;
  if (s->fd < 0) err = create(s);
  if (err == OK) err = write_all(s, s->line.data, s->line.len);
  s->lines += err == OK;
  return err;
}

/* Back to what was durable. */
static void undo(struct spool *s) {
  s->size = s->synced_size;
  s->lines = s->synced_lines;
  s->uncut = s->lines > 0 && ftruncate(s->fd, s->size) != 0;
  if (s->lines == 0) discard(s);
}

enum err spool_sync(struct spool *s, struct error *e) {
  if (s->fd < 0 || s->lines == s->synced_lines) return OK;
  s->uncut =
      s->uncut && ftruncate(s->fd, s->size) != 0; /* or the next host would take them for acknowledged */
  enum err err = !s->uncut && fsync(s->fd) == 0 ? OK : err_errno(e, errno, "cannot make %s durable", s->path);
  if (err == OK && s->synced_lines == 0) err = sync_directory(s->dir, e);
  if (err != OK) {
    undo(s);
    return err;
  }
  s->synced_lines = s->lines;
  s->synced_size = s->size;
  return OK;
}

/* --- replay --- */

static enum err read_mark(struct spool *s, struct db *db, int64_t *skip) {
  *skip = 0;
  struct db_stmt *q = db_prepare(db, "SELECT value FROM settings WHERE key = 'spool'");
  enum db_step step = db_step(q);
  size_t n = strlen(s->nonce);
  const char *value = step == DB_ROW ? db_text(q, 0) : NULL;
  if (value && n > 0 && strncmp(value, s->nonce, n) == 0 && value[n] == ' ')
    *skip = strtoll(value + n, NULL, 10);
  db_reset(q);
  return step == DB_FAILED ? db_error(db, NULL) : OK;
}

static enum err write_mark(struct spool *s, struct db *db) {
  char value[80];
  snprintf(value, sizeof value, "%s %lld", s->nonce, (long long)s->lines);
  if (s->lines == 0) snprintf(value, sizeof value, "empty %lld", (long long)clock_wall_ms());
  struct db_stmt *q = db_prepare(db, "INSERT INTO settings (key, value) VALUES ('spool', $value)"
                                     " ON CONFLICT (key) DO UPDATE SET value = $value");
  db_bind_text(q, "$value", value);
  return db_run(q);
}

static struct store_op *decode(const char *text, size_t n) {
  const char *space = memchr(text, ' ', n);
  if (!space) return NULL;
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
    if (strlen(kinds[i]->name) == (size_t)(space - text) &&
        memcmp(kinds[i]->name, text, (size_t)(space - text)) == 0)
      return kinds[i]->decode(space + 1, n - (size_t)(space - text) - 1);
  return NULL;
}

static enum err replay_line(struct db *db, const char *text, size_t n, int64_t *dropped) {
  struct store_op *op = decode(text, n);
  if (!op) {
    log_errorx("store: a line of the spool cannot be read: %.200s", text);
    ++*dropped;
    return OK;
  }
  enum err err = db_savepoint(db);
  if (err == OK) {
    err = op->kind->apply(db, op);
    if (!store_err_is_database(err)) {
      enum err own = err != OK ? err : op->err;
      err = err == OK ? db_savepoint_keep(db) : db_savepoint_undo(db);
      if (own != OK) {
        log_warnx("store: from the spool, not done (%s): %s %s", err_name(own), op->kind->name,
                  op->error.message);
        ++*dropped;
      }
    }
  }
  op->kind->free(op);
  return err;
}

static enum err replay_lines(struct spool *s, struct db *db, int64_t skip, int64_t *dropped,
                             struct error *e) {
  char *line = NULL;
  size_t room = 0, n;
  FILE *f = reread(s, &line, &room);
  if (!f) {
    free(line);
    return err_errno(e, errno, "cannot read %s", s->path);
  }
  enum err err = OK;
  for (int64_t i = 0; err == OK && i < s->lines; i++) {
    const char *text = next_line(f, &line, &room, &n);
    if (!text)
      err = err_set(e, ERR_IO, "%s changed under us", s->path);
    else if (i >= skip)
      err = replay_line(db, text, n, dropped);
  }
  fclose(f);
  free(line);
  return err;
}

/* What was replayed is committed: the file has done its work. */
static void remove_file(struct spool *s) {
  if (s->fd < 0) return;
  if (unlink(s->path) != 0) {
    log_warn("store: cannot remove %s (its lines are marked as done)", s->path);
    return;
  }
  forget_file(s);
  (void)sync_directory(s->dir,
                       NULL); /* its lines are marked as done: one that comes back brings nothing in */
}

enum err spool_replay(struct spool *s, struct db *db, int64_t *dropped, struct error *e) {
  int64_t skip = 0, lost = 0;
  enum err err = db_begin(db);
  if (err == OK) err = read_mark(s, db, &skip);
  if (err == OK && s->lines > skip) err = replay_lines(s, db, skip, &lost, e);
  if (err == OK) err = write_mark(s, db);
  if (err == OK) err = db_commit(db);
  if (err != OK) {
    if (!e || !e->message[0]) db_error(db, e);
    db_rollback(db);
    return err;
  }
  if (s->lines > skip)
    log_info("store: %lld spooled changes are in the database now", (long long)(s->lines - skip));
  *dropped += lost;
  remove_file(s);
  return OK;
}

/* --- fields of a line --- */

void spool_put_text_n(json_t *obj, const char *key, const char *text, size_t n) {
  if (!text) return;
  if (utf8_valid(text, n, NULL)) {
    json_object_set_new(obj, key, json_stringn(text, n));
    return;
  }
  char *hex = mem_alloc(2 * n + 1);
  hex_encode((const uint8_t *)text, n, hex);
  json_object_set_new(obj, key, json_pack("{s:s}", "hex", hex));
  free(hex);
}

void spool_put_text(json_t *obj, const char *key, const char *text) {
  if (text) spool_put_text_n(obj, key, text, strlen(text));
}

static int digit(char c) {
  return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool spool_hex(const char *hex, uint8_t *out, size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (digit(hex[2 * i]) < 0 || digit(hex[2 * i + 1]) < 0) return false;
    out[i] = (uint8_t)(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
  }
  return true;
}

char *spool_take_text(const json_t *obj, const char *key, size_t *n) {
  const json_t *v = json_object_get(obj, key);
  size_t length = json_string_length(v);
  char *out = NULL;
  if (json_is_string(v)) {
    out = mem_dup_n(json_string_value(v), length);
  } else if (json_is_object(v)) {
    const char *hex = jsonx_str(v, "hex", "");
    length = strlen(hex) / 2;
    out = mem_alloc(length + 1);
    spool_hex(hex, (uint8_t *)out, length);
  }
  if (n) *n = length;
  return out;
}
