/* secret.c - see secret.h. */
#include "base/secret.h"

#include <crypt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/mem.h"

void secret_token(char out[SECRET_TOKEN]) {
  uint8_t bytes[32];
  if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes) fatal("no random numbers");
  hex_encode(bytes, sizeof bytes, out);
}

bool secret_same(const char *a, const char *b) {
  uint8_t x[SHA_BYTES], y[SHA_BYTES], differ = 0;
  sha256(a, strlen(a), x);
  sha256(b, strlen(b), y);
  for (int i = 0; i < SHA_BYTES; i++) differ |= x[i] ^ y[i];
  return differ == 0;
}

/* struct crypt_data is 32 KB: not on the stack. */
static bool crypt_to(const char *password, const char *setting, char out[SECRET_HASH]) {
  struct crypt_data *data = mem_alloc(sizeof *data);
  const char *hash = crypt_rn(password, setting, data, sizeof *data);
  bool ok = hash && hash[0] != '*' && strlen(hash) < SECRET_HASH;
  if (ok) snprintf(out, SECRET_HASH, "%s", hash);
  explicit_bzero(data, sizeof *data);
  free(data);
  return ok;
}

enum err secret_hash(const char *password, char out[SECRET_HASH], struct error *e) {
  char salt[CRYPT_GENSALT_OUTPUT_SIZE];
  if (crypt_gensalt_rn("$y$", 0, NULL, 0, salt, sizeof salt) && crypt_to(password, salt, out)) return OK;
  return err_set(e, ERR_IO, "this system's libcrypt cannot hash a password with yescrypt");
}

bool secret_check(const char *password, const char *hash) {
  char again[SECRET_HASH];
  bool same = crypt_to(password, hash, again) && secret_same(again, hash);
  explicit_bzero(again, sizeof again);
  return same;
}

char *secret_url(const char *url, bool path) {
  const char *mark = strstr(url, "://"), *host = mark ? mark + 3 : url;
  size_t n = strcspn(host, "/?#");
  const char *user = memrchr(host, '@', n), *rest = host + n;
  if (user) {
    n -= (size_t)(user + 1 - host);
    host = user + 1;
  }
  size_t shown = path ? strcspn(rest, "?#") : *rest == '/';
  return mem_printf("%.*s%.*s%.*s%s", mark ? (int)(mark + 3 - url) : 0, url, (int)n, host, (int)shown, rest,
                    rest[shown] ? "..." : "");
}
