/* bench_store.c - durable journal steps a second with fsync on each commit, beside what SQLite does with the same rows alone.
 *
 *   bench_store [DIR [RUNS [SECONDS]]]      (a directory on a real disk; default: the current one)
 *
 * One thread stands for the engine's loop: each of RUNS runs posts an entry of 1 KB and posts the next when that one is durable.
 * The raw side is one thread that inserts the same rows in batches of 100, BEGIN IMMEDIATE to COMMIT, with the same settings and the
 * same table, and checkpoints as often. Both are done twice, in turns, because disks have moods. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/mem.h"
#include "store/artifacts.h"
#include "store/runs.h"

enum { RESULT_BYTES = 1024, BATCH = 100, ROUNDS = 2 };

static char result[RESULT_BYTES];

static void die(const char *what, const struct error *e) {
  fprintf(stderr, "%s: %s\n", what, e->message);
  exit(1);
}

static void fill(struct journal_entry *entry, int64_t run, int64_t epoch, int64_t seq) {
  *entry = (struct journal_entry){.run = run,
                                  .epoch = epoch,
                                  .seq = seq,
                                  .result = result,
                                  .n_result = sizeof result,
                                  .at_ms = clock_wall_ms()};
  entry->key.scope = "/chapter-3/scene-1";
  entry->key.kind = "step";
  memcpy(entry->key.hash, &seq, sizeof seq);
}

static int64_t new_run(struct store *s, int64_t *epoch) {
  struct op_run_create c = {.op = {.kind = &op_run_create_kind}, .pipeline = "bench", .project = "bench"};
  if (store_do(s, &c.op) != OK) die("create", &c.op.error);
  struct op_run_claim claim = {.op = {.kind = &op_run_claim_kind}, .id = c.id};
  if (store_do(s, &claim.op) != OK) die("claim", &claim.op.error);
  *epoch = claim.row.epoch;
  run_row_release(&claim.row);
  return c.id;
}

/* --- the store --- */

struct step {
  struct op_journal op;
  struct loop_end *end;
  struct step *next;
};

struct loop_end {
  pthread_mutex_t lock;
  pthread_cond_t came;
  struct step *done;
};

static void on_durable(struct store_op *base) {
  struct step *step = base->owner;
  struct loop_end *end = step->end;
  pthread_mutex_lock(&end->lock);
  bool first = !end->done;
  step->next = end->done;
  end->done = step;
  if (first) pthread_cond_signal(&end->came);
  pthread_mutex_unlock(&end->lock);
}

static struct step *wait_for_steps(struct loop_end *end) {
  pthread_mutex_lock(&end->lock);
  while (!end->done) pthread_cond_wait(&end->came, &end->lock);
  struct step *list = end->done;
  end->done = NULL;
  pthread_mutex_unlock(&end->lock);
  return list;
}

static double bench_store(const char *dir, int runs, double seconds, struct store_stats *stats) {
  struct store *s;
  struct error e = {0};
  if (store_open(dir, STORE_OWNER, &s, &e) != OK) die("open", &e);
  struct step *steps = mem_alloc((size_t)runs * sizeof *steps);
  struct loop_end end = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL};
  for (int i = 0; i < runs; i++) {
    int64_t epoch, run = new_run(s, &epoch);
    fill(&steps[i].op.entry, run, epoch, 1);
    steps[i].op.op = (struct store_op){.kind = &op_journal_kind, .done = on_durable, .owner = &steps[i]};
    steps[i].end = &end;
  }
  uint64_t start = clock_mono_ns(), until = start + (uint64_t)(seconds * 1e9);
  int64_t durable = 0;
  int in_flight = runs;
  for (int i = 0; i < runs; i++) store_post(s, &steps[i].op.op);
  while (in_flight > 0) {
    bool more = clock_mono_ns() < until;
    for (struct step *step = wait_for_steps(&end), *next; step; step = next) {
      next = step->next;
      if (step->op.op.err != OK) die("journal", &step->op.op.error);
      durable++;
      in_flight--;
      if (!more) continue;
      fill(&step->op.entry, step->op.entry.run, step->op.entry.epoch, step->op.entry.seq + 1);
      in_flight++;
      store_post(s, &step->op.op);
    }
  }
  double took = (double)(clock_mono_ns() - start) / 1e9;
  store_stats(s, stats);
  store_close(s);
  free(steps);
  return (double)durable / took;
}

/* --- SQLite alone --- */

static void must(enum err err, struct db *db) {
  struct error e = {0};
  if (err == OK) return;
  db_error(db, &e);
  die("raw", &e);
}

static void insert(struct db *db, const struct journal_entry *entry) {
  struct db_stmt *s =
      db_prepare(db, "INSERT INTO journal (run_id, seq, n, at, size, scope, kind, hash, result)"
                     " VALUES ($run, $seq, $n, $at, $size, $scope, $kind, $hash, $result)");
  db_bind_int(s, "$run", entry->run);
  db_bind_int(s, "$seq", entry->seq);
  db_bind_int(s, "$n", 0);
  db_bind_int(s, "$at", entry->at_ms);
  db_bind_int(s, "$size", (int64_t)entry->n_result);
  db_bind_text(s, "$scope", entry->key.scope);
  db_bind_text(s, "$kind", entry->key.kind);
  db_bind_blob(s, "$hash", entry->key.hash, SHA_BYTES);
  db_bind_text_n(s, "$result", entry->result, entry->n_result);
  must(db_run(s), db);
}

static double bench_raw(const char *dir, int runs, double seconds) {
  struct store *s; /* makes the file */
  struct error e = {0};
  if (store_open(dir, STORE_OWNER, &s, &e) != OK) die("open", &e);
  store_close(s);
  char *path = mem_printf("%s/quire.db", dir);
  struct db *db;
  if (db_open(path, DB_WRITER, &db, &e) != OK) die("open", &e);
  free(path);
  uint64_t start = clock_mono_ns(), until = start + (uint64_t)(seconds * 1e9);
  int64_t rows = 0;
  while (clock_mono_ns() < until) {
    must(db_begin(db), db);
    for (int i = 0; i < BATCH; i++, rows++) {
      struct journal_entry entry;
      fill(&entry, 1 + i % runs, 1, rows);
      insert(db, &entry);
    }
    must(db_commit(db), db);
    if (db_upkeep_due(db, DB_BUSY)) db_upkeep(db, DB_BUSY);
  }
  double took = (double)(clock_mono_ns() - start) / 1e9;
  db_close(db);
  return (double)rows / took;
}

/* --- the disk --- */

static double fsync_us(const char *dir) {
  char *path = mem_printf("%s/fsync", dir);
  int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  char page[4096] = {1};
  uint64_t start = clock_mono_ns();
  enum { TIMES = 200 };
  for (int i = 0; i < TIMES; i++)
    if (pwrite(fd, page, sizeof page, (off_t)i * (off_t)sizeof page) != (ssize_t)sizeof page ||
        fsync(fd) != 0)
      exit(1);
  double us = (double)(clock_mono_ns() - start) / 1e3 / TIMES;
  close(fd);
  unlink(path);
  free(path);
  return us;
}

static void remove_library(const char *dir) {
  static const char *const names[] = {"quire.db", "quire.db-wal", "quire.db-shm",
                                      "lock",     "owner.json",   "spool"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    char *path = mem_printf("%s/%s", dir, names[i]);
    unlink(path);
    free(path);
  }
  rmdir(dir);
}

int main(int argc, char **argv) {
  const char *base = argc > 1 ? argv[1] : ".";
  int runs = argc > 2 ? atoi(argv[2]) : 100;
  double seconds = argc > 3 ? atof(argv[3]) : 3;
  if (runs < 1) runs = 1;
  memset(result, 'x', sizeof result);
  double store_best = 0, raw_best = 0;
  struct store_stats stats;
  printf("fsync of one new page: %.0f us\n", fsync_us(base));
  for (int round = 0; round < ROUNDS; round++) {
    char *dir = mem_printf("%s/bench_store.%d.%d", base, (int)getpid(), round),
         *raw_dir = mem_printf("%s-raw", dir);
    double raw = bench_raw(raw_dir, runs, seconds), store = bench_store(dir, runs, seconds, &stats);
    printf(
        "round %d: %.0f durable steps/s (%.1f a commit, longest commit %.1f ms), raw batches of %d: %.0f rows/s\n",
        round + 1, store, (double)stats.ops / (double)stats.commits, (double)stats.longest_commit_us / 1e3,
        BATCH, raw);
    if (store > store_best) store_best = store;
    if (raw > raw_best) raw_best = raw;
    remove_library(dir);
    remove_library(raw_dir);
    free(dir);
    free(raw_dir);
  }
  printf("%d runs: %.0f durable steps/s, ratio to raw %.2f (target: 25000, 0.60)\n", runs, store_best,
         store_best / raw_best);
  return 0;
}
