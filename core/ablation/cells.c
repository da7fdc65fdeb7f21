/* SPDX-License-Identifier: MIT */
/* Cells and runs: what a row of levels makes of the configuration, and what the studies are called. */
#include "ablation/ablation.h"

#include "study/study.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LABEL_IN_NAME = 40 };
static const char here[] = "[ablation]";

static int is_test(const struct ablation *a)
{
    return a->metric && !strncmp(a->metric, "test.", 5);
}

int ablation_is_searched(const struct config *config)
{
    struct complaints unheard = COMPLAINTS_INIT;
    struct space_lines space = { 0 };
    int varied = 0;
    if (space_lines_parse(&space, config, &unheard) < 0)
        varied = 1; /* that is complained of when it is composed */
    for (size_t i = 0; i < space.n_lines; i++)
        varied |= !space.lines[i].fixed;
    space_lines_release(&space);
    complaints_release(&unheard);
    return varied;
}

static void set(struct config *config, struct complaints *complaints, const char *key, const char *value)
{
    struct text line = TEXT_INIT;
    text_addf(&line, "study.%s=%s", key, value);
    config_set_from(config, here, text_string(&line), complaints);
    text_release(&line);
}

static void set_number(struct config *config, struct complaints *complaints, const char *key, int64_t value)
{
    char number[32];
    snprintf(number, sizeof number, "%lld", (long long)value);
    set(config, complaints, key, number);
}

/* The file's configuration with the cell's levels. */
static int apply_levels(const struct ablation *a, const struct ablation_cell *cell, struct config *config,
                        struct complaints *complaints)
{
    struct text from = TEXT_INIT;
    if (config_copy(config, &a->config, NULL) < 0) {
        complain(complaints, NULL, "out of memory");
        return -1;
    }
    for (size_t i = 0; i < a->spec.n_axes; i++) {
        const struct ablation_axis *axis = &a->spec.axes[i];
        const struct ablation_level *level = &axis->levels[cell->levels[i]];
        text_clear(&from);
        if (axis->place.file && axis->place.line)
            text_addf(&from, "%s:%u: axis.%s", axis->place.file, axis->place.line, axis->name);
        else
            text_addf(&from, "axis.%s", axis->name);
        for (size_t k = 0; k < level->n; k++)
            config_set_from(config, text_string(&from), level->assignments[k], complaints);
    }
    text_release(&from);
    return complaints->n ? -1 : 0;
}

/* What makes a study of the cell a run of this ablation: without [space], one training; the test where that is compared. */
static void apply_purpose(const struct ablation *a, int searched, struct config *config, struct complaints *complaints)
{
    const int test = is_test(a);
    if (searched) {
        set(config, complaints, "final", test ? "yes" : "no");
        return;
    }
    set(config, complaints, "trials", "1");
    set(config, complaints, "final", "no");
    if (test)
        set(config, complaints, "evaluate", "test");
    if (a->metric) {
        struct text objective = TEXT_INIT;
        text_addf(&objective, "%s%s", a->metric,
                  a->said_direction == HONE_MAXIMIZE   ? " max"
                  : a->said_direction == HONE_MINIMIZE ? " min"
                                                       : "");
        set(config, complaints, "objectives", text_string(&objective));
        text_release(&objective);
    }
}

static void apply_seeds(const struct ablation *a, int64_t seed, struct config *config, struct complaints *complaints)
{
    const int64_t fixed = a->base.study.seed, own = a->spec.vary & VARY_SEED ? seed : fixed,
                  split = a->spec.vary & VARY_SPLIT ? seed : fixed, search = a->spec.vary & VARY_SEARCH ? seed : fixed;
    set_number(config, complaints, "seed", own);
    if (split != own)
        set_number(config, complaints, "split_seed", split);
    if (search != own)
        set_number(config, complaints, "search_seed", search);
}

void ablation_done_with(struct ablation *a, struct config *config, int rc)
{
    struct config *more = rc < 0 ? realloc(a->refused, (a->n_refused + 1) * sizeof *more) : NULL;
    if (more) {
        a->refused = more;
        more[a->n_refused++] = *config;
    } else if (rc == 0) {
        config_release(config);
    }
}

/* Composes a cell as it stands, or (run) one of its runs under its name. */
static int compose(struct ablation *a, const struct ablation_cell *cell, const struct ablation_run *run, size_t workers,
                   struct composition *composition, int *searched, struct complaints *complaints)
{
    struct config config = CONFIG_INIT;
    int rc = apply_levels(a, cell, &config, complaints);
    if (rc == 0) {
        *searched = ablation_is_searched(&config);
        apply_purpose(a, *searched, &config, complaints);
        if (run) {
            struct text directory = TEXT_INIT;
            apply_seeds(a, run->seed, &config, complaints);
            text_addf(&directory, "%s/%s", a->base.study.directory, run->study);
            set(&config, complaints, "name", run->study);
            set(&config, complaints, "directory", text_string(&directory));
            set(&config, complaints, "storage", a->base.study.storage);
            set_number(&config, complaints, "workers", (int64_t)workers);
            text_release(&directory);
        }
        rc = complaints->n ? -1 : composition_make(composition, &config, a->catalog, 0, complaints);
    }
    ablation_done_with(a, &config, rc);
    return rc;
}

int ablation_run_compose(struct ablation *a, const struct ablation_cell *cell, const struct ablation_run *run,
                         size_t workers, struct composition *composition, struct complaints *complaints)
{
    int searched;
    return compose(a, cell, run, workers, composition, &searched, complaints);
}

int ablation_run_text(struct ablation *a, const struct ablation_cell *cell, const struct ablation_run *run,
                      size_t workers, struct text *out, struct complaints *complaints)
{
    struct composition composition = { 0 };
    const int rc = ablation_run_compose(a, cell, run, workers, &composition, complaints);
    if (rc == 0)
        composition_text(&composition, NULL, 0, out);
    composition_release(&composition);
    if (rc == 0 && out->failed)
        complain(complaints, NULL, "out of memory");
    return rc == 0 && out->failed ? -1 : rc;
}

/* ---- names ---- */

static char *make_label(const struct ablation *a, const uint32_t *levels)
{
    struct text label = TEXT_INIT;
    for (size_t i = 0; i < a->spec.n_axes; i++) {
        const struct ablation_axis *axis = &a->spec.axes[i];
        const int of_blocks = a->spec.has_blocks && i == a->spec.n_design;
        if (levels[i] != axis->baseline && !of_blocks)
            text_addf(&label, "%s%s=%s", label.length ? ", " : "", axis->name, axis->levels[levels[i]].label);
    }
    if (!label.length)
        text_add(&label, "baseline");
    char *copy = label.failed ? NULL : strdup(text_string(&label));
    text_release(&label);
    return copy;
}

static char *make_name(const struct ablation *a, const struct ablation_cell *cell, int64_t seed)
{
    char label[LABEL_IN_NAME + 1], *name = NULL;
    const char *block = a->spec.has_blocks ? a->spec.axes[a->spec.n_design].levels[cell->block].label : "";
    size_t n = 0;
    for (int part = 0; part < 2; part++) {
        if (part && n && n < LABEL_IN_NAME)
            label[n++] = '.';
        for (const char *s = part ? cell->label : block; *s && n < LABEL_IN_NAME; s++)
            if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._", *s))
                label[n++] = *s;
            else if (*s == '=' || *s == '-')
                label[n++] = '-';
            else if (*s == ',' || *s == '+')
                label[n++] = '_';
    }
    label[n] = '\0';
    if (asprintf(&name, "%s.%s-%08llx.s%lld", a->base.study.name, label, (unsigned long long)(cell->hash & 0xffffffff),
                 (long long)seed) < 0)
        return NULL;
    return name;
}

int ablation_cell_compose(struct ablation *a, struct ablation_cell *cell, struct complaints *complaints)
{
    struct composition composition = { 0 };
    struct text text = TEXT_INIT;
    int rc = compose(a, cell, NULL, 0, &composition, &cell->searched, complaints);
    if (rc == 0 && composition.n_objectives > 1) {
        complain(complaints, &composition.objectives[1].place,
                 "an ablation compares by one number: a study of it has one objective");
        rc = -1;
    }
    if (rc == 0 && cell->searched && !a->objective) {
        a->objective = strdup(composition.objectives[0].metric);
        a->objective_direction = composition.objectives[0].direction;
    }
    if (rc == 0) {
        composition_text(&composition, NULL, 0, &text);
        cell->hash = study_settings_hash(text_string(&text));
        if (a->spec.vary != (VARY_SEED | VARY_SPLIT | VARY_SEARCH)) /* then runs with the same seed are not the same */
            cell->hash ^= hone_rng_derive((uint64_t)a->base.study.seed, a->spec.vary);
    }
    cell->label = make_label(a, cell->levels);
    cell->runs = calloc(a->n_seeds, sizeof *cell->runs);
    for (size_t i = 0; rc == 0 && cell->runs && i < a->n_seeds; i++) {
        struct ablation_run *run = &cell->runs[i];
        run->seed = a->base.study.seed + (int64_t)i;
        run->value = (double)NAN;
        run->study = cell->label ? make_name(a, cell, run->seed) : NULL;
        if (!run->study)
            rc = -2;
    }
    if (text.failed || !cell->label || !cell->runs || rc == -2) {
        complain(complaints, NULL, "out of memory");
        rc = -1;
    }
    text_release(&text);
    composition_release(&composition);
    return rc;
}

void ablation_cell_release(struct ablation_cell *cell, size_t n_seeds)
{
    for (size_t i = 0; cell->runs && i < n_seeds; i++) {
        free(cell->runs[i].study);
        free(cell->runs[i].points);
        free(cell->runs[i].why);
    }
    free(cell->runs);
    free(cell->levels);
    free(cell->label);
}
