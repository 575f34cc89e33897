/* terminal.h - what the terminal can do: width, colour, one line redrawn in place. One thread.
 *
 * Colour: --color/--no-color > NO_COLOR > FORCE_COLOR, CLICOLOR_FORCE > TERM=dumb > is it a terminal? Asked for stdout and
 * stderr apart. The progress line exists only where stderr is a terminal. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include "base/buf.h"

enum style {
  STYLE_NONE,
  STYLE_BOLD,
  STYLE_DIM,
  STYLE_RED,
  STYLE_GREEN,
  STYLE_YELLOW,
  STYLE_GONE,
  STYLE_COUNT
};

/* flag: 1 --color, -1 --no-color, 0 neither. */
void terminal_setup(int flag);
bool terminal_colour(FILE *stream);
/* A mark that terminal_clean turns into the escape sequence of a style; "" without colour on this stream. STYLE_NONE ends a style. A mark is no
 * UTF-8, so no text that is can hold one. */
const char *terminal_style(FILE *stream, enum style style);
int terminal_width(void); /* columns of stderr; 80 when unknown */
bool terminal_live(void); /* is there a progress line? */

/* The line at the bottom of stderr. Other output goes between terminal_line_hide and the next show. */
void terminal_line_show(const char *text);
void terminal_line_hide(void);

/* Columns that a text takes, wide (East Asian) code points as two. */
size_t terminal_columns(const char *text);
/* Appends at most `columns` of `text`, cut with "…"; control characters become '?'. */
void terminal_clip(struct buf *out, const char *text, size_t columns);
/* Appends text as it may reach a terminal: control characters (escape sequences of a model, say) replaced, styles in their place; newline and
 * tab stay. */
void terminal_clean(struct buf *out, const char *text);
