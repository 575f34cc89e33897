/* curl_late.h - libcurl is not linked: it is loaded when it is first called. */
#pragma once
#include "base/err.h"

/* Loads it, if it is not loaded yet. ERR_CONFIG says why it cannot be used; then no function of libcurl may be called. Any thread. */
enum err curl_late_load(struct error *e);
