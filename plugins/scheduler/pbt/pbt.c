/* SPDX-License-Identifier: MIT */
/* scheduler/pbt: population based training (Jaderberg et al. 2017, arXiv:1711.09846): trials train side by side; now and
 * then those that are far behind take over the weights of one that is far ahead, and its point, a little changed.
 * scheduler/pb2: the same, where a model of what an interval of training gains says where the numbers go. */
#include "bandit.h"
#include "hone/history.h"
#include "hone/scheduler.h"

#include <stdlib.h>
#include <string.h>

struct settings {
    int64_t population, interval, objective, burn_in;
    double quantile, resample_probability, perturbation;
    uint8_t synchronous;
};

static const hone_param params[] = {
    HONE_INT(struct settings, population, "0", 0, 100000, 0, "trials",
             "Trials of the population; 0: all that the study may start. Set the budget of the study to the same."),
    HONE_INT(struct settings, interval, "1", 1, 1e15, HONE_P_LOG, "steps",
             "Steps between two looks at the population (perturbation_interval in Ray Tune)."),
    HONE_INT(struct settings, burn_in, "0", 0, 1e15, 0, "steps", "Steps of every trial before the first look."),
    HONE_REAL(struct settings, quantile, "0.25", 0, 0.5, 0, NULL,
              "Share of the population that is replaced at a look, and share that it is replaced from."),
    HONE_REAL(
        struct settings, resample_probability, "0.25", 0, 1, 0, NULL,
        "Probability that a parameter of a clone is drawn anew from the space instead of being changed a little."),
    HONE_REAL(
        struct settings, perturbation, "0.2", 0, 1, HONE_P_LO_OPEN | HONE_P_HI_OPEN, NULL,
        "By how much: numbers are multiplied by 1 + perturbation or 1 - perturbation, by at least one step; ordinals "
        "move by one; choices stay."),
    HONE_BOOL(struct settings, synchronous, "yes", 0,
              "yes: a look is taken when all of the population have come to the same step, so that all are compared "
              "alike. no: whenever one comes to it, with what the others have reported at their last pause."),
    HONE_INT(struct settings, objective, "1", 1, 1e6, 0, NULL,
             "Which of the study's objectives is compared: 1 is the first."),
};

enum place { RUNNING, PAUSED, OVER };
struct member {
    enum place place;
    int64_t step; /* of the last report; paused: of the pause */
    double value; /* at `step`; at_pause: at the last pause */
    double at_pause;
    int64_t paused_step; /* 0: has never paused */
    double base;         /* value of the weights that its interval began with; HUGE_VAL: not known */
    double *x;           /* (n_dims) */
    uint64_t donor;      /* synchronous, of the round at hand; NOBODY: it goes on as it is */
};
struct place_taken { /* of a ranking */
    double value;
    uint64_t trial;
};
#define NOBODY UINT64_MAX
enum { TRIES = 100, MODEL_TRIES = 3 }; /* points drawn until one keeps the relations; by the model of pb2 */
struct pbt {
    const struct settings *settings;
    const hone_space *space;
    uint64_t seed, size;    /* of the population */
    struct member *members; /* (n_members), by trial */
    uint64_t n_members, capacity;
    struct place_taken *ranked; /* (capacity) scratch: the best first, see rank */
    uint64_t *queue;            /* (capacity) synchronous: who goes on next, clones first; [served, n_queue) are left */
    uint64_t served, n_queue;
    int64_t max_step;
    int is_pb2;
    struct bandit *bandit; /* pb2 */
};

static hone_rc create_as(int is_pb2, const hone_create_info *info, void **self, hone_error *err)
{
    struct pbt *p = (struct pbt *)calloc(1, sizeof *p);
    if (!p)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the population");
    p->settings = (const struct settings *)info->config;
    p->seed = info->seed;
    p->is_pb2 = is_pb2;
    *self = p;
    return HONE_OK;
}

static hone_rc create_pbt(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return create_as(0, info, self, err);
}

static hone_rc create_pb2(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return create_as(1, info, self, err);
}

static void destroy(void *self)
{
    struct pbt *p = (struct pbt *)self;
    if (!p)
        return;
    for (uint64_t i = 0; i < p->n_members; i++)
        free(p->members[i].x);
    free(p->members);
    free(p->ranked);
    free(p->queue);
    bandit_destroy(p->bandit);
    free(p);
}

static hone_rc open_study(void *self, const hone_scheduler_info *info, hone_error *err)
{
    struct pbt *p = (struct pbt *)self;
    const struct settings *s = p->settings;
    if (s->objective > (int64_t)info->n_values)
        return hone_fail(err, HONE_ERANGE, "objective", "objective = %lld, but the study has %u objective%s",
                         (long long)s->objective, info->n_values, info->n_values == 1 ? "" : "s");
    if (!info->space)
        return hone_fail(err, HONE_ENOTSUP, "",
                         "this hone does not tell schedulers the space, which a population needs");
    p->space = info->space;
    p->max_step = info->max_step;
    p->size = s->population ? (uint64_t)s->population : info->trials;
    if (!p->size)
        return hone_fail(err, HONE_EINVAL, "population",
                         "the size of the population is not known: set population here, or trials in [study]");
    if (p->is_pb2 && !(p->bandit = bandit_create(info->space)))
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the model of pb2");
    return HONE_OK;
}

/* The member of a trial, made where there is none. NULL: out of memory. */
static struct member *member_of(struct pbt *p, uint64_t trial)
{
    while (p->n_members <= trial) {
        if (p->n_members == p->capacity) {
            const uint64_t capacity = p->capacity ? p->capacity * 2 : 32;
            struct member *more = (struct member *)realloc(p->members, (size_t)capacity * sizeof *more);
            struct place_taken *ranked;
            uint64_t *queue;
            if (!more)
                return NULL;
            p->members = more;
            if (!(ranked = (struct place_taken *)realloc(p->ranked, (size_t)capacity * sizeof *ranked)))
                return NULL;
            p->ranked = ranked;
            if (!(queue = (uint64_t *)realloc(p->queue, (size_t)capacity * sizeof *queue)))
                return NULL;
            p->queue = queue;
            p->capacity = capacity;
        }
        struct member *m = &p->members[p->n_members];
        memset(m, 0, sizeof *m);
        m->value = m->at_pause = m->base = HUGE_VAL;
        if (!(m->x = (double *)calloc(p->space->n_dims + 1u, sizeof *m->x)))
            return NULL;
        p->n_members++;
    }
    return &p->members[trial];
}

/* The next look after a step: burn_in, then every interval; 0: the end comes before. */
static int64_t next_look(const struct pbt *p, int64_t step)
{
    const int64_t first = p->settings->burn_in > p->settings->interval ? p->settings->burn_in : p->settings->interval;
    const int64_t look = step < first ? first
                                      : first + ((step - first) / p->settings->interval + 1) * p->settings->interval;
    return p->max_step && look >= p->max_step ? 0 : look;
}

/* ---- exploit ---- */

static int compare_places(const void *a, const void *b)
{
    const struct place_taken *p = (const struct place_taken *)a, *q = (const struct place_taken *)b;
    if (p->value < q->value || p->value > q->value)
        return p->value < q->value ? -1 : 1;
    return (p->trial > q->trial) - (p->trial < q->trial);
}

/* Those that have paused at `step` or later at their last pause into p->ranked, best first, ties by trial; the number. */
static uint64_t rank(struct pbt *p, int64_t step)
{
    uint64_t n = 0;
    for (uint64_t i = 0; i < p->n_members; i++) {
        const struct member *m = &p->members[i];
        if (m->paused_step && m->paused_step >= step)
            p->ranked[n++] = (struct place_taken){ m->at_pause, i };
    }
    qsort(p->ranked, (size_t)n, sizeof *p->ranked, compare_places);
    return n;
}

/* Whether a member is to be replaced, and by whom: truncation selection among the n that are ranked. */
static int is_behind(const struct pbt *p, uint64_t trial, uint64_t n, hone_rng *rng, uint64_t *donor)
{
    const struct place_taken me = { p->members[trial].at_pause, trial };
    const uint64_t share = (uint64_t)(p->settings->quantile * (double)n + 0.5);
    if (!share || n < 2 * share || compare_places(&me, &p->ranked[n - share]) < 0)
        return 0;
    *donor = p->ranked[hone_rng_below(rng, share)].trial;
    return *donor != trial && p->members[*donor].at_pause < p->members[trial].at_pause;
}

/* ---- explore ---- */

static double perturbed(const struct pbt *p, const hone_dim *d, double v, hone_rng *rng)
{
    const double up = hone_rng_uniform(rng) < 0.5 ? 1 : -1;
    if (d->type == HONE_DIM_CHOICE)
        return v;
    if (d->type == HONE_DIM_ORDINAL)
        return hone_dim_snap(d, v + up);
    const double w = hone_dim_snap(d, v * (1 + up * p->settings->perturbation));
    if ((w < v || w > v) || !(d->step > 0))
        return w;
    return hone_dim_snap(d, v + up * d->step);
}

/* x: (n_dims) from the donor's point, at look `time`; the donor's own where no change keeps the relations. */
static void explore(const struct pbt *p, const double *from, int64_t time, hone_rng *rng, double *x)
{
    for (int tries = 0; tries < TRIES; tries++) {
        for (uint32_t i = 0; i < p->space->n_dims; i++) {
            const hone_dim *d = p->space->dims[i];
            const double luck = hone_rng_uniform(rng);
            if (!hone_space_active(p->space, x, i))
                x[i] = (double)NAN;
            else if (isnan(from[i]) || luck < p->settings->resample_probability)
                x[i] = hone_dim_from_unit(d, hone_rng_uniform(rng));
            else
                x[i] = perturbed(p, d, from[i], rng);
        }
        if (p->bandit && tries < MODEL_TRIES)
            bandit_propose(p->bandit, time, rng, x);
        if (hone_space_allowed(p->space, x))
            return;
    }
    memcpy(x, from, p->space->n_dims * sizeof *x);
}

/* ---- orders ---- */

static void order_for(struct pbt *p, uint64_t trial, uint64_t donor, hone_rng *rng, hone_order *order)
{
    struct member *m = &p->members[trial];
    order->trial = trial;
    order->what = donor == NOBODY ? HONE_ORDER_RESUME : HONE_ORDER_CLONE;
    order->until = next_look(p, donor == NOBODY ? m->paused_step : p->members[donor].paused_step);
    const int64_t time = m->paused_step / p->settings->interval;
    if (donor != NOBODY) {
        order->from = donor;
        explore(p, p->members[donor].x, time, rng, order->x);
        memcpy(m->x, order->x, p->space->n_dims * sizeof *m->x);
    }
    m->base = donor == NOBODY ? m->at_pause : p->members[donor].at_pause;
    if (p->bandit)
        bandit_occupy(p->bandit, time, donor == NOBODY ? m->x : order->x);
    m->place = RUNNING;
}

static hone_rng look_rng(const struct pbt *p, uint64_t trial)
{
    return hone_rng_at(hone_rng_derive(p->seed, trial), (uint64_t)p->members[trial].paused_step);
}

/* When all that live have paused, who goes on how. The clones go first: their donors must not have moved by then. */
static void plan_round(struct pbt *p, uint64_t n_started, int may_start)
{
    p->served = p->n_queue = 0;
    if ((may_start && n_started < p->size) || p->n_members < n_started)
        return; /* somebody has not begun, or not been heard of */
    for (uint64_t i = 0; i < p->n_members; i++)
        if (p->members[i].place == RUNNING)
            return;
    uint64_t n = 0;
    int64_t ranked = 0; /* the step of the ranking: nearly always that of all */
    for (int clones = 1; clones >= 0; clones--)
        for (uint64_t i = 0; i < p->n_members; i++) {
            struct member *m = &p->members[i];
            if (m->place != PAUSED)
                continue;
            if (clones) {
                hone_rng rng = look_rng(p, i);
                if (m->paused_step != ranked)
                    n = rank(p, ranked = m->paused_step);
                if (!is_behind(p, i, n, &rng, &m->donor))
                    m->donor = NOBODY;
            }
            if ((m->donor != NOBODY) == clones)
                p->queue[p->n_queue++] = i;
        }
}

/* The one that has waited longest, as far as steps tell. NOBODY: none waits. */
static uint64_t first_waiting(const struct pbt *p)
{
    uint64_t first = NOBODY;
    for (uint64_t i = 0; i < p->n_members; i++)
        if (p->members[i].place == PAUSED &&
            (first == NOBODY || p->members[i].paused_step < p->members[first].paused_step))
            first = i;
    return first;
}

static hone_rc next(void *self, hone_order *order, hone_error *err)
{
    struct pbt *p = (struct pbt *)self;
    uint64_t trial, donor;
    (void)err;
    if (order->trial < p->size && order->may_start) {
        order->until = next_look(p, 0);
        return HONE_OK; /* counted when it is heard of: a START may come to nothing */
    }
    if (p->settings->synchronous) {
        if (p->served == p->n_queue)
            plan_round(p, order->trial, (int)order->may_start);
        if (p->served < p->n_queue) {
            trial = p->queue[p->served++];
            hone_rng rng = look_rng(p, trial);
            hone_rng_below(&rng, 1); /* the numbers after those that chose the donor */
            order_for(p, trial, p->members[trial].donor, &rng, order);
            return HONE_OK;
        }
    } else if ((trial = first_waiting(p)) != NOBODY) {
        hone_rng rng = look_rng(p, trial);
        if (!is_behind(p, trial, rank(p, p->members[trial].paused_step), &rng, &donor))
            donor = NOBODY;
        order_for(p, trial, donor, &rng, order);
        return HONE_OK;
    }
    for (uint64_t i = 0; i < p->n_members; i++)
        if (p->members[i].place != OVER)
            return HONE_WAIT;
    return p->n_members ? HONE_DONE : HONE_WAIT;
}

static hone_rc report(void *self, const hone_report *r, uint32_t *verdict, hone_error *err)
{
    struct pbt *p = (struct pbt *)self;
    struct member *m = member_of(p, r->trial);
    const double value = r->values[p->settings->objective - 1];
    *verdict = HONE_CONTINUE;
    if (!m)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the population");
    m->step = r->step;
    m->value = isnan(value) ? HUGE_VAL : value;
    if (r->x)
        memcpy(m->x, r->x, p->space->n_dims * sizeof *m->x);
    return HONE_OK;
}

static hone_rc finish(void *self, uint64_t trial, uint32_t status, const double *values, hone_error *err)
{
    struct pbt *p = (struct pbt *)self;
    struct member *m = member_of(p, trial);
    (void)values;
    if (!m)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the population");
    m->place = status == HONE_PAUSED ? PAUSED : OVER;
    if (status == HONE_PAUSED) {
        m->paused_step = m->step;
        m->at_pause = m->value;
        if (p->bandit)
            bandit_observe(p->bandit, m->step / p->settings->interval - 1, m->x, m->base - m->value);
    } else if (status == HONE_FAILED) {
        if (p->bandit && m->paused_step) /* what it was given has broken it */
            bandit_observe(p->bandit, m->paused_step / p->settings->interval, m->x, -HUGE_VAL);
        m->paused_step = 0; /* nobody is to take over from it */
    }
    return HONE_OK;
}

static const char doc[] =
    "A population of trials trains side by side. Every `interval` steps the worst of them, a share of `quantile`, take "
    "over "
    "the weights of one of the best, and its point with every parameter changed a little or drawn anew; the others go "
    "on as "
    "they are. So the points follow the training: a learning rate may fall, a dropout rate rise, without a schedule "
    "that "
    "anybody wrote.\n\n"
    "## What it needs\n"
    "An objective that makes checkpoints (objective/train; objective/command with checkpoints = yes), and parameters "
    "that "
    "may change in the middle of a training: rates, strengths, momentum; not the sizes of layers, since weights are "
    "taken "
    "over. The study's budget of trials is the population.\n\n"
    "## Lineage\n"
    "Every clone is recorded with its donor, the step and its new point: `hone trials STUDY --trial N` shows from whom "
    "a "
    "trial comes. A trial's point is its last one.\n\n"
    "## Synchronous or not\n"
    "With `synchronous = yes` all of a round are compared at the same step, and the study repeats exactly with order = "
    "strict and any number of workers. With `no` nobody waits; a trial then takes over only from one that has come at "
    "least "
    "as far.\n\n"
    "## Source\n"
    "Jaderberg, M. et al. (2017). Population based training of neural networks. arXiv:1711.09846, with truncation "
    "selection "
    "and the defaults of Ray Tune.\n";

static const char pb2_doc[] =
    "Population based training in which a model chooses the numbers of a clone: a Gaussian process over the point and "
    "the "
    "time learns how much an interval of training gained, forgets what is long ago, and the clone gets the point of "
    "the "
    "highest upper confidence bound, away from those that the others train with. So a population of four or eight is "
    "enough, where pbt's random changes want dozens.\n\n"
    "## What the model decides\n"
    "Real and whole numbers. Choices and ordinals, and all parameters before the first four intervals have been seen, "
    "are changed as pbt does it, by `perturbation` and `resample_probability`. The model keeps the newest 120 "
    "intervals. "
    "Kernel: squared exponential over the unit cube of the space times (1 - epsilon)^(|t - t'| / 2), its three "
    "settings "
    "by the likelihood of 32 random ones; bound: beta = 0.2 + max(0, log(0.4 n)).\n\n"
    "All the rest, what it needs, lineage and `synchronous`, is as scheduler/pbt says.\n\n"
    "## Source\n"
    "Parker-Holder, J., Nguyen, V. and Roberts, S. J. (2020). Provably efficient online hyperparameter optimization "
    "with "
    "population-based bandits. NeurIPS 33, algorithm 1 and section 4.\n";

static const hone_scheduler_v1 scheduler = {
    sizeof scheduler, HONE_SCHEDULER_CLONES, open_study, next, report, finish
};
#define COMPONENT(variable, name, summary, doc, create)               \
    static const hone_component variable = { sizeof variable,         \
                                             HONE_C_DETERMINISTIC,    \
                                             HONE_KIND_SCHEDULER,     \
                                             name,                    \
                                             summary,                 \
                                             doc,                     \
                                             params,                  \
                                             HONE_COUNT(params),      \
                                             sizeof *params,          \
                                             sizeof(struct settings), \
                                             0,                       \
                                             &scheduler,              \
                                             create,                  \
                                             destroy,                 \
                                             NULL,                    \
                                             NULL,                    \
                                             NULL }
COMPONENT(pbt, "pbt", "Population based training: the worst take over from the best", doc, create_pbt);
COMPONENT(pb2, "pb2", "Population based training with a model of what an interval gains", pb2_doc, create_pb2);
HONE_MODULE("org.hone.scheduler.pbt", "0.1.0", "MIT", "the hone authors", "", &pbt, &pb2)
