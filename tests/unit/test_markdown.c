/* test_markdown.c - text of unknown origin in pages of ours: what HTML escapes, what Markdown may hold, where links may lead. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>
#include "base/html.h"
#include "document/markdown.h"
#include "base/mem.h"

static void text_in_html_is_text(void **state) {
  (void)state;
  static const struct {
    const char *text, *html;
  } rows[] = {{"<b>\"A\" & 'B'</b>", "&lt;b&gt;&quot;A&quot; &amp; &#39;B&#39;&lt;/b&gt;"},
              {"a\x01\x1b[31mb\xff", "a[31mb"},
              {"\xd7\xa9 \xe2\x82\xac\n", "\xd7\xa9 \xe2\x82\xac\n"},
              {"", ""}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct buf b;
    buf_init(&b, 1000);
    assert_int_equal(html_puts(&b, rows[i].text), OK);
    assert_string_equal(b.data, rows[i].html);
    buf_release(&b);
  }
}

static char *rendered(const char *text) {
  struct buf b;
  buf_init(&b, 1 << 20);
  assert_int_equal(markdown_html(text, strlen(text), &b, NULL), OK);
  return buf_take(&b);
}

static void check_rendered(const char *text, const char *html) {
  char *got = rendered(text);
  assert_string_equal(got, html);
  free(got);
}

static void tags_in_markdown_are_text(void **state) {
  (void)state;
  check_rendered("a <script>x</script> *b*", "<p>a &lt;script&gt;x&lt;/script&gt; <em>b</em></p>\n");
  check_rendered("<div onclick=x>\ny\n</div>", "<p>&lt;div onclick=x&gt;\ny\n&lt;/div&gt;</p>\n");
  check_rendered("&lt;b&gt; &#60;i>\x02", "<p>&lt;b&gt; &lt;i&gt;</p>\n");
  check_rendered("&#1;a&#2;", "<p>a</p>\n");
}

static void links_lead_only_where_they_may(void **state) {
  (void)state;
  static const char *const refused[] = {"javascript:alert(1)", "JaVaScript:x",  "java&#115;cript:x",
                                        "data:text/html,x",    "vbscript:x",    "java&Tab;script:x",
                                        "//evil.example/x",    "file:///etc/x", "&#106;avascript&colon;x",
                                        "jav&#x0A;ascript:x"};
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
    char *text = mem_printf("[a](%s)", refused[i]), *html = rendered(text);
    if (strcmp(html, "<p><a>a</a></p>\n") != 0) fail_msg("%s became %s", text, html);
    free(text);
    free(html);
  }
  check_rendered("[a](https://x.example/?a=1&b=2)",
                 "<p><a href=\"https://x.example/?a=1&amp;b=2\" rel=\"noopener noreferrer\">a</a></p>\n");
  check_rendered("[a](mailto:x@y.example)", "<p><a href=\"mailto:x@y.example\">a</a></p>\n");
  check_rendered("[a](02#b)", "<p><a href=\"02#b\">a</a></p>\n");
  check_rendered(
      "[a](<https://x.example/\" onclick=\"x>)",
      "<p><a href=\"https://x.example/%22%20onclick=%22x\" rel=\"noopener noreferrer\">a</a></p>\n");
}

static void images_ask_no_other_host(void **state) {
  (void)state;
  check_rendered("![a *map* > \"b\"](https://x.example/p.png \"t\")", "<p>a map &gt; &quot;b&quot;</p>\n");
  check_rendered("![](x.png)", "<p></p>\n");
}

static void what_costs_too_much_is_refused(void **state) {
  (void)state;
  char *deep = mem_alloc(2001);
  memset(deep, '>', 2000);
  struct buf b;
  struct error e = {0};
  buf_init(&b, 1 << 20);
  assert_int_equal(markdown_html(deep, 2000, &b, &e), ERR_LIMIT);
  assert_non_null(strstr(e.message, "nested deeper"));
  buf_release(&b);
  buf_init(&b, 100);
  memset(deep, 'a', 2000);
  assert_int_equal(markdown_html(deep, 2000, &b, &e), ERR_LIMIT);
  buf_release(&b);
  free(deep);
}

static void emphasis_beside_cjk_signs_is_emphasis(void **state) {
  (void)state;
  static const struct {
    const char *text, *html;
  } rows[] = {
      {"**「灯台」**の灯", "<strong>「灯台」</strong>の灯"},
      {"**注意：**これは", "<strong>注意：</strong>これは"},
      {"**真的。**她说。", "<strong>真的。</strong>她说。"},
      {"他写下**「重要」**两个字", "他写下<strong>「重要」</strong>两个字"},
      {"太郎は*\"はい\"*と言った", "太郎は<em>&quot;はい&quot;</em>と言った"},
      {"그는 **\"안녕\"**이라고", "그는 <strong>&quot;안녕&quot;</strong>이라고"},
      {"**“真的。”**她说", "<strong>“真的。”</strong>她说"},
      {"***「x」***を", "<em><strong>「x」</strong></em>を"},
      {"これは*「a」*と**「b」**。", "これは<em>「a」</em>と<strong>「b」</strong>。"},
      {"\\*「x」*と", "*「x」*と"},
      {"a * 「x」 * b", "a * 「x」 * b"},
      {"__「x」__を", "__「x」__を"},
      {"`**「x」**を`", "<code>**「x」**を</code>"},
      {"[x](https://x.example/*「y」*z)",
       "<a href=\"https://x.example/*%E3%80%8Cy%E3%80%8D*z\" rel=\"noopener noreferrer\">x</a>"},
      {"x *(y)*z", "x *(y)*z"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char *whole = mem_printf("<p>%s</p>\n", rows[i].html);
    check_rendered(rows[i].text, whole);
    free(whole);
  }
}

static void lines_of_a_chat_are_text_and_no_links(void **state) {
  (void)state;
  check_rendered(
      "[Anna]: Where?\n\n> [Ben]: Home.\n\n[Cy]:\nyes\n",
      "<p>[Anna]: Where?</p>\n<blockquote>\n<p>[Ben]: Home.</p>\n</blockquote>\n<p>[Cy]:\nyes</p>\n");
  check_rendered("[a][1]\n\n[1]: https://x.example/",
                 "<p><a href=\"https://x.example/\" rel=\"noopener noreferrer\">a</a></p>\n");
}

static void an_ideographic_indent_begins_a_paragraph(void **state) {
  (void)state;
  check_rendered("　　雨下了一夜。\n　　她推开窗。\n", "<p>　　雨下了一夜。</p>\n<p>　　她推开窗。</p>\n");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(text_in_html_is_text),
      cmocka_unit_test(tags_in_markdown_are_text),
      cmocka_unit_test(links_lead_only_where_they_may),
      cmocka_unit_test(images_ask_no_other_host),
      cmocka_unit_test(what_costs_too_much_is_refused),
      cmocka_unit_test(emphasis_beside_cjk_signs_is_emphasis),
      cmocka_unit_test(lines_of_a_chat_are_text_and_no_links),
      cmocka_unit_test(an_ideographic_indent_begins_a_paragraph),
  };
  return cmocka_run_group_tests_name("markdown", tests, NULL, NULL);
}
