/* script_cache.h - the scripts of the search path as one checked set, read again only when a file changed. Any thread.
 *
 *   script_cache_new(dirs) -> (script_cache_get -> script_set_unref)* -> script_cache_free
 *
 * Who asks gets what lies on the disk at that moment: a change that was made before is in the set. */
#pragma once
#include "base/err.h"

struct script_cache;
struct script_set;

struct script_cache *
script_cache_new(const char *const *script_dirs); /* borrowed for life; NULL-terminated */
void script_cache_free(struct script_cache *c);
/* As commands_gather without a file or folder of one's own. The caller unrefs *out. */
enum err script_cache_get(struct script_cache *c, struct script_set **out, struct error *e);
