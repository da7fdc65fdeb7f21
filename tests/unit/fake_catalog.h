/* SPDX-License-Identifier: MIT */
/* A catalog of invented components for the suites about configuration: tables of every type, no work behind them. */
#ifndef HONE_TESTS_FAKE_CATALOG_H
#define HONE_TESTS_FAKE_CATALOG_H
#include "hone/hone.h"
#include "hone/param.h"
#include "plugin/catalog.h"

#include <stdlib.h>
#include <string.h>

static hone_rc fake_create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    (void)info;
    *self = NULL;
    return hone_fail(err, HONE_ENOTSUP, "", "a fake");
}
static void fake_destroy(void *self)
{
    (void)self;
}
static void fake_function(void)
{
}

/* An interface whose functions are all there; nobody calls them. */
struct fake_iface {
    uint32_t size, flags;
    void (*functions[32])(void);
};
#define F4 fake_function, fake_function, fake_function, fake_function
#define FAKE_IFACE(T)                      \
    {                                      \
        sizeof(T), 0,                      \
        {                                  \
            F4, F4, F4, F4, F4, F4, F4, F4 \
        }                                  \
    }
_Static_assert(sizeof(hone_storage_v1) <= sizeof(struct fake_iface), "fits");

struct fake_sgd {
    double learning_rate, momentum;
    uint8_t nesterov;
    uint32_t schedule;
    double decay;
    int64_t step_size;
    hone_reals milestones;
    const char *note;
};
static const char *const fake_schedules[] = { "constant", "step", "exponential", NULL };
static const hone_param fake_sgd_params[] = {
    HONE_REAL(struct fake_sgd, learning_rate, "0.1", 0, 10, HONE_P_TUNABLE | HONE_P_LOG | HONE_P_LO_OPEN, NULL,
              "Step length."),
    HONE_REAL(struct fake_sgd, momentum, "0", 0, 1, HONE_P_TUNABLE | HONE_P_HI_OPEN, NULL, "Share of the last step."),
    HONE_BOOL(struct fake_sgd, nesterov, "no", HONE_P_TUNABLE, "Look ahead."),
    HONE_ENUM(struct fake_sgd, schedule, "constant", fake_schedules, HONE_P_TUNABLE, "How the rate falls."),
    HONE_REAL_IF(struct fake_sgd, decay, "0.5", 0, 1, HONE_P_TUNABLE | HONE_P_LO_OPEN, NULL,
                 "schedule=step|exponential", "Factor."),
    HONE_INT_IF(struct fake_sgd, step_size, "10", 1, 1000, HONE_P_TUNABLE, "epochs", "schedule=step",
                "Epochs between two falls."),
    HONE_REALS(struct fake_sgd, milestones, "", 0, 1, 0, NULL, "Fractions."),
    HONE_STR(struct fake_sgd, note, "", 0, "Free text."),
};
struct fake_adam {
    double learning_rate, beta1;
    int64_t warm;
};
static const hone_param fake_adam_params[] = {
    HONE_REAL(struct fake_adam, learning_rate, "0.001", 0, 1, HONE_P_TUNABLE | HONE_P_LOG | HONE_P_LO_OPEN, NULL,
              "Step length."),
    HONE_REAL(struct fake_adam, beta1, "0.9", 0, 1, HONE_P_TUNABLE | HONE_P_HI_OPEN, NULL, "Decay of the mean."),
    HONE_INT(struct fake_adam, warm, NULL, 0, 100, HONE_P_TUNABLE, "epochs", "Warm-up; there is no good default."),
};
struct fake_mlp {
    hone_ints hidden;
    int64_t width;
    uint32_t activation;
    double scale, bias;
};
static const char *const fake_activations[] = { "relu", "tanh", NULL };
static const hone_param fake_mlp_params[] = {
    HONE_INTS(struct fake_mlp, hidden, "64", 1, 65536, HONE_P_TUNABLE, NULL, "Widths."),
    HONE_INT(struct fake_mlp, width, "128", 1, 512, HONE_P_TUNABLE | HONE_P_LOG, NULL, "Width."),
    HONE_ENUM(struct fake_mlp, activation, "relu", fake_activations, HONE_P_TUNABLE, "Nonlinearity."),
    HONE_REAL(struct fake_mlp, scale, "1", 0, HUGE_VAL, HONE_P_TUNABLE | HONE_P_LO_OPEN, NULL, "Scale."),
    HONE_REAL(struct fake_mlp, bias, "0", -HUGE_VAL, HUGE_VAL, HONE_P_TUNABLE, NULL, "Bias."),
};
struct fake_data {
    const char *path, *extra;
    hone_strings columns;
};
static const hone_param fake_data_params[] = {
    HONE_PATH(struct fake_data, path, NULL, HONE_P_TUNABLE, "Where the data are."),
    HONE_PATH(struct fake_data, extra, "", 0, "More data."),
    HONE_STRS(struct fake_data, columns, "a, b", 0, "Columns."),
};
struct fake_dropout {
    double rate;
};
static const hone_param fake_dropout_params[] = {
    HONE_REAL(struct fake_dropout, rate, "0.5", 0, 1, HONE_P_TUNABLE | HONE_P_HI_OPEN, NULL, "Share of units dropped."),
};
struct fake_l2 {
    double strength;
};
static const hone_param fake_l2_params[] = {
    HONE_REAL(struct fake_l2, strength, "1e-4", 0, HUGE_VAL, HONE_P_TUNABLE, NULL, "Strength."),
};
struct fake_drill {
    int64_t epochs, batch_size, memory;
};
static const hone_param fake_drill_params[] = {
    HONE_INT(struct fake_drill, epochs, "10", 1, 1e6, 0, "epochs", "Passes."),
    HONE_INT(struct fake_drill, batch_size, "128", 1, 65536, HONE_P_TUNABLE, NULL, "Batch."),
    HONE_INT(struct fake_drill, memory, "1M", 0, 1e15, 0, "bytes", "Memory."),
};
struct fake_split {
    double validation;
};
static const hone_param fake_split_params[] = {
    HONE_REAL(struct fake_split, validation, "0.1", 0, 1, HONE_P_HI_OPEN, NULL, "Share for validation."),
};

static const hone_slot fake_slots[] = {
    { sizeof(hone_slot), 0, HONE_KIND_DATASET, 1, 1, fake_split_params, HONE_COUNT(fake_split_params),
      sizeof(hone_param), sizeof(struct fake_split), 0 },
    { sizeof(hone_slot), 0, HONE_KIND_MODEL, 1, 1, NULL, 0, sizeof(hone_param), 0, 0 },
    { sizeof(hone_slot), 0, HONE_KIND_REGULARIZER, 0, UINT32_MAX, NULL, 0, sizeof(hone_param), 0, 0 },
    { sizeof(hone_slot), 0, HONE_KIND_OPTIMIZER, 1, 1, NULL, 0, sizeof(hone_param), 0, 0 },
    { sizeof(hone_slot), 0, HONE_KIND_METRIC, 1, 2, NULL, 0, sizeof(hone_param), 0, 0 },
};
static const hone_slot *const fake_slot_list[] = { fake_slots, fake_slots + 1, fake_slots + 2, fake_slots + 3,
                                                   fake_slots + 4 };

static hone_rc fake_describe(void *self, hone_description *description, hone_error *err)
{
    (void)self;
    (void)description;
    (void)err;
    return HONE_OK;
}
static hone_rc fake_run(void *self, const hone_trial *trial, hone_error *err)
{
    (void)self;
    (void)trial;
    (void)err;
    return HONE_OK;
}
static const hone_objective_v1 fake_drill_iface = {
    sizeof fake_drill_iface, 0, HONE_COUNT(fake_slot_list), 0, fake_slot_list, fake_describe, fake_run
};
static const hone_objective_v1 fake_formula_iface = {
    sizeof fake_formula_iface, HONE_OBJECTIVE_ANY_SPACE, 0, 0, NULL, fake_describe, fake_run
};
static const struct fake_iface fake_search_iface = FAKE_IFACE(hone_search_v1),
                               fake_scheduler_iface = FAKE_IFACE(hone_scheduler_v1),
                               fake_dataset_iface = FAKE_IFACE(hone_dataset_v1),
                               fake_model_iface = FAKE_IFACE(hone_model_v1),
                               fake_regularizer_iface = FAKE_IFACE(hone_regularizer_v1),
                               fake_optimizer_iface = FAKE_IFACE(hone_optimizer_v1),
                               fake_metric_iface = FAKE_IFACE(hone_metric_v1),
                               fake_storage_iface = FAKE_IFACE(hone_storage_v1),
                               fake_reporter_iface = { offsetof(hone_reporter_v1, suffixes),
                                                       0,
                                                       { F4 } }, /* no pointers to data */
    fake_transform_iface = FAKE_IFACE(hone_transform_v1);

/* A scheduler that is the search, too. */
static const void *fake_prophet_ext(const char *id)
{
    return strcmp(id, HONE_KIND_SEARCH) ? NULL : &fake_search_iface;
}

#define FAKE(flags, kind, name, params, n, config, iface)                                                              \
    {                                                                                                                  \
        sizeof(hone_component), flags, kind, name, "Invented.", NULL, params, n, sizeof(hone_param), config, 0, iface, \
            fake_create, fake_destroy, NULL, NULL, NULL                                                                \
    }
/* Two regularizers that say where they stand, and that one of a word is enough. */
static const char *const fake_words[] = { "averaging", NULL };
static const hone_place fake_late = { sizeof fake_late, HONE_STAGE_LATE, fake_words, fake_words },
                        fake_early = { sizeof fake_early, -3, NULL, fake_words };
static const void *fake_late_ext(const char *id)
{
    return strcmp(id, HONE_EXT_PLACE) ? NULL : &fake_late;
}
static const void *fake_early_ext(const char *id)
{
    return strcmp(id, HONE_EXT_PLACE) ? NULL : &fake_early;
}
#define FAKE_PLACED(name, ext)                                                                                        \
    {                                                                                                                 \
        sizeof(hone_component), 0, HONE_KIND_REGULARIZER, name, "Invented.", NULL, NULL, 0, sizeof(hone_param), 0, 0, \
            &fake_regularizer_iface, fake_create, fake_destroy, NULL, NULL, ext                                       \
    }
#define FAKE_WITH(flags, kind, name, table, T, iface) \
    FAKE(flags, kind, name, table, HONE_COUNT(table), sizeof(T), iface)
static const hone_component fake_components[] = {
    FAKE(HONE_C_DEFAULT, HONE_KIND_SEARCH, "plain", NULL, 0, 0, &fake_search_iface),
    FAKE_WITH(0, HONE_KIND_SEARCH, "clever", fake_l2_params, struct fake_l2, &fake_search_iface),
    FAKE(HONE_C_DEFAULT, HONE_KIND_SCHEDULER, "calm", NULL, 0, 0, &fake_scheduler_iface),
    { sizeof(hone_component), HONE_C_PROPOSES | HONE_C_COMPOSES, HONE_KIND_SCHEDULER, "prophet", "Invented.", NULL,
      NULL, 0, sizeof(hone_param), 0, 0, &fake_scheduler_iface, fake_create, fake_destroy, NULL, NULL,
      fake_prophet_ext },
    FAKE_WITH(0, HONE_KIND_OBJECTIVE, "drill", fake_drill_params, struct fake_drill, &fake_drill_iface),
    FAKE(0, HONE_KIND_OBJECTIVE, "formula", NULL, 0, 0, &fake_formula_iface),
    FAKE_WITH(0, HONE_KIND_DATASET, "disk", fake_data_params, struct fake_data, &fake_dataset_iface),
    FAKE(0, HONE_KIND_DATASET, "noise", NULL, 0, 0, &fake_dataset_iface),
    FAKE_WITH(HONE_C_DEFAULT, HONE_KIND_MODEL, "mlp", fake_mlp_params, struct fake_mlp, &fake_model_iface),
    FAKE_WITH(0, HONE_KIND_REGULARIZER, "dropout", fake_dropout_params, struct fake_dropout, &fake_regularizer_iface),
    FAKE_WITH(0, HONE_KIND_REGULARIZER, "l2", fake_l2_params, struct fake_l2, &fake_regularizer_iface),
    FAKE_PLACED("closing", fake_late_ext),
    FAKE_PLACED("opening", fake_early_ext),
    FAKE_WITH(HONE_C_DEFAULT, HONE_KIND_OPTIMIZER, "sgd", fake_sgd_params, struct fake_sgd, &fake_optimizer_iface),
    FAKE_WITH(0, HONE_KIND_OPTIMIZER, "adam", fake_adam_params, struct fake_adam, &fake_optimizer_iface),
    FAKE(HONE_C_DEFAULT, HONE_KIND_METRIC, "accuracy", NULL, 0, 0, &fake_metric_iface),
    FAKE(0, HONE_KIND_METRIC, "loss", NULL, 0, 0, &fake_metric_iface),
    FAKE(HONE_C_DEFAULT, HONE_KIND_STORAGE, "box", NULL, 0, 0, &fake_storage_iface),
    FAKE(0, HONE_KIND_STORAGE, "cloud", NULL, 0, 0, &fake_storage_iface),
    FAKE(0, HONE_KIND_REPORTER, "gazette", NULL, 0, 0, &fake_reporter_iface),
    FAKE(0, HONE_KIND_TRANSFORM, "shuffle", NULL, 0, 0, &fake_transform_iface),
};

static struct catalog *fake_catalog(void)
{
    static const hone_component *list[HONE_COUNT(fake_components)];
    struct catalog *catalog = NULL;
    for (uint32_t i = 0; i < HONE_COUNT(fake_components); i++)
        list[i] = fake_components + i;
    if (catalog_open_static(&catalog, list, HONE_COUNT(fake_components)) != HONE_OK)
        exit(2);
    return catalog;
}
#endif
