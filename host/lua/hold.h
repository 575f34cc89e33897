/* hold.h - memory of ours that must survive, or die with, a Lua error.
 *
 * A Lua call that raises jumps over our C frames, so a malloc, a json_t or a buf kept in a local would leak. A hold
 * is a userdata with zeroed room for such a thing; Lua's collector calls `release` on it if we never get to.
 *
 *   struct buf *out = hold_push(L, sizeof *out, release_buf);   // one value on the stack
 *   buf_init(out, MAX); ... lua_pushlstring(L, out->data, out->len);
 *   hold_release(out);                                           // now, not at some later collection
 *
 * `release` gets the room, may see it zeroed, may run on any thread and may not call Lua. */
#pragma once
#include <stddef.h>
#include <lua.h>

void *hold_push(lua_State *L, size_t size, void (*release)(void *room)); /* may raise */
void hold_release(void *room);                                           /* at most once; never raises */
