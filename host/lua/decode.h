/* decode.h - the parts of reading JSON that decode.c and json_reader.c share. May raise: "JSON, line 2, column 7: ..." or memory. */
#pragma once
#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

struct decoder {
  lua_State *L;
  const char *text, *p, *end;
  int array_metatable; /* its place on the stack */
  int depth;
  /* A text that is only looked into is not refused for an integer beyond 64 bits (it becomes a number), nor for a letter that another text
   * ends: bytes that are no UTF-8 stay as they are, and half of a surrogate pair becomes three bytes as if it were a letter. */
  bool lenient;
};

/* Pushes the metatable of arrays, which stays until the caller removes it, and is at the text's begin. */
void decode_begin(struct decoder *d, lua_State *L, const char *text, size_t n);
void decode_end(struct decoder *d); /* nothing may follow */
_Noreturn void decode_fail(struct decoder *d, const char *at, const char *what);

char decode_peek(struct decoder *d);  /* the next byte that is no space; 0 at the end */
void decode_value(struct decoder *d); /* pushes it, as all that follow */
void decode_string(struct decoder *d);
void decode_go_down(struct decoder *d); /* over '{' or '[' */

/* Over a token, pushing nothing. */
void decode_word(struct decoder *d, const char *word);
bool decode_scan_number(struct decoder *d); /* has it a point or an exponent? */
/* from behind the quote to the closing one; are there escapes? Those are not judged */
bool decode_scan_string(struct decoder *d);
