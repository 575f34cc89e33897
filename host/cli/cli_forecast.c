/* cli_forecast.c - `quire forecast`: what a run will take, before it is started. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "cli/cli_forecast.h"
#include "cli/command.h"
#include "cli/request.h"
#include "cli/stop.h"
#include "forecast/forecast.h"

enum { SECONDS = 120 };

/* ---- ranges in words */

static double at(const json_t *range, const char *which) {
  return jsonx_num(range, which, 0);
}

/* "1,234", as people write numbers that they compare. */
static const char *number(double v, char room[40]) {
  char plain[32];
  int n = snprintf(plain, sizeof plain, "%.0f", v), out = 0;
  for (int i = 0; i < n; i++) {
    if (i && (n - i) % 3 == 0) room[out++] = ',';
    room[out++] = plain[i];
  }
  room[out] = '\0';
  return room;
}

static const char *amount(const char *kind, double v, char room[40]) {
  if (strcmp(kind, "cost_usd") == 0) return view_money((int64_t)(v * 1e9), 0, room);
  if (strcmp(kind, "seconds") == 0) return view_duration((int64_t)(v * 1000), room);
  return number(v, room);
}

/* "$1.24 ($0.80 to $3.10)"; free() it. */
static char *range_text(const json_t *of, const char *kind) {
  const json_t *range = json_object_get(of, kind);
  char likely[40], low[40], high[40];
  if (!json_is_object(range)) return mem_dup("unknown");
  return mem_printf("%s (%s to %s)", amount(kind, at(range, "likely"), likely),
                    amount(kind, at(range, "low"), low), amount(kind, at(range, "high"), high));
}

/* Counts as they are likely; money and time as the range that they are. */
static void cells(struct table *t, const char *name, const json_t *of) {
  static const char *const counts[] = {"calls", "tokens_in", "tokens_out"}, *const ranges[] = {"cost_usd",
                                                                                               "seconds"};
  char room[40];
  table_cell(t, "%s", name);
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
    table_cell(t, "%s", number(at(json_object_get(of, counts[i]), "likely"), room));
  for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
    char *text = range_text(of, ranges[i]);
    table_cell(t, "%s", text);
    free(text);
  }
}

static void print_list(const json_t *list, const char *head, const char *field) {
  const char *headers[] = {head, ">CALLS", ">TOKENS IN", ">TOKENS OUT", "COST", "TIME", NULL};
  struct table *t = table_new(headers);
  size_t i;
  json_t *v;
  json_array_foreach(list, i, v) cells(t, jsonx_str(v, field, "?"), v);
  table_print(t);
}

static void print_whole(const json_t *v) {
  static const struct {
    const char *name, *kind;
  } rows[] = {{"cost", "cost_usd"},
              {"calls", "calls"},
              {"tokens in", "tokens_in"},
              {"tokens out", "tokens_out"},
              {"time", "seconds"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char *text = range_text(v, rows[i].kind);
    out_line("%-10s %s", rows[i].name, text);
    free(text);
  }
}

/* A paragraph of its own. */
#define remark(...) (out_line("%s", ""), out_line(__VA_ARGS__))

/* What the numbers do not say by themselves. */
static void print_remarks(const json_t *v) {
  const json_t *cost = json_object_get(v, "cost_usd"), *unpriced = json_object_get(v, "unpriced");
  double limit = jsonx_num(v, "limit_usd", 0);
  size_t i;
  json_t *model;
  if (json_is_true(json_object_get(v, "rehearsal")))
    out_line(
        "\nThis is a rehearsal: the embedded model answers, and it costs nothing. --model PROVIDER/NAME names another.");
  json_array_foreach(unpriced, i, model) remark(
      "The price of %s is unknown, and its calls are in no sum above. In quire.lua: prices = { [\"%s\"] = { input = USD, output = USD } }, "
      "per million tokens.",
      json_string_value(model), json_string_value(model));
  json_array_foreach(json_object_get(v, "models"), i,
                     model) if (strcmp(jsonx_str(model, "thinks", ""), "unknown") == 0)
      remark("Whether %s thinks before it answers is not known: the range holds both.",
             jsonx_str(model, "model", "?"));
  if (at(cost, "high") > limit && limit >= 0)
    remark("The run's limit is $%.2f: it %s pause there. --budget USD sets another.", limit,
           at(cost, "likely") > limit ? "will probably" : "may");
}

static void print(const json_t *v) {
  print_whole(v);
  out_line("%s", "");
  print_list(json_object_get(v, "phases"), "PHASE", "name");
  out_line("%s", "");
  print_list(json_object_get(v, "models"), "MODEL", "model");
  print_remarks(v);
}

/* ---- the command */

static bool stopped(void) {
  return stop_signal() != 0;
}

static enum err forecast_for(struct cli *c, const json_t *request, json_t **out, struct error *e) {
  struct forecast f = {.library = c->library,
                       .scripts = options_get(&c->options, "scripts"),
                       .request = request,
                       .seconds = SECONDS,
                       .stopped = stopped};
  return forecast_make(&f, out, e);
}

enum err forecast_before(struct cli *c, json_t *request, struct error *e) {
  json_t *answer = NULL;
  enum err err = forecast_for(c, request, &answer, e);
  if (err != OK) return err;
  char *cost = range_text(answer, "cost_usd"), *calls = range_text(answer, "calls"),
       *time = range_text(answer, "seconds");
  out_say(&c->out, "Expected: %s, %s calls, %s", cost, calls, time);
  free(cost);
  free(calls);
  free(time);
  json_object_set_new(request, "forecast", answer);
  return OK;
}

/* "-": the request itself stands on standard input, as POST /api/runs takes it. */
static enum err read_request(struct cli *c, json_t **request, struct error *e) {
  if (strcmp(c->args[0], "-") != 0) return request_run(c, request, e);
  struct buf b;
  buf_init(&b, MAX_HTTP_BODY_BYTES);
  enum err err = request_file("-", "the request", true, &b, e);
  if (err == OK) err = jsonx_parse(b.data, b.len, "the request", request, e);
  buf_release(&b);
  return err;
}

int cli_forecast(struct cli *c) {
  struct error e = {0};
  json_t *request = NULL, *answer = NULL;
  stop_catch();
  enum err err = read_request(c, &request, &e);
  if (err == OK) err = forecast_for(c, request, &answer, &e);
  json_decref(request);
  if (err != OK) return cli_fail(c, &e);
  if (c->out.json)
    out_json(answer);
  else
    print(answer);
  if (!c->out.json) json_decref(answer);
  return EXIT_DONE;
}
