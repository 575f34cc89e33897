/* follow.h - a run, seen from the terminal: its events as lines, one live progress line, its end. The same code for the owner, which
 * holds the run itself, and for everybody else: it reads the database. */
#pragma once
#include "cli/command.h"
#include "view/state.h"
#include "serve.h"

enum follow_end {
  FOLLOW_OVER,    /* the run ended or waits for something that is not ours to wait for: `row` says what */
  FOLLOW_SIGNAL,  /* Ctrl-C or SIGTERM came */
  FOLLOW_ORPHANED /* nobody owns the library any more, and the run is not finished */
};

struct follow {
  int64_t run;
  struct host *host;   /* NULL: somebody else's run */
  int64_t after_event; /* events up to this one were shown already */
  int64_t max_wait_ms; /* how long it stays with a run that waits; negative: the default */
  bool json_lines;     /* each event as a line of JSON on stdout (watch --json) */
  bool whole_history;  /* show events from before it began too */
  struct run_row row;  /* out: run_row_release */
};

enum err follow_run(struct cli *c, struct follow *f, enum follow_end *end, struct error *e);

/* One event as a line for a person, appended without a newline; false: nothing to show. */
struct event_row;
struct buf;
bool follow_event_text(const struct event_row *event, bool with_time, struct buf *out);
