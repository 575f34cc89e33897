/* project.c - the project that the run works on, its parent, and its children (the books of a series). */
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "script_api/api.h"
#include "script_api/args.h"
#include "base/mem.h"
#include "base/text.h"
#include "engine/internal.h"
#include "lua/value.h"
#include "store/projects.h"

/* What run_note_write calls the project's own fields; no artifact has such a name. */
#define SUBJECT "/project"

struct question {
  int what;
  char *key, *fields;
};

static void release(struct wait *w) {
  struct question *q = w->data;
  free(q->key);
  free(q->fields);
  free(q);
}

static void answered(struct wait *w, struct store_op *base) {
  wait_take(w, base, &((struct op_project *)base)->result);
}

static void start(struct wait *w) {
  struct run *run = w->task->run;
  struct question *q = w->data;
  struct op_project *op = mem_alloc(sizeof *op);
  op->op.kind = &op_project_kind;
  op->what = q->what;
  op->project = q->what == PROJECT_CHILD ? run->row.project_id : run->project;
  op->fields = q->fields;
  op->key = q->key;
  wait_post(w, &op->op, &op->entry, answered);
}

/* The project's slug as the table on top has it: its first title may have given it another. */
static void take_slug(lua_State *L, struct run *run) {
  lua_getfield(L, -1, "slug");
  run_project_named(run, lua_tostring(L, -1));
  lua_pop(L, 1);
}

static int finish(lua_State *L, struct wait *w) {
  bool set = ((struct question *)w->data)->what == PROJECT_SET;
  if (set) run_note_write(run_of(L), w, SUBJECT);
  args_push_result(L, w);
  if (set) take_slug(L, run_of(L));
  if (!lua_istable(L, -1)) {
    lua_pushnil(L);
    return 1;
  }
  return 1;
}

static int finish_enter(lua_State *L, struct wait *w) {
  args_push_result(L, w);
  struct run *run = run_of(L);
  lua_getfield(L, -1, "id");
  run->project = lua_tointeger(L, -1);
  lua_pop(L, 1);
  take_slug(L, run);
  return 1;
}

static const struct wait_kind project_kind = {.name = "project",
                                              .api_name = "project.get",
                                              .journaled = true,
                                              .start = start,
                                              .finish = finish,
                                              .release = release};
static const struct wait_kind enter_kind = {.name = "project",
                                            .api_name = "project.enter",
                                            .journaled = true,
                                            .start = start,
                                            .finish = finish_enter,
                                            .release = release};

static int ask(lua_State *L, const struct wait_kind *kind, const char *function, int what, const char *key,
               int fields) {
  wait_allowed(L, function);
  struct run *run = run_of(L);
  struct question *q = mem_alloc(sizeof *q);
  q->what = what;
  q->key = mem_dup(key);
  struct wait *w = wait_new(run, kind, q);
  if (what == PROJECT_GET || what == PROJECT_PARENT) w->subject = SUBJECT;
  struct buf text;
  struct error e = {0};
  buf_init(&text, MAX_JOURNAL_BYTES);
  enum err err = OK;
  if (fields && lua_istable(L, fields)) err = value_encode(L, fields, &text, &e);
  buf_printf(&w->content, "{\"fields\":%s,\"key\":", text.len ? text.data : "null");
  args_quote(&w->content, key ? key : "", key ? strlen(key) : 0);
  buf_printf(&w->content, ",\"project\":%lld,\"what\":%d}",
             (long long)(run->project == run->row.project_id ? 0 : run->project), what);
  if (text.len) q->fields = buf_take(&text);
  buf_release(&text);
  if (err != OK) return args_raise(L, function, &e);
  return wait_yield(L, w);
}

static int project_get(lua_State *L) {
  return ask(L, &project_kind, "project.get", PROJECT_GET, NULL, 0);
}
static int project_parent(lua_State *L) {
  return ask(L, &project_kind, "project.parent", PROJECT_PARENT, NULL, 0);
}

static int project_set(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  return ask(L, &project_kind, "project.set", PROJECT_SET, NULL, 1);
}

static int project_enter(lua_State *L) {
  size_t n;
  const char *key = luaL_checklstring(L, 1, &n);
  char slug[64];
  text_slug(key, n, slug, sizeof slug);
  if (strcmp(slug, key) != 0)
    return luaL_error(L, "project.enter: the key '%s' must be lower case letters, digits and hyphens", key);
  if (!lua_isnoneornil(L, 2)) luaL_checktype(L, 2, LUA_TTABLE);
  return ask(L, &enter_kind, "project.enter", PROJECT_CHILD, key, 2);
}

static int project_leave(lua_State *L) {
  struct run *run = run_of(L);
  if (!run) return luaL_error(L, "project.leave cannot be called at a module's top level");
  run->project = run->row.project_id;
  free(run->project_slug);
  run->project_slug = mem_dup(run->row.project);
  return 0;
}

void api_open_project(lua_State *L) {
  static const luaL_Reg functions[] = {{"get", project_get},     {"parent", project_parent},
                                       {"set", project_set},     {"enter", project_enter},
                                       {"leave", project_leave}, {NULL, NULL}};
  luaL_newlib(L, functions);
  lua_setglobal(L, "project");
}
