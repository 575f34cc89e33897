/* test_book.c - the names of a book's documents, and the list of its chapters. */
#include "store_fixture.h"

#include "book/book.h"

static void numbers_are_read_from_names_of_documents_only(void **state) {
  (void)state;
  assert_int_equal(book_number(BOOK_CHAPTERS, "chapters/03.md"), 3);
  assert_int_equal(book_number(BOOK_CHAPTERS, "chapters/100.md"), 100);
  assert_int_equal(book_number(BOOK_PLANS, "plans/07.json"), 7);
  static const char *const none[] = {
      "chapters/.md", "chapters/3",        "chapters/a3.md",          "plans/03.json",
      "chapters/",    "chapters/3.d/x.md", "chapters/99999999999.md", ""};
  for (size_t i = 0; i < sizeof none / sizeof *none; i++)
    assert_int_equal(book_number(BOOK_CHAPTERS, none[i]), 0);
}

static void write_document(struct fixture *f, const char *name, const char *text) {
  struct op_artifact_edit op = {.op.kind = &op_artifact_edit_kind,
                                .project = 1,
                                .name = name,
                                .kind = "markdown",
                                .content = text,
                                .n = strlen(text),
                                .expected = -1};
  assert_int_equal(store_do(f->store, &op.op), OK);
}

static void chapters_come_by_number_with_title_and_length(void **state) {
  struct fixture *f = *state;
  create_run(f->store, "book"); /* project 1 is made with it */
  write_document(f, "chapters/10.md", "# The Last \xc3\x89toile  \n\nFour words of prose.\n");
  write_document(f, "chapters/02.md", "No title, just prose.\n");
  write_document(f, "chapters/x.md", "# Not one");
  write_document(f, "book.json", "{\"title\":\"B\"}");
  struct db *db = store_reader(f->store);
  struct chapters c;
  struct error e = {0};
  assert_int_equal(book_chapters(db, 1, &c, &e), OK);
  assert_int_equal(c.n, 2);
  assert_int_equal(c.items[0].number, 2);
  assert_string_equal(c.items[0].title, "");
  assert_int_equal(c.items[0].words, 4);
  assert_string_equal(c.items[1].title, "The Last \xc3\x89toile");
  assert_int_equal(c.items[1].words, 4);
  assert_true(c.items[1].by_person);
  book_chapters_release(&c);
  json_t *meta = book_document(db, 1, BOOK_META);
  assert_string_equal(json_string_value(json_object_get(meta, "title")), "B");
  json_decref(meta);
  assert_null(book_document(db, 1, "nothing.json"));
  assert_null(book_document(db, 1, "chapters/02.md"));
  store_reader_release(f->store, db);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(numbers_are_read_from_names_of_documents_only),
      cmocka_unit_test_setup_teardown(chapters_come_by_number_with_title_and_length, setup, teardown),
  };
  return cmocka_run_group_tests_name("book", tests, NULL, NULL);
}
