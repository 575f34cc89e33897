/* rehearse.h - what a rehearsal does in place of a person. */
#pragma once
#include "serve.h"

/* Decides the run's open question by its first choice. False: there is none, or it cannot be decided. */
bool rehearse_decide(struct host *host, int64_t run, const char *by);
