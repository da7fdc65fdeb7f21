/* SPDX-License-Identifier: MIT */
/* Trials made for rules of the kind diagnosis, and what the rules say of them.
 *
 *     struct patient p;
 *     patient_init(&p, 20);
 *     double *loss = patient_curve(&p, "validation.loss");
 *     ... patient_key, patient_section, patient_installed, patient_metric, patient_dim, patient_trial ...
 *     CU_ASSERT_PTR_NOT_NULL(patient_ask(&p, "fit", "overfits", NULL));
 *     ... patient_advice(&p, "regularizer.dropout"), p.evidence ... */
#ifndef HONE_TESTS_DIAGNOSIS_CASE_H
#define HONE_TESTS_DIAGNOSIS_CASE_H
#include "component.h"
#include "hone/diagnosis.h"

enum { PATIENT_STEPS = 128, PATIENT_ITEMS = 48, PATIENT_TRIALS = 128, PATIENT_DIMS = 4, PATIENT_FINDINGS = 16 };

struct patient_finding {
    uint32_t severity, n_advice;
    char rule[64], verdict[256], evidence[640], keys[8][128], texts[8][256];
};
struct patient {
    hone_diagnosis_data data;
    hone_trial_record record;
    hone_value objective, metrics[PATIENT_ITEMS];
    int64_t steps[PATIENT_STEPS];
    double curves[PATIENT_ITEMS][PATIENT_STEPS];
    hone_curve curve_items[PATIENT_ITEMS];
    const hone_curve *curve_list[PATIENT_ITEMS];
    hone_diagnosed_key keys[PATIENT_ITEMS];
    const hone_diagnosed_key *key_list[PATIENT_ITEMS];
    hone_diagnosed_section sections[PATIENT_ITEMS];
    const hone_diagnosed_section *section_list[PATIENT_ITEMS];
    hone_installed_component installed[PATIENT_ITEMS];
    const hone_installed_component *installed_list[PATIENT_ITEMS];
    hone_dim dims[PATIENT_DIMS];
    const hone_dim *dim_list[PATIENT_DIMS];
    hone_space space;
    double x[PATIENT_TRIALS * PATIENT_DIMS], values[PATIENT_TRIALS], point[PATIENT_DIMS];
    struct patient_finding findings[PATIENT_FINDINGS];
    uint32_t n_findings;
};

/* A complete trial of n steps, the winner of its study, whose objective is validation.loss. */
static void patient_init(struct patient *p, uint32_t n)
{
    memset(p, 0, sizeof *p);
    p->objective = (hone_value){ "validation.loss", 0, HONE_MINIMIZE, 0 };
    p->record = (hone_trial_record){ .size = sizeof p->record,
                                     .state = HONE_STATE_COMPLETE,
                                     .n_values = 1,
                                     .values = p->values,
                                     .metrics = p->metrics,
                                     .step = n,
                                     .component = "",
                                     .message = "" };
    for (uint32_t i = 0; i < n; i++)
        p->steps[i] = i + 1;
    p->space = (hone_space){ sizeof p->space, 0, p->dim_list, 0, 0, NULL };
    p->data = (hone_diagnosis_data){ .size = sizeof p->data,
                                     .n_objectives = 1,
                                     .objectives = &p->objective,
                                     .trial = &p->record,
                                     .n_steps = n,
                                     .steps = p->steps,
                                     .curves = p->curve_list,
                                     .keys = p->key_list,
                                     .sections = p->section_list,
                                     .installed = p->installed_list,
                                     .space = &p->space,
                                     .x = p->x,
                                     .values = p->values,
                                     .trial_x = p->point,
                                     .is_winner = 1 };
}

/* Its values, to be filled: (n_steps) zeros. The same again for a name that there is. */
static double *patient_curve(struct patient *p, const char *name)
{
    const uint32_t i = p->data.n_curves;
    for (uint32_t k = 0; k < i; k++)
        if (!strcmp(p->curve_items[k].name, name))
            return p->curves[k];
    CU_ASSERT_FATAL(i < PATIENT_ITEMS);
    p->curve_items[i] = (hone_curve){ sizeof(hone_curve), HONE_MINIMIZE, name, p->curves[i] };
    p->curve_list[i] = &p->curve_items[i];
    p->data.n_curves++;
    return p->curves[i];
}

__attribute__((unused)) static void patient_constant(struct patient *p, const char *name, double value)
{
    double *c = patient_curve(p, name);
    for (uint32_t i = 0; i < p->data.n_steps; i++)
        c[i] = value;
}

/* From `from` towards `to`, as exp(-speed * t) with t from 0 to 1. */
__attribute__((unused)) static void patient_decay(struct patient *p, const char *name, double from, double to,
                                                  double speed)
{
    double *c = patient_curve(p, name);
    for (uint32_t i = 0; i < p->data.n_steps; i++)
        c[i] = to + (from - to) * exp(-speed * i / (p->data.n_steps - 1));
}

__attribute__((unused)) static hone_diagnosed_key *patient_key(struct patient *p, const char *path, const char *text)
{
    hone_diagnosed_key *k = &p->keys[p->data.n_keys];
    CU_ASSERT_FATAL(p->data.n_keys < PATIENT_ITEMS);
    *k = (hone_diagnosed_key){ .size = sizeof *k, .path = path, .text = text, .place = "a.ini:1", .dim = UINT32_MAX };
    if (!hone_parse_real(text, NULL, &k->number))
        k->number = (double)NAN;
    p->key_list[p->data.n_keys++] = k;
    return k;
}

__attribute__((unused)) static void patient_section(struct patient *p, const char *name, const char *kind,
                                                    const char *use, uint32_t enabled)
{
    hone_diagnosed_section *s = &p->sections[p->data.n_sections];
    CU_ASSERT_FATAL(p->data.n_sections < PATIENT_ITEMS);
    *s = (hone_diagnosed_section){ sizeof *s, enabled, name, kind, use };
    p->section_list[p->data.n_sections++] = s;
}

__attribute__((unused)) static void patient_installed(struct patient *p, const char *kind, const char *name)
{
    hone_installed_component *c = &p->installed[p->data.n_installed];
    CU_ASSERT_FATAL(p->data.n_installed < PATIENT_ITEMS);
    *c = (hone_installed_component){ sizeof *c, 0, kind, name, "for the test" };
    p->installed_list[p->data.n_installed++] = c;
}

__attribute__((unused)) static void patient_metric(struct patient *p, const char *name, double value)
{
    CU_ASSERT_FATAL(p->record.n_metrics < PATIENT_ITEMS);
    p->metrics[p->record.n_metrics++] = (hone_value){ name, value, HONE_NO_DIRECTION, 0 };
}

/* A searched parameter, at `here` in this trial; its key has to be there. Before any patient_trial. */
__attribute__((unused)) static void patient_dim(struct patient *p, hone_dim dim, double here)
{
    const uint32_t i = p->space.n_dims++;
    CU_ASSERT_FATAL(i < PATIENT_DIMS);
    dim.size = sizeof dim;
    p->dims[i] = dim;
    p->dim_list[i] = &p->dims[i];
    p->point[i] = here;
    p->data.n_dims = p->space.n_dims;
    for (uint32_t k = 0; k < p->data.n_keys; k++)
        if (!strcmp(p->keys[k].path, dim.key)) {
            p->keys[k].dim = i;
            p->keys[k].flags |= HONE_KEY_SEARCHED;
        }
}

/* A complete trial of the study. x: (n_dims) */
__attribute__((unused)) static void patient_trial(struct patient *p, const double *x, double value)
{
    CU_ASSERT_FATAL(p->data.n < PATIENT_TRIALS);
    for (uint32_t i = 0; i < p->data.n_dims; i++)
        p->x[p->data.n * p->data.n_dims + i] = x[i];
    p->values[p->data.n++] = value;
}

static hone_rc patient_take(void *ctx, const hone_finding *f)
{
    struct patient *p = (struct patient *)ctx;
    CU_ASSERT_FATAL(p->n_findings < PATIENT_FINDINGS && f->n_advice <= 8);
    struct patient_finding *to = &p->findings[p->n_findings++];
    to->severity = f->severity;
    to->n_advice = f->n_advice;
    snprintf(to->rule, sizeof to->rule, "%s", f->rule);
    snprintf(to->verdict, sizeof to->verdict, "%s", f->verdict);
    snprintf(to->evidence, sizeof to->evidence, "%s", f->evidence);
    for (uint32_t i = 0; i < f->n_advice; i++) {
        snprintf(to->keys[i], sizeof to->keys[i], "%s", f->advice[i]->key);
        snprintf(to->texts[i], sizeof to->texts[i], "%s", f->advice[i]->text);
    }
    return HONE_OK;
}

/* Runs the rules with the default thresholds, or one other (key and text); what they say of `rule`, or NULL. */
static const struct patient_finding *patient_ask_with(struct patient *p, const char *rules, const char *rule,
                                                      const char *key, const char *text)
{
    struct component c;
    p->n_findings = 0;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, rules, 1, key, text, NULL), HONE_OK);
    CU_ASSERT_EQUAL(
        ((const hone_diagnosis_v1 *)c.component->iface)->diagnose(c.self, &p->data, patient_take, p, &c.err), HONE_OK);
    component_close(&c);
    for (uint32_t i = 0; i < p->n_findings; i++)
        if (!strcmp(p->findings[i].rule, rule))
            return &p->findings[i];
    return NULL;
}

__attribute__((unused)) static const struct patient_finding *patient_ask(struct patient *p, const char *rules,
                                                                         const char *rule)
{
    return patient_ask_with(p, rules, rule, NULL, NULL);
}

/* The advice about a key, or NULL. */
__attribute__((unused)) static const char *patient_advice(const struct patient_finding *f, const char *key)
{
    for (uint32_t i = 0; f && i < f->n_advice; i++)
        if (!strcmp(f->keys[i], key))
            return f->texts[i];
    return NULL;
}
#endif
