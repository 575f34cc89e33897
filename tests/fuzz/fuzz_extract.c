/* fuzz_extract.c - any answer gives a document that is whole JSON, or an error; and schemas of any kind are judged. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/jsonx.h"
#include "lua/extract.h"
#include "lua/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  struct error e = {0};
  json_t *v = json_extract((const char *)data, n, &e), *again;
  if (!v && !e.message[0]) abort();
  if (!v) return 0;
  char *text = jsonx_dumps(v);
  if (!text || jsonx_parse(text, strlen(text), "it", &again, NULL) != OK) abort();
  if (schema_supported(v, &e) == OK) {
    char *ordered = schema_ordered_text(v);
    (void)schema_check(v, v, &e);
    (void)schema_check_lua(v, again, &e);
    free(ordered);
  }
  json_decref(again);
  json_decref(v);
  free(text);
  return 0;
}
