/* hash.c - SHA-256 and hex.
 *
 * The algorithm is fetched once: libcrypto's own EVP_sha256() looks it up again on every use, which costs
 * more than hashing a short string. So does making a context, and each thread keeps one for the next time. Any thread. */
#include "base/hash.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <pthread.h>
#include "base/mem.h"

static EVP_MD *algorithm;
static pthread_key_t spare; /* struct sha256 of this thread that nobody uses; freed with the thread */

struct sha256 {
  EVP_MD_CTX *ctx;
};

static void free_context(void *arg) {
  struct sha256 *s = arg;
  EVP_MD_CTX_free(s->ctx);
  free(s);
}

static void fetch(void) {
  if (pthread_key_create(&spare, free_context) != 0) fatal("no thread key for SHA-256");
  algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
  if (!algorithm) fatal("libcrypto offers no SHA-256");
}

static const EVP_MD *sha256_algorithm(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, fetch);
  return algorithm;
}

void sha256(const void *data, size_t n, uint8_t out[SHA_BYTES]) {
  struct sha256 *s = sha256_begin();
  sha256_add(s, data, n);
  sha256_end(s, out);
}

void hex_encode(const uint8_t *data, size_t n, char *out) {
  static const char digits[] = "0123456789abcdef";
  for (size_t i = 0; i < n; i++) {
    *out++ = digits[data[i] >> 4];
    *out++ = digits[data[i] & 15];
  }
  *out = '\0';
}

void sha256_hex(const void *data, size_t n, char out[SHA_HEX]) {
  uint8_t sum[SHA_BYTES];
  sha256(data, n, sum);
  hex_encode(sum, SHA_BYTES, out);
}

struct sha256 *sha256_begin(void) {
  const EVP_MD *md = sha256_algorithm();
  struct sha256 *s = pthread_getspecific(spare);
  if (s) {
    pthread_setspecific(spare, NULL); /* two may be open at once */
  } else {
    s = mem_alloc(sizeof *s);
    s->ctx = EVP_MD_CTX_new();
  }
  if (!s->ctx || EVP_DigestInit_ex(s->ctx, md, NULL) != 1) fatal("SHA-256 failed");
  return s;
}

void sha256_add(struct sha256 *s, const void *data, size_t n) {
  if (EVP_DigestUpdate(s->ctx, data, n) != 1) fatal("SHA-256 failed");
}

void sha256_end(struct sha256 *s, uint8_t out[SHA_BYTES]) {
  if (EVP_DigestFinal_ex(s->ctx, out, NULL) != 1) fatal("SHA-256 failed");
  if (pthread_getspecific(spare))
    free_context(s);
  else
    pthread_setspecific(spare, s);
}
