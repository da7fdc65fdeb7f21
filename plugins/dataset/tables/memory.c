/* SPDX-License-Identifier: MIT */
/* dataset/memory - toy sets made on the spot, those of scikit-learn's sklearn.datasets: make_moons, make_circles, make_blobs,
 * make_friedman1, 2 and 3. The same seed makes the same set, which is not scikit-learn's: its random numbers are others. */
#include "source.h"

#include "hone/rng.h"

enum toy { MOONS, CIRCLES, BLOBS, FRIEDMAN1, FRIEDMAN2, FRIEDMAN3 };
static const char *const toys[] = { "moons", "circles", "blobs", "friedman1", "friedman2", "friedman3", NULL };

struct settings {
    uint32_t set;
    int64_t samples, features, centers, seed, split_seed;
    double noise, factor, deviation, test;
};

#define INT_IF(field, def, lo, hi, active_if, doc) \
    HONE_INT_IF(struct settings, field, def, lo, hi, 0, NULL, active_if, doc)

static const hone_param params[] = {
    HONE_ENUM(struct settings, set, "moons", toys, 0,
              "moons: two half circles that interlock; circles: one within the other; blobs: clusters of normal "
              "deviates; friedman1, friedman2, friedman3: a number to predict."),
    HONE_INT(struct settings, samples, "1000", 2, 1e9, 0, NULL, "Samples, those for the test among them."),
    HONE_REAL_IF(struct settings, noise, "0.1", 0, HUGE_VAL, 0, NULL, "set=moons|circles|friedman1|friedman2|friedman3",
                 "Standard deviation of the normal noise on every coordinate; friedman1, 2, 3: on the target."),
    HONE_REAL_IF(struct settings, factor, "0.8", 0, 1, HONE_P_HI_OPEN, NULL, "set=circles",
                 "Radius of the inner circle; the outer one's is 1."),
    INT_IF(centers, "3", 2, 1e6, "set=blobs", "Clusters, which are the classes."),
    HONE_REAL_IF(struct settings, deviation, "1", 0, HUGE_VAL, 0, NULL, "set=blobs",
                 "Standard deviation of every coordinate of a cluster."),
    INT_IF(features, "0", 0, 1e6, "set=blobs|friedman1",
           "Features; 0: 2 of blobs, 10 of friedman1, which has 5 at least (the others do not matter to it)."),
    HONE_INT(struct settings, seed, "1", 0, 9e15, 0, NULL,
             "Which set is made. It is not the study's seed: studies with other seeds have the same data."),
    HONE_REAL(struct settings, test, "0", 0, 1, HONE_P_HI_OPEN, NULL,
              "Share of the samples set aside for the test, evenly over the classes."),
    HONE_INT(struct settings, split_seed, "1", 0, 9e15, HONE_P_ADVANCED, NULL, "Which samples `test` takes."),
};

/* What random numbers are for: a stream each. */
enum { STREAM_POINTS, STREAM_NOISE, STREAM_CENTERS, STREAM_ORDER };
static const double pi = 3.14159265358979323846;

static hone_rng stream(const struct settings *s, uint64_t number)
{
    return hone_rng_at((uint64_t)s->seed, number);
}

/* i of n points spread evenly from 0 to `to`, the end included or not. */
static double evenly(uint64_t i, uint64_t n, double to, int end)
{
    const uint64_t steps = end ? n - 1 : n;
    return steps ? to * (double)i / (double)steps : 0;
}

/* x: (n, 2). The first n/2 are the upper moon. */
static void moons(const struct settings *s, uint64_t n, double *x, double *y)
{
    const uint64_t outer = n / 2;
    (void)s;
    for (uint64_t i = 0; i < n; i++) {
        const int inner = i >= outer;
        const double angle = evenly(inner ? i - outer : i, inner ? n - outer : outer, pi, 1);
        x[2 * i] = inner ? 1 - cos(angle) : cos(angle);
        x[2 * i + 1] = inner ? 0.5 - sin(angle) : sin(angle);
        y[i] = inner;
    }
}

static void circles(const struct settings *s, uint64_t n, double *x, double *y)
{
    const uint64_t outer = n / 2;
    for (uint64_t i = 0; i < n; i++) {
        const int inner = i >= outer;
        const double angle = evenly(inner ? i - outer : i, inner ? n - outer : outer, 2 * pi, 0);
        x[2 * i] = cos(angle) * (inner ? s->factor : 1);
        x[2 * i + 1] = sin(angle) * (inner ? s->factor : 1);
        y[i] = inner;
    }
}

/* Centers are uniform in [-10, 10] along every coordinate. x: (n, width); classes as even as they can be. */
static void blobs(const struct settings *s, uint64_t n, uint64_t width, double *x, double *y)
{
    const uint64_t k = (uint64_t)s->centers;
    hone_rng points = stream(s, STREAM_POINTS);
    for (uint64_t i = 0; i < n; i++) {
        hone_rng center = stream(s, STREAM_CENTERS + 1000 +
                                        i % k); /* a center's coordinates, drawn again for every point */
        for (uint64_t j = 0; j < width; j++)
            x[i * width + j] = 20 * hone_rng_uniform(&center) - 10 + s->deviation * hone_rng_normal(&points);
        y[i] = (double)(i % k);
    }
}

/* y = 10 sin(pi x0 x1) + 20 (x2 - 1/2)^2 + 10 x3 + 5 x4 + noise, x uniform in [0, 1). x: (n, width) */
static void friedman1(const struct settings *s, uint64_t n, uint64_t width, double *x, double *y)
{
    hone_rng points = stream(s, STREAM_POINTS), noise = stream(s, STREAM_NOISE);
    for (uint64_t i = 0; i < n; i++) {
        double *p = x + i * width;
        for (uint64_t j = 0; j < width; j++)
            p[j] = hone_rng_uniform(&points);
        y[i] = 10 * sin(pi * p[0] * p[1]) + 20 * (p[2] - 0.5) * (p[2] - 0.5) + 10 * p[3] + 5 * p[4] +
               s->noise * hone_rng_normal(&noise);
    }
}

/* Impedance and phase of a circuit: x0 resistance, x1 angular frequency, x2 inductance, x3 capacity; x: (n, 4)
 * y = sqrt(x0^2 + (x1 x2 - 1 / (x1 x3))^2) + noise, or the arc tangent of (x1 x2 - 1 / (x1 x3)) / x0 */
static void friedman23(const struct settings *s, uint64_t n, double *x, double *y)
{
    hone_rng points = stream(s, STREAM_POINTS), noise = stream(s, STREAM_NOISE);
    for (uint64_t i = 0; i < n; i++) {
        double *p = x + 4 * i;
        p[0] = 100 * hone_rng_uniform(&points);
        p[1] = 40 * pi + 520 * pi * hone_rng_uniform(&points);
        p[2] = hone_rng_uniform(&points);
        p[3] = 1 + 10 * hone_rng_uniform(&points);
        const double reactance = p[1] * p[2] - 1 / (p[1] * p[3]);
        y[i] = (s->set == FRIEDMAN2 ? hypot(p[0], reactance) : atan2(reactance, p[0])) +
               s->noise * hone_rng_normal(&noise);
    }
}

static int is_regression(const struct settings *s)
{
    return s->set == FRIEDMAN1 || s->set == FRIEDMAN2 || s->set == FRIEDMAN3;
}

static void add_noise(const struct settings *s, uint64_t n, double *x)
{
    hone_rng noise = stream(s, STREAM_NOISE);
    for (uint64_t i = 0; i < 2 * n; i++)
        x[i] += s->noise * hone_rng_normal(&noise);
}

static hone_rc width_of(const struct settings *s, uint64_t *width, hone_error *err)
{
    const int friedman = s->set == FRIEDMAN1;
    *width = 2;
    if (s->set == MOONS || s->set == CIRCLES)
        return HONE_OK;
    if (s->set == FRIEDMAN2 || s->set == FRIEDMAN3) {
        *width = 4;
        return HONE_OK;
    }
    if (friedman && s->features && s->features < 5)
        return hone_fail(err, HONE_ERANGE, "features", "features = %lld: friedman1 needs 5 or more",
                         (long long)s->features);
    *width = s->features ? (uint64_t)s->features : friedman ? 10 : 2;
    if (s->set == BLOBS && s->centers > s->samples)
        return hone_fail(err, HONE_ERANGE, "centers", "centers = %lld is more than there are samples (%lld)",
                         (long long)s->centers, (long long)s->samples);
    return HONE_OK;
}

static hone_rc name_classes(struct source *source, uint64_t k, hone_error *err)
{
    source->classes = calloc(k, sizeof *source->classes);
    source->n_classes = k;
    for (uint64_t c = 0; source->classes && c < k; c++) {
        char name[24];
        snprintf(name, sizeof name, "%llu", (unsigned long long)c);
        if (!(source->classes[c] = strdup(name)))
            break;
    }
    return source->classes && source->classes[k - 1]
               ? HONE_OK
               : hone_fail(err, HONE_ENOMEM, "centers", "out of memory for %llu classes", (unsigned long long)k);
}

/* The points in an order of their own, as the part. */
static hone_rc take(struct source *source, const struct settings *s, const double *x, const double *y, uint64_t n,
                    uint64_t width, hone_error *err)
{
    struct part *part = &source->parts[HONE_SPLIT_TRAIN];
    uint64_t *order = malloc(n * sizeof *order);
    hone_rng rng = stream(s, STREAM_ORDER);
    hone_rc rc = order
                     ? part_allocate(source, part, n, "samples", err)
                     : hone_fail(err, HONE_ENOMEM, "samples", "out of memory for %llu samples", (unsigned long long)n);
    for (uint64_t i = 0; i < n && order; i++)
        order[i] = i;
    if (order)
        hone_rng_shuffle(&rng, order, n);
    for (uint64_t i = 0; i < n && rc == HONE_OK; i++) {
        for (uint64_t j = 0; j < width; j++)
            ((float *)part->inputs)[i * width + j] = (float)x[order[i] * width + j];
        if (part->labels)
            part->labels[i] = (int32_t)y[order[i]];
        else
            part->targets[i] = (float)y[order[i]];
    }
    free(order);
    return rc;
}

static hone_rc open(struct source *source, hone_error *err)
{
    const struct settings *s = source->settings;
    const uint64_t n = (uint64_t)s->samples;
    uint64_t width;
    hone_rc rc = width_of(s, &width, err);
    if (rc != HONE_OK)
        return rc;
    double *x = n <= PTRDIFF_MAX / sizeof(double) / width ? malloc(n * width * sizeof *x) : NULL;
    double *y = malloc(n * sizeof *y);
    if (!x || !y)
        rc = hone_fail(err, HONE_ENOMEM, "samples", "out of memory for %llu samples of %llu features",
                       (unsigned long long)n, (unsigned long long)width);
    if (rc == HONE_OK && !is_regression(s))
        rc = name_classes(source, s->set == BLOBS ? (uint64_t)s->centers : 2, err);
    if (rc == HONE_OK) {
        switch (s->set) {
        case MOONS: moons(s, n, x, y); break;
        case CIRCLES: circles(s, n, x, y); break;
        case BLOBS: blobs(s, n, width, x, y); break;
        case FRIEDMAN1: friedman1(s, n, width, x, y); break;
        case FRIEDMAN2:
        case FRIEDMAN3:
        default: friedman23(s, n, x, y); break;
        }
        if (s->set == MOONS || s->set == CIRCLES)
            add_noise(s, n, x);
        source_describe_table(source, is_regression(s) ? HONE_TASK_REGRESSION : HONE_TASK_CLASSIFICATION,
                              is_regression(s) ? 1 : (int64_t)source->n_classes, width);
        rc = take(source, s, x, y, n, width, err);
    }
    free(x);
    free(y);
    return rc == HONE_OK && s->test > 0 ? source_split(source, s->test, s->split_seed, err) : rc;
}

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    return source_create(host, info, open, self, err);
}

const hone_component memory_dataset = {
    .size = sizeof memory_dataset,
    .flags = HONE_C_DETERMINISTIC | HONE_C_REUSABLE,
    .kind = HONE_KIND_DATASET,
    .name = "memory",
    .summary = "Toy sets made on the spot: moons, circles, blobs, friedman1 to 3",
    .doc = "Sets to try things on, as scikit-learn's make_moons, make_circles, make_blobs, make_friedman1,\n"
           "make_friedman2 and make_friedman3 define them:\n"
           "\n"
           "    moons      half circles: (cos a, sin a) and (1 - cos a, 1/2 - sin a), a from 0 to pi\n"
           "    circles    circles of radius 1 and `factor` around the origin\n"
           "    blobs      normal deviates around `centers` points that are uniform in [-10, 10]\n"
           "    friedman1  y = 10 sin(pi x0 x1) + 20 (x2 - 1/2)^2 + 10 x3 + 5 x4, x uniform in [0, 1]\n"
           "    friedman2  y = sqrt(x0^2 + r^2), r = x1 x2 - 1 / (x1 x3), x0 uniform in [0, 100], x1 in\n"
           "               [40 pi, 560 pi], x2 in [0, 1], x3 in [1, 11]\n"
           "    friedman3  y = atan(r / x0), the same r and x\n"
           "\n"
           "Classes are equally large, but for one sample; samples come in random order. The same `seed`\n"
           "makes the same set, which is another than scikit-learn's of that seed.\n"
           "\n"
           "Source of friedman1, 2 and 3: Friedman 1991, \"Multivariate adaptive regression splines\", Annals\n"
           "of statistics 19, section 4 (the first is its equation 61).",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof(hone_param),
    .config_size = sizeof(struct settings),
    .iface = &source_iface,
    .create = create,
    .destroy = source_destroy,
};
