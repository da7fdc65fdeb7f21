/* SPDX-License-Identifier: MIT */
/* oneDNN 2.x (operation descriptors) and 3.x (none, and opaque memory descriptors), for onednn.c and onednn_conv.c alone: the
 * one header that includes dnnl.h. */
#ifndef HONE_NN_ONEDNN_API_H
#define HONE_NN_ONEDNN_API_H
#include "onednn.h"

#include <oneapi/dnnl/dnnl.h>

#if DNNL_VERSION_MAJOR != 2 && DNNL_VERSION_MAJOR != 3
#error "this file speaks oneDNN 2.x and 3.x"
#endif
#define V3 (DNNL_VERSION_MAJOR == 3)

/* ---- descriptors of memory, by value in 2.x and by pointer in 3.x ---- */
struct md {
    dnnl_memory_desc_t d;
    bool there;
};

#if V3
static inline dnnl_status_t md_make(struct md *md, dnnl_data_type_t type, int n_dims, const dnnl_dims_t dims,
                                    const dnnl_dims_t strides)
{
    const dnnl_status_t status = strides ? dnnl_memory_desc_create_with_strides(&md->d, n_dims, dims, type, strides)
                                         : dnnl_memory_desc_create_with_tag(&md->d, n_dims, dims, type,
                                                                            dnnl_format_tag_any);
    md->there = status == dnnl_success;
    return status;
}

static inline dnnl_status_t md_copy(struct md *md, const_dnnl_memory_desc_t from)
{
    const dnnl_status_t status = dnnl_memory_desc_clone(&md->d, from);
    md->there = status == dnnl_success;
    return status;
}

static inline void md_release(struct md *md)
{
    if (md->there)
        dnnl_memory_desc_destroy(md->d);
    md->there = false;
}

static inline const_dnnl_memory_desc_t md_of(const struct md *md)
{
    return md->there ? md->d : NULL;
}
typedef const_dnnl_memory_desc_t md_pointer;
#else
static inline dnnl_status_t md_make(struct md *md, dnnl_data_type_t type, int n_dims, const dnnl_dims_t dims,
                                    const dnnl_dims_t strides)
{
    const dnnl_status_t status = strides
                                     ? dnnl_memory_desc_init_by_strides(&md->d, n_dims, dims, type, strides)
                                     : dnnl_memory_desc_init_by_tag(&md->d, n_dims, dims, type, dnnl_format_tag_any);
    md->there = status == dnnl_success;
    return status;
}

static inline dnnl_status_t md_copy(struct md *md, const dnnl_memory_desc_t *from)
{
    md->d = *from;
    md->there = true;
    return dnnl_success;
}

static inline void md_release(struct md *md)
{
    md->there = false;
}

static inline const dnnl_memory_desc_t *md_of(const struct md *md)
{
    return md->there ? &md->d : NULL;
}
typedef const dnnl_memory_desc_t *md_pointer;
#endif

/* ---- what both files make ---- */
struct layout {
    struct md md;
    int n_dims;
    dnnl_dims_t dims;
};

struct operand {
    int arg;
    struct md md;
};

struct primitive {
    dnnl_primitive_desc_t desc;
    dnnl_primitive_t primitive;
    struct operand operands[PRIMITIVE_OPERANDS + 1];
    struct layout weights; /* of a convolution: there where it is one */
};

/* Engine of the process; *status says whether there is one. */
dnnl_engine_t onednn_engine(dnnl_status_t *status);
/* NULL: out of memory, which is said. */
struct primitive *primitive_new(const char *who, hone_error *err);
/* The scratchpad is the user's (the arena's), so that running allocates nothing that a plan could have held. */
dnnl_status_t primitive_attributes(bool accumulate, dnnl_primitive_attr_t *attr);
/* From the descriptor on, the same for all. */
dnnl_status_t primitive_complete(struct primitive *p);
/* Destroys p and says that `what` cannot be made. */
hone_rc primitive_refused(struct primitive *p, dnnl_status_t status, const char *who, const char *what,
                          hone_error *err);
#endif
