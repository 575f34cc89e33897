/* secret.h - passwords and tokens: made, hashed, compared. Any thread. */
#pragma once
#include <stdbool.h>
#include "base/err.h"
#include "base/hash.h"

enum { SECRET_TOKEN = 65, SECRET_HASH = 384 };

/* 32 random bytes in hex. */
void secret_token(char out[SECRET_TOKEN]);
/* Compares all of both, by their hashes: the time tells nothing. */
bool secret_same(const char *a, const char *b);
/* yescrypt, with a salt of its own. Takes some tens of milliseconds and some MB, on purpose: ERR_IO when it cannot. */
enum err secret_hash(const char *password, char out[SECRET_HASH], struct error *e);
bool secret_check(const char *password, const char *hash);
/* The URL as it may be shown: without user and password, what a query says as "...". With `path` false the path too, which is what
 * makes a webhook's address a secret. The caller frees it. */
char *secret_url(const char *url, bool path);
