/* rehearsal_letters.c - rows of code points, first to last, and how they are written. */
#include "rehearsal/rehearsal_letters.h"

#include <stddef.h>

/* In order. What no row covers is no letter: punctuation, symbols, digits, private use. */
static const struct {
  uint32_t first, last;
  enum writing writing;
} rows[] = {
    {'A', 'Z', CASED},          {'a', 'z', CASED},          {0xaa, 0xaa, CASED},
    {0xb5, 0xb5, CASED},        {0xba, 0xba, CASED},        {0xc0, 0xd6, CASED},
    {0xd8, 0xf6, CASED},        {0xf8, 0x36f, CASED},       {0x370, 0x373, CASED},
    {0x376, 0x377, CASED},      {0x37b, 0x37d, CASED},      {0x386, 0x386, CASED},
    {0x388, 0x481, CASED},      {0x483, 0x556, CASED},      {0x561, 0x587, CASED},
    {0x591, 0x5bd, CASELESS},   {0x5bf, 0x5f2, CASELESS},   {0x610, 0x61a, CASELESS},
    {0x620, 0x669, CASELESS},   {0x66e, 0x6d3, CASELESS},   {0x6d5, 0x6ff, CASELESS},
    {0x710, 0x963, CASELESS},   {0x966, 0xe3e, CASELESS},   {0xe40, 0x10ff, CASELESS},
    {0x1100, 0x11ff, HANGUL},   {0x1200, 0x1dff, CASELESS}, {0x1e00, 0x1fff, CASED},
    {0x3005, 0x3007, HAN},      {0x3041, 0x3096, HIRAGANA}, {0x309d, 0x309f, HIRAGANA},
    {0x30a1, 0x30ff, KATAKANA}, {0x3131, 0x318e, HANGUL},   {0x3400, 0x4dbf, HAN},
    {0x4e00, 0x9fff, HAN},      {0xa000, 0xabff, CASELESS}, {0xac00, 0xd7a3, HANGUL},
    {0xf900, 0xfaff, HAN},      {0xfb1d, 0xfd3d, CASELESS}, {0xfd50, 0xfdfb, CASELESS},
    {0xfe70, 0xfefc, CASELESS}, {0xff66, 0xff9f, KATAKANA}, {0x20000, 0x3134f, HAN},
};

enum writing letter_writing(uint32_t cp) {
  size_t low = 0, high = sizeof rows / sizeof *rows;
  while (low < high) {
    size_t mid = (low + high) / 2;
    if (cp > rows[mid].last)
      low = mid + 1;
    else if (cp < rows[mid].first)
      high = mid;
    else
      return rows[mid].writing;
  }
  return NO_LETTER;
}

bool letter_is_capital(uint32_t cp) {
  if (cp < 0x80) return cp >= 'A' && cp <= 'Z';
  if (cp < 0x100) return cp >= 0xc0 && cp <= 0xde && cp != 0xd7;
  if (cp >= 0x139 && cp <= 0x148) return cp % 2 == 1;
  if (cp >= 0x179 && cp <= 0x17e) return cp % 2 == 1;
  if (cp < 0x178) return cp % 2 == 0;
  if (cp == 0x178) return true;
  if (cp >= 0x386 && cp <= 0x3ab) return cp != 0x390;
  if (cp >= 0x400 && cp <= 0x42f) return true;
  if (cp >= 0x460 && cp <= 0x4bf) return cp % 2 == 0;
  if (cp >= 0x531 && cp <= 0x556) return true;
  return cp >= 0x1e00 && cp <= 0x1eff && cp % 2 == 0;
}
