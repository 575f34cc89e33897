/* crash_images.c - a power cut, many times.
 *
 *   crash_images write DIR OPS         a new library: 4 threads make runs, journal entries and chapters; each acknowledged op is told on
 *                                      descriptor 9. With preload_fs.so all that reaches the disk is in FS_LOG.
 *   crash_images check DIR ACKS        opens what is there: sound, and everything in ACKS is in it
 *   crash_images images LOG DIR N SEED builds N images of what the disk may hold after a cut at a random moment of the log: of the writes since
 *                                      a file's last sync any may be missing or torn; opens each and checks what was acknowledged before
 *
 * Also `write` on a failing disk: an op that failed says why, and the program ends with 0 whatever failed. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/log.h"
#include "base/mem.h"
#include "store/artifacts.h"
#include "store/upkeep/audit.h"
#include "store/journal.h"
#include "store/runs.h"
#include "store/store.h"

enum { THREADS = 4, RESULT = 3000, ACK_FD = 9, RUN_MADE = -2, RUN_DONE = -1 };

struct ack {
  int64_t run, seq;
};

/* ---- write */

struct worker {
  struct store *store;
  int ops;
};
static atomic_int failures;

static void tell(int64_t run, int64_t seq) {
  struct ack a = {run, seq};
  if (write(ACK_FD, &a, sizeof a) != (ssize_t)sizeof a) _exit(8);
}

static bool done(struct store *s, struct store_op *op, int64_t run, int64_t seq) {
  if (store_do(s, op) == OK) {
    tell(run, seq);
    return true;
  }
  if (atomic_fetch_add(&failures, 1) < 5)
    printf("%s: %s: %s. %s\n", op->kind->name, err_name(op->err), op->error.message, op->error.hint);
  return false;
}

static int64_t new_run(struct store *s, int64_t *epoch) {
  struct op_run_create make = {
      .op = {.kind = &op_run_create_kind}, .pipeline = "p", .project = "b", .input = "{}"};
  if (store_do(s, &make.op) != OK) {
    if (atomic_fetch_add(&failures, 1) < 5)
      printf("%s: %s: %s. %s\n", make.op.kind->name, err_name(make.op.err), make.op.error.message,
             make.op.error.hint);
    return 0;
  }
  tell(make.id, RUN_MADE);
  struct op_run_claim take = {.op = {.kind = &op_run_claim_kind}, .id = make.id};
  if (store_do(s, &take.op) != OK) return 0;
  *epoch = take.row.epoch;
  run_row_release(&take.row);
  return make.id;
}

static void *work(void *arg) {
  struct worker *w = arg;
  char *result = mem_alloc(RESULT + 3);
  memset(result, 'x', RESULT);
  result[0] = result[RESULT - 1] = '"';
  int64_t run = 0, epoch = 0, seq = 0;
  for (int i = 0; i < w->ops; i++) {
    if (!run && !(run = new_run(w->store, &epoch))) continue;
    if (++seq == 20) {
      struct op_run_status *op = mem_alloc(sizeof *op);
      *op = (struct op_run_status){.op = {.kind = &op_run_status_kind},
                                   .run = run,
                                   .epoch = epoch,
                                   .status = RUN_COMPLETED,
                                   .result = mem_dup("1")};
      done(w->store, &op->op, run, RUN_DONE);
      op->op.kind->free(&op->op);
      run = seq = 0;
      continue;
    }
    struct op_journal op = {
        .op = {.kind = &op_journal_kind},
        .entry = {.run = run, .epoch = epoch, .seq = seq, .result = result, .n_result = RESULT, .at_ms = 1}};
    op.entry.key.scope = "/";
    op.entry.key.kind = "step";
    memcpy(op.entry.key.hash, &seq, sizeof seq);
    done(w->store, &op.op, run, seq);
  }
  free(result);
  return NULL;
}

static struct store *open_owner(const char *dir, struct error *e) {
  struct store *s = NULL;
  struct store_settings settings = store_settings_default();
  settings.lock_attempts = 3;
  settings.lock_step_ms = 30;
  return store_open_with(dir, STORE_OWNER, &settings, &s, e) == OK ? s : NULL;
}

static int write_main(const char *dir, int ops) {
  struct error e = {0};
  struct store *s = open_owner(dir, &e);
  if (!s) {
    printf("open: %s: %s. %s\n", err_name(e.code), e.message, e.hint);
    return 0;
  }
  struct worker workers[THREADS];
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++) {
    workers[i] = (struct worker){s, ops / THREADS};
    pthread_create(&threads[i], NULL, work, &workers[i]);
  }
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  if (getenv("QUIRE_TEST_IDLE")) sleep(3); /* until the writer has tidied up */
  printf("%d failed\n", atomic_load(&failures));
  fflush(stdout);
  if (getenv("QUIRE_TEST_CUT")) _exit(0);
  store_close(s);
  return 0;
}

/* ---- check */

static void told(void *arg, const char *rule, int64_t run, const char *explanation) {
  (void)arg;
  printf("%s: run %lld: %s\n", rule, (long long)run, explanation);
}

static bool is_there(struct db *db, const struct ack *a) {
  const char *sql = a->seq == RUN_MADE ? "SELECT 1 FROM runs WHERE id = $run AND $seq < 0"
                    : a->seq == RUN_DONE
                        ? "SELECT 1 FROM runs WHERE id = $run AND status = 'completed' AND $seq < 0"
                        : "SELECT 1 FROM journal WHERE run_id = $run AND seq = $seq";
  struct db_stmt *q = db_prepare(db, sql);
  db_bind_int(q, "$run", a->run);
  db_bind_int(q, "$seq", a->seq);
  bool there = db_step(q) == DB_ROW;
  db_reset(q);
  return there;
}

/* 0 when the library is sound and holds all of it. */
static int judge(const char *dir, const struct ack *acks, size_t n) {
  struct error e = {0};
  struct store *s = open_owner(dir, &e);
  if (!s) {
    printf("cannot be opened: %s: %s. %s\n", err_name(e.code), e.message, e.hint);
    return 1;
  }
  struct db *db = store_reader(s);
  int breaches = 0, lost = 0;
  enum err err = audit_run_with(db, &(struct audit_options){.integrity = true}, told, NULL, &breaches);
  for (size_t i = 0; i < n; i++)
    if (!is_there(db, &acks[i]) && lost++ < 3)
      printf("lost: run %lld, entry %lld, which was acknowledged\n", (long long)acks[i].run,
             (long long)acks[i].seq);
  store_reader_release(s, db);
  store_close(s);
  return breaches || lost || err != OK;
}

static char *read_all(const char *path, size_t *n) {
  FILE *f = fopen(path, "re");
  struct stat st;
  if (!f || fstat(fileno(f), &st) != 0) {
    perror(path);
    exit(2);
  }
  char *data = mem_alloc((size_t)st.st_size + 1);
  *n = fread(data, 1, (size_t)st.st_size, f);
  fclose(f);
  return data;
}

static int check_main(const char *dir, const char *path) {
  size_t n;
  char *data = read_all(path, &n);
  int bad = judge(dir, (struct ack *)(void *)data, n / sizeof(struct ack));
  printf("%zu acknowledged\n", n / sizeof(struct ack));
  free(data);
  return bad;
}

/* ---- images */

struct record { /* as preload_fs.c writes them */
  char what, name[23];
  int64_t offset, n;
};
struct change {
  char what;
  int64_t offset, n;
  const char *data;
};
struct content {
  char *data;
  size_t n, room;
};
struct file {
  char name[24];
  bool there, kept; /* kept: its name is durable */
  struct content safe;
  struct change *pending;
  size_t n_pending, room;
};
enum { FILES = 16 };
static struct file files[FILES];

static struct file *file_named(const char *name) {
  for (int i = 0; i < FILES; i++) {
    if (files[i].name[0] && strcmp(files[i].name, name) == 0) return &files[i];
    if (files[i].name[0]) continue;
    snprintf(files[i].name, sizeof files[i].name, "%s", name);
    return &files[i];
  }
  abort();
}

static void resize(struct content *c, size_t n) {
  if (n > c->room) {
    c->room = n * 2;
    c->data = mem_grow(c->data, c->room);
  }
  if (n > c->n) memset(c->data + c->n, 0, n - c->n);
  c->n = n;
}

/* torn: of this write only some sectors arrived. */
static void apply(struct content *c, const struct change *ch, bool torn) {
  if (ch->what == 't') {
    resize(c, (size_t)ch->offset);
    return;
  }
  if (c->n < (size_t)(ch->offset + ch->n)) resize(c, (size_t)(ch->offset + ch->n));
  for (int64_t at = 0; at < ch->n; at += 512) {
    if (torn && random() % 2) continue;
    memcpy(c->data + ch->offset + at, ch->data + at, (size_t)(ch->n - at < 512 ? ch->n - at : 512));
  }
}

static void sync_file(struct file *f) {
  for (size_t i = 0; i < f->n_pending; i++) apply(&f->safe, &f->pending[i], false);
  f->n_pending = 0;
  f->kept = true;
}

static void replay(const struct record *r) {
  if (r->what == 's' && strcmp(r->name, ".") == 0) {
    for (int i = 0; i < FILES; i++) files[i].kept = files[i].there;
    return;
  }
  struct file *f = file_named(r->name);
  if (r->what == 's') {
    sync_file(f);
    return;
  }
  if (r->what == 'u') {
    f->there = false; /* its content may still be there after the cut, while `kept` */
    return;
  }
  if (!f->there && !f->kept) f->safe.n = f->n_pending = 0;
  f->there = true;
  if (f->n_pending == f->room) {
    f->room = f->room ? f->room * 2 : 256;
    f->pending = mem_grow(f->pending, f->room * sizeof *f->pending);
  }
  f->pending[f->n_pending++] = (struct change){r->what, r->offset, r->n, (const char *)(r + 1)};
}

static void write_file(const char *dir, const char *name, const struct content *c) {
  char path[4200];
  snprintf(path, sizeof path, "%s/%s", dir, name);
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0 || write(fd, c->data, c->n) != (ssize_t)c->n) abort();
  close(fd);
}

static void make_image(const char *dir) {
  static struct content c;
  static const char *const all[] = {"quire.db", "quire.db-wal", "quire.db-shm",
                                    "spool",    "lock",         "owner.json"};
  char path[4200];
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    snprintf(path, sizeof path, "%s/%s", dir, all[i]);
    unlink(path);
  }
  for (int i = 0; i < FILES && files[i].name[0]; i++) {
    struct file *f = &files[i];
    bool whole = strncmp(f->name, "quire.db", 8) == 0 || strcmp(f->name, "spool") == 0;
    if (!whole || (!f->there && !f->kept) || (!f->there && random() % 2) ||
        (f->there && !f->kept && random() % 2))
      continue;
    c.n = 0;
    resize(&c, f->safe.n);
    memcpy(c.data ? c.data : (char *)"", f->safe.data ? f->safe.data : "", f->safe.n);
    long mode = random() % 4; /* 0: none of it, 1: all, 2: any, 3: all up to one, which is torn */
    size_t last = f->n_pending ? (size_t)random() % f->n_pending : 0;
    for (size_t k = 0; k < f->n_pending; k++) {
      if (mode == 0 || (mode == 2 && random() % 2) || (mode == 3 && k > last)) continue;
      apply(&c, &f->pending[k], mode == 2 ? random() % 8 == 0 : mode == 3 && k == last);
    }
    write_file(dir, f->name, &c);
  }
}

static int by_number(const void *a, const void *b) {
  size_t x = *(const size_t *)a, y = *(const size_t *)b;
  return x < y ? -1 : x > y;
}

static int images_main(const char *log, const char *dir, int n, unsigned seed) {
  size_t size, n_records = 0, n_acks = 0, at = 0;
  char *data = read_all(log, &size);
  struct ack *acks = NULL;
  srandom(seed);
  for (size_t p = 0; p + sizeof(struct record) <= size; n_records++) {
    const struct record *r = (const struct record *)(void *)(data + p);
    p += sizeof *r + (r->what == 'w' || r->what == 'a' ? ((size_t)r->n + 7) / 8 * 8 : 0);
  }
  size_t *cuts = mem_alloc((size_t)n * sizeof *cuts);
  for (int i = 0; i < n; i++) cuts[i] = 1 + (size_t)random() % n_records;
  qsort(cuts, (size_t)n, sizeof *cuts, by_number);
  acks = mem_alloc(n_records * sizeof *acks + 1);
  int bad = 0;
  size_t record = 0;
  for (int i = 0; i < n; i++) {
    for (; record < cuts[i]; record++) {
      const struct record *r = (const struct record *)(void *)(data + at);
      at += sizeof *r + (r->what == 'w' || r->what == 'a' ? ((size_t)r->n + 7) / 8 * 8 : 0);
      if (r->what == 'a')
        memcpy(&acks[n_acks++], r + 1, sizeof *acks);
      else
        replay(r);
    }
    make_image(dir);
    fflush(stdout);
    if (judge(dir, acks, n_acks) != 0 && bad++ < 5)
      printf("image %d of seed %u: cut after record %zu of %zu\n", i, seed, record, n_records);
  }
  printf("%d images of %zu records with %zu acknowledgements: %d bad\n", n, n_records, n_acks, bad);
  return bad != 0;
}

int main(int argc, char **argv) {
  log_setup(LOG_OFF_LEVEL, false);
  if (argc == 4 && strcmp(argv[1], "write") == 0) return write_main(argv[2], atoi(argv[3]));
  if (argc == 4 && strcmp(argv[1], "check") == 0) return check_main(argv[2], argv[3]);
  if (argc == 6 && strcmp(argv[1], "images") == 0)
    return images_main(argv[2], argv[3], atoi(argv[4]), (unsigned)atoi(argv[5]));
  return 2;
}
