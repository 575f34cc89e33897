/* test_value.c - what a script hands over as JSON comes back as it was, or the script is told what is wrong where. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/jsonx.h"
#include "base/text.h"
#include "lua/fields.h"
#include "lua/json_reader.h"
#include "lua/value.h"
#include "small_state.h"

static int push_json(lua_State *L) {
  size_t n;
  const char *s = lua_tolstring(L, 1, &n);
  value_push_json(L, s, n);
  return 1;
}

static void assert_lua(const char *chunk, const char *expected) {
  struct small s;
  small_open(&s);
  assert_string_equal(small_run(&s, chunk), expected);
  small_close(&s);
}

struct pair {
  const char *chunk, *expected;
};

static void values_are_written_canonically(void **state) {
  (void)state;
  static const struct pair pairs[] = {
      {"return json.encode(nil)", "null"},
      {"return json.encode({})", "{}"},
      {"return json.encode(json.array{})", "[]"},
      {"return json.encode({a = json.array{}, [\"b c\"] = json.null})", "{\"a\":[],\"b c\":null}"},
      {"return json.encode({z = 1, a = 2, m = {y = 1, x = {1, 2}}})",
       "{\"a\":2,\"m\":{\"x\":[1,2],\"y\":1},\"z\":1}"},
      {"return json.encode({1, 1.0, -0.0, 0.1, 1e308, 5e-324, 100000.0, 1e15, 1/3})",
       "[1,1.0,-0.0,0.1,1e+308,4.94065645841247e-324,100000.0,1e+15,0.3333333333333333]"},
      {"return json.encode({12345678901234567, math.mininteger, math.maxinteger})",
       "[12345678901234567,-9223372036854775808,9223372036854775807]"},
      {"return json.encode('a\\0b\\n\\t\\1\"\\\\/\\u{e9}\\u{1F600}')",
       "\"a\\u0000b\\n\\t\\u0001\\\"\\\\/é😀\""},
      {"return json.encode({ab = 1, a = 2, ['a\\u{e9}'] = 3, [''] = 4})",
       "{\"\":4,\"a\":2,\"ab\":1,\"aé\":3}"},
      {"return json.encode({true, false, {}, 'x'})", "[true,false,{},\"x\"]"},
  };
  for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) assert_lua(pairs[i].chunk, pairs[i].expected);
}

static void a_large_object_is_sorted_and_whole(void **state) {
  (void)state;
  assert_lua(
      "local t, want = {}, {}\n"
      "for i = 1, 5000 do local k = string.format('k%05d', (i * 7919) % 5000); t[k] = i end\n"
      "for i = 0, 4999 do local k = string.format('k%05d', i); want[#want+1] = '\"' .. k .. '\":' .. t[k] end\n"
      "return tostring(json.encode(t) == '{' .. table.concat(want, ',') .. '}')",
      "true");
}

static void what_cannot_be_json_is_refused_with_its_path(void **state) {
  (void)state;
  static const struct pair pairs[] = {
      {"json.encode({chapters = {{}, {}, {1, x = 2}}})", "chapters[3]: a table is either a list"},
      {"json.encode({chapters = {1, nil, nil, 4, [9] = 1}})", "chapters: a table is either a list"},
      {"json.encode({[1.5] = 1})", "the value: a table is either a list"},
      {"json.encode({[true] = 1})", "the value: a table is either a list"},
      {"json.encode({a = 1, [1] = 2})", "the value: a table is either a list"},
      {"local t = json.array{}; t.x = 1; json.encode(t)", "a table is either a list"},
      {"json.encode({a = {b = print}})", "a.b: a function cannot"},
      {"json.encode({a = 0/0})", "a: infinity and not-a-number"},
      {"json.encode({math.huge})", "[1]: infinity and not-a-number"},
      {"json.encode({a = {'ok', '\\xff'}})", "a[2]: the string is not valid UTF-8"},
      {"json.encode({['\\xff'] = 1})", "is not valid UTF-8"},
      {"json.encode({['a\\0'] = 1})", "zero byte"},
      {"json.encode(io.stdout)", "only tables, strings"},
      {"local t = {}; t.t = t; json.encode(t)", "contains itself"},
      {"json.encode(string.rep('x', 17 << 20))", "limit: the value is larger"},
  };
  for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
    struct small s;
    small_open(&s);
    const char *text = small_run(&s, pairs[i].chunk);
    if (!strstr(text, pairs[i].expected)) fail_msg("%s\n gave: %s", pairs[i].chunk, text);
    small_close(&s);
  }
}

static void a_refused_value_leaves_output_and_stack_alone(void **state) {
  (void)state;
  struct small s;
  small_open(&s);
  struct buf out;
  struct error e = {0};
  buf_init(&out, 1000);
  buf_puts(&out, "before");
  small_run(&s, "t = {1, {a = 1, b = {c = print}}}");
  lua_settop(s.L, 0);
  lua_getglobal(s.L, "t");
  assert_int_equal(value_encode(s.L, -1, &out, &e), ERR_INVALID);
  assert_string_equal(out.data, "before");
  assert_int_equal(lua_gettop(s.L), 1);
  assert_string_equal(e.message, "[2].b.c: a function cannot be written as JSON");
  buf_release(&out);
  buf_init(&out, 3);
  lua_pushliteral(s.L, "long");
  assert_int_equal(value_encode(s.L, -1, &out, NULL), ERR_LIMIT);
  assert_int_equal(out.len, 0);
  buf_release(&out);
  small_close(&s);
}

static void documents_survive_the_round_trip(void **state) {
  (void)state;
  static const char *const texts[] = {"null",
                                      "true",
                                      "false",
                                      "0",
                                      "-1",
                                      "1.5",
                                      "-0.0",
                                      "\"\"",
                                      "[]",
                                      "{}",
                                      "[[],{},[[]]]",
                                      "{\"a\":[],\"b\":{}}",
                                      "12345678901234567",
                                      "9223372036854775807",
                                      "-9223372036854775808",
                                      "1e+308",
                                      "1.0",
                                      "\"\\u0000\"",
                                      "\"a\\u0000b\"",
                                      "\"é😀\\n\"",
                                      "[null,null]",
                                      "{\"a\":null}",
                                      "[1,2.5,\"x\",{\"y\":[true]}]"};
  struct small s;
  small_open(&s);
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    struct buf out;
    buf_init(&out, 1000);
    value_push_json(s.L, texts[i], strlen(texts[i]));
    assert_int_equal(value_encode(s.L, -1, &out, NULL), OK);
    assert_string_equal(out.data, texts[i]);
    buf_release(&out);
  }
  small_close(&s);
}

/* The same text means the same to the host (jansson) and to a script. */
static void reading_agrees_with_the_host(void **state) {
  (void)state;
  static const char *const texts[] = {"",
                                      " ",
                                      "{",
                                      "[",
                                      "[1",
                                      "[1,",
                                      "[1,]",
                                      "{\"a\"",
                                      "{\"a\":",
                                      "{\"a\":1",
                                      "{\"a\":1,}",
                                      "{a:1}",
                                      "tru",
                                      "truex",
                                      "nul",
                                      "01",
                                      "-",
                                      "1.",
                                      ".5",
                                      "1e",
                                      "1e5",
                                      "1E-2",
                                      "+1",
                                      "NaN",
                                      "\"",
                                      "\"\\",
                                      "\"\\\"",
                                      "\"\\x\"",
                                      "\"\\u12\"",
                                      "\"\\ud83d\\ude00\"",
                                      "\"\\ud83d\"",
                                      "\"\\ude00\"",
                                      "\"\\ud83dx\"",
                                      "\"a\nb\"",
                                      "\"\xff\"",
                                      "\"\\\xc3\xa9\"",
                                      "[1] 2",
                                      " [ 1 , 2 ] ",
                                      "{\"a\":1,\"a\":2}",
                                      "{\"\\u0000\":1}",
                                      "9223372036854775808",
                                      "1e999",
                                      "\"\\/\\b\\f\\r\"",
                                      "\xef\xbb\xbf[]",
                                      "-0",
                                      "[-0]",
                                      "\"\x7f\"",
                                      "{\"a\" : {\"b\" : [ ] } }",
                                      "\"\\\\\"",
                                      "[\"\\\\\",1]"};
  struct small s;
  small_open(&s);
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    json_t *v = NULL;
    jsonx_parse(texts[i], strlen(texts[i]), "it", &v, NULL);
    lua_settop(s.L, 0);
    lua_pushcfunction(s.L, push_json);
    lua_pushstring(s.L, texts[i]);
    bool taken = lua_pcall(s.L, 1, 1, 0) == LUA_OK;
    if (taken != (v != NULL)) fail_msg("%s: host %d, script %d", texts[i], v != NULL, taken);
    if (taken) {
      struct buf out;
      buf_init(&out, 1000);
      char *theirs = jsonx_dumps(v);
      assert_int_equal(value_encode(s.L, -1, &out, NULL), OK);
      if (strcmp(texts[i], "1e5") != 0) assert_string_equal(out.data, theirs);
      free(theirs);
      buf_release(&out);
    }
    json_decref(v);
  }
  small_close(&s);
}

static void mistakes_are_told_with_line_and_column(void **state) {
  (void)state;
  assert_lua("return select(2, pcall(json.decode, '{\"a\": 1,\\n \"\\u{e9}\": x}'))",
             "JSON, line 2, column 7: a value is expected here");
  assert_lua("return select(2, pcall(json.decode, '{\"a\":1,\"a\":2}'))",
             "JSON, line 1, column 8: this key is there twice");
}

static void nesting_has_an_end(void **state) {
  (void)state;
  assert_lua(
      "return json.encode(json.decode(string.rep('[', 100) .. string.rep(']', 100)))",
      "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
      "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]");
  assert_lua("return select(2, pcall(json.decode, string.rep('[', 101) .. string.rep(']', 101)))",
             "JSON, line 1, column 101: nested deeper than 100 levels");
  assert_lua("return tostring(pcall(json.decode, string.rep('{\"a\":', 1000000)))", "false");
}

static void long_texts_come_back_whole(void **state) {
  (void)state;
  assert_lua("local s = string.rep('Der alte Turm \\u{2013} \"Licht\"\\n', 25000)\n"
             "return tostring(#s > 600000 and json.decode(json.encode({s, {t = s}}))[2].t == s)",
             "true");
}

static void arrays_are_known_and_protected(void **state) {
  (void)state;
  assert_lua("return tostring(getmetatable(json.decode('[]')))", "false");
  assert_lua("return tostring(pcall(setmetatable, json.decode('[1]'), {}))", "false");
  assert_lua("local t = json.decode('{\"a\":null}'); return tostring(t.a == json.null)", "true");
  assert_lua("return tostring(pcall(json.array, setmetatable({}, {})))", "false");
}

static void refused_memory_never_leaks(void **state) {
  (void)state;
  static const char text[] =
      "{\"a\":[1,2,3,{\"b\":\"x\\ny\"}],\"long\":\"0123456789012345678901234567890123456789012345\\n\","
      "\"n\":1.00000000000000000000000000000000000000000000000000000000000000000000001}";
  bool done = false;
  for (long k = 1; !done; k++) {
    struct small s;
    small_open(&s);
    lua_pushcfunction(s.L, push_json);
    lua_pushstring(s.L, text);
    s.fail_at = k;
    done = lua_pcall(s.L, 1, 1, 0) == LUA_OK;
    small_close(&s);
    assert_true(k < 1000);
  }
}

/* ---- json.reader: of a text, a few values */

static void assert_reads(const char *chunk, const char *expected) {
  struct small s;
  small_open(&s);
  lua_register(s.L, "reader", json_reader);
  assert_string_equal(small_run(&s, chunk), expected);
  small_close(&s);
}

static void a_reader_gives_what_its_paths_lead_to(void **state) {
  (void)state;
  assert_reads(
      "local read = reader {'a.2.text', 'b', 'none', 'a.1', 'n.2'}\n"
      "local ok, text, b, none, first, n = read [[ {\"x\":[1,{\"a\":9},\"\\u00e9\"],\"a\":[7.5,{\"no\":{},\"t\\u0065xt\":\"\\n\"},3],"
      " \"b\" : {\"k\":[true,false,null]}, \"n\":{\"2\":null}} ]]\n"
      "return json.encode {ok, text, b, none == nil, first, n == nil}",
      "[true,\"\\n\",{\"k\":[true,false,null]},true,7.5,true]");
  assert_reads("local read = reader {'a.b', 'a.c.d'}\n"
               "local _, b, d = read '{\"a\":3}'; local _, e = read '{\"a\":{\"b\":false,\"c\":[]}}'\n"
               "return tostring(b) .. tostring(d) .. tostring(e)",
               "nilnilfalse");
}

/* What it skips is read all the same: a text that is none is never taken. */
static void a_reader_refuses_what_is_no_json(void **state) {
  (void)state;
  static const char *const texts[] = {"",
                                      "[]",
                                      "{",
                                      "{\"x\":1",
                                      "{\"x\":1}}",
                                      "{\"x\"}",
                                      "{x:1}",
                                      "{\"x\":tru}",
                                      "{\"x\":01}",
                                      "{\"x\":[1,]}",
                                      "{\"x\":\"\n\"}",
                                      "{\"x\":\"a}",
                                      "{\"x\":[{]}",
                                      "{\"a\":}"};
  struct small s;
  small_open(&s);
  lua_register(s.L, "reader", json_reader);
  small_run(&s, "read = reader {'a'}");
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    lua_settop(s.L, 0);
    lua_getglobal(s.L, "read");
    lua_pushstring(s.L, texts[i]);
    assert_int_equal(lua_pcall(s.L, 1, 2, 0), LUA_OK);
    if (lua_toboolean(s.L, 1)) fail_msg("taken: %s", texts[i]);
    assert_int_equal(strncmp(lua_tostring(s.L, 2), "JSON, line ", 11), 0);
  }
  small_close(&s);
  assert_reads("return tostring(reader {'a'}(string.rep('{\"x\":', 101) .. '1' .. string.rep('}', 101)))",
               "false");
}

/* Half a letter, whose other half comes with the next event: the adapter joins them. */
static void a_reader_leaves_bytes_that_are_no_utf8_as_they_are(void **state) {
  (void)state;
  struct small s;
  small_open(&s);
  lua_register(s.L, "reader", json_reader);
  small_run(&s, "read = reader {'a'}");
  lua_settop(s.L, 0);
  lua_getglobal(s.L, "read");
  lua_pushstring(s.L, "{\"a\":\"x\xff"
                      "y\"}");
  assert_int_equal(lua_pcall(s.L, 1, 2, 0), LUA_OK);
  assert_string_equal(lua_tostring(s.L, 2), "x\xff"
                                            "y");
  small_close(&s);
}

static void paths_that_lead_through_each_other_are_refused(void **state) {
  (void)state;
  assert_reads("return tostring(pcall(reader, {'a', 'a.b'}))", "false");
  assert_reads("return tostring(pcall(reader, {'a.b', 'a'}))", "false");
  assert_reads("return tostring(pcall(reader, {'a', 'a'}))", "false");
  assert_reads("return tostring(pcall(reader, {}))", "false");
  assert_reads("return tostring(pcall(reader, {'a', 1}))", "false");
}

/* Each state has another seed, so another order of keys: an author who runs a script twice reads the same error twice. */
static void the_first_mistake_is_the_same_in_every_process(void **state) {
  (void)state;
  const char *const known[] = {"name", NULL};
  for (int i = 0; i < 60; i++) {
    struct small s;
    small_open(&s);
    const char *got = small_run(
        &s,
        "local t = {ok = 1}\n"
        "for c in ('zmaqxbwky'):gmatch('.') do t[c] = {deep = 1, [c .. 'f'] = type, [c .. 'e'] = type} end\n"
        "local good, why = pcall(json.encode, t) return why");
    assert_int_equal(strncmp(got, "a.ae: ", 6), 0);
    lua_settop(s.L, 0);
    lua_newtable(s.L);
    for (const char *c = "zmaqxbwky"; *c; c++) {
      lua_pushlstring(s.L, c, 1);
      lua_pushboolean(s.L, 1);
      lua_rawset(s.L, 1);
    }
    lua_pushboolean(s.L, 1);
    lua_setfield(s.L, 1, "name");
    assert_string_equal(fields_odd(s.L, 1, known).name, "a");
    small_close(&s);
  }
  const char *const one[] = {"bat", "cat", NULL}, *const other[] = {"cat", "bat", NULL};
  assert_string_equal(text_nearest("rat", one), "bat");
  assert_string_equal(text_nearest("rat", other), "bat");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values_are_written_canonically),
      cmocka_unit_test(a_large_object_is_sorted_and_whole),
      cmocka_unit_test(what_cannot_be_json_is_refused_with_its_path),
      cmocka_unit_test(a_refused_value_leaves_output_and_stack_alone),
      cmocka_unit_test(documents_survive_the_round_trip),
      cmocka_unit_test(reading_agrees_with_the_host),
      cmocka_unit_test(mistakes_are_told_with_line_and_column),
      cmocka_unit_test(nesting_has_an_end),
      cmocka_unit_test(long_texts_come_back_whole),
      cmocka_unit_test(arrays_are_known_and_protected),
      cmocka_unit_test(refused_memory_never_leaks),
      cmocka_unit_test(a_reader_gives_what_its_paths_lead_to),
      cmocka_unit_test(a_reader_refuses_what_is_no_json),
      cmocka_unit_test(a_reader_leaves_bytes_that_are_no_utf8_as_they_are),
      cmocka_unit_test(paths_that_lead_through_each_other_are_refused),
      cmocka_unit_test(the_first_mistake_is_the_same_in_every_process),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
