/* SPDX-License-Identifier: MIT */
/* Cases for regularizer/1: each hook alone, on invented parameters and batches. Those that need a network are in
 * regularizer_network.c. */
#include "parameters.h"
#include "tasks.h"

static int get(struct check *c, hone_regularizer_v1 *regularizer, struct instance *in)
{
    TRY(check_iface(c, regularizer, sizeof *regularizer));
    return instance_create(c, in, c->options->seed);
}

/* ---- on_gradients ---- */
static const uint64_t lengths[] = { 32, 5, 12, 3 };
enum { LENGTHS = 4, TOTAL = 52 };

static void random_values(struct check *c, const struct parameters *all, int gradients)
{
    for (uint64_t i = 0; i < TOTAL; i++) {
        const double v = hone_rng_normal(&c->rng);
        *parameters_at(all, i, 0) = (float)(v + (v < 0 ? -0.3 : 0.3)); /* no kink of |w| near */
        *parameters_at(all, i, 1) = gradients ? (float)hone_rng_normal(&c->rng) : 0;
    }
}

static int hook_gradients(struct instance *in, const hone_regularizer_v1 *regularizer, const struct parameters *all)
{
    struct check *c = in->c;
    hone_rc rc;
    CALL(c, "on_gradients", rc = regularizer->on_gradients(in->self, all->pointers, all->n, &in->err));
    TRY(check_error(c, "on_gradients", rc, &in->err));
    TRY(parameters_guarded(c, all, 0, "on_gradients"));
    return rc >= 0 ? 0 : check_fail(c, "on_gradients failed: %s", in->err.msg);
}

/* What the hook adds to gradients of the given start, at the values now: (TOTAL). */
static int added(struct instance *in, const hone_regularizer_v1 *regularizer, const struct parameters *all,
                 const float *gradients, double *out)
{
    for (uint64_t i = 0; i < TOTAL; i++)
        *parameters_at(all, i, 1) = gradients ? gradients[i] : 0;
    TRY(hook_gradients(in, regularizer, all));
    for (uint64_t i = 0; i < TOTAL; i++) {
        out[i] = (double)*parameters_at(all, i, 1) - (gradients ? (double)gradients[i] : 0);
        if (!isfinite(out[i]))
            return check_fail(in->c, "on_gradients writes %g", out[i]);
    }
    return 0;
}

/* (a(w + h v) - a(w - h v)) / 2h: the derivative of what is added, along v. */
static int derivative(struct instance *in, const hone_regularizer_v1 *regularizer, const struct parameters *all,
                      const float *w, const float *v, double *out)
{
    const double h = 0.02;
    double up[TOTAL], down[TOTAL];
    for (int side = 0; side < 2; side++) {
        for (uint64_t i = 0; i < TOTAL; i++)
            *parameters_at(all, i, 0) = (float)((double)w[i] + (side ? -h : h) * (double)v[i]);
        TRY(added(in, regularizer, all, NULL, side ? down : up));
    }
    for (uint64_t i = 0; i < TOTAL; i++) {
        out[i] = (up[i] - down[i]) / (2 * h);
        *parameters_at(all, i, 0) = w[i];
    }
    return 0;
}

/* What is added regardless of the gradients is the gradient of a penalty, so its Jacobian J is symmetric: u'Jv = v'Ju for
 * all u and v. A sum that lands at the wrong index, a stale copy or a wrong layout breaks that. */
static int case_penalty(struct check *c)
{
    static struct parameters all;
    float w[TOTAL], g[TOTAL], u[TOTAL], v[TOTAL];
    double alone[TOTAL], with[TOTAL], ju[TOTAL], jv[TOTAL], size = 0, uv, vu, scale;
    hone_regularizer_v1 regularizer;
    struct instance in;
    TRY(get(c, &regularizer, &in));
    if (!regularizer.on_gradients)
        return check_skip(c, "no on_gradients");
    parameters_make(&all, lengths, LENGTHS, 0);
    random_values(c, &all, 1);
    for (uint64_t i = 0; i < TOTAL; i++) {
        w[i] = *parameters_at(&all, i, 0);
        g[i] = *parameters_at(&all, i, 1);
    }
    TRY(added(&in, &regularizer, &all, NULL, alone));
    TRY(added(&in, &regularizer, &all, g, with));
    for (uint64_t i = 0; i < TOTAL; i++) {
        if (memcmp(&w[i], parameters_at(&all, i, 0), sizeof *w) != 0)
            return check_fail(c, "on_gradients changes the values of the parameters, not only their gradients");
        size = fmax(size, fabs(alone[i]));
    }
    for (uint64_t i = 0; i < TOTAL; i++)
        if (fabs(alone[i] - with[i]) > 1e-5 + 1e-4 * size)
            return check_skip(c, "what it adds depends on the gradients: no penalty (clipping, noise)");
    for (unsigned round = 0; round < 4; round++) {
        fill_normal(&c->rng, u, TOTAL, 1);
        fill_normal(&c->rng, v, TOTAL, 1);
        TRY(derivative(&in, &regularizer, &all, w, u, ju));
        TRY(derivative(&in, &regularizer, &all, w, v, jv));
        uv = vu = scale = 0;
        for (uint64_t i = 0; i < TOTAL; i++) {
            uv += (double)u[i] * jv[i];
            vu += (double)v[i] * ju[i];
            scale += fabs((double)u[i] * jv[i]) + fabs((double)v[i] * ju[i]);
        }
        if (fabs(uv - vu) > 1e-2 * scale + 1e-3 * size)
            return check_fail(c,
                              "what on_gradients adds is the gradient of no penalty: the second derivatives are not "
                              "symmetric (%.6g, %.6g)",
                              uv, vu);
    }
    return instance_destroy(&in);
}

/* Every tunable coefficient whose minimum is 0, at 0: the hooks on parameters must leave them alone. */
static int case_neutral(struct check *c)
{
    static struct parameters all;
    const hone_decay now = { sizeof now, 0, 0.1, 1 };
    float before[2][TOTAL];
    char keys[256] = "";
    hone_regularizer_v1 regularizer;
    struct instance in;
    hone_rc rc = HONE_OK;
    TRY(check_iface(c, &regularizer, sizeof regularizer));
    if (!regularizer.on_gradients && !regularizer.after_update)
        return check_skip(c, "no hook on parameters");
    TRY(settings_choose(c, &in, SETTINGS_DEFAULT));
    for (uint32_t i = 0; i < c->component->n_params; i++) {
        const hone_param *p = hone_param_at(c->component->params, c->component->param_size, i);
        if (p->type == HONE_T_REAL && p->flags & HONE_P_TUNABLE && hone_param_allows(p, 0) && p->min >= 0) {
            in.texts[i][0] = '0';
            in.texts[i][1] = '\0';
            snprintf(keys + strlen(keys), sizeof keys - strlen(keys), "%s%s", *keys ? ", " : "", p->key);
        }
    }
    if (!*keys)
        return check_skip(c, "has no coefficient that may be 0");
    TRY(instance_try(c, &in, 1, &rc));
    if (rc < 0)
        return check_skip(c, "0 is refused: %s", in.err.msg);
    parameters_make(&all, lengths, LENGTHS, 0);
    random_values(c, &all, 1);
    for (uint64_t i = 0; i < TOTAL; i++) {
        before[0][i] = *parameters_at(&all, i, 0);
        before[1][i] = *parameters_at(&all, i, 1);
    }
    if (regularizer.on_gradients)
        TRY(hook_gradients(&in, &regularizer, &all));
    if (regularizer.after_update)
        CALL(c, "after_update", rc = regularizer.after_update(in.self, all.pointers, all.n, &now, &in.err));
    if (rc < 0)
        return check_fail(c, "after_update failed: %s", in.err.msg);
    for (uint64_t i = 0; i < TOTAL; i++)
        for (int k = 0; k < 2; k++)
            if (relative_difference((double)before[k][i], (double)*parameters_at(&all, i, k)) > 0)
                return check_fail(c, "changes %s although %s = 0", k ? "gradients" : "values", keys);
    check_note(c, "%s = 0", keys);
    return instance_destroy(&in);
}

static int case_after_update(struct check *c)
{
    static struct parameters all;
    hone_regularizer_v1 regularizer;
    struct instance in;
    hone_rc rc;
    TRY(get(c, &regularizer, &in));
    if (!regularizer.after_update)
        return check_skip(c, "no after_update");
    parameters_make(&all, lengths, LENGTHS, 0);
    for (uint64_t step = 1; step <= 20; step++) {
        const hone_decay now = { sizeof now, 0, 0.05, step };
        random_values(c, &all, 1);
        if (step == 20)
            for (uint64_t i = 0; i < TOTAL; i++) /* a layer of zeros has no direction */
                *parameters_at(&all, i, 0) = 0;
        CALL(c, "after_update", rc = regularizer.after_update(in.self, all.pointers, all.n, &now, &in.err));
        TRY(check_error(c, "after_update", rc, &in.err));
        if (rc < 0)
            return check_fail(c, "after_update failed: %s", in.err.msg);
        for (uint64_t i = 0; i < TOTAL; i++)
            if (!isfinite(*parameters_at(&all, i, 0)))
                return check_fail(c, "after_update makes a value %g", (double)*parameters_at(&all, i, 0));
    }
    TRY(parameters_guarded(c, &all, 0, "after_update"));
    return instance_destroy(&in);
}

/* ---- on_batch, on_targets ---- */
struct made_batch {
    hone_batch batch;
    unsigned char *inputs;
    float *targets;
    size_t bytes, n_targets;
    uint64_t samples[16];
};

static void make_batch(struct made_batch *b, const hone_task *task, uint32_t dtype, uint64_t n)
{
    hone_rng rng = hone_rng_at(99, n);
    const size_t elements = (size_t)hone_shape_elements(task->dims, task->n_dims) * (size_t)n;
    memset(b, 0, sizeof *b);
    b->bytes = elements * hone_dtype_bytes(dtype);
    b->inputs = (unsigned char *)guarded_floats((b->bytes + 3) / 4);
    b->n_targets = (size_t)n * (size_t)task->n_outputs;
    b->targets = guarded_floats(b->n_targets);
    for (size_t i = 0; i < elements; i++) {
        const float v = (float)hone_rng_normal(&rng);
        const unsigned char byte = (unsigned char)hone_rng_below(&rng, 256);
        if (dtype == HONE_U8)
            b->inputs[i] = byte;
        else
            memcpy(b->inputs + 4 * i, &v, 4);
    }
    for (uint64_t i = 0; i < n; i++) {
        b->samples[i] = 1000 - i * 3;
        for (int64_t k = 0; k < task->n_outputs; k++)
            b->targets[i * (uint64_t)task->n_outputs + (uint64_t)k] = task->kind == HONE_TASK_CLASSIFICATION
                                                                          ? (k == (int64_t)(i %
                                                                                            (uint64_t)task->n_outputs)
                                                                                 ? 1.0f
                                                                                 : 0.0f)
                                                                          : (float)hone_rng_normal(&rng);
    }
    b->batch = (hone_batch){ sizeof b->batch, dtype, n, b->inputs, b->targets, b->samples, 1, task };
}

static void drop_batch(struct made_batch *b)
{
    free((float *)(void *)b->inputs - 16);
    free(b->targets - 16);
}

static int sane_targets(struct check *c, const char *call, const float *targets, uint64_t n, const hone_task *task)
{
    const uint64_t k = (uint64_t)task->n_outputs;
    for (uint64_t i = 0; i < n; i++) {
        double sum = 0;
        for (uint64_t j = 0; j < k; j++) {
            const double t = (double)targets[i * k + j];
            if (!isfinite(t) || (task->kind == HONE_TASK_CLASSIFICATION && (t < -1e-6 || t > 1 + 1e-6)))
                return check_fail(c, "%s makes a target %g", call, t);
            sum += t;
        }
        if (task->kind == HONE_TASK_CLASSIFICATION && fabs(sum - 1) > 1e-4)
            return check_fail(c, "after %s the targets of a sample sum to %g, not 1", call, sum);
    }
    return 0;
}

static int call_on_batch(struct instance *in, const hone_regularizer_v1 *regularizer, struct made_batch *b,
                         uint64_t seed)
{
    struct check *c = in->c;
    hone_rc rc;
    CALL(c, "on_batch", rc = regularizer->on_batch(in->self, &b->batch, seed, &in->err));
    TRY(check_error(c, "on_batch", rc, &in->err));
    if (rc < 0)
        return check_fail(c, "on_batch failed for %llu samples: %s", (unsigned long long)b->batch.n, in->err.msg);
    if (!guards_hold((const float *)(const void *)b->inputs, (b->bytes + 3) / 4))
        return check_fail(c, "on_batch writes outside the inputs of %llu samples", (unsigned long long)b->batch.n);
    if (!guards_hold(b->targets, b->n_targets))
        return check_fail(c, "on_batch writes outside the targets of %llu samples", (unsigned long long)b->batch.n);
    return sane_targets(c, "on_batch", b->targets, b->batch.n, b->batch.task);
}

static int batch_on(struct instance *in, const hone_regularizer_v1 *regularizer, const hone_task *task, uint32_t dtype,
                    unsigned *changed)
{
    static const uint64_t sizes[] = { 1, 2, 7, 16 };
    for (size_t k = 0; k < 4; k++) {
        struct made_batch plain, a, b;
        make_batch(&plain, task, dtype, sizes[k]);
        for (uint64_t seed = 0; seed < 8; seed++) {
            make_batch(&a, task, dtype, sizes[k]);
            make_batch(&b, task, dtype, sizes[k]);
            TRY(call_on_batch(in, regularizer, &a, seed));
            TRY(call_on_batch(in, regularizer, &b, seed));
            if (memcmp(a.inputs, b.inputs, a.bytes) != 0 || memcmp(a.targets, b.targets, a.n_targets * 4) != 0)
                return check_fail(in->c, "on_batch with the same seed and the same samples gives other bytes");
            *changed += memcmp(a.inputs, plain.inputs, a.bytes) != 0 ||
                        memcmp(a.targets, plain.targets, a.n_targets * 4) != 0;
            drop_batch(&a);
            drop_batch(&b);
        }
        drop_batch(&plain);
    }
    return 0;
}

static int case_batch(struct check *c)
{
    hone_regularizer_v1 regularizer;
    struct instance in;
    unsigned changed = 0;
    TRY(get(c, &regularizer, &in));
    if (!regularizer.on_batch)
        return check_skip(c, "no on_batch");
    if (regularizer.flags & HONE_REGULARIZER_RAW) {
        TRY(batch_on(&in, &regularizer, &check_tasks[TASK_IMAGE], HONE_U8, &changed));
        TRY(batch_on(&in, &regularizer, &check_tasks[TASK_GREY], HONE_U8, &changed));
    } else {
        TRY(batch_on(&in, &regularizer, &check_tasks[TASK_IMAGE], HONE_F32, &changed));
    }
    if (!(regularizer.flags & HONE_REGULARIZER_IMAGES))
        TRY(batch_on(&in, &regularizer, &check_tasks[TASK_TABLE], HONE_F32, &changed));
    if (!(regularizer.flags & (HONE_REGULARIZER_IMAGES | HONE_REGULARIZER_CLASSIFICATION)))
        TRY(batch_on(&in, &regularizer, &check_tasks[TASK_REGRESSION], HONE_F32, &changed));
    if (!changed)
        check_note(c, "warning: with its defaults it changes nothing");
    return instance_destroy(&in);
}

static int case_targets(struct check *c)
{
    static const uint64_t sizes[] = { 1, 3, 16 };
    const hone_task *task = &check_tasks[TASK_TABLE];
    hone_regularizer_v1 regularizer;
    struct instance in;
    hone_rc rc;
    TRY(get(c, &regularizer, &in));
    if (!regularizer.on_targets)
        return check_skip(c, "no on_targets");
    for (size_t k = 0; k < 3; k++) {
        struct made_batch b;
        make_batch(&b, task, HONE_F32, sizes[k]);
        CALL(c, "on_targets", rc = regularizer.on_targets(in.self, b.targets, sizes[k], task->n_outputs, &in.err));
        TRY(check_error(c, "on_targets", rc, &in.err));
        if (rc < 0)
            return check_fail(c, "on_targets failed: %s", in.err.msg);
        if (!guards_hold(b.targets, b.n_targets))
            return check_fail(c, "on_targets writes outside the targets");
        TRY(sane_targets(c, "on_targets", b.targets, sizes[k], task));
        for (uint64_t i = 0; i < sizes[k]; i++) /* the true class stays the likeliest */
            for (uint64_t j = 0; j < 3; j++)
                if (b.targets[i * 3 + j] > b.targets[i * 3 + i % 3] + 1e-6f)
                    return check_fail(c, "after on_targets another class is likelier than the true one");
        drop_batch(&b);
    }
    return instance_destroy(&in);
}

/* ---- on_epoch, at_end ---- */
struct keeper {
    int kept, restored, wrong;
};

static hone_rc keep(void *ctx, hone_error *err)
{
    (void)err;
    ((struct keeper *)ctx)->kept++;
    return HONE_OK;
}

static hone_rc restore(void *ctx, hone_error *err)
{
    struct keeper *k = (struct keeper *)ctx;
    k->restored++;
    if (!k->kept) {
        k->wrong = 1;
        return hone_fail(err, HONE_EINVAL, NULL, "nothing was kept");
    }
    return HONE_OK;
}

/* trend: 0 falls, 1 rises, 2 is flat, 3 is no number, 4 without validation. *epochs: where it ended the training. */
static int train_with(struct check *c, const hone_regularizer_v1 *regularizer, int trend, uint64_t *epochs)
{
    enum { EPOCHS = 200 };
    struct keeper keeper = { 0, 0, 0 };
    struct instance in;
    hone_rc rc = HONE_OK;
    hone_value values[2] = { { "loss", 0, HONE_MINIMIZE, 0 }, { "accuracy", 0, HONE_MAXIMIZE, 0 } };
    hone_progress now = { sizeof now, 0, 0, EPOCHS, 0, values, trend == 4 ? 0 : 2, 0, &keeper, keep, restore };
    TRY(instance_create(c, &in, 1));
    for (*epochs = 1; *epochs <= EPOCHS && rc != HONE_DONE && regularizer->on_epoch; ++*epochs) {
        const double t = (double)*epochs;
        now.epoch = *epochs;
        now.train_loss = trend == 3 ? (double)NAN : 1 / t;
        values[0].value = trend == 0 ? 1 / t : trend == 1 ? t : trend == 2 ? 1 : (double)NAN;
        values[1].value = trend == 0 ? 1 - 1 / t : trend == 1 ? 1 / t : trend == 2 ? 0.5 : (double)NAN;
        CALL(c, "on_epoch", rc = regularizer->on_epoch(in.self, &now, &in.err));
        TRY(check_error(c, "on_epoch", rc, &in.err));
        if (rc < 0 && trend < 3)
            return check_fail(c, "on_epoch failed: %s", in.err.msg);
        if (rc < 0) /* it may well refuse what is no number, or a training without validation */
            break;
    }
    if (regularizer->at_end)
        CALL(c, "at_end", rc = regularizer->at_end(in.self, &now, &in.err));
    TRY(check_error(c, "at_end", rc, &in.err));
    if (keeper.wrong)
        return check_fail(c, "restores parameters that it never kept");
    return instance_destroy(&in);
}

static int case_epochs(struct check *c)
{
    hone_regularizer_v1 regularizer;
    uint64_t epochs[5];
    TRY(check_iface(c, &regularizer, sizeof regularizer));
    if (!regularizer.on_epoch && !regularizer.at_end)
        return check_skip(c, "no on_epoch or at_end");
    for (int trend = 0; trend < 5; trend++)
        TRY(train_with(c, &regularizer, trend, &epochs[trend]));
    if (epochs[0] < epochs[1])
        return check_fail(c, "ends a training that gets better (epoch %llu) before one that gets worse (epoch %llu)",
                          (unsigned long long)epochs[0] - 1, (unsigned long long)epochs[1] - 1);
    return 0;
}

const struct check_case regularizer_cases[] = {
    { "penalty", HONE_KIND_REGULARIZER, "what on_gradients adds is the gradient of a penalty", case_penalty },
    { "neutral", HONE_KIND_REGULARIZER, "coefficients of 0 change nothing", case_neutral },
    { "after_update", HONE_KIND_REGULARIZER, "values stay finite, nothing else is written", case_after_update },
    { "batch", HONE_KIND_REGULARIZER, "on_batch: same seed same bytes, any batch size, nothing outside", case_batch },
    { "targets", HONE_KIND_REGULARIZER, "on_targets keeps distributions", case_targets },
    { "epochs", HONE_KIND_REGULARIZER, "on_epoch and at_end on good, bad, flat and broken trainings", case_epochs },
    { NULL, NULL, NULL, NULL },
};

/* ---- driver: all hooks on data of the step ---- */
static int start(struct instance *in)
{
    in->drive = calloc(1, 1);
    return 0;
}

static int step(struct instance *in, uint32_t i)
{
    static struct parameters all;
    struct check *c = in->c;
    const uint64_t seed = hone_rng_derive(in->info.seed, i);
    const hone_decay now = { sizeof now, 0, 0.05, i + 1 };
    hone_regularizer_v1 regularizer;
    hone_rc rc;
    TRY(check_iface(c, &regularizer, sizeof regularizer));
    if (!all.n)
        parameters_make(&all, lengths, LENGTHS, 0);
    for (uint64_t k = 0; k < TOTAL; k++) {
        *parameters_at(&all, k, 0) = (float)((k + i) % 13) - 6.5f;
        *parameters_at(&all, k, 1) = (float)((k * 5 + i) % 11) - 5;
    }
    if (regularizer.on_gradients)
        TRY(hook_gradients(in, &regularizer, &all));
    if (regularizer.after_update) {
        CALL(c, "after_update", rc = regularizer.after_update(in->self, all.pointers, all.n, &now, &in->err));
        bytes_add(&in->answers, &rc, sizeof rc);
    }
    for (uint64_t k = 0; k < TOTAL; k++) {
        bytes_add(&in->answers, parameters_at(&all, k, 0), sizeof(float));
        bytes_add(&in->answers, parameters_at(&all, k, 1), sizeof(float));
    }
    if (regularizer.on_batch) {
        struct made_batch b;
        make_batch(&b, &check_tasks[TASK_IMAGE], regularizer.flags & HONE_REGULARIZER_RAW ? HONE_U8 : HONE_F32, 4);
        TRY(call_on_batch(in, &regularizer, &b, seed));
        bytes_add(&in->answers, b.inputs, b.bytes);
        bytes_add(&in->answers, b.targets, b.n_targets * sizeof(float));
        drop_batch(&b);
    }
    return 0;
}

const struct driver regularizer_driver = { HONE_KIND_REGULARIZER, 12, 1, start, step };
