/* SPDX-License-Identifier: MIT */
/* The data set as a training sees it: lists of sample numbers, and what stands behind them. */
#include "train.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_ELEMENTS = 1 << 28 };

hone_rc data_open(struct data *data, const hone_host *host, hone_error *err)
{
    const hone_components_v1 *components = components_of(host, err);
    hone_instance instance = { .size = sizeof instance };
    memset(data, 0, sizeof *data);
    if (!components)
        return HONE_ENOTSUP;
    hone_rc rc = components->get(host, HONE_KIND_DATASET, 0, &instance, err);
    if (rc != HONE_OK)
        return rc;
    data->self = instance.self;
    data->name = instance.name;
    data->iface = instance.component->iface;
    data->keys = instance.slot;
    data->task.size = sizeof data->task;
    if (!data->keys)
        return hone_fail(err, HONE_ENOTSUP, "", "the host did not read the keys that objective/train adds to [%s]",
                         data->name);
    if ((rc = data->iface->describe(data->self, &data->task, data->counts, err)) != HONE_OK)
        return rc;
    const hone_task *task = &data->task;
    const int classes = task->kind == HONE_TASK_CLASSIFICATION;
    if ((!classes && task->kind != HONE_TASK_REGRESSION) || task->n_outputs < (classes ? 2 : 1))
        return hone_fail(err, HONE_EINVAL, "",
                         "[%s] %s describes no task that can be trained: kind %u with %lld outputs", data->name,
                         instance.component->name, task->kind, (long long)task->n_outputs);
    if (task->dtype != HONE_U8 && task->dtype != HONE_F32)
        return hone_fail(err, HONE_ENOTSUP, "", "[%s] samples are of type %u; bytes and float32 are supported",
                         data->name, task->dtype);
    data->elements = 1;
    for (uint32_t i = 0; i < task->n_dims && i < HONE_MAX_DIMS; i++) {
        if (task->dims[i] < 1 || task->dims[i] > MAX_ELEMENTS / (int64_t)data->elements)
            return hone_fail(err, HONE_EINVAL, "", "[%s] a sample's dimension %u is %lld: no shape to train on",
                             data->name, i + 1, (long long)task->dims[i]);
        data->elements *= (uint64_t)task->dims[i];
    }
    data->sample_bytes = data->elements * hone_dtype_bytes(task->dtype);
    if (!data->counts[HONE_SPLIT_TRAIN])
        return hone_fail(err, HONE_EINVAL, "", "[%s] there is no training sample", data->name);
    for (uint32_t split = 0; split < HONE_SPLITS && data->iface->view; split++) {
        hone_dataset_view *view = &data->views[split];
        view->size = sizeof *view;
        rc = data->counts[split] ? data->iface->view(data->self, split, view, err) : HONE_ENOTSUP;
        if (rc == HONE_ENOTSUP)
            memset(view, 0, sizeof *view);
        else if (rc != HONE_OK)
            return rc;
    }
    return HONE_OK;
}

const hone_dataset_view *data_view(const struct data *data, uint32_t split)
{
    return split < HONE_SPLITS && data->views[split].n ? &data->views[split] : NULL;
}

/* Samples of one split, copied from the view where there is one. */
static hone_rc read_split(const struct data *data, uint32_t split, const uint64_t *ids, uint64_t n, void *inputs,
                          int32_t *labels, float *numbers, hone_error *err)
{
    const hone_dataset_view *view = data_view(data, split);
    const uint64_t k = (uint64_t)data->task.n_outputs;
    if (!view)
        return data->iface->read(data->self, split, ids, n, inputs, labels, numbers, err);
    for (uint64_t i = 0; inputs && i < n; i++)
        memcpy((uint8_t *)inputs + i * data->sample_bytes, (const uint8_t *)view->inputs + ids[i] * data->sample_bytes,
               data->sample_bytes);
    for (uint64_t i = 0; labels && i < n; i++)
        labels[i] = view->labels[ids[i]];
    for (uint64_t i = 0; numbers && i < n; i++)
        memcpy(numbers + i * k, view->targets + ids[i] * k, k * sizeof *numbers);
    return HONE_OK;
}

hone_rc data_read(const struct data *data, uint32_t split, const uint64_t *ids, uint64_t n, void *inputs,
                  int32_t *labels, float *numbers, hone_error *err)
{
    const uint64_t k = (uint64_t)data->task.n_outputs, n_train = data->counts[HONE_SPLIT_TRAIN];
    hone_rc rc = HONE_OK;
    if (split != MIXED)
        return read_split(data, split, ids, n, inputs, labels, numbers, err);
    for (uint64_t i = 0; i < n && rc == HONE_OK; i++) { /* one by one: shuffled ids alternate between the splits */
        const int in_train = ids[i] < n_train;
        const uint64_t local = in_train ? ids[i] : ids[i] - n_train;
        rc = read_split(data, in_train ? HONE_SPLIT_TRAIN : HONE_SPLIT_VALIDATION, &local, 1,
                        inputs ? (uint8_t *)inputs + i * data->sample_bytes : NULL, labels ? labels + i : NULL,
                        numbers ? numbers + i * k : NULL, err);
    }
    return rc;
}

hone_rc data_targets(const struct data *data, uint32_t split, const uint64_t *ids, uint64_t n, int32_t *labels,
                     float *numbers, hone_error *err)
{
    enum { CHUNK = 256 };
    const uint64_t k = (uint64_t)data->task.n_outputs;
    hone_rc rc = HONE_OK;
    if (data_view(data, split) ||
        (split == MIXED && data_view(data, HONE_SPLIT_TRAIN) && data_view(data, HONE_SPLIT_VALIDATION)))
        return data_read(data, split, ids, n, NULL, labels, numbers, err);
    const int alone = (data->iface->flags & HONE_DATASET_LABELS_ALONE) != 0;
    uint8_t *unused = alone ? NULL
                            : malloc(CHUNK * data->sample_bytes); /* reading samples is the only way to their labels */
    if (!unused && !alone)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for %d samples", CHUNK);
    for (uint64_t i = 0; i < n && rc == HONE_OK; i += CHUNK)
        rc = data_read(data, split, ids + i, n - i < CHUNK ? n - i : CHUNK, unused, labels ? labels + i : NULL,
                       numbers ? numbers + i * k : NULL, err);
    free(unused);
    return rc;
}

hone_rc samples_allocate(struct samples *samples, uint32_t split, uint64_t n, hone_error *err)
{
    samples->split = split;
    samples->n = n;
    samples->ids = n <= SIZE_MAX / sizeof *samples->ids ? malloc((n ? n : 1) * sizeof *samples->ids) : NULL;
    return samples->ids
               ? HONE_OK
               : hone_fail(err, HONE_ENOMEM, "", "out of memory for a list of %llu samples", (unsigned long long)n);
}

void samples_release(struct samples *samples)
{
    free(samples->ids);
    memset(samples, 0, sizeof *samples);
}
