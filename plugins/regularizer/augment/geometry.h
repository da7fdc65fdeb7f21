/* SPDX-License-Identifier: MIT */
/* Where pixels come from: affine maps, mirror images, shifts. Every function works on all channels alike, in place. [any] */
#ifndef HONE_AUGMENT_GEOMETRY_H
#define HONE_AUGMENT_GEOMETRY_H
#include "augment.h"

enum { NEAREST = 0, BILINEAR = 1 };
extern const char *const interpolations[]; /* in that order */

/* Pixel (row i, column j) of the result is read at x = xx (j + 1/2) + xy (i + 1/2) + x0, y = yx (j + 1/2) + yy (i + 1/2) + y0
 * of the image, where pixel (i, j) covers the square from (j, i) to (j + 1, i + 1). */
struct map {
    double xx, xy, x0, yx, yy, y0;
};
/* What is done to an image, first to last: sheared, scaled, rotated about its center (degrees, clockwise as seen), moved
 * (pixels, right and down). */
struct motion {
    double degrees, right, down, scale;
    double shear_x, shear_y; /* degrees, in (-90, 90) */
};
#define MOTION_NONE      \
    {                    \
        0, 0, 0, 1, 0, 0 \
    }
/* The map that reads an image so moved; center_x, center_y: what stays where it is but for right and down. */
struct map motion_map(const struct motion *motion, double center_x, double center_y);
/* The same as Pillow's Image.transform with AFFINE, its rounding included. Pixels outside the image are `fill`; between the
 * centers of the outermost pixels and the edge, bilinear repeats these. */
void geometry_map(struct image *image, const struct map *map, uint32_t interpolation, double fill);
/* motion_map about the middle of the image, then geometry_map. */
void geometry_move(struct image *image, const struct motion *motion, uint32_t interpolation, double fill);

void geometry_flip_horizontal(struct image *image);
void geometry_flip_vertical(struct image *image);

enum { PAD_CONSTANT = 0, PAD_EDGE = 1, PAD_REFLECT = 2, PAD_SYMMETRIC = 3 };
/* y(i, j) = x(i + down, j + right), as if the image were padded; |down| and |right| less than its height and width. The
 * paddings are numpy's: constant (fill), edge (a a|a b c|c c), reflect (c b|a b c|b a), symmetric (b a|a b c|c b). */
void geometry_shift(struct image *image, int64_t down, int64_t right, uint32_t padding, double fill);
/* Sets rows [top, bottom) and columns [left, right) of all channels. */
void geometry_fill(struct image *image, int64_t top, int64_t left, int64_t bottom, int64_t right, double fill);
#endif
