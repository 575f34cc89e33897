/* needs.h - what a library's unfinished runs, and its settings, mean and this computer lacks: a provider, an adapter, a key, a model for a role. */
#pragma once
#include "cli/command.h"

/* The provider's key by the name of its variable or file, as a sentence; false: it is there, or none is needed. */
bool needs_key(const struct llm_provider *p, char *why, size_t max);
/* Does one of the settings' roles name it? "openai" in "openai/gpt-5". */
bool needs_provider(const struct llm_settings *s, const char *provider);
/* [{"text","hint"}, ...], each thing once; wants cli_config and cli_reader to have succeeded. */
json_t *needs_missing(struct cli *c);
