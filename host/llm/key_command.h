/* key_command.h - a provider's key that a command prints: tokens that live an hour, secrets that a vault keeps. The command is run when a key is
 * needed, again shortly before the key ends, and again when a provider refuses it; what it prints is kept in memory only.
 *
 *   { access_token = ..., expires_in = 3600 } as JSON, as gcloud, az and OAuth servers print it, or the bare key on one line */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"

enum { KEY_COMMAND_MOST_BYTES = 64 << 10, KEY_MOST_BYTES = 16 << 10 };

struct fresh_key {
  char *key;        /* the caller's, to be wiped */
  int64_t until_ms; /* when another one is wanted; 0: once this one is refused */
};
/* Runs it by /bin/sh and waits for it, so many seconds at most (0: 30). Not on a loop. `stop`: a descriptor that can be read once nobody wants it any
 * more, or -1. ERR_AUTH with a sentence about what the command did, never with what it printed. */
enum err key_command_run(const char *command, double seconds, int stop, struct fresh_key *out,
                         struct error *e);
/* What it printed. Pure. ERR_AUTH. */
enum err key_command_read(const char *text, size_t n, int64_t now_ms, struct fresh_key *out, struct error *e);
