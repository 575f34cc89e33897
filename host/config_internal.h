/* config_internal.h - what config.c and config_models.c share. */
#pragma once
#include "config.h"

/* Adds a row to what `quire config show --origin` prints; takes `value`. */
void config_show(struct config *c, const char *name, json_t *value, const char *origin);
/* The same for a URL, without secrets in it; `path`: with its path. */
void config_show_url(struct config *c, const char *name, const char *url, bool path, const char *origin);
/* ERR_CONFIG when the table has a name that is not among `known`, with the nearest one; `where` comes before the name. */
enum err config_unknown(const json_t *table, const char *const *known, const char *where, struct error *e);
/* A copy of `value` in place of what stands there; NULL changes nothing. */
void config_set_string(char **field, const char *value);

/* config_models.c */
enum err config_read_providers(struct config *c, const json_t *table, struct error *e);
enum err config_read_roles(struct config *c, const json_t *table, struct error *e);
enum err config_read_tiers(struct config *c, const json_t *table, struct error *e);
enum err config_read_adapters(struct config *c, struct error *e);
/* An adapter_source_fn; `arg` is the config. */
const char *config_adapter_source(void *arg, const char *name, size_t *n);
