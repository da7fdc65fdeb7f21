/* SPDX-License-Identifier: MIT */
/* scheduler/hyperband (Li et al. 2018, JMLR 18(185), algorithm 1) and scheduler/successive_halving (Jamieson and Talwalkar
 * 2016): brackets of a planned size, whose rungs decide when all have arrived. While a bracket waits for its last ones,
 * free workers begin the next, so that nobody idles. */
#include "halving.h"

#include <math.h>

struct settings {
    int64_t min_resource, max_resource, objective;
    double reduction_factor;
    uint32_t mode;  /* hyperband */
    int64_t trials; /* successive_halving */
};
enum { SYNCHRONOUS, ASYNCHRONOUS };
static const char *const modes[] = { "synchronous", "asynchronous", NULL };

#define COMMON                                                                                                         \
    HONE_INT(struct settings, min_resource, "1", 1, 1e15, HONE_P_LOG, "steps",                                         \
             "Steps of a trial before it may be compared for the first time."),                                        \
        HONE_REAL(struct settings, reduction_factor, "3", 1, 1000, HONE_P_LO_OPEN, NULL,                               \
                  "One in so many of a rung goes on to the next, which is so many times as far (eta in the papers)."), \
        HONE_INT(struct settings, max_resource, "0", 0, 1e15, 0, "steps",                                              \
                 "Steps of a whole trial, for objectives that do not say it."),                                        \
        HALVING_OBJECTIVE

static const hone_param hyperband_params[] = {
    COMMON,
    HONE_ENUM(
        struct settings, mode, "synchronous", modes, 0,
        "synchronous: a rung decides when all its trials have arrived, as in the paper. asynchronous: each bracket "
        "promotes as asha does, and new trials are dealt to the brackets in the paper's proportions."),
};
static const hone_param successive_halving_params[] = {
    COMMON,
    HONE_INT(struct settings, trials, "0", 0, 1e9, 0, "trials",
             "Trials of a bracket; 0: as many as the study may start. Further ones make another bracket."),
};

struct hyperband {
    struct halving halving; /* first */
    const struct settings *settings;
    int64_t steps[MOST_RUNGS]; /* of the longest bracket */
    uint32_t n_steps;          /* s_max + 1 */
    uint64_t n_trials;         /* successive_halving: of a bracket; 0: hyperband */
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    struct hyperband *h = (struct hyperband *)calloc(1, sizeof *h);
    (void)host;
    if (!h)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the scheduler");
    h->settings = (const struct settings *)info->config;
    *self = h;
    return HONE_OK;
}

static void destroy(void *self)
{
    if (self)
        rungs_release(&((struct hyperband *)self)->halving.rungs);
    free(self);
}

/* Bracket s of hyperband: ceil((s_max + 1) / (s + 1) * eta^s) trials from rung s_max - s of the longest bracket on. */
static uint64_t planned(const struct hyperband *h, uint32_t s)
{
    return (uint64_t)ceil(h->n_steps / (s + 1.0) * pow(h->halving.rungs.eta, s) - 1e-9);
}

/* A bracket of n trials whose first rung is number `from` of the steps. */
static struct bracket *add(struct hyperband *h, uint32_t from, uint64_t n, uint32_t synchronous)
{
    struct bracket *b = rungs_add(&h->halving.rungs, h->steps + from, h->n_steps - from, synchronous);
    double size = (double)n;
    for (uint32_t k = 0; b && k < b->n_rungs; k++) {
        b->rungs[k].size = (uint64_t)floor(size + 1e-9);
        size /= h->halving.rungs.eta;
    }
    return b;
}

static hone_rc open_brackets(struct hyperband *h, const hone_scheduler_info *info, hone_error *err)
{
    const struct settings *s = h->settings;
    struct rungs *r = &h->halving.rungs;
    int64_t down[MOST_RUNGS];
    hone_rc rc = halving_objective(&h->halving, info, s->objective, err);
    if (rc == HONE_OK)
        rc = halving_max_step(info, s->max_resource, &r->max_step, err);
    if (rc != HONE_OK)
        return rc;
    r->eta = s->reduction_factor;
    uint32_t n = 0; /* R / eta, R / eta^2, ... down to min_resource */
    for (double step = (double)r->max_step / r->eta; n + 1 < MOST_RUNGS && step >= (double)s->min_resource - 1e-9;
         step /= r->eta) {
        const int64_t whole = (int64_t)floor(step + 1e-9);
        if (whole >= 1 && whole < (n ? down[n - 1] : r->max_step))
            down[n++] = whole;
    }
    for (uint32_t i = 0; i < n; i++)
        h->steps[i] = down[n - 1 - i];
    h->steps[n] = r->max_step;
    h->n_steps = n + 1;
    return HONE_OK;
}

static hone_rc open_hyperband(void *self, const hone_scheduler_info *info, hone_error *err)
{
    struct hyperband *h = (struct hyperband *)self;
    const hone_rc rc = open_brackets(h, info, err);
    if (rc != HONE_OK || h->settings->mode == SYNCHRONOUS)
        return rc;
    for (uint32_t s = h->n_steps; s > 0; s--)
        if (!add(h, h->n_steps - s, planned(h, s - 1), 0))
            return hone_fail(err, HONE_ENOMEM, "", "out of memory for the brackets");
    return HONE_OK;
}

static hone_rc open_successive_halving(void *self, const hone_scheduler_info *info, hone_error *err)
{
    struct hyperband *h = (struct hyperband *)self;
    h->n_trials = h->settings->trials > 0 ? (uint64_t)h->settings->trials : info->trials;
    if (!h->n_trials)
        return hone_fail(err, HONE_EINVAL, "trials",
                         "how many trials a bracket has is not known: set trials here, or the budget in [study]");
    return open_brackets(h, info, err);
}

/* The bracket of a new trial: the one that is being filled, or a new one. SIZE_MAX: out of memory. */
static uint64_t bracket_for_new(struct hyperband *h)
{
    struct rungs *r = &h->halving.rungs;
    if (!h->n_trials && h->settings->mode == ASYNCHRONOUS) { /* whoever is furthest behind its share */
        uint64_t least = 0;
        for (uint64_t i = 1; i < r->n_brackets; i++) {
            const struct rung *a = &r->brackets[i]->rungs[0], *b = &r->brackets[least]->rungs[0];
            if ((double)a->sent * (double)b->size < (double)b->sent * (double)a->size)
                least = i;
        }
        return least;
    }
    if (r->n_brackets && r->brackets[r->n_brackets - 1]->rungs[0].sent < r->brackets[r->n_brackets - 1]->rungs[0].size)
        return r->n_brackets - 1;
    const uint32_t from = h->n_trials ? 0 : (uint32_t)(r->n_brackets % h->n_steps);
    return add(h, from, h->n_trials ? h->n_trials : planned(h, h->n_steps - 1 - from), 1) ? r->n_brackets - 1
                                                                                          : UINT64_MAX;
}

static hone_rc next(void *self, hone_order *order, hone_error *err)
{
    struct hyperband *h = (struct hyperband *)self;
    uint64_t bracket = 0;
    const hone_rc rc = halving_next(&h->halving, order);
    if (rc != HONE_OK || order->what != HONE_ORDER_START)
        return rc;
    if (!rungs_has(&h->halving.rungs, order->trial) && (bracket = bracket_for_new(h)) == UINT64_MAX)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for a bracket");
    return rungs_enter(&h->halving.rungs, order->trial, (uint32_t)bracket, &order->until, err);
}

static hone_rc report(void *self, const hone_report *r, uint32_t *verdict, hone_error *err)
{
    return halving_report(&((struct hyperband *)self)->halving, r, verdict, err);
}

static hone_rc finish(void *self, uint64_t trial, uint32_t status, const double *values, hone_error *err)
{
    (void)values;
    (void)err;
    rungs_finish(&((struct hyperband *)self)->halving.rungs, trial, status);
    return HONE_OK;
}

static const char hyperband_doc[] =
    "Successive halving needs a choice: many trials that are compared early, or few that get far before they are. "
    "Hyperband "
    "makes all of them in turn. Its brackets begin at max/eta^s steps for s = s_max, ..., 1, 0 with "
    "ceil((s_max + 1) / (s + 1) * eta^s) trials each, so that every bracket costs about the same; then it begins "
    "again, as "
    "long as the budget lasts.\n\n"
    "## While a rung waits\n"
    "A rung of a synchronous bracket decides when all its trials have arrived, failed or died. Workers that are free "
    "meanwhile fill the next bracket. When the budget of trials ends inside a bracket, its rungs keep their "
    "proportions.\n\n"
    "## BOHB\n"
    "With `[search] use = tpe` this is the pairing known as BOHB: the search hears the values of every rung with its "
    "step "
    "(Falkner, S., Klein, A. and Hutter, F. (2018). BOHB: robust and efficient hyperparameter optimization at scale. "
    "ICML, "
    "1437-1446).\n\n"
    "## Source\n"
    "Li, L., Jamieson, K., DeSalvo, G., Rostamizadeh, A. and Talwalkar, A. (2018). Hyperband: a novel bandit-based "
    "approach "
    "to hyperparameter optimization. JMLR 18(185), 1-52, algorithm 1.\n";
static const char successive_halving_doc[] = "One bracket: all trials run min_resource steps, the best "
                                             "1/reduction_factor of them reduction_factor times as many, and "
                                             "so on, until the last ones come to the end. A rung decides when all its "
                                             "trials have arrived, failed or died, so that "
                                             "the comparison is fair; asha does not wait.\n\n"
                                             "## Source\n"
                                             "Jamieson, K. and Talwalkar, A. (2016). Non-stochastic best arm "
                                             "identification and hyperparameter optimization. AISTATS, "
                                             "240-248, figure 3.\n";

static const hone_scheduler_v1 hyperband = { sizeof hyperband, 0, open_hyperband, next, report, finish };
static const hone_scheduler_v1 successive_halving = {
    sizeof successive_halving, 0, open_successive_halving, next, report, finish
};

#define COMPONENT(variable, name, summary, doc, params, iface) \
    const hone_component variable = { sizeof variable,         \
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
                                      &(iface),                \
                                      create,                  \
                                      destroy,                 \
                                      NULL,                    \
                                      NULL,                    \
                                      NULL }
COMPONENT(hyperband_component, "hyperband", "Brackets of successive halving, from bold to careful", hyperband_doc,
          hyperband_params, hyperband);
COMPONENT(successive_halving_component, "successive_halving",
          "The best part of each rung goes on, when all have arrived", successive_halving_doc,
          successive_halving_params, successive_halving);

HONE_MODULE("org.hone.scheduler.halving", "0.1.0", "MIT", "the hone authors", "", &asha_component,
            &successive_halving_component, &hyperband_component)
