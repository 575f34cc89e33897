/* plan.h - --plan of the commands that begin from a run's record (acts/plan.c). */
#pragma once
#include "cli/act.h"

/* Asks for the plan (the act's request says "plan") and prints it; returns the exit code. */
int plan_print(struct cli *c, struct act *a);
