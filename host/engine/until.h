/* until.h - what `--until WORDS` means: a phase or a checkpoint of the run, and whether a pipeline has it. Any thread. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include "base/err.h"

/* Is `name` (of a phase or a checkpoint) meant by `slug` (text_slug of what the user wrote)? A checkpoint ("chapter:3") must be named
 * exactly, a phase by one of its words: chapter:1 is not chapter:10. */
bool until_means(const char *slug, const char *name);

/* Is there something to stop after? `phases` is the list that the pipeline declares, with "chapter:N" for numbered checkpoints; NULL:
 * it declares none, and anything may come. ERR_INVALID with the nearest name and the list. */
enum err until_check(const json_t *phases, const char *until, struct error *e);
