/* markdown.c - the scripts' `markdown` table over md4c.
 *
 * xhtml is document/markdown's; blocks are read here: source -> markdown_source -> md4c -> (odd characters mended) -> Lua tables.
 * md4c's callbacks may not raise: they write into buffers of ours, and a hold frees those. */
#include <md4c-html.h>
#include <md4c.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "script_api/pure.h"
#include "script_api/prose.h"
#include "base/buf.h"
#include "document/markdown.h"
#include "base/mem.h"
#include "lua/budget.h"
#include "lua/hold.h"

enum { MAX_ENTITIES = 100000, ENTITY_MAX = 64 };

/* ---- what blocks need ---- */

static const char too_large[] = "limit: the Markdown would become larger than 16 MB";

struct block {
  const char *kind;
  unsigned level;
  size_t from, to; /* in out */
};

struct render {
  struct buf source, out;
  const char *limit; /* which one was reached; NULL: none */
  /* blocks */
  int entities;
  struct block *blocks;
  size_t n_blocks, cap;
  int depth; /* how many blocks we are in */
  bool gap;  /* something must stand between what was written and what comes */
  bool in_item;
};

static void release_render(void *room) {
  struct render *r = room;
  if (r->source.data) buf_release(&r->source);
  if (r->out.data) buf_release(&r->out);
  free(r->blocks);
}

static struct render *push_render(lua_State *L) {
  size_t n;
  const char *s = luaL_checklstring(L, 1, &n);
  if (n > MAX_LUA_STRING_BYTES)
    luaL_error(L, "limit: markdown takes texts of at most %d bytes", (int)MAX_LUA_STRING_BYTES);
  const char *limit = markdown_limit(s, n);
  if (limit) luaL_error(L, "%s", limit);
  struct render *r = hold_push(L, sizeof *r, release_render);
  buf_init(&r->source, MAX_LUA_STRING_BYTES);
  buf_init(&r->out, MAX_LUA_STRING_BYTES);
  if (markdown_source(&r->source, s, n) != OK) r->limit = too_large;
  return r;
}

static const char too_many_entities[] = "limit: the Markdown has more than 100000 entities";

static int raise_limit(lua_State *L, struct render *r) {
  const char *limit = r->limit ? r->limit : "limit: there is no memory left for the Markdown reader";
  hold_release(r);
  return luaL_error(L, "%s", limit);
}

/* ---- xhtml ---- */

static int push_xhtml(lua_State *L) {
  size_t n;
  const char *s = luaL_checklstring(L, 1, &n);
  struct error e = {0};
  struct render *r = hold_push(L, sizeof *r, release_render);
  buf_init(&r->out, MAX_LUA_STRING_BYTES);
  machine_burn(L);
  if (markdown_xhtml(s, n, &r->out, &e) != OK) {
    hold_release(r);
    return luaL_error(L, "%s", e.message);
  }
  machine_burn(L);
  lua_pushlstring(L, r->out.data, r->out.len);
  hold_release(r);
  return 1;
}

/* ---- blocks ---- */

static int put(struct render *r, const char *s, size_t n) {
  if (markdown_plain_characters(&r->out, s, n) != OK) r->limit = too_large;
  return r->limit != NULL;
}

static int put_gap(struct render *r) {
  bool first = !r->n_blocks || r->out.len == r->blocks[r->n_blocks - 1].from;
  const char *between = r->in_item ? "\n" : "\n\n";
  int stop = r->gap && !first ? put(r, between, strlen(between)) : 0;
  r->gap = false;
  return stop;
}

static const char *kind_of(MD_BLOCKTYPE type) {
  switch (type) {
  case MD_BLOCK_H: return "heading";
  case MD_BLOCK_HR: return "rule";
  case MD_BLOCK_QUOTE: return "quote";
  case MD_BLOCK_UL:
  case MD_BLOCK_OL: return "list";
  case MD_BLOCK_CODE: return "code";
  default: return "paragraph";
  }
}

static int enter_block(MD_BLOCKTYPE type, void *detail, void *arg) {
  struct render *r = arg;
  if (type == MD_BLOCK_DOC) return 0;
  if (type == MD_BLOCK_LI) r->in_item = true;
  r->gap = true;
  if (r->depth++) return 0;
  if (r->n_blocks == r->cap) {
    r->cap = r->cap ? r->cap * 2 : 64;
    r->blocks = mem_grow(r->blocks, r->cap * sizeof *r->blocks);
  }
  struct block b = {.kind = kind_of(type), .from = r->out.len};
  if (type == MD_BLOCK_H) b.level = ((MD_BLOCK_H_DETAIL *)detail)->level;
  r->blocks[r->n_blocks++] = b;
  return 0;
}

static int leave_block(MD_BLOCKTYPE type, void *detail, void *arg) {
  struct render *r = arg;
  (void)detail;
  if (type == MD_BLOCK_DOC) return 0;
  r->gap = true;
  if (--r->depth) return 0;
  r->in_item = false;
  r->blocks[r->n_blocks - 1].to = r->out.len;
  return 0;
}

static int pass_span(MD_SPANTYPE type, void *detail, void *arg) {
  (void)type;
  (void)detail;
  (void)arg;
  return 0;
}

static void append_entity(const MD_CHAR *s, MD_SIZE n, void *arg) {
  struct buf *b = arg;
  buf_append(b, s, n); /* what does not fit was no entity */
}

/* What the HTML writer made of one of the characters that HTML escapes; 0 for anything else. */
static char unescape(const char *s, size_t n) {
  static const struct {
    const char *name;
    char means;
  } all[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
    if (strlen(all[i].name) == n && memcmp(all[i].name, s, n) == 0) return all[i].means;
  return '\0';
}

/* md4c's own table of names is not in its interface, but its HTML writer knows it: "<p>" what it means "</p>". */
static int put_entity(struct render *r, const char *s, size_t n) {
  char common = unescape(s, n);
  if (common) return put(r, &common, 1);
  if (++r->entities > MAX_ENTITIES) {
    r->limit = too_many_entities;
    return 1;
  }
  struct buf means;
  buf_init(&means, ENTITY_MAX);
  md_html(s, (MD_SIZE)n, append_entity, &means, MD_FLAG_NOHTML, MD_HTML_FLAG_XHTML);
  const char *from = strstr(means.data, "<p>"), *to = strstr(means.data, "</p>");
  char plain = from && to ? unescape(from + 3, (size_t)(to - from) - 3) : '\0';
  bool known = from && to && from[3] != '&';
  int stop = plain ? put(r, &plain, 1) : known ? put(r, from + 3, (size_t)(to - from) - 3) : put(r, s, n);
  buf_release(&means);
  return stop;
}

static int put_text(MD_TEXTTYPE type, const MD_CHAR *s, MD_SIZE n, void *arg) {
  struct render *r = arg;
  if (put_gap(r)) return 1;
  switch (type) {
  case MD_TEXT_NULLCHAR: return put(r, "\xef\xbf\xbd", 3);
  case MD_TEXT_BR: return put(r, "\n", 1);
  case MD_TEXT_SOFTBR: return put(r, " ", 1);
  case MD_TEXT_ENTITY: return put_entity(r, s, n);
  default: return put(r, s, n);
  }
}

static void push_block(lua_State *L, const struct render *r, const struct block *b) {
  size_t n = b->to - b->from;
  if (strcmp(b->kind, "code") == 0 && n && r->out.data[b->to - 1] == '\n') n--;
  lua_createtable(L, 0, 3);
  lua_pushstring(L, b->kind);
  lua_setfield(L, -2, "kind");
  lua_pushlstring(L, r->out.data + b->from, n);
  lua_setfield(L, -2, "text");
  if (!b->level) return;
  lua_pushinteger(L, (lua_Integer)b->level);
  lua_setfield(L, -2, "level");
}

static int markdown_blocks(lua_State *L) {
  struct render *r = push_render(L);
  MD_PARSER parser = {.flags = MD_FLAG_NOHTML | MD_FLAG_STRIKETHROUGH,
                      .enter_block = enter_block,
                      .leave_block = leave_block,
                      .enter_span = pass_span,
                      .leave_span = pass_span,
                      .text = put_text};
  machine_burn(L);
  if (r->limit || md_parse(r->source.data, (MD_SIZE)r->source.len, &parser, r) != 0) return raise_limit(L, r);
  machine_burn(L);
  lua_createtable(L, (int)r->n_blocks, 0);
  for (size_t i = 0; i < r->n_blocks; i++) {
    budget_spend(L, 16);
    push_block(L, r, &r->blocks[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  hold_release(r);
  return 1;
}

const struct luaL_Reg api_markdown_functions[] = {
    {"xhtml", push_xhtml}, {"blocks", markdown_blocks}, {NULL, NULL}};

void api_open_markdown(lua_State *L) {
  luaL_checkstack(L, 4, "markdown");
  lua_createtable(L, 0, 2);
  luaL_setfuncs(L, api_markdown_functions, 0);
  lua_setglobal(L, "markdown");
}
