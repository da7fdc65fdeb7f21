/* SPDX-License-Identifier: MIT */
/* Cases for optimizer/1 and lr_schedule/1. */
#include "parameters.h"

static const uint64_t lengths[] = { 64, 17, 12, 3 };
enum { LENGTHS = 4, TOTAL = 96 };

static double curvature(uint64_t i)
{
    return 0.5 + 1.5 * (double)(i % 7) / 6;
}

static double target(uint64_t i)
{
    return 0.2 * (double)(i % 5) - 0.4;
}

/* f(w) = 1/2 sum a_i (w_i - t_i)^2: writes the gradients, returns f. */
static double quadratic(const struct parameters *all)
{
    double f = 0;
    for (uint64_t i = 0; i < TOTAL; i++) {
        const double distance = (double)*parameters_at(all, i, 0) - target(i);
        *parameters_at(all, i, 1) = (float)(curvature(i) * distance);
        f += 0.5 * curvature(i) * distance * distance;
    }
    return f;
}

static void start_far(const struct parameters *all)
{
    for (uint64_t i = 0; i < TOTAL; i++)
        *parameters_at(all, i, 0) = (float)(target(i) + (i % 2 ? 0.8 : -0.6));
}

static int update(struct instance *in, const hone_optimizer_v1 *optimizer, const struct parameters *all, uint64_t step,
                  double factor)
{
    struct check *c = in->c;
    const hone_update now = { sizeof now, 0, step, factor };
    hone_rc rc;
    CALL(c, "update", rc = optimizer->update(in->self, all->pointers, all->n, &now, &in->err));
    TRY(check_error(c, "update", rc, &in->err));
    return rc == HONE_OK ? 0 : check_fail(c, "update failed: %s", in->err.msg);
}

static int case_quadratic(struct check *c)
{
    enum { STEPS = 2000 };
    static struct parameters all;
    hone_optimizer_v1 optimizer;
    struct instance in;
    double first, f = 0, rate;
    TRY(check_iface(c, &optimizer, sizeof optimizer));
    TRY(instance_create(c, &in, 1));
    parameters_make(&all, lengths, LENGTHS, optimizer.n_states);
    start_far(&all);
    CALL(c, "learning_rate", rate = optimizer.learning_rate(in.self));
    if (!isfinite(rate) || rate < 0)
        return check_fail(c, "learning_rate answers %g", rate);
    first = quadratic(&all);
    for (uint64_t step = 1; step <= STEPS; step++) {
        TRY(update(&in, &optimizer, &all, step, 1));
        f = quadratic(&all);
        if (!isfinite(f))
            return check_fail(c, "diverges on a quadratic at step %llu (curvatures 0.5 to 2, learning rate %g)",
                              (unsigned long long)step, rate);
    }
    TRY(parameters_guarded(c, &all, optimizer.n_states, "update"));
    if (!(f < 0.9 * first))
        return check_fail(c, "does not fall on a quadratic: %g at the start, %g after %d steps of rate %g", first, f,
                          STEPS, rate);
    check_note(c, "%.3g to %.3g in %d steps of rate %g", first, f, STEPS, rate);
    return instance_destroy(&in);
}

/* A factor of 0 is a learning rate of 0: nothing moves (weight decay scales with the rate as well). */
static int case_factor_zero(struct check *c)
{
    static struct parameters all;
    float before[TOTAL];
    hone_optimizer_v1 optimizer;
    struct instance in;
    TRY(check_iface(c, &optimizer, sizeof optimizer));
    TRY(instance_create(c, &in, 1));
    parameters_make(&all, lengths, LENGTHS, optimizer.n_states);
    start_far(&all);
    quadratic(&all);
    for (uint64_t i = 0; i < TOTAL; i++)
        before[i] = *parameters_at(&all, i, 0);
    TRY(update(&in, &optimizer, &all, 1, 0));
    for (uint64_t i = 0; i < TOTAL; i++)
        if (relative_difference((double)before[i], (double)*parameters_at(&all, i, 0)) > 0)
            return check_fail(c, "moves although the schedule's factor is 0");
    return instance_destroy(&in);
}

/* 60 steps from the same start with the parameters cut as `cuts` say; values out. kick: added to the first gradient of index 0. */
static int run_cut(struct check *c, const hone_optimizer_v1 *optimizer, const uint64_t *cuts, uint32_t n, double kick,
                   float *out)
{
    static struct parameters all;
    struct instance in;
    TRY(instance_create(c, &in, 1));
    parameters_make(&all, cuts, n, optimizer->n_states);
    for (uint32_t i = 0; i < n; i++) { /* one role, so that rules by role do not differ */
        all.list[i].role = HONE_PARAMETER_KERNEL;
        all.list[i].n_dims = 2;
        all.list[i].dims[0] = (int64_t)all.list[i].length;
        all.list[i].dims[1] = 1;
    }
    start_far(&all);
    for (uint64_t step = 1; step <= 60; step++) {
        quadratic(&all);
        if (step == 1)
            *parameters_at(&all, 0, 1) += (float)kick;
        TRY(update(&in, optimizer, &all, step, 1));
    }
    TRY(parameters_guarded(c, &all, optimizer->n_states, "update"));
    for (uint64_t i = 0; i < TOTAL; i++)
        out[i] = *parameters_at(&all, i, 0);
    return instance_destroy(&in);
}

static double largest_difference(const float *a, const float *b, uint64_t from)
{
    double worst = 0;
    for (uint64_t i = from; i < TOTAL; i++)
        worst = fmax(worst, relative_difference((double)a[i], (double)b[i]));
    return worst;
}

/* Where a step works element by element, the result cannot depend on how the numbers are cut into arrays: a tail that a
 * vector loop forgets shows here. Optimizers that couple the elements of a parameter (norms) are told by a kick. */
static int case_split(struct check *c)
{
    static const uint64_t whole[] = { TOTAL }, odd[] = { 31, 1, 33, 16, 15 };
    uint64_t single[TOTAL];
    float together[TOTAL], kicked[TOTAL], apart[TOTAL];
    hone_optimizer_v1 optimizer;
    TRY(check_iface(c, &optimizer, sizeof optimizer));
    for (int i = 0; i < TOTAL; i++)
        single[i] = 1;
    TRY(run_cut(c, &optimizer, whole, 1, 0, together));
    TRY(run_cut(c, &optimizer, whole, 1, 100, kicked));
    if (largest_difference(together, kicked, 1) > 1e-6)
        return check_skip(c, "couples the elements of a parameter");
    TRY(run_cut(c, &optimizer, odd, 5, 0, apart));
    if (largest_difference(together, apart, 0) > 1e-5)
        return check_fail(c, "the result depends on how the numbers are cut into parameters (odd lengths: by %g)",
                          largest_difference(together, apart, 0));
    TRY(run_cut(c, &optimizer, single, TOTAL, 0, apart));
    if (largest_difference(together, apart, 0) > 1e-5)
        return check_fail(c, "the result depends on how the numbers are cut into parameters (length 1: by %g)",
                          largest_difference(together, apart, 0));
    return 0;
}

/* All memory is in the declared states: an instance that never saw the first steps goes on alike. */
static int case_states(struct check *c)
{
    static struct parameters all;
    float expected[TOTAL];
    hone_optimizer_v1 optimizer;
    struct instance in, fresh;
    TRY(check_iface(c, &optimizer, sizeof optimizer));
    for (int change = 0; change < 2; change++) {
        TRY(instance_create(c, &in, 1));
        parameters_make(&all, lengths, LENGTHS, optimizer.n_states);
        start_far(&all);
        for (uint64_t step = 1; step <= 40; step++) {
            if (change && step == 21) {
                TRY(instance_create(c, &fresh, 1));
                TRY(instance_destroy(&in));
                in = fresh;
            }
            quadratic(&all);
            TRY(update(&in, &optimizer, &all, step, 1));
        }
        for (uint64_t i = 0; i < TOTAL; i++) {
            const float v = *parameters_at(&all, i, 0);
            if (!change)
                expected[i] = v;
            else if (relative_difference((double)v, (double)expected[i]) > 0)
                return check_fail(c,
                                  "remembers something outside its %u declared states: a resumed training would differ",
                                  optimizer.n_states);
        }
        TRY(instance_destroy(&in));
    }
    return 0;
}

/* ---- learning-rate schedules ---- */
/* A place in a training on which schedules hear slopes of every kind: downhill, uphill, none, and what is no number. */
static hone_position position_at(uint64_t step, uint64_t per_epoch, uint64_t epochs, int odd)
{
    static const double slopes[] = { -1, -0.5, 0.2, 0, -1e-9, 3 },
                        odds[] = { -1e300, (double)NAN, 1e300, 0, HUGE_VAL, -1 };
    const double slope = step ? (odd ? odds : slopes)[step % 6] : 0;
    return (hone_position){ .size = sizeof(hone_position),
                            .step = step,
                            .total_steps = epochs * per_epoch,
                            .steps_per_epoch = per_epoch,
                            .epochs = epochs,
                            .learning_rate = 0.1,
                            .slope = slope,
                            .gradient_norm = fabs(slope),
                            .direction_norm = slope == 0 ? 0 : 1 };
}

static int whole_training(struct check *c, const hone_lr_schedule_v1 *schedule, uint64_t epochs, uint64_t per_epoch,
                          int odd_losses)
{
    static const double odd[] = { (double)NAN, HUGE_VAL, 1, 1, 1, 1, 1, 0.5, -1, 1e300 };
    struct instance in;
    TRY(instance_create(c, &in, 1));
    for (uint64_t step = 0; step < epochs * per_epoch; step++) {
        const hone_position now = position_at(step, per_epoch, epochs, odd_losses);
        double factor;
        CALL(c, "factor", factor = schedule->factor(in.self, &now));
        if (!isfinite(factor) || factor < 0)
            return check_fail(c, "the factor is %g at step %llu of %llu (%llu epochs)", factor,
                              (unsigned long long)step, (unsigned long long)(epochs * per_epoch),
                              (unsigned long long)epochs);
        if (step % per_epoch == per_epoch - 1 && schedule->hear) {
            const uint64_t epoch = step / per_epoch;
            CALL(c, "hear", schedule->hear(in.self, epoch, odd_losses ? odd[epoch % 10] : 1.0 / (double)(1 + epoch)));
        }
    }
    return instance_destroy(&in);
}

static int case_factor(struct check *c)
{
    static const uint64_t shapes[][2] = { { 1, 1 }, { 1, 10 }, { 2, 1 }, { 3, 7 }, { 12, 50 }, { 200, 3 } };
    hone_lr_schedule_v1 schedule;
    TRY(check_iface(c, &schedule, sizeof schedule));
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int odd = 0; odd < 2; odd++)
            TRY(whole_training(c, &schedule, shapes[i][0], shapes[i][1], odd));
    return 0;
}

const struct check_case optimizer_cases[] = {
    { "quadratic", HONE_KIND_OPTIMIZER, "falls on a quadratic, writes nowhere else", case_quadratic },
    { "factor_zero", HONE_KIND_OPTIMIZER, "a learning rate of 0 moves nothing", case_factor_zero },
    { "split", HONE_KIND_OPTIMIZER, "the result does not depend on how numbers are cut into parameters", case_split },
    { "states", HONE_KIND_OPTIMIZER, "all its memory is in the declared states", case_states },
    { "factor", HONE_KIND_LR_SCHEDULE, "finite and not negative in short and long trainings", case_factor },
    { NULL, NULL, NULL, NULL },
};

/* ---- drivers ---- */
static int optimizer_start(struct instance *in)
{
    hone_optimizer_v1 optimizer;
    struct parameters *all = (struct parameters *)calloc(1, sizeof *all);
    if (!all)
        return check_fail(in->c, "out of memory");
    in->drive = all;
    TRY(check_iface(in->c, &optimizer, sizeof optimizer));
    parameters_make(all, lengths, LENGTHS, optimizer.n_states);
    start_far(all);
    return 0;
}

static int optimizer_step(struct instance *in, uint32_t i)
{
    struct parameters *all = (struct parameters *)in->drive;
    hone_optimizer_v1 optimizer;
    TRY(check_iface(in->c, &optimizer, sizeof optimizer));
    quadratic(all);
    TRY(update(in, &optimizer, all, i + 1, 1));
    for (uint64_t k = 0; k < TOTAL; k++)
        bytes_add(&in->answers, parameters_at(all, k, 0), sizeof(float));
    return 0;
}

/* memory 0: what steps change is in arrays; a stateful optimizer goes on from the same arrays only if they are copied too */
const struct driver optimizer_driver = { HONE_KIND_OPTIMIZER, 20, 0, optimizer_start, optimizer_step };

static int schedule_start(struct instance *in)
{
    in->drive = calloc(1, 1);
    return 0;
}

static int schedule_step(struct instance *in, uint32_t i)
{
    struct check *c = in->c;
    hone_lr_schedule_v1 schedule;
    const hone_position now = position_at(i, 5, 12, 0);
    double factor;
    TRY(check_iface(c, &schedule, sizeof schedule));
    CALL(c, "factor", factor = schedule.factor(in->self, &now));
    bytes_add(&in->answers, &factor, sizeof factor);
    if (i % 5 == 4 && schedule.hear)
        CALL(c, "hear", schedule.hear(in->self, i / 5, i < 20 ? 1.0 / (i + 1) : 0.05));
    return 0;
}

const struct driver lr_schedule_driver = { HONE_KIND_LR_SCHEDULE, 60, 1, schedule_start, schedule_step };
