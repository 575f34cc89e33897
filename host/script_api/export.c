/* export.c - export.run: a script of exports/ makes a file's bytes on a pool thread, in a state of its own.
 *
 *   start -> make_bytes (pool: machine, exports/FORMAT, write the file) -> made (loop) -> op_artifact_put -> deliver
 *
 * The file is written before the artifact is durable; a crash between the two makes the same bytes again. */
#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "script_api/api.h"
#include "script_api/args.h"
#include "script_api/raster.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/pool.h"
#include "engine/internal.h"
#include "lua/sandbox.h"
#include "lua/script_set.h"
#include "lua/value.h"

enum { FILE_AGAIN_MS = 60000, FILES_MOST = 16 };

static const char *const fields[] = {"format", "name", "book", "files", NULL};
static const char *const file_fields[] = {"name", "version", NULL};

/* A file of MBs is made in one go, so the limits are wider than a run's. */
static const struct machine_limits limits = {
    .memory = 512u << 20, .slice_ns = 5000000, .burst_ns = 60000000000, .phase_cpu_ns = 120000000000};

/* A document that the script is given as it is: its content does not fit into JSON. */
struct given {
  char *name;
  int64_t version;
  struct buf content;
};

/* Lives until both the wait and the job are done with it. */
struct work {
  struct job job;
  struct wait *wait; /* NULL: cancelled while the pool worked */
  struct run *run;
  struct script_set *scripts;
  char *format, *name, *path, *book;
  size_t n_book;
  struct given files[FILES_MOST];
  size_t n_files;
  struct store *store;
  int64_t project;
  int64_t source_date; /* SOURCE_DATE_EPOCH, or -1 */
  char *bytes;
  size_t n_bytes;
  enum err err;
  struct error error;
  bool working, unread; /* unread: the library could not be read */
  atomic_bool unwanted; /* nobody waits for it: a host that drains need not */
};

static void work_free(struct work *k) {
  for (size_t i = 0; i < k->n_files; i++) {
    free(k->files[i].name);
    buf_release(&k->files[i].content);
  }
  free(k->format);
  free(k->name);
  free(k->path);
  free(k->book);
  free(k->bytes);
  script_set_unref(k->scripts);
  free(k);
}

static void release(struct wait *w) {
  struct work *k = w->data;
  if (!k->working) {
    work_free(k);
    return;
  }
  k->wait = NULL;
  atomic_store(&k->unwanted, true);
}

/* ---- the date that whoever builds a book may fix (reproducible-builds.org) */

#define MOST_SOURCE_DATE 253402300799 /* the last second of the year 9999 */

/* -1: not set. False when it is no time. */
static bool read_source_date(int64_t *out) {
  const char *text = getenv("SOURCE_DATE_EPOCH");
  char *end;
  *out = -1;
  if (!text || !*text) return true;
  errno = 0;
  long long v = strtoll(text, &end, 10);
  if (errno || *end || v < 0 || v > MOST_SOURCE_DATE) return false;
  *out = v;
  return true;
}

/* ---- pool thread */

/* What an export script may use besides the pure tables: {png=, files={[name]=bytes}, source_date=}. */
static void push_tools(lua_State *L, const struct work *k) {
  char date[sizeof "9999-12-31T23:59:59Z"];
  time_t t = (time_t)k->source_date;
  struct tm tm;
  lua_createtable(L, 0, 3);
  lua_pushcfunction(L, raster_png);
  lua_setfield(L, -2, "png");
  lua_createtable(L, 0, (int)k->n_files);
  for (size_t i = 0; i < k->n_files; i++) {
    lua_pushlstring(L, k->files[i].content.data, k->files[i].content.len);
    lua_setfield(L, -2, k->files[i].name);
  }
  lua_setfield(L, -2, "files");
  if (k->source_date < 0 || !gmtime_r(&t, &tm) || !strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", &tm))
    return;
  lua_pushstring(L, date);
  lua_setfield(L, -2, "source_date");
}

static void run_export(lua_State *L, void *arg) {
  struct work *k = arg;
  uint8_t seed[SHA_BYTES] = {0};
  sandbox_open(L, seed);
  script_set_open(L, k->scripts);
  sandbox_close_globals(L, api_pure_tables);
  lua_pushfstring(L, EXPORTS "%s", k->format);
  script_set_require(L, lua_tostring(L, -1));
  if (lua_istable(L, -1)) lua_getfield(L, -1, "make");
  if (!lua_isfunction(L, -1))
    luaL_error(
        L,
        "scripts/exports/%s.lua must return { make = function(book, tools) ... } that returns the file's bytes",
        k->format);
  value_push_json(L, k->book, k->n_book);
  push_tools(L, k);
  lua_call(L, 2, 1);
  if (lua_type(L, -1) != LUA_TSTRING)
    luaL_error(L, "scripts/exports/%s.lua returned no bytes but a %s", k->format, luaL_typename(L, -1));
  const char *s = lua_tolstring(L, -1, &k->n_bytes);
  if (k->n_bytes > MAX_ARTIFACT_BYTES)
    luaL_error(L, "limit: the file is larger than %d MB", MAX_ARTIFACT_BYTES >> 20);
  k->bytes = mem_dup_n(s, k->n_bytes);
}

static enum err read_files(struct work *k, struct error *e) {
  if (k->n_files == 0) return OK;
  struct db *db = store_reader(k->store);
  enum err err = OK;
  for (size_t i = 0; i < k->n_files && err == OK; i++) {
    struct given *f = &k->files[i];
    err = artifact_content(db, k->project, f->name, f->version, &f->content, NULL, e);
  }
  store_reader_release(k->store, db);
  k->unread = err != OK;
  return err;
}

static void make_bytes(struct job *j) {
  struct work *k = list_owner(j, struct work, job);
  if (atomic_load(&k->unwanted)) return;
  k->err = read_files(k, &k->error);
  struct machine *m = k->err == OK ? machine_new(&limits, &k->error) : NULL;
  if (m) m->unwanted = &k->unwanted;
  if (k->err == OK) k->err = m ? machine_protect(m, run_export, k, &k->error) : ERR_LIMIT;
  machine_free(m);
  if (k->err == OK) k->err = file_write(k->path, k->bytes, k->n_bytes, &k->error);
}

/* ---- loop thread */

static void put_done(struct wait *w, struct store_op *base) {
  wait_take(w, base, &((struct op_artifact_put *)base)->result);
}

static void made(struct job *j) {
  struct work *k = list_owner(j, struct work, job);
  struct run *run = k->run;
  struct wait *w = k->wait;
  k->working = false;
  run->in_flight--;
  if (!w) {
    work_free(k);
  } else if (k->err != OK && k->unread) {
    run_store_error(run, w, k->err, &k->error);
  } else if (k->err != OK && w->recorded) { /* the script has its answer: it is the file that is missing */
    run_park(run, FOR_STORE, k->error.message, k->error.hint, clock_wall_ms() + FILE_AGAIN_MS);
  } else if (k->err != OK) {
    wait_fail(w, k->err, &k->error);
  } else if (w->recorded) {
    wait_ready(w);
  } else {
    struct op_artifact_put *op = mem_alloc(sizeof *op);
    op->op.kind = &op_artifact_put_kind;
    op->project = run->project;
    op->puts = mem_alloc(sizeof *op->puts);
    op->n_puts = 1;
    op->puts[0] = (struct artifact_put){.name = mem_dup(k->name),
                                        .kind = mem_dup("binary"),
                                        .content = k->bytes,
                                        .n = k->n_bytes,
                                        .seen = INT64_MAX};
    k->bytes = NULL;
    wait_post(w, &op->op, &op->entry, put_done);
  }
  run_maybe_free(run);
}

/* A file leaves the host. */
static void begin(struct wait *w) {
  struct work *k = w->data;
  struct run *run = w->task->run;
  k->working = true;
  k->wait = w;
  k->run = run;
  k->job.work = make_bytes;
  k->job.done = made;
  run->in_flight++;
  pool_submit(run->engine->pool, &k->job);
}

static void start(struct wait *w) {
  wait_behind(w, begin);
}

/* The artifact is there already; its file may not be: another --out, or somebody tidied up. */
static void restore(struct wait *w) {
  if (access(((struct work *)w->data)->path, F_OK) == 0)
    wait_ready(w);
  else
    start(w);
}

static int finish(lua_State *L, struct wait *w) {
  struct work *k = w->data;
  args_push_result(L, w);
  lua_rawgeti(L, -1, 1);
  lua_pushstring(L, k->path);
  lua_setfield(L, -2, "path");
  return 1;
}

static const struct wait_kind export_kind = {.name = "export",
                                             .api_name = "export.run",
                                             .journaled = true,
                                             .start = start,
                                             .finish = finish,
                                             .restore = restore,
                                             .release = release};

static void check(lua_State *L) {
  wait_allowed(L, "export.run");
  args_fields(L, 1, "export.run", fields);
  const char *format = args_string(L, 1, "export.run", "format", true, NULL);
  const char *name = args_string(L, 1, "export.run", "name", true, NULL);
  if (!*name || strlen(name) > 100 || strpbrk(name, "/\\\n") || name[0] == '.')
    luaL_error(L, "export.run: '%s' is not a plain file name", name);
  if (lua_getfield(L, 1, "book") != LUA_TTABLE) luaL_error(L, "export.run: 'book' must be a table");
  lua_pushfstring(L, EXPORTS "%s", format);
  if (!script_set_find(script_set_of(L), lua_tostring(L, -1))) {
    const char *near = script_set_nearest(script_set_of(L), EXPORTS, format);
    luaL_error(L,
               near ? "export.run: no script exports/%s.lua; did you mean '%s'?"
                    : "export.run: no script exports/%s.lua",
               format, near);
  }
  int64_t date;
  if (!read_source_date(&date))
    luaL_error(L, "export.run: SOURCE_DATE_EPOCH must be seconds since 1970, not '%s'",
               getenv("SOURCE_DATE_EPOCH"));
  lua_settop(L, 1);
}

/* files = { {name=, version=}, ... }. Raises for what is none. */
static void take_files(lua_State *L, struct work *k) {
  int type = lua_getfield(L, 1, "files"), top = lua_gettop(L);
  lua_Integer n = type == LUA_TTABLE ? (lua_Integer)lua_rawlen(L, -1) : 0;
  if (type != LUA_TNIL && type != LUA_TTABLE)
    luaL_error(L, "export.run: 'files' must be a list of {name=, version=}");
  lua_pushnil(L);
  if (type == LUA_TTABLE && n == 0 && lua_next(L, -2))
    luaL_error(L, "export.run: 'files' must be a list of {name=, version=}");
  lua_settop(L, top);
  if (n > FILES_MOST) luaL_error(L, "export.run: 'files' has more than %d entries", FILES_MOST);
  for (lua_Integer i = 1; i <= n; i++) {
    int is = 0;
    lua_rawgeti(L, -1, i);
    if (!lua_istable(L, -1)) luaL_error(L, "export.run: files[%d] must be {name=, version=}", (int)i);
    args_fields(L, lua_gettop(L), "export.run", file_fields);
    size_t n_name = 0;
    lua_getfield(L, -1, "name");
    const char *name = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &n_name) : NULL;
    if (!name || !*name || strlen(name) != n_name)
      luaL_error(L, "export.run: files[%d].name must be the name of a document", (int)i);
    lua_getfield(L, -2, "version");
    lua_Integer version = lua_tointegerx(L, -1, &is);
    if (!is || version < 1) luaL_error(L, "export.run: files[%d].version must be a number from 1", (int)i);
    struct given *f = &k->files[k->n_files++];
    f->name = mem_dup(name);
    f->version = version;
    buf_init(&f->content, MAX_ARTIFACT_BYTES);
    lua_pop(L, 3);
  }
  lua_pop(L, 1);
}

static void say_files(const struct work *k, struct buf *out) {
  if (k->n_files == 0) return;
  buf_puts(out, ",\"files\":[");
  for (size_t i = 0; i < k->n_files; i++) {
    buf_puts(out, i ? ",[" : "[");
    args_quote(out, k->files[i].name, strlen(k->files[i].name));
    buf_printf(out, ",%lld]", (long long)k->files[i].version);
  }
  buf_putc(out, ']');
}

static int export_run(lua_State *L) {
  check(L);
  struct run *run = run_of(L);
  struct work *k = mem_alloc(sizeof *k);
  struct wait *w = wait_new(run, &export_kind, k);
  struct error e = {0};
  k->format = mem_dup(args_string(L, 1, "export.run", "format", true, NULL));
  k->name = mem_dup(args_string(L, 1, "export.run", "name", true, NULL));
  bool own = run->project == run->row.project_id;
  k->path = own ? mem_printf("%s/%s", run->out_dir, k->name)
                : mem_printf("%s/%s/%s", run->out_dir, run->project_slug, k->name);
  k->scripts = script_set_ref(run->scripts);
  k->store = run->engine->store;
  k->project = run->project;
  take_files(L, k);
  lua_getfield(L, 1, "book");
  struct buf book;
  buf_init(&book, MAX_ARTIFACT_BYTES);
  enum err err = value_encode(L, -1, &book, &e);
  k->n_book = book.len;
  k->book = buf_take(&book);
  if (err != OK) return args_raise(L, "export.run: book", &e);
  char sha[SHA_HEX];
  sha256_hex(k->book, k->n_book, sha);
  buf_puts(&w->content, "{\"book\":");
  buf_printf(&w->content, "\"%s\"", sha);
  say_files(k, &w->content);
  buf_printf(&w->content, ",\"format\":\"%s\",\"name\":", k->format);
  args_quote(&w->content, k->name, strlen(k->name));
  buf_printf(&w->content, ",\"project\":%lld", (long long)(own ? 0 : run->project));
  read_source_date(&k->source_date);
  if (k->source_date >= 0) buf_printf(&w->content, ",\"source_date\":%lld", (long long)k->source_date);
  buf_putc(&w->content, '}');
  return wait_yield(L, w);
}

static int export_list(lua_State *L) {
  script_set_push_names(L, EXPORTS);
  return 1;
}

void api_open_export(lua_State *L) {
  static const luaL_Reg functions[] = {{"run", export_run}, {"list", export_list}, {NULL, NULL}};
  luaL_newlib(L, functions);
  lua_setglobal(L, "export");
}
