/* failpoint.h - named places where a test makes the host die or fail.
 *
 * QUIRE_FAILPOINT="after_intent:kill@3,commit:fail" : at the third pass of `after_intent` SIGKILL this
 * process; each pass of `commit` reports failure. Actions: kill, fail, stop (SIGSTOP), exit, abort, sleep=MS. Costs
 * one load when the variable is unset. */
#pragma once
#include <stdbool.h>

/* Is any set? For names that cost something to make. */
bool failpoints_armed(void);
/* True when the caller must behave as if this step had failed. */
bool failpoint(const char *name);
