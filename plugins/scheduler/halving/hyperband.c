/* SPDX-License-Identifier: MIT */
/* scheduler/hyperband (Li et al. 2018, JMLR 18(185), algorithm 1) and scheduler/successive_halving (Jamieson and Talwalkar
 * 2016): brackets of a planned size, whose rungs decide when all have arrived. While a bracket waits for its last ones,
 * free workers begin the next, so that nobody idles. */
#include "hyperband.h"

#include <math.h>

struct settings {
    int64_t min_resource, max_resource, objective;
    double reduction_factor;
    uint32_t mode;  /* hyperband */
    int64_t trials; /* successive_halving */
};
const char *const hyperband_modes[] = { "synchronous", "asynchronous", NULL };
static const hone_param hyperband_params[] = { LADDER_KEYS(struct settings), HYPERBAND_MODE_KEY(struct settings) };
static const hone_param successive_halving_params[] = {
    LADDER_KEYS(struct settings),
    HONE_INT(struct settings, trials, "0", 0, 1e9, 0, "trials",
             "Trials of a bracket; 0: as many as the study may start. Further ones make another bracket."),
};

struct component {              /* of either */
    struct hyperband hyperband; /* first */
    const struct settings *settings;
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    struct component *c = (struct component *)calloc(1, sizeof *c);
    (void)host;
    if (!c)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the scheduler");
    c->settings = (const struct settings *)info->config;
    *self = c;
    return HONE_OK;
}

static void destroy(void *self)
{
    if (self)
        hyperband_release((struct hyperband *)self);
    free(self);
}

void hyperband_release(struct hyperband *h)
{
    rungs_release(&h->halving.rungs);
}

/* ceil((s_max + 1) / (s + 1) * eta^s), from rung s_max - s of the longest bracket on. */
uint64_t hyperband_planned(const struct hyperband *h, uint32_t s)
{
    return (uint64_t)ceil(h->n_steps / (s + 1.0) * pow(h->halving.rungs.eta, s) - 1e-9);
}

struct bracket *hyperband_add(struct hyperband *h, uint32_t from, uint64_t n, uint32_t synchronous)
{
    struct bracket *b = rungs_add(&h->halving.rungs, h->steps + from, h->n_steps - from, synchronous);
    double size = (double)n;
    for (uint32_t k = 0; b && k < b->n_rungs; k++) {
        b->rungs[k].size = (uint64_t)floor(size + 1e-9);
        size /= h->halving.rungs.eta;
    }
    return b;
}

hone_rc hyperband_open(struct hyperband *h, const struct ladder *ladder, uint32_t mode, uint64_t n_trials,
                       const hone_scheduler_info *info, hone_error *err)
{
    struct rungs *r = &h->halving.rungs;
    int64_t down[MOST_RUNGS];
    hone_rc rc = halving_objective(&h->halving, info, ladder->objective, err);
    if (rc == HONE_OK)
        rc = halving_max_step(info, ladder->max_resource, &r->max_step, err);
    if (rc != HONE_OK)
        return rc;
    h->mode = mode;
    h->n_trials = n_trials;
    r->eta = ladder->reduction_factor;
    uint32_t n = 0; /* R / eta, R / eta^2, ... down to min_resource */
    for (double step = (double)r->max_step / r->eta; n + 1 < MOST_RUNGS && step >= (double)ladder->min_resource - 1e-9;
         step /= r->eta) {
        const int64_t whole = (int64_t)floor(step + 1e-9);
        if (whole >= 1 && whole < (n ? down[n - 1] : r->max_step))
            down[n++] = whole;
    }
    for (uint32_t i = 0; i < n; i++)
        h->steps[i] = down[n - 1 - i];
    h->steps[n] = r->max_step;
    h->n_steps = n + 1;
    if (n_trials || mode == HYPERBAND_SYNCHRONOUS)
        return HONE_OK;
    for (uint32_t s = h->n_steps; s > 0; s--)
        if (!hyperband_add(h, h->n_steps - s, hyperband_planned(h, s - 1), 0))
            return hone_fail(err, HONE_ENOMEM, "", "out of memory for the brackets");
    return HONE_OK;
}

static struct ladder ladder_of(const struct settings *s)
{
    return (struct ladder){ s->min_resource, s->max_resource, s->objective, s->reduction_factor };
}

static hone_rc open_hyperband(void *self, const hone_scheduler_info *info, hone_error *err)
{
    struct component *c = (struct component *)self;
    const struct ladder ladder = ladder_of(c->settings);
    return hyperband_open(&c->hyperband, &ladder, c->settings->mode, 0, info, err);
}

static hone_rc open_successive_halving(void *self, const hone_scheduler_info *info, hone_error *err)
{
    struct component *c = (struct component *)self;
    const struct ladder ladder = ladder_of(c->settings);
    const uint64_t trials = c->settings->trials > 0 ? (uint64_t)c->settings->trials : info->trials;
    if (!trials)
        return hone_fail(err, HONE_EINVAL, "trials",
                         "how many trials a bracket has is not known: set trials here, or the budget in [study]");
    return hyperband_open(&c->hyperband, &ladder, HYPERBAND_SYNCHRONOUS, trials, info, err);
}

/* The bracket of a new trial: the one that is being filled, or a new one. SIZE_MAX: out of memory. */
static uint64_t bracket_for_new(struct hyperband *h)
{
    struct rungs *r = &h->halving.rungs;
    if (!h->n_trials && h->mode == HYPERBAND_ASYNCHRONOUS) { /* whoever is furthest behind its share */
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
    return hyperband_add(h, from, h->n_trials ? h->n_trials : hyperband_planned(h, h->n_steps - 1 - from), 1)
               ? r->n_brackets - 1
               : UINT64_MAX;
}

hone_rc hyperband_next(void *self, hone_order *order, hone_error *err)
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

hone_rc hyperband_report(void *self, const hone_report *r, uint32_t *verdict, hone_error *err)
{
    return halving_report(&((struct hyperband *)self)->halving, r, verdict, err);
}

hone_rc hyperband_finish(void *self, uint64_t trial, uint32_t status, const double *values, hone_error *err)
{
    (void)values;
    (void)err;
    rungs_finish(&((struct hyperband *)self)->halving.rungs, trial, status);
    return HONE_OK;
}

uint32_t hyperband_level(const struct hyperband *h, uint64_t trial)
{
    const struct standing *t = &h->halving.rungs.trials[trial];
    const struct bracket *b = h->halving.rungs.brackets[t->bracket];
    return h->n_steps - b->n_rungs + t->rung; /* all brackets end alike */
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
    "## Points\n"
    "The search proposes the points of new trials; it hears of every pause with the values and the step. "
    "scheduler/bohb "
    "has the same brackets and proposes from a model of the highest rung that has enough trials; scheduler/dehb lets "
    "the trials of each rung evolve.\n\n"
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

static const hone_scheduler_v1 hyperband = { sizeof hyperband, 0, open_hyperband, hyperband_next, hyperband_report,
                                             hyperband_finish };
static const hone_scheduler_v1 successive_halving = { sizeof successive_halving, 0,
                                                      open_successive_halving,   hyperband_next,
                                                      hyperband_report,          hyperband_finish };

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
            &successive_halving_component, &hyperband_component, &bohb_component, &dehb_component)
