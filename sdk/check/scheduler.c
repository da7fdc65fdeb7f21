/* SPDX-License-Identifier: MIT */
/* Cases for scheduler/1: a small study on virtual workers, with invented learning curves. A scheduler that proposes points
 * is asked and told as the search of the study, too. */
#include "search.h"

#include "hone/history.h"

enum { TRIALS = 40, WORKERS = 4, MAX_STEP = 27, MAX_CALLS = 20000, VALUES = 2 };
enum { NEW = 0, RUNNING, PAUSED, OVER };

struct trial {
    uint32_t state;
    int64_t step, until;
    double level, x[MAX_DIMS];
};
struct study {
    const hone_space *space;
    uint32_t n_values;
    uint32_t untidy; /* STARTs that come to nothing, trials that fail before they report */
    int64_t stride;  /* steps from one report to the next */
    struct trial trials[TRIALS];
    uint32_t n, running, calls, done;
    uint32_t spent; /* there are no more points */
    uint32_t withdrawn;
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

/* The search that the scheduler is, too; NULL: it is none. */
static const hone_search_v1 *proposer(const struct check *c)
{
    return c->component->flags & HONE_C_PROPOSES ? (const hone_search_v1 *)c->component->get_ext(HONE_KIND_SEARCH)
                                                 : NULL;
}

/* Curves that fall to their trial's level. Trial 5 never reports a number, trial 11 an infinite one. */
static void curve(const struct study *s, uint32_t trial, int64_t step, double *values)
{
    const struct trial *t = &s->trials[trial];
    values[0] = trial == 5 ? (double)NAN : trial == 11 ? HUGE_VAL : t->level + 1.0 / (double)(step + 1);
    values[1] = trial == 6 ? (double)NAN : 1 - t->level + 0.5 / (double)(step + 1);
}

/* Tells how a trial stands now: the search first, as a study does. */
static int tell(struct instance *in, const hone_scheduler_v1 *scheduler, const struct study *s, uint32_t trial,
                uint32_t status)
{
    struct check *c = in->c;
    const hone_search_v1 *search = proposer(c);
    double values[VALUES] = { (double)NAN, (double)NAN };
    hone_rc rc = HONE_OK;
    if (status != HONE_FAILED)
        curve(s, trial, s->trials[trial].step, values);
    if (search) {
        const uint32_t told = status == HONE_PAUSED ? HONE_PRUNED : status;
        const hone_outcome outcome = {
            sizeof outcome, told, trial, s->trials[trial].x, values, NULL, s->n_values, 0, s->trials[trial].step,
            NULL,           0,    NULL
        };
        TRY(search_tell(in, search, &outcome));
    }
    if (scheduler->finish)
        CALL(c, "finish", rc = scheduler->finish(in->self, trial, status, values, &in->err));
    TRY(check_error(c, "finish", rc, &in->err));
    return rc >= 0 ? 0 : check_fail(c, "finish failed for trial %u: %s", trial, in->err.msg);
}

/* The trial is over, or has paused. */
static int finish(struct instance *in, const hone_scheduler_v1 *scheduler, struct study *s, uint32_t trial,
                  uint32_t status)
{
    s->trials[trial].state = status == HONE_PAUSED ? PAUSED : OVER;
    s->running--;
    s->full = 0;
    return tell(in, scheduler, s, trial, status);
}

/* A new trial; a point for it, where the scheduler proposes them. *got: 0 where there is none. */
static int start_trial(struct instance *in, struct study *s, int64_t until, int *got)
{
    struct check *c = in->c;
    const hone_search_v1 *search = proposer(c);
    struct trial *t = &s->trials[s->n];
    hone_rng rng = hone_rng_at(1, s->n);
    hone_rc rc = HONE_OK;
    *t = (struct trial){ RUNNING, 0, until, hone_rng_uniform(&rng), { 0 } };
    if (s->untidy && !search && s->n % 3 == 1 && s->withdrawn < s->n) { /* the search had nothing just then */
        s->withdrawn = s->n;
        *got = 1;
        return 0;
    }
    for (uint32_t i = 0; i < MAX_DIMS; i++)
        t->x[i] = (double)NAN;
    if (search)
        TRY(search_ask(in, search, s->space, s->n, t->x, &rc));
    else
        hone_space_draw(s->space, &rng, t->x);
    if (rc != HONE_OK) {
        if (rc == HONE_WAIT && !s->running)
            return check_fail(c, "ask answers HONE_WAIT although no trial is running");
        s->spent |= rc == HONE_DONE;
        *got = rc == HONE_DONE;
        return 0;
    }
    bytes_add(&in->answers, t->x, s->space->n_dims * sizeof *t->x);
    s->n++;
    s->running++;
    *got = 1;
    return 0;
}

static int check_order(struct check *c, const struct study *s, const hone_order *order)
{
    if (order->until < 0)
        return check_fail(c, "next sets until = %lld", (long long)order->until);
    if (order->what == HONE_ORDER_START)
        return 0;
    if (order->what != HONE_ORDER_RESUME && order->what != HONE_ORDER_CLONE)
        return check_fail(c, "next gives the unknown order %u", order->what);
    if (order->trial >= s->n || s->trials[order->trial].state != PAUSED)
        return check_fail(c, "next %s trial %llu, which is not paused",
                          order->what == HONE_ORDER_RESUME ? "resumes" : "clones into",
                          (unsigned long long)order->trial);
    if (order->what == HONE_ORDER_RESUME && order->until && order->until <= s->trials[order->trial].step)
        return check_fail(c, "next resumes trial %llu until step %lld, which it has reached",
                          (unsigned long long)order->trial, (long long)order->until);
    if (order->what == HONE_ORDER_CLONE && (order->from >= s->n || !s->trials[order->from].step))
        return check_fail(c, "next clones trial %llu, which has no checkpoint", (unsigned long long)order->from);
    return order->what == HONE_ORDER_CLONE ? verify_point(c, s->space, order->x, order->trial) : 0;
}

/* One order. *got: 0 where there is nothing to start. */
static int take_order(struct instance *in, const hone_scheduler_v1 *scheduler, struct study *s, int *got)
{
    struct check *c = in->c;
    double x[MAX_DIMS];
    hone_order order;
    hone_rc rc = HONE_OK;
    memset(&order, 0, sizeof order);
    order.size = sizeof order;
    order.what = HONE_ORDER_START;
    order.trial = s->n;
    order.x = x;
    order.may_start = s->n < TRIALS && !s->spent;
    for (unsigned i = 0; i < MAX_DIMS; i++)
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
        s->full |= (s->n == TRIALS || s->spent) && !s->running;
        return 0;
    }
    bytes_add(&in->answers, &order.what, sizeof order.what);
    bytes_add(&in->answers, &order.until, sizeof order.until);
    TRY(check_order(c, s, &order));
    if (order.what == HONE_ORDER_START) {
        s->full |= s->n == TRIALS || s->spent;
        return s->full ? 0 : start_trial(in, s, order.until, got);
    }
    struct trial *t = &s->trials[order.trial];
    if (order.what == HONE_ORDER_CLONE) {
        memcpy(t->x, x, sizeof x);
        t->step = s->trials[order.from].step;
    }
    t->state = RUNNING;
    t->until = order.until;
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
    double values[VALUES];
    hone_rc rc = HONE_OK;
    hone_report report = { sizeof report, s->n_values, trial, 0, values, t->x };
    if ((trial == 7 && t->step == 3) || (s->untidy && trial % 5 == 2 && !t->step))
        return finish(in, scheduler, s, trial, HONE_FAILED);
    t->step = t->step + s->stride < MAX_STEP ? t->step + s->stride : MAX_STEP;
    report.step = t->step;
    curve(s, trial, t->step, values);
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

static int open_scheduler(struct instance *in, hone_scheduler_v1 *scheduler, int64_t max_step, const struct study *s,
                          hone_rc *rc)
{
    struct check *c = in->c;
    static const uint8_t maximize[VALUES] = { 0 };
    const hone_scheduler_info info = { sizeof info, s->n_values, max_step, TRIALS, s->space, 17, maximize };
    const hone_search_info search_info = { sizeof search_info, s->n_values, 0, 0, TRIALS, max_step, NULL };
    *rc = HONE_OK;
    TRY(check_iface(c, scheduler, sizeof *scheduler));
    if (proposer(c))
        CALL(c, "open of the search", *rc = proposer(c)->open(in->self, s->space, &search_info, &in->err));
    if (*rc >= 0)
        CALL(c, "open", *rc = scheduler->open(in->self, &info, &in->err));
    return check_error(c, "open", *rc, &in->err);
}

/* refuse: why open may refuse the study; NULL: it may not */
static int study_to_its_end(struct check *c, int64_t max_step, const hone_space *on, uint32_t n_values, uint32_t untidy,
                            int64_t stride, const char *refuse)
{
    static struct study s;
    hone_scheduler_v1 scheduler;
    struct instance in;
    hone_rc rc;
    memset(&s, 0, sizeof s);
    s.space = on;
    s.n_values = n_values;
    s.untidy = untidy;
    s.stride = stride;
    TRY(instance_create(c, &in, c->options->seed));
    TRY(open_scheduler(&in, &scheduler, max_step, &s, &rc));
    if (rc < 0)
        return refuse ? check_skip(c, "open refuses %s: %s", refuse, in.err.msg)
                      : check_fail(c, "open failed: %s", in.err.msg);
    do
        TRY(round_of(&in, &scheduler, &s));
    while (s.running || !(s.full || s.done));
    check_note(c, "%u trials; %u go on, %u pause, %u stop", s.n, s.verdicts[0], s.verdicts[1], s.verdicts[2]);
    return instance_destroy(&in);
}

static int case_study(struct check *c)
{
    return study_to_its_end(c, MAX_STEP, &space, 1, 0, 1, NULL);
}
static int case_unknown_step(struct check *c)
{
    return study_to_its_end(c, 0, &space, 1, 0, 1, "a study without a known last step");
}
static int case_objectives(struct check *c)
{
    return study_to_its_end(c, MAX_STEP, &space, VALUES, 0, 1, "two objectives");
}
static int case_untidy(struct check *c)
{
    return study_to_its_end(c, MAX_STEP, &space, 1, 1, 1, NULL);
}
static int case_gaps(struct check *c)
{
    return study_to_its_end(c, MAX_STEP, &space, 1, 0, 4, NULL);
}

static int case_points(struct check *c)
{
    static const hone_space *const all[] = { &real_space,        &log_space,      &step_space,
                                             &choice_space,      &normal_space,   &mixed_space,
                                             &conditional_space, &relation_space, &finite_space };
    if (!proposer(c))
        return check_skip(c, "the search of the study proposes the points");
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        TRY(study_to_its_end(c, MAX_STEP, all[i], 1, 0, 1, NULL));
    return 0;
}

/* What a host may do and a scheduler must survive: values that are no numbers, steps with gaps, one trial alone. */
static int case_odd_reports(struct check *c)
{
    static const double odd[] = { (double)NAN, HUGE_VAL, -HUGE_VAL, 0, -0.0, 1e308, -1e308, 5e-324 };
    const struct study s = { .space = &space, .n_values = 1 };
    hone_scheduler_v1 scheduler;
    struct instance in;
    hone_rc rc;
    TRY(instance_create(c, &in, 3));
    TRY(open_scheduler(&in, &scheduler, 1000, &s, &rc));
    if (rc < 0)
        return check_fail(c, "open failed: %s", in.err.msg);
    for (uint64_t trial = 0; trial < 16; trial++) {
        double x[MAX_DIMS], point[MAX_DIMS] = { 0.01, 2, 1 };
        hone_order order = { sizeof order, HONE_ORDER_START, trial, 0, 0, x, 1, 0 };
        int64_t step = 0;
        if (scheduler.next)
            CALL(c, "next", rc = scheduler.next(in.self, &order, &in.err));
        if (proposer(c) && order.what == HONE_ORDER_START)
            TRY(search_ask(&in, proposer(c), &space, trial, point, &rc));
        for (int64_t k = 0; k < 8 && scheduler.report; k++) {
            const double value = odd[(trial + (uint64_t)k) % 8];
            const hone_report report = { sizeof report, 1, trial, step = 1 + k * (k + 1) * 5, &value, point };
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
        const hone_outcome outcome = {
            sizeof outcome, (uint32_t)(trial % 3), trial, point, &last, NULL, 1, 0, step, NULL, 0, NULL
        };
        if (proposer(c))
            TRY(search_tell(&in, proposer(c), &outcome));
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
    { "study_of_two_objectives", HONE_KIND_SCHEDULER, "the same with two values a report: served or refused",
      case_objectives },
    { "study_untidy", HONE_KIND_SCHEDULER,
      "a START comes to nothing and is asked for again; trials fail before they report", case_untidy },
    { "study_gaps", HONE_KIND_SCHEDULER,
      "reports at every fourth step only: rungs and looks in between are passed over", case_gaps },
    { "study_points", HONE_KIND_SCHEDULER, "points of a scheduler that proposes them, in nine kinds of space",
      case_points },
    { "odd_reports", HONE_KIND_SCHEDULER, "NaN, infinities and gaps in the steps", case_odd_reports },
    { NULL, NULL, NULL, NULL },
};

static int start(struct instance *in)
{
    hone_scheduler_v1 scheduler;
    struct study *s = (struct study *)calloc(1, sizeof *s);
    hone_rc rc;
    in->drive = s;
    if (!s)
        return check_fail(in->c, "out of memory");
    s->space = &space;
    s->n_values = 1;
    s->stride = 1;
    TRY(open_scheduler(in, &scheduler, MAX_STEP, s, &rc));
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
