/* mem.h - allocation for the host itself (never for scripts: those have a capped allocator in lua/).
 *
 * The host holds a few MB; when that is refused no promise can be kept any more, so these end the
 * process with a message and the guardian starts it again. All results are released with free(). */
#pragma once
#include <stddef.h>

void *mem_alloc(size_t n);                /* zeroed; n may be 0 */
void *mem_grow(void *p, size_t n);        /* realloc; contents kept, new part not zeroed */
char *mem_dup(const char *s);             /* NULL stays NULL */
char *mem_dup_n(const char *s, size_t n); /* n bytes plus a terminating NUL */
char *mem_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Ends the process for a broken invariant or a start-up that cannot go on. Never for bad input.
 * By abort(), so that the guardian sees a crash. */
_Noreturn void fatal(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
