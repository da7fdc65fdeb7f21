/* SPDX-License-Identifier: MIT */
/* hone/noise_layers.h - the layers of noise that a regularizer adds to a network and whose rate it moves while the training goes
 * on, by a schedule or because a hypergradient says so. However many they are, all of them move. Header only; link with
 * -lhone-nn.
 *
 *     at_site:               return hone_noise_layers_add(&self->layers, g, x, hone_nn_dropout(g, x, self->settings.rate));
 *     before_pass, changed:  hone_noise_layers_set(&self->layers, rate);
 *     destroy:               hone_noise_layers_release(&self->layers); */
#ifndef HONE_NOISE_LAYERS_H
#define HONE_NOISE_LAYERS_H
#include "hone/nn.h"

#include <stdlib.h>

/* Zero it. */
typedef struct hone_noise_layers {
    hone_graph *graph; /* of the layers; the host's */
    hone_var *layers;  /* (n), of `room` */
    uint32_t n, room;
} hone_noise_layers;

/* Takes y, a layer of noise added behind x, into the list, where one was added: at 0 there is none. Returns y, or what
 * hone_nn_fail does where memory is out. A layer of another graph begins the list anew: a draft was made before. [trial] */
static inline hone_var hone_noise_layers_add(hone_noise_layers *list, hone_graph *g, hone_var x, hone_var y)
{
    if (y.id < 0 || y.id == x.id)
        return y;
    /* Numbers rise within a graph; a new one may lie where an old one did. */
    if (g != list->graph || (list->n && y.id <= list->layers[list->n - 1].id))
        list->n = 0;
    list->graph = g;
    if (list->n == list->room) {
        const uint32_t room = list->room ? 2 * list->room : 16;
        hone_var *grown = (hone_var *)realloc(list->layers, room * sizeof *grown);
        if (!grown)
            return hone_nn_fail(g, NULL, "out of memory for the list of layers of noise");
        list->layers = grown;
        list->room = room;
    }
    list->layers[list->n++] = y;
    return y;
}

/* Another rate, or deviation, for the next steps of all the layers: hone_nn_set_noise. [trial] */
static inline void hone_noise_layers_set(const hone_noise_layers *list, double rate)
{
    for (uint32_t i = 0; i < list->n; i++)
        hone_nn_set_noise(list->graph, list->layers[i], rate);
}

/* Leaves an empty list. [trial] */
static inline void hone_noise_layers_release(hone_noise_layers *list)
{
    free(list->layers);
    list->graph = NULL;
    list->layers = NULL;
    list->n = list->room = 0;
}
#endif /* HONE_NOISE_LAYERS_H */
