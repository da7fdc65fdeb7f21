/* SPDX-License-Identifier: MIT */
/* Cases for the extension "hone.hyper/1" of regularizers and optimizers: coefficients that are what the table says, and
 * derivatives that differences of the hooks confirm. */
#include "hone/hyper.h"
#include "hone/regularizer.h"
#include "parameters.h"

static const uint64_t lengths[] = { 64, 17, 12, 3 };
enum { LENGTHS = 4, TOTAL = 96, MAX_COEFFICIENTS = 32 };

struct subject {
    struct instance in;
    struct parameters *all;
    hone_hyper_v1 hyper;
    float vector[TOTAL], w[TOTAL], g[TOTAL];
    const float *vectors[LENGTHS];
};

/* What a component may leave out is NULL here, whatever its size. */
static int open_subject(struct check *c, struct subject *s, uint32_t n_states)
{
    static struct parameters all;
    const hone_hyper_v1 *hyper = HONE_HYPER_OF(c->component);
    if (!hyper)
        return check_skip(c, "has no derivatives (\"" HONE_EXT_HYPER "\")");
    if (hyper->size < offsetof(hone_hyper_v1, changed))
        return check_fail(c, "its size is %u: too small for what every such extension has", hyper->size);
    memset(&s->hyper, 0, sizeof s->hyper);
    memcpy(&s->hyper, hyper, hyper->size < sizeof s->hyper ? hyper->size : sizeof s->hyper);
    if (!s->hyper.n || s->hyper.n > MAX_COEFFICIENTS || !s->hyper.coefficients || !s->hyper.value)
        return check_fail(c, "it has %u coefficients%s", s->hyper.n, s->hyper.value ? "" : " and no value()");
    TRY(instance_create(c, &s->in, c->options->seed));
    s->all = &all;
    parameters_make(&all, lengths, LENGTHS, n_states);
    fill_normal(&c->rng, s->vector, TOTAL, 1);
    for (uint64_t i = 0, at = 0; i < LENGTHS; at += lengths[i++])
        s->vectors[i] = s->vector + at;
    for (uint64_t i = 0; i < TOTAL; i++) {
        const double v = hone_rng_normal(&c->rng);
        s->w[i] = (float)(v + (v < 0 ? -0.3 : 0.3)); /* no kink of |w| near */
        s->g[i] = (float)hone_rng_normal(&c->rng);
    }
    return 0;
}

static void reset(const struct subject *s)
{
    for (uint64_t i = 0; i < TOTAL; i++) {
        *parameters_at(s->all, i, 0) = s->w[i];
        *parameters_at(s->all, i, 1) = s->g[i];
    }
}

/* What a hook adds alone keeps its digits. */
static void clear_gradients(const struct subject *s)
{
    for (uint64_t i = 0; i < TOTAL; i++)
        *parameters_at(s->all, i, 1) = 0;
}

static double along(const struct subject *s, int gradient)
{
    double sum = 0;
    for (uint64_t i = 0; i < TOTAL; i++)
        sum += (double)*parameters_at(s->all, i, gradient) * (double)s->vector[i];
    return sum;
}

static const hone_param *param_of(const struct check *c, const char *key)
{
    for (uint32_t i = 0; i < c->component->n_params; i++) {
        const hone_param *p = hone_param_at(c->component->params, c->component->param_size, i);
        if (!strcmp(p->key, key))
            return p;
    }
    return NULL;
}

/* A value well inside the key's range, not far from `now`, and a step to either side of it. */
static double inside(const hone_param *p, double now, double *h)
{
    double v = now > 0 ? now : 0.1;
    if (isfinite(p->max) && v > p->min + 0.9 * (p->max - p->min))
        v = p->min + 0.9 * (p->max - p->min);
    *h = 0.05 * v;
    return v;
}

static void set_value(struct subject *s, uint32_t i, double v)
{
    *s->hyper.value(s->in.self, i) = v;
    if (s->hyper.changed)
        s->hyper.changed(s->in.self, i);
}

static int call_vjp(struct subject *s, const hone_update *now, double *out)
{
    struct check *c = s->in.c;
    hone_rc rc;
    for (uint32_t i = 0; i < s->hyper.n; i++)
        out[i] = 12345;
    CALL(c, "vjp", rc = s->hyper.vjp(s->in.self, s->all->pointers, s->all->n, s->vectors, now, out, &s->in.err));
    TRY(check_error(c, "vjp", rc, &s->in.err));
    TRY(parameters_guarded(c, s->all, 0, "vjp"));
    return rc >= 0 ? 0 : check_fail(c, "vjp failed: %s", s->in.err.msg);
}

static int same(struct check *c, const char *key, const char *what, double told, double found, double tolerance,
                double size)
{
    if (fabs(told - found) <= tolerance * fabs(found) + 1e-4 * size)
        return 0;
    return check_fail(c, "%s: %s says %.6g, differences %.6g", key, what, told, found);
}

/* ---- the coefficients ---- */
enum { LEAST = offsetof(hone_coefficient, mirrors) }; /* what every coefficient has */

static int case_coefficients(struct check *c)
{
    static struct subject s;
    TRY(open_subject(c, &s, 0));
    const int optimizer = !strcmp(c->component->kind, HONE_KIND_OPTIMIZER);
    int decays = 0;
    for (uint32_t i = 0; i < s.hyper.n; i++) {
        const hone_coefficient *k = s.hyper.coefficients[i];
        const hone_param *p = k && k->size >= LEAST && k->key ? param_of(c, k->key) : NULL;
        double set = 0, *value = NULL;
        if (!p || p->type != HONE_T_REAL)
            return check_fail(c, "coefficient %u is '%s', which is no real number of its table", i,
                              k && k->size >= LEAST && k->key ? k->key : "(null)");
        if (k->acts < HONE_HYPER_GRADIENT || k->acts > HONE_HYPER_UPDATE ||
            (k->acts == HONE_HYPER_UPDATE) > optimizer || (optimizer && k->acts < HONE_HYPER_DECAY))
            return check_fail(c, "%s: acts = %u makes no sense for a component of %s", k->key, k->acts,
                              c->component->kind);
        decays |= k->acts == HONE_HYPER_DECAY;
        CALL(c, "value", value = s.hyper.value(s.in.self, i));
        if (!value)
            return check_fail(c, "%s: value() is NULL", k->key);
        memcpy(&set, (const char *)s.in.config + p->offset, sizeof set);
        if (*value != set)
            return check_fail(c, "%s: the number at value() is %.17g, the setting %.17g", k->key, *value, set);
        for (uint32_t j = 0; j < i; j++)
            if (s.hyper.value(s.in.self, j) == value)
                return check_fail(c, "%s and %s have the same place", s.hyper.coefficients[j]->key, k->key);
    }
    if (decays && !s.hyper.decay)
        return check_fail(c, "has a coefficient of decay, but no decay()");
    if (optimizer != (s.hyper.gain != NULL))
        return check_fail(c, optimizer ? "an optimizer without gain()" : "gain() is for optimizers");
    check_note(c, "%u coefficient%s", s.hyper.n, s.hyper.n > 1 ? "s" : "");
    return instance_destroy(&s.in);
}

/* ---- regularizers ---- */
static int case_penalties(struct check *c)
{
    static struct subject s;
    const hone_update now = { sizeof now, 0, 5, 1 };
    hone_regularizer_v1 regularizer;
    double told[MAX_COEFFICIENTS];
    unsigned compared = 0;
    hone_rc rc = HONE_OK;
    TRY(open_subject(c, &s, 0));
    TRY(check_iface(c, &regularizer, sizeof regularizer));
    for (uint32_t i = 0; i < s.hyper.n; i++) {
        const hone_coefficient *k = s.hyper.coefficients[i];
        const hone_param *p = param_of(c, k->key);
        double h, size = 0, side[2];
        if (k->acts != HONE_HYPER_GRADIENT && k->acts != HONE_HYPER_DECAY)
            continue;
        if (k->acts == HONE_HYPER_GRADIENT && !regularizer.on_gradients)
            return check_fail(c, "%s acts on gradients, but there is no on_gradients", k->key);
        const double at = inside(p, *s.hyper.value(s.in.self, i), &h);
        for (int up = 0; up < 2; up++) {
            reset(&s);
            clear_gradients(&s);
            set_value(&s, i, up ? at + h : at - h);
            if (k->acts == HONE_HYPER_GRADIENT)
                CALL(c, "on_gradients", rc = regularizer.on_gradients(s.in.self, s.all->pointers, s.all->n, &s.in.err));
            else
                CALL(c, "decay", rc = s.hyper.decay(s.in.self, s.all->pointers, s.all->n, &s.in.err));
            if (rc < 0)
                return check_fail(c, "%s = %g: a hook failed: %s", k->key, up ? at + h : at - h, s.in.err.msg);
            side[up] = along(&s, 1);
        }
        const double difference = (side[1] - side[0]) / (2 * h);
        for (uint64_t n = 0; n < TOTAL; n++)
            size += fabs((double)s.w[n] * (double)s.vector[n]);
        if (difference == 0)
            return check_fail(c, "%s: nothing changes when the host writes another value", k->key);
        set_value(&s, i, at);
        reset(&s);
        compared++;
        if (!s.hyper.vjp)
            continue;
        TRY(call_vjp(&s, &now, told));
        TRY(same(c, k->key, "vjp", told[i], difference, 1e-3, size));
    }
    if (!compared)
        return check_skip(c, "no coefficient of a penalty or a decay");
    return instance_destroy(&s.in);
}

/* What decay says is taken away is what after_update takes away. */
static int case_decay(struct check *c)
{
    static struct subject s;
    const hone_decay now = { sizeof now, 0, 0.05, 3 };
    hone_regularizer_v1 regularizer;
    hone_rc rc = HONE_OK;
    TRY(open_subject(c, &s, 0));
    if (!s.hyper.decay)
        return check_skip(c, "no coefficient of a decay");
    TRY(check_iface(c, &regularizer, sizeof regularizer));
    if (!regularizer.after_update)
        return check_fail(c, "has a decay, but no after_update");
    reset(&s);
    clear_gradients(&s);
    CALL(c, "decay", rc = s.hyper.decay(s.in.self, s.all->pointers, s.all->n, &s.in.err));
    if (rc >= 0)
        CALL(c, "after_update", rc = regularizer.after_update(s.in.self, s.all->pointers, s.all->n, &now, &s.in.err));
    if (rc < 0)
        return check_fail(c, "decay or after_update failed: %s", s.in.err.msg);
    for (uint64_t i = 0; i < TOTAL; i++) {
        const double said = (double)*parameters_at(s.all, i, 1);
        const double taken = ((double)s.w[i] - (double)*parameters_at(s.all, i, 0)) / now.rate;
        if (fabs(said - taken) > 1e-3 * fabs(taken) + 1e-5 * (1 + fabs((double)s.w[i])))
            return check_fail(c, "decay says that %.6g a unit of rate is taken from %.6g, after_update takes %.6g",
                              said, (double)s.w[i], taken);
    }
    return instance_destroy(&s.in);
}

/* ---- optimizers ---- */
enum { MOST_STATES = HONE_MAX_STATES, WARM = 5 };
static void copy_states(const struct parameters *all, uint32_t n_states, float *store, int back)
{
    for (uint32_t i = 0; i < all->n; i++)
        for (uint32_t k = 0; k < n_states; k++) {
            float *state = all->list[i].state[k];
            const size_t bytes = (size_t)all->list[i].length * sizeof *state;
            memcpy(back ? state : store, back ? store : state, bytes);
            store += all->list[i].length;
        }
}

static int update(struct subject *s, const hone_optimizer_v1 *optimizer, uint64_t step, double factor)
{
    struct check *c = s->in.c;
    const hone_update now = { sizeof now, 0, step, factor };
    hone_rc rc;
    CALL(c, "update", rc = optimizer->update(s->in.self, s->all->pointers, s->all->n, &now, &s->in.err));
    return rc == HONE_OK ? 0 : check_fail(c, "update failed: %s", s->in.err.msg);
}

static int case_update(struct check *c)
{
    static struct subject s;
    static float states[MOST_STATES * TOTAL];
    const double factor = 0.5;
    const hone_update now = { sizeof now, 0, WARM + 1, factor };
    hone_optimizer_v1 optimizer;
    double told[MAX_COEFFICIENTS];
    unsigned compared = 0;
    TRY(check_iface(c, &optimizer, sizeof optimizer));
    TRY(open_subject(c, &s, optimizer.n_states));
    if (!s.hyper.vjp)
        return check_skip(c, "no vjp");
    for (uint64_t step = 1; step <= WARM; step++) { /* states of a training under way */
        reset(&s);
        for (uint64_t i = 0; i < TOTAL; i++)
            *parameters_at(s.all, i, 1) += (float)(0.3 * sin((double)(i + step)));
        TRY(update(&s, &optimizer, step, factor));
    }
    copy_states(s.all, optimizer.n_states, states, 0);
    for (uint32_t i = 0; i < s.hyper.n; i++) {
        const hone_coefficient *k = s.hyper.coefficients[i];
        const double at = *s.hyper.value(s.in.self, i), rate = optimizer.learning_rate(s.in.self) * factor;
        double side[2], size = 0, ends[2] = { 0.9 * at, fmin(1.1 * at, (at + param_of(c, k->key)->max) / 2) };
        if (k->acts == HONE_HYPER_UPDATE && at <= 0)
            continue;                      /* the step does not have that part */
        if (k->acts == HONE_HYPER_DECAY) { /* linear, and small beside the weights: far ends keep the digits */
            ends[0] = 0;
            ends[1] = fmin(0.1 / rate, param_of(c, k->key)->max);
        }
        for (int up = 0; up < 2; up++) {
            reset(&s);
            copy_states(s.all, optimizer.n_states, states, 1);
            set_value(&s, i, ends[up]);
            TRY(update(&s, &optimizer, WARM + 1, factor));
            side[up] = along(&s, 0);
        }
        for (uint64_t n = 0; n < TOTAL; n++)
            size += fabs(((double)*parameters_at(s.all, n, 0) - (double)s.w[n]) * (double)s.vector[n]);
        double difference = (side[1] - side[0]) / (ends[1] - ends[0]);
        set_value(&s, i, at);
        reset(&s);
        copy_states(s.all, optimizer.n_states, states, 1);
        TRY(update(&s, &optimizer, WARM + 1, factor));
        for (uint64_t n = 0; n < TOTAL && k->acts == HONE_HYPER_DECAY; n++)
            *parameters_at(s.all, n, 0) = s.w[n]; /* what it decayed */
        TRY(call_vjp(&s, &now, told));
        if (k->acts == HONE_HYPER_DECAY) {
            difference /= -rate;
            size /= rate;
        }
        TRY(same(c, k->key, "vjp", told[i], difference, 1e-2, size));
        compared++;
    }
    check_note(c, "%u compared", compared);
    return instance_destroy(&s.in);
}

/* A gradient that stays: after many steps each is -rate * P * gradient. */
static int case_gain(struct check *c)
{
    enum { STEPS = 4000 };
    static struct subject s;
    static float gained[TOTAL], before[TOTAL];
    float *vectors[LENGTHS];
    const double factor = 1e-3;
    const hone_update now = { sizeof now, 0, STEPS, factor };
    hone_optimizer_v1 optimizer;
    hone_rc rc;
    TRY(check_iface(c, &optimizer, sizeof optimizer));
    TRY(open_subject(c, &s, optimizer.n_states));
    if (!s.hyper.gain)
        return check_fail(c, "an optimizer without gain()");
    for (uint32_t i = 0; i < s.hyper.n; i++)
        if (s.hyper.coefficients[i]->acts == HONE_HYPER_DECAY)
            set_value(&s, i, 0);
    for (uint64_t step = 1; step <= STEPS; step++) {
        for (uint64_t i = 0; i < TOTAL; i++) /* near 0, where differences keep their digits */
            *parameters_at(s.all, i, 0) = 0;
        for (uint64_t i = 0; i < TOTAL; i++)
            *parameters_at(s.all, i, 1) = s.g[i];
        for (uint64_t i = 0; i < TOTAL; i++)
            before[i] = *parameters_at(s.all, i, 0);
        TRY(update(&s, &optimizer, step, factor));
    }
    memcpy(gained, s.g, sizeof gained);
    for (uint64_t i = 0, at = 0; i < LENGTHS; at += lengths[i++])
        vectors[i] = gained + at;
    CALL(c, "gain", rc = s.hyper.gain(s.in.self, s.all->pointers, s.all->n, &now, vectors, &s.in.err));
    if (rc < 0)
        return check_fail(c, "gain failed: %s", s.in.err.msg);
    const double rate = optimizer.learning_rate(s.in.self) * factor;
    for (uint64_t i = 0; i < TOTAL; i++) {
        const double step = (double)*parameters_at(s.all, i, 0) - (double)before[i], said = -rate * (double)gained[i];
        if (fabs(step - said) > 0.02 * fabs(step))
            return check_fail(c, "gain says that a steady gradient of %g makes steps of %.6g, they are %.6g",
                              (double)s.g[i], said, step);
    }
    return instance_destroy(&s.in);
}

const struct check_case hyper_cases[] = {
    { "hyper_coefficients", HONE_KIND_REGULARIZER, "coefficients with derivatives are those of the table",
      case_coefficients },
    { "hyper_penalties", HONE_KIND_REGULARIZER, "their derivatives against differences of the hooks", case_penalties },
    { "hyper_decay", HONE_KIND_REGULARIZER, "decay says what after_update does", case_decay },
    { "hyper_coefficients", HONE_KIND_OPTIMIZER, "coefficients with derivatives are those of the table",
      case_coefficients },
    { "hyper_update", HONE_KIND_OPTIMIZER, "derivatives of an update against differences", case_update },
    { "hyper_gain", HONE_KIND_OPTIMIZER, "gain says how steps answer a steady gradient", case_gain },
    { NULL, NULL, NULL, NULL },
};
