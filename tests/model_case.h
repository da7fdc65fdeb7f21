/* SPDX-License-Identifier: MIT */
/* A model under test: built and compiled for images, its weights by name, its sites, and the layers again as naive loops
 * in double precision, one image at a time, to compare its outputs with. */
#ifndef HONE_TESTS_MODEL_CASE_H
#define HONE_TESTS_MODEL_CASE_H
#include "component.h"
#include "hone/model.h"
#include "hone/rng.h"

enum { CASE_BATCH = 3, CASE_SITES = 65536 };

struct model_case {
    struct component c;
    hone_graph *g;
    hone_net *net;
    hone_var x;
    hone_parameter *const *p, *const *buffers;
    uint32_t n, n_buffers;
    hone_task task;
    char sites[CASE_SITES]; /* "0:input1 1:conv1 ..." as offered, role:name */
};

static hone_var case_note_site(void *ctx, hone_graph *g, const hone_site *site, hone_var x)
{
    struct model_case *m = (struct model_case *)ctx;
    const size_t used = strlen(m->sites);
    (void)g;
    snprintf(m->sites + used, sizeof m->sites - used, "%s%u:%s", used ? " " : "", site->role, site->name);
    return x;
}

/* Compiles what m->c builds for images (channels, height, width) and `outputs` numbers, for `batch` samples. */
__attribute__((unused)) static hone_rc case_compile(struct model_case *m, int64_t channels, int64_t height,
                                                    int64_t width, int64_t outputs, int64_t batch)
{
    const hone_graph_options options = { sizeof options, 1, 7 };
    m->task = (hone_task){ .size = sizeof m->task,
                           .kind = HONE_TASK_REGRESSION,
                           .n_outputs = outputs,
                           .n_dims = 3,
                           .dtype = HONE_F32,
                           .dims = { channels, height, width } };
    m->g = hone_nn_graph_create(&options);
    CU_ASSERT_PTR_NOT_NULL_FATAL(m->g);
    hone_nn_on_site(m->g, case_note_site, m);
    m->x = hone_nn_input(m->g, "x", m->task.dims, 3);
    const hone_var t = hone_nn_input(m->g, "t", &outputs, 1);
    const hone_var y = ((const hone_model_v1 *)m->c.component->iface)->build(m->c.self, m->g, m->x, &m->task);
    const hone_rc rc = hone_nn_compile(m->g, hone_nn_mse(m->g, y, t), y, batch, &m->net, &m->c.err);
    m->p = rc == HONE_OK ? hone_nn_parameters(m->g, &m->n) : NULL;
    m->buffers = rc == HONE_OK ? hone_nn_buffers(m->g, &m->n_buffers) : NULL;
    if (rc != HONE_OK)
        printf("#   %s\n", m->c.err.msg);
    return rc;
}

__attribute__((unused)) static void case_release(struct model_case *m)
{
    hone_net_destroy(m->net);
    hone_nn_graph_destroy(m->g);
    component_close(&m->c);
    memset(m, 0, sizeof *m);
}

__attribute__((unused)) static int64_t case_count(const struct model_case *m)
{
    int64_t all = 0;
    for (uint32_t i = 0; i < m->n; i++)
        all += hone_shape_elements(m->p[i]->dims, m->p[i]->n_dims);
    return all;
}

/* Index of the weights of a name; fails the test where there are none. */
static uint32_t case_find(const struct model_case *m, const char *name)
{
    uint32_t i = 0;
    while (i < m->n && strcmp(m->p[i]->name, name) != 0)
        i++;
    if (i == m->n)
        printf("#   there is no parameter %s\n", name);
    CU_ASSERT_FATAL(i < m->n);
    return i;
}

/* Random images in the input, and norms that are not the identity: weights near 1, biases, means, variances. */
__attribute__((unused)) static void case_fill(struct model_case *m, uint64_t seed)
{
    hone_rng rng = hone_rng_at(seed, 0);
    float *x = hone_net_input(m->net, m->x);
    for (int64_t i = 0; i < hone_net_batch(m->net) * hone_shape_elements(m->task.dims, 3); i++)
        x[i] = (float)hone_rng_normal(&rng);
    for (uint32_t i = 0; i < m->n; i++)
        for (uint64_t k = 0;
             m->p[i]->role != HONE_PARAMETER_KERNEL && k < m->p[i]->length && (int64_t)k < m->p[i]->dims[0]; k++)
            m->p[i]->value[k] += (float)(0.2 * hone_rng_normal(&rng));
    for (uint32_t i = 0; i < m->n_buffers; i++)
        for (uint64_t k = 0; k < m->buffers[i]->length; k++)
            m->buffers[i]->value[k] = (float)(strstr(m->buffers[i]->name, "var") ? 0.5 + hone_rng_uniform(&rng)
                                                                                 : 0.3 * hone_rng_normal(&rng));
}

/* ---- layers as loops: an image (c, h, w) in place, memory of its own ---- */
struct naive {
    const struct model_case *m;
    int64_t c, h, w;
    double *v; /* (c, h, w) */
};

static struct naive naive_new(const struct model_case *m, int64_t c, int64_t h, int64_t w)
{
    const struct naive n = { m, c, h, w, (double *)calloc((size_t)(c * h * w), sizeof(double)) };
    CU_ASSERT_PTR_NOT_NULL_FATAL(n.v);
    return n;
}

static void naive_set(struct naive *x, struct naive y)
{
    free(x->v);
    *x = y;
}

__attribute__((unused)) static struct naive naive_copy(const struct naive *x)
{
    const struct naive y = naive_new(x->m, x->c, x->h, x->w);
    memcpy(y.v, x->v, (size_t)(x->c * x->h * x->w) * sizeof *y.v);
    return y;
}

__attribute__((unused)) static struct naive naive_input(const struct model_case *m, int64_t sample)
{
    const struct naive x = naive_new(m, m->task.dims[0], m->task.dims[1], m->task.dims[2]);
    const float *in = hone_net_input(m->net, m->x) + sample * x.c * x.h * x.w;
    for (int64_t i = 0; i < x.c * x.h * x.w; i++)
        x.v[i] = (double)in[i];
    return x;
}

/* Plain copy of NAME.PART; zeros where the model has none such and `optional` says so. */
static float *naive_weights(const struct model_case *m, const char *name, const char *part, int optional, int64_t *dims)
{
    char whole[128];
    hone_error err = HONE_ERROR_INIT;
    snprintf(whole, sizeof whole, "%s.%s", name, part);
    uint32_t i = 0;
    while (optional && i < m->n && strcmp(m->p[i]->name, whole) != 0)
        i++;
    if (optional && i == m->n)
        return (float *)calloc(65536, sizeof(float));
    i = case_find(m, whole);
    if (dims)
        memcpy(dims, m->p[i]->dims, sizeof m->p[i]->dims);
    float *plain = (float *)malloc((size_t)hone_shape_elements(m->p[i]->dims, m->p[i]->n_dims) * sizeof *plain);
    CU_ASSERT_EQUAL_FATAL(hone_nn_read(m->g, i, plain, &err), HONE_OK);
    return plain;
}

__attribute__((unused)) static void naive_conv(struct naive *x, const char *name, int64_t stride, int64_t pad)
{
    int64_t d[HONE_MAX_DIMS];
    float *w = naive_weights(x->m, name, "weight", 0, d), *b = naive_weights(x->m, name, "bias", 1, NULL);
    CU_ASSERT_EQUAL_FATAL(d[1], x->c);
    struct naive y = naive_new(x->m, d[0], (x->h + 2 * pad - d[2]) / stride + 1, (x->w + 2 * pad - d[3]) / stride + 1);
    for (int64_t k = 0; k < y.c; k++)
        for (int64_t i = 0; i < y.h; i++)
            for (int64_t j = 0; j < y.w; j++) {
                double sum = (double)b[k];
                for (int64_t c = 0; c < x->c; c++)
                    for (int64_t u = 0; u < d[2]; u++)
                        for (int64_t v = 0; v < d[3]; v++) {
                            const int64_t r = i * stride + u - pad, s = j * stride + v - pad;
                            if (r >= 0 && r < x->h && s >= 0 && s < x->w)
                                sum += (double)w[((k * d[1] + c) * d[2] + u) * d[3] + v] *
                                       x->v[(c * x->h + r) * x->w + s];
                        }
                y.v[(k * y.h + i) * y.w + j] = sum;
            }
    free(w);
    free(b);
    naive_set(x, y);
}

__attribute__((unused)) static void naive_dense(struct naive *x, const char *name)
{
    int64_t d[HONE_MAX_DIMS];
    float *w = naive_weights(x->m, name, "weight", 0, d), *b = naive_weights(x->m, name, "bias", 1, NULL);
    CU_ASSERT_EQUAL_FATAL(d[1], x->c * x->h * x->w);
    struct naive y = naive_new(x->m, d[0], 1, 1);
    for (int64_t k = 0; k < d[0]; k++) {
        y.v[k] = (double)b[k];
        for (int64_t i = 0; i < d[1]; i++)
            y.v[k] += (double)w[k * d[1] + i] * x->v[i];
    }
    free(w);
    free(b);
    naive_set(x, y);
}

/* In inference: by the running statistics. */
__attribute__((unused)) static void naive_norm(struct naive *x, const char *name)
{
    float *w = naive_weights(x->m, name, "weight", 0, NULL), *b = naive_weights(x->m, name, "bias", 0, NULL);
    const float *mean = NULL, *var = NULL;
    char whole[128];
    for (uint32_t i = 0; i < x->m->n_buffers; i++) {
        const hone_parameter *p = x->m->buffers[i];
        snprintf(whole, sizeof whole, "%s.running_mean", name);
        mean = strcmp(p->name, whole) ? mean : p->value;
        snprintf(whole, sizeof whole, "%s.running_var", name);
        var = strcmp(p->name, whole) ? var : p->value;
    }
    CU_ASSERT_FATAL(mean && var);
    for (int64_t c = 0; c < x->c; c++)
        for (int64_t i = 0; i < x->h * x->w; i++) {
            double *v = &x->v[c * x->h * x->w + i];
            *v = (*v - (double)mean[c]) / sqrt((double)var[c] + 1e-5) * (double)w[c] + (double)b[c];
        }
    free(w);
    free(b);
}

__attribute__((unused)) static void naive_relu(struct naive *x)
{
    for (int64_t i = 0; i < x->c * x->h * x->w; i++)
        x->v[i] = x->v[i] > 0 ? x->v[i] : 0;
}

__attribute__((unused)) static void naive_tanh(struct naive *x)
{
    for (int64_t i = 0; i < x->c * x->h * x->w; i++)
        x->v[i] = tanh(x->v[i]);
}

/* Maximum, or mean, of the pixels that are there. */
__attribute__((unused)) static void naive_pool(struct naive *x, int maximum, int64_t kernel, int64_t stride,
                                               int64_t pad)
{
    struct naive y = naive_new(x->m, x->c, (x->h + 2 * pad - kernel) / stride + 1,
                               (x->w + 2 * pad - kernel) / stride + 1);
    for (int64_t c = 0; c < y.c; c++)
        for (int64_t i = 0; i < y.h; i++)
            for (int64_t j = 0; j < y.w; j++) {
                double best = -HUGE_VAL, sum = 0;
                int64_t n = 0;
                for (int64_t u = 0; u < kernel; u++)
                    for (int64_t v = 0; v < kernel; v++) {
                        const int64_t r = i * stride + u - pad, s = j * stride + v - pad;
                        if (r < 0 || r >= x->h || s < 0 || s >= x->w)
                            continue;
                        const double value = x->v[(c * x->h + r) * x->w + s];
                        best = value > best ? value : best;
                        sum += value;
                        n++;
                    }
                y.v[(c * y.h + i) * y.w + j] = maximum ? best : sum / (double)n;
            }
    naive_set(x, y);
}

__attribute__((unused)) static void naive_global_average(struct naive *x)
{
    struct naive y = naive_new(x->m, x->c, 1, 1);
    for (int64_t c = 0; c < x->c; c++)
        for (int64_t i = 0; i < x->h * x->w; i++)
            y.v[c] += x->v[c * x->h * x->w + i] / (double)(x->h * x->w);
    naive_set(x, y);
}

/* x += y; y is released. */
__attribute__((unused)) static void naive_add(struct naive *x, struct naive *y)
{
    CU_ASSERT_FATAL(x->c == y->c && x->h == y->h && x->w == y->w);
    for (int64_t i = 0; i < x->c * x->h * x->w; i++)
        x->v[i] += y->v[i];
    naive_set(y, (struct naive){ 0 });
}

/* Compares with the outputs of a sample, relative to the largest of them; releases x. */
__attribute__((unused)) static void naive_expect(struct naive *x, int64_t sample, double tolerance)
{
    const float *y = hone_net_output(x->m->net) + sample * x->m->task.n_outputs;
    double largest = 0;
    CU_ASSERT_EQUAL_FATAL(x->c * x->h * x->w, x->m->task.n_outputs);
    for (int64_t i = 0; i < x->c; i++)
        largest = fabs(x->v[i]) > largest ? fabs(x->v[i]) : largest;
    for (int64_t i = 0; i < x->c; i++)
        if (!(fabs(x->v[i] - (double)y[i]) <= tolerance * largest)) {
            printf("#   output %lld of sample %lld is %g, by the definition %g\n", (long long)i, (long long)sample,
                   (double)y[i], x->v[i]);
            CU_FAIL("an output differs");
        }
    naive_set(x, (struct naive){ 0 });
}
#endif
