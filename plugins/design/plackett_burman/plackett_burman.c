/* SPDX-License-Identifier: MIT */
/* design/plackett_burman: up to 31 axes of two levels in hardly more rows than there are axes. */
#include "hone/ablation_design.h"
#include "hone/instance.h"

enum { MOST_AXES = 31, MOST_RUNS = 64 };

struct settings {
    uint8_t foldover;
};
static const hone_param params[] = {
    HONE_BOOL(
        struct settings, foldover, "no", 0,
        "Whether every row is there a second time with all levels changed: twice the rows, and no effect of an axis is "
        "mixed with that of two others any more."),
};

/* First rows of the cyclic designs, Plackett and Burman 1946, p. 323; 8, 16 and 32 are built by doubling instead. */
static const char row_12[] = "++-+++---+-", row_20[] = "++--++++-+-+----++-", row_24[] = "+++++-+-++--++--+-+----";

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, sizeof(struct settings), sizeof(struct settings), self, err);
}

static uint32_t runs_for(uint32_t n)
{
    static const uint32_t sizes[] = { 2, 4, 8, 12, 16, 20, 24, 32 };
    uint32_t i = 0;
    while (sizes[i] < n + 1)
        i++;
    return sizes[i];
}

/* signs: (runs, n), row 0 all minus; twice the rows where folded over. Returns their number. */
static uint32_t fill(uint32_t n, int foldover, int8_t *signs)
{
    const uint32_t runs = runs_for(n);
    const int twice = foldover && n > 2; /* of one and two axes, all combinations are there already */
    const char *first = runs == 12 ? row_12 : runs == 20 ? row_20 : runs == 24 ? row_24 : NULL;
    for (uint32_t r = 0; r < runs; r++)
        for (uint32_t i = 0; i < n; i++) {
            int8_t *sign = &signs[(size_t)r * n + i];
            if (first) /* row r is the first one moved r - 1 places to the right */
                *sign = r == 0 || first[(i + runs - r) % (runs - 1)] == '-' ? -1 : 1;
            else /* Sylvester 1867: the parity of the bits that row and column share */
                *sign = __builtin_popcount(r & (i + 1)) & 1 ? 1 : -1;
        }
    for (uint32_t k = 0; twice && k < runs * n; k++)
        signs[(size_t)runs * n + k] = (int8_t)-signs[k];
    return twice ? 2 * runs : runs;
}

static hone_rc check(const hone_ablation_axes *axes, hone_error *err)
{
    return axes->n <= MOST_AXES ? HONE_OK
                                : hone_fail(err, HONE_ERANGE, NULL, "plackett_burman takes at most %d axes, not %u",
                                            (int)MOST_AXES, axes->n);
}

static hone_rc rows(void *self, const hone_ablation_axes *axes, const hone_ablation_sink *sink, hone_error *err)
{
    const struct settings *s = (const struct settings *)self;
    int8_t signs[MOST_RUNS * MOST_AXES];
    uint32_t levels[MOST_AXES];
    hone_rc rc = check(axes, err);
    const uint32_t runs = rc == HONE_OK ? fill(axes->n, s->foldover, signs) : 0;
    for (uint32_t r = 0; r < runs && rc == HONE_OK; r++)
        rc = hone_ablation_give_signs(axes, signs + (size_t)r * axes->n, levels, sink);
    return rc;
}

static hone_rc aliases(void *self, const hone_ablation_axes *axes, const hone_ablation_sink *sink, hone_error *err)
{
    const struct settings *s = (const struct settings *)self;
    int8_t signs[MOST_RUNS * MOST_AXES];
    const hone_rc rc = check(axes, err);
    if (rc != HONE_OK)
        return rc;
    const uint32_t runs = fill(axes->n, s->foldover, signs);
    return hone_ablation_give_aliases(signs, runs, axes->n, 0, sink);
}

static const char doc[] =
    "Screens many parts at once: 4, 8, 12, 16, 20, 24 or 32 rows, the least number that is above that of the axes, "
    "each level of "
    "each axis in half of them. The effect of an axis is the mean of one half less that of the other, so every row "
    "serves every axis. The price: it is mixed with a share of the effects of two others together, which the table of "
    "aliases says (a third of them, in 12 rows), and which foldover removes. It finds the few parts that matter, to be "
    "looked at with a factorial afterwards.\n\n"
    "The row of all baselines is the first one.\n\n"
    "## Source\n"
    "Plackett, R. L. and Burman, J. P. (1946). The design of optimum multifactorial experiments. Biometrika 33, "
    "305-325.\n";

static const hone_ablation_design_v1 design = { sizeof design, HONE_DESIGN_BALANCED | HONE_DESIGN_TWO_LEVELS, rows,
                                                aliases };
static const hone_component plackett_burman = {
    .size = sizeof plackett_burman,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_DESIGN,
    .name = "plackett_burman",
    .summary = "Screens up to 31 axes in hardly more rows than axes",
    .doc = doc,
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &design,
    .create = create,
    .destroy = free,
};
HONE_MODULE("org.hone.design.plackett_burman", "0.1.0", "MIT", "the hone authors", "", &plackett_burman)
