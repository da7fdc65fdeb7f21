/* SPDX-License-Identifier: MIT */
/* hone/notes.h - help for search plugins: what one notes down about trials, mostly until it hears of them: an item of its
 * own and a row of numbers each, in no order. Header only.
 *
 *     struct note { uint64_t trial, slot; };                            (the trial comes first)
 *     open:  s->notes = hone_notes_of(sizeof(struct note), width);
 *     ask:   rc = hone_notes_add(&s->notes, &note, row, err);
 *     tell:  if (hone_notes_take(&s->notes, outcome->trial, &note, row))
 *
 * All [study]. */
#ifndef HONE_NOTES_H
#define HONE_NOTES_H
#include "hone/instance.h"

/* Make it, release it. */
typedef struct hone_notes {
    size_t item_bytes;
    uint32_t width, reserved;
    uint64_t n, capacity;
    void *items;  /* (n) of item_bytes each; their first field is the trial's number, uint64_t */
    double *rows; /* (n, width) */
} hone_notes;

static inline hone_notes hone_notes_of(size_t item_bytes, uint32_t width)
{
    hone_notes notes = { item_bytes, width, 0, 0, 0, NULL, NULL };
    return notes;
}

static inline void hone_notes_release(hone_notes *notes)
{
    free(notes->items);
    free(notes->rows);
    *notes = hone_notes_of(notes->item_bytes, notes->width);
}

/* Room for `capacity` notes, not fewer than there are. 0: out of memory, with nothing lost. */
static inline int hone_notes_grow_(hone_notes *notes, uint64_t capacity)
{
    void *items = realloc(notes->items, (size_t)capacity * notes->item_bytes);
    double *rows;
    if (items)
        notes->items = items;
    rows = (double *)realloc(notes->rows, (size_t)(capacity * (notes->width ? notes->width : 1)) * sizeof *rows);
    if (rows)
        notes->rows = rows;
    if (!items || !rows)
        return 0;
    notes->capacity = capacity;
    return 1;
}

/* row: (width). HONE_ENOMEM, with nothing lost. */
static inline hone_rc hone_notes_add(hone_notes *notes, const void *item, const double *row, hone_error *err)
{
    if (notes->n == notes->capacity && !hone_notes_grow_(notes, notes->n ? 2 * notes->n : 16))
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the running trials");
    memcpy((char *)notes->items + notes->n * notes->item_bytes, item, notes->item_bytes);
    memcpy(notes->rows + notes->n * notes->width, row, notes->width * sizeof *row);
    notes->n++;
    return HONE_OK;
}

/* Takes out the note on this trial: 1, with its item and row: (width), NULL where they are not wanted; 0: there is none. */
static inline int hone_notes_take(hone_notes *notes, uint64_t trial, void *item, double *row)
{
    const size_t item_bytes = notes->item_bytes, row_bytes = notes->width * sizeof *row;
    for (uint64_t i = 0; i < notes->n; i++) {
        char *here = (char *)notes->items + i * item_bytes, *last = (char *)notes->items + (notes->n - 1) * item_bytes;
        if (memcmp(here, &trial, sizeof trial))
            continue;
        if (item)
            memcpy(item, here, item_bytes);
        if (row)
            memcpy(row, notes->rows + i * notes->width, row_bytes);
        notes->n--; /* the last one takes its place */
        memmove(here, last, item_bytes);
        memmove(notes->rows + i * notes->width, notes->rows + notes->n * notes->width, row_bytes);
        return 1;
    }
    return 0;
}

/* ---- as bytes, of this machine's order, without their number ---- */

static inline hone_rc hone_notes_save(const hone_notes *notes, const hone_ostream *out, hone_error *err)
{
    const hone_rc rc = hone_write(out, notes->items, notes->n * notes->item_bytes, err);
    return rc == HONE_OK ? hone_write(out, notes->rows, notes->n * notes->width * sizeof *notes->rows, err) : rc;
}

/* Reads n notes in place of those there are; whether they make sense is for the search to say. HONE_EINVAL, HONE_EIO,
 * HONE_ENOMEM. */
static inline hone_rc hone_notes_load(hone_notes *notes, uint64_t n, const hone_istream *in, hone_error *err)
{
    hone_rc rc;
    notes->n = 0;
    if (n > 1u << 24 || n * (notes->width + 1ull) > 1ull << 30)
        return hone_fail(err, HONE_EINVAL, "", "the saved state is damaged: %llu running trials",
                         (unsigned long long)n);
    if (n > notes->capacity && !hone_notes_grow_(notes, n))
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the saved state");
    if ((rc = hone_read(in, notes->items, n * notes->item_bytes, err)) == HONE_OK &&
        (rc = hone_read(in, notes->rows, n * notes->width * sizeof *notes->rows, err)) == HONE_OK)
        notes->n = n;
    return rc;
}
#endif /* HONE_NOTES_H */
