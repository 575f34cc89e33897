/* base64.h - bytes in JSON. Any thread. */
#pragma once
#include "base/buf.h"

/* Appends what `text` stands for. ERR_INVALID: it is not base64 (padded, without line breaks); ERR_LIMIT: it does not fit. */
enum err base64_decode(const char *text, size_t n, struct buf *out);
/* Appends the bytes as base64. ERR_LIMIT: it does not fit. */
enum err base64_encode(const void *bytes, size_t n, struct buf *out);
