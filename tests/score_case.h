/* SPDX-License-Identifier: MIT */
/* Comparing metrics with the recorded values of fixtures/scores.h. */
#ifndef HONE_TESTS_SCORE_CASE_H
#define HONE_TESTS_SCORE_CASE_H
#include "component.h"
#include "fixtures/scores.h"
#include "hone/metric.h"

enum { FOUND_MOST = 32 };
struct found {
    unsigned n;
    char names[FOUND_MOST][64];
    double values[FOUND_MOST];
    uint32_t directions[FOUND_MOST];
};

static void found_value_(void *ctx, const char *name, double value, uint32_t direction)
{
    struct found *f = (struct found *)ctx;
    CU_ASSERT_FATAL(f->n < FOUND_MOST);
    snprintf(f->names[f->n], sizeof f->names[0], "%s", name);
    f->values[f->n] = value;
    f->directions[f->n++] = direction;
}

static const hone_metric_v1 *score_iface(const struct component *m)
{
    return (const hone_metric_v1 *)m->component->iface;
}

__attribute__((unused)) static struct found score_compute(struct component *m)
{
    struct found f;
    const hone_metric_sink sink = { &f, found_value_, NULL };
    memset(&f, 0, sizeof f);
    CU_ASSERT_EQUAL(score_iface(m)->compute(m->self, &sink, &m->err), HONE_OK);
    return f;
}

__attribute__((unused)) static struct found score_list(struct component *m, const hone_task *task)
{
    struct found f;
    const hone_metric_sink sink = { &f, found_value_, NULL };
    memset(&f, 0, sizeof f);
    CU_ASSERT_EQUAL(score_iface(m)->list(m->self, task, &sink, &m->err), HONE_OK);
    return f;
}

/* The value of that name; NaN and a failure where there is none. */
__attribute__((unused)) static double found_named(const struct found *f, const char *name)
{
    for (unsigned i = 0; i < f->n; i++)
        if (!strcmp(f->names[i], name))
            return f->values[i];
    printf("#   no value is called %s\n", name);
    CU_FAIL("a value is missing");
    return (double)NAN;
}

__attribute__((unused)) static hone_task score_task(const struct scored *s)
{
    hone_task task;
    memset(&task, 0, sizeof task);
    task.size = sizeof task;
    task.kind = s->labels ? HONE_TASK_CLASSIFICATION : HONE_TASK_REGRESSION;
    task.n_outputs = s->k;
    task.n_dims = 1;
    task.dims[0] = 3;
    task.dtype = HONE_F32;
    return task;
}

/* Samples [from, to), in batches of `batch`. */
__attribute__((unused)) static hone_rc score_feed(struct component *m, const struct scored *s, uint64_t from,
                                                  uint64_t to, uint64_t batch)
{
    hone_rc rc = HONE_OK;
    for (uint64_t at = from; at < to && rc == HONE_OK; at += batch) {
        const uint64_t element = at * (uint64_t)s->k;
        const hone_predictions p = { sizeof p,
                                     0,
                                     to - at < batch ? to - at : batch,
                                     s->k,
                                     s->outputs + element,
                                     s->labels ? s->labels + at : NULL,
                                     s->targets ? s->targets + element : NULL,
                                     NULL };
        rc = score_iface(m)->update(m->self, &p, &m->err);
    }
    return rc;
}

__attribute__((unused)) static int score_open(struct component *m, const char *name, const char *const settings[6])
{
    return component_open(m, name, 1, settings[0], settings[1], settings[2], settings[3], settings[4], settings[5],
                          NULL) == HONE_OK;
}

__attribute__((unused)) static int same_(double a, double b, double tolerance)
{
    return isnan(a) || isnan(b) ? isnan(a) && isnan(b) : near(a, b, tolerance);
}

/* The metric of all samples at once, and of the later ones merged with the earlier ones; as list has named it, without
 * values as long as there are no samples. */
__attribute__((unused)) static void score_check(const struct scored *s, const struct score *expected)
{
    const hone_task task = score_task(s);
    struct component one, two;
    CU_ASSERT_FATAL(score_open(&one, expected->metric, expected->settings));
    CU_ASSERT_FATAL(score_open(&two, expected->metric, expected->settings));
    const hone_metric_v1 *iface = score_iface(&one);
    const struct found listed = score_list(&one, &task);
    CU_ASSERT_EQUAL(iface->begin(one.self, &task, &one.err), HONE_OK);
    const struct found empty = score_compute(&one);
    CU_ASSERT_EQUAL(score_feed(&one, s, 0, s->n, 7), HONE_OK);
    const struct found whole = score_compute(&one);
    CU_ASSERT(empty.n == listed.n && whole.n == listed.n);
    for (unsigned i = 0; i < listed.n; i++) {
        CU_ASSERT_STRING_EQUAL(whole.names[i], listed.names[i]);
        CU_ASSERT_EQUAL(whole.directions[i], listed.directions[i]);
        CU_ASSERT(isnan(empty.values[i]));
    }
    CU_ASSERT_EQUAL(iface->begin(one.self, &task, &one.err), HONE_OK); /* anew */
    CU_ASSERT_EQUAL(iface->begin(two.self, &task, &two.err), HONE_OK);
    CU_ASSERT_EQUAL(iface->merge(one.self, two.self, &one.err), HONE_OK); /* nothing with nothing */
    CU_ASSERT_EQUAL(score_feed(&one, s, s->n / 3, s->n, 64), HONE_OK);
    CU_ASSERT_EQUAL(score_feed(&two, s, 0, s->n / 3, 5), HONE_OK);
    CU_ASSERT_EQUAL(iface->merge(one.self, two.self, &one.err), HONE_OK);
    const struct found merged = score_compute(&one);
    const double a = found_named(&whole, expected->name), b = found_named(&merged, expected->name);
    const int equal = same_(a, expected->value, 1e-9) && same_(b, expected->value, 1e-9);
    if (!equal)
        printf("#   %s of %s with %s = %s: %.15g, merged %.15g, recorded %.15g\n", expected->name, s->name,
               expected->settings[0] ? expected->settings[0] : "-", expected->settings[1] ? expected->settings[1] : "-",
               a, b, expected->value);
    CU_ASSERT(equal);
    component_close(&one);
    component_close(&two);
}

/* All recorded values of predictions of classes, or of numbers; `metric`: of that one, NULL: of all. Returns how many. */
__attribute__((unused)) static unsigned scores_check(int classes, const char *metric)
{
    unsigned n = 0;
    for (unsigned i = 0; i < N_SCORES; i++)
        for (unsigned k = 0; k < N_SCORED; k++)
            if (!strcmp(scored[k].name, scores[i].scored) && !scored[k].labels == !classes &&
                (!metric || !strcmp(metric, scores[i].metric))) {
                score_check(&scored[k], &scores[i]);
                n++;
            }
    return n;
}

/* Refuses the other task, other shapes, and parts of another shape. */
__attribute__((unused)) static void score_refuses_other_shapes(const char *name, const char *key, const char *text,
                                                               int classes)
{
    const struct scored *two = NULL, *more = NULL;
    struct component one, other;
    for (unsigned i = 0; i < N_SCORED; i++)
        if (!scored[i].labels == !classes) {
            two = scored[i].k <= 2 && scored[i].n > 1 ? &scored[i] : two;
            more = scored[i].k > 2 ? &scored[i] : more;
        }
    hone_task task = score_task(two), wrong = task, large = score_task(more);
    wrong.kind = classes ? HONE_TASK_REGRESSION : HONE_TASK_CLASSIFICATION;
    CU_ASSERT_EQUAL_FATAL(component_open(&one, name, 1, key, text, NULL), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(component_open(&other, name, 1, key, text, NULL), HONE_OK);
    CU_ASSERT_EQUAL(score_iface(&one)->begin(one.self, &wrong, &one.err), HONE_EINVAL);
    CU_ASSERT_EQUAL(score_iface(&one)->begin(one.self, &task, &one.err), HONE_OK);
    CU_ASSERT_EQUAL(score_feed(&one, more, 0, 1, 1), HONE_EINVAL);
    CU_ASSERT_EQUAL(score_iface(&other)->begin(other.self, &large, &other.err), HONE_OK);
    CU_ASSERT_EQUAL(score_iface(&one)->merge(one.self, other.self, &one.err), HONE_EINVAL);
    CU_ASSERT_EQUAL(score_feed(&one, two, 0, 2, 2), HONE_OK); /* it is not broken by that */
    component_close(&one);
    component_close(&other);
}
#endif
