/* script_watch.h - whether the files that a set was gathered from are still what they were. One thread at a time.
 *
 *   script_watch_new -> (script_watch_dir before its entries are read, script_watch_file before its text)* -> script_watch_same* -> free
 *
 * The kernel tells of changes in folders and files on local disks (inotify): then a look costs one read, and one stat for each folder, because what
 * lies above it may have been renamed or mounted over. Everything else is looked at by itself: links, folders of other
 * machines and those that the kernel watches no more of. A file there that changed within RECENT_MS counts as changed until it is older:
 * it may be written twice in one tick of the disk's clock. */
#pragma once
#include <stdbool.h>
#include <sys/stat.h>

enum { RECENT_MS = 2500 }; /* FAT counts in steps of two seconds */

struct script_watch;

/* `told`: false never asks the kernel to tell. */
struct script_watch *script_watch_new(bool told);
void script_watch_free(struct script_watch *w);
/* A folder, which may be missing. True: the kernel tells of what changes in it. */
bool script_watch_dir(struct script_watch *w, const char *path);
/* A file of a folder, as script_watch_dir said of it. */
void script_watch_file(struct script_watch *w, const char *path, bool told);
/* False: something changed, or may have. From then on always. */
bool script_watch_same(struct script_watch *w);
