/* hands.h - threads with a large stack that are kept: each does one thing at a time for a thread that waits for it. Any thread.
 *
 *   hands_new -> hands_do* (from many threads at once) -> hands_free (when nobody is in hands_do any more)
 *
 * The one that was busy last is asked first, so that few stacks stay in use; one that nobody needed for HANDS_IDLE_S ends. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

enum { HANDS_IDLE_S = 10 };

struct hands;

struct hands *hands_new(size_t stack_bytes);
void hands_free(struct hands *h);
/* Runs fn(arg) on such a thread and returns when it did. False: no thread is to be had, and fn did not run. */
bool hands_do(struct hands *h, void (*fn)(void *arg), void *arg);
