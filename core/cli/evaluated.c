/* SPDX-License-Identifier: MIT */
/* Reading a study's space and its complete trials out of a storage. */
#include "cli/evaluated.h"

#include "hone/param.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

hone_rc evaluated_make(struct evaluated *e, const struct stored *stored)
{
    const char *text = stored->study.config;
    e->stored = stored;
    e->err = (hone_error)HONE_ERROR_INIT;
    if (config_read_text(&e->config, "study", "", text, strlen(text), &e->complaints) < 0 ||
        composition_make(&e->composition, &e->config, stored->catalog, 0, &e->complaints) < 0)
        return hone_fail(&e->err, HONE_EINVAL, NULL,
                         "the study's configuration does not fit the plugins installed now");
    return space_init(&e->space, &e->composition.space, &e->err);
}

int evaluated_open(struct evaluated *e, const struct stored *stored)
{
    if (evaluated_make(e, stored) == HONE_OK)
        return 0;
    return cli_fail(cli_complaints(&e->complaints) == EXIT_PLUGIN ? EXIT_PLUGIN : EXIT_FAILED, "%s", e->err.msg);
}

hone_rc evaluated_point(struct evaluated *e, const hone_trial_record *r, double *x)
{
    hone_rc rc = HONE_OK;
    for (uint32_t i = 0; i < e->space.view.n_dims; i++)
        x[i] = (double)NAN;
    for (uint32_t i = 0; i < r->n_parameters && rc == HONE_OK; i++) {
        const uint32_t k = space_find(&e->space, r->parameters[i].key);
        if (k != UINT32_MAX)
            rc = space_value_parse(&e->space, k, r->parameters[i].text, &x[k], &e->err);
    }
    return rc;
}

static hone_rc on_trial(void *ctx, const hone_trial_record *r)
{
    struct evaluated *e = ctx;
    const uint32_t d = e->space.view.n_dims;
    if (r->state != HONE_STATE_COMPLETE || e->objective >= r->n_values || !isfinite(r->values[e->objective]))
        return HONE_OK;
    if (e->n == e->capacity) {
        const uint64_t capacity = e->capacity ? e->capacity * 2 : 256;
        double *x = realloc(e->x, (size_t)(capacity * (d ? d : 1)) * sizeof *x), *values;
        if (x)
            e->x = x;
        if (!x || !(values = realloc(e->values, (size_t)capacity * sizeof *values)))
            return hone_fail(&e->err, HONE_ENOMEM, NULL, "out of memory for the trials");
        e->values = values;
        e->capacity = capacity;
    }
    const hone_rc rc = evaluated_point(e, r, e->x + e->n * d);
    if (rc != HONE_OK)
        return rc;
    const int maximize = e->stored->study.objectives[e->objective].direction == HONE_MAXIMIZE;
    e->values[e->n++] = maximize ? -r->values[e->objective] : r->values[e->objective];
    return HONE_OK;
}

hone_rc evaluated_read(struct evaluated *e, hone_error *err)
{
    const hone_storage_visitor visitor = { e, NULL, on_trial, NULL, NULL, NULL };
    const struct stored *s = e->stored;
    const hone_rc rc = s->iface->trials(s->storage.self, s->study.id, HONE_ALL_TRIALS, &visitor, err);
    if (rc != HONE_OK && e->err.msg[0])
        *err = e->err;
    return rc;
}

int evaluated_trials(struct evaluated *e)
{
    hone_error err = HONE_ERROR_INIT;
    return evaluated_read(e, &err) == HONE_OK ? 0 : cli_fail(EXIT_FAILED, "%s", err.msg[0] ? err.msg : "out of memory");
}

void evaluated_release(struct evaluated *e)
{
    space_release(&e->space);
    composition_release(&e->composition);
    config_release(&e->config);
    complaints_release(&e->complaints);
    free(e->x);
    free(e->values);
    *e = (struct evaluated){ 0 };
}
