/* SPDX-License-Identifier: MIT */
/* What tells how a training goes, beside its losses: the same measures on training samples as on validation samples,
 * norms of gradients and weights, how far a step moves them, dead units, learning rate and time of a step. It looks at few
 * steps and few samples, so that it costs little, and changes nothing of the training. */
#include "train.h"

#include "hone/simd.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    LEAST_LOOKS = 2, /* steps of an epoch whose gradients and updates are looked at: one in SHARE, within these */
    MOST_LOOKS = 8,
    SHARE = 25, /* one in so many training samples, too, is measured as validation samples are, */
    LEAST_SAMPLES = 64,
    BASELINE_SAMPLES = 4096,
    MOST_GROUPS = 64,  /* a deeper network has neighbouring layers counted together */
    COORDINATES = 512, /* of a parameter tensor, whose moves are followed */
};
static const char TRAIN[] = "diagnosis.train.", GAP[] = "diagnosis.gap.";

/* The first of the values; then the measures, the groups, the sites. */
static const struct whole {
    const char *name;
    uint32_t direction;
} wholes[] = {
    { "diagnosis.learning_rate", HONE_NO_DIRECTION },    { "diagnosis.step_time", HONE_MINIMIZE },
    { "diagnosis.gradient_norm", HONE_NO_DIRECTION },    { "diagnosis.gradient_norm_max", HONE_NO_DIRECTION },
    { "diagnosis.weight_norm", HONE_NO_DIRECTION },      { "diagnosis.update_ratio", HONE_NO_DIRECTION },
    { "diagnosis.dead_units", HONE_MINIMIZE },           { "diagnosis.baseline_loss", HONE_NO_DIRECTION },
    { "diagnosis.train_loss_error", HONE_NO_DIRECTION }, { "diagnosis.validation_loss_error", HONE_NO_DIRECTION },
};

/* Over the looks of an epoch; of a group of layers, or of all parameters. */
struct looks {
    double gradient;        /* sum of the norms */
    double gradient_max;    /* greatest norm */
    double moved, stood;    /* sums of the norms of the update and of the weights before it */
    double squares, d2, w2; /* of the step that is looked at */
};
struct group {
    char name[96];
    struct looks looks;
    double weights; /* norm at the end of the epoch */
};

static hone_rc no_memory(hone_error *err)
{
    return hone_fail(err, HONE_ENOMEM, "", "out of memory for what tells how the training goes");
}

/* ---- names ---- */
/* Appends a value; its name is made of both parts. */
static hone_rc list(struct diagnosis *d, const char *stem, const char *name, uint32_t direction, hone_error *err)
{
    const size_t length = strlen(stem) + strlen(name) + 1;
    hone_value *values = realloc(d->values, (d->n + 1) * sizeof *values);
    char *text = malloc(length);
    if (values)
        d->values = values;
    if (!values || !text) {
        free(text);
        return no_memory(err);
    }
    snprintf(text, length, "%s%s", stem, name);
    d->values[d->n++] = (hone_value){ text, (double)NAN, direction, 0 };
    return HONE_OK;
}

uint32_t diagnosis_sizes(const struct training *t, hone_value *values)
{
    const hone_task *task = t ? &t->pipeline.data->task : NULL;
    const int classes = task && task->kind == HONE_TASK_CLASSIFICATION;
    values[0] = (hone_value){ "diagnosis.train_samples", t ? (double)t->train.n : (double)NAN, HONE_NO_DIRECTION, 0 };
    values[1] = (hone_value){ "diagnosis.validation_samples", t ? (double)t->validation.n : (double)NAN,
                              HONE_NO_DIRECTION, 0 };
    values[2] = (hone_value){ "diagnosis.classes", classes ? (double)task->n_outputs : 0, HONE_NO_DIRECTION, 0 };
    values[3] = (hone_value){ "diagnosis.dimensions", task ? (double)task->n_dims : (double)NAN, HONE_NO_DIRECTION, 0 };
    return DIAGNOSIS_SIZES;
}

hone_rc diagnosis_list(struct diagnosis *d, const struct measures *measures, int has_validation, hone_error *err)
{
    hone_rc rc = HONE_OK;
    for (int i = 0; i < WHOLES + (has_validation != 0) && rc == HONE_OK; i++)
        rc = list(d, wholes[i].name, "", wholes[i].direction, err);
    for (uint32_t i = 0; i < measures->n && rc == HONE_OK; i++)
        rc = list(d, TRAIN, measures->items[i].name, measures->items[i].direction, err);
    for (uint32_t i = 0; i < measures->n && rc == HONE_OK && has_validation; i++)
        if (measures->items[i].direction != HONE_NO_DIRECTION)
            rc = list(d, GAP, measures->items[i].name, HONE_MINIMIZE, err);
    return rc;
}

/* Neighbouring ones share a name where there are too many: "conv1..conv3". */
static uint32_t merged(uint32_t n)
{
    return n > MOST_GROUPS ? (n + MOST_GROUPS - 1) / MOST_GROUPS : 1;
}

static void name_range(char *name, size_t size, const char *first, int n_first, const char *last, int n_last)
{
    if (n_first == n_last && !strncmp(first, last, (size_t)n_first))
        snprintf(name, size, "%.*s", n_first > 40 ? 40 : n_first, first);
    else
        snprintf(name, size, "%.*s..%.*s", n_first > 40 ? 40 : n_first, first, n_last > 40 ? 40 : n_last, last);
}

/* "block1.conv2.weight" is of the layer "block1.conv2"; norms are layers of no group. */
static int layer_length(const hone_parameter *p)
{
    const char *dot = strrchr(p->name, '.');
    return dot ? (int)(dot - p->name) : (int)strlen(p->name);
}

static int begins_layer(const hone_parameter *const *p, uint32_t i)
{
    return (p[i]->role == HONE_PARAMETER_KERNEL || p[i]->role == HONE_PARAMETER_EMBEDDING) &&
           (!i || layer_length(p[i]) != layer_length(p[i - 1]) ||
            strncmp(p[i]->name, p[i - 1]->name, (size_t)layer_length(p[i])) != 0);
}

static hone_rc make_groups(struct diagnosis *d, const struct network *network, hone_error *err)
{
    const hone_parameter *const *p = (const hone_parameter *const *)network->parameters;
    uint32_t n_layers = 0, layer = 0, first = 0;
    for (uint32_t i = 0; i < network->n_parameters; i++)
        n_layers += (uint32_t)begins_layer(p, i);
    const uint32_t each = merged(n_layers);
    d->n_groups = (n_layers + each - 1) / each;
    d->groups = calloc(d->n_groups + 1u, sizeof *d->groups);
    d->group_of = malloc((network->n_parameters + 1u) * sizeof *d->group_of);
    if (!d->groups || !d->group_of)
        return no_memory(err);
    for (uint32_t i = 0; i < network->n_parameters; i++) {
        if (begins_layer(p, i) && layer++ % each == 0)
            first = i;
        const int grouped = layer && p[i]->role != HONE_PARAMETER_NORM;
        d->group_of[i] = grouped ? (layer - 1) / each : UINT32_MAX;
        if (grouped)
            name_range(d->groups[d->group_of[i]].name, sizeof d->groups->name, p[first]->name, layer_length(p[first]),
                       p[i]->name, layer_length(p[i]));
    }
    static const char *const stems[] = { "diagnosis.gradient_norm.", "diagnosis.weight_norm.",
                                         "diagnosis.update_ratio." };
    hone_rc rc = HONE_OK;
    d->first_group = d->n;
    for (uint32_t g = 0; g < d->n_groups && rc == HONE_OK; g++)
        for (size_t s = 0; s < HONE_COUNT(stems) && rc == HONE_OK; s++)
            rc = list(d, stems[s], d->groups[g].name, HONE_NO_DIRECTION, err);
    return rc;
}

static hone_rc list_sites(struct diagnosis *d, const hone_graph *g, hone_error *err)
{
    const hone_activity *a;
    const uint32_t n = hone_nn_activities(g, &a), each = merged(n);
    char name[96];
    hone_rc rc = HONE_OK;
    d->first_site = d->n;
    for (uint32_t i = 0; i < n && rc == HONE_OK; i += each) {
        const uint32_t last = i + each < n ? i + each - 1 : n - 1;
        name_range(name, sizeof name, a[i].name, (int)strlen(a[i].name), a[last].name, (int)strlen(a[last].name));
        rc = list(d, "diagnosis.dead_units.", name, HONE_MINIMIZE, err);
    }
    return rc;
}

/* ---- before the first epoch ---- */
/* n samples at most, evenly spread over the list, so that each class has its share whatever the order. */
static hone_rc choose_samples(struct samples *some, const struct samples *train, uint64_t n, hone_error *err)
{
    n = n < train->n ? n : train->n;
    const hone_rc rc = samples_allocate(some, train->split, n, err);
    for (uint64_t i = 0; i < n && rc == HONE_OK; i++)
        some->ids[i] = train->ids[(uint64_t)((double)i * (double)train->n / (double)n)];
    return rc;
}

/* The loss of the best answer that looks at no sample: the entropy of the classes' frequencies for cross-entropy, the mean
 * variance of the targets for squares. */
static hone_rc find_baseline(struct diagnosis *d, const struct data *data, const struct samples *samples,
                             hone_error *err)
{
    const uint64_t n = samples->n, k = (uint64_t)data->task.n_outputs;
    const int classes = data->task.kind == HONE_TASK_CLASSIFICATION;
    int32_t *labels = classes ? malloc(n * sizeof *labels) : NULL;
    float *numbers = classes ? NULL : malloc(n * k * sizeof *numbers);
    double *sums = calloc(2 * k, sizeof *sums);
    hone_rc rc = sums && (labels || numbers) ? HONE_OK : no_memory(err);
    if (rc == HONE_OK)
        rc = data_targets(data, samples->split, samples->ids, n, labels, numbers, err);
    d->baseline = 0;
    for (uint64_t i = 0; i < n && rc == HONE_OK; i++)
        for (uint64_t j = 0; j < k; j++)
            if (classes)
                sums[j] += (uint64_t)labels[i] == j;
            else {
                sums[j] += (double)numbers[i * k + j];
                sums[k + j] += (double)numbers[i * k + j] * (double)numbers[i * k + j];
            }
    for (uint64_t j = 0; j < k && rc == HONE_OK; j++) {
        const double mean = sums[j] / (double)n;
        if (classes)
            d->baseline -= mean > 0 ? mean * log(mean) : 0;
        else
            d->baseline += fmax(sums[k + j] / (double)n - mean * mean, 0) / (double)k;
    }
    free(labels);
    free(numbers);
    free(sums);
    return rc;
}

static uint64_t followed(const hone_parameter *p)
{
    return p->length < COORDINATES ? p->length : COORDINATES;
}

hone_rc diagnosis_create(struct training *t, const struct data *data, hone_error *err)
{
    struct diagnosis *d = &t->diagnosis;
    const struct network *network = &t->network;
    uint64_t n_before = 0;
    d->on = t->settings->diagnosis && !(t->trial->flags & HONE_TRIAL_FINAL);
    if (!d->on)
        return HONE_OK;
    const uint64_t share = t->train.n / SHARE;
    struct samples many = { 0 };
    hone_rc rc = choose_samples(&d->samples, &t->train, share > LEAST_SAMPLES ? share : LEAST_SAMPLES, err);
    if (rc == HONE_OK && (rc = choose_samples(&many, &t->train, BASELINE_SAMPLES, err)) == HONE_OK)
        rc = find_baseline(d, data, &many, err);
    samples_release(&many);
    if (rc == HONE_OK)
        rc = diagnosis_list(d, t->measures, t->validation.n > 0, err);
    if (rc == HONE_OK)
        rc = make_groups(d, network, err);
    if (rc == HONE_OK)
        rc = list_sites(d, network->graph, err);
    for (uint32_t i = 0; i < network->n_parameters; i++)
        n_before += followed(network->parameters[i]);
    uint64_t looks = t->steps_per_epoch / SHARE;
    looks = looks < LEAST_LOOKS ? LEAST_LOOKS : looks > MOST_LOOKS ? MOST_LOOKS : looks;
    d->stride = t->steps_per_epoch > looks ? t->steps_per_epoch / looks : 1;
    if (rc == HONE_OK && (!(d->before = malloc((n_before + 1) * sizeof *d->before)) ||
                          !(d->measured = calloc(t->measures->n, sizeof *d->measured))))
        rc = no_memory(err);
    return rc;
}

void diagnosis_release(struct diagnosis *d)
{
    for (uint32_t i = 0; i < d->n; i++)
        free((char *)(uintptr_t)d->values[i].name);
    free(d->values);
    free(d->groups);
    free(d->group_of);
    free(d->before);
    free(d->measured);
    samples_release(&d->samples);
    memset(d, 0, sizeof *d);
}

/* ---- steps ---- */
/* lanes[j] += sum over i of x[16 i + j]^2; x: (n, 16) */
enum { LANES = 16, BLOCK = 64 };
HONE_TARGET_CLONES
static void add_squares(const float *restrict x, uint64_t n, float *restrict lanes)
{
    for (uint64_t i = 0; i < n; i++)
        for (int j = 0; j < LANES; j++)
            lanes[j] += x[i * LANES + (uint64_t)j] * x[i * LANES + (uint64_t)j];
}

/* In float over blocks of 1,024 numbers, in double over the blocks. */
static double squares(const float *x, uint64_t n)
{
    double sum = 0;
    uint64_t at = 0;
    for (; at + LANES <= n; at += LANES * BLOCK) {
        float lanes[LANES] = { 0 };
        const uint64_t rows = (n - at) / LANES;
        add_squares(x + at, rows < BLOCK ? rows : BLOCK, lanes);
        for (int j = 0; j < LANES; j++)
            sum += (double)lanes[j];
    }
    for (at = n - n % LANES; at < n; at++)
        sum += (double)x[at] * (double)x[at];
    return sum;
}

void diagnosis_begin(struct training *t)
{
    struct diagnosis *d = &t->diagnosis;
    if (!d->on)
        return;
    for (uint32_t g = 0; g <= d->n_groups; g++) /* the last one is all of them */
        d->groups[g].looks = (struct looks){ 0 };
    d->n_looks = 0;
    clock_gettime(CLOCK_MONOTONIC, &d->began);
}

static void add_to_groups(struct diagnosis *d, uint32_t parameter, double squares_, double d2, double w2)
{
    const uint32_t groups[] = { d->group_of[parameter], d->n_groups };
    for (int i = 0; i < 2; i++)
        if (groups[i] != UINT32_MAX) {
            struct looks *l = &d->groups[groups[i]].looks;
            l->squares += squares_;
            l->d2 += d2;
            l->w2 += w2;
        }
}

/* Coordinate i of the ones followed. */
static float coordinate(const hone_parameter *p, uint64_t i)
{
    return p->value[i * (p->length / followed(p))];
}

int diagnosis_before_update(struct training *t)
{
    struct diagnosis *d = &t->diagnosis;
    if (!d->on || t->step % t->steps_per_epoch % d->stride != 0)
        return 0;
    float *before = d->before;
    for (uint32_t i = 0; i < t->network.n_parameters; i++) {
        const hone_parameter *p = t->network.parameters[i];
        const uint64_t n = followed(p);
        add_to_groups(d, i, squares(p->gradient, p->length), 0, 0);
        for (uint64_t k = 0; k < n; k++)
            *before++ = coordinate(p, k);
    }
    return 1;
}

void diagnosis_after_update(struct training *t)
{
    struct diagnosis *d = &t->diagnosis;
    const float *before = d->before;
    for (uint32_t i = 0; i < t->network.n_parameters; i++) {
        const hone_parameter *p = t->network.parameters[i];
        const uint64_t n = followed(p);
        const double all = (double)p->length / (double)(n ? n : 1); /* those followed stand for the others */
        double d2 = 0, w2 = 0;
        for (uint64_t k = 0; k < n; k++, before++) {
            const double move = (double)coordinate(p, k) - (double)*before;
            d2 += move * move;
            w2 += (double)*before * (double)*before;
        }
        add_to_groups(d, i, 0, d2 * all, w2 * all);
    }
    for (uint32_t g = 0; g <= d->n_groups; g++) {
        struct looks *l = &d->groups[g].looks;
        const double norm = sqrt(l->squares);
        l->gradient += norm;
        l->gradient_max = norm > l->gradient_max || isnan(norm) ? norm : l->gradient_max;
        l->moved += sqrt(l->d2);
        l->stood += sqrt(l->w2);
        l->squares = l->d2 = l->w2 = 0;
    }
    d->n_looks++;
}

/* ---- after an epoch ---- */
static double norm_of(const struct training *t, uint32_t group)
{
    const struct diagnosis *d = &t->diagnosis;
    double sum = 0;
    for (uint32_t i = 0; i < t->network.n_parameters; i++)
        if (group == d->n_groups || d->group_of[i] == group)
            sum += squares(t->network.parameters[i]->value, t->network.parameters[i]->length);
    return sqrt(sum);
}

static void count_dead(const struct training *t)
{
    const struct diagnosis *d = &t->diagnosis;
    const hone_activity *a;
    const uint32_t n = hone_nn_activities(t->network.graph, &a), each = merged(n);
    double all = 0, dead = 0;
    hone_value *value = &d->values[d->first_site];
    for (uint32_t i = 0; i < n; value++) {
        double here = 0, dead_here = 0;
        for (const uint32_t end = i + each; i < n && i < end; i++)
            for (int64_t u = 0; u < a[i].units; u++) {
                here++;
                dead_here += !(a[i].highest[u] > 0);
            }
        value->value = dead_here / here;
        all += here;
        dead += dead_here;
    }
    d->values[DEAD_UNITS].value = all > 0 ? dead / all : 0;
}

void diagnosis_time(struct training *t)
{
    struct diagnosis *d = &t->diagnosis;
    struct timespec now;
    if (!d->on)
        return;
    clock_gettime(CLOCK_MONOTONIC, &now);
    d->values[STEP_TIME].value = ((double)(now.tv_sec - d->began.tv_sec) +
                                  1e-9 * (double)(now.tv_nsec - d->began.tv_nsec)) /
                                 (double)t->steps_per_epoch;
}

/* The validation samples were measured last, with the relus watched. */
static hone_rc measure(struct training *t, hone_error *err)
{
    struct diagnosis *d = &t->diagnosis;
    const uint32_t n = t->measures->n;
    if (t->validation.n) {
        count_dead(t);
        d->values[LOSS_ERROR].value = t->loss_error;
    }
    const hone_rc rc = training_measure(t, &d->samples, d->measured, NULL, err);
    if (rc != HONE_OK)
        return rc;
    d->values[TRAIN_LOSS_ERROR].value = t->loss_error;
    if (!t->validation.n)
        count_dead(t);
    hone_value *value = &d->values[WHOLES + (t->validation.n > 0)];
    for (uint32_t i = 0; i < n; i++, value++)
        value->value = d->measured[i];
    for (uint32_t i = 0; i < n && t->validation.n; i++) {
        const uint32_t direction = t->measures->items[i].direction;
        if (direction == HONE_NO_DIRECTION)
            continue;
        value->value = direction == HONE_MINIMIZE ? t->values[i] - d->measured[i] : d->measured[i] - t->values[i];
        value++;
    }
    return HONE_OK;
}

hone_rc diagnosis_end(struct training *t, hone_error *err)
{
    struct diagnosis *d = &t->diagnosis;
    if (!d->on)
        return HONE_OK;
    const double looks = (double)(d->n_looks ? d->n_looks : 1);
    for (uint32_t g = 0; g <= d->n_groups; g++) {
        const struct looks *l = &d->groups[g].looks;
        const int all = g == d->n_groups;
        hone_value *at = &d->values[d->first_group + 3 * g];
        hone_value *gradient = all ? &d->values[GRADIENT_NORM] : at, *weights = all ? &d->values[WEIGHT_NORM] : at + 1,
                   *ratio = all ? &d->values[UPDATE_RATIO] : at + 2;
        gradient->value = l->gradient / looks;
        weights->value = norm_of(t, g);
        ratio->value = l->moved / l->stood;
    }
    d->values[GRADIENT_NORM_MAX].value = d->groups[d->n_groups].looks.gradient_max;
    d->values[LEARNING_RATE].value = t->learning_rate;
    d->values[BASELINE_LOSS].value = d->baseline;
    return measure(t, err);
}

hone_rc diagnosis_again(struct training *t, hone_error *err)
{
    for (uint32_t g = 0; t->diagnosis.on && g <= t->diagnosis.n_groups; g++)
        t->diagnosis.values[g < t->diagnosis.n_groups ? t->diagnosis.first_group + 3 * g + 1 : WEIGHT_NORM]
            .value = norm_of(t, g);
    return t->diagnosis.on ? measure(t, err) : HONE_OK;
}
