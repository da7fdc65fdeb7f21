/* SPDX-License-Identifier: MIT */
/* Keeps the reports of trials with several objectives, and counts who dominates whom. */
#include "front.h"

#include "hone/pareto.h"

#include <stdlib.h>
#include <string.h>

static hone_rc no_memory(hone_error *err)
{
    return hone_fail(err, HONE_ENOMEM, "", "out of memory for the reports of the trials");
}

/* Room for one more element of an array; the caller counts the capacity up by `wider` once all its arrays have it. 0: out
 * of memory. */
static int reserve(void **array, size_t n, size_t capacity, size_t size)
{
    void *moved;
    if (n < capacity)
        return 1;
    moved = realloc(*array, (capacity ? capacity * 2 : 8) * size);
    if (moved)
        *array = moved;
    return moved != NULL;
}

static size_t wider(size_t n, size_t capacity)
{
    return n < capacity ? capacity : capacity ? capacity * 2 : 8;
}

void front_release(struct front *f)
{
    for (size_t i = 0; i < f->n_runs; i++) {
        free(f->runs[i].steps);
        free(f->runs[i].values);
    }
    for (size_t i = 0; i < f->n_levels; i++)
        free(f->levels[i].values);
    free(f->runs);
    free(f->levels);
    memset(f, 0, sizeof *f);
}

static struct front_run *find_run(const struct front *f, uint64_t trial)
{
    for (size_t i = 0; i < f->n_runs; i++)
        if (f->runs[i].trial == trial)
            return f->runs + i;
    return NULL;
}

static struct front_level *find_level(const struct front *f, int64_t step)
{
    for (size_t i = 0; i < f->n_levels; i++)
        if (f->levels[i].step == step)
            return f->levels + i;
    return NULL;
}

hone_rc front_report(struct front *f, uint64_t trial, int64_t step, const double *values, double *best, int64_t *before,
                     hone_error *err)
{
    struct front_run *run = find_run(f, trial);
    if (!run) {
        if (!reserve((void **)&f->runs, f->n_runs, f->runs_capacity, sizeof *f->runs))
            return no_memory(err);
        f->runs_capacity = wider(f->n_runs, f->runs_capacity);
        run = f->runs + f->n_runs++;
        memset(run, 0, sizeof *run);
        run->trial = trial;
    }
    /* a trial that starts again reports its early steps anew: the newest word counts */
    while (run->n && run->steps[run->n - 1] >= step)
        run->n--;
    *before = run->n ? run->steps[run->n - 1] : 0;
    if (!reserve((void **)&run->steps, run->n, run->capacity, sizeof *run->steps) ||
        !reserve((void **)&run->values, run->n, run->capacity, f->m * sizeof *run->values))
        return no_memory(err);
    run->capacity = wider(run->n, run->capacity);
    run->steps[run->n] = step;
    memcpy(run->values + run->n++ * f->m, values, f->m * sizeof *values);
    for (uint32_t k = 0; k < f->m; k++) {
        best[k] = HUGE_VAL;
        for (size_t i = 0; i < run->n; i++)
            if (run->values[i * f->m + k] < best[k])
                best[k] = run->values[i * f->m + k];
    }
    return HONE_OK;
}

size_t front_compare(const struct front *f, int64_t step, const double *best, size_t *n_dominating)
{
    const struct front_level *level = find_level(f, step);
    *n_dominating = 0;
    for (size_t i = 0; level && i < level->n; i++)
        *n_dominating += (size_t)hone_pareto_dominates(level->values + i * f->m, best, f->m);
    return level ? level->n : 0;
}

static hone_rc level_add(struct front *f, int64_t step, const double *values, hone_error *err)
{
    struct front_level *level = find_level(f, step);
    if (!level) {
        if (!reserve((void **)&f->levels, f->n_levels, f->levels_capacity, sizeof *f->levels))
            return no_memory(err);
        f->levels_capacity = wider(f->n_levels, f->levels_capacity);
        level = f->levels + f->n_levels++;
        memset(level, 0, sizeof *level);
        level->step = step;
    }
    if (!reserve((void **)&level->values, level->n, level->capacity, f->m * sizeof *level->values))
        return no_memory(err);
    level->capacity = wider(level->n, level->capacity);
    memcpy(level->values + level->n++ * f->m, values, f->m * sizeof *values);
    return HONE_OK;
}

hone_rc front_finish(struct front *f, uint64_t trial, int complete, hone_error *err)
{
    struct front_run *run = find_run(f, trial);
    hone_rc rc = HONE_OK;
    if (!run)
        return HONE_OK;
    for (size_t i = 0; complete && i < run->n && rc == HONE_OK; i++) {
        int numbers = 0;
        for (uint32_t k = 0; k < f->m; k++)
            numbers |= !isnan(run->values[i * f->m + k]);
        if (numbers)
            rc = level_add(f, run->steps[i], run->values + i * f->m, err);
    }
    free(run->steps);
    free(run->values);
    *run = f->runs[--f->n_runs];
    return rc;
}
