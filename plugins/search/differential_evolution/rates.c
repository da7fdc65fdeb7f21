/* SPDX-License-Identifier: MIT */
/* search/differential_evolution: how the factor F and the crossover rate CR follow what succeeded. JADE:
 * Zhang and Sanderson 2009, IEEE Trans. Evol. Comput. 13, 945-958. SHADE: Tanabe and Fukunaga 2013 (CEC),
 * with the weighted Lehmer mean for both rates of their L-SHADE (CEC 2014). */
#include "evolution.h"

static const double SPREAD = 0.1, JADE_C = 0.1;

void rates_init(struct rates *r, double factor, double crossover)
{
    memset(r, 0, sizeof *r);
    for (int i = 0; i < MEMORY; i++) {
        r->factor[i] = factor;
        r->crossover[i] = crossover;
    }
}

void rates_draw(const struct rates *r, const struct settings *s, hone_rng *rng, double *factor, double *crossover)
{
    const uint64_t i = s->adaptation == ADAPT_SHADE ? hone_rng_below(rng, MEMORY) : 0;
    double f = 0, cr;
    if (s->adaptation == ADAPT_NONE) {
        *factor = s->factor;
        *crossover = s->crossover;
        return;
    }
    for (int k = 0; k < 100 && !(f > 0); k++) /* Cauchy, cut at 1, drawn again below 0 */
        f = r->factor[i] + SPREAD * tan(3.14159265358979323846 * (hone_rng_uniform(rng) - 0.5));
    cr = r->crossover[i] + SPREAD * hone_rng_normal(rng);
    *factor = f > 1 ? 1 : f > 0 ? f : 0.5;
    *crossover = cr < 0 ? 0 : cr > 1 ? 1 : cr;
}

void rates_learn(struct rates *r, uint32_t adaptation, const struct success *successes)
{
    double sum = 0, f = 0, ff = 0, cr = 0, crcr = 0;
    int weighted = adaptation == ADAPT_SHADE;
    for (uint64_t i = 0; i < r->n; i++)
        sum += successes[i].gain;
    weighted = weighted && sum > 0 && isfinite(sum); /* NaN: some gain is unknown */
    for (uint64_t i = 0; i < r->n; i++) {
        const struct success *s = successes + i;
        const double w = weighted ? s->gain / sum : 1 / (double)r->n;
        f += w * s->factor;
        ff += w * s->factor * s->factor;
        cr += w * s->crossover;
        crcr += w * s->crossover * s->crossover;
    }
    if (r->n && adaptation == ADAPT_JADE) {
        r->factor[0] = (1 - JADE_C) * r->factor[0] + JADE_C * ff / f;
        r->crossover[0] = (1 - JADE_C) * r->crossover[0] + JADE_C * cr;
    } else if (r->n && adaptation == ADAPT_SHADE) {
        r->factor[r->at] = ff / f;
        r->crossover[r->at] = cr > 0 ? crcr / cr : 0;
        r->at = (r->at + 1) % MEMORY;
    }
    r->n = 0;
}
