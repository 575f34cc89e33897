/* test_report.c - see test_report.h. */
#include "cli/test_report.h"

#include <string.h>

#include "cli/terminal.h"

void test_report_begin(struct test_report *r, struct cli *c) {
  *r = (struct test_report){.c = c, .tap = options_has(&c->options, "tap"), .checks = json_array()};
}

/* `text` line by line, each after `before`. */
static void print_lines(const char *before, const char *text) {
  while (*text) {
    size_t n = strcspn(text, "\n");
    out_line("%s%.*s", before, (int)n, text);
    text += n + (text[n] == '\n');
  }
}

static void add(struct test_report *r, bool ok, const char *name, const char *message, const char *skip) {
  int number = r->passed + r->failed + r->skipped;
  json_array_append_new(r->checks, json_pack("{s:o, s:b, s:o}", "name", view_text(name), "ok", ok, "message",
                                             view_text(message)));
  if (r->c->out.json) return;
  if (r->tap) {
    print_lines("# ", message);
    out_line("%sok %d - %s%s%s", ok ? "" : "not ", number, name, skip ? " # SKIP " : "", skip ? skip : "");
    return;
  }
  const char *style = terminal_style(stdout, !ok ? STYLE_RED : skip ? STYLE_YELLOW : STYLE_GREEN);
  out_line("%s%s%s %s%s%s", style,
           !ok    ? "not ok"
           : skip ? "skipped"
                  : "ok",
           terminal_style(stdout, STYLE_NONE), name, skip ? ": " : "", skip ? skip : "");
  print_lines("    ", message);
  fflush(stdout);
}

void test_report_passed(struct test_report *r, const char *name) {
  r->passed++;
  add(r, true, name, "", NULL);
}

void test_report_failed(struct test_report *r, const char *name, const char *message) {
  r->failed++;
  add(r, false, name, message, NULL);
}

void test_report_skipped(struct test_report *r, const char *name, const char *why) {
  r->skipped++;
  add(r, true, name, "", why);
}

int test_report_end(struct test_report *r, const struct error *e) {
  if (e) {
    json_decref(r->checks);
    return cli_fail(r->c, e);
  }
  if (r->c->out.json)
    out_json(json_pack("{s:b, s:o}", "ok", r->failed == 0, "checks", r->checks));
  else
    json_decref(r->checks);
  if (r->tap && !r->c->out.json) out_line("1..%d", r->passed + r->failed + r->skipped);
  char skipped[40] = "";
  if (r->skipped) snprintf(skipped, sizeof skipped, ", %d skipped", r->skipped);
  if (!r->tap && !r->c->out.json)
    out_say(&r->c->out, "%d passed, %d failed%s", r->passed, r->failed, skipped);
  return r->failed ? EXIT_SCRIPT : EXIT_DONE;
}
