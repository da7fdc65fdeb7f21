/* SPDX-License-Identifier: MIT */
/* diagnosis/selection: was the winner chosen well - do the good trials crowd at an end of the search space, are they further
 * apart than the validation set can tell? */
#include "hone/diagnosis.h"
#include "hone/instance.h"

struct settings {
    double edge, chance, good, errors;
    int64_t least;
};
static const hone_param params[] = {
    HONE_REAL(struct settings, edge, "0.1", 0, 0.5, HONE_P_LO_OPEN, NULL,
              "bound_reached: so much of a range, on its own scale, counts as its end."),
    HONE_REAL(
        struct settings, chance, "0.02", 0, 1, HONE_P_LO_OPEN, NULL,
        "bound_reached: the probability of so many good trials there, were the parameter of no importance, at most."),
    HONE_REAL(struct settings, good, "0.1", 0, 1, HONE_P_LO_OPEN, NULL,
              "bound_reached: share of the complete trials that are the good ones."),
    HONE_INT(struct settings, least, "5", 1, 1000000, 0, "trials",
             "bound_reached: the good trials are so many at least."),
    HONE_REAL(struct settings, errors, "1", 0, HUGE_VAL, HONE_P_LO_OPEN, NULL,
              "within_noise: differences of so many standard errors are chance."),
};

/* ---- bound_reached ---- */
struct ranked {
    double value;
    uint64_t trial;
};

static int better_first(const void *a, const void *b)
{
    const struct ranked *x = (const struct ranked *)a, *y = (const struct ranked *)b;
    if (x->value < y->value || x->value > y->value)
        return x->value < y->value ? -1 : 1;
    return (x->trial > y->trial) - (x->trial < y->trial);
}

/* -1, 1: at the lower, the upper end; 0: neither, or inactive. */
static int end_of(const struct settings *s, const hone_dim *d, double v)
{
    if (isnan(v))
        return 0;
    if (d->type == HONE_DIM_ORDINAL || hone_dim_count(d) > 0) /* few values: the outermost ones */
        if (v <= d->min || v >= d->max)
            return v <= d->min ? -1 : 1;
    const double u = hone_dim_to_unit(d, v);
    return u < s->edge ? -1 : u > 1 - s->edge ? 1 : 0;
}

/* The range, longer by half at that end; a logarithmic one by a factor of 10 at most. Kept within what the key's own table
 * allows; NaN: that is reached already. */
static double further(const hone_diagnosis_data *data, const hone_dim *d, int end)
{
    const hone_diagnosed_key *key = hone_diagnosis_key(data, d->key);
    const hone_param *p = key ? key->param : NULL;
    const double from = end < 0 ? d->min : d->max;
    const int is_log = (d->flags & HONE_DIM_LOG) != 0;
    double to = is_log ? (end < 0 ? from / 10 : from * 10) : from + end * (d->max - d->min) / 2;
    if (!isfinite(to) || d->type == HONE_DIM_ORDINAL)
        return to;
    if (d->type == HONE_DIM_INT)
        to = end < 0 ? floor(to) : ceil(to);
    if (is_log && d->type == HONE_DIM_INT && to < 1)
        to = 1;
    if (p && to < p->min)
        to = p->min;
    if (p && to > p->max)
        to = p->max;
    if (p && p->flags & HONE_P_LO_OPEN && to <= p->min)
        to = p->min + (d->min - p->min) / 10;
    if (p && p->flags & HONE_P_HI_OPEN && to >= p->max)
        to = p->max - (p->max - d->max) / 10;
    if (d->step > 0) /* on the grid that there is */
        to = from + end * d->step * floor(fabs(to - from) / d->step + 1e-9);
    return end < 0 ? (to < from ? to : (double)NAN) : to > from ? to : (double)NAN;
}

/* P(X >= k) of a binomial X of n draws with probability p. */
static double tail(uint64_t k, uint64_t n, double p)
{
    double sum = 0;
    for (uint64_t i = k; i <= n; i++)
        sum += exp(lgamma((double)n + 1) - lgamma((double)i + 1) - lgamma((double)(n - i) + 1) + (double)i * log(p) +
                   (double)(n - i) * log1p(-p));
    return sum;
}

static hone_rc bound_reached(const struct settings *s, const hone_diagnosis_data *data, const struct ranked *ranked,
                             hone_diagnosis_sink give, void *ctx)
{
    uint64_t k = (uint64_t)ceil(s->good * (double)data->n);
    hone_rc rc = HONE_OK;
    if (k < (uint64_t)s->least)
        k = (uint64_t)s->least;
    for (uint32_t i = 0; i < data->n_dims && data->n >= 2 * k && rc == HONE_OK; i++) {
        const hone_dim *d = data->space->dims[i];
        uint64_t there = 0, active = 0;
        char space[160];
        hone_draft draft;
        const int end = d->type == HONE_DIM_CHOICE || hone_dim_count(d) == 1
                            ? 0
                            : end_of(s, d, data->x[ranked[0].trial * data->n_dims + i]);
        if (!end)
            continue;
        for (uint64_t t = 0; t < k; t++) {
            const double v = data->x[ranked[t].trial * data->n_dims + i];
            active += isnan(v) ? 0 : 1;
            there += end_of(s, d, v) == end ? 1 : 0;
        }
        const double to = further(data, d, end);
        if (isnan(to) || tail(there, active, s->edge) > s->chance)
            continue;
        snprintf(space, sizeof space, "space.%.150s", d->key);
        hone_draft_begin(&draft, "bound_reached", HONE_FINDING_PROBLEM, "Good trials crowd at the %s end of %s.",
                         end < 0 ? "lower" : "upper", d->key);
        hone_draft_evidence(&draft, "%llu of the best %llu trials lie in the outer %.0f %% of its range%s.",
                            (unsigned long long)there, (unsigned long long)active, 100 * s->edge,
                            data->is_winner ? ", the winner among them" : ", the best one among them");
        if (d->type == HONE_DIM_ORDINAL || !isfinite(to))
            hone_draft_advise(&draft, space, "add values beyond %s",
                              d->choices ? d->choices[end < 0 ? 0 : d->n_choices - 1] : "the end");
        else
            hone_draft_advise(&draft, space, "let the range %s at %.6g", end < 0 ? "begin" : "end", to);
        rc = give(ctx, &draft.finding);
    }
    return rc;
}

/* ---- within_noise ---- */
/* Standard error of the first objective as the validation set measures it; NaN: not known. */
static double standard_error(const hone_diagnosis_data *d, const char **why)
{
    const char *name = d->n_objectives ? d->objectives[0].name : "";
    const double n = hone_diagnosis_metric(d, "diagnosis.validation_samples"), value = hone_diagnosis_metric(d, name);
    if (!strcmp(name, "validation.loss")) {
        *why = "the losses of its samples";
        return hone_diagnosis_metric(d, "diagnosis.validation_loss_error");
    }
    *why = "a share of as many samples";
    if (n >= 1 && value >= 0 && value <= 1 &&
        (!strcmp(name, "validation.accuracy") || !strncmp(name, "validation.top_", 15)))
        return sqrt(value * (1 - value) / n);
    return (double)NAN;
}

static hone_rc within_noise(const struct settings *s, const hone_diagnosis_data *data, const struct ranked *ranked,
                            hone_diagnosis_sink give, void *ctx)
{
    const hone_diagnosed_key *share = hone_diagnosis_key(data, "dataset.validation"),
                             *folds = hone_diagnosis_key(data, "dataset.folds"),
                             *repeats = hone_diagnosis_key(data, "study.repeats");
    const char *why;
    const double error = standard_error(data, &why),
                 samples = hone_diagnosis_metric(data, "diagnosis.validation_samples");
    uint64_t near = 0;
    hone_draft draft;
    if (!data->is_winner || !(error > 0) || data->n < 2)
        return HONE_OK;
    while (near + 1 < data->n && ranked[near + 1].value - ranked[0].value <= s->errors * error)
        near++;
    if (!near)
        return HONE_OK;
    hone_draft_begin(&draft, "within_noise", HONE_FINDING_HINT,
                     "The validation set cannot tell the winner from the next best.");
    hone_draft_evidence(
        &draft,
        "With %.0f validation samples, %s has a standard error of %.2g (%s); %llu of the other %llu trials are "
        "nearer than that, the second one by %.2g.",
        samples, data->objectives[0].name, error, why, (unsigned long long)near, (unsigned long long)data->n - 1,
        ranked[1].value - ranked[0].value);
    if (folds && !(folds->number > 0))
        hone_draft_advise(&draft, folds->path, "5: every sample then validates once");
    if (share && !(folds && folds->number > 0) && share->number > 0 && share->number < 0.3)
        hone_draft_advise(&draft, share->path, "a larger share, to %g for a start", fmin(2 * share->number, 0.3));
    if (repeats && repeats->number <= 1)
        hone_draft_advise(&draft, repeats->path, "3 or more: means over seeds");
    return give(ctx, &draft.finding);
}

static hone_rc diagnose(void *self, const hone_diagnosis_data *d, hone_diagnosis_sink give, void *ctx, hone_error *err)
{
    const struct settings *s = (const struct settings *)self;
    struct ranked *ranked = (struct ranked *)malloc(((size_t)d->n + 1) * sizeof *ranked);
    if (!ranked)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the trials");
    for (uint64_t i = 0; i < d->n; i++)
        ranked[i] = (struct ranked){ d->values[i], i };
    qsort(ranked, (size_t)d->n, sizeof *ranked, better_first);
    hone_rc rc = bound_reached(s, d, ranked, give, ctx);
    if (rc == HONE_OK)
        rc = within_noise(s, d, ranked, give, ctx);
    free(ranked);
    return rc;
}

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, sizeof(struct settings), sizeof(struct settings), self, err);
}

static const char doc[] =
    "Reads the complete trials of the study: their points and the values of the first objective.\n"
    "\n"
    "## Rules\n"
    "- bound_reached: the best trial lies in the outer `edge` of a parameter's range (on its own scale: logarithmic "
    "where that\n"
    "  is), and so do so many of the good trials, which are the best `good` of all, `least` at least and half at most, "
    "that it\n"
    "  would have a probability of `chance` at most, were the parameter of no importance (binomial). The advice is a "
    "range longer\n"
    "  by half at that end, a logarithmic one by a factor of 10, as far as the key allows.\n"
    "- within_noise: of the winner only. The next best trials are nearer to it than `errors` standard errors of the "
    "objective.\n"
    "  That of `validation.loss` comes from the losses of the validation samples (`diagnosis.validation_loss_error`), "
    "that of\n"
    "  a share of right answers p of n samples is sqrt(p (1 - p) / n). All trials are measured on the same samples, "
    "which makes\n"
    "  differences a little more certain than that.\n";

static const hone_diagnosis_v1 iface = { sizeof iface, 0, diagnose };
static const hone_component selection = {
    .size = sizeof selection,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_DIAGNOSIS,
    .name = "selection",
    .summary = "Ends of the search space that good trials reach, differences within the noise",
    .doc = doc,
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = free,
};
HONE_MODULE("org.hone.diagnosis.selection", "0.1.0", "MIT", "the hone authors", "", &selection)
