/* writer.h - the writer thread: group commit, the locked policy, the spool, upkeep. Used by store.c only.
 *
 *   writer_start -> writer_post* -> writer_stop */
#pragma once
#include "store/write/spool.h"

struct writer;
/* Opens and migrates dir/quire.db, replays the spool, starts the thread. *lock_fd, the library's lock, is the thread's to renew until
 * writer_stop has returned. */
enum err writer_start(const char *dir, int *lock_fd, const struct store_settings *settings,
                      struct writer **out, struct error *e);
void writer_post(struct writer *w, struct store_op *op, bool wake);
void writer_wake(struct writer *w);
/* Commits (or spools) what was posted, checkpoints, ends the thread, frees. */
void writer_stop(struct writer *w);
bool writer_healthy(const struct writer *w);
void writer_stats(const struct writer *w, struct store_stats *out);
