/* cli_forecast.h - what `quire run --forecast` takes from `quire forecast`. */
#pragma once
#include "cli/command.h"

/* Makes the forecast of a request, says it in a line, and puts it into the request, so that the run keeps it. */
enum err forecast_before(struct cli *c, json_t *request, struct error *e);
