/* letters.h - letters that come in two pieces, and bytes that are none. Pure.
 *
 * Servers cut a stream where their tokens end, which may be inside of a letter: half of its bytes in one event, half in the next; or half
 * of a surrogate pair, which reading JSON leniently leaves as three bytes (lua/decode.h). */
#pragma once
#include <stdbool.h>
#include "base/buf.h"

/* Makes b->data[from..] valid UTF-8: halves are joined, what belongs to nothing becomes U+FFFD. Unless it is the end, half a letter that
 * may go on stays at the end as it is. Returns where the valid text ends: the next `from`. */
size_t letters_mend(struct buf *b, size_t from, bool end);
