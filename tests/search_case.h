/* SPDX-License-Identifier: MIT */
/* What every search plugin must do, as cases for its suite, header only: points of the space whatever the outcomes,
 * every point of a finite space once, the same points from the same seed, a saved state that goes on as if nothing
 * had happened, damaged states survived. The suite names the search and its settings. */
#ifndef HONE_TESTS_SEARCH_CASE_H
#define HONE_TESTS_SEARCH_CASE_H
#include "fake_host.h"
#include "harness.h"
#include "hone/finite.h"
#include "hone/rng.h"

typedef struct search_case {
    const char *name, *settings;
    uint32_t n_values, n_constraints;
    uint64_t trials; /* budget that the search hears of */
} search_case;

enum { SEARCH_CASE_DIMS = 8 };

static inline const hone_search_v1 *search_iface(const search_case *c)
{
    return (const hone_search_v1 *)fake_component(HONE_KIND_SEARCH, c->name)->iface;
}

static inline hone_rc search_start(const search_case *c, fake_plugin *p, const hone_space *space, uint64_t seed)
{
    const hone_search_info info = { sizeof info, c->n_values, c->n_constraints, 0, c->trials, 0, NULL };
    const hone_rc rc = fake_plugin_init(p, fake_component(HONE_KIND_SEARCH, c->name), seed, c->settings);
    return rc < 0 ? rc : search_iface(c)->open(p->self, space, &info, &p->err);
}

/* Every value is `value`, the second and later ones mirrored, every constraint `violation`. */
static inline void search_say(const search_case *c, fake_plugin *p, uint64_t trial, const double *x, uint32_t status,
                              double value, double violation)
{
    double values[4] = { value, 1 - value, 0.5 * value, value * value }, constraints[2] = { violation, violation };
    const hone_outcome o = { sizeof o,           status, trial, x,   values, constraints, c->n_values, c->n_constraints,
                             (int64_t)trial % 5, NULL,   0,     NULL };
    CU_ASSERT_EQUAL(search_iface(c)->tell(p->self, &o, &p->err), HONE_OK);
}

static inline hone_rc search_ask(const search_case *c, fake_plugin *p, uint64_t trial, double *x)
{
    return search_iface(c)->ask(p->self, trial, x, &p->err);
}

/* optimizer (3 choices), momentum where optimizer = 0, rate log, width int log, layers <= width, batch ordinal, bias
 * normal, fixed; d: (SEARCH_CASE_DIMS) */
static inline const hone_space *search_mixed(fake_space *f, hone_dim *d)
{
    static const double zero[] = { 0 };
    static const hone_condition momentum_if = { sizeof momentum_if, 0, HONE_EQ, 1, zero };
    static const hone_condition *const momentum_conditions[] = { &momentum_if };
    static const double weights[] = { 0.5, 0.3, 0.2 };
    static const hone_relation relation = { sizeof relation, HONE_LE, 4, 3, 0 };
    const hone_dim dims[] = { FAKE_CHOICE("optimizer", 3, weights),
                              FAKE_REAL("momentum", 0.5, 0.99, 0),
                              FAKE_REAL("rate", 1e-5, 1, HONE_DIM_LOG),
                              FAKE_INT("width", 4, 128, 4, HONE_DIM_LOG),
                              FAKE_INT("layers", 1, 20, 1, 0),
                              FAKE_ORDINAL("batch", 5, NULL),
                              FAKE_NORMAL("bias", -HUGE_VAL, HUGE_VAL, 0, 1, 0),
                              FAKE_REAL("fixed", 7, 7, 0) };
    memcpy(d, dims, sizeof dims);
    d[1].n_conditions = 1;
    d[1].conditions = momentum_conditions;
    return fake_space_init(f, d, SEARCH_CASE_DIMS, &relation, 1);
}

/* lowest, 0, at optimizer 0, momentum 0.9, rate 1e-2, width 64, layers 6, batch 3, bias 0.5 */
static inline double search_mixed_value(const double *x)
{
    const double momentum = x[0] > 0 ? 1 : 4 * fabs(x[1] - 0.9);
    return x[0] + momentum + fabs(log10(x[2]) + 2) + fabs(log(x[3] / 64)) + fabs(x[4] - 6) / 4 + fabs(x[5] - 3) / 2 +
           fabs(x[6] - 0.5) / 2;
}

/* Lowest value of f in a run of `trials` (all objectives alike, all constraints satisfied); `lag` <= 8 at once, told in reverse.
 * Every point is one of the space, of SEARCH_CASE_DIMS dimensions at most. */
static inline double search_best_on(const search_case *c, const hone_space *space, double (*f)(const double *x),
                                    uint64_t seed, uint64_t trials, uint64_t lag)
{
    fake_plugin p;
    double best = HUGE_VAL, x[8][SEARCH_CASE_DIMS];
    CU_ASSERT_EQUAL_FATAL(search_start(c, &p, space, seed), HONE_OK);
    for (uint64_t k = 0; k < trials; k += lag) {
        for (uint64_t j = 0; j < lag; j++) {
            CU_ASSERT_EQUAL(search_ask(c, &p, k + j, x[j]), HONE_OK);
            CU_ASSERT_PTR_NULL(fake_space_fault(space, x[j]));
        }
        for (uint64_t j = lag; j-- > 0;) {
            const double y = f(x[j]), values[4] = { y, y, y, y }, satisfied[2] = { -1, -1 };
            const hone_outcome o = { sizeof o,    HONE_COMPLETE,    k + j,      x[j], values, satisfied,
                                     c->n_values, c->n_constraints, (int64_t)k, NULL, 0,      NULL };
            best = y < best ? y : best;
            CU_ASSERT_EQUAL(search_iface(c)->tell(p.self, &o, &p.err), HONE_OK);
        }
    }
    fake_plugin_release(&p);
    return best;
}

static inline double search_best_of_mixed(const search_case *c, uint64_t seed, uint64_t trials, uint64_t lag)
{
    fake_space f;
    hone_dim d[SEARCH_CASE_DIMS];
    return search_best_on(c, search_mixed(&f, d), search_mixed_value, seed, trials, lag);
}

/* Mean of search_best_of_mixed over ten seeds of 600 trials. */
static inline double search_mean_of_mixed(const search_case *c, uint64_t lag)
{
    double mean = 0;
    for (uint64_t seed = 1; seed <= 10; seed++)
        mean += search_best_of_mixed(c, seed, 600, lag) / 10;
    return mean;
}

/* All failed, all NaN, infinite, constant, huge, pruned, all violating: points of the space all the same. */
static inline void search_survives_useless_outcomes(const search_case *c)
{
    static const double values[] = { (double)NAN, HUGE_VAL, -HUGE_VAL, 5, 1e308, -1e308, 3, 2 };
    fake_space f;
    hone_dim d[SEARCH_CASE_DIMS];
    const hone_space *space = search_mixed(&f, d);
    for (uint32_t kind = 0; kind < 8; kind++) {
        fake_plugin p;
        double x[SEARCH_CASE_DIMS];
        CU_ASSERT_EQUAL_FATAL(search_start(c, &p, space, kind), HONE_OK);
        for (uint64_t k = 0; k < 150; k++) {
            CU_ASSERT_EQUAL(search_ask(c, &p, k, x), HONE_OK);
            CU_ASSERT_PTR_NULL(fake_space_fault(space, x));
            search_say(c, &p, k, x,
                       kind == 0   ? HONE_FAILED
                       : kind == 6 ? HONE_PRUNED
                                   : HONE_COMPLETE,
                       kind == 4 && k % 2 ? -values[kind] : values[kind], kind == 7 ? (double)NAN : 2);
        }
        fake_plugin_release(&p);
    }
}

/* Every point of a finite space with a condition and a relation once, though others told some of them and several run
 * at a time, then HONE_DONE, which stays. */
static inline void search_spends_finite_spaces(const search_case *c)
{
    static const double zero[] = { 0 };
    static const hone_condition if_zero = { sizeof if_zero, 0, HONE_EQ, 1, zero };
    static const hone_condition *const conditions[] = { &if_zero };
    static const hone_relation relation = { sizeof relation, HONE_LT, 1, 2, 0 };
    hone_dim dims[] = { FAKE_CHOICE("c", 4, NULL), FAKE_INT("a", 1, 9, 2, 0), FAKE_STEP("b", 0, 10, 2.5, 0) };
    fake_space f;
    fake_plugin p;
    const hone_space *space;
    uint32_t seen[100] = { 0 }, n = 0, points = 0;
    double x[3], running[3][3];
    hone_rc rc;
    dims[2].n_conditions = 1;
    dims[2].conditions = conditions; /* b where c = 0 */
    space = fake_space_init(&f, dims, 3, &relation, 1);
    CU_ASSERT_EQUAL_FATAL(search_start(c, &p, space, 3), HONE_OK);
    for (uint64_t i = 0; i < 4 * 5 * 5; i++)
        points += hone_space_point(space, i, x);
    CU_ASSERT_EQUAL(points, 12 + 3 * 5);
    for (uint64_t i = 0; i < 100; i += 23) /* somebody else's points */
        if (hone_space_point(space, i, x)) {
            seen[i] = 1;
            search_say(c, &p, 1000 + i, x, HONE_COMPLETE, (double)i, -1);
            n++;
        }
    for (uint64_t k = 0; (rc = search_ask(c, &p, k, x)) == HONE_OK && k < 100; k++, n++) {
        const uint64_t index = hone_space_index(space, x);
        CU_ASSERT_PTR_NULL(fake_space_fault(space, x));
        CU_ASSERT_EQUAL(seen[index]++, 0);
        if (k >= 3)
            search_say(c, &p, k - 3, running[k % 3], k % 5 ? HONE_COMPLETE : HONE_FAILED, running[k % 3][1], -1);
        memcpy(running[k % 3], x, sizeof x);
    }
    CU_ASSERT_EQUAL(rc, HONE_DONE);
    CU_ASSERT_EQUAL(n, points);
    CU_ASSERT_EQUAL(search_ask(c, &p, 200, x), HONE_DONE);
    fake_plugin_release(&p);
}

/* Status of a trial's outcome in the cases below. */
static inline uint32_t search_case_status_(uint64_t k)
{
    return k % 11 == 5 ? HONE_FAILED : k % 7 == 3 ? HONE_PRUNED : HONE_COMPLETE;
}

/* One more trial of a run of which the two latest are always running; x: ring of (4) points. */
static inline void search_case_step_(const search_case *c, fake_plugin *p, uint64_t k, double (*x)[SEARCH_CASE_DIMS])
{
    CU_ASSERT_EQUAL(search_ask(c, p, k, x[k % 4]), HONE_OK);
    if (k >= 2)
        search_say(c, p, k - 2, x[(k - 2) % 4], search_case_status_(k - 2), search_mixed_value(x[(k - 2) % 4]),
                   (double)(k % 3) - 1);
}

/* Saved at several places of a run with two trials running, loaded into a fresh instance: the same points from there
 * on; and the same again from another instance of the same seed that was never saved; other points from another seed. */
static inline void search_goes_on_from_a_saved_state(const search_case *c)
{
    static fake_bytes bytes, again;
    const hone_component *component = fake_component(HONE_KIND_SEARCH, c->name);
    fake_space f;
    hone_dim d[SEARCH_CASE_DIMS];
    const hone_space *space = search_mixed(&f, d);
    for (uint64_t cut = 1; cut < 200; cut += 33) {
        const hone_ostream out = { &bytes, fake_write_ }, out_again = { &again, fake_write_ };
        const hone_istream in = { &bytes, fake_read_ };
        fake_plugin a, b, other;
        double x[4][SEARCH_CASE_DIMS], y[4][SEARCH_CASE_DIMS], z[4][SEARCH_CASE_DIMS];
        uint64_t differ = 0;
        memset(&bytes, 0, sizeof bytes);
        memset(&again, 0, sizeof again);
        memset(x, 0, sizeof x);
        CU_ASSERT_EQUAL_FATAL(search_start(c, &a, space, 8), HONE_OK);
        CU_ASSERT_EQUAL_FATAL(search_start(c, &other, space, 9), HONE_OK);
        for (uint64_t k = 0; k < cut; k++) {
            search_case_step_(c, &a, k, x);
            search_case_step_(c, &other, k, z);
        }
        CU_ASSERT_EQUAL(component->save(a.self, &out, &a.err), HONE_OK);
        CU_ASSERT_EQUAL(component->save(a.self, &out_again, &a.err), HONE_OK);
        CU_ASSERT(bytes.n == again.n && !memcmp(bytes.bytes, again.bytes, bytes.n));
        CU_ASSERT_EQUAL_FATAL(search_start(c, &b, space, 8), HONE_OK);
        CU_ASSERT_EQUAL(component->load(b.self, &in, &b.err), HONE_OK);
        memcpy(y, x, sizeof x);
        for (uint64_t k = cut; k < cut + 120; k++) {
            search_case_step_(c, &a, k, x);
            search_case_step_(c, &b, k, y);
            search_case_step_(c, &other, k, z);
            CU_ASSERT_EQUAL(memcmp(x[k % 4], y[k % 4], sizeof x[0]), 0);
            differ += memcmp(x[k % 4], z[k % 4], sizeof x[0]) != 0;
        }
        CU_ASSERT(differ > 100);
        fake_plugin_release(&a);
        fake_plugin_release(&b);
        fake_plugin_release(&other);
    }
}

/* Cut short and with bits turned: refused, or survived with points of the space. A refused state changes nothing. */
static inline void search_survives_damaged_states(const search_case *c)
{
    static fake_bytes good, bad;
    const hone_component *component = fake_component(HONE_KIND_SEARCH, c->name);
    const hone_ostream out = { &good, fake_write_ };
    const hone_istream in = { &bad, fake_read_ };
    fake_space f;
    hone_dim d[SEARCH_CASE_DIMS];
    const hone_space *space = search_mixed(&f, d);
    fake_plugin p;
    double x[4][SEARCH_CASE_DIMS];
    uint32_t refused = 0;
    hone_rng rng = hone_rng_at(5, 0);
    memset(&good, 0, sizeof good);
    CU_ASSERT_EQUAL_FATAL(search_start(c, &p, space, 1), HONE_OK);
    for (uint64_t k = 0; k < 60; k++)
        search_case_step_(c, &p, k, x);
    CU_ASSERT_EQUAL(component->save(p.self, &out, &p.err), HONE_OK);
    fake_plugin_release(&p);
    for (uint32_t round = 0; round < 600; round++) {
        hone_rc rc;
        bad = good;
        bad.at = 0;
        if (round % 3 == 0)
            bad.n = (size_t)hone_rng_below(&rng, good.n);
        else if (round % 3 == 1)
            bad.bytes[hone_rng_below(&rng, good.n < 400 ? good.n : 400)] ^= (unsigned char)(1u
                                                                                            << hone_rng_below(&rng, 8));
        else
            bad.bytes[hone_rng_below(&rng, good.n)] ^= (unsigned char)(1u << hone_rng_below(&rng, 8));
        CU_ASSERT_EQUAL_FATAL(search_start(c, &p, space, 1), HONE_OK);
        rc = component->load(p.self, &in, &p.err);
        CU_ASSERT(rc == HONE_OK || (rc < 0 && p.err.msg[0]));
        CU_ASSERT(round % 3 || rc < 0);
        refused += rc < 0;
        for (uint64_t k = 60; k < 64; k++) {
            CU_ASSERT_EQUAL(search_ask(c, &p, k, x[0]), HONE_OK);
            CU_ASSERT_PTR_NULL(fake_space_fault(space, x[0]));
            search_say(c, &p, k, x[0], HONE_COMPLETE, 1, -1);
        }
        fake_plugin_release(&p);
    }
    CU_ASSERT(refused >= 200);
}

/* Points are a function of seed and trial: the same in any order, whatever is told. */
static inline void search_depends_on_seed_and_trial_only(const search_case *c)
{
    fake_space f;
    hone_dim d[SEARCH_CASE_DIMS];
    const hone_space *space = search_mixed(&f, d);
    fake_plugin a, b;
    static double x[300][SEARCH_CASE_DIMS];
    double y[SEARCH_CASE_DIMS];
    search_start(c, &a, space, 5);
    search_start(c, &b, space, 5);
    for (uint64_t k = 0; k < 300; k++) {
        CU_ASSERT_EQUAL(search_ask(c, &a, k, x[k]), HONE_OK);
        CU_ASSERT_PTR_NULL(fake_space_fault(space, x[k]));
    }
    for (uint64_t k = 300; k-- > 0;) {
        CU_ASSERT_EQUAL(search_ask(c, &b, k, y), HONE_OK);
        CU_ASSERT_EQUAL(memcmp(x[k], y, sizeof y), 0);
        search_say(c, &b, k, y, HONE_COMPLETE, 1, 0);
    }
    fake_plugin_release(&a);
    fake_plugin_release(&b);
}

/* Six trials, a population of as many, of which one is told again, as one is that was paused and went on: what is proposed
 * then is as if it had been told its last outcome alone. */
static inline void search_counts_a_trial_once(const search_case *c)
{
    fake_space f;
    hone_dim d[SEARCH_CASE_DIMS];
    const hone_space *space = search_mixed(&f, d);
    fake_plugin p[2]; /* told twice, told once */
    double x[2][6][SEARCH_CASE_DIMS], next[2][24][SEARCH_CASE_DIMS];
    for (int once = 0; once < 2; once++) {
        CU_ASSERT_EQUAL_FATAL(search_start(c, &p[once], space, 3), HONE_OK);
        for (uint64_t k = 0; k < 6; k++)
            CU_ASSERT_EQUAL(search_ask(c, &p[once], k, x[once][k]), HONE_OK);
        for (uint64_t k = 0; k < 6; k++)
            search_say(c, &p[once], k, x[once][k], k == 2 && once ? HONE_COMPLETE : HONE_PRUNED, (double)k, 0);
        for (int again = 0; again < 3 && !once; again++)
            search_say(c, &p[once], 2, x[once][2], again < 2 ? HONE_PRUNED : HONE_COMPLETE, 2, 0);
        for (uint64_t k = 0; k < 24; k++)
            CU_ASSERT_EQUAL(search_ask(c, &p[once], 6 + k, next[once][k]), HONE_OK);
        fake_plugin_release(&p[once]);
    }
    CU_ASSERT_EQUAL(memcmp(next[0], next[1], sizeof next[0]), 0);
}
#endif /* HONE_TESTS_SEARCH_CASE_H */
