/* SPDX-License-Identifier: MIT */
/* Most of these replace every value by another: a table of 256 made for the image. */
#include "tone.h"

#include "hone/simd.h"

static int64_t plane_of(const struct image *image)
{
    return image->height * image->width;
}

static uint8_t *channel(const struct image *image, int64_t c)
{
    return (uint8_t *)image->pixels + c * plane_of(image);
}

static void replace(uint8_t *x, int64_t n, const uint8_t table[256])
{
    for (int64_t i = 0; i < n; i++)
        x[i] = table[x[i]];
}

/* 299/1000 red + 587/1000 green + 114/1000 blue (ITU-R BT.601) in 16 bits     x: (3, n), grey: (n) */
HONE_TARGET_CLONES
static void luma(const uint8_t *restrict x, uint8_t *restrict grey, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        grey[i] = (uint8_t)(((uint32_t)x[i] * 19595u + (uint32_t)x[n + i] * 38470u + (uint32_t)x[2 * n + i] * 7471u +
                             0x8000u) >>
                            16);
}

/* dull + factor (x - dull), cut off to a byte */
static inline uint8_t blend_byte(uint8_t dull, uint8_t x, float factor)
{
    const float v = (float)dull + factor * (float)((int32_t)x - (int32_t)dull);
    return (uint8_t)(int32_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

HONE_TARGET_CLONES
static void blend_bytes(const uint8_t *restrict dull, uint8_t *restrict x, int64_t n, float factor)
{
    for (int64_t i = 0; i < n; i++)
        x[i] = blend_byte(dull[i], x[i], factor);
}

static void blend_with(struct image *image, uint8_t dull, double factor)
{
    uint8_t table[256];
    for (int v = 0; v < 256; v++)
        table[v] = blend_byte(dull, (uint8_t)v, (float)factor);
    replace(image->pixels, image->channels * plane_of(image), table);
}

void tone_brightness(struct image *image, double factor)
{
    blend_with(image, 0, factor);
}

static uint64_t sum(const uint8_t *x, int64_t n)
{
    uint64_t s = 0;
    for (int64_t i = 0; i < n; i++)
        s += x[i];
    return s;
}

void tone_contrast(struct image *image, double factor)
{
    const int64_t plane = plane_of(image);
    const int color = image->channels == 3;
    const int64_t n = color ? plane : image->channels * plane;
    if (color)
        luma(image->pixels, image->scratch, plane);
    const double mean = (double)sum(color ? image->scratch : image->pixels, n) / (double)n;
    blend_with(image, (uint8_t)(mean + 0.5), factor);
}

void tone_saturation(struct image *image, double factor)
{
    if (image->channels != 3)
        return;
    luma(image->pixels, image->scratch, plane_of(image));
    for (int64_t c = 0; c < 3; c++)
        blend_bytes(image->scratch, channel(image, c), plane_of(image), (float)factor);
}

/* The middle counts five times, its eight neighbours once; thirteen, so that no sum lies between two numbers.
 * x: three rows of n from above the middle one on, y: (n) but for its ends */
HONE_TARGET_CLONES
static void smooth_row(const uint8_t *restrict x, uint8_t *restrict y, int64_t n)
{
    const uint8_t *above = x, *at = x + n, *below = x + 2 * n;
    for (int64_t j = 1; j < n - 1; j++) {
        const uint32_t s = (uint32_t)above[j - 1] + above[j] + above[j + 1] + at[j - 1] + 5u * at[j] + at[j + 1] +
                           below[j - 1] + below[j] + below[j + 1];
        y[j] = (uint8_t)((2 * s + 13) / 26);
    }
}

void tone_sharpness(struct image *image, double factor)
{
    const int64_t plane = plane_of(image), width = image->width;
    if (image->height < 3 || width < 3)
        return;
    memcpy(image->scratch, image->pixels, (size_t)(image->channels * plane));
    for (int64_t c = 0; c < image->channels; c++)
        for (int64_t i = 1; i < image->height - 1; i++)
            smooth_row(channel(image, c) + (i - 1) * width, (uint8_t *)image->scratch + c * plane + i * width, width);
    blend_bytes(image->scratch, image->pixels, image->channels * plane, (float)factor);
}

void tone_posterize(struct image *image, uint32_t bits)
{
    const uint8_t mask = (uint8_t)(0xff00u >> bits);
    uint8_t *x = image->pixels;
    for (int64_t i = 0; i < image->channels * plane_of(image); i++)
        x[i] &= mask;
}

void tone_solarize(struct image *image, double threshold)
{
    uint8_t table[256];
    for (int v = 0; v < 256; v++)
        table[v] = (uint8_t)(v < threshold ? v : 255 - v);
    replace(image->pixels, image->channels * plane_of(image), table);
}

static void count(const uint8_t *x, int64_t n, uint64_t histogram[256])
{
    memset(histogram, 0, 256 * sizeof *histogram);
    for (int64_t i = 0; i < n; i++)
        histogram[x[i]]++;
}

void tone_autocontrast(struct image *image)
{
    for (int64_t c = 0; c < image->channels; c++) {
        uint64_t histogram[256];
        uint8_t table[256];
        int low = 0, high = 255;
        count(channel(image, c), plane_of(image), histogram);
        while (low < 255 && !histogram[low])
            low++;
        while (high > 0 && !histogram[high])
            high--;
        if (high <= low)
            continue;
        const double scale = 255.0 / (high - low), offset = -low * scale;
        for (int v = 0; v < 256; v++) {
            const double to = v * scale + offset;
            table[v] = (uint8_t)(int32_t)(to < 0 ? 0 : to > 255 ? 255 : to);
        }
        replace(channel(image, c), plane_of(image), table);
    }
}

void tone_equalize(struct image *image)
{
    const uint64_t plane = (uint64_t)plane_of(image);
    for (int64_t c = 0; c < image->channels; c++) {
        uint64_t histogram[256], below;
        uint8_t table[256];
        int last = 255;
        count(channel(image, c), plane_of(image), histogram);
        while (last > 0 && !histogram[last])
            last--;
        const uint64_t step = (plane - histogram[last]) / 255;
        if (!step) /* too few pixels, or one value alone */
            continue;
        below = step / 2;
        for (int v = 0; v < 256; v++) {
            const uint64_t to = below / step;
            table[v] = (uint8_t)(to > 255 ? 255 : to);
            below += histogram[v];
        }
        replace(channel(image, c), plane_of(image), table);
    }
}

/* Hue, saturation and value are those of a hexagon (Smith 1978); hue in [0, 6). */
static void turn_pixel(uint8_t *r, uint8_t *g, uint8_t *b, float turn)
{
    const int high = *r > *g ? (*r > *b ? *r : *b) : (*g > *b ? *g : *b);
    const int low = *r < *g ? (*r < *b ? *r : *b) : (*g < *b ? *g : *b);
    const float value = (float)high, range = (float)(high - low);
    if (high == low)
        return;
    float hue = *r == high   ? (float)(*g - *b) / range
                : *g == high ? 2 + (float)(*b - *r) / range
                             : 4 + (float)(*r - *g) / range;
    hue += 6 * turn;
    hue -= 6 * floorf(hue / 6);
    const int sector = (int)hue;
    const float part = hue - (float)sector;
    const uint8_t up = (uint8_t)(value - range * (1 - part) + 0.5f), down = (uint8_t)(value - range * part + 0.5f);
    const uint8_t most = (uint8_t)high, least = (uint8_t)low;
    switch (sector) {
    case 0: *r = most, *g = up, *b = least; break;
    case 1: *r = down, *g = most, *b = least; break;
    case 2: *r = least, *g = most, *b = up; break;
    case 3: *r = least, *g = down, *b = most; break;
    case 4: *r = up, *g = least, *b = most; break;
    default: *r = most, *g = least, *b = down; break;
    }
}

void tone_hue(struct image *image, double turn)
{
    if (image->channels != 3)
        return;
    uint8_t *r = channel(image, 0), *g = channel(image, 1), *b = channel(image, 2);
    for (int64_t i = 0; i < plane_of(image); i++)
        turn_pixel(&r[i], &g[i], &b[i], (float)turn);
}
