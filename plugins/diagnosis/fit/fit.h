/* SPDX-License-Identifier: MIT */
/* What the files of diagnosis/fit share: fit.c has the rules, remedies.c what to try. */
#ifndef HONE_DIAGNOSIS_FIT_H
#define HONE_DIAGNOSIS_FIT_H
#include "hone/diagnosis.h"
#include "hone/param.h"

struct settings {
    double gap, rise, level, plateau, errors;
};

/* A trial at the step whose weights it ended with. Losses are NaN where they were not reported. */
struct fit {
    const hone_diagnosis_data *data;
    const struct settings *settings;
    const double *validation, *train; /* curves (n_steps), train on clean samples where that was reported; or NULL */
    uint32_t last, at, best; /* indices: the last step, that of the weights, the least validation loss up to it */
    double unit;             /* the loss of an answer that looks at no input, or of the first step */
    int has_baseline;
    double error,
        gap_error; /* standard errors of the validation loss, and of its difference to the training loss; 0: not known */
};

/* Against overfitting: what to add, what to raise, what to make smaller. */
void remedies_regularize(const struct fit *fit, hone_draft *draft);
/* Against underfitting: what to lower, what to make larger. */
void remedies_free(const struct fit *fit, hone_draft *draft, int larger);
/* Inputs of one scale, where nothing sees to that. */
void remedies_scale(const struct fit *fit, hone_draft *draft);
#endif
