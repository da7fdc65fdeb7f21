/* SPDX-License-Identifier: MIT */
/* importance/ped_anova: how differently a parameter is distributed among the best trials and among all (Watanabe, S., Bansal,
 * A. and Hutter, F. (2023), "PED-ANOVA: efficiently quantifying hyperparameter importance in arbitrary subspaces", IJCAI). */
#include "hone/importance.h"
#include "hone/instance.h"
#include "hone/param.h"

enum { GRID = 50 };

static const char *const references[] = { "trials", "space", NULL };
enum { TRIALS, SPACE };
struct settings {
    double quantile;
    uint32_t reference;
};

static const hone_param params[] = {
    HONE_REAL(struct settings, quantile, "0.1", 0, 1, HONE_P_LO_OPEN, NULL,
              "Share of the trials that are the best ones."),
    HONE_ENUM(struct settings, reference, "trials", references, 0,
              "What the best are compared with. trials: all of them, so that where the search went makes no "
              "difference; space: "
              "the uniform distribution."),
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, sizeof(struct settings), sizeof(struct settings), self, err);
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double normal_cdf(double z)
{
    return 0.5 * erfc(-z * 0.70710678118654752440);
}

/* Scott's rule for n values on a grid, counted: 1.059 min(deviation, interquartile range / 1.34) n^(-1/5), and at least so
 * wide that nine tenths of a kernel lie in its own cell. (Scott, D. W. (1992), Multivariate Density Estimation.) */
static double bandwidth(const double *counts, uint32_t n_cells)
{
    double n = 0, mean = 0, squares = 0, below = 0, width;
    uint32_t first = n_cells, third = n_cells, last = 0;
    for (uint32_t k = 0; k < n_cells; k++) {
        n += counts[k];
        mean += counts[k] * k;
        if (counts[k] > 0)
            last = k;
    }
    mean /= n;
    for (uint32_t k = 0; k < n_cells; k++) {
        squares += counts[k] * (k - mean) * (k - mean);
        below += counts[k];
        if (counts[k] > 0 && first == n_cells && below >= floor(n / 4))
            first = k;
        if (counts[k] > 0 && third == n_cells && below > floor(3 * n / 4))
            third = k;
    }
    if (third == n_cells)
        third = last;
    width = 1.059 * fmin((third - first) / 1.34, sqrt(squares / fmax(1, n - 1))) * pow(n, -0.2);
    return fmax(width, 0.5 / 1.64);
}

/* The density of a number on a grid, from counts: kernels cut at the ends and integrated over the cells, and one over the
 * whole range that counts as one trial. */
static void number_density(const double *counts, uint32_t n_cells, double *density)
{
    double n = 0;
    const double sigma = bandwidth(counts, n_cells);
    for (uint32_t k = 0; k < n_cells; k++) {
        n += counts[k];
        density[k] = 0;
    }
    for (uint32_t kernel = 0; kernel <= n_cells; kernel++) {
        const int prior = kernel == n_cells;
        const double weight = (prior ? 1 : counts[kernel]) / (n + 1);
        const double mu = prior ? (n_cells - 1) / 2.0 : kernel, s = prior ? n_cells : sigma;
        const double low = normal_cdf((-0.5 - mu) / s), high = normal_cdf((n_cells - 0.5 - mu) / s);
        if (!(weight > 0))
            continue;
        for (uint32_t k = 0; k < n_cells; k++)
            density[k] += weight * (normal_cdf((k + 0.5 - mu) / s) - normal_cdf((k - 0.5 - mu) / s)) / (high - low);
    }
}

/* The same for choices: every choice seen is a kernel, with a share of the prior for the others. */
static void choice_density(const double *counts, uint32_t n_choices, double *density)
{
    double n = 0, kernels = 1, share;
    for (uint32_t k = 0; k < n_choices; k++) {
        n += counts[k];
        kernels += counts[k] > 0;
        density[k] = 0;
    }
    share = 1 / kernels;
    for (uint32_t kernel = 0; kernel < n_choices; kernel++)
        for (uint32_t k = 0; counts[kernel] > 0 && k < n_choices; k++)
            density[k] += counts[kernel] / (n + 1) * (share + (k == kernel)) / (1 + n_choices * share);
    for (uint32_t k = 0; k < n_choices; k++)
        density[k] += 1 / (n + 1) / n_choices;
}

/* Of one dimension, over the trials in which it is active. scratch: (4, cells) */
static double divergence(const struct settings *s, const hone_importance_data *data, uint32_t i, double limit,
                         uint32_t n_cells, double *scratch)
{
    const hone_dim *d = data->space->dims[i];
    const int choice = d->type == HONE_DIM_CHOICE;
    double *all = scratch, *top = all + n_cells, *density_all = top + n_cells, *density_top = density_all + n_cells;
    double n = 0, n_top = 0, sum = 0;
    memset(scratch, 0, 4 * (size_t)n_cells * sizeof *scratch);
    for (uint64_t t = 0; t < data->n; t++) {
        const double v = data->x[t * data->n_dims + i];
        uint32_t cell;
        if (isnan(v))
            continue;
        if (choice || d->type == HONE_DIM_ORDINAL) {
            cell = (uint32_t)v;
        } else { /* the ends of the range are grid points */
            const double low = hone_dim_to_unit(d, isfinite(d->min) ? d->min : hone_dim_from_unit(d, 0)),
                         high = hone_dim_to_unit(d, isfinite(d->max) ? d->max : hone_dim_from_unit(d, 1));
            const double u = high > low ? (hone_dim_to_unit(d, v) - low) / (high - low) : 0;
            cell = (uint32_t)ceil(fmax(0, u * (n_cells - 1) - 0.5 - 1e-9));
        }
        cell = cell < n_cells ? cell : n_cells - 1;
        all[cell]++;
        n++;
        if (data->values[t] <= limit) {
            top[cell]++;
            n_top++;
        }
    }
    if (!(n > 0) || !(n_top > 0))
        return 0;
    (choice ? choice_density : number_density)(top, n_cells, density_top);
    (choice ? choice_density : number_density)(all, n_cells, density_all);
    for (uint32_t k = 0; k < n_cells; k++) {
        const double p = density_top[k] + 1e-12, q = s->reference == SPACE ? 1.0 / n_cells : density_all[k] + 1e-12;
        sum += q * (p / q - 1) * (p / q - 1); /* Pearson divergence, the paper's eq. 14 */
    }
    return sum * n / (double)data->n;
}

static hone_rc evaluate(void *self, const hone_importance_data *data, hone_importance_sink give, void *ctx,
                        hone_error *err)
{
    const struct settings *s = (const struct settings *)self;
    double *sorted = (double *)malloc((size_t)data->n * sizeof *sorted), *scratch = NULL, limit, total = 0;
    double *found = (double *)calloc(data->n_dims + 1u, sizeof *found);
    uint32_t most = GRID;
    uint64_t best;
    hone_rc rc = HONE_OK;
    for (uint32_t i = 0; i < data->n_dims; i++)
        most = data->space->dims[i]->n_choices > most ? data->space->dims[i]->n_choices : most;
    scratch = (double *)malloc(4 * (size_t)most * sizeof *scratch);
    if (!sorted || !found || !scratch) {
        rc = hone_fail(err, HONE_ENOMEM, "", "out of memory for %llu trials", (unsigned long long)data->n);
        goto out;
    }
    memcpy(sorted, data->values, (size_t)data->n * sizeof *sorted);
    qsort(sorted, (size_t)data->n, sizeof *sorted, compare);
    best = (uint64_t)ceil(s->quantile * (double)data->n);
    limit = sorted[(best < 2 ? 2 : best) - 1]; /* two at least, as many as tie */
    for (uint32_t i = 0; i < data->n_dims; i++) {
        const hone_dim *d = data->space->dims[i];
        const double count = hone_dim_count(d);
        uint32_t n_cells = count > 0 && (count < GRID || d->n_choices) ? (uint32_t)count : GRID;
        if (d->type == HONE_DIM_INT &&
            d->flags & HONE_DIM_LOG) { /* Optuna's: fewer cells where integers are far apart */
            const double levels = ceil(log2(d->max - d->min + 1)) + 1;
            n_cells = levels < GRID ? (uint32_t)levels : GRID;
        }
        found[i] = count == 1 ? 0 : divergence(s, data, i, limit, n_cells, scratch);
        total += found[i];
    }
    for (uint32_t i = 0; rc == HONE_OK && i < data->n_dims; i++) {
        const hone_importance one = { sizeof one, i, UINT32_MAX, total > 0 ? found[i] / total : 0, (double)NAN };
        if (hone_dim_count(data->space->dims[i]) != 1)
            rc = give(ctx, &one);
    }
out:
    free(sorted);
    free(scratch);
    free(found);
    return rc;
}

static const char doc[] =
    "Compares how a parameter is distributed among the best trials (`quantile`) with how it is among all: the Pearson "
    "divergence of two kernel density estimates, as a share of the sum over all parameters. It answers what matters "
    "for "
    "getting among the best, where fanova answers what matters over the whole space; it needs no model and takes "
    "milliseconds for thousands of trials. At least five trials should be among the best.\n\n"
    "Numbers lie on a grid of 50 cells on their own scale, with Scott's bandwidth and one kernel over the whole range, "
    "as "
    "in Optuna's PedAnovaImportanceEvaluator, whose numbers it gives for spaces without conditions.\n\n"
    "A parameter that is not always active is compared over the trials in which it is, and weighs as much as they are "
    "of "
    "all.\n\n"
    "## Source\n"
    "Watanabe, S., Bansal, A. and Hutter, F. (2023). PED-ANOVA: efficiently quantifying hyperparameter importance in "
    "arbitrary subspaces. IJCAI.\n";

static const hone_importance_v1 importance = { sizeof importance, 0, evaluate };
static const hone_component ped_anova = {
    sizeof ped_anova,
    HONE_C_DETERMINISTIC,
    HONE_KIND_IMPORTANCE,
    "ped_anova",
    "How differently a parameter is distributed among the best trials and among all",
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
HONE_MODULE("org.hone.importance.ped_anova", "0.1.0", "MIT", "the hone authors", "", &ped_anova)
