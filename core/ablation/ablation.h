/* SPDX-License-Identifier: MIT */
/* An ablation: one configuration, what is switched in it, and the studies that this makes.
 *
 *     [ablation]
 *     axis.NAME = SECTION.KEY: A, B, ...            levels of one key; values with commas are quoted
 *     axis.NAME = none | LABEL: KEY=VALUE, ... | ... alternatives of several settings; the label may be left out
 *     axis.NAME.LABEL = KEY=VALUE, ...               the same, a level a line
 *     baseline.NAME = LABEL                          default: the axis's first level
 *     design.KEY = VALUE                             of the design's own table
 *
 * and the keys of ablation_table.h. A row of the design, on a block where there are blocks, is a cell; a cell with a seed is a run:
 * a study in the storage of [study], named ABLATION.LABEL-HASH.sSEED. The hash is that of the resolved settings: a run is found
 * again whatever else is added to the ablation, and is another one as soon as it means something else. */
#ifndef HONE_ABLATION_H
#define HONE_ABLATION_H
#include "ablation/ablation_table.h"
#include "base/text.h"
#include "config/composition.h"
#include "hone/ablation_design.h"
#include "hone/comparison.h"
#include "hone/storage.h"

#include <signal.h>

struct ablation_level {
    char *label;
    char **assignments; /* (n) "search.use=tpe" */
    size_t n;
};
struct ablation_axis {
    char *name;
    struct ablation_level *levels; /* (n_levels) */
    uint32_t n_levels, baseline;
    struct place place; /* of the value */
};
enum { VARY_SEED = 1u << 0, VARY_SPLIT = 1u << 1, VARY_SEARCH = 1u << 2 };

struct ablation_spec { /* what [ablation] says */
    struct ablation_raw raw;
    hone_settings_memory memory;
    struct ablation_axis *axes; /* (n_axes) in the order of the INI; the one of blocks last */
    size_t n_axes, n_design;    /* n_design: without the one of blocks */
    int has_blocks;
    unsigned vary;
    char *metric;       /* NULL: the study's objective */
    uint32_t direction; /* HONE_NO_DIRECTION: not said */
    struct place place; /* of the section */
    struct place metric_place, design_place;
    struct setting_text *design_settings; /* (n_design_settings) */
    struct place *design_places;
    size_t n_design_settings;
};
/* read.c: 0, or -1 with complaints. Release in any case. */
int ablation_spec_read(struct ablation_spec *spec, const struct config *config, struct complaints *complaints);
void ablation_spec_release(struct ablation_spec *spec);

/* One trial as far as curves need it. */
struct curve_point {
    double seconds; /* from the study's first start */
    double value;   /* of the objective */
    int complete;
};
enum run_state { RUN_MISSING, RUN_PARTIAL, RUN_DONE, RUN_FAILED };
struct ablation_run {
    char *study; /* its name in the storage */
    int64_t seed;
    enum run_state state;
    int64_t process;                 /* that runs it now; 0: none */
    double value;                    /* of the metric; NaN: none */
    double validated;                /* objective of the trial that it is of */
    double parameters;               /* model.parameters of that trial; NaN: none */
    double seconds;                  /* that its trials took */
    uint64_t trials, failed, pruned; /* trials */
    struct curve_point *points;      /* (n_points) in the order of their ends; where something is searched */
    size_t n_points;
    char *why; /* of a failure, or NULL */
};
struct ablation_cell {
    uint32_t *levels; /* (n_axes) */
    char *label;      /* "search=tpe, dropout=no" */
    uint64_t hash;
    int searched;              /* [space] varies something */
    size_t block;              /* 0 without blocks */
    struct ablation_run *runs; /* (n_seeds) */
};
struct ablation_alias {
    uint32_t effect[2], with[2], n_effect, n_with;
    double correlation;
};

/* The path from the baseline to the best cell. */
struct path_step {
    size_t axis, cell; /* what is changed, and the cell that this comes to */
    size_t tried;      /* changes that were left to choose from */
};

struct ablation {
    struct ablation_spec spec;
    struct config config;   /* without [ablation] */
    struct config *refused; /* (n_refused) what complaints point to */
    size_t n_refused;
    struct catalog *catalog;
    struct composition base; /* with the baselines */
    const struct catalog_component *design;
    uint32_t design_flags;
    struct ablation_cell
        *cells;        /* (n_cells) block by block, in the order of the design's rows; those of the path behind */
    size_t n_compared; /* of the cells: n_blocks * n_rows, without those of the path */
    size_t n_cells, n_rows, n_blocks, cells_capacity;
    size_t n_seeds;
    struct path_step *path;              /* (n_path) */
    size_t n_path, path_begin, path_end; /* cells */
    struct ablation_alias *aliases;
    size_t n_aliases, aliases_capacity;
    char *metric;                 /* "test.accuracy" */
    uint32_t direction;           /* known once there are results */
    uint32_t said_direction;      /* in the INI, or HONE_NO_DIRECTION */
    char *environment, *resolved; /* of the first run that was found: as kept with it; NULL: there is none */
    char *objective;              /* of the searches, NULL: there are none */
    uint32_t objective_direction;
};
/* design.c: asks the design, makes the cells and their compositions, which checks them. config has [ablation] and is not needed
 * afterwards, except for the names of its files. 0, or -1 with complaints. */
int ablation_make(struct ablation *ablation, const struct config *config, struct catalog *catalog,
                  const hone_host *host, struct complaints *complaints);
void ablation_release(struct ablation *ablation);
/* A further cell, or the one that has these levels already; NULL: complaints or no memory. May move the others. */
struct ablation_cell *ablation_cell_add(struct ablation *ablation, const uint32_t *levels,
                                        struct complaints *complaints);
/* cells.c: 1 where [space] has a line that varies; without one, a cell is a single training. */
int ablation_is_searched(const struct config *config);
/* What a cell is as a study, or (run) one of its runs under its name, with so many workers. 0, or -1 with complaints;
 * release the composition in any case. */
int ablation_run_compose(struct ablation *ablation, const struct ablation_cell *cell, const struct ablation_run *run,
                         size_t workers, struct composition *composition, struct complaints *complaints);
/* The resolved INI of a run. 0, or -1 with complaints. */
int ablation_run_text(struct ablation *ablation, const struct ablation_cell *cell, const struct ablation_run *run,
                      size_t workers, struct text *out, struct complaints *complaints);
/* Releases a configuration, or (rc < 0) keeps it as long as the ablation: complaints point to its names. */
void ablation_done_with(struct ablation *ablation, struct config *config, int rc);
int ablation_cell_compose(struct ablation *ablation, struct ablation_cell *cell, struct complaints *complaints);
void ablation_cell_release(struct ablation_cell *cell, size_t n_seeds);

/* results.c: what the storage has of the runs. A file that is not there has nothing. */
hone_rc ablation_results_read(struct ablation *ablation, const hone_host *host, hone_error *err);
/* Of one run alone. */
hone_rc ablation_result_read(struct ablation *ablation, const hone_host *host, struct ablation_run *run,
                             hone_error *err);
/* store.c: keeps `json` where a report finds it: as the attachment "ablation.json" of the study ABLATION.ablation, which is made
 * where there is none, without trials. config: the INI with [ablation], as the record's. */
hone_rc ablation_store(const struct ablation *ablation, const hone_host *host, const char *config, const char *json,
                       hone_error *err);

/* run.c */
struct ablation_pool {
    const char *const *plugin_paths;
    size_t n_plugin_paths;
    int no_default_path, quiet;
    const volatile sig_atomic_t *signals; /* number so far */
    unsigned workers;
    const hone_host *host;
};
/* Runs what is missing of these cells (NULL: of all that are compared), up to so many seeds, in child processes. HONE_ECANCELED: a
 * signal came; what has ended is kept. */
hone_rc ablation_run_missing(struct ablation *ablation, const struct ablation_pool *pool, const size_t *cells,
                             size_t n_cells, size_t n_seeds, hone_error *err);

/* path.c: runs the path, where [ablation] asks for it. pool NULL: with the runs that are there alone. */
hone_rc ablation_path(struct ablation *ablation, const struct ablation_pool *pool, const hone_host *host,
                      hone_error *err);
#endif
