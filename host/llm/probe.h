/* probe.h - asks a provider which models it has, and what it says of them. Any thread but a loop's: it waits, at most some seconds. Costs
 * nothing at any service.
 *
 *   probe_provider(settings, "ollama", &found, &e)   {"provider":"ollama","ms":4,"models":[{"name":"qwen3:8b","context":40960,"thinks":"default"}]}
 *
 * What else than the name stands at a model are facts (facts.h), for facts_learn. */
#pragma once
#include <jansson.h>
#include "llm/llm.h"

/* ERR_NOT_FOUND: no such provider; ERR_UNAVAILABLE: nobody answers; ERR_AUTH: the key; ERR_PROVIDER: its own words; ERR_CONFIG: its adapter
 * does not know how to ask. */
enum err probe_provider(const struct llm_settings *s, const char *provider, json_t **found, struct error *e);
