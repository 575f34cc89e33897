/* cost.h - what a call may cost at most, what it did cost, and estimates where nobody says. Money in nano-dollars. Pure. */
#pragma once
#include "llm/llm.h"

/* Tokens that an answer of so many words may take; reasoning: NULL, "none", "minimal", "low", "medium", "high". */
int64_t cost_output_tokens(int64_t max_words, const char *reasoning);
/* The most that a call with these tokens can cost. 0 when the price is not known (price NULL). */
int64_t cost_worst(const struct llm_price *price, int64_t input, int64_t output);
/* A sum at that price, in a tier. */
int64_t cost_in_tier(const struct llm_price *price, enum llm_tier tier, int64_t nano);
/* What usage costs at a price. usage->input counts all prompt tokens, cached ones too. */
int64_t cost_actual(const struct llm_price *price, const struct call_usage *usage);
