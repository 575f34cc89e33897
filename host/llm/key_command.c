/* key_command.c - see key_command.h. */
#include "llm/key_command.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/child.h"
#include "base/clock.h"
#include "base/jsonx.h"
#include "base/mem.h"

/* A key that is about to end would be refused in the middle of a request. */
enum { BEFORE_END_MS = 60000, END_IN_MS_FROM = 100000000 };
static const double default_s = 30;

/* ---- what it printed */

static const char *first_of(const json_t *v, const char *const *names) {
  for (; *names; names++)
    if (json_is_string(json_object_get(v, *names))) return json_string_value(json_object_get(v, *names));
  return NULL;
}

/* Seconds, as a number or as its digits; < 0: there is none. */
static double number_of(const json_t *v, const char *const *names) {
  for (; *names; names++) {
    const json_t *n = json_object_get(v, *names);
    char *end = NULL;
    double seconds = json_is_number(n)   ? json_number_value(n)
                     : json_is_string(n) ? strtod(json_string_value(n), &end)
                                         : -1;
    if (n && seconds >= 0 && (!end || !*end)) return seconds;
  }
  return -1;
}

/* "2026-11-27T20:00:00Z"; 0: it is none. */
static int64_t time_of(const char *text) {
  struct tm t = {0};
  const char *end = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &t) : NULL;
  if (!end) return 0;
  if (*end == '.') end += 1 + strspn(end + 1, "0123456789");
  return strcmp(end, "Z") == 0 || strcmp(end, "+00:00") == 0 ? (int64_t)timegm(&t) * 1000 : 0;
}

static int64_t end_of(const json_t *v, int64_t now_ms) {
  static const char *const in[] = {"expires_in", "expiresIn", NULL};
  static const char *const at[] = {"expires_at", "expires_on",          "expiry",       "expiration",
                                   "Expiration", "expirationTimestamp", "token_expiry", NULL};
  double seconds = number_of(v, in), moment = number_of(v, at);
  if (seconds >= 0) return now_ms + (int64_t)(seconds * 1000);
  if (moment >= 0) return (int64_t)(moment > 1e3 * END_IN_MS_FROM ? moment : moment * 1000);
  return time_of(first_of(v, at));
}

static bool is_key(const char *text, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (text[i] <= ' ' || text[i] >= 0x7f) return false;
  return n > 0 && n <= KEY_MOST_BYTES;
}

static enum err take(const char *key, size_t n, struct fresh_key *out, struct error *e) {
  if (!is_key(key, n))
    return err_set(e, ERR_AUTH, "what it printed is not one key, nor JSON with an access_token");
  out->key = mem_dup_n(key, n);
  return OK;
}

static enum err take_json(const char *text, size_t n, int64_t now_ms, struct fresh_key *out,
                          struct error *e) {
  static const char *const names[] = {"access_token", "accessToken", "token", "key", "api_key", NULL};
  json_t *v = NULL;
  if (jsonx_parse(text, n, "it", &v, NULL) != OK) return take("", 0, out, e);
  const json_t *inner = json_object_get(v, "status"), *from = json_is_object(inner) ? inner : v;
  const char *key = first_of(from, names);
  enum err err = take(key ? key : "", key ? strlen(key) : 0, out, e);
  int64_t end = end_of(from, now_ms);
  if (err == OK && end)
    out->until_ms = end - BEFORE_END_MS > now_ms ? end - BEFORE_END_MS : (now_ms + end) / 2;
  json_decref(v);
  return err;
}

enum err key_command_read(const char *text, size_t n, int64_t now_ms, struct fresh_key *out,
                          struct error *e) {
  *out = (struct fresh_key){0};
  while (n && strchr(" \t\r\n", text[n - 1])) n--;
  while (n && strchr(" \t\r\n", *text)) text++, n--;
  if (!n) return err_set(e, ERR_AUTH, "it printed nothing");
  return *text == '{' ? take_json(text, n, now_ms, out, e) : take(text, n, out, e);
}

/* ---- running it */

static enum err how_it_ended(int status, double seconds, struct error *e) {
  if (status == 0) return OK;
  if (status == CHILD_ENDED) return err_set(e, ERR_AUTH, "it did not end within %g s", seconds);
  if (status == CHILD_DIED) return err_set(e, ERR_AUTH, "it was killed");
  if (status == CHILD_MISSING) return err_set(e, ERR_AUTH, "its program was not found (status 127)");
  return err_set(e, ERR_AUTH, "it ended with status %d", status);
}

/* What it complains about may name what it was given: that is dropped. */
enum err key_command_run(const char *command, double seconds, int stop, struct fresh_key *out,
                         struct error *e) {
  const char *argv[] = {"/bin/sh", "-c", command, NULL};
  struct buf printed;
  bool too_much = false;
  *out = (struct fresh_key){0};
  buf_init(&printed, KEY_COMMAND_MOST_BYTES);
  if (seconds <= 0) seconds = default_s;
  int status = child_run(
      &(struct child_job){
          .argv = argv, .silent = true, .ms = (int)(seconds * 1000), .stop = stop, .too_much = &too_much},
      &printed);
  enum err err = how_it_ended(status, seconds, e);
  if (err == OK && too_much) err = err_set(e, ERR_AUTH, "it printed more than a key may have");
  if (err == OK) err = key_command_read(printed.data, printed.len, clock_wall_ms(), out, e);
  if (printed.len) explicit_bzero(printed.data, printed.len);
  buf_release(&printed);
  return err;
}
