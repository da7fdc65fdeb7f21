/* SPDX-License-Identifier: MIT */
/* demo.c - an invented study of 40 trials on 2 workers, told to reporter/progress in real time, to look at it:
 *
 *     cd plugins/reporter/progress
 *     cc -std=c11 -D_GNU_SOURCE -I../../../sdk/include progress.c text.c words.c demo/demo.c -lm -o /tmp/demo
 *     /tmp/demo       /tmp/demo 2>&1 | cat       /tmp/demo --objectives 2       /tmp/demo --quiet */
#include "hone/reporter.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { TRIALS = 40, WORKERS = 2, EPOCHS = 12 };

static void write_terminal(void *ctx, const char *text, uint64_t n)
{
    (void)ctx;
    if (write(2, text, n) < 0)
        _exit(1);
}

static uint32_t columns(void *ctx)
{
    struct winsize size;
    (void)ctx;
    return ioctl(2, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

static double uniform(void)
{
    static uint64_t state = 42;
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (double)(state >> 11) * 0x1p-53;
}

struct trial {
    hone_trial_record     record;
    hone_parameter_record parameters[4];
    char                  texts[4][32];
    double                values[2];
};

static void invent(struct trial *t, uint64_t number, uint32_t n_objectives, double now)
{
    static const char *const keys[] = { "optimizer.learning_rate", "model.hidden", "regularizer.dropout.rate", "regularizer.l2.strength" };
    memset(t, 0, sizeof *t);
    snprintf(t->texts[0], 32, "%.17g", pow(10, -3 + 2.5 * uniform()));
    snprintf(t->texts[1], 32, "%d", 32 * (1 + (int)(uniform() * 16)));
    snprintf(t->texts[2], 32, "%.17g", 0.6 * uniform());
    snprintf(t->texts[3], 32, "%.17g", pow(10, -6 + 3 * uniform()));
    for (int i = 0; i < 4; i++)
        t->parameters[i] = (hone_parameter_record){ keys[i], t->texts[i], strtod(t->texts[i], NULL) };
    t->values[0] = 0.8 + 0.09 * uniform();
    t->values[1] = 1e5 * (1 + uniform());
    t->record = (hone_trial_record){ .size = sizeof t->record, .state = HONE_STATE_RUNNING, .number = number, .n_parameters = 4,
                                     .n_values = n_objectives, .parameters = t->parameters, .values = t->values, .started = now,
                                     .component = "", .message = "" };
}

int main(int argc, char **argv)
{
    const hone_component   *component = hone_module_v1()->components[0];
    const hone_reporter_v1 *api = component->iface;
    hone_terminal terminal = { sizeof terminal, isatty(2) != 0, isatty(2) && !getenv("NO_COLOR"), 0, NULL, write_terminal, columns };
    hone_value    objectives[] = { { "validation.accuracy", 0, HONE_MAXIMIZE, 0 }, { "model.parameters", 0, HONE_MINIMIZE, 0 } };
    hone_worker_status workers[WORKERS] = { { 0 } };
    static struct trial running[WORKERS], best;
    hone_status        status = { .size = sizeof status, .n_objectives = 1, .study = "fashion", .objectives = objectives, .trials = TRIALS,
                                  .max_step = EPOCHS, .n_workers = WORKERS, .workers = workers };
    hone_news          news = { .size = sizeof news, .status = &status };
    hone_error         err = HONE_ERROR_INIT;
    void              *self = NULL;
    uint64_t           next = 0;
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--objectives") && i + 1 < argc)
            status.n_objectives = argv[++i][0] == '2' ? 2 : 1;
        terminal.quiet |= !strcmp(argv[i], "--quiet");
    }
    if (component->create(NULL, NULL, &self, &err) < 0 || api->open(self, &terminal, &err) < 0)
        return 1;
#define TELL(kind) (news.what = HONE_NOW_##kind, api->hear(self, &news, &err))
    news.text = "study 'fashion': 40 trials, 2 workers, search tpe, scheduler median, storage /tmp/fashion.db";
    TELL(STARTED);
    for (int tick = 0; status.complete + status.pruned + status.failed < TRIALS; tick++) {
        const struct timespec step = { 0, 50 * 1000 * 1000 };
        nanosleep(&step, NULL);
        status.elapsed += 0.05;
        for (int i = 0; i < WORKERS; i++) {
            struct trial *t = &running[i];
            news.trial = &t->record;
            if (!workers[i].busy && next < TRIALS) {
                invent(t, next++, status.n_objectives, status.elapsed);
                workers[i] = (hone_worker_status){ sizeof workers[i], 1, t->record.number, 0, 0 };
                status.running++;
                TELL(TRIAL);
            } else if (workers[i].busy && (tick + i) % 2 == 0) {
                const hone_value         reported[] = { { "validation.accuracy", t->values[0], HONE_MAXIMIZE, 0 } };
                const hone_report_record report = { .size = sizeof report, .n_values = 1, .trial = t->record.number,
                                                    .step = ++workers[i].step, .values = reported };
                t->record.step = workers[i].step;
                news.report = &report;
                TELL(REPORT);
                news.report = NULL;
                const int prune = workers[i].step == 3 && uniform() < 0.3, fail = workers[i].step == 5 && uniform() < 0.08;
                if (!prune && !fail && workers[i].step < EPOCHS)
                    continue;
                t->record.ended = status.elapsed;
                t->record.state = fail ? HONE_STATE_FAILED : prune ? HONE_STATE_PRUNED : HONE_STATE_COMPLETE;
                if (fail) {
                    t->record.signal = 11;
                    t->record.component = "regularizer.dropout";
                    t->record.message = "the worker died and was replaced";
                }
                status.running--;
                status.failed += (uint64_t)fail;
                status.pruned += (uint64_t)prune;
                status.complete += (uint64_t)(!fail && !prune);
                if (!fail && !prune && (!status.best || t->values[0] > best.values[0])) {
                    best = *t; /* its pointers follow below */
                    for (int k = 0; k < 4; k++)
                        best.parameters[k].text = best.texts[k];
                    best.record.parameters = best.parameters;
                    best.record.values = best.values;
                    status.best = &best.record;
                    status.n_front++;
                }
                workers[i].busy = 0;
                TELL(OUTCOME);
            }
        }
        if (tick == 60) {
            news.text = "warning: fashion.ini:12: the validation split has 17 samples of class 'sandal' only";
            TELL(NOTE);
        }
        if (tick % 4 == 0)
            TELL(TICK);
    }
    for (int64_t epoch = 1; epoch <= EPOCHS; epoch++) {
        const struct timespec    step = { 0, 250 * 1000 * 1000 };
        const hone_value         reported[] = { { "training.loss", 1.0 / (double)epoch, 1, 0 }, { "validation.accuracy", 0.8 + 0.008 * (double)epoch, 2, 0 } };
        const hone_report_record report = { .size = sizeof report, .n_values = 2, .step = epoch, .values = reported };
        nanosleep(&step, NULL);
        status.elapsed += 0.25;
        news.report = &report;
        TELL(FINAL);
    }
    news.report = NULL;
    news.text = "\nbest trial 7: validation.accuracy 0.8912\n"
                "test.accuracy 0.8871 on 10,000 samples\n"
                "model /tmp/fashion.safetensors\n\n"
                "  hone best /tmp/fashion.db --format ini\n  hone trials /tmp/fashion.db\n";
    TELL(ENDED);
    component->destroy(self);
    return 0;
}
