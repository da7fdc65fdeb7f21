/* SPDX-License-Identifier: MIT */
/* A study of a storage as those see it who judge it afterwards: its settings, its space, its complete trials as points. */
#ifndef HONE_CLI_EVALUATED_H
#define HONE_CLI_EVALUATED_H
#include "cli/stored.h"
#include "config/composition.h"
#include "study/space.h"

struct evaluated {
    const struct stored *stored;
    struct complaints complaints;
    struct config config;
    struct composition composition;
    struct space space;
    uint32_t objective; /* whose values are kept; set it before the trials are read */
    uint64_t n, capacity;
    double *x, *values; /* (n, n_dims) settled; (n) finite, lower is better */
    hone_error err;
};
/* The study's settings, checked against the plugins installed now, and its space. 0, or the exit code. */
int evaluated_open(struct evaluated *evaluated, const struct stored *stored);
/* The same in silence: e->err, e->complaints say why not. */
hone_rc evaluated_make(struct evaluated *evaluated, const struct stored *stored);
/* Complete trials with a finite value of the objective. 0, or the exit code. */
int evaluated_trials(struct evaluated *evaluated);
hone_rc evaluated_read(struct evaluated *evaluated, hone_error *err); /* the same in silence */
/* x: (n_dims) of a stored trial. *err is evaluated->err's. */
hone_rc evaluated_point(struct evaluated *evaluated, const hone_trial_record *record, double *x);
void evaluated_release(struct evaluated *evaluated);
#endif
