/* SPDX-License-Identifier: MIT */
/* What Optuna's tables have no column for: attributes. Optuna's own ones first, then hone's, which begin with "hone.", and the
 * metrics of a trial by their names. */
#include "optuna.h"

struct giver {
    struct optuna_study *study;
    optuna_attribute give;
    void *ctx;
    hone_error *err;
    hone_rc rc;
};

static hone_printer *begin(struct giver *g)
{
    return optuna_text_begin(&g->study->text);
}

static void end(struct giver *g, int system, const char *key)
{
    const char *json = optuna_text_end(&g->study->text);
    if (g->rc == HONE_OK)
        g->rc = json ? g->give(g->ctx, system, key, json, g->err)
                     : hone_fail(g->err, HONE_ENOMEM, NULL, "out of memory for an attribute");
}

static void give_text(struct giver *g, const char *key, const char *text)
{
    if (!text || !*text)
        return;
    hone_put_json_string(begin(g), text);
    end(g, 0, key);
}

static void give_names(struct giver *g, const char *key)
{
    hone_printer *p = begin(g);
    for (uint32_t i = 0; i < g->study->record->n_objectives; i++) {
        hone_put(p, i ? ", " : "[");
        hone_put_json_string(p, g->study->record->objectives[i].name);
    }
    hone_put(p, "]");
    end(g, 1, key);
}

hone_rc optuna_study_attributes(struct optuna_study *s, optuna_attribute give, void *ctx, hone_error *err)
{
    struct giver g = { s, give, ctx, err, HONE_OK };
    if (s->record->n_objectives) {
        give_names(&g, "study:metric_names");
        give_names(&g, "dashboard:objective_names"); /* the browser's viewer reads only this one */
    }
    hone_putf(begin(&g), "%llu", (unsigned long long)s->record->seed);
    end(&g, 0, "hone.seed");
    give_text(&g, "hone.config", s->record->config);
    give_text(&g, "hone.environment", s->record->environment);
    for (uint32_t i = 0; i < s->record->n_constraints; i++) {
        char key[40];
        snprintf(key, sizeof key, "hone.constraint.%u", i);
        give_text(&g, key, s->record->constraints[i]);
    }
    for (uint32_t i = 0; i < s->space->n_dims; i++) { /* what Optuna cannot express */
        const hone_dim *d = s->space->dims[i];
        char key[160];
        if (!(d->flags & HONE_DIM_NORMAL))
            continue;
        snprintf(key, sizeof key, "hone.distribution.%.120s", d->key);
        hone_putf(begin(&g), "\"%s %.17g %.17g\"", d->flags & HONE_DIM_LOG ? "lognormal" : "normal", d->mean,
                  d->deviation);
        end(&g, 0, key);
    }
    return g.rc;
}

/* A parameter's value as a user of Optuna sees it, in JSON. */
static void put_external(hone_printer *p, const struct optuna_study *s, uint32_t i)
{
    const hone_dim *d = s->space->dims[i];
    if (!d->choices) {
        optuna_put_number(p, s->x[i], d->type == HONE_DIM_INT);
        return;
    }
    /* the choice's own text in the distribution: between the brackets, at its commas outside of quotes */
    const char *at = strchr(s->distributions[i], '[');
    for (uint32_t k = 0; at; k++) {
        const char *start = at + 1 + (k > 0);
        int quoted = 0;
        for (at = start; *at && (quoted || (*at != ',' && *at != ']')); at++) {
            if (*at == '\\')
                at++;
            else if (*at == '"')
                quoted = !quoted;
        }
        if (k == (uint32_t)s->x[i]) {
            hone_put_bytes(p, start, (size_t)(at - start));
            return;
        }
    }
}

static void give_fixed(struct giver *g)
{
    const hone_space *space = g->study->space;
    hone_printer *p = begin(g);
    int n = 0;
    hone_put(p, "{");
    for (uint32_t i = 0; i < space->n_dims; i++) {
        if (isnan(g->study->x[i]))
            continue;
        hone_put(p, n++ ? ", " : "");
        hone_put_json_string(p, space->dims[i]->key);
        hone_put(p, ": ");
        put_external(p, g->study, i);
    }
    hone_put(p, "}");
    end(g, 1, "fixed_params");
}

static void give_constraints(struct giver *g, const hone_trial_record *record)
{
    for (uint32_t i = 0; i < record->n_constraints; i++)
        if (!isfinite(record->constraints[i]))
            return;
    hone_printer *p = begin(g);
    for (uint32_t i = 0; i < record->n_constraints; i++) {
        hone_put(p, i ? ", " : "[");
        hone_put_json_number(p, record->constraints[i]);
    }
    hone_put(p, "]");
    end(g, 1, "constraints");
}

hone_rc optuna_trial_attributes(struct optuna_study *s, const hone_trial_record *record,
                                const struct optuna_trial *trial, optuna_attribute give, void *ctx, hone_error *err)
{
    struct giver g = { s, give, ctx, err, HONE_OK };
    if (trial->state == OPTUNA_WAITING) /* who asks Optuna gets this point */
        give_fixed(&g);
    if (record->n_constraints)
        give_constraints(&g, record);
    hone_putf(begin(&g), "%llu", (unsigned long long)record->number);
    end(&g, 0, "hone.trial");
    if (record->state == HONE_STATE_PAUSED)
        give_text(&g, "hone.state", "paused");
    if (record->best_step) {
        hone_putf(begin(&g), "%lld", (long long)record->best_step);
        end(&g, 0, "hone.best_step");
    }
    give_text(&g, "hone.component", record->component);
    give_text(&g, "hone.message", record->message);
    for (uint32_t i = 0; i < record->n_metrics; i++) {
        if (!isfinite(record->metrics[i].value))
            continue;
        hone_put_json_number(begin(&g), record->metrics[i].value);
        end(&g, 0, record->metrics[i].name);
    }
    return g.rc;
}
