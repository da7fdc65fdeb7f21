/* SPDX-License-Identifier: MIT */
/* search/anneal: the walk. One walker; a proposal steps from where it stands when asked, an outcome is judged when
 * told, whatever was asked since. */
#include "anneal.h"

enum { CYCLE = 200 /* outcomes of a cycle where the budget is unknown */ };
static const double FINEST = 0.01; /* the shortest steps, as a share of the longest */

void walk_reset(struct walk *w)
{
    const hone_judged none = { HUGE_VAL, 0 };
    memset(w, 0, sizeof *w);
    w->here = w->best = NOWHERE;
    w->here_judged = w->best_judged = w->cycle_best = none;
}

/* ---- temperature ---- */

/* Share of the cycle that is over. */
static double progress(const struct walk *w)
{
    const double age = (double)w->age, last = (double)w->length - 1;
    return last > 0 ? (age < last ? age / last : 1) : 0;
}

/* Temperature in units of the spread. */
static double temperature(const struct anneal *a)
{
    const struct settings *s = &a->settings;
    const double share = progress(&a->walk);
    if (s->cooling == ADAPTIVE)
        return a->walk.temperature;
    if (s->cooling == LINEAR)
        return s->initial_temperature + share * (s->final_temperature - s->initial_temperature);
    return s->initial_temperature * pow(s->final_temperature / s->initial_temperature, share);
}

/* Share of steps that should be accepted, Lam's schedule for a known length: it falls to 0.44 in the first 15 % of a
 * cycle, stays until 65 % and falls to 0 at the end (Boyan, J. A. (1998), Learning evaluation functions for global
 * optimization, appendix B.4, after Lam, J. and Delosme, J.-M. (1988)). */
static double wanted_rate(double share)
{
    if (share < 0.15)
        return 0.44 + 0.56 * pow(560, -share / 0.15);
    return share < 0.65 ? 0.44 : 0.44 * pow(440, -(share - 0.65) / 0.35);
}

/* After a step that was accepted or not: the temperature goes where the rate of acceptance is wanted. The constants
 * are Boyan's for cycles of many thousands, scaled to the cycle: the rate forgets over a twentieth of it, and the
 * temperature could cross its range five times. */
static void adapt(struct anneal *a, int accepted)
{
    struct walk *w = &a->walk;
    const struct settings *s = &a->settings;
    const double memory = 1 / fmax(10, (double)w->length / 20);
    const double range = log(s->initial_temperature / s->final_temperature);
    const double factor = exp(-fmin(0.5, 5 * fmax(range, 1) / (double)w->length));
    w->rate += memory * ((accepted ? 1 : 0) - w->rate);
    w->temperature *= w->rate > wanted_rate(progress(w)) ? factor : 1 / factor;
    w->temperature = fmin(fmax(w->temperature, 1e-300), s->initial_temperature);
}

/* ---- proposals ---- */

/* Each active dimension moves with a probability that lets one move on average, at least one does. The length of a
 * move is drawn log-uniformly between the longest and a hundredth of it: coarse and fine steps at all temperatures,
 * of which those that fit are accepted. A dimension that becomes active is drawn from its prior. */
void walk_step(const struct anneal *a, hone_rng *rng, double *x)
{
    const uint32_t n = a->space->n_dims;
    const struct walk *w = &a->walk;
    const double *from = a->history.x + (w->here == NOWHERE ? 0 : w->here) * n;
    uint32_t n_moved = 0, n_active = 0, chosen = 0;
    double share;
    if (!(w->spread > 0) || w->here == NOWHERE) {
        hone_space_draw(a->space, rng, x);
        return;
    }
    for (uint32_t i = 0; i < n; i++)
        if (!isnan(from[i]) && hone_dim_free(a->space->dims[i]) && hone_rng_below(rng, ++n_active) == 0)
            chosen = i; /* one of the active ones, each as likely */
    share = n_active ? 1.0 / n_active : 1;
    for (int pass = 0; pass < 2 && !n_moved; pass++)
        for (uint32_t i = 0; i < n; i++) {
            const hone_dim *d = a->space->dims[i];
            const double luck = hone_rng_uniform(rng);
            x[i] = from[i];
            if (!hone_space_active(a->space, x, i)) {
                x[i] = (double)NAN;
            } else if (isnan(from[i])) {
                x[i] = hone_dim_from_unit(d, hone_rng_uniform(rng));
            } else if (pass ? i == chosen
                            : luck <
                                  (d->type == HONE_DIM_CHOICE && a->settings.change > 0 ? a->settings.change : share)) {
                x[i] = hone_dim_neighbour(d, from[i], a->settings.step * pow(FINEST, hone_rng_uniform(rng)), rng);
                n_moved++;
            }
        }
}

/* ---- outcomes ---- */

static int compare(const void *p, const void *q)
{
    const double x = *(const double *)p, y = *(const double *)q;
    return (x > y) - (x < y);
}

/* Standard deviation as the interquartile range tells it (/ 1.349), so that one diverged trial does not set the
 * scale; the plain one where half the values are equal; 1 where all are. */
static double spread_of(const double *values, uint64_t n)
{
    double sorted[STARTUP_VALUES], mean = 0, squares = 0, range;
    memcpy(sorted, values, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, compare);
    range = (sorted[(3 * (n - 1) + 2) / 4] - sorted[(n - 1) / 4]) / 1.349;
    if (range > 0 && isfinite(range))
        return range;
    for (uint64_t i = 0; i < n; i++)
        mean += sorted[i] / (double)n;
    for (uint64_t i = 0; i < n; i++)
        squares += (sorted[i] - mean) * (sorted[i] - mean) / (double)n;
    return squares > 0 && isfinite(squares) ? sqrt(squares) : 1;
}

/* Starts a cycle that ends with the budget. */
static void start_cycle(struct anneal *a, uint64_t told)
{
    struct walk *w = &a->walk;
    const uint64_t left = a->trials > told ? a->trials - told : 0;
    w->length = a->settings.length ? (uint64_t)a->settings.length : left ? left : CYCLE;
    w->age = w->idle = 0;
    w->temperature = a->settings.initial_temperature;
    w->rate = 1;
    w->cycle_best = w->here_judged;
}

static void reheat(struct anneal *a, uint64_t told)
{
    struct walk *w = &a->walk;
    if (a->settings.restart == RESTART_RANDOM) {
        const hone_judged none = { HUGE_VAL, 0 };
        w->here = NOWHERE; /* random proposals until one is judged */
        w->here_judged = none;
    } else {
        w->here = w->best;
        w->here_judged = w->best_judged;
    }
    start_cycle(a, told);
}

/* Metropolis: better is accepted, worse by delta with probability exp(-delta / T). A point that violates more is
 * refused. */
static int accepts(const struct anneal *a, hone_judged new, uint64_t trial)
{
    const hone_judged here = a->walk.here_judged;
    hone_rng rng = hone_rng_at(hone_rng_derive(a->seed, 1), trial);
    if (a->walk.here == NOWHERE || hone_judged_better(new, here))
        return 1;
    if (new.violation > here.violation)
        return 0;
    return hone_rng_uniform(&rng) < exp(-(new.value - here.value) / (temperature(a) * a->walk.spread));
}

void walk_hear(struct anneal *a, uint64_t row)
{
    struct walk *w = &a->walk;
    const hone_history *h = &a->history;
    const int usable = hone_history_usable(h, row), complete = h->status[row] == HONE_COMPLETE;
    const int was_walking = w->spread > 0;
    const double cold = a->settings.cooling == ADAPTIVE ? 0.9 : 0.5; /* the steered temperature comes down late */
    hone_judged new = hone_history_judged(h, row);
    int accepted;
    if (!complete && usable && w->here != NOWHERE && new.value < w->here_judged.value)
        new.value = w->here_judged
                        .value; /* it was stopped for being worse than others: no improvement, whatever it says */
    if (complete && (w->best == NOWHERE || hone_judged_better(new, w->best_judged))) {
        w->best_judged = new;
        w->best = row;
    }
    accepted = usable && (was_walking ? accepts(a, new, h->trial[row])
                                      : w->here == NOWHERE || hone_judged_better(new, w->here_judged));
    if (accepted) {
        w->here_judged = new;
        w->here = row;
    }
    if (!was_walking) {
        if (usable && w->n_startup < STARTUP_VALUES)
            w->startup[w->n_startup++] = new.value;
        if (w->n_startup >= (uint64_t)a->settings.startup) {
            w->spread = spread_of(w->startup, w->n_startup);
            start_cycle(a, row + 1);
        }
        return;
    }
    w->age++;
    w->idle++;
    if (a->settings.cooling == ADAPTIVE)
        adapt(a, accepted);
    if (complete && hone_judged_better(new, w->cycle_best)) {
        w->cycle_best = new;
        w->idle = 0;
    }
    if (a->settings.patience && w->idle >= (uint64_t)a->settings.patience && progress(w) >= cold)
        reheat(a, row + 1);
}
