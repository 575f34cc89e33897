/* text.h - what text.c and text_likeness.c share. */
#pragma once
#include <lauxlib.h>

/* What work on a text costs of a script's time (budget_spend). */
enum { BYTES_A_STEP = 16, STEPS_A_WORD = 8 };

/* The argument as a text of bounded size. Raises. */
const char *text_check(lua_State *L, int arg, size_t *n);

/* As every function of a table they raise. */
int api_text_similarity(lua_State *L); /* text.similarity(a, b) */
int api_text_repeated(lua_State *L);   /* text.repeated(text, words, least) */
