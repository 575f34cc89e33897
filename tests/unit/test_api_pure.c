/* test_api_pure.c - json, text, markdown and zip as scripts/api.lua promises them. Each case is a Lua text that gives a string. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "small_state.h"

struct pair {
  const char *chunk, *expected;
};

/* A helper for the chunks: a list as one string. */
static const char prelude[] = "function show(list) return '[' .. table.concat(list, '|') .. ']' end\n";

static void assert_all(const struct pair *pairs, size_t n) {
  for (size_t i = 0; i < n; i++) {
    struct small s;
    small_open(&s);
    if (luaL_dostring(s.L, prelude) != LUA_OK) abort();
    const char *got = small_run(&s, pairs[i].chunk);
    bool part = pairs[i].expected[0] == '~'; /* "~text": an error that holds it */
    if (part ? !strstr(got, pairs[i].expected + 1) : strcmp(got, pairs[i].expected) != 0)
      fail_msg("%s\n gave: %s\n  not: %s", pairs[i].chunk, got, pairs[i].expected);
    small_close(&s);
  }
}

#define ALL(pairs) assert_all(pairs, sizeof(pairs) / sizeof(pairs)[0])

static void json_is_checked_and_extracted(void **state) {
  (void)state;
  static const struct pair pairs[] = {
      {"return json.encode(json.extract('Here: {\"b\":[],\"a\":1,}'))", "{\"a\":1,\"b\":[]}"},
      {"local v, err = json.extract('{\"a\":[1,'); return tostring(v) .. err", "~nilthe JSON is cut off"},
      {"local ok, err = json.check({chapters = {{title = 'a'}, {title = 'b'}, {title = 5}}}, {properties = {chapters = {items = "
       "{properties = {title = {type = 'string'}}}}}}); return tostring(ok) .. ' ' .. err",
       "false chapters[3].title: expected string, got number"},
      {"return tostring(json.check({}, {type = 'array', items = {}}))", "true"},
      {"return tostring(json.check({}, {type = 'object'}))", "true"},
      {"return tostring(json.check(nil, {type = 'null'}))", "true"},
      {"json.check({}, {pattern = 'x'})", "~\"pattern\" is not supported"},
      {"json.check({}, {minLenght = 1})", "~did you mean \"minLength\""},
      {"return select(2, json.check({f = print}, {}))", "f: a function cannot be written as JSON"},
      {"json.encode()", "~value expected"},
      {"json.decode({})", "~string expected"},
      {"json.extract(string.rep(' ', 5 << 20))", "~limit:"},
  };
  ALL(pairs);
}

static void words_and_lengths_are_counted(void **state) {
  (void)state;
  static const struct pair pairs[] = {
      {"return text.words(\"Don't well-known 'quoted' \\u{2014} two\")", "4"},
      {"return text.words('')", "0"},
      {"return text.length('\\u{e9}\\u{1F600}x')", "3"},
      {"return text.length('\\xff\\xfe')", "2"},
      {"return text.trim(' \\n\\u{a0}\\u{3000} a b \\t\\r\\n')", "a b"},
      {"return text.trim(' \\n ')", ""},
      {"return text.trim('\\xe9')", "\xe9"},
  };
  ALL(pairs);
}

static void sentences_end_where_a_reader_ends_them(void **state) {
  (void)state;
  static const struct pair pairs[] = {
      {"return show(text.sentences('One. Two! Three? Four\\u{2026} Five'))", "[One.|Two!|Three?|Four…|Five]"},
      {"return show(text.sentences('\"Stop!\" he said. \"Why?\" She ran.'))",
       "[\"Stop!\" he said.|\"Why?\"|She ran.]"},
      {"return show(text.sentences('Mr. Smith met Dr. J. Brown at 3.15 p.m. today. Then e.g. this.'))",
       "[Mr. Smith met Dr. J. Brown at 3.15 p.m. today.|Then e.g. this.]"},
      {"return show(text.sentences('„Halt!“, rief er. Das ist z.B. gut. Ende.'))",
       "[„Halt!“, rief er.|Das ist z.B. gut.|Ende.]"},
      {"return show(text.sentences('日本語です。次の文！「はい。」終わり'))",
       "[日本語です。|次の文！|「はい。」|終わり]"},
      {"return show(text.sentences('Wait... what? No... Yes.'))", "[Wait... what?|No...|Yes.]"},
      {"return show(text.sentences('A title\\n\\nThe text. \\n\\n\\nMore'))", "[A title|The text.|More]"},
      {"return show(text.sentences('«Да.» Он ушёл. Потом вернулся.'))", "[«Да.»|Он ушёл.|Потом вернулся.]"},
      {"return show(text.sentences('« Oui. » Elle sortit. « Non ! » dit-il.'))",
       "[« Oui. »|Elle sortit.|« Non ! » dit-il.]"},
      {"return show(text.sentences('«\u202fVraiment\u202f?\u202f» Il rit.'))",
       "[«\u202fVraiment\u202f?\u202f»|Il rit.]"},
      {"return show(text.sentences('»Ja.« »Nein.« Er ging.'))", "[»Ja.«|»Nein.«|Er ging.]"},
      {"return show(text.sentences('—¡No! —dijo ella. Salió.'))", "[—¡No! —dijo ella.|Salió.]"},
      {"return show(text.sentences('— Кто там? — спросил он. Никто не ответил.'))",
       "[— Кто там? — спросил он.|Никто не ответил.]"},
      {"return show(text.sentences('「はい。」と彼は言った。「いや。」って答えた。雨だ。'))",
       "[「はい。」と彼は言った。|「いや。」って答えた。|雨だ。]"},
      {"return show(text.sentences(''))", "[]"},
      {"return show(text.sentences('...'))", "[...]"},
      {"return #text.sentences('\\xff. \\xfe! \\x80')", "3"},
      {"return show(text.paragraphs('a\\nb\\n\\n \\n  c  \\r\\n\\r\\nd'))", "[a\nb|c|d]"},
      {"return show(text.paragraphs('\\n\\n'))", "[]"},
      {"return show(text.lines('a\\r\\n\\nb\\n'))", "[a||b]"},
  };
  ALL(pairs);
}

static void texts_are_cut_at_sentences(void **state) {
  (void)state;
  static const struct pair pairs[] = {
      {"return text.first_words('One two three. Four five six seven.', 4)", "One two three."},
      {"return text.first_words('One two three four five six seven', 3)", "One two three …"},
      {"return text.first_words('One. Two three four five six seven', 5)", "One. Two three four five …"},
      {"return text.first_words('He said: \"go now\"', 2)", "He said …"},
      {"return text.first_words('short', 5)", "short"},
      {"return text.first_words('a b', 0)", ""},
      {"return text.first_words('', 3)", ""},
      {"return text.first_words('日本語です。次の文です。', 3)", "日本語です。"},
      {"return text.first_words('a', -1)", "~not negative"},
      {"return text.last_words('One two three. Four five.', 2)", "Four five."},
      {"return text.last_words('One two three. Four five.', 4)", "Four five."},
      {"return text.last_words('One two, three four', 2)", "three four"},
      {"return text.last_words('One two.', 9)", "One two."},
      {"return text.last_words('One two.', 0)", ""},
      {"return text.last_words('', 2)", ""},
  };
  ALL(pairs);
}

static void letters_are_folded_in_three_alphabets(void **state) {
  (void)state;
  static const struct pair pairs[] = {
      {"return text.fold('ÀÉÎÕÜ ÿŸ ŁŻŹ ÇĞİ ẞ ΑΆΣς ЁЖЩ ՀԱՅ Ａ 日')", "àéîõü ÿÿ łżź çği ß αάσσ ёжщ հայ ａ 日"},
      {"return text.fold('A\\xffB')", "a\xff"
                                      "b"},
      {"return text.slug('The Lighthouse Keeper\\u{2019}s Ledger!')", "the-lighthouse-keepers-ledger"},
      {"return text.slug('')", "untitled"},
      {"return text.xml('a & <b> \"c\" \\'d\\' \\1\\xff\\u{fffe}é\\n')",
       "a &amp; &lt;b&gt; &quot;c&quot; &apos;d&apos; é\n"},
      {"text.xml(string.rep('&', 4 << 20))", "~limit:"},
      {"return text.sha256('abc')", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
  };
  ALL(pairs);
}

static void likeness_and_repeats_are_found(void **state) {
  (void)state;
  static const struct pair pairs[] = {
      {"return text.similarity('The old man and the sea', 'the OLD man, and the sea!')", "1.0"},
      {"return text.similarity('a b c d', 'w x y z')", "0.0"},
      {"return text.similarity('a b c d', 'a b c e')", "0.33333333333333"},
      {"return text.similarity('', '')", "1.0"},
      {"return text.similarity('', 'a')", "0.0"},
      {"return text.similarity('hi there', 'Hi there')", "1.0"},
      {"return text.similarity('hi', 'ho')", "0.0"},
      {"local r = text.repeated('The cold sea. He saw the cold\\n sea and the cold sea, the old sea.', 3, 2)\n"
       "local t = {}; for _, e in ipairs(r) do t[#t+1] = e.count .. ' ' .. e.text end; return show(t)",
       "[3 The cold sea]"},
      {"return #text.repeated('one two. One two! one\\n\\ntwo', 2, 2)", "1"},
      {"return #text.repeated('', 3, 2)", "0"},
      {"text.repeated('a', 0, 2)", "~1 to 20 words"},
      {"return text.nearest('Marrta', {'Martha', 'Marta', 'Tom'})", "Marta"},
      {"return text.nearest('xyz', {'Martha'})", "nil"},
      {"text.nearest('x', {1})", "~name 1 must be a string"},
  };
  ALL(pairs);
}

static void quotes_and_dashes_become_typographic(void **state) {
  (void)state;
  static const struct pair pairs[] = {
      {"return text.smarten('\"Don\\'t,\" she said, \"say \\'no\\' -- or...\"', 'en')",
       "“Don’t,” she said, “say ‘no’ — or…”"},
      {"return text.smarten('\"Er sagte \\'ja\\' - gut.\"', 'de')", "„Er sagte ‚ja‘ – gut.“"},
      {"return text.smarten('\"Oui\"', 'fr')", "«\xe2\x80\xaf"
                                               "Oui\xe2\x80\xaf»"},
      {"return text.smarten('\"Si\" \\'no\\'', 'es')", "«Si» “no”"},
      {"return text.smarten('\"Tak\"', 'pl') .. text.smarten('\"Да\"', 'ru') .. text.smarten('l\\'uomo', 'it')",
       "„Tak”«Да»l’uomo"},
      {"return text.smarten('\"x\"', 'ja')", "\"x\""},
      {"return text.smarten('\"x\"', 'tlh')", "“x”"},
      {"return text.smarten(\"'Tis the '90s, rock 'n' roll\", 'en')", "’Tis the ’90s, rock ’n’ roll"},
      {"return text.smarten('---\\n- item - x\\n| a | b |\\n|---|---|\\n\"a\"', 'en')",
       "---\n- item – x\n| a | b |\n|---|---|\n“a”"},
      {"return text.smarten('`\"a\" -- b` \"c\" [x](y \"t\") \\\\\"', 'en')",
       "`\"a\" -- b` “c” [x](y \"t\") \\\""},
      {"return text.smarten('```\\n\"a\"\\n```\\n\"b\"', 'en')", "```\n\"a\"\n```\n“b”"},
      {"return text.smarten('*\"Go\"* \"*Go*\" (\"x\")', 'en')", "*“Go”* “*Go*” (“x”)"},
      {"return text.smarten(\"*Anna*'s deck, **Ben**'s hat; _Cy_'s. \\\"*No,*\\\" he said. *'Tis*\", 'en')",
       "*Anna*’s deck, **Ben**’s hat; _Cy_’s. “*No,*” he said. *’Tis*"},
      {"return text.smarten('1990-1995 a---b --help ....', 'en')", "1990-1995 a—b --help …."},
      {"return text.smarten('', 'en')", ""},
      {"return #text.smarten('\\xff\"\\xff', 'en')", "5"},
  };
  ALL(pairs);
}

static void slots_are_filled(void **state) {
  (void)state;
  static const struct pair pairs[] = {
      {"return text.fill('{{a}} and {{ b }}: {{a}}', {a = 'x', b = 3})", "x and 3: x"},
      {"return text.fill('{\"a\": {{}}, {{{a}}}', {a = 1})", "{\"a\": {{}}, {1}"},
      {"return text.fill('{{a}}', {a = '{{b}}'})", "{{b}}"},
      {"text.fill('{{titel}}', {title = 'x'})", "~there is no field 'titel'; did you mean 'title'?"},
      {"text.fill('{{a}}', {a = {}})", "~the field 'a' is a table"},
      {"text.fill(string.rep('{{a}}', 20), {a = string.rep('x', 1 << 20)})", "~limit:"},
      {"return text.fill('{{', {})", "{{"},
  };
  ALL(pairs);
}

static void markdown_becomes_wellformed_xhtml(void **state) {
  (void)state;
  static const struct pair pairs[] = {
      {"return markdown.xhtml('# A & *b*\\n\\nx  \\ny<br>&nbsp;&amp;&hellip;&#1;\\xff\\1 <b>\"q\"\\n\\n---')",
       "<h1>A &amp; <em>b</em></h1>\n<p>x<br />\ny&lt;br&gt;\xc2\xa0&amp;… &lt;b&gt;&quot;q&quot;</p>\n<hr />\n"},
      {"return markdown.xhtml('<div>\\nx\\n</div>')", "<p>&lt;div&gt;\nx\n&lt;/div&gt;</p>\n"},
      {"return markdown.xhtml('&bogus; &#xFFFE; &#0;')", "<p>&amp;bogus;  \xef\xbf\xbd</p>\n"},
      {"return markdown.xhtml('![a *b*](x.png \"t\") [l](<u v>)')", "<p>a b <a>l</a></p>\n"},
      {"return markdown.xhtml('[a](http://) [b](https://x.example/y) [c](javascript:x) [d](mailto:a@b.example) [e](http:///x)')",
       "<p><a>a</a> <a href=\"https://x.example/y\">b</a> <a>c</a> <a href=\"mailto:a@b.example\">d</a> <a>e</a></p>\n"},
      {"return (markdown.xhtml('|a|b|\\n|:---|---:|\\n|1|2|'):gsub('\\n', ''))",
       "<table><thead><tr><th style=\"text-align: left\">a</th><th style=\"text-align: right\">b</th></tr></thead><tbody><tr><td "
       "style=\"text-align: left\">1</td><td style=\"text-align: right\">2</td></tr></tbody></table>"},
      {"return markdown.xhtml('')", ""},
      {"markdown.xhtml(string.rep('>', 1000) .. 'x')", "~limit: quotes and lists nested"},
      {"markdown.xhtml(string.rep('|a', 9000) .. '\\n' .. string.rep('|---', 9000) .. '\\n' .. string.rep('|\\n', 9000))",
       "~limit: a table of more"},
      {"return tostring(#markdown.xhtml(string.rep('Ein Satz mit *Betonung*.\\n\\n', 25000)) > 600000)",
       "true"},
  };
  ALL(pairs);
}

static void markdown_is_taken_apart_into_blocks(void **state) {
  (void)state;
  static const struct pair pairs[] = {
      {"local t = {}; for _, b in ipairs(markdown.blocks('# One *two*\\n\\nA\\nb&mdash;c &amp; &#38; &bogus; `d`  \\ne\\n\\n***\\n\\n> q1\\n>\\n> q2\\n\\n"
       "- x\\n- y\\n  - z\\n\\n```lua\\ncode < 1\\n```\\n\\n## Two')) do t[#t+1] = b.kind .. (b.level or '') .. ':' .. b.text end; return show(t)",
       "[heading1:One two|paragraph:A b—c & & &bogus; d\ne|rule:|quote:q1\n\nq2|list:x\ny\nz|code:code < 1|heading2:Two]"},
      {"return #markdown.blocks('')", "0"},
      {"local b = markdown.blocks('<b>x</b>'); return b[1].text", "<b>x</b>"},
  };
  ALL(pairs);
}

static void archives_are_byte_identical_and_checked(void **state) {
  (void)state;
  static const struct pair pairs[] = {
      {"local e = {{name = 'mimetype', data = 'application/epub+zip', store = true}, {name = 'OEBPS/a.xhtml', data = string.rep('abc ', 1000)}}\n"
       "return tostring(zip.build(e) == zip.build(e) and #zip.build(e) < 1000)",
       "true"},
      {"zip.build{}", "~at least one entry"},
      {"zip.build{{name = 'a', date = 'x'}}", "~entry 1 has an unknown field 'date'; did you mean 'data'?"},
      {"zip.build{{name = 'a'}}", "~entry 1: 'data' must be a string, not nil"},
      {"zip.build{{name = '../a', data = ''}}", "~is not a file name"},
      {"zip.build{{name = '/a', data = ''}}", "~is not a file name"},
      {"zip.build{{name = 'a//b', data = ''}}", "~is not a file name"},
      {"zip.build{{name = 'a', data = ''}, {name = 'a', data = ''}}", "~is there twice"},
      {"zip.build{{name = 'a', data = '', store = 1}}", "~'store' must be true or false"},
      {"zip.build{1}", "~entry 1 must be a table"},
      {"return tostring(#zip.build{{name = 'ü.txt', data = ''}} > 0)", "true"},
  };
  ALL(pairs);
}

/* EPUB: local header, flags 0, method 0, no extra field, so that the type stands at byte 38. */
static void the_mimetype_stands_where_epub_readers_look(void **state) {
  (void)state;
  struct small s;
  small_open(&s);
  small_run(
      &s,
      "return zip.build{{name = 'mimetype', data = 'application/epub+zip', store = true}, {name = 'b', data = 'b'}}");
  size_t n;
  const unsigned char *z = (const unsigned char *)lua_tolstring(s.L, -1, &n);
  assert_true(n > 100);
  assert_memory_equal(z, "PK\3\4", 4);
  assert_int_equal(z[6] | z[7] << 8, 0);      /* flags: no descriptor, no encryption */
  assert_int_equal(z[8] | z[9] << 8, 0);      /* stored */
  assert_int_equal(z[10] | z[11] << 8, 0);    /* 00:00 */
  assert_int_equal(z[12] | z[13] << 8, 0x21); /* 1980-01-01 */
  assert_int_equal(z[18] | z[19] << 8, 20);   /* size */
  assert_int_equal(z[26] | z[27] << 8, 8);    /* bytes of the name */
  assert_int_equal(z[28] | z[29] << 8, 0);    /* no extra field */
  assert_memory_equal(z + 30, "mimetypeapplication/epub+zipPK\3\4", 32);
  small_close(&s);
}

/* Every allocation of every function refused once: an error, no leak (under asan), no abort. */
static void refused_memory_is_an_error_and_nothing_leaks(void **state) {
  (void)state;
  static const char *const chunks[] = {
      "return json.encode({b = {1, 2, {c = 'x'}}, a = json.array{}})",
      "return json.decode('{\"a\":[1,\"x\\\\n\",null]}')",
      "return json.check({a = {1, 'x'}}, {properties = {a = {items = {type = 'number'}}}})",
      "return pcall(json.check, {}, {pattern = 1})",
      "return json.extract('so: {\"a\":[1,\"x\",],}')",
      "return json.extract('so: {\"a\":[')",
      "local s = 'One two. Three!\\n\\nFour “five” six... one two' return text.sentences(s), text.paragraphs(s), text.lines(s), text.fold(s)",
      "local s = 'One two. Three!\\n\\nFour \"five\" one two -- x' return text.first_words(s, 3), text.last_words(s, 3), text.xml(s), text.smarten(s, 'fr')",
      "return text.similarity('a b c d', 'a b c'), text.repeated('a b. a b', 2, 2), text.nearest('ab', {'abc', 'b'})",
      "return text.fill('{{a}} {{b}}', {a = 'x', b = 5}), pcall(text.fill, '{{c}}', {d = 1})",
      "return markdown.xhtml('# a\\n\\n- b\\n\\n|a|\\n|-|\\n|1|\\n\\n&nbsp;')",
      "return markdown.blocks('# a\\n\\n- b\\n\\n> c\\n\\n&nbsp;')",
      "return zip.build{{name = 'a', data = 'x', store = true}, {name = 'b', data = 'y'}}",
      "return pcall(zip.build, {{name = 'a', data = 'x'}, {name = 'a', data = 'y'}})",
  };
  for (size_t i = 0; i < sizeof chunks / sizeof chunks[0]; i++) {
    bool done = false;
    for (long k = 1; !done; k++) {
      struct small s;
      small_open(&s);
      if (luaL_loadstring(s.L, chunks[i]) != LUA_OK) abort();
      s.fail_at = k;
      lua_pcall(s.L, 0, 0, 0);
      done = s.count < k; /* it never came to the k-th */
      small_close(&s);
      assert_true(k < 5000);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(json_is_checked_and_extracted),
      cmocka_unit_test(words_and_lengths_are_counted),
      cmocka_unit_test(sentences_end_where_a_reader_ends_them),
      cmocka_unit_test(texts_are_cut_at_sentences),
      cmocka_unit_test(letters_are_folded_in_three_alphabets),
      cmocka_unit_test(likeness_and_repeats_are_found),
      cmocka_unit_test(quotes_and_dashes_become_typographic),
      cmocka_unit_test(slots_are_filled),
      cmocka_unit_test(markdown_becomes_wellformed_xhtml),
      cmocka_unit_test(markdown_is_taken_apart_into_blocks),
      cmocka_unit_test(archives_are_byte_identical_and_checked),
      cmocka_unit_test(the_mimetype_stands_where_epub_readers_look),
      cmocka_unit_test(refused_memory_is_an_error_and_nothing_leaks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
