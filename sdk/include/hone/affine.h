/* SPDX-License-Identifier: MIT */
/* hone/affine.h - what scaling transforms share (standardize, minmax, robust, max-abs): y = scale * x + shift
 * with one pair of numbers for each group of elements. Header only; the transform itself only fills them in.
 *
 * Groups: a sample of shape (d0, d1, ...) is cut into `groups` runs of `run` contiguous elements. */
#ifndef HONE_AFFINE_H
#define HONE_AFFINE_H
#include "hone/instance.h"
#include "hone/simd.h"
#include "hone/task.h"

/* What shares one pair: choices of the key `per`, in the order of HONE_AFFINE_CHOICES. */
enum {
    HONE_AFFINE_AUTO = 0,    /* channel where a sample has three dimensions, feature otherwise */
    HONE_AFFINE_FEATURE = 1, /* every element of a sample has its own */
    HONE_AFFINE_CHANNEL = 2, /* all elements of one index of the first dimension share one */
    HONE_AFFINE_ALL = 3      /* one for everything */
};
#define HONE_AFFINE_CHOICES                       \
    {                                             \
        "auto", "feature", "channel", "all", NULL \
    }

/* Zero it (hone_instance_create does), release it. */
typedef struct hone_affine {
    uint32_t per, n_dims; /* n_dims 0: begin has not been called */
    int64_t dims[HONE_MAX_DIMS];
    uint64_t groups, run; /* groups * run elements a sample */
    uint32_t fitted, reserved;
    double *scale, *shift; /* (groups) */
} hone_affine;

static inline void hone_affine_release(hone_affine *a)
{
    free(a->scale);
    free(a->shift);
    a->scale = a->shift = NULL;
    a->n_dims = a->fitted = 0;
}

/* Largest sample that is believed, in elements: a limit for hostile states, 4 GiB of pairs. */
#define HONE_AFFINE_MAX_ELEMENTS ((int64_t)1 << 28)

/* Number of elements of a shape, or 0 where it is not a shape of a sample. */
static inline uint64_t hone_affine_elements_(const int64_t *dims, uint32_t n_dims)
{
    int64_t n = 1;
    if (n_dims < 1 || n_dims > HONE_MAX_DIMS)
        return 0;
    for (uint32_t i = 0; i < n_dims; i++) {
        if (dims[i] < 1 || dims[i] > HONE_AFFINE_MAX_ELEMENTS / n)
            return 0;
        n *= dims[i];
    }
    return (uint64_t)n;
}

static inline uint64_t hone_affine_groups_(uint32_t per, const int64_t *dims, uint32_t n_dims, uint64_t elements)
{
    if (per == HONE_AFFINE_AUTO)
        per = n_dims == 3 ? HONE_AFFINE_CHANNEL : HONE_AFFINE_FEATURE;
    return per == HONE_AFFINE_ALL ? 1 : per == HONE_AFFINE_CHANNEL ? (uint64_t)dims[0] : elements;
}

/* hone_transform_v1.begin: hears the shape, writes the same shape in float32 to *out. A state that was loaded
 * for the same shape stays; another shape starts anew. HONE_EINVAL, HONE_ENOMEM. */
static inline hone_rc hone_affine_begin(hone_affine *a, uint32_t per, const hone_task *in, hone_task *out,
                                        hone_error *err)
{
    const uint64_t elements = hone_affine_elements_(in->dims, in->n_dims);
    if (!elements)
        return hone_fail(err, HONE_EINVAL, NULL, "samples of %u dimensions, or too many elements, cannot be scaled",
                         in->n_dims);
    *out = *in;
    out->dtype = HONE_F32;
    if (a->fitted && a->per == per && a->n_dims == in->n_dims &&
        !memcmp(a->dims, in->dims, in->n_dims * sizeof *a->dims))
        return HONE_OK;
    hone_affine_release(a);
    a->per = per;
    a->groups = hone_affine_groups_(per, in->dims, in->n_dims, elements);
    a->run = elements / a->groups;
    a->scale = (double *)calloc(a->groups, sizeof *a->scale);
    a->shift = (double *)calloc(a->groups, sizeof *a->shift);
    if (!a->scale || !a->shift) {
        hone_affine_release(a);
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the scales of %llu groups",
                         (unsigned long long)a->groups);
    }
    memcpy(a->dims, in->dims, in->n_dims * sizeof *a->dims);
    a->n_dims = in->n_dims;
    return HONE_OK;
}

static inline hone_rc hone_affine_ready_(const hone_affine *a, hone_error *err)
{
    return a->fitted ? HONE_OK
                     : hone_fail(err, HONE_EINVAL, NULL, "the transform has not been fitted to training samples yet");
}

/* y[i] = scale * x[i] + shift     x, y: (n), the same or apart */
HONE_TARGET_CLONES
static inline void hone_affine_run_(const float *x, float *y, uint64_t n, float scale, float shift)
{
    for (uint64_t i = 0; i < n; i++)
        y[i] = scale * x[i] + shift;
}

/* y[i] = scale[i] * x[i] + shift[i]     x, y, scale, shift: (n) */
HONE_TARGET_CLONES
static inline void hone_affine_each_(const float *x, float *y, uint64_t n, const double *scale, const double *shift)
{
    for (uint64_t i = 0; i < n; i++)
        y[i] = (float)scale[i] * x[i] + (float)shift[i];
}

/* hone_transform_v1.apply: x, y: (n, groups * run). Computed in float32 as a host that uses the pairs itself
 * would. */
static inline hone_rc hone_affine_apply(const hone_affine *a, const float *x, float *y, uint64_t n, hone_error *err)
{
    const hone_rc rc = hone_affine_ready_(a, err);
    if (rc != HONE_OK)
        return rc;
    if (a->run == 1) {
        for (uint64_t i = 0; i < n; i++, x += a->groups, y += a->groups)
            hone_affine_each_(x, y, a->groups, a->scale, a->shift);
        return HONE_OK;
    }
    for (uint64_t i = 0; i < n; i++)
        for (uint64_t g = 0; g < a->groups; g++, x += a->run, y += a->run)
            hone_affine_run_(x, y, a->run, (float)a->scale[g], (float)a->shift[g]);
    return HONE_OK;
}

/* hone_transform_v1.affine: scale, shift: (groups * run), written. */
static inline hone_rc hone_affine_pairs(const hone_affine *a, float *scale, float *shift, hone_error *err)
{
    const hone_rc rc = hone_affine_ready_(a, err);
    for (uint64_t g = 0; rc == HONE_OK && g < a->groups; g++)
        for (uint64_t i = 0; i < a->run; i++) {
            *scale++ = (float)a->scale[g];
            *shift++ = (float)a->shift[g];
        }
    return rc;
}

/* Name of a group for a message: "feature 'age'", "channel 2", "all values". */
static inline void hone_affine_group_name(const hone_affine *a, const hone_task *task, uint64_t group, char *out,
                                          size_t n)
{
    if (a->groups == 1)
        snprintf(out, n, "the whole input");
    else if (a->run == 1 && task && task->features)
        snprintf(out, n, "feature '%.60s'", task->features[group]);
    else
        snprintf(out, n, "%s %llu", a->run == 1 ? "feature" : "channel", (unsigned long long)group);
}

/* State: tag (4 bytes), version, per, n_dims, dims (n_dims), scale (groups), shift (groups); little-endian.
 * Two states of one fit are the same bytes. An instance that was not fitted saves n_dims 0. */
static inline hone_rc hone_affine_save(const hone_affine *a, const char tag[4], const hone_ostream *out,
                                       hone_error *err)
{
    const uint32_t head[3] = { 1, a->fitted ? a->per : 0, a->fitted ? a->n_dims : 0 };
    hone_rc rc = hone_write(out, tag, 4, err);
    if (rc == HONE_OK)
        rc = hone_write(out, head, sizeof head, err);
    if (rc != HONE_OK || !a->fitted)
        return rc;
    if ((rc = hone_write(out, a->dims, a->n_dims * sizeof *a->dims, err)) == HONE_OK &&
        (rc = hone_write(out, a->scale, a->groups * sizeof *a->scale, err)) == HONE_OK)
        rc = hone_write(out, a->shift, a->groups * sizeof *a->shift, err);
    return rc;
}

/* Reads n doubles in steps, so that a header that lies about its length costs no memory. NULL: *rc says why.
 */
static inline double *hone_affine_read_(const hone_istream *in, uint64_t n, hone_rc *rc, hone_error *err)
{
    double *values = NULL;
    uint64_t have = 0;
    while (have < n) {
        const uint64_t more = n - have < 65536 ? n - have : 65536;
        double *grown = (double *)realloc(values, (have + more) * sizeof *values);
        if (!grown) {
            *rc = hone_fail(err, HONE_ENOMEM, NULL, "out of memory for a saved state");
            break;
        }
        values = grown;
        if ((*rc = hone_read(in, values + have, more * sizeof *values, err)) != HONE_OK)
            break;
        for (uint64_t i = have; i < have + more; i++)
            if (!isfinite(values[i]))
                *rc = hone_fail(err, HONE_EINVAL, NULL, "the saved state holds numbers that are not finite");
        have += more;
        if (*rc != HONE_OK)
            break;
    }
    if (*rc != HONE_OK) {
        free(values);
        values = NULL;
    }
    return values;
}

/* Takes a saved state; on failure *a is as before. `per`: of the settings, must be that of the state. */
static inline hone_rc hone_affine_load(hone_affine *a, const char tag[4], uint32_t per, const hone_istream *in,
                                       hone_error *err)
{
    char magic[4];
    uint32_t head[3];
    hone_affine b;
    uint64_t elements;
    hone_rc rc;
    memset(&b, 0, sizeof b);
    if ((rc = hone_read(in, magic, 4, err)) != HONE_OK || (rc = hone_read(in, head, sizeof head, err)) != HONE_OK)
        return rc;
    if (memcmp(magic, tag, 4) || head[0] != 1)
        return hone_fail(err, HONE_EINVAL, NULL, "the saved state belongs to another transform or to a newer version");
    if (head[2] == 0 && head[1] == 0) { /* of an instance that was not fitted */
        if ((rc = hone_read_end(in, err)) == HONE_OK)
            a->fitted = 0;
        return rc;
    }
    if (head[2] > HONE_MAX_DIMS)
        return hone_fail(err, HONE_EINVAL, NULL, "the saved state claims samples of %u dimensions", head[2]);
    if (head[1] != per)
        return hone_fail(err, HONE_EINVAL, "per", "the saved state was made with another choice of per");
    b.per = per;
    b.n_dims = head[2];
    if ((rc = hone_read(in, b.dims, b.n_dims * sizeof *b.dims, err)) != HONE_OK)
        return rc;
    if (!(elements = hone_affine_elements_(b.dims, b.n_dims)))
        return hone_fail(err, HONE_EINVAL, NULL, "the saved state claims an impossible shape");
    b.groups = hone_affine_groups_(per, b.dims, b.n_dims, elements);
    b.run = elements / b.groups;
    b.fitted = 1;
    if ((b.scale = hone_affine_read_(in, b.groups, &rc, err)) && (b.shift = hone_affine_read_(in, b.groups, &rc, err)))
        rc = hone_read_end(in, err);
    for (uint64_t g = 0; rc == HONE_OK && g < b.groups; g++)
        if (b.scale[g] == 0)
            rc = hone_fail(err, HONE_EINVAL, NULL, "the saved state holds a scale of zero");
    if (rc == HONE_OK) {
        hone_affine_release(a);
        *a = b;
    } else
        hone_affine_release(&b);
    return rc;
}
#endif /* HONE_AFFINE_H */
