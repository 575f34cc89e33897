/* serve.h - a host: store, loop thread, llm, engine and HTTP API of one library, put together.
 *
 *   host_open -> (commands) -> host_drain -> host_close
 *
 * Owned by the thread that opened it. */
#pragma once
#include "config.h"
#include "acts/commands.h"

struct host;

/* Takes the library (ERR_OWNED when somebody has it), starts the loop thread and the HTTP API, writes owner.json.
 * `command`: "run" or "serve", for owner.json. With `adopt` every unfinished run is taken up at once. */
enum err host_open(const struct config *config, const char *command, bool adopt, struct host **out,
                   struct error *e);
struct commands *host_commands(struct host *h);
struct store *host_store(struct host *h);
const char *host_address(struct host *h);
/* Runs in memory now. Any thread. */
int host_runs(struct host *h);
/* Waits until `run` is not in this host's hands any more, or timeout_ms passed, or stop() returns true (asked every 50 ms). True: it ended here. */
bool host_wait_run(struct host *h, int64_t run, int timeout_ms);
/* Sweeps for stale runs now. */
void host_sweep(struct host *h);
/* Stops taking new work, lets calls in flight finish for grace_ms, returns when all runs are out of memory. */
void host_drain(struct host *h, int grace_ms);
void host_close(struct host *h);
/* The tables of the script API, for checks without a host (`quire script check` calls pipeline_describe). */
const struct sandbox_table *host_apis(void);
