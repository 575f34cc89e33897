/* vendor.h - files of other projects that are on this computer: rows for the route table. */
#pragma once
#include "web/api/routes.h"

extern const struct web_route vendor_routes[];
extern const size_t vendor_routes_n;
