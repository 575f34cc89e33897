/* words.h - values for people and programs: money, times, text in JSON. What the command line prints and the web API sends is made
 * in this room, so that both doors say the same. Any thread. */
#pragma once
#include <jansson.h>
#include <stdint.h>

/* json_string of any bytes: what is not UTF-8 becomes '?'. NULL becomes null. */
json_t *view_text(const char *s);
/* A JSON text column as a value; null when it is missing or broken. */
json_t *view_parsed(const char *text);
/* Nothing when there is no text. */
void view_set_text(json_t *object, const char *name, const char *s);
/* NAME as text ("2026-11-23T20:15:01.000Z") and NAME_ms as a number; nothing for 0. */
void view_set_time(json_t *object, const char *name, int64_t at_ms);
json_t *view_usd(int64_t nano);

/* "$0.0123"; "unknown" when calls had no price and nothing is known. */
const char *view_money(int64_t nano, int64_t unpriced, char room[40]);
/* "0.4 s", "3 min 20 s", "2 h 5 min" */
const char *view_duration(int64_t ms, char room[40]);
/* "12 s ago" */
const char *view_age(int64_t at_ms, char room[40]);
/* "2026-11-23 20:15:01" in local time; "-" for 0 */
const char *view_time(int64_t at_ms, char room[40]);
