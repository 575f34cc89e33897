/* fields.h - which field of a script's table is one too many, the same one in each process: Lua's own order is that of addresses and hashes. */
#pragma once
#include <lua.h>

struct odd_field {
  /* the first unknown one, in the order of bytes; NULL: none. It lives as long as the table keeps it */
  const char *name;
  const char *type; /* the first type, in the order of names, of the keys that are no strings; NULL: none */
};

/* Names and types that a table of options should not have. May raise (no room on the stack). */
struct odd_field fields_odd(lua_State *L, int table, const char *const *known);
