/* SPDX-License-Identifier: MIT */
/* hone/nn.h - describing, compiling and training a network. The implementation is libhone-nn (link with -lhone-nn); no
 * oneDNN type appears here.
 *
 * Building never fails call by call: the first mistake is kept in the graph with the names and shapes involved, later
 * calls on it do nothing, and compiling reports it. So a model reads as the paper's figure reads.
 *
 * Shapes are written (N, C, H, W); N is the batch and is not part of any option. A graph and what is compiled from it
 * belong to one thread. [trial] */
#ifndef HONE_NN_H
#define HONE_NN_H
#include "hone/plugin.h"
#include "hone/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hone_graph hone_graph; /* under construction */
typedef struct hone_net hone_net;     /* compiled for one batch size */
typedef struct hone_var {
    int32_t id;
} hone_var; /* a value in the graph; owned by the graph; id < 0: a failed call */

/* ---- making a graph ---- */
typedef struct hone_graph_options {
    uint32_t size, threads; /* threads: 0 is 1 */
    uint64_t seed;          /* of initial weights and of the dropout masks */
} hone_graph_options;
HONE_EXPORT hone_graph *hone_nn_graph_create(const hone_graph_options *options); /* NULL: out of memory */
HONE_EXPORT void hone_nn_graph_destroy(hone_graph *g); /* after the nets compiled from it; accepts NULL */

/* What products are computed in. Weights, statistics, losses and everything a caller sees stay float32. */
enum hone_precision {
    HONE_FLOAT32 = 0,
    HONE_BFLOAT16 = 1,      /* compiling fails, naming the CPU, where it has no bfloat16 */
    HONE_PRECISION_AUTO = 2 /* bfloat16 where the CPU has it natively, else float32 */
};
/* Before the first compile; a graph computes in float32 unless told otherwise. */
HONE_EXPORT void hone_nn_set_precision(hone_graph *g, uint32_t precision);

/* What went wrong while building, or HONE_OK. */
HONE_EXPORT hone_rc hone_nn_graph_error(const hone_graph *g, hone_error *err);
/* Lets a model report a mistake of its own in the same way; the first one stays. Returns the failed var. */
HONE_EXPORT hone_var hone_nn_fail(hone_graph *g, const char *param, const char *message);

/* A value that the caller fills before each step: dims is the shape of one sample, without N. Always float32. */
HONE_EXPORT hone_var hone_nn_input(hone_graph *g, const char *name, const int64_t *dims, uint32_t n_dims);
/* Shape of one sample: fills dims (HONE_MAX_DIMS) and returns the number of dimensions. */
HONE_EXPORT uint32_t hone_nn_shape(const hone_graph *g, hone_var x, int64_t *dims);

/* ---- layers: options left zero take the stated default ---- */
struct hone_dense {
    int64_t units; /* >= 1 */
    uint32_t no_bias;
    const char
        *init; /* "he" (normal, fan-in), "xavier" (uniform), "lecun" (normal), "orthogonal", "zeros"; NULL: "he" */
    const char *name; /* NULL: "dense", numbered */
};
HONE_EXPORT hone_var hone_nn_dense(hone_graph *g, hone_var x,
                                   const struct hone_dense *options); /* (N, C) -> (N, units) */
HONE_EXPORT hone_var hone_nn_relu(hone_graph *g, hone_var x);
HONE_EXPORT hone_var hone_nn_tanh(hone_graph *g, hone_var x);
HONE_EXPORT hone_var hone_nn_sigmoid(hone_graph *g, hone_var x);
HONE_EXPORT hone_var hone_nn_gelu(hone_graph *g, hone_var x); /* exact (erf) form */
HONE_EXPORT hone_var hone_nn_dropout(hone_graph *g, hone_var x,
                                     double rate);               /* inverted; identity in inference and at rate 0 */
HONE_EXPORT hone_var hone_nn_flatten(hone_graph *g, hone_var x); /* (N, C, H, W) -> (N, C*H*W) */
HONE_EXPORT hone_var hone_nn_add(hone_graph *g, hone_var a, hone_var b); /* same shapes */

HONE_EXPORT hone_var hone_nn_leaky_relu(hone_graph *g, hone_var x,
                                        double slope);         /* x < 0: slope * x; slope in [0, 1) */
HONE_EXPORT hone_var hone_nn_swish(hone_graph *g, hone_var x); /* x * sigmoid(x) */

/* ---- noise: layers that act in training only; the identity in inference, and at 0, where they add nothing ---- */
/* Whole channels of (N, C, ...) are dropped, the others multiplied by 1 / (1 - rate). Tompson et al. 2015. */
HONE_EXPORT hone_var hone_nn_spatial_dropout(hone_graph *g, hone_var x, double rate);
/* Whole samples are dropped, the others multiplied by 1 / (1 - rate): of a residual branch, stochastic depth. */
HONE_EXPORT hone_var hone_nn_drop_path(hone_graph *g, hone_var x, double rate);
/* Units are set to selu's limit and the result is scaled so that mean 0 and variance 1 stay. Klambauer et al. 2017. */
HONE_EXPORT hone_var hone_nn_alpha_dropout(hone_graph *g, hone_var x, double rate);
/* Squares of block x block pixels of (N, C, H, W) are dropped, each channel its own, so many that about a share `rate` of all
 * pixels is; what is left is scaled by all / left. Larger than the image, a block is as large as it. Ghiasi et al. 2018. */
HONE_EXPORT hone_var hone_nn_drop_block(hone_graph *g, hone_var x, double rate, int64_t block);
HONE_EXPORT hone_var hone_nn_gaussian_noise(hone_graph *g, hone_var x, double deviation); /* x + N(0, deviation^2) */
/* x * N(1, rate / (1 - rate)), a factor for each unit: of the mean and variance of inverted dropout. Srivastava et al. 2014,
 * section 10. */
HONE_EXPORT hone_var hone_nn_gaussian_dropout(hone_graph *g, hone_var x, double rate);
/* Another rate (deviation) for the next steps of a layer of these six, or of hone_nn_dropout: for schedules. What is dropped at a
 * rate is dropped at all higher ones in the same step. Out of range: the nearest. Of the two gaussian ones, that with a minus
 * stands for the same draws mirrored. */
HONE_EXPORT void hone_nn_set_noise(hone_graph *g, hone_var layer, double rate);

/* ---- penalties: added to the loss in training only, to what hone_net_losses and *loss say, too ---- */
/* strength * sum of x^2 over a sample. */
HONE_EXPORT void hone_nn_penalize_activity(hone_graph *g, hone_var x, double strength);
/* -strength * entropy of softmax(logits)     logits: (N, K). Pereyra et al. 2017. */
HONE_EXPORT void hone_nn_penalize_confidence(hone_graph *g, hone_var logits, double strength);

/* Convolution. Names of the weights and their order are PyTorch's: NAME.weight (filters, C / groups, kernel_h, kernel_w),
 * NAME.bias (filters). The output has (size + 2 pad - dilation (kernel - 1) - 1) / stride + 1 rows and columns. */
struct hone_conv2d {
    int64_t filters;            /* >= 1 */
    int64_t kernel;             /* rows and columns; >= 1, unless both of the next two are set */
    int64_t kernel_h, kernel_w; /* 0: kernel */
    int64_t stride;             /* 0: 1 */
    int64_t pad;                /* zeros on every side; 0: none */
    int64_t pad_h, pad_w;       /* 0: pad */
    int64_t dilation;           /* 0: 1 */
    int64_t groups;             /* 0: 1; divides C and filters */
    uint32_t no_bias;
    const char *init; /* as dense, fan-in C / groups * kernel_h * kernel_w */
    const char *name; /* NULL: "conv", numbered */
};
HONE_EXPORT hone_var hone_nn_conv2d(hone_graph *g, hone_var x,
                                    const struct hone_conv2d *options); /* (N, C, H, W) -> (N, filters, H', W') */
struct hone_conv1d { /* as conv2d; NAME.weight (filters, C / groups, kernel) */
    int64_t filters, kernel, stride, pad, dilation, groups;
    uint32_t no_bias;
    const char *init, *name;
};
HONE_EXPORT hone_var hone_nn_conv1d(hone_graph *g, hone_var x,
                                    const struct hone_conv1d *options); /* (N, C, L) -> (N, filters, L') */
/* The adjoint of a convolution: (size - 1) * stride - 2 pad + kernel + output_pad rows and columns. NAME.weight (C, filters,
 * kernel, kernel), NAME.bias (filters). */
struct hone_conv_transpose2d {
    int64_t filters, kernel;
    int64_t stride;     /* 0: 1 */
    int64_t pad;        /* cut off on every side; < kernel */
    int64_t output_pad; /* more rows and columns below and to the right; < stride */
    uint32_t no_bias;
    const char *init;
    const char *name; /* NULL: "conv_transpose", numbered */
};
HONE_EXPORT hone_var hone_nn_conv_transpose2d(hone_graph *g, hone_var x, const struct hone_conv_transpose2d *options);

/* Pooling of (N, C, H, W). */
struct hone_pool {
    int64_t kernel;           /* >= 1, rows and columns; max: at most 15 */
    int64_t stride;           /* 0: kernel */
    int64_t pad;              /* on every side, at most kernel / 2 */
    uint32_t exclude_padding; /* average: divide by the number of real pixels, not by kernel * kernel */
};
HONE_EXPORT hone_var hone_nn_max_pool(hone_graph *g, hone_var x, const struct hone_pool *options);
HONE_EXPORT hone_var hone_nn_average_pool(hone_graph *g, hone_var x, const struct hone_pool *options);
HONE_EXPORT hone_var hone_nn_global_average_pool(hone_graph *g, hone_var x); /* (N, C, ...) -> (N, C) */

/* y = (x - mean) / sqrt(variance + epsilon) * weight + bias, per channel: over the batch and the pixels in training, whose
 * mean and (unbiased) variance move NAME.running_mean and NAME.running_var, which inference uses. x: (N, C, ...). A first
 * compile for batches of 1 sample without pixels is refused: there is no variance. */
struct hone_batch_norm {
    double
        momentum; /* running = momentum * running + (1 - momentum) * batch; in [0, 1); 0: 0.9 (PyTorch calls it 0.1) */
    double epsilon;   /* 0: 1e-5 */
    const char *name; /* NULL: "batch_norm", numbered */
};
HONE_EXPORT hone_var hone_nn_batch_norm(hone_graph *g, hone_var x, const struct hone_batch_norm *options);
/* The same over the last dimension of each row of (N, ..., C), in training and inference alike; NAME.weight (C). */
struct hone_layer_norm {
    double epsilon;   /* 0: 1e-5 */
    const char *name; /* NULL: "layer_norm", numbered */
};
HONE_EXPORT hone_var hone_nn_layer_norm(hone_graph *g, hone_var x, const struct hone_layer_norm *options);
/* The same over the pixels of C / groups channels of a sample; NAME.weight (C). x: (N, C, ...) */
struct hone_group_norm {
    int64_t groups;   /* divides C; 0: 1 */
    double epsilon;   /* 0: 1e-5 */
    const char *name; /* NULL: "group_norm", numbered */
};
HONE_EXPORT hone_var hone_nn_group_norm(hone_graph *g, hone_var x, const struct hone_group_norm *options);

/* (N, C1, ...), (N, C2, ...), ... -> (N, C1 + C2 + ..., ...) */
HONE_EXPORT hone_var hone_nn_concat(hone_graph *g, const hone_var *x, uint32_t n);
/* Another shape of a sample with as many elements, row-major; one dimension may be -1. */
HONE_EXPORT hone_var hone_nn_reshape(hone_graph *g, hone_var x, const int64_t *dims, uint32_t n_dims);
/* y's i-th dimension is x's order[i]-th, 0-based, without N: (C, H, W) with order 1, 2, 0 is (H, W, C). */
HONE_EXPORT hone_var hone_nn_transpose(hone_graph *g, hone_var x, const uint32_t *order, uint32_t n_dims);
enum hone_upsample_mode { HONE_NEAREST = 0, HONE_BILINEAR = 1 /* pixel centres, align_corners = False */ };
HONE_EXPORT hone_var hone_nn_upsample(hone_graph *g, hone_var x, int64_t factor,
                                      uint32_t mode); /* (N, C, H, W) -> (N, C, H f, W f) */
/* Rows of a table; x holds whole numbers in [0, entries), others take the nearest of these. NAME.weight (entries, units). */
struct hone_embedding {
    int64_t entries, units;
    const char *name; /* NULL: "embedding", numbered; first values are normal, deviation 1 */
};
HONE_EXPORT hone_var hone_nn_embedding(hone_graph *g, hone_var x,
                                       const struct hone_embedding *options); /* (N, T) -> (N, T, units) */

/* C callers name the options in place: hone_dense(g, x, .units = 32), hone_conv2d(g, x, .filters = 32, .kernel = 3, .pad = 1) */
#ifndef __cplusplus
#define hone_dense(g, x, ...)  hone_nn_dense(g, x, &(const struct hone_dense){ __VA_ARGS__ })
#define hone_conv2d(g, x, ...) hone_nn_conv2d(g, x, &(const struct hone_conv2d){ __VA_ARGS__ })
#define hone_conv1d(g, x, ...) hone_nn_conv1d(g, x, &(const struct hone_conv1d){ __VA_ARGS__ })
#define hone_conv_transpose2d(g, x, ...) \
    hone_nn_conv_transpose2d(g, x, &(const struct hone_conv_transpose2d){ __VA_ARGS__ })
#define hone_max_pool(g, x, ...)     hone_nn_max_pool(g, x, &(const struct hone_pool){ __VA_ARGS__ })
#define hone_average_pool(g, x, ...) hone_nn_average_pool(g, x, &(const struct hone_pool){ __VA_ARGS__ })
#define hone_batch_norm(g, x, ...)   hone_nn_batch_norm(g, x, &(const struct hone_batch_norm){ __VA_ARGS__ })
#define hone_layer_norm(g, x, ...)   hone_nn_layer_norm(g, x, &(const struct hone_layer_norm){ __VA_ARGS__ })
#define hone_group_norm(g, x, ...)   hone_nn_group_norm(g, x, &(const struct hone_group_norm){ __VA_ARGS__ })
#define hone_embedding(g, x, ...)    hone_nn_embedding(g, x, &(const struct hone_embedding){ __VA_ARGS__ })
#endif

/* ---- losses: one number a sample; a step minimizes their mean over the batch ---- */
/* logits (N, K); targets: an input of shape (K), a distribution per sample (hard labels are one-hot). -sum t log softmax.
 * Softmax, loss and gradient are one pass. */
HONE_EXPORT hone_var hone_nn_softmax_cross_entropy(hone_graph *g, hone_var logits, hone_var targets);
/* mean over the K outputs of (x - t)^2 */
HONE_EXPORT hone_var hone_nn_mse(hone_graph *g, hone_var x, hone_var targets);

/* ---- what a network answers with, computed in inference only ---- */
HONE_EXPORT hone_var hone_nn_softmax(hone_graph *g,
                                     hone_var x); /* (N, K) -> (N, K); has no backward pass: for outputs */

/* ---- sites: where regularizers may insert layers ---- */
enum hone_site_role {
    HONE_SITE_INPUT = 0,           /* noise, input dropout */
    HONE_SITE_PRE_ACTIVATION = 1,  /* normalizations */
    HONE_SITE_POST_ACTIVATION = 2, /* dropout and its kin */
    HONE_SITE_RESIDUAL_BRANCH = 3, /* stochastic depth: x is the branch before the addition */
    HONE_SITE_EMBEDDING = 4,
    HONE_SITE_ATTENTION = 5,
    HONE_SITE_OUTPUT = 6
};
typedef struct hone_site {
    uint32_t size, role;
    uint32_t index; /* the index-th site of its role, from the input on, 0-based: depth-dependent rates need it */
    uint32_t reserved;
    const char *name; /* "hidden1", "block3.branch": matched by a regularizer's `sites` pattern */
    uint32_t total;   /* since minor 1: sites of its role in the whole network; 0: not known */
    uint32_t reserved2;
} hone_site;
/* Offers x to the graph's site handler and returns what it made of it (x itself where there is none). A name without a
 * digit at its end is numbered by role, from 1: "hidden" becomes "hidden1", "hidden2", ... */
HONE_EXPORT hone_var hone_nn_site(hone_graph *g, hone_var x, uint32_t role, const char *name);
typedef hone_var (*hone_site_handler)(void *ctx, hone_graph *g, const hone_site *site, hone_var x);
HONE_EXPORT void hone_nn_on_site(hone_graph *g, hone_site_handler handler, void *ctx);
/* 1 where name matches the pattern: comma-separated alternatives, '*' and '?' wildcards; "" matches nothing. [any] */
HONE_EXPORT uint32_t hone_nn_site_matches(const char *pattern, const char *name);

/* ---- parameters, as optimizers and regularizers see them ---- */
enum hone_parameter_role {
    HONE_PARAMETER_KERNEL = 0,
    HONE_PARAMETER_BIAS = 1,
    HONE_PARAMETER_NORM = 2,
    HONE_PARAMETER_EMBEDDING = 3,
    HONE_PARAMETER_BUFFER = 4 /* not trained: hone_nn_buffers */
};
enum { HONE_MAX_STATES = 4 };
typedef struct hone_parameter {
    uint32_t size, role;
    const char *name; /* "hidden1.weight", "hidden1.bias" */
    float *value;     /* (length) in the layout of the step: element-wise work only; padding is zero and stays zero */
    float *gradient;  /* (length) of the mean loss */
    float *state[HONE_MAX_STATES]; /* the optimizer's, (length) each, zero at the start; NULL where it declared none */
    uint64_t length;
    uint32_t n_dims, reserved;
    int64_t dims[HONE_MAX_DIMS]; /* of the plain shape, PyTorch's order: dense (out, in), bias (out) */
    uint32_t plain, reserved2; /* plain 1: the layout of the step is row-major in the order of dims, without padding */
} hone_parameter;

/* ---- compiling and running ---- */
/* Compiles the graph for batches of `batch` samples. loss is minimized; output is what hone_net_infer computes. Nets of one
 * graph share their parameters (values, gradients, states): a smaller last batch is a second net, and weights need no copy.
 * Fails with the first mistake of the building, naming layer and shapes. */
HONE_EXPORT hone_rc hone_nn_compile(hone_graph *g, hone_var loss, hone_var output, int64_t batch, hone_net **net,
                                    hone_error *err);
HONE_EXPORT void hone_net_destroy(hone_net *net); /* accepts NULL */
/* The parameters with their first values, as the first compile makes them (for batches of that size): to look at them
 * without compiling. Does nothing where they are there. */
HONE_EXPORT hone_rc hone_nn_make_parameters(hone_graph *g, int64_t batch, hone_error *err);
HONE_EXPORT int64_t hone_net_batch(const hone_net *net);

/* The buffer of an input, (batch, sample...) float32, row-major, to be filled before each step; life of the net. */
HONE_EXPORT float *hone_net_input(hone_net *net, hone_var input);
/* Forward and backward over the batch in the input buffers; gradients are overwritten. `step` numbers the dropout masks:
 * the same seed and step give the same masks. *loss: mean over the batch. No allocation. HONE_ENUMERIC: loss not finite. */
HONE_EXPORT hone_rc hone_net_forward_backward(hone_net *net, uint64_t step, double *loss, hone_error *err);
/* Forward in inference mode (no dropout); then hone_net_output and hone_net_losses hold the results. No allocation. */
HONE_EXPORT hone_rc hone_net_infer(hone_net *net, hone_error *err);
HONE_EXPORT const float *hone_net_output(const hone_net *net); /* (batch, K) */
HONE_EXPORT const float *
hone_net_losses(const hone_net *net); /* (batch): loss of each sample, of the last call of either kind */
/* Parameters of the graph, in the order of building; life of the graph. Before the first compile there are none. */
HONE_EXPORT hone_parameter *const *hone_nn_parameters(hone_graph *g, uint32_t *n);
/* What a network remembers beside its parameters and no optimizer touches: the running statistics of batch norm, as
 * "NAME.running_mean" and "NAME.running_var" (C). Plain; gradient is NULL; hone_net_forward_backward moves them. Model files
 * and copies of a network need them. Life of the graph; none before the first compile. */
HONE_EXPORT hone_parameter *const *hone_nn_buffers(hone_graph *g, uint32_t *n);
/* Allocates n_states (<= HONE_MAX_STATES) zeroed arrays per parameter. */
HONE_EXPORT hone_rc hone_nn_allocate_states(hone_graph *g, uint32_t n_states, hone_error *err);
/* Plain, row-major copy of a parameter's values in PyTorch's order, out of and into the layout of the step. (length) */
HONE_EXPORT hone_rc hone_nn_read(const hone_graph *g, uint32_t parameter, float *plain, hone_error *err);
HONE_EXPORT hone_rc hone_nn_write(hone_graph *g, uint32_t parameter, const float *plain, hone_error *err);
/* What the units of the graph's relus do: a unit that is never active has no gradient and learns nothing (a dead one). */
typedef struct hone_activity {
    uint32_t size, reserved;
    const char
        *name;     /* of the site behind the relu ("hidden1"); without one "relu1", ... by its place among the relus */
    int64_t units; /* channels of (N, C, ...), numbers of a row (N, C) */
    const float *highest; /* (units) greatest value since hone_nn_watch_clear, of a relu 0 at least; 0: never active */
} hone_activity;
/* The relus in the order of building; life of the graph. Before the first compile there are none. */
HONE_EXPORT uint32_t hone_nn_activities(const hone_graph *g, const hone_activity **activities);
/* From now on hone_net_infer takes note of the first `samples` rows of its batch; 0: of none, as at the start. */
HONE_EXPORT void hone_nn_watch(hone_graph *g, int64_t samples);
HONE_EXPORT void hone_nn_watch_clear(hone_graph *g);
/* Work of one forward and backward pass in floating-point operations (2 per multiply-add), for reports of speed. */
HONE_EXPORT double hone_net_flops(const hone_net *net);
/* Bytes held by the net's arena and by the graph's parameters. */
HONE_EXPORT uint64_t hone_net_bytes(const hone_net *net);
/* Seconds that the primitives of one forward_backward take when run alone, one after the other, `repeats` times, the best
 * of each summed: the floor that a step is compared with in `make bench`. */
HONE_EXPORT double hone_net_primitive_seconds(hone_net *net, uint32_t repeats);
/* What products are computed in: HONE_FLOAT32 or HONE_BFLOAT16. Known once a net is compiled. */
HONE_EXPORT uint32_t hone_nn_precision(const hone_graph *g);
/* "oneDNN 2.6.3 (OMP)": for --version and the environment of a study. [any] */
HONE_EXPORT const char *hone_nn_version(void);

/* ---- filling inputs ---- */
/* out[i][e] = rows[indices[i]][e] * scale[e] + shift[e]     rows: (any, row_elements)  indices: (n)  out: (n, row_elements)
 * Gathers the samples of a batch into an input buffer and normalizes them in the same pass; indices may repeat. scale and
 * shift: (row_elements), or NULL for 1 and 0. out must not overlap the others. [any] */
HONE_EXPORT void hone_nn_gather_u8(const uint8_t *rows, uint64_t row_elements, const uint64_t *indices, uint64_t n,
                                   const float *scale, const float *shift, float *out);
HONE_EXPORT void hone_nn_gather_f32(const float *rows, uint64_t row_elements, const uint64_t *indices, uint64_t n,
                                    const float *scale, const float *shift, float *out);

/* ---- many random numbers at once, from the start of a stream of a seed (Philox4x32-10); vectorized ---- */
/* out: (n), uniform in (-limit, limit), or normal with mean 0. n <= 2^34. [any] */
HONE_EXPORT void hone_nn_draw_uniform(float *out, uint64_t n, uint64_t seed, uint64_t stream, double limit);
HONE_EXPORT void hone_nn_draw_normal(float *out, uint64_t n, uint64_t seed, uint64_t stream, double deviation);

/* ---- model files: safetensors ---- */
typedef struct hone_model_tensor {
    const char *name;
    uint32_t dtype, n_dims; /* HONE_F32, ... */
    const int64_t *dims;
    const void *data;
} hone_model_tensor;
typedef struct hone_model_text {
    const char *key, *value;
} hone_model_text; /* one entry of __metadata__ */
/* Writes path.tmp, fsyncs, renames: the file is whole or not there. Tensors are laid out as the reference writer does. */
HONE_EXPORT hone_rc hone_model_save(const char *path, const hone_model_tensor *tensors, uint32_t n_tensors,
                                    const hone_model_text *metadata, uint32_t n_metadata, hone_error *err);
typedef struct hone_model_file hone_model_file;
/* Maps and checks a file: header size, tiling of the data, shapes against sizes; hostile bytes are refused. */
HONE_EXPORT hone_rc hone_model_open(const char *path, hone_model_file **file, hone_error *err);
HONE_EXPORT void hone_model_close(hone_model_file *file); /* accepts NULL */
HONE_EXPORT uint32_t hone_model_tensors(const hone_model_file *file, const hone_model_tensor **tensors); /* count */
HONE_EXPORT const char *hone_model_metadata(const hone_model_file *file, const char *key); /* NULL: absent */

/* As hone_nn_compile, but hone_net_forward_backward computes what inference computes, and its gradients: no dropout, no noise,
 * no penalties; batch norm takes its running statistics and leaves them. For derivatives of a validation loss. */
HONE_EXPORT hone_rc hone_nn_compile_evaluation(hone_graph *g, hone_var loss, hone_var output, int64_t batch,
                                               hone_net **net, hone_error *err);

/* What made x: "dense", "batch_norm", "relu", ...; another name (flatten) counts as what it names. "" of a failed call. */
HONE_EXPORT const char *hone_nn_layer_kind(const hone_graph *g, hone_var x);

#ifdef __cplusplus
}
#endif
#endif /* HONE_NN_H */
