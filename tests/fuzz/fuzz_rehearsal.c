/* fuzz_rehearsal.c - whatever a prompt or a schema holds, the rehearsal model answers in valid UTF-8 or says no. What stands before the
 * first NUL is the prompt; the rest is the schema. */
#include <assert.h>
#include <stdint.h>
#include <string.h>
#include "base/jsonx.h"
#include "base/text.h"
#include "rehearsal/rehearsal.h"
#include "rehearsal/rehearsal_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
  const uint8_t *nul = memchr(bytes, 0, n);
  size_t n_prompt = nul ? (size_t)(nul - bytes) : n;
  json_t *prompt = json_stringn((const char *)bytes, n_prompt), *schema = NULL;
  if (!prompt) return 0;
  if (nul && jsonx_parse((const char *)nul + 1, n - n_prompt - 1, "schema", &schema, NULL) != OK)
    schema = NULL;
  json_t *request =
      json_pack("{s:[{s:s, s:o}], s:i}", "messages", "role", "user", "content", prompt, "max_tokens", 300);
  if (schema)
    json_object_set_new(request, "response_format", json_pack("{s:{s:o}}", "json_schema", "schema", schema));
  struct buf text;
  struct rehearsal_usage usage;
  struct error e = {0};
  buf_init(&text, MAX_ANSWER_BYTES);
  if (rehearsal_answer(request, &(struct rehearsal_options){0}, &text, &usage, &e) == OK) {
    assert(utf8_valid(text.data, text.len, NULL));
    struct rehearsal_stream s;
    struct buf out;
    buf_init(&out, MAX_ANSWER_BYTES * 8);
    char key[SHA_HEX];
    (void)rehearsal_key(request, key, NULL);
    rehearsal_stream_init(&s, request, key, text.data, text.len, &usage, 7);
    while (rehearsal_stream_next(&s, &out)) continue;
    assert(utf8_valid(out.data, out.len, NULL));
    buf_release(&out);
  } else {
    assert(e.message[0]);
  }
  buf_release(&text);
  json_decref(request);
  return 0;
}
