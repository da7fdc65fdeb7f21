/* SPDX-License-Identifier: MIT */
/* Cases for objective/1: the description, and whole trials of those that compose nothing. */
#include "check.h"

#include <stdio.h>
#include <unistd.h>

enum { MAX_SETTINGS = 64 };
struct described {
    struct instance in;
    hone_objective_v1 objective;
    hone_description description;
};

static int verify_description(struct check *c, const hone_description *d)
{
    if (d->max_step < 0)
        return check_fail(c, "describe gives max_step = %lld", (long long)d->max_step);
    if (!d->n_metrics && !d->any_metric)
        return check_fail(c, "describe names no metric, and not that any may come (any_metric)");
    for (uint32_t i = 0; i < d->n_metrics; i++) {
        if (!d->metrics[i].name || !*d->metrics[i].name || d->metrics[i].direction > HONE_MAXIMIZE)
            return check_fail(c, "metric %u has no name or an unknown direction", i);
        for (uint32_t k = 0; k < i; k++)
            if (!strcmp(d->metrics[i].name, d->metrics[k].name))
                return check_fail(c, "the metric %s is there twice", d->metrics[i].name);
    }
    for (uint32_t i = 0; i < d->n_keys; i++)
        if (!d->keys[i] || !*d->keys[i])
            return check_fail(c, "space key %u is empty", i);
    if (d->n_keys > MAX_SETTINGS)
        return check_skip(c, "wants %u settings", d->n_keys);
    return 0;
}

static int describe(struct check *c, struct described *d, uint64_t seed)
{
    hone_rc rc;
    memset(d, 0, sizeof *d);
    TRY(check_iface(c, &d->objective, sizeof d->objective));
    TRY(instance_create(c, &d->in, seed));
    d->description.size = sizeof d->description;
    CALL(c, "describe", rc = d->objective.describe(d->in.self, &d->description, &d->in.err));
    TRY(check_error(c, "describe", rc, &d->in.err));
    if (rc < 0)
        return d->objective.n_slots ? check_skip(c, "composes other components, none are here: %s", d->in.err.msg)
               : c->options->n_sets ? check_fail(c, "describe failed: %s", d->in.err.msg)
                                    : check_skip(c, "wants real settings (--set key=value): %s", d->in.err.msg);
    return verify_description(c, &d->description);
}

static int verify_slots(struct check *c, const hone_objective_v1 *o)
{
    for (uint32_t i = 0; i < o->n_slots; i++) {
        const hone_slot *s = o->slots ? o->slots[i] : NULL;
        if (!s || s->size < 8 || !s->kind || !strchr(s->kind, '/') || s->min > s->max || !s->max)
            return check_fail(c, "slot %u has no kind, or a number of sections that cannot be (min %u, max %u)", i,
                              s ? s->min : 0, s ? s->max : 0);
        if (s->n_params && (!s->params || s->param_size < sizeof(hone_param)))
            return check_fail(c, "slot %s has %u keys and no table", s->kind, s->n_params);
        for (uint32_t k = 0; k < s->n_params; k++) {
            const hone_param *p = hone_param_at(s->params, s->param_size, k);
            hone_error err = HONE_ERROR_INIT;
            if (!p->key || !p->doc || p->offset >= s->config_size)
                return check_fail(c, "key %u of slot %s has no name, no doc, or lies outside the struct", k, s->kind);
            if (p->def && hone_settings_parse(p, p->def, NULL, NULL, &err) < 0)
                return check_fail(c, "slot %s: the default is refused: %s", s->kind, err.msg);
        }
    }
    return 0;
}

static int case_describe(struct check *c)
{
    static struct described a, b;
    TRY(check_iface(c, &a.objective, sizeof a.objective));
    TRY(verify_slots(c, &a.objective));
    TRY(describe(c, &a, 1));
    TRY(describe(c, &b, 1));
    if (a.description.max_step != b.description.max_step || a.description.n_metrics != b.description.n_metrics ||
        a.description.n_keys != b.description.n_keys)
        return check_fail(c, "two instances describe themselves differently");
    TRY(instance_destroy(&a.in));
    return instance_destroy(&b.in);
}

/* ---- a trial ---- */
struct trial {
    struct check *c;
    const hone_description *description;
    struct bytes heard; /* names, steps, values */
    int64_t last_step, stop_at, cancel_at;
    unsigned reports, results, after;
    int ended;
    char wrong[256], path[PATH_MAX + 64];
};

static void hear_values(struct trial *t, const hone_value *values, uint32_t n)
{
    for (uint32_t i = 0; i < n && !t->wrong[0]; i++) {
        int known = t->description->any_metric != 0;
        if (!values[i].name || !*values[i].name || values[i].direction > HONE_MAXIMIZE) {
            snprintf(t->wrong, sizeof t->wrong, "reports a value without a name or with an unknown direction");
            return;
        }
        for (uint32_t k = 0; k < t->description->n_metrics; k++)
            known |= !strcmp(values[i].name, t->description->metrics[k].name);
        if (!known)
            snprintf(t->wrong, sizeof t->wrong, "reports %.100s, which describe did not name", values[i].name);
        bytes_add(&t->heard, values[i].name, strlen(values[i].name) + 1);
        bytes_add(&t->heard, &values[i].value, sizeof values[i].value);
    }
}

static hone_rc on_report(const hone_trial *trial, int64_t step, const hone_value *values, uint32_t n, hone_error *err)
{
    struct trial *t = (struct trial *)trial->impl;
    if (t->ended)
        t->after++;
    if (step <= t->last_step && !t->wrong[0])
        snprintf(t->wrong, sizeof t->wrong, "reports step %lld after step %lld", (long long)step,
                 (long long)t->last_step);
    t->last_step = step;
    t->reports++;
    bytes_add(&t->heard, &step, sizeof step);
    hear_values(t, values, n);
    if (t->stop_at && step >= t->stop_at) {
        t->ended = 1;
        return HONE_DONE;
    }
    if (t->cancel_at && step >= t->cancel_at) {
        t->ended = 1;
        return hone_fail(err, HONE_ECANCELED, NULL, "the study ends");
    }
    return HONE_OK;
}

static hone_rc on_result(const hone_trial *trial, const hone_value *values, uint32_t n, hone_error *err)
{
    struct trial *t = (struct trial *)trial->impl;
    (void)err;
    t->results += n;
    hear_values(t, values, n);
    return HONE_OK;
}

static hone_rc on_derivatives(const hone_trial *trial, const hone_derivative *list, uint32_t n, hone_error *err)
{
    struct trial *t = (struct trial *)trial->impl;
    (void)err;
    for (uint32_t i = 0; i < n && !t->wrong[0]; i++) {
        int metric = t->description->any_metric != 0, key = 0;
        for (uint32_t k = 0; k < t->description->n_metrics; k++)
            metric |= list[i].metric && !strcmp(list[i].metric, t->description->metrics[k].name);
        for (uint32_t k = 0; k < trial->n_settings; k++)
            key |= list[i].key && !strcmp(list[i].key, trial->settings[k].key);
        if (!metric || !key) {
            snprintf(t->wrong, sizeof t->wrong, "reports the derivative of %.60s with respect to %.60s: %s",
                     list[i].metric ? list[i].metric : "(null)", list[i].key ? list[i].key : "(null)",
                     metric ? "the trial has no such setting" : "describe did not name such a metric");
            break;
        }
        bytes_add(&t->heard, &list[i].value, sizeof list[i].value);
    }
    return HONE_OK;
}

static hone_rc on_attach(const hone_trial *trial, const char *name, const char *media_type, const char *text,
                         hone_error *err)
{
    struct trial *t = (struct trial *)trial->impl;
    (void)err;
    if (!name || !*name || !media_type || !text)
        snprintf(t->wrong, sizeof t->wrong, "attaches something without a name, type or content");
    return HONE_OK;
}

static const char *on_path(const hone_trial *trial, const char *name, hone_error *err)
{
    struct trial *t = (struct trial *)trial->impl;
    (void)err;
    snprintf(t->path, sizeof t->path, "%s/%s", trial->directory, name);
    return t->path;
}

static void on_entering(const hone_trial *trial, const char *component)
{
    (void)trial;
    (void)component;
}

static uint32_t on_wants_checkpoint(const hone_trial *trial)
{
    (void)trial;
    return 0;
}

static const char *on_checkpoint_path(const hone_trial *trial, int64_t step, hone_error *err)
{
    (void)step;
    return on_path(trial, "checkpoint", err);
}

static hone_rc on_checkpoint(const hone_trial *trial, int64_t step, hone_error *err)
{
    (void)trial;
    (void)step;
    (void)err;
    return HONE_OK;
}

static int run_trial(struct check *c, int64_t stop_at, int64_t cancel_at, struct trial *t, hone_rc *rc)
{
    static struct described d;
    hone_setting settings[MAX_SETTINGS];
    char here[PATH_MAX], texts[MAX_SETTINGS][40];
    memset(t, 0, sizeof *t);
    if (!getcwd(here, sizeof here))
        return check_fail(c, "no current directory");
    TRY(describe(c, &d, 5));
    if (d.objective.n_slots)
        return check_skip(c, "composes other components");
    t->c = c;
    t->description = &d.description;
    t->stop_at = stop_at;
    t->cancel_at = cancel_at;
    for (uint32_t i = 0; i < d.description.n_keys; i++) {
        const double v = 0.25 + 0.125 * i;
        snprintf(texts[i], sizeof texts[i], "%.17g", v);
        settings[i] = (hone_setting){ d.description.keys[i], texts[i], v };
    }
    const hone_trial trial = { .size = sizeof trial,
                               .number = 3,
                               .seed = 17,
                               .study_seed = 1,
                               .directory = here,
                               .n_settings = d.description.n_keys,
                               .settings = settings,
                               .impl = t,
                               .report = on_report,
                               .result = on_result,
                               .attach = on_attach,
                               .artifact_path = on_path,
                               .attach_file = on_attach,
                               .entering = on_entering,
                               .wants_checkpoint = on_wants_checkpoint,
                               .checkpoint_path = on_checkpoint_path,
                               .checkpoint = on_checkpoint,
                               .derivatives = on_derivatives };
    CALL(c, "run", *rc = d.objective.run(d.in.self, &trial, &d.in.err));
    TRY(check_error(c, "run", *rc, &d.in.err));
    if (t->wrong[0])
        return check_fail(c, "%s", t->wrong);
    if (t->after)
        return check_fail(c, "goes on reporting after it was told to end");
    if (*rc < 0 && *rc != HONE_ECANCELED)
        return c->options->n_sets ? check_fail(c, "run failed: %s", d.in.err.msg)
                                  : check_skip(c, "run wants real settings (--set key=value): %s", d.in.err.msg);
    if (*rc == HONE_DONE && !t->ended)
        return check_fail(c, "run answers HONE_DONE (pruned) though nobody asked for it");
    if (*rc == HONE_OK && !t->reports && !t->results)
        return check_fail(c, "the trial is complete without any value");
    return instance_destroy(&d.in);
}

static int case_trial(struct check *c)
{
    static struct trial a, b;
    hone_rc rc;
    TRY(run_trial(c, 0, 0, &a, &rc));
    TRY(run_trial(c, 0, 0, &b, &rc));
    check_note(c, "%u reports, %u results", a.reports, a.results);
    if (c->component->flags & HONE_C_DETERMINISTIC &&
        (a.heard.n != b.heard.n || memcmp(a.heard.data, b.heard.data, a.heard.n) != 0))
        return check_fail(c, "the same trial gives other values");
    return 0;
}

static int case_obeys(struct check *c)
{
    static struct trial t;
    hone_rc rc;
    TRY(run_trial(c, 0, 0, &t, &rc));
    if (!t.reports)
        return check_skip(c, "reports no steps");
    TRY(run_trial(c, 1, 0, &t, &rc));
    if (rc != HONE_DONE)
        return check_fail(c, "report answered HONE_DONE (stop), run answers %d instead of HONE_DONE", rc);
    TRY(run_trial(c, 0, 1, &t, &rc));
    return rc == HONE_ECANCELED ? 0 : check_fail(c, "report answered HONE_ECANCELED, run answers %d instead", rc);
}

/* Where host->cancelled says so from the start, a trial may still end well, but it must end. */
static int case_cancelled(struct check *c)
{
    static struct trial t;
    hone_rc rc;
    c->cancelled = 1;
    return run_trial(c, 0, 0, &t, &rc);
}

const struct check_case objective_cases[] = {
    { "describe", HONE_KIND_OBJECTIVE, "slots, metrics, directions and keys are sane", case_describe },
    { "trial", HONE_KIND_OBJECTIVE, "a trial gives the values it described, and again the same", case_trial },
    { "obeys", HONE_KIND_OBJECTIVE, "ends when it is told to stop or that the study ends", case_obeys },
    { "cancelled", HONE_KIND_OBJECTIVE, "comes back where the host has cancelled", case_cancelled },
    { NULL, NULL, NULL, NULL },
};
