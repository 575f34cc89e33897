/* tests.c - a file of tests: its cases are found, then each runs in a machine of its own.
 *
 *   list_cases (a machine that only loads the file) -> run_case (machine, test_api, the case) for each, as they stand in the file */
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "lua/sandbox.h"
#include "script_api/api.h"
#include "script_test/internal.h"

enum { MOST_CASES = 500, MEMORY_MB = 512, CPU_S = 60, AT_ONCE = 64, NANO = 1000000000 };

/* ---- a machine with the file in it */

static struct machine *new_machine(struct test_case *c, struct error *e) {
  struct machine_limits limits = machine_default_limits;
  double cpu_s = c->tests->seconds < CPU_S ? c->tests->seconds : CPU_S;
  limits.memory = (size_t)MEMORY_MB << 20;
  limits.burst_ns = limits.phase_cpu_ns = (uint64_t)(cpu_s * 1e9);
  struct machine *m = machine_new(&limits, e);
  if (m) m->owner = c;
  return m;
}

/* Leaves the table that the file returns at the stack's top. */
static void load_file(lua_State *L, const struct test_case *c) {
  uint8_t seed[SHA_BYTES] = {0};
  sandbox_open(L, seed);
  script_set_open(L, c->tests->set);
  sandbox_close_globals(L, api_pure_tables);
  script_set_require(L, c->file);
  if (!lua_istable(L, -1))
    luaL_error(L, "%s.lua must return a table: { [\"what holds\"] = function(t) ... end }", c->file);
}

/* ---- which cases there are */

struct named_case {
  char *name;
  int line;
};
struct case_list {
  const struct test_case *file;
  struct named_case cases[MOST_CASES];
  int n;
};

static int by_line(const void *a, const void *b) {
  const struct named_case *x = a, *y = b;
  return x->line != y->line ? x->line - y->line : strcmp(x->name, y->name);
}

static void list_cases(lua_State *L, void *arg) {
  struct case_list *list = arg;
  load_file(L, list->file);
  lua_pushnil(L);
  while (lua_next(L, -2)) {
    lua_Debug ar;
    if (lua_type(L, -2) != LUA_TSTRING || !lua_isfunction(L, -1))
      luaL_error(L, "%s.lua: each case is a name and a function: [\"what holds\"] = function(t) ... end",
                 list->file->file);
    if (list->n == MOST_CASES) luaL_error(L, "%s.lua has more than %d cases", list->file->file, MOST_CASES);
    lua_getinfo(L, ">S", &ar);
    list->cases[list->n++] = (struct named_case){mem_dup(lua_tostring(L, -1)), ar.linedefined};
  }
  if (!list->n) luaL_error(L, "%s.lua has no case", list->file->file);
  qsort(list->cases, (size_t)list->n, sizeof *list->cases, by_line);
}

/* ---- one case */

/* Where in the test it happened, when the message does not begin with that. */
static void add_place(lua_State *L, const char *message, luaL_Buffer *b) {
  lua_Debug ar;
  const char *named = strstr(message, "_test.lua:");
  if (named && !memchr(message, ' ', (size_t)(named - message))) return;
  for (int level = 1; lua_getstack(L, level, &ar); level++) {
    lua_getinfo(L, "Sl", &ar);
    if (ar.currentline <= 0 || !strstr(ar.short_src, "_test.lua")) continue;
    lua_pushfstring(L, "%s:%d: ", ar.short_src, ar.currentline);
    luaL_addvalue(b);
    return;
  }
}

/* "scripts/lib/x_test.lua:12: got 1, expected 2" of any error value. */
static int describe_failure(lua_State *L) {
  luaL_Buffer b;
  if (lua_istable(L, 1)) {
    lua_getfield(L, 1, "message");
    lua_replace(L, 1);
  }
  const char *message = luaL_tolstring(L, 1, NULL);
  luaL_buffinit(L, &b);
  add_place(L, message, &b);
  luaL_addstring(&b, message);
  luaL_pushresult(&b);
  return 1;
}

static void run_one(lua_State *L, void *arg) {
  struct test_case *c = arg;
  load_file(L, c);
  lua_pushcfunction(L, describe_failure);
  int handler = lua_gettop(L);
  lua_getfield(L, handler - 1, c->name);
  script_set_require(L, "test_api");
  bench_push(L, c);
  lua_call(L, 1, 1);
  if (lua_pcall(L, 1, 0, handler) == LUA_OK) return;
  const char *message = lua_tostring(L, -1);
  c->failure = mem_dup(message ? message : "it failed without a message");
}

static void run_case(struct script_tests *t, const char *file, const char *name) {
  struct test_case c = {.tests = t, .file = file, .name = name};
  struct error e = {0};
  snprintf(c.project, sizeof c.project, "case-%d", ++t->cases);
  c.until_ns = clock_mono_ns() + (uint64_t)(t->seconds * 1e9);
  struct machine *m = new_machine(&c, &e);
  enum err err = m ? machine_protect(m, run_one, &c, &e) : ERR_LIMIT;
  if (err != OK && !c.failure && e.hint[0]) c.failure = mem_printf("%s (%s)", e.message, e.hint);
  if (err != OK && !c.failure) c.failure = mem_dup(e.message);
  enum test_outcome outcome = c.skipped ? TEST_SKIPPED : c.failure ? TEST_FAILED : TEST_PASSED;
  t->told(t->arg, file, name, outcome, c.skipped ? c.skipped : c.failure ? c.failure : "");
  bench_clear(&c);
  machine_free(m);
}

enum err script_tests_run(struct script_tests *t, const char *name, struct error *e) {
  struct test_case file = {.tests = t, .file = name};
  struct case_list list = {.file = &file};
  struct error why = {0};
  struct machine *m = new_machine(&file, &why);
  enum err err = m ? machine_protect(m, list_cases, &list, &why) : ERR_LIMIT;
  machine_free(m);
  if (err != OK) {
    char *trace = strstr(why.message, "\nstack traceback");
    if (trace) *trace = '\0';
    t->told(t->arg, name, "the file can be loaded", TEST_FAILED, why.message);
  }
  for (int i = 0; err == OK && i < list.n && !(t->stopped && t->stopped()); i++)
    run_case(t, name, list.cases[i].name);
  for (int i = 0; i < list.n; i++) free(list.cases[i].name);
  return t->stopped && t->stopped() ? err_set(e, ERR_CANCELLED, "interrupted") : OK;
}

/* ---- the host */

/* What a test of budgets needs: a model that costs, per million tokens. */
static void add_price(struct llm_settings *s) {
  s->prices = mem_grow(s->prices, (s->n_prices + 1) * sizeof *s->prices);
  s->prices[s->n_prices++] = (struct llm_price){.model = mem_dup("canned/priced"),
                                                .input = NANO,
                                                .cached_read = NANO,
                                                .cache_write = NANO,
                                                .output = NANO};
}

/* Whatever model a test names, the desk answers; nothing leaves this machine. A refusal is not tried again. */
static void answer_here(struct config *config) {
  struct llm_settings *s = &config->llm;
  s->providers = mem_grow(s->providers, (s->n_providers + 1) * sizeof *s->providers);
  s->providers[s->n_providers++] = (struct llm_provider){.name = mem_dup("canned")};
  config_rehearse(config);
  for (size_t i = 0; i < s->n_providers; i++) {
    s->providers[i].concurrency = AT_ONCE;
    s->providers[i].retries = -1;
  }
}

enum err script_tests_open(struct script_tests *t, struct config *config, struct error *e) {
  desk_init(&t->desk);
  answer_here(config);
  add_price(&config->llm);
  config->llm.stand_in = &t->desk.stand_in;
  return host_open(config, "run", false, &t->host, e);
}

void script_tests_close(struct script_tests *t, struct config *config) {
  host_close(t->host);
  desk_release(&t->desk);
  config->llm.stand_in = NULL;
}
