/* SPDX-License-Identifier: MIT */
/* hone/compose.h - how a component that runs in the study (a search, a scheduler) opens others: a search that picks among
 * searches knows them by name only, and the host knows none.
 *
 * The component has the flag HONE_C_COMPOSES. Then the INI may have a section [KIND.NAME] for each that it opens:
 *
 *     [search]
 *     use = auto
 *     [search.gp]             ; settings of the search gp, where auto opens it
 *     n_startup = 20
 *     [search.cmaes]
 *     enabled = no            ; auto is not to use it
 *
 * [search.NAME] are also the settings of searches that a scheduler opens which proposes points itself (HONE_C_PROPOSES).
 */
#ifndef HONE_COMPOSE_H
#define HONE_COMPOSE_H
#include "hone/objective.h"

/* host->get_ext(host, HONE_EXT_COMPOSE); NULL: this host cannot. [study] */
#define HONE_EXT_COMPOSE "hone.compose/1"
typedef struct hone_compose_v1 {
    uint32_t size, reserved;
    /* Makes an instance of a component by kind ("search/1") and name, with the settings of its section, or its defaults; its
     * seed is of the study's seed and the name. Life: until close. HONE_ENOTSUP: it is not installed, or not enabled; other
     * failures name the section and the key. */
    hone_rc (*open)(const hone_host *host, const char *kind, const char *name, hone_instance *instance,
                    hone_error *err);
    void (*close)(const hone_host *host, hone_instance *instance); /* accepts one that was not opened: self NULL */
    /* Tells the user, and the study's record, what was decided: one line. Nothing while a stored study is replayed. */
    void (*note)(const hone_host *host, const char *text);
} hone_compose_v1;
#endif /* HONE_COMPOSE_H */
