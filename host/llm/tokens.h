/* tokens.h - about how many tokens a text has, where nobody counted them. Any thread. Pure.
 *
 *   struct tokens t = {0};
 *   tokens_add(&t, "The lamp went out.", 18);     t.likely is 5
 *
 * Tokenizers differ, by script up to eight times: what is booked takes `likely` (the median, rather too many), what is reserved before a call is
 * sent takes `most` (a model may have the worst), and what is refused for its length takes `fewest` (another model might read it). */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct tokens {
  int64_t fewest, likely, most;
};

/* Adds those of a text. What is no UTF-8 counts byte by byte. */
void tokens_add(struct tokens *sum, const char *text, size_t n);
