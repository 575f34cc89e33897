/* fuzz_framing.c - whatever comes, in one piece or byte by byte, gives the same events and the same end. */
#include <assert.h>
#include <stdint.h>
#include <string.h>
#include "llm/framing.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static enum err note(void *arg, const char *name, const char *data, size_t n) {
  struct buf *log = arg;
  assert(data[n] == '\0');
  buf_printf(log, "%s %zu ", name, n);
  return buf_append(log, data, n);
}

static void play(enum framing_kind kind, const uint8_t *bytes, size_t n, size_t step, struct buf *log) {
  struct framing f;
  framing_init(&f, kind, 64);
  for (size_t at = 0; at < n; at += step)
    (void)framing_feed(&f, bytes + at, step < n - at ? step : n - at, note, log);
  buf_printf(log, "end %d", framing_end(&f, note, log));
  framing_release(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
  if (n < 2) return 0;
  enum framing_kind kind = (enum framing_kind)(bytes[0] % 3);
  size_t step = 1 + bytes[1] % 7;
  struct buf whole, single, stepped;
  struct buf *logs[] = {&whole, &single, &stepped};
  for (int i = 0; i < 3; i++) buf_init(logs[i], 64 << 20);
  play(kind, bytes + 2, n - 2, n, &whole);
  play(kind, bytes + 2, n - 2, 1, &single);
  play(kind, bytes + 2, n - 2, step, &stepped);
  assert(whole.len == single.len && memcmp(whole.data, single.data, whole.len) == 0);
  assert(whole.len == stepped.len && memcmp(whole.data, stepped.data, whole.len) == 0);
  for (int i = 0; i < 3; i++) buf_release(logs[i]);
  return 0;
}
