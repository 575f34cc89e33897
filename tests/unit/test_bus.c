/* test_bus.c - who watches hears what is meant for him, in order; who does not keep up holds nobody. */
#include "unit.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "web/live/bus.h"

/* What a reader has in its queue now. */
static enum bus_end heard(struct bus *b, struct bus_reader *r, int64_t after, char *out, size_t most) {
  struct buf text;
  int64_t last = after;
  buf_init(&text, 4 << 20);
  enum bus_end end = bus_take(b, r, 0, after, &text, &last);
  snprintf(out, most, "%s", text.data);
  buf_release(&text);
  return end;
}

static void say(struct bus *b, struct bus_frame_info info, const char *text) {
  bus_publish(b, &info, text, strlen(text));
}

static void a_reader_hears_its_runs_and_no_others(void **state) {
  (void)state;
  struct bus *b = bus_new();
  struct bus_reader *all = bus_join(b, &(struct bus_filter){0});
  struct bus_reader *one = bus_join(b, &(struct bus_filter){.runs = {7}, .n_runs = 1});
  char text[100];
  say(b, (struct bus_frame_info){.run = 7, .id = 1}, "a");
  say(b, (struct bus_frame_info){.run = 8, .id = 2}, "b");
  say(b, (struct bus_frame_info){.run = 7, .only_named = true}, "c");
  say(b, (struct bus_frame_info){.run = 7, .reader = bus_reader_id(all)}, "d");
  assert_int_equal(heard(b, all, 0, text, sizeof text), BUS_FRAMES);
  assert_string_equal(text, "abd");
  assert_int_equal(heard(b, one, 0, text, sizeof text), BUS_FRAMES);
  assert_string_equal(text, "ac");
  assert_int_equal(heard(b, one, 0, text, sizeof text), BUS_QUIET);
  bus_leave(b, all);
  bus_leave(b, one);
  bus_free(b);
}

static void what_was_replayed_is_not_told_again(void **state) {
  (void)state;
  struct bus *b = bus_new();
  struct bus_reader *r = bus_join(b, &(struct bus_filter){0});
  char text[100];
  for (int64_t id = 1; id <= 4; id++) {
    const char digit[] = {(char)('0' + id), '\0'};
    say(b, (struct bus_frame_info){.run = 1, .id = id}, digit);
  }
  say(b, (struct bus_frame_info){.run = 1}, "x"); /* no event: always told */
  heard(b, r, 2, text, sizeof text);
  assert_string_equal(text, "34x");
  bus_leave(b, r);
  bus_free(b);
}

static void who_does_not_keep_up_is_told_so_and_holds_nobody(void **state) {
  (void)state;
  struct bus *b = bus_new();
  struct bus_reader *slow = bus_join(b, &(struct bus_filter){0}),
                    *quick = bus_join(b, &(struct bus_filter){0});
  char *frame = calloc(1, 1001), text[2000];
  memset(frame, 'x', 1000);
  for (int i = 0; i < 2000; i++) {
    say(b, (struct bus_frame_info){.run = 1, .id = i + 1}, frame);
    assert_int_equal(heard(b, quick, i, text, sizeof text), BUS_FRAMES);
    assert_int_equal(strlen(text), 1000);
  }
  assert_int_equal(heard(b, slow, 0, text, sizeof text), BUS_BEHIND);
  free(frame);
  bus_leave(b, slow);
  bus_leave(b, quick);
  bus_free(b);
}

/* ---- text */

static void join_pieces(void *arg, const struct bus_text *t) {
  char *out = arg;
  size_t n = strlen(out);
  snprintf(out + n, 400 - n, "[%d:%d %.*s]", (int)t->call, (int)t->at, (int)t->n, t->text);
}

static void post(struct bus *b, int call, int at, const char *text, uint64_t reader) {
  bus_text(b, &(struct bus_text){.run = 1,
                                 .call = call,
                                 .attempt = 1,
                                 .role = "writer",
                                 .scope = "/",
                                 .at = at,
                                 .text = text,
                                 .n = strlen(text),
                                 .reader = reader});
}

static void pieces_that_follow_are_joined_and_the_whole_comes_before_what_follows(void **state) {
  (void)state;
  struct bus *b = bus_new();
  char text[400] = "";
  post(b, 1, 0, "One ", 0);
  post(b, 2, 0, "Other", 0);
  post(b, 1, 4, "day", 0);
  post(b, 1, 0, "One day", 9); /* somebody joins */
  post(b, 1, 7, " she", 0);
  post(b, 1, 11, " left", 0);
  bus_text_each(b, join_pieces, text);
  assert_string_equal(text, "[1:0 One day][2:0 Other][1:0 One day][1:7  she left]");
  text[0] = '\0';
  bus_text_each(b, join_pieces, text);
  assert_string_equal(text, "");
  bus_free(b);
}

static void text_begins_for_a_reader_when_it_is_said_so(void **state) {
  (void)state;
  struct bus *b = bus_new();
  struct bus_filter filter = {.runs = {1}, .n_runs = 1, .text = true};
  struct bus_reader *r = bus_join(b, &filter);
  char text[100];
  say(b, (struct bus_frame_info){.run = 1, .text = true}, "too early");
  bus_text_begins(b, bus_reader_id(r));
  say(b, (struct bus_frame_info){.run = 1, .text = true}, "now");
  heard(b, r, 0, text, sizeof text);
  assert_string_equal(text, "now");
  bus_leave(b, r);
  bus_free(b);
}

/* ---- the end */

static void *wait_long(void *arg) {
  void **args = arg;
  struct buf text;
  int64_t last = 0;
  buf_init(&text, 1000);
  enum bus_end end = bus_take(args[0], args[1], 600000, 0, &text, &last);
  buf_release(&text);
  return (void *)(uintptr_t)end;
}

static void closing_wakes_everybody_and_lets_nobody_in(void **state) {
  (void)state;
  struct bus *b = bus_new();
  struct bus_reader *r = bus_join(b, &(struct bus_filter){0});
  void *args[] = {b, r}, *end;
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, wait_long, args), 0);
  bus_close(b);
  pthread_join(thread, &end);
  assert_int_equal((uintptr_t)end, BUS_CLOSED);
  assert_null(bus_join(b, &(struct bus_filter){0}));
  assert_false(bus_rest(b, 600000));
  bus_leave(b, r);
  bus_free(b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_reader_hears_its_runs_and_no_others),
      cmocka_unit_test(what_was_replayed_is_not_told_again),
      cmocka_unit_test(who_does_not_keep_up_is_told_so_and_holds_nobody),
      cmocka_unit_test(pieces_that_follow_are_joined_and_the_whole_comes_before_what_follows),
      cmocka_unit_test(text_begins_for_a_reader_when_it_is_said_so),
      cmocka_unit_test(closing_wakes_everybody_and_lets_nobody_in),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
