/* SPDX-License-Identifier: MIT */
/* search/anneal: simulated annealing in the unit cube (Kirkpatrick, Gelatt and Vecchi 1983).
 *
 * One walker. A proposal steps from where the walker stands when asked; an outcome is judged when told, whatever was
 * asked since. So parallel trials never wait for each other, and outcomes may come in any order. The numbers of a
 * proposal come from (seed, trial), those of its judgement from another stream of the same. */
#include "anneal.h"

#include "hone/rng.h"

#include <stdlib.h>
#include <string.h>

enum {
    TRIES = 200,           /* steps from the walker before it looks elsewhere for a point that is new and allowed */
    RANDOM_TRIES = 100000, /* random points before the relations are called impossible */
    FINITE = 1 << 20,      /* numbers of points up to which no point is proposed twice: 128 kB */
    STARTUP_VALUES = 64,
    CYCLE = 200 /* outcomes of a cycle where the budget is unknown */
};

static const char *const coolings[] = { "geometric", "linear", NULL };
static const char *const restarts[] = { "best", "random", NULL };
static const hone_param params[] = {
    HONE_INT(
        struct settings, startup, "10", 2, STARTUP_VALUES, 0, "trials",
        "Random points at the start. Their best is where the walk begins, their spread is the unit of temperature."),
    HONE_ENUM(struct settings, cooling, "geometric", coolings, 0,
              "geometric: the temperature falls by the same factor with every outcome; linear: by the same amount."),
    HONE_REAL(struct settings, initial_temperature, "0.1", 0, 1e6, HONE_P_LO_OPEN | HONE_P_LOG, NULL,
              "Temperature at the start of a cycle, in units of the spread (standard deviation, outliers cut) of the "
              "first outcomes."),
    HONE_REAL(struct settings, final_temperature, "1e-4", 0, 1e6, HONE_P_LO_OPEN | HONE_P_LOG, NULL,
              "Temperature at the end of a cycle, in the same unit; at most the initial one."),
    HONE_INT(struct settings, length, "0", 0, 1e12, 0, "trials",
             "Outcomes of a cooling cycle; 0: what the study's budget leaves, or 200 where it has none."),
    HONE_REAL(struct settings, step, "0.2", 0, 1, HONE_P_LO_OPEN, NULL,
              "Deviation of a step at the initial temperature, as a share of each parameter's range on its own "
              "scale; it shrinks "
              "with the square root of the temperature."),
    HONE_REAL(struct settings, change, "0.2", 0, 1, HONE_P_LO_OPEN, NULL, "Probability that a step changes a choice."),
    HONE_INT(struct settings, patience, "60", 0, 1e12, 0, "trials",
             "Outcomes without a better point, in the colder half of a cycle, before the walk is heated up again; 0: "
             "never."),
    HONE_ENUM(struct settings, restart, "best", restarts, 0,
              "Where a reheated walk goes on: from the best point of all, or from a random one."),
};

struct anneal {
    const struct settings *settings;
    const hone_host *host;
    const hone_space *space;
    uint64_t seed, trials;
    double *units; /* (n_dims) scratch */
    struct state state;
    uint32_t loaded; /* before open: the state waits for its space */
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    const struct settings *settings = (const struct settings *)info->config;
    struct anneal *a;
    if (settings->final_temperature > settings->initial_temperature)
        return hone_fail(err, HONE_ERANGE, "final_temperature",
                         "final_temperature = %g is above initial_temperature = %g", settings->final_temperature,
                         settings->initial_temperature);
    a = (struct anneal *)calloc(1, sizeof *a);
    if (!a)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the annealing search");
    a->settings = settings;
    a->host = host;
    a->seed = info->seed;
    *self = a;
    return HONE_OK;
}

static void destroy(void *self)
{
    struct anneal *a = (struct anneal *)self;
    if (!a)
        return;
    state_release(&a->state);
    free(a->units);
    free(a);
}

/* Whether a loaded state belongs to this space. */
static hone_rc state_fits(const struct state *s, const hone_space *space, hone_error *err)
{
    const double n = hone_space_count(space);
    if (s->n_dims == space->n_dims && s->seen.n == (n <= FINITE ? (uint64_t)n : 0))
        return HONE_OK;
    return hone_fail(err, HONE_EINVAL, "",
                     "the saved state of the annealing search is of another space (%u parameters, not %u)", s->n_dims,
                     space->n_dims);
}

static hone_rc open_space(void *self, const hone_space *space, const hone_search_info *info, hone_error *err)
{
    struct anneal *a = (struct anneal *)self;
    if (info->n_values != 1)
        return hone_fail(
            err, HONE_ENOTSUP, "",
            "annealing minimizes one objective, the study has %u: name one objective or use another search",
            info->n_values);
    a->space = space;
    a->trials = info->trials;
    a->units = (double *)calloc(space->n_dims + 1u, sizeof *a->units);
    if (!a->units)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for a point of %u parameters", space->n_dims);
    if (a->loaded)
        return state_fits(&a->state, space, err);
    if (state_init(&a->state, space->n_dims) < 0 || hone_point_set_init(&a->state.seen, space, FINITE) < 0)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the walk");
    for (uint32_t i = 0; i < space->n_dims; i++)
        a->state.here[i] = a->state.best[i] = 0.5;
    return HONE_OK;
}

/* Temperature in units of the spread. */
static double temperature(const struct anneal *a)
{
    const struct settings *s = a->settings;
    const double age = (double)a->state.age, last = (double)a->state.cycle_length - 1;
    const double share = last > 0 ? (age < last ? age / last : 1) : 0;
    if (s->cooling == LINEAR)
        return s->initial_temperature + share * (s->final_temperature - s->initial_temperature);
    return s->initial_temperature * pow(s->final_temperature / s->initial_temperature, share);
}

/* ---- proposals ---- */

/* Folds u back into [0, 1] as a mirror would: clipping would favour the borders. */
static double reflect(double u)
{
    u = fmod(fabs(u), 2);
    return u > 1 ? 2 - u : u;
}

/* A step of one dimension from position u: another value, where it has another. */
static double step_value(const hone_dim *d, double u, double width, hone_rng *rng)
{
    const double here = hone_dim_from_unit(d, u), count = hone_dim_count(d);
    double v;
    if (d->type == HONE_DIM_CHOICE) { /* another choice, by the prior */
        for (int i = 0; i < 32; i++) {
            v = hone_dim_from_unit(d, hone_rng_uniform(rng));
            if (v < here || v > here)
                return v;
        }
        return here;
    }
    v = hone_dim_from_unit(d, reflect(u + width * hone_rng_normal(rng)));
    if ((v < here || v > here) || count == 1 || (d->type == HONE_DIM_REAL && !(d->step > 0)))
        return v;
    { /* the step was shorter than the distance to the next value: that one, then, up or down */
        const double apart = d->type == HONE_DIM_ORDINAL ? 1 : d->step > 0 ? d->step : 1;
        const double up = hone_rng_uniform(rng) < 0.5 ? 1 : -1;
        v = hone_dim_snap(d, here + up * apart);
        return v < here || v > here ? v : hone_dim_snap(d, here - up * apart);
    }
}

/* A neighbour of the walker: x (n_dims), settled. Each dimension moves with a probability that lets about two of them
 * move at a time, at least one does; a dimension that becomes active is drawn from its prior. */
static void neighbour(const struct anneal *a, hone_rng *rng, double *x)
{
    const uint32_t n = a->space->n_dims;
    const double width = a->settings->step * sqrt(temperature(a) / a->settings->initial_temperature);
    uint32_t n_moved = 0, n_active = 0, chosen = 0;
    double share;
    for (uint32_t i = 0; i < n; i++) { /* where the walker stands */
        x[i] = hone_dim_from_unit(a->space->dims[i], a->state.here[i]);
        if (!hone_space_active(a->space, x, i))
            x[i] = (double)NAN;
        else if (hone_dim_count(a->space->dims[i]) != 1 && hone_rng_below(rng, ++n_active) == 0)
            chosen = i; /* one of the active ones, each as likely */
    }
    share = n_active > 2 ? 2.0 / n_active : 1;
    for (int pass = 0; pass < 2 && !n_moved; pass++)
        for (uint32_t i = 0; i < n; i++) {
            const hone_dim *d = a->space->dims[i];
            const int was_active = !isnan(x[i]);
            const double luck = hone_rng_uniform(rng);
            if (!hone_space_active(a->space, x, i)) {
                x[i] = (double)NAN;
            } else if (!was_active) {
                x[i] = hone_dim_from_unit(d, hone_rng_uniform(rng));
            } else if (pass ? i == chosen : luck < (d->type == HONE_DIM_CHOICE ? a->settings->change : share)) {
                x[i] = step_value(d, a->state.here[i], width, rng);
                n_moved++;
            }
        }
}

static void random_point(const struct anneal *a, hone_rng *rng, double *x)
{
    for (uint32_t i = 0; i < a->space->n_dims; i++)
        x[i] = hone_dim_from_unit(a->space->dims[i], hone_rng_uniform(rng));
    hone_space_settle(a->space, x);
}

/* 1 where x may be proposed: allowed, and not seen where that is known. */
static uint32_t is_new(const struct anneal *a, const double *x)
{
    return hone_space_allowed(a->space, x) &&
           (!a->state.seen.n || !hone_point_set_has(&a->state.seen, hone_space_index(a->space, x)));
}

static hone_rc ask(void *self, uint64_t trial, double *x, hone_error *err)
{
    struct anneal *a = (struct anneal *)self;
    hone_rng rng = hone_rng_at(a->seed, trial);
    const int walking = a->state.spread > 0 && isfinite(a->state.here_judged.value);
    const int finite = a->state.seen.n > 0;
    uint64_t index = 0;
    uint32_t found = 0;
    for (int i = 0; walking && !found && i < TRIES; i++) {
        neighbour(a, &rng, x);
        found = is_new(a, x);
    }
    for (int i = 0; !found && i < (finite ? TRIES : RANDOM_TRIES); i++) {
        random_point(a, &rng, x);
        found = is_new(a, x);
        if (i % 1024 == 1023 && a->host->cancelled(a->host))
            return hone_fail(err, HONE_ECANCELED, "", "cancelled while looking for a point that the relations allow");
    }
    if (!finite)
        return found ? HONE_OK
                     : hone_fail(err, HONE_EFAIL, "",
                                 "none of %d random points satisfies the relations (where ...) of the space: "
                                 "relax them or narrow the ranges to where they hold",
                                 (int)RANDOM_TRIES);
    if (found)
        index = hone_space_index(a->space, x);
    else if (!hone_point_set_rest(&a->state.seen, a->space, hone_rng_below(&rng, a->state.seen.n), &index, x))
        return HONE_DONE;
    if (state_propose(&a->state, trial, index) < 0)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the points proposed");
    return HONE_OK;
}

/* ---- outcomes ---- */

static int is_better(const struct judged *a, const struct judged *b)
{
    return a->violation < b->violation || (a->violation <= b->violation && a->value < b->value);
}

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
static void start_cycle(struct anneal *a)
{
    struct state *s = &a->state;
    const uint64_t left = a->trials > s->n_told ? a->trials - s->n_told : 0;
    s->cycle_length = a->settings->length ? (uint64_t)a->settings->length : left ? left : CYCLE;
    s->age = s->idle = 0;
    s->cycle_best = s->here_judged;
}

static void reheat(struct anneal *a)
{
    struct state *s = &a->state;
    s->n_reheats++;
    if (a->settings->restart == RESTART_RANDOM) {
        s->here_judged.value = HUGE_VAL; /* random proposals until one is judged */
        s->here_judged.violation = 0;
    } else {
        memcpy(s->here, s->best, s->n_dims * sizeof *s->here);
        s->here_judged = s->best_judged;
    }
    start_cycle(a);
}

/* Positions of x over those in `from`, for inactive dimensions. */
static void positions(const struct anneal *a, const double *x, double *units)
{
    for (uint32_t i = 0; i < a->space->n_dims; i++)
        if (!isnan(x[i]))
            units[i] = hone_dim_to_unit(a->space->dims[i], x[i]);
}

/* Metropolis: better is accepted, worse by delta with probability exp(-delta / T). A point that violates more is
 * refused. */
static int accepts(const struct anneal *a, const struct judged *new, uint64_t trial)
{
    const struct judged *here = &a->state.here_judged;
    hone_rng rng = hone_rng_at(hone_rng_derive(a->seed, 1), trial);
    if (!isfinite(here->value) || is_better(new, here))
        return 1;
    if (new->violation > here->violation)
        return 0;
    return hone_rng_uniform(&rng) < exp(-(new->value - here->value) / (temperature(a) * a->state.spread));
}

static double violation_of(const hone_outcome *o)
{
    double sum = 0;
    for (uint32_t i = 0; i < o->n_constraints; i++)
        sum += o->constraints[i] > 0 ? o->constraints[i] : isnan(o->constraints[i]) ? 1e100 : 0;
    return sum < 1e300 ? sum : 1e300;
}

static hone_rc tell(void *self, const hone_outcome *outcome, hone_error *err)
{
    struct anneal *a = (struct anneal *)self;
    struct state *s = &a->state;
    struct judged new = { outcome->values[0], violation_of(outcome) };
    const int was_walking = s->spread > 0;
    const int usable = outcome->status != HONE_FAILED && isfinite(new.value);
    (void)err;
    s->n_told++;
    if (s->seen.n) /* also points that others proposed */
        state_settle(s, outcome->trial, hone_space_index(a->space, outcome->x));
    if (outcome->status == HONE_PRUNED && usable && isfinite(s->here_judged.value) && new.value < s->here_judged.value)
        new.value = s->here_judged
                        .value; /* it was stopped for being worse than others: no improvement, whatever it says */
    if (usable && outcome->status == HONE_COMPLETE && is_better(&new, &s->best_judged)) {
        s->best_judged = new;
        positions(a, outcome->x, s->best);
    }
    if (usable && (was_walking ? accepts(a, &new, outcome->trial) : is_better(&new, &s->here_judged))) {
        s->here_judged = new;
        positions(a, outcome->x, s->here);
    }
    if (!was_walking) {
        if (usable && s->n_startup < STARTUP_VALUES)
            s->startup_values[s->n_startup++] = new.value;
        if (s->n_startup >= (uint64_t)a->settings->startup) {
            s->spread = spread_of(s->startup_values, s->n_startup);
            start_cycle(a);
        }
        return HONE_OK;
    }
    s->age++;
    s->idle++;
    if (usable && outcome->status == HONE_COMPLETE && is_better(&new, &s->cycle_best)) {
        s->cycle_best = new;
        s->idle = 0;
    }
    if (a->settings->patience && s->idle >= (uint64_t)a->settings->patience && 2 * s->age >= s->cycle_length)
        reheat(a);
    return HONE_OK;
}

static hone_rc save(void *self, const hone_ostream *out, hone_error *err)
{
    return state_save(&((struct anneal *)self)->state, out, err);
}

static hone_rc load(void *self, const hone_istream *in, hone_error *err)
{
    struct anneal *a = (struct anneal *)self;
    struct state new;
    hone_rc rc;
    memset(&new, 0, sizeof new);
    if ((rc = state_load(&new, in, err)) < 0 || (a->space && (rc = state_fits(&new, a->space, err)) < 0)) {
        state_release(&new);
        return rc;
    }
    state_release(&a->state);
    a->state = new;
    a->loaded = 1;
    return HONE_OK;
}

static const char doc[] =
    "Simulated annealing: a walk that always accepts a better point and accepts a point worse by d with probability "
    "exp(-d / T). The "
    "temperature T falls, and with it the length of the steps, so that the walk first crosses the space and then "
    "settles in the best "
    "valley it found. It needs no model and microseconds per proposal; it suits smooth problems of a few dozen "
    "parameters.\n\n"
    "## The walk\n"
    "It moves on each parameter's own scale: log for `log`, quantiles for normals, one step at least for integers "
    "and ordinals. About two "
    "parameters move at a time; choices change with probability `change`. Steps are mirrored at the borders. A "
    "parameter that becomes active is "
    "drawn from its prior. Points that a relation forbids are not proposed. In a space of at most 2^20 points none "
    "is proposed twice, and the "
    "study ends when all have been.\n\n"
    "## Temperature\n"
    "The first `startup` trials are random. Their spread is the unit of temperature, so that the settings do not "
    "depend on the scale of the "
    "objective. A cycle cools from `initial_temperature` to `final_temperature` over `length` outcomes, by default "
    "over all that is left of the "
    "budget. When `patience` outcomes have brought nothing better in the second half of a cycle, the walk is "
    "reheated and a new cycle begins, "
    "from the best point or a random one (`restart`).\n\n"
    "## Outcomes\n"
    "Trials may run in parallel: a proposal starts from where the walk stands when it is asked for, an outcome is "
    "judged when it arrives. A "
    "pruned trial counts with its last value, but never as an improvement. A failed trial, or one whose value is not "
    "a number, is a refused step. "
    "Points that violate constraints less come before all others; among equals the value decides.\n\n"
    "## Sources\n"
    "Kirkpatrick, S., Gelatt, C. D. and Vecchi, M. P. (1983). Optimization by simulated annealing. Science 220, "
    "671-680. Metropolis, N. et al. "
    "(1953), J. Chem. Phys. 21, 1087. Constraints: Deb, K. (2000), Comput. Methods Appl. Mech. Engrg. 186, "
    "311-338.\n";

static const hone_search_v1 search = { sizeof search, 0, open_space, ask, tell };
static const hone_component anneal = {
    sizeof anneal,
    HONE_C_DETERMINISTIC | HONE_C_STATEFUL,
    HONE_KIND_SEARCH,
    "anneal",
    "Simulated annealing with reheating",
    doc,
    params,
    HONE_COUNT(params),
    sizeof *params,
    sizeof(struct settings),
    0,
    &search,
    create,
    destroy,
    save,
    load,
    NULL,
};
HONE_MODULE("org.hone.search.anneal", "0.1.0", "MIT", "the hone authors", "", &anneal)
