/* SPDX-License-Identifier: MIT */
/* design/factorial: every combination of levels. */
#include "hone/ablation_design.h"
#include "hone/instance.h"

enum { MOST_ROWS = 100000 };

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, 0, 1, self, err);
}

/* The level that is the k-th of an axis when its baseline comes first. */
static uint32_t level_at(const hone_ablation_axis *axis, uint32_t k)
{
    return k == 0 ? axis->baseline : k <= axis->baseline ? k - 1 : k;
}

static hone_rc rows(void *self, const hone_ablation_axes *axes, const hone_ablation_sink *sink, hone_error *err)
{
    uint32_t *levels;
    uint64_t n = 1;
    hone_rc rc = HONE_OK;
    (void)self;
    for (uint32_t i = 0; i < axes->n; i++)
        if ((n *= axes->axes[i].n_levels) > MOST_ROWS)
            return hone_fail(err, HONE_ERANGE, NULL,
                             "all combinations of %u axes are more than %d; screen them first (plackett_burman)",
                             axes->n, (int)MOST_ROWS);
    if (!(levels = (uint32_t *)malloc(axes->n * sizeof *levels)))
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for a row");
    for (uint64_t row = 0; row < n && rc == HONE_OK; row++) { /* the last axis changes fastest */
        uint64_t rest = row;
        for (uint32_t i = axes->n; i-- > 0; rest /= axes->axes[i].n_levels)
            levels[i] = level_at(&axes->axes[i], (uint32_t)(rest % axes->axes[i].n_levels));
        rc = sink->row(sink->ctx, levels);
    }
    free(levels);
    return rc;
}

static const char doc[] =
    "As many rows as the product of the axes' numbers of levels. The effect of each axis, and of each two together, is "
    "estimated from all rows at once: a factorial of ten trainings says as much of each axis as ten trainings of one "
    "axis alone.\n\n"
    "## Source\n"
    "Fisher, R. A. (1935). The Design of Experiments.\n";

static const hone_ablation_design_v1 design = { sizeof design, HONE_DESIGN_BALANCED | HONE_DESIGN_INTERACTIONS, rows,
                                                NULL };
static const hone_component factorial = {
    .size = sizeof factorial,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_DESIGN,
    .name = "factorial",
    .summary = "Every combination of levels, with main effects and interactions",
    .doc = doc,
    .param_size = sizeof(hone_param),
    .iface = &design,
    .create = create,
    .destroy = free,
};
HONE_MODULE("org.hone.design.factorial", "0.1.0", "MIT", "the hone authors", "", &factorial)
