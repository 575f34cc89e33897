/* words.c - see words.h. */
#include "view/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"

/* ---- JSON */

json_t *view_text(const char *s) {
  if (!s) return json_null();
  json_t *v = json_string(s);
  if (v) return v;
  char *copy = mem_dup(s);
  size_t n = strlen(copy), bad = 0;
  while (!utf8_valid(copy, n, &bad)) copy[bad] = '?';
  v = json_string(copy);
  free(copy);
  return v;
}

json_t *view_parsed(const char *text) {
  json_t *v = NULL;
  if (!text || jsonx_parse(text, strlen(text), "a column", &v, NULL) != OK) return json_null();
  return v;
}

void view_set_text(json_t *object, const char *name, const char *s) {
  if (s) json_object_set_new(object, name, view_text(s));
}

void view_set_time(json_t *object, const char *name, int64_t at_ms) {
  char iso[25], number[40];
  if (at_ms <= 0) return;
  clock_iso(at_ms, iso);
  snprintf(number, sizeof number, "%s_ms", name);
  json_object_set_new(object, name, json_string(iso));
  json_object_set_new(object, number, json_integer(at_ms));
}

json_t *view_usd(int64_t nano) {
  return json_real((double)nano / 1e9);
}

/* ---- numbers */

const char *view_money(int64_t nano, int64_t unpriced, char room[40]) {
  double usd = (double)nano / 1e9;
  if (unpriced > 0 && nano == 0)
    snprintf(room, 40, "price unknown");
  else
    snprintf(room, 40, usd >= 1 || nano == 0 ? "$%.2f%s" : "$%.4f%s", usd,
             unpriced > 0 ? " + unpriced calls" : "");
  return room;
}

const char *view_duration(int64_t ms, char room[40]) {
  long long s = ms > 0 ? ms / 1000 : 0;
  if (ms < 10000)
    snprintf(room, 40, "%.1f s", ms > 0 ? (double)ms / 1000 : 0.0);
  else if (s < 60)
    snprintf(room, 40, "%lld s", s);
  else if (s < 3600)
    snprintf(room, 40, "%lld min %lld s", s / 60, s % 60);
  else if (s < 172800)
    snprintf(room, 40, "%lld h %lld min", s / 3600, s % 3600 / 60);
  else
    snprintf(room, 40, "%lld days", s / 86400);
  return room;
}

const char *view_age(int64_t at_ms, char room[40]) {
  if (at_ms <= 0) return "-";
  char d[40];
  int64_t ms = clock_wall_ms() - at_ms;
  if (ms < 1000) return "now";
  if (ms < 60000)
    snprintf(room, 40, "%d s ago", (int)(ms / 1000));
  else if (ms < 3600000)
    snprintf(room, 40, "%d min ago", (int)(ms / 60000));
  else
    snprintf(room, 40, "%s ago", view_duration(ms, d));
  return room;
}

const char *view_time(int64_t at_ms, char room[40]) {
  if (at_ms <= 0) return "-";
  time_t t = (time_t)(at_ms / 1000);
  struct tm tm;
  if (!localtime_r(&t, &tm) || !strftime(room, 40, "%Y-%m-%d %H:%M:%S", &tm)) return "-";
  return room;
}
