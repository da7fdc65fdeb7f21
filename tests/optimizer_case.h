/* SPDX-License-Identifier: MIT */
/* Following recorded paths with an optimizer, and the properties that every optimizer has. */
#ifndef HONE_TESTS_OPTIMIZER_CASE_H
#define HONE_TESTS_OPTIMIZER_CASE_H
#include "component.h"
#include "fixtures/torch_optimizers.h"
#include "hone/optimizer.h"
#include "hone/rng.h"

static const hone_optimizer_v1 *optimizer_iface(const struct component *c)
{
    return (const hone_optimizer_v1 *)c->component->iface;
}

enum { ARRAY_MOST = 96 };
/* One parameter with all its arrays. */
struct array {
    hone_parameter parameter;
    float value[ARRAY_MOST], gradient[ARRAY_MOST], states[HONE_MAX_STATES][ARRAY_MOST];
};

static void array_init(struct array *a, uint64_t length, uint32_t n_states)
{
    memset(a, 0, sizeof *a);
    a->parameter.size = sizeof a->parameter;
    a->parameter.role = HONE_PARAMETER_KERNEL;
    a->parameter.name = "hidden1.weight";
    a->parameter.value = a->value;
    a->parameter.gradient = a->gradient;
    for (uint32_t i = 0; i < n_states; i++)
        a->parameter.state[i] = a->states[i];
    a->parameter.length = length;
    a->parameter.n_dims = 1;
    a->parameter.dims[0] = (int64_t)length;
    a->parameter.plain = 1;
}

static hone_rc array_step(struct component *c, struct array *a, uint64_t step, double factor)
{
    hone_parameter *const all[] = { &a->parameter };
    const hone_update now = { sizeof now, 0, step, factor };
    return optimizer_iface(c)->update(c->self, all, 1, &now, &c->err);
}

/* 1 where every step ends within 1e-6 of the recorded weights. falling: the factor of step t is 1/t. */
__attribute__((unused)) static int follows(struct component *c, const double path[PATH_STEPS][PATH_N], int falling,
                                           uint32_t role)
{
    struct array a;
    array_init(&a, PATH_N, optimizer_iface(c)->n_states);
    a.parameter.role = role;
    memcpy(a.value, path_start, sizeof path_start);
    for (uint64_t t = 1; t <= PATH_STEPS; t++) {
        memcpy(a.gradient, path_gradients[t - 1], sizeof path_gradients[0]);
        if (array_step(c, &a, t, falling ? 1.0 / (double)t : 1.0) != HONE_OK)
            return 0;
        for (int i = 0; i < PATH_N; i++)
            if (!near((double)a.value[i], path[t - 1][i], 1e-6)) {
                printf("#   step %llu, weight %d: %.9g, recorded %.9g\n", (unsigned long long)t, i, (double)a.value[i],
                       path[t - 1][i]);
                return 0;
            }
    }
    return 1;
}

/* A state at random that fits: mean squares are no less than 1, means no more. */
static void array_fill(struct array *a, uint64_t seed)
{
    hone_rng rng = hone_rng_at(seed, 3);
    for (uint64_t i = 0; i < ARRAY_MOST; i++) {
        a->value[i] = (float)hone_rng_normal(&rng);
        a->gradient[i] = (float)hone_rng_normal(&rng);
        for (int k = 0; k < HONE_MAX_STATES; k++)
            a->states[k][i] = (float)(0.5 + 0.4 * hone_rng_uniform(&rng));
    }
}

/* The vector loops' heads, bodies and tails: an array of any length moves as its elements alone do, to the bit, and
 * nothing beyond its end is touched. For optimizers that treat elements one by one. */
__attribute__((unused)) static void treats_elements_alone(struct component *c)
{
    static struct array whole, filled, alone;
    const uint32_t n_states = optimizer_iface(c)->n_states;
    for (uint64_t n = 0; n <= 70; n++) {
        array_init(&whole, n, n_states);
        array_fill(&whole, n);
        filled = whole;
        CU_ASSERT_EQUAL(array_step(c, &whole, 9, 0.5), HONE_OK);
        for (uint64_t i = 0; i < ARRAY_MOST; i++) {
            array_init(&alone, 1, n_states);
            alone.value[0] = filled.value[i];
            alone.gradient[0] = filled.gradient[i];
            for (uint32_t k = 0; k < HONE_MAX_STATES; k++)
                alone.states[k][0] = filled.states[k][i];
            if (i < n)
                CU_ASSERT_EQUAL(array_step(c, &alone, 9, 0.5), HONE_OK);
            CU_ASSERT(!memcmp(&whole.value[i], &alone.value[0], sizeof(float)));
            for (uint32_t k = 0; k < HONE_MAX_STATES; k++)
                CU_ASSERT(!memcmp(&whole.states[k][i], &alone.states[k][0], sizeof(float)));
        }
    }
}

/* Padding: a weight of zero whose gradient always is zero stays at zero. */
__attribute__((unused)) static void keeps_padding_zero(struct component *c)
{
    struct array a;
    array_init(&a, 8, optimizer_iface(c)->n_states);
    a.value[0] = 1;
    for (uint64_t t = 1; t <= 10; t++) {
        a.gradient[0] = t % 2 ? 1.0f : -0.5f;
        CU_ASSERT_EQUAL(array_step(c, &a, t, 1), HONE_OK);
        for (int i = 1; i < 8; i++)
            CU_ASSERT(a.value[i] >= 0 && a.value[i] <= 0);
    }
    CU_ASSERT(a.value[0] < 1 || a.value[0] > 1);
}

/* What was done so far by another instance is taken up by this one: step 6 on, from the arrays alone. */
__attribute__((unused)) static void resumes(const char *name, const char *key, const char *text)
{
    struct component first, second;
    struct array a, b;
    CU_ASSERT_EQUAL_FATAL(component_open(&first, name, 1, key, text, NULL), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(component_open(&second, name, 1, key, text, NULL), HONE_OK);
    array_init(&a, PATH_N, optimizer_iface(&first)->n_states);
    memcpy(a.value, path_start, sizeof path_start);
    for (uint64_t t = 1; t <= PATH_STEPS; t++) {
        memcpy(a.gradient, path_gradients[t - 1], sizeof path_gradients[0]);
        if (t == 6) {
            array_init(&b, PATH_N, optimizer_iface(&first)->n_states);
            memcpy(b.value, a.value, sizeof b.value);
            memcpy(b.states, a.states, sizeof b.states);
        }
        if (t >= 6) {
            memcpy(b.gradient, a.gradient, sizeof b.gradient);
            CU_ASSERT_EQUAL(array_step(&second, &b, t, 1), HONE_OK);
        }
        CU_ASSERT_EQUAL(array_step(&first, &a, t, 1), HONE_OK);
    }
    CU_ASSERT(!memcmp(a.value, b.value, sizeof a.value) && !memcmp(a.states, b.states, sizeof a.states));
    component_close(&first);
    component_close(&second);
}
#endif
