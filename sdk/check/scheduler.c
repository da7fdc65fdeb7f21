/* SPDX-License-Identifier: MIT */
/* Cases for scheduler/1: a small study on virtual workers, with invented learning curves. */
#include "check.h"

#include "hone/param.h"
#include "hone/search.h"

enum { TRIALS = 40, WORKERS = 4, MAX_STEP = 27, MAX_CALLS = 20000, POINT = 64 };
enum { NEW = 0, RUNNING, PAUSED, OVER };

struct trial {
    uint32_t state;
    int64_t step, until;
    double level;
};
struct study {
    struct trial trials[TRIALS];
    uint32_t n, running, calls, done;
    uint32_t verdicts[3];
    int full; /* the budget of trials is spent, and there is nothing to resume for now */
};

/* For schedulers that make points. */
static const hone_dim rate = { sizeof rate, HONE_DIM_REAL, HONE_DIM_LOG, 0,    "rate", 1e-4, 1,   0, 0,
                               0,           NULL,          NULL,         NULL, 0,      0,    NULL };
static const hone_dim width = {
    sizeof width, HONE_DIM_INT, 0, 0, "width", 1, 64, 1, 0, 0, NULL, NULL, NULL, 0, 0, NULL
};
static const hone_dim kind = {
    sizeof kind, HONE_DIM_CHOICE, 0, 3, "kind", 0, 2, 0, 0, 0, NULL, NULL, NULL, 0, 0, NULL
};
static const hone_dim *const dims[] = { &rate, &width, &kind };
static const hone_space space = { sizeof space, HONE_COUNT(dims), dims, 0, 0, NULL };

static int check_clone(struct check *c, const double *x)
{
    for (uint32_t i = 0; i < space.n_dims; i++)
        if (!(x[i] >= dims[i]->min && x[i] <= dims[i]->max) || (i && (x[i] < floor(x[i]) || x[i] > floor(x[i]))))
            return check_fail(c, "next gives a clone %s = %g, which is not in the space", dims[i]->key, x[i]);
    return 0;
}

/* Tells how a trial stands now. */
static int tell(struct instance *in, const hone_scheduler_v1 *scheduler, uint32_t trial, uint32_t status, double value)
{
    struct check *c = in->c;
    hone_rc rc = HONE_OK;
    if (scheduler->finish)
        CALL(c, "finish", rc = scheduler->finish(in->self, trial, status, &value, &in->err));
    TRY(check_error(c, "finish", rc, &in->err));
    return rc >= 0 ? 0 : check_fail(c, "finish failed for trial %u: %s", trial, in->err.msg);
}

/* A curve that falls to its trial's level. Trial 5 never reports a number, trial 7 dies at step 3. */
static double curve(const struct study *s, uint32_t trial, int64_t step)
{
    return trial == 5 ? (double)NAN : trial == 11 ? HUGE_VAL : s->trials[trial].level + 1.0 / (double)(step + 1);
}

/* The trial is over, or has paused. */
static int finish(struct instance *in, const hone_scheduler_v1 *scheduler, struct study *s, uint32_t trial,
                  uint32_t status)
{
    s->trials[trial].state = status == HONE_PAUSED ? PAUSED : OVER;
    s->running--;
    s->full = 0;
    return tell(in, scheduler, trial, status,
                status == HONE_FAILED ? (double)NAN : curve(s, trial, s->trials[trial].step));
}

/* One order. *got: 0 where there is nothing to start. */
static int take_order(struct instance *in, const hone_scheduler_v1 *scheduler, struct study *s, int *got)
{
    struct check *c = in->c;
    double x[POINT];
    hone_order order;
    hone_rng rng;
    hone_rc rc = HONE_OK;
    memset(&order, 0, sizeof order);
    order.size = sizeof order;
    order.what = HONE_ORDER_START;
    order.trial = s->n;
    order.x = x;
    order.may_start = s->n < TRIALS;
    for (unsigned i = 0; i < POINT; i++)
        x[i] = (double)NAN;
    *got = 0;
    if (scheduler->next)
        CALL(c, "next", rc = scheduler->next(in->self, &order, &in->err));
    TRY(check_error(c, "next", rc, &in->err));
    if (rc < 0)
        return check_fail(c, "next failed: %s", in->err.msg);
    bytes_add(&in->answers, &rc, sizeof rc);
    s->done |= rc == HONE_DONE;
    if (rc != HONE_OK) {
        s->full |= !order.may_start && !s->running;
        return 0;
    }
    bytes_add(&in->answers, &order.what, sizeof order.what);
    bytes_add(&in->answers, &order.until, sizeof order.until);
    if (order.until < 0)
        return check_fail(c, "next sets until = %lld", (long long)order.until);
    switch (order.what) {
    case HONE_ORDER_START:
        if (s->n == TRIALS) {
            s->full = 1;
            return 0;
        }
        rng = hone_rng_at(1, s->n);
        s->trials[s->n] = (struct trial){ RUNNING, 0, order.until, hone_rng_uniform(&rng) };
        s->n++;
        break;
    case HONE_ORDER_RESUME:
        if (order.trial >= s->n || s->trials[order.trial].state != PAUSED)
            return check_fail(c, "next resumes trial %llu, which is not paused", (unsigned long long)order.trial);
        if (order.until && order.until <= s->trials[order.trial].step)
            return check_fail(c, "next resumes trial %llu until step %lld, which it has reached",
                              (unsigned long long)order.trial, (long long)order.until);
        s->trials[order.trial].state = RUNNING;
        s->trials[order.trial].until = order.until;
        break;
    case HONE_ORDER_CLONE:
        if (order.from >= s->n || !s->trials[order.from].step)
            return check_fail(c, "next clones trial %llu, which has no checkpoint", (unsigned long long)order.from);
        if (order.trial >= s->n || s->trials[order.trial].state != PAUSED)
            return check_fail(c, "next clones into trial %llu, which is not paused", (unsigned long long)order.trial);
        TRY(check_clone(c, x));
        s->trials[order.trial].state = RUNNING;
        s->trials[order.trial].until = order.until;
        s->trials[order.trial].step = s->trials[order.from].step;
        break;
    default: return check_fail(c, "next gives the unknown order %u", order.what);
    }
    s->running++;
    *got = 1;
    return 0;
}

/* One step of a running trial. */
static int advance(struct instance *in, const hone_scheduler_v1 *scheduler, struct study *s, uint32_t trial)
{
    struct check *c = in->c;
    struct trial *t = &s->trials[trial];
    uint32_t verdict = HONE_CONTINUE;
    double value;
    hone_rc rc = HONE_OK;
    const double point[] = { 0.01, 1 + trial % 64, trial % 3 };
    hone_report report = { sizeof report, 1, trial, 0, &value, point };
    if (trial == 7 && t->step == 3)
        return finish(in, scheduler, s, trial, HONE_FAILED);
    report.step = ++t->step;
    value = curve(s, trial, t->step);
    if (scheduler->report)
        CALL(c, "report", rc = scheduler->report(in->self, &report, &verdict, &in->err));
    TRY(check_error(c, "report", rc, &in->err));
    if (rc < 0)
        return check_fail(c, "report failed: %s", in->err.msg);
    bytes_add(&in->answers, &verdict, sizeof verdict);
    if (verdict > HONE_STOP)
        return check_fail(c, "report gives the unknown verdict %u", verdict);
    s->verdicts[verdict]++;
    if (verdict == HONE_STOP)
        return finish(in, scheduler, s, trial, HONE_PRUNED);
    if (t->step >= MAX_STEP)
        return finish(in, scheduler, s, trial, HONE_COMPLETE);
    s->full = 0;
    return verdict == HONE_PAUSE || (t->until && t->step >= t->until) ? finish(in, scheduler, s, trial, HONE_PAUSED)
                                                                      : 0;
}

/* One round: idle workers get orders, then each running trial makes a step. */
static int round_of(struct instance *in, const hone_scheduler_v1 *scheduler, struct study *s)
{
    int got = 1;
    while (s->running < WORKERS && !s->full && !s->done && got) {
        if (++s->calls > MAX_CALLS)
            return check_fail(in->c, "the study does not end: %d orders for %d trials", MAX_CALLS, TRIALS);
        TRY(take_order(in, scheduler, s, &got));
    }
    if (!s->running && !s->full && !s->done)
        return check_fail(in->c, "next answers HONE_WAIT although nothing runs: the study would stand still");
    for (uint32_t i = 0; i < s->n; i++)
        if (s->trials[i].state == RUNNING)
            TRY(advance(in, scheduler, s, i));
    return 0;
}

static int open_scheduler(struct instance *in, hone_scheduler_v1 *scheduler, int64_t max_step, uint32_t n_values,
                          hone_rc *rc)
{
    struct check *c = in->c;
    static const uint8_t maximize[8] = { 0 };
    const hone_scheduler_info info = { sizeof info, n_values, max_step, TRIALS, &space, 17, maximize };
    TRY(check_iface(c, scheduler, sizeof *scheduler));
    CALL(c, "open", *rc = scheduler->open(in->self, &info, &in->err));
    return check_error(c, "open", *rc, &in->err);
}

static int study_to_its_end(struct check *c, int64_t max_step)
{
    static struct study s;
    hone_scheduler_v1 scheduler;
    struct instance in;
    hone_rc rc;
    memset(&s, 0, sizeof s);
    TRY(instance_create(c, &in, c->options->seed));
    TRY(open_scheduler(&in, &scheduler, max_step, 1, &rc));
    if (rc < 0)
        return max_step ? check_fail(c, "open failed: %s", in.err.msg)
                        : check_skip(c, "open refuses a study without a known last step: %s", in.err.msg);
    do
        TRY(round_of(&in, &scheduler, &s));
    while (s.running || !(s.full || s.done));
    check_note(c, "%u trials; %u go on, %u pause, %u stop", s.n, s.verdicts[0], s.verdicts[1], s.verdicts[2]);
    return instance_destroy(&in);
}

static int case_study(struct check *c)
{
    return study_to_its_end(c, MAX_STEP);
}
static int case_unknown_step(struct check *c)
{
    return study_to_its_end(c, 0);
}

/* What a host may do and a scheduler must survive: values that are no numbers, steps with gaps, one trial alone. */
static int case_odd_reports(struct check *c)
{
    static const double odd[] = { (double)NAN, HUGE_VAL, -HUGE_VAL, 0, -0.0, 1e308, -1e308, 5e-324 };
    hone_scheduler_v1 scheduler;
    struct instance in;
    hone_rc rc;
    TRY(instance_create(c, &in, 3));
    TRY(open_scheduler(&in, &scheduler, 1000, 1, &rc));
    if (rc < 0)
        return check_fail(c, "open failed: %s", in.err.msg);
    for (uint64_t trial = 0; trial < 16; trial++) {
        double x[POINT];
        hone_order order = { sizeof order, HONE_ORDER_START, trial, 0, 0, x, 1, 0 };
        if (scheduler.next)
            CALL(c, "next", rc = scheduler.next(in.self, &order, &in.err));
        for (int64_t k = 0; k < 8 && scheduler.report; k++) {
            const double value = odd[(trial + (uint64_t)k) % 8];
            const double point[] = { 0.01, 2, 1 };
            const hone_report report = { sizeof report, 1, trial, 1 + k * (k + 1) * 5, &value, point };
            uint32_t verdict = HONE_CONTINUE;
            CALL(c, "report", rc = scheduler.report(in.self, &report, &verdict, &in.err));
            TRY(check_error(c, "report", rc, &in.err));
            if (rc < 0)
                return check_fail(c, "report of %g at step %lld failed: %s", value, (long long)report.step, in.err.msg);
            if (verdict > HONE_STOP)
                return check_fail(c, "report gives the unknown verdict %u", verdict);
            if (verdict != HONE_CONTINUE)
                break;
        }
        const double last = odd[trial % 8];
        if (scheduler.finish)
            CALL(c, "finish", rc = scheduler.finish(in.self, trial, (uint32_t)(trial % 3), &last, &in.err));
        TRY(check_error(c, "finish", rc, &in.err));
    }
    return instance_destroy(&in);
}

const struct check_case scheduler_cases[] = {
    { "study", HONE_KIND_SCHEDULER, "40 trials on 4 virtual workers come to an end, with sane orders and verdicts",
      case_study },
    { "study_without_max_step", HONE_KIND_SCHEDULER, "the same where the last step is unknown: served or refused",
      case_unknown_step },
    { "odd_reports", HONE_KIND_SCHEDULER, "NaN, infinities and gaps in the steps", case_odd_reports },
    { NULL, NULL, NULL, NULL },
};

static int start(struct instance *in)
{
    hone_scheduler_v1 scheduler;
    hone_rc rc;
    in->drive = calloc(1, sizeof(struct study));
    if (!in->drive)
        return check_fail(in->c, "out of memory");
    TRY(open_scheduler(in, &scheduler, MAX_STEP, 1, &rc));
    return rc < 0 ? check_fail(in->c, "open failed: %s", in->err.msg) : 0;
}

static int step(struct instance *in, uint32_t i)
{
    hone_scheduler_v1 scheduler;
    struct study *s = (struct study *)in->drive;
    (void)i;
    TRY(check_iface(in->c, &scheduler, sizeof scheduler));
    return s->running || !(s->full || s->done) ? round_of(in, &scheduler, s) : 0;
}

const struct driver scheduler_driver = { HONE_KIND_SCHEDULER, 80, sizeof(struct study), start, step };
