/* spool.h - what could not be committed and must not be lost: one fsynced file, `spool`, beside the database.
 *
 *   spool_open -> (spool_append | spool_replay)* -> spool_close
 *
 * The first line names the file ("quire-spool 1 NONCE"); each further one is an op: "CHECKSUM KIND JSON". A last line without its
 * newline or checksum was never acknowledged and is cut off. Replay applies the lines in order in one transaction, which also
 * writes "NONCE LINES" into `settings`: lines that were replayed once are never applied again, even if the file cannot be removed.
 * Writer thread only. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include "store/store.h"

struct spool;
enum err spool_open(const char *dir, struct spool **out, struct error *e);
void spool_close(struct spool *s);
bool spool_pending(const struct spool *s);
/* Appends one op; durable only after spool_sync. When it fails, what was appended before still stands. ERR_INVALID: its kind has no
 * `encode`. */
enum err spool_append(struct spool *s, const struct store_op *op);
/* fsync. When it fails everything since the last spool_sync is cut off again. */
enum err spool_sync(struct spool *s, struct error *e);
/* Its own transaction, also when the spool is empty: it proves that the database takes writes. Lines that fail by themselves (fenced, a
 * run that was deleted) are logged and counted in *dropped, as they would have been without the spool. */
enum err spool_replay(struct spool *s, struct db *db, int64_t *dropped, struct error *e);

/* Text fields in an op's JSON line: text that is not UTF-8 (a provider's bytes) travels as hex. NULL is left out. */
void spool_put_text(json_t *obj, const char *key, const char *text);
void spool_put_text_n(json_t *obj, const char *key, const char *text, size_t n);
char *spool_take_text(const json_t *obj, const char *key,
                      size_t *n);                        /* free(); NULL when absent; n may be NULL */
bool spool_hex(const char *hex, uint8_t *out, size_t n); /* 2n digits into n bytes */

enum err
spool_put_json(struct buf *line,
               json_t *v); /* appends v as one line; takes the reference; ERR_INVALID when v is NULL */

/* Journal entries inside a line. Decoding makes one block (*texts, free()) of the texts that the entry then borrows, and sets `once`. */
struct journal_entry;
json_t *journal_entry_encode(const struct journal_entry *entry);
bool journal_entry_decode(const json_t *v, struct journal_entry *entry, char **texts);
