/* SPDX-License-Identifier: MIT */
/* Tests of scheduler/pbt and pb2: who takes over from whom at a look, that a round's clones move before their donors, and that a
 * clone's point stays in the space. */
#include "bandit.h"
#include "fake_host.h"
#include "harness.h"
#include "virtual_study.h"

enum { POPULATION = 12, STEPS = 6 };
static const hone_dim rate = FAKE_REAL("rate", 1e-4, 1, HONE_DIM_LOG), width = FAKE_INT("width", 1, 64, 1, 0),
                      kind = FAKE_CHOICE("kind", 3, NULL);
static const hone_dim *const dims[] = { &rate, &width, &kind };
static const hone_space space = { sizeof space, 3, dims, 0, 0, NULL };

static const char *name = "pbt"; /* the component under test */

static const hone_scheduler_v1 *iface(void)
{
    return (const hone_scheduler_v1 *)fake_component(HONE_KIND_SCHEDULER, name)->iface;
}

struct member {
    double x[3], value;
    int64_t step, until;
    int running, paused;
};
struct world {
    fake_plugin plugin;
    struct member members[POPULATION];
    double at_round[POPULATION]; /* values when the round was complete */
    unsigned n, clones;
};

static double score(const struct member *m) /* the lower the rate, the better; falls with the steps */
{
    return log(m->x[0]) - 0.01 * (double)m->step;
}

/* Takes orders until the scheduler has none, with one worker per member if `wide`, else one at a time. */
static int order(struct world *w, int64_t round)
{
    double x[3] = { (double)NAN, (double)NAN, (double)NAN };
    hone_order o = { sizeof o, HONE_ORDER_START, w->n, 0, 0, x, w->n < POPULATION, 0 };
    const hone_rc rc = iface()->next(w->plugin.self, &o, &w->plugin.err);
    CU_ASSERT_FATAL(rc >= 0);
    if (rc != HONE_OK)
        return 0;
    if (o.what == HONE_ORDER_START) {
        hone_rng rng = hone_rng_at(5, w->n);
        struct member *m = &w->members[w->n++];
        hone_space_draw(&space, &rng, m->x);
        m->until = o.until;
        m->running = 1;
        return 1;
    }
    struct member *m = &w->members[o.trial];
    CU_ASSERT_FATAL(m->paused && !m->running);
    CU_ASSERT_EQUAL(m->step, round);
    if (o.what == HONE_ORDER_CLONE) {
        const struct member *donor = &w->members[o.from];
        unsigned better = 0, worse = 0;
        CU_ASSERT(donor->paused && donor->step == round); /* it has not moved on */
        for (unsigned i = 0; i < POPULATION; i++) {
            better += w->at_round[i] < w->at_round[o.from];
            worse += w->at_round[i] > w->at_round[o.trial];
        }
        CU_ASSERT(better < POPULATION / 4);
        CU_ASSERT(worse < POPULATION / 4);
        CU_ASSERT(hone_space_has(&space, x));
        for (uint32_t i = 0; i < 2; i++) /* drawn anew, or a fifth more or less */
            CU_ASSERT(x[i] >= dims[i]->min && x[i] <= dims[i]->max);
        memcpy(m->x, x, sizeof x);
        w->clones++;
    }
    m->paused = 0;
    m->running = 1;
    m->until = o.until;
    return 1;
}

static void advance(struct world *w, unsigned i)
{
    struct member *m = &w->members[i];
    uint32_t verdict;
    m->step++;
    m->value = score(m);
    const hone_report r = { sizeof r, 1, i, m->step, &m->value, m->x };
    CU_ASSERT_EQUAL(iface()->report(w->plugin.self, &r, &verdict, &w->plugin.err), HONE_OK);
    CU_ASSERT_EQUAL(verdict, HONE_CONTINUE);
    m->running = 0;
    m->paused = m->step < STEPS;
    CU_ASSERT_EQUAL(m->until, m->paused ? m->step : 0);
    CU_ASSERT_EQUAL(
        iface()->finish(w->plugin.self, i, m->paused ? HONE_PAUSED : HONE_COMPLETE, &m->value, &w->plugin.err),
        HONE_OK);
}

static void run(unsigned workers)
{
    static struct world w;
    const hone_scheduler_info info = { sizeof info, 1, STEPS, POPULATION, &space, 3, NULL };
    memset(&w, 0, sizeof w);
    CU_ASSERT_EQUAL_FATAL(fake_plugin_init(&w.plugin, fake_component(HONE_KIND_SCHEDULER, name), 3, ""), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(iface()->open(w.plugin.self, &info, &w.plugin.err), HONE_OK);
    for (int64_t round = 0; round < STEPS; round++) {
        unsigned moved = 0;
        for (unsigned i = 0; i < POPULATION; i++)
            w.at_round[i] = w.members[i].value;
        while (moved < POPULATION) {
            unsigned running = 0;
            while (running < workers && order(&w, round))
                running++;
            CU_ASSERT_FATAL(running > 0);
            for (unsigned i = 0; i < POPULATION; i++)
                if (w.members[i].running) {
                    advance(&w, i);
                    moved++;
                }
        }
        CU_ASSERT_EQUAL(moved, POPULATION);
    }
    CU_ASSERT_EQUAL(w.clones, 3 * (STEPS - 1)); /* a quarter at every look */
    fake_plugin_release(&w.plugin);
}

static void test_rounds(void)
{
    run(1);
    run(5);
    run(POPULATION);
}

static void test_rounds_of_pb2(void)
{
    name = "pb2";
    run(1);
    run(POPULATION);
    name = "pbt";
}

/* ---- many members, on a virtual clock ---- */

enum { MANY = 400, MANY_STEPS = 12, LOOK = 3 };
static struct crowd {
    uint64_t weights[MANY];                /* whose first weights a trial has */
    uint64_t clones_at[MANY_STEPS], n_odd; /* clones from a donor that is not ahead, or has not come as far */
    struct virtual_study study;
} crowd;

static double crowd_value(void *ctx, uint64_t trial, int64_t step)
{
    hone_rng rng = hone_rng_at(9, ((struct crowd *)ctx)->weights[trial]);
    return hone_rng_uniform(&rng) - 0.01 * (double)step;
}

static void crowd_hear(void *ctx, const hone_order *o, uint64_t trial, int64_t step, double value)
{
    struct crowd *c = (struct crowd *)ctx;
    (void)value;
    if (!o || o->what != HONE_ORDER_CLONE)
        return;
    const int64_t saved = c->study.table[o->from].saved; /* both as far, or the donor further */
    c->n_odd += saved != step || saved % LOOK || crowd_value(c, o->from, saved) >= crowd_value(c, trial, saved);
    c->clones_at[saved]++;
    c->weights[trial] = c->weights[o->from];
}

static void run_crowd(const char *settings, uint32_t workers)
{
    const hone_scheduler_info info = { sizeof info, 1, MANY_STEPS, MANY, &space, 3, NULL };
    fake_plugin p;
    memset(&crowd, 0, sizeof crowd);
    for (uint64_t i = 0; i < MANY; i++)
        crowd.weights[i] = i;
    CU_ASSERT_EQUAL_FATAL(fake_plugin_init(&p, fake_component(HONE_KIND_SCHEDULER, name), 3, settings), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(iface()->open(p.self, &info, &p.err), HONE_OK);
    crowd.study = (struct virtual_study){ .iface = iface(),
                                          .self = p.self,
                                          .err = &p.err,
                                          .trials = MANY,
                                          .max_step = MANY_STEPS,
                                          .workers = workers,
                                          .value = crowd_value,
                                          .hear = crowd_hear,
                                          .ctx = &crowd,
                                          .space = &space };
    virtual_study_run(&crowd.study);
    CU_ASSERT_EQUAL(crowd.n_odd, 0);
    for (uint64_t i = 0; i < MANY; i++)
        CU_ASSERT(crowd.study.table[i].state == VIRTUAL_COMPLETE && crowd.study.table[i].step == MANY_STEPS);
    virtual_study_release(&crowd.study);
    fake_plugin_release(&p);
}

/* Synchronous: a quarter at every look, as long as the donors are better, the same with any number of workers. */
static void test_a_crowd(void)
{
    static uint64_t weights[MANY];
    run_crowd("interval=3", MANY);
    CU_ASSERT_EQUAL(crowd.clones_at[3], MANY / 4);
    CU_ASSERT_EQUAL(crowd.study.clones, crowd.clones_at[3] + crowd.clones_at[6] + crowd.clones_at[9]);
    memcpy(weights, crowd.weights, sizeof weights);
    run_crowd("interval=3", 7);
    CU_ASSERT(!memcmp(weights, crowd.weights, sizeof weights));
    run_crowd("interval=3\nsynchronous=no", MANY);
    CU_ASSERT(crowd.study.clones > MANY / 4);
    run_crowd("interval=3\nsynchronous=no", 7);
    CU_ASSERT(crowd.study.clones > MANY / 4);
}

/* The likelihood against Gaussian elimination with its determinant, in long double. */
static void test_likelihood_against_elimination(void)
{
    enum { N = 9, D = 2 };
    double rows[N][D + 1], y[N], factor[N][N], alpha[N];
    long double a[N][N + 1], log_likelihood = 0, x[N];
    hone_rng rng = hone_rng_at(2, 0);
    for (int i = 0; i < N; i++) {
        rows[i][0] = i / 3;
        for (int k = 1; k <= D; k++)
            rows[i][k] = hone_rng_uniform(&rng);
        y[i] = hone_rng_normal(&rng);
    }
    const double got = bandit_fit(&rows[0][0], y, N, D, 0.4, 0.2, 0.05, &factor[0][0], alpha);
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) {
            long double apart = 0;
            for (int k = 1; k <= D; k++)
                apart += (rows[i][k] - rows[j][k]) * (long double)(rows[i][k] - rows[j][k]);
            a[i][j] = expl(-apart / (2 * 0.4L * 0.4L)) * powl(0.8L, fabsl(rows[i][0] - rows[j][0]) / 2) +
                      (i == j ? 0.05L : 0);
        }
        a[i][N] = y[i];
    }
    for (int i = 0; i < N; i++) {
        log_likelihood -= 0.5L * logl(a[i][i]) + 0.5L * logl(2 * acosl(-1));
        for (int r = i + 1; r < N; r++)
            for (int c = N; c >= i; c--)
                a[r][c] -= a[r][i] / a[i][i] * a[i][c];
    }
    for (int i = N - 1; i >= 0; i--) {
        x[i] = a[i][N];
        for (int c = i + 1; c < N; c++)
            x[i] -= a[i][c] * x[c];
        x[i] /= a[i][i];
        log_likelihood -= 0.5L * y[i] * x[i];
    }
    CU_ASSERT_DOUBLE_EQUAL(got, (double)log_likelihood, 1e-9);
    for (int i = 0; i < N; i++)
        CU_ASSERT_DOUBLE_EQUAL(alpha[i], (double)x[i], 1e-9);
}

/* An interval gains most at a rate of 0.01 and, of late, at a width of 48: the model finds the place, keeps away from what is
 * taken, and old news counts less than new. */
static void test_model_finds_what_gains(void)
{
    struct bandit *b = bandit_create(&space);
    hone_rng rng = hone_rng_at(4, 0);
    double x[3], distance = 0;
    CU_ASSERT_PTR_NOT_NULL_FATAL(b);
    hone_space_draw(&space, &rng, x);
    CU_ASSERT_EQUAL(bandit_propose(b, 1, &rng, x), 0); /* nothing is known */
    for (int64_t time = 0; time < 10; time++)
        for (int i = 0; i < 8; i++) {
            hone_space_draw(&space, &rng, x);
            const double u = log10(x[0]) + 2, w = (x[1] - (time < 5 ? 10 : 48)) / 64;
            bandit_observe(b, time, x, 1 - u * u - 4 * w * w);
        }
    for (int i = 0; i < 10; i++) {
        const double kind_before = x[2];
        CU_ASSERT_EQUAL(bandit_propose(b, 10, &rng, x), 1);
        CU_ASSERT(hone_space_has(&space, x));
        CU_ASSERT_EQUAL(x[2], kind_before); /* choices are not the model's */
        distance += fabs(log10(x[0]) + 2) / 10 + fabs(x[1] - 48) / 640;
        bandit_occupy(b, 10, x);
    }
    CU_ASSERT(distance < 0.8); /* a random point: 1.3 on average */
    bandit_destroy(b);
}

SUITE(TEST(test_rounds), TEST(test_rounds_of_pb2), TEST(test_a_crowd), TEST(test_likelihood_against_elimination),
      TEST(test_model_finds_what_gains))
