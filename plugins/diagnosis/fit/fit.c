/* SPDX-License-Identifier: MIT */
/* diagnosis/fit: does a training over- or underfit, did it end too early? Told from the losses on training and validation
 * samples. */
#include "fit.h"

#include "hone/instance.h"

static const hone_param params[] = {
    HONE_REAL(struct settings, gap, "0.1", 0, HUGE_VAL, HONE_P_LO_OPEN, NULL,
              "overfits: by how much the validation loss is above the training loss, as a share of the baseline."),
    HONE_REAL(struct settings, rise, "0.05", 0, HUGE_VAL, HONE_P_LO_OPEN, NULL,
              "overfits: by how much the validation loss is above its least, as a share of that."),
    HONE_REAL(struct settings, level, "0.2", 0, HUGE_VAL, HONE_P_LO_OPEN, NULL,
              "underfits: how large the training loss still is, as a share of the baseline."),
    HONE_REAL(
        struct settings, plateau, "0.02", 0, 1, HONE_P_LO_OPEN, NULL,
        "underfits, stopped_early: below such an improvement, as a share of the loss, it counts as standing still."),
    HONE_REAL(struct settings, errors, "3", 0, HUGE_VAL, 0, NULL,
              "Standard errors that a difference must be larger than."),
};

static double share(double value, double of)
{
    return of > 0 ? value / of : (double)NAN;
}

/* ---- reading ---- */
static const double *values_of(const hone_diagnosis_data *d, const char *name)
{
    const hone_curve *c = hone_diagnosis_curve(d, name);
    return c ? c->values : NULL;
}

/* Losses other than these have no baseline that could be told from the targets. */
static int loss_is_common(const hone_diagnosis_data *d)
{
    const hone_diagnosed_section *loss = hone_diagnosis_section(d, "loss", NULL);
    return !loss || !strcmp(loss->use, "cross_entropy") || !strcmp(loss->use, "mse");
}

/* 0: there is nothing to judge. */
static int look(struct fit *f, const hone_diagnosis_data *d, const struct settings *settings)
{
    const double kept = hone_diagnosis_metric(d, "model.epochs"),
                 error = hone_diagnosis_last(d, "diagnosis.validation_loss_error"),
                 train_error = hone_diagnosis_last(d, "diagnosis.train_loss_error"),
                 baseline = hone_diagnosis_last(d, "diagnosis.baseline_loss");
    *f = (struct fit){ .data = d, .settings = settings };
    f->validation = values_of(d, "validation.loss");
    f->train = values_of(d, "diagnosis.train.loss");
    if (!f->train)
        f->train = values_of(d, "train.loss");
    if (d->n_steps < 2 || !f->validation || !f->train)
        return 0;
    f->last = f->at = d->n_steps - 1;
    while (f->at && kept >= 1 && (double)d->steps[f->at] > kept) /* earlier weights were brought back */
        f->at--;
    for (uint32_t i = 1; i <= f->at; i++)
        if (f->validation[i] < f->validation[f->best])
            f->best = i;
    f->error = isfinite(error) ? error : 0;
    f->gap_error = hypot(f->error, isfinite(train_error) ? train_error : 0);
    f->has_baseline = baseline > 0 && loss_is_common(d);
    f->unit = f->has_baseline ? baseline : f->train[0];
    return isfinite(f->validation[f->at]) && isfinite(f->train[f->at]) && f->unit > 0;
}

static double mean(const double *values, uint32_t from, uint32_t to)
{
    double sum = 0;
    for (uint32_t i = from; i < to; i++)
        sum += values[i];
    return sum / (double)(to - from);
}

/* By how much the last quarter of the steps (two at least) is below the quarter before it, as a share; NaN: too few steps. */
static double recent_improvement(const double *values, uint32_t n)
{
    const uint32_t quarter = n / 4 > 2 ? n / 4 : 2;
    if (n < 2 * quarter)
        return (double)NAN;
    const double before = mean(values, n - 2 * quarter, n - quarter), now = mean(values, n - quarter, n);
    return share(before - now, before);
}

/* Steps up to the last one at which the learning rate was not small beside its largest: a loss stands still after that, whatever
 * the network could do. */
static uint32_t moving_steps(const struct fit *f)
{
    const double *rate = values_of(f->data, "diagnosis.learning_rate");
    double most = 0;
    uint32_t n = f->at + 1;
    for (uint32_t i = 0; rate && i < n; i++)
        most = fmax(most, rate[i]);
    while (rate && n > 1 && rate[n - 1] < 0.3 * most)
        n--;
    return n;
}

/* "accuracy 0.998 on training samples, 0.81 on validation samples": of the objective, where both were reported. */
static void add_metric(const struct fit *f, hone_draft *draft)
{
    static const char prefix[] = "validation.";
    const hone_diagnosis_data *d = f->data;
    const char *name = d->n_objectives ? d->objectives[0].name : "";
    char train[128];
    if (strncmp(name, prefix, sizeof prefix - 1) != 0 || !strcmp(name, "validation.loss"))
        return;
    snprintf(train, sizeof train, "diagnosis.train.%.100s", name + sizeof prefix - 1);
    const double *here = values_of(d, train), *there = values_of(d, name);
    if (here && there)
        hone_draft_evidence(draft, "; %s %.4g against %.4g", name + sizeof prefix - 1, there[f->at], here[f->at]);
}

static void add_losses(const struct fit *f, hone_draft *draft)
{
    hone_draft_evidence(draft, "At step %lld the loss is %.4g on validation samples and %.4g on training samples",
                        (long long)f->data->steps[f->at], f->validation[f->at], f->train[f->at]);
    if (f->error > 0)
        hone_draft_evidence(draft, " (standard error of the difference %.2g)", f->gap_error);
    if (f->has_baseline)
        hone_draft_evidence(draft, "; without any input it would be %.4g", f->unit);
    add_metric(f, draft);
}

/* ---- the rules ---- */
static int overfits(const struct fit *f, hone_draft *draft)
{
    const struct settings *s = f->settings;
    const double now = f->validation[f->at], least = f->validation[f->best], gap = now - f->train[f->at];
    const int wide = share(gap, f->unit) >= s->gap && gap > s->errors * f->gap_error && f->train[f->at] < f->unit;
    const int rose = share(now - least, least) >= s->rise && now - least > s->errors * f->error &&
                     f->train[f->at] < f->train[f->best];
    if (!wide && !rose)
        return 0;
    hone_draft_begin(draft, "overfits", HONE_FINDING_PROBLEM, "%s",
                     rose ? "It learns its training samples by heart, and ever more to the cost of others."
                          : "It knows its training samples better than others.");
    add_losses(f, draft);
    if (rose)
        hone_draft_evidence(draft, "; the least on validation samples was %.4g, at step %lld", least,
                            (long long)f->data->steps[f->best]);
    hone_draft_evidence(draft, ".");
    remedies_regularize(f, draft);
    return 1;
}

/* Where neither capacity nor regularization can be blamed yet: nothing was learnt, or it was lost again. */
static const double KNOWS_NOTHING = 0.97, GROWN = 1.1;

static int grew(const struct fit *f)
{
    double least = f->train[0];
    for (uint32_t i = 1; i <= f->at; i++)
        least = fmin(least, f->train[i]);
    return f->train[f->at] > GROWN * least;
}

/* Half of the units are dead: what the network is made of says little about what it can do. */
static const double MANY_DEAD = 0.5;
/* Less than such a share of the weights' norm an update: what hardly moves has not tried the data yet. */
static const double MOVES = 1e-4;

static int add_dead(const struct fit *f, hone_draft *draft)
{
    const double dead = hone_diagnosis_last(f->data, "diagnosis.dead_units");
    if (!(dead >= MANY_DEAD))
        return 0;
    hone_draft_evidence(draft, "; %.0f %% of its units are dead, revive these first", 100 * dead);
    return 1;
}

static int learns_nothing(const struct fit *f, hone_draft *draft)
{
    const hone_diagnosed_key *rate = hone_diagnosis_key(f->data, "optimizer.learning_rate");
    const double level = share(f->train[f->at], f->unit);
    if (!f->has_baseline || !(level >= KNOWS_NOTHING) || !(level <= GROWN) ||
        !(recent_improvement(f->train, f->at + 1) < f->settings->plateau))
        return 0;
    hone_draft_begin(draft, "learns_nothing", HONE_FINDING_PROBLEM,
                     "It does no better than an answer that looks at no input.");
    add_losses(f, draft);
    const double moved = hone_diagnosis_last(f->data, "diagnosis.update_ratio");
    const int dead = add_dead(f, draft);
    hone_draft_evidence(draft, ".");
    if (rate && rate->dim == UINT32_MAX && !dead)
        hone_draft_advise(draft, rate->path, "try ten times more, and ten times less");
    remedies_scale(f, draft);
    if (!dead && !(moved < MOVES) && hone_diagnosis_section(f->data, "dataset", NULL))
        hone_draft_advise(draft, "dataset.use", "where nothing else is found: do inputs and targets belong together?");
    return 1;
}

static int underfits(const struct fit *f, hone_draft *draft)
{
    const struct settings *s = f->settings;
    const double gap = share(f->validation[f->at] - f->train[f->at], f->unit),
                 improvement = recent_improvement(f->train, moving_steps(f)), level = share(f->train[f->at], f->unit);
    if (!f->has_baseline || !(level >= s->level) || !(level < KNOWS_NOTHING) || !(gap < s->gap / 2) ||
        !(improvement < s->plateau) || grew(f))
        return 0;
    hone_draft_begin(draft, "underfits", HONE_FINDING_PROBLEM,
                     "It does not even fit its training samples, and has stopped getting better at it.");
    add_losses(f, draft);
    hone_draft_evidence(draft,
                        "; the last quarter of the steps (of a learning rate that is not small) took the training loss "
                        "down by %.2g %%",
                        100 * fmax(improvement, 0));
    const int dead = add_dead(f, draft);
    hone_draft_evidence(draft, ".");
    remedies_free(f, draft, !dead);
    return 1;
}

/* Slope of values over [from, to) per step, and its t statistic. */
static double slope(const double *values, uint32_t from, uint32_t to, double *t)
{
    const double n = (double)(to - from), middle = (n - 1) / 2, y = mean(values, from, to);
    double sxx = 0, sxy = 0, rest = 0;
    for (uint32_t i = from; i < to; i++) {
        const double x = (double)(i - from) - middle;
        sxx += x * x;
        sxy += x * (values[i] - y);
    }
    const double b = sxy / sxx;
    for (uint32_t i = from; i < to; i++) {
        const double e = values[i] - y - b * ((double)(i - from) - middle);
        rest += e * e;
    }
    const double error = sqrt(rest / (n - 2) / sxx);
    *t = error > 0 ? b / error : b < 0 ? -HUGE_VAL : 0;
    return b;
}

/* The key that ends a training, where the trial went as far as it goes; NULL: something else ended it. */
static const hone_diagnosed_key *end_key(const struct fit *f)
{
    static const char *const keys[] = { "objective.stop_after", "objective.epochs", "objective.steps" };
    for (size_t i = 0; i < HONE_COUNT(keys); i++) {
        const hone_diagnosed_key *key = hone_diagnosis_key(f->data, keys[i]);
        if (key && key->number > 0)
            return key->number <= (double)f->data->steps[f->last] ? key : NULL;
    }
    return NULL;
}

static int stopped_early(const struct fit *f, hone_draft *draft)
{
    enum { LEAST_STEPS = 6 };
    const uint32_t n = f->last + 1, from = n - n / 2;
    const hone_diagnosed_key *end = end_key(f);
    double t;
    if (f->data->trial->state != HONE_STATE_COMPLETE || n < LEAST_STEPS || f->at != f->last || !end ||
        f->best + 1 + n / 10 < n)
        return 0;
    const double fall = slope(f->validation, from, n, &t), more = -fall * (double)n / 2;
    if (!(t < -f->settings->errors) || !(share(more, f->validation[f->last]) >= f->settings->plateau))
        return 0;
    hone_draft_begin(draft, "stopped_early", HONE_FINDING_PROBLEM, "It was still getting better when it ended.");
    hone_draft_evidence(draft,
                        "Over the second half of its steps, up to %lld, the loss on validation samples fell by %.2g a "
                        "step (t = %.1f), to %.4g.",
                        (long long)f->data->steps[f->last], -fall, t, f->validation[f->last]);
    hone_draft_advise(draft, end->path, "raise it, to %g for a start", ceil(1.5 * end->number));
    return 1;
}

/* Short of its training samples, but neither at a stand nor so surely on its way that stopped_early would speak. */
static int still_learns(const struct fit *f, hone_draft *draft)
{
    const struct settings *s = f->settings;
    const double level = share(f->train[f->at], f->unit), improvement = recent_improvement(f->train, moving_steps(f));
    const hone_diagnosed_key *end = end_key(f);
    if (!f->has_baseline || !(level >= s->level) || !(level < KNOWS_NOTHING) || !(improvement >= s->plateau) || grew(f))
        return 0;
    hone_draft_begin(draft, "still_learns", HONE_FINDING_HINT, "It does not fit its training samples, or not yet.");
    add_losses(f, draft);
    hone_draft_evidence(draft, "; the last quarter of the steps took the training loss down by %.2g %%",
                        100 * improvement);
    const int dead = add_dead(f, draft);
    hone_draft_evidence(draft, ".");
    if (end)
        hone_draft_advise(draft, end->path, "raise it, to %g for a start", ceil(1.5 * end->number));
    remedies_free(f, draft, !dead);
    return 1;
}

static int fits(const struct fit *f, hone_draft *draft)
{
    if (!f->has_baseline || !(share(f->train[f->at], f->unit) < KNOWS_NOTHING) || grew(f))
        return 0;
    hone_draft_begin(draft, "fits", HONE_FINDING_FINE, "It neither over- nor underfits to speak of.");
    add_losses(f, draft);
    hone_draft_evidence(draft, ".");
    return 1;
}

/* A training that could have told more. */
static int not_recorded(const hone_diagnosis_data *d, hone_draft *draft)
{
    const hone_diagnosed_key *key = hone_diagnosis_key(d, "objective.diagnosis");
    if (!key || strcmp(key->text, "no") != 0 || !d->n_steps)
        return 0;
    hone_draft_begin(draft, "not_recorded", HONE_FINDING_HINT, "It was told not to report what most rules need.");
    hone_draft_evidence(draft, "There are no diagnosis.* numbers among its reports.");
    hone_draft_advise(draft, key->path, "yes, and run the trial again");
    return 1;
}

static hone_rc diagnose(void *self, const hone_diagnosis_data *d, hone_diagnosis_sink give, void *ctx, hone_error *err)
{
    static int (*const rules[])(const struct fit *, hone_draft *) = { overfits, underfits, learns_nothing,
                                                                      stopped_early };
    struct fit f;
    hone_draft draft;
    hone_rc rc = HONE_OK;
    int any = 0;
    (void)err;
    if (not_recorded(d, &draft) && (rc = give(ctx, &draft.finding)) != HONE_OK)
        return rc;
    if (!look(&f, d, (const struct settings *)self))
        return HONE_OK;
    for (size_t i = 0; i < HONE_COUNT(rules) && rc == HONE_OK; i++)
        if (rules[i](&f, &draft)) {
            any = 1;
            rc = give(ctx, &draft.finding);
        }
    if (!any && rc == HONE_OK && (still_learns(&f, &draft) || fits(&f, &draft)))
        rc = give(ctx, &draft.finding);
    return rc;
}

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, sizeof(struct settings), sizeof(struct settings), self, err);
}

static const char doc[] =
    "Reads `validation.loss` and `diagnosis.train.loss` (training samples measured as validation samples are; else\n"
    "`train.loss`, which dropout and augmentation make larger), at the step whose weights the trial ended with. Losses "
    "are\n"
    "compared with the baseline, `diagnosis.baseline_loss`: what an answer reaches that looks at no input. Differences "
    "count\n"
    "that are larger than `errors` standard errors.\n"
    "\n"
    "## Rules\n"
    "- overfits: the loss on validation samples is above that on training samples by `gap` of the baseline; or it has "
    "risen by\n"
    "  `rise` above its least while the training loss fell on (Prechelt 1998, Early stopping - but when?). Advises "
    "early\n"
    "  stopping, regularizers in use to raise, installed ones to add, more samples, a smaller model.\n"
    "- underfits: the training loss is still `level` of the baseline, the gap is below half of `gap`, and the last "
    "quarter of\n"
    "  the steps improved it by less than `plateau`, counted up to where the learning rate was 0.3 of its largest "
    "(Goodfellow, Bengio and Courville 2016, Deep Learning, 11.3). "
    "Advises a\n"
    "  lower value of strong regularizers, then a larger model (not where half of the units are dead), inputs of one "
    "scale.\n"
    "- learns_nothing: the training loss is 0.97 to 1.1 of the baseline, and no longer falls. Advises another learning "
    "rate,\n"
    "  inputs of one scale, a look at the data.\n"
    "- stopped_early: the trial went as far as its epochs, its best step is among the last tenth, and the line through "
    "the\n"
    "  second half of the validation losses falls (t statistic below -`errors`) so fast that half as many steps more "
    "would\n"
    "  lower them by `plateau` of what they are. Advises more epochs.\n"
    "- still_learns: none of these, but the training loss is still `level` of the baseline, and falls by `plateau` in "
    "the "
    "last\n"
    "  quarter. Advises more epochs, and what underfits does.\n"
    "- fits: none of these, and it has learnt something.\n"
    "- not_recorded: the training had `diagnosis = no`.\n"
    "\n"
    "Keys that the study searches are advised only where the trial stands at the end of their range.\n";

static const hone_diagnosis_v1 iface = { sizeof iface, 0, diagnose };
static const hone_component fit = {
    .size = sizeof fit,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_DIAGNOSIS,
    .name = "fit",
    .summary = "Over- and underfitting, trainings that ended too early",
    .doc = doc,
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = free,
};
HONE_MODULE("org.hone.diagnosis.fit", "0.1.0", "MIT", "the hone authors", "", &fit)
