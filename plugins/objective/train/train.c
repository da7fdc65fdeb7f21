/* SPDX-License-Identifier: MIT */
/* objective/train - trains a network: the data set is split, transforms are learnt on the training part, the model is
 * trained with the regularizers chosen and validated after every epoch; the winner is trained again on all that is not
 * test data, tested once and kept as a file. This file holds the component; train.h says where the rest is. */
#include "hypergradient.h"

#include <stdlib.h>
#include <string.h>

static const char *const step_names[] = { "epochs", "folds", NULL }; /* in the order of enum steps */
/* in the order of enum hone_precision */
static const char *const precisions[] = { "float32", "bfloat16", "auto", NULL };

static const char *const solvers[] = { "neumann", "conjugate_gradient", NULL };       /* of enum solvers */
static const char *const hypergradients[] = { "none", "implicit", "unrolled", NULL }; /* of enum hypergradients */

#define HYPER_INT(key, def, lo, hi, unit, method, doc) \
    HONE_INT_IF(struct settings, key, def, lo, hi, 0, unit, "hypergradient=" method, doc)
#define HYPER_REAL(key, def, lo, hi, flags, method, doc) \
    HONE_REAL_IF(struct settings, key, def, lo, hi, flags, NULL, "hypergradient=" method, doc)

static const hone_param params[] = {
    HONE_INT(struct settings, epochs, "10", 1, 1e6, HONE_P_TUNABLE | HONE_P_LOG, "epochs",
             "Passes over the training data; learning rate schedules span them."),
    HONE_INT(struct settings, batch_size, "128", 1, 1e6, HONE_P_TUNABLE | HONE_P_LOG, "samples",
             "Samples per step. The last step of an epoch takes what is left."),
    HONE_INT(struct settings, threads, "1", 1, 1024, 0, "threads",
             "Threads of one trial. Many trials side by side make better use of a machine than many threads each."),
    HONE_INT(struct settings, stop_after, "0", 0, 1e6, HONE_P_TUNABLE, "epochs",
             "Ends the training after so many epochs, leaving the schedule as it is for `epochs`; 0: after all."),
    HONE_ENUM(
        struct settings, steps, "epochs", step_names, 0,
        "What a trial reports after: every epoch (the folds of a cross-validation side by side), or every fold, one "
        "after another, each trained to its end: then a scheduler such as wilcoxon stops a trial after some folds. "
        "folds needs [dataset] folds."),
    HONE_ENUM(struct settings, precision, "float32", precisions, 0,
              "What the products of the network are computed in: float32, bfloat16 (about twice as fast where the CPU "
              "has it; "
              "weights, statistics and the loss stay float32), or auto: bfloat16 where the CPU has it natively."),
    HONE_BOOL(struct settings, diagnosis, "yes", 0,
              "Whether to report what `hone diagnose` judges by: norms, dead units, the gap to the training samples."),
    HONE_ENUM(struct settings, hypergradient, "none", hypergradients, 0,
              "Whether a trial reports the derivative of validation.loss with respect to each searched coefficient of "
              "a regularizer or the optimizer that has one: implicit, at the end of the training as if it had come to "
              "rest; unrolled, of the steps of its last epoch. search/gradient descends along them."),
    { HONE_T_ENUM, 0, (uint32_t)offsetof(struct settings, hypergradient_solver), 0, "hypergradient_solver", "neumann",
      0, 0, solvers, "hypergradient=implicit", NULL,
      "How the inverse of the curvature is applied: by its Neumann series, which cut short leaves out what training is "
      "slow to learn, or by conjugate gradients, which come close in fewer terms where the training has come to "
      "rest." },
    HYPER_INT(hypergradient_terms, "20", 0, 1e6, "products", "implicit",
              "Terms of the series, or steps of conjugate gradients; each costs two gradients."),
    HYPER_REAL(hypergradient_alpha, "0", 0, HUGE_VAL, 0, "implicit",
               "Factor of the curvature in the Neumann series, in the scale of the optimizer's steps (of adam, as a "
               "learning rate "
               "is); it converges below 2 / the greatest curvature; 0: found by power iteration."),
    HYPER_REAL(hypergradient_epsilon, "1e-3", 0, 1, HONE_P_LO_OPEN | HONE_P_ADVANCED, "implicit",
               "Length of the steps over which gradients are compared, as a share of the weights' norm."),
    HYPER_INT(hypergradient_batches, "0", 0, 1e9, "batches", "implicit",
              "Training batches of a gradient, other ones for every term; 0: all."),
    HYPER_INT(hypergradient_interval, "1", 1, 1e9, "steps", "unrolled|implicit",
              "Steps from one look at the validation loss to the next; each costs about a step, and two more for "
              "every coefficient that acts on targets or inputs."),
    HYPER_REAL(hypergradient_rate, "0.01", 0, 1, HONE_P_TUNABLE, "unrolled|implicit",
               "Length of a step in what `hypergradient_tunes` names: of the logarithm, or as a share of a range that "
               "ends at 1. 0: nothing is tuned."),
    { HONE_T_STRS, 0, (uint32_t)offsetof(struct settings, hypergradient_tunes), 0, "hypergradient_tunes", "", 0, 0,
      NULL, "hypergradient=unrolled|implicit", NULL,
      "Coefficients that the training itself moves, along the derivatives of its single steps, by path "
      "(regularizer.decay*.strength), with the wildcards * and ?. What they have come to is reported as "
      "\"tuned(PATH)\"; the derivatives reported are of there, search/gradient goes on from there, and the final "
      "training takes it." },
};

struct names { /* what describe handed out; its strings live as long as the objective */
    struct names *older;
    struct measures measures;
    struct diagnosis diagnosis;
    hone_value *values;
    struct hyper hyper;
    hone_derivative *derivatives;
};
struct train {
    const hone_host *host;
    const struct settings *settings;
    struct names *names;
};

/* ---- describe ---- */
static hone_rc list_names(struct train *train, const struct crew *crew, const hone_task *task, int has_validation,
                          int64_t folds, hone_description *description, hone_error *err)
{
    struct names *names = calloc(1, sizeof *names);
    if (!names)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the names of the metrics");
    names->older = train->names;
    train->names = names;
    hone_rc rc = measures_create(&names->measures, crew, task, err);
    if (rc != HONE_OK)
        return rc;
    if (train->settings->diagnosis &&
        (rc = diagnosis_list(&names->diagnosis, &names->measures, has_validation, err)) != HONE_OK)
        return rc;
    if ((rc = hyper_list(&names->hyper, crew, train->settings, err)) != HONE_OK)
        return rc;
    names->derivatives = calloc(names->hyper.n + 1u, sizeof *names->derivatives);
    names->values = calloc(3 + DIAGNOSIS_SIZES + 2 * (size_t)names->measures.n + names->diagnosis.n + names->hyper.n,
                           sizeof *names->values);
    if (!names->values || !names->derivatives)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the names of the metrics");
    uint32_t n = 0;
    names->values[n++] = (hone_value){ "train.loss", (double)NAN, HONE_MINIMIZE, 0 };
    names->values[n++] = (hone_value){ "model.parameters", (double)NAN, HONE_MINIMIZE, 0 };
    names->values[n++] = (hone_value){ "model.epochs", (double)NAN, HONE_NO_DIRECTION, 0 };
    for (uint32_t i = 0; i < names->measures.n && has_validation; i++) {
        const struct measure *m = &names->measures.items[i];
        names->values[n++] = (hone_value){ m->validation, (double)NAN, m->direction, 0 };
        if (folds)
            names->values[n++] = (hone_value){ m->deviation, (double)NAN, HONE_MINIMIZE, 0 };
    }
    for (uint32_t i = 0; i < names->diagnosis.n; i++)
        if (i != STEP_TIME)
            names->values[n++] = names->diagnosis.values[i];
    if (train->settings->diagnosis)
        n += diagnosis_sizes(NULL, names->values + n);
    for (uint32_t i = 0; i < names->hyper.n; i++) {
        const char *key = names->hyper.items[i].key;
        names->derivatives[i] = (hone_derivative){ names->measures.items[0].validation, key, (double)NAN };
        if (hyper_tunes(train->settings, key))
            names->values[n++] = (hone_value){ names->hyper.items[i].tuned_name, (double)NAN, HONE_NO_DIRECTION, 0 };
    }
    description->n_derivatives = names->hyper.n;
    description->derivatives = names->derivatives;
    description->n_metrics = n;
    description->metrics = names->values;
    return HONE_OK;
}

static hone_rc needs_folds(const struct data *data, hone_error *err)
{
    return data->keys->folds
               ? HONE_OK
               : hone_fail(err, HONE_EINVAL, "steps", "steps = folds, but there are none: give [dataset] folds = 5");
}

static hone_rc check_hypergradient(const struct settings *s, int has_validation, hone_error *err)
{
    if (s->hypergradient == HYPERGRADIENT_NONE)
        return HONE_OK;
    if (!has_validation)
        return hone_fail(err, HONE_EINVAL, "hypergradient",
                         "hypergradient is a derivative of the validation loss: give [dataset] validation or folds");
    if (s->steps == STEPS_FOLDS)
        return hone_fail(err, HONE_ENOTSUP, "hypergradient",
                         "hypergradient takes folds side by side: leave steps = folds out");
    return HONE_OK;
}

static hone_rc describe(void *self, hone_description *description, hone_error *err)
{
    struct train *train = self;
    struct data data = { 0 };
    struct crew crew = { 0 };
    struct pipeline pipeline = { 0 };
    struct network network = { 0 };
    int has_validation = 0;
    hone_rc rc;
    memset(description, 0, sizeof *description);
    description->size = sizeof *description;
    description->max_step = train->settings->epochs;
    description->stop_key = "stop_after";
    description->final = 1;
    description->length_metric = "model.epochs";
    const int in_turn = train->settings->steps == STEPS_FOLDS;
    if ((rc = data_open(&data, train->host, err)) != HONE_OK ||
        (rc = split_check(&data, &has_validation, err)) != HONE_OK ||
        (in_turn && (rc = needs_folds(&data, err)) != HONE_OK) ||
        (rc = check_hypergradient(train->settings, has_validation, err)) != HONE_OK ||
        (rc = crew_create(&crew, train->host, &data.task, 0, err)) != HONE_OK ||
        (rc = crew_check(&crew, &data.task, has_validation, err)) != HONE_OK ||
        (rc = pipeline_create(&pipeline, &data, &crew, NULL, 1, err)) != HONE_OK ||
        (rc = network_check(&network, &crew, pipeline_task(&pipeline), train->settings, err)) != HONE_OK)
        goto out;
    rc = list_names(train, &crew, &data.task, has_validation, in_turn ? 0 : data.keys->folds, description, err);
    description->repeats = in_turn ? data.keys->folds : 0;
out:
    network_release(&network);
    pipeline_release(&pipeline);
    crew_release(&crew);
    return rc;
}

/* ---- run ---- */
hone_rc run_prepare(struct run *run, struct training *t, uint32_t fold, hone_error *err)
{
    const hone_trial *trial = run->trial;
    const int final = (trial->flags & HONE_TRIAL_FINAL) != 0;
    hone_rc rc;
    t->host = run->host;
    t->trial = trial;
    t->settings = run->settings;
    t->measures = &run->measures;
    t->seed = !final && run->data.keys->folds ? hone_rng_derive(hone_rng_derive(trial->seed, STREAM_FOLD), fold)
                                              : trial->seed;
    if ((rc = crew_create(&t->crew, run->host, &run->data.task, t->seed, err)) == HONE_OK)
        rc = crew_check(&t->crew, &run->data.task, run->has_validation, err);
    if (rc == HONE_OK && !run->measures.n)
        rc = measures_create(&run->measures, &t->crew, &run->data.task, err);
    if (rc == HONE_OK)
        rc = final ? split_final(&run->data, trial->study_seed, &t->train, &run->test, err)
                   : split_make(&run->data, trial->study_seed, fold, &t->train, &t->validation, err);
    return rc == HONE_OK ? training_prepare(t, &run->data, err) : rc;
}

/* Room for the trainings, and all of them ready but where they are made in turn. */
static hone_rc prepare(struct run *run, hone_error *err)
{
    hone_rc rc = data_open(&run->data, run->host, err);
    if (rc == HONE_OK)
        rc = split_check(&run->data, &run->has_validation, err);
    if (rc != HONE_OK)
        return rc;
    const int one = run->in_turn || run->trial->flags & HONE_TRIAL_FINAL || !run->data.keys->folds;
    const uint32_t n = one ? 1 : (uint32_t)run->data.keys->folds;
    if (!(run->trainings = calloc(n, sizeof *run->trainings)))
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for %u trainings", n);
    run->n_trainings = n;
    for (uint32_t i = 0; i < n && !run->in_turn && rc == HONE_OK; i++)
        rc = run_prepare(run, &run->trainings[i], i, err);
    return rc;
}

static void release(struct run *run)
{
    for (uint32_t i = 0; i < run->n_trainings; i++)
        training_release(&run->trainings[i]);
    free(run->trainings);
    samples_release(&run->test);
    measures_release(&run->measures);
    run->trainings = NULL;
    run->n_trainings = 0;
}

/* Ready to train: from the beginning, or from a checkpoint. One that is of no use is told, and the trial begins anew. */
static hone_rc begin(struct run *run, int64_t *epoch, int *changed, hone_error *err)
{
    const struct run blank = *run;
    hone_error why = HONE_ERROR_INIT;
    hone_rc rc = prepare(run, err);
    *epoch = 0;
    *changed = 0;
    if (rc != HONE_OK || !run->trial->restore_path || (rc = checkpoint_restore(run, epoch, changed, &why)) == HONE_OK)
        return rc;
    if (run->trial->flags & HONE_TRIAL_CLONED)
        return hone_fail(err, rc, "", "%.200s; a clone cannot begin anew", why.msg);
    if (run->host->log)
        run->host->log(run->host, HONE_LOG_WARN, why.msg);
    release(run);
    *run = blank;
    *epoch = 0;
    *changed = 0;
    return prepare(run, err);
}

static hone_rc run_trial(void *self, const hone_trial *trial, hone_error *err)
{
    const struct train *train = self;
    struct run run = { .host = train->host, .trial = trial, .settings = train->settings };
    int64_t epoch;
    int changed;
    run.in_turn = train->settings->steps == STEPS_FOLDS && !(trial->flags & HONE_TRIAL_FINAL);
    hone_rc rc = begin(&run, &epoch, &changed, err);
    if (rc == HONE_OK)
        rc = run.in_turn ? folds_in_turn(&run, err) : folds_run(&run, epoch, changed, err);
    if (rc == HONE_OK && trial->flags & HONE_TRIAL_FINAL)
        rc = finish(&run, err);
    entering(trial, NULL);
    release(&run);
    return rc;
}

static const hone_objective_v1 iface = { sizeof iface, 0, TRAIN_SLOTS, 0, train_slots, describe, run_trial };

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    struct train *train = calloc(1, sizeof *train);
    if (!train)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory");
    train->host = host;
    train->settings = info->config;
    *self = train;
    return HONE_OK;
}

static void destroy(void *self)
{
    struct train *train = self;
    while (train && train->names) {
        struct names *names = train->names;
        train->names = names->older;
        measures_release(&names->measures);
        diagnosis_release(&names->diagnosis);
        hyper_release(&names->hyper);
        free(names->derivatives);
        free(names->values);
        free(names);
    }
    free(train);
}

static const hone_component component = {
    .size = sizeof component,
    .flags = HONE_C_DETERMINISTIC | HONE_C_DEFAULT,
    .kind = HONE_KIND_OBJECTIVE,
    .name = "train",
    .summary = "Trains a network composed of a data set, a model, regularizers and an optimizer",
    .doc =
        "Splits the data, learns the transforms on the training part, trains with the regularizers (by stage, then in "
        "the order of the INI) and\n"
        "reports after every epoch `train.loss`, `validation.loss` and `validation.NAME` for the values of every "
        "metric.\n"
        "Where a metric is configured more than once, NAME starts with the section's suffix. `model.parameters` "
        "counts the\n"
        "weights, `model.epochs` the epochs behind them (fewer than were run where the best weights were brought "
        "back).\n"
        "\n"
        "For `hone diagnose` it reports, unless `diagnosis = no`, at a cost of some percent of an epoch at most:\n"
        "\n"
        "    diagnosis.train.NAME        the loss and the metrics of a 25th of the training samples (64 at least), "
        "as\n"
        "                                validation samples are measured: no noise, no augmentation\n"
        "    diagnosis.gap.NAME          by how much validation is worse than that\n"
        "    diagnosis.validation_loss_error, diagnosis.train_loss_error  standard errors of the two losses\n"
        "    diagnosis.baseline_loss     entropy of the classes, or variance of the targets: what an answer reaches\n"
        "                                that looks at no input\n"
        "    diagnosis.gradient_norm     mean of the norms of the loss's gradient at 2 to 8 steps of the epoch, "
        "before\n"
        "                                regularizers change it; gradient_norm_max the greatest of them\n"
        "    diagnosis.weight_norm       at the end of the epoch\n"
        "    diagnosis.update_ratio      norm of a step's change of the weights to their norm, at the same steps\n"
        "    diagnosis.dead_units        share of the units behind relus that no validation sample activates\n"
        "    diagnosis.learning_rate     of the last step, the schedule included\n"
        "    diagnosis.step_time         seconds a step; the only number that does not repeat\n"
        "\n"
        "Norms and ratios also by layer (`diagnosis.gradient_norm.hidden1`), dead units by site. Once a trial:\n"
        "`diagnosis.train_samples`, `diagnosis.validation_samples`, `diagnosis.classes`\n"
        "(0: numbers are to be predicted) and `diagnosis.dimensions` of a sample (3: images).\n"
        "\n"
        "Samples of bytes (images) are taken as numbers from 0 to 1. Transforms see those, and are stored with the "
        "model.\n"
        "\n"
        "Trials are compared on one split, drawn from the study's seed: a share of the training split "
        "(`validation`), the\n"
        "data set's own validation split where it has one, or `folds` parts in turn. With folds the values are "
        "means over\n"
        "the folds, and `validation.NAME.deviation` is their standard deviation. They are trained side by side, epoch "
        "by\n"
        "epoch; with `steps = folds` one after another, each to its end, and a trial reports after every fold.\n"
        "\n"
        "At the end of a study the winner is trained again on all data but the test split, for as many epochs, and "
        "tested\n"
        "once: `test.loss`, `test.NAME`, the metrics' tables, and `model.safetensors` with the weights, the "
        "transforms, the\n"
        "classes and the resolved INI. Regularizers that need a validation set do not act then.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof(hone_param),
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = destroy,
};
HONE_MODULE("org.hone.objective.train", "0.1.0", "MIT", "the hone authors", "", &component)
