/* diff.h - two texts word by word. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include "base/buf.h"

struct diff_marks {
  const char *gone, *gone_end, *added, *added_end;
};

/* Appends the merged text: {-old-} and {+new+}, or between `marks` (NULL: these). Equal stretches longer than `context` lines are shortened to "...";
 * context < 0 shows all. Returns how many words differ. */
size_t diff_words(const char *old, const char *new, const struct diff_marks *marks, int context,
                  struct buf *out);
/* [{"op": ..., "text": ...}, ...]; `names` of the three operations, NULL: "equal", "delete", "insert". */
json_t *diff_words_json(const char *old, const char *new, const char *const names[3]);
