/* cli_plan.c - --plan of resume and retry: what would stay and what would be asked again, before anything happens. */
#include <math.h>
#include <string.h>

#include "base/jsonx.h"
#include "cli/act.h"
#include "cli/plan.h"
#include "cli/terminal.h"

static const char *const fates[] = {"again", "may", "stays"}; /* in the order in which a person asks */
static const char *const words[] = {"asked again", "perhaps", "stays"};

static const char *word_of(const char *fate) {
  for (size_t i = 0; i < sizeof fates / sizeof *fates; i++)
    if (strcmp(fate, fates[i]) == 0) return words[i];
  return fate;
}

static const char *why_of(const json_t *item) {
  static const struct {
    const char *why, *words;
  } reasons[] = {{"models", "another model answers now"}, {"fork", "it comes after the place"},
                 {"failed", "it has no answer"},          {"rejected", "its answer could not be used"},
                 {"scripts", "the scripts changed"},      {"documents", "a document changed before it"}};
  const char *why = jsonx_str(item, "why", "");
  for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
    if (strcmp(why, reasons[i].why) == 0) return reasons[i].words;
  return why;
}

static const char *money_of(const json_t *v, char room[40]) {
  const json_t *cost = json_object_get(v, "cost_usd");
  return json_is_number(cost) ? view_money(llround(json_number_value(cost) * 1e9), 0, room) : "unknown";
}

static void print_groups(const json_t *plan) {
  static const char *const headers[] = {"", "ROLE", "MODEL", ">CALLS", ">COST LAST TIME", NULL};
  struct table *t = table_new(headers);
  const json_t *groups = json_object_get(plan, "groups"), *g;
  for (size_t k = 0; k < sizeof fates / sizeof *fates; k++) {
    size_t i;
    json_array_foreach(groups, i, g) {
      char money[40];
      if (strcmp(jsonx_str(g, "fate", ""), fates[k]) != 0) continue;
      table_cell(t, "%s", words[k]);
      table_cell(t, "%s", jsonx_str(g, "role", ""));
      table_cell(t, "%s", jsonx_str(g, "model", ""));
      table_cell(t, "%lld", (long long)jsonx_int(g, "calls", 0));
      table_cell(t, "%s", money_of(g, money));
    }
  }
  table_print(t);
}

static void print_items(const json_t *plan) {
  static const char *const headers[] = {"",      ">CALL",           ">PLACE", "TASK", "ROLE",
                                        "MODEL", ">COST LAST TIME", "WHY",    NULL};
  struct table *t = table_new(headers);
  const json_t *item;
  size_t i;
  json_array_foreach(json_object_get(plan, "items"), i, item) {
    char money[40];
    table_cell(t, "%s", word_of(jsonx_str(item, "fate", "")));
    table_cell(t, "%lld", (long long)jsonx_int(item, "call", 0));
    table_cell(t, "%lld", (long long)jsonx_int(item, "seq", 0));
    table_cell(t, "%s", jsonx_str(item, "scope", ""));
    table_cell(t, "%s", jsonx_str(item, "role", ""));
    table_cell(t, "%s", jsonx_str(item, "model", ""));
    table_cell(t, "%s", money_of(item, money));
    table_cell(t, "%s", why_of(item));
  }
  table_print(t);
}

static void print_sum(const json_t *plan, const char *fate, const char *fmt) {
  const json_t *sum = json_object_get(plan, fate);
  long long n = jsonx_int(sum, "calls", 0), unpriced = jsonx_int(sum, "unpriced_calls", 0);
  char money[40];
  if (!n) return;
  out_line("%s: %lld call%s, %s%s%s", fmt, n, n == 1 ? "" : "s", money_of(sum, money),
           strcmp(fate, "stays") == 0 ? " that is not paid again" : " last time",
           unpriced ? " (and some without a known price)" : "");
}

static void print_scripts(const json_t *plan) {
  const json_t *name;
  size_t i;
  json_array_foreach(json_object_get(plan, "changed_scripts"), i, name)
      out_line("Changed script: %s", json_string_value(name));
}

int plan_print(struct cli *c, struct act *a) {
  struct error e = {0};
  if (act_do(c, a, &e) != OK) return cli_fail(c, &e);
  if (c->out.json) {
    out_json(json_incref(a->answer));
  } else {
    if (options_has(&c->options, "full"))
      print_items(a->answer);
    else
      print_groups(a->answer);
    print_scripts(a->answer);
    print_sum(a->answer, "again", "Asked again");
    print_sum(a->answer, "may", "Perhaps asked again");
    print_sum(a->answer, "stays", "Answers that stay");
    out_line("%s", jsonx_str(a->answer, "note", ""));
    out_say(&c->out, "Nothing happened. Without --plan it does.");
  }
  act_close(a, 0);
  return EXIT_DONE;
}
