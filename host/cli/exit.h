/* exit.h - exit codes: stable, one table. Callers treat any other as failure. */
#pragma once
#include "base/err.h"

struct run_row;

enum exit_code {
  EXIT_DONE = 0,
  EXIT_FAILED = 1,
  EXIT_USAGE = 2,
  EXIT_ISSUES = 3,   /* done, with issues listed in the result */
  EXIT_KEY = 4,      /* a key is missing or was refused */
  EXIT_PERSON = 5,   /* waiting for a person */
  EXIT_BUDGET = 6,   /* budget reached; paused */
  EXIT_PROVIDER = 7, /* provider unavailable */
  EXIT_SCRIPT = 8,   /* a script or the configuration is wrong */
  EXIT_WAITING = 9,  /* waiting for a time, or for the disk; a host continues it */
  EXIT_NOT_FOUND = 10,
  EXIT_OWNED = 11,  /* the library belongs to another host */
  EXIT_SIGNAL = 128 /* + the signal's number */
};

enum exit_code exit_of_err(enum err code);
/* ERR_INVALID for "invalid"; ERR_IO for a name that this program does not know. */
enum err exit_err_named(const char *name);
/* Of `quire run` and `quire watch`, for a run that is over or waits. */
int exit_of_run(const struct run_row *r);
