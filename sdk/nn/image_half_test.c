/* SPDX-License-Identifier: MIT */
/* Layers of images in bfloat16 against the same naive loops in double precision as in float32, from rounded weights and inputs. Where
 * the processor has no products of bfloat16, rounded ones of float32 stand in. Chains that are deep enough for a relu to change
 * its side: precision_test.c. */
#define IM_PRECISION HONE_BFLOAT16
#define IM_CLOSE     0.02 /* some roundings to eight bits; a wrong layer is off by about 1 */
#define IM_GRADIENT  0.2  /* small gradients are sums of larger ones */
#define IM_CHECKED   8
#include "image_layers.h"

SUITE(TEST(test_convolutions), TEST(test_groups), TEST(test_what_follows_a_convolution), TEST(test_pools),
      TEST(test_batch_norm), TEST(test_convolutions_of_sequences), TEST(test_transposed_convolutions),
      TEST(test_norms_inside_a_sample), TEST(test_activations_of_images), TEST(test_concat),
      TEST(test_transpose_and_reshape), TEST(test_upsampling), TEST(test_embedding))
