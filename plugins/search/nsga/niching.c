/* SPDX-License-Identifier: MIT */
/* search/nsga: survival by rank and reference points. Deb, K. and Jain, H. (2014), "An evolutionary many-objective
 * optimization algorithm using reference-point-based nondominated sorting approach, part I", IEEE TEC 18(4); the
 * algorithm numbers below are the paper's. */
#include "nsga.h"

enum { MOST_POINTS = 100000 };

/* Points of `divisions` divisions of the simplex, n_values - 1 chosen of divisions + n_values - 1; stops beyond the
 * most. */
static uint64_t count_points(uint32_t n_values, uint64_t divisions)
{
    double n = 1;
    for (uint32_t k = 1; k < n_values && n < 1e15; k++)
        n = n * (double)(divisions + k) / k;
    return n > MOST_POINTS ? MOST_POINTS + 1u : (uint64_t)(n + 0.5);
}

/* Appends the points of one layer, drawn towards the middle by `shrink`. digits: (n_values) scratch. */
static void add_layer(struct niches *s, uint64_t divisions, double shrink, uint64_t *digits)
{
    const uint32_t m = s->n_values;
    memset(digits, 0, m * sizeof *digits);
    digits[m - 1] = divisions;
    for (;;) {
        double *p = s->points + s->n++ * m;
        uint32_t k = m - 1;
        uint64_t t;
        for (uint32_t i = 0; i < m; i++)
            p[i] = shrink * (double)digits[i] / (double)divisions + (1 - shrink) / m;
        while (k > 0 && !digits[k]) /* the next one in lexicographic order */
            k--;
        if (!k)
            return;
        t = digits[k];
        digits[k] = 0;
        digits[m - 1] = t - 1;
        digits[k - 1]++;
    }
}

void niches_release(struct niches *s)
{
    free(s->points);
    free(s->ideal);
    free(s->extremes);
    memset(s, 0, sizeof *s);
}

void niches_reset(struct niches *s)
{
    s->known = s->feasible = 0;
    for (uint32_t k = 0; k < s->n_values; k++)
        s->ideal[k] = HUGE_VAL;
}

hone_rc niches_init(struct niches *s, uint32_t n_values, uint64_t divisions, uint64_t most, hone_error *err)
{
    uint64_t inner = 0, n;
    uint64_t *digits = (uint64_t *)calloc((size_t)n_values + 1, sizeof *digits);
    hone_rc rc = HONE_OK;
    memset(s, 0, sizeof *s);
    s->n_values = n_values;
    if (!divisions) {
        divisions = 1;
        while (n_values > 1 && count_points(n_values, divisions + 1) <= most)
            divisions++;
        if (divisions < n_values && n_values > 1) { /* no point inside: a second layer, half as wide */
            while (divisions > 1 && count_points(n_values, divisions) + n_values > most)
                divisions--;
            inner = divisions > 1 ? divisions - 1 : 1;
            while (inner > 1 && count_points(n_values, divisions) + count_points(n_values, inner) > most)
                inner--;
        }
    }
    n = count_points(n_values, divisions) + (inner ? count_points(n_values, inner) : 0);
    if (n > MOST_POINTS) {
        rc = hone_fail(err, HONE_ERANGE, "divisions",
                       "divisions = %llu gives more than %d reference points for %u objectives",
                       (unsigned long long)divisions, (int)MOST_POINTS, n_values);
        goto out;
    }
    s->points = (double *)malloc((size_t)(n * n_values + 1) * sizeof *s->points);
    s->ideal = (double *)malloc(((size_t)n_values + 1) * sizeof *s->ideal);
    s->extremes = (double *)malloc(((size_t)n_values * n_values + 1) * sizeof *s->extremes);
    if (!s->points || !s->ideal || !s->extremes || !digits) {
        rc = hone_fail(err, HONE_ENOMEM, "", "out of memory for %llu reference points", (unsigned long long)n);
        goto out;
    }
    add_layer(s, divisions, 1, digits);
    if (inner)
        add_layer(s, inner, 0.5, digits);
    niches_reset(s);
out:
    free(digits);
    return rc;
}

/* Solves a x = b for a: (n, n) by elimination with pivots; a and b are lost, b is x. 0: singular. */
static int solve(double *a, double *b, uint32_t n)
{
    for (uint32_t k = 0; k < n; k++) {
        uint32_t pivot = k;
        for (uint32_t i = k + 1; i < n; i++)
            if (fabs(a[i * n + k]) > fabs(a[pivot * n + k]))
                pivot = i;
        if (!(fabs(a[pivot * n + k]) > 1e-14))
            return 0;
        for (uint32_t j = 0; j < n && pivot != k; j++) {
            const double t = a[k * n + j];
            a[k * n + j] = a[pivot * n + j];
            a[pivot * n + j] = t;
        }
        if (pivot != k) {
            const double t = b[k];
            b[k] = b[pivot];
            b[pivot] = t;
        }
        for (uint32_t i = k + 1; i < n; i++) {
            const double factor = a[i * n + k] / a[k * n + k];
            for (uint32_t j = k; j < n; j++)
                a[i * n + j] -= factor * a[k * n + j];
            b[i] -= factor * b[k];
        }
    }
    for (uint32_t k = n; k-- > 0;) {
        for (uint32_t j = k + 1; j < n; j++)
            b[k] -= a[k * n + j] * b[j];
        b[k] /= a[k * n + k];
    }
    return 1;
}

/* Algorithm 2: what the objectives are divided by after the ideal is taken off: the intercepts of the plane through the
 * extreme points, or, where there is no such plane, the extent of the first front. scale: (m), room: (m * (m + 1)). */
static void find_scale(struct niches *s, const struct population *p, double *scale, double *room)
{
    const uint32_t m = s->n_values;
    double *plane = room, *ones = room + (size_t)m * m;
    int good;
    uint32_t feasible = 0;
    for (uint64_t i = 0; i < p->n; i++)
        feasible |= !p->rank[i] && !(p->violation[i] > 0);
    if (feasible && !s->feasible)
        niches_reset(s); /* what violates constraints may lie anywhere */
    s->feasible = feasible;
    for (uint64_t i = 0; i < p->n; i++)
        for (uint32_t k = 0; k < m && !p->rank[i]; k++)
            s->ideal[k] = p->values[i * m + k] < s->ideal[k] ? p->values[i * m + k] : s->ideal[k];
    for (uint32_t e = 0; e < m; e++) { /* the least of the achievement function along each axis, old ones competing */
        double best = HUGE_VAL;
        uint64_t winner = p->n;
        for (uint64_t i = 0; i <= p->n; i++) {
            const double *v = i < p->n ? p->values + i * m : s->extremes + (size_t)e * m;
            double worst = 0;
            if (i < p->n ? p->rank[i] != 0 : !s->known)
                continue;
            for (uint32_t k = 0; k < m; k++) {
                const double w = (v[k] - s->ideal[k]) * (k == e ? 1 : 1e6);
                worst = w > worst ? w : worst;
            }
            if (worst < best) {
                best = worst;
                winner = i;
            }
        }
        if (winner < p->n)
            memcpy(s->extremes + (size_t)e * m, p->values + winner * m, m * sizeof *s->extremes);
    }
    s->known = 1;
    for (uint32_t e = 0; e < m; e++) {
        for (uint32_t k = 0; k < m; k++)
            plane[e * m + k] = s->extremes[(size_t)e * m + k] - s->ideal[k];
        ones[e] = 1;
    }
    good = solve(plane, ones, m);
    for (uint32_t k = 0; k < m; k++) {
        scale[k] = good ? 1 / ones[k] : 0;
        good = good && scale[k] > 1e-6 && isfinite(scale[k]);
    }
    for (uint32_t k = 0; k < m; k++) {
        double most = 0;
        for (uint64_t i = 0; i < p->n; i++)
            if (!p->rank[i] && p->values[i * m + k] - s->ideal[k] > most)
                most = p->values[i * m + k] - s->ideal[k];
        if (!good)
            scale[k] = most;
        if (!(scale[k] > 1e-12 * (1 + fabs(s->ideal[k]))) || !isfinite(scale[k]))
            scale[k] = 1;
    }
}

/* Algorithm 3: the nearest reference line and the square of the distance from it. v: (m) normalized. */
static uint64_t nearest(const struct niches *s, const double *v, double *distance)
{
    uint64_t best = 0;
    *distance = HUGE_VAL;
    for (uint64_t r = 0; r < s->n; r++) {
        const double *w = s->points + r * s->n_values;
        double dot = 0, length = 0, square = 0;
        for (uint32_t k = 0; k < s->n_values; k++) {
            dot += v[k] * w[k];
            length += w[k] * w[k];
            square += v[k] * v[k];
        }
        square -= dot * dot / length;
        if (square < *distance) {
            *distance = square;
            best = r;
        }
    }
    return best;
}

/* Algorithm 4: of the members of rank `last` (keep 0), `wanted` into the niches with the fewest kept ones. */
static void fill(const struct niches *s, const struct population *p, uint32_t last, uint64_t wanted,
                 const uint64_t *niche, const double *distance, uint64_t *count, uint64_t *waiting, unsigned char *keep,
                 hone_rng *rng)
{
    for (uint64_t i = 0; i < p->n; i++)
        waiting[niche[i]] += p->rank[i] == last;
    for (; wanted; wanted--) {
        uint64_t needy = s->n, ties = 0, chosen = p->n, n = 0;
        for (uint64_t r = 0; r < s->n; r++) {
            if (!waiting[r] || (needy < s->n && count[r] > count[needy]))
                continue;
            ties = needy < s->n && count[r] == count[needy] ? ties + 1 : 1;
            if (hone_rng_below(rng, ties) == 0 || ties == 1)
                needy = r;
        }
        for (uint64_t i = 0; i < p->n; i++) {
            if (keep[i] || p->rank[i] != last || niche[i] != needy)
                continue;
            n++;
            if (count[needy] ? hone_rng_below(rng, n) == 0 : chosen == p->n || distance[i] < distance[chosen])
                chosen = i;
        }
        keep[chosen] = 1;
        count[needy]++;
        waiting[needy]--;
    }
}

hone_rc niches_select(struct niches *s, struct population *p, uint64_t size, hone_rng *rng, hone_error *err)
{
    const uint32_t m = s->n_values;
    double *room = (double *)malloc(((size_t)m * (m + 3) + (size_t)p->n + 1) * sizeof *room);
    uint64_t *niche = (uint64_t *)calloc((size_t)(p->n + 2 * s->n + 1), sizeof *niche);
    unsigned char *keep = (unsigned char *)calloc((size_t)p->n + 1, 1);
    uint64_t *count, *waiting, kept = 0;
    double *scale = room, *normal, *distance;
    uint32_t last = 0;
    hone_rc rc = HONE_OK;
    if (!room || !niche || !keep) {
        rc = hone_fail(err, HONE_ENOMEM, "", "out of memory for a population of %llu", (unsigned long long)p->n);
        goto out;
    }
    count = niche + p->n;
    waiting = count + s->n;
    normal = scale + m;
    distance = normal + m;
    find_scale(s, p, scale, distance + p->n);
    for (uint64_t i = 0; i < p->n; i++) {
        for (uint32_t k = 0; k < m; k++)
            normal[k] = (p->values[i * m + k] - s->ideal[k]) / scale[k];
        niche[i] = nearest(s, normal, distance + i);
    }
    for (uint64_t n = 1; kept < size && n; last++) { /* whole fronts */
        n = 0;
        for (uint64_t i = 0; i < p->n; i++)
            n += p->rank[i] == last;
        if (kept + n > size)
            break;
        for (uint64_t i = 0; i < p->n; i++)
            if (p->rank[i] == last) {
                keep[i] = 1;
                count[niche[i]]++;
            }
        kept += n;
    }
    if (kept < size && kept < p->n)
        fill(s, p, last, size - kept, niche, distance, count, waiting, keep, rng);
    for (uint64_t i = 0; i < p->n; i++)
        p->preference[i] = -(double)count[niche[i]];
    population_keep(p, keep);
out:
    free(room);
    free(niche);
    free(keep);
    return rc;
}
