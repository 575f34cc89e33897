/* budget.c - the one counter behind budget.h. */
#include "lua/budget.h"

_Thread_local size_t budget_debt;
