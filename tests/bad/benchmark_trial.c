/* SPDX-License-Identifier: MIT */
/* benchmark/trial: prints rows of every type, makes the component that it is told to, and fails in the way that it is told to. */
#include "hone/benchmark.h"
#include "hone/instance.h"
#include "hone/param.h"

#include <stdio.h>
#include <unistd.h>
#include <xmmintrin.h>

enum mode { FINE, FAILS, TWICE, NARROW, MXCSR, WAITS };
static const char *const modes[] = { "fine", "fails", "twice", "narrow", "mxcsr", "waits", NULL };
struct settings {
    int64_t rows;
    uint32_t mode;
    hone_strings make;
    hone_strings assign;
    const char *file;
    int64_t format;
};
static const hone_param params[] = {
    HONE_INT(struct settings, rows, "2", 0, 100, 0, NULL, "How many rows. More about it."),
    HONE_ENUM(struct settings, mode, "fine", modes, 0, "What goes wrong."),
    HONE_STRS(struct settings, make, "", 0, "Kind and name of components to make, in turn."),
    HONE_STRS(struct settings, assign, "", 0, "Key and value to make them with, in turn."),
    HONE_PATH(struct settings, file, "", 0, "A path."),
    HONE_INT(struct settings, format, "7", 0, 100, 0, NULL, "Named as an option of the command."),
};
struct trial {
    struct settings settings;
    const hone_host *host;
    uint64_t seed;
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    const hone_rc rc = hone_instance_create(info, sizeof(struct settings), sizeof(struct trial), self, err);
    if (rc == HONE_OK) {
        ((struct trial *)*self)->host = host;
        ((struct trial *)*self)->seed = info->seed;
    }
    return rc;
}

static hone_rc make_all(const struct trial *t, const hone_output *output, hone_error *err)
{
    const hone_instances_v1 *instances = (const hone_instances_v1 *)t->host->get_ext(t->host, HONE_EXT_INSTANCES);
    const struct settings *s = &t->settings;
    hone_assignment assignments[8];
    char line[200];
    uint32_t n = 0;
    hone_rc rc = HONE_OK;
    if (!s->make.n)
        return HONE_OK;
    if (!instances)
        return hone_fail(err, HONE_ENOTSUP, "make", "the host makes no components");
    for (uint64_t i = 0; i + 1 < s->assign.n && n < 8; i += 2, n++)
        assignments[n] = (hone_assignment){ s->assign.values[i], s->assign.values[i + 1] };
    for (uint64_t i = 0; i + 1 < s->make.n && rc == HONE_OK; i += 2) {
        const char *kind = s->make.values[i], *first = instances->installed(t->host, kind, 0);
        hone_instance a = { .size = sizeof a }, b = { .size = sizeof b };
        if ((rc = instances->make(t->host, kind, s->make.values[i + 1], assignments, n, 5, &a, err)) == HONE_OK &&
            (rc = instances->make(t->host, kind, s->make.values[i + 1], assignments, n, 6, &b, err)) == HONE_OK) {
            snprintf(line, sizeof line, "made %s %s (%s) twice: %s; first of its kind %s", a.component->kind,
                     a.component->name, a.name, a.self != b.self ? "two" : "one", first ? first : "none");
            output->note(output, line);
        }
        instances->release(t->host, &a); /* b: the host's at the end */
    }
    return rc;
}

static hone_rc run(void *self, const hone_output *output, hone_error *err)
{
    static const hone_output_column columns[] = { { "index", HONE_CELL_NUMBER, 0 },
                                                  { "text", HONE_CELL_TEXT, 0 },
                                                  { "third", HONE_CELL_NUMBER, 3 },
                                                  { "empty", HONE_CELL_NUMBER, 0 },
                                                  { "none", HONE_CELL_TEXT, 0 } };
    struct trial *t = (struct trial *)self;
    char text[400];
    hone_rc rc = output->columns(output, columns, HONE_COUNT(columns), err);
    for (int64_t i = 0; i < t->settings.rows && rc == HONE_OK; i++) {
        snprintf(text, sizeof text, "a, \"%lld\" %s %lld", (long long)t->seed, t->settings.file,
                 (long long)t->settings.format);
        const hone_cell row[] = {
            { NULL, (double)i }, { text, 0 }, { NULL, (double)(1000 * i) / 3 }, { NULL, NAN }, { NULL, 0 }
        };
        rc = output->row(output, row, HONE_COUNT(row) - (t->settings.mode == NARROW), err);
    }
    if (rc == HONE_OK)
        rc = make_all(t, output, err);
    if (rc != HONE_OK)
        return rc;
    switch ((enum mode)t->settings.mode) {
    case FAILS: return hone_fail(err, HONE_EIO, NULL, "the machine is on fire");
    case TWICE: return output->columns(output, columns, 1, err);
    case MXCSR: _mm_setcsr(_mm_getcsr() | 0x8000u); return HONE_OK;
    case WAITS:
        while (!t->host->cancelled(t->host))
            usleep(10000);
        return hone_fail(err, HONE_ECANCELED, NULL, "cancelled");
    case FINE:
    case NARROW:
    default: return HONE_OK;
    }
}

static const hone_benchmark_v1 iface = { sizeof iface, 0, run };
static const hone_component trial = { .size = sizeof trial,
                                      .kind = HONE_KIND_BENCHMARK,
                                      .name = "trial",
                                      .summary = "Prints rows and fails as it is told to",
                                      .params = params,
                                      .n_params = HONE_COUNT(params),
                                      .param_size = sizeof *params,
                                      .config_size = sizeof(struct settings),
                                      .iface = &iface,
                                      .create = create,
                                      .destroy = free };
HONE_MODULE("org.example.bench", "1.0.0", "MIT", "", "", &trial)
