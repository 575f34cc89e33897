/* zip.c - the scripts' `zip` table over libzip: EPUB and DOCX.
 *
 * All arguments are checked first; then the archive is built in memory without a Lua call, so nothing of libzip's can
 * leak; then the bytes become a Lua string. Dates, order and compression are fixed: the same entries give the same
 * bytes. An EPUB's first entry, `mimetype`, is stored: readers look for its text at byte 38. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include "script_api/pure.h"
#include "base/buf.h"
#include "base/text.h"
#include "lua/budget.h"
#include "lua/fields.h"
#include "lua/hold.h"

enum {
  MAX_ENTRIES = 10000,
  MAX_NAME = 200,
  DOS_DATE = 0 << 9 | 1 << 5 | 1, /* 1980-01-01, the first that a zip can tell */
  DEFLATE_LEVEL = 6
};

struct entry {
  const char *name, *data; /* strings of the caller's table */
  size_t n;
  bool store;
};

/* ---- the archive, without Lua ---- */

static enum err fail(struct error *e, zip_error_t *why) {
  return err_set(e, ERR_IO, "zip.build: %s", zip_error_strerror(why));
}

static enum err add_entry(zip_t *za, const struct entry *one, struct error *e) {
  zip_source_t *data = zip_source_buffer(za, one->n ? one->data : "", one->n, 0);
  if (!data) return fail(e, zip_get_error(za));
  zip_int64_t at = zip_file_add(za, one->name, data, ZIP_FL_ENC_UTF_8);
  if (at < 0) {
    zip_source_free(data);
    if (zip_error_code_zip(zip_get_error(za)) == ZIP_ER_EXISTS)
      return err_set(e, ERR_INVALID, "zip.build: the entry \"%s\" is there twice", one->name);
    return fail(e, zip_get_error(za));
  }
  zip_int32_t method = one->store ? ZIP_CM_STORE : ZIP_CM_DEFLATE;
  bool done = zip_set_file_compression(za, (zip_uint64_t)at, method, one->store ? 0 : DEFLATE_LEVEL) == 0 &&
              zip_file_set_dostime(za, (zip_uint64_t)at, 0, DOS_DATE, 0) == 0;
  return done ? OK : fail(e, zip_get_error(za));
}

static enum err read_source(zip_source_t *source, struct buf *out, struct error *e) {
  char chunk[65536];
  if (zip_source_open(source) != 0) return fail(e, zip_source_error(source));
  zip_int64_t n;
  enum err err = OK;
  while (!err && (n = zip_source_read(source, chunk, sizeof chunk)) > 0) {
    if (buf_append(out, chunk, (size_t)n) != OK)
      err = err_set(e, ERR_LIMIT, "limit: zip.build would make more than %zu bytes", out->max);
  }
  if (!err && n < 0) err = fail(e, zip_source_error(source));
  zip_source_close(source);
  return err;
}

static enum err build(const struct entry *entries, size_t count, struct buf *out, struct error *e) {
  zip_error_t why;
  zip_error_init(&why);
  zip_source_t *source = zip_source_buffer_create(NULL, 0, 0, &why);
  zip_t *za = source ? zip_open_from_source(source, ZIP_CREATE | ZIP_TRUNCATE, &why) : NULL;
  enum err err = za ? OK : fail(e, &why);
  zip_error_fini(&why);
  if (!za && source) zip_source_free(source);
  if (err) return err;
  zip_source_keep(source); /* zip_close and zip_discard give back theirs */
  for (size_t i = 0; i < count && !err; i++) err = add_entry(za, &entries[i], e);
  if (!err && zip_close(za) != 0)
    err = fail(e, zip_get_error(za));
  else if (!err)
    za = NULL;
  if (za) zip_discard(za);
  if (!err) err = read_source(source, out, e);
  zip_source_free(source);
  return err;
}

/* ---- arguments ---- */

static bool name_is_safe(const char *name, size_t n) {
  if (!n || n > MAX_NAME || name[0] == '/' || name[n - 1] == '/' || memchr(name, '\0', n) ||
      memchr(name, '\\', n))
    return false;
  for (const char *part = name; part; part = strchr(part, '/') ? strchr(part, '/') + 1 : NULL) {
    size_t length = strcspn(part, "/");
    bool dots = (length == 1 && part[0] == '.') || (length == 2 && part[0] == '.' && part[1] == '.');
    if (!length || dots) return false;
  }
  return utf8_valid(name, n, NULL);
}

static void refuse_unknown_fields(lua_State *L, int entry, lua_Integer number) {
  static const char *const fields[] = {"name", "data", "store", NULL};
  struct odd_field odd = fields_odd(L, entry, fields);
  const char *key = odd.name ? odd.name : odd.type, *near = key ? text_nearest(key, fields) : NULL;
  if (key)
    luaL_error(L, "zip.build: entry %I has an unknown field '%s'%s%s%s", number, key,
               near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static const char *field(lua_State *L, int entry, lua_Integer number, const char *name, size_t *n) {
  lua_pushstring(L, name);
  if (lua_rawget(L, entry) != LUA_TSTRING)
    luaL_error(L, "zip.build: entry %I: '%s' must be a string, not %s", number, name, luaL_typename(L, -1));
  const char *s = lua_tolstring(L, -1, n);
  lua_pop(L, 1); /* the entry's table keeps it: it was read without metamethods */
  return s;
}

/* The entry's table is at the top. */
static struct entry check_entry(lua_State *L, lua_Integer number) {
  int at = lua_gettop(L);
  size_t n;
  if (lua_type(L, at) != LUA_TTABLE)
    luaL_error(L, "zip.build: entry %I must be a table {name = ..., data = ...}, not %s", number,
               luaL_typename(L, at));
  refuse_unknown_fields(L, at, number);
  struct entry one = {0};
  one.name = field(L, at, number, "name", &n);
  if (!name_is_safe(one.name, n))
    luaL_error(L, "zip.build: entry %I: '%s' is not a file name for an archive (a relative path with '/')",
               number, one.name);
  one.data = field(L, at, number, "data", &one.n);
  lua_pushliteral(L, "store");
  int type = lua_rawget(L, at);
  if (type != LUA_TNIL && type != LUA_TBOOLEAN)
    luaL_error(L, "zip.build: entry %I: 'store' must be true or false", number);
  one.store = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return one;
}

static void release_buf(void *room) {
  struct buf *b = room;
  if (b->data) buf_release(b);
}

static int zip_build(lua_State *L) {
  struct error e = {0};
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  size_t count = lua_rawlen(L, 1), bytes = 0;
  if (!count) return luaL_argerror(L, 1, "an archive needs at least one entry");
  if (count > MAX_ENTRIES) return luaL_error(L, "limit: zip.build takes at most %d entries", MAX_ENTRIES);
  struct entry *entries = lua_newuserdatauv(L, count * sizeof *entries, 0);
  for (size_t i = 0; i < count; i++) {
    lua_rawgeti(L, 1, (lua_Integer)i + 1);
    entries[i] = check_entry(L, (lua_Integer)i + 1);
    bytes += entries[i].n;
    lua_pop(L, 1);
    if (bytes > MAX_ARTIFACT_BYTES)
      return luaL_error(L, "limit: zip.build takes at most %d bytes", (int)MAX_ARTIFACT_BYTES);
  }
  struct buf *out = hold_push(L, sizeof *out, release_buf);
  buf_init(out, MAX_ARTIFACT_BYTES);
  machine_burn(L);
  if (build(entries, count, out, &e) != OK) {
    hold_release(out);
    return luaL_error(L, "%s", e.message);
  }
  lua_pushlstring(L, out->data, out->len);
  hold_release(out);
  return 1;
}

const struct luaL_Reg api_zip_functions[] = {{"build", zip_build}, {NULL, NULL}};

void api_open_zip(lua_State *L) {
  luaL_checkstack(L, 4, "zip");
  lua_createtable(L, 0, 1);
  luaL_setfuncs(L, api_zip_functions, 0);
  lua_setglobal(L, "zip");
}
