/* rehearsal_name_words.h - the words by which the rehearsal model knows a name. Each list ends with NULL. */
#pragma once

extern const char *const name_words_everyday[];      /* capitalised in English, and no name */
extern const char *const name_words_before_places[]; /* "in", "near", with their blank */
extern const char *const name_words_of_places[];     /* " Quay", " Tower" */
extern const char *const name_words_han_families[];  /* Chinese and Japanese family names */
extern const char *const name_words_han_after[];     /* what follows a name, no part of it */
extern const char *const name_words_han_roles[]; /* ends of trades and relations; a name may follow at once */
extern const char *const name_words_han_honorifics[];    /* behind a name, in Han letters */
extern const char *const name_words_kana_honorifics[];   /* behind a name, in Hiragana */
extern const char *const name_words_han_places[];        /* ends of place names */
extern const char *const name_words_hangul_families[];   /* Korean family names */
extern const char *const name_words_hangul_endings[];    /* particles that stick to a name */
extern const char *const name_words_hangul_honorifics[]; /* behind a name, after a blank */
extern const char
    *const name_words_given[]; /* given and family names: Arabic, Hebrew, Persian, Hindi, Thai */
extern const char *const name_words_named[];  /* "called", "Mrs", right before a name; with its blank */
extern const char *const name_words_joined[]; /* "and", "to" as first letters of a word */
extern const char *const name_words_ends[];   /* what shows that a name ended before it */
/* Heads of labelled lines and lists ("登場人物：", "Cast:"), and keys of JSON. */
extern const char *const name_words_people_heads[];
extern const char *const name_words_places_heads[];
