/* rehearsal_speech.h - the dialects in which the rehearsal model can be asked over HTTP and answers. Pure; any thread.
 *
 * A request in any of them becomes one of chat completions, which is what the model understands (speech_read); its answer leaves in the
 * dialect it was asked in (rehearsal_wire.h). */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include "base/buf.h"

struct rehearsal_stream;

/* One dialect. `put_*` append what leaves. */
struct speech {
  const char *name, *content_type;
  const char *path; /* the end of the address before '?' and, where the model stands in it, the colon */
  json_t *(*read)(const json_t *request,
                  const char *target); /* a new request; NULL: it is one of chat completions as it is */
  void (*put_begin)(struct rehearsal_stream *s, struct buf *out); /* or NULL */
  void (*put_thought)(struct rehearsal_stream *s, struct buf *out);
  void (*put_text)(struct rehearsal_stream *s, int choice, const char *text, size_t n, struct buf *out);
  void (*put_last)(struct rehearsal_stream *s, struct buf *out);
  void (*put_body)(const struct rehearsal_stream *s, struct buf *out);
  json_t *(*error)(int status, const char *message, const char *type, const char *code);
  bool flat_errors; /* an error event has no "error" around it */
  bool lines;       /* a JSON document a line, and no server-sent events */
};

extern const struct speech speech_chat, speech_responses, speech_messages, speech_gemini, speech_ollama;

/* That of an address ("/v1/messages?beta=true"); NULL: none answers there. */
const struct speech *speech_at(const char *target);
/* The request as one of chat completions; a new reference. */
json_t *speech_read(const struct speech *speech, json_t *request, const char *target);
/* Appends the event of an error in the stream. */
void speech_put_error(const struct speech *speech, const char *message, const char *type, struct buf *out);
/* One event of a stream: `v` as the data; its "type" is the name where the dialect has names. Takes v. */
void speech_put(const struct speech *speech, json_t *v, struct buf *out);
