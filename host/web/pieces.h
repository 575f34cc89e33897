/* pieces.h - large documents on their way out piece by piece: a slow reader costs the host one piece, not the document. Threads: the
 * server's; no reader of the store is held while a client takes its time. */
#pragma once
#include "http/server.h"
#include "store/artifacts.h"
#include "store/store.h"

enum { PIECES_FROM_BYTES = 256 << 10 /* what is smaller is sent whole */ };

/* The content from its beginning, as far as `out` has room. */
enum err pieces_read_start(struct db *db, const struct artifact_place *place, struct buf *out,
                           struct error *e);

/* The bytes as they are. The headers are set; a client is told of a failure by the cut. */
void pieces_send(struct response *a, struct store *s, const struct artifact_place *place, const char *type);
/* As the JSON object `head` with a last field "content": the text, or null where the bytes are no text. Takes the reference. */
void pieces_send_json(struct response *a, struct store *s, const struct artifact_place *place, json_t *head);
