/* fuzz_jsonx.c - any bytes are refused or have a canonical form that reads back as itself. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/jsonx.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  const char *text = (const char *)data;
  char slug[32];
  text_slug(text, n, slug, sizeof slug);
  if (text_words(text, n) > n) abort();
  json_t *v, *again;
  if (jsonx_parse(text, n, "it", &v, NULL) != OK) return 0;
  char *once = jsonx_dumps(v);
  if (jsonx_parse(once, strlen(once), "it", &again, NULL) != OK) abort();
  char *twice = jsonx_dumps(again);
  if (strcmp(once, twice) != 0) abort();
  free(once);
  free(twice);
  json_decref(v);
  json_decref(again);
  return 0;
}
