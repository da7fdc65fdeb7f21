/* SPDX-License-Identifier: MIT */
/* Cases for search/1: every kind of dimension, every kind of outcome, in and out of order. */
#include "search.h"

/* ---- spaces ---- */
static const double one_value[] = { 1 }, one_or_two[] = { 1, 2 }, two_value[] = { 2 };
static const char *const letters[] = { "a", "b", "c" }, *const sizes[] = { "16", "32", "64", "128" };
static const double weights[] = { 0.7, 0.2, 0.1 }, numbers[] = { 16, 32, 64, 128 };

static const hone_dim real_dim = { .size = sizeof(hone_dim), .type = HONE_DIM_REAL, .key = "x", .min = -5, .max = 10 };
static const hone_dim log_dim = {
    .size = sizeof(hone_dim), .type = HONE_DIM_REAL, .flags = HONE_DIM_LOG, .key = "rate", .min = 1e-5, .max = 0.5
};
static const hone_dim step_dim = {
    .size = sizeof(hone_dim), .type = HONE_DIM_REAL, .key = "share", .min = 0.1, .max = 0.9, .step = 0.2
};
static const hone_dim int_dim = {
    .size = sizeof(hone_dim), .type = HONE_DIM_INT, .key = "depth", .min = 1, .max = 6, .step = 1
};
static const hone_dim int_step_dim = {
    .size = sizeof(hone_dim), .type = HONE_DIM_INT, .key = "width", .min = 32, .max = 500, .step = 32
};
static const hone_dim int_log_dim = { .size = sizeof(hone_dim),
                                      .type = HONE_DIM_INT,
                                      .flags = HONE_DIM_LOG,
                                      .key = "units",
                                      .min = 1,
                                      .max = 4096,
                                      .step = 1 };
static const hone_dim choice_dim = {
    .size = sizeof(hone_dim), .type = HONE_DIM_CHOICE, .n_choices = 3, .key = "kind", .max = 2, .choices = letters
};
static const hone_dim weighted_dim = { .size = sizeof(hone_dim),
                                       .type = HONE_DIM_CHOICE,
                                       .n_choices = 3,
                                       .key = "weighted",
                                       .max = 2,
                                       .choices = letters,
                                       .weights = weights };
static const hone_dim ordinal_dim = { .size = sizeof(hone_dim),
                                      .type = HONE_DIM_ORDINAL,
                                      .n_choices = 4,
                                      .key = "batch",
                                      .max = 3,
                                      .choices = sizes,
                                      .numbers = numbers };
static const hone_dim normal_dim = { .size = sizeof(hone_dim),
                                     .type = HONE_DIM_REAL,
                                     .flags = HONE_DIM_NORMAL,
                                     .key = "normal",
                                     .min = -HUGE_VAL,
                                     .max = HUGE_VAL,
                                     .mean = 3,
                                     .deviation = 2 };
static const hone_dim cut_normal_dim = { .size = sizeof(hone_dim),
                                         .type = HONE_DIM_REAL,
                                         .flags = HONE_DIM_NORMAL,
                                         .key = "cut",
                                         .min = 0,
                                         .max = 1,
                                         .mean = 2,
                                         .deviation = 1 };
static const hone_dim lognormal_dim = { .size = sizeof(hone_dim),
                                        .type = HONE_DIM_REAL,
                                        .flags = HONE_DIM_NORMAL | HONE_DIM_LOG,
                                        .key = "lognormal",
                                        .min = 1e-4,
                                        .max = HUGE_VAL,
                                        .mean = -3,
                                        .deviation = 1 };
static const hone_dim fixed_dim = {
    .size = sizeof(hone_dim), .type = HONE_DIM_REAL, .key = "fixed", .min = 2, .max = 2
};
static const hone_dim short_int_dim = {
    .size = sizeof(hone_dim), .type = HONE_DIM_INT, .key = "small", .min = -1, .max = 1, .step = 1
};

static const hone_condition kind_b = { sizeof(hone_condition), 0, HONE_EQ, 1, one_value };
static const hone_condition kind_bc = { sizeof(hone_condition), 0, HONE_EQ, 2, one_or_two };
static const hone_condition not_c = { sizeof(hone_condition), 0, HONE_NE, 1, two_value };
static const hone_condition deep = { sizeof(hone_condition), 3, HONE_GE, 1, two_value };
static const hone_condition *const if_b[] = { &kind_b }, *const if_bc[] = { &kind_bc }, *const if_not_c[] = { &not_c },
                                   *const if_deep[] = { &deep };
static const hone_dim conditional_rate = { .size = sizeof(hone_dim),
                                           .type = HONE_DIM_REAL,
                                           .flags = HONE_DIM_LOG,
                                           .key = "b.rate",
                                           .min = 1e-3,
                                           .max = 1,
                                           .n_conditions = 1,
                                           .conditions = if_b };
static const hone_dim conditional_momentum = { .size = sizeof(hone_dim),
                                               .type = HONE_DIM_REAL,
                                               .key = "bc.momentum",
                                               .min = 0.5,
                                               .max = 0.99,
                                               .n_conditions = 1,
                                               .conditions = if_bc };
static const hone_dim conditional_depth = { .size = sizeof(hone_dim),
                                            .type = HONE_DIM_INT,
                                            .key = "ab.depth",
                                            .min = 1,
                                            .max = 3,
                                            .step = 1,
                                            .n_conditions = 1,
                                            .conditions = if_not_c };
static const hone_dim conditional_width = { .size = sizeof(hone_dim),
                                            .type = HONE_DIM_INT,
                                            .flags = HONE_DIM_LOG,
                                            .key = "ab.width",
                                            .min = 8,
                                            .max = 64,
                                            .step = 1,
                                            .n_conditions = 1,
                                            .conditions = if_deep };
static const hone_dim small_choice = {
    .size = sizeof(hone_dim), .type = HONE_DIM_CHOICE, .n_choices = 3, .key = "kind", .max = 2, .choices = letters
};
static const hone_dim small_conditional = { .size = sizeof(hone_dim),
                                            .type = HONE_DIM_INT,
                                            .key = "b.n",
                                            .min = 1,
                                            .max = 3,
                                            .step = 1,
                                            .n_conditions = 1,
                                            .conditions = if_b };
static const hone_dim low_dim = { .size = sizeof(hone_dim), .type = HONE_DIM_REAL, .key = "low", .min = 0, .max = 1 };
static const hone_dim high_dim = { .size = sizeof(hone_dim), .type = HONE_DIM_REAL, .key = "high", .min = 0, .max = 1 };

static const hone_relation low_below_high = { sizeof(hone_relation), HONE_LT, 0, 1, 0 };
static const hone_relation low_at_most = { sizeof(hone_relation), HONE_LE, 0, UINT32_MAX, 0.75 };
static const hone_relation batch_at_least = { sizeof(hone_relation), HONE_GE, 2, UINT32_MAX, 32 };
static const hone_relation *const relations[] = { &low_below_high, &low_at_most, &batch_at_least };

#define SPACE(name, dims, relations, n) \
    const hone_space name = { sizeof(hone_space), HONE_COUNT(dims), dims, n, 0, relations }
static const hone_dim *const real_dims[] = { &real_dim };
static const hone_dim *const log_dims[] = { &log_dim, &int_log_dim };
static const hone_dim *const step_dims[] = { &step_dim, &int_dim, &int_step_dim };
static const hone_dim *const choice_dims[] = { &choice_dim, &weighted_dim, &ordinal_dim };
static const hone_dim *const normal_dims[] = { &normal_dim, &cut_normal_dim, &lognormal_dim };
static const hone_dim *const mixed_dims[] = { &real_dim,    &log_dim,    &step_dim,    &int_dim,
                                              &int_log_dim, &choice_dim, &ordinal_dim, &fixed_dim };
static const hone_dim *const conditional_dims[] = { &choice_dim, &conditional_rate, &conditional_momentum,
                                                    &conditional_depth, &conditional_width };
static const hone_dim *const relation_dims[] = { &low_dim, &high_dim, &ordinal_dim };
static const hone_dim *const finite_dims[] = { &small_choice, &small_conditional, &short_int_dim };
SPACE(real_space, real_dims, NULL, 0);
SPACE(log_space, log_dims, NULL, 0);
SPACE(step_space, step_dims, NULL, 0);
SPACE(choice_space, choice_dims, NULL, 0);
SPACE(normal_space, normal_dims, NULL, 0);
SPACE(mixed_space, mixed_dims, NULL, 0);
SPACE(conditional_space, conditional_dims, NULL, 0);
SPACE(relation_space, relation_dims, relations, 3);
SPACE(finite_space, finite_dims, NULL, 0);
/* ---- points and outcomes ---- */
int verify_point(struct check *c, const hone_space *space, const double *x, uint64_t trial)
{
    for (uint32_t i = 0; i < space->n_dims; i++) {
        const hone_dim *d = space->dims[i];
        const int active = (int)hone_space_active(space, x, i);
        if (!active && !isnan(x[i]))
            return check_fail(c, "trial %llu: %s is inactive and must be NaN, not %.17g", (unsigned long long)trial,
                              d->key, x[i]);
        if (!active)
            continue;
        if (!isfinite(x[i]))
            return check_fail(c, "trial %llu: %s is active but %g", (unsigned long long)trial, d->key, x[i]);
        if (x[i] < d->min || x[i] > d->max)
            return check_fail(c, "trial %llu: %s = %.17g lies outside %g .. %g", (unsigned long long)trial, d->key,
                              x[i], d->min, d->max);
        if (fabs(hone_dim_snap(d, x[i]) - x[i]) > 1e-9 * fmax(1, fabs(x[i])))
            return check_fail(c, "trial %llu: %s = %.17g is none of its steps or choices", (unsigned long long)trial,
                              d->key, x[i]);
        if (d->weights && !(d->weights[(uint32_t)x[i]] > 0))
            return check_fail(c, "trial %llu: %s takes a choice of weight 0", (unsigned long long)trial, d->key);
    }
    if (!hone_space_allowed(space, x))
        return check_fail(c, "trial %llu: a relation of the space does not hold", (unsigned long long)trial);
    return 0;
}

double value_at(const hone_space *space, const double *x)
{
    double sum = 0;
    for (uint32_t i = 0; i < space->n_dims; i++)
        if (!isnan(x[i])) {
            const double u = hone_dim_to_unit(space->dims[i], x[i]) - 0.3;
            sum += u * u;
        }
    return sum;
}

void make_outcome(hone_outcome *o, const hone_space *space, const double *x, double *values, uint64_t trial, int plain)
{
    memset(o, 0, sizeof *o);
    o->size = sizeof *o;
    o->trial = trial;
    o->x = x;
    o->values = values;
    o->n_values = 1;
    o->step = 10;
    values[0] = value_at(space, x);
    values[1] = 1 - values[0];
    if (plain)
        return;
    switch (trial % 11) {
    case 3:
        o->status = HONE_PRUNED;
        o->step = 3;
        break;
    case 5:
        o->status = HONE_FAILED;
        values[0] = values[1] = (double)NAN;
        o->step = 0;
        break;
    case 6: values[0] = HUGE_VAL; break;
    case 7:
        o->status = HONE_PRUNED;
        values[0] = (double)NAN;
        o->step = 1;
        break;
    case 8: values[0] = -HUGE_VAL; break;
    case 9: values[0] = 1e300; break;
    default: break;
    }
}

int open_search(struct instance *in, const hone_search_v1 *search, const hone_space *space, uint32_t n_values,
                uint32_t n_constraints, hone_rc *rc)
{
    struct check *c = in->c;
    uint8_t derivatives[2 * MAX_DIMS];
    const hone_search_info info = { sizeof info, n_values, n_constraints, 0, ASKS, 10, derivatives };
    for (uint32_t i = 0; i < 2 * space->n_dims; i++)
        derivatives[i] = space->dims[i % space->n_dims]->type == HONE_DIM_REAL;
    in->space = space;
    CALL(c, "open", *rc = search->open(in->self, space, &info, &in->err));
    return check_error(c, "open", *rc, &in->err);
}

int same_point(const double *a, const double *b, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (!(a[i] == b[i] || (isnan(a[i]) && isnan(b[i]))))
            return 0;
    return 1;
}

/* Walks dimension i of x through its values; what comes after it does the same within. */
static uint64_t count_points(const hone_space *space, double *x, uint32_t i, uint64_t limit)
{
    uint64_t n = 0;
    if (i == space->n_dims)
        return hone_space_allowed(space, x);
    if (!hone_space_active(space, x, i)) {
        x[i] = (double)NAN;
        return count_points(space, x, i + 1, limit);
    }
    const hone_dim *d = space->dims[i];
    const double values = hone_dim_count(d);
    for (double k = 0; k < values && n < limit; k++) {
        x[i] = d->step > 0 ? d->min + k * d->step : d->min + k;
        if (!d->weights || d->weights[(uint32_t)k] > 0)
            n += count_points(space, x, i + 1, limit - n);
    }
    return n;
}

uint64_t space_points(const hone_space *space)
{
    double x[MAX_DIMS];
    for (uint32_t i = 0; i < space->n_dims; i++)
        if (!(hone_dim_count(space->dims[i]) > 0))
            return UINT64_MAX;
    return count_points(space, x, 0, 100000);
}

int search_start(struct check *c, const hone_space *space, uint64_t seed, struct instance *in, hone_search_v1 *search)
{
    hone_rc rc;
    TRY(check_iface(c, search, sizeof *search));
    TRY(instance_create(c, in, seed));
    TRY(open_search(in, search, space, 1, 0, &rc));
    if (rc < 0)
        return rc == HONE_EINVAL || rc == HONE_ENOTSUP ? check_skip(c, "open refuses such a study: %s", in->err.msg)
                                                       : check_fail(c, "open failed: %s", in->err.msg);
    return 0;
}

int search_ask(struct instance *in, const hone_search_v1 *search, const hone_space *space, uint64_t trial, double *x,
               hone_rc *rc)
{
    struct check *c = in->c;
    check_enter(c, "ask (trial %llu)", (unsigned long long)trial);
    *rc = search->ask(in->self, trial, x, &in->err);
    TRY(check_leave(c));
    TRY(check_error(c, "ask", *rc, &in->err));
    if (*rc < 0)
        return check_fail(c, "ask failed for trial %llu: %s", (unsigned long long)trial, in->err.msg);
    return *rc == HONE_OK ? verify_point(c, space, x, trial) : 0;
}

/* d value_at / d x along the reals, the other value's with the other sign: (2, n_dims). */
static void gradient_at(const hone_space *space, const double *x, double *gradient)
{
    for (uint32_t i = 0; i < space->n_dims; i++) {
        const hone_dim *d = space->dims[i];
        const double h = 1e-6 * fmax(fabs(x[i]), 1e-3);
        gradient[i] = (double)NAN;
        if (d->type == HONE_DIM_REAL && !isnan(x[i]))
            gradient[i] = 2 * (hone_dim_to_unit(d, x[i]) - 0.3) *
                          (hone_dim_to_unit(d, x[i] + h) - hone_dim_to_unit(d, x[i] - h)) / (2 * h);
        gradient[space->n_dims + i] = -gradient[i];
    }
}

int search_tell(struct instance *in, const hone_search_v1 *search, const hone_outcome *told)
{
    struct check *c = in->c;
    hone_outcome copy = *told;
    const hone_outcome *outcome = &copy;
    double gradient[2 * MAX_DIMS];
    hone_rc rc;
    if (told->status == HONE_COMPLETE && in->space) {
        gradient_at((const hone_space *)in->space, told->x, gradient);
        copy.gradient = gradient;
    }
    check_enter(c, "tell (trial %llu, status %u, value %g)", (unsigned long long)outcome->trial, outcome->status,
                outcome->values[0]);
    rc = search->tell(in->self, outcome, &in->err);
    TRY(check_leave(c));
    TRY(check_error(c, "tell", rc, &in->err));
    return rc >= 0 ? 0 : check_fail(c, "tell failed: %s", in->err.msg);
}

struct asked {
    double x[ASKS][MAX_DIMS], values[ASKS][2];
    uint64_t n, told;
};

static int tell_one(struct instance *in, const hone_search_v1 *search, const hone_space *space, struct asked *all,
                    uint64_t trial, uint32_t n_values)
{
    hone_outcome outcome;
    double constraint = 0.1;
    make_outcome(&outcome, space, all->x[trial], all->values[trial], trial, 0);
    outcome.n_values = n_values;
    if (n_values > 1) {
        outcome.n_constraints = 1;
        outcome.constraints = &constraint;
    }
    all->told++;
    return search_tell(in, search, &outcome);
}

/* DONE must stay, and on a finite space every point must have been asked before. */
static int verify_done(struct instance *in, const hone_search_v1 *search, const hone_space *space,
                       const struct asked *all)
{
    struct check *c = in->c;
    double x[MAX_DIMS];
    hone_rc rc;
    uint64_t different = 0;
    for (uint64_t i = 0; i < all->n; i++) {
        int seen = 0;
        for (uint64_t k = 0; k < i && !seen; k++)
            seen = same_point(all->x[i], all->x[k], space->n_dims);
        different += !seen;
    }
    if (!all->n)
        return check_fail(c, "ask answers HONE_DONE before any point");
    if (space_points(space) != UINT64_MAX && different < space_points(space))
        return check_fail(c, "ask answers HONE_DONE after %llu of the %llu points of the space",
                          (unsigned long long)different, (unsigned long long)space_points(space));
    CALL(c, "ask after HONE_DONE", rc = search->ask(in->self, all->n, x, &in->err));
    if (rc != HONE_DONE)
        return check_fail(c, "ask answers %d after it has answered HONE_DONE", rc);
    check_note(c, "spent after %llu points", (unsigned long long)all->n);
    return 0;
}

int explore(struct check *c, const hone_space *space, uint32_t n_values, uint64_t asks)
{
    static struct asked all;
    hone_search_v1 search;
    struct instance in;
    hone_rc rc;
    memset(&all, 0, sizeof all);
    TRY(check_iface(c, &search, sizeof search));
    TRY(instance_create(c, &in, c->options->seed));
    TRY(open_search(&in, &search, space, n_values, n_values > 1, &rc));
    if (rc < 0)
        return rc == HONE_EINVAL || rc == HONE_ENOTSUP ? check_skip(c, "open refuses such a study: %s", in.err.msg)
                                                       : check_fail(c, "open failed: %s", in.err.msg);
    while (all.n < asks) {
        double *x = all.x[all.n], guard[MAX_DIMS];
        for (unsigned i = 0; i < MAX_DIMS; i++)
            guard[i] = x[i] = 123.25 + i;
        check_enter(c, "ask (trial %llu)", (unsigned long long)all.n);
        rc = search.ask(in.self, all.n, x, &in.err);
        TRY(check_leave(c));
        TRY(check_error(c, "ask", rc, &in.err));
        if (rc == HONE_DONE)
            return verify_done(&in, &search, space, &all) ? CHECK_FAILED : instance_destroy(&in);
        if (rc == HONE_WAIT) {
            if (all.told == all.n)
                return check_fail(c, "ask answers HONE_WAIT although no trial is running");
            TRY(tell_one(&in, &search, space, &all, all.told, n_values));
            continue;
        }
        if (rc < 0)
            return check_fail(c, "ask failed for trial %llu: %s", (unsigned long long)all.n, in.err.msg);
        if (memcmp(x + space->n_dims, guard + space->n_dims, (MAX_DIMS - space->n_dims) * sizeof *x) != 0)
            return check_fail(c, "ask writes past the %u dimensions of the point", space->n_dims);
        TRY(verify_point(c, space, x, all.n));
        all.n++;
        /* four run at once; every second pair ends in the other order */
        if (all.n - all.told >= 4) {
            const uint64_t first = all.told;
            const uint64_t swap = first / 2 % 2;
            TRY(tell_one(&in, &search, space, &all, first + swap, n_values));
            TRY(tell_one(&in, &search, space, &all, first + !swap, n_values));
        }
    }
    return instance_destroy(&in);
}

static int case_real(struct check *c)
{
    return explore(c, &real_space, 1, ASKS);
}
static int case_log(struct check *c)
{
    return explore(c, &log_space, 1, ASKS);
}
static int case_step(struct check *c)
{
    return explore(c, &step_space, 1, ASKS);
}
static int case_choice(struct check *c)
{
    return explore(c, &choice_space, 1, ASKS);
}
static int case_normal(struct check *c)
{
    return explore(c, &normal_space, 1, ASKS);
}
static int case_mixed(struct check *c)
{
    return explore(c, &mixed_space, 1, ASKS);
}
static int case_conditional(struct check *c)
{
    return explore(c, &conditional_space, 1, ASKS);
}
static int case_relations(struct check *c)
{
    return explore(c, &relation_space, 1, ASKS);
}
static int case_finite(struct check *c)
{
    return explore(c, &finite_space, 1, ASKS);
}
static int case_objectives(struct check *c)
{
    return explore(c, &mixed_space, 2, ASKS);
}

/* Some space must be accepted, or no study can use it. */
static int case_opens(struct check *c)
{
    static const hone_space *const all[] = { &real_space,  &log_space,         &step_space,  &choice_space,
                                             &mixed_space, &conditional_space, &finite_space };
    hone_search_v1 search;
    struct instance in;
    unsigned refused = 0;
    hone_rc rc;
    TRY(check_iface(c, &search, sizeof search));
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        TRY(instance_create(c, &in, 1));
        TRY(open_search(&in, &search, all[i], 1, 0, &rc));
        refused += rc < 0;
        if (rc < 0 && i + 1 == sizeof all / sizeof *all && refused == i + 1)
            return check_fail(c, "open refuses every space, the last with: %s", in.err.msg);
        TRY(instance_destroy(&in));
    }
    if (refused)
        check_note(c, "%u of %zu kinds of space refused", refused, sizeof all / sizeof *all);
    return 0;
}

const struct check_case search_cases[] = {
    { "opens", HONE_KIND_SEARCH, "some space is accepted", case_opens },
    { "space_real", HONE_KIND_SEARCH, "100 asks and tells in one real dimension", case_real },
    { "space_log", HONE_KIND_SEARCH, "logarithmic reals and integers", case_log },
    { "space_step", HONE_KIND_SEARCH, "reals and integers with steps", case_step },
    { "space_choice", HONE_KIND_SEARCH, "choices, weighted choices, ordinals", case_choice },
    { "space_normal", HONE_KIND_SEARCH, "normal, cut normal and lognormal", case_normal },
    { "space_mixed", HONE_KIND_SEARCH, "eight unlike dimensions", case_mixed },
    { "space_conditional", HONE_KIND_SEARCH, "inactive dimensions are NaN, active ones are not", case_conditional },
    { "space_relations", HONE_KIND_SEARCH, "where a < b holds for every point", case_relations },
    { "space_finite", HONE_KIND_SEARCH, "HONE_DONE only when all points were asked", case_finite },
    { "two_objectives", HONE_KIND_SEARCH, "two values and a constraint: served or refused", case_objectives },
    { NULL, NULL, NULL, NULL },
};

/* ---- driver: one ask and one tell a step ---- */
static int start(struct instance *in)
{
    hone_search_v1 search;
    hone_rc rc;
    TRY(check_iface(in->c, &search, sizeof search));
    in->drive = calloc(1, 1);
    TRY(open_search(in, &search, &mixed_space, 1, 0, &rc));
    return rc == HONE_OK ? 0 : check_skip(in->c, "open refuses the space: %s", in->err.msg);
}

static int step(struct instance *in, uint32_t i)
{
    struct check *c = in->c;
    hone_search_v1 search;
    hone_outcome outcome;
    double x[MAX_DIMS] = { 0 }, values[2];
    hone_rc rc;
    TRY(check_iface(c, &search, sizeof search));
    CALL(c, "ask", rc = search.ask(in->self, i, x, &in->err));
    bytes_add(&in->answers, &rc, sizeof rc);
    if (rc != HONE_OK)
        return rc < 0 ? check_fail(c, "ask failed: %s", in->err.msg) : 0;
    bytes_add(&in->answers, x, mixed_space.n_dims * sizeof *x);
    make_outcome(&outcome, &mixed_space, x, values, i, 0);
    return search_tell(in, &search, &outcome);
}

const struct driver search_driver = { HONE_KIND_SEARCH, 40, 1, start, step };
