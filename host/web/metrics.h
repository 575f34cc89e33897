/* metrics.h - a host in numbers, in Prometheus' text format: for GET /metrics, and for --metrics-file where nobody scrapes.
 *
 *   metrics_new -> metrics_text* -> metrics_free            any thread but the loop's
 *   metrics_file_start -> metrics_file_stop                 a thread of its own, every 10 s and at the end
 *
 * All names begin with quire_, in base units; counters end in _total. No label holds a run. Each row of the table in metrics.c is one
 * metric with its help. Sums over calls and runs come from the library, so they go on over restarts; the others begin with the process. */
#pragma once
#include "base/buf.h"
#include "acts/commands.h"

enum { METRICS_MOST_BYTES = 1 << 20 };

struct metrics;
struct metrics *metrics_new(struct commands *c); /* borrowed */
void metrics_free(struct metrics *m);
void metrics_text(struct metrics *m, struct buf *out);

struct metrics_file;
/* Writes it at once; ERR when that fails. Later failures are logged. `path` is copied. */
enum err metrics_file_start(struct commands *c, const char *path, struct metrics_file **out, struct error *e);
/* Writes once more. NULL is fine. */
void metrics_file_stop(struct metrics_file *f);
