/* SPDX-License-Identifier: MIT */
/* After the last training: the one look at the test split, the metrics' tables, and the model as a file that carries all
 * that is needed to use it: weights, transforms, classes, metrics and the INI that made it. */
#include "train.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const char MODEL_FILE[] = "model.safetensors";
/* Floats come back bit for bit from nine digits, doubles from seventeen. */
enum { FLOAT_DIGITS = 9, DOUBLE_DIGITS = 17 };

static hone_rc out_of_memory(hone_error *err)
{
    return hone_fail(err, HONE_ENOMEM, "", "out of memory while the model is written");
}

/* ---- text that grows ---- */
struct text {
    char *chars; /* NUL-terminated */
    size_t n, capacity;
    int failed;
};

static void put(struct text *text, const char *chars, size_t n)
{
    if (text->n + n + 1 > text->capacity) {
        const size_t capacity = (text->n + n + 1) * 2;
        char *more = realloc(text->chars, capacity);
        if (!more) {
            text->failed = 1;
            return;
        }
        text->chars = more;
        text->capacity = capacity;
    }
    memcpy(text->chars + text->n, chars, n);
    text->n += n;
    text->chars[text->n] = '\0';
}

/* ---- tables as CSV (RFC 4180) ---- */
static void put_field(struct text *text, const char *field)
{
    if (!strpbrk(field, ",\"\r\n")) {
        put(text, field, strlen(field));
        return;
    }
    put(text, "\"", 1);
    for (; *field; field++) {
        if (*field == '"')
            put(text, "\"", 1);
        put(text, field, 1);
    }
    put(text, "\"", 1);
}

static void put_label(struct text *text, const char *const *labels, uint64_t i)
{
    char number[32];
    snprintf(number, sizeof number, "%llu", (unsigned long long)i);
    put_field(text, labels ? labels[i] : number);
}

struct attaching {
    const struct run *run;
    hone_rc rc;
    hone_error *err;
};

/* First line: the column labels; then a line a row, its label first. */
static void attach_matrix(void *ctx, uint32_t metric, const hone_matrix *matrix)
{
    struct attaching *a = ctx;
    const hone_task *task = &a->run->data.task;
    const int square = task->classes && matrix->rows == (uint64_t)task->n_outputs && matrix->columns == matrix->rows;
    const char *const *rows = matrix->row_labels ? matrix->row_labels : square ? task->classes : NULL;
    const char *const *columns = matrix->column_labels ? matrix->column_labels : square ? task->classes : NULL;
    struct text text = { 0 };
    char number[40];
    if (a->rc != HONE_OK)
        return;
    char *name = measure_name(&a->run->trainings[0].crew, metric, matrix->name);
    put(&text, "", 0);
    for (uint64_t c = 0; c < matrix->columns; c++) {
        put(&text, ",", 1);
        put_label(&text, columns, c);
    }
    for (uint64_t r = 0; r < matrix->rows; r++) {
        put(&text, "\n", 1);
        put_label(&text, rows, r);
        for (uint64_t c = 0; c < matrix->columns; c++)
            put(&text, number,
                (size_t)snprintf(number, sizeof number, ",%.*g", DOUBLE_DIGITS,
                                 matrix->values[r * matrix->columns + c]));
    }
    put(&text, "\n", 1);
    a->rc = text.failed || !name ? out_of_memory(a->err)
                                 : a->run->trial->attach(a->run->trial, name, "text/csv", text.chars, a->err);
    free(name);
    free(text.chars);
}

/* ---- the test ---- */
static hone_rc test(struct run *run, double *values, hone_error *err)
{
    struct training *t = &run->trainings[0];
    struct attaching attaching = { run, HONE_OK, err };
    const struct tables tables = { &attaching, attach_matrix };
    const uint32_t n = run->measures.n;
    hone_value *results = calloc(n, sizeof *results);
    char **names = calloc(n, sizeof *names);
    hone_rc rc = results && names ? HONE_OK : out_of_memory(err);
    if (rc == HONE_OK)
        rc = training_measure(t, &run->test, values, &tables, err);
    if (rc == HONE_OK)
        rc = attaching.rc;
    for (uint32_t i = 0; i < n && rc == HONE_OK; i++) {
        const struct measure *m = &run->measures.items[i];
        const size_t length = strlen(m->name) + sizeof "test.";
        if (!(names[i] = malloc(length))) {
            rc = out_of_memory(err);
            break;
        }
        snprintf(names[i], length, "test.%s", m->name);
        results[i] = (hone_value){ names[i], values[i], m->direction, 0 };
    }
    if (rc == HONE_OK)
        rc = run->trial->result(run->trial, results, n, err);
    for (uint32_t i = 0; names && i < n; i++)
        free(names[i]);
    free(names);
    free(results);
    return rc;
}

/* ---- what the model file says about itself, as JSON ---- */
static json_t *real(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

/* One number where all are the same, as numpy would broadcast it. */
static json_t *floats(const float *v, uint64_t n)
{
    uint64_t same = 0;
    while (same < n && !memcmp(&v[same], &v[0], sizeof *v))
        same++;
    if (same == n)
        return real((double)v[0]);
    json_t *array = json_array();
    for (uint64_t i = 0; i < n; i++)
        json_array_append_new(array, real((double)v[i]));
    return array;
}

static json_t *shape(const hone_task *task)
{
    json_t *dims = json_array();
    for (uint32_t i = 0; i < task->n_dims; i++)
        json_array_append_new(dims, json_integer(task->dims[i]));
    return dims;
}

static int64_t put_bytes(void *ctx, const void *bytes, uint64_t n)
{
    struct text *text = ctx;
    put(text, bytes, n);
    return text->failed ? HONE_ENOMEM : (int64_t)n;
}

/* RFC 4648, with padding. NULL: out of memory. */
static char *base64(const char *bytes, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *out = malloc((n + 2) / 3 * 4 + 1), *at = out;
    for (size_t i = 0; out && i < n; i += 3) {
        uint32_t v = 0;
        for (size_t j = 0; j < 3; j++)
            v = v << 8 | (i + j < n ? (uint8_t)bytes[i + j] : 0);
        for (size_t j = 0; j < 4; j++)
            *at++ = (char)(i + j <= n ? digits[v >> (18 - 6 * j) & 63] : '=');
    }
    if (out)
        *at = '\0';
    return out;
}

static hone_rc describe_transform(const struct pipeline *p, uint32_t i, json_t *list, hone_error *err)
{
    const struct member *m = &p->crew->members[PART_TRANSFORM][i];
    const hone_transform_v1 *transform = m->iface;
    struct text state = { 0 };
    const hone_ostream out = { &state, put_bytes };
    json_t *entry = json_object();
    char *encoded = NULL;
    float *scale = NULL;
    hone_rc rc = HONE_OK;
    json_object_set_new(entry, "use", json_string(m->component->name));
    json_object_set_new(entry, "section", json_string(m->name));
    json_object_set_new(entry, "output", shape(&p->tasks[i + 1]));
    if (m->component->save) {
        if ((rc = m->component->save(m->self, &out, err)) != HONE_OK)
            goto out;
        if (!(encoded = base64(state.n ? state.chars : "", state.n))) {
            rc = out_of_memory(err);
            goto out;
        }
        json_object_set_new(entry, "state", json_string(encoded));
    }
    if (transform->affine && p->elements[i] == p->elements[i + 1]) {
        const uint64_t n = p->elements[i];
        if (!(scale = malloc(2 * n * sizeof *scale))) {
            rc = out_of_memory(err);
            goto out;
        }
        rc = transform->affine(m->self, scale, scale + n, err);
        if (rc == HONE_OK) {
            json_object_set_new(entry, "scale", floats(scale, n));
            json_object_set_new(entry, "shift", floats(scale + n, n));
        } else if (rc == HONE_ENOTSUP)
            rc = HONE_OK;
    }
out:
    json_array_append_new(list, entry);
    free(state.chars);
    free(encoded);
    free(scale);
    return rc;
}

static char *dump(json_t *json, unsigned digits)
{
    char *text = json ? json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(digits)) : NULL;
    json_decref(json);
    return text;
}

/* {"input":{"dtype":"u8","shape":[1,28,28],"scale":0.00392156886},"transforms":[...]}: x * scale, then the transforms. */
static hone_rc preprocessing(const struct run *run, char **text, hone_error *err)
{
    const struct pipeline *p = &run->trainings[0].pipeline;
    const int bytes = run->data.task.dtype == HONE_U8;
    json_t *root = json_object(), *input = json_object(), *list = json_array();
    hone_rc rc = HONE_OK;
    json_object_set_new(input, "dtype", json_string(bytes ? "u8" : "f32"));
    json_object_set_new(input, "shape", shape(&run->data.task));
    json_object_set_new(input, "scale", real(bytes ? 1.0 / 255.0 : 1.0));
    if (run->data.task.features) {
        json_t *features = json_array();
        for (uint64_t i = 0; i < run->data.elements; i++)
            json_array_append_new(features, json_string(run->data.task.features[i]));
        json_object_set_new(input, "features", features);
    }
    for (uint32_t i = 0; i < p->crew->n[PART_TRANSFORM] && rc == HONE_OK; i++)
        rc = describe_transform(p, i, list, err);
    json_object_set_new(root, "input", input);
    json_object_set_new(root, "transforms", list);
    *text = dump(root, FLOAT_DIGITS);
    return rc != HONE_OK || *text ? rc : out_of_memory(err);
}

static char *classes(const hone_task *task)
{
    json_t *list = json_array();
    char number[32];
    for (int64_t i = 0; task->kind == HONE_TASK_CLASSIFICATION && i < task->n_outputs; i++) {
        snprintf(number, sizeof number, "%lld", (long long)i);
        if (json_array_append_new(list, json_string(task->classes ? task->classes[i] : number)) != 0) {
            json_decref(list); /* a name that is not UTF-8, or no memory: never a list with a gap */
            return NULL;
        }
    }
    return dump(list, DOUBLE_DIGITS);
}

static char *metrics(const struct run *run, const double *values)
{
    json_t *object = json_object();
    char name[160];
    json_object_set_new(object, "train.loss", real(run->trainings[0].train_loss));
    for (uint32_t i = 0; i < run->measures.n && run->test.n; i++) {
        snprintf(name, sizeof name, "test.%s", run->measures.items[i].name);
        json_object_set_new(object, name, real(values[i]));
    }
    return dump(object, DOUBLE_DIGITS);
}

/* ---- the model file ---- */
static hone_rc save_weights(const struct run *run, const char *path, const hone_model_text *metadata,
                            uint32_t n_metadata, hone_error *err)
{
    const struct network *network = &run->trainings[0].network;
    hone_model_tensor *tensors = calloc(network->n_parameters + network->n_buffers + 1u, sizeof *tensors);
    float *plain = malloc((network->n_weights + 1) * sizeof *plain), *at = plain;
    hone_rc rc = tensors && plain ? HONE_OK : out_of_memory(err);
    for (uint32_t i = 0; i < network->n_parameters && rc == HONE_OK; i++) {
        const hone_parameter *p = network->parameters[i];
        rc = hone_nn_read(network->graph, i, at, err);
        tensors[i] = (hone_model_tensor){ p->name, HONE_F32, p->n_dims, p->dims, at };
        at += hone_shape_elements(p->dims, p->n_dims);
    }
    for (uint32_t i = 0; i < network->n_buffers; i++) {
        const hone_parameter *b = network->buffers[i];
        tensors[network->n_parameters + i] = (hone_model_tensor){ b->name, HONE_F32, b->n_dims, b->dims, b->value };
    }
    if (rc == HONE_OK)
        rc = hone_model_save(path, tensors, network->n_parameters + network->n_buffers, metadata, n_metadata, err);
    free(tensors);
    free(plain);
    return rc;
}

static hone_rc save_model(const struct run *run, const double *values, hone_error *err)
{
    const hone_components_v1 *components = components_of(run->host, err);
    const char *path = components ? run->trial->artifact_path(run->trial, MODEL_FILE, err) : NULL;
    char *class_text = classes(&run->data.task), *metric_text = metrics(run, values), *preprocessing_text = NULL;
    const char *config = components && components->config_text ? components->config_text(run->host) : NULL;
    hone_rc rc = path ? preprocessing(run, &preprocessing_text, err) : err && err->code < 0 ? err->code : HONE_EIO;
    if (rc == HONE_OK && !class_text)
        rc = hone_fail(err, HONE_EINVAL, "", "[%s] the classes' names cannot be written: they are not UTF-8",
                       run->data.name);
    if (rc == HONE_OK && !metric_text)
        rc = out_of_memory(err);
    if (rc == HONE_OK) {
        const hone_model_text metadata[] = {
            { "format", "hone/1" },     { "config", config ? config : "" },      { "classes", class_text },
            { "metrics", metric_text }, { "preprocessing", preprocessing_text },
        };
        rc = save_weights(run, path, metadata, HONE_COUNT(metadata), err);
    }
    if (rc == HONE_OK)
        rc = run->trial->attach_file(run->trial, MODEL_FILE, "application/octet-stream", path, err);
    free(class_text);
    free(metric_text);
    free(preprocessing_text);
    return rc;
}

hone_rc finish(struct run *run, hone_error *err)
{
    double *values = calloc(run->measures.n, sizeof *values);
    hone_rc rc = values ? HONE_OK : out_of_memory(err);
    if (rc == HONE_OK && run->test.n)
        rc = test(run, values, err);
    else if (rc == HONE_OK && run->host->log)
        run->host->log(run->host, HONE_LOG_WARN,
                       "the data set has no test split: the last training reports no test metrics");
    if (rc == HONE_OK)
        rc = save_model(run, values, err);
    free(values);
    return rc;
}
