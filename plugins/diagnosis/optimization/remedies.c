/* SPDX-License-Identifier: MIT */
/* What to try, by the keys that the trial has and the plugins that are installed. */
#include "optimization.h"

static const char rate_key[] = "optimizer.learning_rate";

/* How many of the complete trials had a lower (factor < 1) or higher rate than this one, if none of them did better; 0 where one
 * did, or none was tried: then it is the search's business. */
static uint64_t tried_in_vain(const hone_diagnosis_data *d, uint32_t dim, double factor)
{
    const int known = d->trial->state == HONE_STATE_COMPLETE && d->trial->n_values > 0;
    const double sign = d->n_objectives && d->objectives[0].direction == HONE_MAXIMIZE ? -1 : 1;
    const double here = known ? sign * d->trial->values[0] : HUGE_VAL;
    uint64_t n = 0;
    for (uint64_t i = 0; i < d->n; i++) {
        const double rate = d->x[i * d->n_dims + dim];
        if (!(factor > 1 ? rate > d->trial_x[dim] : rate < d->trial_x[dim]))
            continue;
        if (d->values[i] < here)
            return 0;
        n++;
    }
    return n;
}

/* The learning rate: its value, or, where it is searched, the end of its range. */
static void turn_rate(const struct progress *p, hone_draft *draft, double factor)
{
    const hone_diagnosis_data *d = p->data;
    const hone_diagnosed_key *key = hone_diagnosis_key(d, rate_key);
    if (!key || !(key->number > 0))
        return;
    if (key->dim == UINT32_MAX) {
        hone_draft_advise(draft, rate_key, "%s it, to %.3g for a start", factor > 1 ? "raise" : "lower",
                          key->number * factor);
        return;
    }
    const double u = isnan(d->trial_x[key->dim]) ? 0.5
                                                 : hone_dim_to_unit(d->space->dims[key->dim], d->trial_x[key->dim]);
    if (factor > 1 ? u > 0.8 : u < 0.2)
        hone_draft_advise(draft, "space.optimizer.learning_rate",
                          "the trial has %.4g, near the end of the range: widen it, to %.3g", key->number,
                          key->number * factor);
    else if (d->trial->state == HONE_STATE_FAILED && !d->n)
        hone_draft_advise(draft, "space.optimizer.learning_rate", "no trial has come through: widen the range, to %.3g",
                          factor * (factor > 1 ? d->space->dims[key->dim]->max : d->space->dims[key->dim]->min));
    else if (tried_in_vain(d, key->dim, factor) > 0)
        hone_draft_advise(draft, "space.optimizer.learning_rate",
                          "%s rates of its range have done no better: widen it, to %.3g",
                          factor > 1 ? "higher" : "lower",
                          factor * (factor > 1 ? d->space->dims[key->dim]->max : d->space->dims[key->dim]->min));
    else
        hone_draft_advise(draft, rate_key, "the search has %s rates in its range, trials with them may do better",
                          factor > 1 ? "higher" : "lower");
}

/* 1: the search has looked at lower rates, and this one was the best of them all. */
static int is_the_best_rate(const struct progress *p)
{
    const hone_diagnosed_key *key = hone_diagnosis_key(p->data, rate_key);
    return key && key->dim != UINT32_MAX && p->data->is_winner && !isnan(p->data->trial_x[key->dim]) &&
           tried_in_vain(p->data, key->dim, 0.1) > 0;
}

static int installed(const struct progress *p, const char *kind, const char *name)
{
    return hone_diagnosis_installed(p->data, kind, name) != NULL;
}

static void standardize(const struct progress *p, hone_draft *draft)
{
    if (hone_diagnosis_section(p->data, "dataset", NULL) && !hone_diagnosis_section(p->data, "transform", NULL) &&
        installed(p, "transform", "standardize"))
        hone_draft_advise(draft, "transform.standardize", "add it: inputs of one scale need no careful learning rate");
}

static void warm_up(const struct progress *p, hone_draft *draft)
{
    const hone_diagnosed_key *key = hone_diagnosis_key(p->data, "lr_schedule.warmup");
    if (key && !(key->number > 0))
        hone_draft_advise(draft, key->path, "let the first epochs begin with small steps");
}

void remedies_clip(const struct progress *p, hone_draft *draft)
{
    if (installed(p, "regularizer", "gradient_clip") &&
        !hone_diagnosis_section(p->data, "regularizer", "gradient_clip"))
        hone_draft_advise(draft, "regularizer.gradient_clip", "add it, with a norm of some times the usual one");
}

static void slow_down(const struct progress *p, hone_draft *draft)
{
    standardize(p, draft);
    if (hone_diagnosis_key(p->data, rate_key) && !hone_diagnosis_section(p->data, "lr_schedule", NULL) &&
        installed(p, "lr_schedule", "cosine"))
        hone_draft_advise(draft, "lr_schedule",
                          "add it with use = cosine and a warmup: large steps first, small ones at the end");
    warm_up(p, draft);
}

void remedies_slow(const struct progress *p, hone_draft *draft)
{
    turn_rate(p, draft, 0.1);
    slow_down(p, draft);
}

void remedies_settle(const struct progress *p, hone_draft *draft)
{
    if (!is_the_best_rate(p))
        turn_rate(p, draft, 0.1);
    slow_down(p, draft);
}

void remedies_fast(const struct progress *p, hone_draft *draft)
{
    turn_rate(p, draft, 10);
    standardize(p, draft);
}

/* Activations that saturate, and what keeps gradients alive in deep networks. */
void remedies_flow(const struct progress *p, hone_draft *draft)
{
    const hone_diagnosed_key *activation = hone_diagnosis_key(p->data, "model.activation"),
                             *norm = hone_diagnosis_key(p->data, "model.batch_norm"),
                             *residual = hone_diagnosis_key(p->data, "model.residual"),
                             *depth = hone_diagnosis_key(p->data, "model.depth");
    if (activation && (!strcmp(activation->text, "tanh") || !strcmp(activation->text, "sigmoid")))
        hone_draft_advise(draft, activation->path, "relu or gelu, which do not saturate");
    if (norm && !strcmp(norm->text, "no"))
        hone_draft_advise(draft, norm->path, "yes: it keeps the scale from layer to layer");
    if (residual && !strcmp(residual->text, "no"))
        hone_draft_advise(draft, residual->path, "yes: gradients pass beside the layers");
    if (depth && depth->number > 2)
        hone_draft_advise(draft, depth->path, "fewer layers");
}

/* A penalty that draws activations to 0 is a short way to units that never answer. */
static void spare_activations(const struct progress *p, hone_draft *draft)
{
    const hone_diagnosed_section *section = hone_diagnosis_section(p->data, "regularizer", "activity_l2");
    char path[160];
    snprintf(path, sizeof path, "%.120s.strength", section ? section->name : "");
    const hone_diagnosed_key *key = section ? hone_diagnosis_key(p->data, path) : NULL;
    if (key && key->number > 0)
        hone_draft_advise(draft, path, "lower it, to %.3g for a start, or leave [%.80s] out: it draws activations to 0",
                          key->number / 100, section->name);
}

void remedies_revive(const struct progress *p, hone_draft *draft)
{
    const hone_diagnosed_key *activation = hone_diagnosis_key(p->data, "model.activation"),
                             *norm = hone_diagnosis_key(p->data, "model.batch_norm");
    spare_activations(p, draft);
    turn_rate(p, draft, 0.1);
    if (activation && !strcmp(activation->text, "relu"))
        hone_draft_advise(draft, activation->path, "gelu, or another one that has a gradient everywhere");
    if (norm && !strcmp(norm->text, "no"))
        hone_draft_advise(draft, norm->path, "yes: every unit then answers to half of the samples");
    standardize(p, draft);
}
