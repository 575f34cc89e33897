/* unit.h - what every cmocka program includes: cmocka wants four headers before its own. */
#pragma once
#define MUST_CHECK /* a test asserts what comes of it; an error that it leaves fails there */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <unistd.h>

/* ends_within(60); - from here to the end of the block no more than so many seconds, or the whole program is ended by SIGALRM. For what must not
 * hang or take quadratic time: generous, so that a slow machine never sees it. */
#define ends_within(seconds)                                                                                 \
  __attribute__((cleanup(ends_in_time_), unused)) unsigned ends_within_ = alarm(seconds)
static inline void ends_in_time_(unsigned *before) {
  alarm(*before);
}
