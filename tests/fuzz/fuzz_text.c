/* fuzz_text.c - every function of text, markdown and json takes any bytes: no crash, and XHTML without raw control bytes. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../unit/small_state.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const char driver[] =
    "local s, half = ...\n"
    "local languages = {'en', 'de', 'fr', 'es', 'ja'}\n"
    "return function(s)\n"
    "  local a, b = s:sub(1, #s // 2), s:sub(#s // 2 + 1)\n"
    "  text.words(s) text.sentences(s) text.paragraphs(s) text.lines(s) text.trim(s) text.slug(s) text.length(s)\n"
    "  assert(text.fold(text.fold(s)) == text.fold(s), 'fold')\n"
    "  assert(text.words(text.first_words(s, 5)) <= 5, 'first')\n"
    "  assert(text.words(text.last_words(s, 5)) <= 5, 'last')\n"
    "  local like = text.similarity(a, b); assert(like >= 0 and like <= 1 and text.similarity(s, s) == 1, 'like')\n"
    "  for n = 1, 3 do text.repeated(s, n, 2) end\n"
    "  text.nearest(a, {b, 'word', s})\n"
    "  for _, l in ipairs(languages) do text.smarten(s, l) end\n"
    "  pcall(text.fill, s, {a = 'b', title = 1})\n"
    "  pcall(json.decode, s) json.extract(s)\n"
    "  pcall(markdown.blocks, s)\n"
    "  local ok, x = pcall(markdown.xhtml, s)\n"
    "  return text.xml(s), ok and x or ''\n"
    "end\n";

static void must_be_xml_text(const char *s, size_t n) {
  if (!utf8_valid(s, n, NULL)) abort();
  for (size_t i = 0; i < n; i++)
    if ((unsigned char)s[i] < 0x20 && !strchr("\t\n\r", s[i])) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  static struct small s;
  if (!s.L) {
    small_open(&s);
    if (luaL_dostring(s.L, driver) != LUA_OK) abort();
    lua_setglobal(s.L, "drive");
  }
  lua_settop(s.L, 0);
  lua_getglobal(s.L, "drive");
  lua_pushlstring(s.L, (const char *)data, n);
  if (lua_pcall(s.L, 1, 2, 0) != LUA_OK) {
    fprintf(stderr, "%s\n", lua_tostring(s.L, -1));
    abort();
  }
  for (int i = 1; i <= 2; i++) {
    size_t length;
    const char *made = lua_tolstring(s.L, i, &length);
    must_be_xml_text(made, length);
  }
  return 0;
}
