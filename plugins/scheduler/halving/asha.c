/* SPDX-License-Identifier: MIT */
/* scheduler/asha: asynchronous successive halving (Li et al. 2020, "A system for massively parallel hyperparameter tuning",
 * MLSys, algorithm 2), with true promotion, or as the rule that only stops. */
#include "halving.h"

#include <math.h>

struct settings {
    int64_t min_resource, max_resource, objective, early_stopping_rate;
    double reduction_factor;
    uint32_t mode;
};
enum { PROMOTE, STOP };
static const char *const modes[] = { "promote", "stop", NULL };

static const hone_param params[] = {
    HONE_INT(struct settings, min_resource, "1", 1, 1e15, HONE_P_LOG, "steps",
             "Steps of a trial before it is compared for the first time: the lowest rung."),
    HONE_REAL(struct settings, reduction_factor, "3", 1, 1000, HONE_P_LO_OPEN, NULL,
              "One in so many of a rung goes on to the next, which is so many times as far (eta in the paper)."),
    HONE_INT(struct settings, max_resource, "0", 0, 1e15, 0, "steps",
             "Steps of a whole trial, for objectives that do not say it."),
    HONE_INT(struct settings, early_stopping_rate, "0", 0, 30, 0, "rungs",
             "Lowest rungs to leave out (s in the paper): more steps for everybody before the first comparison."),
    HONE_ENUM(
        struct settings, mode, "promote", modes, 0,
        "promote: a trial pauses at every rung and goes on, from its checkpoint, once it is among the best there, "
        "however late. stop: a trial that is not among the best when it arrives is pruned, the others go on "
        "without a pause."),
    HALVING_OBJECTIVE(struct settings),
};

struct asha {
    struct halving halving; /* first */
    const struct settings *settings;
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    struct asha *a = (struct asha *)calloc(1, sizeof *a);
    (void)host;
    if (!a)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the scheduler asha");
    a->settings = (const struct settings *)info->config;
    *self = a;
    return HONE_OK;
}

static void destroy(void *self)
{
    if (self)
        rungs_release(&((struct asha *)self)->halving.rungs);
    free(self);
}

static hone_rc open_study(void *self, const hone_scheduler_info *info, hone_error *err)
{
    struct asha *a = (struct asha *)self;
    const struct settings *s = a->settings;
    struct rungs *r = &a->halving.rungs;
    int64_t steps[MOST_RUNGS];
    hone_rc rc = halving_objective(&a->halving, info, s->objective, err);
    if (rc == HONE_OK)
        rc = halving_max_step(info, s->max_resource, &r->max_step, err);
    if (rc != HONE_OK)
        return rc;
    r->eta = s->reduction_factor;
    const double first = (double)s->min_resource * pow(s->reduction_factor, (double)s->early_stopping_rate);
    const uint32_t n = rungs_steps(first, s->reduction_factor, r->max_step, steps);
    return rungs_add(r, steps, n, 0) ? HONE_OK : hone_fail(err, HONE_ENOMEM, "", "out of memory for the rungs");
}

static hone_rc next(void *self, hone_order *order, hone_error *err)
{
    struct asha *a = (struct asha *)self;
    if (a->settings->mode == STOP) { /* order->until stays 0: nobody pauses */
        int64_t until;
        return order->may_start ? rungs_enter(&a->halving.rungs, order->trial, 0, &until, err) : HONE_WAIT;
    }
    const hone_rc rc = halving_next(&a->halving, order);
    if (rc != HONE_OK || order->what != HONE_ORDER_START)
        return rc;
    return rungs_enter(&a->halving.rungs, order->trial, 0, &order->until, err);
}

/* In mode stop: go on iff among the best 1/eta of those that have arrived so far, itself counted; the best always is. */
static hone_rc stop_or_go(struct asha *a, const hone_report *report, uint32_t *verdict, hone_error *err)
{
    struct rungs *r = &a->halving.rungs;
    *verdict = HONE_CONTINUE;
    for (;;) { /* a report with a gap before it may pass more than one rung */
        uint64_t rank;
        int arrived;
        const hone_rc rc = halving_arrive(&a->halving, report, &rank, &arrived, err);
        if (rc != HONE_OK || !arrived)
            return rc;
        const struct standing *t = &r->trials[report->trial];
        const struct bracket *b = r->brackets[t->bracket];
        if (t->rung + 1 >= b->n_rungs)
            return HONE_OK; /* the end */
        const uint64_t most = (uint64_t)((double)b->rungs[t->rung].n / r->eta);
        if (halving_is_nan(&a->halving, report) || rank >= (most ? most : 1)) {
            *verdict = HONE_STOP;
            return HONE_OK;
        }
        rungs_pass(r, report->trial);
    }
}

static hone_rc report(void *self, const hone_report *r, uint32_t *verdict, hone_error *err)
{
    struct asha *a = (struct asha *)self;
    return a->settings->mode == STOP ? stop_or_go(a, r, verdict, err) : halving_report(&a->halving, r, verdict, err);
}

static hone_rc finish(void *self, uint64_t trial, uint32_t status, const double *values, hone_error *err)
{
    (void)values;
    (void)err;
    rungs_finish(&((struct asha *)self)->halving.rungs, trial, status);
    return HONE_OK;
}

static const char doc[] =
    "Trials meet at rungs: after min_resource steps, then after reduction_factor times as many, and so on to the last "
    "step. "
    "Whenever a worker is free, the best trial that is among the best 1/reduction_factor of its rung, the highest rung "
    "first, is sent on to the next; where there is none, a new trial starts. So nobody waits for anybody, and most of "
    "the "
    "time goes into the trials that earn it.\n\n"
    "## Promotion\n"
    "A trial pauses at its rung, with a checkpoint where the objective makes them (objective/train does), and goes on "
    "from "
    "there when its turn comes, however late. Trials that are never promoted stay paused: the searches hear of them as "
    "of "
    "pruned ones, with the values and the step they came to. When the budget of trials is spent, promotions go on "
    "until "
    "none is due; a study in which no trial came through to the end then finishes its best one.\n\n"
    "## mode = stop\n"
    "The variant of Ray Tune, Optuna and Syne Tune: nothing ever waits, a trial is pruned unless it is among the best "
    "when "
    "it arrives. The first ones at a rung are compared with few others.\n\n"
    "## Source\n"
    "Li, L., Jamieson, K., Rostamizadeh, A., Gonina, E., Ben-Tzur, J., Hardt, M., Recht, B. and Talwalkar, A. (2020). "
    "A "
    "system for massively parallel hyperparameter tuning. MLSys 2, 230-246, algorithm 2.\n";

static const hone_scheduler_v1 scheduler = { sizeof scheduler, 0, open_study, next, report, finish };
const hone_component asha_component = {
    sizeof asha_component,
    HONE_C_DETERMINISTIC,
    HONE_KIND_SCHEDULER,
    "asha",
    "Asynchronous successive halving with promotion",
    doc,
    params,
    HONE_COUNT(params),
    sizeof *params,
    sizeof(struct settings),
    0,
    &scheduler,
    create,
    destroy,
    NULL,
    NULL,
    NULL,
};
