/* event.h - one line of a run's history as JSON. Any thread. */
#pragma once
#include <jansson.h>
#include "store/events.h"

/* {"id","run","at","at_ms","type": the event's kind, ... what the event itself says}. */
json_t *view_event(const struct event_row *event);
