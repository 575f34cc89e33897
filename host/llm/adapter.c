/* adapter.c - provider scripts in their own machines.
 *
 * Every call is a C function run protected with a struct of in- and out-fields. What a script returns is copied out inside the
 * protected call; nothing of ours that needs freeing is made while Lua could raise, but for buffers that belong to the struct.
 *
 * Longer than 500 lines: the one door between C and a provider's script; its functions share the machine and what reads a table. */
#include "llm/adapter.h"

#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/jsonx.h"
#include "base/log.h"
#include "base/mem.h"
#include "lua/json_reader.h"
#include "lua/machine.h"
#include "lua/sandbox.h"
#include "lua/schema.h"
#include "lua/schema_dialect.h"
#include "lua/value.h"

enum { ADAPTER_MEMORY = 256 << 20, MOST_HEADERS = 32, COLLECT_ABOVE = 8 << 20, COLLECT_AT_PERCENT = 400 };
static const double TOKENS_MOST = 1e9, COST_MOST_USD = 1e4; /* of one answer */
static const double RETRY_AFTER_MOST_S =
    86400; /* who means it longer says so again: no word of a provider parks a run for years */

/* A script need not have those from FN_OPTIONAL on: LUA_NOREF. */
enum function {
  FN_REQUEST,
  FN_OPEN,
  FN_EVENT,
  FN_FINISH,
  FN_FAILURE,
  FN_OPTIONAL,
  FN_PROBE = FN_OPTIONAL,
  FN_RESUME,
  FN_CANCEL,
  FN_COUNT
};
static const char *const function_names[FN_COUNT] = {"request", "open",  "event",  "finish",
                                                     "failure", "probe", "resume", "cancel"};

struct adapter {
  char *name;
  adapter_source_fn *source;
  void *source_arg;
  struct machine *machine;
  unsigned generation;
  int functions[FN_COUNT]; /* references */
  bool batches;
  struct buf text, reasoning; /* of the last event */
};

/* ---- the machine ---- */

static struct adapter *adapter_of(lua_State *L) {
  return machine_of(L)->owner;
}

static int decode_or_raise(lua_State *L) {
  size_t n;
  const char *text = luaL_checklstring(L, 1, &n);
  value_push_json(L, text, n);
  return 1;
}

static int decode(lua_State *L) {
  lua_settop(L, 1);
  lua_pushcfunction(L, decode_or_raise);
  lua_insert(L, 1);
  if (lua_pcall(L, 1, 1, 0) == LUA_OK) return 1;
  lua_pushnil(L);
  lua_insert(L, -2);
  return 2;
}

static int mark_array(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  value_mark_array(L, 1);
  return 1;
}

static void push_module(lua_State *L, const char *name);

static int adapter_require(lua_State *L) {
  push_module(L, luaL_checkstring(L, 1));
  return 1;
}

static const char loaded_key;

static void push_module(lua_State *L, const char *name) {
  luaL_checkstack(L, 4, "providers");
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &loaded_key) != LUA_TTABLE) {
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &loaded_key);
  }
  if (lua_getfield(L, -1, name) == LUA_TNIL) {
    lua_pop(L, 1);
    size_t n = 0;
    const struct adapter *a = adapter_of(L);
    const char *source = a->source(a->source_arg, name, &n);
    if (!source) luaL_error(L, "there is no scripts/providers/%s.lua", name);
    lua_pushfstring(L, "@scripts/providers/%s.lua", name);
    if (luaL_loadbufferx(L, source, n, lua_tostring(L, -1), "t") != LUA_OK) lua_error(L);
    lua_remove(L, -2);
    lua_call(L, 0, 1);
    if (!lua_istable(L, -1)) luaL_error(L, "scripts/providers/%s.lua must return a table of functions", name);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, name);
  }
  lua_remove(L, -2);
}

static void open_machine(lua_State *L, void *arg) {
  static const uint8_t seed[SHA_BYTES];
  struct adapter *a = arg;
  sandbox_open(L, seed);
  static const luaL_Reg json[] = {
      {"decode", decode}, {"reader", json_reader}, {"array", mark_array}, {NULL, NULL}};
  luaL_newlib(L, json);
  lua_pushlightuserdata(L, NULL);
  lua_setfield(L, -2, "null");
  lua_setglobal(L, "json");
  lua_pushcfunction(L, adapter_require);
  lua_setglobal(L, "require");
  sandbox_close_globals(L, NULL);
  push_module(L, a->name);
  for (int i = 0; i < FN_COUNT; i++) {
    bool there = lua_getfield(L, -1, function_names[i]) == LUA_TFUNCTION;
    if (!there && i < FN_OPTIONAL)
      luaL_error(L, "scripts/providers/%s.lua has no function '%s'", a->name, function_names[i]);
    if (!there) lua_pop(L, 1);
    a->functions[i] = there ? luaL_ref(L, LUA_REGISTRYINDEX) : LUA_NOREF;
  }
  lua_getfield(L, -1, "batches");
  a->batches = lua_toboolean(L, -1);
}

static enum err build(struct adapter *a, struct error *e) {
  struct machine_limits limits = machine_default_limits;
  limits.memory = ADAPTER_MEMORY;
  a->generation++;
  a->machine = machine_new(&limits, e);
  if (!a->machine) return ERR_LIMIT;
  a->machine->owner = a;
  lua_gc(a->machine->L, LUA_GCINC, COLLECT_AT_PERCENT, 0,
         0); /* all it makes is garbage at once: marking less often is cheaper */
  enum err err = machine_protect(a->machine, open_machine, a, e);
  if (err == OK) return OK;
  machine_free(a->machine);
  a->machine = NULL;
  if (e) e->code = ERR_CONFIG;
  return ERR_CONFIG;
}

struct adapter *adapter_new(const char *name, adapter_source_fn *source, void *arg, struct error *e) {
  struct adapter *a = mem_alloc(sizeof *a);
  a->name = mem_dup(name);
  a->source = source;
  a->source_arg = arg;
  buf_init(&a->text, MAX_EVENT_BYTES);
  buf_init(&a->reasoning, MAX_EVENT_BYTES);
  if (build(a, e) == OK) return a;
  adapter_free(a);
  return NULL;
}

void adapter_free(struct adapter *a) {
  if (!a) return;
  machine_free(a->machine);
  buf_release(&a->text);
  buf_release(&a->reasoning);
  free(a->name);
  free(a);
}

/* Runs fn protected. A machine that had to be killed is replaced before the next call. */
static enum err run(struct adapter *a, void (*fn)(lua_State *, void *), void *arg, struct error *e) {
  if (!a->machine && build(a, e) != OK) return ERR_CONFIG;
  machine_phase(a->machine);
  enum err err = machine_protect(a->machine, fn, arg, e);
  if (!a->machine->kill) return err;
  log_warnx("the provider script %s had to be stopped; restarting it", a->name);
  machine_free(a->machine);
  a->machine = NULL;
  return err == OK ? err_set(e, ERR_LIMIT, "the provider script %s had to be stopped", a->name) : err;
}

static void push_function(lua_State *L, enum function which) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, adapter_of(L)->functions[which]);
}

static bool has(const struct adapter *a, enum function which) {
  return a->functions[which] != LUA_NOREF;
}

/* ---- reading what scripts return ---- */

static void copy_field(lua_State *L, int table, const char *field, char *out, size_t room) {
  if (lua_getfield(L, table, field) == LUA_TSTRING) snprintf(out, room, "%s", lua_tostring(L, -1));
  lua_pop(L, 1);
}

static double number_field(lua_State *L, int table, const char *field, double otherwise) {
  double v = lua_getfield(L, table, field) == LUA_TNUMBER ? lua_tonumber(L, -1) : otherwise;
  lua_pop(L, 1);
  return v;
}

/* What a provider says of tokens and money goes into sums that decide whether a run may go on: what cannot be true counts as not said. */
static int64_t token_field(lua_State *L, int table, const char *field) {
  double v = number_field(L, table, field, 0);
  return v > 0 && v <= TOKENS_MOST ? (int64_t)v : 0;
}

static double money_field(lua_State *L, int table, const char *field) {
  double usd = number_field(L, table, field, -1);
  return usd >= 0 && usd <= COST_MOST_USD ? usd : -1;
}

static const char *const failure_names[FAIL_COUNT] = {
    [FAIL_SERVER] = "server",       [FAIL_OVERLOADED] = "overloaded",
    [FAIL_RATE] = "rate",           [FAIL_QUOTA] = "quota",
    [FAIL_AUTH] = "auth",           [FAIL_INVALID] = "invalid",
    [FAIL_TOO_LARGE] = "too_large", [FAIL_CONTEXT] = "context",
    [FAIL_SCHEMA] = "schema",       [FAIL_SLIP] = "slip",
    [FAIL_PENDING] = "pending",     [FAIL_PARAMETER] = "parameter",
    [FAIL_ROOM] = "room",           [FAIL_REFUSAL] = "refusal",
    [FAIL_NETWORK] = "network",     [FAIL_TRUNCATED] = "truncated",
    [FAIL_EMPTY] = "empty"};

const char *failure_name(enum failure_kind kind) {
  return failure_names[kind];
}

/* What does not fit is not learnt. */
static void read_learn(lua_State *L, int table, struct failure *f) {
  struct buf text;
  buf_init(&text, sizeof f->learn - 1);
  f->learn[0] = 0;
  if (lua_getfield(L, table, "learn") == LUA_TTABLE && value_encode(L, lua_gettop(L), &text, NULL) == OK)
    snprintf(f->learn, sizeof f->learn, "%s", text.data);
  lua_pop(L, 1);
  buf_release(&text);
}

/* The table at the top of the stack. */
static void read_failure(lua_State *L, struct failure *f) {
  int table = lua_gettop(L);
  char kind[24] = "";
  copy_field(L, table, "kind", kind, sizeof kind);
  for (int i = 0; i <= FAIL_REFUSAL; i++)
    if (strcmp(kind, failure_names[i]) == 0) f->kind = (enum failure_kind)i;
  copy_field(L, table, "message", f->message, sizeof f->message);
  f->retry_after = fmin(number_field(L, table, "retry_after", -1), RETRY_AFTER_MOST_S);
  read_learn(L, table, f);
}

/* ---- request ---- */

struct request_call {
  enum function function; /* FN_REQUEST, or with a handle one of those that ask again */
  const char *handle;
  const struct adapter_call *call;
  const char *schema_token;
  char *schema_text;
  struct buf extra, options, facts, body;
  json_t *dialect; /* or NULL */
  char *headers[MOST_HEADERS];
  size_t n_headers;
  char *url, *method;
  enum llm_tier tier;
  enum framing_kind framing;
  struct error error;
};

static void set_string(lua_State *L, const char *field, const char *value) {
  if (!value) return;
  lua_pushstring(L, value);
  lua_setfield(L, -2, field);
}

static void set_table(lua_State *L, const char *field, const struct buf *text) {
  if (text->len)
    value_push_json(L, text->data, text->len);
  else
    lua_newtable(L);
  lua_setfield(L, -2, field);
}

static void push_blocks(lua_State *L, const struct adapter_call *c) {
  lua_Integer prefix = 0;
  lua_createtable(L, (int)c->n_blocks, 0);
  for (size_t i = 0; i < c->n_blocks; i++) {
    lua_createtable(L, 0, 2);
    lua_pushlstring(L, c->blocks[i].text, c->blocks[i].n);
    lua_setfield(L, -2, "text");
    lua_pushboolean(L, c->blocks[i].stable);
    lua_setfield(L, -2, "stable");
    lua_rawseti(L, -2, (lua_Integer)i + 1);
    if (c->blocks[i].stable) prefix += (lua_Integer)c->blocks[i].n;
  }
  lua_setfield(L, -2, "blocks");
  lua_pushinteger(L, prefix);
  lua_setfield(L, -2, "prefix_bytes");
}

static void push_call(lua_State *L, const struct request_call *r) {
  const struct adapter_call *c = r->call;
  lua_createtable(L, 0, 18);
  set_string(L, "base_url", c->base_url);
  set_string(L, "model", c->model);
  set_string(L, "role", c->role);
  set_string(L, "key", c->key);
  set_string(L, "reasoning", c->reasoning);
  set_string(L, "name", c->name);
  set_string(L, "tier", c->tier);
  if (c->schema) set_string(L, "schema", r->schema_token);
  set_string(L, "schema_text", r->schema_text);
  lua_pushboolean(L, c->without_schema);
  lua_setfield(L, -2, "without_schema");
  lua_pushboolean(L, !c->whole);
  lua_setfield(L, -2, "stream");
  push_blocks(L, c);
  lua_pushinteger(L, c->max_tokens);
  lua_setfield(L, -2, "max_tokens");
  if (!isnan(c->temperature)) {
    lua_pushnumber(L, c->temperature);
    lua_setfield(L, -2, "temperature");
  }
  set_table(L, "extra", &r->extra);
  set_table(L, "options", &r->options);
  set_table(L, "facts", &r->facts);
}

static void read_headers(lua_State *L, struct request_call *r) {
  if (lua_getfield(L, 1, "headers") != LUA_TTABLE) {
    lua_pop(L, 1);
    return;
  }
  lua_pushnil(L);
  while (lua_next(L, -2)) {
    if (lua_type(L, -2) != LUA_TSTRING || lua_type(L, -1) != LUA_TSTRING)
      luaL_error(L, "request: headers must be strings");
    if (r->n_headers == MOST_HEADERS) luaL_error(L, "request: more than %d headers", MOST_HEADERS);
    r->headers[r->n_headers++] = mem_printf("%s: %s", lua_tostring(L, -2), lua_tostring(L, -1));
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

static void read_dialect(lua_State *L, struct request_call *r) {
  struct buf text;
  buf_init(&text, MAX_JSON_BYTES);
  if (lua_getfield(L, 1, "dialect") == LUA_TTABLE && value_encode(L, lua_gettop(L), &text, NULL) == OK)
    (void)jsonx_parse(text.data, text.len, "the dialect", &r->dialect, NULL); /* it was just written */
  lua_pop(L, 1);
  buf_release(&text);
}

/* An empty table is an empty object: a body is never a list. */
static void read_body(lua_State *L, struct request_call *r) {
  int type = lua_getfield(L, 1, "body");
  struct error e = {0};
  if (type == LUA_TNIL && r->handle) return;
  if (type != LUA_TTABLE) luaL_error(L, "request: 'body' must be a table");
  if (value_encode(L, lua_gettop(L), &r->body, &e) != OK) luaL_error(L, "request: the body: %s", e.message);
}

static void do_request(lua_State *L, void *arg) {
  struct request_call *r = arg;
  push_function(L, r->function);
  push_call(L, r);
  if (r->handle) lua_pushstring(L, r->handle);
  lua_call(L, r->handle ? 2 : 1, 1);
  if (r->handle && lua_isnil(L, 1)) return;
  if (!lua_istable(L, 1)) luaL_error(L, "%s must return a table", function_names[r->function]);
  if (lua_getfield(L, 1, "url") != LUA_TSTRING) luaL_error(L, "request: 'url' must be a string");
  r->url = mem_dup(lua_tostring(L, -1));
  if (lua_getfield(L, 1, "method") == LUA_TSTRING) r->method = mem_dup(lua_tostring(L, -1));
  char framing[16] = "sse", tier[16] = "standard";
  copy_field(L, 1, "tier", tier, sizeof tier);
  if ((r->tier = llm_tier_of(tier)) == TIERS) luaL_error(L, "request: '%s' is not a tier", tier);
  copy_field(L, 1, "framing", framing, sizeof framing);
  r->framing = strcmp(framing, "ndjson") == 0  ? FRAMING_NDJSON
               : strcmp(framing, "whole") == 0 ? FRAMING_WHOLE
                                               : FRAMING_SSE;
  read_headers(L, r);
  read_dialect(L, r);
  read_body(L, r);
}

/* Puts the schema where its token stands. Prompts cannot hold the token: it has quotes around it that they would have escaped, and
 * a block that is nothing but the token would have to guess an address. */
static enum err insert_schema(struct buf *body, const char *token, const char *text) {
  char quoted[64];
  snprintf(quoted, sizeof quoted, "\"%s\"", token);
  char *at = memmem(body->data, body->len, quoted, strlen(quoted));
  if (!at) return OK;
  struct buf whole;
  buf_init(&whole, MAX_REQUEST_BYTES);
  enum err err = buf_append(&whole, body->data, (size_t)(at - body->data));
  if (err == OK) err = buf_puts(&whole, text);
  size_t rest = (size_t)(at - body->data) + strlen(quoted);
  if (err == OK) err = buf_append(&whole, body->data + rest, body->len - rest);
  buf_release(body);
  *body = whole;
  return err;
}

/* In the words that the service takes. Frees the text it replaces. */
static enum err translate_schema(const json_t *schema, const json_t *dialect, char **text) {
  struct schema_dialect d = {.keep = json_object_get(dialect, "keep"),
                             .say = json_is_true(json_object_get(dialect, "say")),
                             .closed = json_is_true(json_object_get(dialect, "closed"))};
  json_t *translated = schema_in_dialect(schema, &d);
  free(*text);
  *text = schema_ordered_text(translated);
  json_decref(translated);
  return *text ? OK : ERR_LIMIT;
}

static void collect_after_large(struct adapter *a) {
  if (a->machine && a->machine->used > COLLECT_ABOVE) lua_gc(a->machine->L, LUA_GCCOLLECT);
}

static enum err ask(struct adapter *a, enum function function, const char *handle,
                    const struct adapter_call *call, struct adapter_request *out, struct error *e) {
  char token[48];
  struct request_call r = {.function = function, .handle = handle, .call = call, .schema_token = token};
  snprintf(token, sizeof token, "{{schema-%p}}", (void *)a);
  buf_init(&r.extra, MAX_REQUEST_BYTES);
  buf_init(&r.options, MAX_REQUEST_BYTES);
  buf_init(&r.facts, MAX_REQUEST_BYTES);
  buf_init(&r.body, MAX_REQUEST_BYTES);
  enum err err = OK;
  if (call->extra) err = jsonx_canonical(call->extra, &r.extra);
  if (err == OK && call->options) err = jsonx_canonical(call->options, &r.options);
  if (err == OK && call->facts) err = jsonx_canonical(call->facts, &r.facts);
  if (call->schema && !(r.schema_text = schema_ordered_text(call->schema))) err = ERR_LIMIT;
  if (err == OK) err = run(a, do_request, &r, e);
  if (err == OK && call->schema && r.dialect) err = translate_schema(call->schema, r.dialect, &r.schema_text);
  if (err == OK && call->schema) err = insert_schema(&r.body, token, r.schema_text);
  *out = (struct adapter_request){
      .url = r.url, .method = r.method, .tier = r.tier, .n_headers = r.n_headers, .framing = r.framing};
  if (r.n_headers) {
    out->headers = mem_alloc(r.n_headers * sizeof *out->headers);
    memcpy(out->headers, r.headers, r.n_headers * sizeof *out->headers);
  }
  out->n_body = r.body.len;
  out->body = r.body.len ? buf_take(&r.body) : NULL;
  buf_release(&r.extra);
  buf_release(&r.options);
  buf_release(&r.facts);
  buf_release(&r.body);
  free(r.schema_text);
  json_decref(r.dialect);
  collect_after_large(a);
  if (err == OK) return OK;
  adapter_request_release(out);
  if (e && !e->message[0]) err_set(e, err, "the request is larger than %d MB", MAX_REQUEST_BYTES >> 20);
  return err;
}

enum err adapter_request(struct adapter *a, const struct adapter_call *call, struct adapter_request *out,
                         struct error *e) {
  return ask(a, FN_REQUEST, NULL, call, out, e);
}

bool adapter_resumes(const struct adapter *a) {
  return has(a, FN_RESUME);
}

bool adapter_batches(const struct adapter *a) {
  return a->batches && has(a, FN_RESUME);
}

enum err adapter_again(struct adapter *a, enum adapter_again what, const struct adapter_call *call,
                       const char *handle, struct adapter_request *out, struct error *e) {
  enum function function = what == AGAIN_RESUME ? FN_RESUME : FN_CANCEL;
  if (has(a, function)) return ask(a, function, handle, call, out, e);
  *out = (struct adapter_request){0};
  return OK;
}

void adapter_request_release(struct adapter_request *r) {
  for (size_t i = 0; i < r->n_headers; i++) {
    explicit_bzero(r->headers[i], strlen(r->headers[i]));
    free(r->headers[i]);
  }
  free(r->headers);
  free(r->url);
  free(r->method);
  free(r->body);
  *r = (struct adapter_request){0};
}

/* ---- failures ---- */

struct failure_call {
  long status;
  const char *headers, *body;
  size_t n;
  struct failure *out;
};

static void push_headers(lua_State *L, const char *lines) {
  lua_newtable(L);
  for (const char *end; (end = strchr(lines, '\n')); lines = end + 1) {
    const char *colon = memchr(lines, ':', (size_t)(end - lines));
    if (!colon || colon + 2 > end) continue;
    lua_pushlstring(L, lines, (size_t)(colon - lines));
    lua_pushlstring(L, colon + 2, (size_t)(end - colon - 2));
    lua_rawset(L, -3);
  }
}

static void do_failure(lua_State *L, void *arg) {
  struct failure_call *f = arg;
  push_function(L, FN_FAILURE);
  lua_pushinteger(L, f->status);
  push_headers(L, f->headers);
  lua_pushlstring(L, f->body, f->n);
  lua_call(L, 3, 1);
  if (lua_istable(L, 1)) read_failure(L, f->out);
}

void adapter_failure(struct adapter *a, long status, const char *headers, const char *body, size_t n,
                     struct failure *out) {
  *out = (struct failure){.kind = status >= 500 ? FAIL_SERVER : FAIL_INVALID, .retry_after = -1};
  struct failure_call call = {status, headers, body, n, out};
  struct error e = {0};
  if (run(a, do_failure, &call, &e) != OK)
    log_warnx("the provider script %s failed on a failure: %s", a->name, e.message);
  if (!out->message[0]) snprintf(out->message, sizeof out->message, "HTTP status %ld", status);
}

/* ---- what is there ---- */

struct probe_call {
  const char *in;
  size_t n;
  struct buf *out;
};

static void do_probe(lua_State *L, void *arg) {
  struct probe_call *p = arg;
  const struct adapter *a = adapter_of(L);
  if (!has(a, FN_PROBE)) luaL_error(L, "scripts/providers/%s.lua has no function 'probe'", a->name);
  push_function(L, FN_PROBE);
  value_push_json(L, p->in, p->n);
  lua_getfield(L, 2, "provider");
  lua_getfield(L, 2, "answers");
  lua_remove(L, 2);
  lua_call(L, 2, 2);
  lua_createtable(L, 0, 2);
  lua_pushvalue(L, 1);
  lua_setfield(L, 3, "requests");
  lua_pushvalue(L, 2);
  lua_setfield(L, 3, "models");
  struct error e = {0};
  if (value_encode(L, 3, p->out, &e) != OK) luaL_error(L, "probe: %s", e.message);
}

enum err adapter_probe(struct adapter *a, const char *in, size_t n, struct buf *out, struct error *e) {
  struct probe_call call = {in, n, out};
  return run(a, do_probe, &call, e);
}

/* ---- streams ---- */

static void do_open(lua_State *L, void *arg) {
  struct adapter_stream *s = arg;
  push_function(L, FN_OPEN);
  lua_pushstring(L, s->handle);
  lua_call(L, 1, 1);
  s->ref = luaL_ref(L, LUA_REGISTRYINDEX);
}

enum err adapter_open(struct adapter *a, struct adapter_stream *s, struct error *e) {
  enum err err = run(a, do_open, s, e);
  s->generation = err == OK ? a->generation : 0;
  return err;
}

static bool stream_is_lost(const struct adapter *a, const struct adapter_stream *s) {
  return !a->machine || s->generation != a->generation;
}

void adapter_close(struct adapter *a, struct adapter_stream *s) {
  if (s->generation && !stream_is_lost(a, s)) luaL_unref(a->machine->L, LUA_REGISTRYINDEX, s->ref);
  s->generation = 0;
}

struct event_call {
  struct adapter *adapter;
  int ref;
  const char *name, *data;
  size_t n;
  struct adapter_piece *out;
};

static void do_event(lua_State *L, void *arg) {
  struct event_call *c = arg;
  push_function(L, FN_EVENT);
  lua_rawgeti(L, LUA_REGISTRYINDEX, c->ref);
  lua_pushstring(L, c->name);
  lua_pushlstring(L, c->data, c->n);
  lua_call(L, 3, 5);
  c->out->over = lua_type(L, 4) == LUA_TNUMBER ? lua_tonumber(L, 4) : -1;
  if (lua_type(L, 5) == LUA_TSTRING)
    snprintf(c->out->handle, sizeof c->out->handle, "%s", lua_tostring(L, 5));
  lua_settop(L, 3);
  size_t n;
  struct buf *parts[] = {&c->adapter->text, &c->adapter->reasoning};
  for (int i = 0; i < 2; i++) {
    if (lua_type(L, i + 1) != LUA_TSTRING) continue;
    const char *text = lua_tolstring(L, i + 1, &n);
    if (buf_append(parts[i], text, n) != OK)
      luaL_error(L, "event: a piece of more than %d bytes", MAX_EVENT_BYTES);
  }
  if (lua_istable(L, 3)) {
    c->out->failed = true;
    read_failure(L, &c->out->failure);
  }
}

enum err adapter_event(struct adapter *a, struct adapter_stream *s, const char *name, const char *data,
                       size_t n, struct adapter_piece *out, struct error *e) {
  out->failed = false;
  out->handle[0] = 0;
  out->over = -1;
  out->failure.kind = FAIL_SERVER;
  out->failure.retry_after = -1;
  out->failure.message[0] = 0;
  if (stream_is_lost(a, s)) return err_set(e, ERR_UNAVAILABLE, "the provider script had to be restarted");
  buf_clear(&a->text);
  buf_clear(&a->reasoning);
  struct event_call call = {a, s->ref, name, data, n, out};
  enum err err = run(a, do_event, &call, e);
  out->text = a->text.data;
  out->n_text = a->text.len;
  out->reasoning = a->reasoning.data;
  out->n_reasoning = a->reasoning.len;
  return err;
}

struct finish_call {
  int ref;
  struct adapter_end *out;
};

static void read_usage(lua_State *L, struct adapter_end *out) {
  if (lua_getfield(L, 1, "usage") == LUA_TTABLE) {
    int table = lua_gettop(L);
    out->has_usage = true;
    out->usage = (struct call_usage){.input = token_field(L, table, "input"),
                                     .cached_read = token_field(L, table, "cached_read"),
                                     .cache_write = token_field(L, table, "cache_write"),
                                     .output = token_field(L, table, "output"),
                                     .reasoning = token_field(L, table, "reasoning")};
  }
  lua_pop(L, 1);
}

static void do_finish(lua_State *L, void *arg) {
  struct finish_call *c = arg;
  push_function(L, FN_FINISH);
  lua_rawgeti(L, LUA_REGISTRYINDEX, c->ref);
  lua_call(L, 1, 1);
  if (!lua_istable(L, 1)) return;
  struct adapter_end *out = c->out;
  out->complete = true;
  snprintf(out->stop, sizeof out->stop, "end");
  copy_field(L, 1, "stop", out->stop, sizeof out->stop);
  copy_field(L, 1, "native_stop", out->native_stop, sizeof out->native_stop);
  copy_field(L, 1, "model", out->model, sizeof out->model);
  copy_field(L, 1, "request_id", out->request_id, sizeof out->request_id);
  out->cost_usd = money_field(L, 1, "cost");
  read_usage(L, out);
}

enum err adapter_finish(struct adapter *a, struct adapter_stream *s, struct adapter_end *out,
                        struct error *e) {
  *out = (struct adapter_end){.cost_usd = -1};
  if (stream_is_lost(a, s)) return err_set(e, ERR_UNAVAILABLE, "the provider script had to be restarted");
  struct finish_call call = {s->ref, out};
  return run(a, do_finish, &call, e);
}
