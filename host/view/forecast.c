/* forecast.c - see forecast.h. */
#include "view/forecast.h"

#include <math.h>
#include <stdlib.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "view/words.h"

static const char *usd(double v, char room[40]) {
  return view_money((int64_t)llround(v * 1e9), 0, room);
}

/* "8% less than likely", "outside of it" */
static char *off(double actual, const json_t *range) {
  double likely = jsonx_num(range, "likely", 0);
  double percent = likely > 0 ? 100 * (actual - likely) / likely : 0;
  const char *where = actual > jsonx_num(range, "high", 0)  ? ", more than the highest"
                      : actual < jsonx_num(range, "low", 0) ? ", less than the lowest"
                                                            : "";
  if (fabs(percent) < 0.5) return mem_printf("as likely%s", where);
  return mem_printf("%.0f%% %s than likely%s", fabs(percent), percent > 0 ? "more" : "less", where);
}

static char *compare(const struct run_row *r, const json_t *forecast) {
  const json_t *cost = json_object_get(forecast, "cost_usd"), *calls = json_object_get(forecast, "calls");
  bool ended = r->status == RUN_COMPLETED;
  bool money = json_is_object(cost) && !r->unpriced_calls;
  char low[40], likely[40], high[40], is[40];
  const json_t *range = money ? cost : calls;
  double actual = money ? (double)r->cost_nano / 1e9 : (double)r->calls;
  char *difference = ended ? off(actual, range) : mem_dup("");
  char *said =
      money
          ? mem_printf("expected %s (%s to %s); %s %s%s%s%s", usd(jsonx_num(cost, "likely", 0), likely),
                       usd(jsonx_num(cost, "low", 0), low), usd(jsonx_num(cost, "high", 0), high),
                       ended ? "it took" : "so far", usd(actual, is), ended ? " (" : "", difference,
                       ended ? ")" : "")
          : mem_printf("expected %.0f calls (%.0f to %.0f); %s %lld%s%s%s", jsonx_num(calls, "likely", 0),
                       jsonx_num(calls, "low", 0), jsonx_num(calls, "high", 0), ended ? "it took" : "so far",
                       (long long)r->calls, ended ? " (" : "", difference, ended ? ")" : "");
  free(difference);
  return said;
}

json_t *view_forecast(const struct run_row *r) {
  json_t *options = r->retry_of ? NULL : view_parsed(r->options);
  json_t *forecast = json_incref(json_object_get(options, "forecast"));
  json_decref(options);
  if (!json_is_object(forecast)) {
    json_decref(forecast);
    return NULL;
  }
  char *says = compare(r, forecast);
  json_object_set_new(forecast, "says", view_text(says));
  free(says);
  return forecast;
}
