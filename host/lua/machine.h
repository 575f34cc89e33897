/* machine.h - one capped Lua state: allocator, kill switch, slices of CPU time. Knows nothing of runs.
 *
 *   machine_new -> machine_protect (open libraries, load) -> (machine_slice_begin, resume,
 * machine_slice_end)* -> machine_free
 *
 * One thread at a time; a machine may be freed on another thread than the one that used it (no C object in it
 * is shared).
 *
 * Memory: the allocator refuses beyond `cap`. A script that catches the refusal and tries on would make each
 * allocation a full collection, so the second refusal kills. CPU: a timer signal of this thread arms a hook
 * when a slice is over; the hook yields where the code can yield, and kills where it could not for
 * `burst_ns`. Killed means: never resumed, closed. */
#pragma once
#include <lua.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"

struct machine_limits {
  size_t memory;         /* bytes (32 MB) */
  uint64_t slice_ns;     /* thread CPU time after which code that can yield yields (5 ms) */
  uint64_t burst_ns;     /* the same for code that cannot (1 s) */
  uint64_t phase_cpu_ns; /* all slices since machine_phase (60 s) */
  uint64_t run_cpu_ns;   /* all slices (600 s); 0: no limit */
};
extern const struct machine_limits machine_default_limits;

enum machine_kill {
  MACHINE_ALIVE,
  MACHINE_KILL_MEMORY,
  MACHINE_KILL_CPU,
  MACHINE_KILL_PHASE_CPU,
  MACHINE_KILL_RUN_CPU,
  MACHINE_KILL_UNWANTED,
  MACHINE_KILL_WEAK /* found at the end of a slice */
};

struct machine {
  lua_State *L;
  struct machine_limits limits;
  size_t used, peak;
  size_t held; /* bytes that C keeps for it beside the Lua state; they count */
  int refusals, refusals_in_a_row;
  bool grace;             /* building an error report: a little beyond the cap is allowed */
  enum machine_kill kill; /* set: never resume again */
  lua_State *running;     /* the thread being resumed, for the timer's hook */
  uint64_t slice_start, phase_cpu, run_cpu;
  bool preempted;  /* the last yield came from the hook */
  bool yield_soon; /* the hook yields where it can, however short the slice was */
  void *owner;     /* the run (or NULL): what API functions find by machine_of(L)->owner */
  /* the owner's, any thread sets it: nobody waits for this any more. NULL: none */
  const atomic_bool *unwanted;
};

struct machine *machine_new(const struct machine_limits *limits, struct error *e);
void machine_free(struct machine *m);
/* The machine of any thread of it; one load (lua_getextraspace). Never raises. */
static inline struct machine *machine_of(lua_State *L) {
  return *(struct machine **)lua_getextraspace(L);
}

/* Runs fn(L, arg) protected on the main thread, for host code that may raise (opening libraries, pushing
 * results). The error, with traceback, goes to `e` (ERR_SCRIPT, ERR_LIMIT). */
enum err machine_protect(struct machine *m, void (*fn)(lua_State *L, void *arg), void *arg, struct error *e);

/* C keeps n bytes for its script. False: with them it would have more than its limit, and they are not counted. */
bool machine_hold(struct machine *m, size_t n);
void machine_let_go(struct machine *m, size_t n);

/* Around each lua_resume, by its caller. Neither raises. */
void machine_slice_begin(struct machine *m, lua_State *thread);
void machine_slice_end(struct machine *m);
/* The code that runs now is preempted as soon as it can yield. From a C function that it called. */
void machine_yield_soon(struct machine *m);
void machine_phase(
    struct machine *m); /* a new phase: its share of the CPU starts at 0; the whole machine's does not */

/* Called by host C code that loops on behalf of a script, about every 4096 steps: raises "limit: ..." when
 * this slice has used more than its burst, or the machine was killed. Raises or returns. */
void machine_burn(lua_State *L);

/* One sentence for the error record of a killed machine. */
const char *machine_kill_reason(const struct machine *m, struct error *e);
