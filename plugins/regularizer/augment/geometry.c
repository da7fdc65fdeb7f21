/* SPDX-License-Identifier: MIT */
/* Affine maps. A row is made in pieces: where its pixels come from is worked out once for all channels (vectorized), then
 * every channel is gathered and blended. */
#include "geometry.h"

#include "hone/simd.h"

enum { PIECE = 128 };
const char *const interpolations[] = { "nearest", "bilinear", NULL };

/* Of a piece of a row of the result: n pixels. */
struct piece {
    int64_t n, width, height;
    int64_t
        corner[4][PIECE]; /* offsets in a plane: upper left, upper right, lower left, lower right; [0] alone: nearest */
    float right[PIECE], down[PIECE]; /* weights of the right and lower ones */
    uint8_t inside[PIECE];
};

/* ---- where pixels come from ---- */
/* Coordinates with 16 bits behind the point, as Pillow has them. */
static int64_t fixed(double v)
{
    return (int64_t)floor(v * 65536.0 + 0.5);
}

HONE_TARGET_CLONES
static void place_nearest(struct piece *p, int64_t x, int64_t dx, int64_t y, int64_t dy)
{
    const int64_t width = p->width, height = p->height;
    for (int64_t j = 0; j < p->n; j++) {
        const int64_t column = (x + j * dx) >> 16, row = (y + j * dy) >> 16;
        const int inside = (column >= 0) & (column < width) & (row >= 0) & (row < height);
        p->inside[j] = (uint8_t)inside;
        p->corner[0][j] = inside ? row * width + column : 0;
    }
}

/* x = xx (first + j + 1/2) + x_row + x0, y alike */
HONE_TARGET_CLONES
static void place_bilinear(struct piece *p, const struct map *map, double first, double x_row, double y_row)
{
    const double width = (double)p->width, height = (double)p->height;
    const int32_t last_column = (int32_t)p->width - 1, last_row = (int32_t)p->height - 1;
    const double xx = map->xx, x0 = map->x0, yx = map->yx, y0 = map->y0;
    for (int64_t j = 0; j < p->n; j++) {
        const double at = first + (double)(int32_t)j;
        double x = xx * at + x_row + x0, y = yx * at + y_row + y0;
        const int inside = (x >= 0) & (x < width) & (y >= 0) & (y < height);
        x = inside ? x : 0.5;
        y = inside ? y : 0.5;
        /* floor(x - 1/2), from -1 on */
        const int32_t column = (int32_t)(x + 0.5) - 1, row = (int32_t)(y + 0.5) - 1;
        const int32_t left = column < 0 ? 0 : column, right = column < last_column ? column + 1 : last_column;
        const int32_t top = row < 0 ? 0 : row, bottom = row < last_row ? row + 1 : last_row;
        p->right[j] = (float)(x - 0.5 - (double)column);
        p->down[j] = (float)(y - 0.5 - (double)row);
        p->inside[j] = (uint8_t)inside;
        p->corner[0][j] = (int64_t)top * p->width + left;
        p->corner[1][j] = (int64_t)top * p->width + right;
        p->corner[2][j] = (int64_t)bottom * p->width + left;
        p->corner[3][j] = (int64_t)bottom * p->width + right;
    }
}

/* ---- their values ---- */
static void gather_u8(const struct piece *p, const uint8_t *plane, float corner[4][PIECE])
{
    for (int k = 0; k < 4; k++)
        for (int64_t j = 0; j < p->n; j++)
            corner[k][j] = (float)plane[p->corner[k][j]];
}

static void gather_f32(const struct piece *p, const float *plane, float corner[4][PIECE])
{
    for (int k = 0; k < 4; k++)
        for (int64_t j = 0; j < p->n; j++)
            corner[k][j] = plane[p->corner[k][j]];
}

/* corner[0] becomes the result, fill where there is no source */
HONE_TARGET_CLONES
static void blend(const struct piece *p, float corner[4][PIECE], float fill)
{
    for (int64_t j = 0; j < p->n; j++) {
        const float top = corner[0][j] + (corner[1][j] - corner[0][j]) * p->right[j];
        const float bottom = corner[2][j] + (corner[3][j] - corner[2][j]) * p->right[j];
        const float value = top + (bottom - top) * p->down[j];
        corner[0][j] = p->inside[j] ? value : fill;
    }
}

HONE_TARGET_CLONES
static void to_bytes(const float *x, uint8_t *y, int64_t n)
{
    for (int64_t j = 0; j < n; j++)
        y[j] = (uint8_t)(int32_t)x[j]; /* Pillow cuts off what is behind the point */
}

static void write_bilinear(const struct piece *p, const void *plane, void *y, size_t pixel_bytes, double fill)
{
    float corner[4][PIECE];
    if (pixel_bytes == 1)
        gather_u8(p, plane, corner);
    else
        gather_f32(p, plane, corner);
    blend(p, corner, (float)fill);
    if (pixel_bytes == 1)
        to_bytes(corner[0], y, p->n);
    else
        memcpy(y, corner[0], (size_t)p->n * sizeof(float));
}

static void write_nearest(const struct piece *p, const void *plane, void *y, size_t pixel_bytes, double fill)
{
    if (pixel_bytes == 1)
        for (int64_t j = 0; j < p->n; j++)
            ((uint8_t *)y)[j] = p->inside[j] ? ((const uint8_t *)plane)[p->corner[0][j]] : (uint8_t)fill;
    else
        for (int64_t j = 0; j < p->n; j++)
            ((float *)y)[j] = p->inside[j] ? ((const float *)plane)[p->corner[0][j]] : (float)fill;
}

/* ---- whole images ---- */
static void place(struct piece *p, const struct map *map, uint32_t interpolation, int64_t row, int64_t first)
{
    if (interpolation == BILINEAR) {
        place_bilinear(p, map, (double)first + 0.5, map->xy * ((double)row + 0.5), map->yy * ((double)row + 0.5));
        return;
    }
    const int64_t dx = fixed(map->xx), dy = fixed(map->yx);
    place_nearest(p, fixed(map->x0 + map->xx * 0.5 + map->xy * 0.5) + row * fixed(map->xy) + first * dx, dx,
                  fixed(map->y0 + map->yx * 0.5 + map->yy * 0.5) + row * fixed(map->yy) + first * dy, dy);
}

void geometry_map(struct image *image, const struct map *map, uint32_t interpolation, double fill)
{
    const int64_t plane = image->height * image->width;
    const size_t bytes = image->pixel_bytes;
    struct piece p = { .width = image->width, .height = image->height };
    memcpy(image->scratch, image->pixels, (size_t)(plane * image->channels) * bytes);
    for (int64_t i = 0; i < image->height; i++)
        for (int64_t first = 0; first < image->width; first += PIECE) {
            p.n = image->width - first < PIECE ? image->width - first : PIECE;
            place(&p, map, interpolation, i, first);
            for (int64_t c = 0; c < image->channels; c++) {
                const char *x = (const char *)image->scratch + (size_t)(c * plane) * bytes;
                char *y = (char *)image->pixels + (size_t)(c * plane + i * image->width + first) * bytes;
                if (interpolation == BILINEAR)
                    write_bilinear(&p, x, y, bytes, fill);
                else
                    write_nearest(&p, x, y, bytes, fill);
            }
        }
}

/* The inverse of translate(right, down) * center * rotate * shear_y * shear_x * scale * -center: as torchvision's
 * RandomAffine orders them. */
struct map motion_map(const struct motion *m, double center_x, double center_y)
{
    const double radians = 3.14159265358979323846 / 180;
    const double angle = m->degrees * radians, sx = m->shear_x * radians, sy = m->shear_y * radians;
    const double a = cos(angle - sy) / cos(sy), b = -cos(angle - sy) * tan(sx) / cos(sy) - sin(angle);
    const double c = sin(angle - sy) / cos(sy), d = -sin(angle - sy) * tan(sx) / cos(sy) + cos(angle);
    struct map map = { d / m->scale, -b / m->scale, 0, -c / m->scale, a / m->scale, 0 };
    const double x = -center_x - m->right, y = -center_y - m->down;
    map.x0 = map.xx * x + map.xy * y + center_x;
    map.y0 = map.yx * x + map.yy * y + center_y;
    return map;
}

void geometry_move(struct image *image, const struct motion *motion, uint32_t interpolation, double fill)
{
    const struct map map = motion_map(motion, 0.5 * (double)image->width, 0.5 * (double)image->height);
    geometry_map(image, &map, interpolation, fill);
}
