/* cost.c - integer arithmetic over prices per million tokens, rounded up. */
#include "llm/cost.h"

#include <string.h>

enum { TOKENS_PER_WORD = 3, ANSWER_OVERHEAD = 200 };

int64_t cost_output_tokens(int64_t max_words, const char *reasoning) {
  int64_t thought = 0;
  if (reasoning)
    thought = strcmp(reasoning, "low") == 0 ? 4096 : strcmp(reasoning, "medium") == 0 ? 8192 : 16384;
  return max_words * TOKENS_PER_WORD + ANSWER_OVERHEAD + thought;
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
