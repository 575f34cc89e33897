/* test_buf.c - the buffer that holds model answers, and errors and allocation beside it. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/mem.h"

static void an_answer_arrives_whole_in_many_pieces(void **state) {
  (void)state;
  struct buf b;
  buf_init(&b, MAX_ANSWER_BYTES);
  assert_string_equal(b.data, "");
  for (int i = 0; i < 10000; i++) assert_int_equal(buf_printf(&b, "%04d,", i), OK);
  assert_int_equal(b.len, 50000);
  assert_memory_equal(b.data + 5 * 1234, "1234,", 5);
  assert_int_equal(b.data[b.len], 0);
  buf_release(&b);
}

static void a_provider_that_never_stops_is_cut_off_at_the_maximum(void **state) {
  (void)state;
  struct buf b;
  buf_init(&b, 10);
  assert_int_equal(buf_puts(&b, "0123456789"), OK);
  assert_int_equal(buf_putc(&b, 'x'), ERR_LIMIT);
  assert_int_equal(buf_printf(&b, "%s", "y"), ERR_LIMIT);
  assert_int_equal(buf_append(&b, "z", SIZE_MAX), ERR_LIMIT);
  assert_string_equal(b.data, "0123456789");
  assert_true(b.cap <= 11);
  buf_release(&b);
}

static void text_taken_out_is_the_takers(void **state) {
  (void)state;
  struct buf b;
  buf_init(&b, 100);
  buf_puts(&b, "chapter");
  char *text = buf_take(&b);
  assert_int_equal(b.len, 0);
  buf_puts(&b, "next");
  assert_string_equal(text, "chapter");
  free(text);
  buf_release(&b);
  text = buf_take(&b);
  assert_string_equal(text, "");
  free(text);
}

static void a_stream_drops_what_was_read_and_keeps_the_rest(void **state) {
  (void)state;
  struct buf b;
  buf_init(&b, 100);
  buf_drop_front(&b, 3);
  buf_puts(&b, "data: one\ndata: two\n");
  buf_drop_front(&b, 10);
  assert_string_equal(b.data, "data: two\n");
  buf_drop_front(&b, 500);
  assert_string_equal(b.data, "");
  buf_release(&b);
}

static void zero_bytes_in_the_middle_are_kept(void **state) {
  (void)state;
  struct buf b;
  buf_init(&b, 100);
  buf_append(&b, "a\0b", 3);
  buf_append(&b, NULL, 0);
  assert_int_equal(b.len, 3);
  assert_memory_equal(b.data, "a\0b", 4);
  buf_release(&b);
}

static void a_brief_is_read_from_its_file_and_a_missing_one_is_named(void **state) {
  (void)state;
  char path[] = "/tmp/quire-buf-XXXXXX";
  int fd = mkstemp(path);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, "a brief", 7), 7);
  close(fd);
  struct error e = {0};
  struct buf b;
  buf_init(&b, 100);
  assert_int_equal(buf_read_file(&b, path, &e), OK);
  assert_string_equal(b.data, "a brief");
  buf_release(&b);
  buf_init(&b, 3);
  assert_int_equal(buf_read_file(&b, path, &e), ERR_LIMIT);
  assert_non_null(strstr(e.message, path));
  unlink(path);
  assert_int_equal(buf_read_file(&b, path, &e), ERR_NOT_FOUND);
  assert_non_null(strstr(e.message, path));
  assert_int_equal(buf_read_file(&b, "/tmp", NULL), ERR_IO);
  buf_release(&b);
}

static void every_error_has_a_name_for_json(void **state) {
  (void)state;
  for (int i = 0; i < ERR_COUNT; i++) assert_string_not_equal(err_name((enum err)i), "unknown");
  assert_string_equal(err_name(ERR_NOT_FOUND), "not_found");
  assert_string_equal(err_name(ERR_COUNT), "unknown");
}

static void a_full_disk_is_told_from_a_missing_file(void **state) {
  (void)state;
  struct error e = {.hint = "old"};
  assert_int_equal(err_errno(&e, ENOSPC, "cannot write %s", "quire.db"), ERR_NOSPACE);
  assert_non_null(strstr(e.message, "cannot write quire.db: No space"));
  assert_string_equal(e.hint, "");
  assert_int_equal(err_errno(NULL, ENOENT, "x"), ERR_NOT_FOUND);
  assert_int_equal(err_errno(NULL, EROFS, "x"), ERR_READONLY);
}

static void a_long_error_is_cut_not_overrun(void **state) {
  (void)state;
  struct error e;
  char *longer = mem_printf("%02000d", 7);
  assert_int_equal(err_set(&e, ERR_SCRIPT, "%s", longer), ERR_SCRIPT);
  assert_int_equal(strlen(e.message), sizeof e.message - 1);
  assert_int_equal(err_errno(&e, ENOSPC, "%s", longer), ERR_NOSPACE);
  err_hint(&e, "%s", longer);
  assert_int_equal(strlen(e.hint), sizeof e.hint - 1);
  free(longer);
  assert_null(mem_dup(NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_answer_arrives_whole_in_many_pieces),
      cmocka_unit_test(a_provider_that_never_stops_is_cut_off_at_the_maximum),
      cmocka_unit_test(text_taken_out_is_the_takers),
      cmocka_unit_test(a_stream_drops_what_was_read_and_keeps_the_rest),
      cmocka_unit_test(zero_bytes_in_the_middle_are_kept),
      cmocka_unit_test(a_brief_is_read_from_its_file_and_a_missing_one_is_named),
      cmocka_unit_test(every_error_has_a_name_for_json),
      cmocka_unit_test(a_full_disk_is_told_from_a_missing_file),
      cmocka_unit_test(a_long_error_is_cut_not_overrun),
  };
  return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
