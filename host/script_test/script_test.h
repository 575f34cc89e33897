/* script_test.h - the tests of scripts: files NAME_test.lua beside scripts and pipelines, run against the real host.
 *
 *   script_tests_open -> script_tests_run for each file -> script_tests_close
 *
 * A test's own Lua runs on the caller's thread, each case in a machine of its own: a sandbox like an export's, with the pure tables and
 * `require`. What it starts are real runs of a host with a scratch library, moved by that host's loop thread; the caller's thread waits
 * and answers their questions (desk.h). So a test may loop, raise or be killed without the host noticing, and nothing in the engine knows
 * of tests. What an author sees (`t`) is scripts/test_api.lua, made of the few functions in bench.c. */
#pragma once
#include "config.h"
#include "lua/script_set.h"
#include "script_test/desk.h"
#include "serve.h"

enum test_outcome { TEST_PASSED, TEST_FAILED, TEST_SKIPPED };

struct script_tests {
  const char *dir;       /* scratch: sources of small pipelines go there */
  double seconds;        /* most of a case */
  bool (*stopped)(void); /* did a person say stop? */
  void (*told)(void *arg, const char *file, const char *name, enum test_outcome outcome, const char *message);
  void *arg;
  const struct script_set *set; /* scripts and tests, as they are found on the search path */

  struct desk desk;
  struct host *host;
  int cases; /* so far: each has a project of its own */
};

/* Opens the host; fills in what stands below the blank line. `config` is that of a scratch library: from here on all its providers, and
 * one more that is called "canned", are of the embedded kind, and until the tests are closed the desk answers for them. Close in any case. */
enum err script_tests_open(struct script_tests *t, struct config *config, struct error *e);
void script_tests_close(struct script_tests *t, struct config *config);
/* Runs all cases of the file `name` ("phases/writing_test"), in the order in which they are written. What is wrong with a file is told as
 * a failed case; ERR_CANCELLED: a person said stop. */
enum err script_tests_run(struct script_tests *t, const char *name, struct error *e);
