/* SPDX-License-Identifier: MIT */
/* A picture in memory: read from a PNG or JPEG file (told apart by their first bytes, whatever the name), cut and scaled
 * to a sample. */
#ifndef HONE_IMAGE_PICTURE_H
#define HONE_IMAGE_PICTURE_H
#include "hone/plugin.h"

struct picture {
    uint32_t width, height, channels, reserved;
    uint8_t *pixels; /* (height, width, channels) */
};
struct picture_options {
    uint32_t channels; /* 1: gray, 3: red, green, blue */
    uint32_t
        least_side; /* JPEG may be decoded at a fraction of its size with this shorter side or more; 0: at its full size */
    uint32_t background; /* 0 .. 255: brightness behind transparent pixels */
};
/* Decodes the file. 16-bit channels are rounded to 8; gray is the luma of ITU-R BT.601. Orientation tags and colour
 * profiles are not looked at, as is the custom for data sets. HONE_EIO: not there, truncated or corrupt (the message names
 * the file); HONE_ENOTSUP: neither PNG nor JPEG, or larger than 2^26 pixels. [any] */
hone_rc picture_read(struct picture *picture, const char *path, const struct picture_options *options, hone_error *err);
void picture_release(struct picture *picture); /* zeroed ones too */

/* out[c][y][x]: (channels, side, side). The shorter side of the picture is scaled to `side` and the middle of the longer one
 * is taken: a triangle filter as wide as the reduction, or linear interpolation where the picture grows. A picture of that
 * very shorter side is copied as it is. HONE_ENOMEM. [any] */
hone_rc picture_fit(const struct picture *picture, uint32_t side, uint8_t *out, hone_error *err);
/* out[c][y][x] = the `height` x `width` pixels whose corner is (top, left). [any] */
void picture_cut(const struct picture *picture, uint32_t top, uint32_t left, uint32_t height, uint32_t width,
                 uint8_t *out);
#endif
