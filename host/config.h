/* config.h - settings: flags > environment > quire.lua in the library > defaults.
 *
 * quire.lua is data: a chunk that returns a table, without any library. Unknown names are errors with the nearest one. */
#pragma once
#include <stdbool.h>
#include "engine/engine.h"
#include "hooks.h"
#include "engine/watcher.h"
#include "llm/llm.h"

struct config_flags { /* what the command line said; NULL or negative: nothing */
  const char *library, *scripts;
};

struct config_adapter {
  char *name, *text;
  size_t n;
};

struct config {
  char *library; /* directory */
  char *exports; /* LIBRARY/exports */
  /* NULL-terminated: --scripts, the library, the checkout that the binary was built in */
  const char **script_dirs;
  struct llm_settings llm;
  struct engine_settings engine;   /* without apis and callbacks: serve.c fills those in */
  struct config_adapter *adapters; /* scripts/providers/NAME.lua on the same search path */
  size_t n_adapters;
  json_t *model_list, *own_models; /* what llm.facts reads: scripts/models.lua, and `prices` of quire.lua */
  json_t *models;                  /* for `quire models`: {"provider/model": its row, with "origin"} */
  json_t *shown;                   /* for `quire config show --origin`: [{"name","value","origin"}, ...] */
  struct watcher_settings watcher;
  struct hooks_settings hooks;
  double hang_s;            /* the guardian kills a host whose loop did not tick for so long */
  const char *metrics_file; /* --metrics-file, or NULL */
  char *listen;             /* "127.0.0.1:0": where the owner's API listens */
  char *public_url;         /* how browsers reach it through a proxy, or NULL */
  char **trusted_proxies;   /* whose X-Forwarded-For counts; NULL-terminated, or NULL */
  const char *ui;           /* --ui, or NULL */
};

/* `out` must stay where it is while the host lives (llm asks it for adapters). ERR_CONFIG with file and line. A missing quire.lua is fine. The library need not exist yet. */
enum err config_load(const struct config_flags *flags, struct config *out, struct error *e);
/* --listen goes over what quire.lua says. */
void config_listen(struct config *c, const char *address);
/* From here on the embedded model answers for all providers, whatever they are called, without keys or limits: nothing leaves this machine. Names,
 * roles and prices stay. Before host_open. */
void config_rehearse(struct config *c);
void config_release(struct config *c);
