/* cost.c - integer arithmetic over prices per million tokens, rounded up. */
#include "llm/cost.h"

#include <string.h>

enum { TOKENS_PER_WORD = 3, ANSWER_OVERHEAD = 200, MOST_THOUGHT = 16384 };

int64_t cost_output_tokens(int64_t max_words, const char *reasoning) {
  static const struct {
    const char *effort;
    int64_t tokens;
  } thought[] = {{"none", 0}, {"minimal", 1024}, {"low", 4096}, {"medium", 8192}};
  int64_t tokens = max_words * TOKENS_PER_WORD + ANSWER_OVERHEAD;
  if (!reasoning) return tokens;
  for (size_t i = 0; i < sizeof thought / sizeof *thought; i++)
    if (strcmp(thought[i].effort, reasoning) == 0) return tokens + thought[i].tokens;
  return tokens + MOST_THOUGHT;
}

static int64_t price_of(int64_t tokens, int64_t nano_per_million) {
  if (tokens <= 0 || nano_per_million <= 0) return 0;
  const int64_t million = 1000000;
  return tokens / million * nano_per_million + (tokens % million * nano_per_million + million - 1) / million;
}

int64_t cost_worst(const struct llm_price *price, int64_t input, int64_t output) {
  if (!price) return 0;
  int64_t dearest = price->input > price->cache_write ? price->input : price->cache_write;
  return price_of(input, dearest) + price_of(output, price->output);
}

int64_t cost_actual(const struct llm_price *price, const struct call_usage *u) {
  if (!price) return 0;
  int64_t plain = u->input - u->cached_read - u->cache_write;
  /* A price of 0 for cached tokens means that nobody said, not that they are free. */
  int64_t read = price->cached_read ? price->cached_read : price->input;
  int64_t write = price->cache_write ? price->cache_write : price->input;
  return price_of(plain, price->input) + price_of(u->cached_read, read) + price_of(u->cache_write, write) +
         price_of(u->output, price->output);
}

int64_t cost_in_tier(const struct llm_price *price, enum llm_tier tier, int64_t nano) {
  int percent = !price || tier == TIER_STANDARD ? 0 : tier == TIER_FLEX ? price->flex : price->batch;
  return percent ? (nano * percent + 99) / 100 : nano;
}
