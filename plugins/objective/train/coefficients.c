/* SPDX-License-Identifier: MIT */
/* The coefficients of a training that have derivatives, and vectors as long as its weights. */
#include "hypergradient.h"

#include <stdlib.h>
#include <string.h>

static hone_rc out_of_memory(hone_error *err)
{
    return hone_fail(err, HONE_ENOMEM, "hypergradient", "out of memory for the derivatives of a training");
}

static const hone_param *param_of(const hone_component *component, const char *key)
{
    for (uint32_t i = 0; i < component->n_params; i++) {
        const hone_param *p = (const hone_param *)(const void *)((const char *)component->params +
                                                                 (size_t)component->param_size * i);
        if (!strcmp(p->key, key))
            return p;
    }
    return NULL;
}

/* ---- the list ---- */
static hone_rc add_coefficient(struct hyper *h, uint32_t source, uint32_t index, hone_error *err)
{
    const struct member *m = h->sources[source].member;
    const hone_coefficient *k = h->sources[source].hyper.coefficients[index];
    const hone_param *p = param_of(m->component, k->key);
    struct coefficient *items = realloc(h->items, (h->n + 1) * sizeof *items);
    if (!items)
        return out_of_memory(err);
    h->items = items;
    if (!p || p->type != HONE_T_REAL)
        return hone_fail(err, HONE_EINVAL, "hypergradient", "[%.60s] %.60s has a derivative for %.60s, which is no key",
                         m->name, m->component->name, k->key);
    struct coefficient *c = &items[h->n];
    *c = (struct coefficient){
        .source = source, .index = index, .acts = k->acts, .param = p, .derivative = (double)NAN
    };
    c->mirrors = k->size >= offsetof(hone_coefficient, mirrors) + sizeof k->mirrors && k->mirrors;
    if (k->size >= offsetof(hone_coefficient, step) + sizeof k->step)
        c->step = k->step;
    const size_t length = strlen(m->name) + strlen(k->key) + 2, more = length + sizeof HONE_TUNED_NAME;
    if (!(c->key = malloc(length + more)))
        return out_of_memory(err);
    c->tuned_name = c->key + length;
    snprintf(c->key, length, "%s.%s", m->name, k->key);
    snprintf(c->tuned_name, more, HONE_TUNED_NAME, c->key);
    h->n++;
    return HONE_OK;
}

/* A minimum does not move with the way to it: implicit derivatives are of what adds to the gradient. */
static int has_derivative(const struct settings *settings, uint32_t acts)
{
    return acts == HONE_HYPER_UPDATE
               ? settings->hypergradient == HYPERGRADIENT_UNROLLED
               : acts == HONE_HYPER_GRADIENT || acts == HONE_HYPER_DECAY || acts == HONE_HYPER_LOSS;
}

static hone_rc add_source(struct hyper *h, const struct member *m, const struct settings *settings, hone_error *err)
{
    const hone_hyper_v1 *hyper = HONE_HYPER_OF(m->component);
    if (!hyper || hyper->size < offsetof(hone_hyper_v1, changed))
        return HONE_OK;
    struct source *sources = realloc(h->sources, (h->n_sources + 1) * sizeof *sources);
    if (!sources)
        return out_of_memory(err);
    h->sources = sources;
    struct source *s = &sources[h->n_sources++];
    memset(s, 0, sizeof *s);
    s->member = m;
    memcpy(&s->hyper, hyper, hyper->size < sizeof s->hyper ? hyper->size : sizeof s->hyper);
    for (uint32_t i = 0; i < hyper->n; i++)
        if (has_derivative(settings, hyper->coefficients[i]->acts)) {
            const hone_rc rc = add_coefficient(h, h->n_sources - 1, i, err);
            if (rc != HONE_OK)
                return rc;
        }
    return HONE_OK;
}

hone_rc hyper_list(struct hyper *h, const struct crew *crew, const struct settings *settings, hone_error *err)
{
    const uint32_t n = crew->n[PART_REGULARIZER];
    hone_rc rc = HONE_OK;
    memset(h, 0, sizeof *h);
    if (settings->hypergradient == HYPERGRADIENT_NONE)
        return HONE_OK;
    for (uint32_t i = 0; i < n && rc == HONE_OK; i++)
        rc = add_source(h, &crew->members[PART_REGULARIZER][i], settings, err);
    const uint32_t before = h->n_sources;
    if (rc == HONE_OK)
        rc = add_source(h, &crew->members[PART_OPTIMIZER][0], settings, err);
    if (h->n_sources > before)
        h->optimizer = &h->sources[before];
    return rc;
}

int hyper_tunes(const struct settings *settings, const char *key)
{
    for (uint64_t i = 0; i < settings->hypergradient_tunes.n; i++)
        if (hone_nn_site_matches(settings->hypergradient_tunes.values[i], key))
            return settings->hypergradient != HYPERGRADIENT_NONE;
    return 0;
}

void hyper_release(struct hyper *h)
{
    for (uint32_t i = 0; i < h->n; i++)
        free(h->items[i].key);
    free(h->items);
    free(h->sources);
    free(h->vectors);
    free(h->pointers);
    free(h->statistics);
    free(h->order);
    for (int i = 0; i < 2; i++)
        hone_net_destroy(h->validate[i]);
    memset(h, 0, sizeof *h);
}

void hyper_free(struct hyper *h)
{
    if (h)
        hyper_release(h);
    free(h);
}

double *hyper_value(const struct hyper *h, const struct coefficient *c)
{
    const struct source *s = &h->sources[c->source];
    return s->hyper.value(s->member->self, c->index);
}

void hyper_set(const struct hyper *h, const struct coefficient *c, double value)
{
    const struct source *s = &h->sources[c->source];
    *s->hyper.value(s->member->self, c->index) = value;
    if (s->hyper.changed)
        s->hyper.changed(s->member->self, c->index);
}

double coefficient_clip(const hone_param *p, double v)
{
    const double margin = isfinite(p->max - p->min) ? 1e-6 * (p->max - p->min) : 1e-12;
    const double low = p->flags & HONE_P_LO_OPEN ? p->min + margin : p->min;
    const double high = p->flags & HONE_P_HI_OPEN ? p->max - margin : p->max;
    return v < low ? low : v > high ? high : v;
}

void coefficient_ends(const struct coefficient *c, double at, double ends[2])
{
    const double width = isfinite(c->param->max) && c->param->max - c->param->min <= 1 ? c->param->max - c->param->min
                                                                                       : 1;
    const double h = fmax(c->step, at > 0 ? fmax(0.05 * at, 1e-3 * width) : 1e-2 * width);
    ends[0] = coefficient_clip(c->param, at - h);
    ends[1] = coefficient_clip(c->param, at + h);
}

/* ---- of a trial ---- */
static int is_searched(const hone_trial *trial, const char *key)
{
    for (uint32_t i = 0; i < trial->n_settings; i++)
        if (!strcmp(trial->settings[i].key, key))
            return 1;
    return 0;
}

/* Marks what is wanted and drops the rest; refuses to have nothing to do, and what cannot be done. */
static hone_rc choose(struct training *t, struct hyper *h, hone_error *err)
{
    const int unrolled = t->settings->hypergradient == HYPERGRADIENT_UNROLLED;
    const hone_strings *patterns = &t->settings->hypergradient_tunes;
    const struct member *optimizer = &t->crew.members[PART_OPTIMIZER][0];
    uint32_t kept = 0;
    for (uint64_t k = 0; k < patterns->n; k++) {
        int matched = 0;
        for (uint32_t i = 0; i < h->n; i++)
            if (hone_nn_site_matches(patterns->values[k], h->items[i].key))
                matched = h->items[i].tuned = 1;
        if (!matched)
            return hone_fail(err, HONE_EINVAL, "hypergradient_tunes",
                             "hypergradient_tunes = %.80s matches no coefficient that has a derivative (the first is "
                             "%.80s)",
                             patterns->values[k], h->n ? h->items[0].key : "none at all");
    }
    for (uint32_t i = 0; i < h->n; i++) {
        struct coefficient c = h->items[i];
        c.searched = is_searched(t->trial, c.key);
        h->n_tuned += (uint32_t)c.tuned;
        if (c.searched || c.tuned)
            h->items[kept++] = c;
        else
            free(c.key);
    }
    h->n = kept;
    if (!h->n_tuned && is_searched(t->trial, "objective.hypergradient_rate"))
        return hone_fail(err, HONE_EINVAL, "hypergradient_tunes",
                         "hypergradient_rate is searched, but there is nothing that it moves: name coefficients in "
                         "hypergradient_tunes");
    for (uint32_t i = 0; i < h->n; i++)
        if ((unrolled || h->items[i].tuned ? h->items[i].acts != HONE_HYPER_UPDATE
                                           : h->items[i].acts == HONE_HYPER_DECAY) &&
            (!h->optimizer || !h->optimizer->hyper.gain))
            return hone_fail(err, HONE_ENOTSUP, "hypergradient",
                             "the derivative with respect to %.80s needs an optimizer that says how it answers a "
                             "gradient, which %.60s does not: use sgd, adam or adamw",
                             h->items[i].key, optimizer->component->name);
    return HONE_OK;
}

static hone_rc compile(struct training *t, struct hyper *h, hone_error *err)
{
    struct network *n = &t->network;
    const uint64_t full = (uint64_t)hone_net_batch(n->nets[NET_FULL]);
    const uint64_t batch = full < t->validation.n ? full : t->validation.n, rest = t->validation.n % batch;
    hone_rc rc = hone_nn_compile_evaluation(n->graph, n->loss, n->output, (int64_t)batch, &h->validate[0], err);
    if (rc == HONE_OK && rest && t->settings->hypergradient == HYPERGRADIENT_IMPLICIT)
        rc = hone_nn_compile_evaluation(n->graph, n->loss, n->output, (int64_t)rest, &h->validate[1], err);
    if (rc == HONE_OK && hone_nn_precision(n->graph) != HONE_FLOAT32)
        return hone_fail(err, HONE_ENOTSUP, "precision",
                         "hypergradient takes differences of gradients, for which bfloat16 is too coarse: set "
                         "precision = float32");
    return rc;
}

/* At 0 a regularizer adds no layer, and what is not there has no derivative, so that a rate that came to 0 would stay there: the
 * network is built with a little of it, and 0 comes back before it is trained. */
static const double LITTLE = 1e-3;

static void wake(struct hyper *h, int up)
{
    for (uint32_t i = 0; i < h->n; i++) {
        struct coefficient *c = &h->items[i];
        if (up)
            c->is_woken = c->acts == HONE_HYPER_LOSS && h->sources[c->source].hyper.changed &&
                          !(*hyper_value(h, c) > 0);
        if (c->is_woken)
            hyper_set(h, c, up ? coefficient_clip(c->param, LITTLE) : 0);
    }
}

hone_rc hyper_create(struct training *t, hone_error *err)
{
    if (t->settings->hypergradient == HYPERGRADIENT_NONE || !t->validation.n)
        return HONE_OK;
    struct hyper *h = t->hyper = calloc(1, sizeof *h);
    if (!h)
        return out_of_memory(err);
    hone_rc rc = hyper_list(h, &t->crew, t->settings, err);
    if (rc == HONE_OK && h->n > HYPER_MOST)
        return hone_fail(err, HONE_ERANGE, "hypergradient", "more than %d coefficients have derivatives", HYPER_MOST);
    if (rc == HONE_OK)
        rc = choose(t, h, err);
    if (rc == HONE_OK)
        wake(h, 1);
    return rc;
}

hone_rc hyper_prepare(struct training *t, hone_error *err)
{
    const struct network *n = &t->network;
    struct hyper *h = t->hyper;
    uint64_t statistics = 1;
    if (!h || !h->n)
        return HONE_OK;
    wake(h, 0);
    for (uint32_t i = 0; i < n->n_parameters; i++)
        h->length += n->parameters[i]->length;
    for (uint32_t i = 0; i < n->n_buffers; i++)
        statistics += n->buffers[i]->length;
    h->vectors = malloc((size_t)h->length * VECTORS * sizeof *h->vectors);
    h->pointers = malloc((n->n_parameters + 1) * sizeof *h->pointers);
    h->statistics = malloc(statistics * sizeof *h->statistics);
    h->order = malloc(t->validation.n * sizeof *h->order);
    if (!h->vectors || !h->pointers || !h->statistics || !h->order)
        return out_of_memory(err);
    return compile(t, h, err);
}

/* ---- vectors ---- */
float *const *hyper_pieces(const struct training *t, float *vector)
{
    for (uint32_t i = 0; i < t->network.n_parameters; vector += t->network.parameters[i++]->length)
        t->hyper->pointers[i] = vector;
    return t->hyper->pointers;
}

void hyper_get_weights(const struct training *t, float *vector)
{
    for (uint32_t i = 0; i < t->network.n_parameters; vector += t->network.parameters[i++]->length)
        memcpy(vector, t->network.parameters[i]->value, t->network.parameters[i]->length * sizeof *vector);
}

void hyper_set_weights(const struct training *t, const float *vector)
{
    for (uint32_t i = 0; i < t->network.n_parameters; vector += t->network.parameters[i++]->length)
        memcpy(t->network.parameters[i]->value, vector, t->network.parameters[i]->length * sizeof *vector);
}

void hyper_get_gradients(const struct training *t, float *vector)
{
    for (uint32_t i = 0; i < t->network.n_parameters; vector += t->network.parameters[i++]->length)
        memcpy(vector, t->network.parameters[i]->gradient, t->network.parameters[i]->length * sizeof *vector);
}

void hyper_set_gradients(const struct training *t, const float *vector)
{
    for (uint32_t i = 0; i < t->network.n_parameters; vector += t->network.parameters[i++]->length)
        memcpy(t->network.parameters[i]->gradient, vector, t->network.parameters[i]->length * sizeof *vector);
}

hone_rc hyper_vjp(const struct training *t, const struct source *s, float *vector, const hone_update *now, double *out,
                  hone_error *err)
{
    entering(t->trial, s->member->name);
    const hone_rc rc = s->hyper.vjp(s->member->self, t->network.parameters, t->network.n_parameters,
                                    (const float *const *)hyper_pieces(t, vector), now, out, err);
    entering(t->trial, NULL);
    return member_failed(s->member, rc, err);
}
