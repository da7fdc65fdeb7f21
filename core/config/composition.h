/* SPDX-License-Identifier: MIT */
/* What the INI means: every section matched with its component, every key with its table, every default made explicit.
 *
 * Sections: [study] (this file's own table), [space], and [KIND] or [KIND.INSTANCE] for each kind: the core's own
 * (search, scheduler, objective, reporter.*) and those that the objective's slots name. Every component section also
 * has `use` (which component; default: the instance's name, else the kind's default) and `enabled`. Storage is named by
 * [study] storage. */
#ifndef HONE_CONFIG_COMPOSITION_H
#define HONE_CONFIG_COMPOSITION_H
#include "base/text.h"
#include "config/config.h"
#include "config/space_line.h"
#include "plugin/component.h"

enum study_order { ORDER_ASYNCHRONOUS, ORDER_STRICT };
enum study_evaluation { EVALUATE_VALIDATION, EVALUATE_TEST };
struct objective_spec {
    char *metric;       /* "validation.accuracy" */
    uint32_t direction; /* HONE_MINIMIZE, HONE_MAXIMIZE; HONE_NO_DIRECTION: not said, ask the objective */
    struct place place;
};
struct constraint_spec {
    char *metric;
    uint32_t op; /* HONE_LE, HONE_GE, HONE_LT, HONE_GT */
    double bound;
    char *text; /* "model.parameters <= 500000" */
    struct place place;
};
/* What schedulers pay with where steps are whole runs: step k runs with the key at k / levels of max. */
struct fidelity {
    const char *key; /* "dataset.fraction"; NULL: there is none */
    double min, max;
    int whole; /* the key takes whole numbers */
    int64_t levels;
};
double fidelity_value(const struct fidelity *fidelity, int64_t step);
/* [study]. Read through a parameter table like everything else (config/study_table.h), so that `hone info study` can
 * print it. */
struct study_settings {
    const char *name;
    int64_t seed;                    /* default 1 */
    int64_t split_seed, search_seed; /* of the data; of search and scheduler: default seed */
    int64_t trials;                  /* 0: no limit; default 100 where time is not given either */
    double time;                     /* seconds, 0: no limit */
    int64_t workers;                 /* `auto` is the number of processors that may be used */
    uint32_t order;                  /* enum study_order */
    int64_t lag;                     /* strict: virtual workers, default 4 */
    int has_target;                  /* the study ends once a trial is as good as target */
    double target;
    int64_t patience; /* trials without improvement after which it ends; 0: never */
    double regret;    /* bound on the regret below which it ends; 0: never */
    int64_t repeats;  /* runs of every trial, each with other random numbers */
    struct fidelity fidelity;
    int64_t trial_retries;
    double checkpoint_interval; /* seconds; 0: at every step */
    int64_t checkpoint_space;   /* bytes, 0: no limit */
    uint8_t keep_checkpoints;
    int64_t trial;         /* `hone train`: the number of the trial whose random numbers to use */
    double trial_time;     /* seconds per trial, 0: no limit */
    int64_t trial_memory;  /* bytes per worker, 0: no limit */
    const char *storage;   /* "sqlite:/abs/fashion.db"; default: the default storage with NAME.db. Results belong
                               * where the user runs hone: relative to the current directory, unlike the paths in
                               * component sections */
    const char *directory; /* for model files, absolute; default: beside the storage, NAME.d */
    uint8_t final;         /* train the winner on all but the test data at the end (objectives that can); default yes */
    uint32_t evaluate;     /* enum study_evaluation */
};

struct composed_key {
    const hone_param *param;
    int of_slot;        /* 1: a key that the objective added to the section */
    char *text;         /* paths made absolute; NULL: required, and given by [space] alone */
    struct place place; /* of the value; file NULL: default */
    int is_default;
};
struct composed_section {
    char *name; /* "regularizer.dropout", "model" */
    char *kind; /* "regularizer" */
    struct place place;
    int enabled, explicit_;                      /* explicit_ 0: supplied by default */
    char *use;                                   /* as written or implied */
    const struct catalog_component *component;   /* of `use` */
    const struct catalog_component **candidates; /* all that [space] SECTION.use may choose, component included */
    size_t n_candidates;
    const hone_slot *slot;     /* of the objective; NULL for the core's kinds */
    struct composed_key *keys; /* of all candidates and of the slot; a key is there once per table that knows it */
    size_t n_keys;
    struct place use_place, enabled_place; /* file NULL: implied */
};

/* A point of [study] enqueue: values of some keys of [space], as written. */
struct given_value {
    char *key, *text;
};
struct given_point {
    struct given_value *values;
    size_t n;
};

struct composition {
    struct study_settings study;
    hone_settings_memory study_memory;
    struct objective_spec *objectives;
    size_t n_objectives;
    struct constraint_spec *constraints;
    size_t n_constraints;
    struct given_point *points;
    size_t n_points;
    struct composed_section *sections; /* in the order of the INI, of one kind by stage; supplied ones at the end */
    size_t n_sections;
    struct space_lines space;
    const struct catalog_component *storage;                 /* by the scheme of study.storage */
    char *storage_location;                                  /* what follows the scheme */
    struct composed_section *search, *scheduler, *objective; /* search NULL: the scheduler proposes the points */
    struct catalog *catalog;
    struct composed_key *study_keys; /* of [study], as they go into the resolved INI */
    size_t n_study_keys;
    struct place study_place, space_place; /* of the sections; file NULL: not there */
    char **files;                          /* names that the places point to */
    size_t n_files;
};

enum {
    /* `hone train`: [space], [search], [scheduler], objectives may be missing; the first three are ignored (search,
     * scheduler and, where none is found, storage stay NULL) but for the lines `fixed` of [space], which stay as the
     * trial's settings. */
    COMPOSE_TRAIN = 1u << 0
};
/* 0, or -1 with complaints (all of them). On success everything is checked that can be without running: names, types,
 * ranges, active_if, [space] against the tables (a range outside what the key allows, a key that is not tunable),
 * slots' counts. What the INI leaves out is supplied: search, scheduler, objective and what a slot needs at least,
 * where the kind has a default component; a reporter where the INI names none and there is a default one. The config
 * may be released afterwards, the catalog not. Release the composition in any case. */
int composition_make(struct composition *composition, const struct config *config, struct catalog *catalog,
                     unsigned flags, struct complaints *complaints);
void composition_release(struct composition *composition);

/* The resolved INI: every section, every key with its value; reads back to the same composition. Where settings are
 * given (key "model.width", also "study.trial"): with the values of the point in place, and in [space] only those that
 * no section has a key for, as `fixed`: what `hone best --format ini` prints. Keys that have no effect (active_if) are
 * left out, and so are defaults in which the candidates of a section differ. */
void composition_text(const struct composition *composition, const struct setting_text *point, size_t n,
                      struct text *out);
/* "section.key<TAB>file:line" or "<TAB>default", "<TAB>--set", a line a key. */
void composition_sources(const struct composition *composition, struct text *out);

/* The place of a section's key (or, key NULL, unknown or a default, of the section), for messages about what a
 * component says of it. Sections "study" and "space" work too. file NULL: supplied by default. */
struct place composition_place(const struct composition *composition, const char *section, const char *key);

/* What a section is for one trial: the component that the point chooses, whether it is enabled, and its settings' texts
 * (the component's own keys, then the slot's through slot_settings). Points: keys as in [space]. Result: valid until
 * the arrays are freed by the caller (texts belong to the composition or the point). */
struct section_settings {
    const struct catalog_component *component;
    int enabled;
    struct setting_text *own, *of_slot;
    size_t n_own, n_of_slot;
};
hone_rc composition_settings(const struct composition *composition, const struct composed_section *section,
                             const struct setting_text *point, size_t n_point, struct section_settings *settings,
                             hone_error *err);
void section_settings_release(struct section_settings *settings);
/* Refuses a point whose sections cannot go together: HONE_EINVAL, and the later one's `use` as the key. */
hone_rc composition_check_point(const struct composition *composition, const struct setting_text *point, size_t n,
                                hone_error *err);
#endif
