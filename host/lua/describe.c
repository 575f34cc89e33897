/* describe.c - modules that say what they are (pipelines), and files that are nothing but data (quire.lua, models.lua). */
#include "lua/describe.h"

#include <lauxlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/jsonx.h"
#include "lua/fields.h"
#include "lua/sandbox.h"
#include "lua/value.h"

enum { DATA_MS = 100 };

struct describe {
  const struct script_set *set;
  const char *name, *text;
  size_t n;
  const struct sandbox_table *apis;
  struct buf json;
};

static void encode_top(lua_State *L, struct buf *out, const char *what) {
  struct error e = {0};
  if (value_encode(L, -1, out, &e) != OK) luaL_error(L, "%s: %s", what, e.message);
}

static void copy_field(lua_State *L, int from, int to, const char *field, int type) {
  int t = lua_getfield(L, from, field);
  if (t == LUA_TNIL) {
    lua_pop(L, 1);
    return;
  }
  if (t != type) luaL_error(L, "'%s' must be a %s", field, lua_typename(L, type));
  lua_setfield(L, to, field);
}

/* A list of names, or nothing. */
static void copy_names(lua_State *L, int from, int to, const char *field) {
  copy_field(L, from, to, field, LUA_TTABLE);
  lua_getfield(L, to, field);
  for (lua_Integer i = 1; lua_istable(L, -1) && lua_rawgeti(L, -1, i) != LUA_TNIL; i++, lua_pop(L, 1))
    if (lua_type(L, -1) != LUA_TSTRING) luaL_error(L, "'%s' must be a list of names", field);
  lua_settop(L, to);
}

/* Each input field must have a name; a typo in its keys would silently switch a check off. */
static void check_fields(lua_State *L, int module) {
  static const char *const known[] = {"name", "type", "help",    "default", "required",
                                      "min",  "max",  "choices", "label",   NULL};
  static const char *const types[] = {"string",  "text",   "integer", "number",
                                      "boolean", "choice", "list",    NULL};
  if (lua_getfield(L, module, "input") != LUA_TTABLE) {
    lua_pop(L, 1);
    return;
  }
  for (lua_Integer i = 1; lua_rawgeti(L, -1, i) != LUA_TNIL; i++, lua_pop(L, 1)) {
    if (!lua_istable(L, -1)) luaL_error(L, "input[%d] must be a table", (int)i);
    if (lua_getfield(L, -1, "name") != LUA_TSTRING) luaL_error(L, "input[%d] has no name", (int)i);
    const char *name = lua_tostring(L, -1);
    lua_pop(L, 1);
    lua_getfield(L, -1, "type");
    const char *type = luaL_optstring(L, -1, "string");
    bool ok = false;
    for (int k = 0; types[k]; k++) ok = ok || strcmp(types[k], type) == 0;
    if (!ok)
      luaL_error(L,
                 "input field '%s': unknown type '%s' (string, text, integer, number, boolean, choice, list)",
                 name, type);
    lua_pop(L, 1);
    struct odd_field odd = fields_odd(L, -1, known);
    if (odd.name || odd.type)
      luaL_error(L, "input field '%s': unknown key '%s'", name, odd.name ? odd.name : odd.type);
  }
  lua_pop(L, 2);
}

/* Leaves what the module returns on the stack, and its place. */
static int load_module(lua_State *L, const struct describe *d) {
  uint8_t seed[SHA_BYTES] = {0};
  sandbox_open(L, seed);
  script_set_open(L, d->set);
  sandbox_close_globals(L, d->apis);
  script_set_require(L, d->name);
  return lua_gettop(L);
}

static void describe_file(lua_State *L, void *arg) {
  struct describe *d = arg;
  static const char *const fields[] = {"id", "title", "name"};
  int module = load_module(L, d);
  if (!lua_istable(L, module)) {
    buf_puts(&d->json, "null");
    return;
  }
  if (lua_getfield(L, module, "make") != LUA_TFUNCTION)
    luaL_error(L, "%s.lua must return a table with a function 'make'", d->name);
  lua_newtable(L);
  int out = lua_gettop(L);
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
    if (lua_getfield(L, module, fields[i]) != LUA_TSTRING)
      luaL_error(L, "%s.lua must name its '%s', a text", d->name, fields[i]);
    lua_setfield(L, out, fields[i]);
  }
  encode_top(L, &d->json, d->name);
}

static void describe_one_check(lua_State *L, void *arg) {
  struct describe *d = arg;
  static const char *const fields[] = {"title", "kind", "scope"};
  int module = load_module(L, d);
  script_set_require(L, "lib/checks");
  if (!lua_istable(L, -1) || lua_getfield(L, -1, "validate") != LUA_TFUNCTION)
    luaL_error(L, "lib/checks.lua has no function 'validate'");
  lua_pushstring(L, d->name + strlen(CHECKS));
  lua_pushvalue(L, module);
  lua_call(L, 2, 0);
  lua_newtable(L);
  int out = lua_gettop(L);
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
    copy_field(L, module, out, fields[i], LUA_TSTRING);
  encode_top(L, &d->json, d->name);
}

static void describe(lua_State *L, void *arg) {
  struct describe *d = arg;
  int module = load_module(L, d);
  if (!lua_istable(L, module) || lua_getfield(L, module, "run") != LUA_TFUNCTION)
    luaL_error(L, "%s.lua must return a table with a function 'run'", d->name);
  lua_pop(L, 1);
  check_fields(L, module);
  lua_newtable(L);
  int out = lua_gettop(L);
  copy_field(L, module, out, "title", LUA_TSTRING);
  copy_field(L, module, out, "description", LUA_TSTRING);
  copy_field(L, module, out, "input", LUA_TTABLE);
  copy_field(L, module, out, "hidden", LUA_TBOOLEAN);
  copy_field(L, module, out, "on_book", LUA_TBOOLEAN);
  copy_names(L, module, out, "phases");
  copy_names(L, module, out, "gives");
  encode_top(L, &d->json, d->name);
}

static void load_data(lua_State *L, void *arg) {
  struct describe *d = arg;
  if (luaL_loadbufferx(L, d->text, d->n, d->name, "t") != LUA_OK) lua_error(L);
  lua_newtable(L); /* its globals: none */
  if (!lua_setupvalue(L, -2, 1)) lua_pop(L, 1);
  lua_call(L, 0, 1);
  if (!lua_istable(L, -1)) luaL_error(L, "%s must return a table", d->name + 1);
  encode_top(L, &d->json, d->name + 1);
}

static enum err run_in_scratch(const struct machine_limits *limits, void (*fn)(lua_State *, void *),
                               struct describe *d, json_t **out, struct error *e) {
  struct machine *m = machine_new(limits, e);
  if (!m) return ERR_LIMIT;
  buf_init(&d->json, MAX_SCRIPT_BYTES);
  enum err err = machine_protect(m, fn, d, e);
  machine_free(m);
  if (err == OK) err = jsonx_parse(d->json.data, d->json.len, d->name, out, e);
  buf_release(&d->json);
  return err;
}

/* A set never changes, and what a module says of itself depends on nothing else: it has no clock, no run and no chance. So it is asked once. */
enum err describe_module(const struct machine_limits *limits, const struct script_set *set, const char *name,
                         const struct sandbox_table *apis, json_t **out, struct error *e) {
  const char *known = script_set_description(set, name);
  if (known) return jsonx_parse(known, strlen(known), name, out, e);
  struct describe d = {.set = set, .name = name, .apis = apis};
  enum err err = run_in_scratch(limits, describe, &d, out, e);
  if (err == OK) script_set_describe(set, name, jsonx_dumps(*out));
  return err;
}

enum err describe_export(const struct machine_limits *limits, const struct script_set *set, const char *name,
                         const struct sandbox_table *apis, json_t **out, struct error *e) {
  struct describe d = {.set = set, .name = name, .apis = apis};
  return run_in_scratch(limits, describe_file, &d, out, e);
}

enum err describe_check(const struct machine_limits *limits, const struct script_set *set, const char *name,
                        const struct sandbox_table *apis, json_t **out, struct error *e) {
  struct describe d = {.set = set, .name = name, .apis = apis};
  return run_in_scratch(limits, describe_one_check, &d, out, e);
}

enum err describe_data(const char *text, size_t n, const char *chunk_name, json_t **out, struct error *e) {
  struct machine_limits limits = machine_default_limits;
  limits.burst_ns = (uint64_t)DATA_MS * 1000000;
  struct describe d = {.name = chunk_name, .text = text, .n = n};
  enum err err = run_in_scratch(&limits, load_data, &d, out, e);
  char *trace = err == OK || !e ? NULL : strstr(e->message, "\nstack traceback");
  if (trace) *trace = '\0'; /* data has no calls worth showing */
  return err == ERR_SCRIPT ? ERR_CONFIG : err;
}
