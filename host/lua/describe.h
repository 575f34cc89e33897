/* describe.h - loads a module in a scratch machine and reads what it declares about itself. Any thread. */
#pragma once
#include <jansson.h>
#include "lua/machine.h"
#include "lua/sandbox.h"
#include "lua/script_set.h"

/* Runs module `name` at its top level in a machine of its own (sandboxed; `apis`: what else it may see, or NULL). It must return a table
 * with a function `run`; *out becomes {"title","description","input":[..]}, owned by the caller. ERR_SCRIPT with file and line. */
enum err describe_module(const struct machine_limits *limits, const struct script_set *set, const char *name,
                         const struct sandbox_table *apis, json_t **out, struct error *e);
/* The same for a module of exports/: {"id","title","name"} of a table with a function `make`; null for a plain function, which is no book's file. */
enum err describe_export(const struct machine_limits *limits, const struct script_set *set, const char *name,
                         const struct sandbox_table *apis, json_t **out, struct error *e);
/* The same for a module of checks/: {"title","kind","scope"}; lib/checks of the set says what is wrong with it. */
enum err describe_check(const struct machine_limits *limits, const struct script_set *set, const char *name,
                        const struct sandbox_table *apis, json_t **out, struct error *e);
/* Runs a data file (a chunk that returns a table of plain values) without any library: quire.lua, models.lua. */
enum err describe_data(const char *text, size_t n, const char *chunk_name, json_t **out, struct error *e);
