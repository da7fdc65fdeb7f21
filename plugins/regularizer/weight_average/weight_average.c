/* SPDX-License-Identifier: MIT */
/* regularizer/weight_average: the network that is validated, tested and stored has averages of the weights that training went
 * through: an exponential moving average of every step's (Polyak and Juditsky 1992), or the plain mean of every epoch's in the
 * last part of the training (stochastic weight averaging, Izmailov et al. 2018). Training itself never sees them. This file
 * decides when and with which weight; average.c holds the numbers. */
#include "average.h"

#include "hone/place.h"
#include "hone/regularizer.h"

enum { EMA, SWA };
static const char *const modes[] = { "ema", "swa", NULL };

struct settings {
    uint32_t mode;
    double decay, start;
    uint8_t warmup;
    int64_t period;
};

static const hone_param params[] = {
    HONE_ENUM(
        struct settings, mode, "ema", modes, HONE_P_TUNABLE,
        "ema: exponential moving average over the steps; swa: mean over the epochs of the last part of the training."),
    HONE_REAL_IF(struct settings, decay, "0.999", 0, 1, HONE_P_TUNABLE | HONE_P_HI_OPEN, NULL, "mode=ema",
                 "Share of the old average at each step; 1 / (1 - decay) steps count. 0 changes nothing."),
    HONE_BOOL_IF(
        struct settings, warmup, "yes", HONE_P_TUNABLE, "mode=ema",
        "ema: early steps count more, so that the first weights are soon forgotten: behind t sets of weights the "
        "decay is at most (1 + t) / (10 + t)."),
    HONE_REAL_IF(struct settings, start, "0.75", 0, 1, HONE_P_TUNABLE, NULL, "mode=swa",
                 "Share of the planned epochs after which averaging begins; with 1 only the last epoch counts, which "
                 "changes nothing."),
    HONE_INT_IF(struct settings, period, "1", 1, 1e6, HONE_P_TUNABLE, "epochs", "mode=swa",
                "Epochs between two sets of weights that count: the length of a cycle of the learning rate."),
};

struct weight_average {
    struct settings settings;
    uint64_t epoch, epochs; /* heard before each pass: 0, 1, ...; planned */
    struct average average;
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, sizeof(struct settings), sizeof(struct weight_average), self, err);
}

static void destroy(void *self)
{
    struct weight_average *w = self;
    if (w)
        average_release(&w->average);
    free(w);
}

static hone_rc on_network(void *self, hone_graph *g, hone_parameter *const *parameters, uint32_t n, hone_error *err)
{
    return average_open(&((struct weight_average *)self)->average, g, parameters, n, err);
}

static hone_rc before_pass(void *self, hone_parameter *const *parameters, uint32_t n, const hone_pass *now,
                           hone_error *err)
{
    struct weight_average *w = self;
    (void)parameters;
    (void)n;
    (void)err;
    w->epoch = now->epoch;
    w->epochs = now->epochs;
    return HONE_OK;
}

/* ema: share of the average that stays when the next set of weights comes in. */
static double decay(const struct weight_average *w)
{
    const struct settings *s = &w->settings;
    const double t = (double)w->average.n_seen;
    if (!w->average.n_seen) /* nothing yet to be kept */
        return 0;
    return s->warmup ? fmin(s->decay, (1 + t) / (10 + t)) : s->decay;
}

/* swa: whether the epoch (1, 2, ...) that has just ended counts. */
static int counts(const struct weight_average *w, uint64_t epoch)
{
    const double first = ceil(w->settings.start * (double)w->epochs);
    const uint64_t from = first > 1 ? (uint64_t)first : 1;
    return epoch >= from && (epoch - from) % (uint64_t)w->settings.period == 0;
}

static hone_rc ready(struct weight_average *w, hone_parameter *const *parameters, uint32_t n, hone_error *err)
{
    return average_is_of(&w->average, parameters, n) ? HONE_OK : average_open(&w->average, NULL, parameters, n, err);
}

static hone_rc after_update(void *self, hone_parameter *const *parameters, uint32_t n, const hone_decay *now,
                            hone_error *err)
{
    struct weight_average *w = self;
    const hone_rc rc = ready(w, parameters, n, err);
    (void)now;
    if (rc == HONE_OK && w->settings.mode == EMA)
        average_add(&w->average, decay(w));
    return rc;
}

static hone_rc on_evaluation(void *self, hone_parameter *const *parameters, uint32_t n, uint32_t begins,
                             hone_error *err)
{
    struct weight_average *w = self;
    const hone_rc rc = ready(w, parameters, n, err);
    if (rc == HONE_OK && begins && w->settings.mode == SWA && counts(w, w->epoch + 1))
        average_add(&w->average, (double)w->average.n_seen / ((double)w->average.n_seen + 1));
    if (rc == HONE_OK && w->average.n_seen)
        average_swap(&w->average);
    return rc;
}

/* For good. Early stopping may then bring back a better epoch's, which were averages, too. */
static hone_rc at_end(void *self, const hone_progress *now, hone_error *err)
{
    struct weight_average *w = self;
    (void)now;
    (void)err;
    if (w->average.n_seen && w->average.parameters)
        average_swap(&w->average);
    return HONE_OK;
}

static hone_rc save(void *self, const hone_ostream *out, hone_error *err)
{
    return average_save(&((struct weight_average *)self)->average, out, err);
}

static hone_rc load(void *self, const hone_istream *in, hone_error *err)
{
    return average_load(&((struct weight_average *)self)->average, in, err);
}

static const hone_regularizer_v1 iface = { .size = sizeof iface,
                                           .on_network = on_network,
                                           .before_pass = before_pass,
                                           .after_update = after_update,
                                           .on_evaluation = on_evaluation,
                                           .at_end = at_end };
/* After all that changes the weights of an update; one average is enough. */
static const char *const words[] = { "averaged_weights", NULL };
static const hone_place place = { sizeof place, HONE_STAGE_LATE, words, words };
HONE_PLACE(place)

static const hone_component weight_average = {
    .size = sizeof weight_average,
    .flags = HONE_C_DETERMINISTIC | HONE_C_STATEFUL,
    .kind = HONE_KIND_REGULARIZER,
    .name = "weight_average",
    .summary = "Averages of the weights over steps (EMA) or epochs (SWA) are what is evaluated",
    .doc = "Beside the weights w that are trained, an average a is kept:\n"
           "\n"
           "    ema   after each step:  a <- d a + (1 - d) w,  d = min(decay, (1 + t) / (10 + t)) with\n"
           "          warmup, t: steps before; the first step's weights are taken as they are\n"
           "    swa   after an epoch:  a <- a + (w - a) / (k + 1),    k: epochs that counted before,\n"
           "          from the epoch start * epochs on, every `period` epochs\n"
           "\n"
           "Validation, what early_stopping keeps, the test and the model file use a; the optimizer goes on\n"
           "with w. Until the first weights count, w is used. All parameters are averaged, after every\n"
           "projection (max_norm, spectral_norm, group_lasso) of the step, whatever the order of the INI.\n"
           "\n"
           "The running statistics of batch norms are averaged like the weights, as\n"
           "torch.optim.swa_utils.AveragedModel does with use_buffers = True. They are not computed anew in\n"
           "a pass over the training data, as the SWA paper does at the end: every epoch's validation would\n"
           "need such a pass. A learning rate that is constant, or cyclic with `period`, in the last part is\n"
           "what SWA is made for. With checkpoints and clones the averages travel along.\n"
           "\n"
           "`decay = 0`, or `start = 1` with swa, changes nothing.\n"
           "\n"
           "Sources: Izmailov, Podoprikhin, Garipov, Vetrov and Wilson 2018, \"Averaging weights leads to\n"
           "wider optima and better generalization\", UAI, algorithm 1; Polyak and Juditsky 1992,\n"
           "\"Acceleration of stochastic approximation by averaging\", SIAM J. Control and Optimization 30;\n"
           "the warm-up is TensorFlow's ExponentialMovingAverage with num_updates.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = destroy,
    .save = save,
    .load = load,
    .get_ext = hone_place_ext,
};

HONE_MODULE("org.hone.regularizer.weight_average", "0.1.0", "MIT", "the hone authors", "", &weight_average)
