/* SPDX-License-Identifier: MIT */
/* Who trains and who validates. The parts follow from the study's seed alone, so all trials are compared on the same ones.
 *
 * The training split is shuffled, then (stratified) sorted by class, keeping the shuffled order within a class. Taking
 * every k-th sample of that list, or an even share of it, gives every part its share of each class, within one sample. */
#include "train.h"

#include <stdlib.h>
#include <string.h>

/* Stable counting sort of ids by label. */
static hone_rc sort_by_class(const struct data *data, struct samples *list, hone_error *err)
{
    const uint64_t n = list->n, k = (uint64_t)data->task.n_outputs;
    int32_t *labels = malloc(n * sizeof *labels);
    uint64_t *sorted = malloc(n * sizeof *sorted), *start = calloc(k + 1, sizeof *start);
    hone_rc rc = HONE_OK;
    if (!labels || !sorted || !start) {
        rc = hone_fail(err, HONE_ENOMEM, "", "out of memory for the labels of %llu samples", (unsigned long long)n);
        goto out;
    }
    if ((rc = data_targets(data, list->split, list->ids, n, labels, NULL, err)) != HONE_OK)
        goto out;
    for (uint64_t i = 0; i < n; i++) {
        if (labels[i] < 0 || (uint64_t)labels[i] >= k) {
            rc = hone_fail(err, HONE_ERANGE, "", "[%s] sample %llu has the label %d; there are %llu classes",
                           data->name, (unsigned long long)list->ids[i], labels[i], (unsigned long long)k);
            goto out;
        }
        start[labels[i] + 1]++;
    }
    for (uint64_t c = 0; c < k; c++)
        start[c + 1] += start[c];
    for (uint64_t i = 0; i < n; i++)
        sorted[start[labels[i]]++] = list->ids[i];
    memcpy(list->ids, sorted, n * sizeof *sorted);
out:
    free(labels);
    free(sorted);
    free(start);
    return rc;
}

/* Moves an even share of m of the list's samples into `taken` (or drops them) and keeps the rest in order. */
static void take_evenly(struct samples *list, uint64_t m, uint64_t *taken)
{
    const uint64_t n = list->n;
    uint64_t carry = n / 2, left = 0;
    for (uint64_t i = 0; i < n; i++) {
        carry += m;
        if (carry >= n) {
            carry -= n;
            *taken++ = list->ids[i];
        } else
            list->ids[left++] = list->ids[i];
    }
    list->n = left;
}

static int by_number(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void sort_ids(struct samples *list)
{
    qsort(list->ids, list->n, sizeof *list->ids, by_number);
}

static uint64_t share_of(double share, uint64_t n)
{
    const uint64_t m = (uint64_t)(share * (double)n + 0.5);
    return m < n ? m : n;
}

/* The part of the training split that the study uses, in an order from which parts can be taken. */
static hone_rc used_samples(const struct data *data, uint64_t seed, struct samples *list, hone_error *err)
{
    const uint64_t n = data->counts[HONE_SPLIT_TRAIN];
    hone_rc rc = samples_allocate(list, HONE_SPLIT_TRAIN, n, err);
    if (rc != HONE_OK)
        return rc;
    for (uint64_t i = 0; i < n; i++)
        list->ids[i] = i;
    hone_rng rng = hone_rng_at(seed, STREAM_SPLIT);
    hone_rng_shuffle(&rng, list->ids, n);
    if (data->keys->stratify && data->task.kind == HONE_TASK_CLASSIFICATION &&
        (rc = sort_by_class(data, list, err)) != HONE_OK)
        return rc;
    if (data->keys->fraction < 1) {
        const uint64_t m = share_of(data->keys->fraction, n);
        uint64_t *used = malloc((m ? m : 1) * sizeof *used);
        if (!used)
            return hone_fail(err, HONE_ENOMEM, "", "out of memory for a list of %llu samples", (unsigned long long)m);
        take_evenly(list, m, used);
        free(list->ids);
        list->ids = used;
        list->n = m;
    }
    return list->n ? HONE_OK
                   : hone_fail(err, HONE_EINVAL, "fraction", "fraction = %g of %llu training samples leaves none",
                               data->keys->fraction, (unsigned long long)n);
}

hone_rc split_check(const struct data *data, int *has_validation, hone_error *err)
{
    const struct dataset_keys *keys = data->keys;
    const uint64_t own = data->counts[HONE_SPLIT_VALIDATION];
    const uint64_t n = keys->fraction < 1 ? share_of(keys->fraction, data->counts[HONE_SPLIT_TRAIN])
                                          : data->counts[HONE_SPLIT_TRAIN];
    if (keys->folds == 1)
        return hone_fail(err, HONE_EINVAL, "folds",
                         "folds = 1 leaves nothing to train on: give 2 or more, or 0 for none");
    if (keys->folds && own)
        return hone_fail(err, HONE_EINVAL, "folds",
                         "folds = %lld: the data set brings a validation split of its own (%llu samples), which folds "
                         "would leave unused",
                         (long long)keys->folds, (unsigned long long)own);
    if ((uint64_t)keys->folds > n)
        return hone_fail(err, HONE_EINVAL, "folds", "folds = %lld, but there are only %llu training samples",
                         (long long)keys->folds, (unsigned long long)n);
    if (!keys->folds && !own && keys->validation > 0) {
        const uint64_t m = share_of(keys->validation, n);
        if (!m || m == n)
            return hone_fail(err, HONE_EINVAL, "validation",
                             "validation = %g of %llu training samples leaves none to %s", keys->validation,
                             (unsigned long long)n, m ? "train on" : "validate on");
    }
    *has_validation = keys->folds || own || keys->validation > 0;
    return HONE_OK;
}

hone_rc split_make(const struct data *data, uint64_t seed, uint64_t fold, struct samples *train,
                   struct samples *validation, hone_error *err)
{
    const uint64_t k = (uint64_t)data->keys->folds, own = data->counts[HONE_SPLIT_VALIDATION];
    hone_rc rc = used_samples(data, seed, train, err);
    if (rc != HONE_OK)
        return rc;
    const uint64_t n = train->n;
    const uint64_t m = k ? (n - fold + k - 1) / k : own ? own : share_of(data->keys->validation, n);
    if ((rc = samples_allocate(validation, own ? HONE_SPLIT_VALIDATION : HONE_SPLIT_TRAIN, m, err)) != HONE_OK)
        return rc;
    if (k) {
        uint64_t left = 0, taken = 0;
        for (uint64_t i = 0; i < n; i++)
            if (i % k == fold)
                validation->ids[taken++] = train->ids[i];
            else
                train->ids[left++] = train->ids[i];
        train->n = left;
    } else if (own)
        for (uint64_t i = 0; i < own; i++)
            validation->ids[i] = i;
    else
        take_evenly(train, m, validation->ids);
    sort_ids(train);
    sort_ids(validation);
    return HONE_OK;
}

hone_rc split_final(const struct data *data, uint64_t seed, struct samples *train, struct samples *test,
                    hone_error *err)
{
    const uint64_t own = data->counts[HONE_SPLIT_VALIDATION], n_test = data->counts[HONE_SPLIT_TEST];
    hone_rc rc = used_samples(data, seed, train, err);
    if (rc != HONE_OK)
        return rc;
    if (own) {
        uint64_t *more = realloc(train->ids, (train->n + own) * sizeof *more);
        if (!more)
            return hone_fail(err, HONE_ENOMEM, "", "out of memory for a list of %llu samples",
                             (unsigned long long)(train->n + own));
        train->ids = more;
        for (uint64_t i = 0; i < own; i++)
            train->ids[train->n + i] = data->counts[HONE_SPLIT_TRAIN] + i;
        train->n += own;
        train->split = MIXED;
    }
    sort_ids(train);
    if ((rc = samples_allocate(test, HONE_SPLIT_TEST, n_test, err)) != HONE_OK)
        return rc;
    for (uint64_t i = 0; i < n_test; i++)
        test->ids[i] = i;
    return HONE_OK;
}
