/* gate.h - a question to a person as JSON. Any thread. */
#pragma once
#include <jansson.h>
#include "store/gates.h"

json_t *view_gate(const struct gate_row *g);
