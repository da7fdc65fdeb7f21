/* SPDX-License-Identifier: MIT */
/* regularizer/translate, rotate, scale, shear, and affine, which is all four in one interpolation. */
#include "geometry.h"

#define SOURCE                                                                                            \
    "\n"                                                                                                  \
    "It works on the images as read (8-bit or float32), before the transforms. Pixels without a source\n" \
    "become `fill`. A fresh draw is made for each image and epoch; it depends on the trial's seed, the\n" \
    "epoch and the image's index, not on batches or workers. Several of these one after the other blur\n" \
    "the image each time anew: affine does all in one interpolation.\n"                                   \
    "\n"                                                                                                  \
    "Source: Simard, Steinkraus and Platt 2003, \"Best practices for convolutional neural networks\n"     \
    "applied to visual document analysis\", ICDAR. With equal draws the result is that of Pillow's\n"     \
    "Image.transform, and with it that of torchvision's RandomAffine."
#define REST                  \
    double fill, probability; \
    uint32_t interpolation

/* Most that is done to an image, either way; what is drawn is uniform between. */
struct reach {
    double degrees, right, down, scale, shear_x,
        shear_y; /* right, down: of the width, the height; scale: |factor - 1| */
};

static double either_way(hone_rng *rng, double reach)
{
    return reach > 0 ? augment_between(rng, -reach, reach) : 0;
}

static void move(const struct reach *r, struct image *image, hone_rng *rng, uint32_t interpolation, double fill)
{
    struct motion m = MOTION_NONE;
    m.degrees = either_way(rng, r->degrees);
    m.right = either_way(rng, r->right) * (double)image->width;
    m.down = either_way(rng, r->down) * (double)image->height;
    m.scale = 1 + either_way(rng, r->scale);
    m.shear_x = either_way(rng, r->shear_x);
    m.shear_y = either_way(rng, r->shear_y);
    geometry_move(image, &m, interpolation, fill);
}

static int moves(const struct reach *r)
{
    return r->degrees > 0 || r->right > 0 || r->down > 0 || r->scale > 0 || r->shear_x > 0 || r->shear_y > 0;
}

/* One component: what its settings reach becomes the functions that its interface needs. */
#define COMPONENT(id, summary, doc, ...)                                                                  \
    static struct reach id##_reach(const struct id *s)                                                    \
    {                                                                                                     \
        return (struct reach){ __VA_ARGS__ };                                                             \
    }                                                                                                     \
    static void id##_one(const void *settings, struct image *image, hone_rng *rng, uint64_t noise)        \
    {                                                                                                     \
        const struct id *s = settings;                                                                    \
        const struct reach r = id##_reach(s);                                                             \
        (void)noise;                                                                                      \
        move(&r, image, rng, s->interpolation, s->fill);                                                  \
    }                                                                                                     \
    static hone_rc id##_task(void *self, const hone_task *task, hone_error *err)                          \
    {                                                                                                     \
        return augment_check(task, 0, &((const struct id *)augment_settings(self))->fill, err);           \
    }                                                                                                     \
    static hone_rc id##_batch(void *self, hone_batch *b, uint64_t seed, hone_error *err)                  \
    {                                                                                                     \
        const struct id *s = augment_settings(self);                                                      \
        const struct reach r = id##_reach(s);                                                             \
        const hone_rc rc = id##_task(self, b->task, err);                                                 \
        (void)seed;                                                                                       \
        return rc == HONE_OK ? augment_each(self, b, moves(&r) ? s->probability : 0, id##_one, err) : rc; \
    }                                                                                                     \
    AUGMENT_IFACE(id, id##_task, id##_batch);                                                             \
    AUGMENT_COMPONENT(id, summary, doc SOURCE, id##_params, struct id)

#define REST_PARAMS(T) AUGMENT_INTERPOLATION(T, "bilinear"), AUGMENT_FILL(T), AUGMENT_PROBABILITY(T)

struct translate {
    double horizontal, vertical;
    REST;
};
static const hone_param translate_params[] = {
    HONE_REAL(struct translate, horizontal, "0.1", 0, 1, HONE_P_TUNABLE, NULL,
              "Largest move to the left or right, as a share of the width; parts of pixels count, too."),
    HONE_REAL(struct translate, vertical, "0.1", 0, 1, HONE_P_TUNABLE, NULL,
              "Largest move up or down, as a share of the height."),
    REST_PARAMS(struct translate),
};
COMPONENT(translate, "Images moved at random",
          "Each training image is moved, uniformly up to the shares given. Both 0 change nothing. `crop` moves\n"
          "by whole pixels, which is faster and does not blur.\n",
          .right = s->horizontal, .down = s->vertical);

struct rotate {
    double degrees;
    REST;
};
static const hone_param rotate_params[] = {
    HONE_REAL(struct rotate, degrees, "15", 0, 180, HONE_P_TUNABLE, "degrees",
              "Largest angle, either way, about the center."),
    REST_PARAMS(struct rotate),
};
COMPONENT(rotate, "Images rotated at random",
          "Each training image is rotated about its center by an angle that is uniform from -degrees to\n"
          "degrees. 0 changes nothing.\n",
          .degrees = s->degrees);

struct scale {
    double factor;
    REST;
};
static const hone_param scale_params[] = {
    HONE_REAL(struct scale, factor, "0.1", 0, 1, HONE_P_TUNABLE | HONE_P_HI_OPEN, NULL,
              "Sizes are from 1 - factor to 1 + factor times the image's."),
    REST_PARAMS(struct scale),
};
COMPONENT(scale, "Images made smaller or larger at random",
          "Each training image is drawn smaller or larger about its center, in a frame of the same size. 0\n"
          "changes nothing.\n",
          .scale = s->factor);

struct shear {
    double horizontal, vertical;
    REST;
};
static const hone_param shear_params[] = {
    HONE_REAL(struct shear, horizontal, "10", 0, 80, HONE_P_TUNABLE, "degrees",
              "Largest angle by which vertical lines lean to the left or right."),
    HONE_REAL(struct shear, vertical, "0", 0, 80, HONE_P_TUNABLE, "degrees",
              "Largest angle by which horizontal lines lean up or down."),
    REST_PARAMS(struct shear),
};
COMPONENT(shear, "Images sheared at random",
          "Each training image is sheared about its center, by angles that are uniform up to those given. Both\n"
          "0 change nothing.\n",
          .shear_x = s->horizontal, .shear_y = s->vertical);

struct affine {
    double degrees, translate, scale, shear;
    REST;
};
static const hone_param affine_params[] = {
    HONE_REAL(struct affine, degrees, "10", 0, 180, HONE_P_TUNABLE, "degrees",
              "Largest angle of rotation, either way."),
    HONE_REAL(struct affine, translate, "0.1", 0, 1, HONE_P_TUNABLE, NULL,
              "Largest move, as a share of the width and of the height."),
    HONE_REAL(struct affine, scale, "0.1", 0, 1, HONE_P_TUNABLE | HONE_P_HI_OPEN, NULL,
              "Sizes are from 1 - scale to 1 + scale times the image's."),
    HONE_REAL(struct affine, shear, "5", 0, 80, HONE_P_TUNABLE, "degrees",
              "Largest angle by which vertical lines lean to the left or right."),
    REST_PARAMS(struct affine),
};
COMPONENT(affine, "Images rotated, moved, scaled and sheared at random, in one interpolation",
          "Each training image is sheared, scaled and rotated about its center, and moved, each by an amount\n"
          "that is uniform up to the one given, either way. All 0 change nothing.\n",
          .degrees = s->degrees, .right = s->translate, .down = s->translate, .scale = s->scale, .shear_x = s->shear);
