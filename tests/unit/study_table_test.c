/* SPDX-License-Identifier: MIT */
/* The table of trials against the definition, word for word: what no other dominates. */
#include "harness.h"

#include "hone/rng.h"
#include "study/table.h"

#include <math.h>

/* The definition (Deb 2000): a feasible trial beats an infeasible one, of two infeasible ones the lesser violation wins, of two
 * feasible ones the one that is nowhere worse and somewhere better. */
static int naive_dominates(const struct trial_table *t, const struct trial *a, const struct trial *b)
{
    double violation[2] = { 0, 0 };
    int better = 0;
    for (int k = 0; k < 2; k++)
        for (uint32_t i = 0; i < t->n_constraints; i++) {
            const double c = (k ? b : a)->constraints[i];
            violation[k] += isnan(c) ? HUGE_VAL : c > 0 ? c : 0;
        }
    if (violation[0] > 0 || violation[1] > 0)
        return violation[0] < violation[1];
    for (uint32_t i = 0; i < t->n_values; i++) {
        const double sign = t->maximize[i] ? -1 : 1;
        if (sign * a->values[i] > sign * b->values[i])
            return 0;
        better |= sign * a->values[i] < sign * b->values[i];
    }
    return better;
}

/* Compares the front kept with the naive one of all complete trials. */
static void check_front(const struct trial_table *t)
{
    uint64_t k = 0;
    for (uint64_t i = 0; i < t->n; i++) {
        int in = t->trials[i]->state == HONE_STATE_COMPLETE;
        for (uint64_t j = 0; j < t->n && in; j++) {
            const struct trial *other = t->trials[j];
            if (other->state != HONE_STATE_COMPLETE)
                continue;
            in = !naive_dominates(t, other, t->trials[i]);
            if (t->n_values == 1 && j < i && in) /* a tie goes to the earlier one */
                in = naive_dominates(t, t->trials[i], other);
        }
        if (!in)
            continue;
        CU_ASSERT_FATAL(k < t->n_front);
        CU_ASSERT_EQUAL(t->front[k], t->trials[i]);
        k++;
    }
    CU_ASSERT_EQUAL(k, t->n_front);
    CU_ASSERT_EQUAL(trial_table_best(t), t->n_front ? t->front[0] : NULL);
}

static void test_front_in_any_order_of_arrival(void)
{
    static const uint8_t maximize[3] = { 0, 1, 0 };
    for (uint64_t seed = 0; seed < 300; seed++) {
        hone_rng rng = hone_rng_at(seed, 0);
        struct trial_table t;
        uint64_t order[40];
        const uint32_t n_values = 1 + (uint32_t)(seed % 3), n_constraints = (uint32_t)(seed / 3 % 3);
        trial_table_init(&t, 2, n_values, n_constraints, maximize);
        for (uint64_t i = 0; i < 40; i++) {
            struct trial *trial = trial_table_append(&t);
            CU_ASSERT_PTR_NOT_NULL_FATAL(trial);
            order[i] = i;
            for (uint32_t k = 0; k < n_values; k++)
                trial->values[k] = (double)hone_rng_below(&rng, 7); /* few values: many ties */
            for (uint32_t k = 0; k < n_constraints; k++)
                trial->constraints[k] = seed % 7 == 6 && i % 9 == 0
                                            ? nan("")
                                            : (double)hone_rng_below(&rng, 4) - (seed % 2 ? 0 : 2);
        }
        hone_rng_shuffle(&rng, order, 40);
        for (uint64_t i = 0; i < 40; i++) {
            static const uint32_t states[] = { HONE_STATE_COMPLETE, HONE_STATE_COMPLETE, HONE_STATE_PRUNED,
                                               HONE_STATE_FAILED };
            CU_ASSERT_EQUAL(trial_end(&t, t.trials[order[i]], states[hone_rng_below(&rng, 4)]), 0);
            check_front(&t);
        }
        CU_ASSERT_EQUAL(t.running, 0);
        CU_ASSERT_EQUAL(t.complete + t.pruned + t.failed, 40);
        trial_table_release(&t);
    }
}

static void test_nobody_complete_nobody_best(void)
{
    static const uint8_t maximize[1] = { 0 };
    struct trial_table t;
    trial_table_init(&t, 0, 1, 0, maximize);
    CU_ASSERT_PTR_NULL(trial_table_best(&t));
    trial_end(&t, trial_table_append(&t), HONE_STATE_FAILED);
    trial_end(&t, trial_table_append(&t), HONE_STATE_PRUNED);
    CU_ASSERT_PTR_NULL(trial_table_best(&t));
    trial_table_append(&t);
    trial_table_drop_last(&t);
    CU_ASSERT_EQUAL(t.n, 2);
    CU_ASSERT_EQUAL(t.running, 0);
    CU_ASSERT_EQUAL(trial_table_append(&t)->number, 2);
    trial_table_release(&t);
}

static void test_violation(void)
{
    static const uint8_t maximize[1] = { 0 };
    struct trial_table t;
    trial_table_init(&t, 0, 1, 2, maximize);
    struct trial *trial = trial_table_append(&t);
    CU_ASSERT(isinf(trial_violation(&t, trial))); /* not measured */
    trial->constraints[0] = -3;
    trial->constraints[1] = 0;
    CU_ASSERT_EQUAL(trial_violation(&t, trial), 0);
    trial->constraints[0] = 2;
    trial->constraints[1] = 0.5;
    CU_ASSERT_EQUAL(trial_violation(&t, trial), 2.5);
    trial_table_release(&t);
}

SUITE(TEST(test_front_in_any_order_of_arrival), TEST(test_nobody_complete_nobody_best), TEST(test_violation))
