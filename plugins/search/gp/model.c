/* SPDX-License-Identifier: MIT */
/* search/gp: one Gaussian process: its likelihood with gradient, and its posterior (Rasmussen, C. E. and Williams,
 * C. K. I. (2006), "Gaussian Processes for Machine Learning", sections 2.2, 5.4.1). Dense algebra is LAPACK's and BLAS's.
 */
#include "gp.h"

#include <cblas.h>

/* LAPACK, reference 3.11: dpotrf.f, dpotri.f. The hidden length of the character argument is passed as gfortran expects. */
void dpotrf_(const char *uplo, const int *n, double *a, const int *lda, int *info, size_t uplo_length);
void dpotri_(const char *uplo, const int *n, double *a, const int *lda, int *info, size_t uplo_length);

hone_rc model_init(struct model *m, const struct features *f, int is_warped, hone_error *err)
{
    memset(m, 0, sizeof *m);
    m->features = f;
    m->is_warped = is_warped != 0;
    m->spread = 1;
    m->theta = (double *)calloc(THETA_LENGTH(f->n), sizeof *m->theta);
    m->shape = (double *)calloc(3 * (size_t)f->n + 1, sizeof *m->shape);
    return m->theta && m->shape ? HONE_OK : hone_fail(err, HONE_ENOMEM, "", "out of memory for a Gaussian process");
}

void model_release(struct model *m)
{
    free(m->x);
    free(m->z);
    free(m->y);
    free(m->known);
    free(m->theta);
    free(m->shape);
    free(m->l);
    free(m->alpha);
    free(m->fitted);
    free(m->one);
    memset(m, 0, sizeof *m);
}

void workspace_release(struct workspace *w)
{
    free(w->slope);
    free(w->inverse);
    free(w->a);
    free(w->b);
    free(w->v);
    free(w->cross);
    free(w->mean);
    memset(w, 0, sizeof *w);
}

/* Replaces *p by room for n doubles, on a cache line: what was there is lost. 0: out of memory. */
static int renew(double **p, uint64_t n)
{
    const size_t bytes = (size_t)((n + 8) / 8 * 8) * sizeof(double);
    free(*p);
    *p = (double *)aligned_alloc(64, bytes);
    if (*p)
        memset(*p, 0, bytes);
    return *p != NULL;
}

hone_rc model_reserve(struct model *m, struct workspace *w, uint64_t rows, uint32_t n_fantasies, hone_error *err)
{
    const uint64_t d = m->features->n, more = rows + rows / 4 + 16;
    if (rows > m->capacity) {
        m->capacity = 0;
        m->alpha_capacity = 0;
        if (!renew(&m->x, more * d) || !renew(&m->z, more * d) || !renew(&m->y, more) || !renew(&m->known, more) ||
            !renew(&m->l, more * more) || !renew(&m->one, 2 * (more + d)))
            goto full;
        m->capacity = more;
    }
    if (m->capacity * n_fantasies > m->alpha_capacity) {
        const uint64_t n = m->capacity * n_fantasies;
        m->alpha_capacity = 0;
        if (!renew(&m->alpha, n) || !renew(&m->fitted, n))
            goto full;
        m->alpha_capacity = n;
    }
    if (m->capacity > w->capacity) {
        const uint64_t n = m->capacity;
        w->capacity = 0;
        if (!renew(&w->slope, n * n) || !renew(&w->inverse, n * n) || !renew(&w->a, n) || !renew(&w->b, n) ||
            !renew(&w->v, n * d) || !renew(&w->cross, n * BATCH))
            goto full;
        w->capacity = n;
    }
    if (!w->mean && !renew(&w->mean, MOST_FANTASIES * BATCH))
        goto full;
    return HONE_OK;
full:
    return hone_fail(err, HONE_ENOMEM, "points",
                     "out of memory for a Gaussian process of %llu points: lower [search] points",
                     (unsigned long long)rows);
}

void model_standardize(struct model *m)
{
    double largest = 0, mean = 0, squares = 0;
    for (uint64_t i = 0; i < m->n; i++)
        largest = fabs(m->y[i]) > largest ? fabs(m->y[i]) : largest;
    if (!(largest > 0))
        largest = 1;
    for (uint64_t i = 0; i < m->n; i++)
        mean += m->y[i] / largest / (double)m->n; /* divided first: the sum must not overflow */
    for (uint64_t i = 0; i < m->n; i++)
        squares += (m->y[i] / largest - mean) * (m->y[i] / largest - mean) / (double)m->n;
    m->center = mean * largest;
    m->spread = squares > 1e-30 ? sqrt(squares) * largest : largest;
    for (uint64_t i = 0; i < m->n; i++)
        m->y[i] = (m->y[i] / largest - mean) / (m->spread / largest);
}

/* ---- the kernel matrix ---- */

/* Feature k at position e, warped and scaled as model_scale was told last. */
static double scaled(const struct model *m, uint32_t k, double e, double *by_e)
{
    const double *shape = m->shape + 3 * (size_t)k;
    double by_u, by_a, by_b, v;
    if (!m->is_warped) {
        *by_e = shape[0];
        return shape[0] * e;
    }
    v = kernel_warp(e, shape[1], shape[2], &by_u, &by_a, &by_b);
    *by_e = shape[0] * by_u;
    return shape[0] * v;
}

void model_scale(struct model *m, const double *theta, uint64_t rows)
{
    const uint32_t d = m->features->n;
    double by_e;
    for (uint32_t k = 0; k < d; k++) {
        const double *x = m->x + k * m->capacity;
        double *shape = m->shape + 3 * (size_t)k;
        double *z = m->z + k * m->capacity;
        shape[0] = exp(0.5 * theta[k]);
        shape[1] = exp(theta[THETA_A(d, k)]);
        shape[2] = exp(theta[THETA_B(d, k)]);
        if (m->features->list[k].is_category)
            memcpy(z, x, rows * sizeof *z);
        else if (m->is_warped)
            for (uint64_t i = 0; i < rows; i++)
                z[i] = scaled(m, k, x[i], &by_e);
        else {
            const double root = exp(0.5 * theta[k]);
            for (uint64_t i = 0; i < rows; i++)
                z[i] = root * x[i];
        }
    }
}

int model_factorize(struct model *m, const double *theta, uint64_t rows, double *slope)
{
    const uint32_t d = m->features->n;
    const double signal = exp(theta[THETA_SIGNAL(d)]), noise = exp(theta[THETA_NOISE(d)]);
    const int n = (int)rows;
    int info = 0;
    for (uint64_t j = 0; j < rows; j++) {
        double *s = m->l + j * rows + j;
        memset(s, 0, (rows - j) * sizeof *s);
        for (uint32_t k = 0; k < d; k++) {
            const double *z = m->z + k * m->capacity + j;
            if (m->features->list[k].is_category)
                kernel_add_category(s, z, *z, exp(theta[k]), rows - j);
            else
                kernel_add_numeric(s, z, *z, rows - j);
        }
        kernel_matern(s, signal, s, slope ? slope + j * rows + j : NULL, rows - j);
        *s = signal + noise + m->known[j];
    }
    dpotrf_("L", &n, m->l, &n, &info, 1);
    return info == 0;
}

/* ---- likelihood ---- */

/* Turns w->inverse (n, n), the inverse of the kernel matrix, lower, into what the distances' derivatives are weighted
 * by: slope * (inverse - alpha alpha^T), diagonal 0 (distances there stay 0), and sums its rows into w->b. */
static void weigh_distances(struct workspace *w, const double *alpha, uint64_t n)
{
    memset(w->b, 0, n * sizeof *w->b);
    for (uint64_t j = 0; j < n; j++) {
        double *column = w->inverse + j * n, sum = 0;
        const double *slope = w->slope + j * n;
        column[j] = 0;
        for (uint64_t i = j + 1; i < n; i++) {
            column[i] = slope[i] * (column[i] - alpha[i] * alpha[j]);
            w->b[i] += column[i];
            sum += column[i];
        }
        w->b[j] += sum;
    }
}

/* Adds the derivatives by the length scales and the warping. For M from above, R its row sums, V = M Z:
 * dL / d log w_k = sum_i R_i z_ik^2 - z_ik V_ik,   dL / d z_ik = 2 (R_i z_ik - V_ik). */
static void distance_gradient(const struct model *m, struct workspace *w, const double *theta, double *gradient)
{
    const uint32_t d = m->features->n;
    const uint64_t n = m->n;
    const int order = (int)n, lda = (int)m->capacity;
    if (d)
        cblas_dsymm(CblasColMajor, CblasLeft, CblasLower, order, (int)d, 1, w->inverse, order, m->z, lda, 0, w->v,
                    order);
    for (uint32_t k = 0; k < d; k++) {
        const double *z = m->z + k * m->capacity, *x = m->x + k * m->capacity, *v = w->v + k * n;
        double sum = 0, by_a = 0, by_b = 0;
        if (m->features->list[k].is_category) {
            for (uint64_t j = 0; j < n; j++) {
                const double *column = w->inverse + j * n;
                for (uint64_t i = j + 1; i < n; i++)
                    sum += z[i] < z[j] || z[i] > z[j] ? column[i] : 0;
            }
            gradient[k] += exp(theta[k]) * sum;
            continue;
        }
        for (uint64_t i = 0; i < n; i++)
            sum += z[i] * (w->b[i] * z[i] - v[i]);
        gradient[k] += sum;
        if (!m->is_warped)
            continue;
        for (uint64_t i = 0; i < n; i++) {
            const double by_z = 2 * (w->b[i] * z[i] - v[i]);
            double by_u, by_log_a, by_log_b;
            kernel_warp(x[i], m->shape[3 * (size_t)k + 1], m->shape[3 * (size_t)k + 2], &by_u, &by_log_a, &by_log_b);
            by_a += by_z * by_log_a;
            by_b += by_z * by_log_b;
        }
        gradient[THETA_A(d, k)] += exp(0.5 * theta[k]) * by_a;
        gradient[THETA_B(d, k)] += exp(0.5 * theta[k]) * by_b;
    }
}

double model_evidence(struct model *m, struct workspace *w, const double *theta, double *gradient)
{
    const uint32_t d = m->features->n;
    const uint64_t n = m->n;
    const int order = (int)n;
    const double noise = exp(theta[THETA_NOISE(d)]);
    double fit = 0, log_det = 0, squares = 0, trace = 0, known = 0, density;
    int info = 0;
    if (gradient)
        memset(gradient, 0, THETA_LENGTH(d) * sizeof *gradient);
    model_scale(m, theta, n);
    if (!model_factorize(m, theta, n, gradient ? w->slope : NULL))
        return -HUGE_VAL;
    memcpy(w->a, m->y, n * sizeof *w->a);
    cblas_dtrsv(CblasColMajor, CblasLower, CblasNoTrans, CblasNonUnit, order, m->l, order, w->a, 1);
    for (uint64_t i = 0; i < n; i++) {
        fit += w->a[i] * w->a[i];
        log_det += log(m->l[i * n + i]);
    }
    density = -0.5 * fit - log_det - 0.5 * (double)n * log(2 * 3.14159265358979323846);
    if (!gradient)
        return density + prior_density(m, theta, NULL);
    cblas_dtrsv(CblasColMajor, CblasLower, CblasTrans, CblasNonUnit, order, m->l, order, w->a, 1);
    memcpy(w->inverse, m->l, n * n * sizeof *w->inverse);
    dpotri_("L", &order, w->inverse, &order, &info, 1);
    if (info != 0)
        return -HUGE_VAL;
    for (uint64_t i = 0; i < n; i++) {
        squares += w->a[i] * w->a[i];
        trace += w->inverse[i * n + i];
        known += m->known[i] * (w->a[i] * w->a[i] - w->inverse[i * n + i]);
    }
    gradient[THETA_NOISE(d)] = 0.5 * noise * (squares - trace);
    gradient[THETA_SIGNAL(d)] = 0.5 * (fit - noise * squares - ((double)n - noise * trace) - known);
    weigh_distances(w, w->a, n);
    distance_gradient(m, w, theta, gradient);
    return density + prior_density(m, theta, gradient);
}

/* ---- posterior ---- */

hone_rc model_condition(struct model *m, const double *normal, hone_error *err)
{
    const uint64_t rows = m->n + m->n_pending;
    const int order = (int)rows;
    const uint32_t d = m->features->n;
    model_scale(m, m->theta, rows);
    while (!model_factorize(m, m->theta, rows, NULL)) { /* rows repeat with hardly any noise */
        if (m->theta[THETA_NOISE(d)] > m->theta[THETA_SIGNAL(d)])
            return hone_fail(err, HONE_ENUMERIC, "", "the kernel matrix of %llu points is not positive definite",
                             (unsigned long long)rows);
        m->theta[THETA_NOISE(d)] += log(10);
    }
    for (uint32_t f = 0; f < m->n_fantasies; f++) {
        double *alpha = m->alpha + f * rows, *fitted = m->fitted + f * rows;
        const double noise = exp(m->theta[THETA_NOISE(d)]);
        memcpy(alpha, m->y, m->n * sizeof *alpha);
        cblas_dtrsv(CblasColMajor, CblasLower, CblasNoTrans, CblasNonUnit, (int)m->n, m->l, order, alpha, 1);
        for (uint64_t i = 0; i < m->n_pending; i++)
            alpha[m->n + i] = normal[f * m->n_pending + i];
        memcpy(fitted, alpha, rows * sizeof *alpha); /* L^-1 y; L times it is y, of the running rows too */
        cblas_dtrmv(CblasColMajor, CblasLower, CblasNoTrans, CblasNonUnit, order, m->l, order, fitted, 1);
        cblas_dtrsv(CblasColMajor, CblasLower, CblasTrans, CblasNonUnit, order, m->l, order, alpha, 1);
        for (uint64_t i = 0; i < rows; i++)
            fitted[i] -= (noise + m->known[i]) * alpha[i]; /* K alpha */
    }
    return HONE_OK;
}

/* k: (rows) kernel of the candidate e: (D) with every row; slope: (rows) or NULL; scaled position into z: (D), or NULL. */
static void cross_kernel(const struct model *m, const double *e, double *k, double *slope, double *z, double *by_e)
{
    const uint32_t d = m->features->n;
    const uint64_t rows = m->n + m->n_pending;
    memset(k, 0, rows * sizeof *k);
    for (uint32_t i = 0; i < d; i++) {
        double position, derivative = 0;
        if (m->features->list[i].is_category) {
            position = e[i];
            kernel_add_category(k, m->z + i * m->capacity, position, exp(m->theta[i]), rows);
        } else {
            position = scaled(m, i, e[i], &derivative);
            kernel_add_numeric(k, m->z + i * m->capacity, position, rows);
        }
        if (z) {
            z[i] = position;
            by_e[i] = derivative;
        }
    }
    kernel_matern(k, exp(m->theta[THETA_SIGNAL(d)]), k, slope, rows);
}

/* What is left of the prior's variance; rounding may take it below the least that a double can tell. */
static double variance_left(double signal, double explained)
{
    const double least = signal * 1e-12;
    return signal - explained > least ? signal - explained : least;
}

void model_predict(const struct model *m, struct workspace *w, const double *e, uint64_t count, double *mean,
                   double *variance)
{
    const uint32_t d = m->features->n;
    const uint64_t rows = m->n + m->n_pending;
    const int order = (int)rows, fantasies = (int)m->n_fantasies;
    const double signal = exp(m->theta[THETA_SIGNAL(d)]);
    for (uint64_t done = 0; done < count; done += BATCH) {
        const uint64_t part = count - done < BATCH ? count - done : BATCH;
        for (uint64_t c = 0; c < part; c++)
            cross_kernel(m, e + (done + c) * d, w->cross + c * rows, NULL, NULL, NULL);
        cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, fantasies, (int)part, order, 1, m->alpha, order, w->cross,
                    order, 0, mean + done * m->n_fantasies, fantasies);
        cblas_dtrsm(CblasColMajor, CblasLeft, CblasLower, CblasNoTrans, CblasNonUnit, order, (int)part, 1, m->l, order,
                    w->cross, order);
        for (uint64_t c = 0; c < part; c++) {
            const double *v = w->cross + c * rows;
            double sum = 0;
            for (uint64_t i = 0; i < rows; i++)
                sum += v[i] * v[i];
            variance[done + c] = variance_left(signal, sum);
        }
    }
}

void model_predict_one(struct model *m, const double *e, double *mean, double *variance)
{
    const uint64_t rows = m->n + m->n_pending;
    const int order = (int)rows;
    double *k = m->one, sum = 0;
    cross_kernel(m, e, k, k + rows, k + 2 * rows, k + 2 * rows + m->features->n);
    cblas_dgemv(CblasColMajor, CblasTrans, order, (int)m->n_fantasies, 1, m->alpha, order, k, 1, 0, mean, 1);
    cblas_dtrsv(CblasColMajor, CblasLower, CblasNoTrans, CblasNonUnit, order, m->l, order, k, 1);
    for (uint64_t i = 0; i < rows; i++)
        sum += k[i] * k[i];
    *variance = variance_left(exp(m->theta[THETA_SIGNAL(m->features->n)]), sum);
}

void model_gradient(struct model *m, const double *by_mean, double by_variance, double *gradient)
{
    const uint64_t rows = m->n + m->n_pending;
    const int order = (int)rows;
    double *weight = m->one, *slope = weight + rows;
    const double *z = slope + rows, *by_e = z + m->features->n;
    /* by the kernel: sum_f by_mean[f] alpha_f - 2 by_variance K^-1 k, times the slope */
    cblas_dtrsv(CblasColMajor, CblasLower, CblasTrans, CblasNonUnit, order, m->l, order, weight, 1);
    cblas_dgemv(CblasColMajor, CblasNoTrans, order, (int)m->n_fantasies, 1, m->alpha, order, by_mean, 1,
                -2 * by_variance, weight, 1);
    for (uint64_t i = 0; i < rows; i++)
        weight[i] *= slope[i];
    for (uint32_t k = 0; k < m->features->n; k++) {
        const double *row = m->z + k * m->capacity;
        double sum = 0;
        if (m->features->list[k].is_category)
            continue;
        for (uint64_t i = 0; i < rows; i++)
            sum += weight[i] * (z[k] - row[i]);
        gradient[k] -= 2 * sum * by_e[k];
    }
}
