/* SPDX-License-Identifier: MIT */
/* The slots of a training, and the instances that fill them. Every training makes instances of its own from the host's
 * checked settings: folds side by side, describe and a second run share no state. */
#include "train.h"

#include <stdlib.h>
#include <string.h>

static const hone_param dataset_params[] = {
    HONE_REAL(struct dataset_keys, validation, "0.1", 0, 1, HONE_P_HI_OPEN, NULL,
              "Share of the training split that trials validate on, where the set has no validation split of its own; "
              "0: none."),
    HONE_INT(
        struct dataset_keys, folds, "0", 0, 1000, 0, "folds",
        "Cross-validation: a trial trains this many networks side by side, each validated on another part; 0: off."),
    HONE_REAL(struct dataset_keys, fraction, "1", 0, 1, HONE_P_LO_OPEN | HONE_P_TUNABLE, NULL,
              "Share of the training split that is used at all: smaller is faster, to try things out."),
    HONE_BOOL(struct dataset_keys, stratify, "yes", 0,
              "Whether every part gets its share of each class (classification)."),
};

#define SLOT(name, kind, min, max) \
    static const hone_slot name = { sizeof name, 0, kind, min, max, NULL, 0, sizeof(hone_param), 0, 0 }
static const hone_slot dataset_slot = { sizeof dataset_slot,
                                        0,
                                        HONE_KIND_DATASET,
                                        1,
                                        1,
                                        dataset_params,
                                        HONE_COUNT(dataset_params),
                                        sizeof(hone_param),
                                        sizeof(struct dataset_keys),
                                        0 };
SLOT(transform_slot, HONE_KIND_TRANSFORM, 0, UINT32_MAX);
SLOT(model_slot, HONE_KIND_MODEL, 1, 1);
SLOT(layer_slot, HONE_KIND_LAYER, 0, UINT32_MAX); /* those of a model that is composed of layers */
SLOT(loss_slot, HONE_KIND_LOSS, 0, 1);
SLOT(regularizer_slot, HONE_KIND_REGULARIZER, 0, UINT32_MAX);
SLOT(optimizer_slot, HONE_KIND_OPTIMIZER, 1, 1);
SLOT(schedule_slot, HONE_KIND_LR_SCHEDULE, 0, 1);
SLOT(metric_slot, HONE_KIND_METRIC, 0, UINT32_MAX);

const hone_slot *const train_slots[TRAIN_SLOTS] = { &dataset_slot,  &transform_slot,   &model_slot,
                                                    &loss_slot,     &regularizer_slot, &optimizer_slot,
                                                    &schedule_slot, &metric_slot,      &layer_slot };

static const hone_slot *const part_slots[PARTS] = { &transform_slot, &model_slot,    &loss_slot,  &regularizer_slot,
                                                    &optimizer_slot, &schedule_slot, &metric_slot };

const hone_components_v1 *components_of(const hone_host *host, hone_error *err)
{
    const hone_components_v1 *components = host->get_ext ? host->get_ext(host, HONE_EXT_COMPONENTS) : NULL;
    if (!components)
        hone_fail(err, HONE_ENOTSUP, "", "the host lends no components (%s): objective/train has nothing to train",
                  HONE_EXT_COMPONENTS);
    return components;
}

/* FNV-1a of a section's name: which stream of the training's seed it draws from. */
static uint64_t hash(const char *text)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (; *text; text++)
        h = (h ^ (uint8_t)*text) * 0x100000001b3u;
    return h;
}

hone_rc member_failed(const struct member *m, hone_rc rc, hone_error *err)
{
    char key[sizeof err->param];
    if (rc >= 0 || !err || strchr(err->param, '.'))
        return rc;
    snprintf(key, sizeof key, "%.40s.%.20s", m->name, err->param[0] ? err->param : "use");
    memcpy(err->param, key, sizeof key);
    return rc;
}

hone_rc member_erred(const struct member *m, hone_rc rc, hone_error *err)
{
    return err && err->param[0] ? member_failed(m, rc, err) : rc;
}

static hone_rc member_create(struct member *member, const hone_host *host, const hone_instance *instance, uint64_t seed,
                             hone_error *err)
{
    const hone_component *component = instance->component;
    member->component = component;
    member->name = instance->name;
    member->iface = component->iface;
    member->seed = hone_rng_derive(hone_rng_derive(seed, STREAM_MEMBER), hash(instance->name));
    const hone_create_info info = { sizeof info, 0, instance->config, instance->name, member->seed };
    return component->create(host, &info, &member->self, err);
}

/* The installed loss that says it is what this kind of task takes. */
static hone_rc implied_loss(const hone_components_v1 *components, const hone_host *host, const hone_task *task,
                            hone_instance *instance, hone_error *err)
{
    const uint32_t wanted = task->kind == HONE_TASK_CLASSIFICATION ? HONE_LOSS_CLASSIFICATION : HONE_LOSS_REGRESSION;
    const char *name;
    for (uint32_t i = 0; (name = components->installed(host, HONE_KIND_LOSS, i)); i++) {
        instance->size = sizeof *instance;
        const hone_rc rc = components->get_default(host, HONE_KIND_LOSS, name, instance, err);
        if (rc != HONE_OK)
            return rc;
        if (((const hone_loss_v1 *)instance->component->iface)->default_tasks & wanted)
            return HONE_OK;
    }
    return hone_fail(err, HONE_EINVAL, "", "no installed loss serves %s by default: name one in [loss]",
                     task->kind == HONE_TASK_CLASSIFICATION ? "classification" : "regression");
}

hone_rc crew_create(struct crew *crew, const hone_host *host, const hone_task *task, uint64_t seed, hone_error *err)
{
    const hone_components_v1 *components = components_of(host, err);
    hone_rc rc = components ? HONE_OK : HONE_ENOTSUP;
    memset(crew, 0, sizeof *crew);
    crew->n_layers = rc == HONE_OK ? components->count(host, HONE_KIND_LAYER) : 0;
    for (int part = 0; part < PARTS && rc == HONE_OK; part++) {
        const hone_slot *slot = part_slots[part];
        const uint32_t named = components->count(host, slot->kind);
        const uint32_t n = part == PART_LOSS && !named ? 1 : named;
        if (n < slot->min)
            return hone_fail(err, HONE_EINVAL, "", "objective/train needs a component of the kind %s", slot->kind);
        if (n && !(crew->members[part] = calloc(n, sizeof *crew->members[part])))
            return hone_fail(err, HONE_ENOMEM, "", "out of memory for %u components", n);
        crew->n[part] = n;
        for (uint32_t i = 0; i < n && rc == HONE_OK; i++) {
            hone_instance instance = { .size = sizeof instance };
            rc = named ? components->get(host, slot->kind, i, &instance, err)
                       : implied_loss(components, host, task, &instance, err);
            if (rc == HONE_OK)
                rc = member_create(&crew->members[part][i], host, &instance, seed, err);
        }
    }
    return rc;
}

void crew_release(struct crew *crew)
{
    for (int part = 0; part < PARTS; part++) {
        for (uint32_t i = 0; i < crew->n[part]; i++)
            if (crew->members[part][i].component)
                crew->members[part][i].component->destroy(crew->members[part][i].self);
        free(crew->members[part]);
        crew->members[part] = NULL;
        crew->n[part] = 0;
    }
}

/* Layers are for a model that takes them: it asks the host for them itself. */
static hone_rc check_layers(const struct crew *crew, hone_error *err)
{
    const struct member *model = &crew->members[PART_MODEL][0];
    if (crew->n_layers && !(((const hone_model_v1 *)model->iface)->flags & HONE_MODEL_LAYERS))
        return hone_fail(err, HONE_EINVAL, "",
                         "[%s] %s takes no layers, but there are %u [layer.NAME] sections: leave them out, or use a "
                         "model that is composed of layers",
                         model->name, model->component->name, crew->n_layers);
    return HONE_OK;
}

hone_rc crew_check(const struct crew *crew, const hone_task *task, int has_validation, hone_error *err)
{
    const int classes = task->kind == HONE_TASK_CLASSIFICATION;
    const char *kind = classes ? "classification" : "regression";
    const hone_rc rc = check_layers(crew, err);
    if (rc != HONE_OK)
        return rc;
    const struct member *loss = &crew->members[PART_LOSS][0];
    if (!(((const hone_loss_v1 *)loss->iface)->tasks &
          (classes ? (uint32_t)HONE_LOSS_CLASSIFICATION : (uint32_t)HONE_LOSS_REGRESSION)))
        return member_failed(
            loss, hone_fail(err, HONE_EINVAL, "", "[%s] %s does not serve %s", loss->name, loss->component->name, kind),
            err);
    for (uint32_t i = 0; i < crew->n[PART_REGULARIZER]; i++) {
        const struct member *m = &crew->members[PART_REGULARIZER][i];
        const uint32_t flags = ((const hone_regularizer_v1 *)m->iface)->flags;
        if (flags & HONE_REGULARIZER_CLASSIFICATION && !classes)
            return member_failed(m,
                                 hone_fail(err, HONE_EINVAL, "",
                                           "[%s] %s is for classification, the data set asks for %s", m->name,
                                           m->component->name, kind),
                                 err);
        if (flags & HONE_REGULARIZER_IMAGES && task->n_dims != 3)
            return member_failed(
                m,
                hone_fail(err, HONE_EINVAL, "",
                          "[%s] %s wants images (channels, height, width); samples have %u dimension%s", m->name,
                          m->component->name, task->n_dims, task->n_dims == 1 ? "" : "s"),
                err);
        if (flags & HONE_REGULARIZER_VALIDATION && !has_validation)
            return member_failed(m,
                                 hone_fail(err, HONE_EINVAL, "",
                                           "[%s] %s needs a validation set: give [dataset] validation or folds",
                                           m->name, m->component->name),
                                 err);
    }
    for (uint32_t i = 0; i < crew->n[PART_METRIC]; i++) {
        const struct member *m = &crew->members[PART_METRIC][i];
        if (!(((const hone_metric_v1 *)m->iface)->tasks &
              (classes ? (uint32_t)HONE_METRIC_CLASSIFICATION : (uint32_t)HONE_METRIC_REGRESSION)))
            return member_failed(
                m, hone_fail(err, HONE_EINVAL, "", "[%s] %s does not measure %s", m->name, m->component->name, kind),
                err);
    }
    return HONE_OK;
}
