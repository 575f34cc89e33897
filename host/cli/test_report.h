/* test_report.h - what `quire script test` says of each case: lines for a person, TAP with --tap, one JSON document with --json. */
#pragma once
#include "cli/command.h"

struct test_report {
  struct cli *c;
  bool tap;
  json_t *checks; /* [{"name","ok","message"}] */
  int passed, failed, skipped;
};

void test_report_begin(struct test_report *r, struct cli *c);
void test_report_passed(struct test_report *r, const char *name);
void test_report_failed(struct test_report *r, const char *name, const char *message);
void test_report_skipped(struct test_report *r, const char *name, const char *why);
/* The sum; returns the exit code. `e`: what ended it too early, or NULL. */
int test_report_end(struct test_report *r, const struct error *e);
