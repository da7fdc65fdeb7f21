/* SPDX-License-Identifier: MIT */
/* Tests of scheduler/patient against a reference that follows the text of Optuna's _patient.py, alone and around another
 * scheduler that stops everything. */
#include "fake_host.h"
#include "harness.h"
#include "hone/compose.h"
#include "hone/rng.h"
#include "hone/scheduler.h"

enum { STEPS = 40 };

/* ---- a host that opens one scheduler: strict, which stops whatever reports a value above 0 ---- */

static unsigned heard, ended;

static hone_rc strict_open(void *self, const hone_scheduler_info *info, hone_error *err)
{
    (void)self, (void)info, (void)err;
    return HONE_OK;
}

static hone_rc strict_report(void *self, const hone_report *r, uint32_t *verdict, hone_error *err)
{
    (void)self, (void)err;
    heard++;
    *verdict = r->values[0] > 0 ? HONE_STOP : HONE_CONTINUE;
    return HONE_OK;
}

static hone_rc strict_finish(void *self, uint64_t trial, uint32_t status, const double *values, hone_error *err)
{
    (void)self, (void)trial, (void)status, (void)values, (void)err;
    ended++;
    return HONE_OK;
}

static hone_rc strict_next(void *self, hone_order *order, hone_error *err)
{
    (void)self, (void)order, (void)err;
    return HONE_WAIT;
}

static const hone_scheduler_v1 strict = { sizeof strict, 0, strict_open, NULL, strict_report, strict_finish };
static const hone_scheduler_v1 orders = { sizeof orders, 0, strict_open, strict_next, strict_report, strict_finish };
static const hone_component strict_component = { .size = sizeof strict_component, .iface = &strict };
static const hone_component orders_component = { .size = sizeof orders_component, .iface = &orders };
static int opened;

static hone_rc compose_open(const hone_host *host, const char *kind, const char *name, hone_instance *instance,
                            hone_error *err)
{
    (void)host;
    CU_ASSERT_STRING_EQUAL(kind, HONE_KIND_SCHEDULER);
    if (strcmp(name, "strict") != 0 && strcmp(name, "orders") != 0)
        return hone_fail(err, HONE_ENOTSUP, "wraps", "there is no scheduler '%s'", name);
    instance->component = name[0] == 's' ? &strict_component : &orders_component;
    instance->self = instance;
    opened++;
    return HONE_OK;
}

static void compose_close(const hone_host *host, hone_instance *instance)
{
    (void)host;
    instance->self = NULL;
    opened--;
}

static void compose_note(const hone_host *host, const char *text)
{
    (void)host, (void)text;
}

static const void *get_ext(const hone_host *host, const char *id)
{
    static const hone_compose_v1 compose = { sizeof compose, 0, compose_open, compose_close, compose_note };
    (void)host;
    return strcmp(id, HONE_EXT_COMPOSE) ? NULL : &compose;
}

static const hone_component *patient(void)
{
    return fake_component(HONE_KIND_SCHEDULER, "patient");
}

static hone_rc make(void **self, const char *wraps, const char *more, fake_plugin *p)
{
    char settings[200];
    hone_create_info info = { .size = sizeof info, .seed = 1 };
    hone_host *host = &p->host.host;
    /* its settings read as the host reads them, its instance made by hand: the host must compose from the beginning */
    snprintf(settings, sizeof settings, "wraps=\n%s", more);
    CU_ASSERT_EQUAL_FATAL(fake_plugin_init(p, patient(), 1, settings), HONE_OK);
    memcpy(p->config, &wraps, sizeof wraps); /* the first key */
    host->get_ext = get_ext;
    info.config = p->config;
    return patient()->create(host, &info, self, &p->err);
}

/* Optuna's rule on the values of steps 0 .. n-1: lower is better. */
static int reference(const double *values, int n, int patience, double min_delta)
{
    double before = (double)NAN, after = (double)NAN;
    if (n <= patience + 1)
        return 0;
    for (int i = 0; i < n - patience - 1; i++)
        if (!isnan(values[i]) && !(before <= values[i]))
            before = values[i];
    for (int i = n - patience - 1; i < n; i++)
        if (!isnan(values[i]) && !(after <= values[i]))
            after = values[i];
    return before + min_delta < after;
}

static void test_agrees_with_the_reference(void)
{
    for (int wrapping = 0; wrapping < 2; wrapping++)
        for (uint64_t seed = 0; seed < 200; seed++) {
            const hone_scheduler_info info = { sizeof info, 1, STEPS, 1, NULL, 1, NULL };
            const int patience = (int)(seed % 5);
            const double min_delta = seed % 3 ? 0 : 0.2;
            hone_rng rng = hone_rng_at(seed, 1);
            double values[STEPS];
            char more[80];
            fake_plugin p;
            void *self = NULL;
            snprintf(more, sizeof more, "patience=%d\nmin_delta=%g", patience, min_delta);
            CU_ASSERT_EQUAL_FATAL(make(&self, wrapping ? "strict" : "", more, &p), HONE_OK);
            const hone_scheduler_v1 *iface = (const hone_scheduler_v1 *)patient()->iface;
            CU_ASSERT_EQUAL(iface->open(self, &info, &p.err), HONE_OK);
            heard = ended = 0;
            for (int i = 0; i < STEPS; i++) {
                uint32_t verdict = 99;
                values[i] = hone_rng_uniform(&rng) < 0.1 ? (double)NAN : floor(8 * hone_rng_normal(&rng) - i) / 8;
                const hone_report r = { sizeof r, 1, 5, i + 1, &values[i], NULL };
                CU_ASSERT_EQUAL(iface->report(self, &r, &verdict, &p.err), HONE_OK);
                const int still = reference(values, i + 1, patience, min_delta);
                CU_ASSERT_EQUAL(verdict, still && (!wrapping || values[i] > 0) ? HONE_STOP : HONE_CONTINUE);
            }
            CU_ASSERT_EQUAL(iface->finish(self, 5, 0, values, &p.err), HONE_OK);
            CU_ASSERT_EQUAL(heard, wrapping ? STEPS : 0);
            CU_ASSERT_EQUAL(ended, (unsigned)wrapping);
            patient()->destroy(self);
            CU_ASSERT_EQUAL(opened, 0);
            fake_plugin_release(&p);
        }
}

static void test_what_cannot_be_wrapped(void)
{
    static const char *const names[] = { "orders", "nothing" };
    for (size_t i = 0; i < HONE_COUNT(names); i++) {
        fake_plugin p;
        void *self = NULL;
        CU_ASSERT_EQUAL(make(&self, names[i], "", &p), HONE_ENOTSUP);
        CU_ASSERT_STRING_EQUAL(p.err.param, "wraps");
        CU_ASSERT_EQUAL(opened, 0);
        fake_plugin_release(&p);
    }
}

SUITE(TEST(test_agrees_with_the_reference), TEST(test_what_cannot_be_wrapped))
