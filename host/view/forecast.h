/* forecast.h - what was expected of a run before it began, beside what it is. Any thread. */
#pragma once
#include <jansson.h>
#include "store/runs.h"

/* What the run keeps of its forecast (forecast/forecast.h says what it holds), with "says": a sentence that compares it with the run. NULL: none was
 * made, or it is a retry, which asks only part of it again. The caller's. */
json_t *view_forecast(const struct run_row *r);
