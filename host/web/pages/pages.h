/* pages.h - the addresses that a browser opens: the shell of the web UI and its files. Rows for the server's route table. */
#pragma once
#include "web/api/routes.h"

extern const struct web_route page_routes[];
extern const size_t page_routes_n;
