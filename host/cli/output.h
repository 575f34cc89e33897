/* output.h - what a command says: data on stdout, all else on stderr, JSON for everything with --json.
 *
 * Nothing else in cli/ prints: what reaches a terminal has gone through here, so no title, finding or log line of a model can move its
 * cursor or pass for a line of ours. Text: out_line, out_text, out_document, table_print. JSON: one document (out_json), or one line each for
 * streams (out_json_line). */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "base/err.h"
#include "cli/exit.h"
#include "view/words.h"

struct output {
  bool json, quiet;
  bool log;   /* what people are told is a line of the log (--log-json), so that all lines are JSON */
  bool lines; /* a stream: JSON as one line each */
};

/* A document on stdout; takes the reference. */
void out_json(json_t *doc);
void out_json_line(json_t *doc);
/* A line of data. Line breaks inside continue it, indented. */
void out_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void out_line_to(FILE *stream, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A line of data with its name before it; nothing when it is empty. */
void out_field(const char *name, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Our own words, of several lines, without an end of their own. */
void out_text(FILE *stream, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A document on stdout: byte for byte where that is no terminal. */
void out_document(const char *bytes, size_t n);
/* A line for a person, on stderr; nothing with --quiet. */
void out_say(const struct output *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* {"code","message","hint"}; text that is not UTF-8 is mended. */
json_t *out_error_json(const struct error *e);
/* Prints an error; returns its exit code. */
int out_error(const struct output *o, const struct error *e);

/* A table: rows of n columns on stdout, widths made to fit; a header that starts with '>' is aligned right. */
struct table;
struct table *table_new(const char *const *headers); /* NULL-terminated */
void table_cell(struct table *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3))); /* left to right, then the next row */
void table_print(struct table *t);         /* and frees it */

/* Ends the program's output: flushes stdout. False (with a message) when what was printed did not get out; *pipe: nobody reads any more. */
bool out_finish(bool *pipe);
