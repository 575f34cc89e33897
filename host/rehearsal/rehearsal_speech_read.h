/* rehearsal_speech_read.h - what rehearsal_speech.c needs of rehearsal_speech_read.c: requests as ones of chat completions, new references. */
#pragma once
#include "rehearsal/rehearsal_speech.h"

json_t *read_messages(const json_t *request, const char *target);
json_t *read_responses(const json_t *request, const char *target);
json_t *read_gemini(const json_t *request, const char *target);
json_t *read_ollama(const json_t *request, const char *target);
