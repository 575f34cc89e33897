/* picture.h - what kind of picture some bytes are, by how they begin. Any thread. */
#pragma once
#include <stddef.h>

/* "png", "jpeg", or NULL for anything else. */
const char *picture_kind(const void *bytes, size_t n);
