/* SPDX-License-Identifier: MIT */
/* Values of pixels changed in place: 8-bit images of any number of channels; the color of an image is changed where it has
 * three (red, green, blue), and others stay as they are. Formulas and roundings are those of Pillow (ImageEnhance, ImageOps),
 * but for the hue. [any] */
#ifndef HONE_AUGMENT_TONE_H
#define HONE_AUGMENT_TONE_H
#include "augment.h"

/* Blends with something duller: factor 0 is that, 1 the image, above 1 it is overdone. Duller than ... */
void tone_brightness(struct image *image, double factor); /* black */
void tone_contrast(struct image *image, double factor);   /* the grey of the mean brightness */
void tone_saturation(struct image *image, double factor); /* the grey image; three channels */
void tone_sharpness(struct image *image, double factor);  /* smoothed by a 3 x 3 window; the outermost pixels stay */
/* Turns the hue by a share of the circle, in [-0.5, 0.5]; three channels. Rounded once, from the exact colour. */
void tone_hue(struct image *image, double turn);

void tone_posterize(struct image *image, uint32_t bits);   /* keeps the upper bits, 1 to 8 */
void tone_solarize(struct image *image, double threshold); /* 255 - x where x >= threshold */
void tone_autocontrast(struct image *image);               /* every channel's values spread over 0 .. 255 */
void tone_equalize(struct image *image);                   /* every channel's histogram made even */
#endif
