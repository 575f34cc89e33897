/* hold.c - userdata that free what they hold. */
#include "lua/hold.h"

#include <stdalign.h>
#include <string.h>

struct hold {
  void (*release)(void *room); /* NULL: done */
  alignas(max_align_t) char room[];
};

static const char metatable_key; /* its address is the registry's key */

static int collect(lua_State *L) {
  struct hold *h = lua_touserdata(L, 1);
  if (h && h->release) h->release(h->room);
  if (h) h->release = NULL;
  return 0;
}

/* Registered only when it is complete: one without __gc, left behind by a refused allocation, would leak for ever. */
static void push_metatable(lua_State *L) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &metatable_key) == LUA_TTABLE) return;
  lua_pop(L, 1);
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "__gc");
  lua_pushcfunction(L, collect);
  lua_rawset(L, -3);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &metatable_key);
}

void *hold_push(lua_State *L, size_t size, void (*release)(void *room)) {
  struct hold *h = lua_newuserdatauv(L, sizeof *h + size, 0);
  memset(h, 0, sizeof *h + size);
  push_metatable(L);
  lua_setmetatable(L, -2);
  h->release = release;
  return h->room;
}

void hold_release(void *room) {
  struct hold *h = (struct hold *)(void *)((char *)room - offsetof(struct hold, room));
  if (h->release) h->release(room);
  h->release = NULL;
}
