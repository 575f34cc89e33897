/* rehearsal_manners.c - the table, and how a manner is written down and chosen.
 *
 * manner_parse -> manner_applies -> row->apply (rehearsal_manners_text.c, rehearsal_manners_json.c). */
#include "rehearsal/rehearsal_manners.h"

#include <stdio.h>
#include <string.h>
#include "base/text.h"
#include "rehearsal/rehearsal_reply.h"

static void usage_missing(struct rehearsal_reply *r, double unused) {
  (void)unused;
  r->told = USAGE_MISSING;
}
static void usage_partial(struct rehearsal_reply *r, double unused) {
  (void)unused;
  r->told = USAGE_PROMPT_ONLY;
}
static void usage_strings(struct rehearsal_reply *r, double unused) {
  (void)unused;
  r->told = USAGE_STRINGS;
}
static void usage_negative(struct rehearsal_reply *r, double unused) {
  (void)unused;
  r->told = USAGE_NEGATIVE;
}
static void usage_huge(struct rehearsal_reply *r, double unused) {
  (void)unused;
  r->told = USAGE_HUGE;
}
static void usage_wrong(struct rehearsal_reply *r, double factor) {
  r->told_factor = factor;
}
static void usage_uncached(struct rehearsal_reply *r, double share) {
  r->told_prompt = share;
}
static void new_ids(struct rehearsal_reply *r, double unused) {
  (void)unused;
  r->new_ids = true;
}
static void latency(struct rehearsal_reply *r, double most_ms) {
  r->delay_ms = (int)(when_dice(&r->met, "latency") % (uint64_t)(most_ms + 1));
}

const struct manner_row manner_rows[] = {
    {"json-refused", NULL, 0, 0, 0, BEFORE_TEXT, manner_json_refused,
     "400 to a request with a response_format, in one of the wordings that servers have for it"},
    {"json-slip", NULL, 0, 0, 0, BEFORE_TEXT, manner_json_slip,
     "400 json_validate_failed: the server checked the document itself, and it was none"},
    {"limit-refused", "TOKENS", 1, 1e6, 2048, BEFORE_TEXT, manner_limit_refused,
     "400 to a request whose max_tokens is larger"},
    {"limit", "TOKENS", 1, 1e6, 600, BEFORE_TEXT, manner_limit,
     "stops at a limit of its own (finish_reason length)"},
    {"length", "FACTOR", 0.01, 100, 1.6, BEFORE_TEXT, manner_length,
     "prose so many times as long as asked for"},
    {"json-numbers", NULL, 0, 0, 0, ON_JSON, manner_json_numbers, "whole numbers as strings: \"1\""},
    {"json-extra", NULL, 0, 0, 0, ON_JSON, manner_json_extra, "a field that nobody asked for"},
    {"json-missing", NULL, 0, 0, 0, ON_JSON, manner_json_missing, "the last field is missing"},
    {"json-long", "CHARACTERS", 1, 100000, 600, ON_JSON, manner_json_long,
     "longer texts are longer still by so much"},
    {"json-list", NULL, 0, 0, 0, ON_JSON, manner_json_list, "the document as the only item of a list"},
    {"json-wrapped", NULL, 0, 0, 0, ON_JSON, manner_json_wrapped,
     "the document inside another: {\"answer\": ...}"},
    {"json-comments", NULL, 0, 0, 0, ON_JSON, manner_json_comments, "a // comment behind the first brace"},
    {"json-comma", NULL, 0, 0, 0, ON_JSON, manner_json_comma, "a comma before the last brace"},
    {"json-string", NULL, 0, 0, 0, ON_JSON, manner_json_string, "the document as a JSON string of JSON"},
    {"json-cut", "SHARE", 0.01, 0.99, 0.6, ON_JSON, manner_json_cut,
     "ends after a share of the document, as if it were done"},
    {"json-fence", NULL, 0, 0, 0, ON_JSON, manner_json_fence, "the document between ```json and ```"},
    {"language", NULL, 0, 0, 0, ON_PROSE, manner_language,
     "prose in another language: German, Spanish, Russian or Japanese"},
    {"stops-short", "SHARE", 0.01, 0.99, 0.5, ON_PROSE, manner_stops_short,
     "ends after a share of the prose, inside a sentence, as if it were done"},
    {"filter", "SHARE", 0, 0.99, 0.3, ON_PROSE, manner_filter,
     "a filter cuts the prose after a share (finish_reason content_filter)"},
    {"repeat", "TIMES", 1, 1000, 12, ON_PROSE, manner_repeat, "says its last sentence so many times more"},
    {"heading", NULL, 0, 0, 0, ON_PROSE, manner_heading, "begins the prose with a heading nobody asked for"},
    {"refuse", NULL, 0, 0, 0, ON_TEXT, manner_refuse,
     "\"I'm sorry, but I can't help with that request.\" instead of an answer (finish_reason stop)"},
    {"refuse-field", NULL, 0, 0, 0, ON_TEXT, manner_refuse_field, "no text, but a refusal in its own field"},
    {"chat-before", NULL, 0, 0, 0, ON_TEXT, manner_chat_before, "\"Sure! Here is ...\" before the answer"},
    {"chat-after", NULL, 0, 0, 0, ON_TEXT, manner_chat_after,
     "\"Let me know if you would like ...\" after the answer"},
    {"channels", "TOKENS", 1, 100000, 100, ON_TEXT, manner_channels,
     "thinks in the text, between the control tokens of a server that does not read them"},
    {"think-tags", "TOKENS", 1, 100000, 100, ON_TEXT, manner_think_tags,
     "thinks in the text, between <think> and </think>"},
    {"think-inside", "TOKENS", 1, 100000, 400, ON_TEXT, manner_think_inside,
     "thinks first (reasoning_content); max_tokens has to hold thoughts and answer"},
    {"think-times", "FACTOR", 0.1, 100, 3, ON_TEXT, manner_think_times,
     "thinks so many times what it says (reasoning_content), outside max_tokens"},
    {"think", "TOKENS", 1, 100000, 800, ON_TEXT, manner_think,
     "thinks first (reasoning_content), outside max_tokens"},
    {"usage-wrong", "FACTOR", 0.01, 100, 3, ON_TELLING, usage_wrong, "tells so many times the tokens"},
    {"usage-uncached", "SHARE", 0.001, 1, 0.05, ON_TELLING, usage_uncached,
     "tells only the share of the prompt that was not in its cache"},
    {"usage-huge", NULL, 0, 0, 0, ON_TELLING, usage_huge, "tells numbers beyond 64 bits"},
    {"usage-negative", NULL, 0, 0, 0, ON_TELLING, usage_negative, "tells -1 tokens"},
    {"usage-strings", NULL, 0, 0, 0, ON_TELLING, usage_strings, "tells the tokens as strings"},
    {"usage-partial", NULL, 0, 0, 0, ON_TELLING, usage_partial, "tells the tokens of the prompt only"},
    {"usage-missing", NULL, 0, 0, 0, ON_TELLING, usage_missing, "tells no tokens"},
    {"ids", NULL, 0, 0, 0, ON_TELLING, new_ids, "another id and time for each answer, equal ones too"},
    {"latency", "MS", 0, 60000, 40, ON_TELLING, latency, "up to so much later, each time by dice"},
    {NULL, NULL, 0, 0, 0, ON_TEXT, NULL, NULL}};
enum { ROWS = sizeof manner_rows / sizeof *manner_rows - 1 };

/* ---- reading ---- */

static enum err unknown(const char *name, struct error *e) {
  const char *names[ROWS + 2] = {"any"};
  for (int i = 0; i < ROWS; i++) names[i + 1] = manner_rows[i].name;
  const char *near = text_nearest(name, names);
  err_set(e, ERR_INVALID, "there is no manner '%s'", name);
  if (near)
    err_hint(e, "did you mean %s?", near);
  else
    err_hint(e, "quire rehearse --help lists them");
  return ERR_INVALID;
}

static enum err read_name(char *text, struct manner *m, struct error *e) {
  char *value = strchr(text, '=');
  if (value) *value++ = '\0';
  if (strcmp(text, "any") == 0)
    return value ? err_set(e, ERR_INVALID, "the manner 'any' takes no value") : OK;
  for (int i = 0; i < ROWS; i++)
    if (strcmp(text, manner_rows[i].name) == 0) m->row = &manner_rows[i];
  if (!m->row) return unknown(text, e);
  m->value = m->row->otherwise;
  if (!value) return OK;
  if (!m->row->value) return err_set(e, ERR_INVALID, "the manner '%s' takes no value", text);
  return when_number(text, value, m->row->least, m->row->most, false, &m->value, e);
}

static enum err read_condition(char *text, struct manner *m, struct error *e) {
  char *value = strchr(text, '=');
  bool known = false;
  if (value) *value++ = '\0';
  enum err err = value ? when_set(&m->when, text, value, &known, e) : OK;
  if (err || known) return err;
  err_set(e, ERR_INVALID, "a manner has no condition '%s'", text);
  err_hint(e, "there are: first=N, p=0..1, role=NAME, key=KEY");
  return ERR_INVALID;
}

enum err manner_parse(const char *spec, struct manner *out, struct error *e) {
  *out = (struct manner){.value = 0};
  when_init(&out->when);
  if (strlen(spec) >= sizeof out->spec)
    return err_set(e, ERR_INVALID, "the manner '%.40s...' is too long", spec);
  snprintf(out->spec, sizeof out->spec, "%s", spec);
  char text[sizeof out->spec], *rest = text;
  memcpy(text, out->spec, sizeof text);
  enum err err = read_name(strsep(&rest, ":"), out, e);
  while (!err && rest) err = read_condition(strsep(&rest, ","), out, e);
  if (!err && !out->row && out->when.p < 0) {
    err = err_set(e, ERR_INVALID, "the manner 'any' needs dice");
    err_hint(e, "any:p=0.05 gives each answer one manner in twenty");
  }
  return err;
}

/* ---- choosing ---- */

bool manner_applies(const struct manner_row *row, const struct manner *list, int n,
                    const struct rehearsal_case *c, double *value) {
  bool named = false;
  for (int i = 0; i < n; i++) {
    if (list[i].row != row) continue;
    named = true;
    *value = list[i].value;
    if (when_holds(&list[i].when, c, list[i].spec)) return true;
  }
  *value = row->otherwise;
  for (int i = 0; i < n && !named; i++) {
    char what[2 * MANNER_TEXT];
    snprintf(what, sizeof what, "%s|%s", list[i].spec, row->name);
    if (!list[i].row && when_holds(&list[i].when, c, what)) return true;
  }
  return false;
}
