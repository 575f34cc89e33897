/* test_framing.c - a stream gives the same events however the network cut it. */
#include "unit.h"

#include <stdio.h>
#include <string.h>
#include "llm/framing.h"

struct stream {
  const char *what;
  enum framing_kind kind;
  const char *bytes;
  size_t n;           /* 0: strlen(bytes) */
  const char *events; /* name|data; for each event */
};

static const struct stream streams[] = {
    {"an event ends at a blank line", FRAMING_SSE, "data: a\n\ndata: b\n\n", 0, "message|a;message|b;"},
    {"CRLF ends a line", FRAMING_SSE, "data: a\r\n\r\ndata: b\r\n\r\n", 0, "message|a;message|b;"},
    {"CRLF is one end: it does not cut an event of several lines", FRAMING_SSE,
     "event: delta\r\ndata: a\r\ndata: b\r\n\r\n", 0, "delta|a\nb;"},
    {"CR ends a line", FRAMING_SSE, "data: a\r\rdata: b\r\r", 0, "message|a;message|b;"},
    {"line ends can be mixed", FRAMING_SSE, "data: a\r\n\ndata: b\n\rdata: c\r\r\n", 0,
     "message|a;message|b;message|c;"},
    {"only one space goes", FRAMING_SSE, "data:  a\n\ndata:b\n\n", 0, "message| a;message|b;"},
    {"data lines are joined", FRAMING_SSE, "data: a\ndata:\ndata: b\n\n", 0, "message|a\n\nb;"},
    {"data may be empty", FRAMING_SSE, "data\n\ndata:\n\n", 0, "message|;message|;"},
    {"an event has a name", FRAMING_SSE, "event: delta\ndata: a\n\ndata: b\n\n", 0, "delta|a;message|b;"},
    {"a name without data is nothing", FRAMING_SSE, "event: ping\n\ndata: b\n\n", 0, "message|b;"},
    {"comments are nothing", FRAMING_SSE, ": OPENROUTER PROCESSING\n\n:\ndata: a\n: x\n\n", 0, "message|a;"},
    {"id, retry and unknown fields are nothing", FRAMING_SSE, "id: 7\nretry: 10\ndatum: x\ndata: a\n\n", 0,
     "message|a;"},
    {"field names are exact", FRAMING_SSE, "Data: x\n data: y\ndata: a\n\n", 0, "message|a;"},
    {"a byte order mark is skipped", FRAMING_SSE,
     "\xEF\xBB\xBF"
     "data: a\n\n",
     0, "message|a;"},
    {"only the first", FRAMING_SSE,
     ":\n\xEF\xBB\xBF"
     "data: a\n\ndata: b\n\n",
     0, "message|b;"},
    {"blanks before all", FRAMING_SSE, "\n \r\ndata: a\n\n", 0, "message|a;"},
    {"the last event needs no blank line", FRAMING_SSE, "data: a\n\ndata: b\n", 0, "message|a;message|b;"},
    {"the last line needs no end", FRAMING_SSE, "data: a\n\ndata: b", 0, "message|a;message|b;"},
    {"a document that is called a stream is one event", FRAMING_SSE, "\n {\"a\":\n\n1}\n", 0,
     "body|{\"a\":\n\n1}\n;"},
    {"a page that is called a stream is one event", FRAMING_SSE, "<html>\n\n</html>", 0,
     "body|<html>\n\n</html>;"},
    {"letters of several bytes", FRAMING_SSE, "data: \xE7\xBE\x8E\xE6\x9C\x88 \xF0\x9F\x8C\x8A\n\n", 0,
     "message|\xE7\xBE\x8E\xE6\x9C\x88 \xF0\x9F\x8C\x8A;"},
    {"zero bytes are kept", FRAMING_SSE, "data: a\0b\n\n", 11, "message|a\\0b;"},
    {"nothing", FRAMING_SSE, "", 0, ""},
    {"a line is an event", FRAMING_NDJSON, "{\"a\":1}\n{\"b\":2}\n", 0, "line|{\"a\":1};line|{\"b\":2};"},
    {"blank lines are nothing", FRAMING_NDJSON, "\n \t\n1\r\n\r\n2\n", 0, "line|1;line|2;"},
    {"a last line needs no end", FRAMING_NDJSON, "1\n2", 0, "line|1;line|2;"},
    {"a CR alone is white space", FRAMING_NDJSON, "1\r2\n", 0, "line|1\r2;"},
    {"NDJSON after a byte order mark", FRAMING_NDJSON,
     "\xEF\xBB\xBF"
     "1\n",
     0, "line|1;"},
    {"a body is one event", FRAMING_WHOLE, "{\n\n}\n", 0, "body|{\n\n}\n;"},
    {"no body is none", FRAMING_WHOLE, "", 0, ""},
};

static enum err note(void *arg, const char *name, const char *data, size_t n) {
  struct buf *log = arg;
  assert_int_equal(data[n], 0);
  buf_printf(log, "%s|", name);
  for (size_t i = 0; i < n; i++) {
    if (data[i])
      buf_putc(log, data[i]);
    else
      buf_puts(log, "\\0");
  }
  return buf_putc(log, ';');
}

static void expect(const struct stream *s, const struct buf *log, size_t a, size_t b) {
  if (strcmp(log->data, s->events) == 0) return;
  fail_msg("%s, cut at %zu and %zu: got %s, not %s", s->what, a, b, log->data, s->events);
}

static void every_cut_gives_the_same_events(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof streams / sizeof *streams; i++) {
    const struct stream *s = &streams[i];
    size_t n = s->n ? s->n : strlen(s->bytes);
    for (size_t a = 0; a <= n; a++)
      for (size_t b = a; b <= n; b++) {
        struct framing f;
        struct buf log;
        framing_init(&f, s->kind, 64);
        buf_init(&log, 4096);
        assert_int_equal(framing_feed(&f, s->bytes, a, note, &log), OK);
        assert_int_equal(framing_feed(&f, s->bytes + a, b - a, note, &log), OK);
        assert_int_equal(framing_feed(&f, s->bytes + b, n - b, note, &log), OK);
        assert_int_equal(framing_end(&f, note, &log), OK);
        expect(s, &log, a, b);
        framing_release(&f);
        buf_release(&log);
      }
  }
}

static void byte_by_byte_gives_the_same_events(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof streams / sizeof *streams; i++) {
    const struct stream *s = &streams[i];
    size_t n = s->n ? s->n : strlen(s->bytes);
    struct framing f;
    struct buf log;
    framing_init(&f, s->kind, 64);
    buf_init(&log, 4096);
    for (size_t at = 0; at < n; at++) assert_int_equal(framing_feed(&f, s->bytes + at, 1, note, &log), OK);
    assert_int_equal(framing_end(&f, note, &log), OK);
    expect(s, &log, 1, 1);
    framing_release(&f);
    buf_release(&log);
  }
}

static void an_endless_line_is_refused_after_the_events_before_it(void **state) {
  (void)state;
  static const struct stream long_ones[] = {
      {"a line", FRAMING_SSE, "data: a\n\ndata: 0123456789\n\n", 0, "message|a;"},
      {"an unfinished line", FRAMING_SSE, "data: a\n\ndata: 0123456789", 0, "message|a;"},
      {"a comment", FRAMING_SSE, "data: a\n\n:0123456789abcdef\n", 0, "message|a;"},
      {"many data lines", FRAMING_SSE, "data: a\n\ndata: 01234567\ndata: 01234567\n\n", 0, "message|a;"},
      {"a value", FRAMING_NDJSON, "1\n0123456789abcdef\n", 0, "line|1;"},
      {"a body", FRAMING_WHOLE, "0123456789abcdef", 0, ""},
  };
  for (size_t i = 0; i < sizeof long_ones / sizeof *long_ones; i++)
    for (size_t step = 1; step < 40; step++) {
      const struct stream *s = &long_ones[i];
      struct framing f;
      struct buf log;
      framing_init(&f, s->kind, 15);
      buf_init(&log, 4096);
      size_t n = strlen(s->bytes);
      for (size_t at = 0; at < n; at += step)
        framing_feed(&f, s->bytes + at, n - at < step ? n - at : step, note, &log);
      assert_int_equal(framing_end(&f, note, &log), ERR_LIMIT);
      assert_int_equal(framing_feed(&f, "\n\ndata: z\n\n", 11, note, &log), ERR_LIMIT);
      expect(s, &log, step, step);
      framing_release(&f);
      buf_release(&log);
    }
}

static enum err refuse_the_second(void *arg, const char *name, const char *data, size_t n) {
  (void)name, (void)data, (void)n;
  return ++*(int *)arg == 2 ? ERR_CANCELLED : OK;
}

static void a_reader_that_says_stop_gets_no_more(void **state) {
  (void)state;
  struct framing f;
  int seen = 0;
  framing_init(&f, FRAMING_SSE, 64);
  const char *bytes = "data: a\n\ndata: b\n\ndata: c\n\n";
  assert_int_equal(framing_feed(&f, bytes, strlen(bytes), refuse_the_second, &seen), ERR_CANCELLED);
  assert_int_equal(framing_feed(&f, bytes, strlen(bytes), refuse_the_second, &seen), ERR_CANCELLED);
  assert_int_equal(framing_end(&f, refuse_the_second, &seen), ERR_CANCELLED);
  assert_int_equal(seen, 2);
  framing_release(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_cut_gives_the_same_events),
      cmocka_unit_test(byte_by_byte_gives_the_same_events),
      cmocka_unit_test(an_endless_line_is_refused_after_the_events_before_it),
      cmocka_unit_test(a_reader_that_says_stop_gets_no_more),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
