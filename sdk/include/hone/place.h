/* SPDX-License-Identifier: MIT */
/* hone/place.h - what a component says of its place among others of a run, where the order of the INI is not enough:
 *
 *     static const char *const words[] = { "averaged_weights", NULL };
 *     static const hone_place place = { sizeof place, HONE_STAGE_LATE, words, words };   (no two of a kind)
 *     HONE_PLACE(place)
 *     ... .get_ext = hone_place_ext in its hone_component
 *
 * Components of one kind come by stage, low to high, and within a stage in the order of the INI, which is also how the resolved
 * INI lists them (by the component that a section names; where a trial chooses another one, its stage counts). A run where one section provides what another one conflicts with is refused. */
#ifndef HONE_PLACE_H
#define HONE_PLACE_H
#include "hone/plugin.h"

#include <string.h>

#define HONE_EXT_PLACE "hone.place/1" /* of hone_component.get_ext: a constant hone_place; since minor 1 */
/* Any number will do; these are what the bundled regularizers use. Without a place: HONE_STAGE_USUAL. */
enum { HONE_STAGE_EARLY = -100, HONE_STAGE_USUAL = 0, HONE_STAGE_LATE = 100, HONE_STAGE_LAST = 200 };
typedef struct hone_place {
    uint32_t size;
    int32_t stage;
    /* What it brings into a run and what it cannot go with, as words of the plugins' own ("soft_targets"):
     * [a-z][a-z0-9_]*, NULL-terminated; NULL: nothing. */
    const char *const *provides, *const *conflicts;
} hone_place;

/* Defines hone_place_ext, for components that offer no other extension. */
#define HONE_PLACE(place)                                  \
    static const void *hone_place_ext(const char *id)      \
    {                                                      \
        return strcmp(id, HONE_EXT_PLACE) ? NULL : &place; \
    }
#endif /* HONE_PLACE_H */
