/* picture.h - what kind of picture some bytes are, and whether they are one. Any thread. */
#pragma once
#include <stddef.h>

/* "png", "jpeg", or NULL for anything else: by how they begin. */
const char *picture_kind(const void *bytes, size_t n);
/* Why bytes of that kind are no picture that a reader could show ("it ends in the middle"); NULL when their structure is whole. The
 * pixels themselves are not looked at. */
const char *picture_fault(const void *bytes, size_t n);
