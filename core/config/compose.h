/* SPDX-License-Identifier: MIT */
/* Making a composition, step by step. Private to core/config. */
#ifndef HONE_CONFIG_COMPOSE_H
#define HONE_CONFIG_COMPOSE_H
#include "config/composition.h"

struct composer {
    struct composition *composition;
    const struct config *config;
    struct catalog *catalog;
    unsigned flags;
    struct complaints *complaints;
    int failed;
    int free_space; /* the objective takes keys of [space] that no table knows */
};

struct composed_kind { /* what sections there may be */
    const char *name;  /* "model"; n bytes of it */
    size_t n;
    uint32_t min, max;
    const hone_slot *slot; /* NULL: one of the core's kinds */
};

/* Complains and marks the composition as failed. */
void compose_refuse(struct composer *c, const struct place *place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same of a plugin that catalog_find did not find; hint: what else may be written, "" or " (...)". */
void compose_refuse_plugin(struct composer *c, const struct place *place, const hone_error *err, const char *hint);
void compose_no_memory(struct composer *c);
/* The same place with a file name that belongs to the composition. */
struct place compose_keep_place(struct composer *c, const struct place *place);
/* A copy, or NULL and the composition has failed. */
char *compose_copy(struct composer *c, const char *text);
/* Where the section starts in the INI; its file alone, where there is no such section. */
struct place compose_section_place(const struct composer *c, const char *name);
/* "a, b, c": the installed components of a kind, or "none". */
void compose_installed(const struct composer *c, const char *kind, struct text *out);

/* Says what is wrong with a value, with did-you-mean for choices. owner: whose key it is, "optimizer sgd". */
void compose_bad_value(struct composer *c, const hone_param *param, const char *owner, const char *value,
                       const struct place *place, const hone_error *err);

/* Steps, in this order; each complains of all it finds. */
void compose_study(struct composer *c);    /* compose_study.c */
void compose_sections(struct composer *c); /* compose_sections.c: which there are, their components */
void compose_order(struct composer *c);    /* compose_order.c, the last of compose_sections: stages, conflicts */
void compose_keys(struct composer *c);     /* compose_keys.c: settings against the tables */
void compose_space(struct composer *c);    /* compose_space.c: [space] against the tables */
void compose_fidelity(struct composer *c); /* compose_fidelity.c: [study] fidelity against the tables */
void compose_points(struct composer *c);   /* compose_points.c: [study] enqueue against [space] */
void given_points_release(struct given_point *points, size_t n);

/* Of compose_space: compose_conditions.c. */
void compose_conditions(struct composer *c, const struct space_line *line);
void compose_relation(struct composer *c, const struct space_relation *relation);
/* The key of [space] that was meant, NULL: none is near. */
const char *compose_nearest_line(const struct space_lines *space, const char *key);
/* The place of a word in the line's value, for messages about it. conditions: the word is behind "if". */
struct place compose_word_place(const struct composer *c, const struct space_line *line, const char *word,
                                int conditions);

/* The sections' kinds in turn: the core's, then the objective's slots. 0 past the end. */
int compose_kind_at(const struct composer *c, size_t i, struct composed_kind *kind);
/* The objective's component, NULL: could not be found. */
const struct catalog_component *compose_objective(const struct composer *c);

struct composed_section *composition_section(const struct composition *composition, const char *name);
/* The parameter of a table, NULL: none of this key. */
const hone_param *table_find(const hone_param *params, uint32_t n, const char *key);
/* The key's entry for a parameter, or any of that name (param NULL). */
struct composed_key *section_key(const struct composed_section *section, const char *key, const hone_param *param);
/* 1 where the parameter's active_if holds for the section's texts, or may hold because [space] varies what it depends
 * on. point: the values of a point instead of [space]. */
int section_key_active(const struct composed_section *section, const struct composed_key *key,
                       const struct space_lines *space, const struct setting_text *point, size_t n_point);
/* 1 where the parameter is of the component's table. */
int component_has(const struct catalog_component *component, const hone_param *param);
/* The text of SECTION.KEY in a point, NULL: not there. */
const char *point_text(const struct setting_text *point, size_t n, const char *section, const char *key);
void composed_keys_release(struct composed_key *keys, size_t n);
#endif
