/* SPDX-License-Identifier: MIT */
/* regularizer/early_stopping: ends the training when a validation metric has not improved for some epochs,
 * and brings back the weights of the best one (Prechelt 1998; Goodfellow, Bengio and Courville 2016,
 * algorithm 7.1). */
#include "hone/instance.h"
#include "hone/place.h"
#include "hone/regularizer.h"

struct settings {
    const char *monitor;
    int64_t patience;
    double min_delta;
    uint8_t restore_best;
};

static const hone_param params[] = {
    HONE_STR(struct settings, monitor, "loss", 0,
             "Validation metric that must improve: loss, accuracy, or any other that has a direction and is "
             "computed."),
    HONE_INT(struct settings, patience, "5", 1, 1e9, HONE_P_TUNABLE | HONE_P_LOG, "epochs",
             "Epochs in a row without improvement after which the training ends."),
    HONE_REAL(struct settings, min_delta, "0", 0, HUGE_VAL, 0, NULL,
              "An improvement by this much or less does not count."),
    HONE_BOOL(struct settings, restore_best, "yes", 0, "At the end, the weights of the best epoch are brought back."),
};

/* All that a resumed training needs; saved as it is. */
struct progress {
    uint64_t epoch, best_epoch; /* 1, 2, ...; 0: none yet */
    double best;
    int64_t waited; /* epochs since the best one */
};

struct early_stopping {
    struct settings settings;
    struct progress progress;
};

static const char magic[8] = "stopper1";

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, sizeof(struct settings), sizeof(struct early_stopping), self, err);
}

/* "validation.loss" and "loss" are one metric. */
static const char *short_name(const char *name)
{
    static const char prefix[] = "validation.";
    return strncmp(name, prefix, sizeof prefix - 1) ? name : name + sizeof prefix - 1;
}

static const hone_value *find(const struct settings *s, const hone_progress *now, hone_error *err)
{
    char names[160] = "";
    size_t used = 0;
    for (uint32_t i = 0; i < now->n_validation; i++) {
        const hone_value *v = &now->validation[i];
        if (!strcmp(short_name(v->name), short_name(s->monitor))) {
            if (v->direction == HONE_MINIMIZE || v->direction == HONE_MAXIMIZE)
                return v;
            hone_fail(err, HONE_EINVAL, "monitor", "monitor = %.80s is neither to be minimized nor maximized",
                      s->monitor);
            return NULL;
        }
        if (used < sizeof names)
            used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", i ? ", " : "", short_name(v->name));
    }
    hone_fail(err, HONE_EINVAL, "monitor", "monitor = %.60s is not among the metrics of the validation: %s", s->monitor,
              names);
    return NULL;
}

static hone_rc on_epoch(void *self, const hone_progress *now, hone_error *err)
{
    struct early_stopping *e = (struct early_stopping *)self;
    struct progress *p = &e->progress;
    const hone_value *v;
    if (!now->n_validation)
        return HONE_OK; /* trained without a validation set: nothing to watch */
    if (!(v = find(&e->settings, now, err)))
        return HONE_EINVAL;
    p->epoch = now->epoch;
    const double gain = v->direction == HONE_MAXIMIZE ? v->value - p->best : p->best - v->value;
    /* NaN is never an improvement */
    if (p->best_epoch ? gain > e->settings.min_delta : !isnan(v->value)) {
        const hone_rc rc = e->settings.restore_best ? now->keep(now->ctx, err) : HONE_OK;
        if (rc < 0)
            return rc;
        p->best = v->value;
        p->best_epoch = now->epoch;
        p->waited = 0;
        return HONE_OK;
    }
    return ++p->waited >= e->settings.patience ? HONE_DONE : HONE_OK;
}

static hone_rc at_end(void *self, const hone_progress *now, hone_error *err)
{
    const struct early_stopping *e = (const struct early_stopping *)self;
    if (!e->settings.restore_best || !e->progress.best_epoch || e->progress.best_epoch == e->progress.epoch)
        return HONE_OK; /* the weights at hand are the best ones */
    return now->restore(now->ctx, err);
}

static hone_rc save(void *self, const hone_ostream *out, hone_error *err)
{
    const struct early_stopping *e = (const struct early_stopping *)self;
    const hone_rc rc = hone_write(out, magic, sizeof magic, err);
    return rc == HONE_OK ? hone_write(out, &e->progress, sizeof e->progress, err) : rc;
}

static hone_rc load(void *self, const hone_istream *in, hone_error *err)
{
    struct early_stopping *e = (struct early_stopping *)self;
    char tag[sizeof magic];
    struct progress p;
    hone_rc rc;
    if ((rc = hone_read(in, tag, sizeof tag, err)) != HONE_OK || (rc = hone_read(in, &p, sizeof p, err)) != HONE_OK ||
        (rc = hone_read_end(in, err)) != HONE_OK)
        return rc;
    if (memcmp(tag, magic, sizeof magic))
        return hone_fail(err, HONE_EINVAL, NULL, "the saved state is not that of early_stopping");
    if (p.best_epoch > p.epoch || p.waited < 0 || (uint64_t)p.waited > p.epoch || isnan(p.best))
        return hone_fail(err, HONE_EINVAL, NULL, "the saved state of early_stopping contradicts itself");
    e->progress = p;
    return HONE_OK;
}

static const hone_regularizer_v1 iface = {
    .size = sizeof iface, .flags = HONE_REGULARIZER_VALIDATION, .on_epoch = on_epoch, .at_end = at_end
};

/* What it brings back at the end is the last word. */
static const hone_place place = { sizeof place, HONE_STAGE_LAST, NULL, NULL };
HONE_PLACE(place)

static const hone_component early_stopping = {
    .size = sizeof early_stopping,
    .flags = HONE_C_DETERMINISTIC | HONE_C_STATEFUL,
    .kind = HONE_KIND_REGULARIZER,
    .name = "early_stopping",
    .summary = "Ends training when a validation metric stops improving, and restores the best weights",
    .doc = "After each epoch the validation metric `monitor` is compared with its best value so far. It\n"
           "has improved where it is better by more than `min_delta`; its direction is the metric's own.\n"
           "After `patience` epochs in a row without improvement the training ends. With `restore_best`\n"
           "the weights of the best epoch are the result, also where the training ran to its last epoch.\n"
           "NaN is no improvement.\n"
           "\n"
           "A metric that is not computed is an error that lists those that are. Without a validation set\n"
           "it does nothing. A `patience` beyond the number of epochs, with `restore_best = no`, changes\n"
           "nothing.\n"
           "\n"
           "Source: Prechelt 1998, \"Early stopping - but when?\"; Goodfellow, Bengio and Courville 2016,\n"
           "\"Deep learning\", section 7.8, algorithm 7.1.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = free,
    .save = save,
    .load = load,
    .get_ext = hone_place_ext,
};

HONE_MODULE("org.hone.regularizer.early_stopping", "0.1.0", "MIT", "the hone authors", "", &early_stopping)
