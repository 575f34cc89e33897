/* client.h - a small blocking HTTP/1.1 client that speaks JSON to a living owner of the library. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include "store/write/library.h"

/* Where a call that got no answer broke off. */
enum client_end {
  CLIENT_ANSWERED, /* there is an answer: OK, or the owner's own error */
  CLIENT_NOT_SENT, /* nobody took it: try again */
  CLIENT_CROWDED,  /* the owner had no thread for it and did nothing: try again */
  CLIENT_CUT       /* it was sent, the answer did not come: the owner may have done it */
};

/* Sends `body` (NULL: none) with the owner's token. OK: *out is the answer, owned by the caller. Else the owner's error, or
 * ERR_UNAVAILABLE (see *end), or ERR_OWNED when the owner is stopped (Ctrl-Z) and so cannot answer. */
enum err client_call(const struct library_owner *owner, const char *method, const char *path,
                     const json_t *body, json_t **out, enum client_end *end, struct error *e);
/* Does somebody listen where `url` points? One look, no request: those may cost. True where it cannot be told: behind a proxy, or for what is
 * no http address. */
bool client_reaches(const char *url);
