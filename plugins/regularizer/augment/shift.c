/* SPDX-License-Identifier: MIT */
/* Pixels moved by whole numbers: mirror images, shifts of a padded image, rectangles. Types of pixels matter by their size
 * alone. */
#include "geometry.h"

#include "hone/simd.h"

/* y = x reversed     x, y: (n), apart */
HONE_TARGET_CLONES
static void reverse_u8(const uint8_t *restrict x, uint8_t *restrict y, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = x[n - 1 - i];
}

HONE_TARGET_CLONES
static void reverse_u32(const uint32_t *restrict x, uint32_t *restrict y, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = x[n - 1 - i];
}

static size_t row_bytes(const struct image *image)
{
    return (size_t)image->width * image->pixel_bytes;
}

void geometry_flip_horizontal(struct image *image)
{
    const size_t bytes = row_bytes(image);
    char *row = image->pixels;
    for (int64_t i = 0; i < image->channels * image->height; i++, row += bytes) {
        memcpy(image->scratch, row, bytes);
        if (image->pixel_bytes == 1)
            reverse_u8(image->scratch, (uint8_t *)row, image->width);
        else
            reverse_u32(image->scratch, (uint32_t *)(void *)row, image->width);
    }
}

void geometry_flip_vertical(struct image *image)
{
    const size_t bytes = row_bytes(image);
    for (int64_t c = 0; c < image->channels; c++) {
        char *upper = (char *)image->pixels + (size_t)(c * image->height) * bytes;
        char *lower = upper + (size_t)(image->height - 1) * bytes;
        for (; upper < lower; upper += bytes, lower -= bytes) {
            memcpy(image->scratch, upper, bytes);
            memcpy(upper, lower, bytes);
            memcpy(lower, image->scratch, bytes);
        }
    }
}

/* n pixels of the value `fill` */
static void fill_pixels(char *at, int64_t n, size_t pixel_bytes, double fill)
{
    const float value = (float)fill;
    if (pixel_bytes == 1)
        memset(at, (uint8_t)fill, (size_t)n);
    else
        for (int64_t i = 0; i < n; i++)
            memcpy(at + (size_t)i * sizeof value, &value, sizeof value);
}

/* The index in [0, n) that stands for i in (-n, 2n). */
static int64_t source(int64_t i, int64_t n, uint32_t padding)
{
    if (i >= 0 && i < n)
        return i;
    if (padding == PAD_EDGE)
        return i < 0 ? 0 : n - 1;
    if (padding == PAD_SYMMETRIC)
        return i < 0 ? -1 - i : 2 * n - 1 - i;
    return i < 0 ? -i : 2 * n - 2 - i;
}

/* Pixels j in [from, to) of a row whose sources lie outside of it. */
static void pad(const char *x, char *y, const struct image *image, int64_t from, int64_t to, int64_t right,
                uint32_t padding, double fill)
{
    const size_t bytes = image->pixel_bytes;
    if (padding == PAD_CONSTANT) {
        fill_pixels(y + (size_t)from * bytes, to - from, bytes, fill);
        return;
    }
    for (int64_t j = from; j < to; j++)
        memcpy(y + (size_t)j * bytes, x + (size_t)source(j + right, image->width, padding) * bytes, bytes);
}

void geometry_shift(struct image *image, int64_t down, int64_t right, uint32_t padding, double fill)
{
    const size_t bytes = row_bytes(image);
    /* columns whose source is inside */
    const int64_t first = right < 0 ? -right : 0, last = right > 0 ? image->width - right : image->width;
    char *y = image->pixels;
    memcpy(image->scratch, image->pixels, (size_t)(image->channels * image->height) * bytes);
    for (int64_t c = 0; c < image->channels; c++)
        for (int64_t i = 0; i < image->height; i++, y += bytes) {
            const int64_t row = i + down;
            if (padding == PAD_CONSTANT && (row < 0 || row >= image->height)) {
                fill_pixels(y, image->width, image->pixel_bytes, fill);
                continue;
            }
            const char *x = (const char *)image->scratch +
                            (size_t)(c * image->height + source(row, image->height, padding)) * bytes;
            pad(x, y, image, 0, first, right, padding, fill);
            memcpy(y + (size_t)first * image->pixel_bytes, x + (size_t)(first + right) * image->pixel_bytes,
                   (size_t)(last - first) * image->pixel_bytes);
            pad(x, y, image, last, image->width, right, padding, fill);
        }
}

void geometry_fill(struct image *image, int64_t top, int64_t left, int64_t bottom, int64_t right, double fill)
{
    for (int64_t c = 0; c < image->channels; c++)
        for (int64_t i = top; i < bottom; i++)
            fill_pixels((char *)image->pixels +
                            (size_t)((c * image->height + i) * image->width + left) * image->pixel_bytes,
                        right - left, image->pixel_bytes, fill);
}
