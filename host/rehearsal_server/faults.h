/* faults.h - what goes wrong on purpose, and when. Loop thread of the rehearsal server; fault_parse anywhere.
 *
 *   429                    every request             500:first=2     the first two attempts of each key
 *   429:every=5,wait=2     each fifth, Retry-After 2 cut:p=0.1,after=3  one in ten, after three pieces
 *   hang:role=judge        all requests of a role    slow:key=ch3*   keys that begin with ch3
 *
 * The first fault of the list whose conditions all hold is the one that happens. first=, p=, role= and key= are those of
 * rehearsal_when.h; every= and times= count. */
#pragma once
#include "rehearsal/rehearsal_when.h"

enum fault_kind {
  FAULT_NONE,
  FAULT_STATUS,       /* any status from 400 to 599, as an OpenAI error */
  FAULT_QUOTA,        /* 429 that no waiting helps: insufficient_quota */
  FAULT_HANG,         /* nothing more comes (after= pieces), the connection stays */
  FAULT_CUT,          /* the connection closes after= pieces, in the middle of the answer */
  FAULT_BADJSON,      /* one event, or the body, is no JSON */
  FAULT_SLOW,         /* 16 bytes every wait= seconds (0.005) */
  FAULT_SPLIT_UTF8,   /* each piece leaves in two packets, cut inside a letter where there is one */
  FAULT_TRUNCATE,     /* half of the text, finish_reason length */
  FAULT_REFUSE,       /* no text, finish_reason content_filter */
  FAULT_EMPTY,        /* no text, finish_reason stop */
  FAULT_NO_STOP,      /* the stream ends well, but without finish_reason and [DONE] */
  FAULT_STREAM_ERROR, /* 200, and after= pieces an error event */
  FAULT_EXPIRE        /* of a batch: it was not done in time */
};

enum { FAULTS_MOST = 32 };

struct fault {
  enum fault_kind kind;
  int status;               /* for FAULT_STATUS */
  char spec[3 * WHEN_TEXT]; /* as it was written, for the ledger and /control */
  int every, times, after;  /* 0, 0, -1: not given */
  double wait;              /* -1: not given */
  struct rehearsal_when when;
  int met, done; /* how many requests met the other conditions; how many failed */
};

/* Err: ERR_INVALID, with the nearest name as a hint. */
enum err fault_parse(const char *spec, struct fault *out, struct error *e);
/* The fault that happens to this request, or NULL. Counts. */
const struct fault *fault_choose(struct fault *faults, int n, const struct rehearsal_case *c);
