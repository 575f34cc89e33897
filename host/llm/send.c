/* send.c - a request on its way to its provider: the key into its headers, its deadlines. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "base/mem.h"
#include "llm/internal.h"

enum { FLEX_FIRST_BYTE_S = 900 }; /* it begins when there is room for it */

/* "Authorization: Bearer {{key}}" with the key in it; NULL when the header is to be left out. */
static char *fill_in(const char *header, const char *mark, const char *value) {
  const char *at = strstr(header, mark);
  if (!at) return mem_dup(header);
  return value ? mem_printf("%.*s%s%s", (int)(at - header), header, value, at + strlen(mark)) : NULL;
}

/* The key, and the number of the call's row: what a provider logs of a request leads back to it. */
static char *fill_header(const struct call_state *s, const char *header, const char *key) {
  if (strstr(header, "{{key}}")) return fill_in(header, "{{key}}", key);
  char call[24];
  snprintf(call, sizeof call, "%lld", (long long)s->row);
  return fill_in(header, "{{call}}", call);
}

static double seconds(double configured, double otherwise) {
  return configured > 0 ? configured : otherwise;
}

/* Does the URL stand below the provider's own, so that it may have the key? The prefix saves parsing both each time. */
static bool may_have_key(const char *url, const char *base) {
  size_t n = strlen(base);
  if (strncmp(url, base, n) == 0 && (url[n] == '/' || !url[n])) return true;
  return http_same_origin(url, base);
}

/* What says where a request goes and how its bytes are framed is the host's: with a Host of its own a script could send the key elsewhere. */
static bool is_the_hosts(const char *header) {
  static const char *const names[] = {"host",
                                      "connection",
                                      "keep-alive",
                                      "proxy-connection",
                                      "content-length",
                                      "te",
                                      "trailer",
                                      "upgrade",
                                      "transfer-encoding",
                                      "expect",
                                      "forwarded",
                                      "proxy-authorization",
                                      NULL};
  size_t n = strcspn(header, ":;"); /* libcurl takes "Name;" for an empty one */
  while (n && strchr(" \t", header[n - 1])) n--;
  for (int i = 0; names[i]; i++)
    if (strlen(names[i]) == n && strncasecmp(names[i], header, n) == 0) return true;
  return false;
}

static enum err check_headers(const struct call_state *s, const struct adapter_request *r, struct error *e) {
  for (size_t i = 0; i < r->n_headers; i++) {
    if (!is_the_hosts(r->headers[i])) continue;
    err_set(e, ERR_CONFIG, "the provider script %s sets the header '%.*s', which is the host's own",
            s->provider->config->adapter, (int)strcspn(r->headers[i], ":;"), r->headers[i]);
    err_hint(e, "leave it out: it follows from the address");
    return ERR_CONFIG;
  }
  return OK;
}

struct transfer *send_request(const struct call_state *s, struct adapter_request *r,
                              const struct http_handler *handler, void *arg, struct error *e) {
  if (check_headers(s, r, e) != OK) return NULL;
  const struct llm_provider *p = s->provider->config;
  const char *key = may_have_key(r->url, p->base_url) ? s->provider->key : NULL;
  double total = seconds(p->total_s, 3600); /* who does not stream sends the first byte when all is written */
  double first = seconds(p->first_byte_s, 300);
  if (s->tier == TIER_FLEX && first < FLEX_FIRST_BYTE_S) first = FLEX_FIRST_BYTE_S;
  char **headers = mem_alloc((r->n_headers + 1) * sizeof *headers);
  size_t n = 0;
  for (size_t i = 0; i < r->n_headers; i++)
    if ((headers[n] = fill_header(s, r->headers[i], key))) n++;
  struct http_request request = {
      .url = r->url,
      .headers = (const char *const *)headers,
      .n_headers = n,
      .body = r->body,
      .n_body = r->n_body,
      .method = r->method,
      .http1 = p->http1,
      .deadlines = {seconds(p->connect_s, 10), p->whole ? total : first, seconds(p->idle_s, 120), total}};
  r->body = NULL;
  struct transfer *t = http_start(s->llm->http, &request, handler, arg, e);
  for (size_t i = 0; i < n; i++) {
    explicit_bzero(headers[i], strlen(headers[i]));
    free(headers[i]);
  }
  free(headers);
  return t;
}
