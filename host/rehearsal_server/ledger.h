/* ledger.h - every request that the rehearsal server got, in order. Loop thread. Tests bill against it. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/hash.h"
#include "rehearsal/rehearsal_reply.h"

/* How a request ended. */
enum entry_state {
  ENTRY_OPEN,     /* not yet */
  ENTRY_ANSWERED, /* the whole answer was written, if slowly or in odd pieces */
  ENTRY_FAULT,    /* a fault took the answer's place or changed it, and was written whole */
  ENTRY_CUT,      /* a fault closed the connection in the middle */
  ENTRY_HUNG,     /* a fault left it without an answer */
  ENTRY_GONE,     /* the client went before it had the answer */
  ENTRY_REFUSED   /* the request was wrong, or refused by a manner: 400 */
};

enum { ENTRY_TEXT = 80 };

struct entry {
  int64_t n;         /* from 1; goes on counting after a clear */
  char key[SHA_HEX]; /* rehearsal_key of the request; "" when it was wrong */
  char call[ENTRY_TEXT], role[ENTRY_TEXT], quire_key[ENTRY_TEXT],
      model[ENTRY_TEXT]; /* X-Quire-Call, metadata */
  int attempt;           /* the n-th request with this key since the ledger was cleared */
  enum entry_state state;
  int status;                            /* HTTP; 0: none was sent */
  char fault[24];                        /* "" none */
  char manners[160];                     /* the names of those it had, joined by commas */
  const char *not_prose[NOT_PROSE_MOST]; /* what they said that belongs into no book (rehearsal_reply.h) */
  const char *other_language;
  bool stream;
  long long prompt_bytes, prefix_bytes; /* prefix -1: not announced */
  size_t answer_bytes;                  /* of text; what the whole answer would have had */
  long long input_tokens,
      output_tokens; /* billed: all of the prompt once a piece has left, and what has left of the answer */
  int pieces;        /* of the stream that were written */
  int fetches;       /* how often what was kept of it was asked for again (kept.h) */
  int64_t at_ms, ended_ms; /* wall clock; ended 0: still open */
};

struct ledger;
struct ledger *ledger_new(void);
void ledger_free(struct ledger *l);
/* The n-th request with this key is coming: 1, 2, ... */
int ledger_attempt(struct ledger *l, const char *key);
/* Copies the entry and gives it its number; 0 when the ledger is full (ENTRIES_MOST). */
int64_t ledger_add(struct ledger *l, const struct entry *e);
struct entry *ledger_find(struct ledger *l, int64_t n); /* NULL: cleared away meanwhile */
void ledger_clear(struct ledger *l);
/* {"requests","keys","most_per_key","open","answered","entries":[...]}; entries with n > since. The counts are of all. */
json_t *ledger_json(const struct ledger *l, int64_t since);
