/* sandbox.h - what every script state starts with: the safe libraries, strict globals.
 *   sandbox_open (libraries) -> API tables are opened by the caller -> sandbox_close_globals (unknown names
 * are errors from here on) Both raise on memory: call inside machine_protect. */
#pragma once
#include <lua.h>
#include <stdint.h>
#include "base/hash.h"

void sandbox_open(lua_State *L, const uint8_t seed[SHA_BYTES]);
void sandbox_close_globals(lua_State *L);
