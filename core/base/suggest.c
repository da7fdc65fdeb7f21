/* SPDX-License-Identifier: MIT */
/* Nearest known word. Upper and lower case, "-" and "_" count as equal: they are what people mix up. */
#include "base/suggest.h"

#include <string.h>

enum { LONGEST = 63 };

static char folded(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c == '-' ? '_' : c;
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Damerau-Levenshtein distance (optimal string alignment): insertions, deletions, substitutions, swaps of neighbours.
 * Words longer than LONGEST are as far as can be. */
static unsigned distance_of(const char *a, const char *b)
{
    unsigned rows[3][LONGEST + 1];
    const size_t n = strlen(a), m = strlen(b);
    unsigned *before = rows[0], *last = rows[1], *now = rows[2];
    if (n > LONGEST || m > LONGEST)
        return ~0u;
    memset(before, 0, sizeof rows[0]);
    for (unsigned j = 0; j <= m; j++)
        last[j] = j;
    for (unsigned i = 1; i <= n; i++) {
        unsigned *spare = before;
        now[0] = i;
        for (unsigned j = 1; j <= m; j++) {
            const int differ = folded(a[i - 1]) != folded(b[j - 1]);
            now[j] = least(least(last[j] + 1, now[j - 1] + 1), last[j - 1] + (unsigned)differ);
            if (i > 1 && j > 1 && folded(a[i - 1]) == folded(b[j - 2]) && folded(a[i - 2]) == folded(b[j - 1]))
                now[j] = least(now[j], before[j - 2] + 1);
        }
        before = last;
        last = now;
        now = spare;
    }
    return last[m];
}

static int starts_with(const char *known, const char *word)
{
    size_t i = 0;
    while (word[i] && folded(word[i]) == folded(known[i]))
        i++;
    return !word[i];
}

void suggestion_start(struct suggestion *s, const char *word)
{
    s->word = word;
    s->best = NULL;
    s->distance = ~0u;
}

void suggestion_offer(struct suggestion *s, const char *known)
{
    const size_t length = strlen(s->word);
    const unsigned limit = length / 3 > 1 ? (unsigned)(length / 3) : 1;
    unsigned distance;
    if (length >= 2 && starts_with(known, s->word)) {
        /* of several, the one with the least left to type */
        if (!s->best || s->distance || strlen(known) < strlen(s->best)) {
            s->best = known;
            s->distance = 0;
        }
        return;
    }
    distance = distance_of(s->word, known);
    if (distance <= limit && distance < s->distance && distance < length) {
        s->best = known;
        s->distance = distance;
    }
}
