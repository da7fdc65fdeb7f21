/* SPDX-License-Identifier: MIT */
/* What to try: keys of the regularizers in use, regularizers that are installed and not in use, keys of the model. Those
 * that the study searches are advised only where the trial stands at the end of their range: within it, the search has
 * looked already. */
#include "fit.h"

#include "hone/regularizer.h"

enum { CLASSES = 1, IMAGES = 2 };
/* In the order in which they are advised. key: what makes it stronger; NULL: nothing to turn. */
static const struct remedy {
    const char *name, *key, *range;
    double least, factor, most; /* what to raise a value in use to: value * factor, within [least, most] */
    unsigned needs;
} remedies[] = {
    { "dropout", "rate", "real 0.1 .. 0.6", 0.2, 2, 0.7, 0 },
    { "weight_decay", "strength", "real 1e-4 .. 0.1 log", 1e-3, 10, 1, 0 },
    { "crop", "pad", "int 2 .. 6", 2, 2, 8, IMAGES },
    { "label_smoothing", "smoothing", "real 0 .. 0.2", 0.05, 2, 0.3, CLASSES },
    { "mixup", "alpha", "real 0.1 .. 1", 0.2, 2, 2, CLASSES },
    { "l2", "strength", "real 1e-5 .. 1e-2 log", 1e-4, 10, 1, 0 },
    { "l1", "strength", "real 1e-6 .. 1e-3 log", 1e-5, 10, 1, 0 },
    { "elastic_net", "strength", "real 1e-5 .. 1e-2 log", 1e-4, 10, 1, 0 },
    { "spatial_dropout", "rate", "real 0.05 .. 0.3", 0.1, 2, 0.5, IMAGES },
};
enum { MOST_RAISED = 2, MOST_ADDED = 4 };

/* 1: regularizers of the same idea, of which one is enough. */
static int alike(const char *a, const char *b)
{
    static const char *const weights[] = { "weight_decay", "l2", "l1", "elastic_net" };
    int both = 0;
    for (size_t i = 0; i < HONE_COUNT(weights); i++)
        both += !strcmp(weights[i], a) + !strcmp(weights[i], b);
    return both == 2;
}

/* The section that uses a regularizer, enabled or not: a search may have switched it off for this trial. */
static const hone_diagnosed_section *section_of(const hone_diagnosis_data *d, const char *name)
{
    for (uint32_t i = 0; i < d->n_sections; i++)
        if (!strcmp(d->sections[i]->kind, "regularizer") && !strcmp(d->sections[i]->use, name))
            return d->sections[i];
    return NULL;
}

static int like_is_used(const hone_diagnosis_data *d, const char *name)
{
    for (uint32_t i = 0; i < d->n_sections; i++)
        if (!strcmp(d->sections[i]->kind, "regularizer") && d->sections[i]->enabled && alike(d->sections[i]->use, name))
            return 1;
    return 0;
}

/* Whether samples are classes, or images; not known counts as not. */
static int suits(const hone_diagnosis_data *d, unsigned needs)
{
    if (needs & CLASSES && !(hone_diagnosis_metric(d, "diagnosis.classes") > 0))
        return 0;
    return !(needs & IMAGES) || hone_diagnosis_metric(d, "diagnosis.dimensions") == 3;
}

/* Where the value of a searched key lies in its range; NaN: it is not searched. */
static double position(const hone_diagnosis_data *d, const hone_diagnosed_key *key)
{
    if (key->dim == UINT32_MAX || isnan(d->trial_x[key->dim]))
        return (double)NAN;
    return hone_dim_to_unit(d->space->dims[key->dim], d->trial_x[key->dim]);
}

/* Advises to move a key up or down: in its section, or the end of its range. */
static int move(const struct fit *fit, hone_draft *draft, const hone_diagnosed_key *key, int up, const char *text)
{
    const double u = position(fit->data, key);
    char space[160];
    if (isnan(u)) {
        hone_draft_advise(draft, key->path, "%s", text);
        return 1;
    }
    if (up ? u < 0.8 : u > 0.2)
        return 0;
    snprintf(space, sizeof space, "space.%.150s", key->path);
    hone_draft_advise(draft, space, "the trial has %s, near the %s end: widen the range there", key->text,
                      up ? "upper" : "lower");
    return 1;
}

static const hone_diagnosed_key *key_of(const hone_diagnosis_data *d, const char *section, const char *key)
{
    char path[160];
    snprintf(path, sizeof path, "%.90s.%.60s", section, key);
    return hone_diagnosis_key(d, path);
}

static void raise_those_in_use(const struct fit *fit, hone_draft *draft)
{
    int n = 0;
    for (size_t i = 0; i < HONE_COUNT(remedies) && n < MOST_RAISED; i++) {
        const struct remedy *r = &remedies[i];
        const hone_diagnosed_section *section = section_of(fit->data, r->name);
        const hone_diagnosed_key *key = section && section->enabled ? key_of(fit->data, section->name, r->key) : NULL;
        char text[160];
        if (!key || isnan(key->number) || key->number >= r->most)
            continue;
        const double to = fmin(fmax(key->number * r->factor, r->least), r->most);
        snprintf(text, sizeof text, "raise it, to %g for a start", to);
        n += move(fit, draft, key, 1, text);
    }
}

static void add_others(const struct fit *fit, hone_draft *draft)
{
    int n = 0;
    for (size_t i = 0; i < HONE_COUNT(remedies) && n < MOST_ADDED; i++) {
        const struct remedy *r = &remedies[i];
        char section[80];
        if (!hone_diagnosis_installed(fit->data, "regularizer", r->name) || section_of(fit->data, r->name) ||
            like_is_used(fit->data, r->name) || !suits(fit->data, r->needs))
            continue;
        snprintf(section, sizeof section, "regularizer.%s", r->name);
        hone_draft_advise(draft, section, "add it; to search it: %s.%s = %s", section, r->key, r->range);
        n++;
    }
}

/* Keys of the model that count units or filters. */
static void size_model(const struct fit *fit, hone_draft *draft, int up)
{
    static const char *const keys[] = { "width", "hidden", "filters" };
    for (size_t i = 0; i < HONE_COUNT(keys); i++) {
        const hone_diagnosed_key *key = key_of(fit->data, "model", keys[i]);
        if (key && *key->text && strcmp(key->text, "0") != 0 &&
            move(fit, draft, key, up, up ? "a larger network fits more" : "a smaller network learns less by heart"))
            return;
    }
}

void remedies_regularize(const struct fit *fit, hone_draft *draft)
{
    const hone_diagnosed_key *fraction = hone_diagnosis_key(fit->data, "dataset.fraction");
    const double steps = (double)fit->data->steps[fit->best];
    if (fit->best < fit->at && hone_diagnosis_installed(fit->data, "regularizer", "early_stopping") &&
        !section_of(fit->data, "early_stopping"))
        hone_draft_advise(draft, "regularizer.early_stopping", "add it: it brings the weights of step %g back", steps);
    raise_those_in_use(fit, draft);
    add_others(fit, draft);
    if (fraction && fraction->number < 1)
        hone_draft_advise(draft, fraction->path, "use more of the training samples that there are");
    size_model(fit, draft, 0);
}

void remedies_scale(const struct fit *fit, hone_draft *draft)
{
    if (!hone_diagnosis_section(fit->data, "transform", NULL) &&
        hone_diagnosis_installed(fit->data, "transform", "standardize") &&
        hone_diagnosis_section(fit->data, "dataset", NULL))
        hone_draft_advise(draft, "transform.standardize", "add it: inputs of one scale are learnt faster");
}

/* Lowers those in use that are strong (1), or the others. */
static void lower_those_in_use(const struct fit *fit, hone_draft *draft, int strong)
{
    for (size_t i = 0; i < HONE_COUNT(remedies); i++) {
        const struct remedy *r = &remedies[i];
        const hone_diagnosed_section *section = section_of(fit->data, r->name);
        const hone_diagnosed_key *key = section && section->enabled ? key_of(fit->data, section->name, r->key) : NULL;
        char text[160];
        if (!key || !(key->number > 0) || (key->number >= r->least) != strong)
            continue;
        snprintf(text, sizeof text, "lower it, to %.3g for a start, or leave [%.60s] out", key->number / r->factor,
                 section->name);
        move(fit, draft, key, 0, text);
    }
}

void remedies_free(const struct fit *fit, hone_draft *draft, int larger)
{
    lower_those_in_use(fit, draft, 1);
    if (larger)
        size_model(fit, draft, 1);
    lower_those_in_use(fit, draft, 0);
    remedies_scale(fit, draft);
}
