/* task.c - task.spawn, wait, all, map: doing several things at the same time.
 *
 * A task is a coroutine of the host's. Its thread is anchored in the registry under the task's address until its results were taken. */
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "script_api/api.h"
#include "script_api/args.h"
#include "base/mem.h"
#include "engine/internal.h"

#define TASK "quire.task"
enum { DEFAULT_LIMIT = 8, MOST_ITEMS = 10000, MOST_KEY = 1000 };

/* ---- making */

static void check_room(lua_State *L, struct run *run, const char *function) {
  int most = run->engine->settings.most_tasks;
  if (run->unfinished_tasks >= most)
    luaL_error(L, "limit: %s: more than %d unfinished tasks", function, most);
}

static void check_key(lua_State *L, struct task *parent, const char *key) {
  if (!key) return;
  if (!*key || strlen(key) > MOST_KEY) luaL_error(L, "a task's key has 1 to %d bytes", MOST_KEY);
  if (task_key_taken(parent, key))
    luaL_error(L, "two tasks of the same parent have the key '%s' at the same time", key);
}

/* Makes a held task that will call the function and n_args arguments at the stack's top (popped). */
static struct task *make(lua_State *L, int n_args, const char *key) {
  struct run *run = run_of(L);
  check_key(L, run->current, key);
  lua_State *co = lua_newthread(L);
  struct task *t = task_new(run, run->current, key, co);
  t->held = true;
  t->n_args = n_args;
  lua_rawsetp(L, LUA_REGISTRYINDEX, t);
  luaL_checkstack(co, n_args + 1, "task");
  lua_xmove(L, co, n_args + 1);
  return t;
}

static void group_add(struct task_group *g, struct task *t) {
  g->tasks[g->n++] = t;
  g->unfinished++;
  t->group = g;
}

static void group_start(struct task_group *g, struct run *run) {
  int room = run->engine->settings.most_tasks - run->unfinished_tasks;
  size_t first = g->limit < g->n ? g->limit : g->n;
  if (room < 1) room = 1;
  if (first > (size_t)room) first = (size_t)room;
  while (g->next < first) task_start(g->tasks[g->next++]);
}

/* ---- waiting */

/* What task.spawn gives. Once the task was waited for, its result or error is the user value. */
struct handle {
  struct task *task; /* NULL: it was waited for */
  bool failed;
};

struct waiting {
  struct task_group *group; /* NULL: it was let go */
  bool one;                 /* a single task: its value, not a list */
};

static void start(struct wait *w) {
  struct task_group *g = ((struct waiting *)w->data)->group;
  if (g && g->unfinished > 0) {
    list_push_tail(&g->waiters, &w->inbox);
    return;
  }
  list_push_tail(&w->task->run->ready, &w->task->ready);
  sched_add(w->task->run);
}

static void push_error_of(lua_State *L, struct task *t) {
  if (t->abandoned || lua_gettop(t->L) == 0) {
    luaL_where(L, 1);
    lua_pushfstring(L, "task %s: %s", t->scope, t->abandoned ? t->abandoned : "it failed");
    lua_concat(L, 2);
    return;
  }
  luaL_checkstack(t->L, 1, "task");
  lua_pushvalue(t->L, -1);
  lua_xmove(t->L, L, 1);
}

static void push_result_of(lua_State *L, struct task *t) {
  if (t->n_results == 0) {
    lua_pushnil(L);
    return;
  }
  luaL_checkstack(t->L, 1, "task");
  lua_pushvalue(t->L, -t->n_results);
  lua_xmove(t->L, L, 1);
}

/* What its tasks gave was taken: nobody can ask for it again. */
static void let_go(lua_State *L, struct task_group *g) {
  for (size_t i = 0; i < g->n; i++) {
    lua_pushnil(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, g->tasks[i]);
  }
  task_group_free(g);
}

/* The handle (at 1) keeps what its task gave, for whoever waits for it again. */
static int finish_one(lua_State *L) {
  struct handle *h = lua_touserdata(L, 1);
  struct task *t = h->task;
  if (t) {
    h->failed = t->state == TASK_FAILED;
    if (h->failed)
      push_error_of(L, t);
    else
      push_result_of(L, t);
    lua_setiuservalue(L, 1, 1);
    h->task = NULL;
    let_go(L, t->group);
  }
  lua_getiuservalue(L, 1, 1);
  return h->failed ? lua_error(L) : 1;
}

static int finish(lua_State *L, struct wait *w) {
  struct waiting *data = w->data;
  if (data->one) return finish_one(L);
  struct task_group *g = data->group;
  for (size_t i = 0; i < g->n; i++) {
    if (g->tasks[i]->state != TASK_FAILED) continue;
    push_error_of(L, g->tasks[i]);
    let_go(L, g);
    return lua_error(L);
  }
  lua_createtable(L, (int)g->n, 0);
  for (size_t i = 0; i < g->n; i++) {
    push_result_of(L, g->tasks[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  let_go(L, g);
  return 1;
}

static const struct wait_kind task_kind = {
    .name = "task", .api_name = "task.wait", .start = start, .finish = finish};

static int wait_group(lua_State *L, struct task_group *g, bool one) {
  struct waiting *data = mem_alloc(sizeof *data);
  *data = (struct waiting){g, one};
  return wait_yield(L, wait_new(run_of(L), &task_kind, data));
}

/* ---- the table */

static int task_spawn(lua_State *L) {
  static const char *const fields[] = {"key", NULL};
  luaL_checktype(L, 1, LUA_TFUNCTION);
  wait_allowed(L, "task.spawn");
  const char *key = NULL;
  if (!lua_isnoneornil(L, 2)) {
    args_fields(L, 2, "task.spawn", fields);
    key = args_string(L, 2, "task.spawn", "key", false, NULL);
  }
  struct run *run = run_of(L);
  check_room(L, run, "task.spawn");
  struct handle *handle = lua_newuserdatauv(L, sizeof *handle, 1);
  *handle = (struct handle){0};
  luaL_setmetatable(L, TASK);
  lua_pushvalue(L, 1);
  struct task *t = make(L, 0, key);
  group_add(task_group_new(run, 1, 1), t);
  handle->task = t;
  t->group->next = 1;
  task_start(t);
  return 1;
}

static int task_wait(lua_State *L) {
  const struct handle *h = luaL_checkudata(L, 1, TASK);
  wait_allowed(L, "task.wait");
  lua_settop(L, 1);
  return wait_group(L, h->task ? h->task->group : NULL, true);
}

static lua_Integer check_list(lua_State *L, const char *function) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_Integer n = (lua_Integer)lua_rawlen(L, 1);
  if (n > MOST_ITEMS) luaL_error(L, "limit: %s: more than %d items", function, MOST_ITEMS);
  return n;
}

static int task_all(lua_State *L) {
  lua_Integer n = check_list(L, "task.all");
  wait_allowed(L, "task.all");
  for (lua_Integer i = 1; i <= n; i++) {
    if (lua_rawgeti(L, 1, i) != LUA_TFUNCTION)
      return luaL_error(L, "task.all: entry %d is not a function", (int)i);
    lua_pop(L, 1);
  }
  if (n == 0) {
    lua_newtable(L);
    return 1;
  }
  struct run *run = run_of(L);
  struct task_group *g = NULL;
  for (lua_Integer i = 1; i <= n; i++) {
    lua_rawgeti(L, 1, i);
    struct task *t = make(L, 0, NULL);
    if (!g) g = task_group_new(run, (size_t)n, (size_t)run->engine->settings.most_tasks);
    group_add(g, t);
  }
  group_start(g, run);
  return wait_group(L, g, false);
}

/* The key that options.key gives item i, or NULL; left on the stack. */
static const char *item_key(lua_State *L, lua_Integer i) {
  if (!lua_istable(L, 3) || lua_getfield(L, 3, "key") == LUA_TNIL) return NULL;
  lua_rawgeti(L, 1, i);
  lua_pushinteger(L, i);
  lua_call(L, 2, 1);
  if (lua_type(L, -1) != LUA_TSTRING) luaL_error(L, "task.map: options.key must return a string");
  return lua_tostring(L, -1);
}

static int task_map(lua_State *L) {
  static const char *const fields[] = {"limit", "key", NULL};
  lua_Integer n = check_list(L, "task.map");
  luaL_checktype(L, 2, LUA_TFUNCTION);
  wait_allowed(L, "task.map");
  lua_settop(L, 3);
  double limit = DEFAULT_LIMIT;
  if (!lua_isnil(L, 3)) {
    args_fields(L, 3, "task.map", fields);
    limit = args_number(L, 3, "task.map", "limit", DEFAULT_LIMIT);
  }
  if (!(limit >= 1)) return luaL_error(L, "task.map: limit must be at least 1");
  if (limit > MOST_ITEMS) limit = MOST_ITEMS;
  if (n == 0) {
    lua_newtable(L);
    return 1;
  }
  struct task_group *g = NULL;
  for (lua_Integer i = 1; i <= n; i++) {
    const char *key = item_key(L, i);
    lua_pushvalue(L, 2);
    lua_rawgeti(L, 1, i);
    lua_pushinteger(L, i);
    struct task *t = make(L, 2, key);
    if (!g) g = task_group_new(run_of(L), (size_t)n, (size_t)limit);
    group_add(g, t);
    lua_settop(L, 3);
  }
  group_start(g, run_of(L));
  return wait_group(L, g, false);
}

void api_open_task(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"spawn", task_spawn}, {"wait", task_wait}, {"all", task_all}, {"map", task_map}, {NULL, NULL}};
  luaL_newmetatable(L, TASK);
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 1);
  luaL_newlib(L, functions);
  lua_setglobal(L, "task");
}
