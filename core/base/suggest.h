/* SPDX-License-Identifier: MIT */
/* "did you mean": the known word that a typing mistake most likely meant. */
#ifndef HONE_BASE_SUGGEST_H
#define HONE_BASE_SUGGEST_H
#include <stddef.h>

struct suggestion {
    const char *word; /* what was typed */
    const char *best; /* NULL: nothing near enough */
    unsigned distance;
};
void suggestion_start(struct suggestion *s, const char *word);
/* Offers a known word (life: as long as the suggestion): nearest by Damerau-Levenshtein distance <= max(1, length / 3)
 * wins, a word that starts with what was typed beats it. */
void suggestion_offer(struct suggestion *s, const char *known);
#endif
