/* embedded.c - see embedded.h. */
#include "base/embedded.h"

#include <stdlib.h>
#include <zlib.h>

#include "base/mem.h"

char *embedded_unpack(const struct embedded_file *f) {
  union {
    const char *in;
    char *out;
  } borrowed = {.in = f->data}; /* zlib's interface is older than const; it only reads */
  char *text = mem_alloc(f->size + 1);
  z_stream z = {.next_in = (Bytef *)borrowed.out,
                .avail_in = (uInt)f->packed,
                .next_out = (Bytef *)text,
                .avail_out = (uInt)f->size + 1};
  enum { GZIP_WINDOW = 16 + MAX_WBITS };
  bool done = inflateInit2(&z, GZIP_WINDOW) == Z_OK && inflate(&z, Z_FINISH) == Z_STREAM_END;
  inflateEnd(&z);
  if (done) return text;
  free(text);
  return NULL;
}
