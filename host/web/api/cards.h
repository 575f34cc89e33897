/* cards.h - a book or series at a glance: title, progress, words, cover, last run. Threads: the server's. */
#pragma once
#include "store/projects.h"
#include "web/internal.h"

/* {"project","title","kind","parent" (slug or null),"author","chapters_done","chapters_total" (null: not planned yet),"words" (null: not
 * known yet),"cover" (address or null),"last_run" (or null),"updated_ms","proposals"} */
json_t *card_of(struct web *w, struct db *db, const struct project_row *p);
/* Cards of the projects of a kind (NULL: any) under a parent (0: those without, -1: all), newest change first. */
enum err cards_list(struct web *w, struct db *db, const char *kind, int64_t parent, int most, json_t **out);
