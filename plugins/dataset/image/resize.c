/* SPDX-License-Identifier: MIT */
/* Scaling by a separable triangle filter: rows first, into floats, then columns. Where the picture shrinks, the triangle is
 * as wide as the reduction on either side, so that no pixel is skipped; where it grows, that is linear interpolation. */
#include "picture.h"

#include "hone/param.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Output i is the sum of weights[i][k] * input[from[i] + k], k < count[i]. */
struct axis {
    uint32_t *from, *count;      /* (side) */
    float *weights;              /* (side, n_taps) */
    uint32_t n_taps, first, end; /* inputs used at all: first .. end - 1 */
};

static void axis_release(struct axis *a)
{
    free(a->from);
    free(a->count);
    free(a->weights);
}

/* Output i is centred at start + (i + 1/2) scale; taps outside the picture are left out and the others weighted up. */
static hone_rc axis_init(struct axis *a, uint32_t length, uint32_t side, double scale, uint32_t start)
{
    const double reach = scale > 1 ? scale : 1;
    a->n_taps = (uint32_t)(2 * reach) + 2;
    a->from = calloc(side, sizeof *a->from);
    a->count = calloc(side, sizeof *a->count);
    a->weights = calloc((size_t)side * a->n_taps, sizeof *a->weights);
    a->first = length;
    if (!a->from || !a->count || !a->weights)
        return HONE_ENOMEM;
    for (uint32_t i = 0; i < side; i++) {
        const double centre = start + (i + 0.5) * scale, low = floor(centre - reach);
        float *w = a->weights + (size_t)i * a->n_taps;
        double sum = 0;
        for (uint32_t j = low > 0 ? (uint32_t)low : 0;
             j < length && j + 0.5 < centre + reach && a->count[i] < a->n_taps; j++) {
            const double weight = 1 - fabs(j + 0.5 - centre) / reach;
            if (weight <= 0)
                continue;
            if (!a->count[i])
                a->from[i] = j;
            w[a->count[i]++] = (float)weight;
            sum += weight;
        }
        for (uint32_t k = 0; k < a->count[i]; k++)
            w[k] = (float)((double)w[k] / sum);
        a->first = a->from[i] < a->first ? a->from[i] : a->first;
        a->end = a->from[i] + a->count[i] > a->end ? a->from[i] + a->count[i] : a->end;
    }
    return HONE_OK;
}

static uint8_t rounded(float v)
{
    return v <= 0 ? 0 : v >= 255 ? 255 : (uint8_t)lroundf(v);
}

void picture_cut(const struct picture *picture, uint32_t top, uint32_t left, uint32_t height, uint32_t width,
                 uint8_t *out)
{
    for (uint32_t c = 0; c < picture->channels; c++)
        for (uint32_t y = 0; y < height; y++) {
            const uint8_t *row = picture->pixels + ((size_t)(top + y) * picture->width + left) * picture->channels + c;
            for (uint32_t x = 0; x < width; x++)
                *out++ = row[(size_t)x * picture->channels];
        }
}

hone_rc picture_fit(const struct picture *p, uint32_t side, uint8_t *out, hone_error *err)
{
    const uint32_t shorter = p->width < p->height ? p->width : p->height, channels = p->channels;
    if (shorter == side) {
        picture_cut(p, (p->height - side) / 2, (p->width - side) / 2, side, side, out);
        return HONE_OK;
    }
    const double scale = (double)shorter / side;
    struct axis across = { 0 }, down = { 0 };
    float *rows = NULL;
    hone_rc rc = axis_init(&across, p->width, side, scale, (p->width - shorter) / 2);
    if (rc == HONE_OK)
        rc = axis_init(&down, p->height, side, scale, (p->height - shorter) / 2);
    const size_t row_floats = (size_t)side * channels;
    if (rc == HONE_OK && !(rows = malloc((down.end - down.first) * row_floats * sizeof *rows)))
        rc = HONE_ENOMEM;
    if (rc != HONE_OK) {
        rc = hone_fail(err, rc, "size", "out of memory to scale %u x %u pixels", p->width, p->height);
        goto out;
    }
    for (uint32_t y = down.first; y < down.end; y++) { /* rows: (height used, side, channels) */
        const uint8_t *in = p->pixels + (size_t)y * p->width * channels;
        float *to = rows + (y - down.first) * row_floats;
        for (uint32_t x = 0; x < side; x++)
            for (uint32_t c = 0; c < channels; c++) {
                const float *w = across.weights + (size_t)x * across.n_taps;
                const uint8_t *at = in + (size_t)across.from[x] * channels + c;
                float sum = 0;
                for (uint32_t k = 0; k < across.count[x]; k++)
                    sum += w[k] * (float)at[(size_t)k * channels];
                *to++ = sum;
            }
    }
    for (uint32_t c = 0; c < channels; c++)
        for (uint32_t y = 0; y < side; y++)
            for (uint32_t x = 0; x < side; x++) {
                const float *w = down.weights + (size_t)y * down.n_taps;
                const float *at = rows + (down.from[y] - down.first) * row_floats + (size_t)x * channels + c;
                float sum = 0;
                for (uint32_t k = 0; k < down.count[y]; k++)
                    sum += w[k] * at[k * row_floats];
                *out++ = rounded(sum);
            }
out:
    axis_release(&across);
    axis_release(&down);
    free(rows);
    return rc;
}
