/* SPDX-License-Identifier: MIT */
/* Axes as drawings need them: positions, round ticks, their texts. */
#include "figure.h"

#include <string.h>

double axis_unit(const struct axis *axis, double v)
{
    return axis->log ? log(v / axis->min) / log(axis->max / axis->min) : (v - axis->min) / (axis->max - axis->min);
}

/* 1, 2 or 5 times a power of ten, at least v. */
static double round_step(double v)
{
    const double power = pow(10, floor(log10(v)));
    static const double factors[] = { 1, 2, 5, 10 };
    for (size_t i = 0; i < HONE_COUNT(factors); i++)
        if (factors[i] * power >= v * (1 - 1e-9))
            return factors[i] * power;
    return 10 * power;
}

size_t axis_ticks(const struct axis *axis, size_t most, double *ticks)
{
    size_t n = 0;
    most = most > AXIS_TICKS ? AXIS_TICKS : most < 2 ? 2 : most;
    if (axis->names) {
        const uint32_t every = (uint32_t)((axis->n_names + most - 1) / most);
        for (uint32_t i = 0; i < axis->n_names && n < most; i += every ? every : 1)
            ticks[n++] = i;
        return n;
    }
    if (!(axis->max > axis->min) || !isfinite(axis->max - axis->min))
        return 0;
    if (axis->log && axis->max / axis->min >= 4) {
        static const double parts[] = { 1, 2, 5 };
        const double decades = log10(axis->max / axis->min), every = fmax(1, ceil(decades / (double)most));
        const size_t within = 3 * decades <= (double)most ? 3 : 1; /* 1, 2, 5 of each power where there is room */
        for (double power = floor(log10(axis->min)); pow(10, power) <= axis->max; power += every)
            for (size_t i = 0; i < within && n < most; i++) {
                const double tick = parts[i] * pow(10, power);
                if (tick >= axis->min && tick <= axis->max)
                    ticks[n++] = tick;
            }
        return n;
    }
    double step = round_step((axis->max - axis->min) / (double)most);
    if (axis->whole && step < 1)
        step = 1;
    const double from = ceil(axis->min / step);
    for (double k = from; k * step <= axis->max && n < most; k++)
        ticks[n++] = k * step;
    return n;
}

const char *axis_text(const struct axis *axis, double v, char *out, size_t n)
{
    if (axis->names) {
        const long i = lround(v);
        snprintf(out, n, "%s", i >= 0 && i < (long)axis->n_names ? axis->names[i] : "");
    } else {
        snprintf(out, n, "%.4g", fabs(v) < 1e-12 * fmax(fabs(axis->min), fabs(axis->max)) ? 0 : v);
    }
    return out;
}
