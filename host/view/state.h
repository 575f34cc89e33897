/* state.h - what a run's row means to a person: its state in a word, who moves it next in a sentence (P1), its JSON. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include "store/write/library.h"
#include "store/runs.h"

bool state_waits(const struct run_row *r, enum run_wait wait);

/* `owner`: who owns the library now, or NULL: nobody, so that what is not finished and does not wait is interrupted. */
const char *state_word(const struct run_row *r, const struct library_owner *owner);
/* What `quire retry N` needs after it, by the run's error: the same again would fail again. "" or " --with ...". */
const char *state_retry_with(const json_t *error);
/* One sentence, free() it. */
char *state_sentence(const struct run_row *r, const struct library_owner *owner);
/* The run as JSON. With `whole`, its input and result too. */
json_t *state_json(const struct run_row *r, const struct library_owner *owner, bool whole);
