/* test_text.c - UTF-8, word counts, slugs, suggestions; and the small neighbours: clock, hash. */
#include "unit.h"

#include <string.h>
#include "base/clock.h"
#include "base/hash.h"
#include "base/text.h"

static void a_mistyped_name_gets_the_right_suggestion(void **state) {
  (void)state;
  static const char *const names[] = {"writer", "planner", "judge", "log", "max_words", NULL};
  static const struct {
    const char *word, *nearest;
  } rows[] = {{"wirter", "writer"},       {"writers", "writer"}, {"lgo", "log"},  {"maxwords", "max_words"},
              {"plannerr", "planner"},    {"llm", NULL},         {"zebra", NULL}, {"", NULL},
              {"temperature_of_it", NULL}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    const char *got = text_nearest(rows[i].word, names);
    if (rows[i].nearest)
      assert_string_equal(got, rows[i].nearest);
    else
      assert_null(got);
  }
  char endless[500];
  memset(endless, 'w', sizeof endless);
  endless[499] = '\0';
  assert_null(text_nearest(endless, names));
}

static void damaged_utf8_is_found_where_it_is(void **state) {
  (void)state;
  static const struct {
    const char *text;
    size_t n, bad;
  } rows[] = {{"ok \xc3\xa9", 5, 99},
              {"a\xc3", 2, 1},
              {"\xc0\xaf", 2, 0},
              {"\xed\xa0\x80", 3, 0},
              {"\xf4\x90\x80\x80", 4, 0},
              {"\xe2\x82\xac\xff", 4, 3},
              {"\xf0\x9f\x98\x80", 4, 99},
              {"\x80", 1, 0},
              {"\xe0\x80\xaf", 3, 0},
              {"\xf8\x88\x80\x80\x80", 5, 0},
              {"", 0, 99}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    size_t bad = 99;
    assert_int_equal(utf8_valid(rows[i].text, rows[i].n, &bad), rows[i].bad == 99);
    assert_int_equal(bad, rows[i].bad);
  }
  uint32_t cp = 0;
  assert_int_equal(utf8_decode("\xf0\x9f\x98\x80", 4, &cp), 4);
  assert_int_equal(cp, 0x1f600);
  assert_int_equal(utf8_decode("\xf0\x9f\x98\x80", 3, &cp), -1);
  assert_int_equal(utf8_decode("x", 0, &cp), 0);
}

static void a_chapter_has_as_many_words_as_a_reader_counts(void **state) {
  (void)state;
  static const struct {
    const char *text;
    size_t words;
  } rows[] = {
      {"", 0},
      {"The lamp went out.", 4},
      {"She didn't well-known", 3},
      {"She didn\u2019t.", 2},
      {"wait -- no \u2014 wait\u2014stop", 4},
      {"'quoted' words-", 2},
      {"rock--roll", 2},
      {"Caf\u00e9 \u00e0 la cr\u00e8me, s\u2019il vous pla\u00eet", 7},
      {"\u201cYes\u201d \u2026 \u00abnon\u00bb", 2},
      {"\u041f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440", 2},
      {"\u6f22\u5b57\u3002\u304b\u306a", 2},
      {"\u6f22\u5b57\u304b", 2},
      {"\U0001f600 \u2764 3.14", 1},
      {"At 3.30 he paid 1,500 marks.", 6},
      {"1,500.25 2. 3, 4", 4},
      {"\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35\u0e0a\u0e32\u0e27\u0e42\u0e25\u0e01",
       3}, /* Hello, people of the world */
      {"a\xff"
       "b",
       2},
      {"so\u00adft", 1},
      {"\ud55c\uad6d\uc5b4 \ub9d0", 2},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    assert_int_equal(text_words(rows[i].text, strlen(rows[i].text)), rows[i].words);
}

static void a_title_makes_a_readable_folder_name(void **state) {
  (void)state;
  static const struct {
    const char *title, *slug;
  } rows[] = {
      {"The Lighthouse Keeper's Ledger", "the-lighthouse-keepers-ledger"},
      {"  --Hello,   World!--  ", "hello-world"},
      {"\u00c9lan & \u0152uvre \u00df", "elan-oeuvre-ss"},
      {"\u6f22\u5b57", "\u6f22\u5b57"},
      {"\u706f\u53f0\u306e\u65e5\u8a18 \u2014 \u300c\u6d77\u300d", "\u706f\u53f0\u306e\u65e5\u8a18-\u6d77"},
      {"\u041c\u0430\u044f\u043a, \u0401\u043b\u043a\u0430",
       "\u043c\u0430\u044f\u043a-\u0451\u043b\u043a\u0430"},
      {"\u0627\u0644\u0645\u0646\u0627\u0631\u0629\u061f", "\u0627\u0644\u0645\u0646\u0627\u0631\u0629"},
      {"\u3000\u3001\U0001F600", "untitled"},
      {"", "untitled"},
      {"../../etc/passwd", "etc-passwd"},
      {"Book 2: \xff Return", "book-2-return"},
  };
  char out[64];
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    text_slug(rows[i].title, strlen(rows[i].title), out, sizeof out);
    assert_string_equal(out, rows[i].slug);
    char again[64];
    text_slug(out, strlen(out), again, sizeof again);
    assert_string_equal(again, out);
  }
  text_slug("abc def", 7, out, 5);
  assert_string_equal(out, "abc");
  text_slug("", 0, out, 4);
  assert_string_equal(out, "unt");
}

static void a_stored_time_is_shown_as_it_was(void **state) {
  (void)state;
  char out[25];
  clock_iso(0, out);
  assert_string_equal(out, "1970-01-01T00:00:00Z");
  clock_iso(1795464901999, out);
  assert_string_equal(out, "2026-11-23T20:15:01Z");
  clock_iso(-1, out);
  assert_string_equal(out, "1969-12-31T23:59:59Z");
  clock_iso(INT64_MAX, out);
  assert_string_equal(out, "9999-12-31T23:59:59Z");
  clock_iso(INT64_MIN, out);
  assert_int_equal(strlen(out), 20);
}

static void the_same_request_has_the_same_hash_in_one_piece_or_many(void **state) {
  (void)state;
  char hex[SHA_HEX];
  sha256_hex("abc", 3, hex);
  assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  uint8_t whole[SHA_BYTES], pieces[SHA_BYTES];
  sha256(NULL, 0, whole);
  hex_encode(whole, 4, hex);
  assert_string_equal(hex, "e3b0c442");
  sha256("a chapter", 9, whole);
  struct sha256 *s = sha256_begin();
  sha256_add(s, "a ", 2);
  sha256_add(s, "chapter", 7);
  sha256_end(s, pieces);
  assert_memory_equal(whole, pieces, SHA_BYTES);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_mistyped_name_gets_the_right_suggestion),
      cmocka_unit_test(damaged_utf8_is_found_where_it_is),
      cmocka_unit_test(a_chapter_has_as_many_words_as_a_reader_counts),
      cmocka_unit_test(a_title_makes_a_readable_folder_name),
      cmocka_unit_test(a_stored_time_is_shown_as_it_was),
      cmocka_unit_test(the_same_request_has_the_same_hash_in_one_piece_or_many),
  };
  return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
