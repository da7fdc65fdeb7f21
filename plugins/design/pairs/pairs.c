/* SPDX-License-Identifier: MIT */
/* design/pairs: the baseline, every other level alone, and every two of them together. */
#include "hone/ablation_design.h"
#include "hone/instance.h"

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, 0, 1, self, err);
}

/* The level after `level` that is not the baseline: counting from UINT32_MAX; n_levels past the last. */
static uint32_t next_level(const hone_ablation_axis *axis, uint32_t level)
{
    level++;
    return level == axis->baseline ? level + 1 : level;
}

/* All rows in which exactly the axes a and b (a == b: a alone) are changed. */
static hone_rc changed(const hone_ablation_axes *axes, uint32_t a, uint32_t b, uint32_t *levels,
                       const hone_ablation_sink *sink)
{
    const hone_ablation_axis *x = &axes->axes[a], *y = &axes->axes[b];
    hone_rc rc = HONE_OK;
    for (uint32_t i = next_level(x, UINT32_MAX); i < x->n_levels; i = next_level(x, i)) {
        levels[a] = i;
        if (a == b)
            rc = rc == HONE_OK ? sink->row(sink->ctx, levels) : rc;
        for (uint32_t k = next_level(y, UINT32_MAX); a != b && k < y->n_levels && rc == HONE_OK; k = next_level(y, k)) {
            levels[b] = k;
            rc = sink->row(sink->ctx, levels);
        }
    }
    levels[a] = x->baseline;
    levels[b] = y->baseline;
    return rc;
}

static hone_rc rows(void *self, const hone_ablation_axes *axes, const hone_ablation_sink *sink, hone_error *err)
{
    uint32_t *levels = hone_ablation_baseline(axes, err);
    (void)self;
    if (!levels)
        return HONE_ENOMEM;
    hone_rc rc = sink->row(sink->ctx, levels);
    for (uint32_t a = 0; a < axes->n && rc == HONE_OK; a++)
        rc = changed(axes, a, a, levels, sink);
    for (uint32_t a = 0; a < axes->n; a++)
        for (uint32_t b = a + 1; b < axes->n && rc == HONE_OK; b++)
            rc = changed(axes, a, b, levels, sink);
    free(levels);
    return rc;
}

static const char doc[] =
    "Says of every two changes whether together they do more, or less, than the sum of what they do alone, all else "
    "being as in "
    "the baseline. n changes of n axes need 1 + n + n (n - 1) / 2 rows, where a factorial needs 2^n.\n";

static const hone_ablation_design_v1 design = { sizeof design, HONE_DESIGN_INTERACTIONS, rows, NULL };
static const hone_component pairs = {
    .size = sizeof pairs,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_DESIGN,
    .name = "pairs",
    .summary = "The baseline, every other level alone, and every two together",
    .doc = doc,
    .param_size = sizeof(hone_param),
    .iface = &design,
    .create = create,
    .destroy = free,
};
HONE_MODULE("org.hone.design.pairs", "0.1.0", "MIT", "the hone authors", "", &pairs)
