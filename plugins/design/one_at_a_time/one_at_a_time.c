/* SPDX-License-Identifier: MIT */
/* design/one_at_a_time: the baseline, then every other level of every axis alone. */
#include "hone/ablation_design.h"
#include "hone/instance.h"

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, 0, 1, self, err);
}

static hone_rc rows(void *self, const hone_ablation_axes *axes, const hone_ablation_sink *sink, hone_error *err)
{
    uint32_t *levels = hone_ablation_baseline(axes, err);
    (void)self;
    if (!levels)
        return HONE_ENOMEM;
    hone_rc rc = sink->row(sink->ctx, levels);
    for (uint32_t i = 0; i < axes->n; i++) {
        for (uint32_t level = 0; level < axes->axes[i].n_levels && rc == HONE_OK; level++) {
            levels[i] = level;
            if (level != axes->axes[i].baseline)
                rc = sink->row(sink->ctx, levels);
        }
        levels[i] = axes->axes[i].baseline;
    }
    free(levels);
    return rc;
}

static const char doc[] = "As many rows as there are levels beside the baselines, and one. What two changes do "
                          "together is not seen: two that "
                          "help alone may do no better together. For that: pairs, factorial.\n";

static const hone_ablation_design_v1 design = { sizeof design, 0, rows, NULL };
static const hone_component one_at_a_time = {
    .size = sizeof one_at_a_time,
    .flags = HONE_C_DETERMINISTIC | HONE_C_DEFAULT,
    .kind = HONE_KIND_DESIGN,
    .name = "one_at_a_time",
    .summary = "The baseline, and every other level of every axis alone",
    .doc = doc,
    .param_size = sizeof(hone_param),
    .iface = &design,
    .create = create,
    .destroy = free,
};
HONE_MODULE("org.hone.design.one_at_a_time", "0.1.0", "MIT", "the hone authors", "", &one_at_a_time)
