/* rehearsal_manners.h - what real models do and a well-mannered one does not. One table: the command line's help, the settings, the
 * documents and the tests read the same rows.
 *
 *   think=800                        thinks for 800 tokens first     refuse:p=0.1,role=writer   one in ten of the writer's requests
 *   any:p=0.05                       each manner with these dice; those that are named beside it keep their own
 *
 * NAME[=VALUE][:CONDITION,...], with the conditions of rehearsal_when.h. `quire rehearse --manner SPEC` gives a server manners; a request
 * brings its own as "manners": ["SPEC", ...], which a script says with extra = { manners = {...} } and quire.lua with the options of
 * a provider whose adapter is "rehearsal". All whose conditions hold apply, in the table's order. */
#pragma once
#include <jansson.h>
#include "rehearsal/rehearsal_when.h"

struct rehearsal_reply;

enum { MANNERS_MOST = 48, MANNER_TEXT = 128 };

enum manner_time {
  BEFORE_TEXT, /* looks at the request, or says how the text is to be */
  ON_JSON,     /* changes the document that a schema asks for */
  ON_PROSE,    /* changes any other text */
  ON_TEXT,     /* both */
  ON_TELLING   /* how the answer is told */
};

struct manner_row {
  const char *name, *value; /* what it takes; NULL: nothing */
  double least, most, otherwise;
  enum manner_time when;
  void (*apply)(struct rehearsal_reply *r, double value);
  const char *help;
};
extern const struct manner_row manner_rows[]; /* the last one's name is NULL */

struct manner {
  const struct manner_row *row; /* NULL: any */
  double value;
  struct rehearsal_when when;
  char spec[MANNER_TEXT]; /* as it was written */
};

/* Err: ERR_INVALID, with the nearest name as a hint. */
enum err manner_parse(const char *spec, struct manner *out, struct error *e);
/* The value with which a row applies to a request: the first manner of the list that is of this row (or any) and whose conditions hold. */
bool manner_applies(const struct manner_row *row, const struct manner *list, int n,
                    const struct rehearsal_case *c, double *value);

/* What the rows call. */
void manner_think(struct rehearsal_reply *r, double tokens);
void manner_think_times(struct rehearsal_reply *r, double factor);
void manner_think_inside(struct rehearsal_reply *r, double tokens);
void manner_think_tags(struct rehearsal_reply *r, double tokens);
void manner_channels(struct rehearsal_reply *r, double tokens);
void manner_limit(struct rehearsal_reply *r, double tokens);
void manner_limit_refused(struct rehearsal_reply *r, double tokens);
void manner_length(struct rehearsal_reply *r, double factor);
void manner_refuse(struct rehearsal_reply *r, double unused);
void manner_refuse_field(struct rehearsal_reply *r, double unused);
void manner_filter(struct rehearsal_reply *r, double share);
void manner_stops_short(struct rehearsal_reply *r, double share);
void manner_language(struct rehearsal_reply *r, double unused);
void manner_repeat(struct rehearsal_reply *r, double times);
void manner_heading(struct rehearsal_reply *r, double unused);
void manner_chat_before(struct rehearsal_reply *r, double unused);
void manner_chat_after(struct rehearsal_reply *r, double unused);
void manner_json_refused(struct rehearsal_reply *r, double unused);
void manner_json_slip(struct rehearsal_reply *r, double unused);
void manner_json_numbers(struct rehearsal_reply *r, double unused);
void manner_json_extra(struct rehearsal_reply *r, double unused);
void manner_json_missing(struct rehearsal_reply *r, double unused);
void manner_json_long(struct rehearsal_reply *r, double characters);
void manner_json_list(struct rehearsal_reply *r, double unused);
void manner_json_wrapped(struct rehearsal_reply *r, double unused);
void manner_json_comments(struct rehearsal_reply *r, double unused);
void manner_json_comma(struct rehearsal_reply *r, double unused);
void manner_json_string(struct rehearsal_reply *r, double unused);
void manner_json_cut(struct rehearsal_reply *r, double share);
void manner_json_fence(struct rehearsal_reply *r, double unused);
