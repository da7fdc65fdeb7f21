/* SPDX-License-Identifier: MIT */
/* regularizer/weight_average: the averages by their formulas, who sees them when, and their state. */
#include "weights_case.h"

enum { STEPS = 6, EPOCHS = 3, MOST = 65536 };

static const hone_regularizer_v1 *hooks(const struct component *c)
{
    return regularizer(c);
}

/* All numbers of the network, plain, buffers too. */
static uint64_t read_all(struct weights_case *w, double *out)
{
    uint64_t n = 0;
    uint32_t n_buffers = 0;
    hone_parameter *const *buffers = hone_nn_buffers(w->g, &n_buffers);
    for (uint32_t i = 0; i < w->n; i++) {
        float *plain = weights_plain(w, i, w->all[i]->value);
        for (int64_t e = 0; e < hone_shape_elements(w->all[i]->dims, w->all[i]->n_dims); e++)
            out[n++] = (double)plain[e];
        free(plain);
    }
    for (uint32_t i = 0; i < n_buffers; i++)
        for (uint64_t e = 0; e < buffers[i]->length; e++)
            out[n++] = (double)buffers[i]->value[e];
    CU_ASSERT_FATAL(n <= MOST);
    return n;
}

/* Another set of weights and statistics, by number. */
static void move(struct weights_case *w, int number)
{
    uint32_t n_buffers = 0;
    hone_parameter *const *buffers = hone_nn_buffers(w->g, &n_buffers);
    for (uint32_t i = 0; i < w->n; i++)
        for (uint64_t e = 0; e < w->all[i]->length; e++)
            w->all[i]->value[e] *= 1 + 0.1f * (float)((number + (int)e) % 3 - 1); /* padding stays zero */
    for (uint32_t i = 0; i < n_buffers; i++)
        for (uint64_t e = 0; e < buffers[i]->length; e++)
            buffers[i]->value[e] = (float)(number + (int)e) * 0.01f;
}

static void step(struct component *c, struct weights_case *w, int number)
{
    const hone_pass pass = { .size = sizeof pass,
                             .step = (uint64_t)number,
                             .steps = STEPS,
                             .epoch = (uint64_t)(number / (STEPS / EPOCHS)),
                             .epochs = EPOCHS };
    const hone_decay now = { sizeof now, 0, 0.1, (uint64_t)number + 1 };
    CU_ASSERT_EQUAL(hooks(c)->before_pass(c->self, w->all, w->n, &pass, &c->err), HONE_OK);
    move(w, number);
    CU_ASSERT_EQUAL(hooks(c)->after_update(c->self, w->all, w->n, &now, &c->err), HONE_OK);
}

static double expected[MOST], trained[MOST], shown[MOST], after[MOST];

static void evaluate(struct component *c, struct weights_case *w)
{
    read_all(w, trained);
    CU_ASSERT_EQUAL(hooks(c)->on_evaluation(c->self, w->all, w->n, 1, &c->err), HONE_OK);
    read_all(w, shown);
    CU_ASSERT_EQUAL(hooks(c)->on_evaluation(c->self, w->all, w->n, 0, &c->err), HONE_OK);
    const uint64_t n = read_all(w, after);
    CU_ASSERT_EQUAL(memcmp(trained, after, n * sizeof *after), 0); /* training goes on with its own, to the bit */
}

static void test_moving_average(void)
{
    struct weights_case w;
    struct component c;
    uint64_t n = 0;
    weights_open(&w, 1);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "weight_average", 1, "decay", "0.4", NULL), HONE_OK);
    CU_ASSERT_EQUAL(hooks(&c)->on_network(c.self, w.g, w.all, w.n, &c.err), HONE_OK);
    for (int t = 0; t < STEPS; t++) {
        step(&c, &w, t);
        n = read_all(&w, trained);
        const double d = t ? fmin(0.4, (1.0 + t) / (10.0 + t)) : 0;
        for (uint64_t e = 0; e < n; e++)
            expected[e] = d * expected[e] + (1 - d) * trained[e];
        CU_ASSERT(d < 0.4 || t > 4); /* both limits are seen */
    }
    evaluate(&c, &w);
    for (uint64_t e = 0; e < n; e++)
        CU_ASSERT(near(shown[e], expected[e], 1e-6));
    CU_ASSERT_EQUAL(hooks(&c)->at_end(c.self, NULL, &c.err), HONE_OK);
    read_all(&w, after);
    CU_ASSERT_EQUAL(memcmp(shown, after, n * sizeof *after), 0); /* for good */
    for (uint32_t i = 0; i < w.n; i++)
        CU_ASSERT(weights_padding_is_zero(&w, i, w.all[i]->value));
    component_close(&c);
    weights_close(&w);
}

/* start = 0.5 of three epochs: the second and third epochs' weights, each at its end. */
static void test_mean_of_the_last_epochs(void)
{
    struct weights_case w;
    struct component c;
    uint64_t n = 0;
    weights_open(&w, 1);
    memset(expected, 0, sizeof expected);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "weight_average", 1, "mode", "swa", "start", "0.5", NULL), HONE_OK);
    CU_ASSERT_EQUAL(hooks(&c)->on_network(c.self, w.g, w.all, w.n, &c.err), HONE_OK);
    for (int t = 0; t < STEPS; t++) {
        step(&c, &w, t);
        if (t % 2 == 0)
            continue;
        n = read_all(&w, trained);
        evaluate(&c, &w);
        if (t == 1)
            CU_ASSERT_EQUAL(memcmp(shown, trained, n * sizeof *shown), 0) /* nothing counts yet */
        for (uint64_t e = 0; e < n && t > 1; e++)
            expected[e] += trained[e] / 2;
    }
    for (uint64_t e = 0; e < n; e++)
        CU_ASSERT(near(shown[e], expected[e], 1e-6));
    component_close(&c);
    weights_close(&w);
}

static void test_decay_zero_and_start_one_change_nothing(void)
{
    static const char *const settings[2][4] = { { "decay", "0", "mode", "ema" }, { "start", "1", "mode", "swa" } };
    for (int k = 0; k < 2; k++) {
        struct weights_case w;
        struct component c;
        weights_open(&w, 1);
        CU_ASSERT_EQUAL_FATAL(component_open(&c, "weight_average", 1, settings[k][0], settings[k][1], settings[k][2],
                                             settings[k][3], NULL),
                              HONE_OK);
        CU_ASSERT_EQUAL(hooks(&c)->on_network(c.self, w.g, w.all, w.n, &c.err), HONE_OK);
        for (int t = 0; t < STEPS; t++) {
            step(&c, &w, t);
            if (t % 2) {
                evaluate(&c, &w);
                CU_ASSERT_EQUAL(memcmp(shown, trained, read_all(&w, after) * sizeof *shown), 0);
            }
        }
        component_close(&c);
        weights_close(&w);
    }
}

/* A state as large as the network. */
struct large {
    unsigned char bytes[1 << 19];
    size_t n, at;
};

static int64_t large_write(void *ctx, const void *data, uint64_t n)
{
    struct large *l = (struct large *)ctx;
    CU_ASSERT_FATAL(l->n + n <= sizeof l->bytes);
    memcpy(l->bytes + l->n, data, n);
    l->n += n;
    return (int64_t)n;
}

static int64_t large_read(void *ctx, void *buffer, uint64_t n)
{
    struct large *l = (struct large *)ctx;
    const uint64_t got = n < l->n - l->at ? n : l->n - l->at;
    memcpy(buffer, l->bytes + l->at, got);
    l->at += got;
    return (int64_t)got;
}

static hone_rc save_large(struct component *c, struct large *state)
{
    const hone_ostream out = { state, large_write };
    state->n = 0;
    return c->component->save(c->self, &out, &c->err);
}

static hone_rc load_large(struct component *c, struct large *state)
{
    const hone_istream in = { state, large_read };
    state->at = 0;
    return c->component->load(c->self, &in, &c->err);
}

/* Saved in the middle, loaded into a network of the same weights before or after it is known: the same to the bit. */
static void test_state(void)
{
    static struct large state;
    static double wanted[MOST];
    for (int known = 0; known < 2; known++) {
        struct weights_case v, w;
        struct component a, b;
        uint64_t n = 0;
        weights_open(&v, 1);
        weights_open(&w, 1);
        CU_ASSERT_EQUAL_FATAL(component_open(&a, "weight_average", 1, "decay", "0.9", "warmup", "no", NULL), HONE_OK);
        CU_ASSERT_EQUAL_FATAL(component_open(&b, "weight_average", 1, "decay", "0.9", "warmup", "no", NULL), HONE_OK);
        CU_ASSERT_EQUAL(hooks(&a)->on_network(a.self, v.g, v.all, v.n, &a.err), HONE_OK);
        for (int t = 0; t < 3; t++) {
            step(&a, &v, t);
            move(&w, t);
        }
        CU_ASSERT_EQUAL_FATAL(save_large(&a, &state), HONE_OK);
        if (known)
            CU_ASSERT_EQUAL(hooks(&b)->on_network(b.self, w.g, w.all, w.n, &b.err), HONE_OK);
        CU_ASSERT_EQUAL_FATAL(load_large(&b, &state), HONE_OK);
        if (!known)
            CU_ASSERT_EQUAL(hooks(&b)->on_network(b.self, w.g, w.all, w.n, &b.err), HONE_OK);
        for (int t = 3; t < STEPS; t++) {
            step(&a, &v, t);
            step(&b, &w, t);
        }
        evaluate(&a, &v);
        memcpy(wanted, shown, sizeof wanted);
        evaluate(&b, &w);
        n = read_all(&w, after);
        CU_ASSERT_EQUAL(memcmp(wanted, shown, n * sizeof *shown), 0);
        component_close(&a);
        component_close(&b);
        weights_close(&v);
        weights_close(&w);
    }
}

/* States of other networks, and cut ones, are refused. */
static void test_hostile_states(void)
{
    static struct parameters p;
    static struct state state;
    struct weights_case w;
    struct component a, b;
    const hone_decay now = { sizeof now, 0, 0.1, 1 };
    parameters_fill(&p, 1);
    weights_open(&w, 1);
    CU_ASSERT_EQUAL_FATAL(component_open(&a, "weight_average", 1, NULL), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(component_open(&b, "weight_average", 1, NULL), HONE_OK);
    CU_ASSERT_EQUAL(hooks(&a)->after_update(a.self, p.all, SHAPES, &now, &a.err), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(component_save(&a, &state), HONE_OK);
    CU_ASSERT_EQUAL(hooks(&b)->on_network(b.self, w.g, w.all, w.n, &b.err), HONE_OK);
    CU_ASSERT_EQUAL(component_load(&b, &state), HONE_EINVAL);
    state.n = 600; /* cutting all places of a long state takes long */
    CU_ASSERT(component_load(&a, &state) < 0);
    component_close(&a);
    component_close(&b);
    weights_close(&w);
}

SUITE(TEST(test_moving_average), TEST(test_mean_of_the_last_epochs), TEST(test_decay_zero_and_start_one_change_nothing),
      TEST(test_state), TEST(test_hostile_states))
