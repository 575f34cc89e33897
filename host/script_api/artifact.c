/* artifact.c - artifact.put, get, list, history, commit: the documents of the project.
 *
 * The journal names contents by hash (puts) and by version (gets), never by their bytes: those stand once in the blobs. */
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "script_api/api.h"
#include "script_api/args.h"
#include "base/mem.h"
#include "base/text.h"
#include "engine/internal.h"
#include "lua/value.h"

enum { MOST_PUTS = 200 };

/* ---- names and kinds */

static const char *check_name(lua_State *L, int arg, const char *function) {
  size_t n;
  const char *name = luaL_checklstring(L, arg, &n);
  struct error e = {0};
  if (strlen(name) != n) err_set(&e, ERR_INVALID, "a document's name holds no NUL character");
  if (e.code || artifact_name_check(name, &e) != OK) luaL_error(L, "%s: %s", function, e.message);
  return name;
}

static const char *kind_of(const char *name, bool table) {
  const char *dot = strrchr(name, '.');
  if (table || (dot && strcmp(dot, ".json") == 0)) return "json";
  if (dot && strcmp(dot, ".md") == 0) return "markdown";
  if (dot && strcmp(dot, ".txt") == 0) return "text";
  return dot ? "binary" : "text";
}

/* ---- put and commit */

/* The documents of one transaction, collected before it is posted. */
struct artifact_batch {
  struct artifact_put *puts;
  size_t n;
};

static void batch_free(struct artifact_batch *b) {
  for (size_t i = 0; i < b->n; i++) {
    free(b->puts[i].name);
    free(b->puts[i].kind);
    free(b->puts[i].content);
  }
  free(b->puts);
  free(b);
}

static void release_batch(struct wait *w) {
  if (w->data) batch_free(w->data);
}

/* A series writes documents of one name in each of its books: the key has the project. `name` has at most ARTIFACT_NAME_MOST bytes. */
static size_t seen_key(char *out, size_t size, const struct run *run, const char *name) {
  int n = snprintf(out, size, "%lld/%s", (long long)run->project, name);
  return (size_t)n < size ? (size_t)n : size - 1;
}
static int64_t seen_version(const struct run *run, const char *name) {
  char key[ARTIFACT_NAME_MOST + 40];
  return (intptr_t)map_get_n(run->seen, key, seen_key(key, sizeof key, run, name));
}
static void remember(struct run *run, const char *name, int64_t version) {
  char key[ARTIFACT_NAME_MOST + 40];
  size_t n = seen_key(key, sizeof key, run, name);
  if (version > seen_version(run, name)) map_put_n(run->seen, key, n, (void *)(intptr_t)version);
}

static void put_done(struct wait *w, struct store_op *base) {
  wait_take(w, base, &((struct op_artifact_put *)base)->result);
}

static void start_put(struct wait *w) {
  struct run *run = w->task->run;
  struct artifact_batch *batch = w->data;
  struct op_artifact_put *op = mem_alloc(sizeof *op);
  op->op.kind = &op_artifact_put_kind;
  op->project = run->project;
  op->puts = batch->puts;
  op->n_puts = batch->n;
  for (size_t i = 0; i < batch->n; i++) op->puts[i].seen = seen_version(run, op->puts[i].name);
  batch->puts = NULL;
  batch->n = 0;
  wait_post(w, &op->op, &op->entry, put_done);
}

/* The list of results; what was written counts as seen. */
static int push_puts(lua_State *L, struct wait *w) {
  args_push_result(L, w);
  int list = lua_gettop(L);
  struct run *run = run_of(L);
  for (lua_Integer i = 1; lua_rawgeti(L, list, i) == LUA_TTABLE; i++, lua_settop(L, list)) {
    lua_getfield(L, -1, "name");
    lua_getfield(L, -2, "version");
    if (lua_isstring(L, -2)) remember(run, lua_tostring(L, -2), lua_tointeger(L, -1));
    if (lua_isstring(L, -2)) run_note_write(run, w, lua_tostring(L, -2));
  }
  lua_settop(L, list);
  run_beat(run);
  return 1;
}

static int finish_put(lua_State *L, struct wait *w) {
  push_puts(L, w);
  lua_rawgeti(L, -1, 1);
  return 1;
}

static const struct wait_kind put_kind = {.name = "put",
                                          .api_name = "artifact.put",
                                          .journaled = true,
                                          .start = start_put,
                                          .finish = finish_put,
                                          .release = release_batch};
static const struct wait_kind commit_kind = {.name = "put",
                                             .api_name = "artifact.commit",
                                             .journaled = true,
                                             .start = start_put,
                                             .finish = push_puts,
                                             .release = release_batch};

/* Appends the document of (name, content, options) at stack 1..3 to the batch. */
static enum err batch_add(lua_State *L, struct artifact_batch *batch, const char *name, const char *kind,
                          struct error *e) {
  struct buf content;
  buf_init(&content, MAX_ARTIFACT_BYTES);
  enum err err;
  if (lua_istable(L, 2)) {
    err = value_encode(L, 2, &content, e);
  } else {
    size_t n;
    const char *s = lua_tolstring(L, 2, &n);
    err = buf_append(&content, s, n);
    if (err != OK) err_set(e, err, "'%s' is larger than %d MB", name, MAX_ARTIFACT_BYTES >> 20);
  }
  if (err == OK) err = wait_hold(run_of(L)->current->wait, content.len, e);
  if (err == OK) {
    run_count_written(run_of(L), content.len);
    batch->puts = mem_grow(batch->puts, (batch->n + 1) * sizeof *batch->puts);
    size_t n = content.len;
    batch->puts[batch->n++] = (struct artifact_put){
        .name = mem_dup(name), .kind = mem_dup(kind), .content = buf_take(&content), .n = n};
  }
  buf_release(&content);
  return err;
}

static void describe_batch(struct run *run, const struct artifact_batch *batch, struct buf *out) {
  buf_printf(out, "{\"project\":%lld,\"puts\":[",
             (long long)(run->project == run->row.project_id ? 0 : run->project));
  for (size_t i = 0; i < batch->n; i++) {
    char sha[SHA_HEX];
    sha256_hex(batch->puts[i].content, batch->puts[i].n, sha);
    buf_puts(out, i ? ",[" : "[");
    args_quote(out, batch->puts[i].name, strlen(batch->puts[i].name));
    buf_printf(out, ",\"%s\",\"%s\"]", batch->puts[i].kind, sha);
  }
  buf_puts(out, "]}");
}

static int artifact_put(lua_State *L) {
  static const char *const fields[] = {"kind", NULL};
  static const char *const kinds[] = {"json", "markdown", "text", "binary", NULL};
  const char *name = check_name(L, 1, "artifact.put");
  if (!lua_istable(L, 2) && lua_type(L, 2) != LUA_TSTRING)
    return luaL_error(L, "artifact.put: the content of '%s' must be a string or a table, got %s", name,
                      luaL_typename(L, 2));
  const char *kind = kind_of(name, lua_istable(L, 2));
  if (!lua_isnoneornil(L, 3)) {
    args_fields(L, 3, "artifact.put", fields);
    const char *asked = args_string(L, 3, "artifact.put", "kind", false, NULL);
    bool known = !asked;
    for (int i = 0; asked && kinds[i]; i++) known = known || strcmp(kinds[i], asked) == 0;
    if (!known) return luaL_error(L, "artifact.put: unknown kind '%s' (json, markdown, text, binary)", asked);
    if (asked) kind = asked;
  }
  struct run *run = run_of(L);
  struct error e = {0};
  if (run && run->current) run_check_document(L, "artifact.put");
  if (run && run->batch) {
    if (run->batch->n >= MOST_PUTS)
      return luaL_error(L, "limit: artifact.commit: more than %d documents", MOST_PUTS);
    if (batch_add(L, run->batch, name, kind, &e) != OK) return args_raise(L, "artifact.put", &e);
    return 0;
  }
  wait_allowed(L, "artifact.put");
  struct artifact_batch *batch = mem_alloc(sizeof *batch);
  struct wait *w = wait_new(run, &put_kind, batch);
  if (batch_add(L, batch, name, kind, &e) != OK) {
    wait_abandon(w);
    return args_raise(L, "artifact.put", &e);
  }
  describe_batch(run, batch, &w->content);
  return wait_yield(L, w);
}

static int artifact_commit(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  wait_allowed(L, "artifact.commit");
  struct run *run = run_of(L);
  if (run->batch) return luaL_error(L, "artifact.commit cannot stand inside another artifact.commit");
  struct artifact_batch *batch = mem_alloc(sizeof *batch);
  struct wait *w = wait_new(run, &commit_kind, batch);
  run->batch = batch;
  lua_settop(L, 1);
  int status = lua_pcall(L, 0, 0, 0); /* not lua_pcallk: fn may not wait */
  run->batch = NULL;
  if (status != LUA_OK) {
    wait_abandon(w);
    return lua_error(L);
  }
  if (batch->n == 0) return luaL_error(L, "artifact.commit: its function put nothing");
  describe_batch(run, batch, &w->content);
  return wait_yield(L, w);
}

/* ---- get */

struct got {
  char *name, *content;
  size_t n;
};

static void release_got(struct wait *w) {
  struct got *g = w->data;
  free(g->name);
  free(g->content);
  free(g);
}

static void get_done(struct wait *w, struct store_op *base) {
  struct op_artifact_get *op = (struct op_artifact_get *)base;
  struct got *g = w->data;
  g->content = op->content;
  g->n = op->n;
  op->content = NULL;
  wait_take(w, base, &op->result);
}

static void start_get(struct wait *w) {
  struct run *run = w->task->run;
  struct got *g = w->data;
  struct op_artifact_get *op = mem_alloc(sizeof *op);
  op->op.kind = &op_artifact_get_kind;
  op->project = run->project;
  op->name = g->name;
  op->horizon = w->supersedes && !run_wrote(run, w->subject) ? run->row.read_horizon : 0;
  wait_post(w, &op->op, &op->entry, get_done);
}

/* A recorded read names the version; its content comes from the blobs. */
struct op_content {
  struct store_op op;
  int64_t version;
  struct buf out;
};
static enum err content_apply(struct db *db, struct store_op *base) {
  struct op_content *op = (struct op_content *)base;
  buf_clear(&op->out);
  return artifact_version_content(db, op->version, &op->out);
}
static void content_free(struct store_op *base) {
  buf_release(&((struct op_content *)base)->out);
  free(base);
}
static const struct store_op_kind content_kind = {
    .name = "artifact_content", .apply = content_apply, .free = content_free};

static void content_done(struct wait *w, struct store_op *base) {
  struct op_content *op = (struct op_content *)base;
  struct got *g = w->data;
  if (base->err != OK) {
    wait_take(w, base, NULL);
    return;
  }
  g->n = op->out.len;
  g->content = buf_take(&op->out);
  wait_ready(w);
}

static void restore_get(struct wait *w) {
  json_t *v = NULL;
  (void)jsonx_parse(w->result, w->n_result, "a recorded read", &v, NULL); /* NULL: it found no document */
  int64_t version = json_is_object(v) ? jsonx_int(v, "id", 0) : 0;
  json_decref(v);
  if (!version) {
    wait_ready(w);
    return;
  }
  struct op_content *op = mem_alloc(sizeof *op);
  op->op.kind = &content_kind;
  op->version = version;
  buf_init(&op->out, MAX_ARTIFACT_BYTES);
  pending_post(w->task->run, w, &op->op, true, content_done, NULL);
}

static int finish_get(lua_State *L, struct wait *w) {
  struct got *g = w->data;
  args_push_result(L, w);
  if (!lua_istable(L, -1)) {
    lua_pushnil(L);
    return 1;
  }
  int info = lua_gettop(L);
  lua_getfield(L, info, "version");
  remember(run_of(L), g->name, lua_tointeger(L, -1));
  lua_getfield(L, info, "kind");
  const char *kind = lua_tostring(L, -1);
  if (kind && strcmp(kind, "json") == 0) {
    json_t *v = NULL;
    struct error e = {0};
    if (jsonx_parse(g->content, g->n, g->name, &v, &e) != OK)
      return luaL_error(L, "artifact.get: %s", e.message);
    json_decref(v);
    value_push_json(L, g->content, g->n);
  } else {
    lua_pushlstring(L, g->content ? g->content : "", g->n);
  }
  lua_pushvalue(L, info);
  return 2;
}

static const struct wait_kind get_kind = {.name = "get",
                                          .api_name = "artifact.get",
                                          .journaled = true,
                                          .start = start_get,
                                          .finish = finish_get,
                                          .restore = restore_get,
                                          .release = release_got};

static void describe_name(struct run *run, const char *name, struct buf *out) {
  buf_puts(out, "{\"name\":");
  args_quote(out, name, strlen(name));
  buf_printf(out, ",\"project\":%lld}", (long long)(run->project == run->row.project_id ? 0 : run->project));
}

static int artifact_get(lua_State *L) {
  const char *name = check_name(L, 1, "artifact.get");
  wait_allowed(L, "artifact.get");
  struct got *g = mem_alloc(sizeof *g);
  g->name = mem_dup(name);
  struct wait *w = wait_new(run_of(L), &get_kind, g);
  w->subject = g->name;
  describe_name(run_of(L), name, &w->content);
  return wait_yield(L, w);
}

/* ---- list, history */

struct listing {
  char *prefix;
  bool history;
};

static void release_listing(struct wait *w) {
  free(((struct listing *)w->data)->prefix);
  free(w->data);
}

static void list_done(struct wait *w, struct store_op *base) {
  wait_take(w, base, &((struct op_artifact_list *)base)->result);
}

static void start_list(struct wait *w) {
  struct listing *l = w->data;
  struct op_artifact_list *op = mem_alloc(sizeof *op);
  op->op.kind = &op_artifact_list_kind;
  op->project = w->task->run->project;
  op->prefix = l->prefix;
  op->history = l->history;
  wait_post(w, &op->op, &op->entry, list_done);
}

static int finish_list(lua_State *L, struct wait *w) {
  return args_push_result(L, w);
}
static const struct wait_kind list_kind = {.name = "list",
                                           .api_name = "artifact.list",
                                           .journaled = true,
                                           .start = start_list,
                                           .finish = finish_list,
                                           .release = release_listing};
static const struct wait_kind history_kind = {.name = "history",
                                              .api_name = "artifact.history",
                                              .journaled = true,
                                              .start = start_list,
                                              .finish = finish_list,
                                              .release = release_listing};

static int list_with(lua_State *L, const struct wait_kind *kind, const char *prefix) {
  wait_allowed(L, kind->api_name);
  struct listing *l = mem_alloc(sizeof *l);
  *l = (struct listing){mem_dup(prefix), kind == &history_kind};
  struct wait *w = wait_new(run_of(L), kind, l);
  describe_name(run_of(L), prefix, &w->content);
  return wait_yield(L, w);
}

static int artifact_list(lua_State *L) {
  return list_with(L, &list_kind, luaL_optstring(L, 1, ""));
}
static int artifact_history_fn(lua_State *L) {
  return list_with(L, &history_kind, check_name(L, 1, "artifact.history"));
}

void api_open_artifact(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"put", artifact_put},   {"commit", artifact_commit},      {"get", artifact_get},
      {"list", artifact_list}, {"history", artifact_history_fn}, {NULL, NULL}};
  luaL_newlib(L, functions);
  lua_setglobal(L, "artifact");
}
