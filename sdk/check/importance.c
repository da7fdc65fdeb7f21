/* SPDX-License-Identifier: MIT */
/* Cases for importance/1: every parameter once, numbers that are numbers, the same again; few trials, equal values, a space
 * with conditions. */
#include "check.h"

enum { DIMS = 5, TRIALS = 400, MAX_GIVEN = 64 };

static const double one_value[] = { 1 };
static const hone_condition kind_b = { sizeof(hone_condition), 0, HONE_EQ, 1, one_value };
static const hone_condition *const if_b[] = { &kind_b };
static const char *const letters[] = { "a", "b", "c" };
static const hone_dim kind_dim = {
    .size = sizeof(hone_dim), .type = HONE_DIM_CHOICE, .n_choices = 3, .key = "kind", .max = 2, .choices = letters
};
static const hone_dim rate_dim = {
    .size = sizeof(hone_dim), .type = HONE_DIM_REAL, .flags = HONE_DIM_LOG, .key = "rate", .min = 1e-4, .max = 1
};
static const hone_dim depth_dim = { .size = sizeof(hone_dim),
                                    .type = HONE_DIM_INT,
                                    .key = "b.depth",
                                    .min = 1,
                                    .max = 6,
                                    .step = 1,
                                    .n_conditions = 1,
                                    .conditions = if_b };
static const hone_dim normal_dim = { .size = sizeof(hone_dim),
                                     .type = HONE_DIM_REAL,
                                     .flags = HONE_DIM_NORMAL,
                                     .key = "normal",
                                     .min = -HUGE_VAL,
                                     .max = HUGE_VAL,
                                     .mean = 1,
                                     .deviation = 2 };
static const hone_dim fixed_dim = {
    .size = sizeof(hone_dim), .type = HONE_DIM_REAL, .key = "fixed", .min = 2, .max = 2
};
static const hone_dim *const dims[] = { &kind_dim, &rate_dim, &depth_dim, &normal_dim, &fixed_dim };
static const hone_space space = { sizeof(hone_space), DIMS, dims, 0, 0, NULL };
static const hone_dim *const one_dim[] = { &rate_dim };
static const hone_space one_space = { sizeof(hone_space), 1, one_dim, 0, 0, NULL };

struct given {
    hone_importance all[MAX_GIVEN];
    uint32_t n, stop_after; /* stop_after: 0: never */
};

static hone_rc take(void *ctx, const hone_importance *one)
{
    struct given *g = (struct given *)ctx;
    if (g->n < MAX_GIVEN)
        g->all[g->n] = *one;
    g->n++;
    return g->stop_after && g->n >= g->stop_after ? HONE_EIO : HONE_OK;
}

/* Random trials: what the first parameter is matters most. scale 0: all values are equal. */
static void make_trials(const hone_space *s, uint64_t n, double scale, double *x, double *values)
{
    hone_rng rng = hone_rng_at(5, n);
    for (uint64_t i = 0; i < n; i++) {
        double *p = x + i * s->n_dims;
        for (uint32_t k = 0; k < s->n_dims; k++)
            p[k] = hone_dim_from_unit(s->dims[k], hone_rng_uniform(&rng));
        hone_space_settle(s, p);
        values[i] = scale * (hone_dim_to_unit(s->dims[0], p[0]) + 0.1 * hone_rng_uniform(&rng));
    }
}

static int run(struct check *c, const hone_space *s, uint64_t n, double scale, uint32_t pairs, struct given *given,
               hone_rc *rc)
{
    static double x[TRIALS * DIMS], values[TRIALS];
    hone_importance_v1 importance;
    struct instance in;
    const hone_importance_data data = { sizeof data, s->n_dims, s, n, x, values, pairs, 0 };
    TRY(check_iface(c, &importance, sizeof importance));
    TRY(instance_create(c, &in, 1));
    make_trials(s, n, scale, x, values);
    given->n = 0;
    CALL(c, "evaluate", *rc = importance.evaluate(in.self, &data, take, given, &in.err));
    if (!given->stop_after)
        TRY(check_error(c, "evaluate", *rc, &in.err));
    if (*rc < 0 && *rc != HONE_ENOTSUP && !given->stop_after)
        return check_fail(c, "evaluate fails on %llu trials: %s", (unsigned long long)n, in.err.msg);
    return instance_destroy(&in);
}

/* Everything given is sound, and each parameter that varies is there once. */
static int verify(struct check *c, const hone_space *s, const struct given *g, uint32_t pairs)
{
    if (g->n > MAX_GIVEN)
        return check_fail(c, "%u results for %u parameters", g->n, s->n_dims);
    for (uint32_t i = 0; i < g->n; i++) {
        const hone_importance *one = g->all + i;
        if (one->dim_a >= s->n_dims ||
            (one->dim_b != UINT32_MAX && (one->dim_b >= s->n_dims || one->dim_b == one->dim_a)))
            return check_fail(c, "a result for the parameters %u and %u of %u", one->dim_a, one->dim_b, s->n_dims);
        if (!isfinite(one->importance) || one->importance < 0)
            return check_fail(c, "the importance of %s is %g", s->dims[one->dim_a]->key, one->importance);
        if (one->deviation < 0 || isinf(one->deviation))
            return check_fail(c, "the deviation of %s is %g", s->dims[one->dim_a]->key, one->deviation);
        if (one->dim_b != UINT32_MAX && !pairs)
            return check_fail(c, "a pair, which was not asked for");
        for (uint32_t k = 0; k < i; k++)
            if (g->all[k].dim_a == one->dim_a && g->all[k].dim_b == one->dim_b)
                return check_fail(c, "%s comes twice", s->dims[one->dim_a]->key);
    }
    for (uint32_t d = 0; d < s->n_dims; d++) {
        uint32_t found = 0;
        for (uint32_t i = 0; i < g->n; i++)
            found += g->all[i].dim_a == d && g->all[i].dim_b == UINT32_MAX;
        if (!found && hone_dim_count(s->dims[d]) != 1)
            return check_fail(c, "%s is missing", s->dims[d]->key);
    }
    return 0;
}

static int case_every_parameter(struct check *c)
{
    struct given given = { .n = 0 };
    hone_rc rc;
    uint32_t most = 0;
    for (uint32_t pairs = 0; pairs < 2; pairs++) {
        TRY(run(c, &space, TRIALS, 1, pairs, &given, &rc));
        if (rc < 0)
            return check_fail(c, "%d trials are refused", TRIALS);
        TRY(verify(c, &space, &given, pairs));
    }
    for (uint32_t i = 0; i < given.n; i++)
        if (given.all[i].dim_b == UINT32_MAX && given.all[i].importance > given.all[most].importance)
            most = i;
    if (given.all[most].dim_a != 0)
        return check_fail(c, "%s comes first, although kind alone decides", space.dims[given.all[most].dim_a]->key);
    TRY(run(c, &one_space, TRIALS, 1, 1, &given, &rc));
    return rc < 0 ? 0 : verify(c, &one_space, &given, 1);
}

static int case_repeats(struct check *c)
{
    struct given first = { .n = 0 }, second = { .n = 0 };
    hone_rc rc;
    TRY(run(c, &space, TRIALS, 1, 0, &first, &rc));
    TRY(run(c, &space, TRIALS, 1, 0, &second, &rc));
    if (first.n != second.n)
        return check_fail(c, "%u results, then %u", first.n, second.n);
    for (uint32_t i = 0; i < first.n && i < MAX_GIVEN; i++)
        if (first.all[i].dim_a != second.all[i].dim_a || first.all[i].importance < second.all[i].importance ||
            first.all[i].importance > second.all[i].importance)
            return check_fail(c, "the same seed gives %g, then %g, for %s", first.all[i].importance,
                              second.all[i].importance, space.dims[first.all[i].dim_a]->key);
    return 0;
}

static int case_little(struct check *c)
{
    struct given given = { .n = 0 };
    hone_rc rc;
    for (uint64_t n = 2; n <= 5; n++) {
        TRY(run(c, &space, n, 1, 1, &given, &rc));
        if (rc >= 0)
            TRY(verify(c, &space, &given, 1));
    }
    TRY(run(c, &space, TRIALS, 0, 1, &given, &rc)); /* all values equal */
    if (rc >= 0)
        TRY(verify(c, &space, &given, 1));
    TRY(run(c, &space, TRIALS, 1e150, 1, &given, &rc));
    return rc >= 0 ? verify(c, &space, &given, 1) : 0;
}

static int case_stopped(struct check *c)
{
    struct given given = { .stop_after = 2 };
    hone_rc rc;
    TRY(run(c, &space, TRIALS, 1, 0, &given, &rc));
    if (rc != HONE_EIO || given.n != 2)
        return check_fail(c, "a failure of the receiver must end the evaluation and be returned");
    return 0;
}

const struct check_case importance_cases[] = {
    { "importance_all", HONE_KIND_IMPORTANCE, "every parameter once, and what matters first", case_every_parameter },
    { "importance_repeats", HONE_KIND_IMPORTANCE, "the same seed, the same numbers", case_repeats },
    { "importance_little", HONE_KIND_IMPORTANCE, "two trials, equal values, huge ones", case_little },
    { "importance_stopped", HONE_KIND_IMPORTANCE, "a receiver that fails", case_stopped },
    { NULL, NULL, NULL, NULL },
};
