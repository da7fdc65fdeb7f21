/* SPDX-License-Identifier: MIT */
/* benchmark/nn: how fast four small networks train here, against the processor's peak, against the sum of their operations, and
 * against PyTorch. */
#include "bench.h"

#include "hone/instance.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const precisions[] = { "float32", "bfloat16", NULL };
struct settings {
    hone_strings net, precision;
    hone_ints batch, threads;
    double seconds;
    int64_t rounds;
    const char *peer;
};
static const hone_param params[] = {
    HONE_STRS(struct settings, net, "mlp, lenet, vgg, resnet20", 0, "Networks, of mlp, lenet, vgg and resnet20."),
    HONE_INTS(struct settings, batch, "128", 1, SAMPLES, 0, "samples", "Samples of a step, a row each."),
    HONE_INTS(struct settings, threads, "1", 1, 1024, 0, NULL, "Threads, a row each."),
    HONE_STRS(struct settings, precision, "float32", 0, "What products are computed in, of float32 and bfloat16."),
    HONE_REAL(struct settings, seconds, "2", 0, 3600, HONE_P_LO_OPEN, "seconds",
              "How long each row is measured; with a peer, each side."),
    HONE_INT(struct settings, rounds, "5", 1, 1000, 0, NULL,
             "Into how many turns that is cut. The median counts; with a peer, the two sides take turns."),
    HONE_STR(struct settings, peer, "", 0,
             "A Python that has PyTorch, to compare with. Its modes eager, channels_last and compile are tried, the "
             "best one "
             "counts."),
};

struct nn {
    struct settings settings; /* first: hone_instance_create copies them there */
    const hone_host *host;
    uint64_t seed;
    struct data data;
    double peaks[2]; /* of one core, by precision; 0: it has no such instructions */
};

enum { MAX_ROUNDS = 1000 };
struct result {
    uint64_t parameters;
    double images, cpu_images; /* a second, and a second of processor time */
    double flops;              /* of a step */
    double step_ratio;
    uint64_t memory;
    const char *mode; /* of the peer; NULL: there is none */
    double peer_images, speed_ratio, cpu_ratio;
    uint64_t peer_memory;
    char note[160];
};

/* ---- settings ---- */
static int find(const char *const *names, const char *name)
{
    for (int i = 0; names[i]; i++)
        if (!strcmp(names[i], name))
            return i;
    return -1;
}

static hone_rc check(const hone_strings *given, const char *const *names, const char *key, const char *all,
                     hone_error *err)
{
    for (uint64_t i = 0; i < given->n; i++)
        if (find(names, given->values[i]) < 0)
            return hone_fail(err, HONE_EINVAL, key, "%s = %.60s is none of %s", key, given->values[i], all);
    return given->n ? HONE_OK : hone_fail(err, HONE_EINVAL, key, "%s is empty: there is nothing to measure", key);
}

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    const struct settings *s = (const struct settings *)info->config;
    hone_rc rc;
    if ((rc = check(&s->net, network_names, "net", "mlp, lenet, vgg, resnet20", err)) < 0 ||
        (rc = check(&s->precision, precisions, "precision", "float32, bfloat16", err)) < 0)
        return rc;
    if (!s->batch.n || !s->threads.n)
        return hone_fail(err, HONE_EINVAL, s->batch.n ? "threads" : "batch", "%s is empty: there is nothing to measure",
                         s->batch.n ? "threads" : "batch");
    if ((rc = hone_instance_create(info, sizeof(struct settings), sizeof(struct nn), self, err)) < 0)
        return rc;
    struct nn *nn = (struct nn *)*self;
    nn->host = host;
    nn->seed = info->seed;
    return HONE_OK;
}

static void destroy(void *self)
{
    if (self)
        data_release(&((struct nn *)self)->data);
    free(self);
}

/* ---- measuring ---- */
static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* A neighbour's burst spoils a turn, not the median. */
static double median(double *values, int64_t n)
{
    qsort(values, (size_t)n, sizeof *values, compare);
    return n % 2 ? values[n / 2] : 0.5 * (values[n / 2 - 1] + values[n / 2]);
}

/* Opens the peer in the mode that is fastest by processor time, which neighbours do not touch; with several threads, by the
 * clock, since threads that wait spend processor time, too. A mode that does not work is noted. */
static hone_rc open_best(const struct nn *nn, const hone_output *output, const struct shape *shape, struct peer *best,
                         hone_error *err)
{
    double best_rate = 0;
    hone_error first = HONE_ERROR_INIT;
    for (int i = 0; peer_modes[i]; i++) {
        struct peer peer = PEER_INIT;
        struct slice slice;
        char line[400];
        hone_rc rc = peer_open(&peer, nn->host, nn->settings.peer, shape, peer_modes[i], err);
        if (rc == HONE_OK)
            rc = peer_run(&peer, nn->settings.seconds / (double)nn->settings.rounds, &slice, err);
        if (rc == HONE_EINVAL || rc == HONE_ECANCELED) {
            peer_close(&peer);
            peer_close(best);
            return rc;
        }
        if (rc != HONE_OK) {
            if (!first.code)
                first = *err;
            snprintf(line, sizeof line, "peer: %s", err->msg);
            output->note(output, line);
            peer_close(&peer);
            continue;
        }
        const double rate = slice.images / (shape->threads == 1 ? slice.cpu : slice.wall);
        struct peer *loser = rate > best_rate ? best : &peer;
        peer_close(loser);
        if (loser == best) {
            *best = peer;
            best_rate = rate;
        }
    }
    if (best->fd >= 0)
        return HONE_OK;
    *err = first;
    return first.code < 0 ? first.code : HONE_EFAIL;
}

/* A step of these over the sum of its operations, which are run at once after them, while the machine is as busy as it was. */
static hone_rc measure_ratio(struct training *w, const struct slice *steps, double *ratio, hone_error *err)
{
    enum { MANY = 25 };
    const double batch = w->shape.batch, time = w->shape.threads == 1 ? steps->cpu : steps->wall;
    double sums[MANY], start = wall_seconds();
    int64_t n = 0;
    do {
        const hone_rc rc = training_operations(w, &sums[n++], err);
        if (rc < 0)
            return rc;
    } while (n < MANY && wall_seconds() - start < 0.5 * steps->wall);
    *ratio = time * batch / steps->images / median(sums, n);
    return HONE_OK;
}

static hone_rc measure_turns(const struct nn *nn, struct training *w, struct peer *peer, struct result *r,
                             hone_error *err)
{
    const int64_t rounds = nn->settings.rounds;
    const double seconds = nn->settings.seconds / (double)rounds;
    double *all = calloc((size_t)rounds * 6, sizeof *all), *images = all, *cpu_images = all + rounds,
           *peer_images = all + 2 * rounds, *ratios = all + 3 * rounds, *cpu_ratios = all + 4 * rounds,
           *step_ratios = all + 5 * rounds;
    hone_rc rc = HONE_OK;
    if (!all)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory");
    for (int64_t i = 0; i < rounds && rc == HONE_OK; i++) {
        struct slice ours, theirs;
        if ((rc = training_run(w, seconds, &ours, err)) != HONE_OK)
            break;
        images[i] = ours.images / ours.wall;
        cpu_images[i] = ours.images / ours.cpu;
        if ((rc = measure_ratio(w, &ours, &step_ratios[i], err)) != HONE_OK)
            break;
        if (peer && (rc = peer_run(peer, seconds, &theirs, err)) == HONE_OK) {
            peer_images[i] = theirs.images / theirs.wall;
            ratios[i] = images[i] / peer_images[i];
            cpu_ratios[i] = cpu_images[i] / (theirs.images / theirs.cpu);
        }
    }
    if (rc == HONE_OK) {
        r->images = median(images, rounds);
        r->cpu_images = median(cpu_images, rounds);
        r->step_ratio = median(step_ratios, rounds);
        r->flops = hone_net_flops(w->net);
    }
    if (rc == HONE_OK && peer) {
        r->mode = peer->mode;
        r->peer_memory = peer->memory;
        r->peer_images = median(peer_images, rounds);
        r->speed_ratio = median(ratios, rounds);
        r->cpu_ratio = median(cpu_ratios, rounds);
    }
    free(all);
    return rc;
}

static hone_rc measure(struct nn *nn, const hone_output *output, const struct shape *shape, struct result *r,
                       hone_error *err)
{
    struct peer peer = PEER_INIT;
    struct training w;
    const uint64_t before = memory_begin();
    char line[200];
    hone_rc rc = training_create(&w, nn->host, &nn->data, shape, err);
    r->memory = memory_peak() - before;
    r->parameters = w.parameters;
    if (rc == HONE_ENOTSUP) { /* a row without numbers says why */
        snprintf(r->note, sizeof r->note, "%.150s", err->msg);
        rc = HONE_OK;
        goto out;
    }
    if (rc == HONE_OK && *nn->settings.peer && (rc = open_best(nn, output, shape, &peer, err)) == HONE_OK) {
        snprintf(line, sizeof line, "peer: torch %s, %s, %s", peer.version, shape->net, peer.mode);
        output->note(output, line);
        if (peer.parameters != w.parameters)
            rc = hone_fail(err, HONE_EFAIL, NULL, "%s has %llu parameters here and %llu in the peer", shape->net,
                           (unsigned long long)w.parameters, (unsigned long long)peer.parameters);
    }
    if (rc == HONE_OK)
        rc = measure_turns(nn, &w, peer.fd >= 0 ? &peer : NULL, r, err);
out:
    peer_close(&peer);
    training_release(&w);
    return rc;
}

/* ---- rows ---- */
static const hone_output_column columns[] = {
    { "net", HONE_CELL_TEXT, 0 },
    { "batch", HONE_CELL_NUMBER, 0 },
    { "threads", HONE_CELL_NUMBER, 0 },
    { "precision", HONE_CELL_TEXT, 0 },
    { "parameters", HONE_CELL_NUMBER, 0 },
    { "images_s", HONE_CELL_NUMBER, 3 },
    { "images_cpu_s", HONE_CELL_NUMBER, 3 },
    { "gflops", HONE_CELL_NUMBER, 3 },
    { "peak_share", HONE_CELL_NUMBER, 2 },
    { "step_ratio", HONE_CELL_NUMBER, 3 },
    { "memory_mb", HONE_CELL_NUMBER, 3 },
    { "note", HONE_CELL_TEXT, 0 },
    { "peer_mode", HONE_CELL_TEXT, 0 },
    { "peer_images_s", HONE_CELL_NUMBER, 3 },
    { "speed_ratio", HONE_CELL_NUMBER, 3 },
    { "cpu_ratio", HONE_CELL_NUMBER, 3 },
    { "peer_memory_mb", HONE_CELL_NUMBER, 3 },
    { "memory_ratio", HONE_CELL_NUMBER, 2 },
};
enum { N_ALONE = 12, N_ALL = sizeof columns / sizeof *columns };

static hone_cell number(double value)
{
    return (hone_cell){ NULL, value > 0 ? value : (double)NAN };
}

static hone_cell text(const char *value)
{
    return (hone_cell){ value && *value ? value : NULL, 0 };
}

static hone_rc print(struct nn *nn, const hone_output *output, const struct shape *shape, const struct result *r,
                     hone_error *err)
{
    const double *peak = &nn->peaks[shape->precision == HONE_BFLOAT16];
    const double batch = shape->batch, bytes = (double)r->memory, peer_bytes = (double)r->peer_memory;
    const hone_cell row[N_ALL] = {
        text(shape->net),
        number(batch),
        number(shape->threads),
        text(precisions[shape->precision == HONE_BFLOAT16]),
        number((double)r->parameters),
        number(r->images),
        number(r->cpu_images),
        number(1e-9 * r->flops * r->images / batch),
        number(*peak > 0 ? r->flops * r->cpu_images / batch / *peak : 0),
        number(r->step_ratio),
        number(r->images > 0 ? bytes / 1e6 : 0),
        text(r->note),
        text(r->mode),
        number(r->peer_images),
        number(r->speed_ratio),
        number(r->cpu_ratio),
        number(peer_bytes / 1e6),
        number(peer_bytes > 0 ? bytes / peer_bytes : 0),
    };
    return output->row(output, row, *nn->settings.peer ? N_ALL : N_ALONE, err);
}

/* What was found before holds unless it was too little: neighbours were at work. */
static void measure_peaks(struct nn *nn, int bursts)
{
    static const uint32_t kinds[] = { HONE_FLOAT32, HONE_BFLOAT16 };
    for (int i = 0; i < 2; i++) {
        const double peak = core_peak(kinds[i], bursts);
        nn->peaks[i] = peak > nn->peaks[i] ? peak : nn->peaks[i];
    }
}

static hone_rc run(void *self, const hone_output *output, hone_error *err)
{
    enum { FIRST_BURSTS = 10, MORE_BURSTS = 2 };
    struct nn *nn = (struct nn *)self;
    const struct settings *s = &nn->settings;
    char line[160];
    hone_rc rc = data_create(&nn->data, nn->seed, err);
    if (rc == HONE_OK)
        rc = output->columns(output, columns, *s->peer ? N_ALL : N_ALONE, err);
    measure_peaks(nn, FIRST_BURSTS);
    snprintf(line, sizeof line, "%s; peak of a core: %.0f GFLOP/s in float32", hone_nn_version(), 1e-9 * nn->peaks[0]);
    if (nn->peaks[1] > 0) {
        const size_t n = strlen(line);
        snprintf(line + n, sizeof line - n, ", %.0f in bfloat16", 1e-9 * nn->peaks[1]);
    }
    if (rc == HONE_OK)
        output->note(output, line);
    const uint64_t total = s->net.n * s->precision.n * s->batch.n * s->threads.n;
    for (uint64_t i = 0; i < total && rc == HONE_OK; i++) { /* the last key varies fastest */
        uint64_t k = i;
        struct shape shape = { .precision = 0 };
        struct result result = { .mode = NULL };
        shape.precision = find(precisions, s->precision.values[k % s->precision.n]) ? HONE_BFLOAT16 : HONE_FLOAT32;
        k /= s->precision.n;
        shape.threads = (uint32_t)s->threads.values[k % s->threads.n];
        k /= s->threads.n;
        shape.batch = (uint32_t)s->batch.values[k % s->batch.n];
        shape.net = s->net.values[k / s->batch.n];
        if (nn->host->cancelled(nn->host))
            return hone_fail(err, HONE_ECANCELED, NULL, "cancelled");
        measure_peaks(nn, MORE_BURSTS);
        if ((rc = measure(nn, output, &shape, &result, err)) == HONE_OK)
            rc = print(nn, output, &shape, &result, err);
    }
    return rc;
}

static const hone_benchmark_v1 iface = { sizeof iface, 0, run };
static const hone_component nn = {
    .size = sizeof nn,
    .kind = HONE_KIND_BENCHMARK,
    .name = "nn",
    .summary = "Speed and memory of training four networks, beside the processor's peak and PyTorch",
    .doc =
        "Trains mlp (784-256-128-10), lenet, vgg (six 3 x 3 convolutions) and resnet20 on drawn 28 x 28 images: "
        "gather\n"
        "and normalization, loss, backward pass, L2, SGD with momentum. A row for each net, batch, threads and\n"
        "precision:\n"
        "\n"
        "    images_s       images a second, median of the turns\n"
        "    images_cpu_s   images a second of processor time, which a busy machine leaves alone\n"
        "    gflops         of the products by the clock, 2 for a multiply-add of a direct convolution\n"
        "    peak_share     the same by processor time, of what a core does in multiply-adds out of registers, in\n"
        "                   bfloat16 on the tiles of AMX where it has them: the best burst of all so far\n"
        "    step_ratio     a whole step over the sum of its operations, each run alone with its data in the\n"
        "                   caches but for new images: gather, each operation of forward and backward pass\n"
        "                   (products, norms, sums, conversions, loss), L2, SGD; median of the turns\n"
        "    memory_mb      growth of resident memory from before the network is made to the most of all steps\n"
        "    note           why there are no numbers, as for bfloat16 where the processor has none\n"
        "\n"
        "Convolutions that Winograd's algorithm computes need fewer operations than are counted, so that peak_share\n"
        "may pass 1.\n"
        "\n"
        "With `peer` the two sides take turns, so that a busy machine is busy for both: speed_ratio is the median of\n"
        "ours over theirs by the clock, cpu_ratio by processor time, memory_ratio of the two growths. All there is:\n"
        "`--batch 32,128,512 --threads 1,2 --precision float32,bfloat16`.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = destroy,
};

HONE_MODULE("org.hone.benchmark.nn", "0.1.0", "MIT", "the hone authors", "", &nn)
