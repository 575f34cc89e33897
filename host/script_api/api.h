/* api.h - the tables that scripts see, registered in one list (api.c). A run's state opens one when its script first says the name. */
#pragma once
#include "engine/engine.h"

/* Ends with {NULL, NULL}. */
extern const struct sandbox_table api_tables[];
/* The pure ones, for export scripts and scratch states. */
extern const struct sandbox_table api_pure_tables[];

/* Each makes its table and sets the global of its name; raises when there is no memory: only in a protected call. */
void api_open_llm(struct lua_State *L);
void api_open_run(struct lua_State *L);
void api_open_os(struct lua_State *L);
void api_open_step(struct lua_State *L);
void api_open_task(struct lua_State *L);
void api_open_artifact(struct lua_State *L);
void api_open_gate(struct lua_State *L);
void api_open_project(struct lua_State *L);
void api_open_export(struct lua_State *L);
void api_open_log(struct lua_State *L);
