/* rehearsal_prose.c - the rehearsal model's prose: sentence patterns dealt from shuffled decks.
 *
 * write_prose, write_sentences, write_title, write_person, write_place, write_phrase. Any thread.
 * Each list of patterns is a deck: dealt to its end before a card comes again, in an order that the dice choose. What
 * stands in a pattern: %P the viewpoint, %Q somebody else, %L a place, %N a thing, %M another thing, %A an adjective,
 * %T a time. It shows that names, lengths and shape go through the pipeline; it is not meant to be read for pleasure. */
#include "rehearsal/rehearsal_internal.h"

#include <ctype.h>
#include <string.h>
#include "base/text.h"

/* ---- dice and decks ---- */

uint64_t dice_roll(struct dice *d) {
  uint64_t z = (d->state += 0x9E3779B97F4A7C15u);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

size_t dice_below(struct dice *d, size_t n) {
  return n ? (size_t)(dice_roll(d) % n) : 0;
}

struct deck {
  const char *const *cards;
  size_t n, at, step;
};

static size_t common_divisor(size_t a, size_t b) {
  while (b) {
    size_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

/* A start and a stride that has no divisor in common with the size walk over every card once. */
static struct deck shuffled(const char *const *cards, size_t n, struct dice *d) {
  struct deck deck = {cards, n, dice_below(d, n), 1 + dice_below(d, n - 1)};
  while (common_divisor(deck.step, n) != 1) deck.step++;
  return deck;
}

static const char *deal(struct deck *deck) {
  const char *card = deck->cards[deck->at];
  deck->at = (deck->at + deck->step) % deck->n;
  return card;
}

#define SHUFFLED(cards, d) shuffled(cards, sizeof(cards) / sizeof *(cards), d)

/* ---- words ---- */

static const char *const nouns[] = {
    "brass key", "ledger",  "lantern",    "letter",    "map",      "coat",     "door",    "rope",
    "bell",      "glass",   "photograph", "knife",     "clock",    "chair",    "bottle",  "book",
    "window",    "lamp",    "ring",       "kettle",    "stair",    "gate",     "drawer",  "ladder",
    "radio",     "mirror",  "notebook",   "boat",      "bridge",   "table",    "basket",  "coin",
    "envelope",  "shutter", "cup",        "blanket",   "hinge",    "wire",     "candle",  "compass",
    "hammer",    "ticket",  "needle",     "wheel",     "satchel",  "bench",    "stone",   "flag",
    "cabinet",   "tin box", "wall",       "staircase", "telegram", "portrait", "whistle", "parcel"};
static const char *const adjectives[] = {
    "quiet",  "cold",      "narrow", "unfinished", "heavy",    "pale",  "crooked", "patient", "stubborn",
    "hollow", "bright",    "damp",   "broken",     "borrowed", "wrong", "plain",   "distant", "careful",
    "bitter", "hidden",    "empty",  "sudden",     "slow",     "faded", "warm",    "sharp",   "grey",
    "silent", "forgotten", "small",  "honest",     "strange",  "last"};
static const char *const times[] = {"By noon",
                                    "Before dawn",
                                    "At the third bell",
                                    "In the afternoon",
                                    "When the rain stopped",
                                    "Towards evening",
                                    "After the meal",
                                    "An hour later",
                                    "At first light",
                                    "Once the street was empty",
                                    "Near midnight",
                                    "On the second try",
                                    "While the others slept",
                                    "Before anyone spoke",
                                    "As the wind turned",
                                    "When the lamps were lit",
                                    "Not long after",
                                    "In the half dark",
                                    "At the turn of the hour",
                                    "Between two showers",
                                    "The next morning",
                                    "By the time the tea was cold",
                                    "In the end",
                                    "For a moment",
                                    "Much later"};
static const char *const openings[] = {
    "%T, %P came to %L with the %N under one arm and no plan that would survive the first question.",
    "%P had meant to stay away from %L, and %P had meant it for almost a whole day.",
    "The %N was the first thing %P saw at %L, and it was in the wrong place.",
    "Nobody at %L remembered who had left the %N by the door, but %P knew.",
    "It was the %A kind of day on which %L looked smaller than it was.",
    "%T, the road to %L was open again, and %P was the first to take it.",
    "%P counted the steps up to %L, as always, and as always lost count at the %N.",
    "There were two ways into %L, and %P chose the one that passed the %N.",
    "What %P noticed about %L was the silence, and after the silence the %N.",
    "%T, %L smelled of wet wool, and %P was late.",
    "Somebody had moved the %N, and at %L nothing was ever moved without a reason.",
    "%P found %L just as it had been described: %A, crowded, and full of people who would not look up."};
static const char *const actions[] = {
    "%P set the %N down beside the %M and waited.",
    "%P turned the %N over twice before putting it away.",
    "%T, %P crossed the room and tried the %N again.",
    "%Q watched from the doorway and did not come in.",
    "%Q took the %N without asking, and %P let it happen.",
    "%P wrote one line, crossed it out, and wrote it again more slowly.",
    "The %N would not open, so %P used the %M instead.",
    "%Q pointed past the %N at something that only the two of them could have understood.",
    "%P went back for the %N, because going back was easier than explaining.",
    "%T, %Q arrived with a %A look and a %N wrapped in paper.",
    "They carried the %N between them as far as the %M and rested there.",
    "%P knelt to look under the %N and found nothing but dust and a %A thread.",
    "%Q closed the %N, then opened it again, as if it might have changed.",
    "%P counted what was left: a %N, a %M, and less time than before.",
    "The two of them walked the length of %L without finding the %N.",
    "%P held the %N up to the light until the scratches made sense.",
    "%Q had already lit the %N and was pretending to read.",
    "%T, the %N fell from the shelf, and nobody picked it up.",
    "%P followed the sound past the %N and around the %M to a %A corner.",
    "%Q shook out a %N and hung it where everyone could see it.",
    "%P pushed the %N across the table with one finger.",
    "Somebody knocked; %Q hid the %N before the second knock.",
    "%P tied the %N to the %M with a knot that would not hold for long.",
    "%Q drew a line in the dust from the %N to the %M, and then another.",
    "%P listened at the wall, counted to forty, and moved the %N.",
    "%T, %Q left by the back of %L and took the %N along.",
    "%P put a hand on the %N, found it warm, and understood who had been there.",
    "The %N broke at the first touch, and %Q laughed in spite of everything.",
    "%P asked for the %N and was given a %M.",
    "%Q swept the floor around the %N as though company were expected.",
    "%P read the %A label on the %N aloud, and then once more in silence.",
    "They put the %N where the %M had been and hoped that nobody counted.",
    "%Q walked to the end of %L and back, each time a little faster.",
    "%P unpacked slowly: first the %N, then the %M, then what lay beneath.",
    "%T, %P found the %N exactly where %Q had sworn it could not be.",
    "%Q folded the paper into a %A square and slid it under the %N.",
    "%P did not answer, and busied both hands with the %N.",
    "A %N rolled out of the dark and stopped against the %M.",
    "%Q bargained for the %N, lost, and seemed pleased to have lost.",
    "%P measured the distance from the %N to the %M in paces, and then in doubts."};
static const char *const senses[] = {"The air at %L tasted of iron and old rain.",
                                     "Somewhere behind the %N a tap dripped at its own pace.",
                                     "A %A light lay along the edge of the %N and went no further.",
                                     "Outside, a cart went by, and every %N in the room answered it.",
                                     "The cold came up through the floor and settled in the knees.",
                                     "Dust turned in the window above the %N.",
                                     "There was a smell of tar, then of bread, then of nothing.",
                                     "From %L came the sound of a door that had never been hung well.",
                                     "The %N ticked as it cooled.",
                                     "Gulls, or children, were shouting beyond the %M.",
                                     "The wallpaper had come away behind the %N in one %A tongue.",
                                     "Rain found the gap over the %N, as it did each spring.",
                                     "Every surface held the day's heat but the %N, which stayed cold.",
                                     "The lamp made a small country of the table, with the %N at its border.",
                                     "Smoke leaned across %L and thinned.",
                                     "The boards answered each step with a %A note.",
                                     "A bell rang at %L, once, as if by mistake.",
                                     "The shadows of the %N and the %M had grown together.",
                                     "Wind worked at the %N until it began to hum.",
                                     "It was so still that the paper could be heard to settle.",
                                     "The water beyond %L had gone the colour of slate.",
                                     "Someone had been cooking with too much pepper.",
                                     "The %N left a ring on the wood that would outlast them all.",
                                     "Far off, a dog barked in threes."};
static const char *const thoughts[] = {
    "It was not courage, %P thought, only the lack of a better idea.",
    "%P had learned to distrust a %A silence more than a loud one.",
    "There had been a time when the %N would have meant nothing at all.",
    "If %Q was right, then the whole of %L had been wrong for years.",
    "That was the trouble with promises: the %A ones weighed the same as the others.",
    "%P tried to remember who had first spoken of the %N, and could not.",
    "A person could spend a life at %L and never be asked the right question.",
    "Perhaps %Q had known from the start; perhaps that was worse.",
    "It would be easy to leave the %N and go home.",
    "What frightened %P was not the %N but how well it fitted.",
    "Nothing about it was new except the need to decide.",
    "%P thought of everyone who had trusted the %N and counted them twice.",
    "Some debts were paid in coin, and some by standing still at %L.",
    "There was a lie in it somewhere, %A and well kept.",
    "%P wanted to be angry and was only tired.",
    "The difference between a secret and a habit, %P decided, was the %N.",
    "Whoever had done it had done it with care, and that was the %A part.",
    "Every answer so far had cost more than its question.",
    "It occurred to %P that %Q had never once used the word home.",
    "The %N had outlived three owners and meant to outlive a fourth.",
    "To be believed, %P would need more than a %N and a %A story.",
    "Half of what people said at %L was true, and never the same half.",
    "There are mistakes that look like work while they are being made.",
    "%P kept the thought apart from the others, where it could do no harm."};
static const char *const lines[] = {"You should not have brought the %N here",
                                    "I asked for one day, and you gave me a %N",
                                    "Tell me what you saw at %L",
                                    "We leave before the bell, or we do not leave",
                                    "That is not the %N I remember",
                                    "Everyone keeps something back, even you",
                                    "Put it down and step away from the %M",
                                    "They will look for it at %L first",
                                    "I never said that it was mine",
                                    "Then say it now, while there is somebody to hear",
                                    "You counted wrong, or someone else counted first",
                                    "If the %N is gone, so is the reason for staying",
                                    "It was %A work, and it was paid for",
                                    "There is a %N in every story you tell",
                                    "Ask me again when the %M is mended",
                                    "Nobody goes to %L for the view",
                                    "I would have written, but you know what they do with letters",
                                    "Give me the %N and I will forget the rest",
                                    "You are not listening to what I leave out",
                                    "My mother kept a %N just like it",
                                    "Once more, and this time without the %A parts",
                                    "I believed you about the %N, and look where we are",
                                    "Do you want the truth or the short version",
                                    "What happens at %L when the water rises",
                                    "The %N was empty before I ever touched it",
                                    "We could still turn back",
                                    "Nobody turns back with a %N in hand",
                                    "You talk as if the %M could hear us",
                                    "It can wait until morning",
                                    "It has waited long enough",
                                    "Who else knows about the %N",
                                    "Only the two of us, and whoever made it",
                                    "That is a %A thing to say to a friend",
                                    "Are we friends, then",
                                    "Hold the %N steady and do not speak",
                                    "I can hold it, but not for ever",
                                    "There was a light at %L last night",
                                    "There is always a light at %L",
                                    "You have your father's way of not answering",
                                    "And you have the wrong %N"};
static const char *const tags[] = {"said %Q.",
                                   "%P said.",
                                   "%Q asked, without turning round.",
                                   "said %P, and meant it.",
                                   "%Q said from behind the %N.",
                                   "%P answered after a while.",
                                   "said %Q, more quietly.",
                                   "%P said, and reached for the %N.",
                                   "%Q repeated, as if to a child.",
                                   "said %P to nobody in particular.",
                                   "%Q told the %N.",
                                   "%P replied."};
static const char *const closings[] = {
    "%P closed the %N, and for the first time that day nobody at %L had anything to add.",
    "Then the light went, and %P was alone with the %N and what it proved.",
    "%Q was gone; the %N was not, and that would have to do.",
    "When the door shut, %P began to count again, from one.",
    "Whatever came next, it would begin at %L, and %P would be there before it.",
    "%P took the %N and did not look back at the %M.",
    "Behind them, at %L, somebody lit a lamp.",
    "It was only then that %P saw what %Q had left under the %N.",
    "The %A part was over, and the harder one had a name.",
    "%P slept at last, one hand on the %N."};
static const char *const firsts[] = {"Mara",  "Tobias", "Ilse",   "Anselm", "Keira",  "Jonas",
                                     "Petra", "Edmund", "Nadia",  "Corin",  "Hester", "Lucan",
                                     "Odile", "Bram",   "Sabine", "Aldo",   "Wren",   "Matthias",
                                     "Iris",  "Dorian", "Thea",   "Emil",   "Vera",   "Osric"};
static const char *const lasts[] = {"Venn",    "Oake",     "Harrow",  "Lindqvist", "Pell",   "Marsh",
                                    "Tarrant", "Quill",    "Ashdown", "Varga",     "Sorel",  "Brandt",
                                    "Keane",   "Holloway", "Roth",    "Sable",     "Winter", "Drummond",
                                    "Fane",    "Moreau",   "Calder",  "Strand",    "Ives"};
static const char *const place_firsts[] = {"Salt",  "Grey",   "North",  "Candle", "Harbour", "Mill",
                                           "Thorn", "Lower",  "Bell",   "Ash",    "Glass",   "Ferry",
                                           "Old",   "Winter", "Copper", "Raven"};
static const char *const place_lasts[] = {"Point", "Quay", "Hollow", "House", "Bridge", "Market", "Reach",
                                          "Cross", "Yard", "Hill",   "Gate",  "Lane",   "Tower"};

/* ---- short things ---- */

static const char *any(const char *const *list, size_t n, struct dice *d) {
  return list[dice_below(d, n)];
}
#define ANY(list, d) any(list, sizeof(list) / sizeof *(list), d)

static void put_capitalised(struct buf *out, const char *s) {
  bool start = true;
  for (; *s; s++) {
    buf_putc(out, start ? (char)toupper((unsigned char)*s) : *s);
    start = *s == ' ';
  }
}

void write_title(struct dice *d, struct buf *out) {
  const char *adjective = ANY(adjectives, d), *noun = ANY(nouns, d), *other = ANY(nouns, d);
  switch (dice_below(d, 4)) {
  case 0:
    buf_puts(out, "The ");
    put_capitalised(out, adjective);
    buf_putc(out, ' ');
    put_capitalised(out, noun);
    break;
  case 1:
    put_capitalised(out, noun);
    buf_puts(out, " and ");
    put_capitalised(out, other);
    break;
  case 2:
    buf_puts(out, "The ");
    put_capitalised(out, noun);
    buf_puts(out, " at ");
    buf_printf(out, "%s %s", ANY(place_firsts, d), ANY(place_lasts, d));
    break;
  default:
    buf_puts(out, "A ");
    put_capitalised(out, noun[0] == 'e' ? other : noun);
    buf_puts(out, " for ");
    buf_puts(out, ANY(firsts, d));
  }
}

void write_person(const struct prompt *p, struct dice *d, size_t index, struct buf *out) {
  if (index < (size_t)p->people.n) {
    buf_append(out, p->people.list[index].at, p->people.list[index].n);
    return;
  }
  /* Walks both lists at once; their sizes have no common divisor, so 552 names come before one comes again. */
  size_t n = sizeof firsts / sizeof *firsts, m = sizeof lasts / sizeof *lasts;
  size_t offset = (size_t)(d->seed % 97);
  buf_printf(out, "%s %s", firsts[(index + offset) % n], lasts[(index + offset * 5) % m]);
}

void write_place(const struct prompt *p, struct dice *d, size_t index, struct buf *out) {
  if (index < (size_t)p->places.n) {
    buf_append(out, p->places.list[index].at, p->places.list[index].n);
    return;
  }
  size_t n = sizeof place_firsts / sizeof *place_firsts, m = sizeof place_lasts / sizeof *place_lasts;
  size_t offset = (size_t)(d->seed % 89);
  buf_printf(out, "%s %s", place_firsts[(index + offset) % n], place_lasts[(index + offset * 3) % m]);
}

void write_phrase(struct dice *d, struct buf *out) {
  const char *adjective = ANY(adjectives, d);
  buf_printf(out, "a%s %s %s", strchr("aeiou", adjective[0]) ? "n" : "", adjective, ANY(nouns, d));
}

/* ---- sentences ---- */

struct writer {
  struct buf *out;
  struct deck nouns, adjectives, times, openings, actions, senses, thoughts, lines, tags, closings;
  char cast[MAX_CAST][72], places[MAX_CAST][72];
  bool introduced[MAX_CAST];
  int n_cast, n_places, other, place;
  size_t words;
};

static void copy_name(char out[72], const struct buf *name) {
  size_t n = name->len < 71 ? name->len : 71;
  memcpy(out, name->data, n);
  out[n] = '\0';
}

/* Whom the task speaks of, then whom the prompt speaks of, then people of our own: at least two. */
static int choose_cast(const struct prompt *p, const struct names *list, struct dice *d, char cast[][72],
                       int least, void (*write)(const struct prompt *, struct dice *, size_t, struct buf *)) {
  struct buf name;
  buf_init(&name, 4096);
  int n = 0;
  bool any_in_task = false;
  for (int i = 0; i < list->n; i++) any_in_task = any_in_task || list->in_task[i];
  for (int i = 0; i < list->n && n < MAX_CAST; i++) {
    if (any_in_task && !list->in_task[i]) continue;
    if (!any_in_task && n >= 3) break;
    buf_clear(&name);
    write(p, d, (size_t)i, &name);
    copy_name(cast[n++], &name);
  }
  for (size_t extra = (size_t)list->n; n < least; extra++) {
    buf_clear(&name);
    write(p, d, extra, &name);
    copy_name(cast[n++], &name);
  }
  buf_release(&name);
  return n;
}

static void put_viewpoint_first(struct writer *w, struct span viewpoint) {
  for (int i = 1; i < w->n_cast && viewpoint.n; i++) {
    size_t n = strlen(w->cast[i]);
    char first[72];
    if (n > viewpoint.n || memcmp(w->cast[i], viewpoint.at, n) != 0) continue;
    memcpy(first, w->cast[i], sizeof first);
    memmove(w->cast[1], w->cast[0], (size_t)i * sizeof first);
    memcpy(w->cast[0], first, sizeof first);
    return;
  }
}

static void writer_init(struct writer *w, const struct prompt *p, struct dice *d, struct buf *out) {
  memset(w, 0, sizeof *w);
  w->out = out;
  w->nouns = SHUFFLED(nouns, d);
  w->adjectives = SHUFFLED(adjectives, d);
  w->times = SHUFFLED(times, d);
  w->openings = SHUFFLED(openings, d);
  w->actions = SHUFFLED(actions, d);
  w->senses = SHUFFLED(senses, d);
  w->thoughts = SHUFFLED(thoughts, d);
  w->lines = SHUFFLED(lines, d);
  w->tags = SHUFFLED(tags, d);
  w->closings = SHUFFLED(closings, d);
  w->n_cast = choose_cast(p, &p->people, d, w->cast, 2, write_person);
  put_viewpoint_first(w, p->viewpoint);
  w->n_places = choose_cast(p, &p->places, d, w->places, 1, write_place);
  w->other = 1;
}

/* The whole name the first time, then the first of its words ("Mara Venn", "Mara"); other scripts stay whole. */
static void put_person(struct writer *w, int i) {
  const char *name = w->cast[i], *space = strchr(name, ' ');
  bool title = space && space > name && space[-1] == '.';
  if (!w->introduced[i] || !space || title || space - name < 3 || strncmp(name, "The ", 4) == 0)
    buf_puts(w->out, name);
  else
    buf_append(w->out, name, (size_t)(space - name));
  w->introduced[i] = true;
}

static void put_slot(struct writer *w, char slot, bool start, const char **noun) {
  switch (slot) {
  case 'P': put_person(w, 0); break;
  case 'Q': put_person(w, w->other); break;
  case 'L': buf_puts(w->out, w->places[w->place]); break;
  case 'N': buf_puts(w->out, *noun ? *noun : (*noun = deal(&w->nouns))); break;
  case 'M': buf_puts(w->out, deal(&w->nouns)); break;
  case 'A': buf_puts(w->out, deal(&w->adjectives)); break;
  case 'T': {
    const char *t = deal(&w->times);
    buf_putc(w->out, start ? t[0] : (char)tolower((unsigned char)t[0]));
    buf_puts(w->out, t + 1);
  } break;
  default: buf_putc(w->out, slot);
  }
}

/* "a %A" before a vowel becomes "an". */
static void mend_article(struct buf *out, size_t before) {
  bool article = before >= 2 && out->data[before - 1] == ' ' &&
                 (out->data[before - 2] == 'a' || out->data[before - 2] == 'A') &&
                 (before == 2 || !isalpha((unsigned char)out->data[before - 3]));
  if (!article || out->len == before || !strchr("aeiou", out->data[before])) return;
  char rest[64];
  size_t n = out->len - before;
  if (n >= sizeof rest) return;
  memcpy(rest, out->data + before, n);
  if (buf_putc(out, 'x')) return;
  out->data[before - 1] = 'n';
  out->data[before] = ' ';
  memcpy(out->data + before + 1, rest, n);
}

static void put_pattern(struct writer *w, const char *pattern) {
  const char *noun = NULL;
  size_t from = w->out->len;
  for (const char *c = pattern; *c; c++) {
    if (*c != '%') {
      buf_putc(w->out, *c);
      continue;
    }
    size_t before = w->out->len;
    c++;
    put_slot(w, *c, c == pattern + 1, &noun);
    if (*c == 'A' || *c == 'N' || *c == 'M') mend_article(w->out, before);
  }
  w->words += text_words(w->out->data + from, w->out->len - from);
}

static void put_sentence(struct writer *w, struct deck *deck, bool first) {
  if (!first) buf_putc(w->out, ' ');
  put_pattern(w, deal(deck));
}

static void put_dialogue(struct writer *w) {
  const char *line = deal(&w->lines), *tag = deal(&w->tags);
  bool asks = strncmp(line, "Who", 3) == 0 || strncmp(line, "What", 4) == 0 || strncmp(line, "Do ", 3) == 0 ||
              strncmp(line, "Are ", 4) == 0;
  buf_putc(w->out, '"');
  put_pattern(w, line);
  buf_puts(w->out, asks ? "?\" " : ",\" ");
  put_pattern(w, tag);
}

static void next_partner(struct writer *w) {
  if (w->n_cast > 2) w->other = 1 + w->other % (w->n_cast - 1);
}

static void put_paragraph(struct writer *w, struct dice *d) {
  size_t shape = dice_below(d, 5);
  if (shape < 2) {
    put_dialogue(w);
    if (shape == 0) put_sentence(w, &w->actions, false);
    return;
  }
  int n = 2 + (int)dice_below(d, 4);
  for (int i = 0; i < n; i++) {
    size_t kind = dice_below(d, 8);
    put_sentence(w, kind < 4 ? &w->actions : kind < 6 ? &w->senses : &w->thoughts, i == 0);
  }
  next_partner(w);
}

/* ---- texts ---- */

void write_sentences(const struct prompt *p, struct dice *d, int n, struct buf *out) {
  struct writer w;
  writer_init(&w, p, d, out);
  for (int i = 0; i < n; i++) {
    next_partner(&w);
    put_sentence(&w, i % 3 == 2 ? &w.thoughts : &w.actions, i == 0);
  }
}

void write_prose(const struct prompt *p, struct dice *d, long words, struct buf *out) {
  struct writer w;
  writer_init(&w, p, d, out);
  long scenes = p->scenes >= 2 && p->scenes <= 12 && words >= p->scenes * 40 ? p->scenes : 1;
  for (long scene = 0; scene < scenes; scene++) {
    size_t target = (size_t)(words * (scene + 1) / scenes);
    if (scene) buf_printf(out, "\n\n%s\n\n", p->scene_break);
    w.place = (int)(scene % w.n_places);
    put_sentence(&w, &w.openings, true);
    while (w.words + 30 < target) {
      buf_puts(out, "\n\n");
      put_paragraph(&w, d);
    }
    if (w.words + 8 < target) put_sentence(&w, &w.closings, false);
  }
}
