/* SPDX-License-Identifier: MIT */
/* importance/fanova: functional analysis of variance on a random forest (Hutter, Hoos and Leyton-Brown 2014, "An efficient
 * approach for assessing hyperparameter importance", ICML). */
#include "marginal.h"

#include "hone/instance.h"

enum { PAIR_TREES = 16 /* whose pairs are looked at: a pair costs some hundred times what a single one does */ };

struct settings {
    int64_t n_trees, max_depth, min_samples_leaf;
};

static const hone_param params[] = {
    HONE_INT(struct settings, n_trees, "64", 1, 10000, 0, NULL, "Trees of the forest."),
    HONE_INT(struct settings, max_depth, "64", 1, 1000, 0, NULL, "Greatest depth of a tree."),
    HONE_INT(struct settings, min_samples_leaf, "1", 1, 1e6, 0, "trials",
             "Trials that each side of a split keeps at least."),
};

struct fanova {
    struct settings settings;
    uint64_t seed;
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    const hone_rc rc = hone_instance_create(info, sizeof(struct settings), sizeof(struct fanova), self, err);
    (void)host;
    if (rc == HONE_OK)
        ((struct fanova *)*self)->seed = info->seed;
    return rc;
}

/* Features and standardized values; free x. */
static hone_rc prepare(const hone_importance_data *data, double **x, double **y, hone_error *err)
{
    const uint64_t n = data->n, d = data->n_dims;
    double mean = 0, spread = 0;
    *x = (double *)malloc((size_t)(n * (d + 1) + 1) * sizeof **x);
    if (!*x)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for %llu trials", (unsigned long long)n);
    *y = *x + n * d;
    for (uint64_t i = 0; i < n; i++) {
        for (uint32_t k = 0; k < d; k++)
            (*x)[i * d + k] = hone_importance_feature(data->space, k, data->x[i * d + k]);
        mean += data->values[i] / (double)n;
    }
    for (uint64_t i = 0; i < n; i++)
        spread = fmax(spread, fabs(data->values[i] - mean));
    for (uint64_t i = 0; i < n; i++)
        (*y)[i] = spread > 0 ? (data->values[i] - mean) / spread : 0;
    return HONE_OK;
}

static hone_rc fit(struct fanova *f, const hone_importance_data *data, hone_forest *forest, const double *x,
                   const double *y, hone_error *err)
{
    const hone_forest_options options = { (uint32_t)f->settings.n_trees,
                                          (uint32_t)f->settings.max_depth,
                                          2,
                                          (uint32_t)f->settings.min_samples_leaf,
                                          0,
                                          0,
                                          1,
                                          f->seed };
    uint32_t *n_categories = (uint32_t *)calloc(data->n_dims + 1u, sizeof *n_categories);
    hone_rc rc;
    if (!n_categories)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the forest");
    for (uint32_t i = 0; i < data->n_dims; i++)
        n_categories[i] = data->space->dims[i]->type == HONE_DIM_CHOICE ? data->space->dims[i]->n_choices : 0;
    rc = hone_forest_init(forest, data->n_dims, n_categories, &options, err);
    free(n_categories);
    if (rc == HONE_OK)
        rc = hone_forest_sort(forest, x, (uint32_t)data->n, err);
    for (uint32_t t = 0; rc == HONE_OK && t < options.n_trees; t++)
        rc = hone_forest_grow(forest, t, 0, x, y, (uint32_t)data->n, err);
    return rc;
}

/* Mean and deviation over the trees of one parameter, or of one pair. */
struct moments {
    double sum, squares;
    uint32_t n;
};

static void moments_add(struct moments *m, double v)
{
    m->sum += v;
    m->squares += v * v;
    m->n++;
}

static hone_rc moments_give(const struct moments *m, uint32_t a, uint32_t b, hone_importance_sink give, void *ctx)
{
    const double mean = m->n ? m->sum / m->n : 0, variance = m->n ? m->squares / m->n - mean * mean : 0;
    const hone_importance one = { sizeof one, a, b, mean, m->n ? sqrt(variance > 0 ? variance : 0) : (double)NAN };
    return give(ctx, &one);
}

static int varies(const hone_space *space, uint32_t i)
{
    return hone_dim_count(space->dims[i]) != 1;
}

static hone_rc evaluate(void *self, const hone_importance_data *data, hone_importance_sink give, void *ctx,
                        hone_error *err)
{
    struct fanova *f = (struct fanova *)self;
    const uint32_t d = data->n_dims, n_pairs = data->pairs ? d * (d - 1) / 2 : 0;
    hone_forest forest;
    struct integrals s;
    struct moments *moments = (struct moments *)calloc(d + n_pairs + 1u, sizeof *moments);
    double *x = NULL, *y = NULL, v;
    hone_rc rc;
    memset(&forest, 0, sizeof forest);
    memset(&s, 0, sizeof s);
    if (data->n > UINT32_MAX / 2)
        rc = hone_fail(err, HONE_ENOTSUP, "", "fanova takes at most %u trials", UINT32_MAX / 2);
    else if (!moments)
        rc = hone_fail(err, HONE_ENOMEM, "", "out of memory for %u parameters", d);
    else
        rc = prepare(data, &x, &y, err);
    if (rc == HONE_OK)
        rc = fit(f, data, &forest, x, y, err);
    if (rc == HONE_OK)
        rc = integrals_init(&s, data->space, &forest, err);
    for (uint32_t t = 0; rc == HONE_OK && t < forest.options.n_trees; t++) {
        uint32_t pair = d;
        if ((rc = integrals_of(&s, t, err)) != HONE_OK || !(s.total > 0))
            continue;
        for (uint32_t a = 0; rc == HONE_OK && a < d; a++)
            if (varies(data->space, a) && (rc = integrals_single(&s, a, &v, err)) == HONE_OK)
                moments_add(moments + a, v / s.total);
        for (uint32_t a = 0; n_pairs && t < PAIR_TREES && a < d; a++)
            for (uint32_t b = a + 1; rc == HONE_OK && b < d; b++, pair++)
                if (varies(data->space, a) && varies(data->space, b) &&
                    (rc = integrals_pair(&s, a, b, &v, err)) == HONE_OK)
                    moments_add(moments + pair, v / s.total);
    }
    for (uint32_t a = 0; rc == HONE_OK && a < d; a++)
        if (varies(data->space, a))
            rc = moments_give(moments + a, a, UINT32_MAX, give, ctx);
    for (uint32_t a = 0, pair = d; n_pairs && a < d; a++)
        for (uint32_t b = a + 1; rc == HONE_OK && b < d; b++, pair++)
            if (varies(data->space, a) && varies(data->space, b))
                rc = moments_give(moments + pair, a, b, give, ctx);
    integrals_release(&s);
    hone_forest_release(&forest);
    free(moments);
    free(x);
    return rc;
}

static const char doc[] =
    "Fits a random forest to the trials and splits the variance of its predictions over the space among the "
    "parameters. "
    "The importance of a parameter is the share that it explains alone; that of a pair, what the two explain together "
    "beyond that. All shares add up to at most 1. The deviation is that between the trees.\n\n"
    "Every parameter counts by its prior: a number on its own scale (log where `log`), a choice by its weight. The "
    "integrals over a tree are exact.\n\n"
    "## Conditions\n"
    "A parameter that is not always active is judged where it is: its share is the probability of being active times "
    "the "
    "variance that it explains there. What its activity itself makes out belongs to the parameter that the condition "
    "asks "
    "for. Up to 256 patterns of activity are looked at, the likeliest.\n\n"
    "## Trials\n"
    "Complete trials count. What a search has looked at closely is well known, the rest of the space less: shares are "
    "the "
    "more reliable the more of the trials were random. Pairs are of the first 16 trees.\n\n"
    "## Source\n"
    "Hutter, F., Hoos, H. H. and Leyton-Brown, K. (2014). An efficient approach for assessing hyperparameter "
    "importance. "
    "ICML 31. Defaults are those of Optuna's FanovaImportanceEvaluator, which knows no log scales.\n";

static const hone_importance_v1 importance = { sizeof importance, HONE_IMPORTANCE_PAIRS, evaluate };
static const hone_component fanova = {
    sizeof fanova,
    HONE_C_DETERMINISTIC | HONE_C_DEFAULT,
    HONE_KIND_IMPORTANCE,
    "fanova",
    "Share of the variance of a random forest that a parameter explains",
    doc,
    params,
    HONE_COUNT(params),
    sizeof *params,
    sizeof(struct settings),
    0,
    &importance,
    create,
    free,
    NULL,
    NULL,
    NULL,
};
HONE_MODULE("org.hone.importance.fanova", "0.1.0", "MIT", "the hone authors", "", &fanova)
