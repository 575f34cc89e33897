/* address.c - what can be said of a URL without asking anybody: is it this machine, do two name the same server? */
#include <curl/curl.h>
#include <string.h>
#include <strings.h>
#include "llm/curl_late.h"
#include "llm/http.h"

bool http_is_loopback(const char *url) {
  if (curl_late_load(NULL) != OK) return false;
  CURLU *u = curl_url();
  char *host = NULL;
  bool own =
      u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
      curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
      (strcasecmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 || strcmp(host, "[::1]") == 0);
  curl_free(host);
  curl_url_cleanup(u);
  return own;
}

static bool part_equals(CURLU *a, CURLU *b, CURLUPart part, unsigned flags) {
  char *x = NULL, *y = NULL;
  bool same = curl_url_get(a, part, &x, flags) == CURLUE_OK &&
              curl_url_get(b, part, &y, flags) == CURLUE_OK && strcasecmp(x, y) == 0;
  curl_free(x);
  curl_free(y);
  return same;
}

static bool is_plain_http(CURLU *u, const char *url) {
  if (curl_url_set(u, CURLUPART_URL, url, 0) != CURLUE_OK) return false;
  char *scheme = NULL, *user = NULL;
  bool http = curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
              (strcasecmp(scheme, "http") == 0 || strcasecmp(scheme, "https") == 0);
  bool has_user = curl_url_get(u, CURLUPART_USER, &user, 0) == CURLUE_OK;
  curl_free(scheme);
  curl_free(user);
  return http && !has_user;
}

bool http_same_origin(const char *a, const char *b) {
  if (curl_late_load(NULL) != OK) return false;
  CURLU *x = curl_url(), *y = curl_url();
  bool same = x && y && is_plain_http(x, a) && is_plain_http(y, b) &&
              part_equals(x, y, CURLUPART_SCHEME, 0) && part_equals(x, y, CURLUPART_HOST, 0) &&
              part_equals(x, y, CURLUPART_PORT, CURLU_DEFAULT_PORT);
  curl_url_cleanup(x);
  curl_url_cleanup(y);
  return same;
}
