/* picture.c - see picture.h. The signatures are those of PNG (RFC 2083, 3.1) and JPEG (ITU-T T.81, B.2). */
#include "document/picture.h"

#include <string.h>

const char *picture_kind(const void *bytes, size_t n) {
  if (n > 8 && memcmp(bytes, "\x89PNG\r\n\x1a\n", 8) == 0) return "png";
  if (n > 3 && memcmp(bytes, "\xff\xd8\xff", 3) == 0) return "jpeg";
  return NULL;
}
