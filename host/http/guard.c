/* guard.c - who may come in: checks that civetweb 1.15 does not make. Any server thread.
 *
 * A server on loopback is reached by every page the user's browser shows: a page can name us by a DNS name of its own
 * (so Host is checked), and can post to us without asking (so Origin is). Two readings of where a body ends let one
 * request hide in another behind a proxy (so Content-Length must be plain and alone). */
#include "http/internal.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "base/secret.h"

static int count_header(const struct request *q, const char *name, const char **value) {
  int n = 0;
  for (int i = 0; i < q->info->num_headers; i++) {
    if (strcasecmp(q->info->http_headers[i].name, name) != 0) continue;
    if (n++ == 0) *value = q->info->http_headers[i].value;
  }
  return n;
}

/* A line that is no header ends the head for civetweb: what follows it would be lost unseen. After the last value and its line end, which are NULs by
 * now, only the empty line may stand. */
static bool ends_there(const char *last_value) {
  const char *at = last_value + strlen(last_value);
  for (int i = 0; i < 2 && *at == '\0'; i++) at++;
  return *at == '\r';
}

/* civetweb keeps MG_MAX_HEADERS lines and drops the rest unseen; and it takes a name with blanks before its colon, which another program reads
 * as another name. It writes NULs over what ends a name: one more than the colon's was a blank. */
static bool guard_head(struct request *q, struct response *a) {
  const struct mg_request_info *info = q->info;
  bool plain = true;
  for (int i = 0; i < info->num_headers && plain; i++) {
    const char *end = info->http_headers[i].name + strlen(info->http_headers[i].name) + 1;
    plain =
        end >= info->http_headers[i].value || !memchr(end, '\0', (size_t)(info->http_headers[i].value - end));
  }
  plain = plain && info->num_headers > 0 && ends_there(info->http_headers[info->num_headers - 1].value);
  if (info->num_headers >= MG_MAX_HEADERS)
    response_fail_and_close(a, 431, "bad_request", "the request has too many header lines");
  else if (!plain)
    response_fail_and_close(a, 400, "bad_request",
                            "a line of the head is not a header, or has a blank before its colon");
  return plain && info->num_headers < MG_MAX_HEADERS;
}

static bool plain_length(const char *s) {
  size_t n = strspn(s, "0123456789");
  return n > 0 && n <= 15 && s[n] == '\0';
}

static bool guard_length(struct request *q, struct response *a) {
  const char *length = NULL, *encoding = NULL;
  int lengths = count_header(q, "Content-Length", &length),
      encodings = count_header(q, "Transfer-Encoding", &encoding);
  if (lengths > 1 || (lengths == 1 && !plain_length(length)) || (lengths && encodings)) {
    response_fail_and_close(a, 400, "bad_length", "the length of the body is given twice or is not a number");
    return false;
  }
  if (encodings) {
    response_fail_and_close(a, 411, "length_required", "send the body with Content-Length, not in chunks");
    return false;
  }
  return true;
}

/* ---- Host and Origin ---- */

/* The host of "host:port" without brackets, in lower case. False: not a host. */
static bool host_of(const char *authority, char *host, size_t most) {
  const char *end = authority[0] == '[' ? strchr(authority, ']') : authority + strcspn(authority, ":");
  if (!end) return false;
  if (authority[0] == '[') authority++;
  size_t n = (size_t)(end - authority);
  if (*end == ']') end++;
  if (n == 0 || n >= most) return false;
  if (*end && (*end != ':' || end[1 + strspn(end + 1, "0123456789")] != '\0')) return false;
  for (size_t i = 0; i < n; i++) {
    unsigned char c = (unsigned char)authority[i];
    if (!isalnum(c) && !strchr("-._:", c)) return false;
    host[i] = (char)tolower(c);
  }
  host[n] = '\0';
  if (n > 1 && host[n - 1] == '.') host[n - 1] = '\0';
  return true;
}

static bool loopback(const char *host) {
  if (strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0) return true;
  return strncmp(host, "127.", 4) == 0 && host[strspn(host, "0123456789.")] == '\0';
}

static bool known_host(const struct server *s, const char *authority) {
  char host[256];
  if (!host_of(authority, host, sizeof host)) return false;
  bool everywhere = strcmp(s->host, "0.0.0.0") == 0;
  struct in_addr address; /* another site's page needs a name of its own to come in by: an address is none */
  if (everywhere && strcmp(host, "0.0.0.0") != 0 && inet_pton(AF_INET, host, &address) == 1) return true;
  if (loopback(host) || (strcmp(s->host, host) == 0 && !everywhere)) return true;
  for (size_t i = 0; s->allowed_hosts[i]; i++)
    if (strcasecmp(s->allowed_hosts[i], host) == 0 || strcmp(s->allowed_hosts[i], "*") == 0) return true;
  return false;
}

static bool guard_host(struct request *q, struct response *a) {
  const char *host = NULL;
  if (count_header(q, "Host", &host) == 1 && known_host(q->server, host)) return true;
  response_fail(a, 403, "host_not_allowed", "this server does not answer to that name",
                "use 127.0.0.1 or localhost, or allow the name in the configuration");
  return false;
}

static bool safe_method(const char *method) {
  return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 || strcmp(method, "OPTIONS") == 0;
}

/* A link of another site may lead here, its pages may not fetch from here: what they are refused they cannot measure either. */
static bool guard_site(struct request *q, struct response *a) {
  const char *site = request_header(q, "Sec-Fetch-Site"), *mode = request_header(q, "Sec-Fetch-Mode"),
             *into = request_header(q, "Sec-Fetch-Dest");
  bool link = safe_method(request_method(q)) && mode && strcmp(mode, "navigate") == 0 &&
              (!into || strcmp(into, "document") == 0);
  if (!site || strcmp(site, "cross-site") != 0 || link) return true;
  response_fail(a, 403, "foreign_origin", "a page of another site may not use this server",
                "open it in a window of its own");
  return false;
}

/* Our own pages have the Origin that the Host header names. */
static bool guard_origin(struct request *q, struct response *a) {
  const char *origin = NULL, *host = request_header(q, "Host");
  if (safe_method(request_method(q))) return true;
  int origins = count_header(q, "Origin", &origin);
  bool ours = origins == 0;
  if (origins == 1 && strncmp(origin, "http://", 7) == 0) ours = strcasecmp(origin + 7, host) == 0;
  if (origins == 1 && strncmp(origin, "https://", 8) == 0) ours = strcasecmp(origin + 8, host) == 0;
  if (ours) return true;
  response_fail(a, 403, "foreign_origin", "a page of another site may not change anything here", "");
  return false;
}

bool guard(struct request *q, struct response *a) {
  return guard_head(q, a) && guard_length(q, a) && guard_host(q, a) && guard_site(q, a) && guard_origin(q, a);
}

/* ---- token ---- */

bool guard_token(struct request *q, struct response *a) {
  if (!q->server->token) return true;
  const char *given = request_header(q, "Authorization");
  bool bearer = given && strncasecmp(given, "Bearer ", 7) == 0;
  if (bearer && secret_same(given + 7 + strspn(given + 7, " "), q->server->token)) return true;
  response_header(a, "WWW-Authenticate", "Bearer");
  response_fail(a, 401, "unauthorized", given ? "that token is not the right one" : "a token is needed",
                "send it as Authorization: Bearer TOKEN");
  return false;
}
