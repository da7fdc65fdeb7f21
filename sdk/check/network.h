/* SPDX-License-Identifier: MIT */
/* Small networks for the cases on models, losses and regularizers. */
#ifndef HONE_CHECK_NETWORK_H
#define HONE_CHECK_NETWORK_H
#include "check.h"

/* A graph with an input of the task's shape and one of targets; NULL: out of memory. */
hone_graph *network_graph(struct check *c, const hone_task *task, hone_var *x, hone_var *targets);
hone_var network_loss(hone_graph *g, hone_var outputs, hone_var targets, const hone_task *task);
/* Random samples, one-hot or random targets. */
void network_fill(struct check *c, hone_net *net, hone_var x, hone_var targets, const hone_task *task, int64_t batch);
/* The gradient of every parameter against central differences. */
int network_gradients(struct check *c, hone_graph *g, hone_net *net, const char *what);
#endif
