/* config_data.h - what config.c reads beside quire.lua: data files on the scripts' search path. */
#pragma once
#include "config.h"

/* What scripts/NAME.lua returns: the first on the search path, else the one that is built in. *out stays NULL when there is none. */
enum err config_data(const struct config *c, const char *name, json_t **out, struct error *e);
/* Prices and sizes of models: scripts/models.lua, then `own`, the table `prices` of quire.lua, over it. */
enum err config_models(struct config *c, const json_t *own, struct error *e);
