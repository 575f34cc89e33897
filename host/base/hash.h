/* hash.h - SHA-256 through libcrypto. Any thread. */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { SHA_BYTES = 32, SHA_HEX = 65 };

void sha256(const void *data, size_t n, uint8_t out[SHA_BYTES]);
void sha256_hex(const void *data, size_t n, char out[SHA_HEX]); /* lower case, NUL-terminated */
void hex_encode(const uint8_t *data, size_t n, char *out);      /* writes 2n + 1 bytes */

/* In pieces: sha256_begin -> sha256_add* -> sha256_end (which frees it). */
struct sha256;
struct sha256 *sha256_begin(void);
void sha256_add(struct sha256 *s, const void *data, size_t n);
void sha256_end(struct sha256 *s, uint8_t out[SHA_BYTES]);
