/* SPDX-License-Identifier: MIT */
/* The rule, and handing over: with a host whose searches are made up, so that what they hear can be looked at. */
#include "component.h"

#include "auto.h"
#include "hone/compose.h"

/* ---- searches that count ---- */
struct fake {
    const char *name;
    uint64_t n_told, n_asked, first_trial;
    double sum; /* of the values told */
    uint32_t n_values;
};
static const char *installed;   /* names, with spaces around each */
static const char *refuses;     /* does not take any space */
static struct fake *at_work[4]; /* instances alive */
static char notes[2048];

static hone_rc fake_open(void *self, const hone_space *space, const hone_search_info *info, hone_error *err)
{
    struct fake *f = (struct fake *)self;
    (void)space;
    f->n_values = info->n_values;
    return refuses && !strcmp(refuses, f->name) ? hone_fail(err, HONE_ENOTSUP, "", "it does not take the space")
                                                : HONE_OK;
}

static hone_rc fake_ask(void *self, uint64_t trial, double *x, hone_error *err)
{
    struct fake *f = (struct fake *)self;
    (void)err;
    (void)trial;
    f->n_asked++;
    x[0] = 0.5; /* always the same: what runs already must not come again in a finite space */
    x[1] = fmod((double)f->n_told, 7);
    return HONE_OK;
}

static hone_rc fake_tell(void *self, const hone_outcome *o, hone_error *err)
{
    struct fake *f = (struct fake *)self;
    (void)err;
    if (!f->n_told)
        f->first_trial = o->trial;
    f->n_told++;
    f->sum += o->values[0];
    return HONE_OK;
}

static hone_rc fake_save(void *self, const hone_ostream *out, hone_error *err)
{
    const struct fake *f = (const struct fake *)self;
    const hone_rc rc = hone_write(out, &f->n_told, sizeof f->n_told, err);
    return rc == HONE_OK ? hone_write(out, &f->sum, sizeof f->sum, err) : rc;
}

static hone_rc fake_load(void *self, const hone_istream *in, hone_error *err)
{
    struct fake *f = (struct fake *)self;
    hone_rc rc = hone_read(in, &f->n_told, sizeof f->n_told, err);
    if (rc == HONE_OK)
        rc = hone_read(in, &f->sum, sizeof f->sum, err);
    return rc == HONE_OK ? hone_read_end(in, err) : rc;
}

static const hone_search_v1 fake_search = { sizeof fake_search, 0, fake_open, fake_ask, fake_tell };
static const hone_component fake_component = { .size = sizeof fake_component,
                                               .flags = HONE_C_STATEFUL,
                                               .kind = HONE_KIND_SEARCH,
                                               .name = "fake",
                                               .iface = &fake_search,
                                               .save = fake_save,
                                               .load = fake_load };

/* ---- the host ---- */
static hone_rc host_open(const hone_host *host, const char *kind, const char *name, hone_instance *instance,
                         hone_error *err)
{
    char word[40];
    (void)host;
    memset(instance, 0, sizeof *instance);
    snprintf(word, sizeof word, " %s ", name);
    if (strcmp(kind, "search/1") != 0 || !strstr(installed, word))
        return hone_fail(err, HONE_ENOTSUP, "", "no search '%s'", name);
    for (size_t i = 0; i < 4; i++)
        if (!at_work[i]) {
            at_work[i] = (struct fake *)calloc(1, sizeof **at_work);
            at_work[i]->name = name;
            instance->self = at_work[i];
            instance->component = &fake_component;
            return HONE_OK;
        }
    return hone_fail(err, HONE_EFAIL, "", "too many are open");
}

static void host_close(const hone_host *host, hone_instance *instance)
{
    (void)host;
    for (size_t i = 0; i < 4; i++)
        if (instance->self && at_work[i] == instance->self) {
            free(at_work[i]);
            at_work[i] = NULL;
        }
    memset(instance, 0, sizeof *instance);
}

static void host_note(const hone_host *host, const char *text)
{
    const size_t n = strlen(notes);
    (void)host;
    snprintf(notes + n, sizeof notes - n, "%s\n", text);
}

static const void *host_ext(const hone_host *host, const char *id)
{
    static const hone_compose_v1 compose = { sizeof compose, 0, host_open, host_close, host_note };
    (void)host;
    return strcmp(id, HONE_EXT_COMPOSE) == 0 ? &compose : NULL;
}
static const hone_host host = { .size = sizeof host, .get_ext = host_ext };

/* ---- the space ---- */
static const hone_dim number = { .size = sizeof(hone_dim), .type = HONE_DIM_REAL, .key = "number", .min = 0, .max = 1 };
static const hone_dim count = {
    .size = sizeof(hone_dim), .type = HONE_DIM_INT, .key = "count", .min = 0, .max = 9, .step = 1
};
static const hone_dim half = { .size = sizeof(hone_dim), .type = HONE_DIM_REAL, .key = "half", .min = 0.5, .max = 0.5 };
static const hone_dim *const numbers[] = { &number, &count }, *const ten[] = { &half, &count };
static const hone_space space = { sizeof space, 2, numbers, 0, 0, NULL },
                        ten_points = { sizeof space, 2, ten, 0, 0, NULL };

static void start(struct component *c, const hone_space *s, uint32_t n_values, const char *few)
{
    const hone_search_info info = { sizeof info, n_values, 0, 0, 0, 0, NULL };
    hone_create_info create = { .size = sizeof create, .instance = "auto", .seed = 1 };
    *notes = 0;
    CU_ASSERT_EQUAL_FATAL(component_open(c, "auto", 1, "few_trials", few, "long_history", "40", NULL), HONE_OK);
    c->component->destroy(c->self); /* made anew, with a host */
    create.config = c->config;
    CU_ASSERT_EQUAL_FATAL(c->component->create(&host, &create, &c->self, &c->err), HONE_OK);
    const hone_search_v1 *iface = (const hone_search_v1 *)c->component->iface;
    CU_ASSERT_EQUAL_FATAL(iface->open(c->self, s, &info, &c->err), HONE_OK);
}

static hone_rc ask(struct component *c, uint64_t trial, double *x)
{
    return ((const hone_search_v1 *)c->component->iface)->ask(c->self, trial, x, &c->err);
}

static void tell(struct component *c, uint64_t trial, const double *x, double value)
{
    const double values[] = { value, -value };
    const hone_outcome o = { sizeof o, HONE_COMPLETE, trial, x, values, NULL, 1, 0, 0, NULL, 0, NULL };
    CU_ASSERT_EQUAL(((const hone_search_v1 *)c->component->iface)->tell(c->self, &o, &c->err), HONE_OK);
}

static const struct fake *only_one(void)
{
    const struct fake *found = NULL;
    for (size_t i = 0; i < 4; i++)
        if (at_work[i]) {
            CU_ASSERT_PTR_NULL(found);
            found = at_work[i];
        }
    return found;
}

static void run(struct component *c, uint64_t from, uint64_t to)
{
    for (uint64_t t = from; t < to; t++) {
        double x[2];
        CU_ASSERT_EQUAL_FATAL(ask(c, t, x), HONE_OK);
        tell(c, t, x, (double)t);
    }
}

static void test_hands_over_with_the_whole_history(void)
{
    struct component c;
    installed = " gp cmaes random ";
    refuses = NULL;
    start(&c, &space, 1, "20");
    run(&c, 0, 20);
    CU_ASSERT_STRING_EQUAL(only_one()->name, "gp");
    CU_ASSERT_EQUAL(only_one()->n_told, 20);
    run(&c, 20, 25);
    CU_ASSERT_STRING_EQUAL(only_one()->name, "cmaes");
    CU_ASSERT_EQUAL(only_one()->n_told, 25);
    CU_ASSERT_EQUAL(only_one()->first_trial, 0);
    CU_ASSERT_EQUAL(only_one()->n_asked, 5);
    CU_ASSERT_DOUBLE_EQUAL(only_one()->sum, 24 * 25 / 2, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(notes, "begins with gp: 2 parameters"));
    CU_ASSERT_PTR_NOT_NULL(strstr(notes, "hands over to cmaes after 20 outcomes"));
    component_close(&c);
    CU_ASSERT_PTR_NULL(only_one());
}

static void test_takes_what_is_there_and_takes_the_space(void)
{
    struct component c;
    installed = " gp tpe random ";
    refuses = "gp";
    start(&c, &space, 1, "20");
    run(&c, 0, 25);
    CU_ASSERT_STRING_EQUAL(only_one()->name, "tpe");
    CU_ASSERT_EQUAL(only_one()->n_asked, 25); /* the phase changed, the search was not made anew */
    CU_ASSERT_EQUAL(only_one()->n_told, 25);
    CU_ASSERT_PTR_NULL(strstr(notes, "hands over"));
    component_close(&c);
    installed = "";
    refuses = NULL;
    start(&c, &space, 1, "20");
    run(&c, 0, 25);
    CU_ASSERT_PTR_NULL(only_one());
    CU_ASSERT_PTR_NOT_NULL(strstr(notes, "begins with draws from the prior"));
    component_close(&c);
}

static void test_never_repeats_a_point_of_a_finite_space(void)
{
    struct component c;
    double x[11][2];
    int seen[10] = { 0 };
    installed = " gp ";
    refuses = NULL;
    start(&c, &ten_points, 1, "5");
    for (uint64_t t = 0; t < 10; t++) { /* all run at once; the search underneath knows nothing better than one point */
        CU_ASSERT_EQUAL_FATAL(ask(&c, t, x[t]), HONE_OK);
        seen[(int)x[t][1]]++;
    }
    for (int i = 0; i < 10; i++)
        CU_ASSERT_EQUAL(seen[i], 1);
    CU_ASSERT_EQUAL(ask(&c, 10, x[10]), HONE_DONE);
    component_close(&c);
}

static void test_state_is_that_of_the_search_at_work(void)
{
    static struct state state, again;
    struct component c, d;
    double x[2], y[2];
    installed = " gp cmaes ";
    refuses = NULL;
    start(&c, &space, 1, "20");
    run(&c, 0, 23);
    CU_ASSERT_EQUAL_FATAL(component_save(&c, &state), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(ask(&c, 23, x), HONE_OK);
    component_close(&c);
    start(&d, &space, 1, "20");
    CU_ASSERT_EQUAL_FATAL(component_load(&d, &state), HONE_OK);
    CU_ASSERT_STRING_EQUAL(only_one()->name, "cmaes");
    CU_ASSERT_EQUAL(only_one()->n_told, 23);
    CU_ASSERT_EQUAL_FATAL(component_save(&d, &again), HONE_OK);
    CU_ASSERT(again.n == state.n && !memcmp(again.bytes, state.bytes, state.n));
    CU_ASSERT_EQUAL_FATAL(ask(&d, 23, y), HONE_OK);
    CU_ASSERT(x[0] == y[0] && x[1] == y[1]);
    CU_ASSERT_STRING_EQUAL(notes, ""); /* nothing new */
    component_close(&d);
    installed = " gp ";
    start(&d, &space, 1, "20");
    CU_ASSERT(component_load(&d, &state) < 0); /* cmaes is gone */
    CU_ASSERT_PTR_NOT_NULL(strstr(d.err.msg, "cmaes"));
    component_close(&d);
}

/* ---- the rule ---- */
static void test_rule(void)
{
    const struct limits limits = { 100, 20, 1000 };
    const struct traits few = { 5, 0, 0, 1 }, wide = { 50, 0, 0, 1 }, choices = { 5, 2, 0, 1 },
                        branches = { 5, 1, 2, 1 }, multi = { 5, 0, 0, 2 };
    CU_ASSERT_STRING_EQUAL(rule_order(rule_phase(&few, &limits, 0))[0], "gp");
    CU_ASSERT_STRING_EQUAL(rule_order(rule_phase(&few, &limits, 99))[0], "gp");
    CU_ASSERT_STRING_EQUAL(rule_order(rule_phase(&few, &limits, 100))[0], "cmaes");
    CU_ASSERT_STRING_EQUAL(rule_order(rule_phase(&wide, &limits, 0))[0], "tpe");
    CU_ASSERT_STRING_EQUAL(rule_order(rule_phase(&wide, &limits, 1000))[0], "cmaes");
    CU_ASSERT_STRING_EQUAL(rule_order(rule_phase(&choices, &limits, 99))[0], "gp");
    CU_ASSERT_STRING_EQUAL(rule_order(rule_phase(&choices, &limits, 100))[0], "tpe");
    CU_ASSERT_STRING_EQUAL(rule_order(rule_phase(&branches, &limits, 5000))[0], "tpe");
    CU_ASSERT_STRING_EQUAL(rule_order(rule_phase(&multi, &limits, 0))[0], "gp");
    CU_ASSERT_STRING_EQUAL(rule_order(rule_phase(&multi, &limits, 500))[0], "tpe");
    CU_ASSERT_STRING_EQUAL(rule_order(rule_phase(&multi, &limits, 1000))[0], "nsga2");
    for (uint32_t phase = 0; phase < N_PHASES; phase++) { /* every order ends with one that takes everything */
        const char *const *name = rule_order(phase);
        while (name[1])
            name++;
        CU_ASSERT_STRING_EQUAL(*name, "random");
    }
}

SUITE(TEST(test_hands_over_with_the_whole_history), TEST(test_takes_what_is_there_and_takes_the_space),
      TEST(test_never_repeats_a_point_of_a_finite_space), TEST(test_state_is_that_of_the_search_at_work),
      TEST(test_rule))
