/* SPDX-License-Identifier: MIT */
/* What every metric for classes does with a batch first, and how values of single classes are named. */
#include "classification.h"

const char *const averages[] = { "macro", "micro", "weighted", NULL };

hone_rc classes_begin(const char *name, const hone_task *task, hone_error *err)
{
    if (task->kind != HONE_TASK_CLASSIFICATION || task->n_outputs < 1)
        return hone_fail(err, HONE_EINVAL, NULL, "%s is a metric for classes", name);
    return HONE_OK;
}

hone_rc classes_check(const char *name, int64_t classes, const hone_predictions *b, hone_error *err)
{
    if (!b->labels || b->k != classes)
        return hone_fail(err, HONE_EINVAL, NULL, "%s was begun for %lld classes and got other predictions", name,
                         (long long)classes);
    for (uint64_t i = 0; i < b->n; i++) {
        const float *p = b->outputs + i * (uint64_t)b->k;
        int numbers = 1;
        for (int64_t c = 0; c < b->k; c++)
            numbers &= !isnan(p[c]);
        if (!numbers)
            return hone_fail(err, HONE_ENUMERIC, NULL, "the network's predictions are not numbers (NaN)");
        if (b->labels[i] < 0 || b->labels[i] >= b->k)
            return hone_fail(err, HONE_ERANGE, NULL, "label %d is not one of %lld classes", b->labels[i],
                             (long long)b->k);
    }
    return HONE_OK;
}

int64_t most_probable(const float *p, int64_t k)
{
    int64_t best = 0;
    for (int64_t i = 1; i < k; i++)
        if (p[i] > p[best])
            best = i;
    return best;
}

/* ---- names ---- */
static int is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static int by_text(const void *a, const void *b)
{
    return strcmp((const char *)a, (const char *)b);
}

/* 1 where all classes got a name of their own. sorted: room for a copy. */
static int own_names(struct class_names *names, char (*sorted)[CLASS_NAME_MOST + 1], const char *const *classes)
{
    for (int64_t c = 0; c < names->n; c++) {
        const size_t length = strlen(classes[c]);
        if (!length || length > CLASS_NAME_MOST)
            return 0;
        for (size_t i = 0; i <= length; i++) {
            const char byte = classes[c][i];
            names->text[c][i] = !byte || is_plain(byte) ? byte : '_';
        }
    }
    memcpy(sorted, names->text, (size_t)names->n * sizeof *sorted);
    qsort(sorted, (size_t)names->n, sizeof *sorted, by_text);
    for (int64_t c = 1; c < names->n; c++)
        if (!strcmp(sorted[c - 1], sorted[c]))
            return 0;
    return 1;
}

hone_rc class_names_create(struct class_names *names, const hone_task *task, hone_error *err)
{
    const size_t n = (size_t)task->n_outputs;
    char(*sorted)[CLASS_NAME_MOST + 1] = calloc(n, sizeof *sorted);
    names->text = calloc(n, sizeof *names->text);
    names->n = task->n_outputs;
    if (!names->text || !sorted) {
        free(sorted);
        class_names_release(names);
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the names of %zu classes", n);
    }
    if (!task->classes || !own_names(names, sorted, task->classes))
        for (int64_t c = 0; c < names->n; c++)
            snprintf(names->text[c], sizeof names->text[c], "%lld", (long long)c);
    free(sorted);
    return HONE_OK;
}

void class_names_release(struct class_names *names)
{
    free(names->text);
    names->text = NULL;
    names->n = 0;
}

void class_value(const hone_metric_sink *sink, const char *metric, const struct class_names *names, int64_t c,
                 double value, uint32_t direction)
{
    char name[64];
    snprintf(name, sizeof name, "%s.%s", metric, names->text[c]);
    sink->value(sink->ctx, name, value, direction);
}
