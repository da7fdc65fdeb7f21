/* SPDX-License-Identifier: MIT */
/* importance/permutation: what a random forest loses when the values of a parameter are shuffled among the trials that a
 * tree has not seen (Breiman, L. (2001), "Random forests", Machine Learning 45, section 10). */
#include "hone/forest.h"
#include "hone/importance.h"
#include "hone/instance.h"

struct settings {
    int64_t n_trees, repeats;
};

static const hone_param params[] = {
    HONE_INT(struct settings, n_trees, "64", 1, 10000, 0, NULL, "Trees of the forest."),
    HONE_INT(struct settings, repeats, "5", 1, 1000, 0, NULL, "Shuffles for each tree and parameter."),
};

struct permutation {
    struct settings settings;
    uint64_t seed;
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    const hone_rc rc = hone_instance_create(info, sizeof(struct settings), sizeof(struct permutation), self, err);
    (void)host;
    if (rc == HONE_OK)
        ((struct permutation *)*self)->seed = info->seed;
    return rc;
}

/* What one evaluation works with. */
struct work {
    const hone_importance_data *data;
    hone_forest forest;
    double *x, *y, *row;  /* (n, n_dims), (n), (n_dims) */
    uint64_t *out, *from; /* (n) rows that the tree has not seen; their shuffle */
    double variance;      /* of y */
};

static hone_rc prepare(struct work *w, const struct permutation *p, hone_error *err)
{
    const hone_importance_data *data = w->data;
    const uint64_t n = data->n, d = data->n_dims;
    const hone_forest_options options = { (uint32_t)p->settings.n_trees, 1000, 2, 1, 0, 0, 1, p->seed };
    uint32_t *n_categories = (uint32_t *)calloc((size_t)d + 1, sizeof *n_categories);
    double mean = 0, widest = 0;
    hone_rc rc = HONE_OK;
    w->x = (double *)malloc((size_t)(n * d + 1) * sizeof *w->x);
    w->y = (double *)malloc((size_t)(n + 1) * sizeof *w->y);
    w->row = (double *)malloc((size_t)(d + 1) * sizeof *w->row);
    w->out = (uint64_t *)malloc((size_t)(n + 1) * sizeof *w->out);
    w->from = (uint64_t *)malloc((size_t)(n + 1) * sizeof *w->from);
    if (!n_categories || !w->x || !w->y || !w->row || !w->out || !w->from) {
        free(n_categories);
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for %llu trials", (unsigned long long)n);
    }
    for (uint64_t i = 0; i < n; i++) {
        for (uint32_t k = 0; k < d; k++)
            w->x[i * d + k] = hone_importance_feature(data->space, k, data->x[i * d + k]);
        mean += data->values[i] / (double)n;
    }
    for (uint64_t i = 0; i < n; i++)
        widest = fmax(widest, fabs(data->values[i] - mean));
    for (uint64_t i = 0; i < n; i++) {
        w->y[i] = widest > 0 ? (data->values[i] - mean) / widest : 0;
        w->variance += w->y[i] * w->y[i] / (double)n;
    }
    for (uint32_t k = 0; k < d; k++)
        n_categories[k] = data->space->dims[k]->type == HONE_DIM_CHOICE ? data->space->dims[k]->n_choices : 0;
    rc = hone_forest_init(&w->forest, data->n_dims, n_categories, &options, err);
    free(n_categories);
    if (rc == HONE_OK)
        rc = hone_forest_sort(&w->forest, w->x, (uint32_t)n, err);
    for (uint32_t t = 0; rc == HONE_OK && t < options.n_trees; t++)
        rc = hone_forest_grow(&w->forest, t, 0, w->x, w->y, (uint32_t)n, err);
    return rc;
}

/* Mean rise of the squared error of tree t, as a share of the variance. Inactive trials keep that: they would be points
 * outside the space otherwise. 0 where there is nothing to shuffle. */
static double rise(struct work *w, uint32_t t, uint32_t dim, hone_rng *rng, int64_t repeats)
{
    const uint64_t n = w->data->n, d = w->data->n_dims;
    const hone_forest_tree *tree = w->forest.trees + t;
    uint64_t m = 0, unseen = 0;
    double sum = 0;
    for (uint64_t i = 0; i < n; i++) {
        unseen += !tree->copies[i];
        if (!tree->copies[i] && !isnan(w->x[i * d + dim]))
            w->out[m++] = i;
    }
    for (int64_t r = 0; r < repeats && m > 1; r++) {
        memcpy(w->from, w->out, (size_t)m * sizeof *w->from);
        hone_rng_shuffle(rng, w->from, m);
        for (uint64_t i = 0; i < m; i++) {
            const double *x = w->x + w->out[i] * d, y = w->y[w->out[i]];
            const double before = y - tree->nodes[hone_forest_leaf(&w->forest, t, x)].mean;
            memcpy(w->row, x, (size_t)d * sizeof *x);
            w->row[dim] = w->x[w->from[i] * d + dim];
            const double after = y - tree->nodes[hone_forest_leaf(&w->forest, t, w->row)].mean;
            sum += after * after - before * before;
        }
    }
    return unseen ? sum / (double)unseen / (double)repeats / w->variance : 0;
}

static hone_rc evaluate(void *self, const hone_importance_data *data, hone_importance_sink give, void *ctx,
                        hone_error *err)
{
    const struct permutation *p = (const struct permutation *)self;
    struct work w;
    hone_rc rc;
    memset(&w, 0, sizeof w);
    w.data = data;
    if (data->n > UINT32_MAX / 2)
        return hone_fail(err, HONE_ENOTSUP, "", "permutation takes at most %u trials", UINT32_MAX / 2);
    rc = prepare(&w, p, err);
    for (uint32_t k = 0; rc == HONE_OK && k < data->n_dims; k++) {
        const uint32_t n = w.forest.options.n_trees;
        hone_rng rng = hone_rng_at(hone_rng_derive(p->seed, 1), k);
        double sum = 0, squares = 0;
        if (hone_dim_count(data->space->dims[k]) == 1)
            continue;
        for (uint32_t t = 0; w.variance > 0 && t < n; t++) {
            const double v = rise(&w, t, k, &rng, p->settings.repeats);
            sum += v;
            squares += v * v;
        }
        const double mean = sum / n, variance = squares / n - mean * mean;
        const hone_importance one = { sizeof one, k, UINT32_MAX, mean > 0 ? mean : 0,
                                      sqrt(variance > 0 ? variance : 0) };
        rc = give(ctx, &one);
    }
    hone_forest_release(&w.forest);
    free(w.x);
    free(w.y);
    free(w.row);
    free(w.out);
    free(w.from);
    return rc;
}

static const char doc[] =
    "Fits a random forest to the complete trials. For each tree, the values of a parameter are shuffled among the "
    "trials "
    "that the tree has not seen; the importance is the mean rise of the squared error, as a share of the variance of "
    "the "
    "values, 0 where shuffling does no harm. It says what the forest uses to predict the trials at hand, where the "
    "search "
    "has been, rather than over the whole space as fanova does. The deviation is that between the trees.\n\n"
    "A parameter that is not always active is shuffled among the trials in which it is.\n\n"
    "## Source\n"
    "Breiman, L. (2001). Random forests. Machine Learning 45, 5-32.\n";

static const hone_importance_v1 importance = { sizeof importance, 0, evaluate };
static const hone_component permutation = {
    sizeof permutation,
    HONE_C_DETERMINISTIC,
    HONE_KIND_IMPORTANCE,
    "permutation",
    "What a random forest loses when a parameter is shuffled",
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
HONE_MODULE("org.hone.importance.permutation", "0.1.0", "MIT", "the hone authors", "", &permutation)
