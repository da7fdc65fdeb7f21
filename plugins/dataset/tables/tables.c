/* SPDX-License-Identifier: MIT */
/* The module of the sets that are read, or made, whole into memory. */
#include "source.h"

HONE_MODULE("org.hone.dataset.tables", "0.1.0", "MIT", "the hone authors", "", &libsvm_dataset, &arff_dataset,
            &npy_dataset, &npz_dataset, &memory_dataset)
