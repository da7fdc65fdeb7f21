/* SPDX-License-Identifier: MIT */
/* Numbers about the course of a training. */
#include "optimization.h"

#include <stdlib.h>

hone_rc progress_open(struct progress *p, const hone_diagnosis_data *d, const struct settings *settings,
                      hone_error *err)
{
    const hone_curve *clean = hone_diagnosis_curve(d, "diagnosis.train.loss"),
                     *running = hone_diagnosis_curve(d, "train.loss");
    const hone_diagnosed_section *loss = hone_diagnosis_section(d, "loss", NULL);
    *p = (struct progress){ .data = d, .settings = settings, .n = d->n_steps, .baseline = (double)NAN };
    p->train = clean ? clean->values : running ? running->values : NULL;
    /* only these losses have a baseline that can be told from the targets */
    if (clean && (!loss || !strcmp(loss->use, "cross_entropy") || !strcmp(loss->use, "mse")))
        p->baseline = hone_diagnosis_last(d, "diagnosis.baseline_loss");
    p->sorted = (double *)malloc((p->n + 1) * sizeof *p->sorted);
    return p->sorted ? HONE_OK : hone_fail(err, HONE_ENOMEM, "", "out of memory for %u steps", p->n);
}

void progress_close(struct progress *p)
{
    free(p->sorted);
    p->sorted = NULL;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const struct progress *p, const char *name, uint32_t from)
{
    const hone_curve *c = hone_diagnosis_curve(p->data, name);
    uint32_t n = 0;
    for (uint32_t i = from; c && i < p->n; i++)
        if (isfinite(c->values[i]))
            p->sorted[n++] = c->values[i];
    if (!n)
        return (double)NAN;
    qsort(p->sorted, n, sizeof *p->sorted, ascending);
    return (p->sorted[n / 2] + p->sorted[(n - 1) / 2]) / 2;
}

double half_median(const struct progress *p, const char *name)
{
    return median(p, name, p->n / 2);
}

double all_median(const struct progress *p, const char *name)
{
    return median(p, name, 0);
}
