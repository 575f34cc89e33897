/* editor.h - a text in a person's editor. */
#pragma once
#include "base/buf.h"

/* Opens $VISUAL or $EDITOR on `text` and reads what was saved into `out` (empty before). ERR_INVALID: neither is set, or it ended with an error. */
enum err editor_open(const char *text, size_t n, struct buf *out, struct error *e);
