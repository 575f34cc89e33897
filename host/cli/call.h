/* call.h - which model call a command means, and all of it. */
#pragma once
#include "cli/command.h"

/* Argument 0 as a call: its number, or RUN:SEQ, the place in a run's journal that it answered. Opens the reader. */
enum err call_argument(struct cli *c, int64_t *id, struct error *e);
/* All of it (view/call.h); the caller's. */
enum err call_read(struct cli *c, int64_t id, json_t **out, struct error *e);
/* The blocks of a prompt as one text that a person can edit: each after a line "=== N NAME ===". */
void call_prompt_text(const json_t *call, struct buf *out);
