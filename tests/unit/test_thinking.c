/* test_thinking.c - what a model thinks never becomes prose, however its stream was cut. */
#include "unit.h"

#include <string.h>
#include "llm/thinking.h"

static const struct answer {
  const char *what, *said, *text, *reasoning;
} answers[] = {
    {"no marks", "The lamp went out.", "The lamp went out.", ""},
    {"tags", "<think>\nPlan it.\n</think>\n\nThe lamp went out.", "The lamp went out.", "Plan it.\n"},
    {"tags behind a blank line", "\n\n<think>Plan.</think>The lamp.", "\n\nThe lamp.", "Plan."},
    {"a closing tag alone", "Okay, plan it.\n</think>\n\nThe lamp.", "The lamp.", "Okay, plan it.\n"},
    {"thoughts between paragraphs", "One.\n\n<think>More?</think>\nTwo.", "One.\n\nTwo.", "More?"},
    {"channels",
     "<|channel|>analysis<|message|>Plan.<|end|><|start|>assistant<|channel|>final<|message|>The lamp.<|return|>",
     "The lamp.", "Plan."},
    {"brackets", "[THINK]Plan.[/THINK]The lamp.", "The lamp.", "Plan."},
    {"a stop token at the end", "The lamp.<|im_end|>", "The lamp.", ""},
    {"only thoughts", "<think>Plan and plan", "", "Plan and plan"},
    {"a book that speaks of a tag", "She typed <think> and waited.", "She typed <think> and waited.", ""},
    {"less-than signs", "1 < 2, <thin>, [TH] and <", "1 < 2, <thin>, [TH] and <", ""},
    {"JSON", "<think>x</think>{\"a\": \"<b>\"}", "{\"a\": \"<b>\"}", "x"},
    {"a second closing tag moves nothing", "<think>a</think>The tag </think> is old.", "The tag is old.",
     "a"},
};

struct heard {
  struct buf text, reasoning;
};

/* As a caller does: what was text before a lone closing mark is moved. */
static void hear(struct heard *h, struct thinking *t, const char *s, size_t n, bool end) {
  struct buf text, reasoning;
  buf_init(&text, 4096);
  buf_init(&reasoning, 4096);
  struct thinking_out out = {&text, &reasoning, false};
  if (end)
    thinking_end(t, &out);
  else
    thinking_feed(t, s, n, &out);
  if (out.all_was_thought) {
    buf_append(&h->reasoning, h->text.data, h->text.len);
    buf_clear(&h->text);
  }
  buf_append(&h->reasoning, reasoning.data, reasoning.len);
  buf_append(&h->text, text.data, text.len);
  buf_release(&text);
  buf_release(&reasoning);
}

static void expect(const struct answer *a, const struct heard *h, size_t cut) {
  const char *text = h->text.len ? h->text.data : "", *reasoning = h->reasoning.len ? h->reasoning.data : "";
  if (strcmp(text, a->text) == 0 && strcmp(reasoning, a->reasoning) == 0) return;
  fail_msg("%s, cut at %zu: text \"%s\", reasoning \"%s\"", a->what, cut, text, reasoning);
}

static void every_cut_gives_the_same_prose(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
    const struct answer *a = &answers[i];
    size_t n = strlen(a->said);
    for (size_t cut = 0; cut <= n; cut++) {
      struct thinking t = {0};
      struct heard h;
      buf_init(&h.text, 4096);
      buf_init(&h.reasoning, 4096);
      hear(&h, &t, a->said, cut, false);
      hear(&h, &t, a->said + cut, n - cut, false);
      hear(&h, &t, "", 0, true);
      expect(a, &h, cut);
      buf_release(&h.text);
      buf_release(&h.reasoning);
    }
  }
}

static void byte_by_byte_gives_the_same_prose(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
    const struct answer *a = &answers[i];
    struct thinking t = {0};
    struct heard h;
    buf_init(&h.text, 4096);
    buf_init(&h.reasoning, 4096);
    for (const char *p = a->said; *p; p++) {
      hear(&h, &t, p, 1, false);
      assert_true(t.n_held < THINKING_HELD);
    }
    hear(&h, &t, "", 0, true);
    expect(a, &h, 1);
    buf_release(&h.text);
    buf_release(&h.reasoning);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_cut_gives_the_same_prose),
      cmocka_unit_test(byte_by_byte_gives_the_same_prose),
  };
  return cmocka_run_group_tests_name("thinking", tests, NULL, NULL);
}
