/* picture.c - see picture.h. The structures are those of PNG (RFC 2083, 3) and JPEG (ITU-T T.81, B.1 and B.2). */
#include "document/picture.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <zlib.h>

static const char cut_off[] = "it ends in the middle";

const char *picture_kind(const void *bytes, size_t n) {
  if (n > 8 && memcmp(bytes, "\x89PNG\r\n\x1a\n", 8) == 0) return "png";
  if (n > 3 && memcmp(bytes, "\xff\xd8\xff", 3) == 0) return "jpeg";
  return NULL;
}

static uint32_t big_endian(const unsigned char *p, int n) {
  uint32_t v = 0;
  for (int i = 0; i < n; i++) v = v << 8 | p[i];
  return v;
}

/* Chunks: length, type, that many bytes, their checksum; IHDR first, IEND last, IDAT between. */
static const char *png_fault(const unsigned char *p, size_t n) {
  bool pixels = false;
  for (size_t i = 8; n - i >= 12;) {
    uint32_t length = big_endian(p + i, 4);
    if (length > n - i - 12) return cut_off;
    if (big_endian(p + i + 8 + length, 4) != crc32(0, p + i + 4, length + 4))
      return "a checksum in it is wrong";
    bool head = memcmp(p + i + 4, "IHDR", 4) == 0;
    if (head != (i == 8)) return "its parts are in no order";
    if (head && (length != 13 || !big_endian(p + i + 8, 4) || !big_endian(p + i + 12, 4)))
      return "it has no size";
    if (memcmp(p + i + 4, "IDAT", 4) == 0) pixels = true;
    if (memcmp(p + i + 4, "IEND", 4) == 0) return pixels ? NULL : "it holds no pixels";
    i += 12 + (size_t)length;
  }
  return cut_off;
}

static bool begins_frame(unsigned char marker) {
  return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

/* Behind a start of scan: pixels, until a marker that is neither a stuffed byte nor a restart. */
static size_t skip_pixels(const unsigned char *p, size_t n, size_t i) {
  while (i + 1 < n && !(p[i] == 0xff && p[i + 1] != 0 && p[i + 1] != 0xff && (p[i + 1] & 0xf8) != 0xd0)) i++;
  return i;
}

/* Segments: 0xff, marker, length, bytes; a frame with a size, at least one scan, and the end of the image. */
static const char *jpeg_fault(const unsigned char *p, size_t n) {
  bool sized = false, scanned = false;
  for (size_t i = 2; i + 1 < n;) {
    if (p[i] != 0xff) return "its parts are in no order";
    unsigned char marker = p[i + 1];
    if (marker == 0xff) {
      i++;
      continue;
    }
    if (marker == 0xd9) return sized && scanned ? NULL : "it holds no pixels";
    if (n - i < 4) return cut_off;
    uint32_t length = big_endian(p + i + 2, 2);
    if (length < 2 || length > n - i - 2) return cut_off;
    if (begins_frame(marker)) {
      if (length < 8 || !big_endian(p + i + 5, 2) || !big_endian(p + i + 7, 2)) return "it has no size";
      sized = true;
    }
    i += 2 + length;
    if (marker != 0xda) continue;
    scanned = true;
    i = skip_pixels(p, n, i);
  }
  return cut_off;
}

const char *picture_fault(const void *bytes, size_t n) {
  const char *kind = picture_kind(bytes, n);
  if (!kind) return "it is neither a PNG nor a JPEG";
  return strcmp(kind, "png") == 0 ? png_fault(bytes, n) : jpeg_fault(bytes, n);
}
