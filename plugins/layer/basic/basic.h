/* SPDX-License-Identifier: MIT */
/* The layers of this module, one file for those with weights and one for those without. */
#ifndef HONE_LAYER_BASIC_H
#define HONE_LAYER_BASIC_H
#include "hone/instance.h"
#include "hone/layer.h"

/* with weights: weighted.c */
extern const hone_component layer_conv, layer_conv_transpose, layer_dense, layer_batch_norm, layer_layer_norm,
    layer_group_norm;
/* without: plain.c */
extern const hone_component layer_max_pool, layer_average_pool, layer_global_average_pool, layer_activation,
    layer_dropout, layer_flatten, layer_upsample;

/* The component of one layer: its settings, its builder. Instances are copies of the settings. */
#define LAYER(variable, text, settings, table, builder, one_line, manual)                              \
    static hone_rc variable##_create(const hone_host *host, const hone_create_info *info, void **self, \
                                     hone_error *err)                                                  \
    {                                                                                                  \
        (void)host;                                                                                    \
        return hone_instance_create(info, sizeof(settings), sizeof(settings), self, err);              \
    }                                                                                                  \
    static const hone_layer_v1 variable##_iface = { sizeof(hone_layer_v1), 0, builder };               \
    const hone_component variable = { .size = sizeof(hone_component),                                  \
                                      .flags = HONE_C_DETERMINISTIC,                                   \
                                      .kind = HONE_KIND_LAYER,                                         \
                                      .name = text,                                                    \
                                      .summary = one_line,                                             \
                                      .doc = manual,                                                   \
                                      .params = table,                                                 \
                                      .n_params = HONE_COUNT(table),                                   \
                                      .param_size = sizeof(hone_param),                                \
                                      .config_size = sizeof(settings),                                 \
                                      .iface = &variable##_iface,                                      \
                                      .create = variable##_create,                                     \
                                      .destroy = free }
#endif
