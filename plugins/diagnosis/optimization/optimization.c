/* SPDX-License-Identifier: MIT */
/* diagnosis/optimization: does the optimizer get along - learning rate, gradients, dead units? Told from norms and from how
 * the training loss moves. */
#include "optimization.h"

#include "hone/instance.h"

static const hone_param params[] = {
    HONE_REAL(struct settings, rises, "0.3", 0, 1, HONE_P_LO_OPEN, NULL,
              "learning_rate_high: share of the steps, after the first quarter, at which the training loss rises."),
    HONE_REAL(struct settings, fast, "0.01", 0, HUGE_VAL, HONE_P_LO_OPEN, NULL,
              "learning_rate_high: an update of such a share of the weights' norm is large."),
    HONE_REAL(struct settings, slow, "1e-4", 0, HUGE_VAL, HONE_P_LO_OPEN, NULL,
              "learning_rate_low: an update of such a share of the weights' norm is small."),
    HONE_REAL(struct settings, level, "0.1", 0, HUGE_VAL, HONE_P_LO_OPEN, NULL,
              "Rules of speed say nothing where the training loss is below such a share of the baseline."),
    HONE_REAL(struct settings, growth, "1.5", 1, HUGE_VAL, HONE_P_LO_OPEN, NULL,
              "diverges: the training loss ends at so many times its least."),
    HONE_REAL(struct settings, vanishing, "1e-3", 0, 1, HONE_P_LO_OPEN, NULL,
              "vanishing_gradients: the relative gradient of some layer is such a share of the largest one's."),
    HONE_REAL(struct settings, exploding, "100", 1, HUGE_VAL, HONE_P_LO_OPEN, NULL,
              "exploding_gradients: the largest gradient is so many times the median one."),
    HONE_REAL(struct settings, dead, "0.4", 0, 1, HONE_P_LO_OPEN, NULL,
              "dead_units: share of the units of a layer that never answer."),
};

/* ---- the rules ---- */
/* 1: the trial was given up because of numbers that were none. */
static int broke(const hone_diagnosis_data *d)
{
    return d->trial->state == HONE_STATE_FAILED && d->trial->message && strstr(d->trial->message, "not finite");
}

static int diverges(const struct progress *p, hone_draft *draft)
{
    const hone_diagnosis_data *d = p->data;
    uint32_t least = 0;
    if (broke(d)) {
        hone_draft_begin(draft, "diverges", HONE_FINDING_PROBLEM, "The training ran away: its numbers overflowed.");
        hone_draft_evidence(draft, "%s.", d->trial->message);
        remedies_slow(p, draft);
        return 1;
    }
    if (!p->train || p->n < 3)
        return 0;
    for (uint32_t i = 1; i < p->n; i++)
        least = p->train[i] < p->train[least] ? i : least;
    const double now = p->train[p->n - 1], worst = p->baseline > 0 ? p->baseline : p->train[0];
    const int grew = now > p->settings->growth * p->train[least] && now > 0.5 * worst;
    const int falls = p->train[p->n / 2] - now > 0.005 * now;
    if (!grew && (falls || !(now > 1.05 * worst)))
        return 0;
    hone_draft_begin(draft, "diverges", HONE_FINDING_PROBLEM,
                     grew ? "The training loss grows."
                          : "The training loss is above that of an answer that knows nothing.");
    hone_draft_evidence(draft, "It is %.4g at step %lld and was %.4g at step %lld", now, (long long)d->steps[p->n - 1],
                        p->train[least], (long long)d->steps[least]);
    if (p->baseline > 0)
        hone_draft_evidence(draft, "; without any input it would be %.4g", p->baseline);
    hone_draft_evidence(draft, ".");
    remedies_slow(p, draft);
    return 1;
}

/* The largest share of dead units of a layer, and the layer; 0: none, or not reported. */
static double most_dead(const struct progress *p, const char **where)
{
    static const char dead[] = "diagnosis.dead_units.";
    const hone_diagnosis_data *d = p->data;
    double most = 0;
    for (uint32_t i = 0; i < d->n_curves; i++)
        if (!strncmp(d->curves[i]->name, dead, sizeof dead - 1) && d->curves[i]->values[p->n - 1] > most) {
            most = d->curves[i]->values[p->n - 1];
            *where = d->curves[i]->name + sizeof dead - 1;
        }
    return most;
}
/* ALIVE: a gradient of such a share of the weights is one; below, nothing is learnt anywhere, and no layer is to blame. */
static const double ALL_BUT_DEAD = 0.9, ALIVE = 1e-5;

/* There is something left to learn. */
static int has_room(const struct progress *p)
{
    return p->train && (!(p->baseline > 0) || p->train[p->n - 1] >= p->settings->level * p->baseline);
}

static int learning_rate_high(const struct progress *p, hone_draft *draft)
{
    enum { LEAST_STEPS = 8 };
    const double ratio = half_median(p, "diagnosis.update_ratio");
    if (p->n < LEAST_STEPS || !has_room(p) || !(ratio >= p->settings->fast))
        return 0;
    const uint32_t from = p->n / 4;
    uint32_t rises = 0;
    for (uint32_t i = from + 1; i < p->n; i++)
        rises += p->train[i] > p->train[i - 1];
    const uint32_t n = p->n - from - 1;
    if (!(rises >= p->settings->rises * n))
        return 0;
    hone_draft_begin(draft, "learning_rate_high", HONE_FINDING_PROBLEM,
                     "It learns in leaps: the learning rate is high.");
    hone_draft_evidence(
        draft,
        "The training loss rose at %u of the last %u steps, and one update moves the weights by %.2g of "
        "their norm (some 0.001 is usual).",
        rises, n, ratio);
    remedies_settle(p, draft);
    return 1;
}

/* An update that was large when the training began: it has come to rest, or to grief, since. */
static int was_fast(const struct progress *p)
{
    const hone_curve *ratio = hone_diagnosis_curve(p->data, "diagnosis.update_ratio");
    int fast = 0;
    for (uint32_t i = 0; ratio && i < p->n; i++)
        fast |= ratio->values[i] >= p->settings->fast;
    return fast;
}

static int learning_rate_low(const struct progress *p, hone_draft *draft)
{
    const double ratio = half_median(p, "diagnosis.update_ratio");
    const char *where;
    if (!has_room(p) || !(ratio <= p->settings->slow) || was_fast(p) || most_dead(p, &where) >= ALL_BUT_DEAD)
        return 0;
    hone_draft_begin(draft, "learning_rate_low", HONE_FINDING_PROBLEM, "It hardly moves: the learning rate is low.");
    hone_draft_evidence(
        draft,
        "One update moves the weights by %.2g of their norm (some 0.001 is usual); the training loss is still %.4g",
        ratio, p->train[p->n - 1]);
    if (p->baseline > 0)
        hone_draft_evidence(draft, ", and would be %.4g without any input", p->baseline);
    hone_draft_evidence(draft, ".");
    remedies_fast(p, draft);
    return 1;
}

/* Gradients against weights, layer by layer: a layer whose share is tiny beside another's hardly learns. */
static int vanishing_gradients(const struct progress *p, hone_draft *draft)
{
    static const char gradients[] = "diagnosis.gradient_norm.";
    const hone_diagnosis_data *d = p->data;
    double least = HUGE_VAL, most = 0;
    const char *where = NULL, *beside = NULL;
    if (!has_room(p) || most_dead(p, &where) >= ALL_BUT_DEAD)
        return 0;
    where = NULL;
    for (uint32_t i = 0; i < d->n_curves; i++) {
        char weights[160];
        const char *name = d->curves[i]->name;
        if (strncmp(name, gradients, sizeof gradients - 1) != 0)
            continue;
        snprintf(weights, sizeof weights, "diagnosis.weight_norm.%.120s", name + sizeof gradients - 1);
        const double relative = half_median(p, name) / half_median(p, weights);
        if (relative < least) {
            least = relative;
            where = name + sizeof gradients - 1;
        }
        if (relative > most) {
            most = relative;
            beside = name + sizeof gradients - 1;
        }
    }
    if (!where || !beside || !(most >= ALIVE) || !(least < p->settings->vanishing * most))
        return 0;
    hone_draft_begin(draft, "vanishing_gradients", HONE_FINDING_PROBLEM, "Hardly any gradient arrives at %s.", where);
    hone_draft_evidence(draft, "The norm of the gradient is %.2g of that of the weights there, and %.2g in %s.", least,
                        most, beside);
    remedies_flow(p, draft);
    return 1;
}

static int exploding_gradients(const struct progress *p, hone_draft *draft)
{
    const hone_curve *most = hone_diagnosis_curve(p->data, "diagnosis.gradient_norm_max");
    const double usual = all_median(p, "diagnosis.gradient_norm");
    uint32_t at = 0;
    if (!most || !(usual > 0))
        return 0;
    for (uint32_t i = 1; i < p->n; i++)
        if (most->values[i] > most->values[at] || !isfinite(most->values[i]))
            at = i;
    if (isfinite(most->values[at]) && !(most->values[at] >= p->settings->exploding * usual))
        return 0;
    hone_draft_begin(draft, "exploding_gradients", HONE_FINDING_PROBLEM, "Single gradients are huge.");
    hone_draft_evidence(draft, "At step %lld a gradient of norm %.3g came up; the median of the means is %.3g.",
                        (long long)p->data->steps[at], most->values[at], usual);
    remedies_clip(p, draft);
    remedies_slow(p, draft);
    return 1;
}

static int dead_units(const struct progress *p, hone_draft *draft)
{
    const double all = hone_diagnosis_last(p->data, "diagnosis.dead_units");
    const char *where = NULL;
    const double most = most_dead(p, &where);
    if (!where || !(most >= p->settings->dead))
        return 0;
    hone_draft_begin(draft, "dead_units", most >= ALL_BUT_DEAD ? HONE_FINDING_PROBLEM : HONE_FINDING_HINT,
                     "Many units are dead: they answer to no validation sample, and get no gradient.");
    hone_draft_evidence(draft, "%.0f %% of the units of %s, %.0f %% of all.", 100 * most, where, 100 * all);
    remedies_revive(p, draft);
    return 1;
}

static hone_rc diagnose(void *self, const hone_diagnosis_data *d, hone_diagnosis_sink give, void *ctx, hone_error *err)
{
    static int (*const rules[])(const struct progress *, hone_draft *) = {
        diverges, learning_rate_high, learning_rate_low, vanishing_gradients, exploding_gradients, dead_units,
    };
    struct progress p;
    hone_draft draft;
    int diverged = 0;
    hone_rc rc = progress_open(&p, d, (const struct settings *)self, err);
    for (size_t i = 0; i < HONE_COUNT(rules) && rc == HONE_OK; i++) {
        if (!p.n && i) /* without a report only the failure speaks */
            break;
        if (diverged && (rules[i] == learning_rate_high || rules[i] == learning_rate_low))
            continue;
        if (rules[i](&p, &draft)) {
            diverged |= rules[i] == diverges;
            rc = give(ctx, &draft.finding);
        }
    }
    progress_close(&p);
    return rc;
}

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, sizeof(struct settings), sizeof(struct settings), self, err);
}

static const char doc[] =
    "Reads what a training reports of its steps: `train.loss` (or, clean of noise, `diagnosis.train.loss`), norms of\n"
    "gradients, weights and updates, dead units. Where the training loss is below `level` of "
    "`diagnosis.baseline_loss`, there is\n"
    "nothing left to learn faster, and the rules of speed are silent. Medians are over the second half of the steps.\n"
    "\n"
    "## Rules\n"
    "- diverges: the trial failed because its loss was not finite; or the training loss ends at `growth` times its "
    "least and\n"
    "  above half of the baseline; or above the baseline, and does not fall.\n"
    "- learning_rate_high: the training loss rose at `rises` of the steps after the first quarter, and an update moves "
    "the\n"
    "  weights by `fast` of their norm. 0.001 is the usual share: Karpathy, Stanford CS231n, notes on neural networks "
    "3,\n"
    "  'ratio of weights:updates'.\n"
    "- learning_rate_low: an update moves the weights by less than `slow` of their norm, and none did by `fast`. Not "
    "where a\n"
    "  layer is all but dead: its gradient is gone, whatever the rate.\n"
    "- vanishing_gradients: the gradient's norm relative to the weights' is, in some layer, below `vanishing` of the "
    "largest\n"
    "  among the layers (Glorot and Bengio 2010, Understanding the difficulty of training deep feedforward networks). "
    "Not where\n"
    "  a layer is all but dead.\n"
    "- exploding_gradients: the largest gradient is `exploding` times the median of the epochs' means (Pascanu, "
    "Mikolov and\n"
    "  Bengio 2013, On the difficulty of training recurrent neural networks).\n"
    "- dead_units: in some layer `dead` of the units behind relus answer to no validation sample (Lu et al. 2020, "
    "Dying ReLU\n"
    "  and Initialization); from 0.9 on it is called a problem.\n";

static const hone_diagnosis_v1 iface = { sizeof iface, 0, diagnose };
static const hone_component optimization = {
    .size = sizeof optimization,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_DIAGNOSIS,
    .name = "optimization",
    .summary = "Learning rate, vanishing and exploding gradients, dead units",
    .doc = doc,
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = free,
};
HONE_MODULE("org.hone.diagnosis.optimization", "0.1.0", "MIT", "the hone authors", "", &optimization)
