/* SPDX-License-Identifier: MIT */
/* design/leave_one_out: everything on, then without each one, then with none. */
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
    for (uint32_t i = 0; i < axes->n; i++)
        levels[i] = 1 - axes->axes[i].baseline;
    hone_rc rc = sink->row(sink->ctx, levels);
    for (uint32_t i = 0; i < axes->n && axes->n > 1 && rc == HONE_OK; i++) {
        levels[i] = axes->axes[i].baseline;
        rc = sink->row(sink->ctx, levels);
        levels[i] = 1 - axes->axes[i].baseline;
    }
    for (uint32_t i = 0; i < axes->n; i++)
        levels[i] = axes->axes[i].baseline;
    if (rc == HONE_OK)
        rc = sink->row(sink->ctx, levels);
    free(levels);
    return rc;
}

static const char doc[] =
    "For axes of two levels, the baseline being without the part (`axis.dropout = regularizer.dropout.enabled: no, "
    "yes`). The "
    "first row, with which the others are compared, has all parts; then each is left out alone; the last one has none. "
    "What a part is worth where all the others are there is not what it is worth alone: add_one_in.\n";

static const hone_ablation_design_v1 design = { sizeof design, HONE_DESIGN_TWO_LEVELS, rows, NULL };
static const hone_component leave_one_out = {
    .size = sizeof leave_one_out,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_DESIGN,
    .name = "leave_one_out",
    .summary = "Everything on, without each one, and nothing on",
    .doc = doc,
    .param_size = sizeof(hone_param),
    .iface = &design,
    .create = create,
    .destroy = free,
};
HONE_MODULE("org.hone.design.leave_one_out", "0.1.0", "MIT", "the hone authors", "", &leave_one_out)
