/* SPDX-License-Identifier: MIT */
/* Tests of search/tpe against Optuna: log l(x) - log g(x) on recorded histories (tests/fixtures/tpe.py). */
#include "fake_host.h"
#include "fixtures/tpe.h"
#include "harness.h"
#include "tpe.h"

static const hone_search_v1 *iface(void)
{
    return (const hone_search_v1 *)fake_component(HONE_KIND_SEARCH, "tpe")->iface;
}

static const double choices[] = { 0, 1, 2, 3 };

struct tree {
    hone_dim dims[24];
    hone_condition conditions[24];
    const hone_condition *lists[24];
};

static const hone_space *space_of(const struct tpe_case *c, fake_space *f, struct tree *tree)
{
    for (uint32_t i = 0; i < c->n_dims; i++) {
        const struct tpe_dim *d = c->dims + i;
        const hone_dim dim = { sizeof dim,
                               d->type,
                               d->is_log ? HONE_DIM_LOG : 0u,
                               d->n_choices,
                               "x",
                               d->low,
                               d->high,
                               d->step,
                               0,
                               1,
                               NULL,
                               NULL,
                               NULL,
                               d->condition >= 0,
                               0,
                               tree->lists + i };
        const hone_condition condition = { sizeof condition, 0, HONE_EQ, 1,
                                           d->condition < 0 ? NULL : choices + d->condition };
        memcpy(tree->dims + i, &dim, sizeof dim);
        tree->conditions[i] = condition;
        tree->lists[i] = tree->conditions + i;
    }
    return fake_space_init(f, tree->dims, c->n_dims, NULL, 0);
}

/* Tells the case's trials; running ones run. */
static void tell_history(const struct tpe_case *c, struct tpe *t, uint32_t backwards)
{
    hone_error err = HONE_ERROR_INIT;
    const double none[4] = { NO, NO, NO, NO };
    for (uint32_t k = 0; k < c->n_trials; k++) {
        const uint32_t i = backwards ? c->n_trials - 1 - k : k;
        const char state = c->states[i];
        const hone_outcome o = { sizeof o,
                                 state == 'c'   ? HONE_COMPLETE
                                 : state == 'p' ? HONE_PRUNED
                                                : HONE_FAILED,
                                 i,
                                 c->x + (size_t)i * c->n_dims,
                                 state == 'f' ? none : c->values + (size_t)i * c->n_values,
                                 c->constraints + (size_t)i * c->n_constraints,
                                 c->n_values,
                                 c->n_constraints,
                                 c->steps[i],
                                 NULL,
                                 0,
                                 NULL };
        if (state == 'r') {
            CU_ASSERT_EQUAL(hone_history_run(&t->history, i, o.x, &err), HONE_OK);
            CU_ASSERT_EQUAL(groups_run(t, i, o.x, &err), HONE_OK);
        } else {
            CU_ASSERT_EQUAL(iface()->tell(t, &o, &err), HONE_OK);
        }
    }
}

/* The ratio at a point whose dimensions are those of one group. */
static double ratio_at(struct tpe *t, const double *point)
{
    for (uint32_t g = 0; g < t->n_groups; g++) {
        struct group *group = t->groups + g;
        double places[24], good, other;
        if (isnan(point[group->first]))
            continue;
        for (uint32_t i = 0; i < group->n_axes; i++)
            places[i] = axis_place(group->axes + i, point[group->axes[i].index]);
        parzen_prepare(&group->good);
        parzen_prepare(&group->other);
        parzen_log_density(&group->good, places, 1, &good);
        parzen_log_density(&group->other, places, 1, &other);
        return good - other;
    }
    return (double)NAN;
}

static double worst_difference(const struct tpe_case *c, uint32_t backwards)
{
    const hone_search_info info = { sizeof info, c->n_values, c->n_constraints, 0, 0, 0, NULL };
    fake_space f;
    static struct tree tree;
    const hone_space *space = space_of(c, &f, &tree);
    fake_plugin p;
    double worst = 0;
    char settings[128];
    snprintf(settings, sizeof settings, "mode=optuna\nmultivariate=%s\ngroup=%s", c->is_joint ? "yes" : "no",
             c->has_groups ? "yes" : "no");
    CU_ASSERT_EQUAL_FATAL(fake_plugin_init(&p, fake_component(HONE_KIND_SEARCH, "tpe"), 1, settings), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(iface()->open(p.self, space, &info, &p.err), HONE_OK);
    tell_history(c, (struct tpe *)p.self, backwards);
    CU_ASSERT_EQUAL(groups_settle((struct tpe *)p.self, &p.err), HONE_OK);
    for (uint32_t i = 0; i < c->n_points; i++) {
        const double difference = fabs(ratio_at((struct tpe *)p.self, c->points + (size_t)i * c->n_dims) -
                                       c->ratios[i]);
        if (!(difference <= worst))
            worst = difference;
    }
    fake_plugin_release(&p);
    return worst;
}

static void test_ratios_are_those_of_optuna(void)
{
    for (size_t k = 0; k < sizeof tpe_cases / sizeof *tpe_cases; k++)
        for (uint32_t backwards = 0; backwards < 2; backwards++) {
            const double worst = worst_difference(tpe_cases + k, backwards);
            CU_ASSERT(worst < 1e-9);
            if (!(worst < 1e-9))
                printf("# %s: %g\n", tpe_cases[k].name, worst);
        }
}

SUITE(TEST(test_ratios_are_those_of_optuna))
