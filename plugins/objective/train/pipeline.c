/* SPDX-License-Identifier: MIT */
/* From sample numbers to a batch: samples read -> on_batch (raw) -> transforms -> on_batch -> on_targets.
 *
 * Transforms at the front that are affine become one scale and one shift per element, applied while the samples are
 * gathered from memory; only what follows a transform of another sort is a pass of its own. Samples of bytes are taken
 * as numbers in [0, 1] (divided by 255), as is the custom for images; that too is part of the scale. */
#include "train.h"

#include <stdlib.h>
#include <string.h>

enum { FIT_CHUNK = 256 };
static const float BYTE_SCALE = 1.0f / 255.0f;

static const hone_transform_v1 *transform_of(const struct member *member)
{
    return member->iface;
}

static hone_rc out_of_memory(hone_error *err)
{
    return hone_fail(err, HONE_ENOMEM, "", "out of memory for the buffers of a batch: lower batch_size");
}

/* ---- shapes ---- */
/* 0: a dimension is not positive, or the product is absurd. */
static uint64_t elements_of(const hone_task *task)
{
    uint64_t n = 1;
    for (uint32_t i = 0; i < task->n_dims; i++) {
        if (task->dims[i] < 1 || (uint64_t)task->dims[i] > ((uint64_t)1 << 32) / n)
            return 0;
        n *= (uint64_t)task->dims[i];
    }
    return n;
}

static hone_rc hear_shapes(struct pipeline *p, hone_error *err)
{
    const uint32_t n = p->crew->n[PART_TRANSFORM];
    p->tasks[0] = p->data->task;
    p->elements[0] = p->data->elements;
    for (uint32_t i = 0; i < n; i++) {
        const struct member *m = &p->crew->members[PART_TRANSFORM][i];
        hone_task *in = &p->tasks[i], *out = &p->tasks[i + 1], floats = *in;
        floats.dtype = HONE_F32; /* what the transform will be shown */
        *out = floats;
        entering(p->trial, m->name);
        const hone_rc rc = transform_of(m)->begin(m->self, &floats, out, err);
        entering(p->trial, NULL);
        if (rc != HONE_OK)
            return rc;
        p->elements[i + 1] = out->n_dims <= HONE_MAX_DIMS ? elements_of(out) : 0;
        if (!p->elements[i + 1])
            return hone_fail(err, HONE_EINVAL, "", "[%s] %s makes samples without elements", m->name,
                             m->component->name);
        out->dtype = HONE_F32;
        out->kind = in->kind; /* a transform has a say in the shape only */
        out->n_outputs = in->n_outputs;
        out->classes = in->classes;
    }
    return HONE_OK;
}

const hone_task *pipeline_task(const struct pipeline *p)
{
    return &p->tasks[p->crew->n[PART_TRANSFORM]];
}

hone_rc pipeline_create(struct pipeline *p, const struct data *data, const struct crew *crew, const hone_trial *trial,
                        uint64_t capacity, hone_error *err)
{
    const uint32_t n = crew->n[PART_TRANSFORM];
    memset(p, 0, sizeof *p);
    p->data = data;
    p->crew = crew;
    p->trial = trial;
    p->capacity = capacity > FIT_CHUNK ? capacity : FIT_CHUNK;
    p->tasks = calloc((size_t)n + 1, sizeof *p->tasks);
    p->elements = calloc((size_t)n + 1, sizeof *p->elements);
    if (!p->tasks || !p->elements)
        return out_of_memory(err);
    hone_rc rc = hear_shapes(p, err);
    if (rc == HONE_OK)
        rc = hooks_on_task(crew, &p->tasks[0], pipeline_task(p), trial, err);
    if (rc != HONE_OK)
        return rc;
    uint64_t widest = 0;
    for (uint32_t i = 0; i <= n; i++)
        widest = p->elements[i] > widest ? p->elements[i] : widest;
    if (p->capacity > SIZE_MAX / 8 / widest)
        return out_of_memory(err);
    p->scale = malloc(data->elements * sizeof(float));
    p->shift = calloc(data->elements, sizeof(float));
    p->raw = malloc(p->capacity * data->sample_bytes);
    p->labels = malloc(p->capacity * sizeof *p->labels);
    p->in_order = malloc(p->capacity * sizeof *p->in_order);
    for (uint32_t i = 0; i < 2 && n; i++)
        if (!(p->buffers[i] = malloc(p->capacity * widest * sizeof(float))))
            return out_of_memory(err);
    if (!p->scale || !p->shift || !p->raw || !p->labels || !p->in_order)
        return out_of_memory(err);
    for (uint64_t i = 0; i < p->capacity; i++)
        p->in_order[i] = i;
    for (uint64_t j = 0; j < data->elements; j++)
        p->scale[j] = data->task.dtype == HONE_U8 ? BYTE_SCALE : 1.0f;
    return HONE_OK;
}

void pipeline_release(struct pipeline *p)
{
    free(p->tasks);
    free(p->elements);
    free(p->scale);
    free(p->shift);
    free(p->raw);
    free(p->labels);
    free(p->in_order);
    free(p->buffers[0]);
    free(p->buffers[1]);
    memset(p, 0, sizeof *p);
}

/* ---- a batch ---- */
static int has_raw_hooks(const struct crew *crew)
{
    for (uint32_t i = 0; i < crew->n[PART_REGULARIZER]; i++) {
        const hone_regularizer_v1 *r = crew->members[PART_REGULARIZER][i].iface;
        if (r->on_batch && r->flags & HONE_REGULARIZER_RAW)
            return 1;
    }
    return 0;
}

static hone_rc augment(struct pipeline *p, int raw, void *inputs, float *targets, const uint64_t *ids, uint64_t n,
                       const struct augmentation *augmentation, hone_error *err)
{
    hone_batch batch = { sizeof batch,        raw ? p->data->task.dtype : HONE_F32, n, inputs, targets, ids,
                         augmentation->epoch, raw ? &p->tasks[0] : pipeline_task(p) };
    for (uint32_t i = 0; i < p->crew->n[PART_REGULARIZER]; i++) {
        const struct member *m = &p->crew->members[PART_REGULARIZER][i];
        const hone_regularizer_v1 *r = m->iface;
        if (!r->on_batch || ((r->flags & HONE_REGULARIZER_RAW) != 0) != raw)
            continue;
        entering(p->trial, m->name);
        const hone_rc rc = r->on_batch(m->self, &batch, hone_rng_derive(m->seed, augmentation->step), err);
        entering(p->trial, NULL);
        if (rc < 0)
            return rc;
    }
    return HONE_OK;
}

static hone_rc one_hot(struct pipeline *p, const uint64_t *ids, uint64_t n, float *targets, hone_error *err)
{
    const uint64_t k = (uint64_t)p->data->task.n_outputs;
    memset(targets, 0, n * k * sizeof *targets);
    for (uint64_t i = 0; i < n; i++) {
        if (p->labels[i] < 0 || (uint64_t)p->labels[i] >= k)
            return hone_fail(err, HONE_ERANGE, "", "[%s] sample %llu has the label %d; there are %llu classes",
                             p->data->name, (unsigned long long)ids[i], p->labels[i], (unsigned long long)k);
        targets[i * k + (uint64_t)p->labels[i]] = 1.0f;
    }
    return HONE_OK;
}

/* The transforms fitted so far: scaled rows -> x. `from` holds them before the first unfused one; may be x itself. */
static hone_rc apply_rest(struct pipeline *p, const float *from, uint64_t n, float *x, hone_error *err)
{
    hone_rc rc = HONE_OK;
    for (uint32_t i = p->n_fused; i < p->n_ready && rc == HONE_OK; i++) {
        const struct member *m = &p->crew->members[PART_TRANSFORM][i];
        float *to = i + 1 == p->n_ready ? x : from == p->buffers[0] ? p->buffers[1] : p->buffers[0];
        entering(p->trial, m->name);
        rc = transform_of(m)->apply(m->self, from, to, n, err);
        entering(p->trial, NULL);
        from = to;
    }
    return rc;
}

hone_rc pipeline_batch(struct pipeline *p, const struct samples *samples, const uint64_t *ids, uint64_t n,
                       const struct augmentation *augmentation, float *x, float *targets, hone_error *err)
{
    const struct data *data = p->data;
    const int classes = data->task.kind == HONE_TASK_CLASSIFICATION, raw_hooks = augmentation && has_raw_hooks(p->crew);
    const hone_dataset_view *view = raw_hooks ? NULL : data_view(data, samples->split);
    const uint64_t *rows = view ? ids : p->in_order;
    const void *table = view ? view->inputs : p->raw;
    float *first = p->n_ready > p->n_fused ? p->buffers[0] : x;
    hone_rc rc = data_read(data, samples->split, ids, n, view ? NULL : p->raw, classes ? p->labels : NULL,
                           classes ? NULL : targets, err);
    if (rc == HONE_OK && classes && targets)
        rc = one_hot(p, ids, n, targets, err);
    if (rc == HONE_OK && raw_hooks)
        rc = augment(p, 1, p->raw, targets, ids, n, augmentation, err);
    if (rc != HONE_OK)
        return rc;
    if (data->task.dtype == HONE_U8)
        hone_nn_gather_u8(table, data->elements, rows, n, p->scale, p->shift, first);
    else
        hone_nn_gather_f32(table, data->elements, rows, n, p->scale, p->shift, first);
    rc = apply_rest(p, first, n, x, err);
    if (rc == HONE_OK && augmentation)
        rc = augment(p, 0, x, targets, ids, n, augmentation, err);
    for (uint32_t i = 0; augmentation && i < p->crew->n[PART_REGULARIZER] && rc == HONE_OK; i++) {
        const struct member *m = &p->crew->members[PART_REGULARIZER][i];
        const hone_regularizer_v1 *r = m->iface;
        if (!r->on_targets)
            continue;
        entering(p->trial, m->name);
        rc = r->on_targets(m->self, targets, n, data->task.n_outputs, err);
        entering(p->trial, NULL);
    }
    return rc < 0 ? rc : HONE_OK;
}

/* ---- learning the transforms ---- */

/* Makes the transform just fitted part of the gather, where all before it are and it is affine itself. */
static hone_rc fuse(struct pipeline *p, hone_error *err)
{
    const uint64_t n = p->elements[0];
    const uint32_t last = p->n_ready - 1;
    const struct member *m = &p->crew->members[PART_TRANSFORM][last];
    if (p->n_fused != last || !transform_of(m)->affine || p->elements[last + 1] != n)
        return HONE_OK;
    float *scale = p->buffers[0], *shift = p->buffers[1]; /* free between two batches */
    const hone_rc rc = transform_of(m)->affine(m->self, scale, shift, err);
    if (rc == HONE_ENOTSUP)
        return HONE_OK;
    for (uint64_t j = 0; j < n && rc == HONE_OK; j++) {
        p->shift[j] = scale[j] * p->shift[j] + shift[j];
        p->scale[j] *= scale[j];
    }
    p->n_fused += rc == HONE_OK;
    return rc;
}

hone_rc pipeline_fit(struct pipeline *p, const struct samples *samples, const hone_host *host, hone_error *err)
{
    const uint32_t n = p->crew->n[PART_TRANSFORM];
    float *x = NULL, *numbers = NULL;
    hone_rc rc = HONE_OK;
    if (!n)
        return HONE_OK;
    uint64_t widest = 0;
    for (uint32_t i = 0; i < n; i++)
        widest = p->elements[i] > widest ? p->elements[i] : widest;
    x = malloc(FIT_CHUNK * widest * sizeof *x);
    numbers = malloc(FIT_CHUNK * (uint64_t)p->data->task.n_outputs * sizeof *numbers);
    if (!x || !numbers) {
        rc = out_of_memory(err);
        goto out;
    }
    for (uint32_t i = 0; i < n; i++) {
        const struct member *m = &p->crew->members[PART_TRANSFORM][i];
        for (uint64_t from = 0; from < samples->n && rc == HONE_OK; from += FIT_CHUNK) {
            const uint64_t some = samples->n - from < FIT_CHUNK ? samples->n - from : FIT_CHUNK;
            if (host->cancelled && host->cancelled(host))
                rc = hone_fail(err, HONE_ECANCELED, "", "cancelled while fitting [%s]", m->name);
            else
                rc = pipeline_batch(p, samples, samples->ids + from, some, NULL, x,
                                    p->data->task.kind == HONE_TASK_REGRESSION ? numbers : NULL, err);
            if (rc != HONE_OK)
                break;
            entering(p->trial, m->name);
            rc = transform_of(m)->fit(m->self, x, some, err);
            entering(p->trial, NULL);
        }
        if (rc == HONE_OK)
            rc = transform_of(m)->finish(m->self, err);
        if (rc != HONE_OK)
            goto out;
        p->n_ready++;
        if ((rc = fuse(p, err)) != HONE_OK)
            goto out;
    }
out:
    free(x);
    free(numbers);
    return rc;
}
