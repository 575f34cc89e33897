/* metrics.c - see metrics.h. A scrape is one read-only connection, one snapshot, and the sums that the schema keeps (store/upkeep/tally.h). */
#include "web/metrics.h"

#include <dirent.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/version.h"
#include "acts/commands.h"
#include "store/store.h"
#include "store/upkeep/tally.h"

enum { FILE_S = 10 };

struct metrics {
  struct commands *commands;
  int64_t born_ms;
};

struct metrics *metrics_new(struct commands *c) {
  struct metrics *m = mem_alloc(sizeof *m);
  m->commands = c;
  m->born_ms = clock_wall_ms();
  return m;
}

void metrics_free(struct metrics *m) {
  free(m);
}

/* ---- the format */

static void head(struct buf *b, const char *name, const char *type, const char *help) {
  buf_printf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void metric(struct buf *b, const char *name, const char *type, const char *help, double v) {
  head(b, name, type, help);
  buf_printf(b, "%s %.12g\n", name, v);
}

/* A label's value: what is between the quotes. */
static void label(struct buf *b, const char *name, const char *value) {
  buf_printf(b, "%s=\"", name);
  for (const char *p = value; *p; p++) {
    if (*p == '"' || *p == '\\') buf_puts(b, "\\");
    if (*p == '\n')
      buf_puts(b, "\\n");
    else
      buf_printf(b, "%c", *p);
  }
  buf_puts(b, "\"");
}

/* ---- one value each */

/* What the rows below are made from. */
struct numbers {
  const struct tally *tally;
  struct store_stats store;
  struct commands_numbers host;
  int64_t now_ms, born_ms, free_bytes;
  bool ready, healthy;
  double cpu_s;
  int64_t memory, descriptors;
};

static double age(int64_t now_ms, int64_t at_ms) {
  return at_ms && now_ms > at_ms ? (double)(now_ms - at_ms) / 1e3 : 0;
}

static void runs_now(struct buf *b, const struct numbers *n) {
  metric(b, "quire_queue_age_seconds", "gauge",
         "How long the oldest run that could begin has been waiting for it.",
         age(n->now_ms, n->tally->oldest_due_ms));
  metric(b, "quire_oldest_heartbeat_seconds", "gauge",
         "Age of the oldest last sign of life of a running run.", age(n->now_ms, n->tally->oldest_beat_ms));
  metric(b, "quire_open_gates", "gauge", "Questions that wait for a person.", (double)n->tally->open_gates);
  head(b, "quire_claim_latency_seconds", "summary",
       "From the time at which a run could begin until it was claimed.");
  buf_printf(b, "quire_claim_latency_seconds_sum %.12g\nquire_claim_latency_seconds_count %lld\n",
             (double)n->host.claim_wait_ms / 1e3, (long long)n->host.claims);
}

static void watcher_now(struct buf *b, const struct numbers *n) {
  metric(b, "quire_watcher_last_sweep_timestamp_seconds", "gauge",
         "When the watcher last looked for stale runs; 0: not yet.", (double)n->host.last_sweep_ms / 1e3);
  metric(b, "quire_watcher_late", "gauge", "1: the next sweep is overdue.", n->host.late);
  metric(b, "quire_stale_runs_total", "counter",
         "Runs that had stopped moving and were given back or failed.", (double)n->host.stale);
}

static void store_now(struct buf *b, const struct numbers *n) {
  const struct store_stats *s = &n->store;
  metric(b, "quire_ready", "gauge", "1: new runs begin (as /readyz).", n->ready);
  metric(b, "quire_store_healthy", "gauge", "1: the database takes writes.", n->healthy);
  metric(b, "quire_store_commits_total", "counter", "Transactions.", (double)s->commits);
  metric(b, "quire_store_ops_total", "counter", "Writes in them.", (double)s->ops);
  metric(b, "quire_store_retries_total", "counter", "Groups of writes that were tried again.",
         (double)s->retries);
  metric(b, "quire_store_fenced_total", "counter", "Writes refused because their run had moved on.",
         (double)s->fenced);
  metric(b, "quire_store_spooled_total", "counter", "Writes that went to the spool.", (double)s->spooled);
  metric(b, "quire_store_busy_seconds_total", "counter", "Time spent waiting for other programs' locks.",
         (double)s->busy_us / 1e6);
  metric(b, "quire_store_longest_commit_seconds", "gauge", "The longest commit since the start.",
         (double)s->longest_commit_us / 1e6);
  metric(b, "quire_store_longest_hold_seconds", "gauge", "The longest transaction since the start.",
         (double)s->longest_hold_us / 1e6);
  head(b, "quire_store_commit_seconds", "summary",
       "What a commit takes, fsync and all; quantiles of the last 1024.");
  buf_printf(
      b,
      "quire_store_commit_seconds{quantile=\"0.5\"} %.9g\nquire_store_commit_seconds{quantile=\"0.99\"} %.9g\n"
      "quire_store_commit_seconds_sum %.12g\nquire_store_commit_seconds_count %lld\n",
      (double)s->commit_median_us / 1e6, (double)s->commit_p99_us / 1e6, (double)s->commit_us / 1e6,
      (long long)s->commits);
  metric(b, "quire_store_wal_bytes", "gauge", "Size of the write-ahead log.", (double)s->wal_bytes);
  metric(b, "quire_store_database_bytes", "gauge", "Size of the database.", (double)s->database_bytes);
  metric(b, "quire_free_disk_bytes", "gauge", "What is free where the library lies.", (double)n->free_bytes);
}

static void host_now(struct buf *b, const struct numbers *n) {
  metric(b, "quire_loop_lag_seconds", "gauge", "How late the loop's timer was, at worst in the last minute.",
         (double)n->host.loop_lag_us / 1e6);
  metric(b, "quire_loop_lag_longest_seconds", "gauge", "The same since the start.",
         (double)n->host.loop_lag_most_us / 1e6);
  metric(b, "quire_process_start_time_seconds", "gauge", "When this host started.", (double)n->born_ms / 1e3);
  metric(b, "quire_process_cpu_seconds_total", "counter", "CPU time.", n->cpu_s);
  metric(b, "quire_process_resident_memory_bytes", "gauge", "Memory.", (double)n->memory);
  metric(b, "quire_process_open_fds", "gauge", "Open descriptors.", (double)n->descriptors);
  head(b, "quire_build_info", "gauge", "What this is.");
  buf_puts(b, "quire_build_info{");
  label(b, "version", QUIRE_VERSION);
  buf_puts(b, "} 1\n");
}

/* ---- runs by state, calls by model */

static void runs_by_state(struct buf *b, const struct tally *t) {
  head(b, "quire_runs", "gauge", "Unfinished runs by state.");
  for (int i = RUN_QUEUED; i < RUN_COMPLETED; i++)
    buf_printf(b, "quire_runs{status=\"%s\"} %lld\n", run_status_word(i), (long long)t->runs[i]);
  head(b, "quire_runs_ended_total", "counter", "Runs that ended, by how.");
  for (int i = RUN_COMPLETED; i < RUN_STATUSES; i++)
    buf_printf(b, "quire_runs_ended_total{status=\"%s\"} %lld\n", run_status_word(i), (long long)t->runs[i]);
}

static void series(struct buf *b, const char *name, const struct tally_model *m, const char *third,
                   const char *value, double v) {
  buf_printf(b, "%s{", name);
  label(b, "provider", m->provider);
  buf_puts(b, ",");
  label(b, "model", m->model);
  if (third) {
    buf_puts(b, ",");
    label(b, third, value);
  }
  buf_printf(b, "} %.12g\n", v);
}

static void requests(struct buf *b, const struct tally *t) {
  head(b, "quire_llm_requests_total", "counter", "Requests to models that ended, by outcome.");
  for (size_t i = 0; i < t->n_models; i++)
    for (int k = 0; k < TALLY_OUTCOMES; k++)
      series(b, "quire_llm_requests_total", &t->models[i], "outcome", tally_outcome_names[k],
             (double)t->models[i].outcomes[k]);
  head(b, "quire_llm_retries_total", "counter", "Requests that were further attempts at the same question.");
  for (size_t i = 0; i < t->n_models; i++)
    series(b, "quire_llm_retries_total", &t->models[i], NULL, NULL, (double)t->models[i].retries);
  head(b, "quire_llm_request_seconds", "summary", "How long requests took.");
  for (size_t i = 0; i < t->n_models; i++) {
    series(b, "quire_llm_request_seconds_sum", &t->models[i], NULL, NULL,
           (double)t->models[i].total_ms / 1e3);
    series(b, "quire_llm_request_seconds_count", &t->models[i], NULL, NULL, (double)t->models[i].timed);
  }
  metric(b, "quire_llm_in_flight", "gauge", "Requests under way.", (double)t->in_flight);
  metric(b, "quire_llm_repeated_total", "counter",
         "Requests made again because the first was in flight when its host stopped.", (double)t->repeated);
  metric(b, "quire_llm_repeated_cost_usd_total", "counter", "What those cost.",
         (double)t->repeated_cost_nano / 1e9);
}

static void tokens(struct buf *b, const struct tally *t) {
  static const char name[] = "quire_llm_tokens_total";
  head(b, name, "counter", "Tokens; cached_read and cache_write are parts of input, reasoning of output.");
  for (size_t i = 0; i < t->n_models; i++) {
    const struct tally_model *m = &t->models[i];
    series(b, name, m, "kind", "input", (double)m->input);
    series(b, name, m, "kind", "cached_read", (double)m->cached_read);
    series(b, name, m, "kind", "cache_write", (double)m->cache_write);
    series(b, name, m, "kind", "output", (double)m->output);
    series(b, name, m, "kind", "reasoning", (double)m->reasoning);
  }
  head(b, "quire_llm_cost_usd_total", "counter", "Money, where the price is known.");
  for (size_t i = 0; i < t->n_models; i++)
    series(b, "quire_llm_cost_usd_total", &t->models[i], NULL, NULL, (double)t->models[i].cost_nano / 1e9);
  head(b, "quire_llm_unpriced_total", "counter", "Requests whose price is not known.");
  for (size_t i = 0; i < t->n_models; i++)
    series(b, "quire_llm_unpriced_total", &t->models[i], NULL, NULL, (double)t->models[i].unpriced);
}

/* ---- all of it */

static int64_t resident_bytes(void) {
  long pages = 0;
  FILE *f = fopen("/proc/self/statm", "re");
  if (f && fscanf(f, "%*d %ld", &pages) != 1) pages = 0;
  if (f) fclose(f);
  return (int64_t)pages * sysconf(_SC_PAGESIZE);
}

static int64_t count_descriptors(void) {
  int64_t n = -3; /* ".", "..", and the one that reads */
  DIR *d = opendir("/proc/self/fd");
  if (!d) return 0;
  while (readdir(d)) n++;
  closedir(d);
  return n;
}

static void gather(struct metrics *m, const struct tally *t, struct numbers *n) {
  struct commands *c = m->commands;
  struct timespec cpu;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
  *n = (struct numbers){.tally = t,
                        .now_ms = clock_wall_ms(),
                        .born_ms = m->born_ms,
                        .free_bytes = file_room(store_dir(c->store)),
                        .ready = commands_ready(c, NULL, NULL),
                        .healthy = store_healthy(c->store),
                        .cpu_s = (double)cpu.tv_sec + (double)cpu.tv_nsec / 1e9,
                        .memory = resident_bytes(),
                        .descriptors = count_descriptors()};
  store_stats(c->store, &n->store);
  n->host = commands_numbers(c);
}

void metrics_text(struct metrics *m, struct buf *out) {
  struct numbers n;
  struct tally t;
  struct db *db = store_reader(m->commands->store);
  enum err err = tally_read(&t, db);
  store_reader_release(m->commands->store, db);
  gather(m, &t, &n);
  if (err == OK) {
    runs_by_state(out, &t);
    runs_now(out, &n);
    requests(out, &t);
    tokens(out, &t);
  }
  watcher_now(out, &n);
  store_now(out, &n);
  host_now(out, &n);
  tally_release(&t);
}

/* ---- the file */

struct metrics_file {
  struct metrics *metrics;
  char *path;
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t wake;
  bool stopping;
};

static enum err write_now(struct metrics_file *f, struct error *e) {
  struct buf b;
  buf_init(&b, METRICS_MOST_BYTES);
  metrics_text(f->metrics, &b);
  enum err err = file_write(f->path, b.data, b.len, e);
  buf_release(&b);
  return err;
}

static void *file_main(void *arg) {
  struct metrics_file *f = arg;
  pthread_setname_np(pthread_self(), "metrics");
  pthread_mutex_lock(&f->lock);
  while (!f->stopping) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += FILE_S;
    pthread_cond_timedwait(&f->wake, &f->lock, &until);
    pthread_mutex_unlock(&f->lock);
    struct error e = {0};
    if (write_now(f, &e) != OK) log_warnx("--metrics-file: %s", e.message);
    pthread_mutex_lock(&f->lock);
  }
  pthread_mutex_unlock(&f->lock);
  return NULL;
}

static void file_free(struct metrics_file *f) {
  pthread_cond_destroy(&f->wake);
  pthread_mutex_destroy(&f->lock);
  metrics_free(f->metrics);
  free(f->path);
  free(f);
}

enum err metrics_file_start(struct commands *c, const char *path, struct metrics_file **out,
                            struct error *e) {
  struct metrics_file *f = mem_alloc(sizeof *f);
  pthread_condattr_t monotonic;
  f->metrics = metrics_new(c);
  f->path = mem_dup(path);
  pthread_mutex_init(&f->lock, NULL);
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init(&f->wake, &monotonic);
  pthread_condattr_destroy(&monotonic);
  enum err err = write_now(f, e);
  if (err == OK && pthread_create(&f->thread, NULL, file_main, f) != 0)
    err = err_set(e, ERR_IO, "no thread for --metrics-file");
  if (err == OK)
    *out = f;
  else
    file_free(f);
  return err;
}

void metrics_file_stop(struct metrics_file *f) {
  if (!f) return;
  pthread_mutex_lock(&f->lock);
  f->stopping = true;
  pthread_cond_signal(&f->wake);
  pthread_mutex_unlock(&f->lock);
  pthread_join(f->thread, NULL);
  file_free(f);
}
