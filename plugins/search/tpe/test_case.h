/* SPDX-License-Identifier: MIT */
/* What the tests of search/tpe as a search share: calls, and a space of every kind of parameter. */
#ifndef HONE_TPE_TEST_CASE_H
#define HONE_TPE_TEST_CASE_H
#include "fake_host.h"
#include "harness.h"
#include "tpe.h"

static inline const hone_component *component(void)
{
    return fake_component(HONE_KIND_SEARCH, "tpe");
}

static inline const hone_search_v1 *iface(void)
{
    return (const hone_search_v1 *)component()->iface;
}

static inline void start(fake_plugin *p, const hone_space *space, uint64_t seed, uint32_t n_values,
                         uint32_t n_constraints, const char *settings)
{
    const hone_search_info info = { sizeof info, n_values, n_constraints, 0, 0, 0, NULL };
    CU_ASSERT_EQUAL_FATAL(fake_plugin_init(p, component(), seed, settings), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(iface()->open(p->self, space, &info, &p->err), HONE_OK);
}

static inline void say(fake_plugin *p, uint64_t trial, const double *x, uint32_t status, double value)
{
    const hone_outcome o = { sizeof o, status, trial, x, &value, NULL, 1, 0, (int64_t)(trial % 5), NULL, 0, NULL };
    CU_ASSERT_EQUAL(iface()->tell(p->self, &o, &p->err), HONE_OK);
}

static inline void ask(fake_plugin *p, const hone_space *space, uint64_t trial, double *x)
{
    const hone_rc rc = iface()->ask(p->self, trial, x, &p->err);
    CU_ASSERT_EQUAL(rc, HONE_OK);
    CU_ASSERT_PTR_NULL(rc == HONE_OK ? fake_space_fault(space, x) : "no point");
}

static const double momentum_at[] = { 0 };
static const hone_condition momentum_if = { sizeof momentum_if, 0, HONE_EQ, 1, momentum_at };
static const hone_condition *const momentum_list[] = { &momentum_if };

static inline const hone_space *mixed(fake_space *f, hone_dim *d)
{
    static const hone_relation relation = { sizeof relation, HONE_LE, 4, 3, 0 }; /* layers <= width */
    const hone_dim dims[] = { FAKE_CHOICE("optimizer", 3, NULL),
                              FAKE_REAL("momentum", 0.5, 0.99, 0),
                              FAKE_REAL("rate", 1e-5, 1, HONE_DIM_LOG),
                              FAKE_INT("width", 4, 128, 4, HONE_DIM_LOG),
                              FAKE_INT("layers", 1, 20, 1, 0),
                              FAKE_ORDINAL("batch", 5, NULL),
                              FAKE_NORMAL("bias", -HUGE_VAL, HUGE_VAL, 0, 1, 0),
                              FAKE_REAL("fixed", 7, 7, 0) };
    memcpy(d, dims, sizeof dims);
    d[1].n_conditions = 1;
    d[1].conditions = momentum_list;
    return fake_space_init(f, d, 8, &relation, 1);
}

/* lowest, 0, at optimizer 0, momentum 0.9, rate 1e-2, width 64, layers 6, batch 3, bias 0.5 */
static inline double mixed_value(const double *x, hone_rng *rng)
{
    const double momentum = x[0] > 0 ? 1 : 4 * fabs(x[1] - 0.9);
    (void)rng;
    return x[0] + momentum + fabs(log10(x[2]) + 2) + fabs(log(x[3] / 64)) + fabs(x[4] - 6) / 4 + fabs(x[5] - 3) / 2 +
           fabs(x[6] - 0.5) / 2;
}
#endif /* HONE_TPE_TEST_CASE_H */
