/* SPDX-License-Identifier: MIT */
/* The path from the baseline to the best cell (Fawcett, C. and Hoos, H. H. (2016). Analysing differences between algorithm
 * configurations through ablation. Journal of Heuristics 22, 431-458): at each step, of the changes that are left, the one after
 * which the mean is best. At most d (d + 1) / 2 cells for d changes, and fewer runs by racing: after three seeds, changes are
 * dropped that the best one of the step beats for certain. */
#include "ablation/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RACE_AFTER = 3 /* seeds */ };

struct walk {
    struct ablation *ablation;
    const struct ablation_pool *pool; /* NULL: nothing is run */
    const hone_host *host;
    uint32_t *levels; /* (n_axes) where it stands */
    uint32_t *goal;   /* (n_axes) */
    size_t *cells;    /* (n) candidates of this step */
    size_t *axes;     /* (n) what each of them changes */
    size_t n;
    double *scratch; /* (n_seeds) */
};

/* Larger is better; a run that failed is worse than any. */
static double worth(const struct ablation *a, size_t cell, size_t seed)
{
    const struct ablation_run *run = &a->cells[cell].runs[seed];
    if (run->state == RUN_FAILED)
        return -HUGE_VAL;
    return run->state == RUN_DONE ? (a->direction == HONE_MAXIMIZE ? run->value : -run->value) : (double)NAN;
}

/* Mean over the first seeds; NaN where one is missing. */
static double mean_worth(const struct ablation *a, size_t cell, size_t n_seeds)
{
    double sum = 0;
    for (size_t k = 0; k < n_seeds; k++)
        sum += worth(a, cell, k);
    return sum / (double)n_seeds;
}

/* The best of some cells by their first seeds; SIZE_MAX: none has them all. */
static size_t best_of(const struct ablation *a, const size_t *cells, size_t n, size_t n_seeds)
{
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < n; i++) {
        const double value = mean_worth(a, cells[i], n_seeds);
        if (!isnan(value) && (best == SIZE_MAX || value > mean_worth(a, cells[best], n_seeds)))
            best = i;
    }
    return best;
}

/* Adds the cells that one more change leads to. What cannot be composed alone (a key of a part that is not there yet) waits for the
 * change that brings it. */
static hone_rc add_candidates(struct walk *w, hone_error *err)
{
    struct ablation *a = w->ablation;
    const size_t before = a->n_cells;
    w->n = 0;
    for (size_t i = 0; i < a->spec.n_axes; i++) {
        struct complaints unheard = COMPLAINTS_INIT;
        const uint32_t here = w->levels[i];
        const size_t n = a->n_cells;
        if (here == w->goal[i])
            continue;
        w->levels[i] = w->goal[i];
        const struct ablation_cell *cell = ablation_cell_add(a, w->levels, &unheard);
        w->levels[i] = here;
        complaints_release(&unheard);
        if (cell) {
            w->cells[w->n] = (size_t)(cell - a->cells);
            w->axes[w->n++] = i;
        } else if (a->n_cells > n) {
            ablation_cell_release(&a->cells[--a->n_cells], a->n_seeds);
        }
    }
    return a->n_cells > before ? ablation_results_read(a, w->host, err) : HONE_OK;
}

/* Drops the candidates that the best one beats at every level of doubt that the intervals know. */
static void race(struct walk *w)
{
    const struct ablation *a = w->ablation;
    const size_t best = best_of(a, w->cells, w->n, RACE_AFTER);
    size_t kept = 0;
    if (best == SIZE_MAX)
        return;
    const size_t winner = w->cells[best];
    for (size_t i = 0; i < w->n; i++) {
        int finite = 1;
        for (size_t k = 0; k < RACE_AFTER; k++) {
            w->scratch[k] = worth(a, winner, k) - worth(a, w->cells[i], k);
            finite &= isfinite(w->scratch[k]) != 0;
        }
        const hone_interval interval = hone_t_interval(w->scratch, RACE_AFTER, a->spec.raw.level);
        if (w->cells[i] != winner && finite && interval.low > 0)
            continue;
        w->cells[kept] = w->cells[i];
        w->axes[kept++] = w->axes[i];
    }
    w->n = kept;
}

static hone_rc run_candidates(struct walk *w, size_t n_seeds, hone_error *err)
{
    return w->pool ? ablation_run_missing(w->ablation, w->pool, w->cells, w->n, n_seeds, err) : HONE_OK;
}

/* One step. HONE_DONE: there is none that can be made. */
static hone_rc step(struct walk *w, hone_error *err)
{
    struct ablation *a = w->ablation;
    struct path_step *more = realloc(a->path, (a->n_path + 1) * sizeof *more);
    if (!more)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the path");
    a->path = more;
    hone_rc rc = add_candidates(w, err);
    const size_t tried = w->n;
    if (rc == HONE_OK && a->n_seeds > RACE_AFTER && w->n > 1) {
        rc = run_candidates(w, RACE_AFTER, err);
        if (rc == HONE_OK)
            race(w);
    }
    if (rc == HONE_OK)
        rc = run_candidates(w, a->n_seeds, err);
    const size_t best = rc == HONE_OK ? best_of(a, w->cells, w->n, a->n_seeds) : SIZE_MAX;
    if (rc != HONE_OK || best == SIZE_MAX)
        return rc == HONE_OK ? HONE_DONE : rc;
    w->levels[w->axes[best]] = w->goal[w->axes[best]];
    a->path[a->n_path++] = (struct path_step){ w->axes[best], w->cells[best], tried };
    return HONE_OK;
}

/* The baseline and the best of the compared cells. 0: the baseline is the best, or runs are missing. */
static int find_ends(struct walk *w)
{
    struct ablation *a = w->ablation;
    size_t begin = SIZE_MAX, best = SIZE_MAX;
    for (size_t i = 0; i < a->n_compared; i++) {
        int baseline = 1;
        for (size_t k = 0; k < a->spec.n_axes; k++)
            baseline &= a->cells[i].levels[k] == a->spec.axes[k].baseline;
        begin = baseline ? i : begin;
        const double value = mean_worth(a, i, a->n_seeds);
        if (!isnan(value) && (best == SIZE_MAX || value > mean_worth(a, best, a->n_seeds)))
            best = i;
    }
    if (begin == SIZE_MAX || best == SIZE_MAX || best == begin)
        return 0;
    a->path_begin = begin;
    a->path_end = best;
    memcpy(w->levels, a->cells[begin].levels, a->spec.n_axes * sizeof *w->levels);
    memcpy(w->goal, a->cells[best].levels, a->spec.n_axes * sizeof *w->goal);
    return 1;
}

hone_rc ablation_path(struct ablation *a, const struct ablation_pool *pool, const hone_host *host, hone_error *err)
{
    struct walk w = { .ablation = a, .pool = pool, .host = host };
    const size_t n = a->spec.n_axes;
    hone_rc rc = HONE_OK;
    a->n_path = 0;
    if (!a->spec.raw.path || a->direction == HONE_NO_DIRECTION)
        return HONE_OK;
    w.levels = calloc(2 * n, sizeof *w.levels);
    w.cells = calloc(2 * n, sizeof *w.cells);
    w.scratch = calloc(a->n_seeds + RACE_AFTER, sizeof *w.scratch);
    if (!w.levels || !w.cells || !w.scratch) {
        rc = hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the path");
    } else {
        w.goal = w.levels + n;
        w.axes = w.cells + n;
        while (rc == HONE_OK && (a->n_path || find_ends(&w)) && memcmp(w.levels, w.goal, n * sizeof *w.goal) != 0)
            rc = step(&w, err);
    }
    free(w.levels);
    free(w.cells);
    free(w.scratch);
    return rc == HONE_DONE ? HONE_OK : rc;
}
