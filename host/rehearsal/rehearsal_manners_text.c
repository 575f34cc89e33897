/* rehearsal_manners_text.c - manners that change the words of an answer: thoughts, limits, refusals, chatter, other languages. Each is
 * called by its row of the table, with the text made, or before it is. */
#include <stdio.h>
#include <string.h>
#include "rehearsal/rehearsal_reply.h"

enum { BYTES_A_TOKEN = 4 };

static size_t letter_start(const char *s, size_t at) {
  while (at > 0 && ((unsigned char)s[at] & 0xC0) == 0x80) at--;
  return at;
}

static void cut_at(struct buf *b, size_t n) {
  if (n >= b->len) return;
  b->len = letter_start(b->data, n);
  b->data[b->len] = '\0';
}

static void put_before(struct buf *b, const char *words) {
  struct buf old = *b;
  buf_init(b, old.max);
  buf_puts(b, words);
  buf_append(b, old.data, old.len);
  buf_release(&old);
}

static const char *one_of(const struct rehearsal_reply *r, const char *const *list, size_t n) {
  return list[when_dice(&r->met, r->manner) % n];
}
#define ONE_OF(r, list) one_of(r, list, sizeof(list) / sizeof *(list))

/* Words of the table, or the marks around some. */
static const char *not_prose(struct rehearsal_reply *r, const char *words) {
  for (int i = 0; i < NOT_PROSE_MOST - 1; i++) {
    if (r->not_prose[i]) continue;
    r->not_prose[i] = words;
    break;
  }
  return words;
}

/* ---- thoughts ---- */

static void put_thoughts(struct rehearsal_reply *r, struct buf *out, double tokens) {
  static const char *const thoughts[] = {"Okay, let me see what is wanted here. ",
                                         "First the tone, then who is there. ",
                                         "Wait, that would contradict the plan. ",
                                         "Alternatively it could begin with the weather. ",
                                         "Hmm, but no. ",
                                         "Let me count the words again. "};
  size_t most = out->len + (size_t)tokens * BYTES_A_TOKEN;
  not_prose(r, thoughts[0]);
  for (size_t i = 0; out->len < most; i++)
    if (buf_puts(out, thoughts[i % (sizeof thoughts / sizeof *thoughts)]) != OK) return;
  cut_at(out, most);
}

void manner_think(struct rehearsal_reply *r, double tokens) {
  put_thoughts(r, &r->thought, tokens);
}

void manner_think_times(struct rehearsal_reply *r, double factor) {
  put_thoughts(r, &r->thought, factor * (double)r->text.len / BYTES_A_TOKEN);
}

void manner_think_inside(struct rehearsal_reply *r, double tokens) {
  put_thoughts(r, &r->thought, tokens);
  r->thought_inside = true;
}

static void think_in_text(struct rehearsal_reply *r, double tokens, const char *open, const char *close) {
  struct buf words;
  buf_init(&words, MAX_ANSWER_BYTES);
  buf_puts(&words, not_prose(r, open));
  put_thoughts(r, &words, tokens);
  buf_puts(&words, close);
  put_before(&r->text, words.data);
  buf_release(&words);
}

void manner_think_tags(struct rehearsal_reply *r, double tokens) {
  think_in_text(r, tokens, "<think>\n", "\n</think>\n\n");
}

void manner_channels(struct rehearsal_reply *r, double tokens) {
  think_in_text(r, tokens, "<|channel|>analysis<|message|>",
                "<|end|><|start|>assistant<|channel|>final<|message|>");
}

/* ---- limits and lengths ---- */

void manner_limit(struct rehearsal_reply *r, double tokens) {
  if (!r->limit || r->limit > (long long)tokens) r->limit = (long long)tokens;
}

void manner_limit_refused(struct rehearsal_reply *r, double tokens) {
  if (r->limit <= (long long)tokens) return;
  r->status = 400;
  snprintf(r->code, sizeof r->code, "invalid_value");
  snprintf(r->message, sizeof r->message,
           "max_tokens is too large: %lld. This model supports at most %lld completion tokens, whereas you "
           "provided %lld.",
           r->limit, (long long)tokens, r->limit);
}

void manner_length(struct rehearsal_reply *r, double factor) {
  double bias = r->asked.length_bias > 0 ? r->asked.length_bias : 1;
  r->asked.length_bias = bias * factor;
}

void manner_stops_short(struct rehearsal_reply *r, double share) {
  cut_at(&r->text, (size_t)((double)r->text.len * share));
}

void manner_filter(struct rehearsal_reply *r, double share) {
  cut_at(&r->text, (size_t)((double)r->text.len * share));
  r->finish = "content_filter";
}

/* ---- refusals ---- */

void manner_refuse(struct rehearsal_reply *r, double unused) {
  static const char *const refusals[] = {
      "I'm sorry, but I can't help with that request.",
      "I can't continue with this story, because it may involve harmful content. I could write another scene for "
      "you instead.",
      "As an AI language model, I cannot assist with this."};
  (void)unused;
  buf_clear(&r->text);
  buf_puts(&r->text, not_prose(r, ONE_OF(r, refusals)));
}

void manner_refuse_field(struct rehearsal_reply *r, double unused) {
  (void)unused;
  buf_clear(&r->text);
  r->refusal = not_prose(r, "I'm sorry, I can't help with that.");
}

/* ---- chatter ---- */

void manner_chat_before(struct rehearsal_reply *r, double unused) {
  static const char *const prose[] = {"Sure! Here is the scene you asked for:\n\n",
                                      "Certainly! Here's the revised passage:\n\n---\n\n",
                                      "Of course. Below is the text, written as you wished.\n\n"};
  static const char *const document[] = {"Here is the JSON you asked for:\n\n", "Sure!\n"};
  (void)unused;
  put_before(&r->text, not_prose(r, r->json ? ONE_OF(r, document) : ONE_OF(r, prose)));
}

void manner_chat_after(struct rehearsal_reply *r, double unused) {
  static const char *const prose[] = {
      "\n\n---\n\nLet me know if you would like me to adjust the tone or continue with the next scene!",
      "\n\n(Word count: approximately 800 words)", "\n\nWould you like me to write the next chapter?"};
  static const char *const document[] = {"\n\nLet me know if anything should be changed.",
                                         "\n\nNote: all fields were filled in as the schema says."};
  (void)unused;
  buf_puts(&r->text, not_prose(r, r->json ? ONE_OF(r, document) : ONE_OF(r, prose)));
}

void manner_heading(struct rehearsal_reply *r, double unused) {
  static const char *const headings[] = {"# Chapter 7: The Salt Ledger\n\n", "**Scene 1**\n\n",
                                         "## The Salt Ledger\n\n"};
  (void)unused;
  put_before(&r->text, not_prose(r, ONE_OF(r, headings)));
}

void manner_repeat(struct rehearsal_reply *r, double times) {
  size_t end = r->text.len, from = end > 2 ? end - 2 : 0;
  while (from > 0 && !(r->text.data[from - 1] == ' ' && strchr(".!?\"", r->text.data[from - 2 + (from < 2)])))
    from--;
  struct buf sentence;
  buf_init(&sentence, r->text.max);
  buf_putc(&sentence, ' ');
  buf_append(&sentence, r->text.data + from, end - from);
  for (int i = 0; i < (int)times; i++) buf_append(&r->text, sentence.data, sentence.len);
  buf_release(&sentence);
}

/* ---- another language ---- */

void manner_language(struct rehearsal_reply *r, double unused) {
  static const char *const german[] = {
      "Als sie die Tür öffnete, war das Licht schon aus.", "Niemand hatte die Treppe betreten.",
      "»Das habe ich nicht gesagt«, antwortete er leise.", "Der Wind kam vom Meer und roch nach Salz."};
  static const char *const spanish[] = {
      "Cuando abrió la puerta, la luz ya estaba apagada.", "Nadie había subido la escalera.",
      "—No he dicho eso —respondió él en voz baja.", "El viento venía del mar y olía a sal."};
  static const char *const russian[] = {
      "Когда она открыла дверь, свет уже погас.", "Никто не поднимался по лестнице.",
      "— Я этого не говорил, — тихо ответил он.", "Ветер дул с моря и пах солью."};
  static const char *const japanese[] = {
      "彼女が扉を開けたとき、灯りはもう消えていた。", "階段を上った者は誰もいなかった。",
      "「そんなことは言っていない」と彼は静かに答えた。", "海からの風は塩の匂いがした。"};
  static const char *const *const languages[] = {german, spanish, russian, japanese};
  (void)unused;
  uint64_t dice = when_dice(&r->met, r->manner);
  const char *const *sentences = languages[dice % 4];
  size_t most = r->text.len;
  r->other_language = sentences[dice / 4 % 4];
  buf_clear(&r->text);
  for (size_t i = 0; i == 0 || r->text.len < most; i++) {
    if (i) buf_puts(&r->text, i % 5 ? (sentences == japanese ? "" : " ") : "\n\n");
    if (buf_puts(&r->text, sentences[(dice / 4 + i + i / 4) % 4]) != OK) return;
  }
}
