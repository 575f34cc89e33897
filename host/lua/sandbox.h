/* sandbox.h - what every script state starts with: the safe libraries, strict globals.
 *   sandbox_open (libraries) -> other globals of the caller -> sandbox_close_globals (unknown names are errors from here on)
 * Both raise on memory: call inside machine_protect. */
#pragma once
#include <lua.h>
#include <stdint.h>
#include "base/hash.h"

/* A global that is made when a script first says its name. A script says few of them, and a run that waits holds what it has. */
struct sandbox_table {
  const char *name;
  void (*open)(lua_State *L); /* sets the global `name`; may raise on memory */
};

void sandbox_open(lua_State *L, const uint8_t seed[SHA_BYTES]);
/* `later`: ended by {NULL, NULL}, stays; or NULL. */
void sandbox_close_globals(lua_State *L, const struct sandbox_table *later);
