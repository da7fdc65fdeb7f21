/* SPDX-License-Identifier: MIT */
/* What the reader and the writer of model files share. */
#ifndef HONE_NN_MODEL_FILE_H
#define HONE_NN_MODEL_FILE_H
#include "hone/nn.h"

#include <stdbool.h>

enum {
    MODEL_LENGTH_BYTES = 8,                /* little-endian length of the header, before it */
    MODEL_HEADER_LIMIT = 100 * 1000 * 1000 /* of the reference reader */
};

/* "F32", or NULL. */
const char *model_dtype_name(uint32_t dtype);
/* The dtype of a name; 0: none of ours. */
uint32_t model_dtype(const char *name);
/* Place in the reference's order of types, in which files are sorted downwards. */
int model_dtype_rank(uint32_t dtype);
/* Refuses two tensors of one name. */
hone_rc model_check_names(const hone_model_tensor *const *tensors, uint32_t n, hone_error *err);
#endif
