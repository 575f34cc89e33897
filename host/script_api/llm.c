/* llm.c - llm.ask, llm.try_ask, llm.ask_json: questions to models.
 *
 * What the script said becomes canonical JSON; its hash is the question's key in the journal. The model that the role resolves to is
 * recorded with the answer, not hashed: a run can change its model and keep its answers. */
#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "script_api/api.h"
#include "script_api/args.h"
#include "base/failpoint.h"
#include "base/mem.h"
#include "engine/internal.h"
#include "lua/schema.h"
#include "lua/script_set.h"
#include "lua/value.h"

enum { DEFAULT_WORDS = 1200, MOST_WORDS = 50000, MOST_BLOCKS = 64, MOST_MODELS = 1000 };

static const char *const ask_fields[] = {"role",        "prompt",       "blocks", "max_words",
                                         "temperature", "reasoning",    "key",    "extra",
                                         "schema",      "model_choice", NULL};
static const char *const block_fields[] = {"text", "stable", "cap", "name", "from", NULL};

/* One question. Its small strings are copies: the script's table may change while the call waits. The blocks' texts are the script's own
 * strings: they lie on the stack of the function that waits, which lives as long as the wait. A prompt is the largest thing a run holds. */
struct ask {
  struct llm_call call;
  char *role, *reasoning, *key, *reads;
  json_t *schema, *extra;
  struct call_block *blocks;
  size_t n_blocks;
  bool late;        /* the run waits until its answer is durable */
  struct live live; /* what of the answer has been shown to who watches */
};

static void ask_free(struct ask *a) {
  if (!a) return;
  free(a->role);
  free(a->reasoning);
  free(a->key);
  free(a->reads);
  json_decref(a->schema);
  json_decref(a->extra);
  free(a->call.error);
  for (size_t i = 0; i < a->n_blocks; i++) free((char *)(uintptr_t)a->blocks[i].name);
  free(a->blocks);
  free(a);
}

static void release(struct wait *w) {
  ask_free(w->data);
}

/* ---- start: the call */

static void park_for_pause(struct wait *w) {
  static const enum run_wait waits[] = {[LLM_PAUSE_BUDGET] = FOR_BUDGET,
                                        [LLM_PAUSE_PROVIDER] = FOR_PROVIDER,
                                        [LLM_PAUSE_KEY] = FOR_KEY,
                                        [LLM_PAUSE_MODEL] = FOR_MODEL};
  struct ask *a = w->data;
  const struct error *e = a->call.error;
  run_park(w->task->run, waits[a->call.pause], e->message, e->hint, a->call.pause_until_ms);
}

static bool placed(struct llm_call *c, bool may_early, size_t n) {
  struct wait *w = c->owner;
  struct run *run = w->task->run;
  struct ask *a = w->data;
  bool early = may_early && run_may_go_on(run, n);
  a->late = !early;
  if (!early) {
    run->late++;
    return false;
  }
  /* It is handed back a moment later (`answered`): what other tasks are answered until then has a later place, and is delivered after it. */
  w->seq = run->seq;
  wait_insert(w);
  run_goes_on(run, n);
  run->in_flight++;
  engine_posted(run->engine);
  return true;
}

static void landed(void *arg, size_t n, enum err err, const struct error *e) {
  struct run *run = arg;
  run->in_flight--;
  run_went_on(run, n, err, e);
  run_maybe_free(run);
}

static void no_more_late(struct wait *w) {
  struct ask *a = w->data;
  if (a->late) w->task->run->late--;
  a->late = false;
}

static void answered(struct llm_call *c) {
  struct wait *w = c->owner;
  struct run *run = w->task->run;
  no_more_late(w);
  if (c->err == ERR_FENCED) {
    run_drop(run);
    run_maybe_free(run); /* no op of it may be in flight that would do so */
  } else if (c->pause != LLM_NO_PAUSE) {
    wait_park(w, park_for_pause);
  } else if (!c->result) { /* the store refused the answer, or the configuration is wrong */
    const struct error nothing = {0}, *e = c->error ? c->error : &nothing;
    run_store_error(run, NULL, c->err, e);
  } else {
    w->seq = c->entry_seq;
    w->at_ms = c->at_ms;
    char *result = c->result;
    c->result = NULL;
    wait_deliver(w, result, c->n_result);
  }
}

static void alive(struct llm_call *c) {
  run_beat(((struct wait *)c->owner)->task->run);
}

static void held(struct llm_call *c, const char *why, int64_t until_ms) {
  run_held(((struct wait *)c->owner)->task->run, why, until_ms);
}

static void more_text(struct llm_call *c, const char *text, size_t n) {
  struct wait *w = c->owner;
  (void)text;
  (void)n;
  live_more(w->task->run, &((struct ask *)w->data)->live, c);
}

static void show(struct wait *w, uint64_t watcher) {
  struct ask *a = w->data;
  live_whole(w->task->run, &a->live, &a->call, watcher);
}

static void start(struct wait *w) {
  struct run *run = w->task->run;
  struct ask *a = w->data;
  for (size_t i = 0; i < a->n_blocks; i++) sha256_hex(a->blocks[i].text, a->blocks[i].n, a->blocks[i].sha);
  struct llm_call *c = &a->call;
  c->run = run->id;
  c->epoch = run->epoch;
  c->key = w->key;
  c->supersedes = w->supersedes;
  c->anew = w->anew;
  c->seq = &run->seq;
  c->role = a->role;
  struct error e = {0};
  if (!run_meaning(run, a->role, &c->models, &c->n_models, &e)) {
    c->pause = LLM_PAUSE_MODEL;
    c->error = mem_alloc(sizeof *c->error);
    *c->error = e;
    wait_park(w, park_for_pause);
    return;
  }
  c->blocks = a->blocks;
  c->n_blocks = a->n_blocks;
  c->reasoning = a->reasoning;
  c->schema = a->schema;
  c->extra = a->extra;
  c->ask_key = a->key;
  c->reads = a->reads;
  c->budget = &run->budget;
  c->on_alive = alive;
  c->on_text = more_text;
  c->on_wait = held;
  c->placed = placed;
  c->landed = landed;
  c->landed_arg = run;
  c->line = run->line;
  c->done = answered;
  c->owner = w;
  llm_call_start(run->engine->llm, c);
}

static void cancel(struct wait *w) {
  struct ask *a = w->data;
  no_more_late(w);
  struct run *run = w->task->run;
  if (run->leaves)
    llm_call_leave(run->engine->llm, &a->call);
  else
    llm_call_cancel(run->engine->llm, &a->call);
}

static bool waits(const struct wait *w) {
  return llm_call_waits(&((const struct ask *)w->data)->call);
}

static bool in_flight(const struct wait *w) {
  return llm_call_in_flight(&((const struct ask *)w->data)->call);
}

/* ---- finish: the answer as Lua values */

/* Pushes the answer or error table; true when it is an answer. */
static bool push_answer(lua_State *L, const struct wait *w) {
  args_push_result(L, w);
  if (lua_getfield(L, -1, "error") == LUA_TTABLE) {
    lua_remove(L, -2);
    return false;
  }
  lua_pop(L, 1);
  if (lua_getfield(L, -1, "cost_nano") == LUA_TNUMBER) {
    lua_pushnumber(L, lua_tonumber(L, -1) / 1e9);
    lua_setfield(L, -3, "cost");
  }
  lua_pop(L, 1);
  lua_pushnil(L);
  lua_setfield(L, -2, "cost_nano");
  lua_pushinteger(L, w->seq);
  lua_setfield(L, -2, "seq");
  return true;
}

static int finish_ask(lua_State *L, struct wait *w) {
  if (push_answer(L, w)) return 1;
  luaL_where(L, 1);
  lua_getfield(L, -2, "message");
  if (lua_type(L, -1) != LUA_TSTRING) {
    lua_pop(L, 1);
    lua_pushliteral(L, "the model could not answer");
  }
  lua_concat(L, 2);
  lua_setfield(L, -2, "message");
  return lua_error(L);
}

static int finish_try(lua_State *L, struct wait *w) {
  if (push_answer(L, w)) return 1;
  lua_pushnil(L);
  lua_insert(L, -2);
  return 2;
}

/* Of an answer its words and why they end, of an error its kind and reason. */
static void digest(const struct wait *w, uint8_t out[SHA_BYTES]) {
  static const char *const fields[] = {"text", "stop", "kind", "reason", NULL};
  const char *answer = w->result, *error;
  size_t n = w->n_result, n_error;
  if (jsonx_member(answer, n, w->failed ? "failed" : "error", &error, &n_error)) {
    answer = error;
    n = n_error;
  }
  struct sha256 *h = sha256_begin();
  for (int i = 0; fields[i]; i++) {
    const char *value;
    size_t n_value;
    if (!jsonx_member(answer, n, fields[i], &value, &n_value)) continue;
    sha256_add(h, fields[i], strlen(fields[i]) + 1);
    sha256_add(h, value, n_value);
  }
  sha256_end(h, out);
}

static const struct wait_kind ask_kind = {.name = "llm",
                                          .api_name = "llm.ask",
                                          .journaled = true,
                                          .start = start,
                                          .cancel = cancel,
                                          .waits = waits,
                                          .in_flight = in_flight,
                                          .show = show,
                                          .finish = finish_ask,
                                          .release = release,
                                          .digest = digest};
static const struct wait_kind try_kind = {.name = "llm",
                                          .api_name = "llm.try_ask",
                                          .journaled = true,
                                          .start = start,
                                          .cancel = cancel,
                                          .waits = waits,
                                          .in_flight = in_flight,
                                          .show = show,
                                          .finish = finish_try,
                                          .release = release,
                                          .digest = digest};

/* ---- check */

static void check_block(lua_State *L, int block, int i) {
  if (lua_type(L, block) == LUA_TSTRING) return;
  char name[40];
  snprintf(name, sizeof name, "llm.ask: blocks[%d]", i);
  args_fields(L, block, name, block_fields);
  size_t n;
  args_string(L, block, name, "text", true, &n);
  double cap = args_number(L, block, name, "cap", 0);
  const char *label = args_string(L, block, name, "name", false, NULL);
  if (cap > 0 && (double)n > cap * 4) /* bytes; a character has at most 4 */
    luaL_error(L, "llm.ask: block '%s' has more than its cap of %d characters", label ? label : "?",
               (int)cap);
  if (cap > 0 && (double)n > cap) {
    lua_Integer chars = 0;
    const char *s = args_string(L, block, name, "text", true, &n);
    for (size_t k = 0; k < n; k++) chars += ((unsigned char)s[k] & 0xC0) != 0x80;
    if ((double)chars > cap)
      luaL_error(L, "llm.ask: block '%s' has %I characters; its cap is %d", label ? label : "?", chars,
                 (int)cap);
  }
}

/* Everything that can raise, before anything is allocated. Leaves the list of blocks (a table or one string) at the stack's top. */
static void check_ask(lua_State *L, const char *function) {
  wait_allowed(L, function);
  args_fields(L, 1, function, ask_fields);
  lua_settop(L, 1);
  size_t n;
  args_string(L, 1, function, "role", true, &n);
  if (n == 0 || n > 60) luaL_error(L, "%s: 'role' must have 1 to 60 characters", function);
  args_string(L, 1, function, "reasoning", false, NULL);
  args_string(L, 1, function, "key", false, NULL);
  args_number(L, 1, function, "temperature", 0);
  double words = args_number(L, 1, function, "max_words", DEFAULT_WORDS);
  if (!(words >= 1 && words <= MOST_WORDS))
    luaL_error(L, "%s: 'max_words' must be from 1 to %d", function, MOST_WORDS);
  double choice = args_number(L, 1, function, "model_choice", 1);
  if (!(choice >= 1 && choice <= MOST_MODELS))
    luaL_error(L, "%s: 'model_choice' must be from 1 to %d", function, MOST_MODELS);
  const char *prompt = args_string(L, 1, function, "prompt", false, NULL);
  int type = lua_getfield(L, 1, "blocks");
  if ((prompt != NULL) == (type != LUA_TNIL)) luaL_error(L, "%s needs either 'prompt' or 'blocks'", function);
  if (prompt) {
    lua_getfield(L, 1, "prompt");
    lua_replace(L, 2);
    return;
  }
  if (type != LUA_TTABLE) luaL_error(L, "%s: 'blocks' must be a list", function);
  lua_Unsigned count = lua_rawlen(L, 2);
  if (count == 0 || count > MOST_BLOCKS)
    luaL_error(L, "%s: 'blocks' must have 1 to %d entries", function, MOST_BLOCKS);
  bool loose = false;
  for (int i = 1; i <= (int)count; i++) {
    lua_rawgeti(L, 2, i);
    check_block(L, 3, i);
    bool stable = false;
    if (lua_istable(L, 3)) {
      lua_getfield(L, 3, "stable");
      stable = lua_toboolean(L, -1);
    }
    if (stable && loose)
      luaL_error(L, "%s: blocks[%d] is stable but stands after one that is not; stable blocks come first",
                 function, i);
    loose = loose || !stable;
    lua_settop(L, 2);
  }
}

/* The block at the stack's top gives way to its text, which stays there; its JSON goes to `content`. */
static enum err take_block(lua_State *L, struct ask *a, struct buf *content, struct buf *reads,
                           struct error *e) {
  struct call_block *b = &a->blocks[a->n_blocks];
  int at = lua_gettop(L);
  enum err err = OK;
  if (lua_istable(L, at)) {
    lua_pushliteral(L, "stable");
    lua_rawget(L, at);
    b->stable = lua_toboolean(L, -1);
    lua_pop(L, 1);
    lua_pushliteral(L, "name");
    lua_rawget(L, at);
    b->name = mem_dup(lua_tostring(L, -1)); /* its table need not outlive this call */
    lua_pop(L, 1);
    lua_pushliteral(L, "from");
    lua_rawget(L, at);
    if (!lua_isnil(L, -1)) {
      buf_putc(reads, reads->len ? ',' : '[');
      err = value_encode(L, at + 1, reads, e);
    }
    lua_settop(L, at);
    lua_pushliteral(L, "text");
    lua_rawget(L, at);
  } else {
    lua_pushvalue(L, at);
  }
  buf_printf(content, "%s{\"stable\":%s,\"text\":", a->n_blocks ? "," : "", b->stable ? "true" : "false");
  if (err == OK) err = value_encode(L, at + 1, content, e);
  buf_putc(content, '}');
  b->text = lua_tolstring(L, at + 1, &b->n);
  a->n_blocks++;
  lua_replace(L, at);
  return err;
}

static enum err take_json(lua_State *L, const char *field, json_t **out, struct error *e) {
  struct buf b;
  buf_init(&b, MAX_SCRIPT_BYTES);
  lua_pushstring(L, field);
  lua_rawget(L, 1);
  enum err err = OK;
  if (!lua_isnil(L, -1)) {
    err = value_encode(L, lua_gettop(L), &b, e);
    if (err == OK) err = jsonx_parse(b.data, b.len, field, out, e);
  }
  lua_pop(L, 1);
  buf_release(&b);
  return err;
}

static enum err take_blocks(lua_State *L, struct ask *a, struct buf *content, struct error *e) {
  struct buf reads;
  buf_init(&reads, MAX_JOURNAL_BYTES);
  size_t count = lua_istable(L, 2) ? lua_rawlen(L, 2) : 1;
  luaL_checkstack(L, (int)count + LUA_MINSTACK, "blocks");
  a->blocks = mem_alloc(count * sizeof *a->blocks);
  enum err err = OK;
  buf_puts(content, "{\"blocks\":[");
  for (size_t i = 1; i <= count && err == OK; i++) {
    if (lua_istable(L, 2))
      lua_rawgeti(L, 2, (lua_Integer)i);
    else
      lua_pushvalue(L, 2);
    err = take_block(L, a, content, &reads, e);
  }
  buf_putc(content, ']');
  if (reads.len) {
    buf_putc(&reads, ']');
    a->reads = buf_take(&reads);
  }
  buf_release(&reads);
  return err;
}

/* Copies the checked table. */
static enum err take_ask(lua_State *L, struct ask *a, struct buf *content, struct error *e) {
  static const char *const hashed[] = {
      "extra", "key", "max_words", "model_choice", "reasoning", "role", "schema", "temperature", NULL};
  enum err err = take_blocks(L, a, content, e);
  for (int i = 0; hashed[i] && err == OK; i++) err = args_encode_field(L, 1, hashed[i], content, e);
  buf_putc(content, '}');
  if (err == OK) err = take_json(L, "schema", &a->schema, e);
  if (err == OK && a->schema) err = schema_supported(a->schema, e);
  if (err == OK) err = take_json(L, "extra", &a->extra, e);
  a->role = mem_dup(args_string(L, 1, "llm.ask", "role", true, NULL));
  a->reasoning = mem_dup(args_string(L, 1, "llm.ask", "reasoning", false, NULL));
  a->key = mem_dup(args_string(L, 1, "llm.ask", "key", false, NULL));
  a->call.max_words = (int64_t)args_number(L, 1, "llm.ask", "max_words", DEFAULT_WORDS);
  a->call.temperature = args_number(L, 1, "llm.ask", "temperature", (double)NAN);
  a->call.first_model = (size_t)args_number(L, 1, "llm.ask", "model_choice", 1) - 1;
  return err;
}

static int ask_with(lua_State *L, const struct wait_kind *kind) {
  check_ask(L, kind->api_name);
  struct ask *a = mem_alloc(sizeof *a);
  struct wait *w = wait_new(run_of(L), kind, a);
  struct error e = {0};
  if (take_ask(L, a, &w->content, &e) != OK) return args_raise(L, kind->api_name, &e);
  return wait_yield(L, w);
}

static int llm_ask(lua_State *L) {
  return ask_with(L, &ask_kind);
}
static int llm_try_ask(lua_State *L) {
  return ask_with(L, &try_kind);
}

static int returned(lua_State *L, int status, lua_KContext ctx) {
  (void)status;
  return lua_gettop(L) - (int)ctx;
}

/* The policy (extract, check, one repair, next model) is a script like any other: scripts/lib/ask_json.lua. */
static int llm_ask_json(lua_State *L) {
  wait_allowed(L, "llm.ask_json");
  args_fields(L, 1, "llm.ask_json", ask_fields);
  script_set_require(L, "lib/ask_json");
  lua_pushvalue(L, 1);
  int base = lua_gettop(L) - 2;
  lua_callk(L, 1, LUA_MULTRET, base, returned);
  return returned(L, LUA_OK, base);
}

void api_open_llm(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"ask", llm_ask}, {"try_ask", llm_try_ask}, {"ask_json", llm_ask_json}, {NULL, NULL}};
  luaL_newlib(L, functions);
  lua_setglobal(L, "llm");
}
