/* SPDX-License-Identifier: MIT */
/* The table of kinds. A kind that grows gets its new functions here when they are required; optional ones need none. */
#include "plugin/kinds.h"

#include "hone/hone.h"

#include <string.h>

#define FUNCTION(T, name)        \
    {                            \
#name, offsetof(T, name) \
    }

static const struct kind kinds[] = {
    { HONE_KIND_SEARCH,
      "hone_search_v1",
      sizeof(hone_search_v1),
      0,
      { FUNCTION(hone_search_v1, open), FUNCTION(hone_search_v1, ask), FUNCTION(hone_search_v1, tell) } },
    { HONE_KIND_SCHEDULER,
      "hone_scheduler_v1",
      sizeof(hone_scheduler_v1),
      HONE_SCHEDULER_CLONES,
      { FUNCTION(hone_scheduler_v1, open) } },
    { HONE_KIND_OBJECTIVE,
      "hone_objective_v1",
      sizeof(hone_objective_v1),
      HONE_OBJECTIVE_ANY_SPACE,
      { FUNCTION(hone_objective_v1, describe), FUNCTION(hone_objective_v1, run) } },
    { HONE_KIND_DATASET,
      "hone_dataset_v1",
      sizeof(hone_dataset_v1),
      HONE_DATASET_LABELS_ALONE,
      { FUNCTION(hone_dataset_v1, describe), FUNCTION(hone_dataset_v1, read) } },
    { HONE_KIND_TRANSFORM,
      "hone_transform_v1",
      sizeof(hone_transform_v1),
      0,
      { FUNCTION(hone_transform_v1, begin), FUNCTION(hone_transform_v1, fit), FUNCTION(hone_transform_v1, finish),
        FUNCTION(hone_transform_v1, apply) } },
    { HONE_KIND_MODEL, "hone_model_v1", sizeof(hone_model_v1), HONE_MODEL_LAYERS, { FUNCTION(hone_model_v1, build) } },
    { HONE_KIND_LAYER, "hone_layer_v1", sizeof(hone_layer_v1), 0, { FUNCTION(hone_layer_v1, build) } },
    { HONE_KIND_LOSS,
      "hone_loss_v1",
      sizeof(hone_loss_v1),
      0,
      { FUNCTION(hone_loss_v1, build), FUNCTION(hone_loss_v1, predict) } },
    { HONE_KIND_REGULARIZER,
      "hone_regularizer_v1",
      sizeof(hone_regularizer_v1),
      HONE_REGULARIZER_RAW | HONE_REGULARIZER_CLASSIFICATION | HONE_REGULARIZER_IMAGES | HONE_REGULARIZER_VALIDATION |
          HONE_REGULARIZER_NORMALIZES,
      { { NULL, 0 } } },
    { HONE_KIND_OPTIMIZER,
      "hone_optimizer_v1",
      sizeof(hone_optimizer_v1),
      0,
      { FUNCTION(hone_optimizer_v1, learning_rate), FUNCTION(hone_optimizer_v1, update) } },
    { HONE_KIND_LR_SCHEDULE,
      "hone_lr_schedule_v1",
      sizeof(hone_lr_schedule_v1),
      HONE_SCHEDULE_SLOPE,
      { FUNCTION(hone_lr_schedule_v1, factor) } },
    { HONE_KIND_METRIC,
      "hone_metric_v1",
      sizeof(hone_metric_v1),
      0,
      { FUNCTION(hone_metric_v1, begin), FUNCTION(hone_metric_v1, update), FUNCTION(hone_metric_v1, merge),
        FUNCTION(hone_metric_v1, compute), FUNCTION(hone_metric_v1, list) } },
    { HONE_KIND_STORAGE,
      "hone_storage_v1",
      sizeof(hone_storage_v1),
      HONE_STORAGE_READ_ONLY,
      { FUNCTION(hone_storage_v1, open), FUNCTION(hone_storage_v1, begin), FUNCTION(hone_storage_v1, commit),
        FUNCTION(hone_storage_v1, rollback), FUNCTION(hone_storage_v1, put_study), FUNCTION(hone_storage_v1, put_trial),
        FUNCTION(hone_storage_v1, put_report), FUNCTION(hone_storage_v1, put_event),
        FUNCTION(hone_storage_v1, put_attachment), FUNCTION(hone_storage_v1, studies),
        FUNCTION(hone_storage_v1, trials), FUNCTION(hone_storage_v1, reports), FUNCTION(hone_storage_v1, events),
        FUNCTION(hone_storage_v1, attachments), FUNCTION(hone_storage_v1, lock) } },
    { HONE_KIND_REPORTER,
      "hone_reporter_v1",
      sizeof(hone_reporter_v1),
      HONE_REPORTER_PATH | HONE_REPORTER_PLOTS | HONE_REPORTER_ONE,
      { { NULL, 0 } } },
    { HONE_KIND_IMPORTANCE,
      "hone_importance_v1",
      sizeof(hone_importance_v1),
      HONE_IMPORTANCE_PAIRS,
      { FUNCTION(hone_importance_v1, evaluate) } },
    { HONE_KIND_DIAGNOSIS,
      "hone_diagnosis_v1",
      sizeof(hone_diagnosis_v1),
      0,
      { FUNCTION(hone_diagnosis_v1, diagnose) } },
    { HONE_KIND_DESIGN,
      "hone_ablation_design_v1",
      sizeof(hone_ablation_design_v1),
      HONE_DESIGN_BALANCED | HONE_DESIGN_INTERACTIONS | HONE_DESIGN_TWO_LEVELS,
      { FUNCTION(hone_ablation_design_v1, rows) } },
    { HONE_KIND_BENCHMARK, "hone_benchmark_v1", sizeof(hone_benchmark_v1), 0, { FUNCTION(hone_benchmark_v1, run) } },
};

static const struct kind_function no_hooks[] = { { NULL, 0 } };
static const struct kind_function regularizer_hooks[] = {
    FUNCTION(hone_regularizer_v1, at_site),       FUNCTION(hone_regularizer_v1, on_batch),
    FUNCTION(hone_regularizer_v1, on_targets),    FUNCTION(hone_regularizer_v1, before_pass),
    FUNCTION(hone_regularizer_v1, after_pass),    FUNCTION(hone_regularizer_v1, on_step),
    FUNCTION(hone_regularizer_v1, on_gradients),  FUNCTION(hone_regularizer_v1, after_update),
    FUNCTION(hone_regularizer_v1, on_evaluation), FUNCTION(hone_regularizer_v1, on_epoch),
    FUNCTION(hone_regularizer_v1, at_end),        { NULL, 0 }
};

static const struct kind_function reporter_hooks[] = {
    FUNCTION(hone_reporter_v1, hear), FUNCTION(hone_reporter_v1, write), FUNCTION(hone_reporter_v1, serve), { NULL, 0 }
};

const struct kind_function *kind_hooks(const struct kind *kind)
{
    return !strcmp(kind->id, HONE_KIND_REGULARIZER) ? regularizer_hooks
           : !strcmp(kind->id, HONE_KIND_REPORTER)  ? reporter_hooks
                                                    : no_hooks;
}

const struct kind *kind_at(size_t i)
{
    return i < sizeof kinds / sizeof *kinds ? &kinds[i] : NULL;
}

const struct kind *kind_find(const char *id)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(kinds[i].id, id))
            return &kinds[i];
    return NULL;
}

const struct kind *kind_other_revision(const char *id)
{
    const size_t length = strcspn(id, "/");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcspn(kinds[i].id, "/") == length && !memcmp(kinds[i].id, id, length))
            return &kinds[i];
    return NULL;
}
