/* machine.c - one capped Lua state.
 *
 * The timer: each thread that runs machines gets one CPU-time timer that ticks every few milliseconds of *its
 * own* CPU time and signals that same thread. The handler looks whether the slice in progress is over and, if
 * so, arms a hook on the thread being resumed (lua_sethook is made to be called from a signal). So code that
 * stays inside its slice pays nothing; a permanent count hook would cost tight loops a factor of two.
 *
 * Reading a thread's CPU clock is a system call, more than a short slice costs. So only the tick reads it, and all else goes by the last
 * tick: a slice is charged whole ticks, too many as often as too few.
 *
 * ThreadSanitizer holds signals back until a system call, so there the count hook is always on. */
#include "lua/machine.h"

#include <lauxlib.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "lua/lib.h"

#if defined(__SANITIZE_THREAD__)
#define ALWAYS_COUNT 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define ALWAYS_COUNT 1
#endif
#endif
#ifndef ALWAYS_COUNT
#define ALWAYS_COUNT 0
#endif

enum {
  SANITIZED = 10,
  TICK_NS = 2500000,        /* of thread CPU time; a slice ends at most this late */
  COUNT_AGAIN = 1000,       /* instructions until the hook looks again where the code cannot yield */
  GRACE_BYTES = 256 * 1024, /* beyond the cap while an error report is built */
  MOST_REFUSALS = 16        /* refusals cured by a collection before the machine counts as grinding */
};

const struct machine_limits machine_default_limits = {.memory = 32u << 20,
                                                      .slice_ns = 5000000,
                                                      .burst_ns = 1000000000,
                                                      .phase_cpu_ns = 60000000000,
                                                      .run_cpu_ns = 600000000000};

/* The machine that this thread is running; read by the signal handler of the same thread. */
static _Thread_local struct machine *volatile current;
static _Thread_local bool ticking;
static _Thread_local timer_t ticker;
static pthread_key_t ticker_key;                     /* its value only says that this thread has one */
static _Thread_local volatile uint64_t last_tick_ns; /* this thread's CPU time then */

static void slice_hook(lua_State *L, lua_Debug *ar);

static void arm(lua_State *L, int count) {
  lua_sethook(L, slice_hook, LUA_MASKCOUNT, count);
}
static void disarm(lua_State *L) {
  if (ALWAYS_COUNT)
    arm(L, COUNT_AGAIN);
  else
    lua_sethook(L, NULL, 0, 0);
}

static uint64_t cpu_ns(void) {
  return ALWAYS_COUNT ? clock_thread_cpu_ns() : last_tick_ns;
}

/* CPU time of the slice so far. A slice may have begun after the last tick. */
static uint64_t used_ns(const struct machine *m) {
  uint64_t now = cpu_ns();
  return now > m->slice_start ? now - m->slice_start : 0;
}

static bool is_unwanted(const struct machine *m) {
  return m->unwanted && atomic_load_explicit(m->unwanted, memory_order_relaxed);
}

static void on_tick(int sig) {
  (void)sig;
  last_tick_ns = clock_thread_cpu_ns();
  struct machine *m = current;
  if (m && m->running && (used_ns(m) >= m->limits.slice_ns || is_unwanted(m))) arm(m->running, 1);
}

/* A kernel timer outlives its thread, and a process may have only so many: web threads come and go. */
static void stop_ticking(void *timer) {
  timer_delete(*(timer_t *)timer);
}
static void make_ticker_key(void) {
  if (pthread_key_create(&ticker_key, stop_ticking) != 0) fatal("no room for a key of each thread");
}

/* Starts this thread's CPU timer, once; it goes with the thread. */
static void start_ticking(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, make_ticker_key);
  struct sigaction sa = {.sa_handler = on_tick, .sa_flags = SA_RESTART};
  sigaction(SIGVTALRM, &sa, NULL);
  struct sigevent ev = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGVTALRM};
  ev._sigev_un._tid = gettid();
  struct itimerspec every = {.it_interval = {.tv_nsec = TICK_NS}, .it_value = {.tv_nsec = TICK_NS}};
  if (timer_create(CLOCK_THREAD_CPUTIME_ID, &ev, &ticker) != 0 || timer_settime(ticker, 0, &every, NULL) != 0)
    fatal("no CPU timer for scripts: the kernel refused timer_create");
  pthread_setspecific(ticker_key, &ticker);
  sigset_t mine; /* a thread of the pool blocks all others */
  sigemptyset(&mine);
  sigaddset(&mine, SIGVTALRM);
  pthread_sigmask(SIG_UNBLOCK, &mine, NULL);
  last_tick_ns = clock_thread_cpu_ns();
}

static void tick_here(void) {
  if (ticking || ALWAYS_COUNT) return;
  start_ticking();
  ticking = true;
}

/* Ends a killed script: yields for good where that is possible, else unwinds every pcall on the way out (the
 * hook stays armed at 1). */
static void stop_script(lua_State *L, struct machine *m) {
  if (lua_isyieldable(L)) {
    lua_sethook(L, NULL, 0, 0);
    lua_yield(L, 0);
    return;
  }
  arm(L, 1);
  m->grace = true;
  luaL_error(L, "limit: %s", machine_kill_reason(m, NULL));
}

static enum machine_kill over_account(const struct machine *m, uint64_t used) {
  if (m->phase_cpu + used > m->limits.phase_cpu_ns) return MACHINE_KILL_PHASE_CPU;
  if (m->limits.run_cpu_ns && m->run_cpu + used > m->limits.run_cpu_ns) return MACHINE_KILL_RUN_CPU;
  return MACHINE_ALIVE;
}

static void slice_hook(lua_State *L, lua_Debug *ar) {
  (void)ar;
  struct machine *m = machine_of(L);
  uint64_t used = used_ns(m);
  if (!m->kill && is_unwanted(m)) m->kill = MACHINE_KILL_UNWANTED;
  if (!m->kill && used < m->limits.slice_ns && !m->yield_soon) {
    disarm(L);
    return;
  }
  if (!m->kill) m->kill = over_account(m, used);
  if (!m->kill && lua_isyieldable(L)) {
    disarm(L);
    m->preempted = true;
    lua_yield(L, 0);
    return;
  }
  if (!m->kill && used > m->limits.burst_ns) m->kill = MACHINE_KILL_CPU;
  if (m->kill)
    stop_script(L, m);
  else
    arm(L, COUNT_AGAIN);
}

/* The one allocator. A refusal makes Lua collect everything and ask again; two in a row mean that it is
 * really full. */
static void *allocate(void *ud, void *p, size_t osize, size_t nsize) {
  struct machine *m = ud;
  size_t old = p ? osize : 0;
  if (nsize == 0) {
    free(p);
    m->used -= old;
    return NULL;
  }
  size_t cap = m->limits.memory + (m->grace ? GRACE_BYTES : 0);
  if (nsize > old && m->used + m->held + (nsize - old) > cap) {
    m->refusals_in_a_row++;
    if ((m->refusals_in_a_row >= 2 || ++m->refusals > MOST_REFUSALS) && !m->grace) {
      m->kill = MACHINE_KILL_MEMORY;
      if (m->running) arm(m->running, 1);
    }
    return NULL;
  }
  void *q = realloc(p, nsize);
  if (!q) return NULL;
  m->used += nsize - old;
  if (nsize > old) m->refusals_in_a_row = 0;
  if (m->used > m->peak) m->peak = m->used;
  return q;
}

static int panic(lua_State *L) {
  fatal("Lua error outside a protected call: %s", lua_tostring(L, -1));
}

struct machine *machine_new(const struct machine_limits *limits, struct error *e) {
  struct machine *m = mem_alloc(sizeof *m);
  m->limits = limits ? *limits : machine_default_limits;
  if (ALWAYS_COUNT)
    m->limits.burst_ns *= SANITIZED; /* honest work takes that much longer under ThreadSanitizer */
  m->L = lua_newstate(allocate, m);
  if (!m->L) {
    free(m);
    err_set(e, ERR_LIMIT, "no memory for a Lua state");
    return NULL;
  }
  *(struct machine **)lua_getextraspace(m->L) = m;
  lua_atpanic(m->L, panic);
  tick_here();
  m->slice_start = cpu_ns();
  return m;
}

void machine_free(struct machine *m) {
  if (!m) return;
  m->running = NULL;
  if (current == m) current = NULL;
  lua_close(m->L);
  free(m);
}

bool machine_hold(struct machine *m, size_t n) {
  if (m->used + m->held + n > m->limits.memory) return false;
  m->held += n;
  return true;
}
void machine_let_go(struct machine *m, size_t n) {
  m->held -= n;
}

void machine_slice_begin(struct machine *m, lua_State *thread) {
  tick_here();
  m->preempted = m->yield_soon = false;
  m->running = thread;
  m->slice_start = cpu_ns();
  current = m;
  if (ALWAYS_COUNT) arm(thread, COUNT_AGAIN);
}

void machine_slice_end(struct machine *m) {
  current = NULL;
  m->running = NULL;
  bool weakened = lib_has_weakened(m->L); /* many metatables take time, which is the script's */
  m->phase_cpu += used_ns(m);
  m->run_cpu += used_ns(m);
  if (!m->kill) m->kill = over_account(m, 0);
  if (!m->kill && weakened) m->kill = MACHINE_KILL_WEAK;
}

void machine_yield_soon(struct machine *m) {
  if (m->yield_soon || !m->running) return;
  m->yield_soon = true;
  arm(m->running, 1);
}

void machine_phase(struct machine *m) {
  m->phase_cpu = 0;
}

void machine_burn(lua_State *L) {
  struct machine *m = machine_of(L);
  if (!m->kill && is_unwanted(m)) m->kill = MACHINE_KILL_UNWANTED;
  if (!m->kill && used_ns(m) > m->limits.burst_ns) m->kill = MACHINE_KILL_CPU;
  if (m->kill) {
    arm(L, 1);
    m->grace = true;
    luaL_error(L, "limit: %s", machine_kill_reason(m, NULL));
  }
}

const char *machine_kill_reason(const struct machine *m, struct error *e) {
  const char *why = "";
  switch (m->kill) {
  case MACHINE_ALIVE: break;
  case MACHINE_KILL_MEMORY: why = "the script needs more memory than a run may use"; break;
  case MACHINE_KILL_CPU: why = "the script computed too long in one go where it cannot be interrupted"; break;
  case MACHINE_KILL_PHASE_CPU:
    why = "the script used up the CPU time of its phase without getting on (an endless loop?)";
    break;
  case MACHINE_KILL_RUN_CPU: why = "the script used up the CPU time of its run (an endless loop?)"; break;
  case MACHINE_KILL_UNWANTED: why = "its result is no longer needed"; break;
  case MACHINE_KILL_WEAK:
    why =
        "a metatable that is in use was given __mode: what a weak table holds depends on when memory was collected";
    break;
  }
  if (!e) return why;
  if (m->kill == MACHINE_KILL_MEMORY) {
    err_set(e, ERR_LIMIT, "limit: %s (%zu MB)", why, m->limits.memory >> 20);
    err_hint(e, "keep less in tables, or raise limits.memory_mb in the pipeline or in quire.lua");
  } else if (m->kill == MACHINE_KILL_CPU) {
    err_set(e, ERR_LIMIT, "limit: %s (%.1f s)", why, (double)m->limits.burst_ns / 1e9);
    err_hint(e, "do the work in smaller pieces outside sort, gsub and metamethods");
  } else if (m->kill == MACHINE_KILL_WEAK) {
    err_set(e, ERR_SCRIPT, "%s", why);
    err_hint(e, "take the __mode out and remove entries yourself");
  } else if (m->kill == MACHINE_KILL_RUN_CPU) {
    err_set(e, ERR_LIMIT, "limit: %s (%.1f s)", why, (double)m->limits.run_cpu_ns / 1e9);
    err_hint(e, "look for a loop that never ends, or raise limits.run_cpu_s");
  } else {
    err_set(e, ERR_LIMIT, "limit: %s (%.1f s)", why, (double)m->limits.phase_cpu_ns / 1e9);
    err_hint(e, "look for a loop that never ends, or raise limits.phase_cpu_s");
  }
  return why;
}

struct protected_call {
  void (*fn)(lua_State *L, void *arg);
  void *arg;
};

static int call_protected(lua_State *L) {
  struct protected_call *p = lua_touserdata(L, 1);
  lua_settop(L, 0);
  p->fn(L, p->arg);
  return 0;
}

static int add_traceback(lua_State *L) {
  machine_of(L)->grace = true;
  if (lua_istable(L, 1)) {
    lua_pushliteral(L, "message");
    if (lua_rawget(L, 1) == LUA_TSTRING) lua_replace(L, 1);
  }
  lua_settop(L, 1);
  const char *text = lib_tolstring(L, 1, NULL);
  luaL_traceback(L, L, text, 1);
  return 1;
}

enum err machine_protect(struct machine *m, void (*fn)(lua_State *L, void *arg), void *arg, struct error *e) {
  struct protected_call p = {fn, arg};
  lua_State *L = m->L;
  bool nested = m->running != NULL;
  int top = lua_gettop(L);
  if (!nested) machine_slice_begin(m, L);
  lua_pushcfunction(L, add_traceback);
  lua_pushcfunction(L, call_protected);
  lua_pushlightuserdata(L, &p);
  int status = lua_pcall(L, 1, 0, top + 1);
  enum err code = OK;
  if (status != LUA_OK) {
    if (m->kill) {
      machine_kill_reason(m, e);
      code = ERR_LIMIT;
    } else {
      const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "error object";
      code = err_set(e, status == LUA_ERRMEM ? ERR_LIMIT : ERR_SCRIPT, "%s", text);
    }
  }
  lua_settop(L, top);
  lua_sethook(L, NULL, 0, 0);
  m->grace = false;
  if (!nested) machine_slice_end(m);
  if (code == OK && m->kill == MACHINE_KILL_WEAK) {
    machine_kill_reason(m, e);
    code = ERR_SCRIPT;
  }
  return code;
}
