/* SPDX-License-Identifier: MIT */
/* design/fractional: a regular fraction 2^(k-p) of all combinations of two levels, of the resolution asked for. */
#include "hone/ablation_design.h"
#include "hone/instance.h"

#include <string.h>

enum { MOST_AXES = 31, MOST_BASIC = 9, MOST_RUNS = 1 << MOST_BASIC };

struct settings {
    int64_t resolution;
};
static const hone_param params[] = {
    HONE_INT(
        struct settings, resolution, "4", 3, 5, 0, NULL,
        "3: the effect of an axis is mixed with that of two others together; 4: with none such, but those of two axes "
        "among each other; 5: all of these are apart."),
};

/* A fraction: axis i < basic is bit i of the row's number; the others are products of such bits, `words[i]` has the bits. */
struct fraction {
    uint32_t n, basic;
    uint32_t words[MOST_AXES];
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, sizeof(struct settings), sizeof(struct settings), self, err);
}

/* 1 where `count` of the first n words, or fewer, have the product `word`. */
static int is_product(const uint32_t *words, uint32_t n, uint32_t count, uint32_t word)
{
    if (!word)
        return 1;
    for (uint32_t i = 0; count && i < n; i++)
        if (is_product(words, i, count - 1, word ^ words[i]))
            return 1;
    return 0;
}

/* Candidates for words: those of many bits first, of equal ones the smaller number. Returns 0 past the last. */
static uint32_t candidate(uint32_t basic, uint32_t index)
{
    for (uint32_t bits = basic; bits >= 2; bits--)
        for (uint32_t word = 1; word < 1u << basic; word++)
            if ((uint32_t)__builtin_popcount(word) == bits && index-- == 0)
                return word;
    return 0;
}

/* Chooses the words of axes f->basic ... n - 1 so that no product of fewer than `resolution` of all words is 1. budget: steps
 * that the search may still take. */
static int choose(struct fraction *f, uint32_t axis, uint32_t from, uint32_t resolution, const uint32_t *all,
                  uint32_t *budget)
{
    if (axis == f->n)
        return 1;
    for (uint32_t c = from; all[c] && *budget; c++) {
        --*budget;
        if (is_product(f->words, axis, resolution - 2, all[c]))
            continue;
        f->words[axis] = all[c];
        if (choose(f, axis + 1, c + 1, resolution, all, budget))
            return 1;
    }
    return 0;
}

/* The smallest fraction of the resolution. 0: there is none of MOST_RUNS rows. */
static int find(struct fraction *f, uint32_t n, uint32_t resolution)
{
    uint32_t all[MOST_RUNS];
    f->n = n;
    for (f->basic = 1; f->basic <= MOST_BASIC; f->basic++) {
        uint32_t budget = 200000, count = 0;
        for (uint32_t i = 0; i < f->basic && i < n; i++)
            f->words[i] = 1u << i;
        if (f->basic >= n)
            return 1;
        while ((all[count] = candidate(f->basic, count)))
            count++;
        if (n - f->basic <= count && choose(f, f->basic, 0, resolution, all, &budget))
            return 1;
    }
    return 0;
}

/* Sign of an axis in a row; row 0 is all minus: the product of an even number of minus signs is taken negative. */
static int8_t sign(uint32_t word, uint32_t row)
{
    return __builtin_popcount(word & row) & 1 ? 1 : -1;
}

static hone_rc make(const struct settings *s, const hone_ablation_axes *axes, struct fraction *f, hone_error *err)
{
    memset(f, 0, sizeof *f);
    if (axes->n <= MOST_AXES && find(f, axes->n, (uint32_t)s->resolution))
        return HONE_OK;
    return hone_fail(err, HONE_ERANGE, NULL,
                     "no fraction of at most %d rows has %u axes apart at resolution %lld; a lower resolution, or "
                     "plackett_burman, takes more axes",
                     (int)MOST_RUNS, axes->n, (long long)s->resolution);
}

static hone_rc rows(void *self, const hone_ablation_axes *axes, const hone_ablation_sink *sink, hone_error *err)
{
    struct fraction f;
    int8_t signs[MOST_AXES];
    uint32_t levels[MOST_AXES];
    hone_rc rc = make((const struct settings *)self, axes, &f, err);
    for (uint32_t r = 0; rc == HONE_OK && r < 1u << f.basic; r++) {
        for (uint32_t i = 0; i < f.n; i++)
            signs[i] = sign(f.words[i], r);
        rc = hone_ablation_give_signs(axes, signs, levels, sink);
    }
    return rc;
}

static hone_rc aliases(void *self, const hone_ablation_axes *axes, const hone_ablation_sink *sink, hone_error *err)
{
    struct fraction f;
    hone_rc rc = make((const struct settings *)self, axes, &f, err);
    if (rc != HONE_OK)
        return rc;
    const uint32_t runs = 1u << f.basic;
    int8_t *signs = (int8_t *)malloc((size_t)runs * f.n);
    if (!signs)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the rows");
    for (uint32_t r = 0; r < runs; r++)
        for (uint32_t i = 0; i < f.n; i++)
            signs[(size_t)r * f.n + i] = sign(f.words[i], r);
    rc = hone_ablation_give_aliases(signs, runs, f.n, 1, sink);
    free(signs);
    return rc;
}

static const char doc[] =
    "2^(k-p) rows: the first axes run through all combinations, each further one is a product of some of them, chosen "
    "so that "
    "the resolution is reached with as few rows as can be (words of many factors first). 7 axes take 8 rows at "
    "resolution "
    "3, 16 at 4, 64 at 5. The table of aliases says what is mixed with what.\n\n"
    "The row of all baselines is the first one.\n\n"
    "## Source\n"
    "Box, G. E. P. and Hunter, J. S. (1961). The 2^(k-p) fractional factorial designs. Technometrics 3, 311-351 and "
    "449-458.\n";

static const hone_ablation_design_v1 design = {
    sizeof design, HONE_DESIGN_BALANCED | HONE_DESIGN_INTERACTIONS | HONE_DESIGN_TWO_LEVELS, rows, aliases
};
static const hone_component fractional = {
    .size = sizeof fractional,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_DESIGN,
    .name = "fractional",
    .summary = "A fraction of all combinations of two levels, of a resolution",
    .doc = doc,
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &design,
    .create = create,
    .destroy = free,
};
HONE_MODULE("org.hone.design.fractional", "0.1.0", "MIT", "the hone authors", "", &fractional)
